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
        "domain": {"account": "444455556666", "id": "dzd-4p9n6sw4qt9xgn", "typesProjectId": "project0"},
        "members": [
            {
                "account": ACCOUNT,
                "assumeRoleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy",
                "dataSources": {
                    "orders": {"platform": "msk", "registry": "orders", "resource": "c", "projectId": "project1"}
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
                    }
                },
                "targets": {
                    "lake": {
                        "platform": "msk",
                        "environment_id": "environment1",
                        "principals": [f"arn:aws:iam::{ACCOUNT}:role/jobs/reader"],
                    }
                },
                "consumer_roles": [],
                "boundary_extra_actions": [],
                "manual_assets": {},
            }
        ],
    }


def test_the_workflows_settings_reach_the_facade() -> None:
    wanted = {
        "allowBreaking": True,
        "managedVpc": False,
        "crossAccountServerless": True,
        "principalAccounts": {ACCOUNT: ["888899990000"]},
        "reconcile": {"schedule": "rate(15 minutes)", "repairs": False},
        "requestForm": {"use": "required", "domainUnitId": "unit1", "dataProducts": True},
    }
    raw = {**changed("domain", {**everything()["domain"], **wanted}), "destroy": "cascade"}
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
        "request_form": {"use": "required", "domain_unit_id": "unit1", "data_products": True},
    }
    raw["domain"]["reconcile"] = {"schedule": "never"}
    never = parse(raw).governance
    assert never is not None
    assert never["domain"]["reconcile_schedule"] == ""


