"""moto's streams, found by name or ARN in the account that owns them."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError
from aws_emulator.patches.common import is_foreign_administrator, parse_arn


def backend(account: str, region: str) -> Any:
    """The backend of moto for an account and region."""
    from moto.kinesis.models import kinesis_backends

    return kinesis_backends[account][region]


def missing(message: str) -> ApiError:
    """The error of Kinesis for what does not exist."""
    return ApiError("ResourceNotFoundException", message)


def invalid(message: str) -> ApiError:
    """The error of Kinesis for input that fits the model and makes no sense."""
    return ApiError("InvalidArgumentException", message)


def find(call: ApiCall, arn: str | None, name: str | None = None) -> Any:
    """A stream by its ARN (of a stream or of one of its consumers), or by its name in the caller's account.

    Raises:
        ApiError: InvalidArgumentException, ResourceNotFoundException; AccessDeniedException for an administrator of
            another account.
    """
    account = call.caller.account
    if arn:
        parsed = parse_arn(arn)
        if parsed is None or parsed.service != "kinesis" or not parsed.resource.startswith("stream/"):
            raise invalid(f"{arn} is no ARN of a stream.")
        if name is not None and name != parsed.resource.split("/")[1]:
            raise invalid("StreamName and StreamARN name different streams.")
        if is_foreign_administrator(call, parsed.account):
            raise ApiError("AccessDeniedException", f"{call.caller.arn} has no access to {arn}.")
        if parsed.region != call.region:
            raise missing(f"Stream {arn} not found in {call.region}.")
        account, name = parsed.account, parsed.resource.split("/")[1]
    if not name:
        raise invalid("Either StreamName or StreamARN is required.")
    stream = backend(account, call.region).streams.get(name)
    if stream is None:
        raise missing(f"Stream {name} under account {account} not found.")
    return stream
