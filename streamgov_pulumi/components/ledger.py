"""The DynamoDB table of a ledger."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from streamgov_pulumi.components._settings import Settings, child


def ledger_table(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    physical_name: str,
    keys: Mapping[str, Any],
    kms_key_arn: pulumi.Input[str] | None,
    args: Mapping[str, Any],
) -> aws.dynamodb.Table:
    """A table with point-in-time recovery, encryption, and protection from deletion unless waived.

    Args:
        parent: the component that owns it.
        logical_name: the resource's name in the stack.
        settings: the deployment.
        physical_name: the table's name.
        keys: hash key, range key, attributes and the expiry attribute.
        kms_key_arn: a customer's key; DynamoDB's own without it.
        args: the component's arguments, for ``deletion_protection``.
    """
    return aws.dynamodb.Table(
        logical_name,
        name=physical_name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=keys["hash_key"],
        range_key=keys["range_key"],
        attributes=[dict(attribute) for attribute in keys["attributes"]],
        ttl={"attribute_name": keys["ttl"], "enabled": True},
        point_in_time_recovery={"enabled": True},
        server_side_encryption={"enabled": True, "kms_key_arn": kms_key_arn} if kms_key_arn is not None else None,
        deletion_protection_enabled=bool(args.get("deletion_protection", True)),
        tags=dict(settings.tags) or None,
        opts=child(parent),
    )
