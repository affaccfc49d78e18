"""What the operations share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from aws_emulator.datazone.models.base import compact, ordered
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.stamp import Stamp

T = TypeVar("T")


def identity(item: Any) -> str:
    """An item's id."""
    return str(item.id)


def listed(
    session: Session,
    items: Sequence[T],
    render: Callable[[T], dict[str, Any]],
    member: str = "items",
    key: Callable[[T], str] = identity,
) -> dict[str, Any]:
    """One page of a list in its order."""
    page, token = session.page().cut(items, key)
    return {member: [render(item) for item in page]} | compact(nextToken=token)


def by_time(session: Session, items: Iterable[T], stamp: Callable[[T], Stamp]) -> list[T]:
    """Items in the order that ``sortBy`` and ``sortOrder`` ask for."""
    return ordered(
        items, session.params, lambda item: stamp(item).created_at, lambda item: stamp(item).updated_at, identity
    )


def stamp_of(item: Any) -> Stamp:
    """The item's stamp."""
    found: Stamp = item.stamp
    return found
