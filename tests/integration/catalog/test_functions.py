"""Bundled functions in the emulator, with the roles that the product gives them: IAM is enforced."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest

from streamgov_core.deploy.data_source_deployment import DataSourceDeployment, data_source
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FunctionSpec
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.naming import Names
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_samples.deployment import sample_producer
from streamgov_samples.functions.job_permissions import consumer_policy
from streamgov_samples.functions.jobs import JobConfig
from streamgov_samples.functions.records import definition
from tests.integration.catalog.conftest import PRODUCER, REGION, Place
from tests.integration.deployer import Deployer
from tests.integration.full_runs import ended, outcome
from tests.integration.polling import eventually
from tests.sandbox import EmulatorProcess

NAMES = Names()
SCOPE = AccountScope(NAMES, PRODUCER)


class Function:
    """A function deployed in the producer's account, whose role is a contributor of the project."""

    def __init__(self, place: Place, function: FunctionSpec) -> None:
        self._lambda = place.client("lambda", PRODUCER)
        self.name = function.name
        self.role = function.role.name if function.role else ""
        Deployer(place.client).function(PRODUCER, function)
        assert function.role is not None
        place.client("datazone").create_project_membership(
            domainIdentifier=place.domain,
            projectIdentifier=place.project,
            member={"userIdentifier": function.role.arn},
            designation="PROJECT_CONTRIBUTOR",
        )

    def __call__(self, event: Any) -> tuple[Any, str | None]:
        answer = self._lambda.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        return json.load(answer["Payload"]), answer.get("FunctionError")


class DataSourceFunction(Function):
    """A data source's function and machine: one schema is the function's, all are the machine's."""

    def __init__(self, place: Place, source: DataSourceDeployment) -> None:
        super().__init__(place, source.sync)
        deployer = Deployer(place.client)
        deployer.table(PRODUCER, source.runs)
        deployer.machine(PRODUCER, source.machine)
        self.states, self.machine = place.client("stepfunctions", PRODUCER), source.machine.arn
        self.runs = source.runs.name

    def __call__(self, event: Any) -> tuple[Any, str | None]:
        answer, error = super().__call__(event)
        if error is not None or "started" not in answer:
            return answer, error
        return outcome(ended(self.states, answer["started"]))


def sync_function(place: Place, **options: Any) -> DataSourceFunction:
    """The function and machine of a data source of this registry and project."""
    source = data_source(
        SCOPE,
        domain_id=place.domain,
        project_id=place.project,
        platform=place.platform,
        registry_name=place.registry,
        resource=place.resource,
        topics=place.topics,
        key=f"{place.platform}-{uuid.uuid4().hex[:6]}",
        **options,
    )
    Deployer(place.client).queue(PRODUCER, source.dead_letters)
    return DataSourceFunction(place, source)


def neighbours(place: Place, identifier: str, side: str) -> list[Any]:
    """Nodes beside a dataset's, once DataZone has worked on the events: it does so by and by."""
    client = place.client("datazone")

    def found() -> list[Any]:
        try:
            return list(client.get_lineage_node(domainIdentifier=place.domain, identifier=identifier).get(side, []))
        except client.exceptions.ResourceNotFoundException:
            return []

    return list(eventually(found, bool))


def test_producer_and_sync_make_an_asset_with_lineage(place: Place) -> None:
    registry_arn = NAMES.arn("glue", PRODUCER, f"registry/{place.registry}")
    clusters = place.client("kafka", PRODUCER).list_clusters_v2(ClusterNameFilter=place.resource)["ClusterInfoList"]
    cluster = clusters[0]["ClusterArn"]
    producer = Function(
        place,
        sample_producer(
            SCOPE,
            domain_id=place.domain,
            platform="msk",
            resource_arn=cluster,
            registry_name=place.registry,
            function_name=f"sample-producer-{uuid.uuid4().hex[:6]}",
        ),
    )
    answer, error = producer({})
    assert error is None, answer
    assert answer["schema"] == "producer-data-product"

    sync = sync_function(place, publish=True)
    answer, error = sync({"action": "sync"})
    assert error is None, answer
    assert answer["created"] == ["producer-data-product"]
    answer, error = sync(
        {
            "source": "aws.glue",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": "glue.amazonaws.com",
                "eventName": "RegisterSchemaVersion",
                "requestParameters": {"schemaId": {"schemaArn": f"{registry_arn.replace(':registry/', ':schema/')}/x"}},
            },
        }
    )
    assert (error, answer["created"]) == (None, [])

    (asset,) = place.assets()
    assert neighbours(place, f"kafka://{place.resource}/producer-data-product", "upstreamNodes")
    assert asset["name"] == "producer-data-product"

    producer({"evolve": True})
    answer, error = sync({"action": "sync", "schema": "producer-data-product"})
    assert answer["revised"] == ["producer-data-product"], answer
    place.client("glue", PRODUCER).delete_schema(
        SchemaId={"RegistryName": place.registry, "SchemaName": "producer-data-product"}
    )
    answer, error = sync({"action": "sync"})
    assert answer["retired"] == ["producer-data-product"], answer


