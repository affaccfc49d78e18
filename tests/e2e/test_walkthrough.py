"""The whole story on the real engine: what `make demo` prints, asserted statement by statement."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Deployed
from tools.dev import leftovers

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.emulator]


def test_every_statement_of_the_story_holds(deployed: Deployed) -> None:
    story, show = deployed.story()
    for stream in story.streams():
        story.run(stream)
    assert len(show.checks) >= 15
    assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []


@pytest.mark.parametrize("verb", ["preview", "refresh"])
def test_steady_state_is_silent(deployed: Deployed, verb: str) -> None:
    held, printed = deployed.pulumi.expect_no_changes(verb)
    assert held, printed


def test_a_second_up_changes_nothing(deployed: Deployed) -> None:
    assert deployed.pulumi.operation("up") == {}


def test_destroy_takes_down_what_lives_and_leaves_nothing_behind(deployed: Deployed) -> None:
    """The stack says `destroy: cascade`: assets, listings, grants and records go while the workflow still works."""
    story, show = deployed.story()
    for stream in story.streams():
        story.retire(stream)
        story.produce(stream)
        asset = story.find_asset(stream)
        listing = story.publish(stream, asset)
        story.grant(stream, listing, story.subscribe(stream, listing), asset)
        story.after_grant(stream, "again")
    assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []
    deployed.pulumi.operation("destroy")
    assert leftovers.difference(deployed.before, leftovers.inventory(deployed.workspace)) == []
