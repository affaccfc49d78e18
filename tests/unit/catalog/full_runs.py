"""Full runs of a data source in memory: the phases as the state machine calls them, one after the other."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from streamgov_core.catalog.full_run import FullRun
from streamgov_core.catalog.run_journal import RunEnded, RunUnderWay
from streamgov_core.catalog.run_summary import total_of
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.catalog.sync_result import SyncResult
from streamgov_core.model.errors import SyncFailedError
from streamgov_core.model.naming import short_hash
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.runtime.run_stores import MemoryRunStore

if TYPE_CHECKING:
    from tests.unit.catalog.fakes import SyncSetup


class FullRunStore(MemoryRunStore):
    """Its runs do not take turns."""

    def next_turn(self) -> int:
        raise AssertionError("a full run looks at everything")


class MemoryRunJournal:
    """RunJournal in memory."""

    def __init__(self) -> None:
        self.under_way: RunUnderWay | None = None
        self.ended: RunEnded | None = None
        self.notes: list[RunUnderWay] = []

    def claim(self, run: RunUnderWay) -> RunUnderWay | None:
        if self.under_way is not None and self.under_way.execution != run.execution:
            return self.under_way
        self.under_way = run
        return None

    def note(self, run: RunUnderWay) -> None:
        self.under_way = run
        self.notes.append(run)

    def end(self, run: RunEnded) -> None:
        self.under_way, self.ended = None, run

    def current(self) -> RunUnderWay | None:
        return self.under_way

    def last(self) -> RunEnded | None:
        return self.ended


class Machine:
    """What the state machine of full runs does, with the phases as functions: every phase has parts of its own.

    Args:
        setup: of the data source.
        order: the input of the execution, in Python's words.
    """

    def __init__(self, setup: SyncSetup, **order: bool) -> None:
        self.setup = setup
        self.input = SyncRequest(None, **order).to_message()
        self.execution = f"arn:execution:{next(setup.executions)}"
        self.at: dict[str, Any] = {"stage": "read"}
        self.kept: dict[str, Any] = {}
        self.lost: set[int] = set()
        self.pauses: list[float] = []
        self.portions = 0
        self.metrics: list[dict[str, Any]] = []

    def phase(self, event: dict[str, Any]) -> dict[str, Any]:
        """One phase, its event and its answer as JSON."""
        emitted = FunctionMetrics("streamgov", "sync", lambda line: self.metrics.append(json.loads(line)))
        run = FullRun(
            self.setup.parts(),
            self.setup.store,
            self.setup.journal,
            "sync-msk",
            emitted,
            lambda: self.setup.enough_time(),
            lambda: 1_790_000_000.0,
        )
        return dict(json.loads(json.dumps(run.phase(json.loads(json.dumps(event))))))

    def stage(self) -> dict[str, Any]:
        """The next stage; what the machine keeps of it."""
        self.at = self.phase({"phase": "stage", "input": self.input, "execution": self.execution, "at": self.at})
        self.kept = self.at
        return self.at

    def shards(self) -> None:
        """The map: every shard, in as many portions as it takes; what a lost one was to do is not done."""
        for shard in self.at["shards"]:
            while shard["number"] not in self.lost:
                self.portions += 1
                if self.phase({"phase": "shard", "input": self.input, "shard": shard})["done"]:
                    break

    def run(self) -> SyncResult:
        """To the end, or until the function that ends the run fails; what the run came to."""
        with suppress(SyncFailedError):
            while self.stage()["stage"]:
                self.pauses += [self.at["pause"]] if self.at["pause"] else []
                self.shards()
        return total_of(self.setup.store, self.kept.get("key") or short_hash(self.execution, length=20))
