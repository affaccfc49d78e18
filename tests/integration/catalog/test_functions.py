"""Bundled functions in the emulator, with the roles that the product gives them: IAM is enforced."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

from streamgov_core.deploy.data_source_permissions import function_what, sync_environment, sync_policy
from streamgov_core.model.naming import Names
from streamgov_pulumi.packaging import RUNTIME, build_bundle
from streamgov_samples.functions.permissions import consumer_policy, producer_policy, sample_environment
from streamgov_samples.functions.records import definition
from tests.integration.catalog.conftest import PRODUCER, REGION, Place
from tests.sandbox import EmulatorProcess

NAMES = Names()


class Function:
    """A function deployed in the producer's account."""

    def __init__(self, place: Place, what: str, entry: str, policy: dict[str, Any], env: dict[str, str]) -> None:
        iam, self._lambda = place.client("iam", PRODUCER), place.client("lambda", PRODUCER)
        name = f"{what}-{uuid.uuid4().hex[:6]}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        self.role = iam.create_role(RoleName=name, Path=NAMES.iam_path, AssumeRolePolicyDocument=json.dumps(trust))[
            "Role"
        ]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        self.name = name
        self._lambda.create_function(
            FunctionName=name,
            Runtime=RUNTIME,
            Role=self.role,
            Handler=entry,
            Code={"ZipFile": build_bundle(entry).read_bytes()},
            Timeout=60,
            Environment={"Variables": env},
        )

    def __call__(self, event: Any) -> tuple[Any, str | None]:
        answer = self._lambda.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        return json.load(answer["Payload"]), answer.get("FunctionError")


def contributor(place: Place, role: str) -> None:
    place.client("datazone").create_project_membership(
        domainIdentifier=place.domain,
        projectIdentifier=place.project,
        member={"userIdentifier": role},
        designation="PROJECT_CONTRIBUTOR",
    )


def neighbours(place: Place, identifier: str, side: str) -> list[Any]:
    """Nodes beside a dataset's, once DataZone has worked on the events: it does so by and by."""
    client = place.client("datazone")
    for _ in range(100):
        try:
            node = client.get_lineage_node(domainIdentifier=place.domain, identifier=identifier)
            if node.get(side):
                return list(node[side])
        except client.exceptions.ResourceNotFoundException:
            pass
        time.sleep(0.1)
    return []


def test_producer_and_sync_make_an_asset_with_lineage(place: Place) -> None:
    registry_arn = NAMES.arn("glue", PRODUCER, f"registry/{place.registry}")
    clusters = place.client("kafka", PRODUCER).list_clusters_v2(ClusterNameFilter=place.resource)["ClusterInfoList"]
    cluster = clusters[0]["ClusterArn"]
    producer = Function(
        place,
        "sample-producer",
        "handlers.sample_producer.handler",
        producer_policy(NAMES, PRODUCER, platform="msk", registry_arn=registry_arn, resource_arn=cluster),
        sample_environment(
            NAMES, platform="msk", domain_id=place.domain, resource_arn=cluster, registry_name=place.registry
        ),
    )
    contributor(place, producer.role)
    answer, error = producer({})
    assert error is None, answer
    assert answer["schema"] == "producer-data-product"

    sync = Function(
        place,
        function_what("msk"),
        "handlers.sync_catalog.handler",
        sync_policy(
            NAMES, PRODUCER, place.domain, platform="msk", registry_arn=registry_arn, resource_arn=place.resource
        ),
        sync_environment(
            NAMES,
            domain_id=place.domain,
            project_id=place.project,
            platform="msk",
            registry_name=place.registry,
            resource_arn=place.resource,
            publish=True,
        ),
    )
    contributor(place, sync.role)
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


