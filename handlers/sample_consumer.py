"""Lambda: reads a stream and reports its run as lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run the sample consumer once."""
    from streamgov_samples.functions.consumer import run

    return run(event, context)
