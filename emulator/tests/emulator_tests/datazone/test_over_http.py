"""The whole way: boto3, HTTP, the kernel, IAM and resource shares of the other parts, DataZone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, DOMAIN, PRODUCER, Client, EmulatorProcess
from emulator_tests.made import run_event

pytestmark = pytest.mark.emulator
REGION = "us-east-1"


def eventually(read: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        value = read()
        if wanted(value):
            return value
        assert time.monotonic() < deadline, value
        time.sleep(0.05)


@pytest.fixture(scope="module")
def domain(client: Client) -> str:
    datazone = client("datazone")
    made = datazone.create_domain(name="http", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    share = client("ram").create_resource_share(
        name="http-datazone", resourceArns=[made["arn"]], principals=[PRODUCER, CONSUMER]
    )["resourceShare"]
    for account in (PRODUCER, CONSUMER):
        ram = client("ram", account)
        for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
            if invitation["resourceShareArn"] == share["resourceShareArn"] and invitation["status"] == "PENDING":
                ram.accept_resource_share_invitation(
                    resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
                )
    return str(made["id"])


def test_from_domain_to_granted(client: Client, emulator: EmulatorProcess, domain: str) -> None:
    datazone, consumer = client("datazone"), client("datazone", CONSUMER)
    producer_project = datazone.create_project(domainIdentifier=domain, name="PRODUCER")["id"]
    consumer_project = datazone.create_project(domainIdentifier=domain, name="CONSUMER")["id"]
    blueprint = datazone.list_environment_blueprints(domainIdentifier=domain, managed=True, name="CustomAwsService")[
        "items"
    ][0]["id"]
    consumer.put_environment_blueprint_configuration(
        domainIdentifier=domain, environmentBlueprintIdentifier=blueprint, enabledRegions=[REGION]
    )
    environment = datazone.create_environment(
        domainIdentifier=domain,
        projectIdentifier=consumer_project,
        name="consumer",
        environmentBlueprintIdentifier=blueprint,
        environmentAccountIdentifier=CONSUMER,
        environmentAccountRegion=REGION,
    )["id"]
    role = f"arn:aws:iam::{CONSUMER}:role/environment"
    datazone.associate_environment_role(
        domainIdentifier=domain, environmentIdentifier=environment, environmentRoleArn=role
    )
    shown = datazone.get_environment(domainIdentifier=domain, identifier=environment)
    assert [resource["value"] for resource in shown["provisionedResources"]] == [role]

    form = datazone.create_form_type(
        domainIdentifier=domain,
        name="SourceFormType",
        owningProjectIdentifier=producer_project,
        status="ENABLED",
        model={"smithy": "structure SourceFormType {\n@required\ncluster_arn: String\n}"},
    )
    datazone.create_asset_type(
        domainIdentifier=domain,
        name="TopicType",
        owningProjectIdentifier=producer_project,
        formsInput={"Source": {"typeIdentifier": form["name"], "typeRevision": form["revision"], "required": True}},
    )
    asset = datazone.create_asset(
        domainIdentifier=domain,
        name="orders",
        typeIdentifier="TopicType",
        owningProjectIdentifier=producer_project,
        externalIdentifier="arn:orders",
        formsInput=[{"formName": "Source", "content": json.dumps({"cluster_arn": "arn:cluster"})}],
    )
    change = datazone.create_listing_change_set(
        domainIdentifier=domain, entityIdentifier=asset["id"], entityType="ASSET", action="PUBLISH"
    )
    assert change["status"] == "CREATING"
    listing = eventually(
        lambda: datazone.get_listing(domainIdentifier=domain, identifier=change["listingId"]),
        lambda found: found["status"] == "ACTIVE",
    )
    assert json.loads(listing["item"]["assetListing"]["forms"]) == {"Source": {"cluster_arn": "arn:cluster"}}

    target = consumer.create_subscription_target(
        domainIdentifier=domain,
        environmentIdentifier=environment,
        name="topics",
        type="BaseSubscriptionTargetType",
        subscriptionTargetConfig=[],
        authorizedPrincipals=[role],
        applicableAssetTypes=["TopicType"],
        manageAccessRole=f"arn:aws:iam::{CONSUMER}:role/manage",
        subscriptionGrantCreationMode="AUTOMATIC",
    )["id"]
    request = datazone.create_subscription_request(
        domainIdentifier=domain,
        requestReason="test",
        subscribedListings=[{"identifier": listing["id"]}],
        subscribedPrincipals=[{"project": {"identifier": consumer_project}}],
    )
    datazone.accept_subscription_request(domainIdentifier=domain, identifier=request["id"])
    pages = datazone.get_paginator("list_subscription_grants").paginate(
        domainIdentifier=domain, environmentId=environment
    )
    (grant,) = [grant for page in pages for grant in page["items"]]
    assert grant["subscriptionTargetId"] == target
    done = datazone.update_subscription_grant_status(
        domainIdentifier=domain, identifier=grant["id"], assetIdentifier=asset["id"], status="GRANTED"
    )
    assert done["status"] == "COMPLETED"

    dump = emulator.admin("GET", f"datazone?domain={domain}")
    assert dump["domains"][0]["grants"][grant["id"]]["assets"][asset["id"]]["status"] == "GRANTED"


def test_lineage_over_http(client: Client, domain: str) -> None:
    producer = client("datazone", PRODUCER)
    event = run_event(minute=15, eventType="COMPLETE", outputs=[{"namespace": "kafka://cluster", "name": "orders"}])
    posted = producer.post_lineage_event(domainIdentifier=domain, event=json.dumps(event).encode())["id"]
    shown = eventually(
        lambda: producer.get_lineage_event(domainIdentifier=domain, identifier=posted),
        lambda found: found["processingStatus"] == "SUCCESS",
    )
    assert json.loads(shown["event"].read()) == event
    assert shown["eventTime"].isoformat() == "2026-05-04T10:15:30+00:00"
    node = producer.get_lineage_node(domainIdentifier=domain, identifier="kafka://cluster/orders")
    run = producer.get_lineage_node(domainIdentifier=domain, identifier=node["upstreamNodes"][0]["id"])
    assert run["sourceIdentifier"] == "msf.enricher/3f5e83fa-3480-44ff-99c5-ff943904e5e8"
    (listed,) = producer.list_lineage_events(domainIdentifier=domain)["items"]
    assert listed["eventSummary"]["openLineageRunEventSummary"]["job"] == {"name": "enricher", "namespace": "msf"}


def test_a_domain_that_is_not_shared_refuses_other_accounts(client: Client) -> None:
    datazone = client("datazone")
    lonely = datazone.create_domain(name="lonely", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]
    with pytest.raises(ClientError) as caught:
        client("datazone", CONSUMER).get_domain(identifier=lonely)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    datazone.delete_domain(identifier=lonely)
    with pytest.raises(ClientError) as caught:
        datazone.get_domain(identifier=lonely)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_paths_with_odd_characters(client: Client, domain: str) -> None:
    datazone = client("datazone")
    arn = f"arn:aws:datazone:{REGION}:{DOMAIN}:domain/{domain}"
    datazone.tag_resource(resourceArn=arn, tags={"a": "b", "c": "d"})
    datazone.untag_resource(resourceArn=arn, tagKeys=["c"])
    assert datazone.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    profile = datazone.create_user_profile(
        domainIdentifier=domain, userIdentifier=f"arn:aws:iam::{DOMAIN}:role/service/odd+role", userType="IAM_ROLE"
    )
    found = datazone.get_user_profile(
        domainIdentifier=domain, userIdentifier=f"arn:aws:iam::{DOMAIN}:role/service/odd+role"
    )
    assert found["id"] == profile["id"]


def test_a_deployed_role_needs_policy_and_membership(client: Client, domain: str) -> None:
    administrator, iam = client("datazone"), client("iam", PRODUCER)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PRODUCER}:root"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        Path="/sync/",
        RoleName="http-sync",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    project = administrator.create_project(domainIdentifier=domain, name="OWNED")["id"]
    administrator.create_asset_type(
        domainIdentifier=domain, name="OwnedType", owningProjectIdentifier=project, formsInput={}
    )
    asset = {"domainIdentifier": domain, "name": "a", "typeIdentifier": "OwnedType", "owningProjectIdentifier": project}
    deployed = client("datazone", PRODUCER, role=arn)

    def refusal() -> str:
        with pytest.raises(ClientError) as caught:
            deployed.create_asset(**asset)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        return str(caught.value)

    assert "datazone:CreateAsset" in refusal()
    allow = {"Effect": "Allow", "Action": "datazone:CreateAsset", "Resource": "*"}
    iam.put_role_policy(
        RoleName="http-sync", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    assert f"in project {project}" in refusal()
    administrator.create_project_membership(
        domainIdentifier=domain,
        projectIdentifier=project,
        designation="PROJECT_CONTRIBUTOR",
        member={"userIdentifier": arn},
    )
    made = deployed.create_asset(**asset)
    profile = administrator.get_user_profile(domainIdentifier=domain, userIdentifier=arn)
    assert made["createdBy"] == profile["id"]
