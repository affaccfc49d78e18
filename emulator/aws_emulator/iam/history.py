"""The history of policy documents: every write, in the order in which it took effect.

``GET /_emulator/policies`` answers ``{"writes": […]}``, each with its number, time, account, caller, service, operation
and parameters; ``?after=<number>`` the later ones; ``DELETE`` forgets them all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import ApiCall, ApiError
from aws_emulator.kernel.bounded import History, weight_of

WRITES = frozenset(
    {
        ("iam", "AttachRolePolicy"),
        ("iam", "CreatePolicy"),
        ("iam", "CreatePolicyVersion"),
        ("iam", "DeletePolicy"),
        ("iam", "DeleteRolePolicy"),
        ("iam", "DetachRolePolicy"),
        ("iam", "PutRolePolicy"),
        ("iam", "SetDefaultPolicyVersion"),
        ("iam", "UpdateAssumeRolePolicy"),
        ("kafka", "DeleteClusterPolicy"),
        ("kafka", "PutClusterPolicy"),
        ("kinesis", "DeleteResourcePolicy"),
        ("kinesis", "PutResourcePolicy"),
        ("kms", "CreateGrant"),
        ("kms", "PutKeyPolicy"),
        ("kms", "RevokeGrant"),
    }
)
LIMIT = 20_000
BUDGET = 32 * 2**20


class PolicyHistory:
    """Remembers the latest writes.

    Args:
        limit: writes that are kept.
        budget: bytes that their parameters may take; the answer's ``forgotten`` says how many are not.
    """

    def __init__(self, limit: int = LIMIT, budget: int = BUDGET) -> None:
        self._lock = threading.Lock()
        self._writes: History[dict[str, Any]] = History(limit, budget)
        self._number = 0
        self._cleared = 0

    def observe(self, call: ApiCall, result: dict[str, Any] | None, error: ApiError | None) -> None:
        """Note a write that took effect, before whoever made it is answered."""
        if error is not None or (call.service, call.operation) not in WRITES:
            return
        entry = {
            "time": time.time(),
            "account": call.caller.account,
            "caller": call.caller.role_arn or call.caller.arn,
            "service": call.service,
            "operation": call.operation,
            "params": dict(call.params),
        }
        with self._lock:
            self._number += 1
            self._writes.append({"number": self._number, **entry}, weight_of(entry["params"]))

    def route(self, method: str, query: Mapping[str, str], _: bytes) -> dict[str, Any]:
        """Serve ``/_emulator/policies``."""
        with self._lock:
            if method == "DELETE":
                self._writes.clear()
                self._cleared = self._number
                return {"writes": [], "forgotten": 0}
            after = int(query.get("after", 0))
            writes = [entry for entry in self._writes if entry["number"] > after]
            return {"writes": writes, "forgotten": self._number - self._cleared - len(self._writes)}
