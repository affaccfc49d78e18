"""The engine of one member account over fakes, and grants for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from streamgov_core.documents.resource_policy import ResourcePolicyDocument
from streamgov_core.member.engine import ApplyOutcome, Engine
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.platforms.msk.platform import Msk
from tests.unit.grants.fakes import (
    CLUSTER,
    CONSUMER,
    NAMES,
    Clock,
    Ids,
    MemoryDocumentLedger,
    MemoryPolicies,
    command,
)
from tests.unit.grants.oracle import allowed

SID = NAMES.sid_prefix
DOCUMENT = f"cluster#{CLUSTER}"


def role(number: int) -> str:
    return f"arn:aws:iam::{CONSUMER}:role/consumer-{number:03d}"


class EngineAccount:
    """One member account's engine over fakes."""

    def __init__(self, *, tokens: bool = True, limit: int = 20_480, clock: Clock | None = None) -> None:
        self.ledger = MemoryDocumentLedger()
        self.policies = MemoryPolicies(tokens=tokens, limit=limit)
        self.limit = limit
        self.early = tokens
        self.clock = clock or Clock()
        self.ids = Ids("lease")
        self.calls = ThreadPoolExecutor(64)

    def run(self, order: GrantCommand, *, seconds: float = 60.0) -> ApplyOutcome:
        contribution = contribution_of(order)
        policy_document = ResourcePolicyDocument(
            self.policies, contribution.arn, SID, self.limit, read_before_lease=self.early
        )
        engine = Engine(self.ledger, self.clock.invocation_clock(seconds, self.ids.next), self.calls)
        return engine.apply(policy_document, contribution, order.key, order.generation, order.grants)

    def can_read(self, principal: str, topic: str) -> bool:
        resource = CLUSTER.replace(":cluster/", ":topic/") + f"/{topic}"
        return allowed(self.policies.statements(CLUSTER), principal, "kafka-cluster:ReadData", resource)


def contribution_of(order: GrantCommand) -> PolicyContribution:
    return Msk().producer_contributions(NAMES, order)[0]


def grant(number: int, **more: Any) -> GrantCommand:
    return command(f"topic-{number}", principals=(role(number),), grant=f"grant{number}", **more)


def revoke(number: int, generation: int = 3) -> GrantCommand:
    return grant(number, request="REVOKE", generation=generation)
