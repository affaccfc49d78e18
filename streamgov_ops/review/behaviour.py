"""What deployed code will do differently: functions, state machines, rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from streamgov_ops.review.losses import GUARD
from streamgov_ops.review.markup import LATER, code, listed, short
from streamgov_ops.review.plan import UNKNOWN, Change
from streamgov_ops.review.settings import FUNCTION, LAYER, variables_of

_SETTINGS = ("handler", "runtime", "timeout", "memorySize", "architectures", "role")


def behaviour(change: Change) -> list[str]:
    """Sentences about an update of a function, machine or rule; none for anything else."""
    if change.kind not in ("update", "replace"):
        return []
    rule = {
        FUNCTION: _function,
        LAYER: _variables,
        "aws:sfn/stateMachine:StateMachine": _machine,
        "aws:cloudwatch/eventRule:EventRule": _rule,
        "pulumi-python:dynamic/streamgov:FormType": _form,
        GUARD: _guard,
    }.get(change.type)
    return list(rule(change)) if rule else []


def _place(change: Change) -> str:
    return f"{code(change.now.get('name') or change.name)}" + (f" in {code(change.account)}" if change.account else "")


def _hash(archive: Any) -> Any:
    """What identifies an archive: its content. Where it lies on the machine says nothing."""
    return archive.get("hash") if isinstance(archive, Mapping) else archive


def same_archive(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a function's code is the same."""
    return bool(_hash(before.get("code")) == _hash(after.get("code")))


def _function(change: Change) -> Iterator[str]:
    before, after = change.before, change.after
    if not same_archive(before, after):
        old, new = (str(_hash(item.get("code")) or "")[:12] for item in (before, after))
        yield f"function {_place(change)}: its **code changes** ({code(old)} → {code(new)})"
    for key in _SETTINGS:
        if before.get(key) != after.get(key):
            yield f"function {_place(change)}: {code(key)} {short(before.get(key))} → {short(after.get(key))}"
    yield from _variables(change)


def _variables(change: Change) -> Iterator[str]:
    old, new = (variables_of(change.type, inputs) for inputs in (change.before, change.after))
    if old == new:
        return
    who = f"function {_place(change)}" if change.type == FUNCTION else f"settings {_layer(change)}"
    if old is None or new is None:
        yield f"{who}: its variables are {LATER}"
        return
    for key in sorted({*old, *new}):
        if key not in new:
            yield f"{who}: variable {code(key)} goes (was {short(old[key])})"
        elif key not in old:
            yield f"{who}: variable {code(key)} = {short(new[key])} is new"
        elif old[key] != new[key]:
            yield f"{who}: variable {code(key)} {short(old[key])} → {short(new[key])}"


def _layer(change: Change) -> str:
    """The layer of settings, which has no input ``name``."""
    return f"{code(change.now.get('layerName') or change.name)}" + (
        f" in {code(change.account)}" if change.account else ""
    )


def _machine(change: Change) -> Iterator[str]:
    before, after = (inputs.get("definition") for inputs in (change.before, change.after))
    if before == after:
        return
    if not isinstance(before, str) or not isinstance(after, str) or UNKNOWN in (before, after):
        yield f"state machine {_place(change)}: its definition is {LATER}"
        return
    old, new = dict(_states(json.loads(before))), dict(_states(json.loads(after)))
    parts = [
        f"{verb} {listed(names)}"
        for verb, names in (
            ("new states", sorted(new.keys() - old.keys())),
            ("states gone:", sorted(old.keys() - new.keys())),
            ("states changed:", sorted(key for key in old.keys() & new.keys() if old[key] != new[key])),
        )
        if names
    ]
    yield f"state machine {_place(change)}: " + ("; ".join(parts) or "its outer settings change")


def _states(machine: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every state of a definition with those inside maps and branches, each without its inner machine."""
    for name, state in (machine.get("States") or {}).items():
        here = path + name
        own = {key: value for key, value in state.items() if key not in ("ItemProcessor", "Iterator", "Branches")}
        yield here, json.dumps(own, sort_keys=True)
        for key in ("ItemProcessor", "Iterator"):
            yield from _states(state.get(key) or {}, f"{here}/")
        for index, branch in enumerate(state.get("Branches") or [], 1):
            yield from _states(branch, f"{here}/{index}/")


def _form(change: Change) -> Iterator[str]:
    """Which fields of a form come and go; whether assets can follow is the preview's own verdict."""
    old, new = (_fields(inputs.get("model")) for inputs in (change.before, change.after))
    for word, found in (("gains", new.keys() - old.keys()), ("loses", old.keys() - new.keys())):
        if found:
            yield f"form type {_place(change)} {word} {listed(f'{key}: {(new | old)[key]}' for key in sorted(found))}"
    for key in sorted(old.keys() & new.keys()):
        if old[key] != new[key]:
            yield f"form type {_place(change)}: field {code(key)} {code(old[key])} → {code(new[key])}"


def _fields(model: Any) -> dict[str, str]:
    """Members of the structures of a Smithy model: name to type, with its traits before it."""
    fields: dict[str, str] = {}
    traits: list[str] = []
    for line in str(model or "").splitlines():
        text = line.strip().rstrip(",")
        if text.startswith("@"):
            traits.append(text)
            continue
        name, colon, type_ = text.partition(":")
        if colon and name.strip().isidentifier():
            fields[name.strip()] = " ".join([*traits, type_.strip()])
        traits = []
    return fields


def _guard(change: Change) -> Iterator[str]:
    """What a later destroy does; which parts of the stack the guard looks at is no news."""
    before, after = change.before.get("on_destroy"), change.after.get("on_destroy")
    if before != after:
        cascade = "revokes every grant and deletes every asset first"
        says = cascade if after == "cascade" else "is refused while grants or assets live"
        yield f"a later `pulumi destroy` {says}: {code('on_destroy')} {short(before)} → {short(after)}"


def _rule(change: Change) -> Iterator[str]:
    for key in ("eventPattern", "scheduleExpression", "state"):
        if change.before.get(key) != change.after.get(key):
            yield f"rule {_place(change)}: {code(key)} {short(change.before.get(key))} → {short(change.after.get(key))}"
