"""The plan of a full run: which names each shard of a stage works on, what is done once more, what came of all.

A schema costs one GetSchema call if nothing has changed: versions are immutable, so the number of the newest one, what
else GetSchema says, and the facts of the resource decide together whether anything can have changed (the record's
fingerprint). What all shards need is read once, side by side, and kept in the table of runs: the facts of topics, the
records, and the project's assets as Search shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamgov_core.catalog.asset_index import AssetIndex, claims_of
from streamgov_core.catalog.entities import AssetSummary
from streamgov_core.catalog.run_shards import (
    ENDED,
    ENDING,
    PAUSE_SECONDS,
    READ,
    RETRIED_SHARDS,
    SCHEMAS,
    STAGES,
    TOPICS,
    TOPICS_ENDING,
    divided,
    shard_rows,
    shards_at_work,
)
from streamgov_core.catalog.run_summary import NO_SHARD, PortionSummary, postponed_of, put_summary, summaries_of
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.catalog.sync_result import ALL, SyncOutcome, SyncResult
from streamgov_core.catalog.workers import mass_retirement_refusal
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.errors import CatalogError
from streamgov_core.runtime.run_store import RunStore

READERS = 4
"""Threads that read at the start of a run: the registry's resources, the type, the records, the assets."""
WRITERS = 8
"""Threads that write what shards work on."""
INDEX, CLAIMS, SNAPSHOT, NAMES, RECORDED_TOPICS = "index", "claims", "snapshot", "names", "recordedTopics"
"""Keys of what the shards share, in the run store."""

WHY_THEY_END = {
    SCHEMAS: "{gone} schemas are missing from the registry, {moved} mean another topic or stream than before",
    TOPICS: "{gone} topics or streams are gone, {moved} are others than before",
}

Row = tuple[str, bool]
"""A name, and whether the index shows its asset as it was recorded; in the stages that end, whether it is gone."""


@dataclass(frozen=True)
class RunState:
    """How far a run is: what the state machine keeps.

    Args:
        key: of the run in the run store.
        attempt: counts how often the execution was redriven after its end.
        stage: READ, one of STAGES, or ENDED.
        round: 0, or 1 when what has failed is done once more.
        shards: numbers of the stage's shards.
        recorded: assets that were recorded when the run began.
    """

    key: str
    attempt: int = 0
    stage: str = READ
    round: int = 0
    shards: tuple[int, ...] = ()
    recorded: int = 0

    def to_message(self, concurrency: int) -> dict[str, Any]:
        """As the machine keeps it, every member that a state reads included.

        Args:
            concurrency: threads of the data source.
        """
        shards = shards_at_work(self.key, self.stage, self.shards, self.round, concurrency)
        return {
            "version": 1,
            "key": self.key,
            "attempt": self.attempt,
            "stage": self.stage,
            "round": self.round,
            "recorded": self.recorded,
            "shards": [shard.to_message() for shard in shards],
            "pause": PAUSE_SECONDS if self.round else 0,
            "result": None,
        }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], key: str) -> RunState:
        """Read what ``to_message`` wrote, or ``{"stage": "read"}`` of a run that begins."""
        if raw["stage"] == READ:
            return cls(key)
        numbers = tuple(int(shard["number"]) for shard in raw["shards"])
        return cls(raw["key"], raw["attempt"], raw["stage"], raw["round"], numbers, raw["recorded"])


