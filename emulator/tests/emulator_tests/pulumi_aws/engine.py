"""The real Pulumi CLI with the stand-in on its PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_emulator.pulumi_aws

ROOT = Path(__file__).resolve().parents[4]
PLUGIN = Path(aws_emulator.pulumi_aws.__file__).with_name("bin")
SECONDS = 240


def cli_directory() -> Path:
    """Where ``pulumi`` and its language host lie: EMULATOR_PULUMI_DIR, else what tools/pulumi finds or builds."""
    given = os.environ.get("EMULATOR_PULUMI_DIR")
    if given:
        return Path(given)
    command = [sys.executable, str(ROOT / "tools" / "pulumi" / "ensure.py")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return Path(answer.stdout.strip().splitlines()[-1])


@dataclass
class Run:
    """What one command did."""

    code: int
    text: str

    def document(self) -> Any:
        """The JSON that the command printed."""
        return json.loads(self.text[self.text.index("{") : self.text.rindex("}") + 1])


@dataclass
class Stack:
    """A stack of one of this folder's programs, with a backend and a home of its own."""

    folder: Path
    environment: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(cls, program: str, place: Path, directory: Path, aws: dict[str, str]) -> Stack:
        """Copy a program and make its stack ``dev``."""
        folder = place / "program"
        shutil.copytree(Path(__file__).parent / program, folder)
        (place / "state").mkdir()
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        tools = [str(Path(sys.executable).parent), str(PLUGIN), str(directory), os.environ["PATH"]]
        stack = cls(
            folder,
            {
                **kept,
                **aws,
                "PATH": os.pathsep.join(tools),
                "PULUMI_HOME": str(place / "home"),
                "PULUMI_BACKEND_URL": f"file://{place / 'state'}",
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            },
        )
        assert stack.run("stack", "init", "dev").code == 0
        return stack

    def run(self, *arguments: str, **extra: str) -> Run:
        """One command; ``extra`` goes into its environment."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", *(() if arguments[0] == "stack" else ("--stack", "dev"))],
            cwd=self.folder,
            env={**self.environment, **self.extra, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        return Run(done.returncode, done.stdout)

    def up(self, *arguments: str, **extra: str) -> Run:
        return self.run("up", "--yes", "--skip-preview", *arguments, **extra)

    def steps(self, **extra: str) -> dict[str, tuple[str, dict[str, str]]]:
        """What a preview would do: resource -> (operation, {path: kind}), without what stays the same."""
        run = self.run("preview", "--json", **extra)
        assert run.code == 0, run.text
        return {
            step["urn"].rsplit("::", 1)[1]: (
                step["op"],
                {path: item["kind"] for path, item in (step.get("detailedDiff") or {}).items()},
            )
            for step in run.document()["steps"]
            if step["op"] != "same"
        }

    def state(self) -> dict[str, dict[str, Any]]:
        """The resources of the state by name."""
        document = self.run("stack", "export").document()
        return {item["urn"].rsplit("::", 1)[1]: item for item in document["deployment"].get("resources", [])}
