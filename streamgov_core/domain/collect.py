"""The collector: checks a workflow input against DataZone, records the request and answers the plan."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from streamgov_core.domain.approval import decided, ignored_end
from streamgov_core.domain.asset_request import AssetRequest
from streamgov_core.domain.command_builder import CommandBuilder
from streamgov_core.domain.function import DomainFunction
from streamgov_core.domain.function_events import CollectEvent
from streamgov_core.domain.grant_details import GrantDetails, GrantReader
from streamgov_core.domain.grant_ledger import GENERATIONS_PER_REQUEST, GrantRecord
from streamgov_core.domain.grant_progress import GrantProgress, is_taken
from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.domain.plan import item, renewal_item, traced_item
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.domain.workflow_input import WorkflowInput, parse_workflow_input
from streamgov_core.model.access_request import ends_at, parse_request
from streamgov_core.model.command import MAX_CAUSE, GrantCommand
from streamgov_core.model.errors import EventRefusedError, PermanentGrantError, RemoteError, StatusRefusedError
from streamgov_core.model.shortened import shortened
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.log import log
from streamgov_core.runtime.tracing import trace_header

MAX_PLAN = 230_000
"""Characters of a plan; a state's input and output hold 256 KiB (Step Functions quotas)."""


@dataclass(frozen=True)
class AssetPlan:
    """What is to be done about one asset. Nothing of it is written yet.

    Args:
        planned: the asset's part of the plan.
        record: what the ledger is to say; None if it says so already.
    """

    planned: dict[str, Any]
    record: GrantRecord | None = None


