"""The access benchmark runs; its capacities are those of the documentation and of the issue."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import access, accounts, crowd
from bench.capacities import capacities

pytestmark = pytest.mark.slow


def test_capacities_are_those_of_the_documentation() -> None:
    rooms = capacities()
    text = (Path(__file__).resolve().parents[3] / "docs" / "capacities.md").read_text()
    assert access.capacity_table(rooms) in text
    fits = {room.grants: room.fits for room in rooms}
    assert fits["topics, other account, managed VPC"] >= 400
    assert fits["roles, a topic each"] >= 55
    assert fits["roles on the same topic"] >= 200
    for grants in ("roles on the same topic", "roles, a topic each", "topics of one role"):
        assert str(fits[grants]) in text.split("When a document is full")[1]


def test_calls_of_a_grant_and_of_fifty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LATENCY", 0.0)
    monkeypatch.setattr(access, "RUNS", 1)
    calls = {row["request"]: row["calls"] for row in access.requests()}
    assert calls == {
        "grant, across accounts": 37,
        "revoke, across accounts": 23,
        "grant, same account": 29,
        "revoke, same account": 17,
    }
    monkeypatch.setattr(accounts, "LATENCY", 0.01)
    made = crowd.at_once(50, 0.01, rates=False)
    # How many writes it takes depends on how busy the machine is; test_engine.py shows two with everybody waiting.
    assert made["statuses"] == ["GRANTED"] and made["writes"] < 25 and made["refused"] == 0


def test_a_call_beyond_its_rate_is_refused_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LATENCY", 0.0)
    monkeypatch.setattr(crowd, "RATES", {"grant": 20.0})
    made = crowd.at_once(40, 0.0, rates=True)
    assert made["statuses"] == ["GRANTED"] and made["refused"] > 0
