"""ARNs of Kinesis streams, of the keys that encrypt them, and of their fan-out consumers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import ACCOUNT_PATTERN, PARTITION_PATTERN, REGION_PATTERN, Names, short_hash

MANUAL_ASSET_PATTERN = f"arn:{PARTITION_PATTERN}:kinesis:{REGION_PATTERN}:{ACCOUNT_PATTERN}:stream/.+"
"""Patterns of streams."""

STREAM = re.compile(
    rf"arn:(?P<partition>{PARTITION_PATTERN}):kinesis:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):"
    r"stream/(?P<name>[a-zA-Z0-9_.-]{1,128})"
)
STREAM_PATTERN = re.compile(r"arn:[a-z-]+:kinesis:[a-z0-9-]+:\d{12}:stream/(?P<name>[a-zA-Z0-9_.*?-]{1,128})")
"""A stream's ARN, or a pattern of ARNs with ``*`` and ``?``."""
KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]{1,128}")


def governed_patterns(names: Names, account: str, resource: str, topics: Sequence[str]) -> tuple[str, ...]:
    """The pattern of the ARNs of the streams that a data source covers.

    Args:
        names: the deployment's names.
        account: the streams' account.
        resource: name or ARN of a stream, or a pattern of either; empty for all.
        topics: must be empty: streams have no topics.

    Raises:
        ConfigError: there are topics.
    """
    if topics:
        raise ConfigError("topics are for MSK: the streams that a data source may speak for are said by its resource")
    return (resource if resource.startswith("arn:") else names.arn("kinesis", account, f"stream/{resource or '*'}"),)


def consumer_name_arn(names: Names, command: GrantCommand) -> str:
    """The fan-out consumer of a project on a stream, its ARN without the time of its registration."""
    consumer = command.consumer
    name = f"{names.namespace}-{short_hash(consumer.account, consumer.project_id)}"
    return f"{command.resource['arn']}/consumer/{name}"


def consumer_arns(names: Names, command: GrantCommand) -> tuple[str, str]:
    """Both ARNs by which IAM may know the fan-out consumer of a project: a call by name, and a call by ARN.

    A call that names stream and consumer is held against the ARN without the time of the registration; the service's
    refusals show it so (public threads; the service authorization reference knows the full ARN only, so both are needed
    under either reading). The full ARN ends in the second of its registration, which only the owner's side knows.
    """
    by_name = consumer_name_arn(names, command)
    return by_name, f"{by_name}:*"


def stream_dataset(resource_arn: str) -> tuple[str, str] | None:
    """OpenLineage namespace and name of a stream. The specification names none for Kinesis; this is our convention."""
    parts = resource_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "kinesis":
        return None
    pieces = parts[5].split("/")
    return (f"kinesis://{parts[3]}/{parts[4]}", pieces[1]) if pieces[0] == "stream" and len(pieces) == 2 else None
