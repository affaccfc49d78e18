"""The search index: filter trees, text, sorting. It sees changes after ``Settings.search_lag``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.datazone.exceptions import validation

MAX_CLAUSES = 100
MAX_DEPTH = 10
_WORD = re.compile(r"[a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass
class Document:
    """One indexed thing.

    Attributes:
        id: its id.
        item: what a search answers for it.
        attributes: values by lower-case attribute name: for filters, sorting and aggregations.
        numbers: values of sortable form members: for ``intValue`` filters.
        texts: (attribute, text) pairs: for searchText.
        owner: the owning project, or None.
        forms: rendered forms for ``additionalAttributes=FORMS``.
        updated_at: for the default order, newest first.
    """

    id: str
    item: dict[str, Any]
    attributes: dict[str, list[str]]
    numbers: dict[str, list[float]] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    owner: str | None = None
    forms: Any = None
    updated_at: float = 0.0


class Index:
    """Documents by scope (``ASSET``, ``LISTING`` …) and id."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Document]] = {}

    def put(self, scope: str, document: Document) -> None:
        """Add or replace a document."""
        self._documents.setdefault(scope, {})[document.id] = document

    def remove(self, scope: str, identifier: str) -> None:
        """Take a document out."""
        self._documents.get(scope, {}).pop(identifier, None)

    def documents(self, scope: str) -> list[Document]:
        """All documents of a scope."""
        return list(self._documents.get(scope, {}).values())


def select(documents: Iterable[Document], params: dict[str, Any], known: frozenset[str]) -> list[Document]:
    """The documents that a search's ``filters``, ``searchText``, ``searchIn`` and ``sort`` ask for, in order.

    Args:
        documents: what the caller may see.
        params: the request.
        known: attributes (lower-case) that this search can filter and sort by, besides form members.

    Raises:
        ApiError: ValidationException for an unknown attribute or a tree that is too large.
    """
    filters = params.get("filters")
    test = _clause(filters, known, 0) if filters else None
    words = tokens(params.get("searchText") or "")
    within = frozenset(entry["attribute"].lower() for entry in params.get("searchIn") or [])
    chosen = [
        document
        for document in documents
        if (test is None or test(document)) and (not words or matches(document, words, within))
    ]
    sort = params.get("sort")
    if not sort:
        return sorted(chosen, key=lambda document: (-document.updated_at, document.id))
    attribute = _known(sort["attribute"], known)
    # A document without the attribute comes last in either order.
    have = [d for d in chosen if attribute in d.attributes or attribute in d.numbers]
    lack = [d for d in chosen if d not in have]
    have.sort(key=lambda document: _sort_key(document, attribute), reverse=sort.get("order") == "DESCENDING")
    return have + lack


def tokens(text: str) -> list[str]:
    """The words of a text, lower-case; ``productDataV1`` is also three words."""
    words = _WORD.findall(text.lower())
    words += [word for word in _WORD.findall(_CAMEL.sub(" ", text).lower()) if word not in words]
    return words


def matches(document: Document, words: list[str], within: frozenset[str]) -> bool:
    """Whether each word asked for begins some word of the document's searchable texts.

    DataZone's semantic search finds more than this; what is found here is found there.
    """
    texts = [text for attribute, text in document.texts if not within or attribute.lower() in within]
    have = [word for text in texts for word in tokens(text)]
    return all(any(own.startswith(word) for own in have) for word in words)


def aggregate(
    documents: Iterable[Document], asked: list[dict[str, Any]], known: frozenset[str]
) -> list[dict[str, Any]]:
    """Counts by value for each attribute of SearchListings' ``aggregations``."""
    found = list(documents)
    answer: list[dict[str, Any]] = []
    for entry in asked:
        attribute = _known(entry["attribute"], known)
        counts: dict[str, int] = {}
        for document in found:
            for value in document.attributes.get(attribute, []):
                counts[value] = counts.get(value, 0) + 1
        items = [
            {"value": value, "count": count} for value, count in sorted(counts.items(), key=lambda p: (-p[1], p[0]))
        ]
        aggregated: dict[str, Any] = {"attribute": entry["attribute"], "items": items}
        if "displayValue" in entry:
            aggregated["displayValue"] = entry["displayValue"]
        answer.append(aggregated)
    return answer


Test = Callable[[Document], bool]


def _clause(clause: dict[str, Any], known: frozenset[str], depth: int) -> Test:
    if depth > MAX_DEPTH:
        raise validation("The filter tree is nested too deeply")
    if "filter" in clause:
        return _filter(clause["filter"], known)
    conjunction = "and" in clause
    parts = clause.get("and") if conjunction else clause.get("or")
    if not parts:
        raise validation("A filter clause needs one of filter, and, or")
    if len(parts) > MAX_CLAUSES:
        raise validation(f"A filter clause holds at most {MAX_CLAUSES} clauses")
    tests = [_clause(part, known, depth + 1) for part in parts]
    if conjunction:
        return lambda document: all(test(document) for test in tests)
    return lambda document: any(test(document) for test in tests)


def _filter(entry: dict[str, Any], known: frozenset[str]) -> Test:
    attribute = _known(entry["attribute"], known)
    operator = entry.get("operator") or "EQ"
    if "intValue" in entry:
        number = entry["intValue"]
        compare = _NUMERIC.get(operator)
        if compare is None:
            raise validation(f"Operator {operator} does not take intValue")
        return lambda document: any(compare(own, number) for own in document.numbers.get(attribute, []))
    value = entry.get("value")
    if value is None:
        raise validation("A filter needs value or intValue")
    if operator == "TEXT_SEARCH":
        words = tokens(value)
        return lambda document: matches(document, words, frozenset({attribute}))
    if operator == "EQ":
        return lambda document: value in document.attributes.get(attribute, [])
    raise validation(f"Operator {operator} needs intValue")


_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "EQ": lambda own, asked: own == asked,
    "LT": lambda own, asked: own < asked,
    "LE": lambda own, asked: own <= asked,
    "GT": lambda own, asked: own > asked,
    "GE": lambda own, asked: own >= asked,
}


def _known(attribute: str, known: frozenset[str]) -> str:
    """The attribute's own spelling in the index. A dot marks a form's member (``FormName.member``)."""
    lowered = attribute.lower()
    # UNVERIFIED[dz-unknown-search-attribute]: that an unknown search attribute is refused; DataZone may ignore it or
    # find nothing.
    if lowered not in known and "." not in lowered:
        raise validation(f"Unknown search attribute {attribute}")
    return lowered


def _sort_key(document: Document, attribute: str) -> tuple[float, str, str]:
    number = document.numbers.get(attribute, [0.0])[0]
    return (number, document.attributes.get(attribute, [""])[0], document.id)
