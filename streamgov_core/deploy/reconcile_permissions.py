"""IAM document, environment and schedule of the reconcile function, in the style of permissions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_core.deploy.domain_permissions import Document, collect_environment, document, overview
from streamgov_core.model.findings import EVENT_SOURCE, METRIC_NAMESPACE
from streamgov_core.model.naming import Names

SCHEDULE = "rate(1 hour)"
GRACE_SECONDS = 900


def reconcile_policy(
    names: Names, domain_account: str, domain_id: str, table_kms_key_arn: str | None = None
) -> Document:
    """The reconcile function: reads grants and what they refer to, asks DataZone to end one, starts orders, tells."""
    table = names.arn("dynamodb", domain_account, f"table/{names.grant_table}")
    statements: list[dict[str, Any]] = [
        {
            "Sid": "DataZone",
            "Effect": "Allow",
            "Action": [
                "datazone:DeleteSubscriptionGrant",
                "datazone:GetAsset",
                "datazone:GetEnvironment",
                "datazone:GetListing",
                "datazone:GetSubscriptionGrant",
                "datazone:GetSubscriptionTarget",
                "datazone:ListProjects",
                "datazone:ListSubscriptionGrants",
                "datazone:ListSubscriptions",
                "datazone:UpdateSubscriptionGrantStatus",
            ],
            # These actions know no resource type; the role's membership in the domain limits them.
            "Resource": "*",
        },
        {
            "Sid": "Ledger",
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            "Resource": table,
        },
        overview(names, domain_account, names.grant_table),
        {
            "Sid": "StartOrders",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": names.central_machine_arn(domain_account),
        },
        {
            "Sid": "Executions",
            "Effect": "Allow",
            "Action": "states:DescribeExecution",
            "Resource": names.arn("states", domain_account, f"execution:{names.central_machine}:*"),
        },
        {
            "Sid": "TellFindings",
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": names.arn("events", domain_account, "event-bus/default"),
            "Condition": {"StringEquals": {"events:source": EVENT_SOURCE}},
        },
    ]
    if table_kms_key_arn is not None:
        statements.append(
            {
                "Sid": "TableKey",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": table_kms_key_arn,
                "Condition": {"StringEquals": {"kms:ViaService": f"dynamodb.{names.region}.amazonaws.com"}},
            }
        )
    statements.append(
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": names.arn("logs", domain_account, f"log-group:{names.log_group('reconcile')}:*"),
        }
    )
    return document(*statements)


def reconcile_environment(
    names: Names,
    domain_id: str,
    domain_account: str,
    member_accounts: Sequence[str],
    asset_types: Sequence[str],
    *,
    projects: Sequence[str] = (),
    grace_seconds: int = GRACE_SECONDS,
) -> dict[str, str]:
    """Environment of the reconcile function.

    * ``projects``: consumers' projects whose grants are listed; without any, all that the function sees.
    * ``grace_seconds``: how long a grant may be open before somebody must be at work on it.
    """
    return {
        **collect_environment(names, domain_id, domain_account, member_accounts, asset_types),
        "STREAMGOV_PROJECTS": ",".join(sorted({*projects})),
        "STREAMGOV_GRACE_SECONDS": str(grace_seconds),
    }


def schedule_input(dry_run: bool = False) -> str:
    """What the schedule hands to the central machine."""
    return json.dumps({"version": 1, "action": "reconcile", "dryRun": dry_run})


def open_findings_metric(names: Names, *, dry_run: bool = False) -> Mapping[str, Any]:
    """The metric to alarm on: findings of a run that it could not or would not put right."""
    return {
        "namespace": METRIC_NAMESPACE,
        "metric": "Open",
        "dimensions": {"Deployment": names.namespace, "Mode": "dryRun" if dry_run else "repair"},
    }
