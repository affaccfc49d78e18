"""Lambda: reads a stream and reports its run as lineage."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run the sample consumer once."""
    from streamgov_samples.functions.consumer import run

    return run(event, context)
