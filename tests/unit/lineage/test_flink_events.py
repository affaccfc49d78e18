"""The names that the product gives are those that a real Flink job used in its events."""

from __future__ import annotations

import json
from pathlib import Path

from streamgov_core.platforms import PLATFORMS
from streamgov_samples.functions.flink import SINK_SCHEMA_NAME, job_namespace
from streamgov_samples.functions.records import SCHEMA_NAME

ROOT = Path(__file__).resolve().parents[3]
RECORDED = ROOT / "emulator" / "tests" / "emulator_tests" / "datazone" / "events" / "flink-start.json"
TOPICS = "arn:aws:kafka:us-east-1:222222222222:topic/orders-sandbox/00000000-0000-0000-0000-000000000000-1"


def test_topics_and_jobs_are_called_as_in_a_recorded_event() -> None:
    event = json.loads(RECORDED.read_text())
    read, written = ([f"{one['namespace']}/{one['name']}" for one in event[key]] for key in ("inputs", "outputs"))
    assert read == [PLATFORMS.source_identifier(f"{TOPICS}/{SCHEMA_NAME}")]
    assert written == [PLATFORMS.source_identifier(f"{TOPICS}/{SINK_SCHEMA_NAME}")]
    assert event["job"]["namespace"] == job_namespace("333333333333", "us-east-1")
