"""Lambda, domain account: writes the outcome of one asset of a grant to the ledger and to DataZone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgov_core.domain.report import Report
from streamgov_core.runtime.invocation import initialize, lambda_handler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from streamgov_core.domain.function_events import ReportEvent

initialize(Report.prepare)


@lambda_handler
def handler(event: ReportEvent, context: LambdaContext) -> dict[str, Any]:
    """Report ``{kind: outcome, item}`` or ``{kind: collect-failure, event, execution}``."""
    return Report.from_env().run(event, context)
