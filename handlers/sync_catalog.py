"""Lambda: brings the assets of one data source in step with its schema registry."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Sync one schema or the whole registry.

    Args:
        event: an EventBridge event of Glue or of a schedule, or ``{"action": "sync"}``, by hand, with an optional
            ``schema``.
        context: Lambda's context, asked for the time that remains.
    """
    from streamgov_core.catalog.entry import run

    return run(event, context)
