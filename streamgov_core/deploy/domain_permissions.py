"""IAM documents of the functions, machines and roles of the access workflow: pure functions of names and accounts.

The domain account's stand here; those of member accounts, the environment variables and the keys of the tables come
from the modules beside this one. Every remaining ``*`` has its reason beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamgov_core.deploy.environment import (
    DOCUMENT_TABLE_KEYS,
    GRANT_TABLE_KEYS,
    apply_environment,
    collect_environment,
    report_environment,
)
from streamgov_core.deploy.iam_statements import (
    Document,
    Statement,
    account_root,
    datazone,
    document,
    invoke,
    key_access,
    log_delivery,
    logs,
    overview,
    service_trust,
    table_access,
    tracing,
)
from streamgov_core.deploy.member_permissions import (
    apply_policy,
    consumer_boundary,
    member_invoke_policy,
    member_machine_policy,
)
from streamgov_core.model.naming import Names, check_account

__all__ = [
    "DOCUMENT_TABLE_KEYS",
    "GRANT_TABLE_KEYS",
    "Document",
    "Statement",
    "apply_environment",
    "apply_policy",
    "callback_policy",
    "callback_trust",
    "central_machine_policy",
    "collect_environment",
    "collect_policy",
    "consumer_boundary",
    "document",
    "events_policy",
    "events_trust",
    "function_trust",
    "machine_trust",
    "member_invoke_policy",
    "member_invoke_trust",
    "member_machine_policy",
    "overview",
    "report_environment",
    "report_policy",
]


# --- trust ------------------------------------------------------------------------------------------------------------
def function_trust() -> Document:
    """Trust of a Lambda function's role."""
    return document(service_trust("lambda.amazonaws.com"))


def machine_trust(names: Names, account: str, machine: str) -> Document:
    """Trust of a state machine's role: Step Functions, for this machine only (confused deputy).

    * ``machine``: ``central`` or ``member``.
    """
    return document(
        service_trust(
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
        service_trust(
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
            "Principal": {"AWS": account_root(names, domain_account)},
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
        principal: Any = {"AWS": [account_root(names, account) for account in sorted({*member_accounts})]}
    else:
        principal = {"AWS": "*"}
        condition["StringEquals"] = {"aws:PrincipalOrgID": organization_id}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})


# --- domain account ---------------------------------------------------------------------------------------------------
def collect_policy(names: Names, domain_account: str, domain_id: str, table_kms_key_arn: str | None = None) -> Document:
    """The collector: reads a grant's parts, marks it in progress, writes the grant ledger, reads failed executions."""
    return document(
        datazone(
            "GetEnvironment",
            "GetListing",
            "GetSubscription",
            "GetSubscriptionGrant",
            "GetSubscriptionRequestDetails",
            "GetSubscriptionTarget",
            "UpdateSubscriptionGrantStatus",
        ),
        table_access(names, domain_account, names.grant_table),
        {
            "Sid": "FailedExecutions",
            "Effect": "Allow",
            "Action": "states:DescribeExecution",
            "Resource": names.arn("states", domain_account, f"execution:{names.central_machine}:*"),
        },
        *key_access(names, table_kms_key_arn),
        logs(names, domain_account, "collect"),
    )


def report_policy(names: Names, domain_account: str, domain_id: str, table_kms_key_arn: str | None = None) -> Document:
    """The reporter: outcome to the grant ledger and to DataZone."""
    return document(
        datazone("GetSubscriptionGrant", "UpdateSubscriptionGrantStatus"),
        table_access(names, domain_account, names.grant_table),
        *key_access(names, table_kms_key_arn),
        logs(names, domain_account, "report"),
    )


def central_machine_policy(names: Names, domain_account: str, member_accounts: Sequence[str]) -> Document:
    """The central machine: its three functions and the invoke role of each member account."""
    return document(
        invoke(names, domain_account, "collect", "reconcile", "report"),
        {
            "Sid": "MemberAccounts",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [names.role_arn(account, "member-invoke") for account in sorted({*member_accounts})],
        },
        log_delivery(),
        tracing(),
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
