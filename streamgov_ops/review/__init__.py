"""What a reviewer must know about a change, from ``pulumi preview --json``: who gains or loses which access."""

from streamgov_ops.review.report import review

__all__ = ["review"]
