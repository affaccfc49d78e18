"""Versions of state machines: publish, list, delete; and what DescribeStateMachine says of revisions.

Source of the rules: AWS Step Functions API reference. A version's number is never used again. moto keeps versions and
aliases beside the machine.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.stepfunctions.models import stepfunctions_backends

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.compute.states.engine import error
from aws_emulator.patches.common import page

MAX_VERSIONS = 1000
DEFAULT_PAGE = 100


def install(emulator: Emulator) -> None:
    """Register the operations."""
    emulator.operation("stepfunctions", "PublishStateMachineVersion")(publish)
    emulator.operation("stepfunctions", "ListStateMachineVersions")(list_versions)
    emulator.operation("stepfunctions", "DeleteStateMachineVersion")(delete)
    emulator.wrap("stepfunctions", "DescribeStateMachine")(describe)


def revise(machine: Any) -> str:
    """Give a machine that was updated a new revision."""
    machine.emulator_revision = str(uuid.uuid4())
    return str(machine.emulator_revision)


def stamp_version(machine: Any) -> Any:
    """The newest version, marked with the revision of the machine that it was made from."""
    version = machine.latest_version
    version.emulator_revision = getattr(machine, "emulator_revision", None)
    return version


def _machine(call: ApiCall, arn: str) -> Any | None:
    """The machine of an ARN without a version.

    Raises:
        ApiError: ``InvalidArn``.
    """
    parts = arn.split(":")
    if len(parts) != 7 or parts[2] != "states" or parts[5] != "stateMachine":
        raise error("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    backend = stepfunctions_backends[call.caller.account][call.region]
    return next((machine for machine in list(backend.state_machines) if machine.arn == arn), None)


def publish(call: ApiCall) -> dict[str, Any]:
    """``PublishStateMachineVersion``: the same revision and description again answer the version that exists."""
    params = call.params
    arn = params["stateMachineArn"]
    machine = _machine(call, arn)
    if machine is None:
        raise error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    revision = getattr(machine, "emulator_revision", None)
    wanted = params.get("revisionId")
    # A machine that was never updated has the revision INITIAL.
    if wanted is not None and wanted != (revision or "INITIAL"):
        raise error("ConflictException", "The state machine has been updated since that revision.")
    latest = machine.latest_version
    if latest is not None and machine.versions.get(latest.version) is latest:
        known = (getattr(latest, "emulator_revision", None), latest.description)
        if known[0] == revision and params.get("description") in (None, known[1]):
            return {"creationDate": latest.creation_date, "stateMachineVersionArn": latest.arn}
    if len(machine.versions) >= MAX_VERSIONS:
        raise error("ServiceQuotaExceededException", f"A state machine has at most {MAX_VERSIONS} versions.")
    machine.publish(description=params.get("description"))
    version = stamp_version(machine)
    return {"creationDate": version.creation_date, "stateMachineVersionArn": version.arn}


def list_versions(call: ApiCall) -> dict[str, Any]:
    """``ListStateMachineVersions``: the newest first; none for a machine that does not exist (no error is modelled)."""
    arn = call.params["stateMachineArn"]
    machine = _machine(call, arn)
    numbers = sorted(machine.versions, reverse=True) if machine is not None else []
    found, token = page(
        [machine.versions[number] for number in numbers] if machine is not None else [],
        call.params.get("nextToken"),
        call.params.get("maxResults") or None,
        default=DEFAULT_PAGE,
        scope=arn,
        error=lambda message: error("InvalidToken", f"Invalid Token: '{message}'"),
    )
    rows = [{"stateMachineVersionArn": version.arn, "creationDate": version.creation_date} for version in found]
    return {"stateMachineVersions": rows, **({"nextToken": token} if token else {})}


def delete(call: ApiCall) -> dict[str, Any]:
    """``DeleteStateMachineVersion``: idempotent, and refused while an alias refers to the version."""
    version_arn = str(call.params["stateMachineVersionArn"])
    arn, _, number = version_arn.rpartition(":")
    if not number.isdigit():
        raise error("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {version_arn}'")
    machine = _machine(call, arn)
    if machine is None:
        return {}
    for alias in machine.aliases.values():
        if any(route["stateMachineVersionArn"] == version_arn for route in alias.routing_configuration):
            raise error("ConflictException", f"Version {number} is referenced by the alias {alias.name}.")
    machine.versions.pop(int(number), None)
    return {}


def describe(call: ApiCall, proceed: Any) -> dict[str, Any] | None:
    """``DescribeStateMachine``: the revision of a machine that was updated, a version's own description."""
    result: dict[str, Any] = proceed()
    arn = str(call.params["stateMachineArn"])
    backend = stepfunctions_backends[call.caller.account][call.region]
    found = backend.describe_state_machine(arn)
    revision = getattr(found, "emulator_revision", None)
    return {**result, **shown_settings(found), **({"revisionId": revision} if revision else {})}


UNSET: dict[str, Any] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}


def shown_settings(machine: Any) -> dict[str, Any]:
    """Logging, tracing and encryption of a machine, which AWS answers also where none was asked for."""
    logging = machine.loggingConfiguration or {}
    return {
        "loggingConfiguration": {**UNSET["loggingConfiguration"], **logging},
        "tracingConfiguration": machine.tracingConfiguration or UNSET["tracingConfiguration"],
        "encryptionConfiguration": machine.encryptionConfiguration or UNSET["encryptionConfiguration"],
    }
