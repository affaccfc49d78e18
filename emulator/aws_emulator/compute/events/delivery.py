"""Deliveries under way: a bounded pool of threads, retries with back-off, dead-letter queues, and a record of it all.

Source of the rules: EventBridge user guide, "How EventBridge retries delivering events" and "Using dead-letter queues
to process undelivered events".
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_emulator.api import Emulator
from aws_emulator.compute.events.queues import DeliveryError
from aws_emulator.compute.events.targets import SCHEDULER, Source, Targets
from aws_emulator.compute.retrying import Retrying
from aws_emulator.compute.timing import WorkInProgress
from aws_emulator.kernel.bounded import History, weight_of

MAXIMUM_ATTEMPTS = 185
MAXIMUM_AGE = 86_400
FIRST_DELAY = 2.0
LONGEST_DELAY = 600.0


@dataclass
class Delivery:
    """One event on its way to one target; ``record`` is what ``/_emulator/events`` shows of it."""

    source: Source
    target: Mapping[str, Any]
    payload: str
    event: Mapping[str, Any]
    record: dict[str, Any]
    trace: str | None = None
    attempts: int = 0
    waited: float = 0.0


class Deliveries:
    """Delivers in the background."""

    def __init__(self, emulator: Emulator, targets: Targets, work: WorkInProgress) -> None:
        self._targets = targets
        self._work = work
        self._retrying: Retrying[Delivery] = Retrying(emulator, "events", self._attempt)
        self.on_failure: Callable[[Source, str], None] = lambda source, metric: None
        """Told of failed deliveries by CloudWatch's names of them."""

    def submit(
        self,
        source: Source,
        target: Mapping[str, Any],
        payload: str,
        event: Mapping[str, Any],
        trace: str | None = None,
    ) -> dict[str, Any]:
        """Deliver something soon.

        Args:
            source: the rule or schedule.
            target: its settings.
            payload: what the target is sent.
            event: the event as it arrived.
            trace: the trace header that it came with.

        Returns:
            the record of the delivery, which changes as it proceeds.
        """
        record = {"rule": source.arn, "target": str(target["Arn"]), "status": "PENDING", "attempts": 0}
        self._work.begin("deliveries")
        self._retrying.now(Delivery(source, target, payload, event, record, trace))
        return record

    def close(self) -> None:
        """Stop delivering."""
        self._retrying.close()

    def _attempt(self, delivery: Delivery) -> None:
        over = True
        try:
            over = self._attempt_once(delivery)
        except Exception as error:
            delivery.record.update(status="FAILED", error=f"bug in the emulator: {type(error).__name__}: {error}")
        finally:
            if over:
                self._work.end("deliveries")

    def _attempt_once(self, delivery: Delivery) -> bool:
        """Deliver once; True when nothing more will happen."""
        delivery.record["attempts"] = delivery.attempts + 1
        try:
            self._targets.deliver(delivery.source, delivery.target, delivery.payload, delivery.event, delivery.trace)
        except DeliveryError as error:
            return self._failed(delivery, error)
        delivery.record["status"] = "DELIVERED"
        return True

    def _failed(self, delivery: Delivery, error: DeliveryError) -> bool:
        policy = delivery.target.get("RetryPolicy") or {}
        attempts = int(policy.get("MaximumRetryAttempts", MAXIMUM_ATTEMPTS))
        age = float(policy.get("MaximumEventAgeInSeconds", MAXIMUM_AGE))
        delivery.record["error"] = str(error)
        if not error.retryable:
            self._give_up(delivery, error, None)
            return True
        if delivery.attempts >= attempts:
            self._give_up(delivery, error, "MaximumRetryAttempts")
            return True
        delay = min(FIRST_DELAY * 2**delivery.attempts, LONGEST_DELAY) * random.uniform(0.5, 1.0)
        if delivery.waited + delay > age:
            self._give_up(delivery, error, "MaximumEventAgeInSeconds")
            return True
        delivery.attempts += 1
        delivery.waited += delay
        delivery.record["status"] = "RETRYING"
        self._retrying.later(delivery, delay)
        return False

    def _give_up(self, delivery: Delivery, error: DeliveryError, exhausted: str | None) -> None:
        delivery.record["status"] = "FAILED"
        self.on_failure(delivery.source, "FailedInvocations")
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        scheduled = delivery.source.service == SCHEDULER
        attributes = {
            ("SCHEDULE_ARN" if scheduled else "RULE_ARN"): delivery.source.arn,
            "TARGET_ARN": str(delivery.target["Arn"]),
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message[:1024] or error.code,
            "RETRY_ATTEMPTS": str(delivery.attempts),
        }
        if exhausted:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        # UNVERIFIED[events-dead-letter-body]: that the body is the event as it arrived, before the target's input
        # transformation.
        body = delivery.payload if scheduled else json.dumps(delivery.event)
        source = delivery.source
        try:
            self._targets.dead_letter(source, delivery.target, queue, body, attributes)
        except DeliveryError as refused:
            delivery.record["deadLetterError"] = str(refused)
            self.on_failure(source, "InvocationsFailedToBeSentToDlq")
            return
        delivery.record["deadLetter"] = queue
        self.on_failure(source, "InvocationsSentToDlq")


class EventRecord:
    """What was put on the buses, for people and tests."""

    def __init__(self, limit: int = 2000, budget: int = 16 * 2**20) -> None:
        self._lock = threading.Lock()
        self._entries: History[dict[str, Any]] = History(limit, budget)

    def add(self, entry: dict[str, Any]) -> None:
        """Remember an event."""
        with self._lock:
            self._entries.append(entry, weight_of(entry))

    def find(self, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """The events whose members equal these texts, the oldest first."""
        with self._lock:
            entries = list(self._entries)
        return [entry for entry in entries if all(str(entry.get(name)) == value for name, value in filters.items())]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._entries.clear()
