"""Fan-out consumers of streams: registered for a project, and shared with it by a policy of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.documents.resource_policy import PolicyGateway, ResourceGoneError, ResourcePolicyDocument
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.errors import WaitingGrantError
from streamgov_core.model.naming import Names
from streamgov_core.platforms.kinesis.arns import consumer_name_arn
from streamgov_core.platforms.kinesis.grant_permissions import fans_out
from streamgov_core.runtime.calls import calling

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


class ConsumerGateway(Protocol):
    """Fan-out consumers of streams."""

    def find(self, stream: str, name: str) -> tuple[str, str] | None:
        """ARN and status of a consumer."""

    def register(self, stream: str, name: str) -> tuple[str, str]:
        """Register a consumer: ARN and status; ResourceGoneError without the stream."""

    def deregister(self, arn: str) -> None:
        """Remove a consumer; nothing happens if there is none."""

    def deregister_named(self, stream: str, name: str) -> None:
        """Remove a consumer whose ARN is not known; nothing happens if there is none."""


class StreamConsumers:
    """ConsumerGateway over boto3.

    Args:
        client: returns the ``kinesis`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], KinesisClient]) -> None:
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

    def deregister_named(self, stream: str, name: str) -> None:
        """API DeregisterStreamConsumer."""
        client = self._client()
        with calling("kinesis:DeregisterStreamConsumer", f"{stream} {name}"):
            try:
                client.deregister_stream_consumer(StreamARN=stream, ConsumerName=name)
            except client.exceptions.ResourceNotFoundException:
                return


class FanOutConsumerDocument:
    """A project's fan-out consumer of a stream and its policy: both exist exactly while somebody may use them.

    RegisterStreamConsumer cannot be shared, so the owner registers and shares the consumer's ARN.

    Args:
        consumers: the consumers' API.
        policies: the policies' API.
        consumer: ``<stream ARN>/consumer/<name>``, without the time of the registration.
        sid_prefix: marks our statements.
    """

    read_before_lease = False
    told_to_consumers = True
    """One that is registered anew has another ARN."""

    def __init__(self, consumers: ConsumerGateway, policies: PolicyGateway, consumer: str, sid_prefix: str) -> None:
        self._consumers = consumers
        self._policies = policies
        self._consumer = consumer
        self._stream, self._name = consumer.split("/consumer/")
        self._sid_prefix = sid_prefix

    def reads(self) -> Sequence[Callable[[], None]]:
        """Nothing: the consumer's ARN must be known before its policy can be read."""
        return ()

    def forget(self) -> None:
        """Nothing is kept."""

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        found = self._consumers.find(self._stream, self._name)
        if not desired.active:
            if found is None and desired.confirms(()):
                return WriteResult({})
            check_lease()
            if found is None:
                self._consumers.deregister_named(self._stream, self._name)  # The ledger knows of it.
            else:
                self._consumers.deregister(found[0])  # Its policy goes with it.
            return WriteResult({}, {}, 1)
        writes = 0
        if found is None:
            check_lease()
            try:
                found = self._consumers.register(self._stream, self._name)
            except ResourceGoneError as error:
                return WriteResult({}, {record.key: Rejection(str(error)) for record in desired.fresh})
            writes = 1
        arn, status = found
        if status != "ACTIVE":
            raise WaitingGrantError(f"the fan-out consumer {arn} is {status}")
        written = self._policy(arn).apply(self._desired_at(desired, arn), check_lease)
        slots = {key: Slot(0, desired.active[key].generation) for key in written.slots}
        return WriteResult(slots, written.rejected, writes + written.writes, written.fill)

    def compare(self, desired: DesiredState) -> list[Comparison]:
        """The registration, and the policy of the consumer that is registered now.

        A consumer that was registered again has another ARN, and the policy of the first went with it.
        """
        found = self._consumers.find(self._stream, self._name)
        registration = [{"Sid": f"{self._sid_prefix}Consumer", "Resource": self._consumer}]
        live = {"Statement": registration if found is not None else []}
        compared = [Comparison("registration", live, registration if desired.active else [], entry="consumer")]
        if desired.active and found is not None:
            compared += self._policy(found[0]).compare(self._desired_at(desired, found[0]))
        return compared

    def _policy(self, arn: str) -> ResourcePolicyDocument:
        return ResourcePolicyDocument(self._policies, arn, self._sid_prefix)

    def _desired_at(self, desired: DesiredState, arn: str) -> DesiredState:
        """The desired state with the consumer's full ARN, which only its registration shows."""
        return replace(desired, active={key: self._at(record, arn) for key, record in desired.active.items()})

    def _at(self, record: ContributionRecord, arn: str) -> ContributionRecord:
        return replace(
            record, permissions=tuple(replace(permission, resource=arn) for permission in record.permissions)
        )


def consumer_facts(consumers: ConsumerGateway, names: Names, command: GrantCommand) -> dict[str, str]:
    """ARN of the fan-out consumer as it is registered now, which across accounts only the owner can look up."""
    if not fans_out(command):
        return {}
    stream, name = consumer_name_arn(names, command).split("/consumer/")
    found = consumers.find(stream, name)
    return {} if found is None else {"consumerArn": found[0]}


def _consumer(raw: Mapping[str, Any]) -> tuple[str, str]:
    return str(raw["ConsumerARN"]), str(raw["ConsumerStatus"])
