"""How states fail, and what Retry and Catch match.

Source of the rules: Step Functions developer guide, "Handling errors in Step Functions workflows".
"""

from __future__ import annotations

from collections.abc import Iterable

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT = "States.DataLimitExceeded"
NO_CHOICE = "States.NoChoiceMatched"
RESULT_PATH = "States.ResultPathMatchFailure"
INTRINSIC = "States.IntrinsicFailure"
PERMISSIONS = "States.Permissions"

NOT_IN_ALL = frozenset({RUNTIME, DATA_LIMIT})
"""``States.ALL`` does not catch these."""


class StateFailure(Exception):
    """A state failed.

    Args:
        error: the error name.
        cause: what is known about it.
        heartbeat: a time-out for want of a heartbeat, which ``States.HeartbeatTimeout`` matches too.
    """

    def __init__(self, error: str, cause: str = "", *, heartbeat: bool = False) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.heartbeat = heartbeat


class Cancelled(Exception):
    """The execution, or the branch around this work, has ended; nothing more is done."""


def runtime_failure(cause: str) -> StateFailure:
    """``States.Runtime``: no Retry and no Catch helps."""
    return StateFailure(RUNTIME, cause)


def matches(names: Iterable[str], failure: StateFailure) -> bool:
    """Whether an ``ErrorEquals`` list of a retrier or catcher matches a failure.

    ``States.Runtime`` always ends the execution, also where a list names it. ``States.DataLimitExceeded`` is matched
    by its own name only. ``States.TaskFailed`` matches every error but ``States.Timeout``. A missing heartbeat is
    ``States.Timeout`` and is matched as ``States.HeartbeatTimeout`` too (UNVERIFIED[sfn-heartbeat-error]: which of the
    two AWS reports).
    """
    if failure.error == RUNTIME:
        return False
    for name in names:
        if name == failure.error or (failure.heartbeat and name == HEARTBEAT_TIMEOUT):
            return True
        if name == ALL and failure.error not in NOT_IN_ALL:
            return True
        if name == TASK_FAILED and failure.error not in {TIMEOUT, *NOT_IN_ALL}:
            return True
    return False
