"""Lambda: synchronizes the assets of one data source with its schema registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgov_core.catalog import entry
from streamgov_core.runtime.invocation import initialize, lambda_handler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

initialize(entry.prepare)


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sync one schema or the whole registry.

    Args:
        event: an EventBridge event of Glue or of a schedule, or ``{"action": "sync"}``, by hand, with an optional
            ``schema``.
        context: Lambda's context, asked for the time that remains.
    """
    return entry.run(event, context)
