"""Run the Pulumi CLI against a workspace, with its progress shown as a person wants to see it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.dev.workspace import ROOT, STACK, LocalError, Workspace, ensure_dependencies

Progress = Callable[[str], None]
_STEP = re.compile(
    r"^\s*[+\-~@ ]*\s*(?P<type>[\w-]+:[\w:/.\-]+)\s+(?P<name>\S+)\s+(?P<what>creat|updat|delet|replac|refresh)\w*"
)
_DONE = re.compile(r"\b(created|updated|deleted|replaced|refreshed)\b")


class Pulumi:
    """The CLI for one workspace and the stack ``dev``.

    Args:
        workspace: where the backend lives and which emulator is spoken to.
        cli_dir: the folder of the CLI.
        program: the folder with Pulumi.yaml.
    """

    def __init__(self, workspace: Workspace, cli_dir: Path, program: Path = ROOT, stack: str = STACK) -> None:
        ensure_dependencies()
        self.workspace = workspace
        self.cli_dir = cli_dir
        self.program = program
        self.stack = stack

    def run(self, *arguments: str, check: bool = True, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
        """One command, its output captured.

        Raises:
            LocalError: it failed and ``check`` is set; the text is what Pulumi printed.
        """
        result = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.program,
            env=self.workspace.environment(self.cli_dir),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and result.returncode != 0:
            raise LocalError(f"pulumi {' '.join(arguments[:2])} failed:\n{result.stdout}\n{result.stderr}".rstrip())
        return result

    def select_stack(self) -> None:
        """Make the stack if the backend does not know it, and free it from a killed run's lock."""
        self.run("stack", "select", "--create", self.stack)
        self.run("cancel", "--yes", "--stack", self.stack, check=False)

    def configure(self, project: str, values: Mapping[str, Any]) -> None:
        """Write the stack's file: these keys of the project are its whole configuration, the rest of it stays."""
        path = self.program / f"Pulumi.{self.stack}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        kept["config"] = {f"{project}:{key}": value for key, value in values.items()}
        path.write_text(yaml.safe_dump(kept))

    def operation(self, verb: str, progress: Progress | None = None, extra: Sequence[str] = ()) -> Counter[str]:
        """``up``, ``refresh`` or ``destroy``, with a line for each finished resource passed to ``progress``.

        Returns:
            How many resources were created, updated, deleted … (Pulumi's own words).

        Raises:
            LocalError: it failed; the text holds what Pulumi printed.
        """
        command = [
            "pulumi",
            "--non-interactive",
            "--color",
            "never",
            verb,
            "--yes",
            "--skip-preview",
            "--stack",
            self.stack,
        ]
        process = subprocess.Popen(
            [*command, *extra],
            cwd=self.program,
            env=self.workspace.environment(self.cli_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines: list[str] = []
        done: Counter[str] = Counter()
        try:
            for line in process.stdout:
                lines.append(line)
                found = _DONE.search(line)
                if found and ":" in line:
                    done[found.group(1)] += 1
                    if progress is not None:
                        progress(line.strip())
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait(timeout=60)
            raise
        finally:
            process.stdout.close()
        if code != 0:
            raise LocalError(f"pulumi {verb} failed:\n{''.join(lines).rstrip()}")
        return done

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        result: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--stack", self.stack).stdout)
        return result

    def expect_no_changes(self, verb: str) -> tuple[bool, str]:
        """Whether ``preview`` or ``refresh`` finds nothing to change, and what it printed."""
        extra = ["--yes", "--skip-preview"] if verb == "refresh" else []
        result = self.run(verb, "--expect-no-changes", "--diff", "--stack", self.stack, *extra, check=False)
        return result.returncode == 0, result.stdout + result.stderr

    def resource_count(self) -> int:
        """How many resources the stack's state holds."""
        state = json.loads(self.run("stack", "export", "--stack", self.stack).stdout)
        return len(state["deployment"].get("resources") or [])

    def state_size(self) -> int:
        """Bytes of the exported state."""
        return len(self.run("stack", "export", "--stack", self.stack).stdout.encode())


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def seconds(self) -> float:
        """Elapsed seconds."""
        return time.monotonic() - self._start
