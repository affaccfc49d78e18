"""The table of actions against botocore's models: which operations have no row, and that rows do not stumble."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from aws_emulator.api import ApiCall, Caller
from aws_emulator.iam.actions import Actions, NoRow
from emulator_tests.iam.conftest import CONSUMER, REGION, Accounts

CALLER = Caller(CONSUMER, f"arn:aws:sts::{CONSUMER}:assumed-role/app/s1", None, "ASIA1", False)

# What has no row, and is refused: operations that the reference data does not know yet, and whole families that no
# part of a governed stream uses.
WITHOUT = {
    "kafka": {"CreateChannel", "DeleteChannel", "DescribeChannel", "ListChannels", "UpdateChannel"},
    "datazone": {
        *("CreateDesignation", "DeleteDesignation", "GetDesignation", "ListDesignations", "UpdateDesignation"),
        *("GetNotebookRun", "ListNotebookRuns", "StartNotebookRun", "StartNotebookSync", "StopNotebookRun"),
        *("DeleteLineageEvent", "UpdateRootDomainUnitOwner"),
    },
    "dynamodb": {
        *("BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction", "SearchVectors", "StartBulkPutItems"),
        *("CancelBulkOperation", "DescribeBulkOperation", "ListBulkOperations", "ImportTable"),
        *("CreateGlobalTable", "DescribeGlobalTable", "DescribeGlobalTableSettings", "UpdateGlobalTable"),
        "UpdateGlobalTableSettings",
    },
    "sqs": {"CancelMessageMoveTask"},
    "scheduler": set(),
    "stepfunctions": set(),
    "kms": {"Decapsulate", "Encapsulate", "GetKeyLastUsage"},
    "sts": {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken"},
    "ram": {"ReplacePermissionAssociations", "UpdatePermission"},
}


def sample(shape: Any, name: str = "", depth: int = 0) -> Any:
    """A value of a shape, all members filled in."""
    if depth > 6:
        return None
    kind = shape.type_name
    if kind == "structure":
        return {key: sample(member, key, depth + 1) for key, member in shape.members.items()}
    if kind == "list":
        return [sample(shape.member, name, depth + 1)]
    if kind == "map":
        return {"k": sample(shape.value, "", depth + 1)}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return f"arn:aws:x:{REGION}:{CONSUMER}:thing/abc" if name.lower().endswith("arn") else "abc"
    return {"integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True, "blob": b"abc"}.get(kind)


@pytest.fixture(scope="module")
def actions() -> Actions:
    return Actions()


@pytest.fixture(scope="module")
def models() -> Any:
    return botocore.session.get_session()


def uncovered(actions: Actions, models: Any, service: str) -> set[str]:
    model = models.get_service_model(service)
    found = set()
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        params = sample(shape) if shape is not None else {}
        try:
            checks = actions.checks(ApiCall(service, name, params, REGION, CALLER, "r1"))
        except NoRow:
            found.add(name)
            continue
        for check in checks:
            assert ":" in check.action and (check.resource == "*" or check.resource.startswith("arn:")), check
    return found


@pytest.mark.parametrize("service", sorted(WITHOUT))
def test_operations_without_a_row_are_those_that_are_written_down(
    accounts: Accounts, actions: Actions, models: Any, service: str
) -> None:
    assert uncovered(actions, models, service) == WITHOUT[service]


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        (
            "kinesis",
            "PutRecords GetShardIterator ListShards RegisterStreamConsumer PutResourcePolicy DescribeStreamSummary",
        ),
        ("glue", "CreateRegistry CreateSchema RegisterSchemaVersion ListSchemas ListSchemaVersions GetSchemaVersion"),
        ("iam", "CreateRole PutRolePolicy CreatePolicyVersion AttachRolePolicy UpdateAssumeRolePolicy DeletePolicy"),
        ("ssm", "GetParameter GetParameters GetParametersByPath PutParameter DeleteParameter DescribeParameters"),
        ("lambda", "Invoke CreateFunction AddPermission CreateEventSourceMapping GetPolicy ListFunctions"),
        ("events", "PutEvents PutRule PutTargets ListTargetsByRule DescribeEventBus"),
        ("logs", "CreateLogGroup CreateLogStream PutLogEvents PutRetentionPolicy FilterLogEvents"),
        ("cloudwatch", "PutMetricData PutMetricAlarm DescribeAlarms"),
        ("cloudtrail", "CreateTrail DescribeTrails GetTrailStatus LookupEvents PutEventSelectors"),
        ("s3", "GetObject PutObject ListObjectsV2 PutBucketPolicy DeleteObjects CreateBucket"),
        ("ec2", "DescribeSubnets DescribeVpcs DescribeSecurityGroups"),
        ("sns", "Publish CreateTopic Subscribe"),
        ("organizations", "DescribeOrganization"),
    ],
)
def test_operations_that_a_governed_stream_uses_have_a_row(
    accounts: Accounts, actions: Actions, models: Any, service: str, operations: str
) -> None:
    assert uncovered(actions, models, service).isdisjoint(operations.split())
