"""Who should be able to do what, by the grants alone; and what the documents say, by AWS's evaluation logic.

The questions are answered by ``iam_evaluation``, which knows nothing of the
compiler; what the answers should be comes from what was granted (``Given``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from iam_evaluation.conditions import Context
from iam_evaluation.document import parse
from iam_evaluation.evaluate import Match, PolicySet, Principal, Request, Source, applies, decide, match_principal
from streamgov_core.deploy.access_role_permissions import access_boundary
from streamgov_core.deploy.member_permissions import consumer_boundary
from streamgov_core.model.naming import short_hash
from tests.unit.grants.fakes import CONSUMER, NAMES, OWNER

STREAMS, OTHERS, BOTH = "444444444444", "555555555555", "666666666666"
"""A second producer, a second consumer, and an account that is both; OWNER and CONSUMER are the first two."""


def cluster_of(account: str) -> str:
    return f"arn:aws:kafka:us-east-1:{account}:cluster/prod/12345678-1234-1234-1234-123456789012-7"


@dataclass(frozen=True)
class Asset:
    """A topic or a stream."""

    asset_id: str
    account: str
    name: str
    cluster: str = ""
    key: str = ""
    registered: bool = False

    @property
    def arn(self) -> str:
        if self.cluster:
            return f"{self.cluster.replace(':cluster/', ':topic/')}/{self.name}"
        return f"arn:aws:kinesis:us-east-1:{self.account}:stream/{self.name}"

    @property
    def registry(self) -> str:
        return f"arn:aws:glue:us-east-1:{self.account}:registry/streams"

    @property
    def schema(self) -> str:
        return f"arn:aws:glue:us-east-1:{self.account}:schema/streams/{self.name}"

    def forms(self) -> dict[str, Any]:
        schema = {"schema_arn": self.schema, "registry_arn": self.registry} if self.registered else {}
        if self.cluster:
            return {
                "MskSourceReferenceFormType": {"cluster_arn": self.cluster, "cluster_type": "PROVISIONED"},
                "KafkaSchemaFormType": {"kafka_topic": self.name, **schema},
            }
        encryption = {"encryption_type": "KMS", "key_arn": self.key} if self.key else {}
        return {
            "KinesisSourceReferenceFormType": {"stream_arn": self.arn, **encryption},
            "KinesisSchemaFormType": {"stream_name": self.name, **schema},
        }


def key_of(account: str) -> str:
    return f"arn:aws:kms:us-east-1:{account}:key/12345678-1234-1234-1234-123456789012"


ASSETS = (
    Asset("a0", OWNER, "orders", cluster_of(OWNER)),
    Asset("a1", OWNER, "orders2", cluster_of(OWNER), registered=True),
    Asset("a2", BOTH, "orders", cluster_of(BOTH), registered=True),
    Asset("a3", STREAMS, "clicks", key=key_of(STREAMS), registered=True),
    Asset("a4", STREAMS, "clicks2", key=key_of(STREAMS)),
    Asset("a5", BOTH, "clicks", key=key_of(BOTH)),
    Asset("a6", BOTH, "plain"),
)
CLUSTERS = tuple(sorted({asset.cluster for asset in ASSETS} - {""}))
KEYS = tuple(sorted({asset.key for asset in ASSETS} - {""}))
OWNERS = tuple(sorted({asset.account for asset in ASSETS}))
REGISTRIES = tuple(sorted({asset.registry for asset in ASSETS if asset.registered}))


@dataclass(frozen=True)
class Environment:
    """Where a project consumes."""

    account: str
    project: str

    @property
    def prefix(self) -> str:
        return f"{self.account}.{self.project}."


ENVIRONMENTS = (
    Environment(CONSUMER, "sales"),
    Environment(CONSUMER, "stock"),
    Environment(OTHERS, "sales"),
    Environment(BOTH, "audit"),
)


def role_of(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/streaming/{name}"


UNBOUNDED = role_of(OTHERS, "unbounded")
"""A role that lacks the permissions boundary: whoever asks for it as well gets nothing."""

ASSUMING = (role_of(CONSUMER, "assumes"), role_of(BOTH, "assumes"))
"""Roles under a boundary that denies every stream, as SageMaker Unified Studio's: they assume an access role."""
STS = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
OWN_POLICY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": list(STS), "Resource": "*"}}
"""What an assuming role may do by itself; its boundary allows no more."""

