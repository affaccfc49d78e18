"""Bundled functions in the emulator, with the roles that the product gives them: IAM is enforced."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from streamgov_core.catalog.permissions import function_what, sync_environment, sync_policy
from streamgov_core.naming import Names
from streamgov_core.samples.permissions import consumer_policy, producer_policy, sample_environment
from streamgov_pulumi.packaging import RUNTIME, build_bundle
from tests.integration.catalog.conftest import PRODUCER, REGION, Place

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
        sample_environment(NAMES, domain_id=place.domain, resource_arn=cluster, registry_name=place.registry),
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


def test_the_consumer_reports_its_run(place: Place) -> None:
    topic = f"arn:aws:kafka:{REGION}:{PRODUCER}:topic/{place.resource}/0a1b2c3d-1111-2222-3333-444455556666-7/orders"
    consumer = Function(
        place,
        "sample-consumer",
        "handlers.sample_consumer.handler",
        consumer_policy(NAMES, PRODUCER),
        sample_environment(NAMES, domain_id=place.domain, resource_arn=topic),
    )
    contributor(place, consumer.role)
    answer, error = consumer({})
    assert error is None, answer
    assert neighbours(place, f"kafka://{place.resource}/orders", "downstreamNodes")
