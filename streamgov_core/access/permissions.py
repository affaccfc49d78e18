"""IAM documents of the functions, machines and roles of the access workflow: pure functions of names and accounts.

Every remaining ``*`` has its reason beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streamgov_core.naming import Names, check_account
from streamgov_core.platforms import PLATFORMS

Document = dict[str, Any]
Statement = dict[str, Any]

GRANT_TABLE_KEYS: Mapping[str, Any] = {
    "hash_key": "grantId",
    "range_key": "assetId",
    "attributes": [{"name": "grantId", "type": "S"}, {"name": "assetId", "type": "S"}],
    "ttl": "purgeAt",
}
"""Keys of the grant ledger, for aws.dynamodb.Table; ``ttl`` is the attribute that expires ended grants."""

TARGET_TABLE_KEYS: Mapping[str, Any] = {
    "hash_key": "target",
    "range_key": "item",
    "attributes": [{"name": "target", "type": "S"}, {"name": "item", "type": "S"}],
    "ttl": "purgeAt",
}
"""Keys of the target ledger; ``ttl`` is the attribute that expires the marks of removed grants."""


def document(*statements: Statement) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


# --- trust ------------------------------------------------------------------------------------------------------------
def function_trust() -> Document:
    """Trust of a Lambda function's role."""
    return document(_service_trust("lambda.amazonaws.com"))


def machine_trust(names: Names, account: str, machine: str) -> Document:
    """Trust of a state machine's role: Step Functions, for this machine only (confused deputy).

    * ``machine``: ``central`` or ``member``.
    """
    return document(
        _service_trust(
            "states.amazonaws.com",
            {
                "StringEquals": {"aws:SourceAccount": check_account(account)},
                "ArnLike": {"aws:SourceArn": names.arn("states", account, f"stateMachine:{names.regional(machine)}")},
            },
        )
    )


def events_trust(names: Names, account: str) -> Document:
    """Trust of the role with which our EventBridge rules start the central machine."""
    return document(
        _service_trust(
            "events.amazonaws.com",
            {
                "StringEquals": {"aws:SourceAccount": check_account(account)},
                "ArnLike": {"aws:SourceArn": names.arn("events", account, f"rule/{names.namespace}-*")},
            },
        )
    )


def member_invoke_trust(names: Names, domain_account: str) -> Document:
    """Trust of ``member-invoke``: the central machine's role, calling for the central machine.

    The principal is the account with a condition on the role, so that the two stacks can be deployed in any order.
    Step Functions passes the calling machine's ARN as external id ("Accessing cross-account resources").
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": _root(names, domain_account)},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:PrincipalArn": names.role_arn(domain_account, "central-machine")},
                "StringEquals": {"sts:ExternalId": names.central_machine_arn(domain_account)},
            },
        }
    )


def callback_trust(
    names: Names, domain_account: str, member_accounts: Sequence[str], *, organization_id: str | None = None
) -> Document:
    """Trust of ``callback``: the member machines' roles of these accounts, or of the whole organisation.

    One statement whatever the number of accounts; with ``organization_id`` its length does not grow either.
    """
    condition: dict[str, Any] = {
        "ArnLike": {"aws:PrincipalArn": names.role_arn("*", "member-machine")},
        "StringLike": {"sts:ExternalId": names.member_machine_arn("*")},
    }
    if organization_id is None:
        principal: Any = {"AWS": [_root(names, account) for account in sorted({*member_accounts})]}
    else:
        principal = {"AWS": "*"}
        condition["StringEquals"] = {"aws:PrincipalOrgID": organization_id}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})


# --- domain account ---------------------------------------------------------------------------------------------------
def collect_policy(names: Names, domain_account: str, domain_id: str, table_kms_key_arn: str | None = None) -> Document:
    """The collector: reads a grant's parts, marks it in progress, writes the grant ledger, reads failed executions."""
    return document(
        _datazone(
            "GetEnvironment",
            "GetListing",
            "GetSubscription",
            "GetSubscriptionGrant",
            "GetSubscriptionRequestDetails",
            "GetSubscriptionTarget",
            "UpdateSubscriptionGrantStatus",
        ),
        _table(names, domain_account, names.grant_table),
        {
            "Sid": "FailedExecutions",
            "Effect": "Allow",
            "Action": "states:DescribeExecution",
            "Resource": names.arn("states", domain_account, f"execution:{names.central_machine}:*"),
        },
        *_key(names, table_kms_key_arn),
        _logs(names, domain_account, "collect"),
    )