def test_a_schema_that_is_no_topic_is_a_remark_and_an_invocation_by_hand_a_full_run(place: Place) -> None:
    place.register("good", '{"type": "record", "name": "R", "fields": []}')
    place.register("not$legal", '{"type": "record", "name": "R", "fields": []}')
    sync = sync_function(place)
    for event, verdict in (({}, "created"), ({"key1": "value1"}, "unchanged")):
        answer, error = sync(event)
        assert error is None, answer
        assert answer["counts"] == {verdict: 1, "skipped": 1}
        assert answer["skipped"][0]["schema"] == "not$legal"


def test_a_run_that_fails_is_an_error_whose_message_is_bounded(place: Place) -> None:
    """Nothing can be published once the role may not: 30 schemas fail, and the error is a report that can be read."""
    for number in range(30):
        place.register(f"topic-{number:02}", '{"type": "record", "name": "R", "fields": []}')
    sync = sync_function(place)
    iam = place.client("iam", PRODUCER)
    for name in iam.list_role_policies(RoleName=sync.role)["PolicyNames"]:
        policy = iam.get_role_policy(RoleName=sync.role, PolicyName=name)["PolicyDocument"]
        (records,) = [item for item in policy["Statement"] if item["Sid"] == "OwnRecords"]
        records["Action"] = ["dynamodb:Query"]
        iam.put_role_policy(RoleName=sync.role, PolicyName=name, PolicyDocument=json.dumps(policy))
    report, error = sync({"action": "sync"})
    assert error == "SyncFailedError"
    assert len(json.dumps(report)) <= 8_000
    assert report["counts"] == {"failed": 30}
    assert "AccessDenied" in report["failed"][0]["cause"]
    _, error = sync({"action": "drop"})
    assert error == "Unhandled"


def test_within_the_documented_rates_nothing_is_lost(place: Place, emulator: EmulatorProcess) -> None:
    """DataZone throttles as documented (20 creations a second): all is done, later."""
    names = [f"topic-{number:02}" for number in range(60)]
    for name in names:
        place.register(name, '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}')
    sync = sync_function(place)
    emulator.admin("DELETE", "calls")
    emulator.admin("POST", "settings", {"rates": True})
    try:
        answer, error = sync({"action": "sync"})
        assert (error, answer["created"]) == (None, names), answer
        answer, error = sync({"action": "sync"})
        assert (error, answer["unchanged"]) == (None, 60), answer
    finally:
        emulator.admin("POST", "settings", {"rates": False})
    calls = {call["operation"]: call["count"] for call in emulator.admin("GET", "calls")["calls"]}
    assert calls["CreateAsset"] > 60, "some were throttled and tried again"
    assert len(place.assets()) == 60


