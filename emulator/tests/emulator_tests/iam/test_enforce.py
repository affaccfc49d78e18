"""Calls of deployed roles: which permission each needs, and how a refusal reads."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from aws_emulator.api import ApiCall, ApiError, Caller
from aws_emulator.iam.actions import Actions
from aws_emulator.iam.enforce import Enforcer
from aws_emulator.iam.oracle import Oracle
from emulator_tests.iam.conftest import CONSUMER, DOMAIN, PRODUCER, REGION, Accounts, allow, document, topic, trust

ADMIN = Caller(DOMAIN, f"arn:aws:iam::{DOMAIN}:user/administrator", None, "test", True)
_numbers = itertools.count()


def as_role(role: str, session_policy: str | None = None) -> Caller:
    account, name = role.split(":")[4], role.rsplit("/", 1)[1]
    return Caller(account, f"arn:aws:sts::{account}:assumed-role/{name}/s1", role, "ASIA1", False, session_policy)


def call(caller: Caller, service: str, operation: str, **params: Any) -> ApiCall:
    return ApiCall(service, operation, params, REGION, caller, f"r{next(_numbers)}")


@pytest.fixture(scope="module")
def actions() -> Actions:
    return Actions(lambda domain: DOMAIN if domain == "dzd_one" else None)


@pytest.fixture()
def enforce(actions: Actions) -> Enforcer:
    return Enforcer(Oracle(), actions)


def refused(enforce: Enforcer, asked: ApiCall) -> ApiError:
    with pytest.raises(ApiError) as caught:
        enforce(asked)
    return caught.value


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "resource"),
    [
        ("kinesis", "PutRecord", {"StreamName": "s"}, "kinesis:PutRecord", "kinesis:us-east-1:A:stream/s"),
        ("kinesis", "ListStreams", {}, "kinesis:ListStreams", "*"),
        ("kafka", "ListClustersV2", {}, "kafka:ListClustersV2", "*"),
        (
            "kafka",
            "GetBootstrapBrokers",
            {"ClusterArn": "arn:aws:kafka:us-east-1:A:cluster/c/u"},
            "kafka:GetBootstrapBrokers",
            "kafka:us-east-1:A:cluster/c/u",
        ),
        ("glue", "ListRegistries", {}, "glue:ListRegistries", "*"),
        ("sqs", "SendMessage", {"QueueUrl": "http://x:1/A/q"}, "sqs:SendMessage", "sqs:us-east-1:A:q"),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://x:1/A/q"}, "sqs:SendMessage", "sqs:us-east-1:A:q"),
        ("ssm", "GetParameter", {"Name": "/a/b"}, "ssm:GetParameter", "ssm:us-east-1:A:parameter/a/b"),
        ("ssm", "GetParameter", {"Name": "a:3"}, "ssm:GetParameter", "ssm:us-east-1:A:parameter/a"),
        ("ssm", "GetParametersByPath", {"Path": "/a"}, "ssm:GetParametersByPath", "ssm:us-east-1:A:parameter/a"),
        ("dynamodb", "PutItem", {"TableName": "t", "Item": {}}, "dynamodb:PutItem", "dynamodb:us-east-1:A:table/t"),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            "dynamodb:Query",
            "dynamodb:us-east-1:A:table/t/index/i",
        ),
        ("lambda", "Invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", "lambda:us-east-1:A:function:f"),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            "lambda:InvokeFunction",
            "lambda:us-east-1:A:function:f:live",
        ),
        (
            "lambda",
            "GetFunction",
            {"FunctionName": "A:function:f:live"},
            "lambda:GetFunction",
            "lambda:us-east-1:A:function:f",
        ),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": "arn:aws:states:us-east-1:A:stateMachine:m:live"},
            "states:StartExecution",
            "states:us-east-1:A:stateMachine:m",
        ),
        (
            "stepfunctions",
            "DescribeExecution",
            {"executionArn": "arn:aws:states:us-east-1:A:execution:m:e"},
            "states:DescribeExecution",
            "states:us-east-1:A:execution:m:e",
        ),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": "t"}, "states:SendTaskSuccess", "*"),
        ("events", "PutRule", {"Name": "r"}, "events:PutRule", "events:us-east-1:A:rule/r"),
        ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, "events:PutRule", "events:us-east-1:A:rule/b/r"),
        ("events", "PutEvents", {"Entries": [{}]}, "events:PutEvents", "events:us-east-1:A:event-bus/default"),
        (
            "scheduler",
            "GetSchedule",
            {"Name": "s"},
            "scheduler:GetSchedule",
            "scheduler:us-east-1:A:schedule/default/s",
        ),
        (
            "logs",
            "CreateLogGroup",
            {"logGroupName": "/g"},
            "logs:CreateLogGroup",
            "logs:us-east-1:A:log-group:/g:log-stream:",
        ),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/g", "logStreamName": "s"},
            "logs:PutLogEvents",
            "logs:us-east-1:A:log-group:/g:log-stream:s",
        ),
        ("logs", "DescribeLogGroups", {}, "logs:DescribeLogGroups", "logs:us-east-1:A:log-group::log-stream:"),
        ("cloudwatch", "PutMetricData", {"Namespace": "n"}, "cloudwatch:PutMetricData", "*"),
        (
            "cloudwatch",
            "PutMetricAlarm",
            {"AlarmName": "a"},
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:us-east-1:A:alarm:a",
        ),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/1"}, "s3:GetObject", "s3:::b/k/1"),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket", "s3:::b"),
        ("iam", "GetRole", {"RoleName": "app"}, "iam:GetRole", "iam::A:role/x/app"),
        ("iam", "CreateRole", {"RoleName": "n", "Path": "/p/"}, "iam:CreateRole", "iam::A:role/p/n"),
        ("iam", "GetPolicy", {"PolicyArn": "arn:aws:iam::A:policy/p"}, "iam:GetPolicy", "iam::A:policy/p"),
        ("kms", "DescribeKey", {"KeyId": "1234"}, "kms:DescribeKey", "kms:us-east-1:A:key/1234"),
        ("glue", "GetSchemaVersion", {"SchemaVersionId": "v"}, "glue:GetSchemaVersion", "*"),
        ("ram", "GetResourceShares", {"resourceOwner": "SELF"}, "ram:GetResourceShares", "*"),
        ("cloudtrail", "GetTrail", {"Name": "t"}, "cloudtrail:GetTrail", "cloudtrail:us-east-1:A:trail/t"),
        ("ec2", "DescribeSubnets", {}, "ec2:DescribeSubnets", "*"),
    ],
)
def test_the_permission_of_a_call(
    accounts: Accounts,
    enforce: Enforcer,
    service: str,
    operation: str,
    params: dict[str, Any],
    action: str,
    resource: str,
) -> None:
    """The exact permission lets the call pass; without it the refusal names exactly that permission."""
    here = {
        name: value.replace("arn:aws:states:us-east-1:A", f"arn:aws:states:us-east-1:{CONSUMER}")
        .replace("arn:aws:kafka:us-east-1:A", f"arn:aws:kafka:us-east-1:{CONSUMER}")
        .replace("/A/", f"/{CONSUMER}/")
        .replace("iam::A:", f"iam::{CONSUMER}:")
        .replace("A:function", f"{CONSUMER}:function")
        if isinstance(value, str)
        else value
        for name, value in params.items()
    }
    resource = resource if resource == "*" else "arn:aws:" + resource.replace(":A:", f":{CONSUMER}:")
    role = accounts.role("app", path="/x/")
    error = refused(enforce, call(as_role(role), service, operation, **here))
    assert f"is not authorized to perform: {action} on resource: {resource} because" in error.message
    accounts.iam[CONSUMER]["aws"].get_role("app").put_policy("p", document(allow(action, resource)))
    enforce(call(as_role(role), service, operation, **here))


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("sqs", "AccessDenied", 403),
        ("iam", "AccessDenied", 403),
        ("s3", "AccessDenied", 403),
        ("dynamodb", "AccessDeniedException", 400),
        ("lambda", "AccessDeniedException", 403),
        ("kafka", "AccessDeniedException", 403),
        ("ec2", "UnauthorizedOperation", 403),
    ],
)
def test_error_codes(accounts: Accounts, enforce: Enforcer, service: str, code: str, status: int) -> None:
    operations = {
        "sqs": "ListQueues",
        "iam": "ListRoles",
        "s3": "ListBuckets",
        "dynamodb": "ListTables",
        "lambda": "ListFunctions",
        "kafka": "ListClusters",
        "ec2": "DescribeVpcs",
    }
    error = refused(enforce, call(as_role(accounts.role("app")), service, operations[service]))
    assert (error.code, error.status) == (code, status)


def test_an_operation_without_a_row_is_refused_even_with_every_permission(
    accounts: Accounts, enforce: Enforcer
) -> None:
    role = as_role(accounts.role("app", allow("*")))
    for service, operation in [("athena", "ListWorkGroups"), ("dynamodb", "ExecuteStatement"), ("ec2", "RunInstances")]:
        error = refused(enforce, call(role, service, operation))
        assert "does not know which permission this operation needs" in error.message, operation
        assert "aws_emulator/iam/actions" in error.message


def test_administrators_are_not_asked(accounts: Accounts, enforce: Enforcer) -> None:
    enforce(call(ADMIN, "athena", "ListWorkGroups"))
    enforce(call(ADMIN, "iam", "CreateRole", RoleName="x"))


def test_a_session_policy_limits_the_calls_of_the_session(accounts: Accounts, enforce: Enforcer) -> None:
    role = accounts.role("app", allow("ssm:*"))
    limited = as_role(role, document(allow("ssm:GetParameter")))
    enforce(call(limited, "ssm", "GetParameter", Name="a"))
    assert "no session policy allows" in refused(enforce, call(limited, "ssm", "PutParameter", Name="a")).message


def test_a_session_of_a_role_that_was_created_again_is_worthless(accounts: Accounts, actions: Actions) -> None:
    role = accounts.role("app", allow("ssm:*"))
    first = accounts.iam[CONSUMER]["aws"].get_role("app").id
    enforce = Enforcer(Oracle(), actions, session_role_id=lambda key: first)
    enforce(call(as_role(role), "ssm", "GetParameter", Name="a"))
    accounts.delete_role("app")
    assert refused(enforce, call(as_role(role), "ssm", "GetParameter", Name="a")).code == "UnrecognizedClientException"
    accounts.role("app", allow("ssm:*"))
    assert refused(enforce, call(as_role(role), "ssm", "GetParameter", Name="a")).code == "UnrecognizedClientException"
    assert refused(enforce, call(as_role(role), "iam", "ListRoles")).code == "InvalidClientTokenId"


# Roles that are handed to a service


CREATE = {"FunctionName": "f", "Runtime": "python3.12"}


def test_passing_a_role_needs_pass_role_for_that_service(accounts: Accounts, enforce: Enforcer) -> None:
    execution = accounts.role("execution")
    deployer = accounts.role("deployer", allow("lambda:*"))
    error = refused(enforce, call(as_role(deployer), "lambda", "CreateFunction", Role=execution, **CREATE))
    assert f"perform: iam:PassRole on resource: {execution} because" in error.message

    def with_pass(service: str) -> None:
        condition = {"StringEquals": {"iam:PassedToService": service}}
        text = document(allow("iam:PassRole", execution, Condition=condition))
        accounts.iam[CONSUMER]["aws"].get_role("deployer").put_policy("pass", text)

    with_pass("states.amazonaws.com")
    refused(enforce, call(as_role(deployer), "lambda", "CreateFunction", Role=execution, **CREATE))
    with_pass("lambda.amazonaws.com")
    enforce(call(as_role(deployer), "lambda", "CreateFunction", Role=execution, **CREATE))
    other = accounts.role("other")
    refused(enforce, call(as_role(deployer), "lambda", "CreateFunction", Role=other, **CREATE))


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("stepfunctions", "CreateStateMachine", {"name": "m", "roleArn": "ROLE"}),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": "a", "RoleArn": "ROLE"}]}),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"Arn": "a", "RoleArn": "ROLE"}}),
        ("datazone", "CreateSubscriptionTarget", {"domainIdentifier": "dzd_one", "manageAccessRole": "ROLE"}),
        ("cloudtrail", "CreateTrail", {"Name": "t", "CloudWatchLogsRoleArn": "ROLE"}),
    ],
)
def test_other_calls_that_pass_roles(
    accounts: Accounts, enforce: Enforcer, service: str, operation: str, params: dict[str, Any]
) -> None:
    passed = accounts.role("passed", account=DOMAIN, trust=trust("states.amazonaws.com", "scheduler.amazonaws.com"))
    services = ["states:*", "events:*", "scheduler:*", "datazone:*", "cloudtrail:*"]
    deployer = accounts.role("deployer", allow(services), account=DOMAIN)

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        return passed if value == "ROLE" else value

    error = refused(enforce, call(as_role(deployer), service, operation, **fill(params)))
    assert "iam:PassRole" in error.message
    accounts.iam[DOMAIN]["aws"].get_role("deployer").put_policy("pass", document(allow("iam:PassRole", passed)))
    enforce(call(as_role(deployer), service, operation, **fill(params)))


def test_a_service_takes_no_role_that_does_not_trust_it(accounts: Accounts, enforce: Enforcer) -> None:
    execution = accounts.role("execution", account=DOMAIN, trust=trust("states.amazonaws.com"))
    error = refused(enforce, call(ADMIN, "lambda", "CreateFunction", Role=execution, **CREATE))
    assert error.code == "InvalidParameterValueException"
    assert error.message == "The role defined for the function cannot be assumed by Lambda."
    enforce(call(ADMIN, "stepfunctions", "CreateStateMachine", name="m", roleArn=execution))


def test_a_role_of_another_account_cannot_be_passed(accounts: Accounts, enforce: Enforcer) -> None:
    foreign = accounts.role("execution", account=PRODUCER)
    error = refused(enforce, call(ADMIN, "lambda", "CreateFunction", Role=foreign, **CREATE))
    assert error.message == "Cross-account pass role is not allowed."


# AssumeRole


def test_assume_role_across_accounts_needs_trust_external_id_and_permission(
    accounts: Accounts, enforce: Enforcer
) -> None:
    caller = accounts.role("central", account=DOMAIN)
    target = accounts.role(
        "invoke",
        account=PRODUCER,
        path="/apps/",
        trust=trust(
            DOMAIN,
            StringEquals={"sts:ExternalId": "machine"},
            ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{DOMAIN}:role/cent*"},
        ),
    )

    def assume(role: str, external: str | None = "machine") -> ApiCall:
        more = {"ExternalId": external} if external else {}
        return call(as_role(role), "sts", "AssumeRole", RoleArn=target, RoleSessionName="s1", **more)

    user = f"arn:aws:sts::{DOMAIN}:assumed-role/central/s1"
    expected = f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {target}"
    error = refused(enforce, assume(caller))
    assert (error.code, error.status, error.message) == ("AccessDenied", 403, expected)
    accounts.iam[DOMAIN]["aws"].get_role("central").put_policy("p", document(allow("sts:AssumeRole", target)))
    enforce(assume(caller))
    refused(enforce, assume(caller, "other"))
    refused(enforce, assume(caller, None))
    outsider = accounts.role("outsider", allow("sts:*"), account=DOMAIN)
    refused(enforce, assume(outsider))
    elsewhere = accounts.role("central", allow("sts:*"), account=CONSUMER)
    refused(enforce, assume(elsewhere))


def test_in_one_account_a_trusted_role_needs_no_permission_and_a_trusted_account_does(
    accounts: Accounts, enforce: Enforcer
) -> None:
    caller = accounts.role("caller")
    named = accounts.role("named", trust=trust(caller))
    delegated = accounts.role("delegated", trust=trust(CONSUMER))
    untrusting = accounts.role("untrusting")

    def assume(target: str) -> ApiCall:
        return call(as_role(caller), "sts", "AssumeRole", RoleArn=target, RoleSessionName="s1")

    enforce(assume(named))
    refused(enforce, assume(delegated))
    accounts.iam[CONSUMER]["aws"].get_role("caller").put_policy("p", document(allow("sts:AssumeRole")))
    enforce(assume(delegated))
    # A permission alone never opens a role.
    refused(enforce, assume(untrusting))
    refused(enforce, assume(f"arn:aws:iam::{CONSUMER}:role/nobody"))
    # Nor does a role trust itself.
    refused(enforce, assume(caller))


def test_session_tags_need_tag_session(accounts: Accounts, enforce: Enforcer) -> None:
    caller = accounts.role("caller", allow("sts:AssumeRole"))
    target = accounts.role("target", trust=trust(CONSUMER))
    plain = {"RoleArn": target, "RoleSessionName": "s1"}
    enforce(call(as_role(caller), "sts", "AssumeRole", **plain))
    error = refused(enforce, call(as_role(caller), "sts", "AssumeRole", **plain, Tags=[{"Key": "a", "Value": "b"}]))
    assert "sts:TagSession" in error.message


def test_administrators_assume_admin_roles_and_those_that_trust_their_account(
    accounts: Accounts, enforce: Enforcer
) -> None:
    def assume(target: str, **more: Any) -> ApiCall:
        return call(ADMIN, "sts", "AssumeRole", RoleArn=target, RoleSessionName="s1", **more)

    enforce(assume(f"arn:aws:iam::{PRODUCER}:role/Admin"))
    refused(enforce, assume(accounts.role("app")))
    refused(enforce, assume(accounts.role("Admin", path="/x/")))
    trusting = accounts.role("trusting", trust=trust(DOMAIN, StringEquals={"sts:ExternalId": "e"}))
    refused(enforce, assume(trusting))
    enforce(assume(trusting, ExternalId="e"))
    # An account's Admin role that a trust policy names, also by its unique id as services store it.
    admin = accounts.role("Admin2", account=PRODUCER)
    unique_id = accounts.iam[PRODUCER]["aws"].get_role("Admin2").id
    named = accounts.role("named", trust=trust(unique_id))
    asking = Caller(PRODUCER, f"arn:aws:sts::{PRODUCER}:assumed-role/Admin2/x1", admin, "ASIA2", True)
    enforce(call(asking, "sts", "AssumeRole", RoleArn=named, RoleSessionName="s1"))


def test_nobody_needs_permission_to_ask_who_they_are(accounts: Accounts, enforce: Enforcer) -> None:
    enforce(call(as_role(accounts.role("app")), "sts", "GetCallerIdentity"))


# Resources of other accounts


def test_a_stream_of_another_account(accounts: Accounts, enforce: Enforcer) -> None:
    from moto.kinesis.models import kinesis_backends

    stream = f"arn:aws:kinesis:{REGION}:{PRODUCER}:stream/clicks"
    role = accounts.role("reader", allow("kinesis:*", stream))
    reading = call(as_role(role), "kinesis", "GetRecords", StreamARN=stream, ShardIterator="aXQ=")
    assert "no resource-based policy allows" in refused(enforce, reading).message
    policies = kinesis_backends[PRODUCER][REGION].resource_policies
    policies[stream] = document(allow("kinesis:GetRecords", stream, Principal={"AWS": role}))
    enforce(reading)
    refused(enforce, call(as_role(role), "kinesis", "PutRecord", StreamARN=stream))
    # By name it is a stream of the caller's own account.
    refused(enforce, call(as_role(role), "kinesis", "GetShardIterator", StreamName="clicks"))
    # Fan-out has a policy of its own on the consumer.
    consumer = f"{stream}/consumer/app:1700000000"
    accounts.iam[CONSUMER]["aws"].get_role("reader").put_policy("fan", document(allow("kinesis:*", consumer)))
    refused(enforce, call(as_role(role), "kinesis", "SubscribeToShard", ConsumerARN=consumer))
    policies[consumer] = document(allow("kinesis:SubscribeToShard", consumer, Principal={"AWS": role}))
    enforce(call(as_role(role), "kinesis", "SubscribeToShard", ConsumerARN=consumer))


@pytest.mark.parametrize("operation", ["DescribeStreamConsumer", "DeregisterStreamConsumer"])
def test_a_consumer_by_name_is_asked_for_without_the_time_of_its_registration(
    accounts: Accounts, enforce: Enforcer, operation: str
) -> None:
    stream = f"arn:aws:kinesis:{REGION}:{CONSUMER}:stream/clicks"
    by_name = {"StreamARN": stream, "ConsumerName": "app"}
    timed = accounts.role("timed", allow("kinesis:*", f"{stream}/consumer/app:*"))
    assert f"{stream}/consumer/app" in refused(enforce, call(as_role(timed), "kinesis", operation, **by_name)).message
    enforce(call(as_role(timed), "kinesis", operation, ConsumerARN=f"{stream}/consumer/app:1700000000"))
    named = accounts.role("named", allow("kinesis:*", f"{stream}/consumer/app"))
    enforce(call(as_role(named), "kinesis", operation, **by_name))


def test_a_schema_registry_has_no_policy_that_could_open_it(accounts: Accounts, enforce: Enforcer) -> None:
    registry = f"arn:aws:glue:{REGION}:{PRODUCER}:registry/msk"
    role = as_role(accounts.role("reader", allow("glue:*")))
    error = refused(enforce, call(role, "glue", "GetRegistry", RegistryId={"RegistryArn": registry}))
    assert "because no resource-based policy allows the glue:GetRegistry action" in error.message
    schema = f"arn:aws:glue:{REGION}:{PRODUCER}:schema/msk/orders"
    refused(enforce, call(role, "glue", "GetSchema", SchemaId={"SchemaArn": schema}))


def test_a_schema_needs_registry_and_schema(accounts: Accounts, enforce: Enforcer) -> None:
    registry, schema = (f"arn:aws:glue:{REGION}:{CONSUMER}:{name}" for name in ("registry/r", "schema/r/s"))
    role = accounts.role("reader", allow("glue:GetSchema", registry))
    asked = call(as_role(role), "glue", "GetSchema", SchemaId={"RegistryName": "r", "SchemaName": "s"})
    assert schema in refused(enforce, asked).message
    accounts.iam[CONSUMER]["aws"].get_role("reader").put_policy("s", document(allow("glue:GetSchema", schema)))
    enforce(asked)


def test_a_datazone_domain_is_named_by_its_owners_arn(accounts: Accounts, enforce: Enforcer) -> None:
    arn = f"arn:aws:datazone:{REGION}:{DOMAIN}:domain/dzd_one"
    own = accounts.role("collect", allow("datazone:GetListing", arn), account=DOMAIN)
    enforce(call(as_role(own), "datazone", "GetListing", domainIdentifier="dzd_one", identifier="l"))
    refused(enforce, call(as_role(own), "datazone", "GetAsset", domainIdentifier="dzd_one", identifier="a"))
    foreign = accounts.role("sync", allow("datazone:*"), account=PRODUCER)
    asked = call(as_role(foreign), "datazone", "CreateAsset", domainIdentifier="dzd_one")
    assert f"on resource: {arn} because no resource-based policy" in refused(enforce, asked).message
    share = document(allow("datazone:*", Principal={"AWS": PRODUCER}))
    enforce.oracle.resources.register("datazone", lambda _: [("share", share)])
    enforce(asked)


def test_topic_operations_need_the_data_planes_permissions_too(accounts: Accounts, enforce: Enforcer) -> None:
    cluster = accounts.cluster(account=CONSUMER)
    role = accounts.role("sync", allow("kafka:*"))
    asked = call(as_role(role), "kafka", "DescribeTopic", ClusterArn=cluster, TopicName="orders")
    assert "kafka-cluster:Connect" in refused(enforce, asked).message
    statements = [
        allow("kafka-cluster:Connect", cluster),
        allow(
            ["kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"], topic(cluster, "or*")
        ),
    ]
    accounts.iam[CONSUMER]["aws"].get_role("sync").put_policy("data", document(*statements))
    enforce(asked)
    refused(enforce, call(as_role(role), "kafka", "DescribeTopic", ClusterArn=cluster, TopicName="secret"))


# DynamoDB


def test_a_transaction_needs_each_items_own_permission(accounts: Accounts, enforce: Enforcer) -> None:
    table = f"arn:aws:dynamodb:{REGION}:{CONSUMER}:table/ledger"
    role = accounts.role("apply", allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], table))
    put = {"Put": {"TableName": "ledger", "Item": {}}}
    update = {"Update": {"TableName": "ledger", "Key": {}}}
    check = {"ConditionCheck": {"TableName": "ledger", "Key": {}}}
    elsewhere = {"Put": {"TableName": "other", "Item": {}}}
    enforce(call(as_role(role), "dynamodb", "TransactWriteItems", TransactItems=[put, update]))
    error = refused(enforce, call(as_role(role), "dynamodb", "TransactWriteItems", TransactItems=[put, check]))
    assert "dynamodb:ConditionCheckItem" in error.message
    refused(enforce, call(as_role(role), "dynamodb", "TransactWriteItems", TransactItems=[put, elsewhere]))


def test_leading_keys(accounts: Accounts, enforce: Enforcer) -> None:
    from moto.dynamodb.models import dynamodb_backends

    dynamodb_backends[CONSUMER][REGION].create_table(
        "ledger",
        schema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        throughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        attr=[{"AttributeName": "pk", "AttributeType": "S"}],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode="PROVISIONED",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=None,
        warm_throughput=None,
    )
    table = f"arn:aws:dynamodb:{REGION}:{CONSUMER}:table/ledger"
    condition = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TARGET#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    role = as_role(accounts.role("apply", allow("dynamodb:*", table, Condition=condition)))
    enforce(call(role, "dynamodb", "GetItem", TableName="ledger", Key={"pk": {"S": "TARGET#1"}}))
    refused(enforce, call(role, "dynamodb", "GetItem", TableName="ledger", Key={"pk": {"S": "GRANT#1"}}))
    query = {
        "TableName": "ledger",
        "KeyConditionExpression": "#k = :v AND sk > :s",
        "ExpressionAttributeNames": {"#k": "pk"},
    }
    enforce(call(role, "dynamodb", "Query", **query, ExpressionAttributeValues={":v": {"S": "TARGET#1"}}))
    refused(enforce, call(role, "dynamodb", "Query", **query, ExpressionAttributeValues={":v": {"S": "GRANT#1"}}))
    refused(enforce, call(role, "dynamodb", "Scan", TableName="ledger"))


# Conditions that a deployer's policy leans on


def test_conditions_on_boundary_and_policy_arn(accounts: Accounts, enforce: Enforcer) -> None:
    boundary = accounts.policy("boundary", allow("*"))
    inside = accounts.role("inside", boundary=boundary)
    outside = accounts.role("outside")
    assert inside and outside
    allowed = f"arn:aws:iam::{CONSUMER}:policy/apps/*"
    apply = as_role(
        accounts.role(
            "apply",
            allow(
                ["iam:PutRolePolicy", "iam:CreateRole"],
                f"arn:aws:iam::{CONSUMER}:role/*",
                Condition={"StringEquals": {"iam:PermissionsBoundary": boundary}},
            ),
            allow("iam:AttachRolePolicy", "*", Condition={"ArnLike": {"iam:PolicyARN": allowed}}),
        )
    )
    enforce(call(apply, "iam", "PutRolePolicy", RoleName="inside", PolicyName="p", PolicyDocument="{}"))
    refused(enforce, call(apply, "iam", "PutRolePolicy", RoleName="outside", PolicyName="p", PolicyDocument="{}"))
    enforce(call(apply, "iam", "CreateRole", RoleName="n", PermissionsBoundary=boundary))
    refused(enforce, call(apply, "iam", "CreateRole", RoleName="n"))
    enforce(call(apply, "iam", "AttachRolePolicy", RoleName="inside", PolicyArn=allowed.replace("*", "a")))
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    refused(enforce, call(apply, "iam", "AttachRolePolicy", RoleName="inside", PolicyArn=admin))


def test_conditions_on_tags_and_region(accounts: Accounts, enforce: Enforcer) -> None:
    condition = {"StringEquals": {"aws:RequestTag/owner": "me", "aws:RequestedRegion": REGION}}
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["owner"]}}
    role = as_role(
        accounts.role("app", allow(["sqs:CreateQueue", "sqs:TagQueue"], "*", Condition={**condition, **keys}))
    )
    enforce(call(role, "sqs", "CreateQueue", QueueName="q", tags={"owner": "me"}))
    refused(enforce, call(role, "sqs", "CreateQueue", QueueName="q", tags={"owner": "you"}))
    refused(enforce, call(role, "sqs", "CreateQueue", QueueName="q", tags={"owner": "me", "other": "x"}))
    refused(enforce, call(role, "sqs", "CreateQueue", QueueName="q"))


def test_an_aws_managed_policy_counts(accounts: Accounts, enforce: Enforcer) -> None:
    role = accounts.role("function")
    held: dict[str, Any] = accounts.iam[CONSUMER]["aws"].get_role("function").managed_policies
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    asked = call(as_role(role), "logs", "PutLogEvents", logGroupName="/g", logStreamName="s")
    refused(enforce, asked)
    held[arn] = None
    enforce(asked)


def test_a_machine_that_logs_needs_a_role_that_may_set_that_up(accounts: Accounts, enforce: Enforcer) -> None:
    machine = accounts.role("machine", account=DOMAIN, trust=trust("states.amazonaws.com"))
    params = {"name": "m", "roleArn": machine}
    logged = {**params, "loggingConfiguration": {"level": "ERROR"}}
    enforce(call(ADMIN, "stepfunctions", "CreateStateMachine", **params))
    error = refused(enforce, call(ADMIN, "stepfunctions", "CreateStateMachine", **logged))
    assert error.message == "The state machine IAM Role is not authorized to access the Log Destination"
    accounts.iam[DOMAIN]["aws"].get_role("machine").put_policy("logs", document(allow("logs:*")))
    enforce(call(ADMIN, "stepfunctions", "CreateStateMachine", **logged))


def test_tags_at_creation_need_the_permission_to_tag(accounts: Accounts, enforce: Enforcer) -> None:
    role = as_role(accounts.role("app", allow("iam:CreatePolicy")))
    plain = {"PolicyName": "p", "PolicyDocument": "{}"}
    enforce(call(role, "iam", "CreatePolicy", **plain))
    error = refused(enforce, call(role, "iam", "CreatePolicy", **plain, Tags=[{"Key": "a", "Value": "b"}]))
    assert f"iam:TagPolicy on resource: arn:aws:iam::{CONSUMER}:policy/p" in error.message