class RunPlanner:
    """Goes from stage to stage.

    Args:
        parts: of the data source.
        store: what the shards work on.
        request: what the run is to do.
    """

    def __init__(self, parts: SourceParts, store: RunStore, request: SyncRequest) -> None:
        self._parts = parts
        self._store = store
        self._request = request

    def advance(self, state: RunState) -> RunState:
        """What is to be done next: what has failed once more, the shards of a further stage, or nothing.

        Raises:
            CatalogError: the registry or what all resources share is not there.
        """
        if state.stage == READ:
            state = RunState(state.key, state.attempt, READ, 0, (), self._read(state.key))
        elif (again := self._once_more(state)) is not None:
            return again
        following = STAGES[STAGES.index(state.stage) + 1 if state.stage in STAGES else 0 :]
        for stage in following:
            numbers = self._divide(state, stage)
            if numbers:
                return RunState(state.key, state.attempt, stage, 0, tuple(numbers), state.recorded)
        return RunState(state.key, state.attempt, ENDED, 0, (), state.recorded)

    def _divide(self, state: RunState, stage: str) -> Sequence[int]:
        """Write what each shard of a stage works on; their numbers."""
        if stage == SCHEMAS:
            return [int(number) for number in self._store.rows(state.key, NAMES)]
        if stage == ENDING:
            return self._ending(state.key, ENDING, SCHEMAS, state.recorded)
        if self._parts.schemaless is None:
            return []
        if stage == TOPICS:
            return self._topics(state.key)
        return self._ending(state.key, TOPICS_ENDING, TOPICS, sum(self._store.rows(state.key, RECORDED_TOPICS)))

    # --- what all shards share ----------------------------------------------------------------------------------------
    def _read(self, run: str) -> int:
        """Read everything once, and divide the schemas; how many assets were recorded."""
        parts = self._parts
        with ThreadPoolExecutor(READERS) as reading:
            shared = reading.submit(parts.source.prepare)
            asset_type = reading.submit(lambda: parts.writer.asset_type)
            recorded_before = reading.submit(lambda: list(parts.records.load_all()))
            found = reading.submit(lambda: list(parts.assets.search()))
            every = sorted(set(parts.registry.list_names()))
            shared.result()
            asset_type.result()
            records = {record.schema_name: record for record in recorded_before.result()}
            items = found.result()
        names, clashes = self._without_clashes(every, records)
        if clashes:
            skipped = SyncResult()
            for name, cause in clashes.items():
                skipped.add(name, SyncOutcome("skipped", cause))
            self._note(run, SCHEMAS, skipped)
        claims: dict[str, str] = {}
        if any(name not in records and self._leads_somewhere(name) for name in names):
            claims = claims_of(parts.assets, items, parts.drafts, {record.asset_id for record in records.values()})
        self._store.put(run, SNAPSHOT, "", [parts.source.snapshot()])
        self._store.put(run, INDEX, "", [_index_row(item) for item in items])
        self._store.put(run, CLAIMS, "", sorted(claims.items()))
        self._store.put(run, _gone(SCHEMAS), "", sorted(set(records) - set(names) - set(clashes)))
        indexed = {item.asset_id: item for item in items}
        self._store.put(
            run,
            NAMES,
            "",
            self._write(run, SCHEMAS, [(name, self._is_as_recorded(records.get(name), indexed)) for name in names]),
        )
        return len(records)

    def _is_as_recorded(self, record: AssetRecord | None, indexed: Mapping[str, AssetSummary]) -> bool:
        if record is None or self._request.force:
            return False
        return self._parts.writer.is_unchanged_in_index(record, indexed.get(record.asset_id))

    def _leads_somewhere(self, name: str) -> bool:
        """Whether a schema may mean a topic or stream, as far as its name tells."""
        try:
            self._parts.mapping(name)
        except CatalogError:
            return bool(self._parts.mapping.key)
        return True

    def _without_clashes(
        self, names: Iterable[str], records: Mapping[str, AssetRecord]
    ) -> tuple[list[str], dict[str, str]]:
        """Leave out schemas that map to one resource; the one that was recorded first keeps it."""
        mapping = self._parts.mapping
        if mapping.key:
            return list(names), {}  # the schemas' metadata decides, which is read in their turn
        by_resource: dict[str, list[str]] = {}
        kept = []
        for name in names:
            try:
                by_resource.setdefault(mapping(name), []).append(name)
            except CatalogError:
                kept.append(name)  # fails again, and is counted, when it is synced
        clashes: dict[str, str] = {}
        for resource, claimants in by_resource.items():
            holders = [name for name in claimants if name in records] if len(claimants) > 1 else claimants
            if len(holders) == 1:
                kept += holders
            for name in claimants:
                if [name] != holders:
                    others = ", ".join(other for other in claimants if other != name)
                    clashes[name] = f"more than one schema maps to {resource!r}: {others} too"
        return sorted(kept), clashes

    # --- assets that end ----------------------------------------------------------------------------------------------
    def _ending(self, run: str, stage: str, before: str, recorded: int) -> Sequence[int]:
        """Divide the assets that are to be retired or replaced, unless they are suspiciously many together.

        An asset is retired if the registry itself says that its schema is gone; it is replaced if the schema has come
        to mean another topic or stream.
        """
        gone = set(self._store.rows(run, _gone(before)))
        moved = set(postponed_of(self._store, run, before)) - gone
        told = WHY_THEY_END[before].format(gone=len(gone), moved=len(moved))
        refusal = mass_retirement_refusal(
            len(gone) + len(moved), recorded, self._parts.settings.max_retire_share, f"assets would end: {told}"
        )
        if refusal and not self._request.allow_mass_retirement:
            refused = SyncResult()
            refused.fail(ALL, refusal)
            self._note(run, stage, refused)
            return []
        return self._write(run, stage, [(name, name in gone) for name in sorted(gone | moved)])

    # --- topics and streams without schema ----------------------------------------------------------------------------
    def _topics(self, run: str) -> Sequence[int]:
        """Divide the topics and streams that no schema covers."""
        parts, schemaless = self._parts, self._parts.schemaless
        assert schemaless is not None
        result = SyncResult()
        restore(parts, self._store, run)
        try:
            existing = parts.source.resources()
        except CatalogError as error:  # what was done for schemas is done
            result.fail(ALL, str(error))
            self._note(run, TOPICS, result)
            return []
        records = {record.schema_name: record for record in parts.plain_records.load_all()}
        covered = self._covered(run)
        gone = []
        for name in sorted(set(records) - set(existing)):
            cause = schemaless.why_kept(name)
            if cause is None or self._request.allow_mass_retirement:
                gone.append(name)
            else:
                result.add(name, SyncOutcome("kept", cause))
        for name in covered & set(records) & set(existing):
            schemaless.release(name)
        self._store.put(run, _gone(TOPICS), "", gone)
        self._store.put(run, RECORDED_TOPICS, "", [len(records)])
        if result.counts:
            self._note(run, TOPICS, result)
        index = {item.asset_id: item for item in index_rows(self._store, run)}
        rows = [(name, self._is_as_recorded(records.get(name), index)) for name in existing if name not in covered]
        return self._write(run, TOPICS, rows)

    def _covered(self, run: str) -> set[str]:
        """Names of the topics or streams that schemas have, or mean."""
        parts = self._parts
        names = {
            name
            for number in self._store.rows(run, NAMES)
            for name, _ in self._store.rows(run, shard_rows(SCHEMAS, number))
        }
        covered = set()
        for record in parts.records.load_all():
            if record.schema_name in names:
                covered.add(parts.drafts.resource_name(record.resource_arn))
        for name in names:
            try:
                covered.add(parts.mapping(name))
            except CatalogError:
                continue  # it means none, or its metadata says which
        return covered

    # --- what has failed ----------------------------------------------------------------------------------------------
    def _once_more(self, state: RunState) -> RunState | None:
        """The shards and names of a stage that have failed, once; None if there is nothing to do again."""
        summaries = summaries_of(self._store, state.key, state.stage)
        done = {item.shard for item in summaries if item.is_done}
        missing = [number for number in state.shards if number not in done]
        if state.round:
            self._give_up(state, missing)
            return None
        failed = sorted({name for item in summaries for name in item.failed})
        before = {ENDING: SCHEMAS, TOPICS_ENDING: TOPICS}.get(state.stage)
        gone = set(self._store.rows(state.key, _gone(before))) if before else set()
        again = self._write(state.key, state.stage, [(name, name in gone) for name in failed], RETRIED_SHARDS)
        numbers = (*missing, *again)
        if not numbers:
            return None
        return RunState(state.key, state.attempt, state.stage, 1, numbers, state.recorded)

    def _give_up(self, state: RunState, missing: Iterable[int]) -> None:
        result = SyncResult()
        for number in missing:
            text = f"shard {number} of stage {state.stage} has failed twice: its child execution says why"
            result.fail(ALL, text)
        if result.counts:
            self._note(state.key, state.stage, result, round_=1)

    # --- rows ---------------------------------------------------------------------------------------------------------
    def _write(self, run: str, stage: str, rows: Sequence[Row], first: int = 0) -> list[int]:
        """Write the names of shards; their numbers."""
        shards = list(enumerate(divided(rows), first))
        with ThreadPoolExecutor(WRITERS) as writing:
            written = [
                writing.submit(self._store.put, run, shard_rows(stage, number), "", portion)
                for number, portion in shards
            ]
        for one in written:
            one.result()
        return [number for number, _ in shards]

    def _note(self, run: str, stage: str, result: SyncResult, round_: int = 0) -> None:
        """Write what the plan itself has found."""
        summary = PortionSummary(NO_SHARD, round_, 0, "", is_done=True, tally=result.to_json())
        put_summary(self._store, run, stage, summary)


def _gone(stage: str) -> str:
    """Key of the names that are gone of what a stage works on."""
    return f"gone#{stage}"


def restore(parts: SourceParts, store: RunStore, run: str) -> None:
    """Let the source know what the plan of the run has looked up."""
    for snapshot in store.rows(run, SNAPSHOT):
        parts.source.restore(snapshot)


def index_of(store: RunStore, run: str) -> AssetIndex:
    """The project's assets as they were when the run began."""
    claims = {str(arn): str(asset_id) for arn, asset_id in store.rows(run, CLAIMS)}
    return AssetIndex(lambda: index_rows(store, run), claims)


def index_rows(store: RunStore, run: str) -> Iterable[AssetSummary]:
    """The assets that Search showed when the run began, without their names and forms."""
    for asset_id, external_id, type_name, type_revision, changed in store.rows(run, INDEX):
        moment = datetime.fromisoformat(changed) if changed else None
        yield AssetSummary(asset_id, external_id, type_name, type_revision=type_revision, changed=moment)


def _index_row(item: AssetSummary) -> list[Any]:
    changed = item.changed.isoformat() if item.changed else ""
    return [item.asset_id, item.external_id, item.type_name, item.type_revision, changed]
