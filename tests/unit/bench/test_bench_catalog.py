"""The catalogue's benchmark runs, and says the same of calls as the issue asks for."""

from __future__ import annotations

import pytest

from bench.catalog import measure
from bench.common import table

pytestmark = pytest.mark.slow


def test_calls_of_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "")  # measure sets them for good; this puts them back
    runs = {run["run"]: run for run in measure(60, latency_ms=0)}
    assert runs["first"]["result"] == {"created": 60}
    unchanged = runs["unchanged"]
    assert (unchanged["result"], unchanged["writes"]) == ({"unchanged": 60}, 0)
    assert unchanged["operations"]["GetSchema"] == 60
    assert 0 < unchanged["notes"] <= 30, "what the stages and the one shard write for each other"
    assert runs["one changed"]["operations"]["CreateAssetRevision"] == 1
    assert runs["one deleted"]["operations"]["DeleteAsset"] == 1
    assert runs["one event"]["calls"] <= 16


def test_tables_line_up() -> None:
    assert table(("a", "long"), [(1, 2)]).splitlines() == ["| a | long |", "|---|------|", "| 1 | 2    |"]
