"""IAM documents of reader roles: what ``apply`` may do about them, and their permissions boundary.

A reader role is trusted by roles of other accounts. So its ceiling is not that of the account's own consumers: whoever
controls ``apply`` could otherwise make a role that any outside account assumes and that reads the account's data.
"""

from __future__ import annotations

from streamgov_core.deploy.iam_statements import Document, Statement, document
from streamgov_core.model.naming import Names
from streamgov_core.model.registry_access import SCHEMA_READ, VERSION_READ

READER_BOUNDARY = "reader-boundary"
"""What ``Names.policy_arn`` calls the boundary of reader roles."""


def reader_boundary(names: Names, account: str) -> Document:
    """Permissions boundary of reader roles: reading schemas of the account's registries, and nothing else."""
    schemas = [names.arn("glue", account, "registry/*"), names.arn("glue", account, "schema/*")]
    return document(
        {"Sid": "Schemas", "Effect": "Allow", "Action": sorted(SCHEMA_READ), "Resource": schemas},
        {
            "Sid": "VersionsById",
            "Effect": "Allow",
            "Action": list(VERSION_READ),
            # A version's id names no registry and no schema (``model/registry_access.py``).
            "Resource": "*",
        },
    )


def reader_statements(names: Names, account: str) -> list[Statement]:
    """Making reader roles in this account, under their boundary, and writing on those alone that have it."""
    roles = f"arn:{names.partition}:iam::{account}:role{names.iam_path}readers/*"
    boundary = names.policy_arn(account, READER_BOUNDARY)
    return [
        {
            "Sid": "WriteReaderRoles",
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
            "Resource": roles,
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}},
        },
        {
            "Sid": "FindReaderRoles",
            "Effect": "Allow",
            "Action": "iam:GetRole",
            # IAM knows no path of a role that does not exist, and judges the question by the name alone
            # (UNVERIFIED[iam-missing-role-by-name]).
            "Resource": f"arn:{names.partition}:iam::{account}:role/{names.iam_name('reader-')}*",
        },
        {
            "Sid": "ReaderRoles",
            "Effect": "Allow",
            "Action": ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy"],
            "Resource": roles,
        },
    ]
