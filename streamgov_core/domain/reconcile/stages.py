"""The stages of a run: what follows the reading and each stage, and what came of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from streamgov_core.domain.reconcile.inventory import Inventory
from streamgov_core.domain.reconcile.ledger_reading import LISTED, SEEN, GrantOverview, LedgerReader, LedgerReading
from streamgov_core.domain.reconcile.pace import Rotation, rotation_for
from streamgov_core.domain.reconcile.shards import (
    ACCOUNTS,
    CONCURRENCY,
    ENDED,
    EXPIRED,
    ORPHANED,
    PROJECTS,
    READING,
    STAGES,
    Shard,
    held_back,
    shard_count,
    shard_name,
    shard_of,
    shards_of,
)
from streamgov_core.domain.settings import ReconcileSettings
from streamgov_core.model.errors import GrantError, RemoteError
from streamgov_core.model.findings import Finding, Tally
from streamgov_core.model.naming import short_hash
from streamgov_core.runtime.log import log
from streamgov_core.runtime.run_store import RunStore


def summary_name(stage: str) -> str:
    """Key of the summaries of a stage's shards in the run store."""
    return f"summary#{stage}"


def summary_of(
    tally: Tally, shard: int = -1, *, is_done: bool = False, checked: int = 0, busy: int = 0, orphans: int = 0
) -> dict[str, Any]:
    """What a portion of a shard came to, as a row of the run store.

    Args:
        tally: its findings.
        shard: number of the shard within its stage; -1 for findings that are no shard's.
        is_done: whether it was the shard's last portion.
        checked: documents of member accounts that were compared.
        busy: documents that a command was writing.
        orphans: granted assets that seem to be gone.
    """
    return {
        "shard": shard,
        "isDone": is_done,
        "checked": checked,
        "busy": busy,
        "orphans": orphans,
        "tally": tally.to_message(),
    }


@dataclass
class RunTotal:
    """What came of a run.

    Args:
        tally: findings of all shards.
        checked: documents of member accounts that were compared.
        busy: documents that a command was writing.
        shards: that came to their end.
    """

    tally: Tally = field(default_factory=Tally)
    checked: int = 0
    busy: int = 0
    shards: int = 0


def total_of(store: RunStore, run: str, limit: int) -> RunTotal:
    """The sum of all summaries of a run.

    Args:
        store: where they are.
        run: the run's key.
        limit: findings that are listed.
    """
    total = RunTotal(Tally(limit))
    # What is wrong with grants is listed before what is wrong with documents.
    for stage in (READING, EXPIRED, PROJECTS, ORPHANED, ACCOUNTS):
        for summary in store.rows(run, summary_name(stage)):
            total.tally.merge(summary["tally"])
            total.checked += summary["checked"]
            total.busy += summary["busy"]
            total.shards += int(summary["isDone"])
    return total


