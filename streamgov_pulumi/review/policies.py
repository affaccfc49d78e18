"""What changes between two policy documents, statement by statement, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.naming import PARTITIONS
from streamgov_pulumi.review.plan import UNKNOWN
from streamgov_pulumi.review.words import code, listed

# The elements of a statement whose values are sets (IAM user guide, "Grammar of the IAM JSON policy language").
_ACTIONS, _RESOURCES = ("Action", "NotAction"), ("Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")


@dataclass(frozen=True)
class Line:
    """One thing that a document allows or refuses, and did not before, or no longer does.

    Attributes:
        gain: its holder may do more than before.
        text: what, in words.
        alarm: why a reviewer should look at it first, or ''.
    """

    gain: bool
    text: str
    alarm: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement with its lists as sets; ``own``: it speaks of nobody but the account's own administrators."""

    sid: str
    effect: str
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    own: bool = False

    @property
    def allows(self) -> bool:
        """Whether it is an Allow."""
        return self.effect == "Allow"

    def __hash__(self) -> int:
        return hash((self.sid, self.effect, self.conditions))

    def part(self, names: tuple[str, ...]) -> str:
        """The values of one element, in words."""
        words = []
        for name in names:
            if name in self.sets:
                prefix = "everything but " if name.startswith("Not") else ""
                words.append(prefix + listed(sorted(self.sets[name])))
        return " and ".join(words)


class UnreadableDocument(ValueError):
    """A policy document that is not JSON, or whose value is known only during ``up``."""


def parse(document: Any, account: str = "") -> list[Statement]:
    """A document's statements; none if there is no document.

    Args:
        document: JSON text or what it says.
        account: the account that the document's owner is of.

    Raises:
        UnreadableDocument: its value is not known yet, secret, or not JSON.
    """
    if document in (None, ""):
        return []
    if isinstance(document, str):
        if UNKNOWN in document:
            raise UnreadableDocument("known only during `up`")
        try:
            document = json.loads(document)
        except ValueError as error:
            raise UnreadableDocument("not readable here") from error
    if not isinstance(document, Mapping):
        raise UnreadableDocument("not readable here")
    statements = document.get("Statement", [])
    return [_statement(item, account) for item in ([statements] if isinstance(statements, Mapping) else statements)]


def _statement(raw: Mapping[str, Any], account: str) -> Statement:
    sets: dict[str, frozenset[str]] = {}
    for name in (*_ACTIONS, *_RESOURCES):
        if name in raw:
            sets[name] = frozenset(many(raw[name]))
    for name in _PRINCIPALS:
        if name in raw:
            sets[name] = frozenset(_principals(raw[name]))
    own = {f"arn:{partition}:iam::{account}:root" for partition in PARTITIONS} | {account}
    return Statement(
        str(raw.get("Sid", "")),
        str(raw.get("Effect", "")),
        sets,
        frozenset(_conditions(raw.get("Condition") or {})),
        own=bool(account) and bool(sets.get("Principal")) and sets["Principal"] <= own,
    )


