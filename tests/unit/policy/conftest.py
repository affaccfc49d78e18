from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACK = Path(__file__).resolve().parents[3] / "policy"
sys.path.insert(0, str(PACK))


@pytest.fixture(autouse=True, scope="session")
def pack_on_path() -> Iterator[None]:
    """As the engine starts it: the pack's own folder is on the path."""
    yield
    sys.path.remove(str(PACK))