MEMBER = "members/0"
SOURCE = f"{MEMBER}/dataSources/orders"
TARGET = f"{MEMBER}/targets/lake"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("mode", "everything", "mode: must be one of all, domain, member, sandbox, got 'everything'"),
        ("mode", None, "mode: must be one of"),
        ("colour", "red", "colour: is unknown; known keys are"),
        ("memberz", [], "memberz: is unknown; did you mean 'members'?"),
        ("region", "eu-west", "region: must be an AWS region such as 'eu-west-1', got 'eu-west'"),
        ("region", None, "region: is required"),
        ("namespace", "Team", "namespace: namespace must be 2 to 16 characters"),
        ("namespace", "x" * 17, "namespace: namespace must be 2 to 16 characters"),
        ("partition", "aws-eu", "partition: must be one of aws, aws-cn, aws-us-gov"),
        ("platforms", ["pulsar"], "platforms[0]: must be one of"),
        ("logRetentionDays", 8, "logRetentionDays: must be one of 1, 3, 5, 7"),
        ("logRetentionDays", "soon", "logRetentionDays: must be one of 1, 3, 5, 7"),
        ("tags", ["a"], "tags: must be a map of strings"),
        ("deletionProtection", "no", "deletionProtection: must be true or false, got 'no'"),
        ("destroy", "delete", "destroy: must be one of cascade, refuse, got 'delete'"),
        ("domain/allowBreaking", "yes", "domain.allowBreaking: must be true or false, got 'yes'"),
        ("domain/managedVpc", "no", "domain.managedVpc: must be true or false, got 'no'"),
        ("domain/reconcile", {"schedule": "hourly"}, "such as 'rate(1 hour)', or 'never', got 'hourly'"),
        ("domain/reconcile", {"repair": True}, "domain.reconcile.repair: is unknown; did you mean 'repairs'?"),
        ("domain/reconcile", {"repairs": "no"}, "domain.reconcile.repairs: must be true or false"),
        ("domain/principalAccounts", {"1": [ACCOUNT]}, "domain.principalAccounts.1: must be the 12 digits"),
        ("domain/principalAccounts", {ACCOUNT: ["1"]}, f"domain.principalAccounts.{ACCOUNT}[0]: must be the 12 digits"),
        ("domain/principalAccounts", [ACCOUNT], "domain.principalAccounts: must be a map from an account to a list"),
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
        ("provider", {"skip": True}, "provider.skip: is unknown"),
        ("domain", "dzd-1", "domain: must be a map"),
        ("domain", None, "domain: is required"),
        ("domain/id", "dz-1", "domain.id: must be the id of a DataZone domain such as"),
        ("domain/account", "44445555666", "domain.account: must be the 12 digits of an AWS account id, in quotes"),
        ("domain/account", 444455556666, "put it in quotes, got 444455556666"),
        ("domain/typesProjectId", None, "domain.typesProjectId: is required"),
        ("domain/region", "eu-west-2", "domain.region: must be eu-west-1, the region of the deployment"),
        ("domain/organizationId", "org", "domain.organizationId: must be an organisation's id"),
        ("domain/memberProjects", {"p": "a b"}, "domain.memberProjects.p: must be a project's id, got 'a b'"),
        (
            "domain/contributors",
            {"o": {"projectId": "p", "roleArn": "role"}},
            "domain.contributors.o.roleArn: must be the ARN of an IAM role, got 'role'",
        ),
        ("members", [], "members: must be a list of at least one account"),
        (f"{MEMBER}/region", "us-east-1", "members[0].region: must be eu-west-1"),
        (f"{MEMBER}/account", "7777888899999", "members[0].account: must be the 12 digits"),
        (
            f"{MEMBER}/assumeRoleArn",
            "arn:aws:iam::777788889999:user/me",
            "members[0].assumeRoleArn: must be the ARN of",
        ),
        (f"{MEMBER}/assumeRoleArn", "arn:aws:iam::111111111111:role/x", "must be a role of account 777788889999"),
        (f"{MEMBER}/consumerRoles", ["*"], "members[0].consumerRoles[0]: must be the ARN, or a pattern"),
        (f"{MEMBER}/consumerRoles", ["arn:aws:iam::111111111111:role/x"], "must be of account 777788889999"),
        (f"{MEMBER}/trail", "maybe", "members[0].trail: must be one of create, find, none"),
        (f"{MEMBER}/acceptShareArn", "share", "members[0].acceptShareArn: must be a RAM share's ARN"),
        (
            f"{MEMBER}/acceptShareArn",
            "arn:aws:ram:us-east-1:444455556666:resource-share/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "members[0].acceptShareArn: must be a share of eu-west-1, the region of the deployment",
        ),
        (f"{MEMBER}/boundaryExtraActions", ["everything"], "members[0].boundaryExtraActions[0]: must be an IAM action"),
        (f"{MEMBER}/manualAssets", {"p": ["arn:aws:kafka:*"]}, "members[0].manualAssets.p[0]: must be the ARN pattern"),
        (f"{MEMBER}/manualAssets", {"p": "all"}, "members[0].manualAssets.p: must be a list"),
        (f"{SOURCE}/platform", "kafka", "members[0].dataSources.orders.platform: must be one of"),
        (f"{SOURCE}/registry", None, "members[0].dataSources.orders.registry: is required"),
        (f"{SOURCE}/registry", "a b", "must be a Glue schema registry's name, got 'a b'"),
        (f"{SOURCE}/schedule", "hourly", "must be an EventBridge schedule such as 'rate(1 hour)', got 'hourly'"),
        (f"{SOURCE}/schedule", "rate(1 hours)", "must be an EventBridge schedule such as 'rate(1 hour)'"),
        (f"{SOURCE}/publish", "yes", "members[0].dataSources.orders.publish: must be true or false"),
        (f"{SOURCE}/withoutSchema", "yes", "members[0].dataSources.orders.withoutSchema: must be true or false"),
        (f"{SOURCE}/topicMapping", "topic", "members[0].dataSources.orders.topicMapping: is wrong: topic mapping"),
        (f"{MEMBER}/dataSources/Big Orders", {}, "dataSources.Big Orders: the word must be a-z"),
        (f"{TARGET}/principals", [], "members[0].targets.lake.principals: must hold 1 to 20 roles"),
        (f"{TARGET}/principals", None, "members[0].targets.lake.principals: is required"),
        (
            f"{TARGET}/principals",
            [f"arn:aws:iam::{ACCOUNT}:role/r{n}" for n in range(21)],
            "must hold 1 to 20 roles (DataZone's limit), got 21",
        ),
        (f"{TARGET}/principals", [f"arn:aws:iam::{ACCOUNT}:root"], "principals[0]: must be the ARN of an IAM role (no"),
        (f"{TARGET}/principals", [f"arn:aws:iam::{ACCOUNT}:role/a+b"], "without '+', '=', ',' or '@' in its name"),
        (f"{TARGET}/grantCreationMode", "LATER", "grantCreationMode: must be one of AUTOMATIC, MANUAL"),
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
    wrong["domain"]["id"] = "x"
    wrong["members"][0]["trail"] = "x"
    with pytest.raises(ConfigError, match=r"has 3 mistake\(s\):"):
        parse(wrong)


def test_an_account_twice() -> None:
    twice = everything()
    twice["members"].append({"account": ACCOUNT})
    with pytest.raises(ConfigError, match=f"members: account {ACCOUNT} occurs twice"):
        parse(twice)


def test_keys_of_another_mode_are_unknown() -> None:
    with pytest.raises(ConfigError, match="accounts: is unknown"):
        parse({**everything(), "accounts": {}})
    with pytest.raises(ConfigError, match="memberAccounts: is required"):
        parse({"mode": "domain", "region": "eu-west-1", "domain": everything()["domain"]})
    with pytest.raises(ConfigError, match="member: is required"):
        parse({"mode": "member", "region": "eu-west-1", "domain": {"account": "444455556666", "id": "dzd-1a"}})


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
