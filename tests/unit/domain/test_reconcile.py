"""The reconciler, run through all of its states over fakes: each kind of finding, dry and repaired, and bad moments."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.documents.compiler import statements_of
from streamgov_core.domain.grant_documents import document_ids_of
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import EventRefusedError, RemoteError, RetryableGrantError
from streamgov_core.model.findings import KINDS
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms import PLATFORMS
from tests.unit.grants.fakes import CLUSTER, NAMES, OWNER, PROJECT, ROLE
from tests.unit.grants.reconcile_accounts import CENTRAL, HOUR, MemoryDeployment

BOTH, NEITHER = (True, True), (False, False)


@pytest.fixture
def world() -> MemoryDeployment:
    made = MemoryDeployment()
    made.granted()
    made.clock.value += HOUR
    return made


def run_beside(world: MemoryDeployment) -> None:
    """Another run, from beginning to end."""
    world.reconcile("other")


STANDING = {"GrantFailed", "EndNotShown"}
"""Kinds that stay until a person has deleted the grant in DataZone; tests of their own look at them."""


def kinds(result: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {kind: counted for kind, counted in result["counts"].items() if kind not in STANDING}


def standing(result: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {kind: counted for kind, counted in result["counts"].items() if kind in STANDING}


def fix_check(world: MemoryDeployment) -> None:
    """After a repair a second run finds nothing."""
    assert kinds(world.reconcile("again")) == {}


def test_nothing_to_find(world: MemoryDeployment) -> None:
    before = world.writes()
    result = world.reconcile()
    assert kinds(result) == {} and result["findings"] == [] and result["checked"] == 2 and result["busy"] == 0
    assert world.writes() == before and world.told.entries == []
    assert world.lines[0]["Open"] == [0] and world.lines[0]["Deployment"] == "streamgov"


# --- every kind of finding: what is wrong, how it is called, and how it looks afterwards ------------------------------
def missed_grant(world: MemoryDeployment) -> None:
    world.ask("grant2", "payments")


def missed_revoke(world: MemoryDeployment) -> None:
    world.inventory.end("grant1")
    world.inventory.ended.clear()


def hanging_grant(world: MemoryDeployment) -> None:
    world.ask("grant2", "payments")
    workflow_input = {"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}
    world.execute(workflow_input, "lost", until="first")


def hanging_before_its_mark(world: MemoryDeployment) -> None:
    hanging_grant(world)
    world.domain.grants["grant2"]["assets"][0]["status"] = "GRANT_PENDING"


def forgotten_execution(world: MemoryDeployment) -> None:
    hanging_grant(world)
    del world.executions.known[CENTRAL + "lost"]


def not_marked(world: MemoryDeployment) -> None:
    world.domain.grants["grant1"]["assets"][0]["status"] = "GRANT_IN_PROGRESS"


def expired(world: MemoryDeployment) -> None:
    world.edit(command=replace(world.command(), request=replace(world.command().request, until="1970-01-11")))


def environment_gone(world: MemoryDeployment) -> None:
    world.domain.environments.clear()


def target_gone(world: MemoryDeployment) -> None:
    world.domain.targets.clear()


def asset_gone(world: MemoryDeployment) -> None:
    world.domain.gone_assets.add("orders-asset")


def grant_gone(world: MemoryDeployment) -> None:
    world.domain.grants.clear()


def revoked_in_datazone_only(world: MemoryDeployment) -> None:
    world.domain.grants["grant1"]["assets"][0]["status"] = "REVOKED"


def failed_in_datazone_only(world: MemoryDeployment) -> None:
    world.domain.grants["grant1"]["assets"][0]["status"] = "GRANT_FAILED"


def failed_and_never_undone(world: MemoryDeployment) -> None:
    """The execution died, and DataZone was told of the failure by somebody else."""
    world.ask("grant2", "payments")
    world.execute({"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}, "x", until="first")
    world.domain.grants["grant2"]["assets"][0]["status"] = "GRANT_FAILED"


def lost_contribution(world: MemoryDeployment) -> None:
    """The document ledger and its document forget a grant."""
    for account in world.accounts.values():
        account.ledger.documents.clear()
    world.owner.gateway.policies.documents.clear()
    world.consumer.gateway.iam.inlines.clear()


def not_undone(world: MemoryDeployment) -> None:
    world.edit(state="GRANT_FAILED")
    world.domain.grants["grant1"]["assets"][0]["status"] = "GRANT_FAILED"


def revoke_left_over(world: MemoryDeployment) -> None:
    world.edit(state="REVOKED", desired="REVOKE", generation=3)
    world.domain.grants["grant1"]["assets"][0]["status"] = "REVOKED"


def removed_by_hand(world: MemoryDeployment) -> None:
    world.owner.gateway.policies.documents.clear()


def removed_from_the_role(world: MemoryDeployment) -> None:
    world.consumer.gateway.iam.inlines.clear()


def our_statement(world: MemoryDeployment) -> dict[str, Any]:
    return statements_of(world.owner.gateway.policies.documents[CLUSTER][0])[0]


def altered_by_hand(world: MemoryDeployment) -> None:
    document, version = world.owner.gateway.policies.documents[CLUSTER]
    statements = [{**item, "Action": "kafka-cluster:*"} for item in statements_of(document)]
    world.owner.gateway.policies.documents[CLUSTER] = ({**document, "Statement": statements}, version)


def added_by_hand(world: MemoryDeployment) -> None:
    extra = {**our_statement(world), "Sid": NAMES.sid_prefix + "zzz", "Action": "kafka-cluster:WriteData"}
    world.owner.gateway.policies.foreign_write(CLUSTER, extra)


def role_made_again(world: MemoryDeployment) -> None:
    """MSK shows the old role by its id, and IAM has a role of that name without policies."""
    document, version = world.owner.gateway.policies.documents[CLUSTER]
    text = json.dumps(document).replace(f'"{ROLE}"', '"AROAEXAMPLEEXAMPLE123"')
    world.owner.gateway.policies.documents[CLUSTER] = (json.loads(text), version)
    for key in [key for key in world.consumer.gateway.iam.inlines if key[0] == ROLE.rsplit("/", 1)[1]]:
        del world.consumer.gateway.iam.inlines[key]


CASES: dict[str, tuple[Callable[[MemoryDeployment], None], set[str], str, tuple[bool, bool]]] = {
    # what happened: (how, findings, the topic, who may read it afterwards)
    "missed grant": (missed_grant, {"MissedEvent"}, "payments", BOTH),
    "missed revoke": (missed_revoke, {"MissedEvent"}, "orders", NEITHER),
    "hanging grant": (hanging_grant, {"Stuck"}, "payments", BOTH),
    "hanging before its mark": (hanging_before_its_mark, {"Stuck"}, "payments", BOTH),
    "execution forgotten": (forgotten_execution, {"Stuck"}, "payments", BOTH),
    "not marked": (not_marked, {"Stuck"}, "orders", BOTH),
    "Expired": (expired, {"Expired"}, "orders", NEITHER),
    "environment gone": (environment_gone, {"Orphaned"}, "orders", NEITHER),
    "target gone": (target_gone, {"Orphaned"}, "orders", NEITHER),
    "asset gone": (asset_gone, {"Orphaned"}, "orders", NEITHER),
    "grant gone": (grant_gone, {"Orphaned"}, "orders", NEITHER),
    "revoked in DataZone only": (revoked_in_datazone_only, {"StatusMismatch"}, "orders", NEITHER),
    "failed in DataZone only": (failed_in_datazone_only, {"StatusMismatch"}, "orders", NEITHER),
    "failed and never undone": (failed_and_never_undone, {"Stuck"}, "payments", NEITHER),
    "ledger lost": (lost_contribution, {"MissingContribution"}, "orders", BOTH),
    "not undone": (not_undone, {"StaleContribution"}, "orders", NEITHER),
    "revoke left over": (revoke_left_over, {"StaleContribution"}, "orders", NEITHER),
    "removed by hand": (removed_by_hand, {"DriftRemoved"}, "orders", BOTH),
    "removed from the role": (removed_from_the_role, {"DriftRemoved"}, "orders", BOTH),
    "altered by hand": (altered_by_hand, {"DriftAltered"}, "orders", BOTH),
    "added by hand": (added_by_hand, {"DriftAdded"}, "orders", BOTH),
    "role made again": (role_made_again, {"DeletedRole", "DriftRemoved"}, "orders", BOTH),
}


@pytest.mark.parametrize("what", CASES)
def test_a_dry_run_reports_and_touches_nothing(world: MemoryDeployment, what: str) -> None:
    break_it, expected, _, _ = CASES[what]
    break_it(world)
    world.clock.value += HOUR
    before, records = world.writes(), dict(world.grants.records)
    targets = json.dumps({n: repr(t) for a in world.accounts.values() for n, t in a.ledger.documents.items()})
    result = world.reconcile(dry_run=True)
    assert set(kinds(result)) == expected
    assert all(set(counted) <= {"found", "skipped"} for counted in kinds(result).values())
    assert world.writes() == before and world.grants.records == records and not world.executions.waiting
    assert targets == json.dumps({n: repr(t) for a in world.accounts.values() for n, t in a.ledger.documents.items()})
    assert set(world.told.kinds()) - STANDING == expected
    assert all(json.loads(entry["Detail"])["dryRun"] for entry in world.told.entries)
    assert world.lines[0]["Mode"] == "dryRun"


@pytest.mark.parametrize("what", CASES)
def test_a_run_repairs_it_and_the_next_finds_nothing(world: MemoryDeployment, what: str) -> None:
    break_it, expected, topic, access = CASES[what]
    break_it(world)
    world.clock.value += HOUR
    result = world.reconcile()
    assert set(kinds(result)) == expected
    assert all(counted["found"] == counted.get("repaired") for counted in kinds(result).values()), kinds(result)
    assert all(item["outcome"] == "repaired" for item in result["findings"] if item["kind"] not in STANDING)
    assert world.lines[0]["Open"] == [0] and world.lines[0]["Repaired"] == world.lines[0]["Findings"] > [0]
    # DataZone answers the end of a grant with an event; what it starts is what a redrive starts.
    for grant in world.inventory.ended:
        world.execute({"version": 1, "action": "redrive", "grantId": grant, "requestType": "REVOKE"}, f"e-{grant}")
    world.drain()
    assert world.reads(topic) == access
    if topic != "orders":
        assert world.reads("orders") == BOTH, "what nothing happened to is as it was"
    for shown in world.domain.grants.values():
        assert shown["assets"][0]["status"] in ("GRANTED", "REVOKED", "GRANT_FAILED")
    assert {record.state for record in world.grants.records.values()} <= {"GRANTED", "REVOKED", "GRANT_FAILED"}
    world.clock.value += HOUR
    before = world.writes()
    fix_check(world)
    assert world.writes() == before


# --- what is reported and never touched -------------------------------------------------------------------------------
def test_retained_permissions_are_left_alone(world: MemoryDeployment) -> None:
    world.inventory.retained = {"subscription1"}
    environment_gone(world)
    expired(world)
    result = world.reconcile()
    assert kinds(result) == {"Retained": {"found": 1, "skipped": 1}}
    assert world.reads() == BOTH and world.lines[0]["Open"] == [0]
    grant_gone(world)
    assert kinds(world.reconcile("r2")) == {"Retained": {"found": 1, "skipped": 1}}
    assert world.reads() == BOTH


@pytest.mark.parametrize("gone", [grant_gone, environment_gone, asset_gone])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_orphaned_of_a_project_whose_subscriptions_cannot_be_listed(
    world: MemoryDeployment, gone: Callable[[MemoryDeployment], None], force: bool
) -> None:
    """Its permissions may be retained, which only the list of its ended subscriptions says."""
    gone(world)
    world.inventory.denied = {PROJECT}
    result = world.reconcile(force=force)
    assert kinds(result) == {"Unreadable": {"found": 2, "skipped": 2}}
    assert world.reads() == BOTH and world.inventory.ended == []
    world.inventory.denied.clear()
    assert kinds(world.reconcile("r2"))["Orphaned"]["found"] == 1


def test_what_datazone_calls_granted_and_is_not_is_reported_only(world: MemoryDeployment) -> None:
    world.edit(state="REVOKED", desired="REVOKE", generation=3)
    result = world.reconcile()
    assert kinds(result) == {
        "StatusMismatch": {"found": 1, "skipped": 1},
        "StaleContribution": {"found": 2, "repaired": 2},
    }
    assert world.status() == "GRANTED" and world.reads() == NEITHER
    world.edit(state="IN_PROGRESS", desired="GRANT")
    assert kinds(world.reconcile("r2")) == {"StatusMismatch": {"found": 1, "skipped": 1}}


def test_one_asset_of_a_data_product_is_gone(world: MemoryDeployment) -> None:
    """DataZone could only end the whole grant; the others keep their access."""
    world.domain.grants["grant1"]["assets"].append({"assetId": "other", "assetRevision": "1", "status": "GRANTED"})
    world.grants.records[("grant1", "other")] = replace(world.record(), asset_id="other", command=None)
    world.domain.listings["other"] = {"item": {"assetListing": {"assetId": "other", "assetType": "MskTopicAssetType"}}}
    asset_gone(world)
    assert kinds(world.reconcile()) == {"Orphaned": {"found": 1, "repaired": 1}}
    assert world.inventory.ended == [] and world.reads() == NEITHER
    assert world.grants.records[("grant1", "other")].state == "GRANTED"
    world.domain.environments.clear()
    world.edit(state="GRANTED", desired="GRANT", updated_at=0.0)
    for asset in world.domain.grants["grant1"]["assets"]:
        asset["status"] = "GRANTED"
    result = world.reconcile("r2", force=True)
    assert kinds(result)["Orphaned"] == {"found": 2, "repaired": 2} and world.inventory.ended == ["grant1"]


def test_what_nobody_recorded_is_reported_only(world: MemoryDeployment) -> None:
    world.grants.records.clear()
    result = world.reconcile()
    assert kinds(result) == {
        "UnrecordedGrant": {"found": 1, "skipped": 1},
        "UnrecordedContribution": {"found": 2, "skipped": 2},
    }
    assert world.reads() == BOTH and world.lines[0]["Open"] == [3]


def test_grants_of_other_asset_types_are_nobodys_business(world: MemoryDeployment) -> None:
    world.domain.add_grant(grant_id="glue", asset_type="GlueTableAssetType", status="GRANT_PENDING")
    world.clock.value += HOUR
    assert kinds(world.reconcile()) == {} and not world.executions.waiting


def test_a_failed_revoke_waits_for_a_person_and_yet_nothing_is_left_of_it(world: MemoryDeployment) -> None:
    world.edit(state="REVOKE_FAILED", desired="REVOKE", generation=3, cause="the cluster was updating")
    world.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_FAILED"
    result = world.reconcile()
    assert kinds(result) == {
        "RevokeFailed": {"found": 1, "skipped": 1},
        "StaleContribution": {"found": 2, "repaired": 2},
    }
    assert "the cluster was updating" in result["findings"][0]["text"]
    assert world.reads() == NEITHER


def test_a_foreign_statement_in_a_policy_of_ours_is_reported_and_kept(world: MemoryDeployment) -> None:
    key = next(iter(world.consumer.gateway.iam.inlines))
    document = world.consumer.gateway.iam.inlines[key]
    extra = {"Sid": "Mine", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    world.consumer.gateway.iam.inlines[key] = {**document, "Statement": [*document["Statement"], extra]}
    result = world.reconcile()
    assert kinds(result) == {"ForeignStatement": {"found": 1, "skipped": 1}}
    assert extra in statements_of(world.consumer.gateway.iam.inlines[key])


def test_foreign_statements_of_a_cluster_policy_are_no_finding_and_survive_a_repair(world: MemoryDeployment) -> None:
    extra = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kafka:Get*", "Resource": CLUSTER}
    world.owner.gateway.policies.foreign_write(CLUSTER, extra)
    assert kinds(world.reconcile()) == {}
    altered_by_hand(world)
    document, version = world.owner.gateway.policies.documents[CLUSTER]
    restored = [extra if item["Sid"] == "Theirs" else item for item in statements_of(document)]
    world.owner.gateway.policies.documents[CLUSTER] = ({**document, "Statement": restored}, version)
    assert set(kinds(world.reconcile("r2"))) == {"DriftAltered"}
    assert extra in world.owner.gateway.policies.statements(CLUSTER) and world.reads() == BOTH


def test_a_statement_for_everybody_under_our_prefix_is_taken_away(world: MemoryDeployment) -> None:
    document, version = world.owner.gateway.policies.documents[CLUSTER]
    extra = {"Sid": NAMES.sid_prefix + "all", "Effect": "Allow", "Principal": "*", "Action": "kafka:*", "Resource": "*"}
    world.owner.gateway.policies.documents[CLUSTER] = (
        {**document, "Statement": [*statements_of(document), extra]},
        version,
    )
    result = world.reconcile()
    assert kinds(result) == {"DriftAdded": {"found": 1, "repaired": 1}} and "kafka:*" in result["findings"][0]["text"]
    assert world.owner.gateway.policies.statements(CLUSTER) == statements_of(document)


def test_a_deleted_role_is_reported_until_it_is_back(world: MemoryDeployment) -> None:
    name = ROLE.rsplit("/", 1)[1]
    world.consumer.gateway.iam.inlines.clear()
    gone = world.consumer.gateway.iam.roles.pop(name)
    result = world.reconcile()
    assert kinds(result) == {"DeletedRole": {"found": 1, "skipped": 1}}
    assert world.lines[0]["Open"] == [1]
    world.consumer.gateway.iam.roles[name] = gone
    assert kinds(world.reconcile("r2"))["DriftRemoved"] == {"found": 1, "repaired": 1}
    assert world.reads() == BOTH


def test_a_role_deleted_for_good_does_not_stand_in_anybodys_way(world: MemoryDeployment) -> None:
    """The cluster's policy shows it by its id, and takes its ARN back no more."""
    other = ROLE + "-two"
    world.consumer.gateway.iam.add(other)
    world.granted("grant2", "payments", role=other)
    role_made_again(world)
    del world.consumer.gateway.iam.roles[ROLE.rsplit("/", 1)[1]]
    world.owner.gateway.policies.missing_roles.add(ROLE)
    world.clock.value += HOUR
    assert kinds(world.reconcile())["DeletedRole"] == {"found": 2, "repaired": 1, "skipped": 1}
    assert "AROA" not in json.dumps(world.owner.gateway.policies.statements(CLUSTER))
    assert world.reads("payments", other) == BOTH
    later = world.reconcile("r2")
    assert kinds(later)["DriftRemoved"]["failed"] >= 1 and "Unreadable" not in kinds(later), kinds(later)
    told = [line["Open"][0] for line in world.lines if "Open" in line][-1]
    assert told == sum(counted["found"] for counted in kinds(later).values()) > 0
    world.granted("grant3", "refunds", role=other)
    assert world.reads("refunds", other) == BOTH, "a role that is gone must not keep others out"


