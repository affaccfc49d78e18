"""A domain with a producer's project, an MSK cluster and a registry, in an emulator of its own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from streamgov_core.catalog.asset_gateway import DataZoneAssets
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.change_events import EventBusPublisher
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.glue import GlueRegistry
from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.deploy.member_deployment import member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from tests.integration.deployer import Deployer
from tests.integration.polling import eventually
from tests.sandbox import EmulatorProcess, run_emulator
from tests.unit.catalog.fakes import SyncSetup

DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"
Client = Callable[..., Any]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    process, running = run_emulator(Path(tmp_path_factory.mktemp("emulator")))
    yield running
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def client(emulator: EmulatorProcess) -> Client:
    """client(service, account): a boto3 client as the account's Admin."""
    root: Any = boto3.Session("test", "test", region_name=REGION)
    made: dict[tuple[str, str], Any] = {}

    def make(service: str, account: str = DOMAIN) -> Any:
        if (service, account) not in made:
            session: Any = root
            if account != DOMAIN:
                sts = root.client("sts", endpoint_url=emulator.endpoint)
                keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/Admin", RoleSessionName="test")[
                    "Credentials"
                ]
                session = boto3.Session(
                    keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
                )
            made[service, account] = session.client(
                service,
                endpoint_url=emulator.endpoint,
                config=Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=20),
            )
        return made[service, account]

    return make


class ClientsOf:
    """``streamgov_core.runtime.clients.Clients`` over the test's clients of one account."""

    def __init__(self, client: Client, account: str) -> None:
        self._client, self._account = client, account

    def client(self, service: str) -> Any:
        return self._client(service, self._account)


class PlaceSetup(SyncSetup):
    """What a full run in this process needs, over the emulator's services."""

    def __init__(self, place: Place, settings: dict[str, Any]) -> None:
        super().__init__()
        self._place, self._options = place, settings

    def parts(self) -> SourceParts:
        return self._place.parts(**self._options)


@dataclass
class Place:
    """Everything that a data source needs, and the data source."""

    client: Client
    domain: str
    project: str
    registry: str
    resource: str
    platform: str
    settings: dict[str, Any] = field(default_factory=dict)
    mapping: str = "same"

    @property
    def topics(self) -> tuple[str, ...]:
        """The patterns of topics that the data source may speak for."""
        return ("*",) if self.platform == "msk" else ()

    @property
    def clients(self) -> Any:
        return ClientsOf(self.client, PRODUCER)

    def parts(self, **settings: Any) -> SourceParts:
        return SourceParts(
            SyncSettings(self.project, **settings),
            registry=GlueRegistry(self.client("glue", PRODUCER), self.registry),
            assets=DataZoneAssets(self.client("datazone", PRODUCER), self.domain, self.project),
            records=DynamoAssetRecordStore(self.client("dynamodb", PRODUCER), Names(), self.domain, self.registry),
            plain_records=DynamoAssetRecordStore(self.client("dynamodb", PRODUCER), Names(), self.domain, None),
            publisher=EventBusPublisher(
                self.client("events", PRODUCER), Names(), self.domain, self.project, time.sleep
            ),
            source=PLATFORMS[self.platform].source(self.clients, self.resource, self.topics),
            drafts=AssetDrafts(PLATFORMS[self.platform], Names()),
            mapping=topic_mapping(self.mapping),
            sleep=time.sleep,
        )

    def run(self, *, revoke: bool = False, **settings: Any) -> dict[str, Any]:
        """A full run, its phases in this process."""
        return self.setup(**settings).machine(revoke=revoke).run().to_json()

    def setup(self, **settings: Any) -> PlaceSetup:
        return PlaceSetup(self, settings)

    def register(self, name: str, definition: str, data_format: str = "AVRO") -> None:
        self.client("glue", PRODUCER).create_schema(
            RegistryId={"RegistryName": self.registry},
            SchemaName=name,
            DataFormat=data_format,
            Compatibility="BACKWARD",
            SchemaDefinition=definition,
        )

    def assets(self) -> list[dict[str, Any]]:
        pages = (
            self.client("datazone")
            .get_paginator("search")
            .paginate(domainIdentifier=self.domain, owningProjectIdentifier=self.project, searchScope="ASSET")
        )
        found = [item for page in pages for item in page["items"]]
        return [
            self.client("datazone").get_asset(domainIdentifier=self.domain, identifier=item["assetItem"]["identifier"])
            for item in found
        ]


