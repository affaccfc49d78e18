"""Faults on demand: any call can be throttled, refused, delayed, cut off before or after its effect.

``POST /_emulator/faults`` arms one, ``GET`` lists them with what they did, ``DELETE`` clears them.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.kernel import errors

KINDS = (
    "throttle",
    "server_error",
    "access_denied",
    "latency",
    "timeout_before",
    "timeout_after",
    "kill_function_before",
    "kill_function_after",
)


class ConnectionDropped(ApiError):
    """The connection breaks without an answer; SDKs see a closed connection."""

    def __init__(self) -> None:
        super().__init__("ConnectionClosed", "The connection was closed before an answer was sent.", 500)


@dataclass
class Fault:
    """One armed fault.

    Attributes:
        service: botocore name of the service, or a pattern (``*``).
        operation: operation name, or a pattern.
        kind: one of KINDS.
        caller: pattern on the caller's role ARN, or on its ARN if it is no role.
        account: account of the caller.
        nth: the first matching call that is hit, counted from 1.
        times: how many matching calls are hit from there on; 0 means all.
        seconds: of a ``latency`` fault.
        probability: chance that a call that could be hit is hit, drawn from a generator seeded with ``seed``.
    """

    service: str
    operation: str
    kind: str
    caller: str = "*"
    account: str | None = None
    nth: int = 1
    times: int = 1
    seconds: float = 1.0
    probability: float = 1.0
    seed: int = 0
    seen: int = 0
    hits: int = 0
    id: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Fault:
        """Read a fault from JSON.

        Raises:
            ValueError: a field is unknown or has a wrong value.
        """
        known = {name for name in cls.__dataclass_fields__ if name not in ("seen", "hits", "id", "_random")}
        if unknown := set(document) - known:
            raise ValueError(f"unknown field {sorted(unknown)[0]!r}; a fault has {', '.join(sorted(known))}")
        for name in ("service", "operation", "kind"):
            if not document.get(name):
                raise ValueError(f"{name!r} is missing")
        if document["kind"] not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {document['kind']!r}")
        fault = cls(**document)
        if fault.nth < 1 or fault.times < 0 or not 0 <= fault.probability <= 1 or fault.seconds < 0:
            raise ValueError("nth counts from 1, times and seconds from 0, probability lies between 0 and 1")
        fault._random = random.Random(fault.seed)
        return fault

    def takes(self, call: ApiCall) -> bool:
        """Whether this call is one that the fault is about."""
        return (
            fnmatchcase(call.service, self.service)
            and fnmatchcase(call.operation, self.operation)
            and (self.account is None or self.account == call.caller.account)
            and fnmatchcase(call.caller.role_arn or call.caller.arn, self.caller)
        )

    def fires(self) -> bool:
        """Count one matching call and say whether it is hit."""
        self.seen += 1
        if self.seen < self.nth or (self.times and self.hits >= self.times):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def describe(self) -> dict[str, Any]:
        """The fault as JSON, with its counts."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "_random"}


class Faults:
    """The armed faults, and a latency for every call."""

    def __init__(self, emulator: Emulator, sleep: Callable[[float], None] = time.sleep) -> None:
        self._emulator = emulator
        self._sleep = sleep
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self._next_id = 1
        self.latency_ms = 0.0

    def arm(self, document: Mapping[str, Any]) -> Fault:
        """Arm one fault.

        Raises:
            ValueError: the document is no fault.
        """
        fault = Fault.parse(document)
        with self._lock:
            fault.id = self._next_id
            self._next_id += 1
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarm all."""
        with self._lock:
            self._armed.clear()

    def before(self, call: ApiCall) -> list[Fault]:
        """Apply what happens before the call's effect; the answer goes to :meth:`after`.

        Raises:
            ApiError: the call is hit.
        """
        if self.latency_ms:
            self._sleep(self.latency_ms / 1000)
        if not self._armed:
            return []
        with self._lock:
            fired = [fault for fault in self._armed if fault.takes(call) and fault.fires()]
        for fault in fired:
            self._apply_before(fault, call)
        return fired

    def _apply_before(self, fault: Fault, call: ApiCall) -> None:
        if fault.kind == "latency":
            self._sleep(fault.seconds)
        elif fault.kind == "throttle":
            raise errors.throttling(call.service)
        elif fault.kind == "server_error":
            raise errors.server_error(call.service)
        elif fault.kind == "access_denied":
            raise errors.access_denied(call.service, call.caller.arn, call.operation)
        elif fault.kind == "timeout_before":
            raise ConnectionDropped
        elif fault.kind == "kill_function_before":
            self._kill(call)
            raise ConnectionDropped

    def after(self, fired: list[Fault], call: ApiCall) -> None:
        """Apply what happens after the call's effect.

        Raises:
            ConnectionDropped: the caller gets no answer.
        """
        for fault in fired:
            if fault.kind == "kill_function_after":
                self._kill(call)
            if fault.kind in ("timeout_after", "kill_function_after"):
                raise ConnectionDropped

    def _kill(self, call: ApiCall) -> None:
        kill = self._emulator.parts.get("compute.kill")
        if kill is None:
            raise ApiError("InternalFailure", "no part of this emulator runs functions, so none can be killed", 500)
        kill(call.caller.access_key)

    def route(self, method: str, _: Mapping[str, str], body: bytes) -> Any:
        """Serve ``/_emulator/faults``."""
        if method == "POST":
            document = json.loads(body)
            documents = document if isinstance(document, list) else [document]
            return {"faults": [self.arm(item).describe() for item in documents]}
        if method == "DELETE":
            self.clear()
        with self._lock:
            return {"faults": [fault.describe() for fault in self._armed]}
