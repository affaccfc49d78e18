"""Whether readers of one schema can read the records of another, in three answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """What is known of a reader and a writer."""

    COMPATIBLE = "compatible"
    """Every record of the writer is read, and read as what was written."""
    UNDECIDED = "not decided"
    """It hangs on what the schemas do not say: values that occur, other documents, how strict a library is."""
    BREAKING = "breaking"
    """There are records that the reader refuses, or takes for something else."""


_RANK = {VerdictKind.COMPATIBLE: 0, VerdictKind.UNDECIDED: 1, VerdictKind.BREAKING: 2}


@dataclass(frozen=True)
class Difference:
    """One reason why an answer is not "compatible".

    Args:
        answer: UNDECIDED or BREAKING.
        place: path of the field, ``the root`` for the whole.
        cause: what is so there.
    """

    answer: VerdictKind
    place: str
    cause: str

    def __str__(self) -> str:
        return f"{self.place}: {self.cause}"


@dataclass(frozen=True)
class Reading:
    """Whether a reader reads a writer's records.

    Args:
        findings: why not, the worst first; none if it does.
    """

    findings: tuple[Difference, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Difference]) -> Reading:
        """Each finding once, the worst first."""
        return cls(tuple(sorted(dict.fromkeys(findings), key=lambda item: -_RANK[item.answer])))

    @property
    def answer(self) -> VerdictKind:
        """The worst of the findings."""
        return self.findings[0].answer if self.findings else VerdictKind.COMPATIBLE

    @property
    def place(self) -> Difference | None:
        """The finding that decides."""
        return self.findings[0] if self.findings else None


def worst(answers: Iterable[VerdictKind]) -> VerdictKind:
    """The worst of some answers; COMPATIBLE if there are none."""
    return max(answers, key=_RANK.__getitem__, default=VerdictKind.COMPATIBLE)


def breaking(place: str, cause: str) -> Difference:
    """A finding that the reader fails or misreads."""
    return Difference(VerdictKind.BREAKING, place or "the root", cause)


def undecided(place: str, cause: str) -> Difference:
    """A finding that it cannot be said."""
    return Difference(VerdictKind.UNDECIDED, place or "the root", cause)
