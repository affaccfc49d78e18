"""What each member account should hold: from the grant ledger to documents, in portions that fit a state's input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.plan import leftover_steps, revoke_stages, stages
from streamgov_core.model.naming import Names
from streamgov_core.model.reconcile_command import Expected, ReconcileCommand

DOCUMENTS_PER_COMMAND = 60
"""Targets of one command: what the apply function looks at well within its time-out."""
SLICE_CHARS = 80_000
"""Characters of all commands of one plan; a state's input and output hold 256 KiB (Step Functions quotas)."""
LISTED_ANSWERS = 150
"""Findings, and mismatches, that the answers of one plan list together."""

Sets = dict[str, dict[str, Expected]]
"""Account -> document id -> what it should hold."""


def expected_sets(rows: Iterable[Sequence[Any]]) -> Sets:
    """What accounts should hold, by document.

    Args:
        rows: of a shard: account, document id, platform, key of a granted asset, its generation.
    """
    found: dict[str, dict[str, tuple[str, dict[str, int]]]] = {}
    for account, document_id, platform, key, generation in rows:
        _, grants = found.setdefault(str(account), {}).setdefault(str(document_id), (str(platform), {}))
        grants[str(key)] = int(generation)
    return {
        account: {
            document_id: Expected(document_id, platform, grants)
            for document_id, (platform, grants) in document_ids.items()
        }
        for account, document_ids in found.items()
    }


def portions(
    sets: Sets, members: Sequence[str], domain_id: str, *, dry_run: bool, cursor: str = "", budget: int = SLICE_CHARS
) -> tuple[list[ReconcileCommand], str]:
    """Commands for the members from a cursor on, as many as fit, and the cursor of the rest (empty if none is left).

    Together the commands of an account cover every id that a document can have, so that what it holds and should not
    is found as well.
    """
    first, _, begin = cursor.partition("|")
    commands: list[ReconcileCommand] = []
    spent, rest = 0, ""
    for account in sorted({*members}):
        if account < first or rest:
            continue
        after = begin if account == first else ""
        waiting = [sets.get(account, {})[name] for name in sorted(sets.get(account, {})) if name > after]
        while True:
            portion, size = _portion(waiting, budget)
            if commands and spent + size > budget:
                rest = f"{account}|{after}"
                break
            waiting = waiting[len(portion) :]
            up_to = portion[-1].document_id if waiting else ""
            commands.append(ReconcileCommand(account, domain_id, dry_run, after, up_to, 0, tuple(portion)))
            spent += size
            if not waiting:
                break
            after = up_to
    limit = max(3, LISTED_ANSWERS // max(1, len(commands)))
    return [
        ReconcileCommand(c.account, c.domain_id, c.dry_run, c.after, c.up_to, limit, c.documents) for c in commands
    ], rest


def _portion(waiting: Sequence[Expected], budget: int) -> tuple[list[Expected], int]:
    portion: list[Expected] = []
    size = 700  # the step around it
    for item in waiting[:DOCUMENTS_PER_COMMAND]:
        length = len(item.document_id) + 30 + sum(len(key) + 8 for key in item.grants)
        if portion and size + length > budget:
            break
        portion.append(item)
        size += length
    return portion, size


def member_step(names: Names, command: ReconcileCommand, number: int) -> dict[str, Any]:
    """The step of the central machine that hands a command to its account."""
    return {
        "name": f"reconcile-{command.account}-{number}",
        "machineArn": names.member_machine_arn(command.account),
        "roleArn": names.role_arn(command.account, "member-invoke"),
        "strict": False,
        "traceHeader": "",
        "command": command.to_message(),
    }


def grant_steps(
    names: Names, record: GrantRecord, accounts: Iterable[str] | None = None
) -> Mapping[str, list[dict[str, Any]]]:
    """Steps that bring members to what a record says, with the generation that the record says it with.

    A failed grant is undone with the generation that its request reserved for that.

    Args:
        names: of the deployment.
        record: with a command.
        accounts: the accounts to bring there; None for all.
    """
    command, former, generation = record.command, record.former, record.generation
    if command is None:
        return {"first": [], "second": []}
    if record.state == "GRANTED":
        planned = stages(names, command, "GRANT", generation, strict=False)
    else:
        undone = generation + (1 if record.state == "GRANT_FAILED" else 0)
        planned = revoke_stages(names, command, former, undone)
    return _for_accounts(planned, accounts)


def former_steps(names: Names, record: GrantRecord, accounts: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
    """Steps that revoke in some accounts what a granted record's former commands left there."""
    if record.command is None:
        return {"first": [], "second": []}
    return _for_accounts(leftover_steps(names, record.command, record.former, record.generation - 1), accounts)


def _for_accounts(
    planned: Mapping[str, list[dict[str, Any]]], accounts: Iterable[str] | None
) -> Mapping[str, list[dict[str, Any]]]:
    """The two stages that write; what was granted is decided already, and nobody need be asked."""
    written = {stage: planned[stage] for stage in ("first", "second")}
    if accounts is None:
        return written
    wanted = {*accounts}
    return {stage: [step for step in steps if step["command"]["account"] in wanted] for stage, steps in written.items()}
