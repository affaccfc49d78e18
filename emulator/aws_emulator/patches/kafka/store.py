"""The clusters of an account and region, and what belongs to them."""

from __future__ import annotations

import random
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator, ScaledClock
from aws_emulator.patches.common import is_foreign_administrator, parse_arn, random_id

CREATING_SECONDS = 1.0
"""AWS needs a quarter of an hour; what waits for ACTIVE is tested all the same."""

KEPT_OPERATIONS = 200
"""Of one cluster; the oldest are forgotten."""

NAME_CHARACTERS = r"[a-zA-Z0-9-]{1,64}"


@dataclass
class Topic:
    """A topic as the MSK topic API shows it."""

    name: str
    partitions: int
    replication: int
    configs: str | None = None


@dataclass
class VpcConnection:
    """A private connection of a client VPC to a cluster; it belongs to the client's account."""

    arn: str
    cluster_arn: str
    owner: str
    authentication: str
    vpc_id: str
    subnets: list[str]
    security_groups: list[str]
    created: float
    tags: dict[str, str]
    state: str = "AVAILABLE"


@dataclass(frozen=True)
class Operation:
    """An update of a cluster, over when it is remembered.

    Attributes:
        before: what it changed, as ``MutableClusterInfo``, before the update.
        after: the same after it.
    """

    arn: str
    kind: str
    when: float
    request_id: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass
class Cluster:
    """A cluster. ``arn`` and ``cluster_name`` are also read by moto's tagging backend.

    Attributes:
        settings: the ``Provisioned`` or ``Serverless`` structure of CreateClusterV2.
        policy: the stored policy (principals as unique ids), its version beside it; None without one.
    """

    arn: str
    cluster_name: str
    cluster_type: str
    settings: dict[str, Any]
    created: float
    active_at: float
    account: str
    region: str
    version: str = field(default_factory=lambda: "K" + random_id(13))
    topics: dict[str, Topic] = field(default_factory=dict)
    connections: dict[str, VpcConnection] = field(default_factory=dict)
    operations: deque[Operation] = field(default_factory=lambda: deque(maxlen=KEPT_OPERATIONS))
    host: str = field(default_factory=lambda: random_id(6, "abcdefghijklmnopqrstuvwxyz0123456789"))
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def provisioned(self) -> bool:
        return self.cluster_type == "PROVISIONED"

    def vpc_authentication(self, scheme: str) -> bool:
        """Whether multi-VPC private connectivity is on for ``Iam``, ``Scram`` or ``Tls``; serverless has none."""
        info = self.settings.get("BrokerNodeGroupInfo", {}).get("ConnectivityInfo", {})
        client = info.get("VpcConnectivity", {}).get("ClientAuthentication", {})
        part = client.get("Tls", {}) if scheme == "Tls" else client.get("Sasl", {}).get(scheme, {})
        return bool(part.get("Enabled"))

    def multi_vpc(self) -> bool:
        """Whether multi-VPC private connectivity is on for any scheme."""
        return any(self.vpc_authentication(scheme) for scheme in ("Iam", "Scram", "Tls"))

    def authentication(self, scheme: str) -> bool:
        """Whether clients may authenticate by ``Iam``, ``Scram`` or ``Tls``."""
        client = self.settings.get("ClientAuthentication", {})
        part = client.get("Tls", {}) if scheme == "Tls" else client.get("Sasl", {}).get(scheme, {})
        return bool(part.get("Enabled"))

    def unauthenticated(self) -> bool:
        """Whether clients may connect without authentication (also the default of a cluster that names no scheme)."""
        client = self.settings.get("ClientAuthentication", {})
        named = any(self.authentication(scheme) for scheme in ("Iam", "Scram", "Tls"))
        return bool(client.get("Unauthenticated", {}).get("Enabled", not named))

    def changed(self) -> None:
        """A new ``CurrentVersion``, as each update gives."""
        self.version = "K" + random_id(13)


