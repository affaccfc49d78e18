"""The machine of full runs: what it tolerates, what it tries again, and what it leaves to a person."""

from __future__ import annotations

from streamgov_core.catalog.run_shards import SIDE_BY_SIDE
from streamgov_core.deploy.sync_machine import SYNC_TIMEOUT, sync_definition

ARN = "arn:aws:lambda:us-east-1:222222222222:function:streamgov-sync-msk"
STATES = sync_definition(ARN)["States"]
SHARD = STATES["SyncShards"]["ItemProcessor"]["States"]["SyncShard"]


def test_a_shard_that_fails_stops_no_other_one() -> None:
    shards = STATES["SyncShards"]
    assert shards["ToleratedFailurePercentage"] == 100 and shards["Next"] == "SyncStage"
    assert shards["MaxConcurrency"] == SIDE_BY_SIDE
    assert shards["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


def test_the_states_function_ends_the_run_with_its_own_error_so_that_a_redrive_asks_it_again() -> None:
    assert "Catch" not in STATES["SyncStage"]
    assert not any(state["Type"] == "Fail" for state in STATES.values())


def test_whatever_is_not_final_is_tried_again() -> None:
    for task in (STATES["SyncStage"], SHARD):
        first, *others = task["Retry"]
        assert first == {"ErrorEquals": ["CatalogError", "ConfigError", "SyncFailedError"], "MaxAttempts": 0}
        assert any(retry["ErrorEquals"] == ["States.TaskFailed"] for retry in others)
        assert all(retry["JitterStrategy"] == "FULL" for retry in others)
        assert task["TimeoutSeconds"] > SYNC_TIMEOUT


def test_a_shard_goes_on_until_the_function_says_that_it_is_done() -> None:
    states = STATES["SyncShards"]["ItemProcessor"]["States"]
    assert states["SyncMore"]["Default"] == "SyncShard"
    assert states["ShardDone"]["Result"] == {}, "what came of it lies in the table: states have 256 KiB"
