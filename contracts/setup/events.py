"""EventBridge events of a run, read from a queue."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from contracts.probe import setup
from contracts.probe_run import ProbeRun, policy
from contracts.setup.domain import domain


@dataclass
class EventLog:
    """The events that a rule has put into a queue."""

    probe_run: ProbeRun
    queue_url: str
    seen: list[dict[str, Any]] = field(default_factory=list)

    def drain(self) -> list[dict[str, Any]]:
        """Everything so far."""
        sqs = self.probe_run.client("sqs")
        while found := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self.seen.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return self.seen

    def find(self, fits: Any, what: str, seconds: float = 180) -> dict[str, Any]:
        """The first event that fits.

        Raises:
            TimeoutError: none came.
        """
        return self.probe_run.wait(what, lambda: next(filter(fits, self.drain()), None), seconds)


def make_queue(probe_run: ProbeRun, stem: str, *services: str) -> tuple[str, str]:
    """A queue that services may send to; its address and ARN."""
    name = probe_run.name(stem)
    arn = f"arn:aws:sqs:{probe_run.region}:{probe_run.account}:{name}"
    document = policy({"Principal": {"Service": list(services)}, "Action": "sqs:SendMessage", "Resource": arn})
    url = probe_run.client("sqs").create_queue(
        QueueName=name, Attributes={"Policy": document} if services else {}, tags=probe_run.tags
    )["QueueUrl"]
    probe_run.later("sqs", "delete_queue", QueueUrl=url)
    return str(url), arn


def make_rule(probe_run: ProbeRun, pattern: dict[str, Any], target: dict[str, Any]) -> str:
    """A rule with one target; its name."""
    events, name = probe_run.client("events"), probe_run.name("rule")
    probe_run.later("events", "delete_rule", Name=name)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), Tags=probe_run.tag_list)
    probe_run.later("events", "remove_targets", Rule=name, Ids=["1"])
    events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
    return name


def make_log(probe_run: ProbeRun, pattern: dict[str, Any]) -> EventLog:
    """A log of the events that fit a pattern."""
    url, arn = make_queue(probe_run, "events", "events.amazonaws.com")
    make_rule(probe_run, pattern, {"Arn": arn})
    return EventLog(probe_run, url)


@setup("log of the domain's events", uses=(domain,), usd=0.01)
def domain_events(probe_run: ProbeRun) -> EventLog:
    """Every event of the throwaway domain."""
    here = domain(probe_run)
    return make_log(probe_run, {"source": ["aws.datazone"], "detail": {"metadata": {"domain": [here.id]}}})


def domain_event(probe_run: ProbeRun, kind: str, identifier: str) -> dict[str, Any]:
    """The domain's first event of a kind about an object."""

    def fits(event: dict[str, Any]) -> bool:
        return bool(event["detail-type"] == kind and event["detail"]["metadata"]["id"] == identifier)

    return domain_events(probe_run).find(fits, f"the event {kind!r}")


def shape(value: Any) -> Any:
    """A value's members, without what they hold: names of types, lists by their first member."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "null" if value is None else type(value).__name__
