"""SimulatePrincipalPolicy as its model documents it, over HTTP: decisions, what decided them, pages, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, DOMAIN, PRODUCER, Client
from emulator_tests.iam.conftest import allow, document, trust

pytestmark = pytest.mark.emulator
QUEUES = f"arn:aws:sqs:us-east-1:{CONSUMER}:jobs-*"
QUEUE = f"arn:aws:sqs:us-east-1:{CONSUMER}:jobs-one"
OTHER = f"arn:aws:sqs:us-east-1:{CONSUMER}:other"
DENIED = {"Effect": "Deny", "Action": "sqs:PurgeQueue", "Resource": "*"}
TAGGED = allow("sqs:TagQueue", QUEUES, Condition={"StringEquals": {"aws:RequestTag/team": "data"}})


@pytest.fixture(scope="module")
def iam(client: Client) -> Any:
    return client("iam", CONSUMER)


@pytest.fixture(scope="module")
def role(iam: Any) -> str:
    arn = iam.create_role(RoleName="simulated", Path="/teams/", AssumeRolePolicyDocument=trust(CONSUMER))["Role"]["Arn"]
    text = json.dumps(json.loads(document(allow("sqs:*", QUEUES), DENIED, TAGGED)), indent=2)
    iam.put_role_policy(RoleName="simulated", PolicyName="queues", PolicyDocument=text)
    return str(arn)


def results(iam: Any, source: str, actions: list[str], resources: list[str] | None = None, **more: Any) -> list[Any]:
    given = {} if resources is None else {"ResourceArns": resources}
    answer = iam.simulate_principal_policy(PolicySourceArn=source, ActionNames=actions, **given, **more)
    found: list[Any] = answer["EvaluationResults"]
    return found


def decisions(found: list[Any]) -> dict[tuple[str, str], str]:
    return {
        (one["EvalActionName"], each["EvalResourceName"]): each["EvalResourceDecision"]
        for one in found
        for each in one["ResourceSpecificResults"]
    }


def test_each_action_is_decided_on_each_resource(iam: Any, role: str) -> None:
    found = results(iam, role, ["sqs:CreateQueue", "sqs:PurgeQueue"], [QUEUE, OTHER])
    assert decisions(found) == {
        ("sqs:CreateQueue", QUEUE): "allowed",
        ("sqs:CreateQueue", OTHER): "implicitDeny",
        ("sqs:PurgeQueue", QUEUE): "explicitDeny",
        ("sqs:PurgeQueue", OTHER): "explicitDeny",
    }
    assert [one["EvalDecision"] for one in found] == ["implicitDeny", "explicitDeny"]
    # The top level speaks of no resource in particular (documented): a template.
    assert {one["EvalResourceName"] for one in found} == {"arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"}


def test_without_resources_the_answer_is_at_the_top(iam: Any, role: str) -> None:
    (found,) = results(iam, role, ["sqs:ListQueues"])
    assert found["EvalDecision"] == "implicitDeny"
    assert not found.get("ResourceSpecificResults")
    (everything,) = results(iam, role, ["sqs:PurgeQueue"], ["*"])
    assert everything["EvalDecision"] == "explicitDeny"


def test_the_statement_that_decided_is_named_with_its_place(iam: Any, role: str) -> None:
    found = results(iam, role, ["sqs:CreateQueue", "sqs:PurgeQueue", "s3:GetObject"], [QUEUE])
    allowed, denied, unsaid = (one["ResourceSpecificResults"][0]["MatchedStatements"] for one in found)
    assert unsaid == []
    text = json.dumps(json.loads(document(allow("sqs:*", QUEUES), DENIED, TAGGED)), indent=2).splitlines()
    for matched, action in ((allowed, "sqs:*"), (denied, "sqs:PurgeQueue")):
        (statement,) = matched
        assert statement["SourcePolicyType"] == "role"
        assert "queues" in statement["SourcePolicyId"]
        first, last = statement["StartPosition"]["Line"], statement["EndPosition"]["Line"]
        assert text[first - 1].strip() == "{"
        assert action in "\n".join(text[first - 1 : last])


def test_conditions_know_what_they_are_given_and_tell_what_they_miss(iam: Any, role: str) -> None:
    only = "simulated-tags"
    arn = iam.create_role(RoleName=only, AssumeRolePolicyDocument=trust(CONSUMER))["Role"]["Arn"]
    iam.put_role_policy(RoleName=only, PolicyName="p", PolicyDocument=document(TAGGED))
    (without,) = results(iam, arn, ["sqs:TagQueue"], [QUEUE])
    (one,) = without["ResourceSpecificResults"]
    assert (one["EvalResourceDecision"], one["MissingContextValues"]) == ("implicitDeny", ["aws:RequestTag/team"])
    entry = {"ContextKeyName": "aws:requesttag/team", "ContextKeyValues": ["data"], "ContextKeyType": "string"}
    (given,) = results(iam, arn, ["sqs:TagQueue"], [QUEUE], ContextEntries=[entry])
    (one,) = given["ResourceSpecificResults"]
    assert one["EvalResourceDecision"] == "allowed"
    assert not one.get("MissingContextValues")
    several = {**entry, "ContextKeyValues": ["data", "ops"]}
    with pytest.raises(ClientError, match="its type must be a list"):
        results(iam, arn, ["sqs:TagQueue"], [QUEUE], ContextEntries=[several])


def test_a_boundary_limits_and_is_told_apart(iam: Any, role: str) -> None:
    ceiling = document(allow("sqs:CreateQueue", "*"))
    found = results(
        iam, role, ["sqs:CreateQueue", "sqs:DeleteQueue"], [QUEUE], PermissionsBoundaryPolicyInputList=[ceiling]
    )
    told = {
        one["EvalActionName"]: (
            one["EvalDecision"],
            one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"],
        )
        for one in found
    }
    assert told == {"sqs:CreateQueue": ("allowed", True), "sqs:DeleteQueue": ("implicitDeny", False)}
    attached = iam.create_policy(PolicyName="simulated-ceiling", PolicyDocument=ceiling)["Policy"]["Arn"]
    bounded = iam.create_role(
        RoleName="simulated-bounded", AssumeRolePolicyDocument=trust(CONSUMER), PermissionsBoundary=attached
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="simulated-bounded", PolicyName="p", PolicyDocument=document(allow("sqs:*", "*")))
    assert decisions(results(iam, bounded, ["sqs:CreateQueue", "sqs:DeleteQueue"], [QUEUE])) == {
        ("sqs:CreateQueue", QUEUE): "allowed",
        ("sqs:DeleteQueue", QUEUE): "implicitDeny",
    }


def test_further_policies_count_managed_ones_too(iam: Any, role: str) -> None:
    (one,) = results(iam, role, ["s3:GetObject"], ["arn:aws:s3:::b/k"], PolicyInputList=[document(allow("s3:*", "*"))])
    assert one["EvalDecision"] == "allowed"
    assert one["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
    made = iam.create_policy(PolicyName="simulated-lists", PolicyDocument=document(allow("sqs:ListQueues", "*")))
    iam.attach_role_policy(RoleName="simulated", PolicyArn=made["Policy"]["Arn"])
    (one,) = results(iam, role, ["sqs:ListQueues"])
    assert one["EvalDecision"] == "allowed"
    matched = one["MatchedStatements"][0]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("simulated-lists", "user-managed")


def test_pages_hold_every_result_once(iam: Any, role: str) -> None:
    names = [f"sqs:Action{number}" for number in range(230)]
    seen: list[str] = []
    sizes = []
    for page in iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role, ActionNames=names, ResourceArns=[QUEUE]
    ):
        sizes.append(len(page["EvaluationResults"]))
        seen += [one["EvalActionName"] for one in page["EvaluationResults"]]
    assert seen == names
    assert sizes == [100, 100, 30]  # the default is documented


def test_users_have_the_policies_of_their_groups_and_groups_can_be_asked(iam: Any) -> None:
    user = iam.create_user(UserName="simulated-user")["User"]["Arn"]
    group = iam.create_group(GroupName="simulated-group")["Group"]["Arn"]
    iam.put_group_policy(GroupName="simulated-group", PolicyName="p", PolicyDocument=document(allow("sqs:*", QUEUES)))
    iam.add_user_to_group(GroupName="simulated-group", UserName="simulated-user")
    for arn in (user, group):
        assert decisions(results(iam, arn, ["sqs:CreateQueue"], [QUEUE])) == {("sqs:CreateQueue", QUEUE): "allowed"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PolicySourceArn": f"arn:aws:iam::{CONSUMER}:role/nobody"}, "NoSuchEntity"),
        ({"PolicySourceArn": f"arn:aws:sts::{CONSUMER}:assumed-role/simulated/session"}, "InvalidInput"),
        ({"ActionNames": ["sqs:*"]}, "InvalidInput"),
        ({"ResourceArns": ["jobs-one"]}, "InvalidInput"),
        ({"PolicyInputList": ["no json"]}, "InvalidInput"),
        ({"ResourcePolicy": document(allow("sqs:*", "*", Principal="*"))}, "InvalidInput"),
    ],
)
def test_what_the_simulator_does_not_take(iam: Any, role: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        iam.simulate_principal_policy(
            **{"PolicySourceArn": role, "ActionNames": ["sqs:CreateQueue"], "ResourceArns": [QUEUE], **changes}
        )
    assert caught.value.response["Error"]["Code"] == code


def test_whoever_asks_needs_the_permission_on_the_entity(iam: Any, client: Client, role: str) -> None:
    asking = iam.create_role(RoleName="asking", AssumeRolePolicyDocument=trust(CONSUMER))["Role"]["Arn"]
    own = client("iam", CONSUMER, role=asking)
    with pytest.raises(ClientError, match="not authorized to perform: iam:SimulatePrincipalPolicy"):
        results(own, asking, ["sqs:CreateQueue"])
    iam.put_role_policy(
        RoleName="asking", PolicyName="p", PolicyDocument=document(allow("iam:SimulatePrincipalPolicy", asking))
    )
    assert results(own, asking, ["sqs:CreateQueue"])[0]["EvalDecision"] == "implicitDeny"
    with pytest.raises(ClientError, match="not authorized to perform: iam:SimulatePrincipalPolicy"):
        results(own, role, ["sqs:CreateQueue"])


def test_the_sandboxs_people_may_do_everything(client: Client) -> None:
    for account, arn in (
        (DOMAIN, f"arn:aws:iam::{DOMAIN}:user/administrator"),
        (PRODUCER, f"arn:aws:iam::{PRODUCER}:role/Admin"),
    ):
        (one,) = results(client("iam", account), arn, ["sqs:CreateQueue"])
        assert one["EvalDecision"] == "allowed"
