"""What the grant engine asks of Kinesis: resource policies, fan-out consumers, and what a stream is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.documents.resource_policy import (
    PolicyGateway,
    RejectedError,
    ResourceGoneError,
    ResourcePolicyDocument,
)
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError, RetryableGrantError
from streamgov_core.platforms.kinesis.platform import KMS, managed_key_refusal
from streamgov_core.runtime.calls import calling, error_message

if TYPE_CHECKING:
    from streamgov_core.model.command import GrantCommand
    from streamgov_core.runtime.clients import Clients

MANY_SHARED_READERS = 3
"""Subscribers that share a stream's five reads a second and shard; more are worth a warning."""


class StreamPolicies:
    """PolicyGateway of streams and of their fan-out consumers. There is no version: the lease alone serialises.

    Args:
        client: returns the ``kinesis`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        """API GetResourcePolicy. UNVERIFIED: without a policy an empty text or ResourceNotFoundException; both work."""
        client = self._client()
        with calling("kinesis:GetResourcePolicy", arn):
            try:
                policy = client.get_resource_policy(ResourceARN=arn).get("Policy")
            except client.exceptions.ResourceNotFoundException:
                return None, None
        return (json.loads(policy) if policy else None), None

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        """API PutResourcePolicy."""
        client = self._client()
        with calling("kinesis:PutResourcePolicy", arn):
            try:
                client.put_resource_policy(ResourceARN=arn, Policy=text)
            except client.exceptions.ResourceNotFoundException as error:
                raise ResourceGoneError(f"{arn} does not exist") from error
            except (client.exceptions.InvalidArgumentException, client.exceptions.ValidationException) as error:
                raise RejectedError(error_message(error)) from error
        return None

    def delete(self, arn: str, token: str | None) -> None:
        """API DeleteResourcePolicy."""
        client = self._client()
        with calling("kinesis:DeleteResourcePolicy", arn):
            try:
                client.delete_resource_policy(ResourceARN=arn)
            except client.exceptions.ResourceNotFoundException:
                return


class ConsumerGateway(Protocol):
    """Fan-out consumers of streams."""

    def find(self, stream: str, name: str) -> tuple[str, str] | None:
        """ARN and status of a consumer."""

    def register(self, stream: str, name: str) -> tuple[str, str]:
        """Register a consumer: ARN and status; ResourceGoneError without the stream."""

    def deregister(self, arn: str) -> None:
        """Remove a consumer; nothing happens if there is none."""


class StreamConsumers:
    """ConsumerGateway over boto3.

    Args:
        client: returns the ``kinesis`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def find(self, stream: str, name: str) -> tuple[str, str] | None:
        """API DescribeStreamConsumer."""
        client = self._client()
        with calling("kinesis:DescribeStreamConsumer", f"{stream} {name}"):
            try:
                found = client.describe_stream_consumer(StreamARN=stream, ConsumerName=name)
            except client.exceptions.ResourceNotFoundException:
                return None
        return _consumer(found["ConsumerDescription"])

    def register(self, stream: str, name: str) -> tuple[str, str]:
        """API RegisterStreamConsumer. 20 consumers a stream: beyond it LimitExceededException."""
        client = self._client()
        with calling("kinesis:RegisterStreamConsumer", f"{stream} {name}"):
            try:
                return _consumer(client.register_stream_consumer(StreamARN=stream, ConsumerName=name)["Consumer"])
            except client.exceptions.ResourceNotFoundException as error:
                raise ResourceGoneError(f"{stream} does not exist") from error
            except client.exceptions.ResourceInUseException:
                found = self.find(stream, name)
                if found is None:
                    raise
                return found

    def deregister(self, arn: str) -> None:
        """API DeregisterStreamConsumer."""
        client = self._client()
        with calling("kinesis:DeregisterStreamConsumer", arn):
            try:
                client.deregister_stream_consumer(ConsumerARN=arn)
            except client.exceptions.ResourceNotFoundException:
                return


class FanOutConsumerDocument:
    """A project's fan-out consumer of a stream and its policy: both exist exactly while somebody may use them.

    RegisterStreamConsumer cannot be shared, so the owner registers and shares the consumer's ARN.

    Args:
        consumers: the consumers' API.
        policies: the policies' API.
        target: ``<stream ARN>/consumer/<name>``, without the time of the registration.
        sid_prefix: marks our statements.
    """

    read_before_lease = False

    def __init__(self, consumers: ConsumerGateway, policies: PolicyGateway, target: str, sid_prefix: str) -> None:
        self._consumers = consumers
        self._policies = policies
        self._target = target
        self._stream, self._name = target.split("/consumer/")
        self._sid_prefix = sid_prefix

    def reads(self) -> Sequence[Callable[[], None]]:
        """Nothing: the consumer's ARN must be known before its policy can be read."""
        return ()

    def forget(self) -> None:
        """See PolicyDocument.forget. Nothing is kept."""

    def apply(self, view: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """See PolicyDocument.apply."""
        found = self._consumers.find(self._stream, self._name)
        if not view.active:
            if found is None:
                return WriteResult({})
            check_lease()
            self._consumers.deregister(found[0])  # Its policy goes with it.
            return WriteResult({}, {}, 1)
        writes = 0
        if found is None:
            check_lease()
            try:
                found = self._consumers.register(self._stream, self._name)
            except ResourceGoneError as error:
                return WriteResult({}, {record.key: Rejection(str(error)) for record in view.fresh})
            writes = 1
        arn, status = found
        if status != "ACTIVE":
            raise RetryableGrantError(f"the fan-out consumer {arn} is {status}")
        written = self._policy(arn).apply(self._view_at(view, arn), check_lease)
        slots = {key: Slot(0, view.active[key].generation) for key in written.slots}
        return WriteResult(slots, written.rejected, writes + written.writes)

    def compare(self, view: DesiredState) -> list[Comparison]:
        """See Comparable.compare: the registration, and the policy of the consumer that is registered now.

        A consumer that was registered again has another ARN, and the policy of the first went with it.
        """
        found = self._consumers.find(self._stream, self._name)
        registration = [{"Sid": f"{self._sid_prefix}Consumer", "Resource": self._target}]
        live = {"Statement": registration if found is not None else []}
        compared = [Comparison("registration", live, registration if view.active else [], entry="consumer")]
        if view.active and found is not None:
            compared += self._policy(found[0]).compare(self._view_at(view, found[0]))
        return compared

    def _policy(self, arn: str) -> ResourcePolicyDocument:
        return ResourcePolicyDocument(self._policies, arn, self._sid_prefix)

    def _view_at(self, view: DesiredState, arn: str) -> DesiredState:
        """The view with the consumer's full ARN, which only its registration tells."""
        return replace(view, active={key: self._at(record, arn) for key, record in view.active.items()})

    def _at(self, record: ContributionRecord, arn: str) -> ContributionRecord:
        return replace(
            record, permissions=tuple(replace(permission, resource=arn) for permission in record.permissions)
        )


def inspect_stream(clients: Clients, command: GrantCommand) -> dict[str, Any]:
    """Look at the stream before a grant (API DescribeStreamSummary).

    Returns:
        ``warnings``.

    Raises:
        ClaimRefusedError: it does not exist, or is encrypted otherwise than the asset says.
        PermanentGrantError: it is on the AWS-managed key, across accounts.
    """
    arn, client = str(command.resource["arn"]), clients.client("kinesis")
    with calling("kinesis:DescribeStreamSummary", arn):
        try:
            summary = client.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]
        except client.exceptions.ResourceNotFoundException as error:
            raise ClaimRefusedError(f"the stream {arn} that the asset names does not exist") from error
    key = ""
    if summary.get("EncryptionType", "NONE") == KMS:
        with calling("kms:DescribeKey", str(summary["KeyId"])):
            described = clients.client("kms").describe_key(KeyId=_in_account(arn, str(summary["KeyId"])))
        metadata = described["KeyMetadata"]
        if metadata["KeyManager"] == "AWS":
            if command.foreign_principals():
                raise PermanentGrantError(managed_key_refusal(arn))
        else:
            key = str(metadata["Arn"])
    if key != (command.resource.get("keyArn") or ""):
        raise ClaimRefusedError(
            f"{arn} is encrypted with {key or 'no customer-managed key'}, but the asset's form says "
            f"{command.resource.get('keyArn') or 'none'}: let the data source run, publish the asset, and ask again"
        )
    warnings = []
    if command.request.reads and command.request.consumption == "SHARED":
        warnings.append(
            f"readers of {arn} share five reads a second and shard; from about {MANY_SHARED_READERS} on, FAN_OUT is "
            "the better choice"
        )
    return {"warnings": warnings}


def _in_account(stream: str, key: str) -> str:
    """A key id or alias as an ARN of the stream's account; a bare one is looked up in the caller's."""
    if key.startswith("arn:"):
        return key
    partition, region, account = stream.split(":")[1], stream.split(":")[3], stream.split(":")[4]
    return f"arn:{partition}:kms:{region}:{account}:{key if key.startswith('alias/') else f'key/{key}'}"


def _consumer(raw: dict[str, Any]) -> tuple[str, str]:
    return str(raw["ConsumerARN"]), str(raw["ConsumerStatus"])
