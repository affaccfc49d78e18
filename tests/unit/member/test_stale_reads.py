"""Reads that have not seen the last write yet: a decision never rests on one that the document ledger contradicts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from streamgov_core.documents.compiler import statements_of
from streamgov_core.documents.policy_document import DesiredState, PolicyDocument
from streamgov_core.documents.resource_policy import ResourcePolicyDocument
from streamgov_core.member.reader_role import ReaderRoleDocument
from streamgov_core.member.role_policy import RolePolicyDocument
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.model.errors import RetryableGrantError
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import reader_contributions
from streamgov_core.platforms.kinesis.fan_out import FanOutConsumerDocument
from streamgov_core.platforms.kinesis.key_grants import KeyGrantDocument
from streamgov_core.platforms.msk.platform import Msk
from tests.unit.grants.fakes import (
    CLUSTER,
    CONSUMER,
    NAMES,
    OWNER,
    ROLE,
    MemoryConsumers,
    MemoryIam,
    MemoryKeys,
    MemoryPolicies,
    command,
    schema_of,
)

STREAM = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/orders"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/12345678-1234-1234-1234-123456789012"
CONTEXT = f'{{"StringEquals":{{"kms:EncryptionContext:aws:kinesis:arn":"{STREAM}"}}}}'
PRINCIPAL = RoleArn.parse(ROLE)
FULL = 150
"""Grants of one role that the inline policy and more than one managed policy hold."""


@dataclass
class Case:
    """One kind of document: how it is made, what it shall hold, and what the service really holds."""

    document: Callable[[], PolicyDocument]
    records: list[ContributionRecord]
    holds: Callable[[], bool]
    freeze: Callable[[], Any]
    """What reads see now."""
    answer: Callable[[Any], None]
    """Make reads answer that, or the truth (None)."""


def stored(permissions: tuple[Permission, ...], document_id: str) -> ContributionRecord:
    return ContributionRecord.of("grant1#asset1", 1, True, PolicyContribution(document_id, permissions), 1.0)


def role_case(count: int) -> Case:
    iam = MemoryIam(CONSUMER)
    iam.add(ROLE)
    orders = [command(f"topic-{n:040d}", grant=f"grant{n:04d}", account=CONSUMER) for n in range(count)]
    records = [
        ContributionRecord.of(
            order.key, 1, True, PolicyContribution(f"role#{ROLE}", Msk().consumer_permissions(NAMES, order)), float(n)
        )
        for n, order in enumerate(orders)
    ]

    def holds() -> bool:
        text = str(iam.statements(ROLE))
        return str(orders[-1].resource["topic"]) in text

    def answer(seen: MemoryIam | None) -> None:
        iam.stale = seen

    return Case(lambda: RolePolicyDocument(iam, NAMES, ROLE), records, holds, iam.snapshot, answer)


def reader_case() -> Case:
    iam = MemoryIam()
    order = command(schema=schema_of("orders"))
    (contribution,) = reader_contributions(NAMES, order)
    name = contribution.arn.rsplit("/", 1)[1]

    def holds() -> bool:
        return name in iam.roles and bool(statements_of(iam.inlines.get((name, "schemas"), {})))

    def answer(seen: MemoryIam | None) -> None:
        iam.stale = seen

    return Case(
        lambda: ReaderRoleDocument(iam, NAMES, contribution.arn),
        [ContributionRecord.of(order.key, 1, True, contribution, 1.0)],
        holds,
        iam.snapshot,
        answer,
    )


def stream_case() -> Case:
    streams = MemoryPolicies(tokens=False)
    record = stored((Permission("stream", ("kinesis:GetRecords",), STREAM, PRINCIPAL),), f"stream#{STREAM}")

    def answer(seen: dict[str, Any] | None) -> None:
        streams.stale = seen

    return Case(
        lambda: ResourcePolicyDocument(streams, STREAM, NAMES.sid_prefix),
        [record],
        lambda: STREAM in streams.documents,
        lambda: copy.deepcopy(streams.documents),
        answer,
    )


def fan_out_case() -> Case:
    streams = MemoryPolicies(tokens=False)
    consumers = MemoryConsumers(streams)
    arn = f"{STREAM}/consumer/streamgov-abc"
    record = stored((Permission("consumer", ("kinesis:SubscribeToShard",), arn, PRINCIPAL),), f"fan-out#{arn}")

    def answer(seen: dict[str, Any] | None) -> None:
        consumers.stale = seen

    return Case(
        lambda: FanOutConsumerDocument(consumers, streams, arn, NAMES.sid_prefix),
        [record],
        lambda: bool(consumers.found),
        lambda: dict(consumers.found),
        answer,
    )


def key_case() -> Case:
    keys = MemoryKeys()
    record = stored((Permission("kms", ("kms:Decrypt",), KEY, PRINCIPAL, False, CONTEXT),), f"key#{KEY}")

    def answer(seen: list[Any] | None) -> None:
        keys.stale = seen

    return Case(
        lambda: KeyGrantDocument(keys, KEY, NAMES.sid_prefix),
        [record],
        lambda: bool(keys.grants),
        lambda: list(keys.grants),
        answer,
    )


CASES: dict[str, Callable[[], Case]] = {
    "inline policy": lambda: role_case(1),
    "managed policy": lambda: role_case(FULL),
    "reader role": reader_case,
    "stream policy": stream_case,
    "fan-out consumer": fan_out_case,
    "key grant": key_case,
}


def bring(case: Case, records: list[ContributionRecord], slots: dict[str, Slot]) -> dict[str, Slot]:
    desired = DesiredState({record.key: record for record in records}, slots)
    written = case.document().apply(desired, lambda: None)
    assert not written.rejected
    return dict(written.slots)


@pytest.mark.parametrize("kind", list(CASES))
def test_a_revoke_is_written_although_the_grant_is_not_seen_yet(kind: str) -> None:
    case = CASES[kind]()
    slots = bring(case, case.records[:-1], {})
    before = case.freeze()
    slots = bring(case, case.records, slots)
    assert case.holds()
    if kind == "managed policy":
        assert slots[case.records[-1].key].slot > 0
    case.answer(before)
    bring(case, case.records[:-1], slots)
    case.answer(None)
    assert not case.holds()


@pytest.mark.parametrize("kind", [name for name in CASES if name != "fan-out consumer"])
def test_a_grant_is_written_although_the_one_before_it_is_still_seen(kind: str) -> None:
    case = CASES[kind]()
    slots = bring(case, case.records, {})
    before = case.freeze()
    slots = bring(case, case.records[:-1], slots)
    assert not case.holds()
    case.answer(before)
    bring(case, case.records, slots)
    case.answer(None)
    assert case.holds()


def test_everything_of_a_role_ends_although_nothing_of_it_is_seen_yet() -> None:
    case = role_case(FULL)
    before = case.freeze()
    slots = bring(case, case.records, {})
    case.answer(before)
    bring(case, [], slots)
    case.answer(None)
    assert not case.holds()
    left = case.freeze()
    assert left.inlines == {} and left.policies == {} and not any(left.attachments.values())


def test_a_policy_with_a_version_is_never_taken_to_be_right_by_a_stale_read() -> None:
    """The version of a cluster policy makes such a write fail: it is tried again, and never answered as done."""
    policies = MemoryPolicies()
    record = stored(
        (Permission("topic", ("kafka-cluster:ReadData",), f"{CLUSTER}/t", PRINCIPAL),), f"cluster#{CLUSTER}"
    )
    case = Case(lambda: ResourcePolicyDocument(policies, CLUSTER, NAMES.sid_prefix), [record], bool, dict, print)
    slots = bring(case, [record], {})
    policies.stale = {}
    with pytest.raises(RetryableGrantError, match="keep changing"):
        bring(case, [], slots)
    policies.stale = None
    bring(case, [], slots)
    assert policies.documents == {}


@pytest.mark.parametrize("kind", list(CASES))
def test_what_the_ledger_confirms_is_not_written_again(kind: str) -> None:
    case = CASES[kind]()
    slots = bring(case, case.records, {})
    desired = DesiredState({record.key: record for record in case.records}, slots, frozenset(slots), True)
    assert case.document().apply(desired, lambda: None).writes == 0
