"""Make a fixture of a recorded preview: `python -m tests.unit.review.clean <raw.json> <fixture.json> [URN part …]`.

What a report must not depend on is left out: outputs, stack traces, places on the machine that recorded it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

DROPPED = ("stackTrace", "sourcePosition", "outputs", "propertyDependencies", "created", "modified", "id")


def clean(preview: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    """The fixture; with ``parts``, only steps whose URN contains one of them."""
    steps = [step for step in preview["steps"] if not parts or any(part in step["urn"] for part in parts)]
    for step in steps:
        for name in ("oldState", "newState"):
            for key in DROPPED:
                step.get(name, {}).pop(key, None)
            inputs = step.get(name, {}).get("inputs", {})
            if isinstance(inputs.get("code"), dict):
                inputs["code"]["path"] = f"{'before' if name == 'oldState' else 'after'}.zip"
    errors = [item for item in preview.get("diagnostics", []) if item["severity"] == "error"]
    summary = preview.get("changeSummary", {})
    return {"steps": steps, "diagnostics": errors, "duration": 1, "changeSummary": summary}


def main() -> None:
    """Read, clean, write."""
    source, target, *parts = sys.argv[1:]
    text = json.dumps(clean(json.loads(Path(source).read_text()), parts), indent=1)
    text = re.sub(r"http://127\.0\.0\.1:\d+/", "https://sqs.us-east-1.amazonaws.com/", text)
    Path(target).write_text(text + "\n")


if __name__ == "__main__":
    main()
