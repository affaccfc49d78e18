"""IAM documents of access roles: what ``apply`` may do about them, and their permissions boundary."""

from __future__ import annotations

from streamgov_core.deploy.iam_statements import Document, Statement, document
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS


def access_role_statements(names: Names, account: str, boundary_arn: str) -> list[Statement]:
    """Making access roles in this account, under their boundary, with policies of ours only."""
    roles = f"arn:{names.partition}:iam::{account}:role{names.iam_path}access/*"
    policies = f"arn:{names.partition}:iam::{account}:policy{names.iam_path}{names.access_policy_prefix}-*"
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}}
    return [
        {
            "Sid": "CreateAccessRoles",
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": roles,
            "Condition": bounded,
        },
        {
            "Sid": "AccessRoles",
            "Effect": "Allow",
            "Action": ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"],
            "Resource": roles,
        },
        {
            "Sid": "AttachToAccessRoles",
            "Effect": "Allow",
            "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            "Resource": roles,
            "Condition": {"ArnLike": {"iam:PolicyARN": policies}},
        },
    ]


def our_policies(names: Names, account: str) -> Statement:
    """The managed policies that grants put on consumer roles and on access roles."""
    return {
        "Sid": "OurPolicies",
        "Effect": "Allow",
        "Action": [
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:ListPolicyVersions",
        ],
        "Resource": f"arn:{names.partition}:iam::{account}:policy{names.iam_path}{names.access_policy_prefix}-*",
    }


def look_at_principals(names: Names, account: str) -> Statement:
    """Reading any role of the account with its policies: how a grant can reach a role is seen there, and only there."""
    return {
        "Sid": "LookAtPrincipals",
        "Effect": "Allow",
        "Action": [
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
        ],
        "Resource": [
            f"arn:{names.partition}:iam::{account}:role/*",
            f"arn:{names.partition}:iam::{account}:policy/*",
            f"arn:{names.partition}:iam::aws:policy/*",
        ],
    }


def access_boundary(names: Names, account: str) -> Document:
    """Permissions boundary of access roles: streams, schemas and keys of this account, and nothing else."""
    data = sorted({action for platform in PLATFORMS.values() for action in platform.boundary_actions})
    schemas = ["glue:GetRegistry", "glue:GetSchema*", "glue:ListSchema*", "glue:QuerySchemaVersionMetadata"]
    return document(
        {
            "Sid": "Streams",
            "Effect": "Allow",
            "Action": [*(action for action in data if not action.startswith(("ec2:", "sts:", "iam:"))), *schemas],
            # A boundary is a ceiling: which streams a role reaches is said by the policies under it.
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"aws:ResourceAccount": account}},
        },
        {
            "Sid": "ReaderRoles",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": f"arn:{names.partition}:iam::*:role{names.iam_path}readers/*",
        },
    )
