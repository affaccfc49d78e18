"""A configuration value that is a secret: usable as text here, kept a secret in everything that is deployed."""

from __future__ import annotations

from typing import Any

import pulumi


class SecretText(str):
    """A string that the stack's configuration holds as a secret.

    Whatever hands it to a resource must go through ``as_input``; shown in a message it says nothing.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "[secret]"


def as_input(value: Any) -> Any:
    """The value for a resource's input: a secret becomes a secret output, in nested maps and lists, too."""
    if isinstance(value, SecretText):
        return pulumi.Output.secret(str(value))
    if isinstance(value, dict):
        return {key: as_input(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_input(item) for item in value]
    return value
