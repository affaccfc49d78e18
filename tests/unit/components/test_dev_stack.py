"""The stack ``dev``: every resource, its logical name, parent and account; and what holds for all of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.model.naming import Names
from streamgov_pulumi.config import StackConfig, parse
from tests.unit.components.conftest import deployed, raw_config
from tests.unit.components.graph import Graph

GOLDEN = Path(__file__).parent / "golden" / "dev.txt"
DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
NAMES = Names()
TAGLESS = [
    "RolePolicy",
    "EventTarget",
    "Permission",
    "QueuePolicy",
    "Alias",
    "FunctionEventInvokeConfig",
    "LayerVersion",
    "ResourceAssociation",
    "PrincipalAssociation",
    "ResourceShareAccepter",
    "Project",
    "EnvironmentProfile",
    "Environment",
    "EnvironmentBlueprintConfiguration",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketLifecycleConfiguration",
    "Dashboard",
]


@pytest.fixture
def graph(dev: Graph) -> Graph:
    return dev


def test_every_resource_as_reviewed(graph: Graph) -> None:
    """Names and parents are part of every deployed state. After a wanted change: UPDATE_GOLDEN=1, read the diff."""
    text = "\n".join(graph.lines()) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_a_preview_with_everything_unknown(dev_config: StackConfig, graph: Graph) -> None:
    assert deployed(dev_config, preview=True).lines() == graph.lines()


def test_every_resource_has_its_accounts_own_provider(graph: Graph) -> None:
    assert {item.account for item in graph.aws()} == {DOMAIN, PRODUCER, CONSUMER}
    providers = {item.name: item.inputs for item in graph.all("pulumi:providers:aws")}
    assert sorted(providers) == [f"aws-{account}" for account in (DOMAIN, PRODUCER, CONSUMER)]
    for name, inputs in providers.items():
        account = name.removeprefix("aws-")
        assert json.loads(inputs["allowedAccountIds"]) == [account]
        roles = json.loads(inputs.get("assumeRoles", "[]"))
        expected = [] if account == DOMAIN else [f"arn:aws:iam::{account}:role/Admin"]
        assert [role["roleArn"] for role in roles] == expected
        assert not {"accessKey", "secretKey", "token", "endpoints"} & set(inputs)


def test_where_things_are(graph: Graph) -> None:
    where = {(item.type.rsplit(":", 1)[1], item.name): item.account for item in graph.aws()}
    assert where["StateMachine", "streamgov-central-machine"] == DOMAIN
    assert where["StateMachine", f"streamgov-{PRODUCER}-machine"] == PRODUCER
    assert where["StateMachine", f"streamgov-{CONSUMER}-machine"] == CONSUMER
    assert where["Function", f"streamgov-{PRODUCER}-msk-sync"] == PRODUCER
    assert where["Cluster", "sandbox-cluster"] == PRODUCER
    assert where["Role", "sandbox-consumer-role"] == CONSUMER
    assert where["EnvironmentBlueprintConfiguration", "sandbox-consumer-blueprint"] == CONSUMER
    assert where["ResourceShareAccepter", "sandbox-producer-association-accepter"] == PRODUCER


def test_logs_expire_and_are_encrypted(graph: Graph) -> None:
    groups = graph.all("aws:cloudwatch/logGroup:LogGroup")
    assert len(groups) == 16
    for group in groups:
        assert group.inputs["retentionInDays"] == 7
        assert group.inputs["name"].startswith("/streamgov/streamgov/")
        if not group.name.startswith("samples-"):
            assert group.inputs["kmsKeyId"].startswith("arn:mock:aws:kms/key")


def test_ledgers(graph: Graph) -> None:
    tables = {item.inputs["name"]: item for item in graph.all("aws:dynamodb/table:Table")}
    words = ("grants", "runs", "documents", "records", "sync-msk-runs", "sync-kinesis-runs")
    assert set(tables) == {f"streamgov-{word}" for word in words}
    for table in graph.all("aws:dynamodb/table:Table"):
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert table.inputs["serverSideEncryption"]["enabled"] is True
        assert table.inputs["serverSideEncryption"]["kmsKeyArn"].startswith("arn:mock:aws:kms/key")
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["deletionProtectionEnabled"] is False
    assert tables["streamgov-grants"].inputs["hashKey"] == "grantId"


def test_silence_of_scheduled_runs_breaches_and_silence_of_errors_does_not(graph: Graph) -> None:
    alarms = {item.inputs["name"]: item.inputs for item in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    for name, metric in (("reconcile", "RunsEnded"), ("sync-msk", "SyncRuns"), ("sync-kinesis", "SyncRuns")):
        heartbeat = alarms.pop(f"streamgov-{name}-heartbeat")
        assert (heartbeat["treatMissingData"], heartbeat["comparisonOperator"]) == ("breaching", "LessThanThreshold")
        assert (heartbeat["metricName"], heartbeat["period"], heartbeat["evaluationPeriods"]) == (metric, 3600, 3)
        assert name in heartbeat["dimensions"].values()
    for alarm in alarms.values():
        assert alarm["treatMissingData"] == "notBreaching" and alarm["period"] == 300


def test_machines_log_errors_and_trace(graph: Graph) -> None:
    for machine in graph.all("aws:sfn/stateMachine:StateMachine"):
        assert machine.inputs["loggingConfiguration"]["level"] == "ERROR"
        assert machine.inputs["loggingConfiguration"]["logDestination"].endswith(":*")
        assert machine.inputs["tracingConfiguration"] == {"enabled": True}
        assert "StartAt" in machine.document("definition")


def test_alarms_on_executions_functions_and_dead_letters(graph: Graph) -> None:
    alarms = graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    watched = sorted((item.account, item.inputs["metricName"]) for item in alarms)
    for account in (DOMAIN, PRODUCER, CONSUMER):
        assert (account, "ExecutionsFailed") in watched
        assert (account, "ExecutionsTimedOut") in watched
    assert watched.count((DOMAIN, "ApproximateNumberOfMessagesVisible")) == 1
    # One for each data source: a topic's and a stream's.
    assert watched.count((PRODUCER, "ApproximateNumberOfMessagesVisible")) == 2
    assert sum(metric == "Errors" for _, metric in watched) == len(graph.all("aws:lambda/function:Function"))
    assert all(item.inputs["threshold"] == 1 for item in alarms)


def test_events_go_to_the_central_machine_with_dead_letters(graph: Graph) -> None:
    targets = graph.all("aws:cloudwatch/eventTarget:EventTarget")
    assert len(targets) == 7
    for target in targets:
        assert target.inputs["deadLetterConfig"]["arn"].startswith("arn:mock:aws:sqs/queue")
        assert target.inputs["retryPolicy"]["maximumRetryAttempts"] > 0
    rule = graph.one("aws:cloudwatch/eventRule:EventRule", "streamgov-central-grant-events")
    pattern = rule.document("eventPattern")
    assert pattern["source"] == ["aws.datazone"]
    assert "dzd-mock000000001" in rule.inputs["eventPattern"]
    assert "MskTopicAssetType" in rule.inputs["eventPattern"]
    assert "KinesisStreamAssetType" in rule.inputs["eventPattern"]
    settle = graph.one("aws:cloudwatch/eventTarget:EventTarget", "streamgov-central-settle-target")
    assert "settle" in settle.inputs["inputTransformer"]["inputTemplate"]
    reconcile = graph.one("aws:cloudwatch/eventTarget:EventTarget", "streamgov-central-reconcile-target")
    assert reconcile.document("input") == {"version": 1, "action": "reconcile", "dryRun": False}
    schedule = graph.one("aws:cloudwatch/eventRule:EventRule", "streamgov-central-reconcile")
    assert schedule.inputs["scheduleExpression"] == "rate(1 hour)"
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "streamgov-central-reconcile-open")
    assert alarm.inputs["dimensions"] == {"Deployment": "streamgov", "Function": "reconcile", "Mode": "repair"}


def test_policies_fit_their_limits_and_are_json(graph: Graph) -> None:
    for role in graph.all("aws:iam/role:Role"):
        assert len(role.inputs["assumeRolePolicy"]) <= 2048, role.name
        assert role.document("assumeRolePolicy")["Statement"], role.name
        assert len(role.inputs["name"]) <= 64
    for policy in graph.all("aws:iam/rolePolicy:RolePolicy"):
        assert len(policy.inputs["policy"]) <= 10_240, policy.name
    for boundary in graph.all("aws:iam/policy:Policy"):
        assert len(boundary.inputs["policy"]) <= 6144
        assert boundary.inputs["path"] == NAMES.iam_path


def test_nobody_is_trusted_with_a_wildcard(graph: Graph) -> None:
    for role in graph.all("aws:iam/role:Role"):
        for statement in role.document("assumeRolePolicy")["Statement"]:
            assert statement["Principal"] != "*", role.name
            assert statement["Principal"].get("AWS") != "*", role.name
            if "AWS" in statement["Principal"]:
                assert "sts:ExternalId" in json.dumps(statement["Condition"]), role.name


def test_names_agree_with_what_the_other_side_computes(graph: Graph) -> None:
    names = {(item.account, item.inputs["name"]) for item in graph.all("aws:iam/role:Role")}
    for account, what in (
        (DOMAIN, "central-machine"),
        (DOMAIN, "callback"),
        (PRODUCER, "member-invoke"),
        (CONSUMER, "member-invoke"),
        (CONSUMER, "member-machine"),
    ):
        assert (account, NAMES.iam_name(what)) in names
    machines = {(item.account, item.inputs["name"]) for item in graph.all("aws:sfn/stateMachine:StateMachine")}
    assert machines == {
        (DOMAIN, "streamgov-central"),
        (PRODUCER, "streamgov-member"),
        (PRODUCER, "streamgov-sync-msk"),
        (PRODUCER, "streamgov-sync-kinesis"),
        (CONSUMER, "streamgov-member"),
    }


def test_consumer_role_carries_the_boundary_and_is_the_only_one_allowed(graph: Graph) -> None:
    role = graph.one("aws:iam/role:Role", "sandbox-consumer-role")
    assert role.inputs["path"] == "/consumers/"
    assert role.inputs["permissionsBoundary"] == "arn:mock:aws:iam/policy:Policy:sandbox-consumer-boundary-policy"
    target = graph.one("pulumi-python:dynamic/streamgov:SubscriptionTarget", f"streamgov-{CONSUMER}-target-msk")
    assert target.inputs["authorized_principals"] == ["arn:mock:aws:iam/role:Role:sandbox-consumer-role"]
    assert target.inputs["assume_role_arn"] == f"arn:aws:iam::{CONSUMER}:role/Admin"
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", f"streamgov-{CONSUMER}-apply-policy").document("policy")
    writes = [s for s in policy["Statement"] if "iam:PutRolePolicy" in s["Action"] and s["Effect"] == "Allow"]
    assert [s["Resource"] for s in writes if s["Sid"] == "WriteConsumerRoles"] == [
        [f"arn:aws:iam::{CONSUMER}:role/consumers/*"]
    ]
    denied = next(s for s in policy["Statement"] if s["Effect"] == "Deny")
    assert f"arn:aws:iam::{CONSUMER}:role/Admin" in denied["Resource"]


def test_a_form_revision_leads_to_an_asset_type_revision(graph: Graph) -> None:
    asset_type = graph.one("pulumi-python:dynamic/streamgov:AssetType", "streamgov-msk-types")
    forms = asset_type.inputs["forms"]
    assert forms["MskSourceReferenceFormType"] == {
        "type_identifier": "MskSourceReferenceFormType",
        "type_revision": "1",
        "required": True,
    }
    assert "type_revision" not in forms["RelationalTableFormType"]
    assert asset_type.dependencies >= {
        "streamgov-msk-types-KafkaSchemaFormType",
        "streamgov-msk-types-MskSourceReferenceFormType",
    }


@pytest.mark.parametrize(
    "name", ["sandbox-consumer-membership", "samples-msk-producer-membership", "samples-kinesis-producer-membership"]
)
def test_a_role_becomes_a_member_after_its_account_is_associated(graph: Graph, name: str) -> None:
    """The governance's own memberships wait with their component; these belong to others."""
    membership = graph.one("pulumi-python:dynamic/streamgov:ProjectMembership", name)
    accepters = {"sandbox-producer-association-accepter", "sandbox-consumer-association-accepter"}
    assert accepters <= membership.dependencies


