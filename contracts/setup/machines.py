"""State machines and functions of a run."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from contracts.probe import setup
from contracts.probe_run import ProbeRun
from contracts.setup.roles import service_role, trust

STATES = "states.amazonaws.com"
LAMBDA = "lambda.amazonaws.com"


@setup("role of state machines")
def machine_role(probe_run: ProbeRun) -> str:
    """A role for machines that may call what probes call."""
    return service_role(
        probe_run,
        "machine",
        STATES,
        {"Action": ["sqs:SendMessage", "sns:Publish", "events:PutEvents", "lambda:InvokeFunction"], "Resource": "*"},
        {"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{probe_run.account}:role/contracts-*"},
    )


def make_machine(probe_run: ProbeRun, definition: dict[str, Any], role: str = "") -> str:
    """A state machine, of the role of machines or another; its ARN."""
    client = probe_run.client("stepfunctions")

    def create() -> Any:
        return client.create_state_machine(
            name=probe_run.name("machine"),
            definition=json.dumps(definition),
            roleArn=role or machine_role(probe_run),
            tags=[{"key": entry["Key"], "value": entry["Value"]} for entry in probe_run.tag_list],
        )

    arn = str(create()["stateMachineArn"])
    probe_run.later("stepfunctions", "delete_state_machine", stateMachineArn=arn)
    return arn


def start(probe_run: ProbeRun, machine: str, data: Any = None) -> str:
    """Start an execution; its ARN."""
    answer = probe_run.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(data or {}))
    return str(answer["executionArn"])


def ended(probe_run: ProbeRun, execution: str, seconds: float = 120) -> dict[str, Any]:
    """The execution when it has ended."""
    client = probe_run.client("stepfunctions")

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    return probe_run.wait("the execution to end", look, seconds)


def run_state(probe_run: ProbeRun, state: dict[str, Any], data: Any = None) -> dict[str, Any]:
    """Run a machine of one state; the execution when it has ended."""
    machine = make_machine(probe_run, {"StartAt": "Only", "States": {"Only": {**state, "End": True}}})
    return ended(probe_run, start(probe_run, machine, data))


@setup("role of functions")
def function_role(probe_run: ProbeRun) -> str:
    """A role for functions that do nothing."""
    return service_role(probe_run, "function", LAMBDA)


def make_function(probe_run: ProbeRun, code: str, role: str = "", timeout: int = 3) -> str:
    """A Python function whose module is `code` with a `handler`; its name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr("main.py", code)
    name, client = probe_run.name("function"), probe_run.client("lambda")
    probe_run.later("lambda", "delete_function", FunctionName=name)
    probe_run.later("logs", "delete_log_group", logGroupName=f"/aws/lambda/{name}")
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role or function_role(probe_run),
        Handler="main.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=timeout,
        Tags=probe_run.tags,
    )
    probe_run.wait(
        "the function to be active",
        lambda: client.get_function_configuration(FunctionName=name).get("State", "Active") == "Active",
        120,
    )
    return name


__all__ = [
    "LAMBDA", "STATES", "ended", "function_role", "machine_role", "make_function", "make_machine", "run_state",
    "start", "trust",
]  # fmt: skip
