"""The first phase of a run: reads the grant ledger once, and divides it among the shards of the stages.

It goes through the ledger in portions that fit a function's time and memory, however long the ledger is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from streamgov_core.domain.grant_documents import document_ids_of
from streamgov_core.domain.grant_ends import is_expired
from streamgov_core.domain.grant_ledger import ENDED_STATES, GrantLedger, GrantRecord, LedgerPage, record_values
from streamgov_core.domain.reconcile.shards import ACCOUNTS, EXPIRED, PROJECTS, shard_count, shard_name, shard_of
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.run_store import RunStore

RECORDS_PER_PORTION = 10_000
"""Records after which a portion of the reading ends: what fits the function's memory and time."""
PAGES_PER_PORTION = 300
"""Pages after which it ends as well, whatever they hold: most of a ledger may be history."""
SEEN, LISTED = "seen", "listed"
"""Shards of project ids: those that the ledger names, by portion; those that a shard of projects looks at."""

Rows = dict[str, list[Any]]
"""Name of a shard -> rows."""


class GrantOverview(GrantLedger, Protocol):
    """A grant ledger that can be read as a whole."""

    def pages(self, after: str = "") -> Iterator[LedgerPage]:
        """The ledger from a page's ``following`` on."""


@dataclass(frozen=True)
class LedgerReading:
    """How far the ledger has been read.

    Args:
        cursor: where the next portion begins.
        portions: that have been read.
        live: records that stand for access, or may.
        granted: of these, granted assets.
        expired: of these, assets whose end has come.
        shards: stage -> number of its shards, once the first portion is read.
        unreadable: records that could not be read.
        is_read: whether this was the last portion.
    """

    cursor: str = ""
    portions: int = 0
    live: int = 0
    granted: int = 0
    expired: int = 0
    shards: Mapping[str, int] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    is_read: bool = False

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> LedgerReading:
        """Read what ``to_message`` wrote."""
        return cls(**{**raw, "unreadable": tuple(raw.get("unreadable", ()))})


class LedgerReader:
    """Reads the ledger and writes shards.

    Args:
        names: of the deployment.
        members: accounts with a member stack.
        ledger: the grant ledger.
        store: where the shards' rows are kept.
        now: seconds since the epoch.
    """

    def __init__(
        self, names: Names, members: tuple[str, ...], ledger: GrantOverview, store: RunStore, now: float
    ) -> None:
        self._names = names
        self._members = members
        self._ledger = ledger
        self._store = store
        self._now = now

    def read(self, run: str, reading: LedgerReading, grant_id: str) -> LedgerReading:
        """Read a portion.

        Args:
            run: the run's key in the store.
            reading: how far the ledger was read before.
            grant_id: the one grant that is looked at, or empty for all.
        """
        live: list[GrantRecord] = []
        unreadable = list(reading.unreadable)
        following = ""
        for number, page in enumerate(self._pages(reading.cursor, grant_id), start=1):
            live += [record for record in page.records if record.state not in ENDED_STATES]
            unreadable += page.unreadable
            following = page.following
            if len(live) >= RECORDS_PER_PORTION or number >= PAGES_PER_PORTION:
                break
        expired = [record for record in live if is_expired(record, self._now)]
        sizes: Mapping[str, int] = reading.shards or self._sizes(len(live), len(expired), is_read=not following)
        part = f"{reading.portions:05d}"
        for shard, rows in self._rows(live, expired, sizes).items():
            self._store.put(run, shard, part, rows)
        return replace(
            reading,
            cursor=following,
            portions=reading.portions + 1,
            live=reading.live + len(live),
            granted=reading.granted + sum(1 for record in live if record.state == "GRANTED"),
            expired=reading.expired + len(expired),
            shards=sizes,
            unreadable=tuple(unreadable[:100]),
            is_read=not following,
        )

    def _pages(self, cursor: str, grant_id: str) -> Iterable[LedgerPage]:
        if grant_id:
            return [LedgerPage(tuple(self._ledger.of_grant(grant_id).values()))]
        return self._ledger.pages(cursor)

    def _sizes(self, live: int, expired: int, *, is_read: bool) -> dict[str, int]:
        return {
            EXPIRED: shard_count(EXPIRED, expired if is_read else None),
            PROJECTS: shard_count(PROJECTS, live if is_read else None),
            ACCOUNTS: shard_count(ACCOUNTS, len(self._members)),
        }

    def _rows(self, live: list[GrantRecord], expired: list[GrantRecord], sizes: Mapping[str, int]) -> Rows:
        rows: Rows = defaultdict(list)
        for record in expired:
            rows[shard_name(EXPIRED, shard_of(record.grant_id, sizes[EXPIRED]))].append(record_values(record))
        for record in live:
            command = record.command
            if command is None:
                continue
            project = command.consumer.project_id
            rows[shard_name(PROJECTS, shard_of(project, sizes[PROJECTS]))].append(record_values(record))
            if record.state == "GRANTED" and command.platform in PLATFORMS:
                for account, document_id in document_ids_of(self._names, command):
                    shard = shard_name(ACCOUNTS, shard_of(account, sizes[ACCOUNTS]))
                    row = [account, document_id, command.platform, command.key, record.generation]
                    rows[shard].append(row)
        seen = {record.command.consumer.project_id for record in live if record.command is not None} - {""}
        rows[SEEN] = sorted(seen)
        return rows
