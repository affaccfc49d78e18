"""In-memory stand-ins for the gateways, with places to inject what others do at the worst moment."""

from __future__ import annotations

from tests.unit.grants.fakes.account import (
    MemoryAccountGateway,
    MemoryConsumers,
    MemoryIam,
    MemoryKeys,
    MemoryPolicies,
)
from tests.unit.grants.fakes.clocks import Clock, Ids, RealClock
from tests.unit.grants.fakes.commands import (
    CLAIMABLE,
    CLUSTER,
    CONSUMER,
    DOMAIN,
    NAMES,
    OWNER,
    PROJECT,
    REGISTRY,
    ROLE,
    SERVERLESS,
    THIRD,
    command,
    schema_of,
)
from tests.unit.grants.fakes.datazone import MemoryDomain, grant_event
from tests.unit.grants.fakes.ledgers import MemoryDocument, MemoryDocumentLedger, MemoryGrants

__all__ = [
    "CLAIMABLE",
    "CLUSTER",
    "CONSUMER",
    "DOMAIN",
    "NAMES",
    "OWNER",
    "PROJECT",
    "REGISTRY",
    "ROLE",
    "SERVERLESS",
    "THIRD",
    "Clock",
    "Ids",
    "MemoryAccountGateway",
    "MemoryConsumers",
    "MemoryDocument",
    "MemoryDocumentLedger",
    "MemoryDomain",
    "MemoryGrants",
    "MemoryIam",
    "MemoryKeys",
    "MemoryPolicies",
    "RealClock",
    "command",
    "grant_event",
    "schema_of",
]
