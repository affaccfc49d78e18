"""Each rule on good and bad resources, called as the engine calls it; and all of them on our own stacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy
from streamgov_policies import POLICIES
from streamgov_policies import wildcards as allow_list

from streamgov_core.member.apply_settings import CONSUMER_ROLES, ApplySettings
from streamgov_core.model.naming import Names
from streamgov_core.model.settings_document import LAYER_PATH, write_document
from streamgov_core.runtime.run_store import RUN_KEY
from streamgov_pulumi.config import parse
from tests.unit.components.conftest import deployed, no_bundles, raw_config
from tests.unit.components.graph import Graph

__all__ = ["no_bundles"]
OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
OURS = "urn:pulumi:s::p::streamgov:index:CentralAuthorizer$"
FOREIGN = "urn:pulumi:s::p::"
ACCOUNT = "444455556666"
BY_NAME = {policy.name: policy for policy in POLICIES}
Props = Mapping[str, Any]


def report_to(said: list[str], prefix: str = "") -> Callable[[str, str | None], None]:
    """A policy's way to report a violation, which is noted."""

    def report(text: str, urn: str | None = None) -> None:
        said.append(prefix + text)

    return report


def judged(rule: str, type_: str, props: Props, prefix: str = OURS, config: Props | None = None) -> list[str]:
    """What one rule says of one resource."""
    policy = BY_NAME[rule]
    assert isinstance(policy, ResourceValidationPolicy)
    said: list[str] = []
    args = ResourceValidationArgs(
        type_, unknown_checking_proxy(dict(props)), f"{prefix}{type_}::x", "x", OPTIONS, None, config
    )
    assert policy.validate(args, report_to(said)) is None
    return said


def judged_stack(
    rule: str, items: Sequence[tuple[str, Props]], prefix: str = OURS, config: Props | None = None
) -> list[str]:
    """What one rule says of a stack."""
    policy = BY_NAME[rule]
    assert isinstance(policy, StackValidationPolicy)
    said: list[str] = []
    resources = [
        PolicyResource(
            type_, unknown_checking_proxy(dict(props)), f"{prefix}{type_}::r{n}", f"r{n}", OPTIONS, None, None, [], {}
        )
        for n, (type_, props) in enumerate(items)
    ]
    assert policy.validate(StackValidationArgs(resources, config), report_to(said)) is None
    return said


def policy(*statements: Props) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any, resource: Any = None, **more: Any) -> dict[str, Any]:
    made = {"Sid": "S", "Effect": "Allow", "Action": actions, **more}
    return made if resource is None else {**made, "Resource": resource}


def consumer_roles(*patterns: str) -> dict[str, Any]:
    """The layer with the function's settings: the pack knows the setting's name by itself."""
    settings = ApplySettings(Names(), "dzd-1", "111122223333", consumer_roles=patterns)
    asset = pulumi.StringAsset(write_document({CONSUMER_ROLES: settings.to_environment()[CONSUMER_ROLES]}))
    return {"layerName": "n-apply-settings", "code": pulumi.AssetArchive({LAYER_PATH: asset})}


