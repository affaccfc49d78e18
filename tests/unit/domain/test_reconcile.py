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
def deployment() -> MemoryDeployment:
    made = MemoryDeployment()
    made.granted()
    made.clock.value += HOUR
    return made


def run_beside(deployment: MemoryDeployment) -> None:
    """Another run, from beginning to end."""
    deployment.reconcile("other")


STANDING = {"GrantFailed", "EndNotShown"}
"""Kinds that stay until a person has deleted the grant in DataZone; tests of their own look at them."""


def kinds(result: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {kind: counted for kind, counted in result["counts"].items() if kind not in STANDING}


def standing(result: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {kind: counted for kind, counted in result["counts"].items() if kind in STANDING}


def fix_check(deployment: MemoryDeployment) -> None:
    """After a repair a second run finds nothing."""
    assert kinds(deployment.reconcile("again")) == {}


def test_nothing_to_find(deployment: MemoryDeployment) -> None:
    before = deployment.writes()
    result = deployment.reconcile()
    assert kinds(result) == {} and result["findings"] == [] and result["checked"] == 2 and result["busy"] == 0
    assert deployment.writes() == before and deployment.told.entries == []
    assert deployment.lines[0]["Open"] == [0] and deployment.lines[0]["Deployment"] == "streamgov"


# --- every kind of finding: what is wrong, how it is called, and how it looks afterwards ------------------------------
def missed_grant(deployment: MemoryDeployment) -> None:
    deployment.ask("grant2", "payments")


def missed_revoke(deployment: MemoryDeployment) -> None:
    deployment.inventory.end("grant1")
    deployment.inventory.ended.clear()


def hanging_grant(deployment: MemoryDeployment) -> None:
    deployment.ask("grant2", "payments")
    workflow_input = {"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}
    deployment.execute(workflow_input, "lost", until="first")


def hanging_before_its_mark(deployment: MemoryDeployment) -> None:
    hanging_grant(deployment)
    deployment.domain.grants["grant2"]["assets"][0]["status"] = "GRANT_PENDING"


def forgotten_execution(deployment: MemoryDeployment) -> None:
    hanging_grant(deployment)
    del deployment.executions.known[CENTRAL + "lost"]


def not_marked(deployment: MemoryDeployment) -> None:
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "GRANT_IN_PROGRESS"


def expired(deployment: MemoryDeployment) -> None:
    deployment.edit(
        command=replace(deployment.command(), request=replace(deployment.command().request, until="1970-01-11"))
    )


def environment_gone(deployment: MemoryDeployment) -> None:
    deployment.domain.environments.clear()


def target_gone(deployment: MemoryDeployment) -> None:
    deployment.domain.targets.clear()


def asset_gone(deployment: MemoryDeployment) -> None:
    deployment.domain.gone_assets.add("orders-asset")


def grant_gone(deployment: MemoryDeployment) -> None:
    deployment.domain.grants.clear()


def revoked_in_datazone_only(deployment: MemoryDeployment) -> None:
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "REVOKED"


def failed_in_datazone_only(deployment: MemoryDeployment) -> None:
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "GRANT_FAILED"


def failed_and_never_undone(deployment: MemoryDeployment) -> None:
    """The execution died, and DataZone was told of the failure by somebody else."""
    deployment.ask("grant2", "payments")
    deployment.execute(
        {"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}, "x", until="first"
    )
    deployment.domain.grants["grant2"]["assets"][0]["status"] = "GRANT_FAILED"


def lost_contribution(deployment: MemoryDeployment) -> None:
    """The document ledger and its document forget a grant."""
    for account in deployment.accounts.values():
        account.ledger.documents.clear()
    deployment.owner.gateway.policies.documents.clear()
    deployment.consumer.gateway.iam.inlines.clear()


def not_undone(deployment: MemoryDeployment) -> None:
    deployment.edit(state="GRANT_FAILED")
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "GRANT_FAILED"


def revoke_left_over(deployment: MemoryDeployment) -> None:
    deployment.edit(state="REVOKED", desired="REVOKE", generation=3)
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "REVOKED"


def removed_by_hand(deployment: MemoryDeployment) -> None:
    deployment.owner.gateway.policies.documents.clear()


def removed_from_the_role(deployment: MemoryDeployment) -> None:
    deployment.consumer.gateway.iam.inlines.clear()


def our_statement(deployment: MemoryDeployment) -> dict[str, Any]:
    return statements_of(deployment.owner.gateway.policies.documents[CLUSTER][0])[0]


def altered_by_hand(deployment: MemoryDeployment) -> None:
    document, version = deployment.owner.gateway.policies.documents[CLUSTER]
    statements = [{**item, "Action": "kafka-cluster:*"} for item in statements_of(document)]
    deployment.owner.gateway.policies.documents[CLUSTER] = ({**document, "Statement": statements}, version)


def added_by_hand(deployment: MemoryDeployment) -> None:
    extra = {**our_statement(deployment), "Sid": NAMES.sid_prefix + "zzz", "Action": "kafka-cluster:WriteData"}
    deployment.owner.gateway.policies.foreign_write(CLUSTER, extra)


def role_made_again(deployment: MemoryDeployment) -> None:
    """MSK shows the old role by its id, and IAM has a role of that name without policies."""
    document, version = deployment.owner.gateway.policies.documents[CLUSTER]
    text = json.dumps(document).replace(f'"{ROLE}"', '"AROAEXAMPLEEXAMPLE123"')
    deployment.owner.gateway.policies.documents[CLUSTER] = (json.loads(text), version)
    for key in [key for key in deployment.consumer.gateway.iam.inlines if key[0] == ROLE.rsplit("/", 1)[1]]:
        del deployment.consumer.gateway.iam.inlines[key]


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
def test_a_dry_run_reports_and_touches_nothing(deployment: MemoryDeployment, what: str) -> None:
    break_it, expected, _, _ = CASES[what]
    break_it(deployment)
    deployment.clock.value += HOUR
    before, records = deployment.writes(), dict(deployment.grants.records)
    targets = json.dumps({n: repr(t) for a in deployment.accounts.values() for n, t in a.ledger.documents.items()})
    result = deployment.reconcile(dry_run=True)
    assert set(kinds(result)) == expected
    assert all(set(counted) <= {"found", "skipped"} for counted in kinds(result).values())
    assert deployment.writes() == before and deployment.grants.records == records and not deployment.executions.waiting
    assert targets == json.dumps(
        {n: repr(t) for a in deployment.accounts.values() for n, t in a.ledger.documents.items()}
    )
    assert set(deployment.told.kinds()) - STANDING == expected
    assert all(json.loads(entry["Detail"])["dryRun"] for entry in deployment.told.entries)
    assert deployment.lines[0]["Mode"] == "dryRun"


@pytest.mark.parametrize("what", CASES)
def test_a_run_repairs_it_and_the_next_finds_nothing(deployment: MemoryDeployment, what: str) -> None:
    break_it, expected, topic, access = CASES[what]
    break_it(deployment)
    deployment.clock.value += HOUR
    result = deployment.reconcile()
    assert set(kinds(result)) == expected
    assert all(counted["found"] == counted.get("repaired") for counted in kinds(result).values()), kinds(result)
    assert all(item["outcome"] == "repaired" for item in result["findings"] if item["kind"] not in STANDING)
    assert deployment.lines[0]["Open"] == [0] and deployment.lines[0]["Repaired"] == deployment.lines[0]["Findings"] > [
        0
    ]
    # DataZone answers the end of a grant with an event; what it starts is what a redrive starts.
    for grant in deployment.inventory.ended:
        deployment.execute({"version": 1, "action": "redrive", "grantId": grant, "requestType": "REVOKE"}, f"e-{grant}")
    deployment.drain()
    assert deployment.reads(topic) == access
    if topic != "orders":
        assert deployment.reads("orders") == BOTH, "what nothing happened to is as it was"
    for shown in deployment.domain.grants.values():
        assert shown["assets"][0]["status"] in ("GRANTED", "REVOKED", "GRANT_FAILED")
    assert {record.state for record in deployment.grants.records.values()} <= {"GRANTED", "REVOKED", "GRANT_FAILED"}
    deployment.clock.value += HOUR
    before = deployment.writes()
    fix_check(deployment)
    assert deployment.writes() == before


# --- what is reported and never touched -------------------------------------------------------------------------------
def test_retained_permissions_are_left_alone(deployment: MemoryDeployment) -> None:
    deployment.inventory.retained = {"subscription1"}
    environment_gone(deployment)
    expired(deployment)
    result = deployment.reconcile()
    assert kinds(result) == {"Retained": {"found": 1, "skipped": 1}}
    assert deployment.reads() == BOTH and deployment.lines[0]["Open"] == [0]
    grant_gone(deployment)
    assert kinds(deployment.reconcile("r2")) == {"Retained": {"found": 1, "skipped": 1}}
    assert deployment.reads() == BOTH


@pytest.mark.parametrize("gone", [grant_gone, environment_gone, asset_gone])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_orphaned_of_a_project_whose_subscriptions_cannot_be_listed(
    deployment: MemoryDeployment, gone: Callable[[MemoryDeployment], None], force: bool
) -> None:
    """Its permissions may be retained, which only the list of its ended subscriptions says."""
    gone(deployment)
    deployment.inventory.denied = {PROJECT}
    result = deployment.reconcile(force=force)
    assert kinds(result) == {"Unreadable": {"found": 2, "skipped": 2}}
    assert deployment.reads() == BOTH and deployment.inventory.ended == []
    deployment.inventory.denied.clear()
    assert kinds(deployment.reconcile("r2"))["Orphaned"]["found"] == 1


def test_what_datazone_calls_granted_and_is_not_is_reported_only(deployment: MemoryDeployment) -> None:
    deployment.edit(state="REVOKED", desired="REVOKE", generation=3)
    result = deployment.reconcile()
    assert kinds(result) == {
        "StatusMismatch": {"found": 1, "skipped": 1},
        "StaleContribution": {"found": 2, "repaired": 2},
    }
    assert deployment.status() == "GRANTED" and deployment.reads() == NEITHER
    deployment.edit(state="IN_PROGRESS", desired="GRANT")
    assert kinds(deployment.reconcile("r2")) == {"StatusMismatch": {"found": 1, "skipped": 1}}


def test_one_asset_of_a_data_product_is_gone(deployment: MemoryDeployment) -> None:
    """DataZone could only end the whole grant; the others keep their access."""
    deployment.domain.grants["grant1"]["assets"].append({"assetId": "other", "assetRevision": "1", "status": "GRANTED"})
    deployment.grants.records[("grant1", "other")] = replace(deployment.record(), asset_id="other", command=None)
    deployment.domain.listings["other"] = {
        "item": {"assetListing": {"assetId": "other", "assetType": "MskTopicAssetType"}}
    }
    asset_gone(deployment)
    assert kinds(deployment.reconcile()) == {"Orphaned": {"found": 1, "repaired": 1}}
    assert deployment.inventory.ended == [] and deployment.reads() == NEITHER
    assert deployment.grants.records[("grant1", "other")].state == "GRANTED"
    deployment.domain.environments.clear()
    deployment.edit(state="GRANTED", desired="GRANT", updated_at=0.0)
    for asset in deployment.domain.grants["grant1"]["assets"]:
        asset["status"] = "GRANTED"
    result = deployment.reconcile("r2", force=True)
    assert kinds(result)["Orphaned"] == {"found": 2, "repaired": 2} and deployment.inventory.ended == ["grant1"]


def test_what_nobody_recorded_is_reported_only(deployment: MemoryDeployment) -> None:
    deployment.grants.records.clear()
    result = deployment.reconcile()
    assert kinds(result) == {
        "UnrecordedGrant": {"found": 1, "skipped": 1},
        "UnrecordedContribution": {"found": 2, "skipped": 2},
    }
    assert deployment.reads() == BOTH and deployment.lines[0]["Open"] == [3]


def test_grants_of_other_asset_types_are_nobodys_business(deployment: MemoryDeployment) -> None:
    deployment.domain.add_grant(grant_id="glue", asset_type="GlueTableAssetType", status="GRANT_PENDING")
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile()) == {} and not deployment.executions.waiting


def test_a_failed_revoke_waits_for_a_person_and_yet_nothing_is_left_of_it(deployment: MemoryDeployment) -> None:
    deployment.edit(state="REVOKE_FAILED", desired="REVOKE", generation=3, cause="the cluster was updating")
    deployment.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_FAILED"
    result = deployment.reconcile()
    assert kinds(result) == {
        "RevokeFailed": {"found": 1, "skipped": 1},
        "StaleContribution": {"found": 2, "repaired": 2},
    }
    assert "the cluster was updating" in result["findings"][0]["text"]
    assert deployment.reads() == NEITHER


def test_a_foreign_statement_in_a_policy_of_ours_is_reported_and_kept(deployment: MemoryDeployment) -> None:
    key = next(iter(deployment.consumer.gateway.iam.inlines))
    document = deployment.consumer.gateway.iam.inlines[key]
    extra = {"Sid": "Mine", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    deployment.consumer.gateway.iam.inlines[key] = {**document, "Statement": [*document["Statement"], extra]}
    result = deployment.reconcile()
    assert kinds(result) == {"ForeignStatement": {"found": 1, "skipped": 1}}
    assert extra in statements_of(deployment.consumer.gateway.iam.inlines[key])


def test_foreign_statements_of_a_cluster_policy_are_no_finding_and_survive_a_repair(
    deployment: MemoryDeployment,
) -> None:
    extra = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kafka:Get*", "Resource": CLUSTER}
    deployment.owner.gateway.policies.foreign_write(CLUSTER, extra)
    assert kinds(deployment.reconcile()) == {}
    altered_by_hand(deployment)
    document, version = deployment.owner.gateway.policies.documents[CLUSTER]
    restored = [extra if item["Sid"] == "Theirs" else item for item in statements_of(document)]
    deployment.owner.gateway.policies.documents[CLUSTER] = ({**document, "Statement": restored}, version)
    assert set(kinds(deployment.reconcile("r2"))) == {"DriftAltered"}
    assert extra in deployment.owner.gateway.policies.statements(CLUSTER) and deployment.reads() == BOTH


def test_a_statement_for_everybody_under_our_prefix_is_taken_away(deployment: MemoryDeployment) -> None:
    document, version = deployment.owner.gateway.policies.documents[CLUSTER]
    extra = {"Sid": NAMES.sid_prefix + "all", "Effect": "Allow", "Principal": "*", "Action": "kafka:*", "Resource": "*"}
    deployment.owner.gateway.policies.documents[CLUSTER] = (
        {**document, "Statement": [*statements_of(document), extra]},
        version,
    )
    result = deployment.reconcile()
    assert kinds(result) == {"DriftAdded": {"found": 1, "repaired": 1}} and "kafka:*" in result["findings"][0]["text"]
    assert deployment.owner.gateway.policies.statements(CLUSTER) == statements_of(document)


def test_a_deleted_role_is_reported_until_it_is_back(deployment: MemoryDeployment) -> None:
    name = ROLE.rsplit("/", 1)[1]
    deployment.consumer.gateway.iam.inlines.clear()
    gone = deployment.consumer.gateway.iam.roles.pop(name)
    result = deployment.reconcile()
    assert kinds(result) == {"DeletedRole": {"found": 1, "skipped": 1}}
    assert deployment.lines[0]["Open"] == [1]
    deployment.consumer.gateway.iam.roles[name] = gone
    assert kinds(deployment.reconcile("r2"))["DriftRemoved"] == {"found": 1, "repaired": 1}
    assert deployment.reads() == BOTH


def test_a_role_deleted_for_good_does_not_stand_in_anybodys_way(deployment: MemoryDeployment) -> None:
    """The cluster's policy shows it by its id, and takes its ARN back no more."""
    other = ROLE + "-two"
    deployment.consumer.gateway.iam.add(other)
    deployment.granted("grant2", "payments", role=other)
    role_made_again(deployment)
    del deployment.consumer.gateway.iam.roles[ROLE.rsplit("/", 1)[1]]
    deployment.owner.gateway.policies.missing_roles.add(ROLE)
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile())["DeletedRole"] == {"found": 2, "repaired": 1, "skipped": 1}
    assert "AROA" not in json.dumps(deployment.owner.gateway.policies.statements(CLUSTER))
    assert deployment.reads("payments", other) == BOTH
    later = deployment.reconcile("r2")
    assert kinds(later)["DriftRemoved"]["failed"] >= 1 and "Unreadable" not in kinds(later), kinds(later)
    told = [line["Open"][0] for line in deployment.lines if "Open" in line][-1]
    assert told == sum(counted["found"] for counted in kinds(later).values()) > 0
    deployment.granted("grant3", "refunds", role=other)
    assert deployment.reads("refunds", other) == BOTH, "a role that is gone must not keep others out"


def test_what_may_not_be_read_is_not_taken_for_gone(deployment: MemoryDeployment) -> None:
    deployment.domain.denied.add("orders-asset")
    assert kinds(deployment.reconcile()) == {"Unreadable": {"found": 1, "skipped": 1}}
    deployment.domain.denied.clear()
    deployment.inventory.denied = {"consumerproj01"}
    assert set(kinds(deployment.reconcile("r2"))) == {"Unreadable"}
    deployment.inventory.denied.clear()
    deployment.inventory.hidden.add("grant1")  # The list does not show it, and it is there all the same.
    assert kinds(deployment.reconcile("r3")) == {}
    assert deployment.reads() == BOTH


def test_the_safety_threshold_holds_when_suspiciously_much_is_gone() -> None:
    deployment = MemoryDeployment()
    for number in range(7):
        deployment.granted(f"grant{number}", f"topic-{number}")
    deployment.clock.value += HOUR
    deployment.domain.grants.clear()
    result = deployment.reconcile()
    assert kinds(result) == {"Orphaned": {"found": 7, "skipped": 7}} and "held back" in result["findings"][0]["text"]
    assert all(deployment.reads(f"topic-{number}") == BOTH for number in range(7))
    forced = deployment.reconcile("r2", force=True)
    assert kinds(forced) == {"Orphaned": {"found": 7, "repaired": 7}}
    assert all(deployment.reads(f"topic-{number}") == NEITHER for number in range(7))
    assert {record.state for record in deployment.grants.records.values()} == {"REVOKED"}


# --- bad moments ------------------------------------------------------------------------------------------------------
def test_a_grant_that_has_just_been_asked_for_is_not_touched(deployment: MemoryDeployment) -> None:
    deployment.ask("grant2", "payments")
    deployment.clock.value += 60
    assert kinds(deployment.reconcile()) == {} and not deployment.executions.waiting


def test_an_aborted_grant_is_undone_as_its_settle_rule_would(deployment: MemoryDeployment) -> None:
    hanging_grant(deployment)
    workflow_input = deployment.executions.known[CENTRAL + "lost"][1]
    deployment.executions.known[CENTRAL + "lost"] = ("ABORTED", workflow_input)
    deployment.clock.value += HOUR
    assert set(kinds(deployment.reconcile())) == {"Stuck"}
    deployment.drain()
    assert deployment.status("grant2") == "GRANT_FAILED" and deployment.reads("payments") == NEITHER
    fix_check(deployment)


def test_what_settling_could_not_finish_is_begun_anew(deployment: MemoryDeployment) -> None:
    hanging_grant(deployment)
    settle = {"version": 1, "action": "settle", "executionArn": CENTRAL + "lost", "status": "TIMED_OUT"}
    deployment.executions.known[CENTRAL + "settle"] = ("FAILED", settle)
    deployment.edit("grant2", "payments", execution=CENTRAL + "settle")
    deployment.clock.value += HOUR
    deployment.reconcile()
    (started,) = deployment.executions.waiting
    assert deployment.executions.known[started][1]["action"] == "redrive"
    deployment.drain()
    assert deployment.reads("payments") == BOTH


def test_a_running_execution_is_waited_for_however_long_it_takes(deployment: MemoryDeployment) -> None:
    hanging_grant(deployment)
    deployment.clock.value += HOUR
    deployment.executions.known[CENTRAL + "lost"] = ("RUNNING", {})
    assert kinds(deployment.reconcile()) == {} and not deployment.executions.waiting


def test_two_runs_at_once_start_an_order_once(deployment: MemoryDeployment) -> None:
    missed_grant(deployment)
    deployment.clock.value = (deployment.clock.value // HOUR + 2) * HOUR  # both in the same hour
    deployment.between["conclude"] = lambda: run_beside(deployment)
    result = deployment.reconcile()
    assert len(deployment.executions.waiting) == 1
    assert kinds(result)["MissedEvent"] == {"found": 1, "skipped": 1}
    deployment.drain()
    assert deployment.reads("payments") == BOTH
    fix_check(deployment)


@pytest.mark.parametrize("what", ["grant gone", "not undone", "ledger lost", "altered by hand", "environment gone"])
@pytest.mark.parametrize("state", ["members", "conclude", "steps", "report"])
def test_two_runs_interleaved_end_as_one(deployment: MemoryDeployment, what: str, state: str) -> None:
    break_it, _, topic, access = CASES[what]
    break_it(deployment)
    deployment.clock.value += HOUR
    deployment.between[state] = lambda: run_beside(deployment)
    deployment.reconcile()
    for grant in sorted(set(deployment.inventory.ended)):
        if deployment.status(grant) == "REVOKE_PENDING":
            deployment.execute(
                {"version": 1, "action": "redrive", "grantId": grant, "requestType": "REVOKE"}, f"e-{grant}"
            )
    deployment.drain()
    assert deployment.reads(topic) == access
    deployment.clock.value += HOUR
    fix_check(deployment)


@pytest.mark.parametrize("state", ["members", "conclude", "steps", "report"])
def test_a_revoke_between_two_states_stands(deployment: MemoryDeployment, state: str) -> None:
    """The run has seen a granted asset, of which a document ledger knew nothing; meanwhile it is revoked."""
    lost_contribution(deployment)

    def revoke() -> None:
        deployment.inventory.end("grant1")
        deployment.execute({"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "REVOKE"}, "revoke")

    deployment.between[state] = revoke
    deployment.reconcile()
    assert deployment.status() == "REVOKED" and deployment.record().state == "REVOKED" and deployment.reads() == NEITHER
    fix_check(deployment)


@pytest.mark.parametrize("state", ["members", "conclude", "steps", "report"])
def test_a_grant_between_two_states_stands(deployment: MemoryDeployment, state: str) -> None:
    revoke_left_over(deployment)
    deployment.between[state] = lambda: deployment.granted("grant2", "payments")
    deployment.reconcile()
    assert deployment.reads("payments") == BOTH and deployment.reads("orders") == NEITHER
    fix_check(deployment)


def test_a_grant_in_flight_is_not_taken_for_a_difference(deployment: MemoryDeployment) -> None:
    """Its document ledgers hold what the grant ledger does not call granted yet."""
    deployment.ask("grant2", "payments")
    deployment.between["members"] = lambda: deployment.execute(
        {"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}, "slow", until="first"
    )
    assert kinds(deployment.reconcile()) == {}
    assert deployment.reads("payments")[0]


def test_an_act_is_dropped_if_its_grant_has_moved_on(deployment: MemoryDeployment) -> None:
    expired(deployment)
    deployment.between["conclude"] = lambda: deployment.edit(generation=5)
    assert kinds(deployment.reconcile()) == {"Expired": {"found": 1, "skipped": 1}}
    assert deployment.inventory.ended == [] and deployment.reads() == BOTH


def test_a_revoke_from_the_ledger_where_datazone_will_not(deployment: MemoryDeployment) -> None:
    environment_gone(deployment)
    deployment.inventory.refuses_to_end = True
    assert kinds(deployment.reconcile()) == {"Orphaned": {"found": 1, "repaired": 1}}
    assert (
        deployment.reads() == NEITHER and deployment.record().state == "REVOKED" and deployment.record().generation == 3
    )
    # DataZone's status for it can be that of before: it is said, and nothing is done about it again.
    assert deployment.status() == "GRANTED"
    again = deployment.reconcile("r2")
    assert kinds(again) == {} and standing(again) == {"EndNotShown": {"found": 1, "skipped": 1}}
    assert [line["Open"] for line in deployment.lines if "Open" in line][-1] == [0]


def test_a_grant_that_failed_and_is_still_approved_is_counted(deployment: MemoryDeployment) -> None:
    targets = dict(deployment.domain.targets)
    deployment.ask("grant2", "payments", role=f"arn:aws:iam::{OWNER}:role/streaming/elsewhere")
    deployment.domain.grants["grant2"]["subscriptionTargetId"] = "target2"
    deployment.domain.targets = {**targets, "target2": deployment.domain.targets["target1"]}
    deployment.execute({"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "GRANT"}, "refused")
    assert deployment.status("grant2") == "GRANT_FAILED"
    deployment.clock.value += HOUR
    result = deployment.reconcile()
    assert result["counts"] == {"GrantFailed": {"found": 1, "skipped": 1}}
    (finding,) = result["findings"]
    assert "not a role of the environment's account" in finding["text"] and "grant again" in finding["text"]
    assert deployment.writes() and deployment.record("grant2", "payments").state == "GRANT_FAILED"
    # A person deletes it: DataZone asks for a revoke, and nothing is left to say.
    deployment.inventory.end("grant2")
    deployment.execute({"version": 1, "action": "redrive", "grantId": "grant2", "requestType": "REVOKE"}, "deleted")
    assert deployment.reconcile("r2")["counts"] == {}


@pytest.mark.parametrize("ledger", ["IN_PROGRESS", "GRANTED", "GRANT_FAILED", "REVOKED", "REVOKE_FAILED"])
@pytest.mark.parametrize("shown", ["GRANTED", "GRANT_FAILED", "REVOKED", "REVOKE_FAILED"])
def test_ledger_and_datazone_that_contradict_each_other_are_found(
    deployment: MemoryDeployment, ledger: str, shown: str
) -> None:
    agree = {(state, state) for state in ("GRANTED", "REVOKED")} | {("GRANT_FAILED", "REVOKED")}
    deployment.edit(state=ledger, desired="REVOKE" if ledger.startswith("REVOKE") else "GRANT")
    deployment.domain.grants["grant1"]["assets"][0]["status"] = shown
    deployment.executions.known.clear()
    found = {item["kind"] for item in deployment.reconcile(dry_run=True)["findings"] if "#" in item["subject"]}
    found -= {"StaleContribution"}
    assert bool(found) is ((ledger, shown) not in agree), found


def test_a_revoke_of_its_own_that_failed_is_tried_again(deployment: MemoryDeployment) -> None:
    environment_gone(deployment)
    deployment.inventory.refuses_to_end = True
    deployment.consumer.down = True
    deployment.reconcile()
    assert deployment.record().state == "REVOKE_FAILED" and deployment.status() == "GRANTED"
    deployment.consumer.down = False
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile("r2"))["RevokeFailed"] == {"found": 1, "repaired": 1}
    assert deployment.reads() == NEITHER and deployment.record().state == "REVOKED"


def gone_plan(deployment: MemoryDeployment, workflow_input: dict[str, Any], arn: str) -> dict[str, Any]:
    """The plan of the shard that looks after what is gone."""
    (projects,) = deployment.shards_of(workflow_input, arn, "projects")
    deployment.shard(workflow_input, arn, projects)
    (gone,) = deployment.shards_of(workflow_input, arn, "orphaned")
    return deployment.phase(phase="plan", input=workflow_input, execution=arn, shard=gone)


def test_a_run_that_died_is_finished_by_the_next(deployment: MemoryDeployment) -> None:
    grant_gone(deployment)
    arn = CENTRAL + "dead"
    workflow_input = {"action": "reconcile", "dryRun": False}
    plan = gone_plan(deployment, workflow_input, arn)
    deployment.phase(phase="conclude", plan=plan, answers=deployment.stage(plan["members"]))
    deployment.executions.known[arn] = ("FAILED", workflow_input)
    assert deployment.record().state == "IN_PROGRESS" and deployment.reads() == BOTH
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile())["Orphaned"] == {"found": 1, "repaired": 1}
    assert deployment.record().state == "REVOKED" and deployment.reads() == NEITHER


def test_a_phase_that_is_tried_again_does_nothing_twice(deployment: MemoryDeployment) -> None:
    grant_gone(deployment)
    missed_grant(deployment)
    deployment.clock.value += HOUR
    workflow_input = {"action": "reconcile", "dryRun": False}
    plan = gone_plan(deployment, workflow_input, CENTRAL + "r")
    answers = deployment.stage(plan["members"])
    first = deployment.phase(phase="conclude", plan=plan, answers=answers)
    again = deployment.phase(phase="conclude", plan=plan, answers=answers)
    assert again["first"] == first["first"] and again["work"] == first["work"] and len(again["work"]) == 1
    assert len(deployment.executions.waiting) == 1


def test_an_account_that_does_not_answer_is_a_finding(deployment: MemoryDeployment) -> None:
    altered_by_hand(deployment)
    deployment.owner.down = True
    result = deployment.reconcile()
    assert kinds(result) == {"Unchecked": {"found": 1, "failed": 1}}
    assert OWNER in result["findings"][0]["text"] and "did not answer" in result["findings"][0]["text"]


def test_a_step_that_fails_leaves_the_revoke_failed_and_said(deployment: MemoryDeployment) -> None:
    grant_gone(deployment)
    deployment.between["steps"] = lambda: setattr(deployment.owner, "down", True)
    result = deployment.reconcile()
    assert kinds(result) == {"Orphaned": {"found": 1, "failed": 1}}
    assert deployment.record().state == "REVOKE_FAILED" and f"account {OWNER}" in deployment.record().cause
    assert deployment.reads() == (True, False)
    deployment.owner.down = False
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile("r2"))["StaleContribution"] == {"found": 1, "repaired": 1}
    assert deployment.reads() == NEITHER


def test_a_document_that_somebody_writes_right_now_is_left_to_the_next_run(deployment: MemoryDeployment) -> None:
    altered_by_hand(deployment)
    target = f"cluster#{CLUSTER}"
    head = deployment.owner.ledger.documents[target].lease_record
    deployment.owner.ledger.documents[target].lease_record = replace(
        head, owner="someone", until=deployment.clock.value + 60
    )
    for dry_run in (True, False):
        result = deployment.reconcile(f"r-{dry_run}", dry_run=dry_run)
        assert kinds(result) == {} and result["busy"] == 1
    deployment.clock.value += 120  # The holder died: its writes are unknown, so everything is looked at.
    assert set(kinds(deployment.reconcile("r3"))) == {"DriftAltered"} and deployment.reads() == BOTH


def test_a_grant_that_waits_for_the_lease_is_written_with_the_repair(deployment: MemoryDeployment) -> None:
    altered_by_hand(deployment)
    target = f"cluster#{CLUSTER}"
    deployment.record_source("payments")
    waiting = replace(
        deployment.command(),
        grant_id="grant2",
        asset_id="payments-asset",
        resource={
            **deployment.command().resource,
            "arn": deployment.command().resource["arn"].replace("orders", "payments"),
        },
    )

    def join(arn: str) -> None:
        deployment.owner.gateway.policies.hooks.clear()
        contribution = PLATFORMS["msk"].producer_contributions(NAMES, waiting)[0]
        deployment.owner.ledger.store(
            target, ContributionRecord.of(waiting.key, 1, True, contribution, deployment.clock.now())
        )
        deployment.owner.ledger.count_change(target)

    deployment.owner.gateway.policies.hooks["put"] = join
    deployment.reconcile()
    head = deployment.owner.ledger.documents[target].lease_record
    assert head.committed == head.change_count and not head.owner and waiting.key in head.slots


def test_a_broken_document_does_not_stop_the_others(deployment: MemoryDeployment) -> None:
    removed_from_the_role(deployment)

    def refuse(arn: str) -> None:
        raise RetryableGrantError("kafka:GetClusterPolicy was refused for now")

    deployment.owner.gateway.policies.hooks["get"] = refuse
    result = deployment.reconcile()
    assert kinds(result)["Unreadable"] == {"found": 1, "failed": 1}
    assert kinds(result)["DriftRemoved"] == {"found": 1, "repaired": 1}
    deployment.owner.gateway.policies.hooks.clear()
    deployment.clock.value += HOUR
    fix_check(deployment)


# --- inputs, bounds, what is published ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "workflow_input", [{}, {"action": "reconcile", "dryRun": "no"}, {"action": "reconcile", "force": 1}]
)
def test_a_malformed_reconcile_input_is_rejected(deployment: MemoryDeployment, workflow_input: dict[str, Any]) -> None:
    with pytest.raises(EventRefusedError):
        deployment.phase(phase="stage", input=workflow_input, execution="x", run={"stage": "read"})


def test_by_hand_a_dry_run_is_the_default(deployment: MemoryDeployment) -> None:
    workflow_input = {"action": "reconcile"}
    (shard,) = deployment.shards_of(workflow_input, "x", "accounts")
    plan = deployment.phase(phase="plan", input=workflow_input, execution="x", shard=shard)
    assert plan["members"]
    assert plan["dryRun"] is True and all(step["command"]["dryRun"] is True for step in plan["members"])


def test_a_large_ledger_goes_through_in_portions_and_every_one_is_checked() -> None:
    from streamgov_core.domain.reconcile.expected import expected_sets, portions

    deployment = MemoryDeployment()
    deployment.granted()
    command = deployment.command()
    records: list[GrantRecord] = []
    for number in range(700):
        role = RoleArn.parse(f"arn:aws:iam::{ROLE.split(':')[4]}:role/streaming/consumer-{number:04d}")
        part = replace(command, grant_id=f"grant-{number:04d}", consumer=replace(command.consumer, principals=(role,)))
        records.append(replace(deployment.record(), grant_id=part.grant_id, command=part))
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
        commands, cursor = portions(sets, list(deployment.accounts), "dzd", dry_run=True, cursor=cursor, budget=30_000)
        for piece in commands:
            ranges.append((piece.account, piece.after, piece.up_to))
            seen += [item.document_id for item in piece.documents]
            assert all(piece.concerns(item.document_id) for item in piece.documents) and len(piece.documents) <= 60
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 701
    for account in deployment.accounts:
        chain = [(after, up_to) for owner, after, up_to in ranges if owner == account]
        assert chain[0][0] == "" and chain[-1][1] == ""
        assert all(left[1] == right[0] for left, right in itertools.pairwise(chain))


def test_the_portions_of_one_run_report_together_what_is_wrong(
    deployment: MemoryDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamgov_core.domain.reconcile import expected as reconcile_sets

    monkeypatch.setattr(reconcile_sets.portions, "__kwdefaults__", {"cursor": "", "budget": 700})
    altered_by_hand(deployment)
    removed_from_the_role(deployment)
    deployment.reconcile()
    assert sorted(deployment.told.kinds()) == ["DriftAltered", "DriftRemoved"]
    assert deployment.reads() == BOTH


@pytest.mark.slow
def test_findings_are_bounded_and_counted() -> None:
    """What one portion of a run has no room for is for the next one; what a run has no room for, for the next run."""
    deployment = MemoryDeployment()
    for number in range(200):
        deployment.ask(f"grant{number:03d}", f"topic-{number:03d}")
    deployment.clock.value += HOUR
    deployment.reconcile()
    portions = [result for result in deployment.results if result["stage"] == "projects"]
    first, second, third = (kinds(result)["MissedEvent"] for result in portions)
    assert first == {"found": 100, "repaired": 60} and second == {"found": 60, "repaired": 60}
    assert third == {"found": 40, "repaired": 40}
    assert len(portions[0]["findings"]) + portions[0]["truncated"] == 100
    assert all(len(result["findings"]) <= 60 for result in deployment.results)
    assert sum(line["Open"][0] for line in deployment.lines if "Open" in line) == 40
    assert len(deployment.executions.waiting) == 160
    deployment.drain()
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile("r2"))["MissedEvent"] == {"found": 40, "repaired": 40}


def test_events_and_metrics_say_what_was_found(deployment: MemoryDeployment) -> None:
    altered_by_hand(deployment)
    deployment.told.error = RemoteError("events:PutEvents", "InternalFailure", "later")
    result = deployment.reconcile()
    assert result["published"] is False and kinds(result)["DriftAltered"] == {"found": 1, "repaired": 1}
    deployment.told.error = None
    altered_by_hand(deployment)
    assert deployment.reconcile("r2")["published"] is True
    entry = deployment.told.entries[0]
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], detail["kind"], detail["counts"]) == (
        "streamgov",
        "DriftAltered",
        {"found": 1, "repaired": 1},
    )
    assert detail["meaning"] == KINDS["DriftAltered"] and detail["examples"][0]["account"] == OWNER
    by_kind = [line for line in deployment.lines if line.get("Kind") == "DriftAltered"]
    assert by_kind and by_kind[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["Deployment", "Function", "Mode", "Kind"]
    ]