def test_members_of_projects(graph: Graph) -> None:
    members = graph.all("pulumi-python:dynamic/streamgov:ProjectMembership")
    found = sorted((item.inputs["user_identifier"].rsplit(":", 1)[1], item.inputs["project_id"]) for item in members)
    producer, consumer = "sandbox-producer-project-id", "sandbox-consumer-project-id"
    assert found == [
        ("samples-kinesis-producer-role", producer),
        ("samples-msk-producer-role", producer),
        ("sandbox-consumer-role", consumer),
        (f"streamgov-{PRODUCER}-kinesis-sync-role", producer),
        (f"streamgov-{PRODUCER}-msk-sync-role", producer),
        ("streamgov-central-collect-role", consumer),
        ("streamgov-central-collect-role", producer),
        ("streamgov-central-reconcile-role", consumer),
        ("streamgov-central-reconcile-role", producer),
        ("streamgov-central-report-role", consumer),
        ("streamgov-central-report-role", producer),
    ]
    # The domain's account makes them: nobody else may.
    assert not any("assume_role_arn" in item.inputs for item in members)


def test_tags_and_boundary_reach_every_resource() -> None:
    raw = {**raw_config("dev"), "tags": {"team": "streams"}, "permissionsBoundaryName": "corp/limit"}
    graph = deployed(parse(raw))
    for item in graph.aws():
        if item.type.rsplit(":", 1)[1] not in TAGLESS:
            assert item.inputs.get("tags", {}).get("team") == "streams", item
    for role in graph.all("aws:iam/role:Role"):
        if role.name.startswith("streamgov-"):
            assert role.inputs["permissionsBoundary"] == f"arn:aws:iam::{role.account}:policy/corp/limit", role.name


