"""IAM documents of a member account: its machine, the ``apply`` function, and the boundary of consumer roles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from streamgov_core.deploy.access_role_permissions import access_role_statements, look_at_principals, our_policies
from streamgov_core.deploy.document_sizes import fitted
from streamgov_core.deploy.iam_statements import (
    Document,
    Statement,
    account_root,
    document,
    function_logs,
    invoke_functions,
    log_delivery,
    table_access,
    table_key_access,
    table_scan,
    tracing,
)
from streamgov_core.deploy.reader_permissions import reader_statements
from streamgov_core.documents.compiler import INLINE_LIMIT, size
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS

ACCESS_BOUNDARY = "access-boundary"
"""What ``Names.policy_arn`` calls the boundary of access roles."""


def member_machine_policy(
    names: Names, account: str, domain_account: str, *, aliased: Collection[str] = ()
) -> Document:
    """The member machine: its function, by its alias too if it is ``aliased``, and the domain's callback role."""
    return document(
        invoke_functions(names, account, "apply", aliased=aliased),
        {
            "Sid": "CallBack",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": names.role_arn(domain_account, "callback"),
        },
        log_delivery(),
        tracing(),
    )


def member_invoke_trust(names: Names, domain_account: str) -> Document:
    """Trust of ``member-invoke``: the central machine's role, calling for the central machine.

    The principal is the account with a condition on the role, so that the two stacks can be deployed in any order.
    Step Functions passes the calling machine's ARN as external id ("Accessing cross-account resources").

    UNVERIFIED[sfn-map-child-role]: what a child execution of a distributed map passes, the machine's ARN or that of the
    child's machine, which is the machine's with the map's label; both are accepted.
    """
    central = names.central_machine_arn(domain_account)
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": account_root(names, domain_account)},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:PrincipalArn": names.role_arn(domain_account, "central-machine")},
                "StringLike": {"sts:ExternalId": [central, f"{central}/*"]},
            },
        }
    )


def member_invoke_policy(names: Names, account: str) -> Document:
    """What the central machine may do here: start the member machine."""
    return document(
        {
            "Sid": "StartMember",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": names.member_machine_arn(account),
        }
    )


def apply_policy(
    names: Names,
    account: str,
    domain_id: str,
    *,
    consumer_role_arns: Sequence[str],
    boundary_arn: str | None,
    require_boundary: bool,
    kms_key_arn: str | None = None,
    platforms: Iterable[str] | None = None,
    protected_role_arns: Sequence[str] = (),
    resource_keys: Sequence[str] = (),
) -> Document:
    """The ``apply`` function of a member account, as producer and as consumer.

    A function that may write policies on any role owns its account. So it may touch only the roles that the
    configuration names, only while they carry the boundary (unless waived), and never our own or the deployer's.

    * ``consumer_role_arns``: role ARNs or patterns (``arn:aws:iam::<account>:role/streaming/*``) that may get
      access. More than the document has room for stand in the function's settings alone, and the boundary marks the
      roles that it may write on (docs/adr/0016-lists-in-a-layer.md).
    * ``boundary_arn``: the permissions boundary that those roles must carry.
    * ``require_boundary``: False waives it.
    * ``kms_key_arn``: key of the target table.
    * ``platforms``: names of the platforms whose resources this account owns; all by default.
    * ``protected_role_arns``: further roles that must never be written to, such as the deployer's.
    * ``resource_keys``: ARNs, or aliases with patterns, of the only customer-managed keys that encrypt granted
      resources; every key of the account without them.

    Raises:
        ConfigError: there is no room for the keys; or none for the roles, and their boundary is waived.
    """
    chosen = [PLATFORMS[name] for name in (platforms if platforms is not None else PLATFORMS)]
    base = _own_things(names, account, domain_id, protected_role_arns, kms_key_arn)

    def build(keys: Sequence[str], roles: Sequence[str], *, marked: bool = False) -> Document:
        owned = [item for platform in chosen for item in platform.member_statements(names, account, keys)]
        written = _consumer_statements(names, account, roles, boundary_arn, require_boundary, marked=marked)
        return document(*base, *owned, *written)

    of = "the policy of the function that grants"
    marking = require_boundary and bool(boundary_arn)
    fitted(
        partial(build, roles=(), marked=marking),
        resource_keys,
        INLINE_LIMIT,
        document=of,
        noun="keys",
        advice="name keys by a pattern of their aliases in resourceKeys, such as alias/streams-*",
    )
    if marking and size(build(resource_keys, consumer_role_arns)) > INLINE_LIMIT:
        return build(resource_keys, (), marked=True)
    return fitted(
        partial(build, resource_keys),
        consumer_role_arns,
        INLINE_LIMIT,
        document=of,
        noun="consumer roles",
        advice="name a path in consumerRoles, such as role/streaming/*, or let the roles carry the boundary "
        "(requireBoundary), which then marks them",
    )


