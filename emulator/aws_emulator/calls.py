"""The call log: who called what, since it was last cleared."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import ApiCall, ApiError
from aws_emulator.kernel.bounded import History

DETAIL_LIMIT = 20_000
ENTRY_BYTES = 1200
"""Of an entry, which holds names and digests only."""
COUNTED = 20_000
"""Combinations of account, caller, service and operation that are counted; the oldest make room."""


class CallLog:
    """Counts calls by (account, caller, service, operation) and keeps the latest ones in order.

    ``GET /_emulator/calls`` answers the counts, ``?detail=1`` the ordered entries, ``DELETE`` clears both.
    """

    def __init__(self, limit: int = DETAIL_LIMIT) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str, str]] = Counter()
        self._entries: History[dict[str, Any]] = History(limit, limit * ENTRY_BYTES)
        self._sequence = 0

    def begin(self, call: ApiCall) -> dict[str, Any]:
        """Record that a call arrived; the returned entry is completed by :meth:`end`."""
        caller = call.caller.role_arn or call.caller.arn
        entry: dict[str, Any] = {
            "account": call.caller.account,
            "caller": caller,
            "session": call.caller.arn,
            "source_identity": call.caller.source_identity,
            "session_tags": dict(call.caller.session_tags),
            "service": call.service,
            "operation": call.operation,
            "region": call.region,
            "request_id": call.request_id,
            "started": time.time(),
            "seconds": None,
            "error": None,
            "params_digest": digest(call.params),
            "source_arn": call.source_arn,
        }
        with self._lock:
            self._sequence += 1
            entry["sequence"] = self._sequence
            self._counts[(call.caller.account, caller, call.service, call.operation)] += 1
            if len(self._counts) > COUNTED:
                del self._counts[next(iter(self._counts))]
            self._entries.append(entry, ENTRY_BYTES)
        return entry

    def end(self, entry: dict[str, Any], error: ApiError | None) -> None:
        """Record how a call ended."""
        entry["seconds"] = round(time.time() - entry["started"], 6)
        entry["error"] = error.code if error else None

    def route(self, method: str, query: Mapping[str, str], _: bytes) -> dict[str, Any]:
        """Serve ``/_emulator/calls``."""
        if method == "DELETE":
            with self._lock:
                self._counts.clear()
                self._entries.clear()
            return {"calls": []}
        with self._lock:
            if query.get("detail"):
                return {"calls": [dict(entry) for entry in self._entries], "total": self._sequence}
            rows = sorted(self._counts.items())
        keys = ("account", "caller", "service", "operation")
        return {"calls": [{**dict(zip(keys, row, strict=True)), "count": count} for row, count in rows]}


def digest(params: Mapping[str, Any]) -> str:
    """A short fingerprint of a call's parameters, stable across runs."""
    text = json.dumps(
        params, sort_keys=True, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
