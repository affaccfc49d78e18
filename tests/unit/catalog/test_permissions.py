"""What a data source's function may do, and its configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.deploy.data_source_deployment import data_source
from streamgov_core.deploy.data_source_permissions import (
    ASSET_OPERATIONS,
    schedule_policy,
    sync_machine_policy,
    sync_policy,
)
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.documents.compiler import many
from streamgov_core.model.errors import CatalogError, ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from tests.unit.catalog.fakes import ACCOUNT, CLUSTER, REGISTRY_ARN

NAMES = Names("team-a")


def policy(**changes: Any) -> dict[str, Any]:
    arguments = {
        "function_name": "sync-msk",
        "platform": "msk",
        "registry_arn": REGISTRY_ARN,
        "resource_arn": CLUSTER,
        **changes,
    }
    return sync_policy(NAMES, ACCOUNT, "dzd-1", **arguments)


def resources(document: dict[str, Any], action: str) -> list[str]:
    return [arn for item in document["Statement"] if action in item["Action"] for arn in many(item["Resource"])]


def record_keys(document: dict[str, Any]) -> list[str]:
    """The keys of the records to which the document's statement about them is bound."""
    (statement,) = [item for item in document["Statement"] if item["Sid"] == "OwnRecords"]
    assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
    found: list[str] = statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"]
    return found


def test_only_what_has_no_resource_type_is_allowed_on_everything() -> None:
    wide = {
        action for statement in policy()["Statement"] if "*" in statement["Resource"] for action in statement["Action"]
    }
    assert {action for action in wide if not action.startswith("datazone:")} == {
        "kafka:GetBootstrapBrokers",
        "kafka:ListClustersV2",
    }
    for statement in policy()["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]


def test_a_designation_permits_what_the_role_may_ask_of_datazone() -> None:
    for platform in PLATFORMS:
        source = data_source(
            AccountScope(NAMES, ACCOUNT),
            domain_id="dzd-1",
            project_id="p1",
            platform=platform,
            registry_name="r",
            resource="main",
        )
        for function in source.functions:
            assert function.datazone_operations in (sorted(ASSET_OPERATIONS), [])
    assert NAMES.type_designation("msk") == "team-a-sync-msk"


def test_resources() -> None:
    document = policy(dead_letter_arn="arn:queue", kms_key_arn="arn:key")
    schemas = REGISTRY_ARN.replace(":registry/", ":schema/") + "/*"
    assert resources(document, "glue:GetSchemaVersion") == [REGISTRY_ARN, schemas]
    tables = [NAMES.arn("dynamodb", ACCOUNT, f"table/team-a-{name}") for name in ("records", "sync-msk-runs")]
    assert resources(document, "dynamodb:PutItem") == tables
    assert resources(document, "events:PutEvents") == [f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"]
    topics = CLUSTER.replace(":cluster/", ":topic/") + "/*"
    assert resources(document, "kafka-cluster:DescribeTopic") == [CLUSTER, topics]
    assert resources(document, "kafka:DescribeClusterV2") == [CLUSTER]
    assert resources(policy(resource_arn="main"), "kafka:DescribeClusterV2") == [
        f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/main/*"
    ]
    assert resources(document, "lambda:InvokeFunction") == [], "it starts itself no more"
    assert resources(document, "states:StartExecution") == [
        f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:team-a-sync-msk"
    ]
    assert resources(document, "states:DescribeExecution") == [
        f"arn:aws:states:us-east-1:{ACCOUNT}:execution:team-a-sync-msk:*"
    ]
    assert resources(document, "sqs:SendMessage") == ["arn:queue"]
    assert set(resources(document, "kms:Decrypt")) == {"arn:key"}
    assert resources(document, "logs:PutLogEvents") == [
        f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/streamgov/team-a/sync-msk:*"
    ]
    kinesis = policy(platform="kinesis", resource_arn="clicks", function_name="sync-web")
    assert resources(kinesis, "kinesis:DescribeStreamSummary") == [f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/clicks"]
    assert resources(kinesis, "kms:DescribeKey") == [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"]
    everything = policy(platform="kinesis", resource_arn="")
    assert resources(everything, "kinesis:DescribeStreamSummary") == [f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/*"]
    assert resources(kinesis, "states:StartExecution") == [
        f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:team-a-sync-web"
    ]


def test_the_machine_invokes_its_function_and_starts_itself() -> None:
    document = sync_machine_policy(NAMES, ACCOUNT, "sync-msk")
    assert resources(document, "lambda:InvokeFunction") == [NAMES.function_arn(ACCOUNT, "sync-msk")]
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:team-a-sync-msk"
    assert resources(document, "states:StartExecution") == [machine]
    executions = machine.replace(":stateMachine:", ":execution:")
    assert resources(document, "states:StopExecution") == [f"{executions}:*", f"{executions}/*"]
    assert resources(schedule_policy(NAMES, ACCOUNT, "sync-msk"), "states:StartExecution") == [machine]


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(ConfigError, match="'pulsar'"):
        policy(platform="pulsar")


def test_the_policy_fits_a_role() -> None:
    assert len(json.dumps(policy(dead_letter_arn="a" * 100, kms_key_arn="k" * 100), separators=(",", ":"))) < 10_240


def test_topic_mappings() -> None:
    assert topic_mapping("same")("a-value") == "a-value"
    assert topic_mapping("suffix:-value")("a-value") == "a"
    assert topic_mapping('map:{"a": "b"}')("a") == "b"
    for rule, schema in (("suffix:-value", "a"), ("suffix:-value", "-value"), ('map:{"a": "b"}', "c")):
        with pytest.raises(CatalogError):
            topic_mapping(rule)(schema)
    by_words = topic_mapping("metadata:topic|suffix:-value")
    assert by_words("a-value", {"topic": "b"}) == "b"
    assert by_words("a-value", {"topic": " "}) == by_words("a-value") == "a"
    with pytest.raises(CatalogError, match="neither a tag nor metadata 'topic'"):
        topic_mapping("metadata:topic")("a", {"other": "b"})
    for rule in (
        "metadata:",
        "metadata:topic|other",
        "",
        "other",
        "suffix:",
        "map:",
        "map:[]",
        'map:{"a": 1}',
        "same:x",
    ):
        with pytest.raises(ConfigError):
            topic_mapping(rule)
