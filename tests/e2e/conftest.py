"""One sandbox for all end-to-end tests: an emulator of its own, and the real program deployed by the real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tools.dev import emulator_process, leftovers
from tools.dev.pulumi import Pulumi
from tools.dev.show import Show
from tools.dev.walkthrough import Walkthrough
from tools.dev.workspace import PORT_VARIABLE, Workspace, ensure_cli, free_port


def cli_dir() -> Path:
    """The Pulumi CLI that `make test` prepared, or prepared now."""
    prepared = os.environ.get("STREAMGOV_PULUMI_DIR")
    return Path(prepared) if prepared else ensure_cli()


@dataclass
class Deployed:
    """A running sandbox."""

    workspace: Workspace
    pulumi: Pulumi
    outputs: dict[str, Any]
    before: set[str]

    def story(self) -> tuple[Walkthrough, Show]:
        """A walkthrough that prints nowhere, and its record of checks."""
        show = Show(Console(file=StringIO(), width=200))
        return Walkthrough(self.workspace, self.outputs, show), show


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """`pulumi up` of the stack dev against a fresh emulator; destroyed at the end of the session if a test did not."""
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    workspace, _ = emulator_process.start(Workspace(tmp_path_factory.mktemp("sandbox") / "state", 0), attached=True)
    try:
        pulumi = Pulumi(workspace, cli_dir())
        pulumi.select_stack()
        before = leftovers.inventory(workspace)
        pulumi.operation("up")
        yield Deployed(workspace, pulumi, pulumi.outputs(), before)
    finally:
        emulator_process.stop(workspace)
        patch.undo()
