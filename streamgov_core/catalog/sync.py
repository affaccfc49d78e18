"""Syncs the asset of one schema, as an event or a person asks for; a full run is the state machine's (``run_plan``).

Every write can be repeated with the same effect, so that what was interrupted is completed by the next, and a sync of
one schema beside a full run does no harm.
"""

from __future__ import annotations

from streamgov_core.catalog.schema_sync import SyncOptions
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.catalog.sync_result import SyncOutcome, SyncResult
from streamgov_core.catalog.workers import failure, settle


def sync_one(parts: SourceParts, name: str, request: SyncRequest) -> SyncResult:
    """Sync one schema; the number of calls does not depend on the size of the registry.

    What would replace its asset is left to a full run, which knows how many such there are.

    Args:
        parts: of the data source.
        name: the schema.
        request: how.
    """
    result = SyncResult()
    allowed = request.allow_mass_retirement
    options = SyncOptions(
        request.force, request.revoke, wait=True, may_replace=allowed, may_retire=True, may_retire_others=allowed
    )
    try:
        parts.source.prepare(one=True)
    except Exception as error:  # reported like a failure in a full run
        result.fail(name, failure(name, error))
        return result
    try:
        record, info = parts.records.load(name), parts.registry.get_schema(name)
        outcome = parts.schemas.sync(name, info, record, None, options)
    except Exception as error:  # as above
        settle(result, name, error)
        return result
    if outcome.verdict == "postponed":
        outcome = SyncOutcome("kept", outcome.cause)
    result.add(name, outcome)
    if outcome.event is not None:
        try:
            parts.publisher.publish([outcome.event])
        except Exception as error:  # as above
            result.fail(name, failure(name, error))
    return result
