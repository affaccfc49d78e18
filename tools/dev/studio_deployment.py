"""A V2 domain (SageMaker Unified Studio) as its administrators make it: projects with tooling, streams, registries.

Everything here is there before the product is deployed, as at a customer's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml

from tools.dev.portal import REGION, People
from tools.dev.studio_domain import make_shared_domain, make_tooling_project
from tools.dev.workspace import ROOT, VENV_BIN, Workspace

DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
MSK, KINESIS = "studio-topics", "studio-streams"
"""Names of the registries, and of cluster and stream."""
STACK = "studio"


@dataclass
class StudioDeployment:
    """The domain and what its accounts own.

    Args:
        workspace: the running emulator.
    """

    workspace: Workspace
    domain: str = ""
    projects: dict[str, str] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    cluster: str = ""
    stream: str = ""

    def __post_init__(self) -> None:
        self.people = People(self.workspace, DOMAIN)

    def make(self) -> None:
        """Make everything."""
        clients = self.people.client
        self.domain = make_shared_domain(clients, DOMAIN, [PRODUCER, CONSUMER])
        for word, account in (("PRODUCER", PRODUCER), ("CONSUMER", CONSUMER)):
            self.projects[word], self.environments[word] = make_tooling_project(
                clients, DOMAIN, self.domain, word, account, REGION
            )
        self._make_streams()

    def _make_streams(self) -> None:
        glue = self.people.client("glue", PRODUCER)
        for name in (MSK, KINESIS):
            glue.create_registry(RegistryName=name)
        subnets = [item["SubnetId"] for item in self.people.client("ec2", PRODUCER).describe_subnets()["Subnets"]][:2]
        kafka = self.people.client("kafka", PRODUCER)
        self.cluster = kafka.create_cluster_v2(
            ClusterName=MSK,
            Provisioned={
                "BrokerNodeGroupInfo": {"ClientSubnets": subnets, "InstanceType": "kafka.m7g.large"},
                "KafkaVersion": "3.8.x",
                "NumberOfBrokerNodes": 2,
                "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
            },
        )["ClusterArn"]
        kinesis = self.people.client("kinesis", PRODUCER)
        kinesis.create_stream(StreamName=KINESIS, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        key = self.people.client("kms", PRODUCER).create_key(Description="the stream's")["KeyMetadata"]["Arn"]
        self._until(lambda: self._summary(kinesis)["StreamStatus"] == "ACTIVE")
        kinesis.start_stream_encryption(StreamName=KINESIS, EncryptionType="KMS", KeyId=key)
        self._until(lambda: self._summary(kinesis)["StreamStatus"] == "ACTIVE")
        self.stream = self._summary(kinesis)["StreamARN"]
        self._until(lambda: kafka.describe_cluster_v2(ClusterArn=self.cluster)["ClusterInfo"]["State"] == "ACTIVE")

    @staticmethod
    def _summary(kinesis: Any) -> dict[str, Any]:
        return dict(kinesis.describe_stream_summary(StreamName=KINESIS)["StreamDescriptionSummary"])

    @staticmethod
    def _until(done: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError("the emulator did not make it in time")
            time.sleep(0.1)

    def config(self) -> dict[str, Any]:
        """The stack's configuration: a consumer by its project, and no word about the domain's version."""
        admin = {account: f"arn:aws:iam::{account}:role/Admin" for account in (PRODUCER, CONSUMER)}
        sources: dict[str, dict[str, Any]] = {
            "msk": {"platform": "msk", "registryName": MSK, "resource": self.cluster, "topics": ["*"]},
            "kinesis": {"platform": "kinesis", "registryName": KINESIS, "resource": self.stream},
        }
        return {
            "mode": "all",
            "region": REGION,
            "domain": {
                "account": DOMAIN,
                "domainId": self.domain,
                "typesProjectId": self.projects["PRODUCER"],
                "memberProjects": {word.lower(): project for word, project in self.projects.items()},
                "share": False,
            },
            "members": [
                {
                    "account": PRODUCER,
                    "assumeRoleArn": admin[PRODUCER],
                    "trail": "create",
                    "dataSources": {
                        word: {**source, "projectId": self.projects["PRODUCER"]} for word, source in sources.items()
                    },
                },
                {
                    "account": CONSUMER,
                    "assumeRoleArn": admin[CONSUMER],
                    "targets": {word: {"platform": word, "projectId": self.projects["CONSUMER"]} for word in sources},
                },
            ],
            "onDestroy": "cascade",
            "deletionProtection": False,
            "logRetentionDays": 7,
            "providerFlags": {
                "s3UsePathStyle": True,
                "skipMetadataApiCheck": True,
                "skipCredentialsValidation": True,
                "skipRegionValidation": True,
            },
        }

    # --- a person of the consumer's project -----------------------------------------------------------------------
    def person(self) -> dict[str, str]:
        """Keys of the project's role for a person, as the studio gives them to a notebook."""
        keys = self.people.client("datazone", DOMAIN).get_environment_credentials(
            domainIdentifier=self.domain, environmentIdentifier=self.environments["CONSUMER"]
        )
        return {
            "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
            "AWS_SESSION_TOKEN": keys["sessionToken"],
        }

    def client(self, service: str, keys: dict[str, str]) -> Any:
        """A client with somebody's keys."""
        session: Any = boto3.Session(
            keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"], region_name=REGION
        )
        return session.client(service, endpoint_url=self.workspace.endpoint)

    def assumed(self, role: str) -> dict[str, str]:
        """Keys of a role that the person's session assumes."""
        answer = self.client("sts", self.person()).assume_role(RoleArn=role, RoleSessionName="notebook")
        keys = answer["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }


@dataclass(frozen=True)
class StudioWorkspace(Workspace):
    """A workspace whose program lies outside of the checkout and imports from it."""

    def variables(self, cli_dir: Path | None) -> dict[str, str]:
        """See Workspace.variables."""
        return {**super().variables(cli_dir), "PYTHONPATH": str(ROOT), "PULUMI_STACK": STACK}


def program(workspace: Workspace) -> Path:
    """The folder with the program of the checkout's own root, for a stack file of its own."""
    folder = workspace.state / "program"
    folder.mkdir(parents=True, exist_ok=True)
    runtime = {"name": "python", "options": {"virtualenv": str(VENV_BIN.parent)}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "streamgov", "runtime": runtime}))
    (folder / "__main__.py").write_text((ROOT / "__main__.py").read_text())
    return folder


@contextmanager
def as_keys(environment: dict[str, str], keys: dict[str, str], endpoint: str) -> Iterator[None]:
    """Somebody's keys in an environment, where libraries look for them."""
    changed = {**keys, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    before = {key: environment.get(key) for key in changed}
    environment.update(changed)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                environment.pop(key, None)
            else:
                environment[key] = value
