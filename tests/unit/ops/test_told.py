"""A timeline says a long sentence once."""

from __future__ import annotations

from streamgov_ops.explain.told import LONG, Told

CAUSE = "the role " + "x" * LONG + " must carry the boundary"
OTHER = "the grant " + "y" * LONG + " has failed, and DataZone takes no further status for it"


def test_the_cause_is_told_at_the_end_only() -> None:
    told = Told(CAUSE)
    for text in (f"REJECTED, {CAUSE}", f"cause {CAUSE}", CAUSE):
        short = told.short(text)
        assert short.endswith("… (the cause, below)")
        assert short.startswith(text[:20])
        assert len(short) < LONG


def test_another_sentence_is_told_where_it_comes_first() -> None:
    told = Told(CAUSE)
    assert told.short(f"TaskFailed: {OTHER}") == f"TaskFailed: {OTHER}"
    assert told.short(f"REJECTED, {OTHER}").endswith("… (as above)")
    assert told.short(f"NotCollected: {OTHER}").startswith("NotCollected: the grant y")


def test_short_sentences_are_repeated() -> None:
    told = Told("no boundary")
    assert [told.short("REJECTED, no boundary"), told.short("no boundary")] == ["REJECTED, no boundary", "no boundary"]
