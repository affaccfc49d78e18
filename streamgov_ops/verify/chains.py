"""Roles that may be assumed by others: access through one or several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from iam_evaluation import Answer, Principal, Request, Verdict, both
from streamgov_ops.verify.evaluation import (
    ANYBODY,
    Accounts,
    Finding,
    account_of,
    caller_of,
    decide_need,
    request_context,
)
from streamgov_ops.verify.inventory import LivePrincipal

ASSUME = "sts:AssumeRole"
MAX_CHAIN = 4
"""Roles on the way at most. A longer chain is reported by the step before it."""


@dataclass(frozen=True)
class Step:
    """Who may assume a role."""

    principal: str
    account: str
    role: str
    verdict: Verdict


class Chains:
    """Follows roles backwards from those with access. Who may assume a role is decided once.

    Args:
        accounts: everything that was read.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._roles = {principal.arn: principal for principal in accounts.principals() if principal.is_role}
        self._steps: dict[str, tuple[Step, ...]] = {}

    def through(self, direct: Iterable[Finding]) -> Iterator[Finding]:
        """The access of those who may assume, over several steps, the role of a finding."""
        for finding in direct:
            if finding.principal in self._roles:
                yield from self._follow(finding)

    def _follow(self, finding: Finding) -> Iterator[Finding]:
        seen, waiting = {finding.principal}, [finding]
        while waiting:
            current = waiting.pop(0)
            role = current.principal
            if len(current.through) == MAX_CHAIN:
                continue
            for step in self.steps_to(role):
                if step.principal in seen:
                    continue
                seen.add(step.principal)
                found = replace(
                    current,
                    principal=step.principal,
                    account=step.account,
                    verdict=both(step.verdict, current.verdict),
                    through=(role, *current.through),
                )
                yield found
                if step.principal in self._roles:
                    waiting.append(found)

    def steps_to(self, role: str) -> tuple[Step, ...]:
        """Everybody who may assume a role, or of whom that is not decided."""
        if role not in self._steps:
            self._steps[role] = tuple(self._assuming(self._roles[role]))
        return self._steps[role]

    def _assuming(self, role: LivePrincipal) -> Iterator[Step]:
        for principal in self._accounts.principals():
            if principal.arn == role.arn:
                continue
            verdict = self._decide(caller_of(principal), principal, role)
            if verdict.answer is not Answer.NO:
                yield Step(principal.arn, principal.account, role.arn, verdict)
        for outside in self._outside(role):
            verdict = self._decide(outside, None, role)
            if verdict.answer is not Answer.NO:
                yield Step(outside.service or outside.arn, outside.account or "", role.arn, verdict)

    def _decide(self, caller: Principal, known: LivePrincipal | None, role: LivePrincipal) -> Verdict:
        context = request_context(caller, known, role.account, self._accounts, role.arn)
        return decide_need(
            Request(ASSUME, role.arn, caller, context),
            known,
            self._accounts,
            () if role.trust is None else (role.trust,),
            owner=role.account,
            own_policy_decides=True,
            unread="" if role.trust is not None else f"the trust policy of {role.arn}",
        )

    def _outside(self, role: LivePrincipal) -> list[Principal]:
        """Who a trust policy names and no inventory holds. Services run as the role: that is what it is for."""
        found: dict[str, Principal] = {}
        for statement in () if role.trust is None else role.trust.document.statements:
            if not statement.allow or statement.principals is None:
                continue
            if statement.principals.anyone:
                found[ANYBODY] = Principal(ANYBODY, account=ANYBODY)
            for arn in statement.principals.aws:
                account = account_of(arn)
                if account and not self._accounts.is_read(account):
                    found[arn] = Principal(arn, account, arn if ":role/" in arn else None)
        return [found[key] for key in sorted(found)]
