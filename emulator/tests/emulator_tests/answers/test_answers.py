"""Every answer to a read has what AWS fills in: the members that botocore requires, and all that are not explained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

import pytest

from emulator_tests.answers import calls_compute, calls_datazone, calls_streams, reasons
from emulator_tests.answers.recording import Recorder, left_out, output_shape
from emulator_tests.conftest import Client

pytestmark = pytest.mark.emulator


def calls_of(module: ModuleType) -> dict[str, Callable[[Recorder], None]]:
    """The public functions of a module that return nothing: one a service."""
    return {
        name.rstrip("_"): value
        for name, value in inspect.getmembers(module, inspect.isfunction)
        if value.__module__ == module.__name__
        and not name.startswith("_")
        and value.__annotations__["return"] == "None"
    }


CALLS = {**calls_of(calls_streams), **calls_of(calls_compute), **calls_of(calls_datazone)}


@pytest.mark.parametrize("service", sorted(CALLS))
def test_answers_leave_out_only_what_is_explained(client: Client, service: str) -> None:
    recorder = Recorder(client)
    CALLS[service](recorder)
    answered = [answer for answer in recorder.answers if answer[0] == service]
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
