"""Executions and task tokens: the operations of Step Functions that run something.

Source of the rules: AWS Step Functions API reference.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.stepfunctions.models import stepfunctions_backends

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.compute.states.engine import NAME, Engine, error, find_machine, redrive_refusal
from aws_emulator.compute.states.execution import FAILED, SUCCEEDED, TIMED_OUT, Execution, Token
from aws_emulator.compute.states.map_runs import MapRun, describe_map_run
from aws_emulator.compute.states.versions import UNSET, shown_settings
from aws_emulator.compute.traces import passed_header


def _find(engine: Engine, call: ApiCall, arn: str) -> Execution:
    parts = arn.split(":")
    if len(parts) < 8 or parts[2] != "states" or parts[5] not in ("execution", "express"):
        raise error("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    execution = engine.find(arn)
    if execution is None or (parts[4], parts[3]) != (call.caller.account, call.region):
        raise error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return execution


class ExecutionOperations:
    """Executions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def install(self, emulator: Emulator) -> None:
        """Register the operations."""
        emulator.operation("stepfunctions", "StartExecution")(self.start_execution)
        emulator.operation("stepfunctions", "StartSyncExecution")(self.start_sync_execution)
        emulator.operation("stepfunctions", "StopExecution")(self.stop_execution)
        emulator.operation("stepfunctions", "RedriveExecution")(self.redrive_execution)
        emulator.operation("stepfunctions", "DescribeExecution")(self.describe_execution)
        emulator.operation("stepfunctions", "DescribeStateMachineForExecution")(self.describe_machine)
        emulator.operation("stepfunctions", "ListExecutions")(self.list_executions)
        emulator.operation("stepfunctions", "GetExecutionHistory")(self.get_execution_history)

    def start_execution(self, call: ApiCall) -> dict[str, Any]:
        """``StartExecution``."""
        name = call.params.get("name")
        if name is not None and not NAME.fullmatch(name):
            raise error("InvalidName", f"Invalid Name: '{name}'")
        machine = find_machine(call.params["stateMachineArn"], call.caller.account, call.region)
        execution = self._engine.start(machine, name, call.params.get("input") or "{}", _passed_header(call))
        return {"executionArn": execution.arn, "startDate": execution.start_date}

    def start_sync_execution(self, call: ApiCall) -> dict[str, Any]:
        """``StartSyncExecution``."""
        machine = find_machine(call.params["stateMachineArn"], call.caller.account, call.region)
        if machine.kind != "EXPRESS":
            raise error("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
        text = call.params.get("input") or "{}"
        execution = self._engine.start(machine, call.params.get("name"), text, _passed_header(call))
        with execution.changed:
            execution.changed.wait_for(lambda: execution.ended, timeout=300)
        response = {
            "executionArn": execution.arn,
            "stateMachineArn": machine.arn,
            "name": execution.name,
            "startDate": execution.start_date,
            "stopDate": execution.stop_date or execution.start_date,
            "status": execution.status if execution.status in (SUCCEEDED, TIMED_OUT) else FAILED,
            "input": execution.input_text,
            "inputDetails": {"included": True},
        }
        return {**response, **_outcome(execution)}

    def stop_execution(self, call: ApiCall) -> dict[str, Any]:
        """``StopExecution``."""
        execution = _find(self._engine, call, call.params["executionArn"])
        self._engine.stop(execution, call.params.get("error"), call.params.get("cause"))
        return {"stopDate": execution.stop_date or execution.start_date}

    def redrive_execution(self, call: ApiCall) -> dict[str, Any]:
        """``RedriveExecution``."""
        execution = _find(self._engine, call, call.params["executionArn"])
        self._engine.redrive(execution)
        return {"redriveDate": execution.redrive_date}

    def describe_execution(self, call: ApiCall) -> dict[str, Any]:
        """``DescribeExecution``."""
        return describe(_find(self._engine, call, call.params["executionArn"]))

    def describe_machine(self, call: ApiCall) -> dict[str, Any]:
        """``DescribeStateMachineForExecution``."""
        machine = _find(self._engine, call, call.params["executionArn"]).machine
        kept = stepfunctions_backends[machine.account][machine.region].state_machines
        # Logging, tracing and key are shown as they are now; of a machine that is gone, as nobody set them.
        settings = [shown_settings(found) for found in kept if found.arn == machine.arn] or [UNSET]
        return {
            **settings[0],
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": json.dumps(machine.definition),
            "roleArn": machine.role_arn,
            "updateDate": _find(self._engine, call, call.params["executionArn"]).start_date,
        }

    def list_executions(self, call: ApiCall) -> dict[str, Any]:
        """``ListExecutions``."""
        if bool(call.params.get("stateMachineArn")) == bool(call.params.get("mapRunArn")):
            raise error("ValidationException", "exactly one of stateMachineArn and mapRunArn is required")
        if call.params.get("mapRunArn"):
            run = _find_run(self._engine, call)
            found = [child for child, _ in run.children]
        else:
            machine = find_machine(call.params["stateMachineArn"], call.caller.account, call.region)
            found = self._engine.of_machine(machine.arn)
        if call.params.get("statusFilter"):
            found = [execution for execution in found if execution.status == call.params["statusFilter"]]
        page, token = _page(found, call.params)
        items = []
        for execution in page:
            item = {
                "executionArn": execution.arn,
                "stateMachineArn": execution.machine.arn,
                "name": execution.name,
                **({"mapRunArn": call.params["mapRunArn"]} if call.params.get("mapRunArn") else {}),
                "status": execution.status,
                "startDate": execution.start_date,
                "redriveCount": execution.redrive_count,
            }
            if execution.stop_date:
                item["stopDate"] = execution.stop_date
            items.append(item)
        return {"executions": items, **token}

    def get_execution_history(self, call: ApiCall) -> dict[str, Any]:
        """``GetExecutionHistory``."""
        execution = _find(self._engine, call, call.params["executionArn"])
        if execution.machine.kind == "EXPRESS":
            raise error("InvalidArn", "Invalid Arn: Express executions have no history")
        events = execution.history()
        if call.params.get("reverseOrder"):
            events.reverse()
        page, token = _page(events, call.params)
        return {"events": page, **token}


def _page(items: list[Any], params: dict[str, Any]) -> tuple[list[Any], dict[str, str]]:
    """One page of a list: 100 items unless told otherwise."""
    limit = params.get("maxResults") or 100
    try:
        begin = int(base64.b64decode(params["nextToken"]).decode()) if params.get("nextToken") else 0
    except ValueError as bad:
        raise error("InvalidToken", "Invalid Token: 'Invalid token'") from bad
    following = begin + limit
    token = {"nextToken": base64.b64encode(str(following).encode()).decode()} if following < len(items) else {}
    return items[begin:following], token


def _passed_header(call: ApiCall) -> str | None:
    return passed_header(call.headers, call.params.get("traceHeader"))


def _outcome(execution: Execution) -> dict[str, Any]:
    shown: dict[str, Any] = {} if execution.trace_header is None else {"traceHeader": execution.trace_header[:256]}
    if execution.output is not None:
        shown["output"] = execution.output
        shown["outputDetails"] = {"included": True}
    if execution.error is not None:
        shown["error"] = execution.error
    if execution.cause is not None:
        shown["cause"] = execution.cause
    return shown


def describe(execution: Execution) -> dict[str, Any]:
    """DescribeExecution's answer."""
    machine = execution.machine
    refusal = redrive_refusal(execution)
    described: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "input": execution.input_text,
        "inputDetails": {"included": True},
        "redriveCount": execution.redrive_count,
        "redriveStatus": "NOT_REDRIVABLE" if refusal else "REDRIVABLE",
    }
    if refusal:
        described["redriveStatusReason"] = refusal
    if execution.redrive_date:
        described["redriveDate"] = execution.redrive_date
    if execution.stop_date:
        described["stopDate"] = execution.stop_date
    if machine.version_arn:
        described["stateMachineVersionArn"] = machine.version_arn
    if machine.alias_arn:
        described["stateMachineAliasArn"] = machine.alias_arn
    return {**described, **_outcome(execution)}


