"""What others are told when a request has come to its end: an event on the default bus, and who may read in lineage.

Neither keeps an outcome from being reported: what could not be told is logged, and the ledger stays the authority.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Protocol

from streamgov_core.domain.grant_ledger import GrantState
from streamgov_core.lineage.run_events import Dataset, Emitter, Run
from streamgov_core.model.access_role import access_role_of
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.connection_details import parameter_name
from streamgov_core.model.errors import StreamgovError
from streamgov_core.model.findings import EVENT_SOURCE
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.log import log

EVENT_TYPE = "Streamgov Grant Completed"
EVENT_VERSION = 1
INTEGRATION = "STREAMGOV"
"""What lineage calls the kind of job that stands for a project's access."""
_NAMESPACE = uuid.UUID("0b2c8a52-7d5e-5f0b-9a45-2f6f5d0c7a11")
"""Of the run ids: one run stands for one asset of one grant, from GRANTED to REVOKED."""


class Announcer(Protocol):
    """Tells others of an outcome."""

    def tell(self, command: GrantCommand, status: GrantState, cause: str, now: float) -> None:
        """Tell of the end of a request.

        Args:
            command: what was granted or revoked, to whom.
            status: how it ended.
            cause: of a failure, or ''.
            now: seconds since the epoch.
        """


class OutcomeAnnouncer:
    """Tells EventBridge and DataZone's lineage (Announcer).

    Args:
        names: of the deployment.
        events: returns the ``events`` client when it is first needed.
        datazone: returns the ``datazone`` client when it is first needed.
    """

    def __init__(self, names: Names, events: Callable[[], Any], datazone: Callable[[], Any]) -> None:
        self._names, self._events, self._datazone = names, events, datazone

    def tell(self, command: GrantCommand, status: GrantState, cause: str, now: float) -> None:
        """See Announcer.tell; the two are tried side by side, each whatever becomes of the other."""
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("event", lambda: self._publish(command, status, cause)),
            ("lineage", lambda: self._lineage(command, status, now)),
        )
        with ThreadPoolExecutor(len(steps), "announcements") as pool:
            telling = [(what, pool.submit(step)) for what, step in steps]
        for what, future in telling:
            try:
                future.result()
            except StreamgovError as error:
                log("outcome not announced", command.to_message(), level=logging.WARNING, what=what, cause=str(error))

    def _publish(self, command: GrantCommand, status: GrantState, cause: str) -> None:
        entry = {
            "Source": EVENT_SOURCE,
            "DetailType": EVENT_TYPE,
            "Detail": json.dumps(completion(self._names, command, status, cause)),
        }
        with calling("events:PutEvents", "the default bus"):
            answer = self._events().put_events(Entries=[entry])
        for item in answer.get("Entries", ()):
            if item.get("ErrorCode"):
                log("event not accepted", command.to_message(), level=logging.WARNING, cause=str(item["ErrorCode"]))

    def _lineage(self, command: GrantCommand, status: GrantState, now: float) -> None:
        """UNVERIFIED[dz-lineage-open-run]: how the portal shows a run whose last event is RUNNING for months."""
        if status not in ("GRANTED", "REVOKED"):
            return
        run, when = access_run(command), datetime.fromtimestamp(now, UTC)
        with calling("datazone:PostLineageEvent", command.key):
            Emitter(self._datazone(), command.domain_id).emit(
                run.event("RUNNING" if status == "GRANTED" else "COMPLETE", when)
            )


def completion(names: Names, command: GrantCommand, status: GrantState, cause: str) -> dict[str, Any]:
    """The detail of the completion event: what a consumer's automation needs to connect, or to stop."""
    consumer = command.consumer
    detail: dict[str, Any] = {
        "version": EVENT_VERSION,
        "namespace": names.namespace,
        "domainId": command.domain_id,
        "grantId": command.grant_id,
        "assetId": command.asset_id,
        "status": status,
        "platform": command.platform,
        "resourceArn": str(command.resource.get("arn", "")),
        "access": command.request.access,
        "until": command.request.until,
        "consumer": {
            "account": consumer.account,
            "projectId": consumer.project_id,
            "principals": [role.arn for role in consumer.principals],
        },
    }
    if cause:
        detail["cause"] = cause
    if status == "GRANTED":
        connection = PLATFORMS[command.platform].connection(command)
        detail["connection"] = {key: value for key, value in connection.items() if value}
        if consumer.assuming:
            detail["awsRoleArn"] = access_role_of(names, command).arn
        detail["connectionParameter"] = parameter_name(names, command)
    return detail


def access_run(command: GrantCommand) -> Run:
    """The run that stands for a project's access to a topic or stream: reading makes it an input, writing an output."""
    namespace, name = PLATFORMS.dataset(str(command.resource["arn"]))
    dataset = Dataset(namespace, name)
    request = command.request
    may = {"READ": "may read", "WRITE": "may write", "READ_WRITE": "may read and write"}[request.access]
    return Run(
        job_namespace=f"datazone://{command.domain_id}",
        job_name=f"project {command.consumer.project_id} {may}",
        run_id=str(uuid.uuid5(_NAMESPACE, command.key)),
        inputs=(dataset,) if request.reads else (),
        outputs=(dataset,) if request.writes else (),
        integration=INTEGRATION,
    )


def granted_command(item: Mapping[str, Any]) -> GrantCommand | None:
    """The command in one asset's plan, whichever stage holds one; None if nothing was planned."""
    planned = item.get("do") or {}
    steps = [*(planned.get("first") or ()), *(planned.get("second") or ())]
    return GrantCommand.parse(steps[0]["command"]) if steps else None
