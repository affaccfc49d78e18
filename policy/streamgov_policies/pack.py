"""The rules as CrossGuard policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from . import identity, operations, stack
from .values import judged, ours, plain

Rule = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Iterator[str]]
StackRule = Callable[[list[stack.Item], Mapping[str, Any]], Iterator[stack.Finding]]

_EVERYTHING: dict[str, Any] = {
    "everything": {
        "type": "boolean",
        "default": False,
        "description": "Judge every resource of the stack, not only those of the streamgov components",
    }
}


def _resource(
    name: str,
    description: str,
    rule: Rule,
    *,
    level: EnforcementLevel | None = None,
    config: Mapping[str, Any] | None = None,
    foreign: bool = False,
) -> ResourceValidationPolicy:
    """A policy of one resource at a time; with ``foreign``, of those that are not of our components."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        settings = args.get_config()
        if ours(args.urn) if foreign else not (judged(args.urn) or settings.get("everything")):
            return
        for sentence in rule(args.resource_type, plain(args.props), settings):
            report(sentence, None)

    schema = {**({} if foreign else _EVERYTHING), **(config or {})}
    return ResourceValidationPolicy(
        name=name,
        description=description,
        validate=validate,
        enforcement_level=level,
        config_schema=PolicyConfigSchema(properties=schema) if schema else None,
    )


def _stack(
    name: str, description: str, rule: StackRule, config: Mapping[str, Any] | None = None
) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        settings = args.get_config()
        items = [
            stack.Item(item.resource_type, item.urn, plain(item.props))
            for item in args.resources
            if judged(item.urn) or settings.get("everything")
        ]
        for sentence, urn in rule(items, settings):
            report(sentence, urn)

    return StackValidationPolicy(
        name=name,
        description=description,
        validate=validate,
        config_schema=PolicyConfigSchema(properties={**_EVERYTHING, **(config or {})}),
    )


POLICIES: tuple[Policy, ...] = (
    _resource("logs-retained", "Log groups have a retention.", operations.logs_retained),
    _resource("encrypted", "Tables, queues, keys, logs and streams are encrypted.", operations.encrypted),
    _resource(
        "ledgers-kept",
        "Ledgers can be restored and are protected from deletion.",
        operations.ledgers_kept,
        level=EnforcementLevel.ADVISORY,
    ),
    _resource("buckets-closed", "Buckets block public access.", operations.buckets_closed),
    _resource(
        "targets-have-dead-letters", "Event targets have a dead-letter queue.", operations.targets_have_dead_letters
    ),
    _resource("applications-log", "Flink applications write a log and keep their state.", operations.applications_log),
    _resource("no-wildcard-principals", "Nobody is trusted because he is anybody.", identity.wildcard_principals),
    _resource("no-wildcard-actions", "No role may do everything, or all of a service.", identity.wildcard_actions),
    _resource(
        "wildcards-have-reasons",
        "An action on every resource has a reason in the allow list.",
        identity.wildcard_resources,
        config={
            "reasons": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Further actions that may be allowed on every resource, each with its reason",
            }
        },
    ),
    _resource("iam-writes-bounded", "Policies are written only on roles with a boundary.", identity.bounded_writes),
    _resource(
        "no-account-wide-roles",
        "Access is granted to roles of a path, not to every role of an account.",
        identity.account_wide_roles,
        config={
            "accounts": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Accounts every role of which may be a consumer",
            }
        },
    ),
    _resource("own-roles-denied", "Who writes policies cannot write on our own roles.", identity.own_roles_denied),
    _resource("reserved-names", "Other resources keep away from our names.", operations.reserved_names, foreign=True),
    _stack("alarms", "State machines, functions and dead letters have alarms.", stack.alarms),
    _stack("async-functions-have-dead-letters", "Functions that events start keep what fails.", stack.async_functions),
    _stack(
        "permissions-boundary",
        "Roles carry the organisation's permissions boundary where there is one.",
        stack.boundaries,
        config={
            "boundary": {
                "type": "string",
                "description": "Path and name of the boundary policy that every role must carry; without it, all roles "
                "must carry one as soon as one of ours does",
            }
        },
    ),
    _stack("buckets-have-blocks", "Buckets have a public access block.", stack.public_access_blocks),
)
