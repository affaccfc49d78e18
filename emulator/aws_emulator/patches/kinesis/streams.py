"""Lists, summaries, tags and deletion of streams, where moto differs from AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page
from aws_emulator.patches.kinesis.consumers import Consumer
from aws_emulator.patches.kinesis.store import backend, find, invalid, missing
from aws_emulator.patches.kms import ensure_managed_key

DEFAULT_PAGE = 100
"""ListStreams: "The maximum number of streams to list. The default value is 100."."""


def install(emulator: Emulator) -> None:
    """Register the operations."""

    @emulator.operation("kinesis", "ListStreams")
    def list_streams(call: ApiCall) -> dict[str, Any]:
        streams = sorted(
            backend(call.caller.account, call.region).streams.values(), key=lambda stream: stream.stream_name
        )
        after = call.params.get("ExclusiveStartStreamName")
        if after:
            streams = [stream for stream in streams if stream.stream_name > after]
        found, token = page(
            streams,
            call.params.get("NextToken"),
            call.params.get("Limit"),
            default=DEFAULT_PAGE,
            scope=(call.caller.account, after),
            error=invalid,
        )
        return {
            "StreamNames": [stream.stream_name for stream in found],
            "HasMoreStreams": token is not None,
            "StreamSummaries": [
                {
                    "StreamName": stream.stream_name,
                    "StreamARN": stream.arn,
                    "StreamStatus": stream.status,
                    "StreamModeDetails": stream.stream_mode,
                    "StreamCreationTimestamp": stream.creation_datetime,
                }
                for stream in found
            ],
            **({"NextToken": token} if token else {}),
        }

    @emulator.wrap("kinesis", "DescribeStreamSummary")
    def describe_stream_summary(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        stream = find(call, call.params.get("StreamARN"), call.params.get("StreamName"))
        summary = proceed()
        summary["StreamDescriptionSummary"] |= {"ConsumerCount": len(stream.consumers), "MaxRecordSizeInKiB": 1024}
        return summary

    @emulator.wrap("kinesis", "StartStreamEncryption")
    def start_stream_encryption(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> None:
        if str(call.params["KeyId"]).endswith("alias/aws/kinesis"):
            ensure_managed_key(call.caller.account, call.region, "kinesis")
        proceed()

    @emulator.wrap("kinesis", "DeleteStream")
    def delete_stream(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> None:
        stream = find(call, call.params.get("StreamARN"), call.params.get("StreamName"))
        if stream.consumers and not call.params.get("EnforceConsumerDeletion"):
            message = f"Stream {stream.stream_name} under account {stream.account_id} has consumers."
            raise ApiError("ResourceInUseException", message)
        kept = backend(stream.account_id, stream.region).resource_policies
        proceed()
        for arn in [stream.arn, *(consumer.consumer_arn for consumer in stream.consumers)]:
            kept.pop(arn, None)

    _install_tags(emulator)


def _install_tags(emulator: Emulator) -> None:
    @emulator.wrap("kinesis", "CreateStream")
    def create_stream(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> None:
        proceed()
        find(call, None, call.params["StreamName"]).tags.update(call.params.get("Tags") or {})

    @emulator.operation("kinesis", "TagResource")
    def tag_resource(call: ApiCall) -> None:
        _tags(call).update(call.params["Tags"])

    @emulator.operation("kinesis", "UntagResource")
    def untag_resource(call: ApiCall) -> None:
        tags = _tags(call)
        for key in call.params["TagKeys"]:
            tags.pop(key, None)

    @emulator.operation("kinesis", "ListTagsForResource")
    def list_tags_for_resource(call: ApiCall) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(_tags(call).items())]}


def _tags(call: ApiCall) -> dict[str, str]:
    arn = call.params["ResourceARN"]
    stream = find(call, arn)
    tags: dict[str, str] = stream.tags
    if "/consumer/" in arn:
        consumer = stream.get_consumer_by_arn(arn)
        if not isinstance(consumer, Consumer):
            raise missing(f"Consumer {arn} not found.")
        tags = consumer.tags
    return tags
