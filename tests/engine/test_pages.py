"""The commands of the pages run as they stand there, in one sandbox: tutorial, split stacks, two programs.

What a person does by hand is done for them: an editor that puts a page's file in place, with the ids that `dev` tells,
and the ids that the tutorial's reader copies from one command to the next.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.engine.stacks import PACKAGES, ROOT, cli
from tools.dev import emulator_process
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import PORT_VARIABLE, Workspace, free_port

pytestmark = [pytest.mark.engine, pytest.mark.emulator, pytest.mark.pages]
DOCS = ROOT / "docs"
MAKE_UP = 'make up && eval "$(make -s env)"'
EDITOR = """
import pathlib, subprocess, sys, yaml
file = pathlib.Path(sys.argv[1])
here = yaml.safe_load(file.read_text()) if file.exists() else {}
if "config" not in here:
    here["config"] = yaml.safe_load((pathlib.Path(PAGES) / file.name).read_text())["config"]
else:  # what the other team's stack says is pasted
    command = ["pulumi", "stack", "output", "forDomainStack", "--stack", "split-member"]
    told = subprocess.check_output(command, text=True)
    for key, value in yaml.safe_load(told).items():
        if isinstance(value, dict):
            here["config"][key].update(value)
file.write_text(yaml.safe_dump(here))
"""
# Whoever sits there says yes.
YES = """#!/bin/sh
case "$1" in up|destroy) exec "{pulumi}" --non-interactive "$@" --yes ;; esac
exec "{pulumi}" --non-interactive "$@"
"""


@dataclass
class Reader:
    """Somebody with a shell in a checkout, who follows a page."""

    folder: Path
    variables: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def types(self, commands: str) -> str:
        """What the commands print; each must succeed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout

    def outputs(self) -> dict[str, str]:
        """What `dev` tells."""
        told: dict[str, str] = json.loads(self.types("pulumi stack output --json --stack dev"))
        return told

    def saves(self, page: str) -> None:
        """Each script of a page, under the name that the page gives it last before."""
        for block in re.finditer(r"```python\n(.*?)```", page, re.DOTALL):
            name = re.findall(r"`(\w+\.py)`", page[: block.start()])[-1]
            (self.folder / name).write_text(block[1])


def commands_of(page: str) -> list[str]:
    """The blocks of shell commands of a page, without what the sandbox of this test has done."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return [block.replace(MAKE_UP, "") for language, block in blocks if not language]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("pages")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        shutil.copy(ROOT / name, checkout / name)
    for package in (*PACKAGES, "examples"):
        shutil.copytree(ROOT / package, checkout / package, ignore=shutil.ignore_patterns("__pycache__"))
    settings = yaml.safe_load((checkout / "Pulumi.yaml").read_text())
    settings["runtime"] = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (checkout / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    workspace, _ = emulator_process.start(Workspace(folder / "state", 0), attached=True)
    try:
        pulumi = Pulumi(workspace, cli(), checkout)
        pulumi.select_stack()
        pulumi.operation("up")
        (folder / "editor.py").write_text(f"PAGES = {str(folder / 'files')!r}\n{EDITOR}")
        own = folder / "bin"
        own.mkdir()
        (own / "pulumi").write_text(YES.format(pulumi=cli() / "pulumi"))
        (own / "pulumi").chmod(0o755)
        variables = workspace.environment(cli())
        path = os.pathsep.join((str(own), variables["PATH"]))
        editor = shlex.join((sys.executable, str(folder / "editor.py")))
        yield Reader(checkout, {**variables, "PATH": path, "EDITOR": editor, "PYTHONPATH": str(checkout)})
    finally:
        emulator_process.stop(workspace)
        patch.undo()


def test_the_tutorial(reader: Reader) -> None:
    page = (DOCS / "tutorial.md").read_text()
    reader.saves(page)
    assert "AVAILABLE" in reader.types("python register.py")
    until, found = time.monotonic() + 60, ""
    while "invoices MskTopicAssetType" not in found and time.monotonic() < until:
        found = reader.types("python find.py")
    asset = found.splitlines()[1].split()[0]
    asked = reader.types(f"python ask.py {asset}")
    listing, revision = re.search(r"listing (\S+) revision (\S+)", asked).groups()  # type: ignore[union-attr]
    request = re.search(r"request (\S+) PENDING", asked)[1]  # type: ignore[index]
    [requests] = re.findall(r"^\$ (streamgov requests .*)$", page, re.MULTILINE)
    assert request in reader.types(requests)
    [approve] = re.findall(r"^\$ (streamgov approve .*)$", page, re.MULTILINE)
    shown = approve.split()[2]
    assert "is approved until" in reader.types(approve.replace(shown, request))
    assert reader.types("python may_read.py").startswith("False")
    assert f"{reader.types(f'python grant.py {listing} {revision}').split()[-1]}" == "GRANTED"
    assert reader.types("python may_read.py").startswith("True")
    assert "REVOKED" in reader.types("python revoke.py")
    assert reader.types("python may_read.py").startswith("False")


def test_split_stacks(reader: Reader) -> None:
    page = (DOCS / "split-stacks.md").read_text()
    reader.saves((DOCS / "tutorial.md").read_text())
    reader.saves(page)
    outputs, files = reader.outputs(), reader.folder.parent / "files"
    files.mkdir()
    for name, text in re.findall(
        r"`(Pulumi\.split-\w+\.yaml)`[^`]*(?:`[^`]*`[^`]*)*?```yaml\n(.*?)```", page, re.DOTALL
    ):
        filled = re.sub(r"<(\w+)>", lambda found: outputs[found[1]], text)
        (files / name).write_text(filled)
    deploy, paste, use = commands_of(page)
    reader.types(deploy)
    assert "streamgov:domain:" in reader.types(paste)
    assert "222222222222 sync-orders: 1 created" in reader.types(use)
    types = reader.types("pulumi stack output mskAssetType --stack split-domain").strip()
    assert types == "MskTopicAssetTypeSplit"


def test_two_programs(reader: Reader) -> None:
    page = (ROOT / "examples" / "python" / "README.md").read_text()
    [commands] = commands_of(page)
    first, rest = commands.split("\n", 1)
    assert first == 'eval "$(make -s env)"'
    # A login shell has been somewhere before; `cd` sets OLDPWD.
    reader.types(f"cd {shlex.quote(str(reader.folder))}\n{rest}")
    assert "MskTopicAssetTypeTeamB" in reader.types("cd examples/python/domain && pulumi stack output")
