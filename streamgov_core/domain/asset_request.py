"""One asset of a grant that the collector was asked about: what is known of it, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.domain.grant_details import GrantDetails
from streamgov_core.domain.grant_ledger import GENERATIONS_PER_REQUEST, GrantRecord
from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT, WorkflowInput


@dataclass(frozen=True)
class AssetRequest:
    """What is known of one asset when a request for its grant is collected.

    Args:
        workflow_input: what started the execution.
        execution: ARN of the execution.
        asset_id: of DataZone.
        status: of the asset in DataZone.
        details: what the grant refers to.
        record: of the grant ledger; None if there is none.
    """

    workflow_input: WorkflowInput
    execution: str
    asset_id: str
    status: str
    details: GrantDetails
    record: GrantRecord | None

    @classmethod
    def of(
        cls,
        workflow_input: WorkflowInput,
        execution: str,
        asset: Mapping[str, Any],
        details: GrantDetails,
        records: Mapping[str, GrantRecord],
    ) -> AssetRequest:
        """The request for one of the assets that GetSubscriptionGrant lists."""
        asset_id = str(asset["assetId"])
        return cls(workflow_input, execution, asset_id, str(asset["status"]), details, records.get(asset_id))

    @property
    def asset(self) -> LiveAsset | None:
        """What the granted listing says of the asset."""
        return self.details.assets.get(self.asset_id)

    @property
    def has_failed(self) -> bool:
        """Whether DataZone shows that this very request has failed."""
        return self.status == f"{self.workflow_input.request}_FAILED"

    @property
    def is_resumed(self) -> bool:
        """Whether this execution has begun it already: the machine tries the collector again."""
        record = self.record
        return record is not None and record.execution == self.execution and record.state == "IN_PROGRESS"

    @property
    def generation(self) -> int:
        """The generation of what is to be done."""
        if self.record is None:
            return GENERATIONS_PER_REQUEST - 1
        return self.record.generation + (0 if self.is_resumed else GENERATIONS_PER_REQUEST)

    @property
    def previous_generation(self) -> int | None:
        """The generation that the ledger has; None if it has no record."""
        return None if self.record is None else self.record.generation

    def undoing_is_open(self) -> bool:
        """Whether this settles a failed grant of which something could not be revoked; not without end."""
        record, asked = self.record, self.workflow_input
        if record is None or record.command is None or asked.request != "GRANT":
            return False
        open_undo = record.state == "GRANT_FAILED" and bool(record.outcome.get("undo"))
        return open_undo and asked.settles > 0 and not asked.exhausted

    def renews(self, now: float) -> bool:
        """Whether this is a redrive of what is granted: it is brought to what asset and target say now."""
        record, asked = self.record, self.workflow_input
        if record is None or record.command is None or not asked.redrive:
            return False
        if (asked.request, self.status, record.desired) != ("GRANT", "GRANTED", "GRANT"):
            return False
        return record.state == "GRANTED" or (record.state == "IN_PROGRESS" and self._is_free(record, now))

    def reason_to_leave(self, now: float) -> str | None:
        """Why an asset in this status is left alone; None if the request is to be carried out."""
        asked, record = self.workflow_input, self.record
        wanted = f"{asked.request}_PENDING"
        if self.status == wanted or (self.has_failed and asked.redrive):
            return None
        if self.status != f"{asked.request}_IN_PROGRESS":
            return f"its status is {self.status}, not {wanted}"
        if record is None or (asked.redrive and not asked.settles):
            return None
        if record.state != "IN_PROGRESS" or self._is_free(record, now):
            return None
        return f"the execution {record.execution} works on it"

    def _is_free(self, record: GrantRecord, now: float) -> bool:
        """Whether no other execution can be at work on what the record says is in progress."""
        if record.execution in (self.execution, *self.workflow_input.ended):
            return True
        return now - record.updated_at > CENTRAL_TIMEOUT