def test_what_may_not_be_read_is_not_taken_for_gone(world: MemoryDeployment) -> None:
    world.domain.denied.add("orders-asset")
    assert kinds(world.reconcile()) == {"Unreadable": {"found": 1, "skipped": 1}}
    world.domain.denied.clear()
    world.inventory.denied = {"consumerproj01"}
    assert set(kinds(world.reconcile("r2"))) == {"Unreadable"}
    world.inventory.denied.clear()
    world.inventory.hidden.add("grant1")  # The list does not show it, and it is there all the same.
    assert kinds(world.reconcile("r3")) == {}
    assert world.reads() == BOTH


def test_the_safety_threshold_holds_when_suspiciously_much_is_gone() -> None:
    world = MemoryDeployment()
    for number in range(7):
        world.granted(f"grant{number}", f"topic-{number}")
    world.clock.value += HOUR
    world.domain.grants.clear()
    result = world.reconcile()
    assert kinds(result) == {"Orphaned": {"found": 7, "skipped": 7}} and "held back" in result["findings"][0]["text"]
    assert all(world.reads(f"topic-{number}") == BOTH for number in range(7))
    forced = world.reconcile("r2", force=True)
    assert kinds(forced) == {"Orphaned": {"found": 7, "repaired": 7}}
    assert all(world.reads(f"topic-{number}") == NEITHER for number in range(7))
    assert {record.state for record in world.grants.records.values()} == {"REVOKED"}


