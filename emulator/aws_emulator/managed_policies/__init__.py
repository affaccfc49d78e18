"""AWS's managed policies: those of moto's data, and some pinned here at the version that was read.

The files beside this module are public data of AWS, as ``iam:GetPolicyVersion`` answers them (``VersionId`` and
``CreateDate`` say which version). They stand before moto's, whose versions move with its releases.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

PROJECT_BOUNDARY = "SageMakerStudioProjectUserRolePermissionsBoundary"
PROJECT_POLICY = "SageMakerStudioProjectUserRolePolicy"
ENVIRONMENT_BOUNDARY = "AmazonDataZoneEnvironmentRolePermissionsBoundary"


@cache
def pinned() -> dict[str, dict[str, Any]]:
    """The pinned policies by name, in the shape of moto's data."""
    found = {}
    for file in resources.files(__package__).iterdir():
        if file.name.endswith(".json"):
            policy = json.loads(file.read_text(encoding="utf-8"))
            moment = str(policy["CreateDate"]).replace("Z", "+00:00")
            found[str(policy["PolicyName"])] = {
                "CreateDate": moment,
                "UpdateDate": moment,
                "DefaultVersionId": policy["VersionId"],
                "Path": "/",
                "Document": policy["Document"],
            }
    return found


def arn(name: str) -> str:
    """The ARN of a managed policy of AWS."""
    return f"arn:aws:iam::aws:policy/{name}"


def prepare_moto() -> None:
    """Let moto's IAM hold the pinned versions; called before its first backend is made."""
    from moto.iam import aws_managed_policies, models

    data = json.loads(aws_managed_policies.aws_managed_policies_data) | pinned()
    setattr(models, "aws_managed_policies_data", json.dumps(data))  # noqa: B010
