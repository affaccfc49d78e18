"""The function around the data source: time, legs of a long run, visible failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.catalog import entry
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.model.errors import CatalogError, ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.catalog.fakes import REGISTRY, SyncSetup, avro

COUNTED = ("SyncRuns", "AssetsCreated", "AssetsRevised", "AssetsRetired", "AssetsFailed")
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
    caplog.set_level("INFO")
    metrics = list[dict[str, Any]]()
    emitted = FunctionMetrics("streamgov", "sync", lambda line: metrics.append(json.loads(line)))
    result = entry.run({"action": "sync"}, None, emitted)
    assert result["created"] == ["sales"]
    line = vars(caplog.records[-1])
    assert {name: line[f"{name}_" if name == "created" else name] for name in result} == result, (
        "fields of the line itself"
    )
    (counted,) = metrics
    assert {name: counted[name] for name in COUNTED} == dict(zip(COUNTED, ([1], [1], [0], [0], [0]), strict=True))
    assert (counted["Deployment"], counted["Function"]) == ("streamgov", "sync")
    assert clients.invocations == []


def test_a_long_run_tells_its_progress(
    setup: SyncSetup, clients: FakeClients, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamgov_core.catalog.workers.PROGRESS_INTERVAL", 2)
    caplog.set_level("INFO")
    for name in "abcde":
        setup.registry.put(name, avro("id"))
    entry.run({"action": "sync"}, None)
    lines = [vars(record) for record in caplog.records if record.message == "catalogue progress"]
    assert [(line["progress"], line["of"]) for line in lines] == [(2, 5), (4, 5)]


def test_a_failure_is_raised_after_the_rest_was_done(setup: SyncSetup, clients: FakeClients) -> None:
    setup.registry.put("good", avro("id"))
    setup.registry.put("bad", avro("id"), status="PENDING")
    metrics = list[dict[str, Any]]()
    emitted = FunctionMetrics("streamgov", "sync", lambda line: metrics.append(json.loads(line)))
    with pytest.raises(CatalogError) as caught:
        entry.run({"action": "sync"}, None, emitted)
    assert [(line["SyncRuns"], line["AssetsFailed"], line["AssetsCreated"]) for line in metrics] == [([1], [1], [1])]
    report = json.loads(str(caught.value))
    assert list(report)[:2] == ["counts", "failed"]
    assert report["counts"] == {"created": 1, "failed": 1}
    assert report["failed"][0]["schema"] == "bad"
    assert report["created"] == ["good"]


def test_a_run_of_which_640_schemas_fail_answers_an_error_of_bounded_length(
    setup: SyncSetup, clients: FakeClients
) -> None:
    for number in range(640):
        setup.registry.put(f"a-rather-long-name-of-a-schema-{number}", avro("id"), status="PENDING")
    with pytest.raises(CatalogError) as caught:
        entry.run({}, None)
    assert len(str(caught.value)) <= entry.MAX_ERROR
    report = json.loads(str(caught.value))
    assert report["counts"] == {"failed": 640}
    assert len(report["failed"]) > 5


def test_640_schemas_that_are_no_topics_are_no_error(setup: SyncSetup, clients: FakeClients) -> None:
    setup.mapping = "suffix:-value"
    for number in range(640):
        setup.registry.put(f"schema-{number}", avro("id"))
    metrics = list[dict[str, Any]]()
    report = entry.run({}, None, FunctionMetrics("streamgov", "sync", lambda line: metrics.append(json.loads(line))))
    assert report["counts"] == {"skipped": 640}
    assert [line["SchemasSkipped"] for line in metrics if "SchemasSkipped" in line] == [[640]]
    assert "does not end in '-value'" in report["skipped"][0]["cause"]


def test_a_run_that_lacks_time_goes_on_in_another_invocation(
    setup: SyncSetup, clients: FakeClients, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"t{number:02}" for number in range(30)]
    for name in names:
        setup.registry.put(name, avro("id"))
    event: dict[str, Any] = {"action": "sync", "allowMassRetirement": True}
    result = entry.run(event, Context(20_000))
    assert "SyncRuns" not in capsys.readouterr().out, "the run has not ended"
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
    (metrics,) = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "SyncRuns" in line]
    assert metrics["AssetsCreated"] == [30], "counted once, whatever leg made them"
    assert clients.invocations == []


def test_a_leg_always_begins_at_least_one_schema(setup: SyncSetup, clients: FakeClients) -> None:
    for number in range(3):
        setup.registry.put(f"t{number}", avro("id"))
    first = entry.run({"action": "sync"}, Context(1_000))
    assert first["continued"]
    assert first["created"] == ["t0"]


def test_the_payload_of_the_next_leg_stays_within_lambdas_limit(setup: SyncSetup, clients: FakeClients) -> None:
    from streamgov_core.catalog.sync_request import SyncRequest
    from streamgov_core.catalog.sync_result import SyncOutcome, SyncResult

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
