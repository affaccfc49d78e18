"""The cost table: units times prices, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import cost

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "cost.md"
NOTHING = cost.Usage(
    grants=0,
    revokes=0,
    sync_runs=0,
    sync=cost.SYNC_100,
    reconcile_runs=0,
    keys=0,
    alarms=0,
    dashboards=0,
    custom_metrics=0,
)


def test_what_is_not_used_costs_nothing() -> None:
    assert set(cost.cost(NOTHING).values()) == {0.0}


def test_a_thousand_transitions_cost_what_the_price_list_says() -> None:
    usage = cost.Usage(**{**vars(NOTHING), "grants": 1000})
    assert cost.cost(usage)["Step Functions state transition"] == pytest.approx(cost.GRANT.transitions * 0.025)


def test_each_kind_of_run_adds_its_units() -> None:
    usage = cost.Usage(**{**vars(NOTHING), "grants": 2, "revokes": 3, "reconcile_runs": 5, "sync_runs": 7})
    used = cost.units(usage)
    assert used["DynamoDB read"] == 2 * cost.GRANT.reads + 3 * cost.REVOKE.reads + 5 * cost.RECONCILE.reads + 7 * 20
    assert used["Lambda request"] == 2 * 6 + 3 * 4 + 5 * 11 + 7 * 3


def test_the_page_shows_the_table_that_is_computed(capsys: pytest.CaptureFixture[str]) -> None:
    cost.main()
    _, usages, _, snapshots = capsys.readouterr().out.strip().split("\n\n")
    for printed in (usages, snapshots):
        assert printed in PAGE.read_text(), "run python -m bench cost and put its tables into docs/cost.md"


def test_a_snapshot_costs_by_memory_and_second_and_a_restore_by_memory() -> None:
    one = 1769 / 1024 * 730 * 3600 * 0.0000015046
    assert cost.snapshot_cache_cost(0) == pytest.approx(2 * one), "collect and report"
    assert cost.snapshot_cache_cost(1_000) == pytest.approx(1_002 * one)
    assert cost.snapshot_restore_cost(1) == pytest.approx(4 * 1769 / 1024 * 0.0001397998)


def test_the_decision_names_the_figures_that_are_computed() -> None:
    page = (PAGE.parent / "adr" / "0018-byte-code-in-the-wheel.md").read_text()
    one = cost.snapshot_cache_cost(1) - cost.snapshot_cache_cost(0)
    assert f"costs USD {one:.2f} a month" in page
    assert f"USD {cost.snapshot_cache_cost(1_000):,.0f} a month" in page