def _own_things(
    names: Names, account: str, domain_id: str, protected_role_arns: Sequence[str], kms_key_arn: str | None
) -> list[Statement]:
    """What the function needs whatever is granted to whom, and what it never may."""
    return [
        table_access(names, account, names.document_table),
        table_scan(names, account, names.document_table),
        {
            "Sid": "Records",
            "Effect": "Allow",
            "Action": "dynamodb:GetItem",
            "Resource": names.arn("dynamodb", account, f"table/{names.record_table}"),
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": f"{domain_id}#*"}},
        },
        {
            # What consumers of this account are told: these parameters, and no other.
            "Sid": "ConnectionDetails",
            "Effect": "Allow",
            "Action": ["ssm:DeleteParameter", "ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"],
            "Resource": names.arn("ssm", account, f"parameter{names.connection_path('*')}"),
        },
        *reader_statements(names, account),
        *access_role_statements(names, account, names.policy_arn(account, ACCESS_BOUNDARY)),
        look_at_principals(names, account),
        our_policies(names, account),
        *_never(names, account, protected_role_arns),
        *table_key_access(names, kms_key_arn),
        function_logs(names, account, "apply"),
    ]


OTHER_DEPLOYMENTS_ROLES = (
    "apply",
    "callback",
    "collect",
    "events",
    "machine",
    "member-invoke",
    "reconcile",
    "report",
    "sync-*",
)
"""How names of roles of any deployment end, whatever its namespace and region (``docs/contracts.md``)."""


def _own_roles(names: Names, account: str) -> Iterator[str]:
    """Patterns of the roles of this deployment and of others in the account, readers and access roles aside."""
    role = f"arn:{names.partition}:iam::{account}:role"
    yield names.role_arn(account, "*")
    # The roles that subscription targets name have no path: DataZone takes none.
    yield f"{role}/{names.iam_name('target-*')}"
    for ending in OTHER_DEPLOYMENTS_ROLES:
        yield f"{role}{names.common_iam_path}*-{ending}"


def _never(names: Names, account: str, protected_role_arns: Sequence[str]) -> list[Statement]:
    """What nothing allows: changing roles of ours, and policies that are not ours."""
    ours = f"arn:{names.partition}:iam::{account}:policy{names.iam_path}{names.access_policy_prefix}-*"
    return [
        {
            "Sid": "NeverOurOwnRoles",
            "Effect": "Deny",
            "Action": [
                "iam:AttachRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ],
            "Resource": sorted({*_own_roles(names, account), *protected_role_arns}),
        },
        {
            "Sid": "NeverOthersPolicies",
            "Effect": "Deny",
            "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            "Resource": _every_role(names, account),
            "Condition": {"ArnNotLike": {"iam:PolicyARN": ours}},
        },
    ]


def _every_role(names: Names, account: str) -> str:
    return f"arn:{names.partition}:iam::{account}:role/*"


def _consumer_statements(
    names: Names, account: str, roles: Sequence[str], boundary_arn: str | None, require_boundary: bool, *, marked: bool
) -> list[Statement]:
    """Writing policies on the roles that may get access, and taking them away.

    * ``roles``: ARNs or patterns of those that may get access.
    * ``marked``: the boundary says which those are, and not their names.

    Roles that the configuration no longer names may still hold grants, which can be taken from them. Their names are
    not known here: the boundary marks them, a role with it was meant to receive access. Where several grants share a
    policy, ``apply`` takes them all from a role that may no longer be written to. A role without the boundary, where
    that is waived, must be named until its grants have ended.
    """
    bounded = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}}} if boundary_arn else {}
    takes = ["iam:DeleteRolePolicy", "iam:DetachRolePolicy"]
    found: list[Statement] = []
    waived = not (require_boundary and boundary_arn)
    if roles or marked:
        found.append(
            {
                "Sid": "WriteConsumerRoles",
                "Effect": "Allow",
                "Action": ["iam:AttachRolePolicy", *(takes if waived else ()), "iam:PutRolePolicy"],
                "Resource": _every_role(names, account) if marked else sorted({*roles}),
                **({} if waived else bounded),
            }
        )
    if roles and not waived:
        # Taking away needs no boundary: a revoke must also work on a role that has lost it.
        found.append({"Sid": "TakeFromConsumerRoles", "Effect": "Allow", "Action": takes, "Resource": sorted({*roles})})
    if boundary_arn:
        found.append(
            {
                "Sid": "TakeFromFormerRoles",
                "Effect": "Allow",
                "Action": takes,
                "Resource": _every_role(names, account),
                **bounded,
            }
        )
    return found


