"""Every mistake in a stack's configuration is one clear sentence, found before anything is deployed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.config import parse
from tests.unit.components.conftest import raw_config

ACCOUNT = "777788889999"


def everything() -> dict[str, Any]:
    return {
        "mode": "all",
        "region": "eu-west-1",
        "domain": {"account": "444455556666", "domainId": "dzd-4p9n6sw4qt9xgn", "typesProjectId": "project0"},
        "members": [
            {
                "account": ACCOUNT,
                "assumeRoleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy",
                "dataSources": {
                    "orders": {
                        "platform": "msk",
                        "registryName": "orders",
                        "resource": "c",
                        "projectId": "project1",
                        "topics": ["*"],
                    }
                },
                "targets": {
                    "lake": {
                        "platform": "msk",
                        "environmentId": "environment1",
                        "principals": [f"arn:aws:iam::{ACCOUNT}:role/jobs/reader"],
                    }
                },
            }
        ],
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The configuration with one value put in, or removed if it is None; numbers in the path index lists."""
    made = copy.deepcopy(everything())
    here: Any = made
    *steps, last = path.split("/")
    for step in steps:
        here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
    if value is None:
        del here[last]
    else:
        here[last] = value
    return made


def test_a_right_configuration_becomes_the_facades_arguments() -> None:
    config = parse({**everything(), "namespace": "team-a", "logRetentionDays": "30", "tags": {"a": "b"}})
    assert config.mode == "all"
    assert config.namespace == "team-a"
    assert config.governance == {
        "region": "eu-west-1",
        "namespace": "team-a",
        "log_retention_days": 30,
        "tags": {"a": "b"},
        "domain": {
            "access": {"account": "444455556666"},
            "domain_id": "dzd-4p9n6sw4qt9xgn",
            "types_project_id": "project0",
        },
        "members": [
            {
                "access": {"account": ACCOUNT, "assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/deploy"},
                "data_sources": {
                    "orders": {
                        "platform": "msk",
                        "registry_name": "orders",
                        "resource": "c",
                        "project_id": "project1",
                        "topics": ["*"],
                    }
                },
                "targets": {
                    "lake": {
                        "platform": "msk",
                        "environment_id": "environment1",
                        "principals": [f"arn:aws:iam::{ACCOUNT}:role/jobs/reader"],
                    }
                },
            }
        ],
    }


def test_the_workflows_settings_reach_the_facade() -> None:
    wanted = {
        "allowBreaking": True,
        "managedVpc": False,
        "crossAccountServerless": True,
        "principalAccounts": {ACCOUNT: ["888899990000"]},
        "reconcileSchedule": "rate(15 minutes)",
        "reconcileRepairs": False,
        "grants": {"longest": "90d", "default": "30d"},
        "requestForm": {"use": "required", "domainUnitId": "unit1", "dataProducts": True},
    }
    raw = {**changed("domain", {**everything()["domain"], **wanted}), "onDestroy": "cascade"}
    governance = parse(raw).governance
    assert governance is not None
    assert governance["on_destroy"] == "cascade"
    told = {key: value for key, value in governance["domain"].items() if key not in ("access", "domain_id")}
    assert told == {
        "types_project_id": "project0",
        "allow_breaking": True,
        "managed_vpc": False,
        "cross_account_serverless": True,
        "principal_accounts": {ACCOUNT: ["888899990000"]},
        "reconcile_schedule": "rate(15 minutes)",
        "reconcile_repairs": False,
        "grants": {"longest": "90d", "default": "30d"},
        "request_form": {"use": "required", "domain_unit_id": "unit1", "data_products": True},
    }
    raw["domain"]["reconcileSchedule"] = "never"
    never = parse(raw).governance
    assert never is not None
    assert never["domain"]["reconcile_schedule"] == ""


