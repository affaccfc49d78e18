"""Keys: the key's policy delegates or grants, KMS grants with an encryption context, keys that a call implies."""

from __future__ import annotations

from typing import Any

import pytest

from aws_emulator.iam.actions import Actions
from aws_emulator.iam.enforce import Enforcer
from aws_emulator.iam.oracle import Oracle
from emulator_tests.iam.conftest import CONSUMER, PRODUCER, REGION, Accounts, allow, document
from emulator_tests.iam.test_enforce import as_role, call, refused

DECRYPT = "kms:Decrypt"
STREAM = f"arn:aws:kinesis:{REGION}:{PRODUCER}:stream/clicks"
CONTEXT = {"kms:EncryptionContext:aws:kinesis:arn": STREAM, "kms:EncryptionContextKeys": ["aws:kinesis:arn"]}


@pytest.fixture()
def oracle() -> Oracle:
    return Oracle()


def make_key(*statements: dict[str, Any], account: str = PRODUCER) -> Any:
    from moto.kms.models import kms_backends

    policy = document(*statements) if statements else None
    return kms_backends[account][REGION].create_key(policy, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [])


def delegating(account: str) -> dict[str, Any]:
    return allow("kms:*", Principal={"AWS": f"arn:aws:iam::{account}:root"})


def grant(key: Any, grantee: str, operations: list[str], constraints: dict[str, Any] | None = None) -> None:
    key.add_grant("", grantee, operations, constraints or {}, "")


