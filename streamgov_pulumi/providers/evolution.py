"""The verdict on a change of a form type: safe, or breaking for assets and readers that know the form as it was.

Assets keep the form revision that they were written with, and the next sync writes them anew with the new one. A change
is safe if whatever is a legal value of the old form is one of the new form, and no field vanishes that somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamgov_pulumi.providers.smithy import Member, Model, Shape

CONSTRAINTS = ("length", "pattern", "range", "uniqueItems", "enum")
"""Smithy traits that narrow what a value may be."""


@dataclass(frozen=True)
class Verdict:
    """What a change of a form does.

    Args:
        breaking: sentences on what old assets or readers cannot follow.
        safe: sentences on everything else.
    """

    breaking: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()

    @property
    def is_breaking(self) -> bool:
        """Whether an old asset or reader is left behind."""
        return bool(self.breaking)

    def __str__(self) -> str:
        parts = [f"breaking: {'; '.join(self.breaking)}"] if self.breaking else []
        parts += [f"safe: {'; '.join(self.safe)}"] if self.safe else []
        return " - ".join(parts) or "nothing changes for assets"


def verdict(name: str, old: Model, new: Model) -> Verdict:
    """Judge the change of a form type.

    Args:
        name: the form type's name, which is its main structure's.
        old: the model before.
        new: the model after.
    """
    breaking: list[str] = []
    safe: list[str] = []
    for is_breaking, sentence in _compared(name, name, name, old, new, set()):
        found = breaking if is_breaking else safe
        if sentence not in found:
            found.append(sentence)
    return Verdict(tuple(breaking), tuple(safe))


Finding = tuple[bool, str]


def _compared(
    path: str, before: str, after: str, old: Model, new: Model, seen: set[tuple[str, str]]
) -> Iterator[Finding]:
    """Findings on two shapes and on what they refer to; shapes count by what they hold, not by their names."""
    if (before, after) in seen:
        return
    seen.add((before, after))
    left, right = _shape(old, before), _shape(new, after)
    if left is None or right is None:
        # At least one is a type of Smithy's prelude such as String: those have no members, only names.
        if before != after:
            yield True, f"{path} changes its type from {before} to {after}"
        return
    if left.kind != right.kind:
        yield True, f"{path} changes from a {left.kind} to a {right.kind}"
        return
    yield from _constraints(path, left.traits, right.traits)
    if left.kind in ("structure", "list", "map", "union", "enum", "intEnum"):
        yield from _members(path, left, right, old, new, seen)


def _members(
    path: str, left: Shape, right: Shape, old: Model, new: Model, seen: set[tuple[str, str]]
) -> Iterator[Finding]:
    before = {member.name: member for member in left.members}
    after = {member.name: member for member in right.members}
    for name in sorted(set(before) - set(after)):
        yield True, f"{path}.{name} is removed"
    for name in sorted(set(after) - set(before)):
        if after[name].required and not _default(after[name]):
            yield True, f"{path}.{name} is added and required"
        else:
            yield False, f"{path}.{name} is added, optional"
    for name in sorted(set(before) & set(after)):
        where = f"{path}.{name}"
        if after[name].required and not before[name].required:
            yield True, f"{where} becomes required"
        elif before[name].required and not after[name].required:
            yield False, f"{where} becomes optional"
        yield from _constraints(where, before[name].traits, after[name].traits)
        yield from _compared(where, before[name].target, after[name].target, old, new, seen)


def _constraints(path: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[Finding]:
    old: dict[str, Any] = dict(before)
    new: dict[str, Any] = dict(after)
    for trait in sorted((set(old) | set(new)) - {"required"}):
        if old.get(trait) == new.get(trait):
            continue
        if trait not in CONSTRAINTS:
            yield False, f"{path}: @{trait} changes"
        elif trait not in new:
            yield False, f"{path} is no longer constrained by @{trait}"
        else:
            yield True, f"{path} is constrained {'otherwise' if trait in old else 'newly'} by @{trait}"


def _default(member: Member) -> bool:
    return any(trait[0] == "default" for trait in member.traits)


def _shape(model: Model, name: str) -> Shape | None:
    return next((shape for shape in model.shapes if shape.name == name), None)
