"""A domain's account and one of streams, as the examples that make everything in one program take them for granted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.stacks import ADMINISTRATOR, Cloud, Portal
from tests.integration.full_runs import ended
from tests.integration.polling import eventually
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

DOMAIN, STREAMS = "444455556666", "777788889999"
SCHEMA = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'


@dataclass
class TwoAccounts:
    """Two accounts, associated with a domain, with the network that a cluster needs.

    Args:
        cloud: the accounts.
        portal: the domain.
        state: of Pulumi.
        deployer: the role of the streams' account that deploys.
        subnets, group: the cluster's network.
    """

    cloud: Cloud
    portal: Portal
    state: Path
    deployer: str
    subnets: list[str]
    group: str

    def grants_what_is_asked_for(self, made: Mapping[str, Any]) -> None:
        """A topic with a schema becomes an asset, which the consumer's project asks for; its role then reads.

        Args:
            made: the outputs of a program that makes everything.
        """
        cloud, portal = self.cloud, self.portal
        cloud.client("kafka", STREAMS).create_topic(
            ClusterArn=made["clusterArn"], TopicName="orders", PartitionCount=1, ReplicationFactor=2
        )
        cloud.client("glue", STREAMS).create_schema(
            RegistryId={"RegistryName": made["registryName"]}, SchemaName="orders", DataFormat="AVRO",
            Compatibility="BACKWARD", SchemaDefinition=SCHEMA,
        )  # fmt: skip
        [function] = made["dataSourceFunctionArns"].values()
        answer = cloud.client("lambda", STREAMS).invoke(FunctionName=function, Payload=json.dumps({"action": "sync"}))
        started = json.load(answer["Payload"])
        assert "FunctionError" not in answer, started
        run = ended(cloud.client("stepfunctions", STREAMS), started["started"])
        assert run["status"] == "SUCCEEDED", run
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


def two_accounts(folder: Path) -> Iterator[TwoAccounts]:
    """The accounts, in an emulator of their own, until the fixture ends."""
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
        Workspace(folder / "state", emulator.port).prepare()
        yield TwoAccounts(cloud, portal, folder / "state", deployer, subnets, group)
    finally:
        process.terminate()
        process.wait(30)


def one_program(place: TwoAccounts) -> dict[str, Any]:
    """The configuration of an example that makes everything in one program, beside region and domain."""
    return {
        "domainAccount": DOMAIN,
        "streamsAccount": STREAMS,
        "streamsDeployer": place.deployer,
        "producerProjectId": place.portal.projects["orders"],
        "consumerProjectId": place.portal.projects["analytics"],
        "consumerEnvironmentId": place.portal.environments["analytics"],
        "subnetIds": place.subnets,
        "securityGroupIds": [place.group],
        "share": False,
        "deletionProtection": False,
        "onDestroy": "cascade",
    }


def assets_of_grants(datazone: Any, portal: Portal) -> list[dict[str, Any]]:
    """The assets of all grants to the consumer's environment."""
    found = datazone.list_subscription_grants(
        domainIdentifier=portal.domain, environmentId=portal.environments["analytics"]
    )
    return [asset for grant in found["items"] for asset in grant["assets"]]


def settled(asset: dict[str, Any]) -> bool:
    """Whether a grant of an asset has come to its end."""
    return bool(asset["status"] == "GRANTED" or asset["status"].endswith("FAILED"))
