"""What a data source's function may do, how it is configured, which events start it. Pure: strings in, dicts out."""

from __future__ import annotations

import json
from typing import Any

from streamgov_core.catalog.sync_request import CALLS_BY_SCHEMA_ID, CALLS_WITH_DEFINITION, DEFAULT_REGISTRY, TAG_CALLS
from streamgov_core.model.asset_record import record_path
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS


def function_what(data_source: str) -> str:
    """The word for ``Names.function_name``, ``Names.role_arn`` and ``Names.log_group`` of a data source."""
    return f"sync-{data_source}"


def sync_policy(
    names: Names,
    account: str,
    domain_id: str,
    *,
    platform: str,
    registry_arn: str,
    resource_arn: str,
    data_source: str | None = None,
    dead_letter_arn: str | None = None,
    kms_key_arn: str | None = None,
    without_schema: bool = False,
) -> dict[str, Any]:
    """The permissions of the role of a data source's function.

    Args:
        names: the deployment's names.
        account: the producer account, where the function runs.
        domain_id: the DataZone domain.
        platform: the platform's name, ``msk`` for example.
        registry_arn: ARN of the Glue schema registry, in the same account.
        resource_arn: the MSK cluster's ARN (or its name), or the pattern of the streams' ARNs.
        data_source: the data source's name; by default the platform's.
        dead_letter_arn: queue for events that failed, if the function has one.
        kms_key_arn: key that encrypts the function's environment or dead letters, if a customer's.
        without_schema: topics and streams without schema become assets, too.

    Raises:
        ConfigError: the platform is unknown.
    """
    what = function_what(data_source or platform)
    registry = registry_arn.rpartition("/")[2]
    paths = [
        names.arn("ssm", account, f"parameter{record_path(names, domain_id, place)}")
        for place in ([registry, None] if without_schema else [registry])
    ]
    log_group = names.arn("logs", account, f"log-group:{names.log_group(what)}")
    statements = [
        _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
        _allow(
            "ReadSchemas",
            [
                "glue:GetRegistry",
                "glue:GetSchema",
                "glue:GetSchemaVersion",
                "glue:GetTags",
                "glue:ListSchemas",
                "glue:ListSchemaVersions",
                "glue:QuerySchemaVersionMetadata",
            ],
            [registry_arn, names.arn("glue", account, f"schema/{registry}/*")],
        ),
        _allow("KeepRecords", ["ssm:DeleteParameter", "ssm:PutParameter"], [f"{path}/*" for path in paths]),
        _allow("ReadRecords", ["ssm:GetParameter", "ssm:GetParametersByPath"], [f"{path}/*" for path in paths]),
        # DataZone's asset actions name no resource type, so IAM can only be asked about "*". What confines the
        # function is its membership: it is a contributor of one project and of no other.
        _allow(
            "KeepAssets",
            [
                "datazone:CreateAsset",
                "datazone:CreateAssetRevision",
                "datazone:CreateListingChangeSet",
                "datazone:DeleteAsset",
                "datazone:GetAsset",
                "datazone:GetAssetType",
                "datazone:ListSubscriptionRequests",
                "datazone:ListSubscriptions",
                "datazone:RejectSubscriptionRequest",
                "datazone:RevokeSubscription",
                "datazone:Search",
            ],
            ["*"],
        ),
        _allow("TellChanges", ["events:PutEvents"], [names.arn("events", account, "event-bus/default")]),
        _allow("ContinueLongRun", ["lambda:InvokeFunction"], [names.function_arn(account, what)]),
    ]
    statements += PLATFORMS.named(platform).sync_statements(names, account, resource_arn)
    if dead_letter_arn:
        statements.append(_allow("DeadLetters", ["sqs:SendMessage"], [dead_letter_arn]))
    if kms_key_arn:
        statements.append(_allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], [kms_key_arn]))
    return {"Version": "2012-10-17", "Statement": statements}


