"""What proofs about parts of a schema ask of the one who proves the whole."""

from __future__ import annotations

from typing import Protocol

from streamgov_core.schemas.json_schema.checker import Checker
from streamgov_core.schemas.json_schema.conjunction import Alternatives, Conjunction
from streamgov_core.schemas.json_schema.document import Node
from streamgov_core.schemas.json_schema.sameness import Sameness


class Judge(Protocol):
    """Proves that a reader's schemas allow what a writer's allow."""

    writer: Checker
    reader: Checker
    alternatives: Alternatives
    read_alternatives: Alternatives
    sameness: Sameness

    def below(self, nodes: tuple[Node, ...], reader: Node, path: str) -> bool:
        """Whether a schema of the reader's holds for a property or item that the writer's ``nodes`` apply to."""

    def holds(self, found: Conjunction, reader: Node, path: str) -> bool:
        """Whether a schema of the reader's holds for all values of a conjunction."""
