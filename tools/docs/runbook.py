"""Write docs/runbook.md: every alarm, cause, end of an execution and finding, with what to do.

Gathered from the deploy specs, the error tree, the machines' definitions, the reconciler's kinds, and
``streamgov_ops.runbook``. Run ``python -m tools.docs.runbook`` after changing one; a test holds the file against them.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from streamgov_core.deploy.spec import AlarmSpec, MachineSpec
from streamgov_core.model import errors
from streamgov_core.model.findings import KINDS
from streamgov_ops.runbook import ALARMS, CAUSES, ENDS, FINDINGS, Advice
from tools.docs.deployments import NAMES, deployments

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "runbook.md"
_HEAD = """# Runbook

What to do, by what you see. `streamgov status` says which of these is the case now, `streamgov explain <grant>` tells
the life of one grant. This page is generated (`python -m tools.docs.runbook`): an alarm, cause, end or finding that is
not here does not exist, and a test holds that.

"""
_CAUSES = """
## Causes of failures

The metrics `GrantsFailed` and `RevokesFailed` count them in the dimension `Cause`; the text of the failure names what
and where.

| cause | is a | means | do |
| --- | --- | --- | --- |
"""
_ENDS = """
## Ends of executions

The error of a failed execution of a state machine.

| error | machine | means | do |
| --- | --- | --- | --- |
"""
_FINDINGS = """
## Findings of the reconciler

`streamgov reconcile` lists them now; each run publishes a metric and an event for each kind.

| kind | means | do |
| --- | --- | --- |
"""


def alarms(part: Any) -> Iterator[AlarmSpec]:
    """Every alarm in a deployment's parts, whichever attribute or property holds it."""
    if isinstance(part, AlarmSpec):
        yield part
    elif isinstance(part, tuple | list):
        for item in part:
            yield from alarms(item)
    elif dataclasses.is_dataclass(part) and type(part).__module__.startswith("streamgov_core.deploy"):
        made = {name for name in dir(type(part)) if isinstance(getattr(type(part), name), property)}
        for name in sorted(
            {field.name for field in dataclasses.fields(part)} | {one for one in made if "alarm" in one}
        ):
            yield from alarms(getattr(part, name))


def machines() -> list[MachineSpec]:
    """The state machines of a deployment."""
    return [value for part in deployments() for value in vars(part).values() if isinstance(value, MachineSpec)]


def fails(states: Any) -> Iterator[tuple[str, str]]:
    """Error and cause of every Fail state, however deep."""
    if isinstance(states, Mapping):
        if states.get("Type") == "Fail" and "Error" in states:
            yield str(states["Error"]), str(states.get("Cause", ""))
        for value in states.values():
            yield from fails(value)
    elif isinstance(states, list):
        for value in states:
            yield from fails(value)


def page() -> str:
    """The page as it should be."""
    parts = [_HEAD, *_alarms(), *_causes(), *_ends(), *_findings()]
    return "".join(parts)


def _alarms() -> Iterator[str]:
    yield "## Alarms\n\nBy the end of the alarm's name, after the namespace.\n\n"
    yield "| alarm | watches | means | do |\n| --- | --- | --- | --- |\n"
    found = {alarm.name: alarm for part in deployments() for alarm in alarms(part)}
    for pattern, advice in ALARMS.items():
        watched = [
            f"`{alarm.namespace}` {alarm.metric}"
            for name, alarm in sorted(found.items())
            if fnmatch.fnmatchcase(name.removeprefix(f"{NAMES.namespace}-"), pattern)
        ]
        yield f"| `{pattern}` | {watched[0]} | {advice.means} | {advice.do} |\n"


def _causes() -> Iterator[str]:
    yield _CAUSES
    for name, advice in CAUSES.items():
        found = getattr(errors, name, None)
        base = found.__mro__[1].__name__ if isinstance(found, type) else ""
        yield f"| `{name}` | {f'`{base}`' if base and base != 'Exception' else ''} | {advice.means} | {advice.do} |\n"


def _ends() -> Iterator[str]:
    yield _ENDS
    where = {
        error: sorted({machine.name.removeprefix(f"{NAMES.namespace}-") for machine in machines()
                       if error in {found for found, _ in fails(machine.definition)}})
        for error in ENDS
    }  # fmt: skip
    for error, advice in ENDS.items():
        yield f"| `{error}` | {', '.join(where[error])} | {advice.means} | {advice.do} |\n"


def _findings() -> Iterator[str]:
    yield _FINDINGS
    for kind, advice in FINDINGS.items():
        yield f"| `{kind}` | {KINDS[kind]} | {advice.do} |\n"


def every_advice() -> list[Advice]:
    """All advice, for tests."""
    return [*ALARMS.values(), *CAUSES.values(), *ENDS.values(), *FINDINGS.values()]


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}")
