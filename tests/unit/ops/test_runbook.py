"""The runbook names every alarm, cause, end and finding that there is, and nothing that is not there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from streamgov_core.deploy import spec
from streamgov_core.deploy.spec import AlarmSpec
from streamgov_core.domain import failure_class
from streamgov_core.model import errors
from streamgov_core.model.findings import KINDS
from streamgov_ops.runbook import ALARMS, CAUSES, ENDS, FINDINGS, alarm_advice
from tools.docs.deployments import NAMES, deployments


def alarms(part: Any) -> Iterator[AlarmSpec]:
    """Every alarm in a deployment's parts, whichever attribute holds it."""
    if isinstance(part, AlarmSpec):
        yield part
    elif isinstance(part, tuple | list):
        for item in part:
            yield from alarms(item)
    elif dataclasses.is_dataclass(part) and type(part).__module__.startswith("streamgov_core.deploy"):
        named = {name for name in dir(type(part)) if isinstance(getattr(type(part), name), property)}
        for name in {field.name for field in dataclasses.fields(part)} | {n for n in named if "alarm" in n}:
            yield from alarms(getattr(part, name))


def test_every_alarm_that_is_deployed_has_advice() -> None:
    names = {alarm.name for part in deployments() for alarm in alarms(part)}
    assert len(names) >= 12
    assert [name for name in sorted(names) if alarm_advice(name, NAMES.namespace) is None] == []
    used = {alarm_advice(name, NAMES.namespace) for name in names}
    assert [pattern for pattern, advice in ALARMS.items() if advice not in used] == [], "advice for no alarm"


def test_every_error_of_the_tree_and_every_class_of_failure_has_advice() -> None:
    tree = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    others = {failure_class.REFUSED, failure_class.OTHER, "Rejected", "States.Timeout", "States.HeartbeatTimeout"}
    assert set(CAUSES) == tree | others


def fails(states: Any) -> Iterator[str]:
    """The errors of every Fail state, however deep."""
    if isinstance(states, Mapping):
        if states.get("Type") == "Fail" and "Error" in states:
            yield str(states["Error"])
        for value in states.values():
            yield from fails(value)
    elif isinstance(states, list):
        for value in states:
            yield from fails(value)


def test_every_end_of_an_execution_has_advice() -> None:
    machines = [value for part in deployments() for value in vars(part).values() if isinstance(value, spec.MachineSpec)]
    assert {error for machine in machines for error in fails(machine.definition)} == set(ENDS)


def test_every_finding_has_advice() -> None:
    assert set(FINDINGS) == set(KINDS)
