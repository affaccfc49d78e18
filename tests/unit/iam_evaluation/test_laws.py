"""Laws that hold for any policies: a deny never opens, an allow never closes, a boundary and a session only limit."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from iam_evaluation.conditions import Context
from iam_evaluation.document import parse
from iam_evaluation.evaluate import PolicySet, Principal, Request, Source, decide
from iam_evaluation.wildcard import match_resource, match_string
from tests.unit.iam_evaluation.statements import CONSUMER, PRODUCER, document

ROLE = f"arn:aws:iam::{CONSUMER}:role/app"
ME = Principal(f"arn:aws:sts::{CONSUMER}:assumed-role/app/one", CONSUMER, ROLE, "AROAAPP")
ACTIONS = ["kafka-cluster:ReadData", "kafka-cluster:WriteData", "kafka-cluster:*", "*", "kafka-cluster:Read*"]
PREFIX = f"arn:aws:kafka:us-east-1:{PRODUCER}:topic/c/u/"
RESOURCES = [PREFIX + "a", PREFIX + "a*", PREFIX + "ab", PREFIX + "*", "*"]
PRINCIPALS = [ROLE, "AROAAPP", CONSUMER, PRODUCER, ME.arn, "*", ROLE + "2"]

action = st.sampled_from(ACTIONS[:2])
resource = st.sampled_from([PREFIX + "a", PREFIX + "ab", PREFIX + "b"])
owner = st.sampled_from([CONSUMER, PRODUCER])


def statements(effects: tuple[str, ...] = ("Allow", "Deny"), *, principals: bool = False) -> st.SearchStrategy[Any]:
    keys: dict[str, st.SearchStrategy[Any]] = {
        "Effect": st.sampled_from(effects),
        "Action": st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2),
        "Resource": st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2),
    }
    if principals:
        keys["Principal"] = st.fixed_dictionaries(
            {"AWS": st.lists(st.sampled_from(PRINCIPALS), min_size=1, max_size=2)}
        )
    return st.fixed_dictionaries(keys)


identity = st.lists(statements(), max_size=3)
attached = st.lists(statements(principals=True), max_size=3)


def allowed(asked: Request, account: str, kinds: dict[str, list[Any] | None]) -> bool:
    def one(kind: str) -> tuple[Source, ...]:
        found = kinds.get(kind)
        return () if found is None else (Source(kind, kind, parse(document(*found))),)

    policies = PolicySet(one("identity"), one("boundary"), one("session"), one("resource"), account)
    return decide(asked, policies).allowed


def request(name: str, arn: str) -> Request:
    return Request(name, arn, ME, Context())


@given(action, resource, owner, identity, attached, statements(("Deny",)))
def test_a_deny_never_opens(name: str, arn: str, account: str, own: Any, other: Any, more: Any) -> None:
    before = allowed(request(name, arn), account, {"identity": own, "resource": other})
    after = allowed(request(name, arn), account, {"identity": [*own, more], "resource": other})
    assert before or not after


@given(action, resource, owner, identity, attached, statements(("Allow",)), statements(("Allow",), principals=True))
def test_an_allow_never_closes(
    name: str, arn: str, account: str, own: Any, other: Any, more: Any, granted: Any
) -> None:
    before = allowed(request(name, arn), account, {"identity": own, "resource": other})
    assert not before or allowed(request(name, arn), account, {"identity": [*own, more], "resource": other})
    # A cross-account owner may have had no policy at all: one more statement still never closes.
    assert not before or allowed(request(name, arn), account, {"identity": own, "resource": [*other, granted]})


@given(action, resource, owner, identity, attached, identity, identity)
def test_boundary_and_session_only_limit(
    name: str, arn: str, account: str, own: Any, other: Any, boundary: Any, session: Any
) -> None:
    base = {"identity": own, "resource": other}
    before = allowed(request(name, arn), account, base)
    after = allowed(request(name, arn), account, {**base, "boundary": boundary, "session": session})
    assert before or not after


@given(action, resource, identity, attached)
def test_across_accounts_each_side_is_needed(name: str, arn: str, own: Any, other: Any) -> None:
    asked = request(name, arn)
    if allowed(asked, PRODUCER, {"identity": own, "resource": other}):
        assert not allowed(asked, PRODUCER, {"identity": [], "resource": other})
        assert not allowed(asked, PRODUCER, {"identity": own, "resource": []})
        assert not allowed(asked, PRODUCER, {"identity": own})


letters = st.text("ab.*?", max_size=6)


@given(letters, st.text("ab.:", max_size=8))
def test_patterns_are_globs(pattern: str, value: str) -> None:
    expected = re.fullmatch("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern), value)
    assert match_string(pattern, value) is (expected is not None)
    # Without colons both kinds of pattern are the same; with them a resource's pattern matches no more.
    if ":" not in value:
        assert match_resource(pattern, value) is (expected is not None)
    elif expected is None:
        assert not match_resource(pattern, value)
