"""The plan that the central machine carries out for one asset: which account does what, and what undoes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_core.model.command import VERSION, GrantCommand, RequestType, Side
from streamgov_core.model.errors import PermanentGrantError
from streamgov_core.model.naming import Names, short_hash

Step = dict[str, Any]
Stages = dict[str, list[Step]]


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


def stages(names: Names, command: GrantCommand, request: RequestType, generation: int, *, strict: bool) -> Stages:
    """The stages of a request: the producer's side is written first on a grant, last on a revoke.

    Before a grant the accounts of the principals are asked how it can reach these: ``prepare`` writes nothing.

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

    def step(side: Side, account: str) -> Step:
        side_command = command.for_side(side, request, generation, account)
        return {
            "name": f"{request.lower()}-{side}-{generation}-{short_hash(command.key)}",
            "machineArn": names.member_machine_arn(account),
            "roleArn": names.role_arn(account, "member-invoke"),
            "strict": strict,
            "command": side_command.to_message(),
        }

    # Not the owner's own account: its side looks at its roles itself.
    undecided = request == "GRANT" and command.consumer.assuming is None
    prepare = [step("prepare", account) for account in consumers] if undecided else []
    owner = [step("both" if within else "producer", producer)]
    others = [step("consumer", account) for account in consumers]
    if request == "GRANT":
        return {"prepare": prepare, "first": owner, "second": others}
    return {"prepare": prepare, "first": others, "second": owner}


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
    """
    nothing: Stages = {"prepare": [], "first": [], "second": []}
    do, undo = nothing, nothing
    if command is not None and undo_only:
        do = stages(names, command, "REVOKE", generation + 1, strict=False)
    elif command is not None and refusal is None:
        do = stages(names, command, request, generation, strict=request == "GRANT")
        if request == "GRANT":
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
