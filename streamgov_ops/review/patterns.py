"""What ARN patterns, action patterns and principals cover of each other."""

from __future__ import annotations

import re
from collections.abc import Iterable

ANYBODY = "anybody"
_RESOURCE_KIND = re.compile(r"^[\w-]+[/:]")


def covers(wide: str, narrow: str) -> bool:
    """Whether everything that ``narrow`` matches is matched by ``wide`` (``*`` and ``?`` as in IAM).

    A ``*`` of ``narrow`` stands for any text, so only a ``*`` of ``wide`` can cover it.
    """
    if wide in (narrow, "*"):
        return True
    parts = [".*" if char == "*" else r"[^*]" if char == "?" else re.escape(char) for char in wide]
    return re.fullmatch("".join(parts), narrow, re.DOTALL) is not None


def covers_action(wide: str, narrow: str) -> bool:
    """The same of actions, which know no case."""
    return covers(wide.lower(), narrow.lower())


def covers_principal(wide: str, narrow: str) -> bool:
    """Whether one principal of a policy includes another; in IAM no pattern does."""
    return wide in (ANYBODY, narrow)


def covers_account(pattern: str) -> bool:
    """Whether an ARN pattern matches every resource of its kind in an account, as ``…:role/*`` does."""
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6 or "*" not in parts[5]:
        return False
    named = _RESOURCE_KIND.sub("", parts[5])
    return not named.strip("*?/:") or re.fullmatch(r"[a-z-]+\*+", parts[5]) is not None


def covers_every_role(pattern: str) -> bool:
    """Whether a pattern matches every IAM role of an account."""
    return pattern == "*" or (":iam:" in pattern and ":role" in pattern and covers_account(pattern))


def uncovered(values: Iterable[str], by: Iterable[str], name: str) -> frozenset[str]:
    """The values of a statement's element that no value of another list covers.

    Args:
        values: the values.
        by: the other list.
        name: the element, such as ``Resource`` or ``NotAction``.
    """
    others = list(by)
    rule = covers_action if name.endswith("Action") else covers_principal if name.endswith("Principal") else covers
    return frozenset(value for value in values if not any(rule(other, value) for other in others))
