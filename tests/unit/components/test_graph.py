"""The tests' own runner of programs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.unit.components.graph import run


def test_a_program_that_fails_leaves_nothing_to_the_next() -> None:
    def failing() -> dict[str, Any]:
        pulumi.ComponentResource("test:index:Broken", "broken")
        raise ValueError("a mistake")

    def working() -> dict[str, Any]:
        made = pulumi.ComponentResource("test:index:Fine", "fine")
        pulumi.export("urn", made.urn)
        return {"urn": made.urn}

    with pytest.raises(ValueError, match="a mistake"):
        run(failing)
    assert run(working).outputs["urn"].endswith("::fine")
