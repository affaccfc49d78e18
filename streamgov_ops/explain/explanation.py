"""Reads everything about one grant: ledger, DataZone, executions of all accounts, logs, documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.grant_progress import commands_again
from streamgov_core.member.document_ledger import DynamoDocumentLedger
from streamgov_core.model.errors import StreamgovError
from streamgov_core.runtime.clients import error_code
from streamgov_ops.accounts import Accounts
from streamgov_ops.audit.entries import moment
from streamgov_ops.audit.reading import AuditReader
from streamgov_ops.audit.tables import short_person
from streamgov_ops.explain.changes import HISTORY, ChangeReader, PolicyChange
from streamgov_ops.explain.timeline import (
    Moment,
    execution_account,
    machine_moments,
    member_executions,
    mentions,
    moment_of,
)
from streamgov_ops.explain.traces import FoundTrace, trace_of, traces_of_lines
from streamgov_ops.runbook import CAUSES, Advice
from streamgov_ops.session import reporting

MAX_EXECUTIONS = 300
"""Executions of the central machine whose input is looked at, newest first, beside the one that the ledger names."""
AROUND = timedelta(minutes=15)
ROUNDING = timedelta(seconds=2)
"""CloudTrail's times are whole seconds."""
MAX_LOG_LINES = 60
_EXPECTED = ("grant collected", "outcome reported")


@dataclass(frozen=True)
class DocumentState:
    """What the grant contributes to one policy document.

    Attributes:
        account: the account.
        document: its id.
        state: ACTIVE, REMOVED, REJECTED or DEFERRED.
        generation: of the grant.
        at: when it was stored.
        gives: its permissions, a line each.
        cause: why it was rejected.
    """

    account: str
    document: str
    state: str
    generation: int
    at: str
    gives: tuple[str, ...]
    cause: str = ""


@dataclass
class Explanation:
    """Everything about one asset of a grant.

    Attributes:
        record: of the ledger.
        moments: the timeline.
        documents: what the grant contributes to policy documents now.
        changes: what each execution wrote into policies, with the text before and after.
        advice: what to do about a failure; None where nothing is to be done.
        notes: what could not be read.
        commands: that end a failed grant and make it again, once the cause is mended.
        traces: of its executions, and those that only log lines name.
    """

    record: GrantRecord
    moments: list[Moment] = field(default_factory=list)
    documents: list[DocumentState] = field(default_factory=list)
    changes: list[PolicyChange] = field(default_factory=list)
    advice: Advice | None = None
    notes: list[str] = field(default_factory=list)
    commands: tuple[str, ...] = ()
    traces: list[FoundTrace] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "grant": self.record.grant_id,
            "asset": self.record.asset_id,
            "state": self.record.state,
            "generation": self.record.generation,
            "cause": self.record.cause,
            "advice": None if self.advice is None else vars(self.advice),
            "timeline": [item.to_dict() for item in self.moments],
            "traces": [item.to_dict() for item in self.traces],
            "documents": [{**vars(item), "gives": list(item.gives)} for item in self.documents],
            "policies": [item.to_dict() for item in self.changes],
            "audit": dict(self.record.audit),
            "notes": self.notes,
            "commands": list(self.commands),
        }


