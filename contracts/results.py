"""What AWS has answered so far: a file that is checked in, and what it says of a remark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contracts.probe import Probe
from contracts.runner import AS_EXPECTED, DIFFERENT, Outcome

RESULTS = Path(__file__).resolve().parent / "results.json"
"""The file of this checkout or installation."""


@dataclass(frozen=True)
class Result:
    """One answer of AWS.

    Attributes:
        date: the day, as 2027-01-31.
        region: where.
        expected: what the code expected then; another expectation since makes the answer old.
        answered: what AWS answered.
    """

    date: str
    region: str
    expected: Any
    answered: Any


def load(path: Path = RESULTS) -> dict[str, Result]:
    """The answers by probe; none where there is no file."""
    if not path.exists():
        return {}
    return {name: Result(**entry) for name, entry in json.loads(path.read_text()).items()}


def save(results: Mapping[str, Result], path: Path = RESULTS) -> None:
    """Write the answers, sorted by probe."""
    listed = {name: asdict(results[name]) for name in sorted(results)}
    path.write_text(json.dumps(listed, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def merged(known: Mapping[str, Result], outcomes: Iterable[Outcome], date: str, region: str) -> dict[str, Result]:
    """The known answers with those of a run; what a run did not ask or could not ask stays as it was."""
    asked = {
        each.probe.id: Result(date, region, each.probe.expects, each.answered)
        for each in outcomes
        if each.status in (AS_EXPECTED, DIFFERENT)
    }
    return {**known, **asked}


def state(probe: Probe, results: Mapping[str, Result]) -> str:
    """What is known of a probe, in words."""
    found = results.get(probe.id)
    if found is None:
        return "not asked yet"
    if found.expected != probe.expects:
        return f"asked on {found.date}, expected otherwise since"
    if found.answered == found.expected:
        return f"verified on {found.date}"
    return f"AWS differs ({found.date}): {json.dumps(found.answered, ensure_ascii=False)}"
