"""What an approver adds to a request: an end of access that is earlier than the one asked for.

AcceptSubscriptionRequest takes no form, only a ``decisionComment``. So the end is one marked line of that comment,
``Access until: 2027-01-31``, which our command writes and which may as well be typed in the portal. DataZone lets only
the publishing project's people decide and nobody change a decision, so the line is theirs. It can shorten, no more.
"""

from __future__ import annotations

import re
from dataclasses import replace

from streamgov_core.model.access_request import ends_at
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import PermanentGrantError

MAX_COMMENT = 4096
"""Characters of a decision's comment (API shape DecisionComment)."""
_MARK = "Access until:"
_LINE = re.compile(r"[ \t]*access[ \t]+until[ \t]*:(.*)", re.IGNORECASE)


def decision_comment(until: str | None, text: str = "") -> str:
    """The comment of a decision: the approver's own words, and the marked line if there is an end.

    Raises:
        PermanentGrantError: the words hold a marked line themselves, or all of it is too long.
    """
    if approved_until(text) is not None:
        raise PermanentGrantError(f"the comment has a line {_MARK!r} of its own: give the end once")
    comment = "\n".join(part for part in (text.strip(), f"{_MARK} {until}" if until else "") if part)
    if len(comment) > MAX_COMMENT:
        raise PermanentGrantError(
            f"the comment and the end have {len(comment)} characters, DataZone takes {MAX_COMMENT}: shorten the comment"
        )
    return comment


def approved_until(comment: str | None) -> str | None:
    """The end that a decision's comment names; None if it names none.

    Raises:
        PermanentGrantError: there are several such lines, or what one says is no date and no moment.
    """
    found = [match[1].strip() for line in (comment or "").splitlines() if (match := _LINE.fullmatch(line))]
    if not found:
        return None
    if len(found) > 1:
        raise PermanentGrantError(f"the approver's comment has {len(found)} lines {_MARK!r}: which one is meant?")
    try:
        ends_at(found[0])
    except PermanentGrantError as error:
        raise PermanentGrantError(
            f"the approver's comment says {_MARK!r} and then {found[0]!r}: it must look like 2027-01-31"
        ) from error
    return found[0]


def decided(requested: AccessRequest, comment: str | None, now: float) -> AccessRequest:
    """What is to be granted: what was requested, until the earlier of the two ends.

    Args:
        requested: the request.
        comment: ``decisionComment`` of the request.
        now: seconds since the epoch.

    Raises:
        PermanentGrantError: the approver's line cannot be read, or that end has passed.
    """
    until = approved_until(comment)
    if until is None or ignored_end(requested, comment) is not None:
        return requested
    if ends_at(until) <= now:
        raise PermanentGrantError(f"the approver allows access until {until}, which has passed: ask again")
    return replace(requested, until=until)


def ignored_end(requested: AccessRequest, comment: str | None) -> str | None:
    """Why the approver's end does not hold; None if it does, or if there is none.

    Raises:
        PermanentGrantError: the approver's line cannot be read.
    """
    until = approved_until(comment)
    if until is None or requested.until is None or ends_at(until) <= ends_at(requested.until):
        return None
    return (
        f"the approver allows access until {until}, but it was asked for until {requested.until} only: an approval can "
        f"shorten, so {requested.until} holds"
    )
