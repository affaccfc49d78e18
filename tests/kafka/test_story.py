"""The walkthrough's topic with a real broker: refused before the grant, reading after it, refused after the revoke."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import cli_dir
from tools.dev import emulator_process
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import PORT_VARIABLE, Workspace, free_port

pytestmark = [pytest.mark.kafka, pytest.mark.engine, pytest.mark.e2e]


def test_records_flow_as_the_grant_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    from io import StringIO

    from rich.console import Console

    from tools.dev.show import Show
    from tools.dev.walkthrough import Walkthrough

    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    patch.setenv("STREAMGOV_KAFKA", "auto")
    workspace, _ = emulator_process.start(Workspace(tmp_path_factory.mktemp("sandbox") / "state", 0), attached=True)
    try:
        pulumi = Pulumi(workspace, cli_dir())
        pulumi.select_stack()
        pulumi.operation("up")
        show = Show(Console(file=StringIO(), width=200))
        story = Walkthrough(workspace, pulumi.outputs(), show)
        story.run(story.msk())
        assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []
        told = [check.statement for check in show.checks]
        for statement in (
            "its records are in the stream",
            "a consumer that tries is refused by the topic itself",
            "it read the records and decoded each with the producer's registry",
            "the topic refuses the consumer again",
        ):
            assert statement in told
    finally:
        emulator_process.stop(workspace)
        patch.undo()
