"""Lambda SnapStart for the functions that a person waits for: machines name their aliases.

Rules: Lambda developer guide, "Improving startup performance with Lambda SnapStart" and the pages below it. Only
published versions have snapshots, so what invokes such a function names its alias, which names the newest version
(docs/adr/0018-byte-code-in-the-wheel.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamgov_core.deploy.spec import FunctionSpec
from streamgov_core.deploy.task_states import State, retry

DOMAIN_FUNCTIONS = ("collect", "report")
"""Functions of the domain account that a grant waits for. The reconciler runs on a schedule, and nobody waits."""
MEMBER_FUNCTIONS = ("apply",)
"""The same of a member account."""
SNAPSHOT_ERRORS = (
    "Lambda.SnapStartNotReadyException",
    "Lambda.SnapStartTimeoutException",
    "Lambda.ResourceNotFoundException",
)
"""Errors of Invoke that pass by themselves: a snapshot is made anew, or could not be restored in time; and an alias
that has just been moved may lead to the former version, which is gone (UNVERIFIED[lambda-moved-alias] whether it does).
"""


def through_aliases(definition: Mapping[str, Any], functions: Mapping[str, FunctionSpec]) -> State:
    """A machine that invokes functions with snapshots by their aliases, and waits for snapshots that are being made.

    Args:
        definition: of the machine, which names functions by their ARNs.
        functions: ARN -> function.
    """
    changed: State = {key: _changed(value, functions) for key, value in definition.items()}
    parameters = definition.get("Parameters")
    invoked = parameters.get("FunctionName") if isinstance(parameters, Mapping) else None
    alias = functions[invoked].alias if isinstance(invoked, str) and invoked in functions else None
    if alias is None or not alias.snapshots:
        return changed
    changed["Parameters"]["FunctionName"] = alias.arn
    patient = retry(SNAPSHOT_ERRORS, attempts=10, interval=5, ceiling=60)
    changed["Retry"] = [patient, *definition.get("Retry", [])]
    return changed


def _changed(value: Any, functions: Mapping[str, FunctionSpec]) -> Any:
    if isinstance(value, Mapping):
        return through_aliases(value, functions)
    if isinstance(value, list):
        return [_changed(item, functions) for item in value]
    return value
