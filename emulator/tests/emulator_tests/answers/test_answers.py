"""Every answer to a read has what AWS fills in: the members that botocore requires, and all that are not explained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

import pytest

from emulator_tests.answers import reasons, scenes_compute, scenes_datazone, scenes_streams
from emulator_tests.answers.recording import Scene, left_out, output_shape
from emulator_tests.conftest import Client

pytestmark = pytest.mark.emulator


def scenes(module: ModuleType) -> dict[str, Callable[[Scene], None]]:
    """The public functions of a module that return nothing: one a service."""
    return {
        name.rstrip("_"): value
        for name, value in inspect.getmembers(module, inspect.isfunction)
        if value.__module__ == module.__name__
        and not name.startswith("_")
        and value.__annotations__["return"] == "None"
    }


SCENES = {**scenes(scenes_streams), **scenes(scenes_compute), **scenes(scenes_datazone)}


@pytest.mark.parametrize("service", sorted(SCENES))
def test_answers_leave_out_only_what_is_explained(client: Client, service: str) -> None:
    scene = Scene(client)
    SCENES[service](scene)
    answered = [answer for answer in scene.answers if answer[0] == service]
    assert answered
    missing = set()
    for _, operation, parsed in answered:
        for shape, member in left_out(output_shape(service, operation), parsed):
            required = member in shape.required_members and (service, shape.name, member) not in reasons.NOT_REQUIRED
            assert not required, f"{operation} leaves out {shape.name}.{member}, which botocore requires"
            if member not in reasons.TOKENS:
                missing.add((shape.name, member))
    # Both ways: what is answered by now needs no reason any more.
    assert missing == reasons.explained(service)