# --- bad moments ------------------------------------------------------------------------------------------------------
def test_a_grant_that_has_just_been_asked_for_is_not_touched(world: MemoryDeployment) -> None:
    world.ask("grant2", "payments")
    world.clock.value += 60
    assert kinds(world.reconcile()) == {} and not world.executions.waiting


def test_an_aborted_grant_is_undone_as_its_settle_rule_would(world: MemoryDeployment) -> None:
    hanging_grant(world)
    workflow_input = world.executions.known[CENTRAL + "lost"][1]
    world.executions.known[CENTRAL + "lost"] = ("ABORTED", workflow_input)
    world.clock.value += HOUR
    assert set(kinds(world.reconcile())) == {"Stuck"}
    world.drain()
    assert world.status("grant2") == "GRANT_FAILED" and world.reads("payments") == NEITHER
    fix_check(world)


def test_what_settling_could_not_finish_is_begun_anew(world: MemoryDeployment) -> None:
    hanging_grant(world)
    settle = {"version": 1, "action": "settle", "executionArn": CENTRAL + "lost", "status": "TIMED_OUT"}
    world.executions.known[CENTRAL + "settle"] = ("FAILED", settle)
    world.edit("grant2", "payments", execution=CENTRAL + "settle")
    world.clock.value += HOUR
    world.reconcile()
    (started,) = world.executions.waiting
    assert world.executions.known[started][1]["action"] == "redrive"
    world.drain()
    assert world.reads("payments") == BOTH


