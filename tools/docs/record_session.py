"""Record docs/session.svg and docs/audit-page.png from a running sandbox: real commands, real output, a real browser.

Run ``python -m tools.docs.record_session`` in a shell with the sandbox's environment (``eval "$(make -s env)"``) after
``make demo``, or with that of any deployment that has grants. Nothing is drawn by hand; ids and times are the run's.
"""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tools.dev.browser import chromium

ROOT = Path(__file__).resolve().parent.parent.parent
SESSION, PAGE = ROOT / "docs" / "session.svg", ROOT / "docs" / "audit-page.png"
WIDTH = 132
MOST_LINES = 16
"""Of the output of one command; the others are counted."""


def run(*arguments: str) -> str:
    """Run the command in a terminal of its own; what it printed, with its colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "streamgov_ops", *arguments],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed.
            break
        if not part:
            break
        parts.append(part)
    process.wait()
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def session(commands: Sequence[Sequence[str]]) -> str:
    """The session as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for arguments in commands:
        console.print(Text(f"$ streamgov {' '.join(arguments)}", style="bold green"))
        lines = run(*arguments).rstrip("\n").split("\n")
        for line in lines[:MOST_LINES]:
            console.print(Text.from_ansi(line), overflow="ellipsis", no_wrap=True, crop=True)
        if len(lines) > MOST_LINES:
            console.print(Text(f"… {len(lines) - MOST_LINES} more lines", style="dim"))
        console.print()
    return console.export_svg(title="streamgov", clear=True)


def main() -> None:
    """Record both."""
    listed = subprocess.run(
        [sys.executable, "-m", "streamgov_ops", "audit", "--json", "--no-last-used"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    entries = json.loads(listed.stdout)["entries"]
    grant = next(entry["grant"] for entry in entries if entry["platform"] == "msk")
    commands = [
        ["status"],
        ["audit"],
        ["explain", grant],
        ["connect", grant],
        ["audit", "--verify", "--expect", "arn:aws:iam::*:role/Admin"],
    ]
    SESSION.write_text(session(commands), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, chromium(1280, 1000) as browser:
        file = Path(folder) / "audit.html"
        subprocess.run(
            [sys.executable, "-m", "streamgov_ops", "audit", "--html", str(file)],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        browser.open(file)
        browser.screenshot(PAGE)
    print(f"wrote {SESSION.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
