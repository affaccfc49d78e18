"""A queue from its schema to a consumer and back, in the emulator: the functions as deployed, IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from streamgov_core.deploy.claimable import GovernedSource
from streamgov_core.deploy.data_source_deployment import data_source
from streamgov_core.deploy.scope import AccountScope
from tests.integration.access.conftest import NAMES, REGION, Deployment, deployed
from tests.integration.access.test_approval import streamgov
from tests.integration.full_runs import full_run, outcome
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, PRODUCER

QUEUE = "orders"
SCHEMA = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'
REGISTRY = "streams"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Functions, roles, machines and types of all platforms, the third among them."""
    sources = (GovernedSource("queues", REGISTRY, QUEUE),)
    with deployed(tmp_path_factory.mktemp("emulator"), sources=sources) as made:
        yield made


class Queue:
    """A queue of the producer's account, and a role of the consumer's that wants to read it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.owner = deployment.client("sqs", PRODUCER)
        self.url = self.owner.create_queue(QueueName=QUEUE)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{PRODUCER}:{QUEUE}"
        self.role = deployment.make_role(CONSUMER)

    def as_consumer(self) -> Any:
        keys = self._deployment.client("sts", CONSUMER).assume_role(RoleArn=self.role, RoleSessionName="reader")
        found = keys["Credentials"]
        session = boto3.Session(
            found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], region_name=REGION
        )
        return session.client("sqs", endpoint_url=self._deployment.emulator.endpoint)

    def received(self) -> list[str]:
        found = self.as_consumer().receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in found.get("Messages", ())]

    def policy(self) -> dict[str, Any]:
        attributes = self.owner.get_queue_attributes(QueueUrl=self.url, AttributeNames=["Policy"])
        policy = attributes.get("Attributes", {}).get("Policy")
        return dict(json.loads(policy)) if policy else {}


def sync(deployment: Deployment) -> dict[str, Any]:
    """Deploy the data source, with its roles, and run it once."""
    project = deployment.projects[PRODUCER]
    source = data_source(
        AccountScope(NAMES, PRODUCER),
        domain_id=deployment.domain,
        project_id=project,
        platform="queues",
        registry_name=REGISTRY,
        resource=QUEUE,
        publish=True,
    )
    deployment.deployer.data_source(PRODUCER, source)
    deployment.client("datazone").create_project_membership(
        domainIdentifier=deployment.domain,
        projectIdentifier=project,
        member={"userIdentifier": NAMES.role_arn(PRODUCER, "sync-queues")},
        designation="PROJECT_CONTRIBUTOR",
    )
    result, error = outcome(full_run(deployment.client("stepfunctions", PRODUCER), source.machine.arn))
    assert error is None, result
    return result


def published(deployment: Deployment) -> tuple[dict[str, Any], str]:
    """The queue's asset, and its listing once it is published."""
    datazone, domain = deployment.client("datazone"), deployment.domain
    (item,) = datazone.search(
        domainIdentifier=domain,
        owningProjectIdentifier=deployment.projects[PRODUCER],
        searchScope="ASSET",
        searchText=QUEUE,
    )["items"]
    asset = datazone.get_asset(domainIdentifier=domain, identifier=item["assetItem"]["identifier"])
    listing = asset["listing"]["listingId"]
    eventually(
        lambda: datazone.get_listing(domainIdentifier=domain, identifier=listing)["status"],
        lambda status: status == "ACTIVE",
    )
    return dict(asset), str(listing)


def test_a_queue_is_catalogued_granted_checked_and_revoked(deployment: Deployment) -> None:
    queue = Queue(deployment)
    deployment.client("glue", PRODUCER).create_schema(
        RegistryId={"RegistryName": REGISTRY},
        SchemaName=QUEUE,
        DataFormat="AVRO",
        Compatibility="BACKWARD",
        SchemaDefinition=SCHEMA,
    )
    assert sync(deployment)["created"] == [QUEUE]
    asset, listing = published(deployment)
    assert (asset["typeIdentifier"], asset["externalIdentifier"]) == ("QueueAssetType", queue.arn)
    forms = {form["formName"]: json.loads(form["content"]) for form in asset["formsOutput"]}
    assert forms["AssetCommonDetailsForm"]["sourceIdentifier"] == f"sqs://{REGION}/{PRODUCER}/{QUEUE}"
    assert forms["QueueReferenceFormType"] == {"queue_arn": queue.arn, "visibility_timeout": 30}
    assert [column["columnName"] for column in forms["RelationalTableFormType"]["columns"]] == ["id"]

    # The approver, at the command line: an earlier end is for assets of this deployment's types alone.
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    request = deployment.request(listing, form={"access": "READ"})
    waiting = streamgov(deployment, "requests", "--project", deployment.projects[PRODUCER], "--json")
    assert [(item["id"], item["asset_type"]) for item in json.loads(waiting.out)] == [(request, "QueueAssetType")]
    assert streamgov(deployment, "approve", request, "--until", until).code == 0

    queue.owner.send_message(QueueUrl=queue.url, MessageBody="one")
    with pytest.raises(ClientError, match="AccessDenied"):
        queue.received()
    grant = deployment.grant(listing, deployment.make_target([queue.role]))
    done = deployment.settled(grant)
    assert done["status"] == "GRANTED", done
    assert queue.received() == ["one"]
    (statement,) = queue.policy()["Statement"]
    assert (statement["Principal"], statement["Resource"]) == ({"AWS": queue.role}, queue.arn)
    with pytest.raises(ClientError, match="AccessDenied"):
        queue.as_consumer().send_message(QueueUrl=queue.url, MessageBody="may not")

    unbounded = deployment.make_role(CONSUMER, bounded=False)
    failed = deployment.settled(deployment.grant(listing, deployment.make_target([unbounded])))
    assert failed["status"] == "GRANT_FAILED"
    assert "boundary" in failed["failureCause"]["message"]
    assert queue.policy()["Statement"] == [statement]

    # Somebody removes the policy: the hourly check restores it.
    queue.owner.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
    with pytest.raises(ClientError, match="AccessDenied"):
        queue.received()
    findings = {item["kind"]: item for item in deployment.reconcile(dryRun=False)["findings"]}
    assert set(findings) == {"DriftRemoved", "GrantFailed"}, "the grant that failed is still approved"
    finding = findings["DriftRemoved"]
    assert (finding["kind"], finding["subject"], finding["outcome"]) == (
        "DriftRemoved",
        f"queue#{queue.arn}",
        "repaired",
    )
    assert queue.policy()["Statement"] == [statement]
    assert queue.received() == ["one"]

    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    assert queue.policy() == {}
    with pytest.raises(ClientError, match="AccessDenied"):
        queue.received()
