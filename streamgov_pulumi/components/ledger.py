"""The DynamoDB tables of ledgers, records and runs."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import TableSpec
from streamgov_pulumi.components._settings import Settings, child


def ledger_table(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    spec: TableSpec,
    *,
    kms_key_arn: pulumi.Input[str] | None,
    deletion_protection: pulumi.Input[bool],
) -> aws.dynamodb.Table:
    """A table with point-in-time recovery and encryption.

    Args:
        parent: the component that owns it.
        logical_name: the resource's name in the stack.
        settings: the deployment.
        spec: its description.
        kms_key_arn: a customer's key; DynamoDB's own without it.
        deletion_protection: protect it from deletion.
    """
    return aws.dynamodb.Table(
        logical_name,
        name=spec.name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=spec.hash_key,
        range_key=spec.range_key,
        attributes=[{"name": attribute, "type": "S"} for attribute in (spec.hash_key, spec.range_key)],
        ttl={"attribute_name": spec.expiry, "enabled": True} if spec.expiry else None,
        point_in_time_recovery={"enabled": True},
        server_side_encryption={"enabled": True, "kms_key_arn": kms_key_arn} if kms_key_arn is not None else None,
        deletion_protection_enabled=deletion_protection,
        tags=settings.tags,
        opts=child(parent),
    )


def ledger_pair(
    parent: pulumi.Resource, name: str, settings: Settings, specs: tuple[TableSpec, TableSpec], args: Mapping[str, Any]
) -> tuple[aws.dynamodb.Table, aws.dynamodb.Table]:
    """The two tables of an account's part, protected as its arguments say.

    Args:
        parent: the component that owns them.
        name: of that component.
        settings: the deployment.
        specs: their descriptions.
        args: of the component: ``kms_key_arn``, ``deletion_protection``.
    """
    first, second = (
        ledger_table(
            parent,
            f"{name}-{spec.key}",
            settings,
            spec,
            kms_key_arn=args.get("kms_key_arn"),
            deletion_protection=args.get("deletion_protection", True),
        )
        for spec in specs
    )
    return first, second