ROLES = (
    role_of(CONSUMER, "r0"), role_of(CONSUMER, "r1"), role_of(OTHERS, "r0"), role_of(BOTH, "r0"), UNBOUNDED, *ASSUMING,
)  # fmt: skip
ROLES_OF = {
    # Its targets may also name the role of the account that is both.
    CONSUMER: (ROLES[0], ROLES[1], ROLES[3], ASSUMING[0]),
    OTHERS: (ROLES[2],),
    BOTH: (ROLES[3], ASSUMING[1]),
}


def account_of(arn: str) -> str:
    """The account of an ARN; empty for ``*``, an action of the caller's own account."""
    return "" if arn == "*" else arn.split(":")[4]


@dataclass(frozen=True)
class Given:
    """What one grant gives."""

    asset: Asset
    environment: Environment
    roles: tuple[str, ...]
    access: str = "READ"
    consumption: str = "SHARED"
    until: str | None = None

    @property
    def direct(self) -> tuple[str, ...]:
        """The roles that get access themselves."""
        return tuple(role for role in self.roles if role not in ASSUMING)

    @property
    def assuming(self) -> tuple[str, ...]:
        """The roles that get it by an access role."""
        return tuple(role for role in self.roles if role in ASSUMING)

    @property
    def reads(self) -> bool:
        return self.access != "WRITE"

    @property
    def writes(self) -> bool:
        return self.access != "READ"

    @property
    def fans_out(self) -> bool:
        return self.reads and self.consumption == "FAN_OUT" and not self.asset.cluster


@dataclass(frozen=True)
class Probe:
    """A question about one principal, and its answer by the grants.

    Args:
        allowed: whether everything together allows it.
        on_resource: whether the resource's own document may allow it, looked at alone.
    """

    principal: str
    action: str
    resource: str
    allowed: bool
    context: tuple[tuple[str, str], ...] = ()
    on_resource: bool | None = None

    @property
    def resource_alone(self) -> bool:
        return self.allowed if self.on_resource is None else self.on_resource


# --- what the answers should be ---------------------------------------------------------------------------------------
def probes(given: list[Given], consumers: Mapping[str, str]) -> Iterator[Probe]:
    """Every question.

    Args:
        given: the active grants.
        consumers: ARN of each registered fan-out consumer -> its name.
    """
    for role in ROLES:
        mine = [item for item in given if role in item.direct]
        yield from _data(role, mine, consumers)
        yield from _connection_details(role, mine)
    yield from _readers(given)
    for owner in OWNERS:
        for environment in ENVIRONMENTS:
            yield from _access_role(owner, environment, given, consumers)


def _data(role: str, mine: list[Given], consumers: Mapping[str, str]) -> Iterator[Probe]:
    yield from _topics(role, mine)
    for cluster in CLUSTERS:
        yield from _cluster(role, cluster, [item for item in mine if item.asset.cluster == cluster])
    yield from _network(role, mine)
    yield from _streams(role, mine, consumers)
    yield from _keys(role, mine)
    yield from _schemas(role, mine)


def access_role_of(owner: str, environment: Environment) -> str:
    return NAMES.access_role_arn(owner, environment.account, environment.project)


def _access_role(
    owner: str, environment: Environment, given: list[Given], consumers: Mapping[str, str]
) -> Iterator[Probe]:
    """What an access role itself may do, and who may assume it."""
    access_role = access_role_of(owner, environment)
    mine = [item for item in given if item.assuming and item.environment == environment and item.asset.account == owner]
    yield from _data(access_role, mine, consumers)
    yield from _connection_details(access_role, [])
    for role in ROLES:
        for action in STS:
            yield Probe(role, action, access_role, any(role in item.assuming for item in mine))


