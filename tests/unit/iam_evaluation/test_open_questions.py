"""Questions of which not everything is known: yes and no hold whatever the unknown turns out to be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iam_evaluation import Answer, Context, PolicySet, Principal, Request, Source, Verdict, both, decide, judge, parse
from tests.unit.iam_evaluation.statements import CONSUMER, PRODUCER, allow, deny, document

ROLE = f"arn:aws:iam::{CONSUMER}:role/app"
ME = Principal(f"arn:aws:sts::{CONSUMER}:assumed-role/app/one", CONSUMER, ROLE, "AROAAPP")
TOPIC = f"arn:aws:kafka:us-east-1:{PRODUCER}:topic/c/u/orders"
READ = "kafka-cluster:ReadData"
IP = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
TEAM = {"StringEquals": {"aws:PrincipalTag/team": "fraud"}}


def source(kind: str, *statements: Any) -> Source:
    return Source(kind, f"{kind} policy", parse(document(*statements)))


def asked(**keys: str) -> Request:
    return Request(READ, TOPIC, ME, Context(keys))


def is_open(key: str) -> bool:
    return key.lower() in ("aws:sourceip", "aws:sourcevpce")


def verdict(*own: Any, owner: Any = (), account: str | None = None, at_most: PolicySet | None = None) -> Verdict:
    resource = (source("resource", *owner),) if owner else ()
    policies = PolicySet((source("identity", *own),), resource=resource, resource_account=account)
    return judge(asked(), policies, unknown=is_open, at_most=at_most)


def test_what_is_known_is_decided() -> None:
    assert verdict(allow(READ)).answer is Answer.YES
    assert verdict(allow("kafka-cluster:WriteData")).answer is Answer.NO
    assert verdict(allow(READ, Condition=TEAM)).answer is Answer.NO, "a tag that the role does not have is known"


def test_an_unknown_key_leaves_it_open_and_the_answer_names_the_statement() -> None:
    found = verdict(allow(READ, Sid="FromOffice", Condition=IP))
    assert found.answer is Answer.NOT_DECIDED
    assert found.depends_on == ("identity policy/FromOffice (aws:SourceIp)",)
    assert verdict(allow(READ), deny(READ, Sid="NotFromHome", Condition=IP)).answer is Answer.NOT_DECIDED


def test_an_unknown_key_that_does_not_matter_leaves_nothing_open() -> None:
    assert verdict(allow(READ), allow(READ, Condition=IP)).answer is Answer.YES
    assert verdict(allow(READ), deny(READ), deny(READ, Condition=IP)).answer is Answer.NO
    assert verdict(allow(READ, Condition={**IP, **TEAM})).answer is Answer.NO


@pytest.mark.parametrize("element", ["Resource", "Condition"])
def test_a_variable_without_a_value_is_open(element: str) -> None:
    mine = TOPIC.replace("orders", "${aws:SourceVpce}")
    statement = (
        allow(READ, mine)
        if element == "Resource"
        else allow(READ, Condition={"StringEquals": {"aws:PrincipalArn": "${aws:SourceVpce}"}})
    )
    policies = PolicySet((source("identity", statement),))
    assert judge(asked(**{"aws:PrincipalArn": ROLE}), policies, unknown=is_open).answer is Answer.NOT_DECIDED
    assert judge(asked(**{"aws:PrincipalArn": ROLE}), policies).answer is Answer.NO


def test_a_policy_that_may_not_be_read_leaves_open_what_depends_on_it() -> None:
    owner = (source("resource", allow(READ, Principal={"AWS": ROLE})),)
    known = PolicySet(resource=owner, resource_account=PRODUCER)
    everything = PolicySet((source("identity", allow("*")),), resource=owner, resource_account=PRODUCER)
    found = judge(asked(), known, at_most=everything, unread=("identity policies of account 333333333333",))
    assert (found.answer, found.depends_on) == (Answer.NOT_DECIDED, ("identity policies of account 333333333333",))
    closed = PolicySet(resource_account=PRODUCER)
    assert judge(asked(), closed, at_most=PolicySet(everything.identity, resource_account=PRODUCER)).answer is Answer.NO


def test_two_requests_that_are_both_needed() -> None:
    yes, no = Verdict(Answer.YES, "a", ("x",)), Verdict(Answer.NO, "b")
    maybe = Verdict(Answer.NOT_DECIDED, "c", ("y",), ("place",))
    assert both(yes, no).answer is both(no, maybe).answer is Answer.NO
    assert both(yes, maybe) == Verdict(Answer.NOT_DECIDED, "a; c", ("x", "y"), ("place",))
    assert both(yes, yes).answer is Answer.YES


# --- the law ----------------------------------------------------------------------------------------------------------
CONDITIONS: list[Any] = [
    {},
    {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}},
    {"Null": {"aws:SourceVpce": "true"}},
    {"Null": {"aws:SourceVpce": "false"}},
    {"ForAllValues:StringLike": {"aws:SourceVpce": "vpce-*"}},
    {"StringEquals": {"aws:PrincipalArn": ROLE}},
    {"StringEquals": {"aws:PrincipalArn": ROLE}, "StringLike": {"aws:SourceVpce": "vpce-2*"}},
]
RESOURCES = ["*", TOPIC, TOPIC.replace("orders", "${aws:SourceVpce}"), TOPIC + "x"]


def statements(**more: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
            "Action": st.sampled_from([READ, "*", "kafka-cluster:WriteData"]),
            "Resource": st.sampled_from(RESOURCES),
            "Condition": st.sampled_from(CONDITIONS),
            **more,
        }
    )


some = st.lists(statements(), max_size=3)
attached = st.lists(statements(Principal=st.sampled_from([{"AWS": ROLE}, "*", {"AWS": CONSUMER}])), max_size=3)


@given(some, attached, st.none() | some, st.sampled_from([CONSUMER, PRODUCER]),
       st.sampled_from([None, "vpce-1", "vpce-2", "orders", ""]))  # fmt: skip
def test_yes_and_no_hold_whatever_the_unknown_is(
    own: Any, other: Any, boundary: Any, account: str, value: str | None
) -> None:
    policies = PolicySet(
        (source("identity", *own),),
        () if boundary is None else (source("boundary", *boundary),),
        resource=(source("resource", *other),),
        resource_account=account,
    )
    keys = {"aws:PrincipalArn": ROLE}
    found = judge(asked(**keys), policies, unknown=is_open)
    real = decide(asked(**keys, **({} if value is None else {"aws:SourceVpce": value})), policies).allowed
    assert found.answer is Answer.NOT_DECIDED or (found.answer is Answer.YES) is real
    assert bool(found.depends_on) is (found.answer is Answer.NOT_DECIDED)
