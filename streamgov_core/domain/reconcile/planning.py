"""What a portion of a shard finds, by its stage: remediations, and commands for member accounts. Changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.grant_ledger import GrantLedger, GrantRecord, record_of
from streamgov_core.domain.reconcile.detection import Detector
from streamgov_core.domain.reconcile.detection_result import Remediation
from streamgov_core.domain.reconcile.expected import expected_sets, portions
from streamgov_core.domain.reconcile.expiry import find_expired
from streamgov_core.domain.reconcile.inventory import Executions, Inventory
from streamgov_core.domain.reconcile.ledger_reading import LISTED
from streamgov_core.domain.reconcile.lookups import Lookups
from streamgov_core.domain.reconcile.shards import (
    ACCOUNTS,
    EXPIRED,
    ORPHANED,
    PROJECTS,
    Shard,
    shard_count,
    shard_name,
    shard_of,
)
from streamgov_core.domain.settings import ReconcileSettings
from streamgov_core.model.findings import Finding, Tally
from streamgov_core.model.naming import short_hash
from streamgov_core.model.reconcile_command import ReconcileCommand
from streamgov_core.runtime.log import log
from streamgov_core.runtime.run_store import RunStore

MAX_REMEDIATIONS = 60
"""What a portion puts right at most: what its states' input and output hold."""
EXPIRED_PER_PORTION = 25
"""Expired access that one portion ends; its steps fit a state's input. A shard has as many portions as it takes."""
PLANNING_SECONDS = 240.0
"""Seconds after which a portion begins with no further project."""
LOOKING_SECONDS = 450.0
"""Seconds after which a portion looks at nothing that may wait; the function's time-out is 600."""


@dataclass
class Portion:
    """A portion of a shard.

    Args:
        tally: what was found.
        todo: what would put it right.
        commands: for member accounts.
        following: where the next portion begins; None behind the last one.
        orphans: granted assets that seem to be gone, which a later stage looks after.
    """

    tally: Tally
    todo: list[Remediation] = field(default_factory=list)
    commands: list[ReconcileCommand] = field(default_factory=list)
    following: str | None = None
    orphans: int = 0


class ShardPlanner:
    """Looks at shards.

    Args:
        settings: of the function.
        domain: single things of DataZone.
        inventory: lists of DataZone.
        ledger: the grant ledger, which is read again before anything is concluded.
        executions: of the central machine.
        store: the shards' rows.
        now: clock.
    """

    def __init__(
        self,
        settings: ReconcileSettings,
        domain: DataZoneReader,
        inventory: Inventory,
        ledger: GrantLedger,
        executions: Executions,
        store: RunStore,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._domain = domain
        self._inventory = inventory
        self._ledger = ledger
        self._executions = executions
        self._store = store
        self._now = now

    def plan(self, shard: Shard, portion: Portion, after: str, number: int, *, dry_run: bool) -> None:
        """Find what there is, behind ``after``, into a portion that may hold something already.

        Args:
            shard: what is looked at.
            portion: what the portion before has left.
            after: where that ended; empty for the first.
            number: of the portion.
            dry_run: whether members change nothing.
        """
        if shard.stage == EXPIRED:
            self._expired(shard, portion, after)
        elif shard.stage == ACCOUNTS:
            self._accounts(shard, portion, after, dry_run=dry_run)
        elif shard.stage == PROJECTS:
            self._projects(shard, portion, after, number)
        elif shard.stage == ORPHANED:
            self._orphaned(shard, portion, after)

    def _expired(self, shard: Shard, portion: Portion, after: str) -> None:
        """Access whose end has come, the oldest first."""
        records = [record_of(values) for values in self._store.rows(shard.run, shard.name)]
        room = max(1, EXPIRED_PER_PORTION - len(portion.todo))
        found = find_expired(records, self._inventory.retained_of, self._now(), after, room + 1)
        portion.tally.extend(item.finding for item in found[:room])
        portion.todo += [item.remediation for item in found[:room]]
        portion.following = found[room - 1].key if len(found) > room else None

    def _accounts(self, shard: Shard, portion: Portion, after: str, *, dry_run: bool) -> None:
        """What each account should hold, which its member machine compares with what it holds."""
        count = shard_count(ACCOUNTS, len(self._settings.members))
        members = [account for account in self._settings.members if shard_of(account, count) == shard.number]
        sets = expected_sets(self._store.rows(shard.run, shard.name))
        portion.commands, rest = portions(sets, members, self._settings.domain_id, dry_run=dry_run, cursor=after)
        portion.following = rest or None

    def _projects(self, shard: Shard, portion: Portion, after: str, number: int) -> None:
        """DataZone beside the ledger, project by project."""
        begun, settings = self._now(), self._settings
        projects = sorted({*self._store.rows(shard.run, shard_name(LISTED, shard.number))})
        records: dict[str, dict[tuple[str, str], GrantRecord]] = defaultdict(dict)
        for record in map(record_of, self._store.rows(shard.run, shard.name)):
            if record.command is not None:
                records[record.command.consumer.project_id][(record.grant_id, record.asset_id)] = record
        detector = Detector(
            Lookups(self._domain),
            self._inventory,
            self._executions,
            self._ledger.of_grant,
            settings.platform_of,
            settings.members,
            settings.grace,
            self._now,
            shard.rotation,
            begun + LOOKING_SECONDS,
        )
        waiting = [project for project in projects if project > after]
        orphans: list[Remediation] = []
        listed = foreign = looked = 0
        for project in waiting:
            if looked and (len(portion.todo) >= MAX_REMEDIATIONS or self._now() - begun > PLANNING_SECONDS):
                break
            detection = detector.detect(project, records[project])
            orphans += detection.told("Orphaned")
            others = detection.without("Orphaned")
            portion.tally.extend(others.findings)
            # What one portion leaves to a later run is not the same each time.
            portion.todo += sorted(
                others.remediations, key=lambda item: short_hash(item.subject, str(shard.rotation.turn))
            )
            listed, foreign, looked = listed + detection.grants, foreign + detection.foreign, looked + 1
        if orphans:
            self._store.put(
                shard.run, shard_name(ORPHANED, shard.number), f"{number:05d}", [item.to_message() for item in orphans]
            )
        portion.orphans = len(orphans)
        portion.following = waiting[looked - 1] if looked < len(waiting) else None
        log("grants looked at", shard=shard.name, projects=looked, listed=listed, foreign=foreign, gone=len(orphans))

    def _orphaned(self, shard: Shard, portion: Portion, after: str) -> None:
        """What a shard of projects has found to be gone."""
        found = [Remediation(**item) for item in self._store.rows(shard.run, shard.name)]
        if shard.held:
            portion.tally.extend(
                Finding(item.kind, item.subject, f"{shard.held}; {item.text}", "skipped") for item in found
            )
            return
        begin = int(after or 0)
        end = begin + max(1, MAX_REMEDIATIONS - len(portion.todo))
        portion.tally.extend(item.finding for item in found[begin:end])
        portion.todo += found[begin:end]
        portion.following = str(end) if end < len(found) else None
