"""The reporter: what came of one asset, to the grant ledger and to DataZone, with a cause that a person can act on."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from streamgov_core.domain.announcement import Announcer, OutcomeAnnouncer, granted_command
from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.end_schedules import EndSchedules, SchedulerEnds
from streamgov_core.domain.failure_class import answers_of, class_of, failure_class, readable
from streamgov_core.domain.function import DomainFunction
from streamgov_core.domain.function_events import ReportEvent
from streamgov_core.domain.grant_ledger import GENERATIONS_PER_REQUEST, GrantLedger, GrantRecord, GrantState
from streamgov_core.domain.people import missing_names
from streamgov_core.domain.settings import DomainSettings, ReportSettings, shared_clients
from streamgov_core.domain.workflow_input import WorkflowInput, parse_workflow_input
from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.command import ACCESS_MAY_REMAIN, MAX_CAUSE
from streamgov_core.model.errors import EventRefusedError, StatusRefusedError, StreamgovError
from streamgov_core.model.shortened import shortened
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics

_OPEN = ("PENDING", "IN_PROGRESS")
_COUNTED: Mapping[str, str] = {
    "GRANTED": "GrantsGranted",
    "REVOKED": "GrantsRevoked",
    "GRANT_FAILED": "GrantsFailed",
    "REVOKE_FAILED": "RevokesFailed",
}
"""The metric that counts each outcome."""


class Report(DomainFunction[DomainSettings]):
    """Reports outcomes. See DomainFunction for the arguments.

    Args:
        schedules: where ends of access are scheduled; None leaves them to the reconciler's sweep.
        announcer: tells others of an outcome; None tells nobody.
    """

    FUNCTION = "report"

    def __init__(
        self,
        settings: DomainSettings,
        domain: DataZoneReader,
        ledger: GrantLedger,
        execution_input: Callable[[str], Mapping[str, Any]],
        now: Callable[[], float] = time.time,
        metrics: FunctionMetrics | None = None,
        schedules: EndSchedules | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        super().__init__(settings, domain, ledger, execution_input, now, metrics)
        self._schedules = schedules
        self._announcer = announcer

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """The function as it is deployed."""
        settings = cls.read_settings(os.environ if env is None else env)
        made, names = super().from_env(env), settings.names
        clients = shared_clients(names.region)
        made._schedules = SchedulerEnds(
            lambda: clients.client("scheduler"),
            names.end_schedules,
            names.central_machine_arn(settings.account),
            names.role_arn(settings.account, "ends"),
        )
        made._announcer = OutcomeAnnouncer(names, lambda: clients.client("events"), lambda: clients.client("datazone"))
        return made

    @staticmethod
    def read_settings(env: Mapping[str, str]) -> ReportSettings:
        """The settings of the report function."""
        return ReportSettings.from_environment(env)

    def run(self, event: ReportEvent, context: Any = None) -> dict[str, Any]:
        """Report the outcome of one asset, or the failure of the collector.

        Args:
            event: ``{kind: outcome, item}`` or ``{kind: collect-failure, event, execution}``.
            context: Lambda's.

        Raises:
            EventRefusedError: the message is none of these.
            RetryableGrantError: trying again may help.
        """
        if event["kind"] == "outcome":
            return self._outcome(event["item"])
        if event["kind"] == "collect-failure":
            return self._collect_failure(event["event"], event.get("execution", ""))
        raise EventRefusedError(f"a report is of kind outcome or collect-failure, got {event['kind']!r}")

    def _outcome(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if item.get("renewal"):
            return self._renewal_outcome(item)
        failure = failure_of(item)
        request = item["requestType"]
        status: GrantState
        if request == "GRANT":
            status = "GRANTED" if failure is None else "GRANT_FAILED"
        else:
            status = "REVOKED" if failure is None else "REVOKE_FAILED"
        remaining = undo_failures(item)
        cause = None if failure is None else _with_remark(failure, remaining)
        facts: dict[str, Any] = {
            "warnings": _warnings(item),
            "undo": remaining,
            "reason": shortened(failure or "", MAX_CAUSE),
            **_delivery(item),
        }
        record = self._ledger.finish(
            item["grantId"], item["assetId"], item["generation"], status, self._now(), cause or "", facts
        )
        if record is None:
            log("outcome superseded by a newer request", dict(item), status=status)
            return {"status": "SUPERSEDED", "cause": cause, "open": ""}
        with ThreadPoolExecutor(1, "names") as calls:
            calls.submit(self._keep_names, record)
            self._show(item, status, cause)
            if status == "GRANTED":
                self._schedule_end(item)
            self._count(status, failure_class(item), str(item.get("requestedAt") or ""))
            log("outcome reported", dict(item), level=_level(item, cause), status=status, cause=cause, **facts)
            self._announce(item, status, cause)
        return {"status": status, "cause": cause, "open": ACCESS_MAY_REMAIN if remaining else ""}

    def _keep_names(self, record: GrantRecord) -> None:
        """Keep who asked and who approved by names as well: ids mean nothing once a profile is gone.

        Nobody waits for it, and nothing depends on it: an audit looks up what is missing.
        """
        try:
            names = missing_names(record.audit, self._domain.user)
            if names:
                self._ledger.keep_names(record, names)
        except StreamgovError as error:
            log("names not kept", level=logging.WARNING, grantId=record.grant_id, cause=str(error))

    def _announce(self, item: Mapping[str, Any], status: GrantState, cause: str | None) -> None:
        """Tell others; a plan that cannot be read any more is no reason to report anything else."""
        with suppress(StreamgovError):
            command = granted_command(item)
            if command is not None and self._announcer is not None:
                assuming = _delivery(item).get("assuming")
                if assuming:
                    command = command.decided(AssumingRole.parse_all(assuming))
                self._announcer.tell(command, status, cause or "", self._now())

    def _schedule_end(self, item: Mapping[str, Any]) -> None:
        """Have the end looked at when it comes, if there is one."""
        steps = [*item["do"]["first"], *item["do"]["second"]]
        until = next((step["command"]["request"]["until"] for step in steps), None)
        if until is not None and self._schedules is not None:
            self._schedules.add(item["grantId"], until)

    def _renewal_outcome(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """What came of bringing a granted asset up to date; DataZone shows it as granted all the while.

        If it failed, what was granted before holds again. What could not be revoked of the other command is kept in
        the record as ``former``: the reconciler revokes it, and so does the end of the grant.
        """
        record = self._ledger.of_grant(item["grantId"]).get(item["assetId"])
        if record is None or record.generation != item["generation"] or record.state != "IN_PROGRESS":
            log("outcome superseded by a newer request", dict(item))
            return {"status": "SUPERSEDED", "cause": None, "open": ""}
        failure = readable(item["failure"]) if item.get("failure") else None
        remaining = undo_failures(item) if failure else _bad_steps(answers_of(item, "secondDone"))
        before, *older = record.former or (None,)
        ended = replace(
            record,
            state="GRANTED",
            updated_at=self._now(),
            cause="" if failure is None else shortened(f"not brought up to date: {failure}", MAX_CAUSE),
            outcome={
                "warnings": _warnings(item),
                "undo": remaining,
                "reason": shortened(failure or "", MAX_CAUSE),
                **_delivery(item),
            },
            former=record.former if remaining else (),
        )
        if failure is not None and before is not None and record.command is not None:
            ended = replace(
                ended,
                command=before,
                generation=record.generation + GENERATIONS_PER_REQUEST,
                former=(record.command, *older) if remaining else (),
            )
        if not self._ledger.begin(ended, record.generation):
            log("outcome superseded by a newer request", dict(item))
            return {"status": "SUPERSEDED", "cause": failure, "open": ""}
        level = logging.INFO if failure is None else logging.ERROR
        log("renewal reported", dict(item), level=level, cause=failure, remaining=remaining)
        return {"status": "GRANTED", "cause": failure, "open": ""}

    def _show(self, item: Mapping[str, Any], status: GrantState, cause: str | None) -> None:
        """Set the status in DataZone. One that is over, or of a newer request, may stay: then the ledger alone says it.

        Raises:
            StatusRefusedError: DataZone shows this request as open and does not let it end.
        """
        try:
            self._domain.update_status(item["grantId"], item["assetId"], status, cause, _parameter(item, status))
        except StatusRefusedError as error:
            if error.standing in tuple(f"{item['requestType']}_{suffix}" for suffix in _OPEN):
                raise
            log("DataZone keeps its status", dict(item), level=logging.WARNING, status=status, cause=str(error))

    def _count(self, status: GrantState, cause: str, requested_at: str) -> None:
        """Emit the metrics of one outcome."""
        if status in ("GRANT_FAILED", "REVOKE_FAILED"):
            self._metrics.put({_COUNTED[status]: 1}, Cause=cause)
            return
        self._metrics.put({_COUNTED[status]: 1})
        asked = _moment(requested_at)
        if status == "GRANTED" and asked is not None:
            self._metrics.put({"TimeToGrant": max(0.0, self._now() - asked)}, unit="Seconds")

    def _collect_failure(self, event: Mapping[str, Any], execution: str) -> dict[str, Any]:
        """Set to failed what the collector may have left open.

        An input that is not ours, or that can never succeed, is only logged: the collector has written nothing.
        """
        cause = shortened(readable(event.get("failure")), MAX_CAUSE)
        try:
            if class_of(event.get("failure")) == EventRefusedError.__name__:
                raise EventRefusedError(cause)
            workflow_input = parse_workflow_input(event, self._settings.domain_id, self._execution_input)
        except EventRefusedError as error:
            log("workflow input rejected", level=logging.WARNING, cause=str(error))
            return {"status": "REJECTED", "cause": shortened(str(error), MAX_CAUSE), "assets": []}
        grant = self._domain.grant(workflow_input.grant_id)
        updated = []
        for asset in (grant or {}).get("assets", ()):
            if workflow_input.asset_id not in ("", asset["assetId"]):
                continue
            if self._set_failed(workflow_input, grant or {}, asset, execution, cause):
                updated.append(asset["assetId"])
        failed: GrantState = "GRANT_FAILED" if workflow_input.request == "GRANT" else "REVOKE_FAILED"
        for _ in updated:
            self._count(failed, failure_class(event), "")
        log("collector failed", level=logging.ERROR, grantId=workflow_input.grant_id, assets=updated, cause=cause)
        return {"status": f"{workflow_input.request}_FAILED", "cause": cause, "assets": updated}

    def _set_failed(
        self,
        workflow_input: WorkflowInput,
        grant: Mapping[str, Any],
        asset: Mapping[str, Any],
        execution: str,
        cause: str,
    ) -> bool:
        if asset["status"] not in tuple(f"{workflow_input.request}_{suffix}" for suffix in _OPEN):
            return False
        asset_id = asset["assetId"]
        record = self._ledger.of_grant(workflow_input.grant_id).get(asset_id)
        if (
            record is not None
            and record.state == "IN_PROGRESS"
            and record.execution != execution
            and not workflow_input.settles
        ):
            return False  # Another execution carries it out.
        if record is None and not self._is_ours(workflow_input, grant, asset_id):
            return False
        status: GrantState = "GRANT_FAILED" if workflow_input.request == "GRANT" else "REVOKE_FAILED"
        if record is not None:
            self._ledger.finish(workflow_input.grant_id, asset_id, record.generation, status, self._now(), cause, {})
        self._domain.update_status(workflow_input.grant_id, asset_id, status, cause)
        return True

    def _is_ours(self, workflow_input: WorkflowInput, grant: Mapping[str, Any], asset_id: str) -> bool:
        listing = (grant.get("grantedEntity") or {}).get("listing") or {}
        found = self._domain.listing(listing["id"], listing.get("revision")) if listing else None
        asset = ((found or {}).get("item") or {}).get("assetListing") or {}
        type_name = asset.get("assetType") if asset.get("assetId") == asset_id else workflow_input.type_name
        return self._settings.platform_of(str(type_name)) is not None


def _parameter(item: Mapping[str, Any], status: GrantState) -> str | None:
    """Where the consumer reads how to connect, as its account answered: what the granted asset is called there."""
    for step in [*answers_of(item, "firstDone"), *answers_of(item, "secondDone")]:
        parameter = ((step.get("outcome") or {}).get("details") or {}).get("parameter")
        if parameter and status == "GRANTED":
            return str(parameter)
    return None


def _level(item: Mapping[str, Any], cause: str | None) -> int:
    """A refusal is a decision of ours that somebody must know of; a failure is nobody's wish."""
    if cause is None:
        return logging.INFO
    return logging.WARNING if item.get("refusal") else logging.ERROR