def test_entry_points(graph: Graph) -> None:
    assert sorted({item.inputs["handler"] for item in graph.all("aws:lambda/function:Function")}) == [
        "handlers.apply_grant.handler",
        "handlers.collect_grant.handler",
        "handlers.reconcile_grants.handler",
        "handlers.report_grant.handler",
        "handlers.sample_consumer.handler",
        "handlers.sample_producer.handler",
        "handlers.sync_catalog.handler",
    ]


def test_outputs(graph: Graph) -> None:
    expected = {
        "domainId", "producerProjectId", "consumerProjectId", "producerEnvironmentId", "consumerEnvironmentId",
        "mskSubscriptionTargetId", "consumerRoleArn", "mskClusterArn", "kinesisStreamArn", "mskRegistryName",
        "kinesisRegistryName", "mskAssetType", "mskDataSourceFunctionArn", "centralStateMachineArn",
        "mskProducerFunctionArn", "mskConsumerFunctionArn",
    }  # fmt: skip
    assert expected <= set(graph.outputs)
    assert all(isinstance(value, str) and value for value in graph.outputs.values())


def _secrets(value: Any) -> bool:
    return "1b47061264138c4ac30d75fd1eb44270" in json.dumps(value, default=str)


def test_state_holds_no_secret(graph: Graph) -> None:
    assert not any(_secrets(dict(item.inputs)) for item in graph.resources)
