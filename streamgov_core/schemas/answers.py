"""Whether readers of one schema can read the records of another, in three answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What is known of a reader and a writer."""

    COMPATIBLE = "compatible"
    """Every record of the writer is read, and read as what was written."""
    UNDECIDED = "not decided"
    """It hangs on what the schemas do not say: values that occur, other documents, how strict a library is."""
    BREAKING = "breaking"
    """There are records that the reader refuses, or takes for something else."""


_RANK = {Answer.COMPATIBLE: 0, Answer.UNDECIDED: 1, Answer.BREAKING: 2}


@dataclass(frozen=True)
class Finding:
    """One reason why an answer is not "compatible".

    Args:
        answer: UNDECIDED or BREAKING.
        place: path of the field, ``the root`` for the whole.
        cause: what is so there.
    """

    answer: Answer
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

    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Reading:
        """Each finding once, the worst first."""
        return cls(tuple(sorted(dict.fromkeys(findings), key=lambda item: -_RANK[item.answer])))

    @property
    def answer(self) -> Answer:
        """The worst of the findings."""
        return self.findings[0].answer if self.findings else Answer.COMPATIBLE

    @property
    def place(self) -> Finding | None:
        """The finding that decides."""
        return self.findings[0] if self.findings else None


def worst(answers: Iterable[Answer]) -> Answer:
    """The worst of some answers; COMPATIBLE if there are none."""
    return max(answers, key=_RANK.__getitem__, default=Answer.COMPATIBLE)


def breaking(place: str, cause: str) -> Finding:
    """A finding that the reader fails or misreads."""
    return Finding(Answer.BREAKING, place or "the root", cause)


def undecided(place: str, cause: str) -> Finding:
    """A finding that it cannot be said."""
    return Finding(Answer.UNDECIDED, place or "the root", cause)
