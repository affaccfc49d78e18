"""A queue for events that could not be delivered or handled."""

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import QueueSpec
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import Settings, child
from streamgov_pulumi.components.alarms import alarm


class DeadLetterQueue(pulumi.ComponentResource):
    """An encrypted queue with an alarm on its depth.

    Args:
        name: logical name.
        settings: the deployment.
        queue: the queue's description.
        kms_key_arn: key of the messages. Default: SQS's own.
    """

    queue_arn: pulumi.Output[str]
    """ARN of the queue."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        queue: Description[QueueSpec],
        opts: pulumi.ResourceOptions | None = None,
        *,
        kms_key_arn: pulumi.Input[str] | None = None,
    ) -> None:
        super().__init__("streamgov:index:DeadLetterQueue", name, {}, opts)
        made = aws.sqs.Queue(
            name,
            name=queue.known(lambda spec: spec.name),
            message_retention_seconds=queue.known(lambda spec: spec.retention),
            kms_master_key_id=kms_key_arn,
            kms_data_key_reuse_period_seconds=300 if kms_key_arn is not None else None,
            sqs_managed_sse_enabled=True if kms_key_arn is None else None,
            tags=settings.tags,
            opts=child(self),
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=made.url,
            policy=queue.value(lambda spec: to_json(spec.policy)),
            opts=child(self),
        )
        alarm(self, f"{name}-depth", settings, queue.known(lambda spec: spec.alarm), after=[made])
        self.queue_arn = made.arn
        self.register_outputs({"queue_arn": self.queue_arn})
