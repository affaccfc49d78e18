"""Lambda, member account: carries one side of one grant command out, or looks after the documents of all."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Apply one command of ``docs/contracts.md``; with action ``reconcile`` compare and repair documents."""
    if event.get("action") == "reconcile":
        from streamgov_core.member.drift import MemberReconcile

        return MemberReconcile.from_env().run(event, context)
    from streamgov_core.member.apply import Apply

    return Apply.from_env().run(event, context)
