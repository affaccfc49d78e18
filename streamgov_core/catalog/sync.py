"""The data source: brings the assets of a project in step with a schema registry.

One schema, unchanged, costs one GetSchema call: versions are immutable, so the number of the newest one, what else
GetSchema says, and the facts of the resource decide together whether anything can have changed (the record's mark).
Records and the project's assets are read by pages. Everything that is written can be written again with the same
effect, so that a run which died is finished by the next, and two runs at a time do no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from itertools import islice

from streamgov_core.catalog.drafts import LAYOUT
from streamgov_core.catalog.errors import AssetExistsError
from streamgov_core.catalog.events import Order
from streamgov_core.catalog.mapping import TopicMapping
from streamgov_core.catalog.merge import description_hash, merge
from streamgov_core.catalog.model import (
    Asset,
    AssetCatalog,
    Draft,
    Outcome,
    Registry,
    Resource,
    Result,
    SchemaInfo,
    SchemaVersion,
    Source,
    Verdict,
    digest,
)
from streamgov_core.catalog.records import Record, RecordStore
from streamgov_core.errors import CatalogError, SchemaError

_log = logging.getLogger(__name__)

MAX_WALK_BACK = 50
"""Versions that are looked at for one that is available."""
MAX_SEARCHED = 150
"""Assets that a search for one name looks at."""
FEW_ASSETS = 3
"""So many assets may always be retired, whatever share of all they are."""
ATTEMPTS = 5
LISTED = "ACTIVE"
PUBLISHING = "CREATING"


@dataclass(frozen=True)
class Settings:
    """How a data source works.

    Args:
        project_id: the project that owns the assets.
        publish: publish new assets, and new revisions of listed ones.
        concurrency: schemas that are worked on at a time.
        max_retire_share: a run that would retire a larger share of the recorded assets retires none.
    """

    project_id: str
    publish: bool = False
    concurrency: int = 16
    max_retire_share: float = 0.25


class Syncer:
    """Syncs one registry with one project.

    Args:
        settings: how to work.
        registry: the schema registry.
        assets: the project's assets.
        records: what earlier runs recorded.
        source: where topics or streams are looked up.
        mapping: schema name to topic or stream name.
        sleep: waits a number of seconds.
        enough_time: False when no further schema should be begun.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        assets: AssetCatalog,
        records: RecordStore,
        source: Source,
        mapping: TopicMapping,
        sleep: Callable[[float], None],
        enough_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._assets = assets
        self._records = records
        self._source = source
        self._mapping = mapping
        self._sleep = sleep
        self._enough_time = enough_time

    def run(self, order: Order) -> Result:
        """Do what an order says."""
        if order.schema is not None:
            return self.run_one(order.schema)
        return self.run_all(
            after=order.after,
            result=Result.from_json(order.tally) if order.tally else None,
            retire_any=order.retire_any,
        )

    # --- whole registry ----------------------------------------------------------------------------------------------
    def run_all(self, *, after: str | None = None, result: Result | None = None, retire_any: bool = False) -> Result:
        """Sync every schema of the registry.

        Args:
            after: begin with the schema after this one, where an earlier leg of the run stopped.
            result: what the earlier legs did; this one adds to it.
            retire_any: a person said that any share of the assets may be retired.

        Returns:
            The result; ``after`` is set if the time did not suffice.

        Raises:
            CatalogError: the registry or what all resources share is not there.
        """
        result = result or Result()
        result.after = None
        with ThreadPoolExecutor(max_workers=max(3, self._settings.concurrency)) as pool:
            shared = pool.submit(self._source.prepare)
            recorded = pool.submit(lambda: {record.schema_name: record for record in self._records.load_all()})
            found = pool.submit(lambda: list(self._assets.search()))
            names = sorted(set(self._registry.list_names()))
            shared.result()
            records = recorded.result()
            known = {asset.asset_id for asset in found.result()}
            by_resource = {asset.external_id: asset.asset_id for asset in found.result() if asset.external_id}
            names, clashes = self._without_clashes(names, records)
            if after is None:
                for name, cause in clashes.items():
                    result.fail(name, cause)
            todo = [name for name in names if after is None or name > after]

            def one(name: str) -> Outcome:
                return self._sync(name, records.get(name), known, by_resource)

            done = self._each(pool, todo, one, result)
            if done < len(todo):
                result.after = todo[done - 1] if done else after or ""
                return result
            gone = sorted(set(records) - set(names) - set(clashes))
            self._retire_all(pool, gone, records, result, retire_any=retire_any)
        return result

    def _without_clashes(self, names: Iterable[str], records: Mapping[str, Record]) -> tuple[list[str], dict[str, str]]:
        """Set schemas aside that map to one resource; one that was recorded first keeps it."""
        by_resource: dict[str, list[str]] = {}
        unmapped = []
        for name in names:
            try:
                by_resource.setdefault(self._mapping(name), []).append(name)
            except CatalogError:
                unmapped.append(name)  # fails again, and is counted, when it is synced
        clashes: dict[str, str] = {}
        kept = list(unmapped)
        for resource, claimants in by_resource.items():
            holders = [name for name in claimants if name in records] if len(claimants) > 1 else claimants
            if len(holders) == 1:
                kept += holders
            for name in claimants:
                if name not in kept:
                    others = ", ".join(other for other in claimants if other != name)
                    clashes[name] = f"more than one schema maps to {resource!r}: {others} too"
        return sorted(kept), clashes

    def _each(self, pool: ThreadPoolExecutor, names: list[str], work: Callable[[str], Outcome], result: Result) -> int:
        """Work on names in their order, several at a time; stop when time is short. Returns how many were begun."""
        running: dict[Future[Outcome], str] = {}

        def collect(finished: Iterable[Future[Outcome]]) -> None:
            for future in finished:
                name = running.pop(future)
                try:
                    result.add(name, future.result())
                except Exception as error:  # one schema's failure, whatever it is, must not stop the others
                    _log.warning(
                        "schema %s: %s", name, error, exc_info=not isinstance(error, CatalogError | SchemaError)
                    )
                    result.fail(name, f"{type(error).__name__}: {error}")

        begun = 0
        for name in names:
            if begun >= self._settings.concurrency and not self._enough_time():
                break  # but never at once: a leg that did nothing would be followed by legs that do nothing
            running[pool.submit(work, name)] = name
            begun += 1
            if len(running) >= 2 * self._settings.concurrency:
                collect(wait(running, return_when=FIRST_COMPLETED).done)
        collect(list(running))
        return begun

    def _retire_all(
        self,
        pool: ThreadPoolExecutor,
        candidates: list[str],
        records: Mapping[str, Record],
        result: Result,
        *,
        retire_any: bool,
    ) -> None:
        """Retire what has a record but was not listed, if the registry itself says that each is gone."""
        allowed = max(FEW_ASSETS, int(self._settings.max_retire_share * len(records)))
        if len(candidates) > allowed and not retire_any:
            result.fail(
                "*",
                f"{len(candidates)} of {len(records)} recorded schemas are missing from the registry: more than "
                f"{allowed} are not retired in one run without being told to (retireAny)",
            )
            return

        def one(name: str) -> Outcome:
            info = self._registry.get_schema(name)
            if info is not None and not info.deleting:
                return self._sync(name, records[name], None, {})
            return self._retire(records[name])

        self._each(pool, candidates, one, result)

    # --- one schema --------------------------------------------------------------------------------------------------
    def run_one(self, name: str) -> Result:
        """Sync one schema; the number of calls does not depend on the size of the registry."""
        result = Result()
        try:
            self._source.prepare()
            result.add(name, self._sync(name, self._records.load(name), None, None))
        except Exception as error:  # reported like a failure in a full run
            _log.warning("schema %s: %s", name, error, exc_info=not isinstance(error, CatalogError | SchemaError))
            result.fail(name, f"{type(error).__name__}: {error}")
        return result

    def _sync(
        self,
        name: str,
        record: Record | None,
        known: set[str] | None,
        by_resource: Mapping[str, str] | None,
    ) -> Outcome:
        """Bring one schema's asset in step.

        Args:
            name: the schema.
            record: what was recorded of it.
            known: ids of the project's assets in the index; None if they were not listed.
            by_resource: the same assets' ids by external identifier; None if they were not listed.
        """
        info = self._registry.get_schema(name)
        if info is None or info.deleting:
            if record is None:
                return Outcome("unchanged")
            if not self._registry.exists():
                raise CatalogError("the registry itself is gone: the asset is kept until a person decides")
            return self._retire(record)
        resource = self._source.resource(self._mapping(name))
        if record is not None and record.resource_arn != resource.arn:
            outcome = self._retire(record)
            if outcome.verdict != "retired":
                raise CatalogError(f"its asset belongs to {record.resource_arn}, which was replaced: {outcome.cause}")
            record = None
        mark = self._mark(info, resource)
        live: Asset | None = None
        if record is not None:
            if record.mark == mark and known is not None and record.asset_id in known:
                return Outcome("unchanged")
            live = self._assets.get(record.asset_id)
            if live is not None and record.mark == mark:
                return Outcome("unchanged")
        version, settled = self._usable_version(info)
        draft = self._source.draft(resource, info, version)
        if live is None:
            live = self._adoptable(draft, by_resource)
            if live is not None:
                record = None if record is None or record.asset_id != live.asset_id else record
        verdict, asset_id = self._write(draft, live, record, info)
        self._save(record, asset_id, draft, info, mark if settled else "")
        return Outcome(verdict)

    def _write(self, draft: Draft, live: Asset | None, record: Record | None, info: SchemaInfo) -> tuple[Verdict, str]:
        """Make or revise the asset. Returns what was done, and the asset's id."""
        content = draft.content_hash()
        if live is None:
            former = record.asset_id if record else ""
            token = digest(["create", self._settings.project_id, draft.external_id, info.created, former, content])
            try:
                live = self._assets.create(draft, token)
            except AssetExistsError:
                everything = {item.external_id: item.asset_id for item in self._assets.search() if item.external_id}
                live = self._adoptable(draft, everything)
                if live is None:
                    raise
            else:
                if self._settings.publish:
                    self._publish(live.asset_id, live.revision)
                return "created", live.asset_id
        revision = merge(live, draft, record)
        if revision is None:
            if self._settings.publish and live.listing_id is None:
                self._publish(live.asset_id, live.revision)
            return "unchanged", live.asset_id
        token = digest(["revise", live.asset_id, live.revision, content])
        number = self._assets.revise(live.asset_id, revision, token)
        if self._settings.publish and live.listing_status in (None, LISTED, PUBLISHING):
            self._publish(live.asset_id, number)
        return "revised", live.asset_id

    def _save(self, record: Record | None, asset_id: str, draft: Draft, info: SchemaInfo, mark: str) -> None:
        new = Record(
            asset_id=asset_id,
            resource_arn=draft.external_id,
            schema_arn=info.arn,
            schema_name=info.name,
            content_hash=draft.content_hash(),
            mark=mark,
            description_hash=description_hash(draft.description),
        )
        if new != record:
            self._records.save(new)

    def _adoptable(self, draft: Draft, by_resource: Mapping[str, str] | None) -> Asset | None:
        """Our project's asset of this very resource, made by a run that died or by another tool; None if none is."""
        if by_resource is not None:
            asset_id = by_resource.get(draft.external_id)
        else:
            # So few that one event costs the same in any project; if it is not among them, CreateAsset will say so.
            found = islice(self._assets.search(draft.name), MAX_SEARCHED)
            asset_id = next((item.asset_id for item in found if item.external_id == draft.external_id), None)
        live = self._assets.get(asset_id) if asset_id else None
        if live is None:
            return None
        if live.type_name != draft.type_name:
            raise CatalogError(
                f"asset {live.asset_id} of {draft.external_id} has the type {live.type_name}, not {draft.type_name}: "
                "delete it, or give it another external identifier"
            )
        self._refuse_theft(draft, live)
        return live

    def _refuse_theft(self, draft: Draft, live: Asset) -> None:
        """Leave an asset alone that another schema's record holds."""
        theirs = {value for form in live.forms for key, value in form.content.items() if key == "schema_name"}
        ours = {value for form in draft.forms.values() for key, value in form.values.items() if key == "schema_name"}
        for name in theirs - ours:
            other = self._records.load(str(name))
            if other is not None and other.asset_id == live.asset_id:
                raise CatalogError(f"more than one schema maps to {draft.name!r}: {name} too")

    def _mark(self, info: SchemaInfo, resource: Resource) -> str:
        """A digest of all that decides an asset's content; the version's number stands for its definition."""
        return digest([LAYOUT, asdict(info), resource.arn, dict(resource.facts), self._settings.publish])

    def _usable_version(self, info: SchemaInfo) -> tuple[SchemaVersion, bool]:
        """The newest version that is available, and whether no newer one may still become so.

        Later ones may be pending, failed or deleted: registration is asynchronous (API RegisterSchemaVersion).
        UNVERIFIED: whether GetSchema's LatestSchemaVersion counts such versions.
        """
        refused = []
        settled = True
        for number in range(info.latest, max(0, info.latest - MAX_WALK_BACK), -1):
            version = self._registry.get_version(info.name, number)
            if version is not None and version.status == "AVAILABLE":
                return version, settled
            settled = settled and (version is None or version.status != "PENDING")
            refused.append(f"{number} is {version.status if version else 'deleted'}")
        raise SchemaError(f"no version of the schema is available: {', '.join(refused[:5]) or 'it has none'}")

    def _retire(self, record: Record) -> Outcome:
        """Take an asset out whose schema is gone; the record goes last, so that a run which died is resumed."""
        live = self._assets.get(record.asset_id)
        if live is not None:
            if live.listing_id:
                dependants = self._assets.subscriptions(live.listing_id)
                if dependants:
                    return Outcome(
                        "kept", f"{len(dependants)} subscription(s) depend on it: {', '.join(dependants[:5])}"
                    )
                if live.listing_status in (LISTED, PUBLISHING):
                    self._insist(lambda: self._assets.unpublish(live.asset_id), f"asset {live.asset_id} unpublished")
            self._insist(lambda: self._assets.delete(live.asset_id), f"asset {live.asset_id} deleted")
        self._records.remove(record.schema_name)
        return Outcome("retired")

    def _publish(self, asset_id: str, revision: str) -> None:
        self._insist(lambda: self._assets.publish(asset_id, revision), f"revision {revision} of {asset_id} published")

    def _insist(self, action: Callable[[], bool], what: str) -> None:
        """Do something that DataZone refuses while an earlier change of the listing is under way.

        Raises:
            CatalogError: it still refuses after a few seconds.
        """
        for attempt in range(ATTEMPTS):
            if action():
                return
            self._sleep(0.2 * 2**attempt)
        raise CatalogError(f"DataZone would not have {what} yet: a change is under way, or something still uses it")
