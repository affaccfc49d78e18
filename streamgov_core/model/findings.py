"""What a reconcile run finds, how it is counted and published: a bounded list, a metric and an event for each kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from streamgov_core.model.naming import Names

Outcome = Literal["found", "repaired", "failed", "skipped"]
"""``skipped`` was not touched on purpose; ``found`` neither, since it was a dry run, or is for a later one."""

KINDS: Mapping[str, str] = {
    "MissedEvent": "DataZone waits for a grant or revoke that no execution has begun",
    "Stuck": "a grant or revoke is open in DataZone and no execution works on it",
    "Expired": "access was asked for until a moment that has passed",
    "Orphaned": "the grant, or its environment, subscription target or asset, is no longer there",
    "StatusMismatch": "DataZone and the grant ledger contradict each other about something that is over",
    "PrincipalsChanged": "a subscription target names other roles than those that have access",
    "AssetChanged": "an asset names another resource, key, schema or owner than when it was granted",
    "UnusableEnvironment": "access was granted to an environment that is suspended, disabled or expired",
    "NoMember": "a grant reaches an account that is no longer a member of the deployment",
    "GrantFailed": "a grant has failed and its subscription is still approved: somebody waits for it",
    "EndNotShown": "access has ended, and DataZone still shows the grant: delete it there",
    "Retained": "the subscription has ended and DataZone says that its permissions are retained",
    "UnrecordedGrant": "DataZone says that access is granted, and the grant ledger has no record of it",
    "UnrecordedContribution": "a document ledger holds a grant of which the grant ledger has no record",
    "Unreadable": "what a grant refers to could not be read, so nothing is concluded from it",
    "RevokeFailed": "a revoke has failed and waits for a person",
    "MissingContribution": "a granted asset is not, or not as last granted, in a document ledger",
    "StaleContribution": "a document ledger holds a grant that has ended or failed",
    "DriftAdded": "a policy holds a statement under our prefix that no grant asks for",
    "DriftRemoved": "a policy lacks a statement that a grant asks for",
    "DriftAltered": "a statement of ours was altered by hand",
    "ForeignStatement": "a policy that is ours alone holds a statement that is not ours",
    "ForeignOrphan": "a statement that is not ours names deleted principals only; it is left out if it blocks a write",
    "DeletedRole": "a role with access was deleted, or made again under its name",
    "Rejected": "a document could not be written when a grant was revoked",
    "Unchecked": "documents that could not be checked in this run",
}
"""Every kind of finding, in a sentence."""

QUIET = frozenset({"EndNotShown", "GrantFailed", "Retained"})
"""Kinds that are intended, or were told when they happened: reported and counted, but no reason for an alarm."""

MAX_TEXT = 300
EVENT_EXAMPLES = 10
RECONCILER = "reconcile"
"""The short name of the reconciler's function, a dimension of its metrics."""
HEARTBEAT = "RunsEnded"
"""The metric of reconcile runs that came to their end; an alarm goes off when it stays away."""
EVENT_SOURCE = "streamgov"
EVENT_TYPE = "Streamgov Reconcile Finding"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Args:
        kind: one of KINDS.
        subject: ``<grant>#<asset>``, or a document id of a member account.
        text: what was seen, for people.
        outcome: what came of it.
        account: the member account, if it was found there.
    """

    kind: str
    subject: str
    text: str
    outcome: Outcome = "found"
    account: str = ""

    def to_message(self) -> dict[str, str]:
        """As JSON, its text cut to size."""
        return {**asdict(self), "text": self.text[:MAX_TEXT]}


@dataclass
class Tally:
    """Findings, counted without limit and listed up to one.

    Args:
        limit: findings that are listed.
    """

    limit: int = 200
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    truncated: int = 0

    def add(self, finding: Finding) -> None:
        """Count and, while there is room, list one finding."""
        self._count(finding.kind, "found")
        if finding.outcome != "found":
            self._count(finding.kind, finding.outcome)
        if len(self.findings) < self.limit:
            self.findings.append(finding)
        else:
            self.truncated += 1

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add several."""
        for finding in findings:
            self.add(finding)

    def settle(self, kind: str, subject: str, outcome: Outcome, text: str = "") -> None:
        """Say what came of a finding that was counted before."""
        self._count(kind, outcome)
        for index, finding in enumerate(self.findings):
            if (finding.kind, finding.subject, finding.outcome) == (kind, subject, "found"):
                self.findings[index] = replace(
                    finding, outcome=outcome, text=f"{text}; {finding.text}" if text else finding.text
                )
                return

    def postpone(self, kind: str, subject: str) -> str:
        """Leave a finding to a later portion of the same run, which counts it anew.

        Returns:
            What was seen.
        """
        self._count(kind, "found", -1)
        if not self.counts[kind]["found"] and len(self.counts[kind]) == 1:
            del self.counts[kind]
        for index, finding in enumerate(self.findings):
            if (finding.kind, finding.subject) == (kind, subject):
                del self.findings[index]
                return finding.text
        self.truncated -= 1
        return ""

    def merge(self, raw: Mapping[str, Any]) -> None:
        """Add what ``to_message`` wrote elsewhere."""
        for kind, counted in raw["counts"].items():
            for outcome, number in counted.items():
                self._count(kind, outcome, number)
        found = [Finding(**item) for item in raw["findings"]]
        room = max(0, self.limit - len(self.findings))
        self.findings.extend(found[:room])
        self.truncated += raw["truncated"] + len(found[room:])

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "counts": self.counts,
            "findings": [finding.to_message() for finding in self.findings],
            "truncated": self.truncated,
        }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], limit: int = 200) -> Tally:
        """Read what ``to_message`` wrote."""
        tally = cls(limit)
        tally.merge(raw)
        return tally

    def number(self, outcome: str, *, loud: bool = False) -> int:
        """How many findings there are with an outcome; ``found`` counts all. ``loud`` leaves QUIET kinds out."""
        return sum(counted.get(outcome, 0) for kind, counted in self.counts.items() if not loud or kind not in QUIET)

    def _count(self, kind: str, outcome: str, number: int = 1) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of finding")
        counted = self.counts.setdefault(kind, {})
        counted[outcome] = counted.get(outcome, 0) + number


