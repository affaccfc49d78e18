"""Kinesis: types, claims, permissions, fan-out consumers, grants on keys, and what a stream must be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import botocore.exceptions
import pytest

from streamgov_core.documents.comparison import differences
from streamgov_core.documents.compiler import RESOURCE_POLICY_LIMIT, resource_statements, size
from streamgov_core.documents.policy_document import DesiredState
from streamgov_core.model.command import AccessRequest, GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError, WaitingGrantError
from streamgov_core.model.naming import Names
from streamgov_core.platforms.kinesis.arns import consumer_name_arn
from streamgov_core.platforms.kinesis.fan_out import FanOutConsumerDocument
from streamgov_core.platforms.kinesis.form_types import SCHEMA_FORM, SOURCE_FORM
from streamgov_core.platforms.kinesis.inspection import inspect_stream
from streamgov_core.platforms.kinesis.key_grants import KeyGrantDocument
from streamgov_core.platforms.kinesis.platform import Kinesis
from tests.unit.grants.fakes import (
    CONSUMER,
    NAMES,
    OWNER,
    ROLE,
    MemoryConsumers,
    MemoryKeys,
    MemoryPolicies,
    command,
)
from tests.unit.grants.oracle import many

KINESIS = Kinesis()
STREAM = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/orders"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/12345678-1234-1234-1234-123456789012"
LOCAL = f"arn:aws:iam::{OWNER}:role/streaming/local"
SID = NAMES.sid_prefix


def order(
    *,
    access: str = "READ",
    consumption: str = "SHARED",
    key: str = "",
    encryption: str = "",
    stream: str = STREAM,
    **more: Any,
) -> GrantCommand:
    resource = {
        "arn": stream,
        "stream": stream.rsplit("/", 1)[1],
        "encryption": encryption or ("KMS" if key else "NONE"),
    }
    if key:
        resource["keyArn"] = key
    base = command(**more)
    asked = AccessRequest(access, consumption)  # type: ignore[arg-type]
    return replace(base, platform="kinesis", resource=resource, request=asked)


def forms(source: dict[str, Any] | None = None, schema: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    return {
        SOURCE_FORM: {"stream_arn": STREAM, "stream_capacity_mode": "ON_DEMAND", **(source or {})},
        SCHEMA_FORM: {"stream_name": "orders", **(schema or {})},
    }


def actions(contributions: tuple[PolicyContribution, ...]) -> dict[str, set[str]]:
    return {
        contribution.kind: {a for permission in contribution.permissions for a in permission.actions}
        for contribution in contributions
    }


def test_the_asset_type_refers_to_the_forms_of_its_namespace() -> None:
    team = Names(namespace="team-a")
    assert KINESIS.asset_type(team).name == "KinesisStreamAssetTypeTeamA"
    models = {model.name for model in KINESIS.form_models(team)}
    assert models <= {name for name, _ in KINESIS.asset_type(team).forms.values()}


def test_a_claim_names_account_region_stream_and_key() -> None:
    claim = KINESIS.claim(forms({"encryption_type": "KMS", "key_arn": KEY}))
    assert (claim.account, claim.region, claim.arn) == (OWNER, "us-east-1", STREAM)
    assert claim.resource["keyArn"] == KEY
    assert "keyArn" not in KINESIS.claim(forms({"encryption_type": "NONE", "key_arn": KEY})).resource


@pytest.mark.parametrize(
    ("source", "schema", "reason"),
    [
        ({"stream_arn": STREAM + "/consumer/x"}, {}, "not the ARN"),
        ({"stream_arn": STREAM[:-6] + "*"}, {}, "not the ARN"),
        ({}, {"stream_name": "salaries"}, "is not the stream"),
        ({"encryption_type": "ROT13"}, {}, "encryption_type"),
        ({"encryption_type": "KMS", "key_arn": "alias/x"}, {}, "not the ARN of a KMS key"),
    ],
)
def test_claims_that_would_end_in_a_wrong_policy(source: dict[str, Any], schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClaimRefusedError, match=reason):
        KINESIS.claim(forms(source, schema))


def test_shared_reading_across_accounts_is_the_stream_policy_and_the_identity_policy() -> None:
    found = actions(KINESIS.producer_contributions(NAMES, order()))
    assert set(found) == {"stream"}
    identity = {a for permission in KINESIS.consumer_permissions(NAMES, order()) for a in permission.actions}
    assert found["stream"] == identity
    assert {"kinesis:GetRecords", "kinesis:GetShardIterator"} <= identity
    assert "kinesis:PutRecord" not in identity and "kinesis:SubscribeToShard" not in identity


def test_within_one_account_the_identity_policy_is_enough() -> None:
    assert KINESIS.producer_contributions(NAMES, order(principals=(LOCAL,))) == ()


def test_fan_out_gives_the_consumer_and_no_get_records() -> None:
    found = actions(KINESIS.producer_contributions(NAMES, order(consumption="FAN_OUT")))
    assert set(found) == {"stream", "fan-out"}
    assert "kinesis:GetRecords" not in found["stream"]
    assert found["fan-out"] == {"kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"}
    permissions = KINESIS.consumer_permissions(NAMES, order(consumption="FAN_OUT"))
    # A call by stream and name is held against the ARN without the time of the registration.
    assert {permission.resource for permission in permissions if permission.kind == "consumer"} == {
        consumer_name_arn(NAMES, order()),
        f"{consumer_name_arn(NAMES, order())}:*",
    }
    # The owner registers it within one account, too.
    assert set(actions(KINESIS.producer_contributions(NAMES, order(consumption="FAN_OUT", principals=(LOCAL,))))) == {
        "fan-out"
    }
    assert set(actions(KINESIS.producer_contributions(NAMES, order(consumption="FAN_OUT", access="WRITE")))) == {
        "stream"
    }


def test_a_customer_managed_key_is_granted_for_the_stream_only() -> None:
    given = order(key=KEY, access="READ_WRITE", principals=(ROLE, LOCAL))
    (key,) = [
        contribution for contribution in KINESIS.producer_contributions(NAMES, given) if contribution.kind == "key"
    ]
    assert {permission.principal_arn for permission in key.permissions} == {ROLE, LOCAL}
    (permission,) = [
        permission for permission in KINESIS.consumer_permissions(NAMES, given) if permission.kind == "kms"
    ]
    assert permission.actions == ("kms:Decrypt", "kms:GenerateDataKey")
    assert json.loads(permission.condition) == {"StringEquals": {"kms:EncryptionContext:aws:kinesis:arn": STREAM}}


def test_the_managed_key_is_refused_across_accounts_only() -> None:
    with pytest.raises(PermanentGrantError, match="start-stream-encryption"):
        KINESIS.review(order(encryption="KMS"))
    KINESIS.review(order(encryption="KMS", principals=(LOCAL,)))
    KINESIS.review(order(encryption="KMS", request="REVOKE"))


def test_a_stream_policy_holds_over_300_roles() -> None:
    roles = [f"arn:aws:iam::{CONSUMER}:role/consumer-rol-{number:07d}" for number in range(300)]
    permissions = [
        p
        for arn in roles
        for i in KINESIS.producer_contributions(NAMES, order(principals=(arn,)))
        for p in i.permissions
    ]
    document = {"Version": "2012-10-17", "Statement": resource_statements(SID, permissions)}
    assert size(document) <= RESOURCE_POLICY_LIMIT
    for statement in resource_statements(SID, permissions):
        assert statement["Resource"] == STREAM
        assert all("*" not in action for action in many(statement["Action"]))


# --- fan-out consumers ------------------------------------------------------------------------------------------------
def fan_out(*orders: GrantCommand) -> tuple[str, dict[str, ContributionRecord]]:
    records = {}
    target = ""
    for given in orders:
        (contribution,) = [i for i in KINESIS.producer_contributions(NAMES, given) if i.kind == "fan-out"]
        target = contribution.arn
        records[given.key] = ContributionRecord.of(given.key, given.generation, True, contribution, 1.0)
    return target, records


def test_a_fan_out_consumer_lives_while_somebody_may_use_it() -> None:
    policies = MemoryPolicies(tokens=False)
    consumers = MemoryConsumers(policies)
    target, records = fan_out(order(consumption="FAN_OUT"))

    def apply(active: Mapping[str, ContributionRecord], placed: Mapping[str, Slot]) -> Any:
        return FanOutConsumerDocument(consumers, policies, target, SID).apply(
            DesiredState(active, placed), lambda: None
        )

    written = apply(records, {})
    assert written.rejected == {}
    ((arn, _),) = consumers.found.values()
    (statement,) = policies.statements(arn)
    assert statement["Resource"] == arn and statement["Principal"] == {"AWS": ROLE}
    assert apply(records, written.slots).writes == 0
    apply({}, written.slots)
    assert consumers.found == {}
    assert apply({}, {}).writes == 0


def test_a_fan_out_consumer_that_is_being_made_is_waited_for() -> None:
    consumers = MemoryConsumers(MemoryPolicies(tokens=False))
    consumers.status = "CREATING"
    target, records = fan_out(order(consumption="FAN_OUT"))
    policy_document = FanOutConsumerDocument(consumers, consumers.policies, target, SID)
    with pytest.raises(WaitingGrantError, match="CREATING"):
        policy_document.apply(DesiredState(records, {}), lambda: None)


def test_a_stream_that_is_gone_refuses_its_fan_out() -> None:
    consumers = MemoryConsumers(MemoryPolicies(tokens=False))
    consumers.gone = True
    target, records = fan_out(order(consumption="FAN_OUT"))
    written = FanOutConsumerDocument(consumers, consumers.policies, target, SID).apply(
        DesiredState(records, {}), lambda: None
    )
    assert "does not exist" in next(iter(written.rejected.values())).cause


def fan_out_drift(policy_document: FanOutConsumerDocument, target: str, view: DesiredState) -> list[str]:
    return [item.kind for part in policy_document.compare(view) for item in differences(f"fan-out#{target}", part, SID)]


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("nothing", []),
        ("deregistered", ["DriftRemoved"]),
        ("registered again", ["DriftRemoved"]),
        ("policy removed", ["DriftRemoved"]),
        ("policy altered", ["DriftAltered"]),
        ("policy for the former ARN", ["DriftAdded", "DriftRemoved"]),
        ("registered without a grant", ["DriftAdded"]),
    ],
)
def test_what_became_of_a_fan_out_consumer_is_told_and_repaired(what: str, kinds: list[str]) -> None:
    policies = MemoryPolicies(tokens=False)
    consumers = MemoryConsumers(policies)
    target, records = fan_out(order(consumption="FAN_OUT"))
    policy_document = FanOutConsumerDocument(consumers, policies, target, SID)
    view = DesiredState(
        records, policy_document.apply(DesiredState(records, {}), lambda: None).slots, frozenset(records), True
    )
    (name,) = consumers.found
    arn = consumers.found[name][0]
    document, token = policies.documents[arn]
    if what in ("deregistered", "registered again", "policy removed", "policy for the former ARN"):
        del policies.documents[arn]
    if what == "deregistered":
        consumers.found = {}
    if what in ("registered again", "policy for the former ARN"):
        consumers.found[name] = (f"{target}:1700009999", "ACTIVE")
    if what == "policy for the former ARN":
        policies.documents[f"{target}:1700009999"] = (document, token)
    if what == "policy altered":
        wide = [{**item, "Action": "kinesis:*"} for item in document["Statement"]]
        policies.documents[arn] = ({**document, "Statement": wide}, token)
    if what == "registered without a grant":
        view = DesiredState({}, {}, frozenset(), True)
    assert fan_out_drift(policy_document, target, view) == kinds
    assert (policy_document.apply(view, lambda: None).writes > 0) is bool(kinds)
    assert fan_out_drift(policy_document, target, view) == []
    if view.active:
        now = consumers.found[name][0]
        (statement,) = policies.statements(now)
        assert statement["Resource"] == now
    else:
        assert consumers.found == {}


# --- keys -------------------------------------------------------------------------------------------------------------
def key_records(*orders: GrantCommand) -> Iterator[tuple[str, ContributionRecord]]:
    for given in orders:
        (contribution,) = [i for i in KINESIS.producer_contributions(NAMES, given) if i.kind == "key"]
        yield given.key, ContributionRecord.of(given.key, given.generation, True, contribution, 1.0)


def bring_keys(keys: MemoryKeys, *orders: GrantCommand) -> Any:
    view = DesiredState(dict(key_records(*orders)), {})
    return KeyGrantDocument(keys, KEY, SID).apply(view, lambda: None)


def test_grants_on_a_key_are_counted_by_reference() -> None:
    keys = MemoryKeys()
    one, two = order(key=KEY, grant="a"), order(key=KEY, grant="b")
    bring_keys(keys, one, two)
    ((_, grant),) = keys.grants
    assert grant.principal == ROLE and grant.operations == ("Decrypt",)
    assert grant.context == (("aws:kinesis:arn", STREAM),)
    (shared,) = dict(key_records(one)).values()
    slots = {key: Slot(0, 1) for key in (one.key, two.key)}
    document = KeyGrantDocument(keys, KEY, SID)
    assert document.apply(DesiredState({one.key: shared}, slots), lambda: None).writes == 0
    assert len(keys.grants) == 1
    bring_keys(keys)
    assert keys.grants == []


def test_two_streams_on_one_key_are_two_grants() -> None:
    keys = MemoryKeys()
    other = order(key=KEY, grant="b", stream=STREAM + "2")
    bring_keys(keys, order(key=KEY, grant="a"), other)
    assert len(keys.grants) == 2
    bring_keys(keys, other)
    ((_, grant),) = keys.grants
    assert grant.context == (("aws:kinesis:arn", STREAM + "2"),)


def test_a_principal_that_does_not_exist_stops_only_its_own_grant() -> None:
    keys = MemoryKeys()
    keys.missing.add(ROLE)
    fine = order(key=KEY, grant="b", principals=(LOCAL,))
    written = bring_keys(keys, order(key=KEY, grant="a"), fine)
    assert set(written.slots) == {fine.key}
    (refusal,) = written.rejected.values()
    assert refusal.retry and "does the role exist" in refusal.cause


def test_a_grant_that_no_list_shows_yet_is_revoked_by_its_id() -> None:
    """Two DataZone grants need one key grant, then another, then none; KMS lists nothing for minutes."""
    keys = MemoryKeys()
    keys.stale = []
    reads, writes = order(key=KEY, grant="a"), order(key=KEY, grant="b", access="WRITE")
    slots: dict[str, Slot] = {}
    for given in ([reads], [reads, writes], [writes], []):
        desired = DesiredState(dict(key_records(*given)), slots)
        slots = dict(KeyGrantDocument(keys, KEY, SID).apply(desired, lambda: None).slots)
        wanted = {
            operation for item in given for operation in (("Decrypt",) if item.request.reads else ("GenerateDataKey",))
        }
        assert [set(grant.operations) for _, grant in keys.grants] == ([wanted] if wanted else [])
    assert slots == {}


def test_doubled_grants_are_cleared_away() -> None:
    keys = MemoryKeys()
    bring_keys(keys, order(key=KEY))
    keys.grants.append(("twin", keys.grants[0][1]))
    bring_keys(keys, order(key=KEY))
    assert len(keys.grants) == 1


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("nothing", []),
        ("removed", ["DriftRemoved"]),
        ("added under a name of ours", ["DriftAdded"]),
        ("widened under the same name", ["DriftAltered"]),
        ("freed of its context", ["DriftAltered"]),
        ("widened beside the true one", ["DriftAdded"]),
        ("doubled", ["DriftAdded"]),
        ("role made again", ["DeletedRole"]),
        ("somebody else's", []),
    ],
)
def test_what_became_of_the_grants_on_a_key_is_told_and_repaired(what: str, kinds: list[str]) -> None:
    keys = MemoryKeys()
    bring_keys(keys, order(key=KEY))
    ((identifier, grant),) = keys.grants
    wide = replace(grant, operations=("Decrypt", "GenerateDataKey"))
    keys.grants = {
        "removed": [],
        "added under a name of ours": [(identifier, grant), ("new", replace(grant, name=f"{SID}-x", principal=LOCAL))],
        "widened under the same name": [("new", wide)],
        "freed of its context": [("new", replace(grant, context=()))],
        "widened beside the true one": [("new", wide), (identifier, grant)],
        "doubled": [(identifier, grant), ("twin", grant)],
        "role made again": [(identifier, replace(grant, principal="AROAEXAMPLEID"))],
        "somebody else's": [(identifier, grant), ("theirs", replace(grant, name="Theirs"))],
    }.get(what, keys.grants)
    policy_document = KeyGrantDocument(keys, KEY, SID)
    records = dict(key_records(order(key=KEY)))
    view = DesiredState(records, {key: Slot(0, 1) for key in records}, frozenset(records), True)

    def drift() -> list[str]:
        return [item.kind for part in policy_document.compare(view) for item in differences(f"key#{KEY}", part, SID)]

    assert drift() == kinds
    assert (policy_document.apply(view, lambda: None).writes > 0) is bool(kinds)
    assert drift() == []
    assert [live for _, live in keys.grants if live.name.startswith(SID)] == [grant]
    assert ("theirs" in [name for name, _ in keys.grants]) is (what == "somebody else's")


# --- the stream itself ------------------------------------------------------------------------------------------------
class FakeClients:
    """Clients that know one stream and one key."""

    def __init__(self, summary: dict[str, Any] | None, manager: str = "CUSTOMER") -> None:
        self.summary, self.manager = summary, manager
        error = botocore.exceptions.ClientError
        self.exceptions = type("exceptions", (), {"ResourceNotFoundException": type("NotFound", (error,), {})})

    def client(self, service: str) -> Any:
        return self

    def describe_stream_summary(self, StreamARN: str) -> dict[str, Any]:
        if self.summary is None:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}
            raise self.exceptions.ResourceNotFoundException(error, "DescribeStreamSummary")  # type: ignore[attr-defined]
        return {"StreamDescriptionSummary": self.summary}

    def describe_key(self, KeyId: str) -> dict[str, Any]:
        assert KeyId.startswith(f"arn:aws:kms:us-east-1:{OWNER}:")
        return {"KeyMetadata": {"Arn": KEY, "KeyManager": self.manager}}


def inspect(given: GrantCommand, summary: dict[str, Any] | None, manager: str = "CUSTOMER") -> dict[str, Any]:
    return inspect_stream(FakeClients(summary, manager), given)  # type: ignore[arg-type]


def test_a_stream_must_be_what_the_asset_says() -> None:
    assert inspect(order(), {"EncryptionType": "NONE"})["warnings"]
    assert inspect(order(consumption="FAN_OUT"), {})["warnings"] == []
    encrypted = {"EncryptionType": "KMS", "KeyId": "alias/ours"}
    inspect(order(key=KEY), encrypted)
    with pytest.raises(ClaimRefusedError, match="does not exist"):
        inspect(order(), None)
    with pytest.raises(ClaimRefusedError, match="let the data source run"):
        inspect(order(), encrypted)
    with pytest.raises(ClaimRefusedError, match="let the data source run"):
        inspect(order(key=KEY.replace("1234-1234", "9999-9999")), encrypted)
    with pytest.raises(PermanentGrantError, match="aws/kinesis"):
        inspect(order(), {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}, "AWS")
    inspect(order(principals=(LOCAL,)), {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}, "AWS")
