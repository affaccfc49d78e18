"""What a reviewer must know about a change, from ``pulumi preview --json``: who gains or loses which access."""

from typing import Any

from streamgov_ops.review.markdown import markdown
from streamgov_ops.review.report import Report, read_report

__all__ = ["Report", "markdown", "read_report", "review"]


def review(preview: Any) -> str:
    """The Markdown report on what ``pulumi preview --json`` printed (already parsed).

    Raises:
        ConfigError: it is something else.
    """
    return markdown(read_report(preview))
