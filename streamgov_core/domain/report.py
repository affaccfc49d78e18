"""The reporter: what came of one asset, to the grant ledger and to DataZone, with a cause that a person can act on."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from streamgov_core.domain.failure_class import class_of, failure_class
from streamgov_core.domain.function import DomainFunction
from streamgov_core.domain.grant_ledger import GrantState
from streamgov_core.domain.settings import DomainSettings, ReportSettings
from streamgov_core.domain.workflow_input import WorkflowInput, parse_workflow_input
from streamgov_core.model import errors
from streamgov_core.model.command import ACCESS_MAY_REMAIN, MAX_CAUSE
from streamgov_core.model.errors import EventRefusedError, StatusRefusedError
from streamgov_core.runtime.log import log

_OPEN = ("PENDING", "IN_PROGRESS")
_COUNTED: Mapping[str, str] = {
    "GRANTED": "GrantsGranted",
    "REVOKED": "GrantsRevoked",
    "GRANT_FAILED": "GrantsFailed",
    "REVOKE_FAILED": "RevokesFailed",
}
"""The metric that counts each outcome."""


class Report(DomainFunction[DomainSettings]):
    """Reports outcomes."""

    FUNCTION = "report"

    @staticmethod
    def read_settings(env: Mapping[str, str]) -> ReportSettings:
        """The settings of the report function."""
        return ReportSettings.from_environment(env)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Report the outcome of one asset, or the failure of the collector.

        Args:
            event: ``{kind: outcome, item}`` or ``{kind: collect-failure, event, execution}``.
            context: Lambda's.

        Raises:
            EventRefusedError: the message is none of these.
            RetryableGrantError: trying again may help.
        """
        if event.get("kind") == "outcome":
            return self._outcome(event["item"])
        if event.get("kind") == "collect-failure":
            return self._collect_failure(event["event"], str(event.get("execution", "")))
        raise EventRefusedError(f"a report is of kind outcome or collect-failure, got {event.get('kind')!r}")

    def _outcome(self, item: Mapping[str, Any]) -> dict[str, Any]:
        failure = failure_of(item)
        request = item["requestType"]
        status: GrantState
        if request == "GRANT":
            status = "GRANTED" if failure is None else "GRANT_FAILED"
        else:
            status = "REVOKED" if failure is None else "REVOKE_FAILED"
        remaining = undo_failures(item)
        cause = None if failure is None else _with_remark(failure, remaining)
        facts: dict[str, Any] = {"warnings": _warnings(item), "undo": remaining, "reason": (failure or "")[:MAX_CAUSE]}
        if not self._ledger.finish(
            item["grantId"], item["assetId"], item["generation"], status, self._now(), cause or "", facts
        ):
            log("outcome superseded by a newer request", dict(item), status=status)
            return {"status": "SUPERSEDED", "cause": cause, "open": ""}
        self._show(item, status, cause)
        self._count(status, failure_class(item), str(item.get("requestedAt") or ""))
        log("outcome reported", dict(item), level=_level(item, cause), status=status, cause=cause, **facts)
        return {"status": status, "cause": cause, "open": ACCESS_MAY_REMAIN if remaining else ""}

    def _show(self, item: Mapping[str, Any], status: GrantState, cause: str | None) -> None:
        """Set the status in DataZone. One that is over, or of a newer request, may stay: then the ledger alone says it.

        Raises:
            StatusRefusedError: DataZone shows this request as open and does not let it end.
        """
        try:
            self._domain.update_status(item["grantId"], item["assetId"], status, cause)
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
        cause = readable(event.get("failure"))[:MAX_CAUSE]
        try:
            if class_of(event.get("failure")) == EventRefusedError.__name__:
                raise EventRefusedError(cause)
            workflow_input = parse_workflow_input(event, self._settings.domain_id, self._execution_input)
        except EventRefusedError as error:
            log("workflow input rejected", level=logging.WARNING, cause=str(error))
            return {"status": "REJECTED", "cause": str(error)[:MAX_CAUSE], "assets": []}
        grant = self._domain.grant(workflow_input.grant_id)
        updated = []
        for asset in (grant or {}).get("assets", ()):
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
    bad = _bad_steps([*_steps(item, "firstDone"), *_steps(item, "secondDone")])
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
    if item.get("failure"):
        return [
            *_unfinished_steps(item, "undo", "first", "undoFirstDone"),
            *_unfinished_steps(item, "undo", "second", "undoSecondDone"),
        ]
    return []


def readable(error: Any) -> str:
    """A short cause out of what Step Functions knows of an error: no stack trace, no nested JSON.

    Args:
        error: ``{Error, Cause}`` of a Catch, an answer ``{status, cause}``, or JSON text of either.
    """
    if isinstance(error, str):
        try:
            parsed = json.loads(error)
        except ValueError:
            return error.strip() or "no cause was given"
        return readable(parsed) if isinstance(parsed, dict) else error
    if not isinstance(error, Mapping):
        return "no cause was given"
    if "errorMessage" in error:
        kind = str(error.get("errorType", ""))
        message = str(error["errorMessage"])
        return message if not kind or kind in _OUR_ERRORS else f"{kind}: {message}"
    for name in ("Cause", "cause"):
        if error.get(name):
            return readable(error[name])
    if error.get("status") == "SUPERSEDED":
        return "a newer request for the same grant overtook this one"
    return _KNOWN.get(str(error.get("Error", "")), str(error.get("Error") or "no cause was given"))


_OUR_ERRORS = frozenset(name for name, item in vars(errors).items() if isinstance(item, type))
"""Names of errors whose text is a sentence for people."""
_KNOWN = {
    "States.Timeout": "an account did not answer in time: look at its member machine's executions",
    "States.HeartbeatTimeout": "an account did not answer in time: look at its member machine's executions",
}


def _steps(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    done = item.get(name)
    return [step for step in done if isinstance(step, Mapping)] if isinstance(done, list) else []


def _unfinished_steps(item: Mapping[str, Any], plan: str, stage: str, name: str) -> list[str]:
    planned = (item.get(plan) or {}).get(stage) or []
    done = _steps(item, name)
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
        return failure[:MAX_CAUSE]
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
    for step in [*_steps(item, "firstDone"), *_steps(item, "secondDone")]:
        details = (step.get("outcome") or {}).get("details") or {}
        found.extend(details.get("warnings", []))
    return found
