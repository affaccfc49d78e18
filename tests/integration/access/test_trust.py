"""Attacks on a deployment, each against its real roles, documents and machines: what must not work does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.deploy.scope import AccountScope
from tests.integration.access.conftest import NAMES, ROLE_PATH, Deployment
from tests.integration.access.test_workflow import executions, policy_of, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER

INVOKE = NAMES.role_arn(PRODUCER, "member-invoke")
CALLBACK = NAMES.role_arn(DOMAIN, "callback")
APPLY = NAMES.role_arn(CONSUMER, "apply")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def may(deployment: Deployment, principal: str, action: str, resource: str, **context: str) -> bool:
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    question = {"principal": principal, "action": action, "resource": resource, "context": keys}
    return bool(deployment.emulator.admin("POST", "access", question)["allowed"])


# --- who may speak for whom -------------------------------------------------------------------------------------------
def test_only_the_central_machine_enters_an_account_and_only_for_itself(deployment: Deployment) -> None:
    central, own = NAMES.role_arn(DOMAIN, "central-machine"), NAMES.central_machine_arn(DOMAIN)
    assert may(deployment, central, "sts:AssumeRole", INVOKE, sts__ExternalId=own)
    assert not may(deployment, central, "sts:AssumeRole", INVOKE), "without an external id"
    for machine in (own + "2", NAMES.central_machine_arn(CONSUMER), NAMES.member_machine_arn(DOMAIN), "*"):
        assert not may(deployment, central, "sts:AssumeRole", INVOKE, sts__ExternalId=machine), machine
    for other in (NAMES.role_arn(DOMAIN, "collect"), NAMES.role_arn(DOMAIN, "callback"), APPLY):
        assert not may(deployment, other, "sts:AssumeRole", INVOKE, sts__ExternalId=own), other


def test_only_member_machines_answer_and_only_for_themselves(deployment: Deployment) -> None:
    machine, own = NAMES.role_arn(CONSUMER, "member-machine"), NAMES.member_machine_arn(CONSUMER)
    assert may(deployment, machine, "sts:AssumeRole", CALLBACK, sts__ExternalId=own)
    for identifier in (own.replace("member", "other"), NAMES.central_machine_arn(CONSUMER), ""):
        assert not may(deployment, machine, "sts:AssumeRole", CALLBACK, sts__ExternalId=identifier), identifier
    assert not may(deployment, APPLY, "sts:AssumeRole", CALLBACK, sts__ExternalId=own)
    # A role of the right name under the right path, in an account that is no member.
    domain_machine = NAMES.role_arn(DOMAIN, "member-machine")
    role = AccountScope(NAMES, DOMAIN).role(
        "member-machine", key="role", description="", trust=ANY_TRUST, policy=ALLOW_ALL
    )
    deployment.deployer.role(DOMAIN, role)
    theirs = NAMES.member_machine_arn(DOMAIN)
    assert not may(deployment, domain_machine, "sts:AssumeRole", CALLBACK, sts__ExternalId=theirs)


ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ANY_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_a_task_token_from_elsewhere_or_from_before_is_worth_nothing(deployment: Deployment) -> None:
    """Somebody in a member account reads the token of a running task and answers it, so that nothing needs doing."""
    cluster, role = deployment.make_cluster(), deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("tokens", cluster=cluster)
    deployment.subscribe(listing)
    target = deployment.make_target([role])
    slow = {"service": "dynamodb", "operation": "GetItem", "kind": "latency", "seconds": 4.0}
    deployment.emulator.admin("POST", "faults", {**slow, "caller": NAMES.role_arn(PRODUCER, "apply")})
    member = deployment.client("stepfunctions", PRODUCER)
    try:
        grant = deployment.grant(listing, target)
        token = eventually(lambda: running_token(member, NAMES.member_machine_arn(PRODUCER), grant), bool)
        forged = json.dumps({"version": 1, "status": "APPLIED", "cause": None, "details": {}})
        for account in (PRODUCER, CONSUMER):
            with pytest.raises(ClientError) as caught:
                deployment.client("stepfunctions", account).send_task_success(taskToken=token, output=forged)
            assert caught.value.response["Error"]["Code"] == "InvalidToken"
        assert deployment.settled(grant)["status"] == "GRANTED"
    finally:
        deployment.emulator.admin("DELETE", "faults")
    assert policy_of(deployment, cluster) is not None, "the producer's side was really done"
    with pytest.raises(ClientError) as caught:
        deployment.client("stepfunctions").send_task_success(taskToken=token, output=forged)
    assert caught.value.response["Error"]["Code"] == "TaskTimedOut"


def running_token(states: Any, machine: str, grant: str) -> str:
    for item in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        order = json.loads(states.describe_execution(executionArn=item["executionArn"])["input"])
        if order["command"].get("grantId") == grant:
            return str(order["taskToken"])
    return ""


# --- what events and forms say ----------------------------------------------------------------------------------------
def test_a_forged_form_that_names_somebody_elses_topic_gets_nothing(deployment: Deployment) -> None:
    """The topic has an asset of its own, which its data source recorded; another project's asset names it as well."""
    cluster, role = deployment.make_cluster(), deployment.make_role(CONSUMER)
    deployment.make_asset("salaries", cluster=cluster)
    _, listing = deployment.make_asset("salaries", cluster=cluster, recorded=False)
    deployment.subscribe(listing)
    failed = deployment.settled(deployment.grant(listing, deployment.make_target([role])))
    assert failed["status"] == "GRANT_FAILED" and "no data source" in failed["failureCause"]["message"]
    assert policy_of(deployment, cluster) is None
    assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "salaries", cluster))


