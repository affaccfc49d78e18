"""What changes after a grant: asset, resource, key, owner, roles of the target, environment, members."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.domain.environments import GONE, USABLE
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.errors import EventRefusedError, PermanentGrantError
from streamgov_core.platforms.msk.arns import topic_arn
from tests.unit.domain.test_collect_report import Central, sides
from tests.unit.domain.test_reconcile import BOTH, NEITHER, kinds
from tests.unit.domain.test_redrive import redrive
from tests.unit.grants.fakes import CLUSTER, CONSUMER, OWNER, ROLE
from tests.unit.grants.reconcile_accounts import HOUR, MemoryDeployment

OTHER = f"arn:aws:iam::{CONSUMER}:role/streaming/other"
STREAM = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/clicks"
KEYS = [f"arn:aws:kms:us-east-1:{OWNER}:key/{number * 8}-1234-1234-1234-123456789012" for number in "12"]
REBUILT = CLUSTER.replace(CLUSTER.split("/")[2], "99999999-1234-1234-1234-123456789012-9")


@pytest.fixture
def deployment() -> MemoryDeployment:
    made = MemoryDeployment()
    made.consumer.gateway.iam.add(OTHER)
    made.granted()
    made.clock.value += HOUR
    return made


@pytest.fixture
def stream() -> MemoryDeployment:
    """A stream on the first key is granted."""
    made = MemoryDeployment()
    made.domain.add_grant(
        forms={
            "KinesisSourceReferenceFormType": {
                "stream_arn": STREAM,
                "encryption_type": "KMS",
                "key_arn": KEYS[0],
            },
            "KinesisSchemaFormType": {"stream_name": "clicks"},
        },
        asset_type="KinesisStreamAssetType",
    )
    made.owner.gateway.records["clicks"] = AssetRecord("asset1", STREAM, None, "clicks", "h")
    made.domain.grants["grant1"]["updatedAt"] = made.clock.now()
    made.execute(redrive(), "first")
    assert made.status() == "GRANTED" and key_holders(made) == [[ROLE], []]
    made.clock.value += HOUR
    return made


def key_holders(deployment: MemoryDeployment) -> list[list[str]]:
    """The roles with a grant on each key."""
    return [[grant.principal for _, grant in deployment.owner.gateway.keys.of(key)] for key in KEYS]


def role_names(deployment: MemoryDeployment, text: str, role: str = ROLE) -> bool:
    """Whether the role's policies name something."""
    return text in json.dumps(deployment.consumer.gateway.iam.statements(role))


def now_says(deployment: MemoryDeployment, asset: str = "asset1", **source: Any) -> None:
    """The data source revised the asset."""
    form = "KinesisSourceReferenceFormType" if asset == "asset1" else "MskSourceReferenceFormType"
    deployment.domain.assets[asset] = {form: source}


def repaired(deployment: MemoryDeployment, kind: str) -> None:
    """A dry run only reports; a repairing one starts what mends it; then nothing is left to find."""
    before = deployment.writes()
    assert kinds(deployment.reconcile("dry", dry_run=True)) == {kind: {"found": 1}}
    assert deployment.writes() == before
    assert kinds(deployment.reconcile("wet")) == {kind: {"found": 1, "repaired": 1}}
    deployment.drain()
    deployment.clock.value += HOUR
    assert kinds(deployment.reconcile("again")) == {}


# --- the resource -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("by_hand", [False, True])
def test_the_key_of_a_stream_is_changed(stream: MemoryDeployment, by_hand: bool) -> None:
    now_says(stream, key_arn=KEYS[1])
    if by_hand:
        stream.execute(redrive(), "by-hand")
        assert kinds(stream.reconcile()) == {}
    else:
        repaired(stream, "AssetChanged")
    assert key_holders(stream) == [[], [ROLE]]
    assert role_names(stream, KEYS[1]) and not role_names(stream, KEYS[0])
    record = stream.grants.records[("grant1", "asset1")]
    assert (record.state, record.generation, record.former) == ("GRANTED", 5, ()) and stream.status() == "GRANTED"


