"""Lambda, domain account: a phase of the reconciler, called by the central machine."""

from __future__ import annotations

from typing import Any

from streamgov_core.domain.reconcile.run import Reconcile


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Carry out ``{phase: plan | conclude | report, …}``."""
    return Reconcile.from_env().run(event, context)
