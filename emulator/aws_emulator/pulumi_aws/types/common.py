"""What the types share: tags, errors that mean "gone", waiting for a state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.pulumi_aws.model import ALL_TAGS, Context, InitFailed, PluginError, Prop, State

TAGS = {"tags": Prop("map")}
_GONE = {
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "EntityNotFoundException",
    "InvalidGroup.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidVpcID.NotFound",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "TrailNotFoundException",
    "UnknownResourceException",
}
_ABSENT_ASSUMPTIONS = (
    "cannot be assumed",
    "not authorized to perform: sts:AssumeRole",
    "is not authorized to create",
    "is not authorized to access the Log Destination",
)


def gone(error: ClientError) -> bool:
    """Whether the error says that the thing does not exist."""
    return error.response["Error"]["Code"] in _GONE


def read_or_none(read: Callable[[], State | None]) -> State | None:
    """Run a read; a thing that is gone is None."""
    try:
        return read()
    except ClientError as error:
        if gone(error):
            return None
        raise


def delete_quietly(delete: Callable[[], Any]) -> None:
    """Run a delete; a thing that is gone already is fine."""
    try:
        delete()
    except ClientError as error:
        if not gone(error):
            raise


@contextmanager
def after_creation(identifier: str, **known: Any) -> Iterator[None]:
    """The steps that follow the call that made the resource: what they raise keeps the resource in the state.

    Args:
        identifier: the resource's id.
        known: outputs that reading it needs.

    Raises:
        InitFailed: a step failed.
    """
    try:
        yield
    except (ClientError, PluginError) as error:
        raise InitFailed(identifier, known, str(error)) from error


def wait_for(what: str, probe: Callable[[], Any], seconds: float = 120) -> Any:
    """Poll until ``probe`` answers something true: often at first, then four times a second.

    Raises:
        PluginError: it did not in that time.
    """
    deadline = time.monotonic() + seconds
    pause = 0.02
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise PluginError(f"timed out after {seconds:.0f} s waiting for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def retry_propagation(call: Callable[[], Any], seconds: float = 10) -> Any:
    """Repeat while IAM has not told the service about a new role yet, as the real provider does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except ClientError as error:
            text = str(error)
            if not any(part in text for part in _ABSENT_ASSUMPTIONS) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def tag_list(
    context: Context, inputs: Mapping[str, Any], key: str = "Key", value: str = "Value"
) -> list[dict[str, str]]:
    """The resource's tags as a list of pairs."""
    return [{key: name, value: text} for name, text in sorted(context.tags(inputs).items())]


def all_tags(live: Mapping[str, str]) -> State:
    """The tags as the service answers them; the servicer tells the resource's own from the default ones."""
    return {ALL_TAGS: dict(live)}


def split_id(identifier: str, separator: str, form: str) -> list[str]:
    """The parts of an import id.

    Raises:
        PluginError: it has not the form that the real provider documents.
    """
    parts = identifier.split(separator)
    if len(parts) != len(form.split(separator)) or not all(parts):
        raise PluginError(f"the import id {identifier!r} is not of the form {form}")
    return parts


def pairs(tags: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """A list of tag pairs as a map."""
    return {item[key]: item[value] for item in tags or []}


def tag_changes(context: Context, old: State, new: State) -> tuple[list[str], dict[str, str]]:
    """(names to remove, tags to set) between two sets of inputs."""
    before, after = context.tags(old), context.tags(new)
    return [name for name in before if name not in after], {k: v for k, v in after.items() if before.get(k) != v}


def changed(old: State, new: State, *names: str) -> bool:
    """Whether one of these inputs differs."""
    return any(old.get(name) != new.get(name) for name in names)
