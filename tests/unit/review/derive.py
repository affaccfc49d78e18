"""Make further previews out of the recorded ones: `python -m tests.unit.review.derive`.

Each changes values of recorded steps only, so their shape stays the engine's.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "previews"
Step = dict[str, Any]
GUARD = (
    "urn:pulumi:dev::streamgov::streamgov:index:StreamGovernance$pulumi-python:dynamic/streamgov:DestroyGuard"
    "::streamgov-destroy-guard"
)


def steps(case: str, *parts: str, operation: str = "") -> list[Step]:
    """The steps of a recorded preview whose URN contains one of the parts."""
    recorded = json.loads((HERE / f"{case}.json").read_text())["steps"]
    return [step for step in recorded if any(part in step["urn"] for part in parts) and operation in ("", step["op"])]


def replaced(value: Any, *pairs: tuple[str, str]) -> Any:
    """A value with texts replaced, also inside of JSON texts."""
    text = json.dumps(value)
    for old, new in pairs:
        text = text.replace(old, new)
    return json.loads(text)


def inputs(step: Step, state: str, change: Callable[[Any], Any]) -> None:
    """Change the inputs of one state of a step."""
    step[state]["inputs"] = change(step[state]["inputs"])


def guard() -> Step:
    """The destroy guard, which follows every change of the stack's parts."""
    states = [{"inputs": {"on_destroy": "refuse", "parts": [{"targets": names}]}} for names in (["a", "b"], ["a"])]
    return {"op": "update", "urn": GUARD, "oldState": states[0], "newState": states[1]}


def preview(*found: Step) -> dict[str, Any]:
    """What the engine would print about these steps."""
    kinds = [step["op"] for step in found]
    summary = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    return {"steps": list(found), "diagnostics": [], "duration": 1, "changeSummary": {**summary, "same": 100}}


def wide() -> dict[str, Any]:
    """Consumer roles were those of one path, and become all of the account."""
    found = steps("change", "-333333333333-apply")
    for step in found:
        # As before the recorded change, but for the path; the boundary stays demanded.
        step["newState"] = copy.deepcopy(step["oldState"])
        inputs(step, "oldState", lambda value: replaced(value, ("role/consumers/*", "role/streaming/*")))
        inputs(step, "newState", lambda value: replaced(value, ("role/consumers/*", "role/*")))
    return preview(*found, guard())


def dropped() -> dict[str, Any]:
    """A member's stack drops a data source whose role the domain's stack made a contributor."""
    found = steps("replace", "SchemaRegistryDataSource", operation="delete")
    return preview(*(step for step in found if "ProjectMembership" not in step["urn"]), guard())


def renamed() -> dict[str, Any]:
    """Names change, and with them the values of conditions; one condition is dropped besides."""
    found = [
        *steps("replace", "msk-schedule-permission", "dead-letters-policy"),
        *steps("change", "streamgov-domain-key"),
    ]
    for step in found[:-1]:
        step["op"] = "replace" if "permission" in step["urn"] else "update"
        new = copy.deepcopy(step["oldState"])
        step["newState"] = new
        inputs(step, "newState", lambda value: replaced(value, ("rule/streamgov-sync", "rule/teama-sync")))
    return preview(*found, *steps("change", "streamgov-domain-key"), *steps("replace", "central-grants"))


def main() -> None:
    """Write them."""
    for make in (wide, dropped, renamed):
        (HERE / f"{make.__name__}.json").write_text(json.dumps(make(), indent=1) + "\n")


if __name__ == "__main__":
    main()