def _moment(text: str) -> float | None:
    """Seconds since the epoch; None if the text tells no moment, which must not keep an outcome from being reported."""
    with suppress(ValueError):
        return datetime.fromisoformat(text).timestamp()
    return None


def failure_of(item: Mapping[str, Any]) -> str | None:
    """Why the request failed, or None if every step was applied.

    Args:
        item: one asset of the plan with what the states added: ``failure``, ``firstDone``, ``secondDone`` ….
    """
    if item.get("refusal"):
        return str(item["refusal"])
    if item.get("failure"):
        return readable(item["failure"])
    bad = _bad_steps([*answers_of(item, "firstDone"), *answers_of(item, "secondDone")])
    return "; ".join(bad) or None


def undo_failures(item: Mapping[str, Any]) -> list[str]:
    """Steps of the undoing that did not succeed, or were not even begun: access may remain there.

    An item with a refusal does nothing but undo what an earlier execution may have granted.
    """
    if item.get("refusal"):
        return [
            *_unfinished_steps(item, "do", "first", "firstDone"),
            *_unfinished_steps(item, "do", "second", "secondDone"),
        ]
    if item.get("failure") and _begun(item):
        return [
            *_unfinished_steps(item, "undo", "first", "undoFirstDone"),
            *_unfinished_steps(item, "undo", "second", "undoSecondDone"),
        ]
    return []


