"""Stream consumers (enhanced fan-out): register, describe, list, deregister, subscribe.

Sources: Kinesis API reference and "Quotas and limits": 20 consumers a stream; a consumer's ARN ends with the second of
its registration, so that a new registration of the same name is another resource. Registering is for the owner only.
"""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, utc
from aws_emulator.patches.kinesis.store import backend, find, invalid, missing

MAX_CONSUMERS = 20
DEFAULT_PAGE = 100
CREATION_SECONDS = 1.0
"""How long a consumer is CREATING (RegisterStreamConsumer: "in the CREATING status"; AWS says no duration)."""


class Consumer:
    """A consumer with the members that moto's streams expect of one."""

    def __init__(self, name: str, stream_arn: str, created: float, number: int, tags: dict[str, str]) -> None:
        self.consumer_name = name
        self.stream_arn = stream_arn
        self.created = utc(created)
        self.active_from = created + CREATION_SECONDS
        self.consumer_arn = f"{stream_arn}/consumer/{name}:{number}"
        self.tags = dict(tags)

    def describe(self, now: float) -> dict[str, Any]:
        """The consumer as the API shows it."""
        return {
            "ConsumerName": self.consumer_name,
            "ConsumerARN": self.consumer_arn,
            "ConsumerStatus": "ACTIVE" if now >= self.active_from else "CREATING",
            "ConsumerCreationTimestamp": self.created,
        }


def install(emulator: Emulator) -> None:
    """Register the operations."""
    used: set[str] = set()

    @emulator.operation("kinesis", "RegisterStreamConsumer")
    def register_stream_consumer(call: ApiCall) -> dict[str, Any]:
        stream = _owned(call)
        name = call.params["ConsumerName"]
        if any(consumer.consumer_name == name for consumer in stream.consumers):
            raise ApiError(
                "ResourceInUseException", f"Consumer {name} under stream {stream.stream_name} already exists."
            )
        if len(stream.consumers) >= MAX_CONSUMERS:
            raise ApiError("LimitExceededException", f"Stream {stream.stream_name} has {MAX_CONSUMERS} consumers.")
        now = emulator.clock.now()
        number = int(now)
        while f"{stream.arn}/consumer/{name}:{number}" in used:
            number += 1  # two registrations within one second are two resources all the same
        consumer = Consumer(name, stream.arn, now, number, call.params.get("Tags", {}))
        used.add(consumer.consumer_arn)
        stream.consumers.append(consumer)
        return {"Consumer": consumer.describe(now)}

    @emulator.operation("kinesis", "DescribeStreamConsumer")
    def describe_stream_consumer(call: ApiCall) -> dict[str, Any]:
        consumer = named(call)
        return {"ConsumerDescription": {**consumer.describe(emulator.clock.now()), "StreamARN": consumer.stream_arn}}

    @emulator.operation("kinesis", "ListStreamConsumers")
    def list_stream_consumers(call: ApiCall) -> dict[str, Any]:
        stream = _owned(call)
        found, token = page(
            sorted(stream.consumers, key=lambda consumer: consumer.consumer_name),
            call.params.get("NextToken"),
            call.params.get("MaxResults"),
            default=DEFAULT_PAGE,
            scope=stream.arn,
            error=invalid,
        )
        return {
            "Consumers": [consumer.describe(emulator.clock.now()) for consumer in found],
            **({"NextToken": token} if token else {}),
        }

    @emulator.operation("kinesis", "DeregisterStreamConsumer")
    def deregister_stream_consumer(call: ApiCall) -> None:
        consumer = named(call)
        stream = find(call, consumer.stream_arn)
        stream.delete_consumer(consumer.consumer_arn)
        backend(stream.account_id, stream.region).resource_policies.pop(consumer.consumer_arn, None)

    @emulator.operation("kinesis", "SubscribeToShard")
    def subscribe_to_shard(call: ApiCall) -> dict[str, Any]:
        consumer = named(call)
        if emulator.clock.now() < consumer.active_from:
            raise ApiError("ResourceInUseException", f"Consumer {consumer.consumer_arn} is not in ACTIVE status.")
        return {"EventStream": [_event(call, find(call, consumer.stream_arn))]}


def _owned(call: ApiCall) -> Any:
    stream = find(call, call.params["StreamARN"])
    if stream.account_id != call.caller.account:
        # "Controlling access": only the actions listed there can be shared, and these are not among them.
        raise ApiError("AccessDeniedException", f"{call.operation} is for the owner of the stream.")
    return stream


def named(call: ApiCall) -> Any:
    """The consumer that a request names: by its ARN, or by stream and name.

    Raises:
        ApiError: ResourceNotFoundException, InvalidArgumentException.
    """
    arn, name = call.params.get("ConsumerARN"), call.params.get("ConsumerName")
    stream = find(call, arn or call.params.get("StreamARN"))
    for consumer in stream.consumers:
        if consumer.consumer_arn == arn or (arn is None and consumer.consumer_name == name):
            return consumer
    raise missing(f"Consumer {arn or name}, account {stream.account_id} not found.")


def _event(call: ApiCall, stream: Any) -> dict[str, Any]:
    """What lies in the shard now, in one event. AWS keeps the stream open for five minutes; this one ends here."""
    shard_id = call.params["ShardId"]
    if shard_id not in stream.shards:
        raise missing(f"Shard {shard_id} in stream {stream.stream_name} not found.")
    shard = stream.shards[shard_id]
    start = call.params["StartingPosition"]
    kind, wanted = start["Type"], int(start.get("SequenceNumber", 0))
    records = list(shard.records.values())
    if kind == "LATEST":
        records = []
    elif kind == "AT_TIMESTAMP":
        if "Timestamp" not in start:
            raise invalid("AT_TIMESTAMP needs a timestamp.")
        records = [record for record in records if record.created_at >= start["Timestamp"].timestamp()]
    elif kind == "AT_SEQUENCE_NUMBER":
        records = [record for record in records if record.sequence_number >= wanted]
    elif kind == "AFTER_SEQUENCE_NUMBER":
        records = [record for record in records if record.sequence_number > wanted]
    last = records[-1].sequence_number if records else shard.get_max_sequence_number() or 0
    event = {
        "Records": [
            {
                "SequenceNumber": str(record.sequence_number),
                "ApproximateArrivalTimestamp": record.created_at,
                "Data": record.to_json()["Data"],
                "PartitionKey": record.partition_key,
                "EncryptionType": stream.encryption_type,
            }
            for record in records
        ],
        "ContinuationSequenceNumber": str(last),
        "MillisBehindLatest": 0,
    }
    return {"SubscribeToShardEvent": event}
