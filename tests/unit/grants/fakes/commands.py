"""A deployment's constants, and commands about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamgov_core.model.asset_record import NO_REGISTRY
from streamgov_core.model.command import AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.schema_reference import SchemaReference
from streamgov_core.platforms.msk.arns import topic_arn

NAMES = Names()
OWNER, CONSUMER, THIRD = "222222222222", "333333333333", "444444444444"
DOMAIN = "dzd-unittest"
CLUSTER = f"arn:aws:kafka:us-east-1:{OWNER}:cluster/streaming-prod/12345678-1234-1234-1234-123456789012-7"
SERVERLESS = f"arn:aws:kafka:us-east-1:{OWNER}:cluster/serverless-one/12345678-1234-1234-1234-123456789012-s3"
ROLE = f"arn:aws:iam::{CONSUMER}:role/streaming/consumer"
REGISTRY = f"arn:aws:glue:us-east-1:{OWNER}:registry/streams"
PROJECT = "consumerproj01"
EVERY_STREAM = ("arn:aws:kafka:*:*:topic/*/*/*", "arn:aws:kinesis:*:*:stream/*")
CLAIMABLE = {"streams": EVERY_STREAM, NO_REGISTRY: EVERY_STREAM}
"""Data sources that may speak for every topic and stream."""


def schema_of(name: str) -> SchemaReference:
    return SchemaReference(REGISTRY, f"arn:aws:glue:us-east-1:{OWNER}:schema/streams/{name}", name)


def command(
    topic: str = "orders",
    *,
    principals: tuple[str, ...] = (ROLE,),
    access: str = "READ",
    request: str = "GRANT",
    side: str = "producer",
    generation: int = 1,
    grant: str = "grant1",
    asset: str = "asset1",
    cluster: str = CLUSTER,
    schema: SchemaReference | None = None,
    account: str | None = OWNER,
    options: Mapping[str, Any] | None = None,
    project: str = PROJECT,
) -> GrantCommand:
    kind = "SERVERLESS" if cluster == SERVERLESS else "PROVISIONED"
    return GrantCommand(
        side=side,  # type: ignore[arg-type]
        request_type=request,  # type: ignore[arg-type]
        grant_id=grant,
        asset_id=asset,
        generation=generation,
        domain_id=DOMAIN,
        platform="msk",
        resource={"arn": topic_arn(cluster, topic), "clusterArn": cluster, "clusterType": kind, "topic": topic},
        schema=schema,
        producer=Party(OWNER, "us-east-1"),
        consumer=Consumer(CONSUMER, "us-east-1", project, "env1", RoleArn.parse_all(principals)),
        request=AccessRequest(access),  # type: ignore[arg-type]
        options=dict(options or {}),
        owner_project="ownerproject01",
        account=account,
    )
