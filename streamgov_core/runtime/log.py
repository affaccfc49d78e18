"""Log lines of the functions; ``runtime.invocation`` makes each of them one JSON object with its fields at the top."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

SUBJECT_FIELDS = ("domainId", "grantId", "assetId", "requestType", "side", "generation", "platform")
"""Members of a message that identify what a line is about. Nothing else of a message is logged: it may hold a token."""
_RESERVED = frozenset({*vars(logging.makeLogRecord({})), "asctime", "level", "location", "message", "timestamp"})
_logger = logging.getLogger(__name__)


def log(
    event: str,
    subject: Mapping[str, Any] | None = None,
    *,
    level: int = logging.INFO,
    error: Exception | None = None,
    **fields: Any,
) -> None:
    """Log one event.

    Args:
        event: what happened, in a few words; the line's ``message``.
        subject: a message of ours, whose SUBJECT_FIELDS are copied.
        level: of the logging module. A refusal is a WARNING, a failure an ERROR.
        error: whose traceback is logged.
        fields: further members; never a task token or credential. One that the logger uses itself gets an underscore.
    """
    copied = {name: subject[name] for name in SUBJECT_FIELDS if subject and subject.get(name) is not None}
    extra = {f"{name}_" if name in _RESERVED else name: value for name, value in {**copied, **fields}.items()}
    _logger.log(level, event, extra=extra, exc_info=error, stacklevel=2)
