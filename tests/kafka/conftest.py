"""A real broker behind an emulated cluster, and roles that sign in with the public signer's tokens."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import CredentialProvider, Credentials
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from aws_emulator.kafka import jars
from streamgov_samples.functions.kafka import connection
from tests.sandbox import CONSUMER, PRODUCER, EmulatorProcess, client, run_emulator

__all__ = ["client"]

REGION = "us-east-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
}


@pytest.fixture(autouse=True, scope="session")
def needs_java() -> None:
    try:
        jars.java()
        if not jars.ready():
            jars.maven()
    except jars.KafkaUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    process, running = run_emulator(tmp_path_factory.mktemp("emulator"), EMULATOR_KAFKA="auto")
    yield running
    process.terminate()
    process.wait(30)


def create_cluster(kafka: Any, name: str) -> str:
    arn: str = kafka.create_cluster(
        ClusterName=name,
        KafkaVersion="3.9.x",
        NumberOfBrokerNodes=2,
        BrokerNodeGroupInfo={"InstanceType": "kafka.m7g.large", "ClientSubnets": ["subnet-1", "subnet-2"]},
        ClientAuthentication={"Sasl": {"Iam": {"Enabled": True}}},
    )["ClusterArn"]
    return arn


@dataclass
class Running:
    """A cluster whose broker runs."""

    arn: str
    address: str
    started: dict[str, Any]

    def resource(self, kind: str, name: str) -> str:
        return f"{self.arn.replace(':cluster/', f':{kind}/', 1)}/{name}"


@pytest.fixture(scope="session")
def cluster(emulator: EmulatorProcess, client: Callable[..., Any]) -> Running:
    arn = create_cluster(client("kafka", PRODUCER), "tested")
    told = emulator.admin("POST", "kafka", {"wait": 20})
    for _ in range(60):
        if told["brokers"][arn]["state"] not in ("waiting", "starting"):
            break
        told = emulator.admin("POST", "kafka", {"wait": 20})
    assert told["brokers"][arn]["state"] == "running", told
    return Running(arn, told["brokers"][arn]["address"], told["brokers"][arn])


class Provider(CredentialProvider):
    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


def token_of(credentials: Credentials, region: str = REGION) -> str:
    """A token of the public signer."""
    signed: str = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(region, Provider(credentials))[0]
    return signed


class Role:
    """A deployed role with its policy, and Kafka clients that are it."""

    def __init__(self, client: Callable[..., Any], account: str, address: str) -> None:
        self.name = f"kafka-{uuid.uuid4().hex[:8]}"
        self.account, self._address = account, address
        self._iam = client("iam", account)
        self._sts = client("sts", account)
        self.arn: str = self._iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
            "Arn"
        ]
        self._open: list[Any] = []

    def allow(self, *statements: tuple[str, str]) -> None:
        """Replace what it may do: (action without prefix, resource)."""
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": f"kafka-cluster:{action}", "Resource": resource}
                for action, resource in statements
            ],
        }
        self._iam.put_role_policy(RoleName=self.name, PolicyName="kafka", PolicyDocument=json.dumps(document))

    def revoke(self) -> None:
        self._iam.delete_role_policy(RoleName=self.name, PolicyName="kafka")

    def credentials(self, **more: Any) -> Credentials:
        found = self._sts.assume_role(RoleArn=self.arn, RoleSessionName="kafka-test", **more)["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def settings(self, credentials: Credentials | None = None) -> dict[str, Any]:
        signing = credentials or self.credentials()
        return connection(self._address, REGION, lambda: token_of(signing))

    def producer(self, credentials: Credentials | None = None, **more: Any) -> KafkaProducer:
        return self._kept(
            KafkaProducer(
                **self.settings(credentials)
                | {"enable_idempotence": "transactional_id" in more, "max_block_ms": 8000, **more},
            )
        )

    def consumer(self, *topics: str, **more: Any) -> KafkaConsumer:
        defaults = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
        return self._kept(KafkaConsumer(*topics, **self.settings(), **{**defaults, **more}))

    def admin(self, credentials: Credentials | None = None) -> KafkaAdminClient:
        return self._kept(KafkaAdminClient(**self.settings(credentials)))

    def _kept(self, made: Any) -> Any:
        self._open.append(made)
        return made

    def close(self) -> None:
        for made in self._open:
            made.close()


@pytest.fixture
def role(client: Callable[..., Any], cluster: Running) -> Iterator[Callable[..., Role]]:
    """``role(account=…)``: a new role."""
    made: list[Role] = []

    def make(account: str = PRODUCER) -> Role:
        made.append(Role(client, account, cluster.address))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def topic(client: Callable[..., Any], cluster: Running) -> str:
    """A new topic, made through the MSK topic API."""
    name = f"topic-{uuid.uuid4().hex[:8]}"
    client("kafka", PRODUCER).create_topic(
        ClusterArn=cluster.arn, TopicName=name, PartitionCount=1, ReplicationFactor=2
    )
    return name


__all__ += ["CONSUMER", "PRODUCER"]
