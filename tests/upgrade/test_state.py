"""A recorded release's state, read by this release's program: what it wants to change, and what it must not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.stacks import As, Cloud, Stack, project
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER, EmulatorProcess
from tests.upgrade.deployment import harmless
from tests.upgrade.record import LAST, recorded_state
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
ACCOUNTS = {"domain": DOMAIN, "producer": PRODUCER, "consumer": CONSUMER}


@pytest.mark.parametrize("word", sorted(ACCOUNTS))
def test_a_recorded_state_is_taken_over_without_a_replacement(
    emulator: EmulatorProcess, tmp_path: Path, word: str
) -> None:
    """Nothing of it is refreshed: what stands in the state must be enough, whatever wrote it."""
    recorded = recorded_state(LAST)[word]
    workspace = Workspace(tmp_path / "state", emulator.port)
    workspace.prepare()
    credentials = Cloud(emulator, DOMAIN).credentials(ACCOUNTS[word])
    config = recorded["config"]
    stack = Stack(As(workspace, project(tmp_path / "new"), word, credentials), config).create()
    exported = tmp_path / "state.json"
    exported.write_text(json.dumps(recorded["state"]))
    stack.pulumi.run("stack", "import", "--stack", word, "--file", str(exported))
    before = stack.pulumi.resource_count()
    steps = stack.preview()
    assert before > 20 and harmless(steps) == {}
    # Data that an upgrade must not touch, not even in place.
    kept = {
        name: operation for name, operation in steps.items() if name.endswith(("-documents", "-grants", "-key-key"))
    }
    assert kept == {}
