"""Messages that services of AWS put into customers' queues and topics in their own name."""

from __future__ import annotations

from collections.abc import Mapping

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from aws_emulator.compute.principals import Principals


class DeliveryError(Exception):
    """A target could not be reached.

    Args:
        code: EventBridge's error code (``NO_PERMISSIONS``, ``NO_RESOURCE``, ``THROTTLING`` …).
        message: what happened.
        retryable: whether a later attempt may succeed.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable


class Queues:
    """Sends messages as a service, where the queue's and the key's policies let it."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    def send(
        self,
        service: str,
        queue_arn: str,
        body: str,
        *,
        source_arn: str,
        source_account: str,
        attributes: Mapping[str, str] | None = None,
        group: str | None = None,
    ) -> None:
        """Send a message to a queue.

        Args:
            service: for example ``events.amazonaws.com``.
            queue_arn: the queue.
            body: the message.
            source_arn: the rule or schedule.
            source_account: its account.
            attributes: message attributes, all strings.
            group: message group of a FIFO queue.

        Raises:
            DeliveryError: there is no such queue, or the service may not.
        """
        region, account, name = queue_arn.split(":")[3:6]
        queue = sqs_backends[account][region].queues.get(name) if account in sqs_backends else None
        if queue is None:
            raise DeliveryError("NO_RESOURCE", f"The queue {queue_arn} does not exist.")
        if not self._principals.service_may(service, "sqs:SendMessage", queue_arn, source_arn, source_account):
            raise DeliveryError(
                "NO_PERMISSIONS", f"The policy of {queue_arn} does not allow {service} to send messages."
            )
        self._check_key(service, getattr(queue, "kms_master_key_id", None), account, region, source_arn, source_account)
        typed = {key: {"DataType": "String", "StringValue": value} for key, value in (attributes or {}).items()}
        sqs_backends[account][region].send_message(
            queue_name=name, message_body=body, message_attributes=typed or None, group_id=group
        )

    def _check_key(
        self, service: str, key: str | None, account: str, region: str, source_arn: str, source_account: str
    ) -> None:
        """A queue encrypted with a KMS key: the service needs the key, which the key's policy must say.

        Source of the rule: SQS developer guide, "Configuring KMS permissions for AWS services": the AWS managed key's
        policy cannot be changed, so services that send need a customer managed key.
        """
        if not key:
            return
        if key in ("alias/aws/sqs", "aws/sqs"):
            raise DeliveryError("NO_PERMISSIONS", f"{service} cannot use the AWS managed key of Amazon SQS.")
        backend = kms_backends[account][region]
        key_id = backend.any_id_to_key_id(key)
        arn = f"arn:aws:kms:{region}:{account}:key/{key_id}"
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            if not self._principals.service_may(service, action, arn, source_arn, source_account):
                raise DeliveryError("NO_PERMISSIONS", f"The policy of {arn} does not allow {service} to {action}.")

    def publish(self, service: str, topic_arn: str, body: str, *, source_arn: str, source_account: str) -> None:
        """Publish to a topic.

        Raises:
            DeliveryError: there is no such topic, or the service may not.
        """
        region, account = topic_arn.split(":")[3:5]
        if account not in sns_backends or topic_arn not in sns_backends[account][region].topics:
            raise DeliveryError("NO_RESOURCE", f"The topic {topic_arn} does not exist.")
        if not self._principals.service_may(service, "sns:Publish", topic_arn, source_arn, source_account):
            raise DeliveryError("NO_PERMISSIONS", f"The policy of {topic_arn} does not allow {service} to publish.")
        sns_backends[account][region].publish(message=body, arn=topic_arn)
