"""The items of a distributed map: read from the input or from S3, selected, limited, put into batches.

Source of the rules: Step Functions developer guide, "ItemReader (Map)", "ItemSelector (Map)", "ItemBatcher (Map)",
"ItemsPath (Map)".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aws_emulator.compute.states.execution import DATA_LIMIT_BYTES, compact
from aws_emulator.compute.states.failures import StateFailure, runtime_failure
from aws_emulator.compute.states.templates import fill, value_of

GET_OBJECT = "arn:aws:states:::s3:getObject"
LIST_OBJECTS = "arn:aws:states:::s3:listObjectsV2"
ITEM_READERS = (GET_OBJECT, LIST_OBJECTS)
INPUT_TYPES = ("JSON", "JSONL", "CSV")
"""What this emulator reads; AWS also knows MANIFEST and PARQUET."""
READER_FAILED = "States.ItemReaderFailed"
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}

Service = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""Calls a service as the machine's role: service and operation as botocore names them, request."""


def read_items(state: Mapping[str, Any], data: Any, context: Any, service: Service) -> list[Any]:
    """The items that a distributed map works on.

    Args:
        state: the Map state.
        data: its effective input.
        context: the context object.
        service: calls S3.

    Raises:
        StateFailure: ``States.ItemReaderFailed``, ``States.Runtime``.
    """
    reader = state.get("ItemReader")
    if reader is None:
        items = value_of(state.get("ItemsPath", "$"), data, context, "ItemsPath")
        if not isinstance(items, list):
            raise runtime_failure(f'Reference path "{state.get("ItemsPath", "$")}" must point to array.')
        return items
    where = fill(reader["Parameters"], data, context) if "Parameters" in reader else {}
    config = reader.get("ReaderConfig", {})
    try:
        found = _listed(where, service) if reader["Resource"] == LIST_OBJECTS else _read(where, config, service)
    except (StateFailure, KeyError) as failure:
        raise StateFailure(READER_FAILED, getattr(failure, "cause", f"{failure} is missing")) from failure
    limit = number(config, "MaxItems", data, context)
    return found if limit is None else found[: int(limit)]


def number(fields: Mapping[str, Any], name: str, data: Any, context: Any) -> float | None:
    """A number that a definition gives as such or by a path; None if it gives neither.

    Raises:
        StateFailure: the path selects no number.
    """
    if f"{name}Path" not in fields:
        return fields.get(name)
    value = value_of(fields[f"{name}Path"], data, context, f"{name}Path")
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise runtime_failure(f"The {name}Path field must select a number that is not negative")
    return value


def selected(state: Mapping[str, Any], items: list[Any], data: Any, context: Mapping[str, Any]) -> Iterator[Any]:
    """Each item, as the ItemSelector shapes it."""
    selector = state.get("ItemSelector", state.get("Parameters"))
    for index, item in enumerate(items):
        about = {**context, "Map": {"Item": {"Index": index, "Value": item}}}
        yield item if selector is None else fill(selector, data, about)


def batches(state: Mapping[str, Any], items: Iterator[Any], data: Any, context: Any) -> list[tuple[Any, int]]:
    """Inputs of the child executions, each with the number of items in it.

    Raises:
        StateFailure: ``States.Runtime`` for limits that are no numbers, ``States.DataLimitExceeded`` for an item that
            alone is larger than an input may be.
    """
    batcher = state.get("ItemBatcher")
    if batcher is None:
        return [(item, 1) for item in items]
    count = number(batcher, "MaxItemsPerBatch", data, context)
    size = min(number(batcher, "MaxInputBytesPerBatch", data, context) or DATA_LIMIT_BYTES, DATA_LIMIT_BYTES)
    shared = {"BatchInput": fill(batcher["BatchInput"], data, context)} if "BatchInput" in batcher else {}
    empty = _bytes({**shared, "Items": []})
    found: list[list[Any]] = []
    used = size
    for item in items:
        weight = _bytes(item) + 1
        if empty + weight > size:
            raise StateFailure("States.DataLimitExceeded", "an item is larger than a batch may be")
        if used + weight > size or (count and len(found[-1]) >= count):
            found.append([])
            used = empty
        found[-1].append(item)
        used += weight
    return [({**shared, "Items": batch}, len(batch)) for batch in found]


def _bytes(value: Any) -> int:
    return len(compact(value).encode())


def _read(where: Mapping[str, Any], config: Mapping[str, Any], service: Service) -> list[Any]:
    answer = service("s3", "GetObject", {"Bucket": where["Bucket"], "Key": where["Key"]})
    body = answer["Body"]
    raw = body.read() if hasattr(body, "read") else body
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else str(raw)
        kind = config.get("InputType", "JSON")
        if kind == "CSV":
            return _rows(text, config)
        if kind == "JSONL":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        items = json.loads(text)
    except ValueError as bad:
        raise StateFailure(READER_FAILED, f"The object could not be read: {bad}") from bad
    if not isinstance(items, list):
        raise StateFailure(READER_FAILED, "Attempting to map over non-iterable node.")
    return items


def _rows(text: str, config: Mapping[str, Any]) -> list[Any]:
    rows = list(csv.reader(io.StringIO(text), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")]))
    if config.get("CSVHeaderLocation") == "GIVEN":
        head = list(config.get("CSVHeaders", ()))
    else:
        head, rows = (rows[0], rows[1:]) if rows else ([], [])
    return [dict(zip(head, row, strict=False)) for row in rows if row]


def _listed(where: Mapping[str, Any], service: Service) -> list[Any]:
    found: list[Any] = []
    request = {"Bucket": where["Bucket"], **({"Prefix": where["Prefix"]} if "Prefix" in where else {})}
    while True:
        answer = service("s3", "ListObjectsV2", request)
        found += [
            {
                "Etag": item["ETag"],
                "Key": item["Key"],
                "LastModified": item["LastModified"].timestamp(),
                "Size": item["Size"],
                "StorageClass": item.get("StorageClass", "STANDARD"),
            }
            for item in answer.get("Contents", ())
        ]
        if not answer.get("NextContinuationToken"):
            return found
        request = {**request, "ContinuationToken": answer["NextContinuationToken"]}