def mode_of(dry_run: bool) -> str:
    """The dimension ``Mode`` of a run's metrics: a dry run does not set off the alarms of those that repair."""
    return "dryRun" if dry_run else "repair"


def metrics(tally: Tally, dry_run: bool) -> list[tuple[dict[str, float], dict[str, str]]]:
    """The metrics of a run: values by name, and the dimensions that they share.

    For the run ``Findings``, ``Repaired`` and ``Open`` (found and not repaired, QUIET kinds aside), and ``Findings``
    for each kind. A dry run is published as one, so that it does not set off the alarm.
    """
    loud = tally.number("found", loud=True)
    mode = mode_of(dry_run)
    values: dict[str, float] = {
        "Findings": loud,
        "Repaired": tally.number("repaired"),
        "Open": loud - tally.number("repaired", loud=True),
    }
    return [
        (values, {"Mode": mode}),
        *(
            ({"Findings": float(counted.get("found", 0))}, {"Mode": mode, "Kind": kind})
            for kind, counted in sorted(tally.counts.items())
        ),
    ]


def events(names: Names, tally: Tally, dry_run: bool, execution: str) -> list[dict[str, Any]]:
    """Entries for PutEvents: one for each kind that was found, with its counts and the first few findings."""
    return [
        {
            "Source": EVENT_SOURCE,
            "DetailType": EVENT_TYPE,
            "Detail": json.dumps(
                {
                    "version": 1,
                    "namespace": names.namespace,
                    "kind": kind,
                    "meaning": KINDS[kind],
                    "dryRun": dry_run,
                    "execution": execution,
                    "counts": counted,
                    "examples": [item.to_message() for item in tally.findings if item.kind == kind][:EVENT_EXAMPLES],
                }
            ),
        }
        for kind, counted in sorted(tally.counts.items())
    ]