def sync_environment(
    names: Names,
    *,
    domain_id: str,
    project_id: str,
    platform: str,
    registry_name: str,
    resource_arn: str,
    data_source: str | None = None,
    publish: bool = False,
    topic_mapping: str = "same",
    concurrency: int = 32,
    max_retire_share: float = 0.25,
    without_schema: bool = False,
) -> dict[str, str]:
    """The environment variables of a data source's function.

    Args:
        names: the deployment's names.
        domain_id: the DataZone domain.
        project_id: the project that owns the assets.
        platform: the platform's name, ``msk`` for example.
        registry_name: the Glue schema registry.
        resource_arn: the MSK cluster's ARN or name; for Kinesis a pattern of stream ARNs, or empty.
        data_source: the data source's name; by default the platform's.
        publish: publish assets and their new revisions without anybody's doing.
        topic_mapping: how a schema's name tells its topic or stream (``streamgov_core.catalog.mapping``).
        concurrency: how many schemas are worked on at a time.
        max_retire_share: a run that would retire a larger share of the assets retires none.
        without_schema: make assets of topics and streams that have no schema, too. Of several data sources over one
            cluster one alone should.
    """
    return {
        "STREAMGOV_NAMESPACE": names.namespace,
        "STREAMGOV_REGION": names.region,
        "STREAMGOV_PARTITION": names.partition,
        "STREAMGOV_DATA_SOURCE": data_source or platform,
        "STREAMGOV_DOMAIN_ID": domain_id,
        "STREAMGOV_PROJECT_ID": project_id,
        "STREAMGOV_PLATFORM": platform,
        "STREAMGOV_REGISTRY_NAME": registry_name,
        "STREAMGOV_RESOURCE": resource_arn,
        "STREAMGOV_PUBLISH": "true" if publish else "false",
        "STREAMGOV_TOPIC_MAPPING": topic_mapping,
        "STREAMGOV_CONCURRENCY": str(concurrency),
        "STREAMGOV_MAX_RETIRE_SHARE": str(max_retire_share),
        "STREAMGOV_WITHOUT_SCHEMA": "true" if without_schema else "false",
    }


def schema_event_patterns(registry_name: str, registry_arn: str) -> list[dict[str, Any]]:
    """EventBridge patterns for every change of a schema of one registry, in the form in which CloudTrail tells it.

    CreateSchema carries ``registryId``; the others carry ``schemaId`` with the schema's ARN or with both names. Nothing
    looks at the response: RegisterSchemaVersion's has no registry name. Calls that failed are left out. Of a call with
    more than 100 KB of parameters, which a large definition makes, CloudTrail tells only that they are omitted. Tags
    and metadata of schemas count as changes, too. UNVERIFIED: that CloudTrail tells of PutSchemaVersionMetadata.
    """
    schema_prefix = registry_arn.replace(":registry/", ":schema/") + "/"
    created: list[dict[str, Any]] = [
        {"registryId": {"registryName": [registry_name]}},
        {"registryId": {"registryArn": [registry_arn]}},
    ]
    if registry_name == DEFAULT_REGISTRY:
        absent = [{"exists": False}]
        created.append(
            {"registryId": {"registryName": absent, "registryArn": absent}, "schemaName": [{"exists": True}]}
        )
    changed: list[dict[str, Any]] = [
        {"schemaId": {"registryName": [registry_name]}},
        {"schemaId": {"schemaArn": [{"prefix": schema_prefix}]}},
    ]
    choices = [{"eventName": ["CreateSchema"], "requestParameters": parameters} for parameters in created]
    choices += [{"eventName": list(CALLS_BY_SCHEMA_ID), "requestParameters": parameters} for parameters in changed]
    choices.append({"eventName": list(TAG_CALLS), "requestParameters": {"resourceArn": [{"prefix": schema_prefix}]}})
    choices.append({"eventName": list(CALLS_WITH_DEFINITION), "requestParameters": {"omitted": [True]}})
    return [
        {
            "source": ["aws.glue"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventSource": ["glue.amazonaws.com"], "errorCode": [{"exists": False}], "$or": choices},
        }
    ]


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}


def policy_json(policy: dict[str, Any]) -> str:
    """The document as IAM stores it best: compact and in a stable order."""
    return json.dumps(policy, separators=(",", ":"), sort_keys=True)
