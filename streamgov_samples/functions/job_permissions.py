"""IAM documents of the sample jobs."""

from __future__ import annotations

from typing import Any

from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_samples.functions.records import SCHEMA_NAME


def producer_policy(
    names: Names,
    account: str,
    *,
    platform: str,
    function_name: str,
    registry_arn: str,
    resource_arn: str,
    kms_key_arn: str | None = None,
    schema_name: str = SCHEMA_NAME,
) -> dict[str, Any]:
    """The permissions of the sample producer: register one registry's schemas, write the stream, report lineage.

    Args:
        names: the deployment's names.
        account: the producer account.
        platform: the platform's name, ``msk`` for example.
        registry_arn: the registry that it registers schemas in.
        resource_arn: the stream, or the cluster of the topic.
        function_name: what ``Names.function_name`` calls the function.
        kms_key_arn: the key that encrypts the stream, if a customer's (PutRecords calls GenerateDataKey).
        schema_name: the schema, and so the topic.
    """
    registry = registry_arn.rpartition("/")[2]
    log_group = names.arn("logs", account, f"log-group:{names.log_group(function_name)}")
    statements = [
        allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
        allow(
            "RegisterSchemas",
            ["glue:CreateSchema", "glue:GetSchema", "glue:GetSchemaVersion", "glue:RegisterSchemaVersion"],
            [registry_arn, names.arn("glue", account, f"schema/{registry}/*")],
        ),
        # PostLineageEvent names no resource type in IAM.
        allow("ReportLineage", ["datazone:PostLineageEvent"], ["*"]),
    ]
    chosen = PLATFORMS.named(platform)
    statements += chosen.write_statements(chosen.resource_arn(resource_arn, schema_name), kms_key_arn)
    return {"Version": "2012-10-17", "Statement": statements}


def consumer_policy(names: Names, account: str, *, function_name: str) -> dict[str, Any]:
    """The permissions of the sample consumer before any grant: its log and lineage. What it may read, grants decide."""
    log_group = names.arn("logs", account, f"log-group:{names.log_group(function_name)}")
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
            # PostLineageEvent names no resource type in IAM.
            allow("ReportLineage", ["datazone:PostLineageEvent"], ["*"]),
        ],
    }


def allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    """A statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
