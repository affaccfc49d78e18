"""What the samples may do and how they are configured. Pure: strings in, dicts out."""

from __future__ import annotations

from typing import Any

from streamgov_core.model.command import Consumer
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_samples.functions.records import SCHEMA_NAME


def producer_policy(
    names: Names,
    account: str,
    *,
    platform: str,
    registry_arn: str,
    resource_arn: str,
    what: str = "sample-producer",
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
        what: the function's word, for its log group.
        kms_key_arn: the key that encrypts the stream, if a customer's (PutRecords calls GenerateDataKey).
        schema_name: the schema, and so the topic.
    """
    registry = registry_arn.rpartition("/")[2]
    log_group = names.arn("logs", account, f"log-group:{names.log_group(what)}")
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


def consumer_policy(names: Names, account: str, *, what: str = "sample-consumer") -> dict[str, Any]:
    """The permissions of the sample consumer before any grant: its log and lineage. What it may read, grants decide."""
    log_group = names.arn("logs", account, f"log-group:{names.log_group(what)}")
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
            # PostLineageEvent names no resource type in IAM.
            allow("ReportLineage", ["datazone:PostLineageEvent"], ["*"]),
        ],
    }


def sample_environment(
    names: Names,
    *,
    platform: str,
    domain_id: str,
    resource_arn: str,
    registry_name: str = "",
    schema_name: str = SCHEMA_NAME,
    brokers: str = "",
) -> dict[str, str]:
    """The environment variables of the sample producer and consumer.

    Args:
        names: the deployment's names.
        platform: the platform's name.
        domain_id: the DataZone domain.
        resource_arn: the topic's or stream's ARN; for a cluster's ARN, its topic of the schema's name.
        registry_name: the registry that the producer registers its schema in.
        schema_name: the schema.
        brokers: the cluster's addresses for IAM.
    """
    arn = PLATFORMS.named(platform).resource_arn(resource_arn, schema_name)
    return {
        "STREAMGOV_REGION": names.region,
        "STREAMGOV_DOMAIN_ID": domain_id,
        "STREAMGOV_RESOURCE_ARN": arn,
        "STREAMGOV_REGISTRY_NAME": registry_name,
        "STREAMGOV_SCHEMA_NAME": schema_name,
        **({"STREAMGOV_BROKERS": brokers} if brokers and arn != resource_arn else {}),
    }


def consumer_environment(
    names: Names,
    consumer: Consumer,
    *,
    platform: str,
    domain_id: str,
    resource_arn: str,
    registry_name: str,
    brokers: str = "",
) -> dict[str, str]:
    """The environment variables of the sample consumer: also its group and the role that reads schemas.

    Args:
        names: the deployment's names.
        consumer: who consumes; its project's prefix begins the group's name, or no grant would allow the group.
        platform: the platform's name.
        domain_id: the DataZone domain.
        resource_arn: the topic's, cluster's or stream's ARN.
        registry_name: the registry, in the account of the stream.
        brokers: the cluster's addresses for IAM.
    """
    owner = resource_arn.split(":")[4]
    registry_arn = names.arn("glue", owner, f"registry/{registry_name}")
    return {
        **sample_environment(
            names,
            platform=platform,
            domain_id=domain_id,
            resource_arn=resource_arn,
            registry_name=registry_name,
            brokers=brokers,
        ),
        "STREAMGOV_CONSUMER_GROUP": f"{consumer.group_prefix}sample-consumer",
        "STREAMGOV_READER_ROLE_ARN": names.reader_role_arn(owner, registry_arn, consumer.account, consumer.project_id),
    }


def allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    """A statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
