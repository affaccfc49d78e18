"""The plan that the central machine carries out for one asset: which account does what, and what undoes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamgov_core.domain.grant_documents import owner_documents
from streamgov_core.domain.grant_ledger import GENERATIONS_PER_REQUEST, GrantRecord
from streamgov_core.model.command import VERSION, GrantCommand, RequestType, Side
from streamgov_core.model.errors import PermanentGrantError
from streamgov_core.model.naming import Names, short_hash
from streamgov_core.platforms import PLATFORMS

Step = dict[str, Any]
Stages = dict[str, list[Step]]


def traced_steps(steps: Sequence[Step], trace_header: str) -> list[Step]:
    """Steps whose executions go on with a trace (``runtime.tracing``).

    Args:
        steps: of a plan.
        trace_header: of the function that plans; '' for a trace of their own.
    """
    return [{**step, "traceHeader": trace_header} for step in steps]


def traced_item(planned: Mapping[str, Any], trace_header: str) -> dict[str, Any]:
    """One asset of the plan, with the trace in all its steps."""
    traced = {
        part: {stage: traced_steps(steps, trace_header) for stage, steps in planned[part].items()}
        for part in ("do", "undo")
    }
    return {**planned, **traced}


def principal_accounts(command: GrantCommand) -> tuple[str, ...]:
    """The accounts that the consumer's roles live in."""
    return tuple(sorted({role.account for role in command.consumer.principals}))


def check_members(command: GrantCommand, members: Sequence[str]) -> None:
    """Every account concerned must be a member of the deployment.

    Raises:
        PermanentGrantError: one is not, so nobody there could carry the grant out.
    """
    for account, what in [(command.producer.account, "the resource's account")] + [
        (account, "the consumer's account") for account in principal_accounts(command)
    ]:
        if account not in members:
            raise PermanentGrantError(f"{what} {account} is not a member of this deployment: add it to the stacks")


def step(
    names: Names,
    command: GrantCommand,
    request: RequestType,
    generation: int,
    side: Side,
    account: str,
    *,
    strict: bool,
) -> Step:
    """One account's part of a request, as the states of a stage read it."""
    side_command = command.for_side(side, request, generation, account)
    return {
        "name": f"{request.lower()}-{side}-{generation}-{short_hash(command.key)}",
        "machineArn": names.member_machine_arn(account),
        "roleArn": names.role_arn(account, "member-invoke"),
        "strict": strict,
        "traceHeader": "",
        "command": side_command.to_message(),
    }


def stages(names: Names, command: GrantCommand, request: RequestType, generation: int, *, strict: bool) -> Stages:
    """The stages of a request: the producer's side is written last on a revoke; on a grant before the consumer's, or
    beside it.

    Before a grant the accounts of the principals are asked how it can reach these: ``prepare`` writes nothing. Where
    the owner's account is asked as well, whether the claim is true and how to connect, no side needs what another one
    makes, and all are written at once.

    Args:
        names: of the deployment.
        command: what is granted, to whom.
        request: GRANT or REVOKE.
        generation: that the members record.
        strict: whether a step that is not APPLIED ends the plan. A revoke goes on.
    """
    producer = command.producer.account
    consumers = [account for account in principal_accounts(command) if account != producer]
    within = producer in principal_accounts(command)

    def of(side: Side, account: str) -> Step:
        return step(names, command, request, generation, side, account, strict=strict)

    # Not the owner's own account: its side looks at its roles itself.
    undecided = request == "GRANT" and command.consumer.assuming is None
    at_once = undecided and bool(consumers) and not PLATFORMS[command.platform].tells_once_granted(command)
    asked = [*([producer] if at_once else []), *consumers] if undecided else []
    prepare = [of("prepare", account) for account in asked]
    owner = [of("both" if within else "producer", producer)]
    others = [of("consumer", account) for account in consumers]
    if request == "REVOKE":
        return {"prepare": prepare, "first": others, "second": owner}
    if at_once:
        return {"prepare": prepare, "first": [*owner, *others], "second": []}
    return {"prepare": prepare, "first": owner, "second": others}


def leftover_steps(names: Names, kept: GrantCommand, others: Sequence[GrantCommand], generation: int) -> Stages:
    """Revokes of what other commands of the same grant contributed to documents that ``kept`` does not name.

    A revoke reaches an account's documents as a whole. Where ``kept`` was granted with a higher generation it is
    ignored; so with a lower one nothing that ``kept`` grants is interrupted, in whatever order the steps come. That is
    also how roles go over from one way to the other: which way they go is decided by their accounts, so every document
    of the former grant is asked.

    Args:
        names: of the deployment.
        kept: what stays.
        others: what may have been granted before, or instead.
        generation: that the members record.
    """
    owner, consumers = list[Step](), list[Step]()
    for other in others:
        account, other_way = other.producer.account, _may_differ_in_way(kept, other)
        moved = account != kept.producer.account
        if moved or other_way or owner_documents(names, other) - owner_documents(names, kept):
            owner.append(step(names, other, "REVOKE", generation, "producer", account, strict=False))
        gone = tuple(role for role in other.consumer.principals if other_way or role not in kept.consumer.principals)
        reduced = replace(other, consumer=replace(other.consumer, principals=gone))
        consumers += [
            step(names, reduced, "REVOKE", generation, "consumer", account, strict=False)
            for account in principal_accounts(reduced)
        ]
    return {"prepare": [], "first": consumers, "second": owner}


