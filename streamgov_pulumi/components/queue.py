"""A queue for events that could not be delivered or handled."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_pulumi.components._documents import built
from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child
from streamgov_pulumi.components.alarms import alarm


class DeadLetterQueueArgs(TypedDict):
    """Arguments of DeadLetterQueue."""

    deployment: DeploymentArgs
    """Where and how."""
    what: str
    """The word of the queue's physical name, for example ``dead-letters``."""
    rule_arns: list[str]
    """ARNs of the EventBridge rules that may put undeliverable events into it."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key that encrypts the messages. Default: SQS's own."""


def queue_policy(queue_arn: str, rule_arns: list[str]) -> dict[str, Any]:
    """EventBridge may send for these rules; nobody may use the queue without TLS."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Rules",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": sorted(rule_arns)}},
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


class DeadLetterQueue(pulumi.ComponentResource):
    """An encrypted queue that keeps what failed for 14 days, and an alarm on its depth."""

    queue_arn: pulumi.Output[str]
    """ARN of the queue."""

    def __init__(self, name: str, args: DeadLetterQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:DeadLetterQueue", name, {}, opts)
        settings = Settings.of(args["deployment"])
        physical = settings.names.regional(args["what"], 80)
        key = args.get("kms_key_arn")
        queue = aws.sqs.Queue(
            name,
            name=physical,
            message_retention_seconds=14 * 86_400,
            kms_master_key_id=key,
            kms_data_key_reuse_period_seconds=300 if key is not None else None,
            sqs_managed_sse_enabled=True if key is None else None,
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=built(lambda arn: queue_policy(arn, args["rule_arns"]), arn=queue.arn),
            opts=child(self),
        )
        alarm(
            self,
            f"{name}-depth",
            settings,
            what=f"{args['what']}-depth",
            description=f"Events wait in {physical}: read a message for its cause, then start its target again by hand",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": physical},
            statistic="Maximum",
        )
        self.queue_arn = queue.arn
        self.register_outputs({"queue_arn": self.queue_arn})
