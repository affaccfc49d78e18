"""Patterns of ARNs as the configuration writes them: a wildcard stays within its segment."""

from __future__ import annotations

from fnmatch import fnmatchcase


def covers(pattern: str, arn: str) -> bool:
    """Whether an ARN matches a pattern, segment by segment: a wildcard covers no ``/``."""
    theirs, ours = pattern.split("/"), arn.split("/")
    return len(theirs) == len(ours) and all(map(fnmatchcase, ours, theirs))
