from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.grants.fakes import RealClock
from tests.unit.member.engine_account import EngineAccount


@pytest.fixture
def account() -> Iterator[EngineAccount]:
    made = EngineAccount()
    yield made
    made.calls.shutdown()


@pytest.fixture
def contended() -> Iterator[EngineAccount]:
    """An account whose commands really wait for each other."""
    made = EngineAccount(clock=RealClock())
    yield made
    made.calls.shutdown()