def _topics(role: str, mine: list[Given]) -> Iterator[Probe]:
    names = {asset.arn for asset in ASSETS if asset.cluster}
    names |= {f"{cluster.replace(':cluster/', ':topic/')}/{name}" for cluster in CLUSTERS for name in ("order", "*")}
    for topic in sorted(names):
        on = [item for item in mine if item.asset.arn == topic]
        yield Probe(role, "kafka-cluster:DescribeTopic", topic, bool(on))
        yield Probe(role, "kafka-cluster:DescribeTopicDynamicConfiguration", topic, bool(on))
        yield Probe(role, "kafka-cluster:ReadData", topic, any(item.reads for item in on))
        yield Probe(role, "kafka-cluster:WriteData", topic, any(item.writes for item in on))
        for action in ("AlterTopic", "CreateTopic", "DeleteTopic"):
            yield Probe(role, f"kafka-cluster:{action}", topic, False)


def _cluster(role: str, cluster: str, mine: list[Given]) -> Iterator[Probe]:
    foreign = bool(mine) and account_of(role) != account_of(cluster)
    yield Probe(role, "kafka-cluster:Connect", cluster, bool(mine))
    yield Probe(role, "kafka-cluster:DescribeClusterDynamicConfiguration", cluster, bool(mine))
    yield Probe(role, "kafka-cluster:WriteDataIdempotently", cluster, any(item.writes for item in mine))
    for action in ("AlterCluster", "DescribeCluster"):
        yield Probe(role, f"kafka-cluster:{action}", cluster, False)
    for action in ("DescribeCluster", "DescribeClusterV2"):
        yield Probe(role, f"kafka:{action}", cluster, bool(mine), on_resource=foreign)
    if account_of(role) != account_of(cluster):
        # GetBootstrapBrokers knows no resource: the identity's side may say it of everything.
        yield Probe(role, "kafka:GetBootstrapBrokers", cluster, foreign)
    # The owner admits connections of whoever reads; the identity's side is for roles that make them, none of these.
    yield Probe(role, "kafka:CreateVpcConnection", cluster, False, on_resource=foreign)
    yield Probe(role, "kafka:DeleteCluster", cluster, False)
    for environment in ENVIRONMENTS:
        own = [item for item in mine if item.environment == environment]
        # The cluster's policy admits the account's prefix, the identity policy the project's.
        near = [item for item in mine if item.environment.account == environment.account]
        for kind, actions, uses in (
            ("group", ("AlterGroup", "DescribeGroup"), lambda item: item.reads),
            ("transactional-id", ("AlterTransactionalId", "DescribeTransactionalId"), lambda item: item.writes),
        ):
            name = f"{cluster.replace(':cluster/', f':{kind}/')}/{environment.prefix}app"
            for action in actions:
                yield Probe(
                    role,
                    f"kafka-cluster:{action}",
                    name,
                    any(map(uses, own)),
                    on_resource=any(map(uses, near)),
                )
                yield Probe(role, f"kafka-cluster:{action}", name.replace(environment.prefix, "x"), False)


def _network(role: str, mine: list[Given]) -> Iterator[Probe]:
    foreign = [item for item in mine if item.asset.cluster and item.asset.account != account_of(role)]
    own = f"arn:aws:ec2:us-east-1:{account_of(role)}:vpc-endpoint/vpce-1"
    for action in ("CreateTags", "CreateVpcEndpoint", "DeleteVpcEndpoints"):
        yield Probe(role, f"ec2:{action}", own, False)
    yield Probe(role, "kafka:ListVpcConnections", "*", bool(foreign))
    for cluster in CLUSTERS:
        owner, name = account_of(cluster), cluster.split("/")[1]
        connection = f"arn:aws:kafka:us-east-1:{account_of(role)}:vpc-connection/{owner}/{name}/1"
        reached = any(item.asset.cluster == cluster for item in foreign)
        yield Probe(role, "kafka:DescribeVpcConnection", connection, reached)
        for action in ("CreateVpcConnection", "DeleteVpcConnection"):
            yield Probe(role, f"kafka:{action}", connection, False)


