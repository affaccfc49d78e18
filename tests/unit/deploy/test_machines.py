"""The state machines' definitions: what must hold of every state, and what starts them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from streamgov_core.deploy.central_events import (
    SETTLE_INPUT_PATHS,
    SETTLE_INPUT_TEMPLATE,
    grant_event_pattern,
    settle_event_pattern,
)
from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.member_machine import (
    MAX_WAITS,
    MEMBER_TIMEOUT,
    WAIT_BELOW,
    WAIT_FROM,
    member_definition,
)
from streamgov_core.deploy.member_stages import INVOKE_TIMEOUT, UNDO_RETRIES
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT
from streamgov_core.member.engine import WAIT_SECONDS
from streamgov_core.model.errors import ThrottledError
from tests.unit.grants.fakes import CONSUMER, DOMAIN, NAMES

ACCOUNT = "111111111111"
CENTRAL = central_definition(NAMES, ACCOUNT)
MEMBER = member_definition(NAMES, CONSUMER, ACCOUNT)


def machines(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A machine and those inside of its maps."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for machine in machines(definition):
        yield from machine["States"].items()


@pytest.mark.parametrize("definition", [CENTRAL, MEMBER], ids=["central", "member"])
def test_every_task_has_a_time_out_retries_with_jitter_and_catches_everything(definition: dict[str, Any]) -> None:
    tasks = [(name, state) for name, state in states(definition) if state["Type"] == "Task"]
    assert len(tasks) >= 3
    for name, state in tasks:
        assert state["TimeoutSeconds"] > 0, name
        retries = [item for item in state["Retry"] if item["MaxAttempts"] > 0]
        assert retries and all(item["JitterStrategy"] == "FULL" for item in retries), name
        assert all("States.ALL" not in item["ErrorEquals"] for item in retries), name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert state["Catch"][-1]["ResultPath"].startswith("$."), "a catch must keep the input"


@pytest.mark.parametrize("definition", [CENTRAL, MEMBER], ids=["central", "member"])
def test_every_lambda_task_retries_what_aws_names(definition: dict[str, Any]) -> None:
    for name, state in states(definition):
        if str(state.get("Resource", "")).endswith("lambda:invoke"):
            named = {error for item in state["Retry"] for error in item["ErrorEquals"]}
            transient = ("ServiceException", "AWSLambdaException", "SdkClientException", "TooManyRequestsException")
            assert {f"Lambda.{error}" for error in transient} <= named, name
            assert "RetryableGrantError" in named, name


@pytest.mark.parametrize("definition", [CENTRAL, MEMBER], ids=["central", "member"])
def test_a_throttled_function_is_waited_for_longer_than_any_other_error(definition: dict[str, Any]) -> None:
    for name, state in states(definition):
        if str(state.get("Resource", "")).endswith("lambda:invoke"):
            patience = {
                error: sum(
                    min(item["MaxDelaySeconds"], item["IntervalSeconds"] * item["BackoffRate"] ** n)
                    for n in range(item["MaxAttempts"])
                )
                for item in state["Retry"]
                for error in item["ErrorEquals"]
            }
            for throttled in ("Lambda.TooManyRequestsException", "ThrottledError"):
                assert 300 <= patience.pop(throttled) < MEMBER_TIMEOUT - 2 * 90, name
            assert max(patience.values()) < 300, name


def test_a_collector_without_room_waits_and_starts_again_and_is_never_reported_as_failed() -> None:
    """A burst beyond DataZone's calls a second: the execution goes round until there is room."""
    found = dict(states(CENTRAL))
    first = found["Collect"]["Catch"][0]
    assert first["ErrorEquals"] == [ThrottledError.__name__, "Lambda.TooManyRequestsException"]
    waiting = found[first["Next"]]
    assert waiting["Type"] == "Wait" and waiting["Next"] == "Collect"


