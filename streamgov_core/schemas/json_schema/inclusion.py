"""Whether every document that a writer's JSON Schema allows is allowed by a reader's.

"Compatible" is proved, from the schemas; "breaking" is shown by a document that the one allows and the other forbids;
what is neither is not decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamgov_core.model.errors import SchemaError
from streamgov_core.model.shortened import shortened
from streamgov_core.schemas.answers import Reading, breaking, undecided
from streamgov_core.schemas.json_schema.checker import Checker
from streamgov_core.schemas.json_schema.document import read_json_schema
from streamgov_core.schemas.json_schema.examples import Examples
from streamgov_core.schemas.json_schema.proof import Prover
from streamgov_core.schemas.text import json_text

MAX_EXAMPLE = 200
"""Characters of an example document that are shown."""


def json_reading(reader: str, writer: str) -> Reading:
    """Whether a reader's definition allows what a writer's allows.

    Raises:
        SchemaError: one of the two cannot be read.
    """
    try:
        written, read = Checker(read_json_schema(writer)), Checker(read_json_schema(reader))
        source, target = written.document.root, read.document.root
        prover = Prover(written, read)
        if prover.proves(source, target):
            return Reading()
        for document in counterexamples(prover):
            place, keyword = read.failure(target, document) or ("", "")
            shown = shortened(json_text(document), MAX_EXAMPLE)
            return Reading((breaking(place, f"{keyword!r} of the reader forbids {shown}, which may be written"),))
        place, keyword = prover.obstacle
        return Reading((undecided(place, f"whether {keyword!r} of the reader holds for all that may be written"),))
    except RecursionError as error:
        raise SchemaError("the JSON Schemas are nested too deeply to be compared") from error


def counterexamples(prover: Prover) -> Iterator[Any]:
    """Documents that the writer of a proof surely allows and the reader surely forbids, as far as some are found."""
    source, target = prover.writer.document.root, prover.reader.document.root
    for document in Examples(prover).of(source, target):
        if prover.writer.valid(source, document) is True and prover.reader.valid(target, document) is False:
            yield document
