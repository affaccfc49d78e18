"""Ledger records and entries of an audit, for tests."""

from __future__ import annotations

from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord, GrantState
from streamgov_core.model.command import AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.principal import RoleArn

PRODUCER, CONSUMER = "222222222222", "333333333333"
CLUSTER = f"arn:aws:kafka:eu-west-1:{PRODUCER}:cluster/prod/6d7d9f6c-0001-4a3b-9c65-000000000001-2"
ROLE = f"arn:aws:iam::{CONSUMER}:role/streaming/fraud-job"
BEGUN = "2026-01-02T10:00:00+00:00"
NOW = 1_767_500_000.0
"""2026-01-04."""


def topic(name: str) -> str:
    return CLUSTER.replace(":cluster/", ":topic/") + f"/{name}"


def record(
    grant: str = "g1",
    name: str = "orders",
    *,
    role: str = ROLE,
    state: GrantState = "GRANTED",
    request: AccessRequest | None = None,
    platform: str = "msk",
    generation: int = 1,
    told: dict[str, Any] | None = None,
    **more: Any,
) -> GrantRecord:
    resource: dict[str, Any] = {
        "arn": topic(name), "topic": name, "clusterArn": CLUSTER, "clusterType": "PROVISIONED",
        "bootstrapBrokers": "b-1.prod:9098", "bootstrapBrokersVpc": "b-1.vpce:14001",
    }  # fmt: skip
    if platform == "kinesis":
        arn = f"arn:aws:kinesis:eu-west-1:{PRODUCER}:stream/{name}"
        resource = {"arn": arn, "stream": name, "encryption": "NONE", "keyArn": ""}
    command = GrantCommand(
        side="both",
        request_type="GRANT",
        grant_id=grant,
        asset_id=f"asset-{name}",
        generation=generation,
        domain_id="dzd-4p9n6sw4qt9xgn",
        platform=platform,
        resource=resource,
        schema=None,
        producer=Party(PRODUCER, "eu-west-1"),
        consumer=Consumer(CONSUMER, "eu-west-1", "project-fraud", "env1", (RoleArn.parse(role),)),
        request=request or AccessRequest(),
        owner_project="project-orders",
    )
    facts = {
        "requestedBy": "ann", "requestReason": "find fraud", "approvedBy": "bob", "decisionComment": "fine",
        "begun": BEGUN, "requestId": "req1", "subscriptionId": "sub1",
    }  # fmt: skip
    return GrantRecord(
        grant,
        f"asset-{name}",
        generation,
        "GRANT",
        state,
        command,
        {**facts, **(told or {})},
        updated_at=1_767_348_060.0,
        **more,
    )
