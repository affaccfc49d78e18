"""Stages of the central machine: the same step in several member accounts, through their member machines."""

from __future__ import annotations

from streamgov_core.deploy.task_states import MEMBER_FAILED, MEMBER_NO_ROOM, State, catch_all, retry, throttle_retry

INVOKE_TIMEOUT = 900
"""Seconds that the central machine waits for a member machine's answer."""
UNDO_RETRIES = 2
"""How often a member that could not revoke is asked again, in addition to the retries of its own machine."""
NO_ROOM_RETRIES = 8
"""How often a member is asked again that has tried for minutes and was throttled all the time."""
STEP_MEMBERS = ("name", "machineArn", "roleArn", "strict", "traceHeader", "command")
"""Members of a step of a plan (``domain/plan.py``)."""
STEP_FAILED = "StepFailed"
"""Error of a strict step whose answer was not APPLIED."""


def whole_stage(
    name: str,
    items: str,
    result: str,
    following: State,
    caught: str,
    *,
    kept: str = "answers",
    told: State | None = None,
) -> dict[str, State]:
    """A stage that ends when each of its steps has ended: none is at work any more when its failure is dealt with.

    Its result holds the answers, and ``failed``, those of strict steps that were not APPLIED.

    Args:
        name: of the stage; names of its states begin with it.
        items: path of the list of steps.
        result: path that the result is written to.
        following: where to go on after success, as a Choice says it: ``Default``, and ``Choices`` if any.
        caught: state after an error, and after a strict step that failed; ``$.failure`` tells which.
        kept: member of the result that holds the answers.
        told: template of what the commands of this stage get besides their own members; None for nothing.
    """
    stage = member_stage(name, items, result, f"{name}CheckFailed", caught, told)
    stage["ResultSelector"] = {f"{kept}.$": "$", "failed.$": "$[?(@.failed == true)]"}
    steps = stage["ItemProcessor"]["States"]
    # A step that fails in a map ends the others, whose accounts would go on with nobody waiting for their answers.
    ended = steps[f"{name}Done"]
    steps[f"{name}Failed"] = {**ended, "Parameters": {**ended["Parameters"], "failed": True}}
    first_failed = f"{result}.failed[0]"
    return {
        name: stage,
        f"{name}CheckFailed": {
            "Type": "Choice",
            "Choices": [
                {"Variable": first_failed, "IsPresent": True, "Next": f"{name}Refused"},
                *following.get("Choices", ()),
            ],
            "Default": following["Default"],
        },
        f"{name}Refused": {
            "Type": "Pass",
            "Parameters": {"Error": STEP_FAILED, "Cause.$": f"States.JsonToString({first_failed}.outcome)"},
            "ResultPath": "$.failure",
            "Next": caught,
        },
    }


def undo_stage(name: str, items: str, result: str, following: str, told: State | None = None) -> State:
    """A stage that revokes after a failure: a member that failed is asked again; the first failure is kept."""
    state = member_stage(name, items, result, following, following, told)
    task = state["ItemProcessor"]["States"][f"{name}Invoke"]
    task["Retry"][0] = retry((MEMBER_FAILED,), attempts=UNDO_RETRIES, interval=15, ceiling=60)
    state["Catch"] = catch_all(following, "$.undoFailure")
    return state


def member_stage(
    name: str, items: str, result: str, following: str, caught: str, told: State | None = None, *, at_once: int = 5
) -> State:
    """One stage: the same step for each of several member accounts, in parallel.

    Args:
        name: of the stage; names of its inner states begin with it.
        items: path of the list of steps.
        result: path that the list of answers is written to.
        following: state after it.
        caught: state after an error.
        told: template of what the commands of this stage get besides their own members; None for nothing.
        at_once: steps that are carried out side by side.
    """
    return {
        "Type": "Map",
        "ItemsPath": items,
        "ItemSelector": {
            **{f"{member}.$": f"$$.Map.Item.Value.{member}" for member in STEP_MEMBERS},
            "told": told or {},
        },
        "MaxConcurrency": at_once,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": f"{name}Invoke",
            "States": _step_states(name),
        },
        "ResultPath": result,
        "Catch": catch_all(caught, "$.failure"),
        "Next": following,
    }


def _step_states(stage: str) -> dict[str, State]:
    """Run one member machine and wait for its answer; a strict step fails unless the answer is APPLIED.

    A state's name is unique in the whole definition (Amazon States Language), so it begins with its stage's.
    """
    return {
        f"{stage}Invoke": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
            "Credentials": {"RoleArn.$": "$.roleArn"},
            "Parameters": {
                "StateMachineArn.$": "$.machineArn",
                "Name.$": "States.Format('{}-{}', $.name, States.UUID())",
                # UNVERIFIED[sfn-trace-to-execution]: whether the integration passes this execution's trace by itself.
                # Whatever it passes wins over this parameter, and is the same trace.
                "TraceHeader.$": "$.traceHeader",
                "Input": {
                    "command.$": "States.JsonMerge($.command, $.told, false)",
                    "taskToken.$": "$$.Task.Token",
                },
            },
            "ResultPath": "$.outcome",
            "TimeoutSeconds": INVOKE_TIMEOUT,
            "Retry": [
                {"ErrorEquals": [MEMBER_FAILED], "MaxAttempts": 0},
                # A burst is no failure: the account is asked again for as long as the execution lasts, more or less.
                retry((MEMBER_NO_ROOM,), attempts=NO_ROOM_RETRIES, interval=20, ceiling=120),
                throttle_retry(),
                retry(("States.TaskFailed",), attempts=4, interval=2, ceiling=20),
            ],
            "Catch": catch_all(f"{stage}CheckAnswer", "$.outcome"),
            "Next": f"{stage}CheckAnswer",
        },
        f"{stage}CheckAnswer": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.outcome.status", "IsPresent": True},
                        {"Variable": "$.outcome.status", "StringEquals": "APPLIED"},
                    ],
                    "Next": f"{stage}Done",
                },
                {"Variable": "$.strict", "BooleanEquals": True, "Next": f"{stage}Failed"},
            ],
            "Default": f"{stage}Done",
        },
        f"{stage}Done": {
            "Type": "Pass",
            "Parameters": {"side.$": "$.command.side", "outcome.$": "$.outcome"},
            "End": True,
        },
        f"{stage}Failed": {"Type": "Fail", "Error": STEP_FAILED, "CausePath": "States.JsonToString($.outcome)"},
    }
