"""The stack that the benchmark of infrastructure deploys is one that the program takes."""

from __future__ import annotations

import pytest

from bench.infrastructure import PLATFORMS, stack_file
from streamgov_pulumi.config.stack import parse
from tests.engine.stacks import Portal

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("platform", PLATFORMS)
def test_its_configuration_has_no_mistake(platform: str) -> None:
    portal = Portal(
        "dzd-4p9n6sw4qt9xgn", {"orders": "project1", "analytics": "project2"}, {"analytics": "environment1"}
    )
    found = parse(
        stack_file(platform, portal, ["environment1", "environment2"], "arn:aws:iam::333333333333:role/reader")
    )
    assert found.governance is not None
