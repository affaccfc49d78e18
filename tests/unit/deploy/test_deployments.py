"""What is deployed agrees with itself: names, roles, entry points, queues and rules of all three descriptions."""

from __future__ import annotations

import importlib
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from streamgov_core.deploy.data_source_deployment import data_source
from streamgov_core.deploy.domain_deployment import domain_account
from streamgov_core.deploy.member_deployment import member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FunctionSpec, MachineSpec, RoleSpec, RuleSpec
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names

NAMES = Names("team-a", "eu-west-1")
DOMAIN, OWNER, CONSUMER = "111111111111", "222222222222", "333333333333"
BOUNDARY = f"arn:aws:iam::{DOMAIN}:policy/corp"
KEY = f"arn:aws:kms:eu-west-1:{DOMAIN}:key/k"
DOMAIN_ACCOUNT = domain_account(
    AccountScope(NAMES, DOMAIN, BOUNDARY, KEY),
    domain_id="dzd-1",
    members=[OWNER, CONSUMER],
    asset_types=["MskTopicAssetType"],
    projects=["p2", "p1"],
)
MEMBER_ACCOUNT = member_account(AccountScope(NAMES, CONSUMER, BOUNDARY), domain_id="dzd-1", domain_account=DOMAIN)
DATA_SOURCE = data_source(
    AccountScope(NAMES, OWNER, BOUNDARY, KEY),
    domain_id="dzd-1",
    project_id="p1",
    platform="msk",
    registry_name="orders",
    resource="main",
    topics=("orders.*",),
)
ALL = {"domain": DOMAIN_ACCOUNT, "member": MEMBER_ACCOUNT, "data source": DATA_SOURCE}


def parts(value: Any, type_: type) -> list[Any]:
    """Every part of a type, however deep."""
    found = [value] if isinstance(value, type_) else []
    children = (
        [getattr(value, field.name) for field in fields(value)]
        if is_dataclass(value)
        else list(value)
        if isinstance(value, tuple)
        else []
    )
    return found + [part for child in children for part in parts(child, type_)]


@pytest.mark.parametrize("deployment", ALL.values(), ids=ALL)
def test_every_entry_point_exists(deployment: Any) -> None:
    functions = parts(deployment, FunctionSpec)
    for function in functions:
        module, _, name = function.entry_point.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)), function.entry_point
        assert function in deployment.functions


@pytest.mark.parametrize("deployment", ALL.values(), ids=ALL)
def test_every_role_carries_the_boundary_and_has_an_arn_that_fits_its_name(deployment: Any) -> None:
    roles = parts(deployment, RoleSpec)
    assert roles
    for role in roles:
        assert role.boundary_arn == BOUNDARY
        assert role.arn.endswith(f":role{role.path}{role.name}")
        assert role.trust["Statement"] and role.policy["Statement"]


@pytest.mark.parametrize("deployment", ALL.values(), ids=ALL)
def test_functions_and_machines_have_a_role_and_alarms(deployment: Any) -> None:
    for function in parts(deployment, FunctionSpec):
        assert function.role is not None
        assert function.alarm.dimensions == {"FunctionName": function.name}
        assert 3 <= function.timeout <= 900 and 128 <= function.memory <= 10_240
        logs = [item for item in function.role.policy["Statement"] if "logs:PutLogEvents" in item["Action"]]
        assert function.log_group in str(logs[0]["Resource"])
    for machine in parts(deployment, MachineSpec):
        assert machine.arn.endswith(f":{machine.name}")
        assert {alarm.metric for alarm in machine.alarms} == {"ExecutionsFailed", "ExecutionsTimedOut"}
        assert machine.arn in str(machine.role.trust)


@pytest.mark.parametrize("deployment", [DOMAIN_ACCOUNT, DATA_SOURCE], ids=["domain", "data source"])
def test_each_rule_has_one_matcher_and_may_send_to_the_dead_letters(deployment: Any) -> None:
    rules = parts(deployment, RuleSpec)
    sources = deployment.dead_letters.policy["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert sources == sorted(rule.arn for rule in rules)
    for rule in rules:
        assert (rule.event_pattern is None) != (rule.schedule is None), rule.key
        assert rule.arn.endswith(f":rule/{rule.name}")
        assert rule.dead_letter_arn == deployment.dead_letters.arn
        assert rule.input_text is None or rule.input_template is None


def test_the_central_machine_is_what_its_rules_start() -> None:
    assert {rule.key for rule in DOMAIN_ACCOUNT.rules} == {"grant-events", "settle", "reconcile"}
    for rule in DOMAIN_ACCOUNT.rules:
        assert rule.target_arn == DOMAIN_ACCOUNT.machine.arn == NAMES.central_machine_arn(DOMAIN)
        assert rule.role == DOMAIN_ACCOUNT.events
    named = {function.arn for function in DOMAIN_ACCOUNT.functions}
    assert set(DOMAIN_ACCOUNT.machine.role.policy["Statement"][0]["Resource"]) == named  # type: ignore[index]


def test_without_a_schedule_nothing_starts_the_reconciler() -> None:
    silent = domain_account(
        AccountScope(NAMES, DOMAIN), domain_id="dzd-1", members=[OWNER], asset_types=["T"], reconcile_schedule=""
    )
    assert {rule.key for rule in silent.rules} == {"grant-events", "settle"}
    assert len(silent.dead_letters.policy["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"]) == 2


def test_without_schema_events_only_the_schedule_starts_a_sync() -> None:
    scheduled = data_source(
        AccountScope(NAMES, OWNER),
        domain_id="dzd-1",
        project_id="p1",
        platform="kinesis",
        registry_name="clicks",
        resource="",
        key="web",
        schema_events=False,
    )
    assert [rule.name for rule in scheduled.rules] == ["team-a-sync-web-schedule"]
    assert scheduled.sync.name == "team-a-sync-web"


def test_failed_invocations_of_a_sync_reach_its_queue_with_its_permission() -> None:
    assert DATA_SOURCE.sync.dead_letter is not None and DATA_SOURCE.sync.role is not None
    queue = DATA_SOURCE.sync.dead_letter.queue_arn
    assert queue == DATA_SOURCE.dead_letters.arn
    statements = DATA_SOURCE.sync.role.policy["Statement"]  # type: ignore[index]
    assert [item["Resource"] for item in statements if "sqs:SendMessage" in item["Action"]] == [[queue]]


def test_a_lease_outlives_the_function_that_holds_it() -> None:
    settings: Any = MEMBER_ACCOUNT.apply.settings
    assert settings.function_timeout == MEMBER_ACCOUNT.apply.timeout


def test_order_of_configuration_changes_nothing() -> None:
    again = domain_account(
        AccountScope(NAMES, DOMAIN, BOUNDARY, KEY),
        domain_id="dzd-1",
        members=[CONSUMER, OWNER, OWNER],
        asset_types=["MskTopicAssetType"],
        projects=["p1", "p2"],
    )
    assert again == DOMAIN_ACCOUNT


@pytest.mark.parametrize("account", ["1", "", "arn:aws:iam::111111111111:root"])
def test_an_account_is_twelve_digits(account: str) -> None:
    with pytest.raises(ConfigError, match="12 digits"):
        AccountScope(NAMES, account)
    with pytest.raises(ConfigError, match="member account must be the 12 digits"):
        domain_account(AccountScope(NAMES, DOMAIN), domain_id="d", members=[account], asset_types=[])
    with pytest.raises(ConfigError, match="domain account must be the 12 digits"):
        member_account(AccountScope(NAMES, OWNER), domain_id="d", domain_account=account)
