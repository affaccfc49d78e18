"""What a detection finds, and what would put it right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from streamgov_core.model.findings import MAX_TEXT, Finding, Tally

Verb = Literal["start", "end", "expire", "revoke"]


@dataclass(frozen=True)
class Remediation:
    """What would put a finding right.

    Args:
        kind: of the finding.
        verb: ``start`` an execution, ``end`` the grant in DataZone, ``revoke`` from the ledger alone, or ``expire``:
            end it in DataZone whatever its status, or from the ledger if that cannot be.
        status: of the asset in DataZone when it was seen, or empty; if it has changed, nothing is done but to expire.
        generation: of the record, or -1; likewise.
        workflow_input: of the execution, for ``start``.
        text: of the finding, if it was left to a later portion of the run.
    """

    kind: str
    verb: Verb
    grant_id: str
    asset_id: str
    status: str
    generation: int
    workflow_input: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def subject(self) -> str:
        """As in the finding."""
        return f"{self.grant_id}#{self.asset_id}"

    def postponed(self, tally: Tally) -> Remediation:
        """The same for a later portion of the run, which counts the finding in its own tally."""
        return replace(self, text=tally.postpone(self.kind, self.subject)[:120])

    @property
    def finding(self) -> Finding:
        """The finding of one that was left to this portion of the run."""
        return Finding(self.kind, self.subject, self.text)

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass
class Detection:
    """Findings and what would put them right.

    Args:
        foreign: grants of other asset types, which are nobody's business here.
        grants: that DataZone listed.
    """

    findings: list[Finding] = field(default_factory=list)
    remediations: list[Remediation] = field(default_factory=list)
    foreign: int = 0
    grants: int = 0

    def without(self, kind: str) -> Detection:
        """The same without a kind of findings and remediations, which are somebody else's."""
        return replace(
            self,
            findings=[finding for finding in self.findings if finding.kind != kind or finding.outcome != "found"],
            remediations=[remediation for remediation in self.remediations if remediation.kind != kind],
        )

    def told(self, kind: str) -> list[Remediation]:
        """The remediations of a kind, each with the text of its finding."""
        texts = {finding.subject: finding.text for finding in self.findings if finding.kind == kind}
        return [
            replace(item, text=texts.get(item.subject, "")[:MAX_TEXT])
            for item in self.remediations
            if item.kind == kind
        ]

    def add(
        self, kind: str, subject: str, text: str, remediation: Remediation | None = None, *, skipped: bool = False
    ) -> None:
        """One finding."""
        self.findings.append(Finding(kind, subject, text, "skipped" if skipped else "found"))
        if remediation is not None:
            self.remediations.append(remediation)
