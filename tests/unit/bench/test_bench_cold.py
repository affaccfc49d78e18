"""Cold starts: what is computed from what was measured."""

from __future__ import annotations

import pytest

from bench import cold
from bench.quota import WHOLE_CORE

pytestmark = pytest.mark.slow


def test_a_grant_waits_for_collect_for_apply_twice_and_for_report() -> None:
    starts = [
        cold.Start(name, memory, milliseconds, cpu, 5.0, byte_code)
        for name in cold.HANDLERS
        for memory, milliseconds, cpu, byte_code in (
            (256, 3000, 520, False),
            (WHOLE_CORE, 600, 500, False),
            (WHOLE_CORE, 300, 250, True),
        )
    ]
    assert cold.chains(starts) == {256: 12_000, WHOLE_CORE: 2_400}
    rows = {row[0]: row[1:] for row in cold.by_processor_time(starts, byte_code=False)}
    assert rows["apply"] == (500, round(500 * WHOLE_CORE / 256), round(500 * WHOLE_CORE / 512), 864, 500)
    assert rows["grant across accounts, all cold"][0] == 2_000
    compiled = {row[0]: row[1:] for row in cold.by_processor_time(starts, byte_code=True)}
    assert compiled["grant across accounts, all cold"][-1] == 1_000
