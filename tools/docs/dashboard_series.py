"""What a dashboard's graphs show of a recording: each metric row as lines of (seconds, value). Pure.

Rows are read as CloudWatch does (user guide, "Dashboard body structure"; "Using search expressions"), with the recorded
seconds cut into steps in place of five-minute periods.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = list[tuple[float, float]]
STEPS = 40
"""Into which the recorded time is cut."""
_SEARCH = re.compile(r"SEARCH\('\{([^}]*)\} MetricName=\"(\w+)\"[^']*', '(\w+)', \d+\)")


@dataclass(frozen=True)
class Line:
    """One line of a graph.

    Attributes:
        label: of the legend.
        values: at the middle of each step where there is one.
        right: whether its axis is the right one.
    """

    label: str
    values: Values
    right: bool = False


def lines(rows: Sequence[Sequence[Any]], recording: Mapping[str, Any]) -> list[Line]:
    """The visible lines of a graph, in the order of its rows; one without data is there, and empty."""
    found: list[Line] = []
    by_id: dict[str, Values] = {}
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        if not isinstance(row[0], str):
            found.extend(_expression(options, by_id, recording))
            continue
        stat = options.get("stat") or "Sum"
        raw = _raw(f"{row[0]} {row[1]}", _dimensions(row), recording)
        values = _stepped(raw, stat, recording["seconds"])
        by_id[options.get("id", "")] = values
        if options.get("visible") is not False:
            found.append(Line(_label(str(row[1]), options), values, options.get("yAxis") == "right"))
    # Rows that an expression uses may stand below it.
    return [
        Line(line.label, _running(line.values, by_id, recording["seconds"]))
        if isinstance(line.values, _Later)
        else line
        for line in found
    ]


class _Later(list[tuple[float, float]]):
    """The values of an expression over other rows, known when these are."""

    def __init__(self, terms: Sequence[str]) -> None:
        super().__init__()
        self.terms = terms


def _expression(
    options: Mapping[str, Any], by_id: Mapping[str, Values], recording: Mapping[str, Any]
) -> Iterator[Line]:
    text, label = str(options["expression"]), str(options.get("label") or "")
    search = _SEARCH.fullmatch(text)
    if search is None:
        yield Line(label, _Later(re.findall(r"\bm\d+\b", text)))
        return
    (namespace, *dimensions), metric, stat = search[1].split(","), search[2], search[3]
    hits = [
        series
        for series in recording["series"]
        if series["metric"] == f"{namespace} {metric}" and set(series["dimensions"]) == set(dimensions)
    ]
    for series in hits:
        others = [value for name, value in series["dimensions"].items() if name not in ("Deployment", "Function")]
        what = " ".join([label or metric, *(others or [series["dimensions"].get("Function", "")])])
        yield Line(what.strip(), _stepped(series["points"], stat, recording["seconds"]))
    if not hits:
        yield Line(label or metric, [])


def _running(values: Values, by_id: Mapping[str, Values], seconds: float) -> Values:
    """``RUNNING_SUM(m0-m1-…)``: the first less the others, added up."""
    assert isinstance(values, _Later)
    first, *others = values.terms
    total, sums = 0.0, []
    for middle in _middles(seconds):
        total += _at(by_id.get(first, []), middle) - sum(_at(by_id.get(term, []), middle) for term in others)
        sums.append((middle, total))
    return sums


def _at(values: Values, middle: float) -> float:
    return next((value for at, value in values if at == middle), 0.0)


def _dimensions(row: Sequence[Any]) -> dict[str, str]:
    parts = [part for part in row[2:] if isinstance(part, str)]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _raw(metric: str, dimensions: Mapping[str, str], recording: Mapping[str, Any]) -> list[list[float]]:
    return [
        point
        for series in recording["series"]
        if series["metric"] == metric and series["dimensions"] == dimensions
        for point in series["points"]
    ]


def _middles(seconds: float) -> list[float]:
    step = seconds / STEPS
    return [round((index + 0.5) * step, 3) for index in range(STEPS)]


def _stepped(points: Sequence[Sequence[float]], stat: str, seconds: float) -> Values:
    step = seconds / STEPS
    parts: dict[int, list[float]] = {}
    for at, value in points:
        parts.setdefault(min(int(at / step), STEPS - 1), []).append(value)
    middles = _middles(seconds)
    return [(middles[index], _statistic(values, stat)) for index, values in sorted(parts.items())]


def _statistic(values: Sequence[float], stat: str) -> float:
    if stat == "Sum":
        return sum(values)
    if stat == "Maximum":
        return max(values)
    ordered = sorted(values)
    return ordered[max(0, math.ceil(float(stat.removeprefix("p")) / 100 * len(ordered)) - 1)]


def _label(name: str, options: Mapping[str, Any]) -> str:
    label = str(options.get("label") or options.get("stat") or "")
    return " ".join(dict.fromkeys(part for part in (name, label) if part))
