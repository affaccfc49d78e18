"""Where live policies and the grant ledger differ."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from iam_evaluation import Answer
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.naming import Names
from streamgov_core.platforms.access_question import Direction
from streamgov_ops.audit.entries import HOLDS
from streamgov_ops.verify.evaluation import ANYBODY, Finding

Rule = Literal[
    "accessWithoutGrant",
    "chainWithoutGrant",
    "ownerAccess",
    "grantWithoutAccess",
    "notDecided",
    "bypassesIam",
    "unread",
]
Level = Literal["error", "warning", "note"]
RULES: dict[Rule, tuple[Level, str]] = {
    "accessWithoutGrant": (
        "error",
        "A principal has access that no grant gives: remove the statement, or ask for a grant",
    ),
    "grantWithoutAccess": ("error", "A grant stands in the ledger, and live policies do not give it: reconcile"),
    "chainWithoutGrant": ("warning", "A principal may assume a role with access"),
    "bypassesIam": ("warning", "The data can be reached in a way that no IAM policy governs"),
    "ownerAccess": ("note", "A principal of the owner's own account has access without a grant"),
    "notDecided": ("note", "Whether a principal has access depends on what could not be read, or on the request"),
    "unread": ("note", "Something could not be read"),
}
"""Each kind of difference: how bad it is, and what it means."""


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        rule: its kind.
        resource: ARN of the topic or stream; '' where it is about an account.
        principal: who; '' where it is about nobody.
        direction: read, write, or ''.
        message: a sentence.
        by: the statements that allow it, as ``policy/Sid``, or the places on which the answer depends.
        through: roles that are assumed on the way.
        ours: whether this deployment wrote the statements.
    """

    rule: Rule
    resource: str
    principal: str
    direction: str
    message: str
    by: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    ours: bool = False

    @property
    def level(self) -> Level:
        """How bad it is."""
        return RULES[self.rule][0]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {**asdict(self), "level": self.level}


Granted = dict[tuple[str, str, Direction], str]
"""Resource, role and direction of what is granted, and the grant."""


def granted(records: Iterable[GrantRecord], *, settled: bool) -> Granted:
    """What the ledger says is granted.

    Args:
        records: of the ledger.
        settled: only what must be there now, not what is under way or could not be revoked.
    """
    found: Granted = {}
    for record in records:
        command = record.command
        if command is None or (record.state != "GRANTED" if settled else record.state not in HOLDS):
            continue
        ways: list[Direction] = [
            *(["read"] if command.request.reads else []),  # type: ignore[list-item]
            *(["write"] if command.request.writes else []),  # type: ignore[list-item]
        ]
        for principal in command.consumer.principals:
            for direction in ways:
                found[str(command.resource.get("arn", "")), principal.arn, direction] = record.grant_id
    return found


def compare(
    findings: Sequence[Finding],
    records: Sequence[GrantRecord],
    owners: dict[str, str],
    names: Names,
    expected: Sequence[str] = (),
) -> list[Difference]:
    """The differences, the worst first.

    Args:
        findings: the access by live policies, one for each principal, resource and direction.
        records: of the grant ledger.
        owners: resource to its owner's account; only these resources are compared.
        names: of the deployment.
        expected: patterns of principals' ARNs whose access is meant to be there.
    """
    may_hold = granted(records, settled=False)
    out: list[Difference] = []
    for finding in findings:
        key = (finding.resource, finding.principal, finding.direction)
        if key in may_hold and finding.verdict.answer is Answer.YES:
            continue
        if any(fnmatch.fnmatchcase(finding.principal, pattern) for pattern in expected):
            continue
        out.append(_difference(finding, owners, names))
    has = {
        (finding.resource, finding.principal, finding.direction): finding.verdict.answer
        for finding in findings
        if not finding.through
    }
    for (resource, principal, direction), grant in granted(records, settled=True).items():
        if resource in owners and (resource, principal, direction) not in has:
            out.append(
                Difference(
                    "grantWithoutAccess", resource, principal, direction,
                    f"grant {grant} lets {principal} {direction} {resource}, and live policies do not",
                )
            )  # fmt: skip
    order = list(RULES)
    return sorted(out, key=lambda item: (order.index(item.rule), item.resource, item.principal, item.direction))


def _difference(finding: Finding, owners: dict[str, str], names: Names) -> Difference:
    verdict = finding.verdict
    who = "anybody" if finding.principal == ANYBODY else finding.principal
    path = f" by assuming {' and then '.join(finding.through)}" if finding.through else ""
    rule: Rule
    if verdict.answer is Answer.NOT_DECIDED:
        rule, by = "notDecided", verdict.depends_on
        message = f"whether {who} may {finding.direction} {finding.resource}{path} depends on {'; '.join(by) or 'more'}"
    else:
        by = verdict.statements
        message = f"{who} may {finding.direction} {finding.resource}{path} ({finding.way}), and no grant says so"
        if finding.through:
            rule = "chainWithoutGrant"
        elif finding.account == owners.get(finding.resource):
            rule = "ownerAccess"
        else:
            rule = "accessWithoutGrant"
    ours = bool(by) and all(label.rsplit("/", 1)[-1].startswith(names.sid_prefix) for label in by)
    return Difference(rule, finding.resource, finding.principal, finding.direction, message, by, finding.through, ours)
