"""Lambda, domain account: a phase of the reconciler, called by the central machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgov_core.domain.reconcile.run import Reconcile
from streamgov_core.runtime.invocation import initialize, lambda_handler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from streamgov_core.domain.function_events import ReconcileEvent

initialize(Reconcile.prepare)


@lambda_handler
def handler(event: ReconcileEvent, context: LambdaContext) -> dict[str, Any]:
    """Carry out ``{phase: plan | conclude | report, …}``."""
    return Reconcile.from_env().run(event, context)
