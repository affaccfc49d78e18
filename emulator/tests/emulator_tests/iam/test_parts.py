"""What the package offers to the emulator: the admin addresses, service permissions, deletions, propagation."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aws_emulator.iam
from aws_emulator.api import ApiCall, Caller, Emulator
from aws_emulator.iam.principals import orphan
from emulator_tests.iam.conftest import CONSUMER, DOMAIN, PRODUCER, REGION, Accounts, allow, document, topic, trust

READ = "kafka-cluster:ReadData"
ADMIN = Caller(CONSUMER, f"arn:aws:sts::{CONSUMER}:assumed-role/Admin/x", None, "test", True)


class FixedClock:
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture()
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture()
def made(accounts: Accounts, clock: FixedClock) -> Emulator:
    built = Emulator("127.0.0.1", 1, "", clock)
    aws_emulator.iam.install(built)
    return built


def post(made: Emulator, name: str, document: Any) -> Any:
    return made.admin_routes[name]("POST", {}, json.dumps(document).encode())


def test_the_access_address_answers_one_question_and_many(accounts: Accounts, made: Emulator) -> None:
    cluster = accounts.cluster()
    role = accounts.role("reader", allow(READ, topic(cluster, "a")), account=PRODUCER)
    question = {"principal": role, "action": READ, "resource": topic(cluster, "a")}
    answer = post(made, "access", question)
    assert answer["allowed"] is True
    assert answer["statements"] == ["inline policy inline of role reader/#1"]
    other = {**question, "resource": topic(cluster, "b")}
    assert [one["allowed"] for one in post(made, "access", [question, other])] == [True, False]
    assert [one["allowed"] for one in post(made, "access", {"questions": [other]})] == [False]


def test_questions_may_carry_condition_keys(accounts: Accounts, made: Emulator) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "e"}}
    role = accounts.role("a", allow("sts:AssumeRole", "*", Condition=condition))
    target = accounts.role("b", trust=trust(CONSUMER))
    question: dict[str, Any] = {"principal": role, "action": "sts:AssumeRole", "resource": target}
    assert not post(made, "access", question)["allowed"]
    assert post(made, "access", {**question, "context": {"sts:ExternalId": "e"}})["allowed"]
    limited = {**question, "context": {"sts:ExternalId": "e"}, "sessionPolicy": document(allow("s3:*"))}
    assert not post(made, "access", limited)["allowed"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"principal": "a", "action": "b"}, "resource must be a string"),
        ({"principal": "a", "action": "b", "resource": "c", "who": 1}, "unknown field 'who'"),
        ("x", "must be an object"),
        ({"principal": "a", "action": "b", "resource": "c", "context": [1]}, "context must be an object"),
    ],
)
def test_bad_questions(made: Emulator, question: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        post(made, "access", question)
    with pytest.raises(ValueError, match="POST a question"):
        made.admin_routes["access"]("GET", {}, b"")


def test_a_service_may_invoke_a_function_that_permits_it(accounts: Accounts, made: Emulator) -> None:
    from moto.awslambda.models import lambda_backends

    accounts.role("execution", account=DOMAIN)
    backend = lambda_backends[DOMAIN][REGION]
    function = backend.create_function(
        {
            "FunctionName": "f",
            "Runtime": "python3.12",
            "Role": f"arn:aws:iam::{DOMAIN}:role/execution",
            "Handler": "a.b",
            "Code": {"ZipFile": b""},
            "PackageType": "Zip",
        }
    )
    arn = function.function_arn
    service_may = made.parts["iam.service_may"]
    rule = f"arn:aws:events:{REGION}:{DOMAIN}:rule/r"
    keys = {"aws:SourceArn": rule, "aws:SourceAccount": DOMAIN}
    assert not service_may("events.amazonaws.com", "lambda:InvokeFunction", arn, keys).allowed
    permission = {
        "StatementId": "rule",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": rule,
    }
    function.policy.add_statement(json.dumps(permission))
    assert service_may("events.amazonaws.com", "lambda:InvokeFunction", arn, keys).allowed
    assert not service_may("scheduler.amazonaws.com", "lambda:InvokeFunction", arn, keys).allowed
    other = {**keys, "aws:SourceArn": rule + "2"}
    assert not service_may("events.amazonaws.com", "lambda:InvokeFunction", arn, other).allowed
    assert not service_may("events.amazonaws.com", "lambda:InvokeFunction", arn + "2", keys).allowed
    # Lambda takes an account's id as principal as it is.
    role = accounts.role("caller", allow("lambda:InvokeFunction", arn))
    oracle = made.parts["iam.oracle"]
    assert not oracle.allowed(role, "lambda:InvokeFunction", arn).allowed
    function.policy.add_statement(
        json.dumps({**permission, "StatementId": "x", "Principal": CONSUMER, "SourceArn": rule})
    )
    assert not oracle.allowed(role, "lambda:InvokeFunction", arn).allowed
    opened = {"StatementId": "y", "Action": "lambda:InvokeFunction", "Principal": CONSUMER}
    function.policy.add_statement(json.dumps(opened))
    assert oracle.allowed(role, "lambda:InvokeFunction", arn).allowed


def test_a_service_may_assume_a_role_that_trusts_it(accounts: Accounts, made: Emulator) -> None:
    role = accounts.role("machine", trust=trust("states.amazonaws.com", StringEquals={"aws:SourceAccount": CONSUMER}))
    service_may = made.parts["iam.service_may"]
    keys = {"aws:SourceAccount": CONSUMER}
    assert service_may("states.amazonaws.com", "sts:AssumeRole", role, keys).allowed
    assert not service_may("states.amazonaws.com", "sts:AssumeRole", role, {"aws:SourceAccount": DOMAIN}).allowed
    assert not service_may("states.amazonaws.com", "sts:AssumeRole", role).allowed
    assert not service_may("lambda.amazonaws.com", "sts:AssumeRole", role, keys).allowed


def test_a_service_may_send_to_a_queue_that_permits_it(accounts: Accounts, made: Emulator) -> None:
    from moto.sqs.models import sqs_backends

    queue = sqs_backends[DOMAIN][REGION].create_queue("dead", None)
    service_may = made.parts["iam.service_may"]
    assert not service_may("events.amazonaws.com", "sqs:SendMessage", queue.queue_arn).allowed
    queue.policy = document(allow("sqs:SendMessage", queue.queue_arn, Principal={"Service": "events.amazonaws.com"}))
    assert service_may("events.amazonaws.com", "sqs:SendMessage", queue.queue_arn).allowed


def delete(made: Emulator, accounts: Accounts, name: str) -> None:
    """DeleteRole as the pipeline runs it."""
    call = ApiCall("iam", "DeleteRole", {"RoleName": name}, REGION, ADMIN, "r1")
    for authorize in made.authorizers:
        authorize(call)
    accounts.delete_role(name)
    for observe in made.observers:
        observe(call, {}, None)


def test_a_deleted_role_leaves_its_id_in_policies(accounts: Accounts, made: Emulator) -> None:
    oracle = made.parts["iam.oracle"]
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    role = accounts.role("reader", allow(READ, wanted))
    unique_id = accounts.iam[CONSUMER]["aws"].get_role("reader").id
    stays = accounts.role("stays", allow(READ, wanted))
    trusting = accounts.role("trusting", trust=trust(role))
    accounts.cluster(allow(READ, wanted, Principal={"AWS": [role, stays]}, Condition={"Null": {"x": "true"}}))
    assert oracle.allowed(role, READ, wanted).allowed
    delete(made, accounts, "reader")
    accounts.role("reader", allow(READ, wanted))
    assert not oracle.allowed(role, READ, wanted).allowed
    assert oracle.allowed(stays, READ, wanted).allowed
    assert not oracle.allowed(role, "sts:AssumeRole", trusting).allowed
    from moto.kafka.models import kafka_backends

    stored = json.loads(kafka_backends[PRODUCER][REGION].policies[cluster]["policy"])
    assert stored["Statement"][0]["Principal"]["AWS"] == [unique_id, stays]
    text = accounts.iam[CONSUMER]["aws"].get_role("trusting").assume_role_policy_document
    assert json.loads(text)["Statement"][0]["Principal"] == {"AWS": [unique_id]}


def test_a_failed_deletion_changes_nothing(accounts: Accounts, made: Emulator) -> None:
    from aws_emulator.api import ApiError

    role = accounts.role("reader", allow("*"))
    target = accounts.role("target", trust=trust(role))
    call = ApiCall("iam", "DeleteRole", {"RoleName": "reader"}, REGION, ADMIN, "r1")
    for authorize in made.authorizers:
        authorize(call)
    for observe in made.observers:
        observe(call, None, ApiError("DeleteConflict", "policies are attached"))
    assert made.parts["iam.oracle"].allowed(role, "sts:AssumeRole", target).allowed


def test_every_kind_of_policy_and_grant_is_orphaned(accounts: Accounts) -> None:
    from moto.kinesis.models import kinesis_backends
    from moto.kms.models import kms_backends
    from moto.s3.models import s3_backends
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    role = accounts.role("reader")
    text = document(allow("*", Principal={"AWS": role}))
    key = kms_backends[PRODUCER][REGION].create_key(text, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [])
    key.add_grant("", role, ["Decrypt"], {}, role)
    queue = sqs_backends[PRODUCER][REGION].create_queue("q", None)
    queue.policy = text
    made_topic = sns_backends[PRODUCER][REGION].create_topic("t")
    made_topic.policy = text
    bucket = s3_backends[PRODUCER]["aws"].create_bucket("some-bucket", REGION)
    bucket.policy = text.encode()
    streams = kinesis_backends[PRODUCER][REGION].resource_policies
    streams["arn"] = text
    orphan(role, "AROAGONE")
    (given,) = key.grants.values()
    assert (given.grantee_principal, given.retiring_principal) == ("AROAGONE", "AROAGONE")
    for stored in (key.policy, queue.policy, made_topic.policy, bucket.policy.decode(), streams["arn"]):
        assert json.loads(stored)["Statement"][0]["Principal"] == {"AWS": "AROAGONE"}


def test_changes_act_at_once_unless_a_delay_is_set(accounts: Accounts, made: Emulator, clock: FixedClock) -> None:
    oracle = made.parts["iam.oracle"]
    old = accounts.role("old", allow("sqs:ListQueues"))
    assert oracle.allowed(old, "sqs:ListQueues", "*").allowed
    with pytest.raises(ValueError, match="negative"):
        post(made, "iam", {"propagation_seconds": -1})
    assert post(made, "iam", {"propagation_seconds": 5}) == {"propagation_seconds": 5.0}
    # What was in force stays in force.
    assert oracle.allowed(old, "sqs:ListQueues", "*").allowed
    new = accounts.role("new", allow("sqs:ListQueues"))
    accounts.iam[CONSUMER]["aws"].get_role("old").policies.clear()
    call = ApiCall("iam", "PutRolePolicy", {"RoleName": "old"}, REGION, ADMIN, "r1")
    for observe in made.observers:
        observe(call, {}, None)
    clock.sleep(4.9)
    assert oracle.allowed(old, "sqs:ListQueues", "*").allowed
    assert not oracle.allowed(new, "sqs:ListQueues", "*").allowed
    clock.sleep(0.2)
    assert not oracle.allowed(old, "sqs:ListQueues", "*").allowed
    assert oracle.allowed(new, "sqs:ListQueues", "*").allowed
    assert post(made, "iam", {"propagation_seconds": 0}) == {"propagation_seconds": 0.0}


def test_conditions_on_the_organisation(accounts: Accounts, made: Emulator) -> None:
    from moto.organizations.models import organizations_backends

    oracle = made.parts["iam.oracle"]
    backend = organizations_backends[DOMAIN]["aws"]
    org = backend.create_organization(FeatureSet="ALL", region=REGION)["Organization"]["Id"]
    condition = {"StringEquals": {"aws:PrincipalOrgID": org}}
    target = accounts.role(
        "target",
        account=DOMAIN,
        trust=document(
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition}
        ),
    )
    inside = accounts.role("inside", allow("sts:AssumeRole", target), account=DOMAIN)
    outside = accounts.role("outside", allow("sts:AssumeRole", target))
    assert oracle.allowed(inside, "sts:AssumeRole", target).allowed
    assert not oracle.allowed(outside, "sts:AssumeRole", target).allowed


def test_tags_of_principals_and_resources(accounts: Accounts, made: Emulator) -> None:
    from moto.sqs.models import sqs_backends

    oracle = made.parts["iam.oracle"]
    sqs_backends[CONSUMER][REGION].create_queue("red", {"team": "red"})
    sqs_backends[CONSUMER][REGION].create_queue("blue", {"team": "blue"})
    condition = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    role = accounts.role("app", allow("sqs:SendMessage", "*", Condition=condition), tags={"team": "red"})
    assert oracle.allowed(role, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{CONSUMER}:red").allowed
    assert not oracle.allowed(role, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{CONSUMER}:blue").allowed
    assert not oracle.allowed(role, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{CONSUMER}:none").allowed


def test_a_broken_policy_allows_nothing_and_says_so(accounts: Accounts, made: Emulator) -> None:
    role = accounts.role("app", allow("*"))
    accounts.iam[CONSUMER]["aws"].get_role("app").put_policy("broken", "{")
    decision = made.parts["iam.oracle"].allowed(role, "sqs:ListQueues", "*")
    assert not decision.allowed
    assert "cannot be read" in decision.reason


def test_users_and_their_groups(accounts: Accounts, made: Emulator) -> None:
    oracle = made.parts["iam.oracle"]
    backend = accounts.iam[CONSUMER]["aws"]
    arn = backend.create_user(REGION, "ann").arn
    assert not oracle.allowed(arn, "sqs:ListQueues", "*").allowed
    backend.create_group("staff", "/")
    backend.put_group_policy("staff", "p", document(allow("sqs:*")))
    backend.add_user_to_group("staff", "ann")
    assert oracle.allowed(arn, "sqs:ListQueues", "*").allowed
