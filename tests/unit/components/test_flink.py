"""The Flink application: what is registered, and mistakes that are found before anything is made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.documents.compiler import many
from streamgov_core.model.errors import ConfigError
from streamgov_samples import FlinkApplication
from streamgov_samples.components import _flink_checks as checks
from streamgov_samples.functions.flink import job_policy, job_trust
from tests.unit.components.graph import Graph, run

ACCOUNT = "777788889999"
CONSUMER: Any = {"region": "eu-west-1", "account_id": ACCOUNT, "log_retention_days": 30, "tags": {"team": "fraud"}}
CODE = {"bucket_arn": "arn:aws:s3:::jobs", "key": "totals.jar", "object_version": "v1"}
GROUP = {"property_group_id": "streamgov.source", "property_map": {"topic": "orders"}}
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
APPLICATION = "aws:kinesisanalyticsv2/application:Application"


def graph_of(**changes: Any) -> Graph:
    given: dict[str, Any] = {
        "account": CONSUMER,
        "application": "totals",
        "code": CODE,
        "property_groups": [GROUP],
        **changes,
    }
    args = {key: value for key, value in given.items() if value is not None}

    def program() -> dict[str, Any]:
        made = FlinkApplication("totals", args)  # type: ignore[arg-type]
        return {"role": made.role_arn, "name": made.application_name}

    return run(program)


def test_an_application_with_all_that_belongs_to_it() -> None:
    graph = graph_of(kms_key_arn=KEY)
    made = graph.one(APPLICATION, "totals")
    assert made.inputs == {
        "name": "streamgov-totals",
        "runtimeEnvironment": "FLINK-2_2",
        "applicationMode": "STREAMING",
        "serviceExecutionRole": "arn:mock:aws:iam/role:Role:totals-role",
        "applicationConfiguration": {
            "applicationCodeConfiguration": {
                "codeContentType": "ZIPFILE",
                "codeContent": {
                    "s3ContentLocation": {
                        "bucketArn": "arn:aws:s3:::jobs",
                        "fileKey": "totals.jar",
                        "objectVersion": "v1",
                    }
                },
            },
            "applicationSnapshotConfiguration": {"snapshotsEnabled": True},
            "environmentProperties": {
                "propertyGroups": [{"propertyGroupId": "streamgov.source", "propertyMap": {"topic": "orders"}}]
            },
            "flinkApplicationConfiguration": {
                "checkpointConfiguration": {
                    "configurationType": "CUSTOM",
                    "checkpointingEnabled": True,
                    "checkpointInterval": 60_000,
                    "minPauseBetweenCheckpoints": 5_000,
                },
                "monitoringConfiguration": {
                    "configurationType": "CUSTOM",
                    "logLevel": "INFO",
                    "metricsLevel": "APPLICATION",
                },
                "parallelismConfiguration": {
                    "configurationType": "CUSTOM",
                    "parallelism": 1,
                    "parallelismPerKpu": 1,
                    "autoScalingEnabled": False,
                },
            },
        },
        "cloudwatchLoggingOptions": {"logStreamArn": "arn:mock:aws:cloudwatch/logStream:LogStream:totals-log"},
        "startApplication": True,
        "tags": {"team": "fraud"},
    }
    assert (made.parent, graph.outputs["name"]) == ("totals", "streamgov-totals")
    assert "totals-policy" in made.dependencies
    logs = graph.one("aws:cloudwatch/logGroup:LogGroup", "totals-logs").inputs
    assert logs["name"] == "/aws/kinesis-analytics/streamgov-totals"
    assert (logs["retentionInDays"], logs["kmsKeyId"], logs["tags"]) == (30, KEY, {"team": "fraud"})
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "totals-downtime").inputs
    assert (alarm["metricName"], alarm["dimensions"]) == ("downtime", {"Application": "streamgov-totals"})


def test_its_role_is_a_consumer_within_the_boundary() -> None:
    graph = graph_of(code={**CODE, "kms_key_arn": KEY}, vpc={"subnets": ["subnet-1"], "security_groups": ["sg-1"]})
    role = graph.one("aws:iam/role:Role", "totals-role")
    assert (role.inputs["name"], role.inputs["path"]) == ("streamgov-eu-west-1-totals", "/consumers/")
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/streamgov/streamgov/streamgov-eu-west-1-consumer-boundary"
    assert role.inputs["permissionsBoundary"] == boundary
    assert role.document("assumeRolePolicy") == job_trust(ACCOUNT, "eu-west-1", "streamgov-totals")
    assert graph.one("aws:iam/rolePolicy:RolePolicy", "totals-policy").document("policy") == job_policy(
        ACCOUNT,
        "eu-west-1",
        code_arn="arn:aws:s3:::jobs/totals.jar",
        log_group="/aws/kinesis-analytics/streamgov-totals",
        code_kms_key_arn=KEY,
        subnets=["subnet-1"],
        security_groups=["sg-1"],
    )
    vpc = graph.one(APPLICATION, "totals").inputs["applicationConfiguration"]["vpcConfiguration"]
    assert vpc == {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    (membership,) = graph_of(membership={"domain_id": "dzd_1", "project_id": "prj1"}).all(
        "pulumi-python:dynamic/streamgov:ProjectMembership"
    )
    assert membership.inputs["user_identifier"] == "arn:mock:aws:iam/role:Role:totals-role"
    assert membership.inputs["designation"] == "PROJECT_CONTRIBUTOR"
    assert membership.inputs["designation_name"] == "streamgov-lineage"
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "totals-policy").document("policy")
    allowed = [action for statement in policy["Statement"] for action in many(statement["Action"])]
    assert [f"datazone:{one}" for one in membership.inputs["operations"]] == [
        action for action in allowed if action.startswith("datazone:")
    ]


def test_what_the_program_says_reaches_the_application() -> None:
    made = graph_of(
        start=False,
        parallelism=4.0,
        parallelism_per_kpu=2.0,
        auto_scaling=True,
        checkpoint_interval_ms=2000.0,
        min_pause_between_checkpoints_ms=500,
        snapshots=False,
        log_level="WARN",
        runtime="FLINK-1_20",
        property_groups=None,
        role_path="/jobs/",
        description="Totals",
    )
    inputs = made.one(APPLICATION, "totals").inputs
    flink = inputs["applicationConfiguration"]["flinkApplicationConfiguration"]
    parallelism = {"configurationType": "CUSTOM", "parallelism": 4, "parallelismPerKpu": 2, "autoScalingEnabled": True}
    assert flink["parallelismConfiguration"] == parallelism
    assert flink["checkpointConfiguration"]["checkpointInterval"] == 2000
    assert flink["monitoringConfiguration"]["logLevel"] == "WARN"
    assert "environmentProperties" not in inputs["applicationConfiguration"]
    assert (inputs["startApplication"], inputs["runtimeEnvironment"]) == (False, "FLINK-1_20")
    assert made.one("aws:iam/role:Role", "totals-role").inputs["path"] == "/jobs/"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"application": "order totals"}, "totals: application may hold letters"),
        (
            {"application": "t" * 60},
            "80 characters, and IAM takes 64: shorten application or the namespace 'streamgov'",
        ),
        ({"runtime": "SQL-1_0"}, "runtime must be one of Flink's"),
        ({"parallelism": 0}, "parallelism must be at least 1, got 0"),
        ({"parallelism_per_kpu": 9}, "parallelism_per_kpu must be 1 to 8, got 9"),
        ({"parallelism": 65}, "takes 65 KPUs, and max_kpus is 64"),
        ({"checkpoint_interval_ms": 0}, "checkpoint_interval_ms must be at least 1"),
        ({"min_pause_between_checkpoints_ms": -1}, "must not be negative"),
        ({"log_level": "TRACE"}, "log_level must be one of DEBUG, ERROR, INFO, WARN, got 'TRACE'"),
        ({"metrics_level": "ALL"}, "metrics_level must be one of"),
        ({"vpc": {"subnets": [], "security_groups": ["sg-1"]}}, "vpc.subnets must name 1 to 16 subnets, got 0"),
        ({"vpc": {"subnets": ["subnet-1"], "security_groups": []}}, "vpc.security_groups must name 1 to 5"),
        ({"code": {**CODE, "bucket_arn": "jobs"}}, "code.bucket_arn must be the ARN of a bucket"),
        ({"code": {**CODE, "key": "s3://jobs/totals.jar"}}, "must be the key of the JAR within its bucket"),
        ({"code": {**CODE, "kms_key_arn": "alias/x"}}, "code.kms_key_arn must be the ARN of a KMS key"),
        ({"kms_key_arn": KEY.replace("eu-", "us-")}, "is in us-west-1, the application in eu-west-1"),
        ({"boundary_arn": "boundary"}, "boundary_arn must be the ARN of an IAM policy"),
        ({"boundary_arn": "arn:aws:iam::111122223333:policy/b"}, "is of account 111122223333, the role of 7777"),
        ({"role_path": "consumers"}, "role_path must begin and end with '/'"),
        ({"role_path": "/streamgov/streamgov/"}, "is reserved: no grant is given to a role there"),
    ],
)
def test_mistakes_are_found_at_once(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        graph_of(**changes)


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ([GROUP, GROUP], "property_groups holds streamgov.source more than once"),
        ([{**GROUP, "property_map": {}}], "property group streamgov.source must hold 1 to 50 properties, got 0"),
        ([{**GROUP, "property_map": {"secret": ""}}], "key and value of 'secret' must have 1 to 2048 characters"),
        (
            [{**GROUP, "property_group_id": str(number)} for number in range(51)],
            "holds 51 groups, the service takes 50",
        ),
    ],
)
def test_properties_that_the_service_would_refuse(groups: list[dict[str, Any]], reason: str) -> None:
    assert checks.check_groups("totals", [GROUP]) == [GROUP]
    with pytest.raises(ConfigError, match=reason):
        checks.check_groups("totals", groups)


def test_the_program_of_the_document_deploys() -> None:
    """docs/flink.md, "Deploy it on AWS", as it stands there."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "flink.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)

    def program() -> dict[str, Any]:
        exec(compile(code, "docs/flink.md", "exec"), {"__name__": "__main__"})
        return {}

    graph = run(program)
    made = graph.one(APPLICATION, "order-totals-job")
    groups = made.inputs["applicationConfiguration"]["environmentProperties"]["propertyGroups"]
    assert [group["propertyGroupId"] for group in groups] == ["streamgov.source", "streamgov.sink", "streamgov.lineage"]
    assert groups[2]["propertyMap"]["job.name"] == made.inputs["name"]
    assert made.account == "888899990000"
