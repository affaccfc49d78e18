"""A topic or stream, as its platform describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Resource:
    """A topic or stream.

    Args:
        name: its name.
        arn: its ARN.
        facts: what the platform's forms say of it.
    """

    name: str
    arn: str
    facts: Mapping[str, Any] = field(default_factory=dict)