def event_of(deployment: Deployment, grant: str, kind: str) -> dict[str, Any]:
    return {
        "source": "aws.datazone",
        "detail-type": f"Subscription Grant {kind}",
        "detail": {
            "metadata": {"domain": deployment.domain, "id": grant},
            "data": {"asset": {"typeName": deployment.asset_types["msk"]}},
        },
    }


def test_forged_and_replayed_events_change_nothing(deployment: Deployment) -> None:
    cluster, role = deployment.make_cluster(), deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("replayed", cluster=cluster)
    topic = topic_of(deployment, "replayed", cluster)
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANTED"

    def play(kind: str) -> None:
        machine, states = NAMES.central_machine_arn(DOMAIN), deployment.client("stepfunctions")
        text = json.dumps(event_of(deployment, grant, kind))
        arn = states.start_execution(stateMachineArn=machine, input=text)["executionArn"]
        ended = eventually(lambda: states.describe_execution(executionArn=arn), lambda e: e["status"] != "RUNNING")
        assert ended["status"] == "SUCCEEDED"

    play("Revoke Requested")
    assert (
        deployment.may(role, "kafka-cluster:ReadData", topic) and deployment.assets_of(grant)[0]["status"] == "GRANTED"
    )
    deployment.revoke(grant)
    assert deployment.settled_as(grant, ("REVOKED",))["status"] == "REVOKED"
    play("Requested")
    assert not deployment.may(role, "kafka-cluster:ReadData", topic) and policy_of(deployment, cluster) is None
    before = {item["executionArn"] for item in executions(deployment)}
    answer = deployment.client("events", CONSUMER).put_events(
        Entries=[{"Source": "aws.datazone", "DetailType": "Subscription Grant Requested", "Detail": "{}"}]
    )
    assert answer["FailedEntryCount"] == 1, "nobody but a service puts events of aws.*"
    assert {item["executionArn"] for item in executions(deployment)} == before


# --- principals -------------------------------------------------------------------------------------------------------
def test_a_path_that_names_another_role_reaches_neither(deployment: Deployment) -> None:
    """IAM's calls take the name alone: the target says /streaming/x, the role of that name is /admin/x."""
    iam, cluster = deployment.client("iam", CONSUMER), deployment.make_cluster()
    iam.create_role(RoleName="shared-name", Path="/admin/", AssumeRolePolicyDocument=json.dumps(ANY_TRUST))
    _, listing = deployment.make_asset("other-path", cluster=cluster)
    deployment.subscribe(listing)
    claimed = f"arn:aws:iam::{CONSUMER}:role{ROLE_PATH}shared-name"
    failed = deployment.settled(deployment.grant(listing, deployment.make_target([claimed])), 240)
    assert failed["status"] == "GRANT_FAILED", failed
    assert iam.list_role_policies(RoleName="shared-name")["PolicyNames"] == []
    assert policy_of(deployment, cluster) is None


@pytest.mark.parametrize("what", ["another account's role", "one of our own roles", "a user", "the account itself"])
def test_principals_that_are_refused(deployment: Deployment, what: str) -> None:
    cluster = deployment.make_cluster()
    principal = {
        "another account's role": deployment.make_role(PRODUCER),
        "one of our own roles": APPLY,
        "a user": f"arn:aws:iam::{CONSUMER}:user/bob",
        "the account itself": f"arn:aws:iam::{CONSUMER}:root",
    }[what]
    _, listing = deployment.make_asset("for-nobody", cluster=cluster)
    deployment.subscribe(listing)
    failed = deployment.settled(deployment.grant(listing, deployment.make_target([principal])))
    assert failed["status"] == "GRANT_FAILED"
    reason = {
        "another account's role": "not a role of the environment's account",
        "one of our own roles": "a role of the deployment itself",
        "a user": "not the ARN of an IAM role",
        "the account itself": "not the ARN of an IAM role",
    }[what]
    assert reason in failed["failureCause"]["message"], failed
    assert policy_of(deployment, cluster) is None
    assert not deployment.may(APPLY, "kafka-cluster:ReadData", topic_of(deployment, "for-nobody", cluster))


