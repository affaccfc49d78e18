"""The real AWS provider of Terraform, where it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox import EmulatorProcess, run_emulator
from tests.terraform.terraform import NotThereError, find_command, find_mirror


@pytest.fixture(autouse=True, scope="session")
def needs_terraform() -> None:
    """Say in one line what is missing."""
    try:
        find_command()
        find_mirror()
    except NotThereError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    process, running = run_emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    process.terminate()
    process.wait(30)
