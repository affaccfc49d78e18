"""Lambda, domain account: checks a grant event against DataZone and answers the plan of the central machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgov_core.domain.collect import Collect
from streamgov_core.runtime.invocation import initialize, lambda_handler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from streamgov_core.domain.function_events import CollectEvent

initialize(Collect.prepare)


@lambda_handler
def handler(event: CollectEvent, context: LambdaContext) -> dict[str, Any]:
    """Collect one workflow input: ``{event, execution, startedAt}``."""
    return Collect.from_env().run(event, context)
