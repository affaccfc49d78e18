"""Full runs over several shards in the emulator's state machines, with the roles that are deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamgov_core.catalog.run_shards import PER_SHARD, SIDE_BY_SIDE
from tests.integration.catalog.conftest import PRODUCER, Place
from tests.integration.catalog.test_functions import DataSourceFunction, sync_function
from tests.integration.full_runs import ended, full_run, outcome
from tests.integration.polling import eventually
from tests.sandbox import EmulatorProcess

COUNT = 2 * PER_SHARD + 20
SCHEMA = '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}'


@pytest.fixture
def faults(emulator: EmulatorProcess) -> Iterator[EmulatorProcess]:
    yield emulator
    emulator.admin("DELETE", "faults")


def test_several_hundred_schemas_go_through_in_shards(place: Place, faults: EmulatorProcess) -> None:
    """A shard's function is killed in the middle; a schema is deleted, and a run started, while a run is under way."""
    names = [f"topic-{number:04}" for number in range(COUNT)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: place.register(name, SCHEMA), names))
    sync = sync_function(place)
    role = f"*{sync.role}"
    kill = {"service": "datazone", "operation": "CreateAsset", "kind": "kill_function_before", "times": 1, "nth": 40}
    faults.admin("POST", "faults", {**kill, "caller": role})
    answer, error = outcome(full_run(sync.states, sync.machine))
    # What the killed function had made is found by the next one, unchanged.
    assert error is None and set(answer["counts"]) == {"created", "unchanged"}, answer
    assert sum(answer["counts"].values()) == COUNT
    shards = executions_of_shards(sync)
    assert len(shards) >= 3
    assert len(place.assets()) == COUNT

    # The second run: nothing has changed, but a schema goes while the shards are at work.
    slow = {"service": "glue", "operation": "GetSchema", "kind": "latency", "seconds": 1.0, "times": 40}
    faults.admin("POST", "faults", {**slow, "caller": role})
    run = sync.states.start_execution(stateMachineArn=sync.machine, input="{}")["executionArn"]
    eventually(lambda: state_of(sync, run), lambda state: state == "SyncShards")
    place.client("glue", PRODUCER).delete_schema(SchemaId={"RegistryName": place.registry, "SchemaName": names[-1]})
    second, _ = outcome(full_run(sync.states, sync.machine))
    assert second["coalesced"] == run and "one runs at a time" in second["said"]
    answer, error = outcome(ended(sync.states, run))
    assert (error, answer["retired"]) == (None, [names[-1]]), answer
    assert answer["counts"] == {"unchanged": COUNT - 1, "retired": 1}


def test_a_run_whose_schemas_fail_is_redriven_when_that_is_mended(place: Place) -> None:
    for name in ("orders", "sales"):
        place.register(name, SCHEMA)
    sync = sync_function(place)
    iam = place.client("iam", PRODUCER)
    (policy,) = iam.list_role_policies(RoleName=sync.role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=sync.role, PolicyName=policy)["PolicyDocument"]

    def write(actions: list[str]) -> None:
        (records,) = [item for item in document["Statement"] if item["Sid"] == "OwnRecords"]
        records["Action"] = actions
        iam.put_role_policy(RoleName=sync.role, PolicyName=policy, PolicyDocument=json.dumps(document))

    write(["dynamodb:Query"])
    failed = full_run(sync.states, sync.machine)
    report, error = outcome(failed)
    assert (error, report["counts"]) == ("SyncFailedError", {"failed": 2})
    write(["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"])
    sync.states.redrive_execution(executionArn=failed["executionArn"])
    answer, error = outcome(ended(sync.states, failed["executionArn"]))
    assert error is None
    assert sum(answer["counts"].values()) == 2 and "failed" not in answer["counts"], answer
    assert len(place.assets()) == 2


def state_of(sync: DataSourceFunction, run: str) -> str:
    """The state that an execution has entered last."""
    events = sync.states.get_execution_history(executionArn=run, reverseOrder=True, maxResults=20)["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    return entered[0] if entered else ""


def executions_of_shards(sync: DataSourceFunction) -> list[dict[str, Any]]:
    """The child executions of the last run's map runs."""
    (run, *_) = sync.states.list_executions(stateMachineArn=sync.machine)["executions"]
    found = []
    for map_run in sync.states.list_map_runs(executionArn=run["executionArn"])["mapRuns"]:
        described = sync.states.describe_map_run(mapRunArn=map_run["mapRunArn"])
        assert described["maxConcurrency"] == SIDE_BY_SIDE
        found += sync.states.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
    return found
