"""What changes after a grant, in the emulator: the key of a stream, the roles of a target."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from streamgov_core.platforms.kinesis.form_types import SCHEMA_FORM, SOURCE_FORM
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.stream import Stream
from tests.integration.access.test_redrive import started
from tests.integration.access.test_workflow import ledger_item, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER


def say(stream: Stream, asset: str, **source: str) -> None:
    """The data source revises the stream's asset; it is not published."""
    name = stream.arn.rsplit("/", 1)[1]
    columns = {"tableName": name, "columns": [{"columnName": "id", "dataType": "string"}]}
    content = {"stream_arn": stream.arn, "stream_capacity_mode": "ON_DEMAND", **source}
    stream.deployment.client("datazone").create_asset_revision(
        domainIdentifier=stream.deployment.domain,
        identifier=asset,
        name=name,
        formsInput=[
            {"formName": SOURCE_FORM, "content": json.dumps(content)},
            {"formName": SCHEMA_FORM, "content": json.dumps({"stream_name": name})},
            {"formName": "RelationalTableFormType", "content": json.dumps(columns)},
        ],
    )


def encrypt(stream: Stream) -> str:
    """The stream is encrypted with another key from now on."""
    key = str(stream.deployment.client("kms", PRODUCER).create_key()["KeyMetadata"]["Arn"])
    name = stream.arn.rsplit("/", 1)[1]
    stream.kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    summary = partial(stream.kinesis.describe_stream_summary, StreamName=name)
    eventually(summary, lambda found: found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE")
    return key


def found(result: dict[str, Any], subject: str) -> set[tuple[str, str]]:
    return {(item["kind"], item["outcome"]) for item in result["findings"] if subject in item["subject"]}


@pytest.mark.parametrize("by_hand", [False, True])
def test_consumers_go_on_reading_after_the_key_of_the_stream_was_changed(deployment: Deployment, by_hand: bool) -> None:
    stream = Stream(deployment, encrypted=True)
    grant = stream.grant()
    asset = deployment.assets_of(grant)[0]["assetId"]
    key = encrypt(stream)
    stream.kinesis.put_record(StreamARN=stream.arn, Data=b"one", PartitionKey="k")
    assert stream.denied(stream.read)
    say(stream, asset, encryption_type="KMS", key_arn=key)
    if by_hand:
        ended = started(deployment, {"action": "redrive", "grantId": grant, "requestType": "GRANT"})
        assert ended["status"] == "SUCCEEDED"
    else:
        assert found(deployment.reconcile(), grant) == {("AssetChanged", "found")}
        assert found(deployment.reconcile(dryRun=False), grant) == {("AssetChanged", "repaired")}
    kms = deployment.client("kms", PRODUCER)
    eventually(lambda: (kms.list_grants(KeyId=stream.key)["Grants"], kms.list_grants(KeyId=key)["Grants"]), _moved, 60)
    eventually(lambda: ledger_item(deployment, grant)["state"]["S"], lambda state: state == "GRANTED")
    assert stream.read() == [b"one"]
    assert deployment.assets_of(grant)[0]["status"] == "GRANTED"
    assert found(deployment.reconcile(), grant) == set()
    # The end takes away what holds now.
    stream.revoke(grant)
    assert kms.list_grants(KeyId=key)["Grants"] == [] and stream.denied(stream.read)


def _moved(grants: tuple[list[Any], list[Any]]) -> bool:
    return not grants[0] and len(grants[1]) == 1


def test_a_role_taken_out_of_its_target_loses_its_access_and_an_added_one_gets_it(deployment: Deployment) -> None:
    leaves, stays, comes = (deployment.make_role(CONSUMER) for _ in range(3))
    cluster = deployment.make_cluster()
    _, listing = deployment.make_asset("off-boarded", cluster=cluster)
    deployment.subscribe(listing)
    target = deployment.make_target([leaves, stays])
    grant = deployment.grant(listing, target)
    assert deployment.settled(grant)["status"] == "GRANTED"
    topic = topic_of(deployment, "off-boarded", cluster)

    def may() -> list[bool]:
        return [deployment.may(role, "kafka-cluster:ReadData", topic) for role in (leaves, stays, comes)]

    assert may() == [True, True, False]
    deployment.client("datazone", CONSUMER).update_subscription_target(
        domainIdentifier=deployment.domain,
        environmentIdentifier=deployment.environments[CONSUMER],
        identifier=target,
        authorizedPrincipals=[stays, comes],
    )
    assert found(deployment.reconcile(), grant) == {("PrincipalsChanged", "found")} and may() == [True, True, False]
    assert found(deployment.reconcile(dryRun=False), grant) == {("PrincipalsChanged", "repaired")}
    eventually(may, lambda now: now == [False, True, True], 60)
    eventually(lambda: ledger_item(deployment, grant)["state"]["S"], lambda state: state == "GRANTED")
    assert found(deployment.reconcile(), grant) == set()
    iam = deployment.client("iam", CONSUMER)
    assert iam.list_role_policies(RoleName=leaves.rsplit("/", 1)[1])["PolicyNames"] == []


def test_an_execution_that_brings_a_grant_up_to_date_and_dies_is_made_up_for(deployment: Deployment) -> None:
    stream = Stream(deployment, encrypted=True)
    grant = stream.grant()
    asset = deployment.assets_of(grant)[0]["assetId"]
    key = encrypt(stream)
    say(stream, asset, encryption_type="KMS", key_arn=key)
    slow = {"service": "kms", "operation": "CreateGrant", "kind": "latency", "seconds": 4.0, "times": 0}
    deployment.emulator.admin("POST", "faults", {**slow, "caller": NAMES.role_arn(PRODUCER, "apply")})
    states = deployment.client("stepfunctions")
    try:
        workflow_input = json.dumps({"action": "redrive", "grantId": grant, "requestType": "GRANT"})
        arn = states.start_execution(stateMachineArn=NAMES.central_machine_arn(DOMAIN), input=workflow_input)
        eventually(lambda: ledger_item(deployment, grant)["state"]["S"], lambda state: state == "IN_PROGRESS")
        states.stop_execution(executionArn=arn["executionArn"])
    finally:
        deployment.emulator.admin("DELETE", "faults")
    kms = deployment.client("kms", PRODUCER)
    # Nobody does anything: the settle rule does.
    eventually(lambda: (kms.list_grants(KeyId=stream.key)["Grants"], kms.list_grants(KeyId=key)["Grants"]), _moved, 120)
    eventually(lambda: ledger_item(deployment, grant)["state"]["S"], lambda state: state == "GRANTED", 60)
    stream.revoke(grant)


def test_a_role_that_the_configuration_no_longer_names_loses_what_is_revoked(deployment: Deployment) -> None:
    """Two grants to one role; then its path leaves ``consumerRoles``, and one of the grants is revoked."""
    role, cluster = deployment.make_role(CONSUMER), deployment.make_cluster()
    target = deployment.make_target([role])
    grants = []
    for topic in ("first", "second"):
        _, listing = deployment.make_asset(f"un-named-{topic}", cluster=cluster)
        deployment.subscribe(listing)
        grants.append(deployment.grant(listing, target))
    assert [deployment.settled(grant)["status"] for grant in grants] == ["GRANTED", "GRANTED"]
    deployment.name_roles(CONSUMER, "/elsewhere/*")
    try:
        topic = topic_of(deployment, "un-named-first", cluster)
        assert deployment.may(role, "kafka-cluster:ReadData", topic)
        deployment.revoke(grants[0])
        assert deployment.settled_as(grants[0], ("REVOKED", "REVOKE_FAILED"))["status"] == "REVOKED"
        assert not deployment.may(role, "kafka-cluster:ReadData", topic)
        apply = NAMES.role_arn(CONSUMER, "apply")
        assert not deployment.may(apply, "iam:PutRolePolicy", role)
        # The other one is drift until it is ended as well.
        deployment.revoke(grants[1])
        assert deployment.settled_as(grants[1], ("REVOKED", "REVOKE_FAILED"))["status"] == "REVOKED"
        iam = deployment.client("iam", CONSUMER)
        assert iam.list_role_policies(RoleName=role.rsplit("/", 1)[1])["PolicyNames"] == []
    finally:
        deployment.name_roles(CONSUMER)
