"""A run in shards: nobody is left out or starved, whatever fails, and it ends within the hour at documented rates."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from streamgov_core.deploy.reconcile_branch import MEMBERS_AT_ONCE, RECONCILE_TIMEOUT
from streamgov_core.domain.grant_ledger import DynamoGrantLedger, GrantRecord, record_of, record_values
from streamgov_core.domain.reconcile import ledger_reading, pace, planning
from streamgov_core.domain.reconcile.detection import Detector
from streamgov_core.domain.reconcile.expected import DOCUMENTS_PER_COMMAND
from streamgov_core.domain.reconcile.lookups import Lookups
from streamgov_core.domain.reconcile.pace import Rotation, rotation_for, run_calls
from streamgov_core.domain.reconcile.shards import (
    CONCURRENCY,
    MAX_SHARDS,
    STAGES,
    held_back,
    shard_count,
    shard_of,
    shards_of,
)
from streamgov_core.model.errors import PermanentGrantError, RemoteError
from streamgov_core.runtime.dynamodb import from_item, to_item
from streamgov_core.runtime.run_store import CHUNK_CHARS, DynamoRunStore
from tests.unit.domain.test_reconcile import BOTH, NEITHER, expired, kinds, removed_by_hand
from tests.unit.grants.fakes import NAMES, OWNER, PROJECT
from tests.unit.grants.reconcile_accounts import CENTRAL, HOUR, MemoryDeployment

GRANTS, ACCOUNTS, PROJECTS = 100_000, 1_000, 5_000
"""What one run must be able to look at within an hour."""
DOCUMENTS = 4 * GRANTS
"""At most: the owner's, the role's, the reader role's and the connection details of each grant, none shared."""
SECONDS_OF_A_COMMAND, SECONDS_OF_A_PORTION = 20, 30
"""Sixty documents, six at a time, half a second each, and four times that; 10,000 records at 3 ms each."""
INPUT = {"version": 1, "action": "reconcile", "dryRun": False}


# --- the bound --------------------------------------------------------------------------------------------------------
def test_a_run_over_a_hundred_thousand_grants_ends_within_the_hour_at_documented_rates() -> None:
    rotation = rotation_for(0, PROJECTS, GRANTS)
    looks = run_calls(PROJECTS, GRANTS) / pace.CALLS_PER_SECOND
    shards = shard_count("accounts", ACCOUNTS)
    commands_of_a_shard = DOCUMENTS / shards / DOCUMENTS_PER_COMMAND + ACCOUNTS / shards
    rounds = -(-shards // CONCURRENCY["accounts"])
    documents = commands_of_a_shard / MEMBERS_AT_ONCE * SECONDS_OF_A_COMMAND * rounds
    reads = GRANTS / ledger_reading.RECORDS_PER_PORTION * SECONDS_OF_A_PORTION
    assert looks <= pace.LOOK_SECONDS and documents <= 900 and reads <= 300
    assert looks + documents + reads < 3600
    assert rotation.projects <= 8 and rotation.assets <= 50, "targets within a working day, assets every other day"


@pytest.mark.parametrize("stage", STAGES)
def test_the_shards_of_a_stage_together_stay_below_what_datazone_documents(stage: str) -> None:
    for count in (1, 3, 5, 250):
        shards = shards_of("run", stage, range(count), Rotation())
        side_by_side = min(count, CONCURRENCY[stage])
        assert sum(shard.rate for shard in shards[:side_by_side]) <= pace.CALLS_PER_SECOND + 1e-9 < pace.DOCUMENTED_RATE


def test_a_small_domain_is_looked_at_as_a_whole_in_every_run() -> None:
    assert rotation_for(7, 200, 3_000) == Rotation(7, 1, 1)


@pytest.mark.parametrize(("projects", "grants"), [(1, 1), (50, 100_000), (5_000, 100_000), (20_000, 1_000_000)])
def test_every_project_and_asset_has_its_turn(projects: int, grants: int) -> None:
    rotation = rotation_for(0, projects, grants)
    for runs, name in ((rotation.projects, "is_projects_turn"), (rotation.assets, "is_assets_turn")):
        turns = [getattr(replace(rotation, turn=turn), name)("something") for turn in range(5, 5 + runs)]
        assert sum(turns) == 1, name


def test_a_portion_ends_before_its_function_does() -> None:
    assert planning.PLANNING_SECONDS < planning.LOOKING_SECONDS < RECONCILE_TIMEOUT - 60


def test_the_states_of_the_largest_run_hold_its_shards() -> None:
    for stage, count in MAX_SHARDS.items():
        shards = shards_of("r" * 20, stage, range(count), Rotation(10**6, 10**4, 10**4), "held back: " + "x" * 100)
        assert len(json.dumps([shard.to_message() for shard in shards])) < 120_000


class Counted:
    """Counts the calls that reach a fake of DataZone, a page of a list as one."""

    def __init__(self, thing: Any, pages: Callable[[str, Any], int] = lambda name, answer: 1) -> None:
        self.thing, self.pages = thing, pages
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.thing, name)

        def call(*arguments: Any) -> Any:
            answer = method(*arguments)
            self.calls[name] += self.pages(name, answer)
            return answer

        return call


