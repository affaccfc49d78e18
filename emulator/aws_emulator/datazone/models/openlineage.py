"""OpenLineage run events: what PostLineageEvent takes, and the identifiers of their parts.

Source: OpenLineage specification 2-0-2 (RunEvent); DataZone user guide "Data lineage": only run events are supported;
SageMaker Unified Studio user guide "sourceIdentifier attribute" for the identifiers.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from aws_emulator.datazone.exceptions import validation

MAX_BYTES = 300_000
EVENT_TYPES = frozenset({"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"})


def parse(raw: bytes) -> tuple[dict[str, Any], float]:
    """A run event and its time in seconds since the epoch.

    Raises:
        ApiError: ValidationException: too large, no JSON, no run event, or a member that the specification requires is
            missing or of the wrong type.
    """
    if len(raw) > MAX_BYTES:
        raise validation(f"The lineage event is larger than {MAX_BYTES} bytes")
    try:
        body = json.loads(raw)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise validation(f"The lineage event is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise validation("The lineage event must be a JSON object")
    if "run" not in body or "job" not in body:
        raise validation("Only OpenLineage run events are supported: run and job are required")
    for name in ("eventTime", "producer", "schemaURL"):
        _text(body, name, name)
    if body.get("eventType") is not None and body["eventType"] not in EVENT_TYPES:
        raise validation(f"eventType must be one of {', '.join(sorted(EVENT_TYPES))}")
    run_id = _text(_object(body, "run", "run"), "runId", "run.runId")
    try:
        uuid.UUID(run_id)
    except ValueError as error:
        raise validation("run.runId must be a UUID") from error
    job = _object(body, "job", "job")
    _named(job, "job")
    for side in ("inputs", "outputs"):
        datasets = body.get(side)
        if datasets is None:
            continue
        if not isinstance(datasets, list):
            raise validation(f"{side} must be a list")
        for index, dataset in enumerate(datasets):
            if not isinstance(dataset, dict):
                raise validation(f"{side}[{index}] must be an object")
            _named(dataset, f"{side}[{index}]")
    return body, _time(body["eventTime"])


def dataset_identifier(dataset: dict[str, Any]) -> str:
    """``<namespace>/<name>``, or the ARN that a symlink of a Glue or Redshift table names."""
    symlinks = ((dataset.get("facets") or {}).get("symlinks") or {}).get("identifiers") or []
    for symlink in symlinks:
        name = str(symlink.get("name", "")) if isinstance(symlink, dict) else ""
        if name.startswith("arn:"):
            return name
    return f"{dataset['namespace']}/{dataset['name']}"


def job_identifier(body: dict[str, Any]) -> str:
    """``<namespace>.<name>``."""
    return f"{body['job']['namespace']}.{body['job']['name']}"


def run_identifier(body: dict[str, Any]) -> str:
    """``<namespace>.<name>/<run id>``."""
    return f"{job_identifier(body)}/{body['run']['runId']}"


def summary(body: dict[str, Any]) -> dict[str, Any]:
    """``openLineageRunEventSummary``."""
    shown: dict[str, Any] = {"runId": body["run"]["runId"], "job": _short(body["job"])}
    if body.get("eventType"):
        shown["eventType"] = body["eventType"]
    for side in ("inputs", "outputs"):
        shown[side] = [_short(dataset) for dataset in body.get(side) or []]
    return {"openLineageRunEventSummary": shown}


def _short(named: dict[str, Any]) -> dict[str, str]:
    return {"name": named["name"], "namespace": named["namespace"]}


def _named(value: dict[str, Any], path: str) -> None:
    _text(value, "namespace", f"{path}.namespace")
    _text(value, "name", f"{path}.name")
    if not isinstance(value.get("facets", {}), dict):
        raise validation(f"{path}.facets must be an object")


def _object(value: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise validation(f"{path} must be an object")
    return found


def _text(value: dict[str, Any], name: str, path: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise validation(f"{path} is required and must be a string")
    return found


def _time(text: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise validation(f"eventTime {text} is not an ISO 8601 time") from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
