"""A checkout as somebody clones it, and the shell in which they work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.engine.stacks import ROOT, Shell, cli
from tools.dev.workspace import ensure_nodejs_host

LOCK = ROOT / "examples" / "typescript" / "package-lock.json"


def clone(folder: Path) -> Path:
    """A copy of what is, or would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file() and not name.startswith(("tests/", "docs/", "emulator/tests/")):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def shell(state: Path, port: int, keys: Mapping[str, str], **added: str) -> Shell:
    """What somebody has in the shell: the CLI with the Node.js language host, and the team's credentials."""
    prepared = os.environ.get("STREAMGOV_NODEJS_DIR")
    made = Shell(state, port, (Path(prepared) if prepared else ensure_nodejs_host(),), {**keys, **added})
    made.prepare()
    # The plugin of the SDK that npm has locked: the sandbox cannot download it.
    made.install_aws_plugin(json.loads(LOCK.read_text())["packages"]["node_modules/@pulumi/aws"]["version"])
    return made


def run(where: Path, environment: Mapping[str, str], *command: str) -> str:
    """What a command prints on standard output; it must succeed."""
    done = subprocess.run(
        command, cwd=where, env={**environment}, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def environment(made: Shell) -> dict[str, str]:
    """The shell's variables."""
    return made.environment(cli())