@pytest.fixture(scope="session")
def governed(client: Client) -> tuple[str, dict[str, str]]:
    """A domain, shared with the producer's account, with the types of every platform: (domain, its first project)."""
    datazone = client("datazone")
    made_domain = datazone.create_domain(name="d", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/Admin")
    domain = made_domain["id"]
    ram = client("ram")
    arn = f"arn:aws:datazone:{REGION}:{DOMAIN}:domain/{domain}"
    ram.create_resource_share(
        name="domain",
        resourceArns=[arn],
        principals=[PRODUCER],
        permissionArns=["arn:aws:ram::aws:permission/AWSRAMPermissionAmazonDataZoneDomainFullAccessWithPortalAccess"],
    )
    accepter = client("ram", PRODUCER)
    for invitation in accepter.get_resource_share_invitations().get("resourceShareInvitations", []):
        accepter.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    owner = datazone.create_project(domainIdentifier=domain, name="governance")["id"]
    for platform in PLATFORMS.values():
        publish_types(client, domain, owner, platform, Names())
    member = member_account(AccountScope(Names(), PRODUCER), domain_id=domain, domain_account=DOMAIN)
    Deployer(client).table(PRODUCER, member.records)
    return domain, {"governance": owner}


def publish_types(client: Client, domain: str, owner: str, platform: Platform, names: Names) -> None:
    """Publish a platform's form types and asset type, for every project of the domain to use."""
    datazone = client("datazone")
    unit = datazone.get_domain(identifier=domain)["rootDomainUnitId"]
    revisions = {"amazon.datazone.RelationalTableFormType": "1"}
    for model in platform.form_models(names):
        made = datazone.create_form_type(
            domainIdentifier=domain,
            name=model.name,
            model={"smithy": model.smithy()},
            owningProjectIdentifier=owner,
            status="ENABLED",
        )
        revisions[model.name] = made["revision"]
    asset_type = platform.asset_type(names)
    datazone.create_asset_type(
        domainIdentifier=domain,
        name=asset_type.name,
        owningProjectIdentifier=owner,
        formsInput={
            form: {"typeIdentifier": type_, "typeRevision": revisions[type_], "required": required}
            for form, (type_, required) in asset_type.forms.items()
        },
    )
    datazone.add_policy_grant(
        domainIdentifier=domain,
        entityType="ASSET_TYPE",
        entityIdentifier=asset_type.name,
        policyType="USE_ASSET_TYPE",
        detail={"useAssetType": {"domainUnitId": unit}},
        principal={
            "project": {
                "projectDesignation": "CONTRIBUTOR",
                "projectGrantFilter": {"domainUnitFilter": {"domainUnit": unit, "includeChildDomainUnits": True}},
            }
        },
    )


@pytest.fixture
def place(client: Client, governed: tuple[str, dict[str, str]]) -> Place:
    """A project, a registry and a cluster of their own."""
    domain, _ = governed
    word = uuid.uuid4().hex[:8]
    project = client("datazone").create_project(domainIdentifier=domain, name=f"p-{word}")["id"]
    client("datazone").create_project_membership(
        domainIdentifier=domain,
        projectIdentifier=project,
        member={"userIdentifier": f"arn:aws:iam::{PRODUCER}:role/Admin"},
        designation="PROJECT_CONTRIBUTOR",
    )
    client("glue", PRODUCER).create_registry(RegistryName=f"r-{word}")
    arn = client("kafka", PRODUCER).create_cluster_v2(
        ClusterName=f"c-{word}",
        Provisioned={
            "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.m7g.large"},
            "KafkaVersion": "3.8.x",
            "NumberOfBrokerNodes": 2,
            "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
        },
    )["ClusterArn"]
    kafka = client("kafka", PRODUCER)
    eventually(
        lambda: kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"], lambda state: state == "ACTIVE"
    )
    return Place(client, domain, project, f"r-{word}", f"c-{word}", "msk")