def report_policy(names: Names, domain_account: str, domain_id: str, table_kms_key_arn: str | None = None) -> Document:
    """The reporter: outcome to the grant ledger and to DataZone."""
    return document(
        _datazone("GetSubscriptionGrant", "UpdateSubscriptionGrantStatus"),
        _table(names, domain_account, names.grant_table),
        *_key(names, table_kms_key_arn),
        _logs(names, domain_account, "report"),
    )


def central_machine_policy(names: Names, domain_account: str, member_accounts: Sequence[str]) -> Document:
    """The central machine: its three functions and the invoke role of each member account."""
    return document(
        _invoke(names, domain_account, "collect", "reconcile", "report"),
        {
            "Sid": "MemberAccounts",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [names.role_arn(account, "member-invoke") for account in sorted({*member_accounts})],
        },
        _log_delivery(),
        _tracing(),
    )


def callback_policy(names: Names, domain_account: str) -> Document:
    """The callback role: answer a task token. Tokens cannot be guessed and are tied to one task of one execution."""
    return document(
        {
            "Sid": "AnswerTasks",
            "Effect": "Allow",
            "Action": ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"],
            # The SendTask actions know no resource type.
            "Resource": "*",
        }
    )


def events_policy(names: Names, domain_account: str) -> Document:
    """The rules' role: start the central machine."""
    return document(
        {
            "Sid": "StartCentral",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": names.central_machine_arn(domain_account),
        }
    )


