"""The collector: checks a workflow input against DataZone, records the request and answers the plan."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from streamgov_core.domain.approval import decided, ignored_end
from streamgov_core.domain.function import DomainFunction
from streamgov_core.domain.grant_details import GrantDetails, GrantReader, forms_of
from streamgov_core.domain.grant_ledger import GENERATIONS_PER_REQUEST, GrantRecord
from streamgov_core.domain.plan import check_members, item
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT, WorkflowInput, parse_workflow_input
from streamgov_core.model.access_request import ends_at, parse_request
from streamgov_core.model.command import MAX_CAUSE, AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.errors import (
    EventRefusedError,
    PermanentGrantError,
    PrincipalRefusedError,
    StatusRefusedError,
)
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_core.runtime.log import log

MAX_PLAN = 230_000
"""Characters of a plan; a state's input and output hold 256 KiB (Step Functions quotas)."""


class Collect(DomainFunction[CollectSettings]):
    """Turns a workflow input into a plan."""

    FUNCTION = "collect"

    @staticmethod
    def read_settings(env: Mapping[str, str]) -> CollectSettings:
        """The settings of the collect function."""
        return CollectSettings.from_environment(env)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Answer the plan: ``items``, one for each asset of ours that has something to be done.

        Args:
            event: ``{event, execution, startedAt}`` from the central machine.
            context: Lambda's.

        Raises:
            EventRefusedError: the input is no grant request of this domain.
            RetryableGrantError: trying again may help.
        """
        try:
            workflow_input = parse_workflow_input(event["event"], self._settings.domain_id, self._execution_input)
        except EventRefusedError as error:
            if event["event"].get("action") != "settle":
                raise
            # Failing here would only make the settle rule start the next one.
            log("nothing to settle", level=logging.ERROR, cause=str(error))
            return {"version": 1, "items": []}
        execution = str(event.get("execution", ""))
        with ThreadPoolExecutor(16, "calls") as calls, ThreadPoolExecutor(8, "assets") as workers:
            records = calls.submit(self._ledger.of_grant, workflow_input.grant_id)
            grant = self._domain.grant(workflow_input.grant_id)
            known = records.result()
            if grant is None and workflow_input.request == "REVOKE" and known:
                # DataZone has forgotten it, the ledger has not: what was granted is revoked all the same.
                grant = {"assets": [{"assetId": asset_id, "status": "REVOKE_PENDING"} for asset_id in known]}
            if grant is None:
                raise EventRefusedError(f"DataZone knows no grant {workflow_input.grant_id}")
            assets = grant.get("assets") or ()
            self._take_up_again(workflow_input, grant, assets)
            recorded = all(asset["assetId"] in known for asset in assets)
            # A revoke works from the ledger: whatever else there was may be gone, and need not be read.
            details = (
                GrantDetails(grant)
                if workflow_input.request == "REVOKE" and recorded
                else GrantReader(self._domain).read(calls, grant)
            )
            working = [
                workers.submit(
                    self._asset, calls, workflow_input, execution, asset, details, known.get(asset["assetId"])
                )
                for asset in assets
            ]
            items = [planned for future in working if (planned := future.result()) is not None]
        log("grant collected", grantId=workflow_input.grant_id, requestType=workflow_input.request, assets=len(items))
        answer = {"version": 1, "items": items}
        if len(json.dumps(answer)) > MAX_PLAN:
            raise PermanentGrantError(
                f"the grant {workflow_input.grant_id} holds {len(items)} assets, more than one execution can carry: "
                "split the data product"
            )
        return answer

    def _asset(
        self,
        calls: ThreadPoolExecutor,
        workflow_input: WorkflowInput,
        execution: str,
        asset: Mapping[str, Any],
        details: GrantDetails,
        record: GrantRecord | None,
    ) -> dict[str, Any] | None:
        """The plan of one asset, recorded, its status updated; None if there is nothing to be done about it."""
        asset_id = asset["assetId"]
        listing = details.listings.get(asset_id)
        platform = self._settings.platform_of(str((listing or {}).get("assetType", "")))
        lost = listing is None and workflow_input.type_name in self._settings.asset_types
        if platform is None and record is None and not lost:
            _leave(workflow_input, asset_id, "its asset type is not ours")
            return None
        if record is not None and record.command is not None and _undoing_is_open(workflow_input, record):
            log("undone again", grantId=workflow_input.grant_id, assetId=asset_id, undo=record.outcome["undo"])
            return item(
                self._settings.names,
                record.command,
                grant_id=workflow_input.grant_id,
                asset_id=asset_id,
                domain_id=self._settings.domain_id,
                request="GRANT",
                generation=record.generation,
                facts={"warnings": []},
                refusal=str(record.outcome.get("reason") or record.cause),
                undo_only=True,
            )
        reason = self._not_now(workflow_input, execution, str(asset["status"]), record)
        if reason is not None:
            _leave(workflow_input, asset_id, reason)
            return None
        resumed = record is not None and record.execution == execution and record.state == "IN_PROGRESS"
        previous = None if record is None else record.generation
        generation = previous if resumed and previous is not None else (previous or -1) + GENERATIONS_PER_REQUEST
        status_update = calls.submit(self._show_progress, workflow_input, asset)
        command, refusal = self._command(workflow_input, asset_id, listing, platform, details, record)
        undone = self._why_undone(workflow_input, command) if command is not None and refusal is None else None
        if workflow_input.exhausted:
            command, undone = None, None
            refusal = (
                "its executions failed repeatedly: look at them, then start it again by hand. What a failed "
                "grant may have granted is revoked by the reconciler"
            )
        elif undone is not None:
            refusal = undone
        new = GrantRecord(
            workflow_input.grant_id,
            asset_id,
            generation,
            workflow_input.request,
            "IN_PROGRESS",
            command if command is not None else record.command if record is not None else None,
            self._audit(workflow_input, details, record, command),
            execution,
            self._now(),
        )
        begun = resumed or self._ledger.begin(new, previous)
        shown = _is_taken(status_update)
        if not begun and not self._begun_after_all(workflow_input, new):
            return None
        if not shown and workflow_input.request == "GRANT":
            # Whoever has overtaken it counts; a revoke is carried out whatever DataZone shows.
            cause = "DataZone no longer waits for this grant: it was overtaken"
            self._ledger.finish(workflow_input.grant_id, asset_id, generation, "GRANT_FAILED", self._now(), cause, {})
            _leave(workflow_input, asset_id, cause)
            return None
        return item(
            self._settings.names,
            command,
            grant_id=workflow_input.grant_id,
            asset_id=asset_id,
            domain_id=self._settings.domain_id,
            request=workflow_input.request,
            generation=generation,
            facts={"warnings": _warnings(details, command)},
            refusal=refusal,
            undo_only=undone is not None,
            requested_at=workflow_input.requested_at,
        )

    def _take_up_again(
        self, workflow_input: WorkflowInput, grant: Mapping[str, Any], assets: Iterable[Mapping[str, Any]]
    ) -> None:
        """Ask DataZone to take up again what has failed, before anything is written.

        Which statuses may follow a failure is not documented (UNVERIFIED[dz-grant-transitions]). A grant that DataZone
        does not take up stays as it is: nobody could be told that it was carried out. A revoke is carried out all the
        same.

        Raises:
            EventRefusedError: DataZone keeps a grant failed; the text says what to do instead.
        """
        failed = f"{workflow_input.request}_FAILED"
        for asset in assets if workflow_input.redrive else ():
            if asset["status"] != failed:
                continue
            try:
                self._domain.update_status(
                    workflow_input.grant_id, asset["assetId"], f"{workflow_input.request}_IN_PROGRESS"
                )
            except StatusRefusedError as error:
                if workflow_input.request == "GRANT":
                    raise EventRefusedError(self._make_it_again(grant)) from error
                log("revoked though DataZone keeps its status", grantId=workflow_input.grant_id, cause=str(error))

    def _make_it_again(self, grant: Mapping[str, Any]) -> str:
        """What to do about a failed grant that DataZone does not take up again."""
        domain, listing = self._settings.domain_id, (grant.get("grantedEntity") or {}).get("listing") or {}
        entity = json.dumps({"listing": {"identifier": listing.get("id"), "revision": listing.get("revision")}})
        return (
            f"the grant {grant['id']} has failed, and DataZone takes no further status for it: nothing was changed. "
            "Mend the cause of its failure, then delete the grant and, once it is REVOKED, grant again: "
            f"aws datazone delete-subscription-grant --domain-identifier {domain} --identifier {grant['id']} ; "
            f"aws datazone create-subscription-grant --domain-identifier {domain} "
            f"--environment-identifier {grant.get('environmentId')} "
            f"--subscription-target-identifier {grant.get('subscriptionTargetId')} --granted-entity '{entity}'"
        )

    def _show_progress(self, workflow_input: WorkflowInput, asset: Mapping[str, Any]) -> None:
        """Set the status in DataZone, unless it was asked for that before: an asset that had failed."""
        if asset["status"] != f"{workflow_input.request}_FAILED":
            self._domain.update_status(
                workflow_input.grant_id, asset["assetId"], f"{workflow_input.request}_IN_PROGRESS"
            )

    def _why_undone(self, workflow_input: WorkflowInput, command: GrantCommand) -> str | None:
        """Why a grant whose execution failed is not carried on but undone; None if it is carried on."""
        if workflow_input.request != "GRANT" or not workflow_input.settles:
            return None
        until = command.request.until
        if until is not None and ends_at(until) <= self._now():
            return "access was asked for until a moment that has passed before the grant was carried out: ask again"
        if workflow_input.aborted:
            return "the execution was aborted"
        return "the execution failed more than once" if workflow_input.settles > 1 else None

    def _begun_after_all(self, workflow_input: WorkflowInput, new: GrantRecord) -> bool:
        """Whether a record that was refused is our own: written by a call whose answer was lost.

        Otherwise another execution has begun the same request. If it has ended already, our update came too late.
        """
        record = self._ledger.of_grant(workflow_input.grant_id).get(new.asset_id)
        if record is not None and (record.execution, record.generation) == (new.execution, new.generation):
            return True
        _leave(workflow_input, new.asset_id, "another execution has just begun it")
        if record is not None and record.state != "IN_PROGRESS":
            with suppress(StatusRefusedError):
                self._domain.update_status(workflow_input.grant_id, new.asset_id, record.state, record.cause or None)
        return False

    def _not_now(
        self, workflow_input: WorkflowInput, execution: str, status: str, record: GrantRecord | None
    ) -> str | None:
        """Why an asset in this status is left alone; None if the request is to be carried out."""
        wanted = f"{workflow_input.request}_PENDING"
        if status == wanted:
            return None
        if status == f"{workflow_input.request}_FAILED" and workflow_input.redrive:
            return None
        if status != f"{workflow_input.request}_IN_PROGRESS":
            return f"its status is {status}, not {wanted}"
        if (
            record is None
            or record.execution in (execution, *workflow_input.ended)
            or (workflow_input.redrive and not workflow_input.settles)
        ):
            return None
        if record.state != "IN_PROGRESS" or self._now() - record.updated_at > CENTRAL_TIMEOUT:
            return None
        return f"the execution {record.execution} works on it"

    def _command(
        self,
        workflow_input: WorkflowInput,
        asset_id: str,
        listing: Mapping[str, Any] | None,
        platform: Platform | None,
        details: GrantDetails,
        record: GrantRecord | None,
    ) -> tuple[GrantCommand | None, str | None]:
        """What is granted or revoked, or why it cannot be. A revoke and a second try work from the record."""
        if (
            record is not None
            and record.command is not None
            and (workflow_input.request == "REVOKE" or workflow_input.settles)
        ):
            return record.command, None
        if workflow_input.request == "REVOKE":
            return None, None  # Nothing is granted before it is recorded, so there is nothing to revoke.
        try:
            return self._live_command(workflow_input, asset_id, listing, platform, details), None
        except PermanentGrantError as error:
            return None, str(error)[:MAX_CAUSE]

    def _live_command(
        self,
        workflow_input: WorkflowInput,
        asset_id: str,
        listing: Mapping[str, Any] | None,
        platform: Platform | None,
        details: GrantDetails,
    ) -> GrantCommand:
        settings = self._settings
        if listing is None or platform is None:
            raise PermanentGrantError(f"the listing of asset {asset_id} is gone: publish the asset again")
        if details.environment is None or details.target is None:
            gone = "environment" if details.environment is None else "subscription target"
            raise PermanentGrantError(f"the {gone} of the grant is gone: make a new one and ask again")
        claim = platform.claim(forms_of(listing))
        account = str(details.environment.get("awsAccountId") or "")
        region = str(details.environment.get("awsAccountRegion") or settings.names.region)
        for where, what in ((claim.region, claim.arn), (region, f"environment {details.environment['id']}")):
            if where != settings.names.region:
                raise PermanentGrantError(f"{what} is in {where}; this deployment serves {settings.names.region} only")
        command = GrantCommand(
            side="both",
            request_type="GRANT",
            grant_id=workflow_input.grant_id,
            asset_id=asset_id,
            generation=0,
            domain_id=settings.domain_id,
            platform=platform.name,
            resource=claim.resource,
            schema=claim.schema,
            producer=Party(claim.account, claim.region),
            consumer=Consumer(
                account,
                region,
                str(details.environment.get("projectId") or details.target.get("projectId") or ""),
                str(details.environment["id"]),
                self._principals(details.target, account),
            ),
            request=self._request(details),
            options=dict(settings.options),
            owner_project=str(listing.get("owningProjectId") or ""),
        )
        platform.review(command)
        check_members(command, settings.members)
        return command

    def _principals(self, target: Mapping[str, Any], account: str) -> tuple[RoleArn, ...]:
        """The target's roles: of the environment's account, or of one that the configuration lists for it."""
        allowed = {account, *self._settings.principal_accounts.get(account, ())}
        principals = RoleArn.parse_all(sorted({str(arn) for arn in target.get("authorizedPrincipals") or ()}))
        if not principals:
            raise PrincipalRefusedError(f"the subscription target {target.get('id')} names no authorized principal")
        for role in principals:
            if role.account not in allowed or role.partition != self._settings.names.partition:
                raise PrincipalRefusedError(
                    f"{role} is not a role of the environment's account {account}, nor of an account that the "
                    "configuration lists for it"
                )
        return principals

    def _request(self, details: GrantDetails) -> AccessRequest:
        if details.subscription_request.unreadable and self._settings.request_required:
            raise PermanentGrantError(
                "the subscription request cannot be read, and this deployment requires the request form: let the role "
                f"{self._settings.names.iam_name('collect')} read subscription requests. "
                f"{details.subscription_request.unreadable}"
            )
        request, now = details.subscription_request.request, self._now()
        requested = parse_request(self._settings.names, request.get("metadataForms") or (), now)
        return decided(requested, request.get("decisionComment"), now)

    def _audit(
        self,
        workflow_input: WorkflowInput,
        details: GrantDetails,
        record: GrantRecord | None,
        command: GrantCommand | None,
    ) -> dict[str, Any]:
        """Who asked, who approved, when, and how to connect: kept from the grant on."""
        if record is not None and workflow_input.request == "REVOKE":
            return {**record.facts, "revokeEventId": workflow_input.event_id, "revokeBegun": self._moment()}
        request = details.subscription_request.request
        known = {
            "subscriptionId": details.grant.get("subscriptionId"),
            "requestId": request.get("id"),
            "requestedBy": request.get("createdBy"),
            "requestReason": request.get("requestReason"),
            "approvedBy": request.get("reviewerId"),
            "decisionComment": request.get("decisionComment"),
            "grantCreatedBy": details.grant.get("createdBy"),
            "eventId": workflow_input.event_id,
            "begun": self._moment(),
            "connection": None if command is None else PLATFORMS[command.platform].connection(command),
        }
        return {key: value for key, value in known.items() if value}

    def _moment(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")


def _is_taken(status_update: Future[None]) -> bool:
    """Whether DataZone took the status."""
    try:
        status_update.result()
    except StatusRefusedError as error:
        log("DataZone keeps its status", level=logging.WARNING, cause=str(error))
        return False
    return True


def _undoing_is_open(workflow_input: WorkflowInput, record: GrantRecord) -> bool:
    """Whether this settles a failed grant of which something could not be revoked; not without end."""
    failed = workflow_input.request == "GRANT" and record.state == "GRANT_FAILED" and bool(record.outcome.get("undo"))
    return failed and workflow_input.settles > 0 and not workflow_input.exhausted


def _warnings(details: GrantDetails, command: GrantCommand | None) -> list[str]:
    """What the reader noticed, and an approver's end that does not hold."""
    ignored = None
    if command is not None:
        # What was granted before this line was read is revoked all the same, whatever the line says.
        with suppress(PermanentGrantError):
            ignored = ignored_end(command.request, details.subscription_request.request.get("decisionComment"))
    unreadable = details.subscription_request.unreadable
    unknown = f"who asked is not known, and the defaults READ and SHARED hold: {unreadable}" if unreadable else None
    return [text for text in (unknown, ignored) if text]


def _leave(workflow_input: WorkflowInput, asset_id: str, reason: str) -> None:
    log(
        "asset left alone",
        grantId=workflow_input.grant_id,
        assetId=asset_id,
        requestType=workflow_input.request,
        reason=reason,
    )
