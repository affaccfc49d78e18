"""The walkthrough with a Flink job, on the real engine: refused, granted, in the lineage, cut off, resumed, gone."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.e2e.conftest import cli_dir
from tools.dev import emulator_process, leftovers
from tools.dev.flink_story import FlinkStory
from tools.dev.pulumi import Pulumi
from tools.dev.show import Show
from tools.dev.walkthrough import Walkthrough
from tools.dev.workspace import PORT_VARIABLE, Workspace, free_port

pytestmark = [pytest.mark.flink, pytest.mark.engine, pytest.mark.e2e]
STATEMENTS = (
    "the application is RUNNING",
    "Kafka itself refuses the job",
    "the job reads, decodes and writes, without a restart by anybody",
    "the graph shows producer → topic → Flink job → topic",
    "both topics have their columns",
    "Kafka cuts the running job off",
    "what is produced now does not reach it",
    "a preview of its program shows nothing",
    "the running application is updated in place",
    "it goes on where it was: nothing is lost, nothing comes again",
    "the job resumes and has read what was written meanwhile",
    "the lineage says that the run has ended",
    "no application, no process, no topic is left of it",
)


def test_the_story_of_a_flink_job(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORT_VARIABLE, str(free_port()))
    monkeypatch.setenv("STREAMGOV_KAFKA", "auto")
    monkeypatch.setenv("STREAMGOV_FLINK", "auto")
    state: Path = tmp_path_factory.mktemp("sandbox") / "state"
    workspace, _ = emulator_process.start(Workspace(state, 0), attached=True)
    try:
        pulumi = Pulumi(workspace, cli_dir())
        pulumi.select_stack()
        before = leftovers.inventory(workspace)
        pulumi.operation("up")
        show = Show(Console(file=StringIO(), width=200))
        story = Walkthrough(workspace, pulumi.outputs(), show)
        story.run(story.msk())
        flink = FlinkStory(story, pulumi.cli_dir)
        assert flink.available()
        flink.run()
        assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []
        told = {check.statement for check in show.checks}
        assert set(STATEMENTS) <= told
        assert (workspace.state / "lineage.svg").read_text().startswith("<svg")
        held, printed = pulumi.expect_no_changes("refresh")
        assert held, printed
        story.retire(story.msk())
        pulumi.operation("destroy")
        assert leftovers.difference(before, leftovers.inventory(workspace)) == []
    finally:
        emulator_process.stop(workspace)
