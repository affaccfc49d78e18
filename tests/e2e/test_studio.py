"""The story on a V2 domain, on the real engine: what `make demo DOMAIN=V2` prints, asserted statement by statement."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

from tests.e2e.conftest import cli_dir
from tools.dev import emulator_process
from tools.dev.sandbox import deploy_studio
from tools.dev.show import Show
from tools.dev.studio_deployment import StudioDeployment, StudioWorkspace
from tools.dev.studio_story import StudioStory
from tools.dev.workspace import PORT_VARIABLE, free_port

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.emulator]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioDeployment]:
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    folder = tmp_path_factory.mktemp("studio") / "state"
    workspace, _ = emulator_process.start(StudioWorkspace(folder, 0), attached=True)
    try:
        made = StudioDeployment(workspace)
        made.make()
        yield made
    finally:
        emulator_process.stop(workspace)
        patch.undo()


def test_every_statement_of_the_story_on_a_v2_domain_holds(studio: StudioDeployment) -> None:
    pulumi = deploy_studio(studio, cli_dir(), lambda stack: stack.operation("up"))
    show = Show(Console(file=StringIO(), width=200))
    story = StudioStory(studio, show)
    for stream in story.streams():
        story.run(stream)
    assert len(show.checks) >= 20
    assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []
    held, printed = pulumi.expect_no_changes("preview")
    assert held, printed
    pulumi.operation("destroy")
    access = studio.people.client("iam", "222222222222").list_roles(PathPrefix="/streamgov/streamgov/access/")["Roles"]
    assert access == []