MEMBER = "members/0"
SOURCE = f"{MEMBER}/dataSources/orders"
TARGET = f"{MEMBER}/targets/lake"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("region", "us-esat-1", "region: is no region of AWS: 'us-esat-1'; did you mean 'us-west-1' or 'us-east-1'?"),
        ("region", "zz-nowhere-1", "a region that is newer needs a newer botocore than"),
        ("partition", "aws-cn", "partition: must be aws, the partition of region 'eu-west-1', got 'aws-cn'"),
        ("deletionProtection", "True", "deletionProtection: must be true or false, got 'True'"),
        ("domain/share", "true", "domain.share: must be true or false without quotes, got 'true'"),
        ("domain/account", 0o12345670123, "without quotes YAML read 012345670123 as an octal number, got 1402433619"),
        ("domain/account", 12345678901, "without quotes YAML drops leading zeros, got 12345678901"),
        ("domain/account", 1.2345678901e10, "without quotes YAML drops leading zeros, got 12345678901"),
        (
            "alarmTopics",
            ["arn:aws:sns:us-east-1:444455556666:alarms"],
            "alarmTopics[0]: must be of eu-west-1, as 'region' says: a deployment has one region",
        ),
        (
            "alarmTopics",
            ["arn:aws-cn:sns:cn-north-1:444455556666:alarms"],
            "alarmTopics[0]: must be of partition aws, the partition of 'region' (eu-west-1)",
        ),
        ("mode", "everything", "mode: must be one of all, domain, member, sandbox, got 'everything'"),
        (
            "mode",
            None,
            "mode: is required, one of all, domain, member, sandbox: begin with a copy of a file of examples/",
        ),
        ("tags", "", "tags: has no value: write one, or leave the key out"),
        ("alarmTopics", "", "alarmTopics: has no value: write one, or leave the key out"),
        ("colour", "red", "colour: is unknown; known keys are"),
        ("memberz", [], "memberz: is unknown; did you mean 'members'?"),
        ("region", "eu-west", "region: must be an AWS region such as 'eu-west-1', got 'eu-west'"),
        ("region", None, "region: is required"),
        ("namespace", "Team", "namespace: must be 2 to 16 characters"),
        ("namespace", "x" * 17, "namespace: must be 2 to 16 characters"),
        ("partition", "aws-eu", "partition: must be one of aws, aws-cn, aws-eusc, aws-us-gov"),
        ("platforms", ["pulsar"], "platforms[0]: must be one of"),
        ("logRetentionDays", 8, "logRetentionDays: must be one of 1, 3, 5, 7"),
        ("logRetentionDays", "soon", "logRetentionDays: must be one of 1, 3, 5, 7"),
        ("tags", ["a"], "tags: must be a map, got ['a']"),
        ("tags", {"cost": 7}, "tags.cost: must be text; put it in quotes, got 7"),
        ("deletionProtection", "no", "deletionProtection: must be true or false, got 'no'"),
        ("onDestroy", "delete", "onDestroy: must be one of refuse, cascade, got 'delete'"),
        ("domain/allowBreaking", "yes", "domain.allowBreaking: must be true or false, got 'yes'"),
        ("domain/managedVpc", "no", "domain.managedVpc: must be true or false, got 'no'"),
        ("domain/reconcileSchedule", "hourly", "such as 'rate(1 hour)', or 'never', got 'hourly'"),
        ("domain/reconcileRepair", True, "domain.reconcileRepair: is unknown; did you mean 'reconcileRepairs'?"),
        ("domain/grants", {"longest": "90"}, "domain.grants.longest: must be a number of days such as '90d', got '90'"),
        (
            "domain/grants",
            {"longest": "9d", "default": "30d"},
            "must not be longer than domain.grants.longest, which is",
        ),
        ("domain/reconcileRepairs", "no", "domain.reconcileRepairs: must be true or false, got 'no'"),
        ("domain/principalAccounts", {"1": [ACCOUNT]}, "domain.principalAccounts.1: must be the 12 digits"),
        ("domain/principalAccounts", {ACCOUNT: ["1"]}, f"domain.principalAccounts.{ACCOUNT}[0]: must be the 12 digits"),
        (
            "domain/principalAccounts",
            [ACCOUNT],
            "domain.principalAccounts: must be a map from an account to a list of accounts, got [",
        ),
        ("domain/requestForm", "required", "domain.requestForm: must be a map, got 'required'"),
        ("domain/requestForm", {"use": "always"}, "domain.requestForm.use: must be one of optional, required"),
        ("domain/requestForm", {"uses": "optional"}, "domain.requestForm.uses: is unknown; did you mean 'use'?"),
        (
            "domain/requestForm",
            {"use": "required", "domainUnitId": "Upper"},
            "domain.requestForm.domainUnitId: must be a domain unit's id",
        ),
        ("domain/requestForm", {"use": "required", "dataProducts": 1}, "dataProducts: must be true or false, got 1"),
        ("domain/requestForm", {"dataProducts": True}, "there is one with use: required only"),
        ("alarmTopics", ["topic"], "alarmTopics[0]: must be the ARN of an SNS topic, got 'topic'"),
        ("permissionsBoundaryName", "a b", "permissionsBoundaryName: must be a policy's path and name"),
        ("providerFlags", {"skip": True}, "providerFlags.skip: is unknown"),
        ("domain", "dzd-1", "domain: must be a map"),
        ("domain", None, "domain: is required"),
        ("domain/domainId", "dz-1", "domain.domainId: must be the id of a DataZone domain such as"),
        ("domain/account", "44445555666", "domain.account: must be the 12 digits of an AWS account id, in quotes"),
        ("domain/account", 444455556666, "put it in quotes, got 444455556666"),
        ("domain/typesProjectId", None, "domain.typesProjectId: is required"),
        (
            "domain/region",
            "eu-west-2",
            "domain.region: must be eu-west-1, as 'region' says: a deployment has one region",
        ),
        ("domain/organizationId", "org", "domain.organizationId: must be an organisation's id"),
        ("domain/memberProjects", {"p": "a b"}, "domain.memberProjects.p: must be a project's id, got 'a b'"),
        (
            "domain/contributors",
            {"o": {"projectId": "p", "roleArn": "role"}},
            "domain.contributors.o.roleArn: must be the ARN of an IAM role, got 'role'",
        ),
        ("members", [], "members: must be a list of at least one account"),
        ("platforms", [], "platforms: must be a list of at least one platform, got an empty list"),
        (f"{MEMBER}/region", "us-east-1", "members[0].region: must be eu-west-1"),
        (f"{MEMBER}/account", "7777888899999", "members[0].account: must be the 12 digits"),
        (
            f"{MEMBER}/assumeRoleArn",
            "arn:aws:iam::777788889999:user/me",
            "members[0].assumeRoleArn: must be the ARN of",
        ),
        (
            f"{MEMBER}/assumeRoleArn",
            "arn:aws:iam::111111111111:role/x",
            "members[0].assumeRoleArn: must be of account 777788889999",
        ),
        (f"{MEMBER}/consumerRoles", ["*"], "members[0].consumerRoles[0]: must be the ARN, or a pattern"),
        (f"{MEMBER}/consumerRoles", ["arn:aws:iam::111111111111:role/x"], "must be of account 777788889999"),
        (
            f"{MEMBER}/consumerRoles",
            [f"arn:aws:iam::{ACCOUNT}:role/*"],
            "consumerRoles[0]: covers every role of the account",
        ),
        (f"{MEMBER}/consumerRoles", [f"arn:aws:iam::{ACCOUNT}:role/**/*"], "or say allowAnyRole: true beside it"),
        (
            f"{MEMBER}/consumerRoles",
            [f"arn:aws:iam::{ACCOUNT}:role/streaming/*"],
            "members[0].targets.lake.principals[0]: may be given no access: none of the consumerRoles of account",
        ),
        (
            f"{TARGET}/principals",
            ["arn:aws:iam::111122223333:role/x"],
            f"is of account 111122223333, not {ACCOUNT}: name it in domain.principalAccounts",
        ),
        (
            f"{MEMBER}/manualAssets",
            {"p": [f"arn:aws:kafka:eu-west-1:{ACCOUNT}:topic/orders/*/*"]},
            "members[0].manualAssets.p[0]: names the cluster by a pattern: only the topic's name may hold '*'",
        ),
        (
            f"{MEMBER}/manualAssets",
            {"p": [f"arn:aws:kafka:eu-west-1:{ACCOUNT}:topic/orders/u-1"]},
            "members[0].manualAssets.p[0]: names no topic: write",
        ),
        (
            f"{MEMBER}/manualAssets",
            {"p": [f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/orders"]},
            "members[0].manualAssets.p[0]: must be of eu-west-1, as 'region' says",
        ),
        (
            f"{MEMBER}/manualAssets",
            {"p": ["arn:aws:kinesis:eu-west-1:111122223333:stream/orders"]},
            f"members[0].manualAssets.p[0]: must be of account {ACCOUNT}",
        ),
        (f"{SOURCE}/resource", "arn:aws:kafka:us-east-1:777788889999:cluster/c/u", "resource: must be of eu-west-1"),
        (f"{MEMBER}/trail", "maybe", "members[0].trail: must be one of create, find, none"),
        (f"{MEMBER}/acceptShareArn", "share", "members[0].acceptShareArn: must be a RAM share's ARN"),
        (
            f"{MEMBER}/acceptShareArn",
            "arn:aws:ram:us-east-1:444455556666:resource-share/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "members[0].acceptShareArn: must be of eu-west-1, as 'region' says",
        ),
        (f"{MEMBER}/boundaryExtraActions", ["everything"], "members[0].boundaryExtraActions[0]: must be an IAM action"),
        (f"{MEMBER}/manualAssets", {"p": ["arn:aws:kafka:*"]}, "members[0].manualAssets.p[0]: must be the ARN pattern"),
        (f"{MEMBER}/manualAssets", {"p": "all"}, "members[0].manualAssets.p: must be a list"),
        (f"{SOURCE}/platform", "kafka", "members[0].dataSources.orders.platform: must be one of"),
        (f"{SOURCE}/registryName", None, "members[0].dataSources.orders.registryName: is required"),
        (f"{SOURCE}/registryName", "a b", "must be a Glue schema registry's name, got 'a b'"),
        (f"{SOURCE}/schedule", "hourly", "must be an EventBridge schedule such as 'rate(1 hour)', got 'hourly'"),
        (f"{SOURCE}/schedule", "rate(1 hours)", "did you mean 'rate(1 hour)'?, got 'rate(1 hours)'"),
        (f"{SOURCE}/publish", "yes", "members[0].dataSources.orders.publish: must be true or false"),
        (f"{SOURCE}/withoutSchema", "yes", "members[0].dataSources.orders.withoutSchema: must be true or false"),
        (f"{SOURCE}/topicMapping", "topic", "members[0].dataSources.orders.topicMapping: is wrong: topic mapping"),
        (f"{MEMBER}/dataSources/Big Orders", {}, "dataSources.Big Orders: the word must be a-z"),
        (f"{TARGET}/principals", [], "members[0].targets.lake.principals: must hold 1 to 20 roles"),
        (f"{TARGET}/principals", None, "members[0].targets.lake.principals: is required unless projectId names the"),
        (
            f"{TARGET}/principals",
            [f"arn:aws:iam::{ACCOUNT}:role/r{n}" for n in range(21)],
            "must hold 1 to 20 roles (DataZone's limit), got 21",
        ),
        (f"{TARGET}/principals", [f"arn:aws:iam::{ACCOUNT}:root"], "principals[0]: must be the ARN of an IAM role (no"),
        (f"{TARGET}/principals", [f"arn:aws:iam::{ACCOUNT}:role/a+b"], "without '+', '=', ',' or '@' in its name"),
        (f"{TARGET}/grantCreationMode", "LATER", "grantCreationMode: must be one of AUTOMATIC, MANUAL"),
        (f"{TARGET}/delivery", "by hand", "delivery: must be one of auto, direct, accessRole"),
        (f"{TARGET}/projectId", "project1", "lake.projectId: excludes environmentId: name either an environment or a"),
        (
            f"{MEMBER}/targets/second",
            {"platform": "kinesis", "principals": [f"arn:aws:iam::{ACCOUNT}:role/b"]},
            "targets.second.environmentId: is required unless projectId names the consumer's project",
        ),
        (
            f"{MEMBER}/targets/second",
            {"platform": "kinesis", "environmentId": "environment2"},
            "targets.second.principals: is required unless projectId names",
        ),
        (
            f"{MEMBER}/targets/second",
            {"platform": "msk", "environmentId": "environment1", "principals": [f"arn:aws:iam::{ACCOUNT}:role/b"]},
            "members[0].targets.second: is a second target for msk in environment environment1 (the first is 'lake')",
        ),
    ],
)
def test_each_mistake_is_one_clear_sentence(path: str, value: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(changed(path, value))
    assert expected in str(error.value)
    if path not in ("mode", "region", "domain", "members"):
        unlike = [line for line in str(error.value).splitlines()[1:] if expected not in line]
        assert unlike == [] or path.endswith(("Big Orders", "/account")), str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    wrong = changed("region", "nowhere")
    wrong["domain"]["domainId"] = "x"
    wrong["members"][0]["trail"] = "x"
    with pytest.raises(ConfigError, match=r"has 3 mistakes:"):
        parse(wrong)


def test_a_key_without_a_value_is_a_mistake() -> None:
    raw = everything()
    raw["members"][0]["consumerRoles"] = None
    with pytest.raises(ConfigError, match=r"members\[0\].consumerRoles: has no value: write one, or leave the key out"):
        parse(raw)


def test_every_role_of_an_account_if_it_is_said() -> None:
    raw = everything()
    raw["members"][0] |= {"consumerRoles": [f"arn:aws:iam::{ACCOUNT}:role/*"], "allowAnyRole": True}
    governance = parse(raw).governance
    assert governance is not None
    assert governance["members"][0]["consumer_roles"] == [f"arn:aws:iam::{ACCOUNT}:role/*"]


def test_principals_of_further_accounts() -> None:
    raw = changed("domain/principalAccounts", {ACCOUNT: ["111122223333"]})
    raw["members"][0]["targets"]["lake"]["principals"] = ["arn:aws:iam::111122223333:role/x"]
    parse(raw)
    raw["members"].append({"account": "111122223333", "consumerRoles": ["arn:aws:iam::111122223333:role/jobs/*"]})
    with pytest.raises(ConfigError, match="none of the consumerRoles of account 111122223333 covers it"):
        parse(raw)
    own = {"mode": "member", "region": "eu-west-1", "member": raw["members"][0]}
    # What the domain's stack says of further accounts a member's own stack does not know.
    parse({**own, "domain": {"account": "444455556666", "domainId": "dzd-1a"}})


def test_the_sovereign_cloud_and_other_partitions() -> None:
    raw = {
        "mode": "member",
        "region": "eusc-de-east-1",
        "domain": {"account": "444455556666", "domainId": "dzd-1a"},
        "member": {
            "account": ACCOUNT,
            "assumeRoleArn": f"arn:aws-eusc:iam::{ACCOUNT}:role/deployer",
            "manualAssets": {"p1": [f"arn:aws-eusc:kafka:eusc-de-east-1:{ACCOUNT}:topic/c/u-1/*"]},
        },
        "alarmTopics": ["arn:aws-eusc:sns:eusc-de-east-1:444455556666:alarms"],
    }
    config = parse(raw)
    assert config.governance is not None
    assert config.governance["partition"] == "aws-eusc"
    assert "partition" not in parse(everything()).common


def test_an_empty_list_of_consumer_roles_covers_no_principal() -> None:
    with pytest.raises(
        ConfigError, match=f"none of the consumerRoles of account {ACCOUNT} covers it .the list is empty"
    ):
        parse(changed(f"{MEMBER}/consumerRoles", []))


def test_the_accounts_of_a_domain_stack_are_at_least_one() -> None:
    raw = {"mode": "domain", "region": "eu-west-1", "domain": everything()["domain"], "memberAccounts": []}
    with pytest.raises(ConfigError, match="memberAccounts: must be a list of at least one account, got an empty list"):
        parse(raw)
    with pytest.raises(ConfigError, match=rf"memberAccounts\[1\]: account {ACCOUNT} occurs twice"):
        parse({**raw, "memberAccounts": [ACCOUNT, ACCOUNT]})


def test_an_account_twice() -> None:
    twice = everything()
    twice["members"].append({"account": ACCOUNT})
    with pytest.raises(
        ConfigError, match=rf"members\[1\]: account {ACCOUNT} occurs twice \(the first is members\[0\]\)"
    ):
        parse(twice)


def test_keys_of_another_mode_are_unknown() -> None:
    with pytest.raises(ConfigError, match="accounts: is unknown"):
        parse({**everything(), "accounts": {}})
    with pytest.raises(ConfigError, match="memberAccounts: is required"):
        parse({"mode": "domain", "region": "eu-west-1", "domain": everything()["domain"]})
    with pytest.raises(ConfigError, match="member: is required"):
        parse({"mode": "member", "region": "eu-west-1", "domain": {"account": "444455556666", "domainId": "dzd-1a"}})


def test_the_sandbox_needs_three_accounts() -> None:
    raw = raw_config("dev")
    raw["accounts"] = {**raw["accounts"], "consumer": raw["accounts"]["producer"]}
    with pytest.raises(ConfigError, match="accounts: the sandbox needs three different accounts"):
        parse(raw)


@pytest.mark.parametrize("name", ["all.example", "domain.example", "member.example"])
def test_the_example_files_are_right(name: str) -> None:
    config = parse(raw_config(name))
    assert config.mode == name.removesuffix(".example")
    assert config.governance is not None