def test_encryption_is_switched_off_and_on(stream: MemoryDeployment) -> None:
    now_says(stream, encryption_type="NONE", key_arn=None)
    repaired(stream, "AssetChanged")
    assert key_holders(stream) == [[], []] and not role_names(stream, "kms:Decrypt") and role_names(stream, STREAM)
    now_says(stream)
    repaired(stream, "AssetChanged")
    assert key_holders(stream) == [[ROLE], []] and role_names(stream, KEYS[0])


def test_a_cluster_is_made_again_under_its_name(deployment: MemoryDeployment) -> None:
    arn = topic_arn(REBUILT, "orders")
    deployment.owner.gateway.records["orders"] = AssetRecord("orders-asset", arn, None, "orders", "h")
    now_says(deployment, "orders-asset", cluster_arn=REBUILT)
    repaired(deployment, "AssetChanged")
    assert deployment.owner.gateway.policies.statements(CLUSTER) == [], "the cluster that is gone"
    assert deployment.owner.gateway.policies.statements(REBUILT) and role_names(deployment, arn)
    assert not role_names(deployment, topic_arn(CLUSTER, "orders"))


def test_brokers_change(deployment: MemoryDeployment) -> None:
    now_says(deployment, "orders-asset", bootstrap_brokers="b-1.example:9098")
    before = deployment.reads()
    repaired(deployment, "AssetChanged")
    assert deployment.reads() == before == BOTH
    assert "b-1.example:9098" in json.dumps(deployment.record().audit["connection"])


def test_another_topic_under_the_same_asset_is_reported_only(deployment: MemoryDeployment) -> None:
    """Whoever approved the grant has not seen it."""
    deployment.record_source("secrets")
    deployment.owner.gateway.records["secrets"] = AssetRecord(
        "orders-asset", topic_arn(CLUSTER, "secrets"), None, "secrets", "h"
    )
    deployment.domain.assets["orders-asset"] = {"KafkaSchemaFormType": {"kafka_topic": "secrets"}}
    result = deployment.reconcile()
    assert kinds(result) == {"AssetChanged": {"found": 1, "skipped": 1}} and not deployment.executions.waiting
    assert "redrive it if that is meant" in result["findings"][0]["text"]
    assert deployment.reads() == BOTH and deployment.reads("secrets") == NEITHER


def test_an_asset_moves_to_another_project_and_access_stays(deployment: MemoryDeployment) -> None:
    deployment.domain.assets["orders-asset"] = {"owner": "newproject01"}
    deployment.owner.gateway.policies.history.clear()
    repaired(deployment, "AssetChanged")
    assert deployment.command().owner_project == "newproject01" and deployment.reads() == BOTH
    for document in deployment.owner.gateway.policies.history:
        assert "kafka-cluster:ReadData" in json.dumps(document), "access was interrupted"


def test_what_the_owner_refuses_leaves_everything_as_it_was(stream: MemoryDeployment) -> None:
    """Nobody may grant on the new key: the change fails, and is tried again a day later."""

    def refuse(key: str) -> None:
        if key == KEYS[1]:
            raise PermanentGrantError(f"{key} is disabled")

    now_says(stream, key_arn=KEYS[1])
    stream.owner.gateway.keys.hooks["create"] = refuse
    before = stream.grants.records[("grant1", "asset1")]
    stream.reconcile("wet")
    stream.drain()
    record = stream.grants.records[("grant1", "asset1")]
    assert record.state == "GRANTED" and record.command == before.command and record.former == ()
    assert "is disabled" in record.cause and stream.status() == "GRANTED"
    assert key_holders(stream) == [[ROLE], []] and role_names(stream, KEYS[0]) and not role_names(stream, KEYS[1])
    stream.clock.value += HOUR
    result = stream.reconcile("r2")
    assert kinds(result) == {"AssetChanged": {"found": 1, "skipped": 1}} and not stream.executions.waiting
    assert "is disabled" in result["findings"][0]["text"]
    stream.owner.gateway.keys.hooks.clear()
    stream.clock.value += 24 * HOUR
    repaired(stream, "AssetChanged")
    assert key_holders(stream) == [[], [ROLE]]


