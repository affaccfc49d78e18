"""The evaluation logic by itself: principals, negations, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iam_evaluation.conditions import Context
from iam_evaluation.document import parse
from iam_evaluation.evaluate import Decision, PolicySet, Principal, Request, Source, decide
from tests.unit.iam_evaluation.statements import CONSUMER, PRODUCER, allow, deny, document

ROLE = f"arn:aws:iam::{CONSUMER}:role/app"
SESSION = f"arn:aws:sts::{CONSUMER}:assumed-role/app/one"
ME = Principal(SESSION, CONSUMER, ROLE, "AROAAPP")
QUEUE = f"arn:aws:sqs:us-east-1:{CONSUMER}:jobs"
SEND = "sqs:SendMessage"


def ask(
    *,
    identity: tuple[Any, ...] = (),
    resource: tuple[Any, ...] = (),
    boundary: tuple[Any, ...] | None = None,
    session: tuple[Any, ...] | None = None,
    owner: str = CONSUMER,
    action: str = SEND,
    arn: str = QUEUE,
    principal: Principal = ME,
    keys: dict[str, Any] | None = None,
) -> Decision:
    def one(kind: str, statements: tuple[Any, ...] | None) -> tuple[Source, ...]:
        return () if statements is None else (Source(kind, kind, parse(document(*statements))),)

    policies = PolicySet(
        identity=one("identity", identity),
        resource=one("resource", resource) if resource else (),
        boundary=one("boundary", boundary),
        session=one("session", session),
        resource_account=owner,
    )
    return decide(Request(action, arn, principal, Context(keys or {})), policies)


def to(*aws: str, **more: Any) -> dict[str, Any]:
    return allow(SEND, QUEUE, Principal={"AWS": list(aws)}, **more)


def test_nothing_allows_nothing() -> None:
    assert not ask().allowed


def test_a_role_principal_needs_no_identity_policy_in_its_own_account() -> None:
    assert ask(resource=(to(ROLE),)).allowed
    assert ask(resource=(to("AROAAPP"),)).allowed


def test_a_role_principal_is_limited_by_boundary_and_session_policy() -> None:
    assert not ask(resource=(to(ROLE),), boundary=()).allowed
    assert not ask(resource=(to(ROLE),), session=(allow("sqs:Get*"),)).allowed
    assert ask(resource=(to(ROLE),), boundary=(allow("sqs:*"),), session=(allow("sqs:Send*"),)).allowed


@pytest.mark.parametrize("principal", [SESSION, "*"])
def test_a_session_or_everybody_is_not_limited_by_them(principal: str) -> None:
    assert ask(resource=(to(principal),), boundary=(), session=()).allowed


def test_another_session_of_the_role_is_not_meant() -> None:
    assert not ask(resource=(to(SESSION.replace("/one", "/two")),)).allowed


@pytest.mark.parametrize("principal", [CONSUMER, f"arn:aws:iam::{CONSUMER}:root"])
def test_the_account_as_principal_only_delegates(principal: str) -> None:
    assert not ask(resource=(to(principal),)).allowed
    assert ask(resource=(to(principal),), identity=(allow(SEND),)).allowed


@pytest.mark.parametrize(
    "principal", ["arn:aws:iam::333333333333:role/*", "arn:aws:iam::333333333333:user/app", "3333"]
)
def test_wildcards_and_other_names_are_no_principals(principal: str) -> None:
    assert not ask(resource=(to(principal),)).allowed


@pytest.mark.parametrize("principal", [SESSION, ROLE, "*", CONSUMER])
def test_across_accounts_the_identity_side_is_always_needed(principal: str) -> None:
    arn = QUEUE.replace(CONSUMER, PRODUCER)
    grant = allow(SEND, arn, Principal={"AWS": principal})
    assert not ask(resource=(grant,), owner=PRODUCER, arn=arn).allowed
    assert ask(resource=(grant,), identity=(allow(SEND, arn),), owner=PRODUCER, arn=arn).allowed
    assert not ask(resource=(grant,), identity=(allow(SEND, arn),), boundary=(), owner=PRODUCER, arn=arn).allowed


def test_the_owners_account_named_by_its_own_policy_does_not_help_a_stranger() -> None:
    arn = QUEUE.replace(CONSUMER, PRODUCER)
    grant = allow(SEND, arn, Principal={"AWS": PRODUCER})
    assert not ask(resource=(grant,), identity=(allow("*"),), owner=PRODUCER, arn=arn).allowed


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    yes = (allow("*"),)
    no = (allow("*"), deny(SEND))
    assert ask(identity=yes, boundary=yes, session=yes).allowed
    assert ask(identity=no).clause == "with an explicit deny in an identity-based policy"
    assert ask(identity=yes, boundary=no).clause == "with an explicit deny in a permissions boundary"
    assert ask(identity=yes, session=no).clause == "with an explicit deny in a session policy"
    closed = deny("sqs:*", Principal={"AWS": CONSUMER})
    assert ask(identity=yes, resource=(closed,)).clause == "with an explicit deny in a resource-based policy"
    # Also against a session that the resource's policy names.
    assert not ask(identity=(deny(SEND),), resource=(to(SESSION),)).allowed


def test_a_deny_for_others_does_not_bite() -> None:
    assert ask(identity=(allow("*"),), resource=(deny("sqs:*", Principal={"AWS": PRODUCER}),)).allowed


def test_not_action_and_not_resource() -> None:
    but = {"Effect": "Allow", "NotAction": "sqs:Delete*", "Resource": "*"}
    assert ask(identity=(but,)).allowed
    assert not ask(identity=(but,), action="sqs:DeleteMessage").allowed
    elsewhere = {"Effect": "Allow", "Action": "*", "NotResource": QUEUE + "*"}
    assert not ask(identity=(elsewhere,)).allowed
    assert ask(identity=(elsewhere,), arn=QUEUE.replace("jobs", "other")).allowed
    # Actions without a resource are asked with "*".
    assert ask(identity=(elsewhere,), action="sqs:ListQueues", arn="*").allowed
    assert not ask(identity=(allow("sqs:*", "arn:aws:sqs:*:*:*"),), action="sqs:ListQueues", arn="*").allowed


def test_not_principal_with_deny_spares_those_who_are_listed_in_full() -> None:
    def closed(*spared: str) -> tuple[Any, ...]:
        return ({"Effect": "Deny", "NotPrincipal": {"AWS": list(spared)}, "Action": "*", "Resource": "*"},)

    account = f"arn:aws:iam::{CONSUMER}:root"
    assert ask(identity=(allow("*"),), resource=closed(SESSION, ROLE, account)).allowed
    assert not ask(identity=(allow("*"),), resource=closed(ROLE, account)).allowed
    assert not ask(identity=(allow("*"),), resource=closed(SESSION, ROLE)).allowed
    assert not ask(identity=(allow("*"),), resource=closed(PRODUCER)).allowed


def test_not_principal_with_allow_means_everybody_else() -> None:
    grant = {"Effect": "Allow", "NotPrincipal": {"AWS": [PRODUCER]}, "Action": SEND, "Resource": QUEUE}
    assert ask(resource=(grant,)).allowed
    grant["NotPrincipal"] = {"AWS": [ROLE]}
    assert not ask(resource=(grant,)).allowed


def test_variables_in_resources() -> None:
    statement = allow(SEND, "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:${aws:PrincipalTag/team}-*")
    own = QUEUE.replace("jobs", "red-jobs")
    keys = {"aws:PrincipalAccount": CONSUMER, "aws:PrincipalTag/team": "red"}
    assert ask(identity=(statement,), arn=own, keys=keys).allowed
    assert not ask(identity=(statement,), arn=own.replace("red", "blue"), keys=keys).allowed
    assert not ask(identity=(statement,), arn=own, keys={"aws:PrincipalAccount": CONSUMER}).allowed
    assert not ask(identity=(statement,), arn=own, keys={**keys, "aws:PrincipalTag/team": "*"}).allowed


def test_segments_of_a_resource_pattern() -> None:
    function = "arn:aws:lambda:us-east-1:333333333333:function:a:live"
    for pattern, expected in [
        ("arn:aws:lambda:us-east-1:333333333333:function:a", False),
        ("arn:aws:lambda:us-east-1:333333333333:function:a*", True),
        ("arn:aws:lambda:us-east-1:333333333333:function:*:live", True),
        ("arn:aws:lambda:us-*-1:333333333333:function:a:live", True),
        ("arn:aws:lambda:u*t:function:a:live", False),
        ("arn:aws:lambda:*", True),
    ]:
        decision = ask(identity=(allow("*", pattern),), action="lambda:InvokeFunction", arn=function)
        assert decision.allowed is expected, pattern


def test_actions_ignore_case_and_resources_do_not() -> None:
    assert ask(identity=(allow("SQS:sendmessage", QUEUE),)).allowed
    assert not ask(identity=(allow(SEND, QUEUE.upper()),)).allowed


def test_services_go_by_the_resources_policy_alone() -> None:
    service = Principal("events.amazonaws.com", service="events.amazonaws.com")
    grant = allow(SEND, QUEUE, Principal={"Service": "events.amazonaws.com"}, Sid="Events")
    condition = {"ArnEquals": {"AWS:SourceArn": "arn:aws:events:us-east-1:333333333333:rule/r"}}
    right = {"aws:SourceArn": "arn:aws:events:us-east-1:333333333333:rule/r"}
    decision = ask(resource=({**grant, "Condition": condition},), principal=service, keys=right)
    assert decision.allowed
    assert decision.statements == ("resource/Events",)
    wrong = {"aws:SourceArn": right["aws:SourceArn"] + "2"}
    assert not ask(resource=({**grant, "Condition": condition},), principal=service, keys=wrong).allowed
    other = Principal("s3.amazonaws.com", service="s3.amazonaws.com")
    assert not ask(resource=(grant,), principal=other).allowed
    assert not ask(resource=(to(CONSUMER),), principal=service).allowed


def test_the_older_version_has_no_variables() -> None:
    text = json.dumps({"Statement": [allow(SEND, "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:jobs")]})
    policies = PolicySet(identity=(Source("identity", "old", parse(text)),), resource_account=CONSUMER)
    keys = Context({"aws:PrincipalAccount": CONSUMER})
    assert not decide(Request(SEND, QUEUE, ME, keys), policies).allowed