def _streams(role: str, mine: list[Given], consumers: Mapping[str, str]) -> Iterator[Probe]:
    for asset in ASSETS:
        if asset.cluster:
            continue
        on = [item for item in mine if item.asset == asset]
        shared = any(item.reads and not item.fans_out for item in on)
        yield Probe(role, "kinesis:DescribeStreamSummary", asset.arn, bool(on))
        yield Probe(role, "kinesis:ListShards", asset.arn, bool(on))
        yield Probe(role, "kinesis:DescribeStream", asset.arn, any(item.reads for item in on))
        yield Probe(role, "kinesis:GetShardIterator", asset.arn, shared)
        yield Probe(role, "kinesis:GetRecords", asset.arn, shared)
        yield Probe(role, "kinesis:PutRecord", asset.arn, any(item.writes for item in on))
        yield Probe(role, "kinesis:PutRecords", asset.arn, any(item.writes for item in on))
        for action in ("DeleteStream", "PutResourcePolicy", "RegisterStreamConsumer"):
            yield Probe(role, f"kinesis:{action}", asset.arn, False)
    for arn, name in consumers.items():
        stream = arn.split("/consumer/")[0]
        fans = [item for item in mine if item.fans_out and item.asset.arn == stream]
        own = any(consumer_name(item.environment) == name for item in fans)
        yield Probe(role, "kinesis:SubscribeToShard", arn, own)
        yield Probe(role, "kinesis:DescribeStreamConsumer", arn, own)
        if not own or account_of(stream) == account_of(role):
            # By name, without the time of the registration: across accounts it has no policy that could allow it.
            yield Probe(role, "kinesis:DescribeStreamConsumer", arn.rpartition(":")[0], own)
        yield Probe(role, "kinesis:DeregisterStreamConsumer", arn, False)


def consumer_name(environment: Environment) -> str:
    """The name under which a project's fan-out consumer is registered."""
    return f"{NAMES.namespace}-{short_hash(environment.account, environment.project)}"


def _keys(role: str, mine: list[Given]) -> Iterator[Probe]:
    for key in KEYS:
        for stream in [asset for asset in ASSETS if not asset.cluster]:
            on = [item for item in mine if item.asset == stream and stream.key == key]
            context = (("kms:EncryptionContext:aws:kinesis:arn", stream.arn),)
            yield Probe(role, "kms:Decrypt", key, any(item.reads for item in on), context)
            yield Probe(role, "kms:GenerateDataKey", key, any(item.writes for item in on), context)
            yield Probe(role, "kms:Encrypt", key, False, context)
        for action in ("Decrypt", "GenerateDataKey", "CreateGrant"):
            yield Probe(role, f"kms:{action}", key, False)


def _schemas(role: str, mine: list[Given]) -> Iterator[Probe]:
    local = [item for item in mine if item.asset.registered and item.asset.account == account_of(role)]
    for asset in ASSETS:
        on = any(item.asset == asset for item in local)
        # By version id no schema can be named: one granted schema opens the versions of its account.
        near = bool(local) and asset.account == account_of(role)
        yield Probe(role, "glue:GetSchemaVersion", asset.schema, near)
        yield Probe(role, "glue:ListSchemaVersions", asset.schema, on)
        yield Probe(role, "glue:DeleteSchema", asset.schema, False)
    for registry in REGISTRIES:
        for action in ("GetRegistry", "GetSchema"):
            yield Probe(role, f"glue:{action}", registry, any(item.asset.registry == registry for item in local))
        for environment in ENVIRONMENTS:
            through = any(item.asset.account != account_of(role) for item in _registered(mine, registry, environment))
            yield Probe(role, "sts:AssumeRole", reader_of(registry, environment), through)


def _connection_details(role: str, mine: list[Given]) -> Iterator[Probe]:
    """What a project was told about connecting, in the role's account."""
    for environment in ENVIRONMENTS:
        told = any(item.environment == environment for item in mine)
        path = f"arn:aws:ssm:us-east-1:{account_of(role)}:parameter{NAMES.connection_path(environment.project)}"
        same = any(item.environment.project == environment.project for item in mine)
        for action in ("GetParameter", "GetParameters", "GetParametersByPath"):
            yield Probe(role, f"ssm:{action}", f"{path}/g1/a1", told or same)
            yield Probe(role, f"ssm:{action}", f"{path}x", False)
        for action in ("PutParameter", "DeleteParameter"):
            yield Probe(role, f"ssm:{action}", f"{path}/g1/a1", False)