def test_a_change_of_which_an_account_says_nothing_is_not_begun(stream: MemoryDeployment) -> None:
    now_says(stream, key_arn=KEYS[1])
    stream.consumer.down = True
    stream.reconcile("wet")
    stream.drain()
    record = stream.grants.records[("grant1", "asset1")]
    assert record.state == "GRANTED" and record.command is not None and record.command.resource["keyArn"] == KEYS[0]
    assert key_holders(stream) == [[ROLE], []] and role_names(stream, KEYS[0])


def test_a_change_that_fails_half_way_is_taken_back(stream: MemoryDeployment) -> None:
    now_says(stream, key_arn=KEYS[1])
    stream.consumer.down, stream.consumer.answers_only = True, "prepare"
    stream.reconcile("wet")
    stream.drain()
    record = stream.grants.records[("grant1", "asset1")]
    assert record.state == "GRANTED" and record.command is not None and record.command.resource["keyArn"] == KEYS[0]
    assert [former.resource["keyArn"] for former in record.former] == [KEYS[1]], "the consumer's side is not known"
    assert key_holders(stream) == [[ROLE], []] and role_names(stream, KEYS[0])
    stream.consumer.down = False
    stream.clock.value += 25 * HOUR
    result = stream.reconcile("r2")
    assert kinds(result)["AssetChanged"] == {"found": 1, "repaired": 1}
    stream.drain()
    assert key_holders(stream) == [[], [ROLE]] and not role_names(stream, KEYS[0])


@pytest.mark.parametrize("until", ["collect", "first", "second"])
def test_an_execution_that_dies_in_between_is_gone_on_with(stream: MemoryDeployment, until: str) -> None:
    now_says(stream, key_arn=KEYS[1])
    stream.execute(redrive(), "dies", until=until)
    assert [record.state for record in stream.grants.records.values()] == ["IN_PROGRESS"]
    stream.clock.value += HOUR
    assert kinds(stream.reconcile())["Stuck"] == {"found": 1, "repaired": 1}
    stream.clock.value += 4 * HOUR
    stream.reconcile("r2")
    stream.drain()
    stream.clock.value += HOUR
    assert kinds(stream.reconcile("r3")) == {}
    assert key_holders(stream) == [[], [ROLE]] and stream.grants.records[("grant1", "asset1")].state == "GRANTED"


def test_a_revoke_takes_what_any_of_the_commands_has_given(stream: MemoryDeployment) -> None:
    now_says(stream, key_arn=KEYS[1])
    stream.execute(redrive(), "dies", until="second")
    stream.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    stream.execute(redrive("REVOKE"), "revoke")
    assert stream.status() == "REVOKED" and key_holders(stream) == [[], []]
    assert not stream.consumer.gateway.iam.statements(ROLE)


def test_a_revoke_that_overtakes_a_renewal_which_then_fails_stands(stream: MemoryDeployment) -> None:
    """The renewal takes itself back after the revoke is through: it must not give the old access again."""
    now_says(stream, key_arn=KEYS[1])
    stream.consumer.down = True
    collected = stream.collector.run({"event": redrive(), "execution": "renewal"})
    (item,) = json.loads(json.dumps(collected))["items"]
    stream.stage(item["do"]["first"])
    stream.consumer.down = False
    stream.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    stream.execute(redrive("REVOKE"), "revoke")
    assert stream.status() == "REVOKED" and key_holders(stream) == [[], []]
    for stage in ("first", "second"):
        assert stream.stage(item["undo"][stage])
    failed = {"Error": "StepFailed", "Cause": "no answer"}
    assert stream.reporter.run({"kind": "outcome", "item": {**item, "failure": failed}})["status"] == "SUPERSEDED"
    assert key_holders(stream) == [[], []] and not stream.consumer.gateway.iam.statements(ROLE)
    assert [record.state for record in stream.grants.records.values()] == ["REVOKED"]


