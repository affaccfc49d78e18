"""The check of the deploying role: what it asks, and the sentence for each thing that is lacking."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.model.naming import Names
from streamgov_ops.deployer import SIDES, statements, users_of
from streamgov_ops.deployer.check import PAGE, Checked, CheckNotPossibleError, check_role, document, probe
from streamgov_ops.deployer.needs import AccountNeeds
from streamgov_ops.session import CredentialsError, SessionSettings
from tests.unit.deployer.simulator import ACCOUNT, ALLOWED, ROLE, Simulator

NAMES = Names("streamgov", "eu-west-1")
MEMBER = frozenset(SIDES["member"])
QUEUE = frozenset({"aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"})
QUEUES = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:streamgov-*"
IMPLICIT = {"EvalResourceDecision": "implicitDeny"}


def needs(types: frozenset[str] = QUEUE, **more: Any) -> AccountNeeds:
    return AccountNeeds(ACCOUNT, types, **{"session": SessionSettings("eu-west-1"), **more})


def run(simulator: Simulator, types: frozenset[str] = QUEUE, **more: Any) -> Checked:
    return check_role(needs(types), NAMES, client=simulator.client, **more)


def without(*actions: str, result: dict[str, Any] | None = None) -> Simulator:
    return Simulator(lambda action, resource, context: (result or IMPLICIT) if action in actions else ALLOWED)


def test_each_lacking_permission_is_one_sentence_with_the_statement_to_add() -> None:
    found = run(without("sqs:CreateQueue", "sqs:SetQueueAttributes"))
    assert [str(item) for item in found.lacking] == [
        f"{ROLE} may not sqs:CreateQueue on {QUEUES} in account {ACCOUNT}, which aws:sqs/queue:Queue of this stack "
        'needs: no policy of it allows that; add {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": '
        f'"{QUEUES}"}}',
        f"{ROLE} may not sqs:SetQueueAttributes on {QUEUES} in account {ACCOUNT}, which aws:sqs/queue:Queue or "
        "aws:sqs/queuePolicy:QueuePolicy of this stack needs: no policy of it allows that; add "
        f'{{"Effect": "Allow", "Action": "sqs:SetQueueAttributes", "Resource": "{QUEUES}"}}',
    ]
    assert document(found.lacking) == [
        {"Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:SetQueueAttributes"], "Resource": QUEUES}
    ]
    assert run(Simulator()).lacking == ()


@pytest.mark.parametrize(
    ("result", "top", "reason"),
    [
        (
            {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
            {},
            "its permissions boundary",
        ),
        ({}, {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}, "a service control policy of the org"),
        (
            {"EvalResourceDecision": "explicitDeny", "MatchedStatements": [{"SourcePolicyId": "Guard"}]},
            {},
            "a statement of Guard denies it",
        ),
        (
            {"MissingContextValues": ["kms:GrantIsForAWSResource", "aws:SourceVpc", "iam:PassedToService", "ec2:Vpc"]},
            {},
            "no policy of it allows that unless aws:SourceVpc says so, which the check does not know",
        ),
    ],
)
def test_the_sentence_says_what_stands_in_the_way(result: dict[str, Any], top: dict[str, Any], reason: str) -> None:
    simulator = without("sqs:CreateQueue", result={**IMPLICIT, **result})
    simulator.top = top
    found = run(simulator)
    [lacking] = found.lacking
    assert f"needs: {reason}" in str(lacking)
    # A statement does not help against a ceiling or a denial.
    assert ("; add {" in str(lacking)) == reason.startswith("no policy")
    assert bool(document(found.lacking)) == reason.startswith("no policy")


def test_every_action_of_the_generated_policy_is_asked_on_its_resources() -> None:
    simulator = Simulator()
    found = run(simulator, MEMBER)
    asked = {
        (action, resource)
        for call in simulator.calls
        for action in call["ActionNames"]
        for resource in call["ResourceArns"]
    }
    wanted = set()
    for statement in statements(MEMBER, NAMES, ACCOUNT):
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        wanted |= {(action, probe(pattern, NAMES, ACCOUNT)) for action in actions for pattern in statement["Resource"]}
    assert asked == wanted
    assert found.asked >= len(wanted)
    assert all(len(call["ActionNames"]) * len(call["ResourceArns"]) <= PAGE for call in simulator.calls)
    assert len(simulator.calls) < 30, "a preview asks this"
    assert all("*" not in resource or resource == "*" for _, resource in asked)


def test_roles_are_passed_to_one_service_at_a_time() -> None:
    def decide(action: str, resource: str, context: dict[str, list[str]]) -> dict[str, Any]:
        refused = action == "iam:PassRole" and context["iam:PassedToService"] == ["lambda.amazonaws.com"]
        return IMPLICIT if refused else ALLOWED

    [lacking] = run(Simulator(decide), MEMBER).lacking
    assert lacking.statement["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert len(lacking.resources) == 2
    assert lacking.users == ("aws:lambda/function:Function",)


def test_conditions_get_what_the_stacks_calls_would_carry() -> None:
    simulator = Simulator()
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/corp/edge"
    stack = needs(MEMBER, boundary_arn=boundary, tags={"team": "data", "cost": "7"})
    check_role(stack, NAMES, client=simulator.client)
    held = {
        (action, entry["ContextKeyName"], entry["ContextKeyType"], *entry["ContextKeyValues"])
        for call in simulator.calls
        for action in call["ActionNames"]
        for entry in call["ContextEntries"]
    }
    assert ("iam:CreateRole", "iam:PermissionsBoundary", "string", boundary) in held
    assert ("kms:CreateGrant", "kms:GrantIsForAWSResource", "boolean", "true") in held
    assert ("sqs:CreateQueue", "aws:RequestTag/team", "string", "data") in held
    assert ("sqs:CreateQueue", "aws:TagKeys", "stringList", "cost", "team") in held
    assert ("sqs:CreateQueue", "aws:RequestedRegion", "string", "eu-west-1") in held


def test_pages_are_followed() -> None:
    simulator = Simulator(lambda action, resource, context: IMPLICIT, page=3)
    found = run(simulator)
    assert {item.action for item in found.lacking} == {
        f"sqs:{name}"
        for name in ("CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags",
                     "SetQueueAttributes", "TagQueue", "UntagQueue")
    }  # fmt: skip
    assert [call.get("Marker") for call in simulator.calls] == [None, "3", "6"]


def test_an_answer_without_resources_is_the_top_levels() -> None:
    def decide(action: str, resource: str, context: dict[str, list[str]]) -> dict[str, Any]:
        return IMPLICIT if action == "cloudtrail:DescribeTrails" else ALLOWED

    [lacking] = run(Simulator(decide, by_resource=False), frozenset({"lookup:trail"})).lacking
    assert (lacking.action, lacking.resources) == ("cloudtrail:DescribeTrails", ("*",))


def test_a_simulator_that_leaves_something_out_is_not_taken_for_a_yes() -> None:
    class Forgetful(Simulator):
        def simulate_principal_policy(self, **params: Any) -> dict[str, Any]:
            answer = super().simulate_principal_policy(**params)
            return {**answer, "EvaluationResults": answer["EvaluationResults"][1:]}

    with pytest.raises(CheckNotPossibleError, match=r"says nothing of sqs:\w+ on"):
        run(Forgetful())


def test_whoever_may_not_ask_is_told_how() -> None:
    simulator = Simulator()
    simulator.refused["SimulatePrincipalPolicy"] = "AccessDenied"
    with pytest.raises(CheckNotPossibleError) as caught:
        run(simulator)
    assert str(caught.value) == (
        f"account {ACCOUNT}: {ROLE} may not ask what it may do (iam:SimulatePrincipalPolicy); to let it, add "
        '{"Effect": "Allow", "Action": ["iam:GetRole", "iam:SimulatePrincipalPolicy"], '
        f'"Resource": "{ROLE}"}}'
    )


@pytest.mark.parametrize(
    ("caller", "refused", "told"),
    [
        ("arn:aws:iam::111122223333:user/ann", {}, f"account {ACCOUNT}: the credentials are of account 111122223333"),
        (f"arn:aws:iam::{ACCOUNT}:root", {}, "knows roles and users, not"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ann", {}, "knows roles and users, not"),
        (None, {"GetCallerIdentity": "ExpiredToken"}, "the caller is not known: sts:GetCallerIdentity failed with Exp"),
        (None, {"GetRole": "Throttling"}, "the caller is not known: iam:GetRole failed with Throttling"),
        (None, {"SimulatePrincipalPolicy": "NoSuchEntity"}, "let it iam:GetRole on itself"),
        (None, {"SimulatePrincipalPolicy": "Throttling"}, "SimulatePrincipalPolicy failed with Throttling"),
    ],
)
def test_what_stops_the_check_is_a_sentence(caller: str | None, refused: dict[str, str], told: str) -> None:
    simulator = Simulator(caller=caller) if caller else Simulator()
    simulator.refused.update(refused)
    with pytest.raises(CheckNotPossibleError, match=told):
        run(simulator)


def test_without_credentials_nothing_is_known() -> None:
    def client(service: str, settings: SessionSettings) -> Any:
        raise CredentialsError("no credentials")

    with pytest.raises(CheckNotPossibleError, match="the caller is not known: no credentials"):
        check_role(needs(), NAMES, client=client)


def test_the_role_is_named_with_its_path() -> None:
    simulator = Simulator()
    assert run(simulator).principal == ROLE
    simulator.refused["GetRole"] = "AccessDenied"
    assert run(simulator).principal == f"arn:aws:iam::{ACCOUNT}:role/deployer"
    session = SessionSettings("eu-west-1", ROLE, "x", "p")
    found = check_role(needs(session=session), NAMES, client=simulator.client)
    assert found.principal == ROLE
    assert simulator.clients[-1] == ("iam", session)
    user = f"arn:aws:iam::{ACCOUNT}:user/teams/ann"
    assert run(Simulator(caller=user)).principal == user


def test_a_role_for_reviews_is_told_from_one_that_lacks_something() -> None:
    reads = {a for s in statements(QUEUE, NAMES, ACCOUNT, write=False) for a in s["Action"]}

    def reviewer(action: str, resource: str, context: dict[str, list[str]]) -> dict[str, Any]:
        return ALLOWED if action in reads else IMPLICIT

    assert run(Simulator(reviewer)).reads_only
    assert run(Simulator(reviewer), write=False).lacking == ()
    assert not run(without("sqs:CreateQueue")).reads_only
    assert not run(Simulator(lambda action, resource, context: IMPLICIT)).reads_only


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    run(Simulator(), MEMBER, progress=lambda done, of: told.append((done, of)))
    assert told == [(number, len(told)) for number in range(1, len(told) + 1)]


def test_types_that_need_an_action() -> None:
    assert users_of("ssm:DeleteParameter", MEMBER) == ["pulumi-python:dynamic/streamgov:DeploymentMarker"]
    assert users_of("dynamodb:DeleteItem", MEMBER) == ["pulumi-python:dynamic/streamgov:DestroyGuard"]
    passing = users_of("iam:PassRole", MEMBER)
    assert "aws:lambda/function:Function" in passing
    assert "aws:sqs/queue:Queue" not in passing
    for statement in statements(MEMBER, NAMES, ACCOUNT):
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert all(users_of(action, MEMBER) for action in actions), json.dumps(actions)