def test_an_identity_policy_counts_only_where_the_key_delegates(accounts: Accounts, oracle: Oracle) -> None:
    role = accounts.role("app", allow("kms:*"), account=PRODUCER)
    silent = make_key(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{PRODUCER}:role/admin"}))
    decision = oracle.allowed(role, DECRYPT, silent.arn)
    assert not decision.allowed
    assert decision.clause == "because no resource-based policy allows the kms:Decrypt action"
    assert oracle.allowed(role, DECRYPT, make_key(delegating(PRODUCER)).arn).allowed
    assert not oracle.allowed(
        accounts.role("other", account=PRODUCER), DECRYPT, make_key(delegating(PRODUCER)).arn
    ).allowed


def test_a_key_that_names_the_role_needs_no_identity_policy(accounts: Accounts, oracle: Oracle) -> None:
    role = accounts.role("app", account=PRODUCER)
    assert oracle.allowed(role, DECRYPT, make_key(allow(DECRYPT, Principal={"AWS": role})).arn).allowed


def test_across_accounts_key_and_identity_must_agree(accounts: Accounts, oracle: Oracle) -> None:
    key = make_key(delegating(PRODUCER), allow(DECRYPT, Principal={"AWS": CONSUMER}))
    assert not oracle.allowed(accounts.role("without"), DECRYPT, key.arn).allowed
    assert oracle.allowed(accounts.role("with", allow(DECRYPT, key.arn)), DECRYPT, key.arn).allowed
    closed = make_key(delegating(PRODUCER))
    assert not oracle.allowed(accounts.role("alone", allow("kms:*")), DECRYPT, closed.arn).allowed


def test_a_grant_with_an_encryption_context(accounts: Accounts, oracle: Oracle) -> None:
    key = make_key(delegating(PRODUCER))
    role = accounts.role("reader", allow(DECRYPT, key.arn))
    grant(key, role, ["Decrypt", "DescribeKey"], {"EncryptionContextEquals": {"aws:kinesis:arn": STREAM}})
    assert oracle.allowed(role, DECRYPT, key.arn, CONTEXT).allowed
    assert not oracle.allowed(role, DECRYPT, key.arn).allowed
    other = {**CONTEXT, "kms:EncryptionContext:aws:kinesis:arn": STREAM + "2"}
    assert not oracle.allowed(role, DECRYPT, key.arn, other).allowed
    more = {**CONTEXT, "kms:EncryptionContext:x": "y", "kms:EncryptionContextKeys": ["aws:kinesis:arn", "x"]}
    assert not oracle.allowed(role, DECRYPT, key.arn, more).allowed
    assert not oracle.allowed(role, "kms:GenerateDataKey", key.arn, CONTEXT).allowed
    # The constraint speaks of cryptographic operations only.
    accounts.iam[CONSUMER]["aws"].get_role("reader").put_policy("d", document(allow("kms:DescribeKey", key.arn)))
    assert oracle.allowed(role, "kms:DescribeKey", key.arn).allowed


def test_a_subset_constraint_lets_further_pairs_pass(accounts: Accounts, oracle: Oracle) -> None:
    key = make_key(delegating(PRODUCER))
    role = accounts.role("reader", allow(DECRYPT, key.arn))
    grant(key, role, ["Decrypt"], {"EncryptionContextSubset": {"aws:kinesis:arn": STREAM}})
    more = {**CONTEXT, "kms:EncryptionContext:x": "y", "kms:EncryptionContextKeys": ["aws:kinesis:arn", "x"]}
    assert oracle.allowed(role, DECRYPT, key.arn, more).allowed
    assert not oracle.allowed(role, DECRYPT, key.arn, {"kms:EncryptionContext:x": "y"}).allowed


def test_a_grant_across_accounts_needs_the_identity_side_too(accounts: Accounts, oracle: Oracle) -> None:
    key = make_key(delegating(PRODUCER))
    role = accounts.role("reader")
    grant(key, role, ["Decrypt"])
    assert not oracle.allowed(role, DECRYPT, key.arn).allowed
    same = accounts.role("same", account=PRODUCER)
    grant(key, same, ["Decrypt"])
    assert oracle.allowed(same, DECRYPT, key.arn).allowed


def test_a_condition_on_the_service_that_asks(accounts: Accounts, oracle: Oracle) -> None:
    condition = {"StringEquals": {"kms:ViaService": f"kinesis.{REGION}.amazonaws.com"}}
    key = make_key(allow(DECRYPT, Principal={"AWS": CONSUMER}, Condition=condition))
    role = accounts.role("reader", allow(DECRYPT))
    assert not oracle.allowed(role, DECRYPT, key.arn).allowed
    assert oracle.allowed(role, DECRYPT, key.arn, {"kms:ViaService": f"kinesis.{REGION}.amazonaws.com"}).allowed


@pytest.fixture(scope="module")
def actions() -> Actions:
    return Actions()


def test_an_encrypted_stream_needs_its_key(accounts: Accounts, oracle: Oracle, actions: Actions) -> None:
    from moto.kinesis.models import kinesis_backends

    enforce = Enforcer(oracle, actions)
    backend = kinesis_backends[PRODUCER][REGION]
    backend.create_stream("clicks", 1, None)
    key = make_key(delegating(PRODUCER))
    backend.start_stream_encryption(STREAM, "clicks", "KMS", key.id)
    role = accounts.role("reader", allow("kinesis:GetRecords", STREAM))
    backend.resource_policies[STREAM] = document(allow("kinesis:GetRecords", STREAM, Principal={"AWS": role}))
    reading = call(as_role(role), "kinesis", "GetRecords", StreamARN=STREAM, ShardIterator="x")
    assert f"kms:Decrypt on resource: {key.arn}" in refused(enforce, reading).message
    grant(key, role, ["Decrypt"], {"EncryptionContextEquals": {"aws:kinesis:arn": STREAM}})
    refused(enforce, reading)
    via = {"StringEquals": {"kms:ViaService": f"kinesis.{REGION}.amazonaws.com"}}
    text = document(allow(DECRYPT, key.arn, Condition=via))
    accounts.iam[CONSUMER]["aws"].get_role("reader").put_policy("key", text)
    enforce(reading)


def test_a_stream_under_the_services_own_key_cannot_be_shared(
    accounts: Accounts, oracle: Oracle, actions: Actions
) -> None:
    from moto.kinesis.models import kinesis_backends

    enforce = Enforcer(oracle, actions)
    backend = kinesis_backends[PRODUCER][REGION]
    backend.create_stream("clicks", 1, None)
    backend.start_stream_encryption(STREAM, "clicks", "KMS", "alias/aws/kinesis")
    role = accounts.role("reader", allow("*"))
    backend.resource_policies[STREAM] = document(allow("kinesis:GetRecords", STREAM, Principal={"AWS": role}))
    reading = {"StreamARN": STREAM, "ShardIterator": "x"}
    assert "kms:Decrypt" in refused(enforce, call(as_role(role), "kinesis", "GetRecords", **reading)).message
    own = accounts.role("own", allow("kinesis:*"), account=PRODUCER)
    enforce(call(as_role(own), "kinesis", "GetRecords", **reading))


def test_an_encrypted_queue_and_table_need_their_keys(accounts: Accounts, oracle: Oracle, actions: Actions) -> None:
    from moto.dynamodb.models import dynamodb_backends
    from moto.sqs.models import sqs_backends

    enforce = Enforcer(oracle, actions)
    key = make_key(delegating(CONSUMER), account=CONSUMER)
    sqs_backends[CONSUMER][REGION].create_queue("jobs", None, KmsMasterKeyId=key.arn)
    dynamodb_backends[CONSUMER][REGION].create_table(
        "ledger",
        schema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        throughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        attr=[{"AttributeName": "pk", "AttributeType": "S"}],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode="PROVISIONED",
        sse_specification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key.arn},
        tags=[],
        deletion_protection_enabled=None,
        warm_throughput=None,
    )
    role = accounts.role("app", allow(["sqs:*", "dynamodb:*"]))
    send = call(as_role(role), "sqs", "SendMessage", QueueUrl=f"http://x/{CONSUMER}/jobs", MessageBody="m")
    put = call(as_role(role), "dynamodb", "PutItem", TableName="ledger", Item={"pk": {"S": "a"}})
    assert "kms:GenerateDataKey" in refused(enforce, send).message
    assert "kms:Decrypt" in refused(enforce, put).message
    via = {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}}
    statements = [allow(DECRYPT, key.arn, Condition=via)]
    accounts.iam[CONSUMER]["aws"].get_role("app").put_policy("key", document(*statements))
    enforce(put)
    refused(enforce, send)
    statements = [allow([DECRYPT, "kms:GenerateDataKey"], key.arn)]
    accounts.iam[CONSUMER]["aws"].get_role("app").put_policy("key", document(*statements))
    enforce(send)


