"""Who made and last changed something, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stamp:
    """Who made and last changed something, and when."""

    created_by: str
    created_at: float
    updated_by: str
    updated_at: float

    def touch(self, user: str, now: float) -> None:
        """Record a change."""
        self.updated_by, self.updated_at = user, now
