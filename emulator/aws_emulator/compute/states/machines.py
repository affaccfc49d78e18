"""State machines: CreateStateMachine, UpdateStateMachine, ValidateStateMachineDefinition.

Source of the rules: AWS Step Functions API reference. moto keeps the machines, their versions, aliases and tags; the
definition, the role and the idempotency of creation are checked here.
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.stepfunctions.models import stepfunctions_backends

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.principals import Principals
from aws_emulator.compute.states.definition import problems_of
from aws_emulator.compute.states.engine import NAME, error, find_machine
from aws_emulator.compute.states.role_calls import NOT_ASSUMABLE, SERVICE
from aws_emulator.compute.states.versions import revise, stamp_version


def _from_moto(failure: Exception) -> ApiError:
    """An error of moto's backend as ours."""
    code = str(
        failure.error_type if isinstance(failure, JsonRESTError) else getattr(failure, "code", "ValidationException")
    )
    return ApiError(code, str(getattr(failure, "message", failure)), 400)


def _check_definition(definition: str) -> None:
    problems = problems_of(definition)
    if problems:
        raise error("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(problems[:10])}'")


def _check_role(principals: Principals, role_arn: str, machine_arn: str) -> None:
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", role_arn):
        raise error("InvalidArn", f"Invalid Role Arn: '{role_arn}'")
    if principals.assumable(role_arn, SERVICE, machine_arn) is None:
        raise error("AccessDeniedException", NOT_ASSUMABLE)


class MachineOperations:
    """State machines: checked here, kept by moto."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    def install(self, emulator: Emulator) -> None:
        """Register the operations."""
        emulator.operation("stepfunctions", "CreateStateMachine")(self.create_state_machine)
        emulator.operation("stepfunctions", "UpdateStateMachine")(self.update_state_machine)
        emulator.operation("stepfunctions", "DeleteStateMachine")(self.delete_state_machine)
        emulator.operation("stepfunctions", "ValidateStateMachineDefinition")(self.validate)

    def create_state_machine(self, call: ApiCall) -> dict[str, Any]:
        """``CreateStateMachine``."""
        params = call.params
        name = params["name"]
        if not NAME.fullmatch(name):
            raise error("InvalidName", f"Invalid Name: '{name}'")
        _check_definition(params["definition"])
        arn = f"arn:aws:states:{call.region}:{call.caller.account}:stateMachine:{name}"
        _check_role(self._principals, params["roleArn"], arn)
        if params.get("versionDescription") and not params.get("publish"):
            raise error("ValidationException", "Version description can only be set when publish is true")
        backend = stepfunctions_backends[call.caller.account][call.region]
        known = next((machine for machine in backend.state_machines if machine.name == name), None)
        kind = params.get("type") or "STANDARD"
        logging = params.get("loggingConfiguration") or {"level": "OFF"}
        tracing = params.get("tracingConfiguration") or {"enabled": False}
        if known is not None:
            same = (known.definition, known.type, known.loggingConfiguration, known.tracingConfiguration)
            if same != (params["definition"], kind, logging, tracing):
                raise error("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        try:
            machine = backend.create_state_machine(
                name=name,
                definition=params["definition"],
                roleArn=params["roleArn"],
                tags=params.get("tags"),
                publish=params.get("publish"),
                loggingConfiguration=logging,
                tracingConfiguration=tracing,
                encryptionConfiguration=params.get("encryptionConfiguration"),
                version_description=params.get("versionDescription"),
                sm_type=kind,
            )
        except (ServiceException, JsonRESTError) as failure:
            raise _from_moto(failure) from failure
        response = {"stateMachineArn": machine.arn, "creationDate": machine.creation_date}
        if params.get("publish") and machine.latest_version:
            response["stateMachineVersionArn"] = stamp_version(machine).arn
        return response

    def update_state_machine(self, call: ApiCall) -> dict[str, Any]:
        """``UpdateStateMachine``."""
        params = call.params
        arn = params["stateMachineArn"]
        machine = find_machine(arn, call.caller.account, call.region)
        changing = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
        if not any(params.get(name) is not None for name in changing):
            raise error(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the "
                "TracingConfiguration must be specified",
            )
        if params.get("definition") is not None:
            _check_definition(params["definition"])
        if params.get("roleArn") is not None:
            _check_role(self._principals, params["roleArn"], machine.arn)
        backend = stepfunctions_backends[call.caller.account][call.region]
        try:
            updated = backend.update_state_machine(
                arn,
                definition=params.get("definition"),
                role_arn=params.get("roleArn"),
                logging_configuration=params.get("loggingConfiguration"),
                tracing_configuration=params.get("tracingConfiguration"),
                encryption_configuration=params.get("encryptionConfiguration"),
                publish=params.get("publish"),
                version_description=params.get("versionDescription"),
            )
        except (ServiceException, JsonRESTError) as failure:
            raise _from_moto(failure) from failure
        response = {"updateDate": updated.update_date, "revisionId": revise(updated)}
        if params.get("publish") and updated.latest_version:
            response["stateMachineVersionArn"] = stamp_version(updated).arn
        return response

    def delete_state_machine(self, call: ApiCall) -> dict[str, Any]:
        """``DeleteStateMachine``: idempotent; executions that run go on."""
        arn = call.params["stateMachineArn"]
        backend = stepfunctions_backends[call.caller.account][call.region]
        try:
            backend.delete_state_machine(arn)
        except (ServiceException, JsonRESTError) as failure:
            raise _from_moto(failure) from failure
        if backend.tagger.has_tags(arn):
            backend.tagger.delete_all_tags_for_resource(arn)
        return {}

    def validate(self, call: ApiCall) -> dict[str, Any]:
        """``ValidateStateMachineDefinition``."""
        problems = problems_of(call.params["definition"])
        diagnostics = []
        for problem in problems:
            code, _, message = problem.partition(": ")
            text, _, location = message.rpartition(" at ")
            diagnostics.append({"severity": "ERROR", "code": code, "message": text or message, "location": location})
        return {"result": "FAIL" if problems else "OK", "diagnostics": diagnostics, "truncated": False}