class Stages:
    """Goes from stage to stage.

    Args:
        settings: of the function.
        ledger: the grant ledger.
        inventory: lists the domain's projects.
        store: what the shards work on.
        now: seconds since the epoch.
    """

    def __init__(
        self, settings: ReconcileSettings, ledger: GrantOverview, inventory: Inventory, store: RunStore, now: float
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._inventory = inventory
        self._store = store
        self._now = now

    def advance(self, run: Mapping[str, Any], execution: str, grant_id: str, *, force: bool) -> dict[str, Any]:
        """What is to be done next: a further portion of the reading, the shards of a stage, or nothing.

        Args:
            run: what this answered before; ``{"stage": "read"}`` at first.
            execution: ARN of the run.
            grant_id: the one grant whose end is looked at, or empty.
            force: end what is gone, however much it is.
        """
        key = short_hash(execution, length=20)
        if run["stage"] == READING:
            reader = LedgerReader(
                self._settings.names, self._settings.members, self._ledger, self._store, self._now
            )  # fmt: skip
            reading = reader.read(key, LedgerReading.parse(run.get("reading", {})), grant_id)
            if not reading.is_read:
                return _state(READING, key, reading, Rotation(), [])
            rotation = Rotation() if grant_id else self._divide_projects(key, reading)
        else:
            reading, rotation = LedgerReading.parse(run["reading"]), Rotation(**run["rotation"])
            self._note_missing(key, run)
        for stage in STAGES[STAGES.index(run["stage"]) + 1 if run["stage"] in STAGES else 0 :]:
            if grant_id and stage != EXPIRED:
                continue
            shards = self._shards(key, stage, reading, rotation, force=force)
            if shards:
                return _state(stage, key, reading, rotation, shards)
        return _state(ENDED, key, reading, rotation, [])

    def _divide_projects(self, key: str, reading: LedgerReading) -> Rotation:
        """Write which projects each shard looks at, and find out what there is time for."""
        tally, projects = Tally(100), {*self._store.rows(key, SEEN), *self._settings.projects}
        if not self._settings.projects:
            try:
                projects |= {*self._inventory.projects()}
            except (GrantError, RemoteError) as error:
                tally.add(Finding("Unreadable", "the domain's projects", str(error), "skipped"))
        for subject in reading.unreadable:
            text = "the ledger's record could not be read: it is of another release, or somebody else wrote it"
            tally.add(Finding("Unreadable", subject, text, "failed"))
        count = reading.shards[PROJECTS]
        listed: dict[int, list[str]] = {}
        for project in sorted(projects):
            listed.setdefault(shard_of(project, count), []).append(project)
        for number, mine in listed.items():
            self._store.put(key, shard_name(LISTED, number), "", mine)
        self._store.put(key, shard_name(LISTED, -1), "", sorted(listed))
        self._store.put(key, summary_name(READING), "", [summary_of(tally)])
        rotation = rotation_for(self._store.next_turn(), len(projects), reading.live)
        log("ledger read", live=reading.live, projects=len(projects),
            projectsInTurn=rotation.projects, assetsInTurn=rotation.assets)  # fmt: skip
        return rotation

    def _shards(
        self, key: str, stage: str, reading: LedgerReading, rotation: Rotation, *, force: bool
    ) -> list[Shard]:  # fmt: skip
        held = ""
        if stage == EXPIRED:
            numbers = list(range(reading.shards[EXPIRED])) if reading.expired else []
        elif stage == ACCOUNTS:
            count = shard_count(ACCOUNTS, len(self._settings.members))
            numbers = sorted({shard_of(account, count) for account in self._settings.members})
        elif stage == PROJECTS:
            numbers = list(self._store.rows(key, shard_name(LISTED, -1)))
        else:
            orphans: dict[int, int] = {}
            for summary in self._store.rows(key, summary_name(PROJECTS)):
                orphans[summary["shard"]] = orphans.get(summary["shard"], 0) + summary["orphans"]
            numbers = sorted(number for number, found in orphans.items() if found)
            held = held_back(sum(orphans.values()), reading.granted, force=force)
        return shards_of(key, stage, numbers, rotation, held)

    def _note_missing(self, key: str, run: Mapping[str, Any]) -> None:
        """Say which shards of a stage have failed: what they should have looked at is for the next run."""
        stage = str(run["stage"])
        done = {item["shard"] for item in self._store.rows(key, summary_name(stage)) if item["isDone"]}
        tally = Tally(100)
        for number in (int(shard["number"]) for shard in run["shards"]):
            if number not in done:
                text = "a shard of the run has failed: its child execution says why. The next run begins it anew"
                tally.add(Finding("Unchecked", shard_name(stage, number), text, "failed"))
        if tally.findings:
            self._store.put(key, summary_name(stage), "missing", [summary_of(tally)])


def _state(stage: str, key: str, reading: LedgerReading, rotation: Rotation, shards: list[Shard]) -> dict[str, Any]:
    """What the central machine keeps of a run."""
    return {
        "version": 1,
        "stage": stage,
        "key": key,
        "reading": reading.to_message(),
        "rotation": asdict(rotation),
        "shards": [shard.to_message() for shard in shards],
        "concurrency": CONCURRENCY.get(stage, 1),
        "result": None,
    }
