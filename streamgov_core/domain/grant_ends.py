"""The ends that a deployment sets for grants: one where none was asked for, and the latest that there may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.errors import ConfigError, PermanentGrantError

DAY = 86_400
DAYS_PATTERN = r"([1-9]\d{0,3})d"
"""A number of days as it is configured."""


@dataclass(frozen=True)
class GrantEnds:
    """A deployment's rule for ends of access.

    Args:
        longest_days: days from the grant on after which access ends at the latest; None for no limit.
        default_days: days from the grant on after which access ends if nobody asked for an end; None for no end.
    """

    longest_days: int | None = None
    default_days: int | None = None

    @classmethod
    def of(cls, longest: str | None, default: str | None) -> GrantEnds:
        """Read the two as they are configured, such as ``90d``.

        Raises:
            ConfigError: one is not a number of days, or the default is longer than the longest.
        """
        ends = cls(_days("longest", longest), _days("default", default))
        if ends.longest_days and ends.default_days and ends.default_days > ends.longest_days:
            raise ConfigError(f"grants.default is {default}, longer than grants.longest, which is {longest}")
        return ends

    def until(self, asked: str | None, now: float) -> str | None:
        """When access ends: as asked, or by default, and no later than the longest.

        Args:
            asked: what was asked for and approved, a date or a moment in ISO 8601.
            now: seconds since the epoch, the moment of the grant.
        """
        wanted = asked if asked is not None else _after(self.default_days, now)
        latest = _after(self.longest_days, now)
        if latest is None or (wanted is not None and ends_at(wanted) <= ends_at(latest)):
            return wanted
        return latest

    def remark(self, asked: str | None, until: str | None) -> str | None:
        """What to tell people if the deployment's limit ends access before the end that was asked for.

        Args:
            asked: the end that was asked for and approved.
            until: the end that holds.
        """
        if asked is None or until is None or self.longest_days is None or ends_at(until) >= ends_at(asked):
            return None
        limit = f"this deployment grants at most {self.longest_days} days"
        return f"access was asked for until {asked}, and ends {until}: {limit}"


def is_expired(record: GrantRecord, now: float) -> bool:
    """Whether granted access has an end that has come; an end that nobody can read is none.

    Args:
        record: of the grant ledger.
        now: seconds since the epoch.
    """
    until = None if record.command is None else record.command.request.until
    if until is None or record.state != "GRANTED":
        return False
    try:
        return ends_at(until) <= now
    except PermanentGrantError:
        return False


def _days(key: str, text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(DAYS_PATTERN, text)
    if match is None:
        raise ConfigError(f"grants.{key} must be a number of days such as '90d', got {text!r}")
    return int(match[1])


def _after(days: int | None, now: float) -> str | None:
    """The moment so many days from now."""
    return None if days is None else datetime.fromtimestamp(int(now) + days * DAY, UTC).isoformat(timespec="seconds")
