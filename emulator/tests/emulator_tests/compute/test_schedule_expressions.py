"""Rates, crons and one-time schedules."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aws_emulator.compute.events.schedule_expressions import ExpressionError, parse_expression

BEGIN = datetime(2026, 1, 30, 10, 0, 30, tzinfo=UTC)


def following(text: str, after: datetime = BEGIN) -> str:
    found = parse_expression(text).next(BEGIN, after)
    return found.strftime("%Y-%m-%dT%H:%M:%S") if found else "never"


def test_rate_counts_from_its_beginning() -> None:
    assert following("rate(1 hour)") == "2026-01-30T11:00:30"
    assert following("rate(5 minutes)", datetime(2026, 1, 30, 10, 7, tzinfo=UTC)) == "2026-01-30T10:10:30"
    assert following("rate(2 days)") == "2026-02-01T10:00:30"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cron(* * * * ? *)", "2026-01-30T10:01:00"),
        ("cron(0/15 * * * ? *)", "2026-01-30T10:15:00"),
        ("cron(15 12 * * ? *)", "2026-01-30T12:15:00"),
        ("cron(0 8 1 * ? *)", "2026-02-01T08:00:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-30T18:00:00"),
        ("cron(0 9 ? * 2 *)", "2026-02-02T09:00:00"),
        ("cron(0 0 L * ? *)", "2026-01-31T00:00:00"),
        ("cron(0 0 1W 8 ? *)", "2026-08-03T00:00:00"),
        ("cron(0 0 ? * 6L *)", "2026-02-27T00:00:00"),
        ("cron(0 0 ? * MON#2 *)", "2026-02-09T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
        ("cron(0 0 1 JAN ? 2030)", "2030-01-01T00:00:00"),
        ("cron(0 0 1 1 ? 2020)", "never"),
        ("cron(30 22,23 ? * SUN *)", "2026-02-01T22:30:00"),
    ],
)
def test_cron(text: str, expected: str) -> None:
    assert following(text) == expected


def test_time_zone() -> None:
    found = parse_expression("cron(0 12 * * ? *)", zone=ZoneInfo("Europe/Berlin")).next(BEGIN, BEGIN)
    assert found == datetime(2026, 1, 30, 11, 0, tzinfo=UTC)


def test_at_fires_once() -> None:
    assert following("at(2026-02-01T00:00:00)") == "2026-02-01T00:00:00"
    assert following("at(2026-02-01T00:00:00)", datetime(2026, 2, 1, tzinfo=UTC)) == "never"


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(0 minutes)",
        "rate(5 seconds)",
        "every hour",
        "cron(0 12 * * *)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(61 * * * ? *)",
        "cron(x * * * ? *)",
        "cron(0 0 ? * FUN *)",
        "cron(0 0 9 13 ? *)",
        "at(2026-13-01T00:00:00)",
    ],
)
def test_bad_expressions(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text, at_allowed=not text.startswith("rate(1 "))


def test_rules_have_no_one_time_schedules() -> None:
    with pytest.raises(ExpressionError):
        parse_expression("at(2026-02-01T00:00:00)", at_allowed=False)


def test_the_scheduler_takes_the_plural_for_one() -> None:
    found = parse_expression("rate(1 hours)", at_allowed=True).next(BEGIN, BEGIN)
    assert found is not None and found.hour == 11
    with pytest.raises(ExpressionError):
        parse_expression("rate(2 hour)", at_allowed=True)
    with pytest.raises(ExpressionError):
        parse_expression("rate(1 hours)", at_allowed=False)
