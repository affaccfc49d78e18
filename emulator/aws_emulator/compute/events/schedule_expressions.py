"""Schedule expressions: ``rate(…)``, ``cron(…)`` and ``at(…)``.

Source of the rules: EventBridge user guide, "Creating a rule that runs on a schedule"; EventBridge Scheduler user
guide, "Schedule types".
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_HORIZON_YEARS = 12


class ExpressionError(ValueError):
    """The text is no schedule expression."""


@dataclass(frozen=True)
class Rate:
    """Every so many seconds after the schedule began."""

    seconds: int

    def next(self, begin: datetime, after: datetime) -> datetime | None:
        """The first time later than ``after``."""
        passed = max(int((after - begin).total_seconds() // self.seconds), 0)
        return begin + timedelta(seconds=self.seconds * (passed + 1))


@dataclass(frozen=True)
class At:
    """Once."""

    moment: datetime

    def next(self, begin: datetime, after: datetime) -> datetime | None:
        """The time, if it is later than ``after``."""
        return self.moment if self.moment > after else None


@dataclass(frozen=True)
class Cron:
    """The times that six fields describe."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]
    zone: tzinfo = UTC

    def next(self, begin: datetime, after: datetime) -> datetime | None:
        """The first minute later than ``after``, within twelve years."""
        local = after.astimezone(self.zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = local.date()
        for _ in range(366 * _HORIZON_YEARS):
            if day.year in self.years and day.month in self.months and self._day_matches(day.year, day.month, day.day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                        if found >= local:
                            return found.astimezone(UTC)
            day += timedelta(days=1)
        return None

    def _day_matches(self, year: int, month: int, day: int) -> bool:
        if self.weekdays == "?":
            return _day_of_month(self.days, year, month, day)
        return _day_of_week(self.weekdays, year, month, day)


Expression = Rate | Cron | At


@lru_cache(maxsize=512)
def parse_expression(text: str, *, at_allowed: bool = True, zone: tzinfo = UTC) -> Expression:
    """Read a schedule expression.

    Args:
        text: the expression.
        at_allowed: one-time schedules exist in the Scheduler, not for rules.
        zone: the time zone of ``cron`` and ``at``.

    Raises:
        ExpressionError: with the reason.
    """
    if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", text):
        number = int(found.group(1))
        # The Scheduler's guide knows the plural only, and takes it for 1 as well.
        plural = bool(found.group(3))
        if number < 1 or (number > 1 and not plural) or (number == 1 and plural and not at_allowed):
            raise ExpressionError("a rate of 1 takes the singular, any other the plural")
        return Rate(number * _UNITS[found.group(2)])
    if at_allowed and (found := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", text)):
        try:
            return At(datetime.fromisoformat(found.group(1)).replace(tzinfo=zone).astimezone(UTC))
        except ValueError as error:
            raise ExpressionError(str(error)) from None
    if found := re.fullmatch(r"cron\((.+)\)", text):
        return _cron(found.group(1), zone)
    raise ExpressionError(f"{text!r} is no schedule expression")


def _cron(text: str, zone: tzinfo) -> Cron:
    fields = text.upper().split()
    if len(fields) != 6:
        raise ExpressionError("cron takes six fields")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ExpressionError("one of day-of-month and day-of-week must be '?', and not both")
    # A sample day shows whether the day fields can be read at all.
    (_day_of_week if days == "?" else _day_of_month)(weekdays if days == "?" else days, 2024, 1, 1)
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        days,
        _numbers(months, 1, 12, _MONTHS),
        weekdays,
        _numbers(years, 1970, 2199),
        zone,
    )


def _numbers(field: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        begin_text, _, end_text = span.partition("-")
        try:
            step = int(step_text) if step_text else 1
            begin = low if span == "*" else _number(begin_text, names)
            end = high if span == "*" or (step_text and not end_text) else _number(end_text or begin_text, names)
        except ValueError:
            raise ExpressionError(f"{part!r} cannot be read") from None
        if not low <= begin <= high or not low <= end <= high or begin > end or step < 1:
            raise ExpressionError(f"{part!r} is out of range")
        found.update(range(begin, end + 1, step))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _day_of_month(field: str, year: int, month: int, day: int) -> bool:
    """``*``, numbers, ``L`` (last), ``15W`` (the weekday nearest to the 15th)."""
    last = calendar.monthrange(year, month)[1]
    if field == "L":
        return day == last
    if found := re.fullmatch(r"(\d+|L)W", field):
        wanted = last if found.group(1) == "L" else int(found.group(1))
        if not 1 <= wanted <= 31:
            raise ExpressionError(f"{field!r} is out of range")
        if wanted > last:
            return False
        weekday = calendar.weekday(year, month, wanted)
        if weekday == calendar.SATURDAY:
            wanted = wanted - 1 if wanted > 1 else wanted + 2
        elif weekday == calendar.SUNDAY:
            wanted = wanted + 1 if wanted < last else wanted - 2
        return day == wanted
    return day in _numbers(field, 1, 31)


def _day_of_week(field: str, year: int, month: int, day: int) -> bool:
    """``*``, numbers and names (1 is Sunday), ``L`` (Saturday), ``6L`` (last Friday), ``2#1`` (first Monday)."""
    weekday = (calendar.weekday(year, month, day) + 1) % 7 + 1
    if field == "L":
        return weekday == 7
    if found := re.fullmatch(r"(\w+)L", field):
        return weekday == _weekday(found.group(1)) and day + 7 > calendar.monthrange(year, month)[1]
    if found := re.fullmatch(r"(\w+)#([1-5])", field):
        return weekday == _weekday(found.group(1)) and (day - 1) // 7 + 1 == int(found.group(2))
    return weekday in _numbers(field, 1, 7, _DAYS)


def _weekday(text: str) -> int:
    try:
        number = _number(text, _DAYS)
    except ValueError:
        raise ExpressionError(f"{text!r} is no day of the week") from None
    if not 1 <= number <= 7:
        raise ExpressionError(f"{text!r} is no day of the week")
    return number
