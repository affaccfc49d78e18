"""How bad a change is, the worst first: the order in which a reviewer reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Harm(IntEnum):
    """What a change may do, sorted by harm: the smaller, the worse."""

    RECORDS_LOST = 1
    """What cannot be had back: ledgers, keys, catalogues, records of streams."""
    OPEN_TO_ALL = 2
    """Access for anybody, to everything, or for every role of an account."""
    LIMIT_DROPPED = 3
    """A condition, a boundary or a protection is gone."""
    ACCESS_WIDENED = 4
    """More access than a reviewer should pass without a thought."""
    SERVICE_LOST = 5
    """Something stops, or has to be made anew."""
    LIMIT_REPLACED = 6
    """A condition or a boundary has another value than before."""


@dataclass(frozen=True)
class Finding:
    """Something to look at first.

    Attributes:
        harm: how bad it is.
        reason: why to look at it, in a few words; '' where the text says it.
        text: what changes; Markdown.
    """

    harm: Harm
    reason: str
    text: str

    def __str__(self) -> str:
        return f"**{self.reason}**: {self.text}" if self.reason else self.text


@dataclass(frozen=True)
class Alarm:
    """Why a gain is worth a look before everything else."""

    harm: Harm
    reason: str
