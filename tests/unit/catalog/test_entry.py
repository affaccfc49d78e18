"""The function around the data source: time, legs of a long run, visible failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.catalog import entry
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.model.errors import CatalogError, ConfigError
from streamgov_core.model.naming import Names
from tests.unit.catalog.fakes import REGISTRY, SyncSetup, avro

ARN = "arn:aws:lambda:us-east-1:222222222222:function:streamgov-sync-msk"


class Context:
    """Lambda's context, on a clock that falls by a second each time it is read."""

    invoked_function_arn = ARN

    def __init__(self, milliseconds: int, step: int = 1000) -> None:
        self.left, self.step = milliseconds, step

    def get_remaining_time_in_millis(self) -> int:
        self.left -= self.step
        return self.left


class FakeClients:
    def __init__(self) -> None:
        self.invocations: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        assert service == "lambda"
        return self

    def invoke(self, **arguments: Any) -> None:
        self.invocations.append(arguments)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> SyncSetup:
    made = SyncSetup(concurrency=1)
    config = entry.SyncConfig(Names(), "dzd-1", REGISTRY, "msk", "main", "same", SyncSettings("producer1"))
    for key, value in config.to_environment().items():
        monkeypatch.setenv(key, value)

    def syncer(config: Any, clients: Any, enough_time: Any) -> Any:
        made.enough_time = enough_time
        return made.syncer()

    monkeypatch.setattr(entry, "syncer_of", syncer)
    return made


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> FakeClients:
    made = FakeClients()
    monkeypatch.setattr(entry, "clients_of", lambda config: made)
    return made


def test_a_run_is_reported(setup: SyncSetup, clients: FakeClients, caplog: pytest.LogCaptureFixture) -> None:
    setup.registry.put("sales", avro("id"))
    result = entry.run({"action": "sync"}, None)
    assert result["created"] == ["sales"]
    assert json.loads(caplog.records[-1].getMessage()) == result
    assert clients.invocations == []


def test_a_long_run_tells_its_progress(
    setup: SyncSetup, clients: FakeClients, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamgov_core.catalog.workers.PROGRESS_INTERVAL", 2)
    caplog.set_level("INFO")
    for name in "abcde":
        setup.registry.put(name, avro("id"))
    entry.run({"action": "sync"}, None)
    event = [json.loads(record.getMessage()) for record in caplog.records if '"progress"' in record.getMessage()]
    assert [(line["progress"], line["of"]) for line in event] == [(2, 5), (4, 5)]


def test_a_failure_is_raised_after_the_rest_was_done(setup: SyncSetup, clients: FakeClients) -> None:
    setup.registry.put("good", avro("id"))
    setup.registry.put("bad", "{")
    with pytest.raises(CatalogError) as caught:
        entry.run({"action": "sync"}, None)
    report = json.loads(str(caught.value))
    assert list(report)[:2] == ["counts", "failed"]
    assert report["counts"] == {"created": 1, "failed": 1}
    assert report["failed"][0]["schema"] == "bad"
    assert report["created"] == ["good"]


def test_a_run_that_lacks_time_goes_on_in_another_invocation(setup: SyncSetup, clients: FakeClients) -> None:
    names = [f"t{number:02}" for number in range(30)]
    for name in names:
        setup.registry.put(name, avro("id"))
    event: dict[str, Any] = {"action": "sync", "allowMassRetirement": True}
    result = entry.run(event, Context(20_000))
    legs = 1
    while result.get("continued"):
        invocation = clients.invocations.pop()
        assert (invocation["FunctionName"], invocation["InvocationType"]) == (ARN, "Event")
        event = json.loads(invocation["Payload"])
        assert event["allowMassRetirement"] is True
        result = entry.run(event, Context(20_000))
        legs += 1
        assert legs < 30
    assert legs > 1
    assert result["created"] == names
    assert clients.invocations == []


def test_a_leg_always_begins_at_least_one_schema(setup: SyncSetup, clients: FakeClients) -> None:
    for number in range(3):
        setup.registry.put(f"t{number}", avro("id"))
    first = entry.run({"action": "sync"}, Context(1_000))
    assert first["continued"]
    assert first["created"] == ["t0"]


def test_the_payload_of_the_next_leg_stays_within_lambdas_limit(setup: SyncSetup, clients: FakeClients) -> None:
    from streamgov_core.catalog.entities import SyncOutcome, SyncResult
    from streamgov_core.catalog.sync_request import SyncRequest

    result = SyncResult(after="x" * 255)
    for number in range(10_000):
        result.add(f"{number:0255}", SyncOutcome("created"))
        result.fail(f"{number:0255}", "because " * 500)
        result.add(f"{number:0255}", SyncOutcome("kept", "because " * 500))
    entry._continue(clients, Context(1), SyncRequest(), result)  # type: ignore[arg-type]
    payload = clients.invocations[0]["Payload"]
    assert len(payload) < 256_000
    assert SyncResult.from_json(json.loads(payload)["tally"]).counts["failed"] == 10_000


def test_wrong_configuration_and_events_are_clear(
    setup: SyncSetup, clients: FakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CatalogError, match="registry 'other'"):
        entry.run(
            {
                "detail-type": "AWS API Call via CloudTrail",
                "detail": {
                    "eventSource": "glue.amazonaws.com",
                    "eventName": "UpdateSchema",
                    "requestParameters": {"schemaId": {"registryName": "other", "schemaName": "s"}},
                },
            },
            None,
        )
    monkeypatch.delenv("STREAMGOV_PROJECT_ID")
    with pytest.raises(ConfigError, match="STREAMGOV_PROJECT_ID"):
        entry.run({"action": "sync"}, None)