def test_topics_with_facts_and_without_schema(place: Place) -> None:
    kafka = place.client("kafka", PRODUCER)
    cluster = kafka.list_clusters_v2(ClusterNameFilter=place.resource)["ClusterInfoList"][0]["ClusterArn"]
    configs = base64.b64encode(b"retention.ms=86400000").decode()
    for name in ("orders", "plain"):
        kafka.create_topic(ClusterArn=cluster, TopicName=name, PartitionCount=6, ReplicationFactor=2, Configs=configs)
    place.register("orders", '{"type": "record", "name": "R", "fields": []}')
    glue = place.client("glue", PRODUCER)
    schema = {"RegistryName": place.registry, "SchemaName": "orders"}
    glue.tag_resource(ResourceArn=glue.get_schema(SchemaId=schema)["SchemaArn"], TagsToAdd={"owner": "Team Ann"})
    sync = sync_function(place, without_schema=True)
    answer, error = sync({"action": "sync"})
    assert (error, answer["created"]) == (None, ["orders", "plain"]), answer
    forms = {
        asset["name"]: json.loads(form["content"])
        for asset in place.assets()
        for form in asset["formsOutput"]
        if form["formName"] == "KafkaSchemaFormType"
    }
    assert {(form["partitions"], form["retention_ms"]) for form in forms.values()} == {(6, 86_400_000)}
    assert (forms["orders"]["owner"], "owner" in forms["plain"]) == ("Team Ann", False)
    answer, error = sync({"action": "sync"})
    assert (error, answer["unchanged"]) == (None, 2), answer
    kafka.delete_topic(ClusterArn=cluster, TopicName="plain")
    answer, error = sync({"action": "sync"})
    assert (error, answer["retired"]) == (None, ["plain"]), answer


def test_a_verdict_reaches_a_rule_on_the_event_bus(place: Place) -> None:
    events, sqs = place.client("events", PRODUCER), place.client("sqs", PRODUCER)
    queue = sqs.create_queue(QueueName=f"published-{uuid.uuid4().hex[:6]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = f"published-{uuid.uuid4().hex[:6]}"
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["streamgov.catalog"]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    allowed = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(allowed)})
    place.register("orders", definition())
    sync = sync_function(place)
    assert sync({"action": "sync", "schema": "orders"})[1] is None
    place.client("glue", PRODUCER).register_schema_version(
        SchemaId={"RegistryName": place.registry, "SchemaName": "orders"}, SchemaDefinition=definition(evolved=True)
    )
    assert sync({"action": "sync", "schema": "orders"})[1] is None
    published: dict[str, Any] = {}

    def received() -> list[str]:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            published[detail["change"]] = detail
        return sorted(published)

    eventually(received, lambda changes: changes == ["CREATED", "REVISED"])
    assert published["REVISED"]["projectId"] == place.project
    verdict = published["REVISED"]["compatibility"]
    assert (verdict["breaking"], verdict["previousVersion"], len(verdict["added"]) > 0) == (False, 1, True)


def test_the_consumer_reports_its_run(place: Place) -> None:
    topic = f"arn:aws:kafka:{REGION}:{PRODUCER}:topic/{place.resource}/0a1b2c3d-1111-2222-3333-444455556666-7/orders"
    # As its own role: no grant is needed to report lineage.
    function_name = f"sample-consumer-{uuid.uuid4().hex[:6]}"
    described = SCOPE.function(
        function_name,
        entry_point="handlers.sample_consumer.handler",
        description="Reads records",
        settings=JobConfig(place.domain, REGION, topic, "", "orders"),
        policy=consumer_policy(NAMES, PRODUCER, function_name=function_name),
    )
    consumer = Function(place, described)
    answer, error = consumer({})
    assert error is None, answer
    assert neighbours(place, f"kafka://{place.resource}/orders", "downstreamNodes")


def test_a_data_source_writes_the_records_of_its_own_registry_only(place: Place) -> None:
    function = sync_function(place)
    iam = place.client("iam", PRODUCER)
    arn = iam.get_role(RoleName=function.role)["Role"]["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PRODUCER}:root"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        RoleName=function.role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    keys = place.client("sts", PRODUCER).assume_role(RoleArn=arn, RoleSessionName="records")["Credentials"]
    dynamodb = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=place.client("dynamodb", PRODUCER).meta.endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    record = AssetRecord("asset", "arn:topic", None, "orders", "hash")
    own = DynamoAssetRecordStore(dynamodb, NAMES, place.domain, place.registry)
    own.save(record)
    assert own.load("orders") == record and list(own.load_all()) == [record]
    own.remove("orders")
    for registry in (f"{place.registry}-2", None):
        other = DynamoAssetRecordStore(dynamodb, NAMES, place.domain, registry)
        calls: list[Callable[[], object]] = [
            partial(other.save, record),
            partial(other.load, "orders"),
            partial(list, other.load_all()),
            partial(other.remove, "orders"),
        ]
        for call in calls:
            with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
                call()
    with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
        dynamodb.scan(TableName=NAMES.record_table)
