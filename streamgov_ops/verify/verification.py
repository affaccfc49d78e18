"""The whole verification: read, evaluate, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.errors import ConfigError, StreamgovError
from streamgov_ops.accounts import Accounts
from streamgov_ops.verify import evaluation
from streamgov_ops.verify.chains import Chains
from streamgov_ops.verify.differences import Difference, compare
from streamgov_ops.verify.evaluation import Evaluation, Finding, shortest
from streamgov_ops.verify.inventory import AccountInventory, read_inventory
from streamgov_ops.verify.organization import ServiceControl, read_service_control
from streamgov_ops.verify.streams import read_stream, resources_of

Tell = Callable[[str, int, int], None]


@dataclass
class Verification:
    """What came of it.

    Attributes:
        findings: one for each principal, topic or stream, and direction, whoever gave the access.
        differences: from the ledger, and what could not be read.
        resources: the topics and streams that were looked at, and their owners.
        accounts: the accounts whose principals were read.
    """

    findings: list[Finding] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    resources: dict[str, str] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "resources": self.resources,
            "accounts": self.accounts,
            "access": [
                {
                    "resource": item.resource,
                    "principal": item.principal,
                    "direction": item.direction,
                    "answer": item.verdict.answer.value,
                    "way": item.way,
                    "through": list(item.through),
                    "by": list(item.verdict.statements),
                    "dependsOn": list(item.verdict.depends_on),
                }
                for item in self.findings
            ],
            "differences": [item.to_dict() for item in self.differences],
        }


@dataclass(frozen=True)
class Wanted:
    """What is verified.

    Attributes:
        only: only topics and streams whose ARN holds this text.
        more_accounts: further accounts whose principals are looked at.
        expected: patterns of principals whose access is meant to be there.
        assume_no_control: take service control policies that may not be read as allowing everything.
        chains: follow roles that may be assumed.
    """

    only: str = ""
    more_accounts: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    assume_no_control: bool = False
    chains: bool = True


def verify(accounts: Accounts, records: Sequence[GrantRecord], wanted: Wanted, now: float, tell: Tell) -> Verification:
    """Verify live policies against the ledger.

    Args:
        accounts: of the deployment.
        records: of the grant ledger.
        wanted: what is verified.
        now: seconds since the epoch, for conditions on time.
        tell: is told how far it is.

    Raises:
        ConfigError: no governed topic or stream fits.
    """
    notes: list[str] = []
    known = _accounts(accounts, records, wanted.more_accounts)
    found = {
        arn: owner for arn, owner in resources_of(accounts, records, known, notes.append).items() if wanted.only in arn
    }
    if wanted.only and not found:
        raise ConfigError(
            f"no governed topic or stream has {wanted.only!r} in its ARN: `streamgov audit --all` lists those with "
            "grants, the data source records every other one"
        )
    read = _read(accounts, known, wanted, now, tell)
    direct: list[Finding] = []
    differences: list[Difference] = []
    for number, (arn, owner) in enumerate(found.items()):
        tell("evaluating topics and streams", number, len(found))
        live = read_stream(accounts, arn, owner)
        direct += Evaluation(live, owner, read).findings()
        differences += [
            Difference("bypassesIam", arn, "", "", f"{arn}: {bypass}", (bypass,)) for bypass in live.bypasses
        ]
        notes += live.notes
    findings = shortest([*direct, *(Chains(read).through(direct) if wanted.chains else ())])
    notes += [inventory.unread for inventory in read.inventories.values() if inventory.unread]
    notes += [control.unread for control in read.control.values() if control.unread]
    return Verification(
        findings,
        [
            *compare(findings, records, found, accounts.names, wanted.expected),
            *differences,
            *(Difference("unread", "", "", "", note) for note in dict.fromkeys(notes)),
        ],
        found,
        sorted(account for account in known if read.is_read(account)),
    )


def _accounts(accounts: Accounts, records: Iterable[GrantRecord], more: Iterable[str]) -> list[str]:
    """The caller's account, those of all grants, and further ones."""
    named = {
        account
        for record in records
        if record.command is not None
        for account in (
            record.command.producer.account,
            record.command.consumer.account,
            *(role.account for role in record.command.consumer.principals),
        )
    }
    return sorted({accounts.own, *named, *more})


def _read(accounts: Accounts, known: Sequence[str], wanted: Wanted, now: float, tell: Tell) -> evaluation.Accounts:
    inventories: dict[str, AccountInventory] = {}
    control: dict[str, ServiceControl] = {}
    for number, account in enumerate(known):
        tell("reading accounts", number, len(known))
        try:
            inventories[account] = read_inventory(accounts.client("iam", account), account)
            control[account] = read_service_control(
                accounts.client("organizations", account), accounts.client("organizations"), account
            )
        except StreamgovError as error:
            inventories[account] = AccountInventory(account, unread=f"account {account} was not read: {error}")
    return evaluation.Accounts(inventories, control, wanted.assume_no_control, now)
