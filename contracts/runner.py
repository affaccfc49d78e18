"""Runs probes one after the other, and cleans up whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from contracts.probe import Probe
from contracts.probe_run import NotAskedError, ProbeRun, SetupError

AS_EXPECTED = "as expected"
DIFFERENT = "different"
NOT_ASKED = "not asked"
FAILED = "failed"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of a probe.

    Attributes:
        probe: the probe.
        status: AS_EXPECTED, DIFFERENT, NOT_ASKED or FAILED.
        answered: the answer, where there is one.
        reason: why it was not asked, or what failed.
    """

    probe: Probe
    status: str
    answered: Any = None
    reason: str = ""


def run(probes: Iterable[Probe], probe_run: ProbeRun, say: Say = lambda text: None) -> list[Outcome]:
    """Ask every probe; everything that the run made is removed at the end, also after an error or an interrupt.

    Args:
        probes: in this order.
        probe_run: the run.
        say: told of progress, a line each.
    """
    outcomes = []
    try:
        for each in probes:
            outcome = _ask(each, probe_run)
            outcomes.append(outcome)
            say(f"{outcome.status:<12} {each.id}" + (f": {outcome.reason}" if outcome.reason else ""))
            probe_run.clean_up(everything=False, say=say)
    finally:
        left = probe_run.clean_up(everything=True, say=say)
        if probe_run.journal.close():
            say("everything that this run made is removed")
        else:
            say(f"{len(left)} things are left; `streamgov contracts --clean-up` tries again ({probe_run.journal.path})")
    return outcomes


def _ask(each: Probe, probe_run: ProbeRun) -> Outcome:
    try:
        with probe_run.recording(each.id):
            answered = each.ask(probe_run)
    except NotAskedError as error:
        return Outcome(each, NOT_ASKED, reason=str(error))
    except SetupError as error:
        return Outcome(each, FAILED, reason=str(error))
    except Exception as error:
        # One question that cannot be put must not take the others with it.
        return Outcome(each, FAILED, reason=f"{type(error).__name__}: {error}")
    return Outcome(each, AS_EXPECTED if answered == each.expects else DIFFERENT, answered)