def test_a_redrive_of_what_has_not_changed_leaves_every_document_as_it_is(deployment: MemoryDeployment) -> None:
    before = json.dumps(
        [deployment.owner.gateway.policies.statements(CLUSTER), deployment.consumer.gateway.iam.statements(ROLE)]
    )
    deployment.execute(redrive(), "by-hand")
    after = json.dumps(
        [deployment.owner.gateway.policies.statements(CLUSTER), deployment.consumer.gateway.iam.statements(ROLE)]
    )
    assert after == before and deployment.reads() == BOTH and deployment.record().state == "GRANTED"
    assert kinds(deployment.reconcile()) == {}


def test_a_redrive_gives_a_role_made_again_its_access(deployment: MemoryDeployment) -> None:
    iam = deployment.consumer.gateway.iam
    name = ROLE.rsplit("/", 1)[1]
    iam.inlines.clear()
    iam.roles.pop(name)
    iam.add(ROLE)
    deployment.execute(redrive(), "by-hand")
    assert deployment.reads() == BOTH


def test_what_cannot_be_granted_any_more_is_refused_and_stays(deployment: MemoryDeployment) -> None:
    before = deployment.record()
    deployment.domain.targets["target1"]["authorizedPrincipals"] = ["arn:aws:iam::999999999999:role/x"]
    with pytest.raises(EventRefusedError, match="stays as it was"):
        deployment.execute(redrive(), "by-hand")
    assert deployment.record() == before and deployment.reads() == BOTH


def test_the_last_published_revision_counts_where_the_asset_may_not_be_read(deployment: MemoryDeployment) -> None:
    deployment.domain.denied.add("orders-asset")
    deployment.execute(redrive(), "by-hand")
    assert deployment.record().state == "GRANTED" and deployment.reads() == BOTH


# --- the roles --------------------------------------------------------------------------------------------------------
def test_a_role_taken_out_of_the_target_loses_its_access(deployment: MemoryDeployment) -> None:
    deployment.domain.targets["target1"]["authorizedPrincipals"] = [ROLE, OTHER]
    repaired(deployment, "PrincipalsChanged")
    assert deployment.reads(role=ROLE) == deployment.reads(role=OTHER) == BOTH, "an added one gets it"
    deployment.domain.targets["target1"]["authorizedPrincipals"] = [OTHER]
    repaired(deployment, "PrincipalsChanged")
    assert deployment.reads(role=ROLE) == NEITHER and deployment.reads(role=OTHER) == BOTH
    assert [role.arn for role in deployment.command().consumer.principals] == [OTHER]


def test_a_role_is_replaced_by_one_that_may_not_receive_access(deployment: MemoryDeployment) -> None:
    """The one that may not is left out; the one that is gone still loses."""
    deployment.domain.targets["target1"]["authorizedPrincipals"] = [ROLE, OTHER]
    repaired(deployment, "PrincipalsChanged")
    foreign = f"arn:aws:iam::{OWNER}:role/streaming/elsewhere"
    deployment.domain.targets["target1"]["authorizedPrincipals"] = [OTHER, foreign]
    deployment.reconcile("wet")
    deployment.drain()
    assert deployment.reads(role=ROLE) == NEITHER and deployment.reads(role=OTHER) == BOTH
    assert deployment.reads(role=foreign) == NEITHER
    deployment.clock.value += HOUR
    result = deployment.reconcile("again")
    assert kinds(result) == {"PrincipalsChanged": {"found": 1, "skipped": 1}} and not deployment.executions.waiting
    assert f"names {foreign}, which may not receive access" in result["findings"][0]["text"]


