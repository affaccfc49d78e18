"""The only actions that may be allowed on a bare ``*``, each with its reason.

Everything else names its resources. A new entry is a decision for a reviewer: it belongs here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

_DATAZONE = "DataZone's actions on these objects name no resource type; the role's membership in projects limits them"
_TASKS = "the SendTask actions name no resource type; a token cannot be guessed and belongs to one task"
_DELIVERY = "Step Functions' log delivery: the API names no resource (Step Functions, Logging using CloudWatch Logs)"
_TRACES = "X-Ray's actions name no resource type (X-Ray and Step Functions)"
_NETWORK = "EC2's Describe actions name no resource type (Service Authorization Reference)"
_LISTS = "a list or an address lookup that names no resource type"

REASONS: Mapping[str, str] = {
    "datazone:CreateAsset": _DATAZONE,
    "datazone:CreateAssetRevision": _DATAZONE,
    "datazone:CreateListingChangeSet": _DATAZONE,
    "datazone:DeleteAsset": _DATAZONE,
    "datazone:DeleteSubscriptionGrant": _DATAZONE,
    "datazone:GetAsset": _DATAZONE,
    "datazone:GetAssetType": _DATAZONE,
    "datazone:GetEnvironment": _DATAZONE,
    "datazone:GetListing": _DATAZONE,
    "datazone:GetSubscription": _DATAZONE,
    "datazone:GetSubscriptionGrant": _DATAZONE,
    "datazone:GetSubscriptionRequestDetails": _DATAZONE,
    "datazone:GetSubscriptionTarget": _DATAZONE,
    "datazone:GetUserProfile": _DATAZONE,
    "datazone:ListEnvironments": _DATAZONE,
    "datazone:ListProjects": _DATAZONE,
    "datazone:ListSubscriptionGrants": _DATAZONE,
    "datazone:ListSubscriptionRequests": _DATAZONE,
    "datazone:ListSubscriptionTargets": _DATAZONE,
    "datazone:ListSubscriptions": _DATAZONE,
    "datazone:PostLineageEvent": _DATAZONE,
    "datazone:RejectSubscriptionRequest": _DATAZONE,
    "datazone:RevokeSubscription": _DATAZONE,
    "datazone:Search": _DATAZONE,
    "datazone:SearchListings": _DATAZONE,
    "datazone:UpdateSubscriptionGrantStatus": _DATAZONE,
    "ec2:DescribeDhcpOptions": _NETWORK,
    "ec2:DescribeNetworkInterfaces": _NETWORK,
    "ec2:DescribeSecurityGroups": _NETWORK,
    "ec2:DescribeSubnets": _NETWORK,
    "ec2:DescribeVpcs": _NETWORK,
    "kafka:GetBootstrapBrokers": _LISTS,
    "kafka:ListClustersV2": _LISTS,
    "kafka:ListVpcConnections": _LISTS,
    "kinesis:ListStreams": _LISTS,
    "logs:CreateLogDelivery": _DELIVERY,
    "logs:DeleteLogDelivery": _DELIVERY,
    "logs:DescribeLogGroups": _DELIVERY,
    "logs:DescribeResourcePolicies": _DELIVERY,
    "logs:GetLogDelivery": _DELIVERY,
    "logs:ListLogDeliveries": _DELIVERY,
    "logs:PutResourcePolicy": _DELIVERY,
    "logs:UpdateLogDelivery": _DELIVERY,
    "states:SendTaskFailure": _TASKS,
    "states:SendTaskHeartbeat": _TASKS,
    "states:SendTaskSuccess": _TASKS,
    "xray:GetSamplingRules": _TRACES,
    "xray:GetSamplingTargets": _TRACES,
    "xray:PutTelemetryRecords": _TRACES,
    "xray:PutTraceSegments": _TRACES,
}


def unexplained(actions: list[str], extra: Mapping[str, str]) -> list[str]:
    """The actions that no entry covers. IAM's actions know no case; a pattern needs an entry for itself."""
    known = {action.lower() for action in (*REASONS, *extra)}
    return [action for action in actions if not any(fnmatchcase(action.lower(), entry) for entry in known)]
