"""Reads how the parts of a deployment are, account by account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from streamgov_core.documents.compiler import (
    ATTACHED_LIMIT,
    INLINE_LIMIT,
    MANAGED_LIMIT,
    RESOURCE_POLICY_LIMIT,
    identity_statements,
    resource_statements,
    size,
)
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT
from streamgov_core.member.document_ledger import DynamoDocumentLedger
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import RemoteError, StreamgovError
from streamgov_core.model.naming import Names
from streamgov_ops.accounts import AccountNotReachableError, Accounts
from streamgov_ops.audit.entries import moment
from streamgov_ops.ledger import read_ledger
from streamgov_ops.runbook import alarm_advice
from streamgov_ops.runs import RunNotes
from streamgov_ops.session import NOT_FOUND, reporting

NEAR_LIMIT = 80.0
"""Percent of its limit from which on a document is told."""
ROLE_LIMIT = INLINE_LIMIT + ATTACHED_LIMIT * MANAGED_LIMIT
_LIMITED = {"cluster": RESOURCE_POLICY_LIMIT, "stream": RESOURCE_POLICY_LIMIT, "role": ROLE_LIMIT}


@dataclass(frozen=True)
class Trouble:
    """Something that a person should look at.

    Attributes:
        what: a sentence.
        do: what to do; '' where nothing is known.
        account: where; '' for the whole deployment.
    """

    what: str
    do: str = ""
    account: str = ""


@dataclass(frozen=True)
class Part:
    """A part of a deployment.

    Attributes:
        account: where.
        kind: function, machine, table, rule.
        name: physical name.
        state: as its service says it.
        good: whether that is as it should be.
    """

    account: str
    kind: str
    name: str
    state: str
    good: bool


@dataclass(frozen=True)
class Fill:
    """How full a policy document is.

    Attributes:
        account: where.
        document: its id.
        percent: of its limit, our own statements alone.
        grants: that it holds.
    """

    account: str
    document: str
    percent: float
    grants: int


@dataclass
class Status:
    """How a deployment is.

    Attributes:
        namespace: of the deployment.
        region: of the deployment.
        parts: in every account.
        grants: state to the number of assets in it.
        runs: what ran last: ``reconcile`` and each data source, with its time.
        fullest: the fullest documents of each account, the fullest first.
        troubles: what a person should look at.
        notes: what could not be read.
        unread: accounts of which nothing could be read, so nothing is known of what is wrong there.
    """

    namespace: str
    region: str
    parts: list[Part] = field(default_factory=list)
    grants: dict[str, int] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    fullest: list[Fill] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return asdict(self)


def read_status(
    accounts: Accounts, more_accounts: Sequence[str], now: float, tell: Callable[[str, int, int], None]
) -> Status:
    """Read everything; what may not be read becomes a note.

    Args:
        accounts: of the deployment; the caller's is the domain's.
        more_accounts: member accounts that have no grants yet.
        now: seconds since the epoch.
        tell: is told how far it is.

    Raises:
        NoDeploymentError: the caller's account holds no deployment of this namespace.
    """
    records = read_ledger(accounts)
    found = Status(accounts.names.namespace, accounts.names.region)
    found.grants = dict(sorted(Counter(record.state for record in records).items()))
    found.troubles.extend(grant_troubles(records, now))
    every = sorted({accounts.own, *more_accounts, *_members(records)})
    for number, account in enumerate(every):
        tell("reading accounts", number, len(every))
        reader = _AccountReader(accounts, account, found)
        for what, read in (
            ("functions", reader.functions), ("state machines", reader.machines), ("rules", reader.rules),
            ("alarms", reader.alarms), ("documents", reader.documents),
        ):  # fmt: skip
            try:
                read()
            except AccountNotReachableError as error:
                # The same sentence for everything that is asked there.
                found.unread.append(account)
                found.notes.append(f"nothing of account {account} was read: {error}")
                break
            except StreamgovError as error:
                found.notes.append(f"{what} of account {account} were not read: {error}")
    found.fullest.sort(key=lambda item: -item.percent)
    return found


def grant_troubles(records: Iterable[GrantRecord], now: float) -> Iterator[Trouble]:
    """Grants that failed or hang."""
    for record in records:
        what = f"grant {record.grant_id} of asset {record.asset_id}"
        look = f"streamgov explain {record.grant_id}"
        if record.state in ("GRANT_FAILED", "REVOKE_FAILED"):
            yield Trouble(f"{what} is {record.state} since {moment(record.updated_at)}: {record.cause}", look)
        elif record.state == "IN_PROGRESS" and now - record.updated_at > CENTRAL_TIMEOUT:
            yield Trouble(
                f"{what} is IN_PROGRESS since {moment(record.updated_at)}, and no execution lasts so long", look
            )


def fill_of(document_id: str, records: Iterable[ContributionRecord], names: Names) -> tuple[float, int] | None:
    """How full a document is with our own statements, in percent, and how many grants it holds.

    Returns:
        None for documents without a limit of ours.
    """
    kind = document_id.split("#", 1)[0]
    active = [record for record in records if record.state == "ACTIVE"]
    if kind not in _LIMITED or not active:
        return None
    permissions = [permission for record in active for permission in record.permissions]
    make = identity_statements if kind == "role" else resource_statements
    document = {"Version": "2012-10-17", "Statement": make(names.sid_prefix, permissions)}
    return 100 * size(document) / _LIMITED[kind], len(active)


def _members(records: Iterable[GrantRecord]) -> set[str]:
    return {
        account
        for record in records
        if record.command is not None
        for account in (record.command.producer.account, record.command.consumer.account)
    }


class _AccountReader:
    """Reads one account into a status."""

    def __init__(self, accounts: Accounts, account: str, status: Status) -> None:
        self._accounts, self._account, self._status = accounts, account, status
        self._names = accounts.names
        self._prefix = f"{accounts.names.namespace}-"

    def _pages(self, service: str, operation: str, result: str, **parameters: Any) -> list[Any]:
        client = self._accounts.client(service, self._account)
        name = "".join(part.title() for part in operation.split("_"))
        with reporting(f"{service}:{name}"):
            pages = client.get_paginator(operation).paginate(**parameters)
            return [item for page in pages for item in page.get(result, ())]

    def _part(self, kind: str, name: str, state: str, good: bool) -> None:
        self._status.parts.append(Part(self._account, kind, name, state, good))
        if not good:
            self._status.troubles.append(Trouble(f"{kind} {name} is {state}", "", self._account))

    def functions(self) -> None:
        """Functions and when data sources ran last."""
        for item in self._pages("lambda", "list_functions", "Functions"):
            name = item["FunctionName"]
            if not name.startswith(self._prefix):
                continue
            state = item.get("State") or "Active"
            self._part("function", name, state, state in ("Active", "Inactive"))
            word = name.removeprefix(self._prefix)
            if word == "reconcile" or word.startswith("sync-"):
                told = self._full_run(word) if word != "reconcile" else ""
                self._status.runs[f"{self._account} {word}"] = told or self._last_line(self._names.log_group(word))

    def _full_run(self, source: str) -> str:
        """How far a data source's full run is, or what its last one came to; '' if that is not known."""
        try:
            return RunNotes(self._accounts, self._account, source).told()
        except RemoteError as error:
            if error.code != NOT_FOUND:
                raise
            return ""  # an earlier release deployed it

    def _last_line(self, group: str) -> str:
        """When a function last logged; '' for never."""
        client = self._accounts.client("logs", self._account)
        try:
            with reporting("logs:DescribeLogStreams"):
                streams = client.describe_log_streams(
                    logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
                )["logStreams"]
        except RemoteError as error:
            if error.code == NOT_FOUND:
                return ""
            raise
        last = streams[0].get("lastEventTimestamp") if streams else None
        return moment(last / 1000) if last else ""

    def machines(self) -> None:
        """State machines."""
        for item in self._pages("stepfunctions", "list_state_machines", "stateMachines"):
            name = str(item["name"])
            ours = (self._names.central_machine, self._names.member_machine)
            if name in ours or name.startswith(f"{self._prefix}sync-"):
                self._part("machine", item["name"], "ACTIVE", True)

    def rules(self) -> None:
        """Rules; one that is disabled is a trouble."""
        for item in self._pages("events", "list_rules", "Rules", NamePrefix=self._prefix):
            self._part("rule", item["Name"], item["State"], item["State"] == "ENABLED")

    def alarms(self) -> None:
        """Alarms that are on, with what to do."""
        for item in self._pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=self._prefix):
            if item["StateValue"] != "ALARM":
                continue
            advice = alarm_advice(item["AlarmName"], self._names.namespace)
            do = advice.do if advice else str(item.get("AlarmDescription") or "")
            self._status.troubles.append(Trouble(f"alarm {item['AlarmName']} is on", do, self._account))

    def documents(self) -> None:
        """Policy documents, the fullest ones; those near their limit are a trouble."""
        ledger = DynamoDocumentLedger(
            lambda: self._accounts.client("dynamodb", self._account), self._names.document_table
        )
        try:
            with reporting("dynamodb:Scan"):
                documents = ledger.load_all()
        except RemoteError as error:
            if error.code == NOT_FOUND:
                return  # An account without a member's side.
            raise
        for document, records in documents.items():
            filled = fill_of(document, records, self._names)
            if filled is None:
                continue
            percent, grants = filled
            self._status.fullest.append(Fill(self._account, document, round(percent, 1), grants))
            if percent >= NEAR_LIMIT:
                self._status.troubles.append(
                    Trouble(
                        f"{document} is {percent:.0f} % full with {grants} grants",
                        "end grants that nobody needs (`streamgov recertify`), or use another role",
                        self._account,
                    )
                )