class Collect(DomainFunction[CollectSettings]):
    """Turns a workflow input into a plan."""

    FUNCTION = "collect"

    trace_header = ""
    """Of the invocation: executions in the members' accounts go on with its trace."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """The function as it is deployed."""
        made = super().from_env(env)
        made.trace_header = trace_header(os.environ if env is None else env)
        return made

    @staticmethod
    def read_settings(env: Mapping[str, str]) -> CollectSettings:
        """The settings of the collect function."""
        return CollectSettings.from_environment(env)

    @property
    def _progress(self) -> GrantProgress:
        return GrantProgress(self._domain, self._settings.domain_id)

    def run(self, event: CollectEvent, context: Any = None) -> dict[str, Any]:
        """Answer the plan: ``items``, one for each asset of ours that has something to be done.

        Args:
            event: ``{event, execution, startedAt}`` from the central machine.
            context: Lambda's.

        Raises:
            EventRefusedError: the input is no grant request of this domain, or can never succeed.
            PermanentGrantError: the grant cannot be carried out; nothing was begun.
            RetryableGrantError: trying again may help.
        """
        try:
            asked = parse_workflow_input(event["event"], self._settings.domain_id, self._execution_input)
        except EventRefusedError as error:
            if event["event"].get("action") != "settle":
                raise
            # Failing here would only make the settle rule start the next one.
            log("nothing to settle", level=logging.ERROR, cause=str(error))
            return {"version": 1, "items": []}
        with ThreadPoolExecutor(16, "calls") as calls, ThreadPoolExecutor(8, "assets") as workers:
            requests = self._requests(calls, asked, str(event.get("execution", "")))
            wanted = [request for request in requests if self._is_wanted(request)]
            items = self._single(calls, wanted[0]) if len(wanted) == 1 else self._several(workers, wanted)
        log("grant collected", grantId=asked.grant_id, requestType=asked.request, assets=len(items))
        return {"version": 1, "items": items}

    # --- what is asked for --------------------------------------------------------------------------------------------
    def _requests(self, calls: ThreadPoolExecutor, asked: WorkflowInput, execution: str) -> list[AssetRequest]:
        """One request for each asset that DataZone lists."""
        reading = calls.submit(self._ledger.of_grant, asked.grant_id)
        grant = self._domain.grant(asked.grant_id)
        records = reading.result()
        if grant is None and asked.request == "REVOKE" and records:
            # DataZone has forgotten it, the ledger has not: what was granted is revoked all the same.
            grant = {"assets": [{"assetId": asset_id, "status": "REVOKE_PENDING"} for asset_id in records]}
        if grant is None:
            raise EventRefusedError(f"DataZone knows no grant {asked.grant_id}")
        every = grant.get("assets") or ()
        assets = [asset for asset in every if asked.asset_id in ("", asset["assetId"])]
        if asked.asset_id and not assets:
            raise EventRefusedError(f"the grant {asked.grant_id} has no asset {asked.asset_id}")
        self._progress.take_up_again(asked, grant, assets)
        recorded = all(asset["assetId"] in records for asset in assets)
        # A revoke works from the ledger: whatever else there was may be gone, and need not be read.
        from_ledger = asked.request == "REVOKE" and recorded
        details = GrantDetails(grant) if from_ledger else GrantReader(self._domain).read(calls, grant)
        return [AssetRequest.of(asked, execution, asset, details, records) for asset in assets]

    def _is_wanted(self, request: AssetRequest) -> bool:
        """Whether there is anything to do; why not is logged."""
        asset, asked = request.asset, request.workflow_input
        ours = asset is not None and self._settings.platform_of(asset.type_name) is not None
        lost = asset is None and asked.type_name in self._settings.asset_types
        if not ours and request.record is None and not lost:
            _leave(request, "its asset type is not ours")
            return False
        if request.undoing_is_open() or request.renews(self._now()):
            return True
        reason = request.reason_to_leave(self._now())
        if reason is not None:
            _leave(request, reason)
        return reason is None

    # --- from requests to a plan --------------------------------------------------------------------------------------
    def _single(self, calls: ThreadPoolExecutor, request: AssetRequest) -> list[dict[str, Any]]:
        """The usual case: the status is set in DataZone while the rest is read."""
        showing = calls.submit(self._progress.show, request)
        begun = self._begin(request, self._draft(request), showing.result)
        return [] if begun is None else [begun]

    def _several(self, workers: ThreadPoolExecutor, requests: Sequence[AssetRequest]) -> list[dict[str, Any]]:
        """The assets of a data product: nothing is begun before it is known that one execution can carry them all."""
        plans = list(workers.map(self._draft, requests))
        size = len(json.dumps([drafted.planned for drafted in plans]))
        if size > MAX_PLAN:
            raise PermanentGrantError(
                f"the grant {requests[0].workflow_input.grant_id} holds {len(plans)} assets, more than one execution "
                "can carry: split the data product"
            )

        def begin(request: AssetRequest, drafted: AssetPlan) -> dict[str, Any] | None:
            return self._begin(request, drafted, lambda: self._progress.show(request))

        return [begun for begun in workers.map(begin, requests, plans) if begun is not None]

    def _draft(self, request: AssetRequest) -> AssetPlan:
        if request.undoing_is_open():
            drafted = self._undoing(request)
        elif request.renews(self._now()):
            drafted = self._renewal(request)
        else:
            drafted = self._carrying_out(request)
        return replace(drafted, planned=traced_item(drafted.planned, self.trace_header))

    def _begin(self, request: AssetRequest, drafted: AssetPlan, show: Callable[[], None]) -> dict[str, Any] | None:
        """Write what is begun to the ledger and to DataZone; None if somebody else is at it."""
        new, asked = drafted.record, request.workflow_input
        begun = new is None or request.is_resumed or self._ledger.begin(new, request.previous_generation)
        shown = is_taken(show)
        if new is None:
            return drafted.planned
        if not begun and not self._begun_after_all(request, new):
            return None
        if not shown and asked.request == "GRANT":
            # Whoever has overtaken it counts; a revoke is carried out whatever DataZone shows.
            cause = "DataZone no longer waits for this grant: it was overtaken"
            self._ledger.finish(
                asked.grant_id, request.asset_id, new.generation, "GRANT_FAILED", self._now(), cause, {}
            )
            _leave(request, cause)
            return None
        return drafted.planned

    def _begun_after_all(self, request: AssetRequest, new: GrantRecord) -> bool:
        """Whether a record that was refused is our own: written by a call whose answer was lost.

        Otherwise another execution has begun the same request. If it has ended already, our update came too late.
        """
        record = self._ledger.of_grant(new.grant_id).get(new.asset_id)
        if record is not None and (record.execution, record.generation) == (new.execution, new.generation):
            return True
        _leave(request, "another execution has just begun it")
        if record is not None and record.state != "IN_PROGRESS":
            with suppress(StatusRefusedError):
                self._domain.update_status(new.grant_id, new.asset_id, record.state, record.cause or None)
        return False

    # --- undo what a failed grant has left ----------------------------------------------------------------------------
    def _undoing(self, request: AssetRequest) -> AssetPlan:
        record = request.record
        assert record is not None
        log("undone again", grantId=record.grant_id, assetId=record.asset_id, undo=record.outcome["undo"])
        return AssetPlan(
            item(
                self._settings.names,
                record.command,
                grant_id=record.grant_id,
                asset_id=record.asset_id,
                domain_id=self._settings.domain_id,
                request="GRANT",
                generation=record.generation,
                facts={"warnings": []},
                refusal=str(record.outcome.get("reason") or record.cause),
                undo_only=True,
            )
        )

    # --- bring what is granted to what is true now --------------------------------------------------------------------
    def _renewal(self, request: AssetRequest) -> AssetPlan:
        """Grant anew as asset and target are now; what only the former command contributed to is revoked.

        Raises:
            EventRefusedError: it could not be granted as things are; it stays as it was.
        """
        record = request.record
        assert record is not None and record.command is not None
        if request.is_resumed:
            return AssetPlan(renewal_item(self._settings.names, record), record)
        try:
            command = self._renewed(request, record.command)
        except PermanentGrantError as error:
            raise EventRefusedError(
                f"the grant {record.grant_id} stays as it was: asset {record.asset_id} could not be granted as it is "
                f"now: {error}"
            ) from error
        before = [record.command, *record.former] if record.state == "GRANTED" else [*record.former, record.command]
        former = _without(before, command)
        new = replace(
            record,
            # Two for undoing what came before, should it still come; one to revoke and one to grant.
            generation=record.generation + 2 * GENERATIONS_PER_REQUEST,
            state="IN_PROGRESS",
            command=command,
            former=former,
            execution=request.execution,
            updated_at=self._now(),
            cause="",
            outcome={},
            audit={
                **record.audit,
                "renewed": self._moment(),
                "connection": _connection(command),
                "leftOut": _left_out(command, request.details.target),
            },
        )
        return AssetPlan(renewal_item(self._settings.names, new), new)

    def _renewed(self, request: AssetRequest, granted: GrantCommand) -> GrantCommand:
        asset = self._live_asset(request)
        platform = None if asset is None else self._settings.platform_of(asset.type_name)
        return CommandBuilder(self._settings, self._now).renew(granted, asset, platform, request.details)

    def _live_asset(self, request: AssetRequest) -> LiveAsset | None:
        """The asset as it is now; as it was published last if the function may not read it.

        UNVERIFIED[dz-reads-need-membership]: which membership that takes.
        """
        try:
            return self._domain.asset(request.asset_id)
        except (PermanentGrantError, RemoteError) as error:
            log("asset not readable", level=logging.WARNING, assetId=request.asset_id, cause=str(error))
            return GrantReader(self._domain).published(request.details.grant).get(request.asset_id)

    # --- grant or revoke ----------------------------------------------------------------------------------------------
    def _carrying_out(self, request: AssetRequest) -> AssetPlan:
        asked, record, details = request.workflow_input, request.record, request.details
        command, refusal = self._command(request)
        undone = self._why_undone(asked, command) if command is not None and refusal is None else None
        if asked.exhausted:
            command, undone = None, None
            refusal = (
                "its executions failed repeatedly: look at them, then start it again by hand. What a failed "
                "grant may have granted is revoked by the reconciler"
            )
        elif undone is not None:
            refusal = undone
        new = GrantRecord(
            asked.grant_id,
            request.asset_id,
            request.generation,
            asked.request,
            "IN_PROGRESS",
            command if command is not None else record.command if record is not None else None,
            self._audit(request, command),
            request.execution,
            self._now(),
            former=() if record is None else record.former,
        )
        planned = item(
            self._settings.names,
            command,
            grant_id=asked.grant_id,
            asset_id=request.asset_id,
            domain_id=self._settings.domain_id,
            request=asked.request,
            generation=new.generation,
            facts={"warnings": self._warnings(details, command)},
            refusal=refusal,
            undo_only=undone is not None,
            requested_at=asked.requested_at,
            former=new.former,
        )
        return AssetPlan(planned, new)

    def _command(self, request: AssetRequest) -> tuple[GrantCommand | None, str | None]:
        """What is granted or revoked, or why it cannot be. A revoke and a second try work from the record."""
        asked, record, asset = request.workflow_input, request.record, request.asset
        if record is not None and record.command is not None and (asked.request == "REVOKE" or asked.settles):
            return record.command, None
        if asked.request == "REVOKE":
            return None, None  # Nothing is granted before it is recorded, so there is nothing to revoke.
        platform = None if asset is None else self._settings.platform_of(asset.type_name)
        try:
            builder = CommandBuilder(self._settings, self._now)
            return builder.build(request.asset_id, asset, platform, request.details), None
        except PermanentGrantError as error:
            return None, shortened(str(error), MAX_CAUSE)

    def _why_undone(self, asked: WorkflowInput, command: GrantCommand) -> str | None:
        """Why a grant whose execution failed is not carried on but undone; None if it is carried on."""
        if asked.request != "GRANT" or not asked.settles:
            return None
        until = command.request.until
        if until is not None and ends_at(until) <= self._now():
            return "access was asked for until a moment that has passed before the grant was carried out: ask again"
        if asked.aborted:
            return "the execution was aborted"
        return "the execution failed more than once" if asked.settles > 1 else None

    # --- for people ---------------------------------------------------------------------------------------------------
    def _audit(self, request: AssetRequest, command: GrantCommand | None) -> dict[str, Any]:
        """Who asked, who approved, when, and how to connect: kept from the grant on."""
        asked, record, details = request.workflow_input, request.record, request.details
        if record is not None and asked.request == "REVOKE":
            return {**record.audit, "revokeEventId": asked.event_id, "revokeBegun": self._moment()}
        approved = details.subscription_request.request
        known = {
            "subscriptionId": details.grant.get("subscriptionId"),
            "requestId": approved.get("id"),
            "requestedBy": approved.get("createdBy"),
            "requestReason": approved.get("requestReason"),
            "approvedBy": approved.get("reviewerId"),
            "decisionComment": approved.get("decisionComment"),
            "grantCreatedBy": details.grant.get("createdBy"),
            "eventId": asked.event_id,
            "begun": self._moment(),
            "connection": None if command is None else _connection(command),
        }
        return {key: value for key, value in known.items() if value}

    def _warnings(self, details: GrantDetails, command: GrantCommand | None) -> list[str]:
        """What the reader noticed, an approver's end that does not hold, and one that the deployment has set."""
        found: list[str | None] = []
        if details.subscription_request.unreadable:
            unreadable = details.subscription_request.unreadable
            found.append(f"who asked is not known, and the defaults READ and SHARED hold: {unreadable}")
        if command is not None:
            # What was granted before this line was read is revoked all the same, whatever the line says.
            with suppress(PermanentGrantError):
                approved, now = details.subscription_request.request, self._now()
                found.append(ignored_end(command.request, approved.get("decisionComment")))
                requested = parse_request(self._settings.names, approved.get("metadataForms") or (), now)
                asked = decided(requested, approved.get("decisionComment"), now).until
                found.append(self._settings.ends.remark(asked, command.request.until))
        return [text for text in found if text]

    def _moment(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")


def _connection(command: GrantCommand) -> dict[str, str]:
    return PLATFORMS[command.platform].connection(command)


def _left_out(command: GrantCommand, target: Mapping[str, Any] | None) -> list[str]:
    """Roles that a target names and that the command gives no access."""
    named = {str(arn) for arn in (target or {}).get("authorizedPrincipals") or ()}
    return sorted(named - {role.arn for role in command.consumer.principals})


def _without(commands: Iterable[GrantCommand], command: GrantCommand) -> tuple[GrantCommand, ...]:
    """Commands in their order, each once, but for one."""
    found: list[GrantCommand] = []
    for other in commands:
        if other != command and other not in found:
            found.append(other)
    return tuple(found)


def _leave(request: AssetRequest, reason: str) -> None:
    asked = request.workflow_input
    log(
        "asset left alone",
        grantId=asked.grant_id,
        assetId=request.asset_id,
        requestType=asked.request,
        reason=reason,
    )
