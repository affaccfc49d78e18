"""How fast a run may ask DataZone, and what it looks at in every run or by turns, so that it ends within the hour.

Source of the rates: "Amazon DataZone quotas" (8 calls a second of an account for each of ListProjects,
ListSubscriptionGrants, ListSubscriptions, GetSubscriptionGrant and GetEnvironment; none is documented for
GetSubscriptionTarget and GetAsset). As nothing says whether these share their rate, the sum of all calls of a run stays
below one of them, grants' own calls included.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

DOCUMENTED_RATE = 8.0
"""Calls a second that DataZone documents for what a run reads."""
CALLS_PER_SECOND = 5.0
"""Calls a second of a whole run; the others are for grants."""
LOOK_SECONDS = 2400.0
"""Seconds of a run for the shards that look at DataZone; the rest of an hour is for ends, documents and revokes."""
PAGE_SIZE = 50
"""The largest page of DataZone's lists."""
CALLS_PER_PROJECT_LOOK = 4
"""ListSubscriptions for two statuses, GetEnvironment, GetSubscriptionTarget: for a project with one of each."""
MAX_TURNS = 10_000
"""Turns into which something is divided at most."""


class RateLimiter:
    """Spreads calls evenly.

    Args:
        now: clock.
        sleep: waits.
        rate: calls a second.
    """

    def __init__(
        self, now: Callable[[], float], sleep: Callable[[float], None], rate: float = CALLS_PER_SECOND
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._gap = 1.0 / rate
        self._next = 0.0

    def set_rate(self, rate: float) -> None:
        """Go on with another rate, in calls a second."""
        self._gap = 1.0 / rate

    def wait(self) -> None:
        """Wait until the next call is due."""
        now = self._now()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


@dataclass(frozen=True)
class Rotation:
    """What a run looks at by turns: each of ``n`` runs one ``n``-th.

    Args:
        turn: counts runs.
        projects: runs in which each project's targets, environments and retained permissions are looked at once.
        assets: runs in which each asset is looked at once.
    """

    turn: int = 0
    projects: int = 1
    assets: int = 1

    def is_projects_turn(self, project_id: str) -> bool:
        """Whether a project's targets, environments and retained permissions are looked at in this run."""
        return _is_turn(project_id, self.turn, self.projects)

    def is_assets_turn(self, asset_id: str) -> bool:
        """Whether an asset is looked at in this run."""
        return _is_turn(asset_id, self.turn, self.assets)


def _is_turn(name: str, turn: int, runs: int) -> bool:
    return zlib.crc32(name.encode()) % runs == turn % runs


def rotation_for(turn: int, projects: int, grants: int) -> Rotation:
    """The turns with which a run's looks at DataZone fit LOOK_SECONDS.

    What DataZone lists of grants is read in every run: it shows missed events and grants that hang. The rest of the
    time goes to the looks that cost a call each: three fifths to projects, two fifths to assets. While both fit,
    everything is looked at in every run.

    Args:
        turn: counts runs.
        projects: with grants, or to be listed.
        grants: assets of grants that have not ended.
    """
    budget = LOOK_SECONDS * CALLS_PER_SECOND
    room = max(budget - listing_calls(projects, grants), budget / 10)
    return Rotation(
        turn,
        _turns(projects * CALLS_PER_PROJECT_LOOK, room * 3 / 5),
        _turns(grants, room * 2 / 5),
    )


def _turns(calls: float, room: float) -> int:
    return min(MAX_TURNS, max(1, math.ceil(calls / room)))


def listing_calls(projects: int, grants: int) -> int:
    """Calls with which the grants of all projects are listed, at most: a page more for each project."""
    return projects + grants // PAGE_SIZE


def run_calls(projects: int, grants: int) -> float:
    """Calls to DataZone of one run that finds nothing, at most, for projects with one environment and target each.

    Args:
        projects: with grants.
        grants: assets of grants that have not ended, each of an asset of its own.
    """
    rotation = rotation_for(0, projects, grants)
    return (
        math.ceil(projects / PAGE_SIZE)
        + listing_calls(projects, grants)
        + projects * CALLS_PER_PROJECT_LOOK / rotation.projects
        + grants / rotation.assets
    )
