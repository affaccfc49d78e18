"""The examples in Python under the real engine: deployed as they stand, used, and destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.stacks import ADMINISTRATOR, REGION, ROOT, As, Cloud, Portal, Stack, project
from tests.integration.polling import eventually
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
EXAMPLES = ROOT / "examples" / "python"
DOMAIN, STREAMS = "444455556666", "777788889999"
SCHEMA = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'


@dataclass
class Place:
    """Two accounts, associated with a domain, with the network that a cluster needs."""

    cloud: Cloud
    portal: Portal
    workspace: Workspace
    subnets: list[str]
    group: str

    def stack(self, folder: Path, example: str, team: str, **config: Any) -> Stack:
        """An example as it stands, with a configuration, run with the credentials of the account's team."""
        name = yaml.safe_load((EXAMPLES / example / "Pulumi.yaml").read_text())["name"]
        program = project(folder / example, name, (EXAMPLES / example / "__main__.py").read_text())
        pulumi = As(self.workspace, program, "test", self.cloud.credentials(team))
        return Stack(pulumi, {"region": REGION, "domainId": self.portal.domain, **config}, name).create()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("python-examples")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=f"{DOMAIN},{STREAMS}")
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"orders": STREAMS, "analytics": STREAMS})
        deployer = cloud.role(STREAMS, "streamgov-deployer", policy=ADMINISTRATOR)
        # Who makes a target in an environment is a member of its project.
        cloud.client("datazone").create_project_membership(
            domainIdentifier=portal.domain,
            projectIdentifier=portal.projects["analytics"],
            member={"userIdentifier": deployer},
            designation="PROJECT_OWNER",
        )
        cloud.role(STREAMS, "reader", path="/streaming/")
        ec2 = cloud.client("ec2", STREAMS)
        subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]][:2]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        yield Place(cloud, portal, workspace, subnets, group)
    finally:
        process.terminate()
        process.wait(30)


def assets_of_grants(datazone: Any, portal: Portal) -> list[dict[str, Any]]:
    found = datazone.list_subscription_grants(
        domainIdentifier=portal.domain, environmentId=portal.environments["analytics"]
    )
    return [asset for grant in found["items"] for asset in grant["assets"]]


def settled(asset: dict[str, Any]) -> bool:
    return bool(asset["status"] == "GRANTED" or asset["status"].endswith("FAILED"))


def test_one_program_makes_streams_and_grants_access_to_them(place: Place, tmp_path: Path) -> None:
    cloud, portal = place.cloud, place.portal
    stack = place.stack(
        tmp_path,
        "one-program",
        DOMAIN,
        domainAccount=DOMAIN,
        streamsAccount=STREAMS,
        streamsDeployer=f"arn:aws:iam::{STREAMS}:role/streamgov-deployer",
        producerProjectId=portal.projects["orders"],
        consumerProjectId=portal.projects["analytics"],
        consumerEnvironmentId=portal.environments["analytics"],
        subnetIds=place.subnets,
        securityGroupIds=[place.group],
        share=False,
        deletionProtection=False,
        onDestroy="cascade",
    )
    assert set(stack.preview().values()) <= {"create", "read"}
    stack.pulumi.operation("up")
    stack.silent()
    made = stack.pulumi.outputs()

    # A topic with a schema becomes an asset, which the consumer's project asks for; its role then reads.
    cloud.client("kafka", STREAMS).create_topic(
        ClusterArn=made["clusterArn"], TopicName="orders", PartitionCount=1, ReplicationFactor=2
    )
    cloud.client("glue", STREAMS).create_schema(
        RegistryId={"RegistryName": made["registryName"]}, SchemaName="orders", DataFormat="AVRO",
        Compatibility="BACKWARD", SchemaDefinition=SCHEMA,
    )  # fmt: skip
    [function] = made["dataSourceFunctionArns"].values()
    answer = cloud.client("lambda", STREAMS).invoke(FunctionName=function, Payload=json.dumps({"action": "sync"}))
    assert "FunctionError" not in answer, answer["Payload"].read()
    datazone = cloud.client("datazone")
    listings = eventually(
        lambda: datazone.search_listings(domainIdentifier=portal.domain, searchText="orders")["items"], bool
    )
    request = datazone.create_subscription_request(
        domainIdentifier=portal.domain,
        requestReason="fraud",
        subscribedListings=[{"identifier": listings[0]["assetListing"]["listingId"]}],
        subscribedPrincipals=[{"project": {"identifier": portal.projects["analytics"]}}],
    )["id"]
    datazone.accept_subscription_request(domainIdentifier=portal.domain, identifier=request)
    grants = eventually(lambda: assets_of_grants(datazone, portal), lambda found: found and settled(found[0]), 300)
    assert grants[0]["status"] == "GRANTED", grants
    topic = made["clusterArn"].replace(":cluster/", ":topic/") + "/orders"
    question = {"principal": made["roleArn"], "action": "kafka-cluster:ReadData", "resource": topic}
    assert cloud.emulator.admin("POST", "access", question)["allowed"]

    stack.pulumi.operation("destroy")
    assert stack.pulumi.resource_count() == 0


def test_a_domain_and_a_member_in_stacks_of_their_own(place: Place, tmp_path: Path) -> None:
    """What one exports is what the other one's configuration takes."""
    cloud, portal = place.cloud, place.portal
    cloud.client("glue", STREAMS).create_registry(RegistryName="members")
    domain = place.stack(
        tmp_path, "domain", DOMAIN,
        account=DOMAIN, typesProjectId=portal.projects["orders"], projects=portal.projects, memberAccounts=[STREAMS],
        deletionProtection=False, namespace="team-b",
    )  # fmt: skip
    member = place.stack(
        tmp_path, "member", STREAMS,
        account=STREAMS, domainAccount=DOMAIN, projectId=portal.projects["orders"], registry="members",
        cluster=cloud.cluster(STREAMS, "members"), environmentId=portal.environments["orders"],
        consumerRoles=[f"arn:aws:iam::{STREAMS}:role/streaming/reader"], deletionProtection=False, namespace="team-b",
    )  # fmt: skip
    domain.pulumi.operation("up")
    member.write(shareArn=domain.pulumi.outputs()["shareArn"]).pulumi.operation("up")
    exported = member.pulumi.outputs()
    assert set(exported["boundaryArns"]) == {STREAMS} and set(exported["targetIds"]) == {f"{STREAMS}/fraud"}
    domain.write(contributors=exported["contributors"])
    assert domain.preview() == {"streams-contributor-orders": "create"}
    domain.pulumi.operation("up")
    for stack in (member, domain):
        stack.silent()
        stack.pulumi.operation("destroy")
        assert stack.pulumi.resource_count() == 0