# --- member accounts --------------------------------------------------------------------------------------------------
def member_machine_policy(names: Names, account: str, domain_account: str) -> Document:
    """The member machine: its function, and the callback role of the domain account."""
    return document(
        _invoke(names, account, "apply"),
        {
            "Sid": "CallBack",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": names.role_arn(domain_account, "callback"),
        },
        _log_delivery(),
        _tracing(),
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
) -> Document:
    """The ``apply`` function of a member account, as producer and as consumer.

    A function that may write policies on any role owns its account. So it may touch only the roles that the
    configuration names, only while they carry the boundary (unless waived), and never our own or the deployer's.

    * ``consumer_role_arns``: role ARNs or patterns (``arn:aws:iam::<account>:role/streaming/*``) that may get
      access.
    * ``boundary_arn``: the permissions boundary that those roles must carry.
    * ``require_boundary``: False waives it.
    * ``kms_key_arn``: key of the target table.
    * ``platforms``: names of the platforms whose resources this account owns; all by default.
    * ``protected_role_arns``: further roles that must never be written to, such as the deployer's.
    """
    chosen = [PLATFORMS[name] for name in (platforms if platforms is not None else PLATFORMS)]
    statements: list[Statement] = [
        _table(names, account, names.target_table),
        overview(names, account, names.target_table),
        {
            "Sid": "Records",
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": names.arn("ssm", account, f"parameter{names.record_parameter_root(domain_id)}/*"),
        },
        *(statement for platform in chosen for statement in platform.member_statements(names, account)),
        *_reader_statements(names, account, boundary_arn),
    ]
    if consumer_role_arns:
        statements.extend(_consumer_statements(names, account, consumer_role_arns, boundary_arn, require_boundary))
    statements.append(
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
            "Resource": sorted({names.role_arn(account, "*"), *protected_role_arns}),
        }
    )
    return document(*statements, *_key(names, kms_key_arn), _logs(names, account, "apply"))


def _consumer_statements(
    names: Names, account: str, roles: Sequence[str], boundary_arn: str | None, require_boundary: bool
) -> list[Statement]:
    resources = sorted({*roles})
    bounded: dict[str, Any] = (
        {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}} if require_boundary and boundary_arn else {}
    )
    policies = f"arn:{names.partition}:iam::{account}:policy{names.iam_path}{names.access_policy_prefix}-*"
    return [
        {
            "Sid": "FindConsumerRoles",
            "Effect": "Allow",
            "Action": "iam:GetRole",
            # IAM knows no path of a role that does not exist, and judges the question by the name alone (UNVERIFIED).
            "Resource": sorted({*resources, *(_without_path(arn) for arn in resources)}),
        },
        {
            "Sid": "ReadConsumerRoles",
            "Effect": "Allow",
            "Action": [
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
            ],
            "Resource": resources,
        },
        {
            "Sid": "WriteConsumerRoles",
            "Effect": "Allow",
            "Action": "iam:PutRolePolicy",
            "Resource": resources,
            **({"Condition": bounded} if bounded else {}),
        },
        {
            # Taking away needs no boundary: a revoke must also work on a role that has lost it.
            "Sid": "TakeFromConsumerRoles",
            "Effect": "Allow",
            "Action": "iam:DeleteRolePolicy",
            "Resource": resources,
        },
        {
            "Sid": "AttachOurPoliciesOnly",
            "Effect": "Allow",
            "Action": "iam:AttachRolePolicy",
            "Resource": resources,
            "Condition": {"ArnLike": {"iam:PolicyARN": policies}, **bounded},
        },
        {
            "Sid": "DetachOurPoliciesOnly",
            "Effect": "Allow",
            "Action": "iam:DetachRolePolicy",
            "Resource": resources,
            "Condition": {"ArnLike": {"iam:PolicyARN": policies}},
        },
        {
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
            "Resource": policies,
        },
    ]


def _without_path(role_arn: str) -> str:
    head, _, rest = role_arn.partition(":role/")
    return f"{head}:role/{rest.rsplit('/', 1)[-1]}"


def _reader_statements(names: Names, account: str, boundary_arn: str | None) -> list[Statement]:
    roles = f"arn:{names.partition}:iam::{account}:role{names.iam_path}readers/*"
    create: Statement = {
        "Sid": "CreateReaderRoles",
        "Effect": "Allow",
        "Action": "iam:CreateRole",
        "Resource": roles,
    }
    if boundary_arn:
        create["Condition"] = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}}
    return [
        create,
        {
            "Sid": "FindReaderRoles",
            "Effect": "Allow",
            "Action": "iam:GetRole",
            # IAM knows no path of a role that does not exist, and judges the question by the name alone (UNVERIFIED).
            "Resource": f"arn:{names.partition}:iam::{account}:role/{names.iam_name('reader-')}*",
        },
        {
            "Sid": "ReaderRoles",
            "Effect": "Allow",
            "Action": [
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ],
            "Resource": roles,
        },
    ]


def consumer_boundary(names: Names, account: str, *, extra_actions: Sequence[str] = ()) -> Document:
    """Permissions boundary of consumer and reader roles: the most that such a role can ever do. It grants nothing.

    * ``extra_actions``: what the consumers' own jobs need besides.
    """
    return document(
        {
            "Sid": "Streams",
            "Effect": "Allow",
            "Action": [
                "kafka-cluster:*",
                "kafka:CreateVpcConnection",
                "kafka:DescribeCluster*",
                "kafka:GetBootstrapBrokers",
                "kinesis:Describe*",
                "kinesis:Get*",
                "kinesis:List*",
                "kinesis:PutRecord*",
                "kinesis:SubscribeToShard",
                "glue:CheckSchemaVersionValidity",
                "glue:GetRegistry",
                "glue:GetSchema*",
                "glue:ListSchema*",
                "glue:QuerySchemaVersionMetadata",
                "kms:Decrypt",
                "kms:GenerateDataKey",
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
                    "ec2:CreateTags",
                    "ec2:CreateVpcEndpoint",
                    "ec2:Describe*",
                    "logs:CreateLogStream",
                    "logs:Describe*",
                    "logs:PutLogEvents",
                    "s3:GetBucketLocation",
                    "s3:GetObject*",
                    "s3:ListBucket",
                    "s3:PutObject",
                    "sqs:SendMessage",
                    "ssm:GetParameter*",
                    "xray:Put*",
                    *extra_actions,
                }
            ),
            # As above.
            "Resource": "*",
        },
        {
            "Sid": "ReaderRoles",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            # Readers live in the producers' accounts, which are not known here.
            "Resource": f"arn:{names.partition}:iam::*:role{names.iam_path}readers/*",
        },
    )


# --- environment variables --------------------------------------------------------------------------------------------
def collect_environment(
    names: Names,
    domain_id: str,
    domain_account: str,
    member_accounts: Sequence[str],
    asset_types: Sequence[str],
    *,
    principal_accounts: Mapping[str, Sequence[str]] | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Environment of ``collect``.

    * ``principal_accounts``: environment account -> further accounts whose roles its subscription targets may
      name.
    * ``options``: ``managedVpc`` (default True), ``crossAccountServerless`` (default False).
    """
    return {
        **_common(names, domain_id, domain_account),
        "STREAMGOV_MEMBER_ACCOUNTS": ",".join(sorted({*member_accounts})),
        "STREAMGOV_ASSET_TYPES": ",".join(sorted({*asset_types})),
        "STREAMGOV_PRINCIPAL_ACCOUNTS": _json(
            {key: sorted(value) for key, value in (principal_accounts or {}).items()}
        ),
        "STREAMGOV_OPTIONS": _json(options or {}),
    }


def report_environment(
    names: Names,
    domain_id: str,
    domain_account: str,
    member_accounts: Sequence[str] = (),
    asset_types: Sequence[str] = (),
) -> dict[str, str]:
    """Environment of ``report``."""
    return {
        **_common(names, domain_id, domain_account),
        "STREAMGOV_MEMBER_ACCOUNTS": ",".join(sorted({*member_accounts})),
        "STREAMGOV_ASSET_TYPES": ",".join(sorted({*asset_types})),
    }


def apply_environment(
    names: Names,
    domain_id: str,
    account: str,
    *,
    consumer_role_arns: Sequence[str] = (),
    boundary_arn: str | None = None,
    require_boundary: bool = True,
    manual_assets: Mapping[str, Sequence[str]] | None = None,
    function_timeout: int = 60,
) -> dict[str, str]:
    """Environment of ``apply``.

    * ``manual_assets``: owning project -> patterns of resource ARNs (topics, streams) that its assets made by
      hand, which no data source recorded, may name.
    * ``function_timeout``: the function's hard time-out in seconds; leases last longer than it.
    """
    return {
        **_common(names, domain_id, account),
        "STREAMGOV_CONSUMER_ROLES": _json(sorted({*consumer_role_arns})),
        "STREAMGOV_BOUNDARY": boundary_arn or "",
        "STREAMGOV_REQUIRE_BOUNDARY": "true" if require_boundary else "false",
        "STREAMGOV_MANUAL_ASSETS": _json({key: sorted(value) for key, value in (manual_assets or {}).items()}),
        "STREAMGOV_FUNCTION_TIMEOUT": str(function_timeout),
    }


def _common(names: Names, domain_id: str, account: str) -> dict[str, str]:
    return {
        "STREAMGOV_NAMESPACE": names.namespace,
        "STREAMGOV_REGION": names.region,
        "STREAMGOV_PARTITION": names.partition,
        "STREAMGOV_DOMAIN_ID": domain_id,
        "STREAMGOV_ACCOUNT": check_account(account),
    }


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


# --- statements that several policies share ---------------------------------------------------------------------------
def _service_trust(service: str, condition: Mapping[str, Any] | None = None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def _root(names: Names, account: str) -> str:
    return f"arn:{names.partition}:iam::{check_account(account)}:root"


def _datazone(*actions: str) -> Statement:
    return {
        "Sid": "DataZone",
        "Effect": "Allow",
        "Action": [f"datazone:{action}" for action in actions],
        # These actions know no resource type and no condition key; the role's membership in the domain limits them.
        "Resource": "*",
    }


def _table(names: Names, account: str, table: str) -> Statement:
    return {
        "Sid": "Ledger",
        "Effect": "Allow",
        "Action": [
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ],
        "Resource": names.arn("dynamodb", account, f"table/{table}"),
    }


def overview(names: Names, account: str, table: str) -> Statement:
    """Read a ledger as a whole, as the reconciler does."""
    return {
        "Sid": "LedgerOverview",
        "Effect": "Allow",
        "Action": "dynamodb:Scan",
        "Resource": names.arn("dynamodb", account, f"table/{table}"),
    }


def _key(names: Names, key_arn: str | None) -> list[Statement]:
    if key_arn is None:
        return []
    return [
        {
            "Sid": "TableKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"dynamodb.{names.region}.amazonaws.com"}},
        }
    ]


def _logs(names: Names, account: str, what: str) -> Statement:
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": names.arn("logs", account, f"log-group:{names.log_group(what)}:*"),
    }


def _log_delivery() -> Statement:
    return {
        "Sid": "LogDelivery",
        "Effect": "Allow",
        "Action": [
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        # "Logging using CloudWatch Logs" of Step Functions: the log delivery API knows no resource.
        "Resource": "*",
    }


def _tracing() -> Statement:
    return {
        "Sid": "Tracing",
        "Effect": "Allow",
        "Action": [
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ],
        # "X-Ray and Step Functions": these actions know no resource type.
        "Resource": "*",
    }


def _invoke(names: Names, account: str, *functions: str) -> Statement:
    return {
        "Sid": "Functions",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": [names.function_arn(account, what) for what in functions],
    }