def test_calls_name_keys_by_id_alias_and_ciphertext(accounts: Accounts, oracle: Oracle, actions: Actions) -> None:
    from moto.kms.models import kms_backends

    enforce = Enforcer(oracle, actions)
    backend = kms_backends[CONSUMER][REGION]
    key = make_key(delegating(CONSUMER), account=CONSUMER)
    backend.create_alias(key.id, "alias/app")
    blob, _ = backend.encrypt(key.id, b"secret", {"a": "b"})
    condition = {"StringEquals": {"kms:EncryptionContext:a": "b"}}
    role = as_role(accounts.role("app", allow(DECRYPT, key.arn, Condition=condition)))
    for params in (
        {"CiphertextBlob": blob},
        {"CiphertextBlob": blob, "KeyId": key.id},
        {"CiphertextBlob": blob, "KeyId": "alias/app"},
        {"CiphertextBlob": blob, "KeyId": key.arn},
    ):
        enforce(call(role, "kms", "Decrypt", **params, EncryptionContext={"a": "b"}))
        refused(enforce, call(role, "kms", "Decrypt", **params, EncryptionContext={"a": "c"}))


def test_conditions_on_the_grants_that_a_role_may_make(accounts: Accounts, oracle: Oracle, actions: Actions) -> None:
    enforce = Enforcer(oracle, actions)
    key = make_key(delegating(PRODUCER))
    condition = {
        "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "DescribeKey"]},
        "StringEquals": {"kms:EncryptionContext:aws:kinesis:arn": STREAM},
        "Bool": {"kms:GrantIsForAWSResource": "false"},
    }
    role = as_role(accounts.role("apply", allow("kms:CreateGrant", key.arn, Condition=condition), account=PRODUCER))
    asked: dict[str, Any] = {
        "KeyId": key.arn,
        "GranteePrincipal": f"arn:aws:iam::{CONSUMER}:role/reader",
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextEquals": {"aws:kinesis:arn": STREAM}},
    }
    enforce(call(role, "kms", "CreateGrant", **asked))
    refused(enforce, call(role, "kms", "CreateGrant", **{**asked, "Operations": ["Encrypt"]}))
    refused(enforce, call(role, "kms", "CreateGrant", **{**asked, "Constraints": {}}))
