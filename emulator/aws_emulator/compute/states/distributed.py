"""Checks of the fields that a Map state has in distributed mode.

Source of the rules: Step Functions developer guide, "Using Map state in Distributed mode" and the pages of its fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aws_emulator.compute.states.map_items import DELIMITERS, GET_OBJECT, INPUT_TYPES, ITEM_READERS

DISTRIBUTED_FIELDS = {
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
}
"""Fields that only a Map state in distributed mode may have."""
PUT_OBJECT = "arn:aws:states:::s3:putObject"
READER_CONFIG = {"InputType", "MaxItems", "MaxItemsPath", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"}
BATCHER = {
    "MaxItemsPerBatch",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatch",
    "MaxInputBytesPerBatchPath",
    "BatchInput",
}

Problem = tuple[str, str]
"""Where, below the state, and what."""


def map_problems(state: Mapping[str, Any], processor: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a Map state's mode and with the fields of the distributed one."""
    config = processor.get("ProcessorConfig") or {}
    mode = config.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield "/ItemProcessor/ProcessorConfig/Mode", "Mode must be INLINE or DISTRIBUTED"
        return
    if mode == "INLINE":
        for field in sorted(DISTRIBUTED_FIELDS & set(state)):
            yield f"/{field}", f"Field '{field}' is supported in DISTRIBUTED mode only"
        return
    if "Iterator" in state:
        yield "/Iterator", "a distributed map has an ItemProcessor"
    if config.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
        yield "/ItemProcessor/ProcessorConfig/ExecutionType", "ExecutionType must be STANDARD or EXPRESS"
    if "Label" in state and not (isinstance(state["Label"], str) and 0 < len(state["Label"]) <= 40):
        yield "/Label", "Label must have 1 to 40 characters"
    yield from _tolerance(state)
    yield from _reader(state.get("ItemReader"))
    yield from _batcher(state.get("ItemBatcher"))
    yield from _writer(state.get("ResultWriter"))


def _tolerance(state: Mapping[str, Any]) -> Iterator[Problem]:
    for field in ("ToleratedFailureCount", "ToleratedFailurePercentage"):
        if field in state and f"{field}Path" in state:
            yield f"/{field}", f"only one of {field} and {field}Path may be given"
    count = state.get("ToleratedFailureCount", 0)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        yield "/ToleratedFailureCount", "ToleratedFailureCount must be an integer that is not negative"
    share = state.get("ToleratedFailurePercentage", 0)
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 100:
        yield "/ToleratedFailurePercentage", "ToleratedFailurePercentage must be a number from 0 to 100"


def _reader(reader: Any) -> Iterator[Problem]:
    if reader is None:
        return
    if not isinstance(reader, dict) or reader.get("Resource") not in ITEM_READERS:
        yield "/ItemReader/Resource", f"Resource must be one of {', '.join(ITEM_READERS)}"
        return
    config = reader.get("ReaderConfig", {})
    for field in sorted(set(config) - READER_CONFIG):
        yield f"/ItemReader/ReaderConfig/{field}", f"Field '{field}' is not run by this emulator"
    if reader["Resource"] == GET_OBJECT and config.get("InputType") not in INPUT_TYPES:
        yield (
            "/ItemReader/ReaderConfig/InputType",
            f"InputType must be one of {', '.join(INPUT_TYPES)} (this emulator reads no others)",
        )
    if config.get("InputType") == "CSV" and config.get("CSVHeaderLocation") not in ("FIRST_ROW", "GIVEN"):
        yield "/ItemReader/ReaderConfig/CSVHeaderLocation", "CSVHeaderLocation must be FIRST_ROW or GIVEN"
    if config.get("CSVDelimiter", "COMMA") not in DELIMITERS:
        yield "/ItemReader/ReaderConfig/CSVDelimiter", f"CSVDelimiter must be one of {', '.join(DELIMITERS)}"


def _batcher(batcher: Any) -> Iterator[Problem]:
    if batcher is None:
        return
    for field in sorted(set(batcher) - BATCHER):
        yield f"/ItemBatcher/{field}", f"Field '{field}' is not supported"
    if not set(batcher) & (BATCHER - {"BatchInput"}):
        yield "/ItemBatcher", "at least one of MaxItemsPerBatch and MaxInputBytesPerBatch is required"


def _writer(writer: Any) -> Iterator[Problem]:
    if writer is None:
        return
    if set(writer) - {"Resource", "Parameters"}:
        yield "/ResultWriter", "only Resource and Parameters are run by this emulator"
    if writer.get("Resource") != PUT_OBJECT or not isinstance(writer.get("Parameters"), dict):
        yield "/ResultWriter/Resource", f"Resource must be {PUT_OBJECT}, with Parameters"