def _find_run(engine: Engine, call: ApiCall) -> MapRun:
    arn = call.params["mapRunArn"]
    parts = arn.split(":")
    if len(parts) != 8 or parts[2] != "states" or parts[5] != "mapRun":
        raise error("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    run = engine.map_run(arn)
    if run is None or (parts[4], parts[3]) != (call.caller.account, call.region):
        raise error("ResourceNotFound", f"Resource not found: '{arn}'")
    return run


class MapRunOperations:
    """Map runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def install(self, emulator: Emulator) -> None:
        """Register the operations."""
        emulator.operation("stepfunctions", "DescribeMapRun")(self.describe_map_run)
        emulator.operation("stepfunctions", "ListMapRuns")(self.list_map_runs)
        emulator.operation("stepfunctions", "UpdateMapRun")(self.update_map_run)

    def describe_map_run(self, call: ApiCall) -> dict[str, Any]:
        """``DescribeMapRun``."""
        return describe_map_run(_find_run(self._engine, call))

    def list_map_runs(self, call: ApiCall) -> dict[str, Any]:
        """``ListMapRuns``."""
        execution = _find(self._engine, call, call.params["executionArn"])
        page, token = _page(self._engine.map_runs_of(execution), call.params)
        items = []
        for run in page:
            item = {
                "executionArn": execution.arn,
                "mapRunArn": run.arn,
                "stateMachineArn": execution.machine.arn,
                "startDate": run.start_date,
            }
            if run.stop_date:
                item["stopDate"] = run.stop_date
            items.append(item)
        return {"mapRuns": items, **token}

    def update_map_run(self, call: ApiCall) -> dict[str, Any]:
        """``UpdateMapRun``."""
        run = _find_run(self._engine, call)
        run.max_concurrency = call.params.get("maxConcurrency", run.max_concurrency)
        run.tolerated_count = call.params.get("toleratedFailureCount", run.tolerated_count)
        run.tolerated_percentage = call.params.get("toleratedFailurePercentage", run.tolerated_percentage)
        return {}


class TokenOperations:
    """Task tokens."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _token(self, call: ApiCall) -> Token:
        return self._engine.token(call.params["taskToken"], call.caller.account, call.region)

    def install(self, emulator: Emulator) -> None:
        """Register the operations."""
        emulator.operation("stepfunctions", "SendTaskSuccess")(self.send_task_success)
        emulator.operation("stepfunctions", "SendTaskFailure")(self.send_task_failure)
        emulator.operation("stepfunctions", "SendTaskHeartbeat")(self.send_task_heartbeat)

    def send_task_success(self, call: ApiCall) -> dict[str, Any]:
        """``SendTaskSuccess``."""
        token = self._token(call)
        try:
            json.loads(call.params["output"])
        except ValueError as bad:
            raise error("InvalidOutput", f"Invalid Output: '{bad}'") from bad
        self._engine.settle_token(token, ("success", call.params["output"], None))
        return {}

    def send_task_failure(self, call: ApiCall) -> dict[str, Any]:
        """``SendTaskFailure``."""
        token = self._token(call)
        self._engine.settle_token(token, ("failure", call.params.get("error"), call.params.get("cause")))
        return {}

    def send_task_heartbeat(self, call: ApiCall) -> dict[str, Any]:
        """``SendTaskHeartbeat``."""
        token = self._token(call)
        self._engine.beat(token)
        return {}
