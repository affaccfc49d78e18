"""Lambda, domain account: checks a grant event against DataZone and answers the plan of the central machine."""

from __future__ import annotations

from typing import Any

from streamgov_core.domain.collect import Collect


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Collect one order: ``{event, execution, startedAt}``."""
    return Collect.from_env().run(event, context)
