"""What the collector tells DataZone of a grant's progress, and what DataZone may answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from streamgov_core.domain.asset_request import AssetRequest
from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.workflow_input import WorkflowInput
from streamgov_core.model.errors import EventRefusedError, StatusRefusedError
from streamgov_core.runtime.log import log


class GrantProgress:
    """Sets the statuses of grants that are begun.

    Args:
        domain: DataZone.
        domain_id: of the domain, for the commands that a text names.
    """

    def __init__(self, domain: DataZoneReader, domain_id: str) -> None:
        self._domain = domain
        self._domain_id = domain_id

    def take_up_again(
        self, asked: WorkflowInput, grant: Mapping[str, Any], assets: Iterable[Mapping[str, Any]]
    ) -> None:
        """Ask DataZone to take up again what has failed, before anything is written.

        UNVERIFIED[dz-grant-transitions]: which statuses may follow a failure. A grant that DataZone does not take up
        stays as it is: nobody could be told that it was carried out. A revoke is carried out all the same.

        Args:
            asked: the input; anything but a redrive takes nothing up.
            grant: GetSubscriptionGrant's answer.
            assets: its assets.

        Raises:
            EventRefusedError: DataZone keeps a grant failed; the text says what to do instead.
        """
        for asset in assets if asked.redrive else ():
            if asset["status"] != f"{asked.request}_FAILED":
                continue
            try:
                self._domain.update_status(asked.grant_id, asset["assetId"], f"{asked.request}_IN_PROGRESS")
            except StatusRefusedError as error:
                if asked.request == "GRANT":
                    raise EventRefusedError(self._make_it_again(grant)) from error
                log("revoked though DataZone keeps its status", grantId=asked.grant_id, cause=str(error))

    def show(self, request: AssetRequest) -> None:
        """Show that a request is in progress; one that is over in DataZone, or was taken up again, is left alone."""
        if not request.status.endswith(("GRANTED", "_FAILED")):
            asked = request.workflow_input
            self._domain.update_status(asked.grant_id, request.asset_id, f"{asked.request}_IN_PROGRESS")

    def _make_it_again(self, grant: Mapping[str, Any]) -> str:
        """What to do about a failed grant that DataZone does not take up again."""
        return (
            f"the grant {grant['id']} has failed, and DataZone takes no further status for it: nothing was changed. "
            "Mend the cause of its failure, then delete the grant and, once it is REVOKED, grant again: "
            f"{' ; '.join(commands_again(self._domain_id, grant))}"
        )


def commands_again(domain_id: str, grant: Mapping[str, Any]) -> tuple[str, str]:
    """The two commands that end a failed grant and, once it is ``REVOKED``, make it again.

    Args:
        domain_id: the domain's.
        grant: what GetSubscriptionGrant answers.
    """
    listing = (grant.get("grantedEntity") or {}).get("listing") or {}
    entity = json.dumps({"listing": {"identifier": listing.get("id"), "revision": listing.get("revision")}})
    return (
        f"aws datazone delete-subscription-grant --domain-identifier {domain_id} --identifier {grant['id']}",
        f"aws datazone create-subscription-grant --domain-identifier {domain_id} "
        f"--environment-identifier {grant.get('environmentId')} "
        f"--subscription-target-identifier {grant.get('subscriptionTargetId')} --granted-entity '{entity}'",
    )


def is_taken(show: Callable[[], None]) -> bool:
    """Whether DataZone took a status.

    Args:
        show: sets it.
    """
    try:
        show()
    except StatusRefusedError as error:
        log("DataZone keeps its status", level=logging.WARNING, cause=str(error))
        return False
    return True
