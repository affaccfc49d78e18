"""Where records really flow in the story: whether a broker runs, and what a consumer gets from the stream itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tools.dev import emulator_process
from tools.dev.show import Show
from tools.dev.workspace import Workspace

START_SECONDS = 300.0
CUT_OFF_SECONDS = 15.0
REFUSALS = ("SaslAuthenticationFailed", "AuthorizationFailed", "AccessDenied")
"""What a refused consumer is told: by Kafka at sign-in or for a group or topic, by Kinesis."""

Invoke = Callable[[], dict[str, Any]]
"""Runs the consumer's function once and answers Invoke's response with ``Payload`` read and parsed."""


class Flow:
    """Shows records on their way, or says why none flow.

    Args:
        workspace: the running local deployment.
        show: where to print and to remember checks.
    """

    def __init__(self, workspace: Workspace, show: Show) -> None:
        self._workspace = workspace
        self._show = show
        self._running: dict[str, bool] = {}

    def ready(self, resource_arn: str) -> bool:
        """Whether records can flow there. For a cluster its broker is started; if there is none, a line says why."""
        if ":kafka:" not in resource_arn:
            return True
        if resource_arn not in self._running:
            self._running[resource_arn] = self._start(resource_arn)
        return self._running[resource_arn]

    def _start(self, cluster_arn: str) -> bool:
        deadline = time.monotonic() + START_SECONDS
        said = ""
        while True:
            told = emulator_process.get(self._workspace, "kafka", {"wait": 10})
            assert isinstance(told, dict)
            broker = told["brokers"].get(cluster_arn)
            if broker is None:
                why = told["skipped"] or "the cluster has none"
                self._show.say(f"No broker runs, so no record flows: {why}. docs/kafka.md says how to get one.")
                return False
            if broker["state"] == "running":
                self._show.fact("Kafka broker", broker["note"])
                return True
            if broker["state"] == "failed" or time.monotonic() > deadline:
                self._show.say(f"No broker runs, so no record flows: {broker['note']}")
                return False
            if broker["note"] != said:
                said = broker["note"]
                self._show.say(f"… {said}")

    def written(self, answer: dict[str, Any]) -> None:
        """The producer's records arrived."""
        self._show.check("its records are in the stream", answer["written"] > 0, f"{answer['written']} records")

    def refused(self, kind: str, invoke: Invoke) -> None:
        """The consumer tries, and the stream itself refuses it."""
        body = invoke()
        said = str(body.get("Payload", {}).get("errorMessage", "")) if body.get("FunctionError") else "it read"
        self._show.check(
            f"a consumer that tries is refused by the {kind} itself", any(word in said for word in REFUSALS), said[:300]
        )

    def arrived(self, answer: dict[str, Any]) -> None:
        """The consumer has read and decoded records."""
        self._show.check(
            "it read the records and decoded each with the producer's registry",
            answer["read"] > 0 and answer["decoded"] == answer["read"],
            f"{answer['read']} records; the first: {json.dumps(json.loads(answer['first'] or 'null'))[:160]}…",
        )

    def cut_off(self, kind: str, invoke: Invoke) -> None:
        """Soon after the revoke the stream refuses the consumer."""
        started = time.monotonic()
        while True:
            body = invoke()
            seconds = time.monotonic() - started
            said = (
                str(body.get("Payload", {}).get("errorMessage", "")) if body.get("FunctionError") else "it still read"
            )
            held = any(word in said for word in REFUSALS)
            if held or seconds > CUT_OFF_SECONDS:
                self._show.check(f"the {kind} refuses the consumer again", held, f"{seconds:.1f} s later: {said[:250]}")
                return