def test_a_failed_schema_makes_the_run_fail_after_the_rest(place: Place) -> None:
    registry_arn = NAMES.arn("glue", PRODUCER, f"registry/{place.registry}")
    place.register("good", '{"type": "record", "name": "R", "fields": []}')
    place.register("not$legal", '{"type": "record", "name": "R", "fields": []}')
    sync = Function(
        place,
        function_what("msk"),
        "handlers.sync_catalog.handler",
        sync_policy(
            NAMES, PRODUCER, place.domain, platform="msk", registry_arn=registry_arn, resource_arn=place.resource
        ),
        sync_environment(
            NAMES,
            domain_id=place.domain,
            project_id=place.project,
            platform="msk",
            registry_name=place.registry,
            resource_arn=place.resource,
        ),
    )
    contributor(place, sync.role)
    answer, error = sync({"action": "sync"})
    assert error == "Unhandled"
    assert answer["errorType"] == "CatalogError"
    assert '"schema": "not$legal"' in answer["errorMessage"]
    assert '"created": ["good"]' in answer["errorMessage"]
    _, error = sync({"hello": "world"})
    assert error == "Unhandled"


def sync_function(place: Place, **settings: Any) -> Function:
    """The data source's function with its own role, a contributor of the project."""
    registry_arn = NAMES.arn("glue", PRODUCER, f"registry/{place.registry}")
    common: dict[str, Any] = {"platform": place.platform, "resource_arn": place.resource}
    without_schema = bool(settings.get("without_schema"))
    made = Function(
        place,
        function_what(place.platform),
        "handlers.sync_catalog.handler",
        sync_policy(NAMES, PRODUCER, place.domain, registry_arn=registry_arn, without_schema=without_schema, **common),
        sync_environment(
            NAMES,
            domain_id=place.domain,
            project_id=place.project,
            registry_name=place.registry,
            **common,
            **settings,
        ),
    )
    contributor(place, made.role)
    return made


def test_within_the_documented_rates_nothing_is_lost(place: Place, emulator: EmulatorProcess) -> None:
    """DataZone and Parameter Store throttle as documented (20 creations, 3 parameters a second): all is done, later."""
    names = [f"topic-{number:02}" for number in range(24)]
    for name in names:
        place.register(name, '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}')
    sync = sync_function(place)
    emulator.admin("DELETE", "calls")
    emulator.admin("POST", "settings", {"rates": True})
    try:
        answer, error = sync({"action": "sync"})
        assert (error, answer["created"]) == (None, names), answer
        answer, error = sync({"action": "sync"})
        assert (error, answer["unchanged"]) == (None, 24), answer
    finally:
        emulator.admin("POST", "settings", {"rates": False})
    calls = {call["operation"]: call["count"] for call in emulator.admin("GET", "calls")["calls"]}
    assert calls["PutParameter"] > 24, "some were throttled and tried again"
    assert len(place.assets()) == 24


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
    queue = sqs.create_queue(QueueName=f"told-{uuid.uuid4().hex[:6]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = f"told-{uuid.uuid4().hex[:6]}"
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
    told: dict[str, Any] = {}
    for _ in range(50):
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            told[detail["change"]] = detail
        if len(told) == 2:
            break
        time.sleep(0.1)
    assert sorted(told) == ["CREATED", "REVISED"]
    assert told["REVISED"]["projectId"] == place.project
    verdict = told["REVISED"]["compatibility"]
    assert (verdict["breaking"], verdict["previousVersion"], len(verdict["added"]) > 0) == (False, 1, True)


def test_the_consumer_reports_its_run(place: Place) -> None:
    topic = f"arn:aws:kafka:{REGION}:{PRODUCER}:topic/{place.resource}/0a1b2c3d-1111-2222-3333-444455556666-7/orders"
    consumer = Function(
        place,
        "sample-consumer",
        "handlers.sample_consumer.handler",
        consumer_policy(NAMES, PRODUCER),
        sample_environment(NAMES, platform="msk", domain_id=place.domain, resource_arn=topic),
    )
    contributor(place, consumer.role)
    answer, error = consumer({})
    assert error is None, answer
    assert neighbours(place, f"kafka://{place.resource}/orders", "downstreamNodes")
