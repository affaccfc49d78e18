"""The function around the data source: one schema at once, a full run by the machine, visible failure."""

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

COUNTED = ("AssetsCreated", "AssetsRevised", "AssetsRetired", "AssetsFailed")
MACHINE = "arn:aws:states:us-east-1:222222222222:stateMachine:streamgov-sync-msk"


class FakeClients:
    def __init__(self) -> None:
        self.executions: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        assert service == "stepfunctions"
        return self

    def start_execution(self, **arguments: Any) -> dict[str, Any]:
        self.executions.append(arguments)
        return {"executionArn": "arn:execution:1"}


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> SyncSetup:
    made = SyncSetup(concurrency=1)
    config = entry.SyncConfig(
        Names(), "dzd-1", REGISTRY, "msk", "main", "same", SyncSettings("producer1"), (), "sync-msk", MACHINE
    )
    for key, value in config.to_environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(entry, "parts_of", lambda config, clients: made.parts())
    return made


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> FakeClients:
    made = FakeClients()
    monkeypatch.setattr(entry, "clients_of", lambda config: made)
    return made


def test_the_sync_of_a_schema_is_reported(
    setup: SyncSetup, clients: FakeClients, caplog: pytest.LogCaptureFixture
) -> None:
    setup.registry.put("sales", avro("id"))
    caplog.set_level("INFO")
    metrics = list[dict[str, Any]]()
    emitted = FunctionMetrics("streamgov", "sync", lambda line: metrics.append(json.loads(line)))
    result = entry.run({"action": "sync", "schema": "sales"}, None, emitted)
    assert result["created"] == ["sales"]
    line = vars(caplog.records[-1])
    assert {name: line[f"{name}_" if name == "created" else name] for name in result} == result, (
        "fields of the line itself"
    )
    (counted,) = metrics
    assert {name: counted[name] for name in COUNTED} == dict(zip(COUNTED, ([1], [0], [0], [0]), strict=True))
    assert (counted["Deployment"], counted["Function"]) == ("streamgov", "sync")
    assert "SyncRuns" not in counted, "the heartbeat is that of full runs"
    assert clients.executions == []


def test_a_failure_is_raised_with_the_result(setup: SyncSetup, clients: FakeClients) -> None:
    setup.registry.put("bad", avro("id"), status="PENDING")
    with pytest.raises(CatalogError) as caught:
        entry.run({"schema": "bad"}, None)
    report = json.loads(str(caught.value))
    assert list(report)[:2] == ["counts", "failed"]
    assert report["counts"] == {"failed": 1}
    assert report["failed"][0]["schema"] == "bad"


@pytest.mark.parametrize(
    ("event", "flags"),
    [
        ({"action": "sync"}, ()),
        ({}, ()),
        ({"detail-type": "Scheduled Event", "source": "aws.events"}, ()),
        ({"action": "sync", "force": True}, ("force",)),
        ({"action": "sync", "after": "m", "allowMassRetirement": True, "tally": {}}, ("allowMassRetirement",)),
    ],
    ids=["by hand", "empty", "schedule of 0.1.0", "forced", "continuation of 0.1.0"],
)
def test_what_is_about_all_schemas_starts_the_machine(
    setup: SyncSetup, clients: FakeClients, event: dict[str, Any], flags: tuple[str, ...]
) -> None:
    assert entry.run(event, None) == {"started": "arn:execution:1"}
    (started,) = clients.executions
    assert started["stateMachineArn"] == MACHINE
    sent = json.loads(started["input"])
    assert {name for name, value in sent.items() if value is True} == set(flags)
    assert setup.registry.calls == {}, "nothing is read in the function that starts it"


def test_a_function_that_knows_no_machine_says_what_to_do(
    setup: SyncSetup, clients: FakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the update of its code and that of its variables: Lambda tries an event again."""
    monkeypatch.delenv("STREAMGOV_MACHINE")
    with pytest.raises(ConfigError, match="update the stack of this data source"):
        entry.run({"action": "sync"}, None)


def test_the_phases_of_a_full_run_are_events(
    setup: SyncSetup, clients: FakeClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "DynamoRunStore", lambda client, table, now: setup.store)
    monkeypatch.setattr(entry, "DynamoRunJournal", lambda client, table, is_running: setup.journal)
    monkeypatch.setattr(clients, "client", lambda service: None)
    setup.registry.put("sales", avro("id"))
    run = {"input": {}, "execution": "arn:execution:1"}
    at = entry.run({"phase": "stage", "at": {"stage": "read"}, **run}, None)
    (shard,) = at["shards"]
    assert entry.run({"phase": "shard", "shard": shard, "input": {}}, None) == {"version": 1, "done": True}
    at = entry.run({"phase": "stage", "at": at, **run}, None)
    assert (at["stage"], at["result"]["created"]) == ("", ["sales"])
    with pytest.raises(CatalogError, match="got 'plan'"):
        entry.run({"phase": "plan"}, None)


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
        entry.run({"schema": "sales"}, None)