# --- what the function that writes policies could be made to do -------------------------------------------------------
def test_the_function_writes_on_named_roles_with_the_boundary_and_on_nothing_else(deployment: Deployment) -> None:
    bounded, free = deployment.make_role(CONSUMER), deployment.make_role(CONSUMER, bounded=False)
    boundary = NAMES.policy_arn(CONSUMER, "consumer-boundary")
    with_it = {"iam__PermissionsBoundary": boundary}
    other = {"iam__PermissionsBoundary": ADMINISTRATOR}
    assert may(deployment, APPLY, "iam:PutRolePolicy", bounded, **with_it)
    assert not may(deployment, APPLY, "iam:PutRolePolicy", free), "no boundary"
    assert not may(deployment, APPLY, "iam:PutRolePolicy", free, **other), "somebody else's boundary"
    ours = [NAMES.role_arn(CONSUMER, what) for what in ("apply", "member-machine", "member-invoke")]
    others = [f"arn:aws:iam::{CONSUMER}:role/Admin", f"arn:aws:iam::{CONSUMER}:role/admin/deployer"]
    for role in (*ours, *others):
        for action in ("PutRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy"):
            assert not may(deployment, APPLY, f"iam:{action}", role, **with_it), (action, role)
    for role in ours:
        assert not may(deployment, APPLY, "iam:DeleteRolePolicy", role, **with_it), role
    for role in others:
        # Who was named once, and carries the boundary, can still lose; nobody else can.
        assert may(deployment, APPLY, "iam:DeleteRolePolicy", role, **with_it), role
        assert not may(deployment, APPLY, "iam:DeleteRolePolicy", role, **other), role
        assert not may(deployment, APPLY, "iam:DeleteRolePolicy", role), role
    for action in ("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "UpdateAssumeRolePolicy", "PassRole"):
        assert not may(deployment, APPLY, f"iam:{action}", bounded, **with_it), action
    for policy in (boundary, ADMINISTRATOR, f"arn:aws:iam::{CONSUMER}:policy/mine"):
        for action in ("CreatePolicyVersion", "DeletePolicy", "CreatePolicy"):
            assert not may(deployment, APPLY, f"iam:{action}", policy), (action, policy)


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (f"arn:aws:iam::{CONSUMER}:policy{NAMES.iam_path}{NAMES.access_policy_prefix}-abc-1", True),
        (ADMINISTRATOR, False),
        (f"arn:aws:iam::{CONSUMER}:policy/{NAMES.access_policy_prefix}-abc-1", False),
        (f"arn:aws:iam::{CONSUMER}:policy{NAMES.iam_path}{NAMES.iam_name('consumer-boundary')}", False),
        (f"arn:aws:iam::{PRODUCER}:policy{NAMES.iam_path}{NAMES.access_policy_prefix}-abc-1", False),
    ],
)
def test_only_policies_under_our_path_are_attached(deployment: Deployment, policy: str, allowed: bool) -> None:
    role = deployment.make_role(CONSUMER)
    context: Mapping[str, str] = {
        "iam__PolicyARN": policy,
        "iam__PermissionsBoundary": NAMES.policy_arn(CONSUMER, "consumer-boundary"),
    }
    assert may(deployment, APPLY, "iam:AttachRolePolicy", role, **context) is allowed


def test_the_boundary_holds_whatever_a_role_is_given(deployment: Deployment) -> None:
    """Somebody puts an administrator's policy on a bounded consumer role."""
    role = deployment.make_role(CONSUMER)
    iam, name = deployment.client("iam", CONSUMER), role.rsplit("/", 1)[1]
    iam.put_role_policy(RoleName=name, PolicyName="too-much", PolicyDocument=json.dumps(ALLOW_ALL))
    own = f"arn:aws:kinesis:us-east-1:{CONSUMER}:stream/anything"
    assert may(deployment, role, "kinesis:GetRecords", own), "what the ceiling leaves"
    for action, resource in (
        ("iam:PutRolePolicy", role),
        ("iam:CreateUser", f"arn:aws:iam::{CONSUMER}:user/x"),
        ("sts:AssumeRole", NAMES.role_arn(PRODUCER, "member-invoke")),
        ("lambda:UpdateFunctionCode", NAMES.function_arn(CONSUMER, "apply")),
        ("dynamodb:PutItem", NAMES.arn("dynamodb", CONSUMER, f"table/{NAMES.document_table}")),
        ("dynamodb:UpdateItem", NAMES.arn("dynamodb", CONSUMER, f"table/{NAMES.document_table}")),
        ("kms:CreateGrant", f"arn:aws:kms:us-east-1:{CONSUMER}:key/k"),
        ("kinesis:PutResourcePolicy", own),
    ):
        assert not may(deployment, role, action, resource), action