@pytest.mark.slow
def test_the_calls_of_a_run_are_those_that_the_bound_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """120 grants of one project: what the detector really asks is what ``run_calls`` says, and no more."""
    deployment = MemoryDeployment()
    for number in range(120):
        deployment.granted(f"grant{number:03d}", f"topic-{number:03d}")
    deployment.clock.value += HOUR

    def pages(name: str, answer: Any) -> int:
        return max(1, -(-len(answer) // pace.PAGE_SIZE)) if name == "grants_of" else 1 + (name == "retained_of")

    lists = Counted(deployment.inventory, pages)
    single = Counted(deployment.domain)
    monkeypatch.setattr(deployment.reconciler, "_inventory", lists)
    monkeypatch.setattr(deployment.reconciler, "_domain", single)
    assert kinds(deployment.reconcile()) == {}
    assert sum((lists.calls + single.calls).values()) <= run_calls(1, 120)
    assert single.calls == {"environment": 1, "target": 1, "asset": 120}
    assert lists.calls == {"projects": 1, "grants_of": 3, "retained_of": 2}


# --- nobody is left out -----------------------------------------------------------------------------------------------
def test_shards_divide_everything_among_them() -> None:
    names = [f"project-{number}" for number in range(1_000)]
    count = shard_count("projects", 40_000)
    assert count == 100 and shard_count("projects", None) == 250 and shard_count("projects", 0) == 1
    held = Counter(shard_of(name, count) for name in names)
    assert sum(held.values()) == 1_000 and set(held) <= set(range(count)) and max(held.values()) < 30


@pytest.mark.parametrize("per_portion", [1, 3, 1000])
def test_a_ledger_is_read_in_portions_and_every_grant_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, per_portion: int
) -> None:
    monkeypatch.setattr(ledger_reading, "RECORDS_PER_PORTION", per_portion)
    deployment = MemoryDeployment()
    for number in range(7):
        deployment.granted(f"grant{number}", f"topic-{number}", until=None)
    deployment.grants.page_size = per_portion
    removed_by_hand(deployment)
    deployment.edit("grant3", "topic-3", command=replace(
        deployment.command("grant3", "topic-3"),
        request=replace(deployment.command("grant3", "topic-3").request, until="1970-01-11"),
    ))  # fmt: skip
    deployment.clock.value += HOUR
    result = deployment.reconcile()
    assert kinds(result)["Expired"] == {"found": 1, "repaired": 1} and "DriftRemoved" in kinds(result)
    assert deployment.inventory.ended == ["grant3"] and result["checked"] >= 2
    assert all(deployment.reads(f"topic-{number}") == BOTH for number in (0, 1, 2, 4, 5, 6))


def test_ends_come_first_and_need_nothing_of_datazone() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR
    expired(deployment)
    deployment.inventory.refuses_to_end = True

    def denied(*arguments: Any) -> Any:
        raise PermanentGrantError("not allowed")

    for name in ("projects", "grants_of", "retained_of"):
        setattr(deployment.inventory, name, denied)
    result = deployment.reconcile()
    assert deployment.results[0]["stage"] == "expired"
    assert kinds(result)["Expired"] == {"found": 1, "repaired": 1} and deployment.reads() == NEITHER
    assert {item["subject"] for item in result["findings"] if item["kind"] == "Unreadable"} == {
        "the domain's projects", f"project {PROJECT}",
    }  # fmt: skip


def test_a_record_of_another_release_keeps_nobody_else_from_being_looked_at() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR
    deployment.grants.broken = ("grant9#asset",)
    removed_by_hand(deployment)
    result = deployment.reconcile()
    assert kinds(result) == {
        "Unreadable": {"found": 1, "failed": 1},
        "DriftRemoved": {"found": 1, "repaired": 1},
    }
    assert deployment.reads() == BOTH


def test_a_shard_that_fails_is_said_and_the_others_go_on() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR
    expired(deployment)
    shard = deployment.shard

    def failing(asked: Any, arn: str, item: dict[str, Any]) -> None:
        if item["stage"] != "accounts":
            shard(asked, arn, item)

    deployment.shard = failing  # type: ignore[assignment,method-assign]
    result = deployment.reconcile()
    assert kinds(result) == {
        "Expired": {"found": 1, "repaired": 1},
        "Unchecked": {"found": 1, "failed": 1},
    }
    (finding,) = [item for item in result["findings"] if item["kind"] == "Unchecked"]
    assert finding["subject"] == "accounts#0" and "child execution says why" in finding["text"]
    assert deployment.lines[0]["Open"] == [1]


def test_a_run_says_how_far_it_is_and_that_it_has_ended() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR
    deployment.reconcile()
    told = [
        next(name for name in ("ShardsBegun", "ShardsDone", "RunsEnded") if name in line)
        for line in deployment.progress
    ]
    assert told == ["ShardsBegun", "ShardsDone", "ShardsBegun", "ShardsDone", "RunsEnded"]
    assert [item["stage"] for item in deployment.results] == ["accounts", "projects"]
    assert deployment.progress[-1]["Mode"] == "repair"
    deployment.reconcile("dry", dry_run=True)
    assert deployment.progress[-1]["Mode"] == "dryRun"


def test_what_has_changed_since_the_ledger_was_read_is_judged_as_it_is_now() -> None:
    """The reading may be an hour old: a grant that came or went meanwhile is no finding."""
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.granted("grant2", "payments")
    deployment.clock.value += HOUR
    reading_ledger = deployment.reconciler._ledger.pages

    def pages(after: str = "") -> Iterator[Any]:
        found = list(reading_ledger(after))
        deployment.granted("grant3", "refunds")
        deployment.inventory.end("grant2")
        deployment.execute({"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "REVOKE"}, "revoke")
        deployment.inventory.ended.clear()
        deployment.clock.value += HOUR
        yield from found

    deployment.grants.pages = pages  # type: ignore[method-assign]
    assert kinds(deployment.reconcile()) == {}
    assert deployment.reads("payments") == NEITHER and deployment.reads("refunds") == BOTH


@pytest.mark.parametrize(
    ("orphans", "granted", "held"), [(5, 5, False), (6, 10, True), (20, 100, False), (21, 100, True)]
)
def test_the_safety_threshold_counts_the_whole_domain(orphans: int, granted: int, held: bool) -> None:
    assert bool(held_back(orphans, granted, force=False)) is held
    assert held_back(orphans, granted, force=True) == ""


def test_the_safety_threshold_holds_across_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shard sees less than the threshold gone; the run sees the sum."""
    deployment = MemoryDeployment()
    for number in range(8):
        deployment.granted(f"grant{number}", f"topic-{number}")
        found = deployment.command(f"grant{number}", f"topic-{number}")
        elsewhere = replace(found.consumer, project_id=f"project{number}")
        deployment.edit(f"grant{number}", f"topic-{number}", command=replace(found, consumer=elsewhere))
    deployment.clock.value += HOUR
    monkeypatch.setattr(
        "streamgov_core.domain.reconcile.shards.PER_SHARD", {"expired": 1, "accounts": 1, "projects": 1}
    )
    monkeypatch.setattr(deployment.inventory, "grants_of", lambda project: [])
    deployment.domain.grants.clear()
    result = deployment.reconcile()
    assert len({item["shard"] for item in deployment.results if item["stage"] == "projects"}) > 3
    assert kinds(result)["Orphaned"] == {"found": 8, "skipped": 8}
    assert all(deployment.reads(f"topic-{number}") == BOTH for number in range(8))


def test_a_project_that_has_no_turn_is_listed_and_not_looked_into() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR
    deployment.domain.environments.clear()
    records, settings = dict(deployment.grants.records), deployment.reconciler._settings

    def detect(rotation: Rotation) -> list[str]:
        detector = Detector(
            Lookups(deployment.domain), deployment.inventory, deployment.executions, deployment.grants.of_grant,
            settings.platform_of, settings.members, 900.0, deployment.clock.now, rotation,
        )  # fmt: skip
        return [finding.kind for finding in detector.detect(PROJECT, records).findings]

    found = [detect(Rotation(turn, 5, 5)) for turn in range(5)]
    assert sorted(itertools.chain(*found)) == ["Orphaned"]
    deployment.ask("grant2", "payments")
    deployment.clock.value += HOUR
    assert all("MissedEvent" in detect(Rotation(turn, 5, 5)) for turn in range(5))


# --- the table of runs ------------------------------------------------------------------------------------------------
def dynamodb() -> Any:
    return boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_rows_are_chunked_to_what_an_item_holds_and_read_back() -> None:
    client = dynamodb()
    store = DynamoRunStore(lambda: client, "runs", lambda: 1_000.0)
    rows = [["x" * 1_000, number] for number in range(1_000)]
    written: list[dict[str, Any]] = []
    client.meta.events.register(
        "before-parameter-build.dynamodb.PutItem", lambda params, **_: written.append(params["Item"])
    )
    chunks = -(-sum(len(json.dumps(row)) for row in rows) // CHUNK_CHARS)
    with Stubber(client) as stub:
        for _ in range(chunks):
            stub.add_response("put_item", {}, {"TableName": "runs", "Item": ANY})
        store.put("run", "projects#1", "00000", rows)
        stub.assert_no_pending_responses()
        items = [from_item(item) for item in written]
        assert [(item["run"], item["part"]) for item in items] == [
            ("run#projects#1", f"00000#{number:04d}") for number in range(chunks)
        ]
        assert all(item["purgeAt"] == 1_000 + 2 * 86_400 and len(item["rows"]) < 400_000 for item in items)
        stub.add_response("query", {"Items": [to_item(item) for item in items]})
        assert list(store.rows("run", "projects#1")) == rows
        stub.add_response("update_item", {"Attributes": {"turns": {"N": "8"}}})
        assert store.next_turn() == 8
        store.put("run", "projects#2", "00000", [])


def test_a_record_survives_its_way_through_the_table(world_record: GrantRecord) -> None:
    assert record_of(json.loads(json.dumps(record_values(world_record)))) == world_record


@pytest.fixture
def world_record() -> GrantRecord:
    deployment = MemoryDeployment()
    deployment.granted(until="2999-01-01")
    return deployment.record()


def test_a_page_of_the_ledger_begins_where_the_last_one_ended(world_record: GrantRecord) -> None:
    client = dynamodb()
    good, bad = to_item(record_values(world_record)), to_item({"grantId": "g2", "assetId": "a", "version": 99})
    key = {"grantId": {"S": "g1"}, "assetId": {"S": "a"}}
    with Stubber(client) as stub:
        stub.add_response("scan", {"Items": [good, bad], "LastEvaluatedKey": key})
        ledger = DynamoGrantLedger(lambda: client, "t")
        first = next(iter(ledger.pages()))
        assert first.records == (world_record,) and first.unreadable == ("g2#a",)
        asked = {
            "TableName": "t",
            "ConsistentRead": True,
            "ExclusiveStartKey": key,
            "FilterExpression": "NOT #state IN (:ended0, :ended1)",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":ended0": {"S": "REVOKED"}, ":ended1": {"S": "GRANT_FAILED"}},
        }
        stub.add_response("scan", {"Items": []}, asked)
        assert [page.following for page in ledger.pages(first.following)] == [""]
        stub.assert_no_pending_responses()


def test_every_phase_of_a_shard_keeps_to_its_share_of_the_rate() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR
    rates: list[float] = []
    deployment.reconciler._set_rate = rates.append
    (shard,) = deployment.shards_of(INPUT, CENTRAL + "x", "projects")
    deployment.shard(INPUT, CENTRAL + "x", {**shard, "rate": 0.25})
    assert rates == [0.25] * 3


def test_a_domain_that_cannot_be_listed_is_a_finding() -> None:
    deployment = MemoryDeployment()
    deployment.granted()
    deployment.clock.value += HOUR

    def refuse() -> list[str]:
        raise RemoteError("datazone:ListProjects", "ValidationException", "no")

    deployment.inventory.projects = refuse  # type: ignore[method-assign]
    assert kinds(deployment.reconcile()) == {"Unreadable": {"found": 1, "skipped": 1}}
    plan = deployment.shards_of(INPUT, CENTRAL + "x", "accounts")
    assert (
        [shard["number"] for shard in plan] == [0]
        and OWNER in deployment.accounts
        and NAMES.run_table == "streamgov-runs"
    )
