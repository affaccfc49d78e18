"""The ready CI job: its own shell steps, run with stand-ins for `pulumi` and `gh`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PREVIEWS = Path(__file__).parent / "previews"
JOB = yaml.safe_load((ROOT / "examples" / "ci" / "github-review.yml").read_text())["jobs"]["review"]


def script(name: str) -> str:
    return str(next(step["run"] for step in JOB["steps"] if step.get("name") == name))


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "STACK": "production",
        "PR": "7",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }
    return subprocess.run(
        ["bash", "-e", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def stand_in(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("case", "code"), [("change", 0), ("failed", 1)])
def test_report_step(case: str, code: int, tmp_path: Path) -> None:
    # Installed, it is the wheel's console script.
    stand_in(tmp_path, "streamgov", f'exec {sys.executable} -m streamgov_ops "$@"')
    stand_in(tmp_path, "pulumi", f'echo "$@" > asked; cat {PREVIEWS / case}.json; exit {code}')
    result = run(tmp_path, script("Preview and report"))
    assert result.returncode == code, result.stderr
    assert (tmp_path / "asked").read_text() == "preview --json --stack production\n"
    expected = (PREVIEWS / f"{case}.md").read_text()
    assert (tmp_path / "review.md").read_text() == expected
    assert (tmp_path / "summary.md").read_text() == expected


def test_comment_is_edited_or_made_and_never_too_long(tmp_path: Path) -> None:
    stand_in(tmp_path, "gh", 'echo "$@" >> asked; case "$*" in *--edit-last*) exit 1;; esac')
    (tmp_path / "review.md").write_text("x" * 70_000)
    result = run(tmp_path, script("Comment"))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "asked").read_text().splitlines() == [
        "pr comment 7 --edit-last --body-file comment.md",
        "pr comment 7 --body-file comment.md",
    ]
    comment = (tmp_path / "comment.md").read_text()
    assert len(comment) < 65_536 and "summary of the job" in comment
