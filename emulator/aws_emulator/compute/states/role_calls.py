"""Calls that Step Functions makes in the name of a state machine's role, or of the role that a task names."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from aws_emulator.api import ApiError, Caller, Emulator
from aws_emulator.compute.principals import Principals
from aws_emulator.compute.states.failures import PERMISSIONS, StateFailure
from aws_emulator.compute.states.interpreter import Frame

SERVICE = "states.amazonaws.com"
NOT_ASSUMABLE = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role."
)


class RoleCalls:
    """Callers and calls of machines.

    Args:
        emulator: serves the calls.
        principals: credentials of roles.
    """

    def __init__(self, emulator: Emulator, principals: Principals) -> None:
        self._emulator = emulator
        self._principals = principals

    def caller(self, frame: Frame, role_arn: str | None = None) -> Caller:
        """Who makes a call.

        UNVERIFIED[sfn-role-not-assumable]: the error name where a role cannot be assumed; the guide lists
        ``States.Permissions``.

        Args:
            frame: whose machine calls.
            role_arn: the role of the task's ``Credentials``, instead of the machine's own.
        """
        machine = frame.execution.machine
        session_name = f"{machine.name[:31]}-{frame.execution.name[:31]}".replace("/", "-")
        # A child of a distributed map acts for the machine that the map stands in.
        source = machine.arn.partition("/")[0]
        caller = self._principals.service_caller(machine.role_arn, SERVICE, source, source.rsplit(":", 1)[1][:64])
        if caller is None:
            raise StateFailure(PERMISSIONS, NOT_ASSUMABLE)
        if role_arn is None:
            return caller
        request = {"RoleArn": role_arn, "RoleSessionName": session_name, "ExternalId": source}
        try:
            answer = self._emulator.call("sts", "AssumeRole", request, caller=caller, region=machine.region)
        except ApiError as error:
            raise StateFailure(PERMISSIONS, error.message) from error
        return self._principals.caller_of(str((answer or {})["Credentials"]["AccessKeyId"]))

    def service(self, frame: Frame, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of a call that is no task, such as reading the items of a distributed map.

        Raises:
            StateFailure: the service refused; the error is its code.
        """
        machine = frame.execution.machine
        self.caller(frame)  # the role must trust Step Functions
        # Through the wire: a body is a stream there only.
        client = self._emulator.client(service, role_arn=machine.role_arn, region=machine.region)
        try:
            return dict(getattr(client, xform_name(operation))(**request))
        except ClientError as error:
            raise StateFailure(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error

    def may(self, frame: Frame, action: str, resource: str) -> bool:
        """Whether the machine's role may do something."""
        role = frame.execution.machine.role_arn
        return bool(self._emulator.parts["iam.oracle"].allowed(role, action, resource).allowed)
