"""What the tasks of both state machines have in common: time-outs, jittered retries, a catch of everything."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]
"""A state, a list entry of one, or a whole machine, in Amazon States Language."""

MEMBER_FAILED = "MemberFailed"
"""Error with which a member machine answers the central machine's task."""
MEMBER_NO_ROOM = "MemberNoRoom"
"""Error with which it answers when its account's rates or concurrency were used up all the time: asked again later."""

THROTTLED = "ThrottledError"
"""Error of a function that a service's rate leaves no room for (``model.errors.ThrottledError``)."""

NO_ROOM = (THROTTLED, "Lambda.TooManyRequestsException")
"""Errors that say nothing but that others are being served: whoever gets them waits for longer, and never gives up
before the machine does."""
_START_ERRORS = (
    # Modelled errors have their own names, all others that of the client: a rate that is used up among them.
    "Sfn.ExecutionLimitExceededException",
    "Sfn.ThrottlingException",
    "Sfn.TooManyRequestsException",
    "Sfn.SfnException",
)
_LAMBDA_ERRORS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
)


def function_task(arn: str, payload: dict[str, Any], timeout: int) -> State:
    """A task that invokes a function and waits for it.

    Args:
        arn: of the function.
        payload: its event, as a template of Step Functions.
        timeout: seconds.
    """
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": arn, "Payload": payload},
        "TimeoutSeconds": timeout,
    }


def retry(errors: tuple[str, ...], *, attempts: int, interval: int, ceiling: int) -> State:
    """Retries of some errors, with full jitter.

    Args:
        errors: names of errors.
        attempts: how often.
        interval: seconds before the first, doubled for each further one.
        ceiling: seconds between two attempts at most.
    """
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": interval,
        "MaxAttempts": attempts,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": ceiling,
        "JitterStrategy": "FULL",
    }


def function_retries(*errors: str, attempts: int, interval: int, ceiling: int) -> list[State]:
    """Retries of a function: of errors that it raises itself, as given, and of those that Lambda names."""
    return [
        # botocore has tried eight times before: a burst goes on for minutes, and is no failure.
        retry((THROTTLED,), attempts=10, interval=2, ceiling=60),
        retry(errors, attempts=attempts, interval=interval, ceiling=ceiling),
        # An account's concurrency may be as low as 10 ("Lambda quotas"): a burst of grants waits for its turn.
        retry(("Lambda.TooManyRequestsException",), attempts=10, interval=2, ceiling=60),
        # The others that "Handling transient Lambda service exceptions" names, and the client's own time-out.
        retry(_LAMBDA_ERRORS, attempts=5, interval=1, ceiling=20),
        # A function that was killed or timed out: once more, since every effect is idempotent.
        retry(
            ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"),
            attempts=2,
            interval=2,
            ceiling=10,
        ),
    ]


def throttle_retry() -> State:
    """Retries of calls of Step Functions itself whose rate is used up."""
    return retry(_START_ERRORS, attempts=10, interval=2, ceiling=60)


def catch_no_room(following: str, path: str = "$.noRoom") -> State:
    """Catch what is no failure, after its retries, and keep it apart from failures.

    Args:
        following: a state that waits and asks again, or that lets somebody else do so.
        path: where the error is written.
    """
    return {"ErrorEquals": list(NO_ROOM), "ResultPath": path, "Next": following}


def answer_retries() -> list[State]:
    """Retries of SendTaskSuccess and SendTaskFailure; a task that waits no longer is not asked again."""
    return [
        {"ErrorEquals": ["Sfn.TaskTimedOutException", "Sfn.InvalidTokenException"], "MaxAttempts": 0},
        throttle_retry(),
        retry(("States.TaskFailed", "States.Timeout"), attempts=6, interval=2, ceiling=30),
    ]


def catch_all(following: str, path: str = "$.failure") -> list[State]:
    """Catch everything, keep the state's input, and write the error to ``path``."""
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": following}]
