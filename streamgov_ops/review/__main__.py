"""``python -m streamgov_ops.review [preview.json|-]``: Markdown for the reviewer of a change."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_ops.review.report import review


def main(arguments: Sequence[str] | None = None) -> int:
    """Read a preview, print the report. 0 if there is one, 1 if the preview failed, 2 if the input is no preview."""
    parser = argparse.ArgumentParser(
        prog="python -m streamgov_ops.review",
        description="Turn the output of `pulumi preview --json` into Markdown: who gains or loses which access, which "
        "permissions of our own roles change, what is destroyed.",
    )
    parser.add_argument("preview", nargs="?", default="-", help="file with the preview's JSON; - is standard input")
    chosen = parser.parse_args(arguments)
    try:
        text = sys.stdin.read() if chosen.preview == "-" else Path(chosen.preview).read_text(encoding="utf-8")
        preview = _parsed(text)
        sys.stdout.write(review(preview))
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    failed = any(item.get("severity") == "error" for item in preview.get("diagnostics") or [])
    return 1 if failed else 0


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"this is not JSON ({error}); pass what `pulumi preview --json` printed, and nothing else"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
