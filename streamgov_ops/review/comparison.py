"""What changes between two policy documents, statement by statement, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streamgov_ops.review.harm import Alarm, Harm
from streamgov_ops.review.markup import code, listed
from streamgov_ops.review.patterns import ANYBODY, covers_every_role, uncovered
from streamgov_ops.review.statements import ACTIONS, PRINCIPALS, RESOURCES, Condition, Statement, in_words

_ROLE_WRITES = (
    "iam:attach", "iam:create", "iam:delete", "iam:detach", "iam:pass", "iam:put", "iam:update", "sts:assume",
)  # fmt: skip
_REFUSAL_GONE = Alarm(Harm.ACCESS_WIDENED, "a refusal is taken away")
_REFUSAL_LESS = Alarm(Harm.ACCESS_WIDENED, "a refusal covers less")


@dataclass(frozen=True)
class Line:
    """One thing that a document allows or refuses, and did not before, or no longer does.

    Attributes:
        gain: its holder may do more than before.
        text: what; Markdown.
        alarm: why a reviewer should look at it first, or None.
        refusal: it is about a Deny.
    """

    gain: bool
    text: str
    alarm: Alarm | None = None
    refusal: bool = False


def compare(before: list[Statement], after: list[Statement]) -> list[Line]:
    """What the holder of the document gains and loses.

    The order of statements and values means nothing, and neither does a value that another one covers.
    """
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
    unmatched: list[Statement] = []
    for old in before:
        if old in rest:
            rest.remove(old)
        else:
            unmatched.append(old)
    for old in unmatched:
        match = next((new for new in rest if old.sid and new.sid == old.sid and new.effect == old.effect), None)
        if match is None and not old.sid:
            alike = [new for new in rest if not new.sid and new.effect == old.effect and _shared(old, new)]
            match = max(alike, key=lambda new: _shared(old, new), default=None)
        if match is not None:
            rest.remove(match)
        pairs.append((old, match))
    return pairs + [(None, new) for new in rest]


def _shared(old: Statement, new: Statement) -> int:
    return sum(len(values & new.sets.get(name, frozenset())) for name, values in old.sets.items() if name in ACTIONS)


def _whole(statement: Statement, *, appears: bool) -> Line:
    gain = statement.allows == appears
    if statement.allows:
        verb = "may" if gain else "may no longer"
        alarm = _wide(statement) if gain else None
    else:
        verb = "is refused" if appears else "is no longer refused"
        alarm = _REFUSAL_GONE if gain else None
    text = f"{_who(statement)}{verb} {_what(statement)}{_if(statement)}"
    return Line(gain, text, alarm, refusal=not statement.allows)


def _who(statement: Statement) -> str:
    who = statement.part(PRINCIPALS)
    return f"{who} " if who else ""


def _what(statement: Statement) -> str:
    resources = statement.part(RESOURCES)
    return statement.part(ACTIONS) + (f" on {resources}" if resources else "")


def _if(statement: Statement) -> str:
    return f", if {in_words(statement.conditions)}" if statement.conditions else ""


def _wide(statement: Statement, only: Mapping[str, frozenset[str]] | None = None) -> Alarm | None:
    """Why an Allow is wider than a reviewer should pass without a thought, the worst reason first."""
    sets = statement.sets if only is None else only
    found: list[Alarm] = []
    if any(ANYBODY in sets.get(name, ()) for name in PRINCIPALS):
        bound = "anybody who meets its condition" if statement.conditions else "anybody, without a condition"
        found.append(Alarm(Harm.OPEN_TO_ALL, bound))
    if not statement.own and any(action == "*" or action.endswith(":*") for action in sets.get("Action", ())):
        every = "*" in sets.get("Action", ())
        found.append(Alarm(Harm.OPEN_TO_ALL, "every action" if every else "every action of a service"))
    if any(name.startswith("Not") for name in sets):
        found.append(Alarm(Harm.OPEN_TO_ALL, "everything but what it names"))
    if not statement.own and _writes_every_role(statement, sets):
        found.append(Alarm(Harm.OPEN_TO_ALL, "every role of the account"))
    if not found:
        return None
    return Alarm(min(item.harm for item in found), ", ".join(item.reason for item in sorted(found, key=_by_harm)))


def _by_harm(alarm: Alarm) -> Harm:
    return alarm.harm


def _writes_every_role(statement: Statement, sets: Mapping[str, frozenset[str]]) -> bool:
    """Whether it may change, use or hand on any role of an account."""
    if not {"Action", "Resource"} & sets.keys():
        return False
    actions, resources = ({**statement.sets, **sets}.get(name, frozenset()) for name in ("Action", "Resource"))
    return any(action.lower().startswith(_ROLE_WRITES) for action in actions) and any(map(covers_every_role, resources))


def _altered(old: Statement, new: Statement) -> list[Line]:
    if old.sets.keys() != new.sets.keys():
        # Action became NotAction, or the like: nothing of the two can be compared value by value.
        return [_whole(old, appears=False), _whole(new, appears=True)]
    lines: list[Line] = []
    sid = f" ({code(new.sid)})" if new.sid else ""
    for name in (*PRINCIPALS, *ACTIONS, *RESOURCES):
        was, now = old.sets.get(name, frozenset()), new.sets.get(name, frozenset())
        # More values of a Not… element leave less.
        widens = new.allows != name.startswith("Not")
        for values, appears in ((uncovered(now, was, name), True), (uncovered(was, now, name), False)):
            if values:
                gain = appears == widens
                text = _value_text(name, values, new, gain) + sid
                lines.append(Line(gain, text, _alarm(new, name, values, gain), refusal=not new.allows))
    lines.extend(_condition_lines(old, new, sid))
    return lines


def _alarm(statement: Statement, name: str, values: frozenset[str], gain: bool) -> Alarm | None:
    if not gain:
        return None
    return _wide(statement, {name: values}) if statement.allows else _REFUSAL_LESS


def _value_text(name: str, values: frozenset[str], statement: Statement, gain: bool) -> str:
    which, verb = listed(sorted(values)), "may" if gain else "may no longer"
    if name in PRINCIPALS:
        text = f"{which} {verb} {_what(statement)}"
    elif name in ACTIONS:
        resources = statement.part(RESOURCES)
        text = f"{_who(statement)}{verb} {which}" + (f" on {resources}" if resources else "")
    else:
        text = f"{_who(statement)}{verb} {statement.part(ACTIONS)} on {which}"
    if name.startswith("Not"):
        text += f" (through {name})"
    return text + _if(statement)


def _condition_lines(old: Statement, new: Statement, sid: str) -> Iterator[Line]:
    """What happens to the conditions: replaced, loosened, tightened, dropped or added."""
    was, now = old.conditions - new.conditions, new.conditions - old.conditions
    holder = f"{_who(new)}{'may' if new.allows else 'is refused'} {_what(new)}"
    for before, after in _same_key(was, now):
        was, now = was - {before}, now - {after}
        yield _replaced(new, holder, frozenset({before}), frozenset({after}), sid)
    if was and now:
        yield _replaced(new, holder, was, now, sid)
    elif was or now:
        # A condition less lets an Allow reach further, and a Deny too (which then refuses more).
        gain = bool(was) == new.allows
        says = "is no longer bound to the condition" if was else "is bound to the condition"
        alarm = Alarm(Harm.LIMIT_DROPPED, "a condition is dropped") if new.allows else _REFUSAL_LESS
        text = f"{holder}: {says} {in_words(was or now)}{sid}"
        yield Line(gain, text, alarm if gain else None, refusal=not new.allows)


def _same_key(was: frozenset[Condition], now: frozenset[Condition]) -> list[tuple[Condition, Condition]]:
    """A condition and the one that takes its place: those that are alone with their key on both sides."""
    pairs = []
    for before in sorted(was, key=str):
        key = before.key.lower()
        after = [item for item in now if item.key.lower() == key]
        if len(after) == 1 and len([item for item in was if item.key.lower() == key]) == 1:
            pairs.append((before, after[0]))
    return pairs


def _replaced(new: Statement, holder: str, was: frozenset[Condition], now: frozenset[Condition], sid: str) -> Line:
    tighter = all(any(after.within(before) for after in now) for before in was)
    looser = not tighter and all(any(before.within(after) for before in was) for after in now)
    gain = not tighter if new.allows else not looser
    how = "is tightened to" if tighter else "is loosened to" if looser else "is replaced by"
    noun = "the condition" if len(was) == 1 else "the conditions"
    if not new.allows:
        alarm = _REFUSAL_LESS
    elif looser:
        alarm = Alarm(Harm.ACCESS_WIDENED, "a condition is loosened")
    else:
        alarm = Alarm(Harm.LIMIT_REPLACED, "a condition is replaced")
    text = f"{holder}: {noun} {in_words(was)} {how} {in_words(now)}{sid}"
    return Line(gain, text, alarm if gain else None, refusal=not new.allows)
