"""Resource policies of streams and stream consumers.

Source: Kinesis developer guide, "Controlling access": 20 KB; no wildcard in Action or Principal; principals are
accounts, roles and users; Resource is that very ARN; the actions that can be shared. There is no version: the last
writer wins.
UNVERIFIED[kinesis-no-policy, kinesis-unshareable-actions]: the answer of GetResourcePolicy when there is none
(ResourceNotFoundException here), and whether actions that cannot be shared are refused when the policy is written
(refused here).
"""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.patches import policies
from aws_emulator.patches.kinesis.store import backend, find, invalid, missing

MAX_BYTES = 20 * 1024
STREAM_ACTIONS = frozenset(
    [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    ]
)
CONSUMER_ACTIONS = frozenset(["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"])


def install(emulator: Emulator) -> None:
    """Register the operations."""
    principals = policies.Principals(emulator)

    @emulator.operation("kinesis", "PutResourcePolicy")
    def put_resource_policy(call: ApiCall) -> None:
        arn, kept = _target(call)
        text = call.params["Policy"]
        if len(text.encode()) > MAX_BYTES:
            raise invalid(f"The policy is larger than {MAX_BYTES} bytes.")
        try:
            document = policies.load(text)
            policies.check_grammar(document, kind="resource")
            for statement in policies.statements(document):
                _check(statement, arn)
            kept[arn] = json.dumps(principals.stored(document))
        except policies.PolicyError as error:
            raise invalid(str(error)) from None

    @emulator.operation("kinesis", "GetResourcePolicy")
    def get_resource_policy(call: ApiCall) -> dict[str, Any]:
        arn, kept = _target(call)
        if arn not in kept:
            raise missing(f"No resource policy found for resource ARN {arn}.")
        return {"Policy": json.dumps(principals.shown(json.loads(kept[arn])))}

    @emulator.operation("kinesis", "DeleteResourcePolicy")
    def delete_resource_policy(call: ApiCall) -> None:
        arn, kept = _target(call)
        if kept.pop(arn, None) is None:
            raise missing(f"No resource policy found for resource ARN {arn}.")


def _target(call: ApiCall) -> tuple[str, dict[str, str]]:
    arn: str = call.params["ResourceARN"]
    stream = find(call, arn)
    if "/consumer/" in arn and stream.get_consumer_by_arn(arn) is None:
        raise missing(f"Consumer {arn} not found.")
    kept: dict[str, str] = backend(stream.account_id, stream.region).resource_policies
    return arn, kept


def _check(statement: dict[str, Any], arn: str) -> None:
    if unusable := {"NotPrincipal", "NotAction", "NotResource"} & set(statement):
        raise policies.PolicyError(f"{sorted(unusable)[0]} is not supported.")
    allowed = CONSUMER_ACTIONS if "/consumer/" in arn else STREAM_ACTIONS
    lowered = {action.lower() for action in allowed}
    for action in policies.as_list(statement["Action"]):
        if "*" in action or "?" in action:
            raise policies.PolicyError(f"Wildcards are not supported in actions: {action}.")
        if action.lower() not in lowered:
            raise policies.PolicyError(f"The action {action} cannot be allowed by this resource's policy.")
    for kind, value in policies.principals(statement):
        if kind != "AWS" or "*" in value:
            raise policies.PolicyError(f'Invalid principal in policy: "{kind}":"{value}"')
    if policies.as_list(statement["Resource"]) != [arn]:
        raise policies.PolicyError(f"The resource of a statement must be {arn}.")
