"""Wildcards and policy variables in the strings of a policy document.

Three different rules apply, and each place of a document uses one of them (IAM User Guide, "JSON policy elements:
Resource", "String condition operators", "ARN condition operators", "Policy variables"):

* ``Resource``: ``*`` and ``?`` stay inside one colon-separated segment, except that a ``*`` at the end of a segment may
  run over colons.
* ``StringLike``: ``*`` and ``?`` match any characters.
* ``ArnLike``: the six components of an ARN are compared one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

Resolver = Callable[[str], str | None]
"""Answers the single value of a condition key, or None where the request has none."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPES = {"*": "*", "?": "?", "$": "$"}
# Characters that stand for a literal "*" or "?" in a pattern after variables were replaced: a value that comes from a
# request never acts as a wildcard (UNVERIFIED[iam-literal-wildcard]: AWS documents only ${*} and ${?} as escapes).
_LITERAL_STAR = "\ue000"
_LITERAL_MARK = "\ue001"


def has_variable(pattern: str) -> bool:
    """Say whether the string holds a ``${…}``."""
    return "${" in pattern


def substitute(pattern: str, resolve: Resolver) -> str | None:
    """Replace the policy variables of a string.

    Args:
        pattern: the string of the policy.
        resolve: answers a condition key's value.

    Returns:
        The string with variables replaced, their wildcards made literal; None where a variable has no value and no
        default, in which case the string matches nothing.
    """
    missing = False

    def replace(match: re.Match[str]) -> str:
        nonlocal missing
        body = match.group(1)
        if body in _ESCAPES:
            return _literal(_ESCAPES[body])
        key, comma, default = body.partition(",")
        value = resolve(key.strip())
        if value is None and comma:
            value = default.strip().strip("'")
        if value is None:
            missing = True
            return ""
        return _literal(value)

    replaced = _VARIABLE.sub(replace, pattern)
    return None if missing else replaced


def plain(text: str) -> str:
    """Turn the marks that `substitute` leaves for literal wildcards back into characters."""
    return text.replace(_LITERAL_STAR, "*").replace(_LITERAL_MARK, "?")


def _literal(value: str) -> str:
    return value.replace("*", _LITERAL_STAR).replace("?", _LITERAL_MARK)


def _regex(pattern: str, *, segments: bool, ignore_case: bool = False) -> re.Pattern[str]:
    parts: list[str] = []
    for index, character in enumerate(pattern):
        if character == "*":
            at_end = index + 1 == len(pattern) or pattern[index + 1] == ":"
            parts.append(".*" if not segments or at_end else "[^:]*")
        elif character == "?":
            parts.append("[^:]" if segments else ".")
        else:
            parts.append(re.escape(plain(character)))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@lru_cache(maxsize=65536)
def _compiled(pattern: str, segments: bool, ignore_case: bool) -> re.Pattern[str]:
    return _regex(pattern, segments=segments, ignore_case=ignore_case)


def match_action(pattern: str, action: str) -> bool:
    """Match an action: case does not matter, ``*`` and ``?`` may stand anywhere."""
    return _compiled(pattern, False, True).fullmatch(action) is not None


def match_resource(pattern: str, resource: str) -> bool:
    """Match an ARN, or the ``*`` of an action without resources, against an element of ``Resource``."""
    if pattern == "*":
        return True
    return _compiled(pattern, True, False).fullmatch(resource) is not None


def match_string(pattern: str, value: str) -> bool:
    """Match as ``StringLike`` does."""
    return _compiled(pattern, False, False).fullmatch(value) is not None


def match_arn(pattern: str, value: str) -> bool:
    """Match as ``ArnLike`` and ``ArnEquals`` do: six components, each with wildcards of its own."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    if len(wanted) != 6 or len(given) != 6:
        return False
    return all(match_string(one, other) for one, other in zip(wanted, given, strict=True))
