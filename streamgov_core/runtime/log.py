"""Structured logs: one JSON object a line, with what identifies a grant and nothing secret."""

from __future__ import annotations

import json
import logging
from typing import Any

_FIELDS = ("domainId", "grantId", "assetId", "requestType", "side", "generation", "platform")
_logger = logging.getLogger("streamgov")


def log(event: str, subject: Any = None, *, level: int = logging.INFO, **facts: Any) -> None:
    """Log one event.

    Args:
        event: what happened, in a few words.
        subject: a message whose identifying members are copied.
        level: of the logging module.
        facts: further members; never a task token or credential.
    """
    line: dict[str, Any] = {"event": event, "level": logging.getLevelName(level)}
    if isinstance(subject, dict):
        line.update({name: subject[name] for name in _FIELDS if subject.get(name) is not None})
    line.update(facts)
    if _logger.level == logging.NOTSET:
        _logger.setLevel(logging.INFO)  # Lambda's root logger begins at WARNING.
    _logger.log(level, json.dumps(line, default=str, sort_keys=True))
