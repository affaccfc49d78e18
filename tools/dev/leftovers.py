"""What exists in every sandbox account, to prove that a destroy leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tools.dev.portal import People
from tools.dev.workspace import Workspace

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
DOMAIN_ACCOUNT = ACCOUNTS[0]

# service, operation to page or call, key of the list, how to name an entry
_LISTS: tuple[tuple[str, str, dict[str, Any], str, Callable[[Any], str]], ...] = (
    ("iam", "list_roles", {}, "Roles", lambda item: item["Arn"]),
    ("iam", "list_policies", {"Scope": "Local"}, "Policies", lambda item: item["Arn"]),
    ("lambda", "list_functions", {}, "Functions", lambda item: item["FunctionArn"]),
    ("stepfunctions", "list_state_machines", {}, "stateMachines", lambda item: item["stateMachineArn"]),
    ("dynamodb", "list_tables", {}, "TableNames", str),
    ("logs", "describe_log_groups", {}, "logGroups", lambda item: item["logGroupName"]),
    ("sqs", "list_queues", {}, "QueueUrls", str),
    ("events", "list_rules", {}, "Rules", lambda item: item["Arn"]),
    ("scheduler", "list_schedules", {}, "Schedules", lambda item: item["Arn"]),
    ("cloudwatch", "describe_alarms", {}, "MetricAlarms", lambda item: item["AlarmArn"]),
    ("ssm", "describe_parameters", {}, "Parameters", lambda item: item["Name"]),
    ("glue", "list_registries", {}, "Registries", lambda item: item["RegistryArn"]),
    ("kinesis", "list_streams", {}, "StreamNames", str),
    ("kafka", "list_clusters_v2", {}, "ClusterInfoList", lambda item: item["ClusterArn"]),
    ("kinesisanalyticsv2", "list_applications", {}, "ApplicationSummaries", lambda item: item["ApplicationARN"]),
    ("cloudtrail", "describe_trails", {}, "trailList", lambda item: item["TrailARN"]),
    ("s3", "list_buckets", {}, "Buckets", lambda item: item["Name"]),
    ("ec2", "describe_security_groups", {}, "SecurityGroups", lambda item: item["GroupId"]),
    ("ram", "get_resource_shares", {"resourceOwner": "SELF"}, "resourceShares", lambda item: item["resourceShareArn"]),
)


def inventory(workspace: Workspace) -> set[str]:
    """The names of everything that a deployment could leave, with account and service before each."""
    people = People(workspace, DOMAIN_ACCOUNT)
    found: set[str] = set()
    for account in ACCOUNTS:
        for service, operation, arguments, key, name in _LISTS:
            for item in _entries(people.client(service, account), operation, arguments, key):
                if service == "ram" and item.get("status") == "DELETED":
                    continue
                found.add(f"{account} {service} {name(item)}")
        for key_entry in _entries(people.client("kms", account), "list_keys", {}, "Keys"):
            found |= _live_key(people, account, key_entry["KeyId"])
    for domain in _entries(people.client("datazone", DOMAIN_ACCOUNT), "list_domains", {}, "items"):
        found.add(f"{DOMAIN_ACCOUNT} datazone {domain['id']}")
    return found


def _live_key(people: People, account: str, key_id: str) -> set[str]:
    """A customer's key counts until its deletion is scheduled: KMS deletes none at once."""
    metadata = people.client("kms", account).describe_key(KeyId=key_id)["KeyMetadata"]
    if metadata["KeyManager"] != "CUSTOMER" or metadata["KeyState"] == "PendingDeletion":
        return set()
    return {f"{account} kms {key_id}"}


def _entries(client: Any, operation: str, arguments: dict[str, Any], key: str) -> Iterable[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key) or []
    else:
        yield from getattr(client, operation)(**arguments).get(key) or []


def difference(before: set[str], after: set[str]) -> list[str]:
    """What is there now and was not before, sorted."""
    return sorted(after - before)
