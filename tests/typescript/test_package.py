"""The package as another program adds it, from an installed wheel.

What it does not prove: that the released package can be had; its wheel lies in a folder here, and what it needs comes
from the package index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engine.stacks import ROOT
from tests.typescript.checkout import environment, run, shell
from tests.wheel import Installed, install

pytestmark = [pytest.mark.typescript, pytest.mark.timeout(1500)]
SCHEMA = json.loads((ROOT / "plugin" / "schema.json").read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory, wheel: Installed) -> Mapping[str, str]:
    """The variables of a shell in which pip finds the wheel as if it were released."""
    return environment(shell(tmp_path_factory.mktemp("home"), 0, {}, PIP_FIND_LINKS=str(wheel.wheel.parent)))


def test_its_schema_can_be_asked_for(wheel: Installed, somebody: Mapping[str, str], tmp_path: Path) -> None:
    printed = run(tmp_path, somebody, "pulumi", "package", "get-schema", str(wheel.plugin))
    found = json.loads(printed[printed.index("\n{") :] if not printed.startswith("{") else printed)
    assert found["name"] == SCHEMA["name"] and found["version"] == SCHEMA["version"]
    assert set(found["resources"]) == set(SCHEMA["resources"])
    assert (wheel.plugin / "venv").is_dir(), "Pulumi makes the plugin an environment of its own"


def test_it_is_added_to_a_project(wheel: Installed, somebody: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: adds\nruntime: nodejs\n")
    (tmp_path / "package.json").write_text('{"name": "adds", "private": true, "main": "index.ts"}\n')
    run(tmp_path, somebody, "pulumi", "package", "add", str(wheel.plugin))
    assert f"streamgov: {wheel.plugin}" in (tmp_path / "Pulumi.yaml").read_text()
    described = json.loads((tmp_path / "package.json").read_text())
    assert described["dependencies"] == {"@streamgov/pulumi": "file:sdks/streamgov"}
    (tmp_path / "index.js").write_text(
        "const made = require('@streamgov/pulumi');"
        "console.log(JSON.stringify(Object.keys(made).filter((name) => /^[A-Z]/.test(name))));"
    )
    exported = json.loads(run(tmp_path, somebody, "node", "index.js"))
    assert {token.rsplit(":", 1)[1] for token in SCHEMA["resources"]} <= set(exported)