def _registered(given: list[Given], registry: str, environment: Environment) -> list[Given]:
    """What an environment was given of the assets whose schemas are in a registry."""
    return [
        item
        for item in given
        if item.asset.registered and item.asset.registry == registry and item.environment == environment
    ]


def reader_of(registry: str, environment: Environment) -> str:
    return NAMES.reader_role_arn(account_of(registry), registry, environment.account, environment.project)


def _readers(given: list[Given]) -> Iterator[Probe]:
    """What a reader role itself may do."""
    for registry in REGISTRIES:
        for environment in ENVIRONMENTS:
            through = [
                item
                for item in _registered(given, registry, environment)
                if any(account_of(role) != item.asset.account for role in item.direct)
            ]
            reader = reader_of(registry, environment)
            yield Probe(reader, "glue:GetSchema", registry, bool(through))
            for asset in ASSETS:
                on = any(item.asset == asset for item in through)
                near = bool(through) and asset.account == account_of(registry)
                yield Probe(reader, "glue:GetSchemaVersion", asset.schema, near)
                yield Probe(reader, "glue:GetSchemaByDefinition", asset.schema, on)
                yield Probe(reader, "glue:ListSchemaVersions", asset.schema, on)
                yield Probe(reader, "glue:RegisterSchemaVersion", asset.schema, False)


# --- what the documents say -------------------------------------------------------------------------------------------
@lru_cache(maxsize=200_000)
def judged(probe: Probe, identity: tuple[str, ...], boundary: str, side: tuple[str, ...], key: bool) -> bool:
    """AWS's evaluation logic over the documents that apply to a question."""
    account = account_of(probe.principal)
    owner = account_of(probe.resource)
    policies = PolicySet(
        identity=tuple(Source("identity", "identity policy", parse(text)) for text in identity),
        boundary=(Source("boundary", "boundary", parse(boundary)),),
        resource=tuple(Source("resource", "resource policy", parse(text)) for text in side),
        resource_account=owner or account,
        resource_must_allow=key or probe.action in STS,
    )
    return decide(_request(probe), policies).allowed


@lru_cache(maxsize=200_000)
def alone(probe: Probe, text: str, named: bool) -> bool:
    """Whether one document by itself allows it; ``named`` for documents whose statements name principals."""
    request = _request(probe)
    return any(
        statement.allow
        and applies(statement, request, resource_optional=named)
        and (not named or (statement.principals is not None and _direct(statement.principals, request)))
        for statement in parse(text).statements
    )


def _direct(principals: Any, request: Request) -> bool:
    return match_principal(principals, request.principal) is not Match.NONE


@lru_cache(maxsize=200_000)
def _request(probe: Probe) -> Request:
    name = probe.principal.rsplit("/", 1)[1]
    account = account_of(probe.principal)
    session = f"arn:aws:sts::{account}:assumed-role/{name}/app"
    caller = {"aws:PrincipalArn": probe.principal, "aws:PrincipalAccount": account, "aws:userid": f"AROA{name}:app"}
    context = Context({**caller, **dict(probe.context)})
    return Request(probe.action, probe.resource, Principal(session, account, probe.principal, f"AROA{name}"), context)


@lru_cache
def boundary_of(principal: str) -> str:
    if principal in ASSUMING:
        return json.dumps(OWN_POLICY)
    account = account_of(principal)
    made = access_boundary if "/access/" in principal else consumer_boundary
    return json.dumps(made(NAMES, account))


def default_key_policy(key: str) -> str:
    """The policy that KMS gives a key ("Default key policy"): the account's own identity policies count."""
    root = {"AWS": f"arn:aws:iam::{account_of(key)}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@lru_cache
def asked_actions() -> frozenset[str]:
    """Every action that the questions are about; what else a document allowed, nobody would notice."""
    return frozenset(probe.action for probe in probes([], {f"{ASSETS[-1].arn}/consumer/name:1": "name"}))


def place_of(resource: str) -> str:
    """Whose document governs a resource: a cluster's its topics too."""
    for kind in ("topic", "group", "transactional-id"):
        if f":{kind}/" in resource and ":kafka:" in resource:
            return "/".join(resource.replace(f":{kind}/", ":cluster/").split("/")[:3])
    return resource
