"""An approver's end: the earlier of two ends wins, whatever is written and however."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.domain.approval import MAX_COMMENT, approved_until, decided, decision_comment, ignored_end
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import PermanentGrantError

NOW = ends_at("2026-11-26T00:00:00Z")
DAYS = st.dates(min_value=date(2026, 11, 27)).map(lambda day: day.isoformat())


def asked(until: str | None) -> AccessRequest:
    return AccessRequest("READ", "SHARED", until)


@given(wanted=st.none() | DAYS, allowed=st.none() | DAYS, words=st.text(st.characters(exclude_categories=["C", "Z"])))
def test_the_earlier_end_wins_and_nothing_else_changes(wanted: str | None, allowed: str | None, words: str) -> None:
    comment = decision_comment(allowed, words) or None
    assert approved_until(comment) == allowed
    given_ = decided(asked(wanted), comment, NOW)
    ends = [ends_at(until) for until in (wanted, allowed) if until is not None]
    assert (given_.until and ends_at(given_.until)) == (min(ends) if ends else None)
    assert (given_.access, given_.consumption) == ("READ", "SHARED")
    later = wanted is not None and allowed is not None and ends_at(allowed) > ends_at(wanted)
    assert (ignored_end(asked(wanted), comment) is not None) is later


def test_what_is_ignored_is_said() -> None:
    said = ignored_end(asked("2027-01-31"), "Access until: 2028-01-31")
    assert said is not None
    assert "until 2028-01-31, but it was asked for until 2027-01-31 only" in said
    # A day ends with its last second.
    assert ignored_end(asked("2027-01-31"), "Access until: 2027-01-31T23:59:59Z") is None
    assert decided(asked("2027-01-31"), "Access until: 2027-01-31T12:00:00+01:00", NOW).until == (
        "2027-01-31T12:00:00+01:00"
    )


@pytest.mark.parametrize("line", ["access until: 2027-01-31", "\t ACCESS  UNTIL : 2027-01-31  "])
def test_a_person_may_type_the_line(line: str) -> None:
    assert approved_until(f"Fine with me.\r\n{line}\r\nRegards") == "2027-01-31"


@pytest.mark.parametrize("comment", [None, "", "Fine", "I gave access until: see below", "Access until the summer"])
def test_words_are_no_end(comment: str | None) -> None:
    assert approved_until(comment) is None
    assert decided(asked("2027-01-31"), comment, NOW) == asked("2027-01-31")


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("Access until: soon", "the approver's comment says 'Access until:' and then 'soon': it must look like 2027"),
        ("Access until:", "and then '': it must look like"),
        ("Access until: 2027-02-30", "and then '2027-02-30'"),
        ("Access until: 2027-01-31 at noon", "must look like"),
        ("Access until: 2027-01-31\nAccess until: 2027-02-28", "has 2 lines 'Access until:': which one is meant?"),
        ("Access until: 2026-11-25", "allows access until 2026-11-25, which has passed: ask again"),
    ],
)
def test_nonsense_is_a_clear_refusal_and_never_access_without_end(comment: str, reason: str) -> None:
    for wanted in (None, "2027-01-31"):
        with pytest.raises(PermanentGrantError) as error:
            decided(asked(wanted), comment, NOW)
        assert reason in str(error.value)


def test_comments_that_cannot_be_written() -> None:
    assert decision_comment("2027-01-31", "  Fine.\n") == "Fine.\nAccess until: 2027-01-31"
    assert decision_comment(None) == ""
    with pytest.raises(PermanentGrantError, match="has a line 'Access until:' of its own"):
        decision_comment("2027-01-31", "Access until: 2028-01-31")
    room = MAX_COMMENT - len("\nAccess until: 2027-01-31")
    assert len(decision_comment("2027-01-31", "x" * room)) == MAX_COMMENT
    with pytest.raises(PermanentGrantError, match="have 4097 characters, DataZone takes 4096"):
        decision_comment("2027-01-31", "x" * (room + 1))