LOGS, TABLE, QUEUE = "aws:cloudwatch/logGroup:LogGroup", "aws:dynamodb/table:Table", "aws:sqs/queue:Queue"
KEY, STREAM, CLUSTER = "aws:kms/key:Key", "aws:kinesis/stream:Stream", "aws:msk/cluster:Cluster"
ROLE, ROLE_POLICY, MANAGED = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"
TARGET, BLOCK = "aws:cloudwatch/eventTarget:EventTarget", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
MACHINE, ALARM = "aws:sfn/stateMachine:StateMachine", "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION, PERMISSION = "aws:lambda/function:Function", "aws:lambda/permission:Permission"
LAYER = "aws:lambda/layerVersion:LayerVersion"
INVOCATIONS = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
SECURE = {"serverSideEncryption": {"enabled": True, "kmsKeyArn": "arn"}}
KEPT = {"pointInTimeRecovery": {"enabled": True}, "deletionProtectionEnabled": True}
CLOSED = {key: True for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")}
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1"}}
BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::444455556666:policy/b"}}
WRITE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs/*"
EVERY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/*"
OWN_ROLES = f"arn:aws:iam::{ACCOUNT}:role/streamgov/streamgov/streamgov-eu-west-1-*"
READERS = f"arn:aws:iam::{ACCOUNT}:role/streamgov/streamgov/readers/*"
DENY = {"Effect": "Deny", "Action": ["iam:PutRolePolicy", "iam:AttachRolePolicy"], "Resource": [OWN_ROLES]}
STAR = {"AWS": "*"}

APPLICATION = "aws:kinesisanalyticsv2/application:Application"
LOGGED = {"cloudwatchLoggingOptions": {"logStreamArn": UNKNOWN_STRING_VALUE}}
STATEFUL = {"applicationConfiguration": {"applicationSnapshotConfiguration": {"snapshotsEnabled": True}}}

GOOD: list[tuple[str, str, Props]] = [
    ("logs-retained", LOGS, {"retentionInDays": 90}),
    ("logs-retained", LOGS, {"retentionInDays": UNKNOWN_STRING_VALUE}),
    ("logs-retained", TABLE, {}),
    ("applications-log", APPLICATION, {**LOGGED, **STATEFUL}),
    ("applications-log", APPLICATION, {**LOGGED, "applicationConfiguration": UNKNOWN_STRING_VALUE}),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow(["ec2:DescribeSubnets"], "*"))}),
    ("encrypted", TABLE, SECURE),
    ("encrypted", TABLE, {"serverSideEncryption": {"enabled": True, "kmsKeyArn": UNKNOWN_STRING_VALUE}}),
    ("encrypted", TABLE, {"serverSideEncryption": UNKNOWN_STRING_VALUE}),
    ("encrypted", QUEUE, {"sqsManagedSseEnabled": True}),
    ("encrypted", QUEUE, {"kmsMasterKeyId": "arn"}),
    ("encrypted", LOGS, {"kmsKeyId": "arn"}),
    ("encrypted", KEY, {"enableKeyRotation": True}),
    ("encrypted", STREAM, {"encryptionType": "KMS"}),
    ("encrypted", CLUSTER, {"encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS"}}}),
    ("ledgers-kept", TABLE, KEPT),
    ("ledgers-kept", TABLE, {"hashKey": RUN_KEY, "pointInTimeRecovery": {"enabled": True}}),
    ("buckets-closed", BLOCK, CLOSED),
    ("targets-have-dead-letters", TARGET, {"deadLetterConfig": {"arn": UNKNOWN_STRING_VALUE}}),
    ("no-wildcard-principals", ROLE, {"assumeRolePolicy": policy(allow("sts:AssumeRole", Principal={"AWS": ROOT}))}),
    (
        "no-wildcard-principals",
        ROLE,
        {"assumeRolePolicy": policy(allow("sts:AssumeRole", Principal=STAR, Condition=ORGANISATION))},
    ),
    (
        "no-wildcard-principals",
        "aws:sqs/queuePolicy:QueuePolicy",
        {"policy": policy({"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "a"})},
    ),
    ("no-wildcard-principals", KEY, {"policy": UNKNOWN_STRING_VALUE}),
    ("no-wildcard-actions", ROLE_POLICY, {"policy": policy(allow(["s3:GetObject", "glue:GetSchema*"], "a"))}),
    ("no-wildcard-actions", ROLE_POLICY, {"policy": policy({"Effect": "Deny", "Action": "*", "Resource": "*"})}),
    ("no-wildcard-actions", KEY, {"policy": policy(allow("kms:*", "*", Principal={"AWS": ROOT}))}),
    (
        "no-wildcard-actions",
        MANAGED,
        {"name": "n-eu-west-1-consumer-boundary", "policy": policy(allow("kafka:*", "*"))},
    ),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow(["xray:PutTraceSegments"], "*"))}),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow("s3:GetObject", "arn:aws:s3:::a/*"))}),
    ("wildcards-have-reasons", KEY, {"policy": policy(allow("kms:Decrypt", "*", Principal={"AWS": ROOT}))}),
    ("iam-writes-bounded", ROLE_POLICY, {"policy": policy(allow("iam:PutRolePolicy", WRITE_ROLE, Condition=BOUNDED))}),
    ("iam-writes-bounded", ROLE_POLICY, {"policy": policy(allow("iam:DeleteRolePolicy", WRITE_ROLE))}),
    (
        "iam-writes-bounded",
        ROLE_POLICY,
        {"policy": policy(allow("iam:CreateRole", READERS, Condition=BOUNDED), allow("iam:PutRolePolicy", READERS))},
    ),
    ("no-account-wide-roles", ROLE_POLICY, {"policy": policy(allow("iam:PutRolePolicy", WRITE_ROLE))}),
    ("no-account-wide-roles", ROLE_POLICY, {"policy": policy(allow("iam:GetRole", EVERY_ROLE))}),
    (
        "no-account-wide-roles",
        ROLE_POLICY,
        {"policy": policy({**allow("iam:DeleteRolePolicy", EVERY_ROLE), "Condition": BOUNDED})},
    ),
    ("no-account-wide-roles", ROLE_POLICY, {"policy": policy({**allow("iam:PutRolePolicy", "*"), "Effect": "Deny"})}),
    ("no-account-wide-roles", LAYER, consumer_roles(WRITE_ROLE, f"arn:aws:iam::{ACCOUNT}:role/a*")),
    ("no-account-wide-roles", LAYER, {"layerName": "other", "code": pulumi.FileArchive("other.zip")}),
    ("no-account-wide-roles", LAYER, {"code": pulumi.AssetArchive({"python/a.py": pulumi.StringAsset("a = 1")})}),
    ("no-account-wide-roles", FUNCTION, {"environment": {"variables": UNKNOWN_STRING_VALUE}}),
    ("no-account-wide-roles", FUNCTION, {"environment": UNKNOWN_STRING_VALUE}),
    ("own-roles-denied", ROLE_POLICY, {"policy": policy(allow("iam:PutRolePolicy", WRITE_ROLE), DENY)}),
    ("own-roles-denied", ROLE_POLICY, {"policy": policy(allow("iam:GetRole", WRITE_ROLE))}),
]
BAD: list[tuple[str, str, Props, str]] = [
    (
        "no-account-wide-roles",
        ROLE_POLICY,
        {"policy": policy(allow(["iam:DeleteRolePolicy", "iam:GetRole"], [WRITE_ROLE, EVERY_ROLE]))},
        f"allows iam:DeleteRolePolicy on every role of an account ({EVERY_ROLE})",
    ),
    ("no-account-wide-roles", ROLE_POLICY, {"policy": policy(allow("iam:AttachRolePolicy", "*"))}, "every role of"),
    ("no-account-wide-roles", ROLE_POLICY, {"policy": policy(allow("iam:DeleteRolePolicy", EVERY_ROLE))}, "every role"),
    (
        "no-account-wide-roles",
        ROLE_POLICY,
        {"policy": policy({**allow("iam:PutRolePolicy", EVERY_ROLE), "Condition": BOUNDED})},
        "every role of",
    ),
    (
        "no-account-wide-roles",
        LAYER,
        consumer_roles(WRITE_ROLE, EVERY_ROLE),
        "n-apply-settings may grant access to eve",
    ),
    ("no-account-wide-roles", LAYER, consumer_roles(f"arn:aws:iam::{ACCOUNT}:role*"), "every role of an account"),
    ("applications-log", APPLICATION, {**STATEFUL}, "writes no log"),
    ("applications-log", APPLICATION, {**LOGGED, "applicationConfiguration": {}}, "loses its state"),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow(["ec2:CreateNetworkInterface"], "*"))}, "ec2:"),
    ("logs-retained", LOGS, {}, "no retention"),
    ("logs-retained", LOGS, {"retentionInDays": 0}, "no retention"),
    ("encrypted", TABLE, {}, "no encryption"),
    ("encrypted", TABLE, {"serverSideEncryption": {"enabled": True}}, "AWS's own key"),
    ("encrypted", QUEUE, {}, "not encrypted"),
    ("encrypted", QUEUE, {"sqsManagedSseEnabled": False}, "not encrypted"),
    ("encrypted", LOGS, {"retentionInDays": 7}, "no key"),
    ("encrypted", KEY, {"enableKeyRotation": False}, "never rotated"),
    ("encrypted", STREAM, {"encryptionType": "NONE"}, "not encrypted"),
    ("encrypted", STREAM, {}, "not encrypted"),
    (
        "encrypted",
        CLUSTER,
        {"encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS_PLAINTEXT"}}},
        "without TLS",
    ),
    ("encrypted", CLUSTER, {"clientAuthentication": {"unauthenticated": True}}, "without authentication"),
    ("ledgers-kept", TABLE, {"deletionProtectionEnabled": True}, "point in time"),
    ("ledgers-kept", TABLE, {"hashKey": "grantId", "pointInTimeRecovery": {"enabled": True}}, "by mistake"),
    ("buckets-closed", BLOCK, {**CLOSED, "blockPublicPolicy": False}, "blockPublicPolicy is off"),
    ("targets-have-dead-letters", TARGET, {"arn": "a"}, "is lost"),
    ("no-wildcard-principals", ROLE, {"assumeRolePolicy": policy(allow("sts:AssumeRole", Principal="*"))}, "any"),
    ("no-wildcard-principals", ROLE, {"assumeRolePolicy": policy(allow("sts:AssumeRole", Principal=STAR))}, "any"),
    (
        "no-wildcard-principals",
        KEY,
        {"policy": policy(allow("kms:Decrypt", "*", Principal={"AWS": [ROOT, "*"]}))},
        "any principal",
    ),
    (
        "no-wildcard-principals",
        ROLE,
        {
            "assumeRolePolicy": policy(
                allow("a:b", Principal=STAR, Condition={"StringLike": {"aws:PrincipalOrgID": "*"}})
            )
        },
        "any principal",
    ),
    (
        "no-wildcard-principals",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": policy(allow("s3:GetObject", "a", NotPrincipal={"AWS": ROOT}))},
        "NotPrincipal",
    ),
    ("no-wildcard-actions", ROLE_POLICY, {"policy": policy(allow("*", "a"))}, "every action"),
    ("no-wildcard-actions", ROLE_POLICY, {"policy": policy(allow(["s3:GetObject", "iam:*"], "a"))}, "whole service"),
    ("no-wildcard-actions", ROLE_POLICY, {"policy": policy({"Effect": "Allow", "NotAction": "a:b"})}, "NotAction"),
    ("no-wildcard-actions", ROLE, {"inlinePolicies": [{"policy": policy(allow("*", "*"))}]}, "every action"),
    (
        "no-wildcard-actions",
        KEY,
        {"policy": policy(allow("kms:*", "*", Principal={"AWS": [ROOT, "arn:aws:iam::1:role/x"]}))},
        "whole service",
    ),
    ("no-wildcard-actions", MANAGED, {"name": "x-consumer-boundary", "policy": policy(allow("*", "*"))}, "every"),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow("s3:GetObject", ["*"]))}, "s3:GetObject"),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow("datazone:Get*", "*"))}, "datazone:Get*"),
    ("wildcards-have-reasons", ROLE_POLICY, {"policy": policy(allow("s3:Get", NotResource="a"))}, "s3:Get"),
    (
        "iam-writes-bounded",
        ROLE_POLICY,
        {"policy": policy(allow("iam:PutRolePolicy", WRITE_ROLE))},
        "without a boundary",
    ),
    ("iam-writes-bounded", ROLE_POLICY, {"policy": policy(allow("IAM:attachrolepolicy", "*"))}, "without a boundary"),
    (
        "iam-writes-bounded",
        ROLE_POLICY,
        {"policy": policy(allow("iam:DeleteRolePermissionsBoundary", WRITE_ROLE, Condition=BOUNDED))},
        "away",
    ),
    (
        "iam-writes-bounded",
        ROLE_POLICY,
        {"policy": policy(allow("iam:CreateRole", READERS, Condition=BOUNDED), allow("iam:PutRolePolicy", WRITE_ROLE))},
        "without a boundary",
    ),
    ("own-roles-denied", ROLE_POLICY, {"policy": policy(allow("iam:PutRolePolicy", WRITE_ROLE))}, "iam:putrolepolicy"),
    (
        "own-roles-denied",
        ROLE_POLICY,
        {"policy": policy(allow("iam:PutRolePolicy", WRITE_ROLE), {**DENY, "Condition": BOUNDED})},
        "does not deny",
    ),
    (
        "own-roles-denied",
        ROLE_POLICY,
        {"policy": policy(allow(["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"], WRITE_ROLE), DENY)},
        "iam:updateassumerolepolicy",
    ),
]


@pytest.mark.parametrize(("rule", "type_", "props"), GOOD)
def test_good(rule: str, type_: str, props: Props) -> None:
    assert judged(rule, type_, props) == []


@pytest.mark.parametrize(("rule", "type_", "props", "words"), BAD)
def test_bad(rule: str, type_: str, props: Props, words: str) -> None:
    said = judged(rule, type_, props)
    assert any(words in sentence for sentence in said), said


@pytest.mark.parametrize(("rule", "type_", "props", "words"), BAD)
def test_others_are_judged_only_if_asked(rule: str, type_: str, props: Props, words: str) -> None:
    assert judged(rule, type_, props, FOREIGN) == []
    assert judged(rule, type_, props, FOREIGN, {"everything": True})


def test_a_reason_can_be_configured() -> None:
    props = {"policy": policy(allow("athena:StartQueryExecution", "*"))}
    assert judged("wildcards-have-reasons", ROLE_POLICY, props)
    assert not judged(
        "wildcards-have-reasons", ROLE_POLICY, props, config={"reasons": {"athena:StartQueryExecution": "no type"}}
    )


@pytest.mark.parametrize(
    ("type_", "props"),
    [
        (ROLE, {"path": "/streamgov/x/", "name": "a"}),
        (MANAGED, {"path": "/streamgov/x/", "name": "a"}),
        (ROLE, {"path": "/aws-service-role/x/", "name": "a"}),
        (ROLE_POLICY, {"name": "streamgov-eu-west-1-access-1"}),
        (LOGS, {"name": "/streamgov/mine"}),
        ("aws:kms/alias:Alias", {"name": "alias/streamgov-key"}),
    ],
)
def test_reserved_names(type_: str, props: Props) -> None:
    assert judged("reserved-names", type_, props, FOREIGN)
    assert not judged("reserved-names", type_, props), "our own components may use them"


@pytest.mark.parametrize(
    ("type_", "props"),
    [(ROLE, {"path": "/jobs/", "name": "a"}), (ROLE_POLICY, {"name": "s3-access"}), (LOGS, {"name": "/aws/lambda/x"})],
)
def test_other_names(type_: str, props: Props) -> None:
    assert not judged("reserved-names", type_, props, FOREIGN)


# --- stacks -----------------------------------------------------------------------------------------------------------
def alarm(metric: str, **dimensions: str) -> tuple[str, Props]:
    return ALARM, {"metricName": metric, "dimensions": dimensions}


MACHINE_ARN = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:central"
ALARMED = [
    (MACHINE, {"name": "central"}),
    alarm("ExecutionsFailed", StateMachineArn=MACHINE_ARN),
    alarm("ExecutionsTimedOut", StateMachineArn=MACHINE_ARN),
    (QUEUE, {"name": "dead"}),
    alarm("ApproximateNumberOfMessagesVisible", QueueName="dead"),
    (FUNCTION, {"name": "sync"}),
    (APPLICATION, {"name": "job"}),
    (ALARM, {"metricName": "downtime", "dimensions": {"Application": "job"}}),
    alarm("Errors", FunctionName="sync"),
]


def test_alarms() -> None:
    assert judged_stack("alarms", ALARMED) == []
    for index, (type_, _) in enumerate(ALARMED):
        if type_ == ALARM:
            assert len(judged_stack("alarms", ALARMED[:index] + ALARMED[index + 1 :])) == 1, ALARMED[index]
    other = [(type_, {**props, "name": "other"}) if type_ == MACHINE else (type_, props) for type_, props in ALARMED]
    assert len(judged_stack("alarms", other)) == 2


def test_functions_that_events_start() -> None:
    called = [(FUNCTION, {"name": "f"}), (PERMISSION, {"function": "f", "principal": "events.amazonaws.com"})]
    kept = (INVOCATIONS, {"functionName": "f", "destinationConfig": {"onFailure": {"destination": "arn"}}})
    rule = "async-functions-have-dead-letters"
    assert len(judged_stack(rule, called)) == 1
    assert judged_stack(rule, [*called, kept]) == []
    assert len(judged_stack(rule, [*called, (INVOCATIONS, {"functionName": "f"})])) == 1
    assert judged_stack(rule, [(FUNCTION, {"name": "f"})]) == []
    assert judged_stack(rule, [(FUNCTION, {"name": "f", "deadLetterConfig": {"targetArn": "a"}}), called[1]]) == []


def test_boundaries() -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/corp/edge"
    bare = (ROLE, {"name": "a", "path": "/streamgov/x/"})
    held = (ROLE, {"name": "b", "path": "/streamgov/x/", "permissionsBoundary": boundary})
    later = (ROLE, {"name": "c", "path": "/", "permissionsBoundary": UNKNOWN_STRING_VALUE})
    rule = "permissions-boundary"
    assert judged_stack(rule, [bare]) == []
    assert len(judged_stack(rule, [bare, held, later])) == 1
    assert judged_stack(rule, [held, later], config={"boundary": "corp/edge"}) == []
    assert "instead of" in judged_stack(rule, [held], config={"boundary": "corp/other"})[0]
    assert len(judged_stack(rule, [bare], config={"boundary": "corp/edge"})) == 1


def test_public_access_blocks() -> None:
    bucket = ("aws:s3/bucket:Bucket", {"bucket": "logs"})
    assert len(judged_stack("buckets-have-blocks", [bucket])) == 1
    assert judged_stack("buckets-have-blocks", [bucket, (BLOCK, {"bucket": "logs"})]) == []


def test_an_account_whose_roles_may_all_be_consumers_is_said_explicitly() -> None:
    said = {"accounts": [ACCOUNT]}
    wide = {"policy": policy(allow("iam:PutRolePolicy", EVERY_ROLE))}
    rule = "no-account-wide-roles"
    assert len(judged(rule, ROLE_POLICY, wide)) == 1
    assert judged(rule, ROLE_POLICY, wide, config=said) == []
    assert judged(rule, LAYER, consumer_roles(EVERY_ROLE), config=said) == []
    assert len(judged(rule, ROLE_POLICY, wide, config={"accounts": ["777788889999"]})) == 1
    # Every account at once is never meant.
    assert len(judged(rule, ROLE_POLICY, {"policy": policy(allow("iam:PutRolePolicy", "*"))}, config=said)) == 1


# --- our own stacks ---------------------------------------------------------------------------------------------------
def everything_said(graph: Graph, **configs: Props) -> dict[str, list[str]]:
    """Every rule on every resource of a program, as an organisation would run it."""
    urns = {item.name: item for item in graph.resources if item.type.startswith("streamgov:")}

    def urn(item: Any) -> str:
        chain, at = [item.type], item
        while at.parent and at.parent in urns and urns[at.parent] is not at:
            at = urns[at.parent]
            chain.append(at.type)
        return f"urn:pulumi:s::p::{'$'.join(reversed(chain))}::{item.name}"

    said: dict[str, list[str]] = {}
    for name, rule in BY_NAME.items():
        found: list[str] = []
        if isinstance(rule, ResourceValidationPolicy):
            for item in graph.resources:
                args = ResourceValidationArgs(
                    item.type, item.inputs, urn(item), item.name, OPTIONS, None, configs.get(name)
                )
                rule.validate(args, report_to(found, f"{item.name}: "))
        else:
            assert isinstance(rule, StackValidationPolicy)
            resources = [
                PolicyResource(item.type, item.inputs, urn(item), item.name, OPTIONS, None, None, [], {})
                for item in graph.resources
            ]
            rule.validate(StackValidationArgs(resources, configs.get(name)), report_to(found))
        said[name] = found
    return {name: found for name, found in said.items() if found}


@pytest.mark.parametrize("case", ["all.example", "domain.example", "member.example", "dev"])
def test_our_own_stacks_pass(case: str, no_bundles: None) -> None:
    said = everything_said(deployed(parse(raw_config(case))))
    if case == "dev":
        # The sandbox says so in its configuration: nothing in it is worth keeping.
        assert all("by mistake" in text for text in said.pop("ledgers-kept"))
    assert said == {}


def test_our_own_stack_with_account_wide_consumer_roles_is_stopped(no_bundles: None) -> None:
    raw = raw_config("member.example")
    account = raw["member"]["account"]
    raw["member"]["consumerRoles"] = [f"arn:aws:iam::{account}:role/*"]
    raw["member"]["allowAnyRole"] = True
    (rule,) = everything_said(deployed(parse(raw))).items()
    assert rule[0] == "no-account-wide-roles"
    assert any("apply-policy: " in text for text in rule[1]) and any(
        "apply-settings: the function" in text for text in rule[1]
    )


def test_our_own_stack_passes_with_a_boundary(no_bundles: None) -> None:
    raw = {**raw_config("all.example"), "permissionsBoundaryName": "corp/edge"}
    graph = deployed(parse(raw))
    assert everything_said(graph, **{"permissions-boundary": {"boundary": "corp/edge"}}) == {}
    assert "permissions-boundary" in everything_said(graph, **{"permissions-boundary": {"boundary": "corp/other"}})


def test_the_allow_list_has_no_dead_entry_without_reason() -> None:
    assert all(reason and ":" in action and "*" not in action for action, reason in allow_list.REASONS.items())
