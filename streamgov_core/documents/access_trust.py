"""The trust policy of an access role, compiled from the roles that may assume it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from streamgov_core.model.assuming_role import PROJECT_TAG, AssumingRole

ACTIONS = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
"""A session that has a source identity or transitive tags hands them on, which the trust must allow (IAM user guide,
"Monitor and control actions taken with assumed roles"); so a person's id stands in CloudTrail on each call."""


def access_trust(partition: str, sid_prefix: str, assuming: Iterable[AssumingRole]) -> dict[str, Any]:
    """Trust for exactly these roles: by ARN and by unique id, and by the project's tag where they carry it.

    The principals are accounts under conditions: IAM validates no ARN there, so a role that is gone does no harm to the
    others, and one that is made again under the ARN has another id.
    """
    groups: dict[str, set[AssumingRole]] = defaultdict(set)
    for item in assuming:
        groups[item.project if item.tagged else ""].add(item)
    statements = []
    for number, (project, items) in enumerate(sorted(groups.items()), start=1):
        condition: dict[str, Any] = {
            "ArnEquals": {"aws:PrincipalArn": sorted(item.role.arn for item in items)},
            "StringLike": {"aws:userid": sorted(f"{item.role_id}:*" for item in items)},
        }
        if project:
            condition["StringEquals"] = {f"aws:PrincipalTag/{PROJECT_TAG}": project}
        accounts = sorted({item.role.account for item in items})
        statements.append(
            {
                "Sid": f"{sid_prefix}Assume{number}",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:{partition}:iam::{account}:root" for account in accounts]},
                "Action": list(ACTIONS),
                "Condition": condition,
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}
