"""What the guard of a deployment knows of each account: what a destroy would meet there."""

from collections.abc import Collection, Mapping
from typing import Any

import pulumi

from streamgov_core.deploy.destruction import DOMAIN, MEMBER
from streamgov_core.model.asset_record import record_key
from streamgov_pulumi.arguments.inputs import is_late
from streamgov_pulumi.arguments.secret import as_input
from streamgov_pulumi.components._accounts import session_of
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.components.target import StreamSubscriptionTarget


def guarded_parts(
    args: StreamGovernanceArgs,
    asset_types: Mapping[str, pulumi.Output[str]],
    targets: Mapping[str, StreamSubscriptionTarget],
    trails: Collection[str],
) -> list[dict[str, Any]]:
    """The guard's ``parts``, one for each account that is deployed here.

    Args:
        args: the facade's.
        asset_types: the names of the types of the stack.
        targets: the stack's targets by ``<account>/<word>``.
        trails: the accounts in which the stack makes a trail.
    """
    domain = args["domain"]
    parts: list[dict[str, Any]] = []
    if domain.get("deploy", True):
        access = domain["access"]
        own = {"account": access["account"], "sides": [DOMAIN], "asset_types": [*asset_types.values()]}
        parts.append({**as_input(session_of(access)), **own})
    for member in args["members"]:
        if member.get("deploy", True):
            parts.append(_member(args, member, targets, trails))
    return parts


def _member(
    args: StreamGovernanceArgs,
    member: MemberArgs,
    targets: Mapping[str, StreamSubscriptionTarget],
    trails: Collection[str],
) -> dict[str, Any]:
    account = member["access"]["account"]
    part: dict[str, Any] = {**as_input(session_of(member["access"])), "account": account, "sides": [MEMBER]}
    found = [
        {
            "environment_id": target.get("environment_id", targets[f"{account}/{word}"].environment_id),
            "target_id": targets[f"{account}/{word}"].target_id,
        }
        for word, target in sorted(member.get("targets", {}).items())
    ]
    sources = [source for _, source in sorted(member.get("data_sources", {}).items())]
    registries: list[pulumi.Input[str] | None] = [source["registry_name"] for source in sources]
    if any(is_late(source.get("without_schema")) or source.get("without_schema") for source in sources):
        registries.append(None)  # the records of topics and streams without schema
    keys = [_record_key(args["domain"]["domain_id"], registry) for registry in registries]
    if found:
        part["targets"] = found
    if keys:
        part["record_keys"] = keys
    if account in trails and args.get("deletion_protection", True):
        part["trail"] = True
    return part


def _record_key(domain_id: pulumi.Input[str], registry: pulumi.Input[str] | None) -> pulumi.Output[str]:
    return pulumi.Output.all(domain_id, registry).apply(lambda known: record_key(*known))
