"""What the types share: tags, errors that mean "gone", waiting for a state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from emulator.pulumi_aws.model import Context, PluginError, Prop, State

TAGS = {"tags": Prop("map")}
_GONE = frozenset(
    """NoSuchEntity ResourceNotFoundException NotFoundException NoSuchBucket NoSuchBucketPolicy 404
    EntityNotFoundException QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue StateMachineDoesNotExist
    TrailNotFoundException UnknownResourceException InvalidVpcID.NotFound InvalidSubnetID.NotFound ResourceNotFound
    InvalidGroup.NotFound NoSuchLifecycleConfiguration NoSuchPublicAccessBlockConfiguration""".split()
)
_ABSENT_ASSUMPTIONS = ("cannot be assumed", "not authorized to perform: sts:AssumeRole", "is not authorized to create")


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


def wait_for(what: str, probe: Callable[[], Any], seconds: float = 120) -> Any:
    """Poll until ``probe`` answers something true.

    Raises:
        PluginError: it did not in that time.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise PluginError(f"timed out after {seconds:.0f} s waiting for {what}")
        time.sleep(0.1)


def retry_propagation(call: Callable[[], Any], seconds: float = 30) -> Any:
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


def own_tags(context: Context, live: Mapping[str, str]) -> State:
    """``tags`` and ``tagsAll`` from what the service answers: default tags are not the resource's own."""
    own = {k: v for k, v in live.items() if context.default_tags.get(k) != v and not k.startswith("aws:")}
    return {"tags": own or None, "tagsAll": dict(live)}


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
