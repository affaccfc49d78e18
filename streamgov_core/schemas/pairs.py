"""Pairs of types, judged once each, so that types which contain themselves come to an end."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from streamgov_core.schemas.answers import Difference


class Pairs:
    """What was found of pairs of a writer's and a reader's type.

    A pair that is being judged is taken for compatible where it comes again: records are finite, so that a type that
    contains itself is compatible if nothing on the way round is not.
    """

    def __init__(self) -> None:
        self._assumed: dict[Hashable, None] = {}
        self._failed: dict[Hashable, list[Difference]] = {}

    def judge(self, pair: Hashable, findings: Callable[[], Iterable[Difference]]) -> list[Difference]:
        """What stands against a pair; ``findings`` says it of a pair that was not seen."""
        if pair in self._failed:
            return self._failed[pair]
        if pair in self._assumed:
            return []
        self._assumed[pair] = None
        found = list(findings())
        if found:
            # What was found meanwhile may rest on this pair; what failed failed in spite of it.
            while self._assumed.popitem()[0] != pair:
                pass
            self._failed[pair] = found
        return found
