"""Lambda, domain account: tells ledger and DataZone what came of one asset of a grant."""

from __future__ import annotations

from typing import Any

from streamgov_core.domain.report import Report


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Report ``{kind: outcome, item}`` or ``{kind: collect-failure, event, execution}``."""
    return Report.from_env().run(event, context)
