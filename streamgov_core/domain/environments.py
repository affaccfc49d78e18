"""Which DataZone environments receive access, by their status (API GetEnvironment, shape EnvironmentStatus)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamgov_core.model.errors import PermanentGrantError

USABLE = frozenset({"ACTIVE", "UPDATING", "UPDATE_FAILED", "DELETE_FAILED"})
"""An environment that is being changed, or could not be changed or deleted, is still there."""
GONE = frozenset({"DELETING", "DELETED"})
"""One that is not found is gone as well.

UNVERIFIED[dz-deleted-environment]: that GetEnvironment shows a deleted environment for a while.
"""


def status_of(environment: Mapping[str, Any]) -> str:
    """The environment's status; an answer without one is that of an environment that is there."""
    return str(environment.get("status") or "ACTIVE")


def refuse_unusable(environment: Mapping[str, Any]) -> None:
    """Refuse an environment that does not receive access.

    Args:
        environment: GetEnvironment's answer.

    Raises:
        PermanentGrantError: it is not in use.
    """
    status = status_of(environment)
    if status not in USABLE:
        raise PermanentGrantError(
            f"the environment {environment.get('id')} is {status} and receives no access: "
            + ("make a new one and ask again" if status in GONE else "bring it back, then ask again")
        )
