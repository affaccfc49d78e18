"""The collector: checks an order against DataZone, records it, marks it in progress, and answers the plan."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from streamgov_core.domain.approval import decided, ignored_end
from streamgov_core.domain.function import DomainFunction
from streamgov_core.domain.grant_facts import GrantFacts, GrantReader, forms_of
from streamgov_core.domain.grant_ledger import GENERATIONS_A_REQUEST, GrantRecord
from streamgov_core.domain.plan import check_members, item
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT, WorkflowInput, parse_order
from streamgov_core.model.access_request import ends_at, parse_request
from streamgov_core.model.command import MAX_CAUSE, AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.errors import EventRefusedError, PermanentGrantError, PrincipalRefusedError
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_core.runtime.log import log

MAX_PLAN = 230_000
"""Characters of a plan; a state's input and output hold 256 KiB (Step Functions quotas)."""


class Collect(DomainFunction[CollectSettings]):
    """Turns an order into a plan."""

    FUNCTION = "collect"

    @staticmethod
    def read_settings(env: Mapping[str, str]) -> CollectSettings:
        """See DomainFunction.read_settings."""
        return CollectSettings.from_environment(env)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Answer the plan: ``items``, one for each asset of ours that has something to be done.

        Args:
            event: ``{event, execution, startedAt}`` from the central machine.
            context: Lambda's.

        Raises:
            EventRefusedError: the order is not one that we carry out.
            RetryableGrantError: trying again may help.
        """
        try:
            order = parse_order(event["event"], self._settings.domain_id, self._input_of)
        except EventRefusedError as error:
            if event["event"].get("action") != "settle":
                raise
            # Failing here would only make the settle rule start the next one.
            log("nothing to settle", level=logging.ERROR, cause=str(error))
            return {"version": 1, "items": []}
        execution = str(event.get("execution", ""))
        with ThreadPoolExecutor(16, "calls") as calls, ThreadPoolExecutor(8, "assets") as workers:
            records = calls.submit(self._ledger.of_grant, order.grant_id)
            grant = self._domain.grant(order.grant_id)
            known = records.result()
            if grant is None and order.request == "REVOKE" and known:
                # DataZone has forgotten it, the ledger has not: what was given is taken away all the same.
                grant = {"assets": [{"assetId": asset_id, "status": "REVOKE_PENDING"} for asset_id in known]}
            if grant is None:
                raise EventRefusedError(f"DataZone knows no grant {order.grant_id}")
            assets = grant.get("assets") or ()
            recorded = all(asset["assetId"] in known for asset in assets)
            # A revoke works from the ledger: whatever else there was may be gone, and need not be read.
            facts = (
                GrantFacts(grant)
                if order.request == "REVOKE" and recorded
                else GrantReader(self._domain).read(calls, grant)
            )
            working = [
                workers.submit(self._asset, calls, order, execution, asset, facts, known.get(asset["assetId"]))
                for asset in assets
            ]
            items = [planned for future in working if (planned := future.result()) is not None]
        log("grant collected", grantId=order.grant_id, requestType=order.request, assets=len(items))
        answer = {"version": 1, "items": items}
        if len(json.dumps(answer)) > MAX_PLAN:
            raise PermanentGrantError(
                f"the grant {order.grant_id} holds {len(items)} assets, more than one execution can carry: "
                "split the data product"
            )
        return answer

    def _asset(
        self,
        calls: ThreadPoolExecutor,
        order: WorkflowInput,
        execution: str,
        asset: Mapping[str, Any],
        facts: GrantFacts,
        record: GrantRecord | None,
    ) -> dict[str, Any] | None:
        """The plan of one asset, recorded and marked; None if there is nothing to be done about it."""
        asset_id = asset["assetId"]
        listing = facts.listings.get(asset_id)
        platform = self._settings.platform_of(str((listing or {}).get("assetType", "")))
        lost = listing is None and order.type_name in self._settings.asset_types
        if platform is None and record is None and not lost:
            _leave(order, asset_id, "its asset type is not ours")
            return None
        if record is not None and record.command is not None and _undoing_is_open(order, record):
            log("undone again", grantId=order.grant_id, assetId=asset_id, undo=record.outcome["undo"])
            return item(
                self._settings.names,
                record.command,
                grant_id=order.grant_id,
                asset_id=asset_id,
                domain_id=self._settings.domain_id,
                request="GRANT",
                generation=record.generation,
                facts={"warnings": []},
                refusal=str(record.outcome.get("reason") or record.cause),
                undo_only=True,
            )
        reason = self._not_now(order, execution, str(asset["status"]), record)
        if reason is not None:
            _leave(order, asset_id, reason)
            return None
        resumed = record is not None and record.execution == execution and record.state == "IN_PROGRESS"
        previous = None if record is None else record.generation
        generation = previous if resumed and previous is not None else (previous or -1) + GENERATIONS_A_REQUEST
        marking = calls.submit(self._domain.mark, order.grant_id, asset_id, f"{order.request}_IN_PROGRESS")
        command, refusal = self._command(order, asset_id, listing, platform, facts, record)
        undone = self._why_undone(order, command) if command is not None and refusal is None else None
        if order.exhausted:
            command, undone = None, None
            refusal = (
                "its executions ended badly again and again: look at them, then start it again by hand. What a failed "
                "grant may have given is taken away by the reconciler"
            )
        elif undone is not None:
            refusal = undone
        new = GrantRecord(
            order.grant_id,
            asset_id,
            generation,
            order.request,
            "IN_PROGRESS",
            command if command is not None else record.command if record is not None else None,
            self._audit(order, facts, record, command),
            execution,
            self._now(),
        )
        begun = resumed or self._ledger.begin(new, previous)
        marking.result()
        if not begun and not self._begun_after_all(order, new):
            return None
        return item(
            self._settings.names,
            command,
            grant_id=order.grant_id,
            asset_id=asset_id,
            domain_id=self._settings.domain_id,
            request=order.request,
            generation=generation,
            facts={"warnings": _warnings(facts, command)},
            refusal=refusal,
            undo_only=undone is not None,
            requested_at=order.requested_at,
        )

    def _why_undone(self, order: WorkflowInput, command: GrantCommand) -> str | None:
        """Why a grant whose execution ended badly is not carried on but undone; None if it is carried on."""
        if order.request != "GRANT" or not order.settles:
            return None
        until = command.request.until
        if until is not None and ends_at(until) <= self._now():
            return "access was asked for until a moment that has passed before the grant was carried out: ask again"
        if order.aborted:
            return "the execution was aborted"
        return "the execution ended badly more than once" if order.settles > 1 else None

    def _begun_after_all(self, order: WorkflowInput, new: GrantRecord) -> bool:
        """Whether a record that was refused is our own: written by a call whose answer was lost.

        Otherwise another execution has begun the same request. If it has ended already, our mark came too late.
        """
        record = self._ledger.of_grant(order.grant_id).get(new.asset_id)
        if record is not None and (record.execution, record.generation) == (new.execution, new.generation):
            return True
        _leave(order, new.asset_id, "another execution has just begun it")
        if record is not None and record.state != "IN_PROGRESS":
            self._domain.mark(order.grant_id, new.asset_id, record.state, record.cause or None)
        return False

    def _not_now(self, order: WorkflowInput, execution: str, status: str, record: GrantRecord | None) -> str | None:
        """Why an asset in this status is left alone; None if the order is to be carried out."""
        wanted = f"{order.request}_PENDING"
        if status == wanted:
            return None
        if status == f"{order.request}_FAILED" and order.redrive:
            return None
        if status != f"{order.request}_IN_PROGRESS":
            return f"its status is {status}, not {wanted}"
        if record is None or record.execution in (execution, *order.ended) or (order.redrive and not order.settles):
            return None
        if record.state != "IN_PROGRESS" or self._now() - record.updated_at > CENTRAL_TIMEOUT:
            return None
        return f"{record.execution} is at it"

    def _command(
        self,
        order: WorkflowInput,
        asset_id: str,
        listing: Mapping[str, Any] | None,
        platform: Platform | None,
        facts: GrantFacts,
        record: GrantRecord | None,
    ) -> tuple[GrantCommand | None, str | None]:
        """What is granted or taken, or why it cannot be. A revoke and a second try work from the record."""
        if record is not None and record.command is not None and (order.request == "REVOKE" or order.settles):
            return record.command, None
        if order.request == "REVOKE":
            return None, None  # Nothing is given before it is recorded, so there is nothing to take.
        try:
            return self._live_command(order, asset_id, listing, platform, facts), None
        except PermanentGrantError as error:
            return None, str(error)[:MAX_CAUSE]

    def _live_command(
        self,
        order: WorkflowInput,
        asset_id: str,
        listing: Mapping[str, Any] | None,
        platform: Platform | None,
        facts: GrantFacts,
    ) -> GrantCommand:
        settings = self._settings
        if listing is None or platform is None:
            raise PermanentGrantError(f"the listing of asset {asset_id} is gone: publish the asset again")
        if facts.environment is None or facts.target is None:
            gone = "environment" if facts.environment is None else "subscription target"
            raise PermanentGrantError(f"the {gone} of the grant is gone: make a new one and ask again")
        claim = platform.claim(forms_of(listing))
        account = str(facts.environment.get("awsAccountId") or "")
        region = str(facts.environment.get("awsAccountRegion") or settings.names.region)
        for where, what in ((claim.region, claim.arn), (region, f"environment {facts.environment['id']}")):
            if where != settings.names.region:
                raise PermanentGrantError(f"{what} is in {where}; this deployment serves {settings.names.region} only")
        command = GrantCommand(
            side="both",
            request_type="GRANT",
            grant_id=order.grant_id,
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
                str(facts.environment.get("projectId") or facts.target.get("projectId") or ""),
                str(facts.environment["id"]),
                self._principals(facts.target, account),
            ),
            request=self._request(facts),
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

    def _request(self, facts: GrantFacts) -> AccessRequest:
        if facts.asked.unreadable and self._settings.request_required:
            raise PermanentGrantError(
                "what was asked for cannot be read, and this deployment requires the request form: let the role "
                f"{self._settings.names.iam_name('collect')} read subscription requests. {facts.asked.unreadable}"
            )
        request, now = facts.asked.request, self._now()
        asked = parse_request(self._settings.names, request.get("metadataForms") or (), now)
        return decided(asked, request.get("decisionComment"), now)

    def _audit(
        self, order: WorkflowInput, facts: GrantFacts, record: GrantRecord | None, command: GrantCommand | None
    ) -> dict[str, Any]:
        """Who asked, who approved, when, and how to connect: kept from the grant on."""
        if record is not None and order.request == "REVOKE":
            return {**record.facts, "revokeEventId": order.event_id, "revokeBegun": self._moment()}
        request = facts.asked.request
        known = {
            "subscriptionId": facts.grant.get("subscriptionId"),
            "requestId": request.get("id"),
            "requestedBy": request.get("createdBy"),
            "requestReason": request.get("requestReason"),
            "approvedBy": request.get("reviewerId"),
            "decisionComment": request.get("decisionComment"),
            "grantCreatedBy": facts.grant.get("createdBy"),
            "eventId": order.event_id,
            "begun": self._moment(),
            "connection": None if command is None else PLATFORMS[command.platform].connection(command),
        }
        return {key: value for key, value in known.items() if value}

    def _moment(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")


def _undoing_is_open(order: WorkflowInput, record: GrantRecord) -> bool:
    """Whether this settles a failed grant of which something could not be taken away; not without end."""
    failed = order.request == "GRANT" and record.state == "GRANT_FAILED" and bool(record.outcome.get("undo"))
    return failed and order.settles > 0 and not order.exhausted


def _warnings(facts: GrantFacts, command: GrantCommand | None) -> list[str]:
    """What the reader noticed, and an approver's end that does not hold."""
    ignored = None
    if command is not None:
        # What was given before this line was read is taken away all the same, whatever the line says.
        with suppress(PermanentGrantError):
            ignored = ignored_end(command.request, facts.asked.request.get("decisionComment"))
    unreadable = facts.asked.unreadable
    unknown = f"who asked is not known, and the defaults READ and SHARED hold: {unreadable}" if unreadable else None
    return [text for text in (unknown, ignored) if text]


def _leave(order: WorkflowInput, asset_id: str, reason: str) -> None:
    log("asset left alone", grantId=order.grant_id, assetId=asset_id, requestType=order.request, reason=reason)
