"""From an API call to the IAM actions and resources that AWS would check.

The reference data (`aws_emulator.iam.reference`) says which resource types an action takes; the tables beside this file
say how a call's parameters name them. What neither says is refused: `checks` raises `NoRow`.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions import compute, operations, security, storage, streams
from aws_emulator.iam.actions.core import Check, NoRow, Service, generic_checks, tag_context
from aws_emulator.iam.actions.implied import implied_checks
from aws_emulator.iam.actions.passing import pass_role_checks
from aws_emulator.iam.reference import Reference

__all__ = ["Actions", "Check", "NoRow"]

# What tagging at creation needs besides (developer guide of each service, "tag-based access control").
TAG_ON_CREATE = {
    ("iam", "CreateRole"): "iam:TagRole",
    ("iam", "CreatePolicy"): "iam:TagPolicy",
    ("lambda", "CreateFunction"): "lambda:TagResource",
    ("stepfunctions", "CreateStateMachine"): "states:TagResource",
    ("events", "PutRule"): "events:TagResource",
    ("sqs", "CreateQueue"): "sqs:TagQueue",
    ("logs", "CreateLogGroup"): "logs:TagResource",
    ("dynamodb", "CreateTable"): "dynamodb:TagResource",
    ("kms", "CreateKey"): "kms:TagResource",
    ("ssm", "PutParameter"): "ssm:AddTagsToResource",
    ("secretsmanager", "CreateSecret"): "secretsmanager:TagResource",
}

# Calls that need no permission at all (API reference of each).
FREE = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})


class Actions:
    """The table of all services.

    Args:
        domain_owner: answers the account that owns a DataZone domain.
    """

    def __init__(self, domain_owner: Callable[[str], str | None] = lambda domain: None) -> None:
        self._services: dict[str, Service] = {
            "kafka": streams.KAFKA,
            "kinesis": streams.KINESIS,
            "glue": streams.GLUE,
            "datazone": streams.datazone(domain_owner),
            "iam": security.IAM,
            "sts": security.STS,
            "kms": security.KMS,
            "secretsmanager": security.SECRETS,
            "lambda": compute.LAMBDA,
            "stepfunctions": compute.STATES,
            "events": compute.EVENTS,
            "scheduler": compute.SCHEDULER,
            "pipes": compute.PIPES,
            "dynamodb": storage.DYNAMODB,
            "s3": storage.S3,
            "sqs": storage.SQS,
            "sns": storage.SNS,
            "ssm": storage.SSM,
            "logs": operations.LOGS,
            "cloudwatch": operations.CLOUDWATCH,
            "ram": operations.RAM,
            "cloudtrail": operations.CLOUDTRAIL,
            "ec2": operations.EC2,
            "organizations": operations.ORGANIZATIONS,
            "resourcegroupstaggingapi": operations.TAGGING,
            "xray": operations.XRAY,
            "kinesisanalyticsv2": streams.FLINK,
        }
        self.reference = Reference(frozenset(service.prefix for service in self._services.values()))

    def checks(self, call: ApiCall) -> list[Check]:
        """All that AWS would check for a call: the action itself, roles that it passes, keys that it uses.

        Raises:
            NoRow: nobody has written down what this operation needs.
        """
        if (call.service, call.operation) in FREE:
            return []
        service = self._services.get(call.service)
        if service is None:
            raise NoRow(f"the table has no service {call.service}")
        special = service.special.get(call.operation)
        if special is not None:
            own = special(call)
            if not own:
                raise NoRow(f"{call.service}:{call.operation} names no resource")
        else:
            info = self.reference.action(service.prefix, service.renamed.get(call.operation, call.operation))
            if info is None:
                raise NoRow(f"the reference has no action {service.prefix}:{call.operation}")
            own = generic_checks(call, service, info)
        return [*own, *_tagging(call, own), *pass_role_checks(call), *implied_checks(call)]


def _tagging(call: ApiCall, own: list[Check]) -> list[Check]:
    """The permission to tag, where a call creates something and gives it tags."""
    action = TAG_ON_CREATE.get((call.service, call.operation))
    tags = tag_context(call.params)
    return [Check(action, check.resource, tags) for check in own] if action and tags else []