class Store:
    """Finds and keeps clusters, in moto's kafka backends."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._random = random.Random()

    def backend(self, account: str, region: str) -> Any:
        """The backend of moto whose ``clusters``, ``policies`` and tagger are used."""
        from moto.kafka.models import kafka_backends

        return kafka_backends[account][region]

    def clusters(self, account: str, region: str) -> list[Cluster]:
        """All clusters of an account and region, by name."""
        found: list[Cluster] = list(self.backend(account, region).clusters.values())
        return sorted(found, key=lambda cluster: cluster.cluster_name)

    def now(self) -> float:
        return self.emulator.clock.now()

    def state(self, cluster: Cluster) -> str:
        """CREATING for a moment, then ACTIVE."""
        return "ACTIVE" if self.now() >= cluster.active_at else "CREATING"

    def create(self, call: ApiCall, name: str, kind: str, settings: dict[str, Any], tags: dict[str, str]) -> Cluster:
        """Make a cluster.

        Raises:
            ApiError: ConflictException, when the account has one of that name in the region.
        """
        account, region = call.caller.account, call.region
        backend = self.backend(account, region)
        if any(cluster.cluster_name == name for cluster in list(backend.clusters.values())):
            raise ApiError("ConflictException", f"A resource with the name {name} already exists.", 409)
        suffix = self._random.randint(1, 25)
        unique = f"{uuid.uuid4()}-{suffix}" if kind == "PROVISIONED" else f"{uuid.uuid4()}-s{suffix % 3 + 1}"
        now = self.now()
        clock = self.emulator.clock
        speed = clock.speed if isinstance(clock, ScaledClock) else 1.0
        cluster = Cluster(
            arn=f"arn:aws:kafka:{region}:{account}:cluster/{name}/{unique}",
            cluster_name=name,
            cluster_type=kind,
            settings=settings,
            created=now,
            active_at=now + CREATING_SECONDS / speed,
            account=account,
            region=region,
        )
        backend.clusters[cluster.arn] = cluster
        if tags:
            backend.tag_resource(cluster.arn, tags)
        return cluster

    def find(self, call: ApiCall, arn: str, *, missing: str = "NotFoundException") -> Cluster:
        """The cluster of an ARN, in its own account; the IAM part has checked who may ask.

        Args:
            call: the request.
            arn: of the cluster.
            missing: the code for one that does not exist; some operations model no NotFoundException.

        Raises:
            ApiError: there is none, or an administrator of another account asks.
        """
        parsed = parse_arn(arn)
        if parsed is None or parsed.service != "kafka" or not parsed.resource.startswith("cluster/"):
            raise bad_request("One or more of the parameters are not valid: clusterArn.", "clusterArn")
        if parsed.region != call.region:
            raise ApiError(missing, "The request references a cluster of another Region.", 404)
        if is_foreign_administrator(call, parsed.account):
            raise ApiError("ForbiddenException", f"{call.caller.arn} has no access to {arn}.", 403)
        cluster: Cluster | None = None
        if parsed.account in self.emulator.parts["settings"].accounts:
            cluster = self.backend(parsed.account, parsed.region).clusters.get(arn)
        if cluster is None:
            status = 404 if missing == "NotFoundException" else 400
            message = "The request contains an ARN of a cluster that does not exist."
            raise ApiError(missing, message, status, {"InvalidParameter": "clusterArn"})
        return cluster

    def check_version(self, cluster: Cluster, version: str | None) -> None:
        """Refuse an update that was made for another version of the cluster.

        Raises:
            ApiError: BadRequestException.
        """
        if version is not None and version != cluster.version:
            raise bad_request("This operation cannot be performed on the cluster's current version.", "currentVersion")


def bad_request(message: str, parameter: str | None = None) -> ApiError:
    """MSK's error for nearly everything."""
    return ApiError("BadRequestException", message, 400, {"InvalidParameter": parameter} if parameter else {})
