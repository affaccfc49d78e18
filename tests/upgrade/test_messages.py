"""Two neighbouring releases understand each other: each side's code reads what the other side's code says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.model.command import VERSION, GrantCommand
from streamgov_core.model.errors import EventRefusedError
from tests.upgrade.record import HERE, LISTEN, MESSAGES, ROOT, SPEAK, run, unpack

VERSIONS = sorted(path.parent.name for path in HERE.glob(f"*/{MESSAGES}"))


def recorded(version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / version / MESSAGES).read_text())
    return found


def shape(value: Any) -> Any:
    """The members of a message and the kinds of their values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def lost(old: Any, new: Any, path: str = "") -> list[str]:
    """Members of the old shape that the new one lacks or gives another kind of value."""
    if isinstance(old, dict) and isinstance(new, dict):
        missing = [f"{path}.{key}" for key in old if key not in new]
        return missing + [found for key in old if key in new for found in lost(old[key], new[key], f"{path}.{key}")]
    if isinstance(old, list) and isinstance(new, list):
        return [found for n, (a, b) in enumerate(zip(old, new, strict=False)) for found in lost(a, b, f"{path}[{n}]")]
    return [] if old == new else [f"{path}: {old} became {new}"]


def test_there_is_a_release_to_be_compatible_with() -> None:
    assert VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_this_release_reads_the_last_ones_commands(version: str) -> None:
    """A member of this release beside a central machine of the last, and plans that were in flight."""
    spoken = recorded(version)
    command = GrantCommand.parse({**spoken["command"], "taskToken": "token"})
    assert (command.grant_id, command.generation, command.task_token) == ("grant1", 3, "token")
    run(LISTEN, ROOT, json.dumps(spoken))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_last_release_reads_this_ones_commands(version: str, tmp_path: Path) -> None:
    """A central machine of this release beside a member of the last: judged by the last one's own code."""
    assert int(run(LISTEN, unpack(version, tmp_path), run(SPEAK, ROOT))) == 4


@pytest.mark.parametrize("version", VERSIONS)
def test_messages_only_gain_members(version: str) -> None:
    """States read members by path, and no machine catches a path that does not resolve."""
    old, new = recorded(version), json.loads(run(SPEAK, ROOT))
    assert lost(shape(old), shape(new)) == []


def test_a_message_from_too_far_away_is_refused_with_advice() -> None:
    spoken = recorded(VERSIONS[-1])["command"]
    with pytest.raises(EventRefusedError, match="deploy the same release in all accounts"):
        GrantCommand.parse({**spoken, "version": VERSION + 1})