def _may_differ_in_way(kept: GrantCommand, other: GrantCommand) -> bool:
    """Whether roles may get access directly by one command and by an access role by the other."""
    ways = [command.consumer.assuming for command in (kept, other)]
    return None in ways or set(ways[0] or ()) != set(ways[1] or ())


def replacement_stages(
    names: Names, command: GrantCommand, others: Sequence[GrantCommand], generation: int, *, strict: bool
) -> Stages:
    """Grant a command instead of others: its own side by side with theirs first, then what only they contributed to.

    Takes two generations: ``generation`` for the grant, the one below for the revokes.
    """
    granted = stages(names, command, "GRANT", generation, strict=strict)
    revoked = leftover_steps(names, command, others, generation - 1)
    following = [*revoked["first"], *revoked["second"]]
    prepare = granted["prepare"]
    if not strict:
        return {"prepare": prepare, "first": [*granted["first"], *granted["second"]], "second": following}
    return {"prepare": prepare, "first": granted["first"], "second": [*granted["second"], *following]}


def revoke_stages(names: Names, command: GrantCommand, others: Sequence[GrantCommand], generation: int) -> Stages:
    """Revoke a command, and whatever others of the same grant may have left."""
    revoked, rest = (
        stages(names, command, "REVOKE", generation, strict=False),
        leftover_steps(names, command, others, generation),
    )
    return {"prepare": [], **{stage: [*revoked[stage], *rest[stage]] for stage in ("first", "second")}}


def renewal_item(names: Names, record: GrantRecord, requested_at: str = "") -> dict[str, Any]:
    """The plan that brings a granted asset to the record's command.

    If that fails, what was granted before is granted again, with the two generations above.

    Args:
        names: of the deployment.
        record: begun, with the command that is to hold, and those that held before in ``former``.
        requested_at: when it was asked for (ISO 8601), or empty; for the report.
    """
    if record.command is None:
        raise ValueError("a grant without a command cannot be renewed")
    planned = item(
        names,
        None,
        grant_id=record.grant_id,
        asset_id=record.asset_id,
        domain_id=record.command.domain_id,
        request="GRANT",
        generation=record.generation,
        facts={"warnings": []},
        requested_at=requested_at,
    )
    planned["renewal"] = True
    planned["do"] = replacement_stages(names, record.command, record.former, record.generation, strict=True)
    if record.former:
        before, *older = record.former
        planned["undo"] = replacement_stages(
            names, before, (record.command, *older), record.generation + GENERATIONS_PER_REQUEST, strict=False
        )
    return planned


def item(
    names: Names,
    command: GrantCommand | None,
    *,
    grant_id: str,
    asset_id: str,
    domain_id: str,
    request: RequestType,
    generation: int,
    facts: Mapping[str, Any],
    refusal: str | None = None,
    undo_only: bool = False,
    requested_at: str = "",
    former: Sequence[GrantCommand] = (),
) -> dict[str, Any]:
    """One asset of the plan; every member that a state reads is there.

    Args:
        names: of the deployment.
        command: what is granted; None if nothing was ever granted or can be.
        grant_id: of DataZone.
        asset_id: of DataZone.
        domain_id: of DataZone.
        request: GRANT or REVOKE.
        generation: of the request; the next one undoes it.
        facts: for the report.
        refusal: why nothing is done; the asset only becomes failed.
        undo_only: revoke what an interrupted grant may have granted, and set it to failed with ``refusal``.
        requested_at: when DataZone asked (ISO 8601), or empty; for the report.
        former: what else may have been granted before, for a revoke.
    """
    nothing: Stages = {"prepare": [], "first": [], "second": []}
    do, undo = nothing, nothing
    if command is not None and undo_only:
        do = stages(names, command, "REVOKE", generation + 1, strict=False)
    elif command is not None and refusal is None and request == "REVOKE":
        do = revoke_stages(names, command, former, generation)
    elif command is not None and refusal is None:
        do = stages(names, command, request, generation, strict=True)
        undo = stages(names, command, "REVOKE", generation + 1, strict=False)
    return {
        "version": VERSION,
        "grantId": grant_id,
        "assetId": asset_id,
        "domainId": domain_id,
        "requestType": request,
        "generation": generation,
        "refusal": refusal,
        "requestedAt": requested_at,
        "facts": dict(facts),
        "do": do,
        "undo": undo,
    }
