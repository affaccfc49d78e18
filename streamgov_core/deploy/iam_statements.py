"""Statements and trusts that several of our IAM documents share. Every remaining ``*`` has its reason beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from streamgov_core.model.naming import Names, check_account

Document = dict[str, Any]
Statement = dict[str, Any]


def document(*statements: Statement) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def service_trust(service: str, condition: Mapping[str, Any] | None = None) -> Statement:
    """The trust of an AWS service, under a condition."""
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def function_trust() -> Document:
    """Trust of a Lambda function's role."""
    return document(service_trust("lambda.amazonaws.com"))


def machine_trust(names: Names, account: str, machine_name: str) -> Document:
    """Trust of a state machine's role: Step Functions, for this machine only (confused deputy).

    UNVERIFIED[sfn-map-child-role]: what a child execution of a distributed map passes as its source; both are accepted.

    Args:
        names: of the deployment.
        account: the machine's.
        machine_name: ``central`` or ``member``.
    """
    machine = names.arn("states", account, f"stateMachine:{names.regional(machine_name)}")
    return document(
        service_trust(
            "states.amazonaws.com",
            {
                "StringEquals": {"aws:SourceAccount": check_account(account)},
                "ArnLike": {"aws:SourceArn": [machine, f"{machine}/*"]},
            },
        )
    )


def account_root(names: Names, account: str) -> str:
    """The account as a principal: any of its identities whose own policies allow the action."""
    return f"arn:{names.partition}:iam::{check_account(account)}:root"


def datazone(*actions: str) -> Statement:
    """DataZone actions, without the prefix ``datazone:``."""
    return {
        "Sid": "DataZone",
        "Effect": "Allow",
        "Action": [f"datazone:{action}" for action in actions],
        # These actions know no resource type and no condition key; the role's membership in the domain limits them.
        "Resource": "*",
    }


def table_access(names: Names, account: str, table: str) -> Statement:
    """Reading and writing the items of one table."""
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


def table_scan(names: Names, account: str, table: str) -> Statement:
    """Reading a ledger as a whole, as the reconciler does."""
    return {
        "Sid": "LedgerOverview",
        "Effect": "Allow",
        "Action": "dynamodb:Scan",
        "Resource": names.arn("dynamodb", account, f"table/{table}"),
    }


def table_key_access(names: Names, key_arn: str | None) -> list[Statement]:
    """Using the key of a table, through DynamoDB only."""
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


def function_logs(names: Names, account: str, function_name: str) -> Statement:
    """Writing to one function's log group."""
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": names.arn("logs", account, f"log-group:{names.log_group(function_name)}:*"),
    }


def log_delivery() -> Statement:
    """Permissions that a state machine needs for its log."""
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


def tracing() -> Statement:
    """Permissions that a state machine needs for its traces."""
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


def invoke_functions(names: Names, account: str, *function_names: str, aliased: Collection[str] = ()) -> Statement:
    """Invoking functions of ours.

    Args:
        names: of the deployment.
        account: the functions'.
        function_names: what ``Names.function_arn`` calls them.
        aliased: those of them that have an alias: a function and its alias are two resources (Lambda developer guide,
            "Resources and conditions for Lambda actions"), and executions that began before a change name the other.
    """
    return {
        "Sid": "Functions",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": [
            *(names.function_arn(account, function_name) for function_name in function_names),
            *(names.function_alias_arn(account, function_name) for function_name in aliased),
        ],
    }
