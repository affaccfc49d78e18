"""What the DataZone types share."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from aws_emulator.pulumi_aws.model import PluginError, State
from aws_emulator.pulumi_aws.types.common import delete_quietly, read_or_none


def read_datazone(read: Callable[[], State | None]) -> State | None:
    """DataZone answers AccessDenied for some things that are gone; the real provider reads it as not found."""
    try:
        return read_or_none(read)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return None
        raise


def delete_datazone(delete: Callable[[], object]) -> None:
    """Delete what may be gone already, which DataZone tells as in ``read_datazone``."""
    try:
        delete_quietly(delete)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise


def refuse_changes(old: State, new: State, *names: str) -> None:
    """The real provider plans an update for these but cannot carry it out; it must not look as if it had."""
    for name in names:
        if old.get(name) != new.get(name):
            raise PluginError(f"{name} cannot be changed in place: replace the resource (pulumi up --replace)")
