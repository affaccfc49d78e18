"""Where records should lie: the computation, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import records

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "adr" / "0011-asset-records-with-figures.md"


@pytest.mark.parametrize(
    ("store", "seconds"), [(records.PARAMETERS, 10_000 / 3), (records.HIGHER, 1_000), (records.TABLE, 500)]
)
def test_the_slower_of_assets_and_records_limits_a_first_run(store: str, seconds: float) -> None:
    assert records.STORES[store].first_run(10_000) == pytest.approx(seconds)


def test_standard_parameters_cost_nothing_and_advanced_ones_by_the_month() -> None:
    assert records.a_month(records.PARAMETERS, 10_000) == 0
    assert records.a_month(records.PARAMETERS, 10_010) == pytest.approx(10 * 0.05 + 730 * 0.05 / 10_000)


def test_the_page_shows_the_table_that_is_computed(capsys: pytest.CaptureFixture[str]) -> None:
    records.main()
    printed = capsys.readouterr().out.split("\n\n", 1)[1].strip()
    assert printed in PAGE.read_text(), "run python -m bench records and put its table into the page"
