"""How thoroughly laws are tried."""

from __future__ import annotations

import os

FEWEST = 5


def examples(number: int) -> int:
    """How many examples a law is tried with.

    Args:
        number: examples of a whole run; ``make test-unit`` tries the share of them that ``STREAMGOV_EXAMPLES`` says.
    """
    return max(min(number, FEWEST), int(number * float(os.environ.get("STREAMGOV_EXAMPLES", "1"))))