@pytest.mark.parametrize("definition", [CENTRAL, MEMBER], ids=["central", "member"])
def test_states_lead_somewhere_and_are_reached(definition: dict[str, Any]) -> None:
    names = [name for name, _ in states(definition)]
    assert len(names) == len(set(names))
    for machine in machines(definition):
        reached, waiting = set(), [machine["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            state = machine["States"][name]
            following = [state.get("Next"), state.get("Default")]
            following += [item["Next"] for key in ("Catch", "Choices") for item in state.get(key, [])]
            waiting += [item for item in following if item]
            assert any(following) or state.get("End") or state["Type"] in ("Succeed", "Fail"), name
        assert reached == set(machine["States"])


def test_every_member_execution_goes_on_with_a_trace() -> None:
    """The parameter reads a member that each step has, and the step gets it from the plan."""
    starts = {name: state for name, state in states(CENTRAL) if "startExecution" in str(state.get("Resource", ""))}
    assert len(starts) == 8, sorted(starts)
    for name, state in starts.items():
        assert state["Parameters"]["TraceHeader.$"] == "$.traceHeader", name
    stages = [
        state for _, state in states(CENTRAL) if set(state.get("ItemProcessor", {}).get("States", {})) & set(starts)
    ]
    assert len(stages) == len(starts)
    assert all(s["ItemSelector"]["traceHeader.$"] == "$$.Map.Item.Value.traceHeader" for s in stages)


def test_time_outs_nest() -> None:
    """A member machine ends before the task that waits for it, and the central machine outlives all its stages."""
    assert MEMBER["TimeoutSeconds"] == MEMBER_TIMEOUT < INVOKE_TIMEOUT
    stages = 2 + 2 * (1 + UNDO_RETRIES)
    assert stages * INVOKE_TIMEOUT + 1800 < CENTRAL["TimeoutSeconds"] == CENTRAL_TIMEOUT
    assert max(s["TimeoutSeconds"] for _, s in states(MEMBER) if s["Type"] == "Task") < MEMBER_TIMEOUT


def test_a_member_that_must_wait_is_asked_again_by_the_machine_and_not_without_end() -> None:
    """A new fan-out consumer and a lease that a killed function left need a minute or two; the machine has more."""
    states_of = MEMBER["States"]
    assert states_of["Wait"] == {"Type": "Wait", "SecondsPath": "$.waited.seconds", "Next": "Apply"}
    shortest, longest = MAX_WAITS * WAIT_FROM, MAX_WAITS * (WAIT_BELOW - 1 + WAIT_SECONDS)
    assert shortest >= 120 and longest < MEMBER_TIMEOUT
    again, gives_up = states_of["CheckWaiting"]["Choices"]
    assert (again["Next"], gives_up["Next"]) == ("CountWait", "WaitedTooLong")
    assert states_of["WaitedTooLong"]["Next"] == "AnswerFailure"


@pytest.mark.parametrize("stage", ["First", "Second", "UndoFirst", "UndoSecond"])
def test_only_what_undoes_asks_a_failed_member_again(stage: str) -> None:
    found = dict(states(CENTRAL))
    attempts = {
        error: item["MaxAttempts"] for item in found[f"{stage}Invoke"]["Retry"] for error in item["ErrorEquals"]
    }
    assert attempts["MemberFailed"] == (UNDO_RETRIES if stage.startswith("Undo") else 0)
    # Whatever happens to the undoing, the reason of the grant's failure stays.
    assert [item["ResultPath"] for item in found[stage]["Catch"]] == [
        "$.undoFailure" if stage.startswith("Undo") else "$.failure"
    ]


@pytest.mark.parametrize("stage", ["Prepare", "First", "Second"])
def test_a_step_that_fails_ends_no_other(stage: str) -> None:
    """A map ends with its first failure, and with it everybody who waits for the other accounts' answers."""
    found = dict(states(CENTRAL))
    steps = found[stage]["ItemProcessor"]["States"]
    assert "Fail" not in {state["Type"] for state in steps.values()}
    assert found[stage]["Next"] == f"{stage}CheckFailed"
    refused, *_ = found[f"{stage}CheckFailed"]["Choices"]
    assert refused["Variable"].endswith("Done.failed[0]" if stage != "Prepare" else "told.failed[0]")
    assert found[refused["Next"]]["Next"] == found[stage]["Catch"][0]["Next"]


def test_definitions_fit() -> None:
    assert len(json.dumps(CENTRAL)) < 1_000_000


def test_the_rule_takes_grant_events_of_our_types_and_domain_only() -> None:
    pattern = grant_event_pattern(NAMES, DOMAIN, ["MskTopicAssetType"])
    assert len(json.dumps(pattern)) < 2_048
    assert pattern["detail"]["metadata"] == {"domain": [DOMAIN]}
    assert "MskTopicAssetType" in pattern["detail"]["data"]["asset"]["typeName"]


def test_the_settle_rule_takes_what_a_machine_cannot_catch() -> None:
    pattern = settle_event_pattern(NAMES, ACCOUNT)
    passed = {status for part in pattern["detail"]["$or"] for status in part["status"]}
    assert passed == {"FAILED", "TIMED_OUT", "ABORTED"}
    assert pattern["detail"]["stateMachineArn"] == [NAMES.central_machine_arn(ACCOUNT)]
    text = SETTLE_INPUT_TEMPLATE
    for name in SETTLE_INPUT_PATHS:
        text = text.replace(f"<{name}>", json.dumps(name))
    assert json.loads(text)["action"] == "settle"
