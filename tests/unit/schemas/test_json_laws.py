"""Verdicts on JSON Schemas, held against the reference validator."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.answers import VerdictKind
from streamgov_core.schemas.json_schema import json_reading
from streamgov_core.schemas.json_schema.checker import Checker
from streamgov_core.schemas.json_schema.document import read_json_schema
from streamgov_core.schemas.json_schema.examples import Examples
from streamgov_core.schemas.json_schema.inclusion import counterexamples
from streamgov_core.schemas.json_schema.proof import Prover
from tests.properties import examples
from tests.unit.schemas.json_strategies import DRAFTS, documents, pairs, wholes

VALIDATORS: dict[int, Any] = {
    4: jsonschema.Draft4Validator,
    6: jsonschema.Draft6Validator,
    7: jsonschema.Draft7Validator,
    2019: jsonschema.Draft201909Validator,
    2020: jsonschema.Draft202012Validator,
}
LAW = settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))


def reference(draft: int, schema: Any) -> Any:
    return VALIDATORS[draft](schema)


def is_valid(validator: Any, document: Any) -> bool:
    try:
        return bool(validator.is_valid(document))
    except RecursionError:
        assume(False)
        raise


@pytest.mark.parametrize("draft", sorted(DRAFTS))
@LAW
@given(st.data())
def test_documents_are_checked_as_the_reference_does(draft: int, data: st.DataObject) -> None:
    schema = data.draw(wholes(draft))
    checker = Checker(read_json_schema(json.dumps(schema)))
    validator = reference(draft, schema)
    for document in data.draw(st.lists(documents, min_size=5, max_size=10)):
        known = checker.valid(checker.document.root, document)
        assert known in (None, is_valid(validator, document)), (schema, document)


@pytest.mark.parametrize("draft", sorted(DRAFTS))
@LAW
@given(st.data())
def test_compatible_has_no_counterexample_and_breaking_has_one(draft: int, data: st.DataObject) -> None:
    old, new = data.draw(pairs(draft))
    for writer, reader in ((old, new), (new, old)):
        try:
            answer = json_reading(json.dumps(reader), json.dumps(writer)).answer
        except SchemaError:
            continue
        writes, reads = reference(draft, writer), reference(draft, reader)
        prover = Prover(Checker(read_json_schema(json.dumps(writer))), Checker(read_json_schema(json.dumps(reader))))
        if answer is VerdictKind.BREAKING:
            prover.proves(prover.writer.document.root, prover.reader.document.root)
            shown = next(counterexamples(prover))
            assert is_valid(writes, shown), (writer, reader, shown)
            assert not is_valid(reads, shown), (writer, reader, shown)
        elif answer is VerdictKind.COMPATIBLE:
            made = islice(Examples(prover).of(prover.writer.document.root, prover.reader.document.root), 40)
            tried = [*data.draw(st.lists(documents, min_size=10, max_size=20)), *made]
            broken = [item for item in tried if is_valid(writes, item) and not is_valid(reads, item)]
            assert not broken, (writer, reader, broken[0])


@pytest.mark.parametrize("draft", sorted(DRAFTS))
@LAW
@given(st.data())
def test_a_schema_reads_what_it_writes(draft: int, data: st.DataObject) -> None:
    schema = data.draw(wholes(draft))
    shuffled = json.dumps(_reversed(schema))
    assert json_reading(json.dumps(schema), shuffled).answer is VerdictKind.COMPATIBLE
    assert json_reading(shuffled, json.dumps(schema)).answer is VerdictKind.COMPATIBLE


def _reversed(value: Any) -> Any:
    """The same with the members of objects in another order."""
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value
