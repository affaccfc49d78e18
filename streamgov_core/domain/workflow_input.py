"""What started the central machine: a DataZone event, a settled execution, or a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamgov_core.model.command import RequestType
from streamgov_core.model.errors import EventRefusedError
from streamgov_core.model.shortened import shortened

REQUESTS: Mapping[str, RequestType] = {
    "Subscription Grant Requested": "GRANT",
    "Subscription Grant Revoke Requested": "REVOKE",
}
CENTRAL_TIMEOUT = 10_800
"""Seconds that one execution of the central state machine may take."""
MAX_SETTLES = 3
"""How often a request is started again after its execution failed."""


@dataclass(frozen=True)
class WorkflowInput:
    """A hint: this grant, this request. DataZone says whether it is so.

    Args:
        type_name: the asset type that the event names, or empty.
        event_id: of the event, for the audit.
        settles: how many executions of this request have failed before.
        aborted: whether a person ended the last one.
        redrive: a person asks for it, so a failed state is no obstacle.
        ended: ARNs of those executions; a settling takes over from them and from nobody else.
        requested_at: when the event says that DataZone asked (ISO 8601), or empty.
        asset_id: the one asset of the grant that a redrive is about, or empty for all.
    """

    grant_id: str
    request: RequestType
    type_name: str = ""
    event_id: str = ""
    settles: int = 0
    aborted: bool = False
    redrive: bool = False
    ended: tuple[str, ...] = ()
    requested_at: str = ""
    asset_id: str = ""

    @property
    def exhausted(self) -> bool:
        """Whether the grant can only be set to failed."""
        return self.settles > MAX_SETTLES


def redrive_input(grant_id: str, request: RequestType, asset_id: str = "") -> dict[str, Any]:
    """The central machine's input that starts a request of a grant again, or of one of its assets."""
    asset = {"assetId": asset_id} if asset_id else {}
    return {"version": 1, "action": "redrive", "grantId": grant_id, "requestType": request, **asset}


def parse_workflow_input(
    raw: Mapping[str, Any], domain_id: str, execution_input: Callable[[str], Mapping[str, Any]]
) -> WorkflowInput:
    """Read the central machine's input.

    Args:
        raw: the input.
        domain_id: the one domain that is served.
        execution_input: the input of an execution, by its ARN.

    Raises:
        EventRefusedError: it is none that we know, or of another domain.
    """
    settles, aborted, ended = 0, False, []
    while raw.get("action") == "settle":
        settles += 1
        if settles > MAX_SETTLES + 1:
            raise EventRefusedError(f"the request was started again {MAX_SETTLES} times already: a person must look")
        aborted = aborted or raw.get("status") == "ABORTED"
        ended.append(_text(raw, "executionArn"))
        raw = execution_input(ended[-1])
    if raw.get("action") == "redrive":
        request = raw.get("requestType")
        if request not in ("GRANT", "REVOKE"):
            raise EventRefusedError(f"a redrive needs requestType GRANT or REVOKE, got {request!r}")
        asset_id = raw.get("assetId", "")
        if not isinstance(asset_id, str):
            raise EventRefusedError(f"a redrive's assetId is the id of one asset of the grant, got {asset_id!r}")
        return WorkflowInput(
            _text(raw, "grantId"),
            request,
            event_id="redrive",
            settles=settles,
            aborted=aborted,
            redrive=True,
            ended=tuple(ended),
            asset_id=asset_id,
        )
    return replace(_from_event(raw, domain_id), settles=settles, aborted=aborted, ended=tuple(ended))


def _from_event(raw: Mapping[str, Any], domain_id: str) -> WorkflowInput:
    """Read an event of DataZone ("Amazon DataZone events" of the EventBridge reference)."""
    if raw.get("action") is not None:
        raise EventRefusedError(f"the input's action must be settle, redrive or reconcile, got {raw['action']!r}")
    request = REQUESTS.get(str(raw.get("detail-type")))
    if raw.get("source") != "aws.datazone" or request is None:
        raise EventRefusedError(
            f"the input is no grant event of DataZone: source {raw.get('source')!r}, type {raw.get('detail-type')!r}"
        )
    try:
        detail = raw["detail"]
        domain, grant_id = detail["metadata"]["domain"], detail["metadata"]["id"]
        asset = (detail.get("data") or {}).get("asset") or {}
        type_name = asset.get("typeName") or ""
    except (KeyError, TypeError, AttributeError) as error:
        raise EventRefusedError(f"the event is malformed: {shortened(json.dumps(raw, default=str), 300)}") from error
    if domain != domain_id:
        raise EventRefusedError(f"the event is of domain {domain!r}; this deployment serves {domain_id}")
    if not isinstance(grant_id, str) or not grant_id:
        raise EventRefusedError("the event names no grant")
    return WorkflowInput(
        grant_id, request, str(type_name), str(raw.get("id", "")), requested_at=str(raw.get("time", ""))
    )


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise EventRefusedError(f"the input's {name} is missing")
    return value
