"""The runbook names every alarm, cause, end and finding that there is, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streamgov_core.domain import failure_class
from streamgov_core.model import errors
from streamgov_core.model.findings import KINDS
from streamgov_ops.cli.app import COMMANDS
from streamgov_ops.runbook import ALARMS, CAUSES, ENDS, FINDINGS, Advice, alarm_advice
from tools.docs import runbook
from tools.docs.deployments import NAMES, deployments
from tools.docs.runbook import alarms, fails, machines

ROOT = Path(__file__).resolve().parents[3]


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


def test_every_end_of_an_execution_has_advice() -> None:
    assert {error for machine in machines() for error, _ in fails(machine.definition)} == set(ENDS)


def test_every_finding_has_advice() -> None:
    assert set(FINDINGS) == set(KINDS)


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "runbook.md").read_text() == runbook.page(), "run python -m tools.docs.runbook"


@pytest.mark.parametrize("advice", runbook.every_advice(), ids=lambda advice: advice.do[:40])
def test_advice_names_commands_that_there_are(advice: Advice) -> None:
    named = re.findall(r"`streamgov (\w+)", advice.do + advice.means)
    assert set(named) <= set(COMMANDS) and advice.do