def consumer_boundary(
    names: Names, account: str, *, extra_actions: Sequence[str] = (), connection_roles: Sequence[str] = ()
) -> Document:
    """Permissions boundary of consumer roles: the most that such a role can ever do. It grants nothing.

    * ``extra_actions``: what the consumers' own jobs need besides.
    * ``connection_roles``: ARNs of the roles that may also make network connections to clusters of other accounts.
    """
    return document(
        {
            "Sid": "Streams",
            "Effect": "Allow",
            "Action": [
                *dict.fromkeys(action for platform in PLATFORMS.values() for action in platform.boundary_actions),
                "glue:CheckSchemaVersionValidity",
                "glue:GetRegistry",
                "glue:GetSchema*",
                "glue:ListSchema*",
                "glue:QuerySchemaVersionMetadata",
                "datazone:PostLineageEvent",
            ],
            # A boundary is a ceiling: which streams a role reaches is said by the policies under it.
            "Resource": "*",
        },
        {
            "Sid": "Runtime",
            "Effect": "Allow",
            "Action": sorted(
                {
                    "cloudwatch:PutMetricData",
                    "dynamodb:*Item",
                    "dynamodb:*Table",
                    "dynamodb:Query",
                    "dynamodb:Scan",
                    "ec2:*NetworkInterface*",
                    "ec2:Describe*",
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:Describe*",
                    "logs:PutLogEvents",
                    "s3:AbortMultipartUpload",
                    "s3:GetBucketLocation",
                    "s3:GetObject*",
                    "s3:ListBucket*",
                    "s3:PutObject",
                    "sns:Publish",
                    "sqs:SendMessage",
                    "ssm:GetParameter*",
                    "xray:Put*",
                    *extra_actions,
                }
            ),
            # As above.
            "Resource": "*",
        },
        *_connection_statements(names, account, connection_roles),
        {
            "Sid": "ReaderRoles",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            # Readers live in the producers' accounts, which are not known here.
            "Resource": f"arn:{names.partition}:iam::*:role{names.iam_path}readers/*",
        },
        {
            # Jobs keep their leases in tables of their own; whoever writes our ledgers writes our policies.
            "Sid": "NeverOurLedgers",
            "Effect": "Deny",
            "Action": "dynamodb:*",
            "Resource": [
                names.arn("dynamodb", account, f"table/{table}{part}")
                for table in (*names.domain_tables, *names.member_tables)
                for part in ("", "/*")
            ],
        },
    )


def _connection_statements(names: Names, account: str, roles: Sequence[str]) -> list[Statement]:
    """What only roles that make network connections may do; nothing unless the configuration names such roles."""
    if not roles:
        return []
    condition = {"ArnEquals": {"aws:PrincipalArn": sorted({*roles})}}
    return [
        {**statement, "Condition": condition}
        for platform in PLATFORMS.values()
        for statement in platform.network_boundary(names, account)
    ]
