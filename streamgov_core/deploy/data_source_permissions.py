"""IAM documents of a data source: its function, the state machine of its full runs, and their schedule."""

from __future__ import annotations

from streamgov_core.catalog.entry import run_table
from streamgov_core.deploy.iam_statements import (
    Document,
    Statement,
    document,
    invoke_functions,
    log_delivery,
    service_trust,
    table_key_access,
    tracing,
)
from streamgov_core.model.asset_record import record_key
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS

ASSET_OPERATIONS = (
    "CreateAsset",
    "CreateAssetRevision",
    "CreateListingChangeSet",
    "DeleteAsset",
    "GetAsset",
    "GetAssetType",
    "ListSubscriptionRequests",
    "ListSubscriptions",
    "RejectSubscriptionRequest",
    "RevokeSubscription",
    "Search",
)
"""Operations of DataZone's API that a data source calls: what its role may, and in a V2 domain its designation."""


def sync_policy(
    names: Names,
    account: str,
    domain_id: str,
    *,
    function_name: str,
    platform: str,
    registry_arn: str,
    resource_arn: str,
    dead_letter_arn: str | None = None,
    kms_key_arn: str | None = None,
    without_schema: bool = False,
) -> Document:
    """The permissions of the role of a data source's function.

    Args:
        names: the deployment's names.
        account: the producer account, where the function runs.
        domain_id: the DataZone domain.
        function_name: what ``Names.function_name`` calls the function.
        platform: the platform's name, ``msk`` for example.
        registry_arn: ARN of the Glue schema registry, in the same account.
        resource_arn: the MSK cluster's ARN (or its name), or the pattern of the streams' ARNs.
        dead_letter_arn: queue for events that failed, if the function has one.
        kms_key_arn: key that encrypts the function's environment or dead letters, if a customer's.
        without_schema: topics and streams without schema become assets, too.

    Raises:
        ConfigError: the platform is unknown.
    """
    registry = registry_arn.rpartition("/")[2]
    places = [registry, None] if without_schema else [registry]
    log_group = names.arn("logs", account, f"log-group:{names.log_group(function_name)}")
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
        _records(names, account, [record_key(domain_id, place) for place in places]),
        # DataZone's asset actions name no resource type, so IAM can only be asked about "*". What confines the
        # function is its membership: it is a member of one project only, in a V2 domain by a designation that permits
        # these operations alone.
        _allow("WriteAssets", [f"datazone:{operation}" for operation in ASSET_OPERATIONS], ["*"]),
        _allow("PublishChanges", ["events:PutEvents"], [names.arn("events", account, "event-bus/default")]),
        *_runs(names, account, function_name),
    ]
    statements += PLATFORMS.named(platform).sync_statements(names, account, resource_arn)
    if dead_letter_arn:
        statements.append(_allow("DeadLetters", ["sqs:SendMessage"], [dead_letter_arn]))
    statements += table_key_access(names, kms_key_arn)
    if kms_key_arn:
        statements.append(_allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], [kms_key_arn]))
    return document(*statements)


def _runs(names: Names, account: str, source: str) -> list[Statement]:
    """Its own table of runs, and its own state machine: started for an event that names no schema, asked about."""
    machine = names.regional(source, 80)
    return [
        _allow(
            "Runs",
            ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
            [names.arn("dynamodb", account, f"table/{run_table(names, source)}")],
        ),
        _allow("StartFullRuns", ["states:StartExecution"], [names.arn("states", account, f"stateMachine:{machine}")]),
        _allow("ReadFullRuns", ["states:DescribeExecution"], [names.arn("states", account, f"execution:{machine}:*")]),
    ]


def sync_machine_policy(names: Names, account: str, source: str) -> Document:
    """The role of the machine of full runs: its one function, and its own child executions.

    Args:
        names: the deployment's names.
        account: the producer account.
        source: what the names of function and machine are made of, ``sync-msk`` for example.
    """
    machine = names.regional(source, 80)
    return document(
        invoke_functions(names, account, source),
        # "IAM policies for using Distributed Map states": the machine starts and stops its own child executions.
        _allow("Shards", ["states:StartExecution"], [names.arn("states", account, f"stateMachine:{machine}")]),
        _allow(
            "ShardExecutions",
            ["states:DescribeExecution", "states:StopExecution"],
            [names.arn("states", account, f"execution:{machine}{separator}*") for separator in (":", "/")],
        ),
        log_delivery(),
        tracing(),
    )


def schedule_trust(names: Names, account: str, rule_name: str) -> Document:
    """Trust of the role with which the schedule's rule starts the machine: EventBridge, for this rule only."""
    return document(
        service_trust(
            "events.amazonaws.com",
            {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnEquals": {"aws:SourceArn": names.arn("events", account, f"rule/{rule_name}")},
            },
        )
    )


def schedule_policy(names: Names, account: str, source: str) -> Document:
    """The role of the schedule's rule: start the machine of full runs."""
    machine = names.arn("states", account, f"stateMachine:{names.regional(source, 80)}")
    return document(_allow("StartFullRuns", ["states:StartExecution"], [machine]))


def _records(names: Names, account: str, keys: list[str]) -> Statement:
    """The records of its registry, and of what has no schema: those items of the account's table, and no other."""
    return {
        "Sid": "OwnRecords",
        "Effect": "Allow",
        "Action": ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
        "Resource": [names.arn("dynamodb", account, f"table/{names.record_table}")],
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": keys},
            # Without keys every condition on all of them would hold.
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


def _allow(sid: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
