"""Modules of the real provider: applied, planned to no change, changed, planned, and destroyed.

``deployed`` holds what streamgov deploys with, ``beside`` what programs next to it use.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.sandbox import EmulatorProcess
from tests.terraform.terraform import Terraform

pytestmark = pytest.mark.terraform
MODULES = Path(__file__).parent / "modules"


@pytest.mark.timeout(1700)
@pytest.mark.parametrize("name", ["deployed", "beside"])
def test_applied_planned_changed_and_destroyed(emulator: EmulatorProcess, tmp_path: Path, name: str) -> None:
    written = MODULES / f"{name}.tf"
    resources = len(re.findall(r"^resource ", written.read_text(), re.MULTILINE))
    shutil.copy(written, tmp_path)
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle:
        bundle.writestr("main.py", "def handler(event, context):\n    return event\n")
    module = Terraform(tmp_path, emulator.endpoint, {"bundle": str(tmp_path / "bundle.zip")})
    module.init()
    assert f"{resources} added, 0 changed, 0 destroyed" in module.apply()
    assert module.changes() == {}
    assert len(module.addresses()) == resources
    planned = module.changes(revision="2")
    assert {address: each for address, each in planned.items() if each["actions"] != ["update"]} == {}
    assert len(planned) > 20
    module.apply(revision="2")
    assert module.changes(revision="2") == {}
    assert f"{resources} destroyed" in module.destroy(revision="2")
    assert module.addresses() == []