def test_a_role_that_the_configuration_no_longer_names_still_loses(deployment: MemoryDeployment) -> None:
    deployment.domain.targets["target1"]["authorizedPrincipals"] = [OTHER]
    settings = replace(deployment.consumer.settings, consumer_roles=(OTHER,))
    deployment.consumer.apply._settings = settings
    repaired(deployment, "PrincipalsChanged")
    assert deployment.reads(role=ROLE) == NEITHER and deployment.reads(role=OTHER) == BOTH


# --- environments and members -----------------------------------------------------------------------------------------
STATUSES = (
    *("ACTIVE", "CREATING", "UPDATING", "DELETING", "CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"),
    *("VALIDATION_FAILED", "SUSPENDED", "DISABLED", "EXPIRED", "DELETED", "INACCESSIBLE"),
)


def test_the_statuses_are_those_of_the_api() -> None:
    import botocore.session

    service: Any = botocore.session.get_session().get_service_model("datazone")
    assert set(STATUSES) == set(service.shape_for("EnvironmentStatus").enum) > USABLE | GONE


@pytest.mark.parametrize("status", STATUSES)
def test_an_environment_receives_access_by_its_status(status: str) -> None:
    central = Central()
    central.domain.add_grant()
    central.domain.environments["env1"]["status"] = status
    (item,) = central.collect()
    if status in USABLE:
        assert sides(item) and item["refusal"] is None
    else:
        assert not sides(item) and f"env1 is {status}" in item["refusal"]


@pytest.mark.parametrize("status", STATUSES)
def test_an_environment_that_changes_its_status_after_the_grant(deployment: MemoryDeployment, status: str) -> None:
    deployment.domain.environments["env1"]["status"] = status
    found = kinds(deployment.reconcile())
    if status in USABLE:
        assert found == {}
    elif status in GONE:
        assert found == {"Orphaned": {"found": 1, "repaired": 1}} and deployment.inventory.ended == ["grant1"]
    else:
        assert found == {"UnusableEnvironment": {"found": 1, "skipped": 1}} and deployment.reads() == BOTH


@pytest.mark.parametrize("account", [OWNER, CONSUMER])
def test_a_member_that_was_removed_while_grants_reach_it_is_reported(
    deployment: MemoryDeployment, account: str
) -> None:
    settings = deployment.reconciler._settings
    deployment.reconciler._settings = replace(settings, members=tuple({OWNER, CONSUMER} - {account}))
    result = deployment.reconcile(dry_run=True)
    assert kinds(result) == {"NoMember": {"found": 1, "skipped": 1}}
    assert account in result["findings"][0]["text"]


# --- data products ----------------------------------------------------------------------------------------------------
def product(size: int) -> Central:
    """A grant of a data product with so many topics."""
    central = Central()
    central.domain.add_grant(assets={f"asset{number}": "GRANT_PENDING" for number in range(size)})
    listing = central.domain.listings["listing1"]["item"]["assetListing"]
    items = []
    for number in range(size):
        asset = {**listing, "assetId": f"asset{number}"}
        central.domain.listings[f"part{number}"] = {"id": f"part{number}", "item": {"assetListing": asset}}
        items.append({"listingId": f"part{number}", "listingRevision": "1"})
    central.domain.listings["listing1"] = {"id": "listing1", "item": {"dataProductListing": {"items": items}}}
    return central


def test_a_data_product_with_too_many_assets_is_refused_before_anything_is_begun() -> None:
    central = product(60)
    with pytest.raises(PermanentGrantError, match="60 assets, more than one execution"):
        central.collect()
    assert central.domain.status_updates == [] and central.grants.records == {}
    assert {asset["status"] for asset in central.domain.grants["grant1"]["assets"]} == {"GRANT_PENDING"}
    assert len(product(20).collect()) == 20
