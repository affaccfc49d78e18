"""Lambda SnapStart as an option: what names an alias with it, and that nothing does without it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.domain_deployment import DomainDeployment, domain_account, members_that_fit
from streamgov_core.deploy.member_deployment import MemberDeployment, member_account
from streamgov_core.deploy.member_machine import member_definition
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.snap_start import SNAPSHOT_ERRORS
from streamgov_core.deploy.spec import FunctionSpec, MachineSpec
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.engine import WAIT_SECONDS
from streamgov_core.model.errors import ConfigError
from tests.unit.deploy.test_machines import states
from tests.unit.grants.fakes import CONSUMER, DOMAIN, NAMES

ACCOUNT = "111111111111"


def domain(snap_start: bool | None = None, **more: Any) -> DomainDeployment:
    asked = {"domain_id": DOMAIN, "members": [CONSUMER], "asset_types": ["MskTopicAssetType"], **more}
    return domain_account(AccountScope(NAMES, ACCOUNT), snap_start=snap_start, **asked)


def member(snap_start: bool | None = None) -> MemberDeployment:
    return member_account(
        AccountScope(NAMES, CONSUMER), domain_id=DOMAIN, domain_account=ACCOUNT, snap_start=snap_start
    )


def tasks(machine: MachineSpec) -> dict[str, dict[str, Any]]:
    """Name -> state of each task that invokes a function."""
    return {
        name: dict(state)
        for name, state in states(machine.definition)
        if str(state.get("Resource", "")).endswith("lambda:invoke")
    }


def may_invoke(machine: MachineSpec) -> set[str]:
    assert machine.role.policy is not None
    return {
        arn
        for statement in machine.role.policy["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
        for arn in statement["Resource"]
    }


def test_without_the_option_nothing_has_an_alias() -> None:
    made, other = domain(), member()
    assert [item.alias for item in (*made.functions, *other.functions)] == [None] * 4
    assert made.machine.definition == central_definition(NAMES, ACCOUNT)
    assert other.machine.definition == member_definition(NAMES, CONSUMER, ACCOUNT)
    for text in (json.dumps([machine.definition, machine.role.policy]) for machine in (made.machine, other.machine)):
        assert ":live" not in text and "SnapStart" not in text


def test_what_a_grant_waits_for_is_invoked_by_its_alias_and_the_reconciler_is_not() -> None:
    made, other = domain(True), member(True)
    central = {name: state["Parameters"]["FunctionName"] for name, state in tasks(made.machine).items()}
    aliases = {f"{made.collect.arn}:live", f"{made.report.arn}:live"}
    assert aliases | {made.reconcile.arn} == set(central.values())
    assert central["Collect"] == f"{made.collect.arn}:live"
    assert {arn for name, arn in central.items() if name.startswith("Reconcile")} == {made.reconcile.arn}
    assert {state["Parameters"]["FunctionName"] for state in tasks(other.machine).values()} == {
        f"{other.apply.arn}:live"
    }
    assert made.reconcile.alias is None


def test_a_snapshot_that_is_made_anew_is_waited_for() -> None:
    """Minutes ("Lambda SnapStart and function states"), and less than a member machine may take."""
    for machine in (domain(True).machine, member(True).machine):
        for name, state in tasks(machine).items():
            patient = [item for item in state["Retry"] if set(item["ErrorEquals"]) & set(SNAPSHOT_ERRORS)]
            assert len(patient) == (0 if "Reconcile" in name else 1), name
            for item in patient:
                longest = sum(
                    min(item["MaxDelaySeconds"], item["IntervalSeconds"] * item["BackoffRate"] ** attempt)
                    for attempt in range(item["MaxAttempts"])
                )
                assert 240 < longest < 840 - WAIT_SECONDS


def test_the_definitions_differ_in_nothing_else() -> None:
    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items()}
        if isinstance(value, list):
            return [without(item) for item in value if item not in patient]
        return value.removesuffix(":live") if isinstance(value, str) else value

    patient = [
        item
        for state in tasks(member(True).machine).values()
        for item in state["Retry"]
        if SNAPSHOT_ERRORS[0] in item["ErrorEquals"]
    ]
    assert without(domain(True).machine.definition) == domain().machine.definition
    assert without(member(True).machine.definition) == member().machine.definition


@pytest.mark.parametrize("snap_start", [True, False])
def test_executions_that_name_the_other_go_on(snap_start: bool) -> None:
    """One that began before a change names the function, or the alias, until it ends."""
    made, other = domain(snap_start), member(snap_start)
    for function in (made.collect, made.report):
        assert {function.arn, f"{function.arn}:live"} <= may_invoke(made.machine)
    assert may_invoke(other.machine) == {other.apply.arn, f"{other.apply.arn}:live"}
    for one in (made.collect, made.report, other.apply):
        assert one.alias is not None and (one.alias.name, one.alias.snapshots) == ("live", snap_start)


def test_giving_snapshots_up_leaves_the_aliases_and_names_the_functions() -> None:
    assert domain(False).machine.definition == domain().machine.definition
    assert member(False).machine.definition == member().machine.definition


def test_an_account_needs_to_know_of_no_other() -> None:
    """The domain starts a member's machine, which names the function of its own account."""
    for machine in (domain().machine, domain(True).machine):
        assert f":{CONSUMER}:function" not in json.dumps([machine.definition, machine.role.policy])
    assert member(True).invoke == member().invoke


def test_names_of_log_groups_alarms_and_functions_stay() -> None:
    def told(function: FunctionSpec) -> tuple[Any, ...]:
        return function.name, function.arn, function.log_group, function.alarm, function.role, function.environment

    assert [told(item) for item in domain(True).functions] == [told(item) for item in domain().functions]
    assert told(member(True).apply) == told(member().apply)
    assert isinstance(member(True).apply.settings, ApplySettings)


def test_a_preview_counts_the_room_that_aliases_take() -> None:
    fit = members_that_fit(NAMES, ACCOUNT, snap_start=True)
    accounts = [f"{number:012}" for number in range(1, fit + 2)]
    domain(True, members=accounts[:-1])
    with pytest.raises(ConfigError, match="organizationId"):
        domain(True, members=accounts)