def _begun(item: Mapping[str, Any]) -> bool:
    """Whether anything may have been written: not while the accounts of the principals were only asked."""
    told = item.get("told")
    return bool(told and not told.get("failed")) or "prepare" not in (item.get("do") or {})


def _delivery(item: Mapping[str, Any]) -> dict[str, Any]:
    """What the owner's side answered of access roles: which principals assume one, and which it is."""
    for step in answers_of(item, "firstDone"):
        details = (step.get("outcome") or {}).get("details") or {}
        if item["requestType"] == "GRANT" and details.get("assuming"):
            return {"assuming": details["assuming"], "awsRoleArn": details.get("awsRoleArn", "")}
    return {}


def _unfinished_steps(item: Mapping[str, Any], plan: str, stage: str, name: str) -> list[str]:
    planned = (item.get(plan) or {}).get(stage) or []
    done = answers_of(item, name)
    if len(done) != len(planned):
        done = [{"outcome": {"Error": "States.Timeout"}}] * len(planned)  # The stage itself was cut off.
    return [
        f"account {step['command']['account']} ({step['command']['side']} side): {readable(result.get('outcome'))}"
        for step, result in zip(planned, done, strict=True)
        if (result.get("outcome") or {}).get("status") not in ("APPLIED", "SUPERSEDED")
    ]


def _with_remark(failure: str, remaining: list[str]) -> str:
    """The cause, and where access may remain; the remark is not what is cut."""
    if not remaining:
        return shortened(failure, MAX_CAUSE)
    remark = (
        f". Access may remain in {'; '.join(remaining)[: MAX_CAUSE // 2]}. It is revoked at once if that can be done, "
        "and by the reconciler otherwise"
    )
    return failure[: MAX_CAUSE - len(remark)] + remark


def _bad_steps(steps: list[Mapping[str, Any]]) -> list[str]:
    return [
        f"the {step.get('side')} side failed: {readable(step.get('outcome'))}"
        for step in steps
        if (step.get("outcome") or {}).get("status") not in ("APPLIED", "SUPERSEDED")
    ]


def _warnings(item: Mapping[str, Any]) -> list[str]:
    found = list((item.get("facts") or {}).get("warnings", []))
    told = item.get("told")
    asked = answers_of(told, "prepared") if isinstance(told, Mapping) else []
    for step in [*asked, *answers_of(item, "firstDone"), *answers_of(item, "secondDone")]:
        details = (step.get("outcome") or {}).get("details") or {}
        found.extend(details.get("warnings", []))
    return list(dict.fromkeys(found))