class Explainer:
    """Reads.

    Args:
        accounts: of the deployment; the caller's is the domain's.
        tell: is told how far it is.
        policies: read what was written into policies, too: some seconds for each account.
        now: the time.
    """

    def __init__(
        self,
        accounts: Accounts,
        tell: Callable[[str, int, int], None] | None = None,
        *,
        policies: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts = accounts
        self._policies, self._now = policies, now
        self._names = accounts.names
        self._tell = tell or (lambda what, done, total: None)

    def explain(self, record: GrantRecord) -> Explanation:
        """Everything about one asset of a grant; what may not be read becomes a note."""
        found = Explanation(record)
        steps: tuple[tuple[str, Callable[[Explanation], Iterator[Moment]]], ...] = (
            ("the subscription request", self._request),
            ("executions", self._executions),
            ("logs", self._logs),
        )
        for number, (what, read) in enumerate(steps):
            self._tell(f"reading {what}", number, len(steps) + 1)
            try:
                found.moments.extend(read(found))
            except StreamgovError as error:
                found.notes.append(f"{what} could not be read in full: {error}")
        ended = moment_of(datetime.fromtimestamp(record.updated_at, UTC))
        failed = record.state.endswith("FAILED")
        found.moments.append(Moment(ended, self._accounts.own, f"ledger: {record.state}", record.cause, failed))
        found.moments = sorted(dict.fromkeys(found.moments), key=lambda item: datetime.fromisoformat(item.at))
        for account in self._members(record):
            try:
                found.documents.extend(self._documents(record, account))
            except StreamgovError as error:
                found.notes.append(f"documents of account {account} could not be read: {error}")
        if self._policies:
            self._tell("reading what was written into policies", len(steps), len(steps) + 1)
            self._add_changes(found)
        found.advice = advice_for(record, found.moments)
        if record.state == "GRANT_FAILED":
            try:
                found.commands = self._again(record)
            except StreamgovError as error:
                found.notes.append(f"the grant could not be read in DataZone: {error}")
        return found

    # --- policies -------------------------------------------------------------------------------------------------
    def _add_changes(self, found: Explanation) -> None:
        """Writes between the first and the last moment of the grant, into documents of its resource and roles."""
        command = found.record.command
        if command is None:
            return
        times = [datetime.fromisoformat(item.at) for item in found.moments]
        begin, end = min(times) - ROUNDING, max(times) + ROUNDING
        arns = [str(command.resource.get(name) or "") for name in ("arn", "clusterArn", "keyArn")]
        names = [*filter(None, arns), *(role.name for role in command.consumer.principals)]
        reader = ChangeReader(self._accounts, self._now)
        for account in self._members(found.record):
            try:
                found.changes.extend(reader.read(account, begin, end, names))
            except StreamgovError as error:
                found.notes.append(f"what was written into policies of account {account} could not be read: {error}")
        found.changes.sort(key=lambda item: item.at)
        if begin < self._now() - HISTORY:
            found.notes.append(f"policies: CloudTrail tells of the last {HISTORY.days} days only")

    def _again(self, record: GrantRecord) -> tuple[str, ...]:
        if record.command is None:
            return ()
        domain = record.command.domain_id
        with reporting("datazone:GetSubscriptionGrant"):
            grant = self._accounts.client("datazone").get_subscription_grant(
                domainIdentifier=domain, identifier=record.grant_id
            )
        return commands_again(domain, grant)

    def _members(self, record: GrantRecord) -> list[str]:
        if record.command is None:
            return []
        consumer = record.command.consumer
        return sorted(
            {record.command.producer.account, consumer.account, *(role.account for role in consumer.principals)}
        )

    # --- DataZone -------------------------------------------------------------------------------------------------
    def _request(self, found: Explanation) -> Iterator[Moment]:
        record = found.record
        request_id = record.audit.get("requestId")
        if record.command is None or not request_id:
            return
        with reporting("datazone:GetSubscriptionRequestDetails"):
            details = self._accounts.client("datazone").get_subscription_request_details(
                domainIdentifier=record.command.domain_id, identifier=request_id
            )
        own, names = self._accounts.own, AuditReader(self._accounts, lambda seconds: None)

        domain = record.command.domain_id

        def person(fact: str) -> str:
            kept = str(record.audit.get(f"{fact}Name") or "")
            return short_person(kept or names.person(domain, str(record.audit.get(fact) or ""))) or "?"

        asked = str(details.get("requestReason") or "")
        yield Moment(moment_of(details["createdAt"]), own, f"requested by {person('requestedBy')}", asked)
        if details["status"] != "PENDING":
            who, comment = person("approvedBy"), str(details.get("decisionComment") or "")
            yield Moment(moment_of(details["updatedAt"]), own, f"{str(details['status']).lower()} by {who}", comment)

    # --- executions -----------------------------------------------------------------------------------------------
    def _executions(self, found: Explanation) -> Iterator[Moment]:
        states = self._accounts.client("stepfunctions")
        for arn in self._central(states, found.record):
            events = _history(states, arn)
            found.traces.extend(filter(None, [trace_of(arn, events)]))
            name = arn.rsplit(":", 1)[1]
            yield Moment(moment_of(events[0]["timestamp"]), self._accounts.own, f"execution {name} started", arn)
            yield from machine_moments(events, self._accounts.own)
            for member in member_executions(events):
                account = execution_account(member)
                history = _history(self._accounts.client("stepfunctions", account), member)
                yield from machine_moments(history, account)

    def _central(self, states: Any, record: GrantRecord) -> list[str]:
        """Executions that worked on the grant, oldest first: those whose input names it, or one that does."""
        words = [record.grant_id]
        found = [record.execution] if record.execution else []
        with reporting("states:ListExecutions"):
            pages = states.get_paginator("list_executions").paginate(
                stateMachineArn=self._names.central_machine_arn(self._accounts.own),
                PaginationConfig={"MaxItems": MAX_EXECUTIONS},
            )
            listed = [item for page in pages for item in page["executions"]]
        for item in reversed([item for item in listed if self._is_near(item, record)]):
            with reporting("states:DescribeExecution"):
                text = states.describe_execution(executionArn=item["executionArn"]).get("input", "")
            if mentions(text, words):
                words.append(item["executionArn"])
                found.append(item["executionArn"])
        return list(dict.fromkeys(found))

    def _is_near(self, item: Any, record: GrantRecord) -> bool:
        begun = record.audit.get("begun")
        if not begun:
            return True
        return bool(item["startDate"] >= datetime.fromisoformat(begun) - AROUND)

    # --- logs -----------------------------------------------------------------------------------------------------
    def _logs(self, found: Explanation) -> Iterator[Moment]:
        record = found.record
        own = self._accounts.own
        places = [(own, "collect"), (own, "report"), *((account, "apply") for account in self._members(record))]
        for account, function in places:
            group = self._names.log_group(function)
            lines = list(self._lines(account, group, record.grant_id))
            found.traces.extend(traces_of_lines(lines, found.traces))
            for line in lines:
                if line.get("message") in _EXPECTED:
                    continue
                told = {key: line[key] for key in ("status", "cause", "reason", "document") if line.get(key)}
                detail = ", ".join(f"{key} {value}" for key, value in told.items())
                bad = line.get("level") in ("WARNING", "ERROR", "CRITICAL")
                yield Moment(str(line["timestamp"]), account, f"{function}: {line.get('message', '')}", detail, bad)

    def _lines(self, account: str, group: str, grant: str) -> Iterator[dict[str, Any]]:
        logs = self._accounts.client("logs", account)
        try:
            with reporting("logs:FilterLogEvents"):
                pages = logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group, filterPattern=f'"{grant}"', PaginationConfig={"MaxItems": MAX_LOG_LINES}
                )
                texts = [event["message"] for page in pages for event in page["events"]]
        except StreamgovError as error:
            if error.__cause__ is not None and error_code(error.__cause__) == "ResourceNotFoundException":  # type: ignore[arg-type]
                return
            raise
        for text in texts:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and line.get("grantId") == grant and line.get("timestamp"):
                yield line

    # --- documents ------------------------------------------------------------------------------------------------
    def _documents(self, record: GrantRecord, account: str) -> Iterator[DocumentState]:
        ledger = DynamoDocumentLedger(lambda: self._accounts.client("dynamodb", account), self._names.document_table)
        key = f"{record.grant_id}#{record.asset_id}"
        with reporting("dynamodb:Scan"):
            documents = ledger.load_all()
        for document, contributions in sorted(documents.items()):
            for item in contributions:
                if item.key == key:
                    gives = tuple(
                        f"{permission.principal_arn or 'the role'} may {', '.join(permission.actions)} on "
                        f"{permission.resource}"
                        for permission in item.permissions
                    )
                    if item.content:
                        gives = (*gives, f"tells the consumer {item.content}")
                    yield DocumentState(
                        account, document, item.state, item.generation, moment(item.at), gives, item.cause
                    )


def _history(states: Any, arn: str) -> list[dict[str, Any]]:
    with reporting("states:GetExecutionHistory"):
        pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]


def advice_for(record: GrantRecord, moments: Sequence[Moment]) -> Advice | None:
    """What to do about a failure: the first class that the timeline's failures name, or the general advice."""
    if not record.state.endswith("FAILED"):
        return None
    text = " ".join([record.cause, *(item.detail for item in moments if item.bad)])
    named = next(
        (name for name in CAUSES if name not in ("Other", "StreamgovError", "GrantError") and name in text), ""
    )
    if not named:
        named = "Rejected" if "REJECTED" in text else "Other"
    return CAUSES[named]
