"""Lambda, member account: carries one side of one grant command out."""

from __future__ import annotations

from typing import Any

from streamgov_core.access.apply import Apply


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Apply one command of ``docs/contracts.md``."""
    return Apply.from_env().run(event, context)
