"""Lambda, member account: carries one side of one grant command out, or checks and repairs the account's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgov_core.member.apply import Apply
from streamgov_core.member.drift import MemberReconcile
from streamgov_core.runtime.invocation import initialize, lambda_handler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

initialize(Apply.prepare)


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Apply one command of ``docs/contracts.md``; with action ``reconcile`` compare and repair documents."""
    if event.get("action") == "reconcile":
        return MemberReconcile.from_env().run(event, context)
    return Apply.from_env().run(event, context)