def many(value: Any) -> list[str]:
    """An element that may be one value or a list of them."""
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _principals(value: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return ["anybody" if value == "*" else str(value)]
    found = []
    for kind, names in value.items():
        for name in many(names):
            found.append("anybody" if name == "*" else name if kind in ("AWS", "Service") else f"{kind} {name}")
    return found


def _conditions(block: Mapping[str, Any]) -> Iterable[str]:
    for operator, keys in block.items():
        for key, values in keys.items():
            yield f"{key} {operator} {' or '.join(sorted(many(values)))}"


def compare(before: list[Statement], after: list[Statement]) -> list[Line]:
    """What the holder of the document gains and loses. An order of statements or values means nothing."""
    lines: list[Line] = []
    for old, new in _pairs(before, after):
        if old is None and new is not None:
            lines.append(_whole(new, appears=True))
        elif new is None and old is not None:
            lines.append(_whole(old, appears=False))
        elif old is not None and new is not None and old != new:
            lines.extend(_altered(old, new))
    return lines


def _pairs(before: list[Statement], after: list[Statement]) -> list[tuple[Statement | None, Statement | None]]:
    """Statements that belong together: equal ones, then by Sid, then those that share most of their actions."""
    rest = list(after)
    pairs: list[tuple[Statement | None, Statement | None]] = []
    open_: list[Statement] = []
    for old in before:
        if old in rest:
            rest.remove(old)
        else:
            open_.append(old)
    for old in open_:
        match = next((new for new in rest if old.sid and new.sid == old.sid and new.effect == old.effect), None)
        if match is None and not old.sid:
            alike = [new for new in rest if not new.sid and new.effect == old.effect and _shared(old, new)]
            match = max(alike, key=lambda new: _shared(old, new), default=None)
        if match is not None:
            rest.remove(match)
        pairs.append((old, match))
    return pairs + [(None, new) for new in rest]


def _shared(old: Statement, new: Statement) -> int:
    return sum(len(values & new.sets.get(name, frozenset())) for name, values in old.sets.items() if name in _ACTIONS)


def _whole(statement: Statement, *, appears: bool) -> Line:
    gain = statement.allows == appears
    verb = (
        ("may" if gain else "may no longer") if statement.allows else ("is refused" if appears else "no longer refuses")
    )
    alarm = ""
    if gain:
        alarm = _wide(statement) if statement.allows else "a refusal is taken away"
    return Line(gain, f"{_who(statement)}{verb} {_what(statement)}{_if(statement.conditions)}", alarm)


def _who(statement: Statement) -> str:
    who = statement.part(_PRINCIPALS)
    return f"{who} " if who else ""


def _what(statement: Statement) -> str:
    resources = statement.part(_RESOURCES)
    return statement.part(_ACTIONS) + (f" on {resources}" if resources else "")


def _if(conditions: frozenset[str]) -> str:
    return f", if {' and '.join(code(item) for item in sorted(conditions))}" if conditions else ""


def _wide(statement: Statement, only: Mapping[str, frozenset[str]] | None = None) -> str:
    """Why an Allow is wider than a reviewer should wave through, or ''."""
    sets = statement.sets if only is None else only
    reasons = []
    if any("anybody" in sets.get(name, ()) for name in _PRINCIPALS):
        reasons.append("anybody" + (" who meets its condition" if statement.conditions else ", without a condition"))
    if not statement.own and any(action == "*" or action.endswith(":*") for action in sets.get("Action", ())):
        reasons.append("every action of a service" if "*" not in sets.get("Action", ()) else "every action")
    if any(name.startswith("Not") for name in sets):
        reasons.append("everything but what it names")
    return ", ".join(reasons)


def _altered(old: Statement, new: Statement) -> list[Line]:
    if old.sets.keys() != new.sets.keys():
        # Action became NotAction, or the like: nothing of the two can be compared value by value.
        return [_whole(old, appears=False), _whole(new, appears=True)]
    lines: list[Line] = []
    sid = f" ({code(new.sid)})" if new.sid else ""
    for name in (*_PRINCIPALS, *_ACTIONS, *_RESOURCES):
        was, now = old.sets.get(name, frozenset()), new.sets.get(name, frozenset())
        # More values of a Not… element leave less.
        widens = new.allows != name.startswith("Not")
        for values, appears in ((now - was, True), (was - now, False)):
            if values:
                gain = appears == widens
                lines.append(Line(gain, _value_text(name, values, new, gain) + sid, _alarm(new, name, values, gain)))
    if old.conditions != new.conditions:
        lines.extend(_condition_lines(old, new, sid))
    return lines


def _alarm(statement: Statement, name: str, values: frozenset[str], gain: bool) -> str:
    if not gain:
        return ""
    return _wide(statement, {name: values}) if statement.allows else "a refusal covers less"


def _value_text(name: str, values: frozenset[str], statement: Statement, gain: bool) -> str:
    which = listed(sorted(values))
    if name in _PRINCIPALS:
        text = f"{which} {'may' if gain else 'may no longer'} {_what(statement)}"
    elif name in _ACTIONS:
        resources = statement.part(_RESOURCES)
        text = f"{_who(statement)}{'may' if gain else 'may no longer'} {which}" + (
            f" on {resources}" if resources else ""
        )
    else:
        text = f"{_who(statement)}{'may' if gain else 'may no longer'} {statement.part(_ACTIONS)} on {which}"
    if name.startswith("Not"):
        text += f" (through {name})"
    return text + _if(statement.conditions)


def _condition_lines(old: Statement, new: Statement, sid: str) -> list[Line]:
    lines = []
    for conditions, appears in ((old.conditions - new.conditions, False), (new.conditions - old.conditions, True)):
        if conditions:
            # A condition less lets an Allow reach further, and a Deny too (which then refuses more).
            gain = appears != new.allows
            which = " and ".join(code(item) for item in sorted(conditions))
            says = "is bound to a condition" if appears else "is no longer bound to the condition"
            verb = "may" if new.allows else "is refused"
            lines.append(
                Line(
                    gain,
                    f"{_who(new)}{verb} {_what(new)}: {says} {which}{sid}",
                    "a condition is taken away or replaced" if gain and new.allows else "",
                )
            )
    return lines
