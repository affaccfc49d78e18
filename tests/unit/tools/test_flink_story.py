"""Where no Flink can run, the walkthrough says so in one line, with the cause and where to read on."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from tools.dev import emulator_process
from tools.dev.flink_app import LINE, sentence
from tools.dev.flink_story import FlinkStory
from tools.dev.show import Show
from tools.dev.walkthrough import Walkthrough
from tools.dev.workspace import Workspace


def story(brokers: bool) -> tuple[FlinkStory, StringIO]:
    printed = StringIO()
    outputs = {"mskClusterArn": "arn:aws:kafka:us-east-1:2:cluster/c/1", "mskRegistryName": "r"}
    people = SimpleNamespace(client=lambda service, account: None)
    made = SimpleNamespace(
        show=Show(Console(file=printed, width=200)),
        people=people,
        datazone=None,
        outputs=outputs,
        consumer_role="arn:aws:iam::333333333333:role/consumers/c",
        consumer_account="333333333333",
        workspace=Workspace(Path("nowhere"), 1),
        flow=SimpleNamespace(ready=lambda arn: brokers),
    )
    return FlinkStory(cast(Walkthrough, made), Path("nowhere")), printed


@pytest.mark.parametrize("why", ["no java on PATH; a JDK of version 17 or newer runs Flink", "EMULATOR_FLINK=off"])
def test_a_skipped_job_is_one_line(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    told: Any = {"skipped": why, "applications": {}}
    monkeypatch.setattr(emulator_process, "get", lambda workspace, path: told)
    flink, printed = story(brokers=True)
    assert not flink.available()
    lines = [line.strip() for line in printed.getvalue().splitlines() if line.strip()]
    assert lines == [f"No Flink job runs: {why}. docs/flink.md says how to get one."]


def test_without_a_broker_there_is_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    told: Any = {"skipped": None, "applications": {}}
    monkeypatch.setattr(emulator_process, "get", lambda workspace, path: told)
    assert story(brokers=True)[0].available()
    assert not story(brokers=False)[0].available()


def test_a_log_line_is_shown_as_a_sentence() -> None:
    """Of an event, which is JSON and may hold a stack trace, the line that was looked for: not a piece of its JSON."""
    trace = (
        "org.apache.flink.util.FlinkRuntimeException: failed\n\tat a.B.c(B.java:1)\nCaused by: x.Refused: no access\n"
    )
    event = json.dumps({"logger": "a.B", "message": "Restarting", "throwableInformation": trace})
    assert sentence(event, "Refused") == "Caused by: x.Refused: no access"
    assert sentence(event, "Restart") == "Restarting"
    assert sentence(event, "Granted") is None
    assert sentence("plain Refused text", "Refused") == "plain Refused text"
    assert sentence("[1]", "1") == "[1]"
    shown = sentence(json.dumps({"message": "Refused " + "x" * 500}), "Refused")
    assert shown is not None
    assert shown == "Refused " + "x" * (LINE - 8) + "…"
