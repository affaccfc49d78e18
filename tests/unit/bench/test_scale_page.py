"""docs/scale.md shows what is recorded, and what is recorded is what the product does now."""

from __future__ import annotations

import pytest

from bench.__main__ import main as bench_main
from bench.scale import page, run
from bench.scale.figures import KINDS, Case, cases, rates_of
from bench.scale.inputs import inputs
from bench.scale.tables import SECTIONS, floor

AGAIN = "run python -m bench scale --record (three minutes on two idle processors)"
SMALLEST = (10, 1_000)


def test_the_page_shows_what_is_recorded() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert text == page.page(text, page.recorded()), AGAIN


def test_every_size_and_load_is_recorded() -> None:
    recorded = page.recorded()
    for kind in KINDS:
        names = ("accounts", "grants", *(("reading", "queue", "requests") if kind == "burst" else ()))
        assert [[row[name] for name in names] for row in recorded[kind]] == [
            [getattr(case, name) for name in names] for case in cases([kind])
        ]


def test_what_a_grant_calls_and_what_is_set_is_what_the_figures_were_computed_with() -> None:
    with run.quiet():
        now = inputs()
    assert page.recorded()["inputs"] == now, f"docs/scale.md was computed with another product: {AGAIN}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["steady", "reconcile"])
def test_the_smallest_size_gives_now_what_is_recorded(kind: str) -> None:
    (recorded,) = [row for row in page.recorded()[kind] if (row["accounts"], row["grants"]) == SMALLEST]
    with run.quiet():
        assert Case(kind, *SMALLEST).simulate() == recorded, AGAIN


@pytest.mark.full
def test_everything_gives_now_what_is_recorded() -> None:
    assert run.simulate(cases(), processes=2) == page.recorded(), AGAIN


def test_every_request_of_the_record_ended_granted_and_no_burst_beats_the_rate() -> None:
    recorded = page.recorded()
    for row in (*recorded["steady"], *recorded["burst"], *recorded["bad hour"]):
        assert row["granted"] == row["requests"] > 0
    for row in recorded["burst"]:
        assert (
            row["to grant"]["last"]
            > floor(recorded["inputs"]["a grant"], rates_of(row["reading"]), row["requests"]) - 2
        )


def test_the_floor_is_that_of_the_operation_that_is_called_most_or_of_all_together() -> None:
    grant = {
        "datazone:GetEnvironment": 1,
        "datazone:GetSubscriptionGrant": 2,
        "datazone:GetListing": 9,
        "iam:GetRole": 99,
    }
    assert floor(grant, rates_of("each"), 1_000) == 250
    assert floor(grant, rates_of("shared"), 1_000) == 375


@pytest.mark.parametrize("text", ["", "<!-- a: generated --><!-- a: end --><!-- a: generated --><!-- a: end -->"])
def test_a_page_without_the_marks_of_a_section_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a: generated"):
        page.filled(text, {"a": "figures"})


def test_what_is_between_the_marks_is_replaced_and_nothing_else() -> None:
    text = "before\n<!-- a: generated -->\nold\n<!-- a: end -->\nafter\n"
    assert page.filled(text, {"a": "new"}) == text.replace("old", "new")


def test_help_says_what_is_simulated_and_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench_main(["scale", "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    for words in ("--accounts", "--grants", "--loads", "--record", "three minutes", "virtual clock", "examples:"):
        assert words in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scale", "--accounts", "11"], "invalid choice: 11"),
        (["scale", "--record", "--accounts", "10"], "leave --accounts, --grants and --loads out"),
        (["scale", "--processes", "0"], "at least one"),
        (["scle"], "unknown benchmark 'scle'"),
        (["scale", "cost", "--record"], "unrecognized arguments: --record"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        bench_main(arguments)
    assert ended.value.code == 2 and words in capsys.readouterr().err


@pytest.mark.slow
def test_a_part_is_printed_with_its_progress_and_without_what_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    figures = run.main(["--accounts", "10", "--grants", "1000", "--loads", "reconcile"])
    captured = capsys.readouterr()
    assert [*figures] == ["inputs", "reconcile"]
    assert "[ 1/1] reconcile, 10 accounts, 1,000 grants: 6 minutes on the virtual clock" in captured.err
    assert "| 10       | 1,000  | 27       |" in captured.out and "quota" not in captured.out


def test_every_section_has_a_title() -> None:
    assert run.TITLES.keys() == SECTIONS.keys()