def test_a_running_execution_is_waited_for_however_long_it_takes(world: MemoryDeployment) -> None:
    hanging_grant(world)
    world.clock.value += HOUR
    world.executions.known[CENTRAL + "lost"] = ("RUNNING", {})
    assert kinds(world.reconcile()) == {} and not world.executions.waiting


def test_two_runs_at_once_start_an_order_once(world: MemoryDeployment) -> None:
    missed_grant(world)
    world.clock.value = (world.clock.value // HOUR + 2) * HOUR  # both in the same hour
    world.between["conclude"] = lambda: run_beside(world)
    result = world.reconcile()
    assert len(world.executions.waiting) == 1
    assert kinds(result)["MissedEvent"] == {"found": 1, "skipped": 1}
    world.drain()
    assert world.reads("payments") == BOTH
    fix_check(world)


@pytest.mark.parametrize("what", ["grant gone", "not undone", "ledger lost", "altered by hand", "environment gone"])
@pytest.mark.parametrize("state", ["members", "conclude", "steps", "report"])
def test_two_runs_interleaved_end_as_one(world: MemoryDeployment, what: str, state: str) -> None:
    break_it, _, topic, access = CASES[what]
    break_it(world)
    world.clock.value += HOUR
    world.between[state] = lambda: run_beside(world)
    world.reconcile()
    for grant in sorted(set(world.inventory.ended)):
        if world.status(grant) == "REVOKE_PENDING":
            world.execute({"version": 1, "action": "redrive", "grantId": grant, "requestType": "REVOKE"}, f"e-{grant}")
    world.drain()
    assert world.reads(topic) == access
    world.clock.value += HOUR
    fix_check(world)


@pytest.mark.parametrize("state", ["members", "conclude", "steps", "report"])
def test_a_revoke_between_two_states_stands(world: MemoryDeployment, state: str) -> None:
    """The run has seen a granted asset, of which a document ledger knew nothing; meanwhile it is revoked."""
    lost_contribution(world)

    def revoke() -> None:
        world.inventory.end("grant1")
        world.execute({"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "REVOKE"}, "revoke")

    world.between[state] = revoke
    world.reconcile()
    assert world.status() == "REVOKED" and world.record().state == "REVOKED" and world.reads() == NEITHER
    fix_check(world)


@pytest.mark.parametrize("state", ["members", "conclude", "steps", "report"])
def test_a_grant_between_two_states_stands(world: MemoryDeployment, state: str) -> None:
    revoke_left_over(world)
    world.between[state] = lambda: world.granted("grant2", "payments")
    world.reconcile()
    assert world.reads("payments") == BOTH and world.reads("orders") == NEITHER
    fix_check(world)


def test_a_grant_in_flight_is_not_taken_for_a_difference(world: MemoryDeployment) -> None:
    """Its document ledgers hold what the grant ledger does not call granted yet."""
    world.ask("grant2", "payments")
    world.between["members"] = lambda: world.execute(
        {"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}, "slow", until="first"
    )
    assert kinds(world.reconcile()) == {}
    assert world.reads("payments")[0]


def test_an_act_is_dropped_if_its_grant_has_moved_on(world: MemoryDeployment) -> None:
    expired(world)
    world.between["conclude"] = lambda: world.edit(generation=5)
    assert kinds(world.reconcile()) == {"Expired": {"found": 1, "skipped": 1}}
    assert world.inventory.ended == [] and world.reads() == BOTH


def test_a_revoke_from_the_ledger_where_datazone_will_not(world: MemoryDeployment) -> None:
    environment_gone(world)
    world.inventory.refuses_to_end = True
    assert kinds(world.reconcile()) == {"Orphaned": {"found": 1, "repaired": 1}}
    assert world.reads() == NEITHER and world.record().state == "REVOKED" and world.record().generation == 3
    # DataZone's status for it can be that of before: it is said, and nothing is done about it again.
    assert world.status() == "GRANTED"
    again = world.reconcile("r2")
    assert kinds(again) == {} and standing(again) == {"EndNotShown": {"found": 1, "skipped": 1}}
    assert [line["Open"] for line in world.lines if "Open" in line][-1] == [0]


def test_a_grant_that_failed_and_is_still_approved_is_counted(world: MemoryDeployment) -> None:
    targets = dict(world.domain.targets)
    world.ask("grant2", "payments", role=f"arn:aws:iam::{OWNER}:role/streaming/elsewhere")
    world.domain.grants["grant2"]["subscriptionTargetId"] = "target2"
    world.domain.targets = {**targets, "target2": world.domain.targets["target1"]}
    world.execute({"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}, "refused")
    assert world.status("grant2") == "GRANT_FAILED"
    world.clock.value += HOUR
    result = world.reconcile()
    assert result["counts"] == {"GrantFailed": {"found": 1, "skipped": 1}}
    (finding,) = result["findings"]
    assert "not a role of the environment's account" in finding["text"] and "grant again" in finding["text"]
    assert world.writes() and world.record("grant2", "payments").state == "GRANT_FAILED"
    # A person deletes it: DataZone asks for a revoke, and nothing is left to say.
    world.inventory.end("grant2")
    world.execute({"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "REVOKE"}, "deleted")
    assert world.reconcile("r2")["counts"] == {}


@pytest.mark.parametrize("ledger", ["IN_PROGRESS", "GRANTED", "GRANT_FAILED", "REVOKED", "REVOKE_FAILED"])
@pytest.mark.parametrize("shown", ["GRANTED", "GRANT_FAILED", "REVOKED", "REVOKE_FAILED"])
def test_ledger_and_datazone_that_contradict_each_other_are_found(
    world: MemoryDeployment, ledger: str, shown: str
) -> None:
    agree = {(state, state) for state in ("GRANTED", "REVOKED")} | {("GRANT_FAILED", "REVOKED")}
    world.edit(state=ledger, desired="REVOKE" if ledger.startswith("REVOKE") else "GRANT")
    world.domain.grants["grant1"]["assets"][0]["status"] = shown
    world.executions.known.clear()
    found = {item["kind"] for item in world.reconcile(dry_run=True)["findings"] if "#" in item["subject"]}
    found -= {"StaleContribution"}
    assert bool(found) is ((ledger, shown) not in agree), found


def test_a_revoke_of_its_own_that_failed_is_tried_again(world: MemoryDeployment) -> None:
    environment_gone(world)
    world.inventory.refuses_to_end = True
    world.consumer.down = True
    world.reconcile()
    assert world.record().state == "REVOKE_FAILED" and world.status() == "GRANTED"
    world.consumer.down = False
    world.clock.value += HOUR
    assert kinds(world.reconcile("r2"))["RevokeFailed"] == {"found": 1, "repaired": 1}
    assert world.reads() == NEITHER and world.record().state == "REVOKED"


def gone_plan(world: MemoryDeployment, workflow_input: dict[str, Any], arn: str) -> dict[str, Any]:
    """The plan of the shard that looks after what is gone."""
    (projects,) = world.shards_of(workflow_input, arn, "projects")
    world.shard(workflow_input, arn, projects)
    (gone,) = world.shards_of(workflow_input, arn, "orphaned")
    return world.phase(phase="plan", input=workflow_input, execution=arn, shard=gone)


def test_a_run_that_died_is_finished_by_the_next(world: MemoryDeployment) -> None:
    grant_gone(world)
    arn = CENTRAL + "dead"
    workflow_input = {"action": "reconcile", "dryRun": False}
    plan = gone_plan(world, workflow_input, arn)
    world.phase(phase="conclude", plan=plan, answers=world.stage(plan["members"]))
    world.executions.known[arn] = ("FAILED", workflow_input)
    assert world.record().state == "IN_PROGRESS" and world.reads() == BOTH
    world.clock.value += HOUR
    assert kinds(world.reconcile())["Orphaned"] == {"found": 1, "repaired": 1}
    assert world.record().state == "REVOKED" and world.reads() == NEITHER


def test_a_phase_that_is_tried_again_does_nothing_twice(world: MemoryDeployment) -> None:
    grant_gone(world)
    missed_grant(world)
    world.clock.value += HOUR
    workflow_input = {"action": "reconcile", "dryRun": False}
    plan = gone_plan(world, workflow_input, CENTRAL + "r")
    answers = world.stage(plan["members"])
    first = world.phase(phase="conclude", plan=plan, answers=answers)
    again = world.phase(phase="conclude", plan=plan, answers=answers)
    assert again["first"] == first["first"] and again["work"] == first["work"] and len(again["work"]) == 1
    assert len(world.executions.waiting) == 1


def test_an_account_that_does_not_answer_is_a_finding(world: MemoryDeployment) -> None:
    altered_by_hand(world)
    world.owner.down = True
    result = world.reconcile()
    assert kinds(result) == {"Unchecked": {"found": 1, "failed": 1}}
    assert OWNER in result["findings"][0]["text"] and "did not answer" in result["findings"][0]["text"]


def test_a_step_that_fails_leaves_the_revoke_failed_and_said(world: MemoryDeployment) -> None:
    grant_gone(world)
    world.between["steps"] = lambda: setattr(world.owner, "down", True)
    result = world.reconcile()
    assert kinds(result) == {"Orphaned": {"found": 1, "failed": 1}}
    assert world.record().state == "REVOKE_FAILED" and f"account {OWNER}" in world.record().cause
    assert world.reads() == (True, False)
    world.owner.down = False
    world.clock.value += HOUR
    assert kinds(world.reconcile("r2"))["StaleContribution"] == {"found": 1, "repaired": 1}
    assert world.reads() == NEITHER


def test_a_document_that_somebody_writes_right_now_is_left_to_the_next_run(world: MemoryDeployment) -> None:
    altered_by_hand(world)
    target = f"cluster#{CLUSTER}"
    head = world.owner.ledger.documents[target].lease_record
    world.owner.ledger.documents[target].lease_record = replace(head, owner="someone", until=world.clock.value + 60)
    for dry_run in (True, False):
        result = world.reconcile(f"r-{dry_run}", dry_run=dry_run)
        assert kinds(result) == {} and result["busy"] == 1
    world.clock.value += 120  # The holder died: its writes are unknown, so everything is looked at.
    assert set(kinds(world.reconcile("r3"))) == {"DriftAltered"} and world.reads() == BOTH


def test_a_grant_that_waits_for_the_lease_is_written_with_the_repair(world: MemoryDeployment) -> None:
    altered_by_hand(world)
    target = f"cluster#{CLUSTER}"
    world.record_source("payments")
    waiting = replace(
        world.command(),
        grant_id="grant2",
        asset_id="payments-asset",
        resource={**world.command().resource, "arn": world.command().resource["arn"].replace("orders", "payments")},
    )

    def join(arn: str) -> None:
        world.owner.gateway.policies.hooks.clear()
        contribution = PLATFORMS["msk"].producer_contributions(NAMES, waiting)[0]
        world.owner.ledger.store(target, ContributionRecord.of(waiting.key, 1, True, contribution, world.clock.now()))
        world.owner.ledger.count_change(target)

    world.owner.gateway.policies.hooks["put"] = join
    world.reconcile()
    head = world.owner.ledger.documents[target].lease_record
    assert head.committed == head.change_count and not head.owner and waiting.key in head.slots


def test_a_broken_document_does_not_stop_the_others(world: MemoryDeployment) -> None:
    removed_from_the_role(world)

    def refuse(arn: str) -> None:
        raise RetryableGrantError("kafka:GetClusterPolicy was refused for now")

    world.owner.gateway.policies.hooks["get"] = refuse
    result = world.reconcile()
    assert kinds(result)["Unreadable"] == {"found": 1, "failed": 1}
    assert kinds(result)["DriftRemoved"] == {"found": 1, "repaired": 1}
    world.owner.gateway.policies.hooks.clear()
    world.clock.value += HOUR
    fix_check(world)


# --- inputs, bounds, what is published ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "workflow_input", [{}, {"action": "reconcile", "dryRun": "no"}, {"action": "reconcile", "force": 1}]
)
def test_a_malformed_reconcile_input_is_rejected(world: MemoryDeployment, workflow_input: dict[str, Any]) -> None:
    with pytest.raises(EventRefusedError):
        world.phase(phase="stage", input=workflow_input, execution="x", run={"stage": "read"})


def test_by_hand_a_dry_run_is_the_default(world: MemoryDeployment) -> None:
    workflow_input = {"action": "reconcile"}
    (shard,) = world.shards_of(workflow_input, "x", "accounts")
    plan = world.phase(phase="plan", input=workflow_input, execution="x", shard=shard)
    assert plan["members"]
    assert plan["dryRun"] is True and all(step["command"]["dryRun"] is True for step in plan["members"])


def test_a_large_ledger_goes_through_in_portions_and_every_one_is_checked() -> None:
    from streamgov_core.domain.reconcile.expected import expected_sets, portions

    world = MemoryDeployment()
    world.granted()
    command = world.command()
    records: list[GrantRecord] = []
    for number in range(700):
        role = RoleArn.parse(f"arn:aws:iam::{ROLE.split(':')[4]}:role/streaming/consumer-{number:04d}")
        part = replace(command, grant_id=f"grant-{number:04d}", consumer=replace(command.consumer, principals=(role,)))
        records.append(replace(world.record(), grant_id=part.grant_id, command=part))
    rows = [
        [account, document_id, "msk", record.command.key, record.generation]
        for record in records
        if record.command is not None
        for account, document_id in document_ids_of(NAMES, record.command)
    ]
    sets = expected_sets(rows)
    assert len(sets[OWNER]) == 1 and len(sets[command.consumer.account]) == 700
    cursor = ""
    ranges: list[tuple[str, str, str]] = []
    seen: list[str] = []
    while True:
        commands, cursor = portions(sets, list(world.accounts), "dzd", dry_run=True, cursor=cursor, budget=30_000)
        for piece in commands:
            ranges.append((piece.account, piece.after, piece.up_to))
            seen += [item.document_id for item in piece.documents]
            assert all(piece.concerns(item.document_id) for item in piece.documents) and len(piece.documents) <= 60
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 701
    for account in world.accounts:
        chain = [(after, up_to) for owner, after, up_to in ranges if owner == account]
        assert chain[0][0] == "" and chain[-1][1] == ""
        assert all(left[1] == right[0] for left, right in itertools.pairwise(chain))


def test_the_portions_of_one_run_report_together_what_is_wrong(
    world: MemoryDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamgov_core.domain.reconcile import expected as reconcile_sets

    monkeypatch.setattr(reconcile_sets.portions, "__kwdefaults__", {"cursor": "", "budget": 700})
    altered_by_hand(world)
    removed_from_the_role(world)
    world.reconcile()
    assert sorted(world.told.kinds()) == ["DriftAltered", "DriftRemoved"]
    assert world.reads() == BOTH


def test_findings_are_bounded_and_counted() -> None:
    """What one portion of a run has no room for is for the next one; what a run has no room for, for the next run."""
    world = MemoryDeployment()
    for number in range(200):
        world.ask(f"grant{number:03d}", f"topic-{number:03d}")
    world.clock.value += HOUR
    world.reconcile()
    portions = [result for result in world.results if result["stage"] == "projects"]
    first, second, third = (kinds(result)["MissedEvent"] for result in portions)
    assert first == {"found": 100, "repaired": 60} and second == {"found": 60, "repaired": 60}
    assert third == {"found": 40, "repaired": 40}
    assert len(portions[0]["findings"]) + portions[0]["truncated"] == 100
    assert all(len(result["findings"]) <= 60 for result in world.results)
    assert sum(line["Open"][0] for line in world.lines if "Open" in line) == 40
    assert len(world.executions.waiting) == 160
    world.drain()
    world.clock.value += HOUR
    assert kinds(world.reconcile("r2"))["MissedEvent"] == {"found": 40, "repaired": 40}


def test_events_and_metrics_say_what_was_found(world: MemoryDeployment) -> None:
    altered_by_hand(world)
    world.told.error = RemoteError("events:PutEvents", "InternalFailure", "later")
    result = world.reconcile()
    assert result["published"] is False and kinds(result)["DriftAltered"] == {"found": 1, "repaired": 1}
    world.told.error = None
    altered_by_hand(world)
    assert world.reconcile("r2")["published"] is True
    entry = world.told.entries[0]
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], detail["kind"], detail["counts"]) == (
        "streamgov",
        "DriftAltered",
        {"found": 1, "repaired": 1},
    )
    assert detail["meaning"] == KINDS["DriftAltered"] and detail["examples"][0]["account"] == OWNER
    by_kind = [line for line in world.lines if line.get("Kind") == "DriftAltered"]
    assert by_kind and by_kind[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["Deployment", "Function", "Mode", "Kind"]
    ]
