"""IAM documents of the domain account: functions, central machine, callback role, rules' role.

Every remaining ``*`` has its reason beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from streamgov_core.deploy.iam_statements import (
    Document,
    account_root,
    datazone,
    document,
    function_logs,
    invoke_functions,
    log_delivery,
    service_trust,
    table_access,
    table_key_access,
    table_scan,
    tracing,
)
from streamgov_core.model.findings import EVENT_SOURCE
from streamgov_core.model.naming import Names, check_account


# --- trust ------------------------------------------------------------------------------------------------------------
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


def ends_trust(names: Names, account: str) -> Document:
    """Trust of the role with which the schedules of ends start the central machine: those of our group only."""
    return document(
        service_trust(
            "scheduler.amazonaws.com",
            {
                "StringEquals": {"aws:SourceAccount": check_account(account)},
                "ArnEquals": {
                    "aws:SourceArn": names.arn("scheduler", account, f"schedule-group/{names.end_schedules}")
                },
            },
        )
    )


def callback_trust(
    names: Names, domain_account: str, member_accounts: Sequence[str], *, organization_id: str | None = None
) -> Document:
    """Trust of ``callback``: the member machines' roles of these accounts, or of the whole organisation.

    One statement whatever the number of accounts; with ``organization_id`` its length does not grow either.
    """
    condition: dict[str, Any] = {
        "ArnLike": {"aws:PrincipalArn": names.role_arn("*", "member-machine")},
        # The machine that calls is one of the caller's own account, whoever makes a role of that path and name.
        "StringEquals": {"sts:ExternalId": names.member_machine_arn("${aws:PrincipalAccount}")},
    }
    if organization_id is None:
        principal: Any = {"AWS": [account_root(names, account) for account in sorted({*member_accounts})]}
    else:
        principal = {"AWS": "*"}
        condition["StringEquals"]["aws:PrincipalOrgID"] = organization_id
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})


# --- permissions ------------------------------------------------------------------------------------------------------
def collect_policy(names: Names, domain_account: str, table_kms_key_arn: str | None = None) -> Document:
    """The collector: reads a grant's parts, marks it in progress, writes the grant ledger, reads failed executions."""
    return document(
        datazone(
            "GetAsset",
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
        *table_key_access(names, table_kms_key_arn),
        function_logs(names, domain_account, "collect"),
    )


def report_policy(names: Names, domain_account: str, table_kms_key_arn: str | None = None) -> Document:
    """The reporter: outcome to the grant ledger and to DataZone, a schedule for the end of access."""
    return document(
        datazone("GetSubscriptionGrant", "GetUserProfile", "PostLineageEvent", "UpdateSubscriptionGrantStatus"),
        _publish(names, domain_account, "PublishOutcomes"),
        table_access(names, domain_account, names.grant_table),
        {
            "Sid": "ScheduleEnds",
            "Effect": "Allow",
            "Action": "scheduler:CreateSchedule",
            "Resource": names.arn("scheduler", domain_account, f"schedule/{names.end_schedules}/*"),
        },
        {
            "Sid": "LetSchedulesStart",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": names.role_arn(domain_account, "ends"),
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
        *table_key_access(names, table_kms_key_arn),
        function_logs(names, domain_account, "report"),
    )


def _publish(names: Names, domain_account: str, sid: str) -> dict[str, Any]:
    """Our own events, on the account's default bus."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": names.arn("events", domain_account, "event-bus/default"),
        "Condition": {"StringEquals": {"events:source": EVENT_SOURCE}},
    }


def reconcile_policy(names: Names, domain_account: str, table_kms_key_arn: str | None = None) -> Document:
    """The reconciler: reads grants and what they refer to, deletes a grant, starts executions, publishes findings."""
    table = names.arn("dynamodb", domain_account, f"table/{names.grant_table}")
    return document(
        datazone(
            "DeleteSubscriptionGrant",
            "GetAsset",
            "GetEnvironment",
            "GetListing",
            "GetSubscriptionGrant",
            "GetSubscriptionTarget",
            "ListProjects",
            "ListSubscriptionGrants",
            "ListSubscriptions",
            "UpdateSubscriptionGrantStatus",
        ),
        {
            "Sid": "Ledger",
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            "Resource": table,
        },
        table_scan(names, domain_account, names.grant_table),
        {
            "Sid": "Runs",
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            "Resource": names.arn("dynamodb", domain_account, f"table/{names.run_table}"),
        },
        {
            "Sid": "StartExecutions",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": names.central_machine_arn(domain_account),
        },
        {
            "Sid": "ReadExecutions",
            "Effect": "Allow",
            "Action": "states:DescribeExecution",
            "Resource": names.arn("states", domain_account, f"execution:{names.central_machine}:*"),
        },
        _publish(names, domain_account, "PublishFindings"),
        *table_key_access(names, table_kms_key_arn),
        function_logs(names, domain_account, "reconcile"),
    )


def central_machine_policy(
    names: Names,
    domain_account: str,
    member_accounts: Sequence[str],
    *,
    organization_id: str | None = None,
    aliased: Collection[str] = (),
) -> Document:
    """The central machine: its three functions, those of them ``aliased`` by their alias too, and the invoke role of
    each member account.

    With ``organization_id`` of each account of the organisation that has such a role, whatever their number: the role
    must trust this machine by name, and ``collect`` serves the member accounts alone.
    """
    members: dict[str, Any] = {"Sid": "MemberAccounts", "Effect": "Allow", "Action": "sts:AssumeRole"}
    if organization_id is None:
        members["Resource"] = [names.role_arn(account, "member-invoke") for account in sorted({*member_accounts})]
    else:
        members["Resource"] = names.role_arn("*", "member-invoke")
        members["Condition"] = {"StringEquals": {"aws:ResourceOrgID": organization_id}}
    return document(
        invoke_functions(names, domain_account, "collect", "reconcile", "report", aliased=aliased),
        members,
        # "IAM policies for using Distributed Map states": the machine starts and stops its own child executions.
        {
            "Sid": "Shards",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": names.central_machine_arn(domain_account),
        },
        {
            "Sid": "ShardExecutions",
            "Effect": "Allow",
            "Action": ["states:DescribeExecution", "states:StopExecution"],
            "Resource": [
                names.arn("states", domain_account, f"execution:{names.central_machine}{separator}*")
                for separator in (":", "/")
            ],
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
    """The role of rules and schedules: start the central machine."""
    return document(
        {
            "Sid": "StartCentral",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": names.central_machine_arn(domain_account),
        }
    )
