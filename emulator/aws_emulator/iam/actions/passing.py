"""Roles that a call hands to a service: ``iam:PassRole`` and the role's trust in that service.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions.core import Check, lookup


@dataclass(frozen=True)
class Passing:
    """One way to pass a role.

    Attributes:
        roles: finds the role ARNs in the parameters.
        service: the principal that will assume them (``iam:PassedToService``).
        refusal: error code and message where the service itself refuses a role that does not trust it, at this call.
    """

    roles: Callable[[dict[str, Any]], list[Any]]
    service: str
    refusal: tuple[str, str] | None = None


def _at(*paths: str) -> Callable[[dict[str, Any]], list[Any]]:
    return lambda params: [lookup(params, path) for path in paths]


def _targets(params: dict[str, Any]) -> list[Any]:
    return [target.get("RoleArn") for target in params.get("Targets") or ()]


_LAMBDA = Passing(
    _at("Role"),
    "lambda.amazonaws.com",
    ("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
)
_STATES = Passing(
    _at("roleArn"),
    "states.amazonaws.com",
    (
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
)
_SCHEDULER = Passing(
    _at("Target.RoleArn"),
    "scheduler.amazonaws.com",
    ("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."),
)


def _flink(member: str) -> Passing:
    return Passing(
        _at(member),
        "kinesisanalytics.amazonaws.com",
        (
            "InvalidArgumentException",
            "Kinesis Analytics service doesn't have sufficient privileges to assume the role provided.",
        ),
    )


PASSING: dict[tuple[str, str], Passing] = {
    ("lambda", "CreateFunction"): _LAMBDA,
    ("lambda", "UpdateFunctionConfiguration"): _LAMBDA,
    ("stepfunctions", "CreateStateMachine"): _STATES,
    ("stepfunctions", "UpdateStateMachine"): _STATES,
    ("events", "PutRule"): Passing(_at("RoleArn"), "events.amazonaws.com"),
    ("events", "PutTargets"): Passing(_targets, "events.amazonaws.com"),
    ("scheduler", "CreateSchedule"): _SCHEDULER,
    ("scheduler", "UpdateSchedule"): _SCHEDULER,
    ("pipes", "CreatePipe"): Passing(_at("RoleArn"), "pipes.amazonaws.com"),
    ("pipes", "UpdatePipe"): Passing(_at("RoleArn"), "pipes.amazonaws.com"),
    ("cloudtrail", "CreateTrail"): Passing(_at("CloudWatchLogsRoleArn"), "cloudtrail.amazonaws.com"),
    ("cloudtrail", "UpdateTrail"): Passing(_at("CloudWatchLogsRoleArn"), "cloudtrail.amazonaws.com"),
    ("logs", "PutSubscriptionFilter"): Passing(_at("roleArn"), "logs.amazonaws.com"),
    ("logs", "PutDestination"): Passing(_at("roleArn"), "logs.amazonaws.com"),
    ("kinesisanalyticsv2", "CreateApplication"): _flink("ServiceExecutionRole"),
    ("kinesisanalyticsv2", "UpdateApplication"): _flink("ServiceExecutionRoleUpdate"),
    ("glue", "CreateJob"): Passing(_at("Role"), "glue.amazonaws.com"),
    ("glue", "CreateCrawler"): Passing(_at("Role"), "glue.amazonaws.com"),
    ("datazone", "CreateDomain"): Passing(_at("domainExecutionRole", "serviceRole"), "datazone.amazonaws.com"),
    # UNVERIFIED[dz-pass-role]: DataZone's pages name PassRole for these roles without saying at which call it is
    # checked.
    ("datazone", "CreateSubscriptionTarget"): Passing(_at("manageAccessRole"), "datazone.amazonaws.com"),
    ("datazone", "UpdateSubscriptionTarget"): Passing(_at("manageAccessRole"), "datazone.amazonaws.com"),
    ("datazone", "PutEnvironmentBlueprintConfiguration"): Passing(
        _at("manageAccessRoleArn", "provisioningRoleArn"), "datazone.amazonaws.com"
    ),
}


def passed_roles(call: ApiCall) -> tuple[list[str], Passing | None]:
    """The ARNs of the roles that a call passes, and to whom."""
    passing = PASSING.get((call.service, call.operation))
    if passing is None:
        return [], None
    roles = [str(role) for role in passing.roles(call.params) if role]
    # Glue takes a role's name as well.
    account = call.caller.account
    full = [role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role.lstrip('/')}" for role in roles]
    return list(dict.fromkeys(full)), passing


def pass_role_checks(call: ApiCall) -> list[Check]:
    """``iam:PassRole`` on each role that a call passes."""
    roles, passing = passed_roles(call)
    if passing is None:
        return []
    return [Check("iam:PassRole", role, {"iam:PassedToService": passing.service}) for role in roles]
