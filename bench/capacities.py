"""How many grants fit: computed with the product's compiler, for names of the usual lengths.

18-character topic names, a cluster name of 14, role ARNs of 51 characters, streams named like topics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from streamgov_core.documents.access_trust import access_trust
from streamgov_core.documents.compiler import (
    ATTACHED_LIMIT,
    INLINE_LIMIT,
    MANAGED_LIMIT,
    RESOURCE_POLICY_LIMIT,
    TRUST_LIMIT,
    identity_statements,
    resource_statements,
    size,
)
from streamgov_core.model.access_role import as_access_role
from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.command import AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.connection_details import connection_permissions
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import consumer_permissions
from streamgov_core.model.schema_reference import SchemaReference
from streamgov_core.platforms.kinesis.platform import Kinesis
from streamgov_core.platforms.msk.arns import topic_arn
from streamgov_core.platforms.msk.platform import Msk

NAMES = Names()
OWNER, CONSUMER = "222222222222", "333333333333"
REGION = "us-east-1"
CLUSTER = f"arn:aws:kafka:{REGION}:{OWNER}:cluster/streaming-prod/12345678-1234-1234-1234-123456789012-7"
REGISTRY = f"arn:aws:glue:{REGION}:{OWNER}:registry/streams"
PROJECT = "abcdefghijklmn"
Permits = Callable[[int], Sequence[Permission]]


@dataclass(frozen=True)
class Capacity:
    """One document and how many grants it holds.

    Args:
        document: which one.
        grants: of what kind.
        fits: how many.
        dsf: what was measured of AWS's Data Solutions Framework, or a dash.
    """

    document: str
    grants: str
    fits: int
    dsf: str = "-"


def role_arn(number: int, account: str = CONSUMER) -> str:
    """A role ARN of 51 characters."""
    return f"arn:aws:iam::{account}:role/consumer-rol-{number:07d}"


def command(
    platform: str, topic: int, role: int, *, local: bool = False, access: str = "READ", schema: bool = False
) -> GrantCommand:
    """A grant of one topic or stream to one role."""
    name, account = f"topic-{topic:012d}", OWNER if local else CONSUMER
    stream = f"arn:aws:kinesis:{REGION}:{OWNER}:stream/{name}"
    kafka = {"arn": topic_arn(CLUSTER, name), "clusterArn": CLUSTER, "clusterType": "PROVISIONED", "topic": name}
    schema_arn = REGISTRY.replace(":registry/", ":schema/") + f"/{name}"
    return GrantCommand(
        side="both",
        request_type="GRANT",
        grant_id=f"grant{topic}",
        asset_id=f"asset{role}",
        generation=1,
        domain_id="dzd-bench",
        platform=platform,
        resource=kafka if platform == "msk" else {"arn": stream, "stream": name, "encryption": "NONE"},
        schema=SchemaReference(REGISTRY, schema_arn, name) if schema else None,
        producer=Party(OWNER, REGION),
        consumer=Consumer(account, REGION, PROJECT, "environment", (RoleArn.parse(role_arn(role, account)),)),
        request=AccessRequest(access),  # type: ignore[arg-type]
        account=account,
    )


def capacities() -> list[Capacity]:
    """Every row of ``docs/capacities.md``."""
    msk, kinesis = Msk(), Kinesis()
    platforms: dict[str, Any] = {"msk": msk, "kinesis": kinesis}

    def identity(platform: str, **given: Any) -> Permits:
        def permissions(number: int) -> Sequence[Permission]:
            order = command(platform, number, 1, **given)
            own = platforms[platform].consumer_permissions(NAMES, order)
            told = connection_permissions(NAMES, order, order.consumer.account)
            return (*own, *consumer_permissions(NAMES, order, order.consumer.principals[0]), *told)

        return permissions

    def owner(platform: str, topic: Callable[[int], int], role: Callable[[int], int], **given: Any) -> Permits:
        def permissions(number: int) -> Sequence[Permission]:
            order = command(platform, topic(number), role(number), **given)
            return [
                p
                for contribution in platforms[platform].producer_contributions(NAMES, order)
                for p in contribution.permissions
            ]

        return permissions

    def inside(platform: str, **given: Any) -> Permits:
        def permissions(number: int) -> Sequence[Permission]:
            order = as_access_role(NAMES, command(platform, number, 1, **given))
            own = platforms[platform].consumer_permissions(NAMES, order)
            return (*own, *consumer_permissions(NAMES, order, order.consumer.principals[0]))

        return permissions

    each: Callable[[int], int] = lambda number: number  # noqa: E731 - two one-liners beside each other
    same: Callable[[int], int] = lambda number: 1  # noqa: E731
    role, cluster = "role: inline and 10 managed policies", "cluster policy"
    access = "access role: inline and 10 managed policies"
    return [
        Capacity(role, "topics, other account, managed VPC", in_role(identity("msk")), "15"),
        Capacity(role, "topics, same account", in_role(identity("msk", local=True)), "-"),
        Capacity(
            role, "topics with their schemas, same account", in_role(identity("msk", local=True, schema=True)), "9"
        ),
        Capacity(role, "streams", in_role(identity("kinesis")), "-"),
        Capacity(cluster, "roles, a topic each", in_resource(owner("msk", each, each)), "28"),
        Capacity(cluster, "roles, a topic each, to write", in_resource(owner("msk", each, each, access="WRITE")), "-"),
        Capacity(cluster, "roles on the same topic", in_resource(owner("msk", same, each)), "28"),
        Capacity(cluster, "topics of one role", in_resource(owner("msk", each, same)), "28"),
        Capacity("stream policy", "roles", in_resource(owner("kinesis", same, each)), "-"),
        Capacity(access, "topics", in_role(inside("msk"))),
        Capacity(access, "topics with their schemas", in_role(inside("msk", schema=True))),
        Capacity(access, "streams", in_role(inside("kinesis"))),
        Capacity("access role: trust policy", "a project's roles", in_trust("datazone_usr_role_{0:029d}", tagged=True)),
        Capacity("access role: trust policy", "other roles", in_trust("consumer-rol-{0:07d}", tagged=False)),
    ]


def in_trust(name: str, *, tagged: bool) -> int:
    """How many roles of one project may assume an access role."""

    def fits(count: int) -> bool:
        arns = [f"arn:aws:iam::{CONSUMER}:role/{name.format(number)}" for number in range(count)]
        roles = [AssumingRole(RoleArn.parse(arn), f"AROA{n:017d}", PROJECT, tagged) for n, arn in enumerate(arns)]
        return size(access_trust(NAMES.partition, NAMES.sid_prefix, roles)) <= TRUST_LIMIT

    return _most(fits)


def in_resource(permissions: Permits) -> int:
    """How many grants fit in a cluster or stream policy."""

    def fits(count: int) -> bool:
        statements = resource_statements(NAMES.sid_prefix, [p for n in range(count) for p in permissions(n)])
        return size({"Version": "2012-10-17", "Statement": statements}) <= RESOURCE_POLICY_LIMIT

    return _most(fits)


def in_role(permissions: Permits) -> int:
    """How many grants fit on a role with nothing else attached."""

    def held(limit: int) -> int:
        def fits(count: int) -> bool:
            statements = identity_statements(NAMES.sid_prefix, [p for n in range(count) for p in permissions(n)])
            return size({"Version": "2012-10-17", "Statement": statements}) <= limit

        return _most(fits)

    return held(INLINE_LIMIT) + ATTACHED_LIMIT * held(MANAGED_LIMIT)


def _most(fits: Callable[[int], bool]) -> int:
    low, high = 0, 1
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
