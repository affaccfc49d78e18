"""What a consumer is told: written with the grant, true for its account, restored if changed, gone with the grant."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.documents.comparison import differences
from streamgov_core.documents.policy_document import DesiredState
from streamgov_core.member.connection_parameter import ConnectionDocument
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.command import AccessRequest, GrantCommand
from streamgov_core.model.connection_details import MAX_DETAILS, connection_content, parameter_name
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.model.errors import PermanentGrantError, RetryableGrantError
from streamgov_core.platforms.kinesis.platform import Kinesis
from streamgov_core.platforms.msk.platform import Msk
from tests.unit.grants.fakes import CONSUMER, NAMES, OWNER, PROJECT, REGISTRY, ROLE, command, schema_of
from tests.unit.grants.fakes.account import MemoryParameters
from tests.unit.grants.reconcile_accounts import HOUR, MemoryDeployment
from tests.unit.member.test_apply import Member

BROKERS = {"bootstrapBrokers": "b-1:9098", "bootstrapBrokersVpc": "b-1.vpc:14001"}
NAME = f"/streamgov/streamgov/connections/{PROJECT}/grant1/asset1"
LOCAL = f"arn:aws:iam::{OWNER}:role/streaming/local"
STREAM = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/orders"


def consumer_side(facts: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """The consumer's command as the central machine sends it, with the answers of the owner's side."""
    order = command(side="consumer", account=CONSUMER, schema=schema_of("orders"), **more).to_message()
    if facts is not None:
        details = {"documents": [], "warnings": [], "connection": facts}
        order["answers"] = [{"side": "producer", "outcome": {"status": "APPLIED", "cause": None, "details": details}}]
    return order


@pytest.fixture()
def member() -> Member:
    found = Member(CONSUMER)
    found.gateway.iam.add(ROLE)
    return found


def told(member: Member) -> dict[str, Any]:
    return dict(json.loads(member.gateway.parameter_store.values[NAME]))


def test_the_consumer_is_told_what_only_the_owner_knows(member: Member) -> None:
    answer = member.run(consumer_side(BROKERS, access="READ_WRITE"))
    assert answer["details"]["parameter"] == NAME
    assert told(member) == {
        "version": 1,
        "grantId": "grant1",
        "assetId": "asset1",
        "platform": "msk",
        "resourceArn": str(command().resource["arn"]),
        "ownerAccount": OWNER,
        "access": "READ_WRITE",
        "topic": "orders",
        "clusterArn": command().resource["clusterArn"],
        "bootstrapBrokers": "b-1.vpc:14001",
        "groupPrefix": f"{CONSUMER}.{PROJECT}.",
        "transactionalIdPrefix": f"{CONSUMER}.{PROJECT}.",
        "securityProtocol": "SASL_SSL",
        "saslMechanism": "OAUTHBEARER or AWS_MSK_IAM",
        "schemaArn": schema_of("orders").schema_arn,
        "registryArn": REGISTRY,
        "schemaReaderRoleArn": NAMES.reader_role_arn(OWNER, REGISTRY, CONSUMER, PROJECT),
    }
    statements = member.gateway.iam.statements(ROLE)
    (reading,) = [item for item in statements if "ssm:GetParameter" in item["Action"]]
    path = f"arn:aws:ssm:us-east-1:{CONSUMER}:parameter/streamgov/streamgov/connections/{PROJECT}"
    assert reading["Resource"] == [path, f"{path}/*"]


def test_the_owners_side_answers_what_it_knows_and_writes_no_parameter() -> None:
    owner = Member(OWNER)
    owner.gateway.facts = BROKERS
    order = command()
    owner.gateway.recorded(order)
    details = owner.run(order)["details"]
    assert details["connection"] == BROKERS and "parameter" not in details
    assert owner.gateway.parameter_store.writes == []


def test_within_one_account_one_command_does_both() -> None:
    owner = Member(OWNER)
    owner.gateway.facts = BROKERS
    owner.gateway.iam.add(LOCAL)
    order = command(principals=(LOCAL,), side="both", schema=schema_of("orders"))
    owner.gateway.recorded(order)
    assert owner.run(order)["details"]["parameter"] == NAME
    assert told(owner)["bootstrapBrokers"] == "b-1:9098"
    assert "schemaReaderRoleArn" not in told(owner), "the registry is the account's own"


def test_a_fan_out_consumer_is_told_by_its_arn_and_the_key_by_its_own(member: Member) -> None:
    owner = Member(OWNER)
    key = f"arn:aws:kms:us-east-1:{OWNER}:key/12345678-1234-1234-1234-123456789012"
    resource = {"arn": STREAM, "stream": "orders", "encryption": "KMS", "keyArn": key}
    order = replace(command(), platform="kinesis", resource=resource, request=AccessRequest("READ", "FAN_OUT"))
    owner.gateway.recorded(order)
    facts = owner.run(order)["details"]["connection"]
    ((arn, _),) = owner.gateway.consumers.found.values()
    assert facts == {"consumerArn": arn}
    message = replace(order, side="consumer", account=CONSUMER).to_message()
    member.run({**message, "answers": [{"outcome": {"details": {"connection": facts}}}]})
    assert (told(member)["consumerArn"], told(member)["keyArn"]) == (arn, key)
    assert f"{STREAM}/consumer/{told(member)['consumerName']}:" in arn
    assert "groupPrefix" not in told(member)


def test_it_goes_with_the_grant_and_a_late_grant_does_not_bring_it_back(member: Member) -> None:
    member.run(consumer_side(BROKERS))
    member.run(consumer_side(request="REVOKE", generation=3))
    assert member.gateway.parameter_store.values == {}
    assert member.run(consumer_side(BROKERS))["status"] == "SUPERSEDED"
    assert member.gateway.parameter_store.values == {}


def test_what_changes_is_corrected_and_what_nobody_said_anew_stays(member: Member) -> None:
    member.run(consumer_side(BROKERS))
    member.run(consumer_side({"bootstrapBrokersVpc": "b-9.vpc:14001"}, generation=3))
    assert told(member)["bootstrapBrokers"] == "b-9.vpc:14001"
    # The reconciler sends the ledger's command, to which no owner has answered.
    member.run(consumer_side(generation=3))
    assert told(member)["bootstrapBrokers"] == "b-9.vpc:14001"


def test_access_does_not_depend_on_the_parameter(member: Member) -> None:
    member.gateway.parameter_store.error = PermanentGrantError("ssm:PutParameter is not allowed")
    answer = member.run(consumer_side(BROKERS))
    assert answer["status"] == "APPLIED" and member.gateway.iam.statements(ROLE)
    assert "could not be told how to connect" in answer["details"]["warnings"][0]
    member.gateway.parameter_store.error = RetryableGrantError("ssm:PutParameter was throttled")
    with pytest.raises(RetryableGrantError):
        member.run(consumer_side(BROKERS))
    member.gateway.parameter_store.error = None
    assert member.run(consumer_side(BROKERS))["details"]["parameter"] == NAME
    assert told(member)["topic"] == "orders"


@pytest.mark.parametrize(
    ("live", "kinds"),
    [(None, ["DriftRemoved"]), ("{}", ["DriftAltered"]), ("right", [])],
    ids=["deleted", "edited", "as it was"],
)
def test_a_parameter_that_somebody_changed_is_found_and_written_again(live: str | None, kinds: list[str]) -> None:
    parameters = MemoryParameters()
    document = ConnectionDocument(parameters, NAME, NAMES.sid_prefix)
    record = ContributionRecord("grant1#asset1", 1, "ACTIVE", content="right")
    desired = DesiredState({record.key: record}, {record.key: Slot(0, 1)}, verify_all=True)
    if live is not None:
        parameters.values[NAME] = live

    def drift() -> list[str]:
        compared = document.compare(desired)
        return [item.kind for part in compared for item in differences(f"connection#{NAME}", part, NAMES.sid_prefix)]

    assert drift() == kinds
    assert (document.apply(desired, lambda: None).writes > 0) is bool(kinds)
    assert drift() == [] and parameters.values == {NAME: "right"}
    document.apply(DesiredState({}, desired.slots), lambda: None)
    assert parameters.values == {}


@pytest.mark.parametrize("change", ["nothing", "deleted", "edited", "of a revoked grant"])
def test_the_reconciler_restores_what_consumers_are_told(change: str) -> None:
    """All parameters are read in a few calls; only one that differs is looked at by itself, under its lease."""
    deployment = MemoryDeployment()
    deployment.granted()
    account = deployment.accounts[CONSUMER]
    ((name, value),) = account.gateway.parameter_store.values.items()
    assert deployment.domain.grants["grant1"]["assets"][0]["targetName"] == name
    if change == "deleted":
        account.gateway.parameter_store.values = {}
    if change == "edited":
        account.gateway.parameter_store.values[name] = "{}"
    if change == "of a revoked grant":
        deployment.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
        revoke = {"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "REVOKE"}
        deployment.execute(revoke, "revoke")
        assert account.gateway.parameter_store.values == {}
        account.gateway.parameter_store.values[name] = value
    acquired: list[str] = []
    account.ledger.hooks["acquire"] = lambda document_id, owner: acquired.append(document_id)
    deployment.clock.value += HOUR
    counts = deployment.reconcile()["counts"]
    expected = {"deleted": "DriftRemoved", "edited": "DriftAltered", "of a revoked grant": "DriftAdded"}.get(change)
    assert counts == ({} if expected is None else {expected: {"found": 1, "repaired": 1}})
    assert any(item.startswith("connection#") for item in acquired) is (change != "nothing")
    assert account.gateway.parameter_store.values == ({} if "revoked" in change else {name: value})


@pytest.mark.parametrize("slow", [False, True], ids=["at once", "in the making"])
def test_a_fan_out_consumer_that_is_registered_anew_is_told_in_the_same_run(slow: bool) -> None:
    deployment = MemoryDeployment()
    deployment.domain.add_grant(
        forms={
            "KinesisSourceReferenceFormType": {"stream_arn": STREAM},
            "KinesisSchemaFormType": {"stream_name": "orders"},
        },
        asset_type="KinesisStreamAssetType",
        metadata_forms=[{"typeName": "StreamAccessRequestFormType", "content": json.dumps({"consumption": "FAN_OUT"})}],
    )
    deployment.owner.gateway.records["orders"] = AssetRecord("asset1", STREAM, None, "orders", "h")
    deployment.domain.grants["grant1"]["updatedAt"] = deployment.clock.now()
    deployment.execute({"version": 1, "action": "redrive", "grantId": "grant1", "requestType": "GRANT"}, "first")
    assert deployment.status() == "GRANTED"
    consumers, parameters = deployment.owner.gateway.consumers, deployment.consumer.gateway.parameter_store
    ((before, _),) = consumers.found.values()
    (text,) = parameters.values.values()
    assert json.loads(text)["consumerArn"] == before
    consumers.deregister(before)
    consumers.status = "CREATING" if slow else "ACTIVE"
    deployment.clock.value += HOUR
    assert deployment.reconcile("dry", dry_run=True)["counts"] and not deployment.executions.waiting
    deployment.reconcile("r1")
    if slow:  # The next run finishes what the service was still making.
        assert not deployment.executions.waiting
        consumers.found = {name: (arn, "ACTIVE") for name, (arn, _) in consumers.found.items()}
        deployment.clock.value += HOUR
        deployment.reconcile("r2")
    deployment.drain()
    ((after, _),) = consumers.found.values()
    (text,) = parameters.values.values()
    assert json.loads(text)["consumerArn"] == after != before
    deployment.clock.value += HOUR
    assert deployment.reconcile("r3")["counts"] == {} and not deployment.executions.waiting


def test_answers_are_read_with_care() -> None:
    """They come from another account by way of the domain's."""
    message = consumer_side()
    unread: list[Any] = [None, "x", [None], [{}], [{"outcome": None}], [{"outcome": {"details": {"connection": "x"}}}]]
    for answers in unread:
        assert GrantCommand.parse({**message, "answers": answers}).owner_facts is None
    odd = {"connection": {"bootstrapBrokersVpc": "b:1", "arn": 7}}
    facts = GrantCommand.parse({**message, "answers": [{"outcome": {"details": odd}}]}).owner_facts
    assert facts == {"bootstrapBrokersVpc": "b:1"}
    stranger = command(grant="g/../../x", asset="a b")
    assert parameter_name(NAMES, stranger) == f"/streamgov/streamgov/connections/{PROJECT}/g-..-..-x/a-b"


def test_details_fit_a_standard_parameter_however_many_brokers_there_are() -> None:
    many = ",".join(f"b-{n}.cluster.kafka.us-east-1.amazonaws.com:14{n:03d}" for n in range(90))
    order = replace(command(account=CONSUMER), resource={**command().resource, "bootstrapBrokersVpc": many})
    text = connection_content(NAMES, order, Msk().connection(order))
    assert len(text) <= MAX_DETAILS
    assert json.loads(text)["bootstrapBrokers"] == many.split(",")[0]


def test_platforms_say_only_what_concerns_the_access() -> None:
    writes = command(access="WRITE", account=CONSUMER)
    assert Msk().connection(writes)["groupPrefix"] == ""
    resource = {"arn": STREAM, "stream": "orders", "encryption": "NONE"}
    stream = replace(writes, platform="kinesis", resource=resource)
    assert Kinesis().connection(stream)["consumption"] == ""
