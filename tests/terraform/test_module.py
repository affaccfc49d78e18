"""A module of every service that we deploy with, by the real provider: applied, planned, changed, destroyed."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.sandbox import EmulatorProcess
from tests.terraform.terraform import Terraform

pytestmark = pytest.mark.terraform
MODULE = Path(__file__).parent / "module" / "main.tf"
RESOURCES = len(re.findall(r"^resource ", MODULE.read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def module(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    folder = tmp_path_factory.mktemp("module")
    shutil.copy(MODULE, folder)
    with zipfile.ZipFile(folder / "bundle.zip", "w") as bundle:
        bundle.writestr("main.py", "def handler(event, context):\n    return event\n")
    made = Terraform(folder, emulator.endpoint, {"bundle": str(folder / "bundle.zip")})
    made.init()
    return made


@pytest.mark.timeout(1500)
def test_applied_planned_changed_and_destroyed(module: Terraform) -> None:
    assert f"{RESOURCES} added, 0 changed, 0 destroyed" in module.apply()
    assert module.changes() == {}
    assert len(module.addresses()) == RESOURCES
    planned = module.changes(revision="2")
    assert all(each["actions"] == ["update"] for each in planned.values()), planned
    assert len(planned) > 20
    module.apply(revision="2")
    assert module.changes(revision="2") == {}
    assert f"{RESOURCES} destroyed" in module.destroy(revision="2")
    assert module.addresses() == []
