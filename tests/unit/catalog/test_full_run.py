"""A full run in shards: nothing is left out, whatever fails; one at a time; a run that was stopped goes on."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from streamgov_core.catalog import run_shards
from streamgov_core.catalog.full_run import MAX_ERROR
from streamgov_core.catalog.run_journal import DynamoRunJournal, RunEnded, RunUnderWay, runs
from streamgov_core.catalog.run_shards import MAX_SHARDS, PER_SHARD, divided, shards_at_work
from streamgov_core.catalog.run_summary import postponed_of, summaries_of
from streamgov_core.model.errors import CatalogError, SyncFailedError
from streamgov_core.runtime.dynamodb import to_item
from tests.unit.catalog.fakes import SyncSetup, avro

STATE_LIMIT = 256 * 1024
"""Bytes that a state's input or result may have (Step Functions quotas)."""


def filled(count: int, **settings: Any) -> SyncSetup:
    """A registry of so many schemas."""
    setup = SyncSetup(**settings)
    for number in range(count):
        setup.registry.put(f"t{number:03}", avro("id"))
    return setup


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of ten."""
    monkeypatch.setattr(run_shards, "PER_SHARD", 10)


# --- shards -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 1, PER_SHARD, PER_SHARD + 1, 10_000, 1_000_000])
def test_every_name_is_in_one_shard_and_the_list_of_shards_fits_a_state(count: int) -> None:
    names = [f"{number:07}" for number in range(count)]
    portions = divided(names)
    assert [name for portion in portions for name in portion] == names
    assert all(portions) and len(portions) <= MAX_SHARDS
    assert len(portions) == min(MAX_SHARDS, -(-count // PER_SHARD))
    shards = shards_at_work("a" * 20, "topicsEnding", range(10_000, 10_000 + len(portions)), 1, 32)
    assert len(json.dumps([shard.to_message() for shard in shards])) < STATE_LIMIT / 2


@pytest.mark.parametrize(("shards", "threads"), [(1, 32), (2, 16), (4, 8), (40, 8)])
def test_shards_share_the_threads_of_a_data_source(shards: int, threads: int) -> None:
    """DataZone's rate is the account's: side by side they are as many threads as one function has."""
    made = shards_at_work("run", "schemas", range(shards), 0, 32)
    assert {shard.threads for shard in made} == {threads}
    assert threads * min(shards, run_shards.SIDE_BY_SIDE) <= 32


@pytest.mark.usefixtures("small")
def test_a_run_over_shards_reads_what_is_common_once() -> None:
    setup = filled(95)
    setup.kafka.topics = {"t000": {"partitions": 1}}
    assert setup.run()["counts"] == {"created": 95}
    setup.reset()
    setup.kafka.listed = 0
    machine = setup.machine()
    assert machine.run().counts == {"unchanged": 95}
    assert machine.portions == 10
    assert setup.registry.calls == {"list": 1, "get_schema": 95}
    assert setup.assets.calls == {"search": 1, "asset_type": 1}
    assert setup.records.calls == {"load_all": 1, "load_between": 10}
    assert setup.kafka.listed == 1
    assert setup.journal.notes[-1].shards == 10, "progress is told"


@pytest.mark.usefixtures("small")
def test_what_a_state_keeps_does_not_grow_with_what_happens() -> None:
    setup = filled(60)
    machine = setup.machine()
    machine.stage()
    assert len(json.dumps(machine.at)) < 1_500
    machine.shards()
    final = machine.stage()
    assert final["stage"] == "" and final["result"]["counts"] == {"created": 60}


# --- what fails -------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("small")
def test_a_shard_that_fails_keeps_nobody_up_and_is_done_once_more() -> None:
    setup = filled(50)
    machine = setup.machine()
    machine.stage()
    machine.lost = {2}
    machine.shards()
    assert len(setup.assets.assets) == 40, "the others are done"
    machine.lost = set()
    again = machine.stage()
    assert (again["stage"], again["round"], [shard["number"] for shard in again["shards"]]) == ("schemas", 1, [2])
    assert again["pause"] > 0
    machine.shards()
    final = machine.stage()
    assert final["result"]["counts"] == {"created": 50}


@pytest.mark.usefixtures("small")
def test_a_shard_that_fails_twice_fails_the_run_at_its_end() -> None:
    setup = filled(50)
    machine = setup.machine()
    machine.lost = {2}
    result = machine.run()
    assert result.counts == {"created": 40, "failed": 1}
    assert "shard 2 of stage schemas has failed twice" in result.failed[0]["cause"]
    assert setup.run()["counts"] == {"created": 10, "unchanged": 40}, "the next run does what is left"


@pytest.mark.usefixtures("small")
def test_a_shard_that_was_interrupted_goes_on_where_it_stopped() -> None:
    setup = filled(10, concurrency=1)
    machine = setup.machine()
    machine.stage()
    setup.enough_time = lambda: False
    event = {"phase": "shard", "input": machine.input, "shard": machine.at["shards"][0]}
    for _ in range(3):
        assert machine.phase(event)["done"] is False
    setup.enough_time = lambda: True
    setup.registry.calls.clear()
    assert machine.phase(event)["done"] is True
    assert setup.registry.calls["get_schema"] == 7, "three were done"
    assert machine.phase(event)["done"] is True, "asked again after its end, it does nothing"
    assert setup.registry.calls["get_schema"] == 7
    assert machine.stage()["result"]["counts"] == {"created": 10}


@pytest.mark.usefixtures("small")
def test_a_shard_that_failed_in_the_middle_is_not_begun_anew() -> None:
    setup = filled(10, concurrency=1)
    machine = setup.machine()
    machine.stage()
    setup.enough_time = lambda: False
    machine.phase({"phase": "shard", "input": machine.input, "shard": machine.at["shards"][0]})
    setup.enough_time = lambda: True
    setup.registry.calls.clear()
    assert machine.run().counts == {"created": 10}, "what the first round did counts once"
    assert setup.registry.calls["get_schema"] == 9


@pytest.mark.usefixtures("small")
def test_schemas_that_fail_are_tried_once_more_and_count_once() -> None:
    setup = filled(25)
    failing = {"t003", "t012", "t024"}

    def refuse(operation: str, subject: str) -> None:
        if operation == "create" and subject in failing:
            raise SystemError("not now")

    setup.assets.fail = refuse
    machine = setup.machine()
    machine.stage()
    machine.shards()
    failing.intersection_update({"t012"})
    result = machine.run()
    assert machine.pauses == [run_shards.PAUSE_SECONDS]
    assert (+result.counts, [item["schema"] for item in result.failed]) == ({"created": 24, "failed": 1}, ["t012"])


def test_640_schemas_that_fail_are_an_error_of_bounded_length() -> None:
    setup = SyncSetup()
    for number in range(640):
        setup.registry.put(f"a-rather-long-name-of-a-schema-{number}", avro("id"), status="PENDING")
    machine = setup.machine()
    machine.stage()
    machine.shards()
    assert machine.stage()["round"] == 1
    machine.shards()
    with pytest.raises(SyncFailedError) as caught:
        machine.stage()
    assert len(str(caught.value)) <= MAX_ERROR
    report = json.loads(str(caught.value))
    assert list(report)[:2] == ["counts", "failed"]
    assert report["counts"] == {"failed": 640}
    assert len(report["failed"]) > 5
    (counted,) = [line for line in machine.metrics if "AssetsFailed" in line]
    assert counted["AssetsFailed"] == [640]


def test_640_schemas_that_are_no_topics_are_no_error() -> None:
    setup = SyncSetup()
    setup.mapping = "suffix:-value"
    for number in range(640):
        setup.registry.put(f"schema-{number}", avro("id"))
    machine = setup.machine()
    result = machine.run()
    assert (result.counts, len(result.skipped)) == ({"skipped": 640}, 100)
    assert [line["SchemasSkipped"] for line in machine.metrics if "SchemasSkipped" in line] == [[640]]
    assert "does not end in '-value'" in result.skipped[0]["cause"]


# --- an execution that is redriven ------------------------------------------------------------------------------------
def test_a_run_that_is_redriven_after_its_end_looks_again() -> None:
    setup = filled(3)
    setup.registry.put("bad", avro("id"), status="PENDING")
    machine = setup.machine()
    assert +machine.run().counts == {"created": 3, "failed": 1}
    ended = setup.journal.last()
    assert ended is not None and (ended.attempt, ended.report["counts"]["failed"]) == (0, 1)
    # Redriven: the state that failed is entered again, with the input that it had.
    assert +machine.run().counts == {"unchanged": 3, "failed": 1}
    setup.registry.put("bad", avro("id"))
    assert +machine.run().counts == {"unchanged": 3, "created": 1}
    ended = setup.journal.last()
    assert ended is not None and ended.attempt == 2


# --- what goes while a run is under way -------------------------------------------------------------------------------
@pytest.mark.usefixtures("small")
def test_a_schema_that_is_deleted_during_the_run_is_retired_by_it() -> None:
    setup = filled(30)
    setup.run()
    machine = setup.machine()
    machine.stage()
    setup.registry.drop("t015")
    machine.shards()
    assert postponed_of(setup.store, machine.at["key"], "schemas") == ["t015"]
    assert "t015" in setup.records.records, "it goes when all such are counted"
    assert machine.run().retired == ["t015"]
    assert "t015" not in setup.records.records


@pytest.mark.usefixtures("small")
def test_schemas_that_are_deleted_during_the_run_count_for_the_guard() -> None:
    setup = filled(30)
    setup.run()
    machine = setup.machine()
    machine.stage()
    for number in range(20):
        setup.registry.drop(f"t{number:03}")
    machine.shards()
    result = machine.run()
    assert "20 of 30 recorded assets would end" in result.failed[0]["cause"]
    assert len(setup.assets.assets) == 30


def test_an_event_about_a_schema_that_is_gone_retires_it_at_once() -> None:
    setup = filled(1)
    setup.run()
    setup.registry.drop("t000")
    assert setup.one("t000")["retired"] == ["t000"]


# --- one run at a time ------------------------------------------------------------------------------------------------
def test_a_second_run_while_one_goes_on_ends_with_a_sentence() -> None:
    setup = filled(3)
    first, second = setup.machine(), setup.machine(force=True)
    first.stage()
    at = second.stage()
    assert (at["stage"], at["shards"], at["result"]["coalesced"]) == ("", [], first.execution)
    assert "one runs at a time" in at["result"]["said"]
    assert second.metrics == [], "it is no heartbeat"
    first.shards()
    assert first.run().counts == {"created": 3}
    assert setup.machine().run().counts == {"unchanged": 3}


def test_the_heartbeat_is_heard_of_runs_that_end_whatever_they_came_to() -> None:
    setup = filled(1)
    setup.registry.put("bad", avro("id"), status="PENDING")
    machine = setup.machine()
    machine.run()
    assert [line["Source"] for line in machine.metrics if "SyncRuns" in line] == ["sync-msk"]
    broken = SyncSetup()
    broken.registry.there = False
    stopped = broken.machine()
    with pytest.raises(CatalogError, match="no schema registry"):
        stopped.stage()
    assert stopped.metrics == []


# --- the journal in DynamoDB ------------------------------------------------------------------------------------------
TABLE = "streamgov-sync-msk-runs"
CURRENT = {"run": {"S": "#current"}, "part": {"S": "#current"}}
RUN, OTHER = RunUnderWay("arn:1", 1_790_000_000), RunUnderWay("arn:2", 1_790_000_100, "key", "schemas", 7)


def client_of(service: Any) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


def item(run: RunUnderWay) -> dict[str, Any]:
    values = {"execution": run.execution, "since": run.since, "key": run.key, "stage": run.stage, "shards": run.shards}
    return {**CURRENT, **to_item(values)}


def claiming(run: RunUnderWay, holder: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Item": item(run),
        "ConditionExpression": "execution = :holder OR attribute_not_exists(execution)",
        "ExpressionAttributeValues": {":holder": {"S": holder}},
    }


@pytest.mark.parametrize("running", [True, False])
def test_a_run_that_was_stopped_holds_nobody_up(running: bool) -> None:
    client, asked = client_of("dynamodb"), []

    def is_running(arn: str) -> bool:
        asked.append(arn)
        return running

    with Stubber(client) as stub:
        stub.add_client_error("put_item", "ConditionalCheckFailedException", expected_params=claiming(RUN, "arn:1"))
        read = {"TableName": TABLE, "Key": CURRENT, "ConsistentRead": True}
        stub.add_response("get_item", {"Item": item(OTHER)}, read)
        if not running:
            stub.add_response("put_item", {}, claiming(RUN, "arn:2"))
        assert DynamoRunJournal(client, TABLE, is_running).claim(RUN) == (OTHER if running else None)
        stub.assert_no_pending_responses()
    assert asked == ["arn:2"]


def test_the_end_of_a_run_is_kept_and_leaves_the_place_free() -> None:
    client = client_of("dynamodb")
    ended = RunEnded("arn:1", 1, 10, 20, {"counts": {"created": 1}})
    kept = {
        "run": {"S": "#last"},
        "part": {"S": "#last"},
        **to_item({"execution": "arn:1", "attempt": 1, "began": 10, "ended": 20}),
        "report": {"S": json.dumps(ended.report)},
    }
    with Stubber(client) as stub:
        stub.add_response("put_item", {}, {"TableName": TABLE, "Item": kept})
        stub.add_client_error("delete_item", "ConditionalCheckFailedException")
        stub.add_response("get_item", {"Item": kept}, None)
        journal = DynamoRunJournal(client, TABLE, lambda arn: False)
        journal.end(ended)
        assert journal.last() == ended
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(("status", "expected"), [("RUNNING", True), ("FAILED", False), ("ABORTED", False)])
def test_whether_an_execution_runs_is_what_step_functions_says(status: str, expected: bool) -> None:
    client = client_of("stepfunctions")
    arn = "arn:aws:states:us-east-1:222222222222:execution:streamgov-sync-msk:1"
    answer = {"executionArn": arn, "stateMachineArn": arn, "status": status, "startDate": 1}
    with Stubber(client) as stub:
        stub.add_response("describe_execution", answer, {"executionArn": arn})
        assert runs(client, arn) is expected
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist")
        assert runs(client, arn) is False
        stub.add_client_error("describe_execution", "AccessDeniedException")
        with pytest.raises(client.exceptions.ClientError):
            runs(client, arn)


def test_what_portions_came_to_stands_in_the_table() -> None:
    setup = filled(3)
    machine = setup.machine()
    machine.stage()
    machine.shards()
    (summary,) = summaries_of(setup.store, machine.at["key"], "schemas")
    assert (summary.after, summary.is_done, summary.tally["counts"]) == ("t002", True, {"created": 3})
