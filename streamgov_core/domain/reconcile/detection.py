"""What is wrong with the grants of a domain: DataZone's list beside the grant ledger. Reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from streamgov_core.domain.datazone import DataZoneReader
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.reconcile.inventory import Executions, Inventory, ListedGrant
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.command import RequestType
from streamgov_core.model.errors import PermanentGrantError, RemoteError
from streamgov_core.model.findings import Finding

SAFETY_THRESHOLD_SHARE = 0.2
SAFETY_THRESHOLD_MINIMUM = 5
"""No more than this share of the granted assets (or this number) is revoked because things are gone, unless forced.

A role that lost its memberships could see nothing at all, which must not end everybody's access."""

MAX_LOOKUPS = 400
"""Listings that are read to find out what an unrecorded grant is about."""

Verb = Literal["start", "end", "revoke"]
Records = Mapping[tuple[str, str], GrantRecord]


@dataclass(frozen=True)
class Remediation:
    """What would put a finding right.

    Args:
        kind: of the finding.
        verb: ``start`` an execution, ``end`` the grant in DataZone, ``revoke`` from the ledger alone.
        status: of the asset in DataZone when it was seen, or empty; if it has changed, nothing is done.
        generation: of the record, or -1; likewise.
        workflow_input: of the execution, for ``start``.
    """

    kind: str
    verb: Verb
    grant_id: str
    asset_id: str
    status: str
    generation: int
    workflow_input: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """As in the finding."""
        return f"{self.grant_id}#{self.asset_id}"

    def to_message(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass
class Detection:
    """Findings and what would put them right.

    Args:
        foreign: grants of other asset types, which are nobody's business here.
        grants: that DataZone listed.
    """

    findings: list[Finding] = field(default_factory=list)
    remediations: list[Remediation] = field(default_factory=list)
    foreign: int = 0
    grants: int = 0

    def add(
        self, kind: str, subject: str, text: str, remediation: Remediation | None = None, *, skipped: bool = False
    ) -> None:
        """One finding."""
        self.findings.append(Finding(kind, subject, text, "skipped" if skipped else "found"))
        if remediation is not None:
            self.remediations.append(remediation)


class Detector:
    """Compares DataZone with the ledger.

    Args:
        domain: single things of DataZone.
        inventory: lists of DataZone.
        executions: of the central machine.
        is_ours: whether an asset type is served by this deployment.
        grace: seconds that a grant may be open before an execution must work on it.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        domain: DataZoneReader,
        inventory: Inventory,
        executions: Executions,
        is_ours: Callable[[str], bool],
        grace: float,
        now: float,
    ) -> None:
        self._domain = domain
        self._inventory = inventory
        self._executions = executions
        self._is_ours = is_ours
        self._grace = grace
        self._now = now
        self._seen: dict[tuple[str, ...], Any] = {}
        self._lookups = 0
        self._retained: set[str] = set()
        self._unlisted_projects: set[str] = set()
        self._result = Detection()

    def detect(self, records: Records, projects: Sequence[str], *, force: bool) -> Detection:
        """Look at every listed grant, and at every record that no list showed.

        Args:
            records: the grant ledger, by grant and asset.
            projects: consumers' projects to list; others are known from the records.
            force: revoke beyond the safety threshold.
        """
        known = {record.command.consumer.project_id for record in records.values() if record.command is not None}
        listed: dict[str, ListedGrant] = {}
        for project in sorted({*projects, *known} - {""}):
            try:
                self._retained |= self._inventory.retained_of(project)
                listed.update({grant.grant_id: grant for grant in self._inventory.grants_of(project)})
            except (PermanentGrantError, RemoteError) as error:
                self._unlisted_projects.add(project)
                self._result.add("Unreadable", f"project {project}", str(error), skipped=True)
        self._result.grants = len(listed)
        for grant in listed.values():
            for asset_id, status in grant.assets.items():
                self._listed(grant, asset_id, status, records.get((grant.grant_id, asset_id)))
        for (grant_id, asset_id), record in records.items():
            if grant_id not in listed or asset_id not in listed[grant_id].assets:
                self._unlisted(grant_id, asset_id, record)
        self._apply_safety_threshold(sum(1 for record in records.values() if record.state == "GRANTED"), force)
        return self._result

    # --- one asset of a grant ---------------------------------------------------------------------------------------
    def _listed(self, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord | None) -> None:
        subject = f"{grant.grant_id}#{asset_id}"
        if record is None and not self._ours(grant, asset_id, status):
            return
        if status.endswith(("_PENDING", "_IN_PROGRESS")):
            self._open(grant, asset_id, status, record)
        elif status == "GRANT_FAILED" and (record is None or record.state in ("GRANT_FAILED", "REVOKED")):
            self._result.add("GrantFailed", subject, _failure(record), skipped=True)
        elif record is None:
            text = "DataZone says GRANTED, and no record says what was granted: nothing is concluded from it"
            self._result.add("UnrecordedGrant", subject, text, skipped=True)
        elif status == "GRANTED" and grant.subscription_id in self._retained:
            self._result.add("Retained", subject, f"subscription {grant.subscription_id} has ended", skipped=True)
        elif record.state == "IN_PROGRESS":
            self._begun(grant, asset_id, status, record)
        elif status == "GRANTED":
            self._granted(grant, asset_id, record)
        elif record.state == "GRANTED" and self._now - record.updated_at >= self._grace:
            remediation = Remediation("StatusMismatch", "revoke", grant.grant_id, asset_id, status, record.generation)
            self._result.add("StatusMismatch", subject, f"DataZone says {status}, the ledger says GRANTED", remediation)
        elif status == "REVOKE_FAILED" and record.state == "REVOKED":
            self._result.add("EndNotShown", subject, f"revoked; DataZone shows {status}", skipped=True)
        elif status == "REVOKE_FAILED" or record.state == "REVOKE_FAILED":
            self._revoke_failed(grant, asset_id, status, record)

    def _revoke_failed(self, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord) -> None:
        """A revoke that DataZone asked for waits for it to ask again; one of the reconciler's own is tried again."""
        subject = f"{grant.grant_id}#{asset_id}"
        text = f"the revoke failed ({record.cause or 'no cause was recorded'})"
        if status == "REVOKE_FAILED":
            self._result.add("RevokeFailed", subject, f"{text}: delete the grant again", skipped=True)
            return
        remediation = Remediation("RevokeFailed", "revoke", grant.grant_id, asset_id, status, record.generation)
        self._result.add("RevokeFailed", subject, f"{text}; DataZone shows {status}", remediation)

    def _begun(self, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord) -> None:
        """DataZone says that it is over, the ledger that it is in progress."""
        if self._now - record.updated_at < self._grace or self._running(record):
            return
        subject = f"{grant.grant_id}#{asset_id}"
        text = f"{record.desired} begun and not finished, and no execution works on it; DataZone says {status}"
        if status == "GRANTED" and record.desired == "GRANT":
            self._result.add("StatusMismatch", subject, text, skipped=True)
            return
        remediation = Remediation("Stuck", "revoke", grant.grant_id, asset_id, status, record.generation)
        self._result.add("Stuck", subject, text, remediation)

    def _open(self, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord | None) -> None:
        """Requested and not finished: does an execution work on it?"""
        request: RequestType = "GRANT" if status.startswith("GRANT") else "REVOKE"
        begun = record is not None and record.state == "IN_PROGRESS" and record.desired == request
        touched = max(grant.updated_at, record.updated_at if record is not None and begun else 0.0)
        if self._now - touched < self._grace:
            return
        workflow_input: dict[str, Any] = {
            "version": 1,
            "action": "redrive",
            "grantId": grant.grant_id,
            "requestType": request,
        }
        last = self._executions.state(record.execution) if record is not None and record.execution else None
        if record is not None and last is not None:
            if last[0] == "RUNNING":
                return
            if begun and last[1].get("action") != "settle" and last[1].get("action") != "reconcile":
                workflow_input = {"version": 1, "action": "settle", "executionArn": record.execution, "status": last[0]}
        hours = (self._now - touched) / 3600
        kind = "Stuck" if begun or status.endswith("_IN_PROGRESS") else "MissedEvent"
        text = f"{status} for {hours:.1f} hours, and no execution works on it"
        generation = -1 if record is None else record.generation
        remediation = Remediation(kind, "start", grant.grant_id, asset_id, status, generation, workflow_input)
        self._result.add(kind, remediation.subject, text, remediation)

    def _granted(self, grant: ListedGrant, asset_id: str, record: GrantRecord) -> None:
        subject = f"{grant.grant_id}#{asset_id}"
        if record.state == "REVOKE_FAILED" and "revokeReason" in record.facts:
            self._revoke_failed(grant, asset_id, "GRANTED", record)
            return
        if record.state != "GRANTED":
            if "revokeReason" in record.facts:
                text = f"ended ({record.facts['revokeReason']}); DataZone shows GRANTED"
                self._result.add("EndNotShown", subject, text, skipped=True)
            elif self._now - record.updated_at >= self._grace:
                text = f"DataZone says GRANTED, the ledger says {record.state}: revoke it in DataZone"
                self._result.add("StatusMismatch", subject, text, skipped=True)
            return
        ended = self._ended(record)
        if ended:
            remediation = Remediation("Expired", "end", grant.grant_id, asset_id, "GRANTED", record.generation)
            self._result.add("Expired", subject, ended, remediation)
            return
        lost, whole = self._lost(grant, asset_id, subject)
        if lost and not self._is_retention_unknown(record, subject, lost):
            # A data product's other assets are still there: DataZone could only end them all.
            verb: Verb = "end" if whole or len(grant.assets) == 1 else "revoke"
            remediation = Remediation("Orphaned", verb, grant.grant_id, asset_id, "GRANTED", record.generation)
            self._result.add("Orphaned", subject, lost, remediation)

    def _unlisted(self, grant_id: str, asset_id: str, record: GrantRecord) -> None:
        """A record that no list showed: is the grant gone, or only not shown?"""
        subject = f"{grant_id}#{asset_id}"
        if record.state not in ("GRANTED", "IN_PROGRESS") or record.command is None:
            return
        if self._now - record.updated_at < self._grace:
            return
        try:
            raw = self._once(("grant", grant_id), lambda: self._domain.grant(grant_id))
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", subject, f"the grant: {error}", skipped=True)
            return
        found = None if raw is None else ListedGrant.of(raw)
        if found is not None and asset_id in found.assets:
            self._listed(found, asset_id, found.assets[asset_id], record)
            return
        if str(record.facts.get("subscriptionId", "")) in self._retained:
            self._result.add(
                "Retained", subject, "the grant is no longer there, its permissions are retained", skipped=True
            )
            return
        if record.state == "IN_PROGRESS" and self._running(record):
            return
        if self._is_retention_unknown(record, subject, "DataZone knows no such grant any more"):
            return
        remediation = Remediation("Orphaned", "revoke", grant_id, asset_id, "", record.generation)
        self._result.add("Orphaned", subject, "DataZone knows no such grant any more", remediation)

    def _is_retention_unknown(self, record: GrantRecord, subject: str, lost: str) -> bool:
        """Whether permissions may be retained: the project's ended subscriptions could not be listed. Reported."""
        project = "" if record.command is None else record.command.consumer.project_id
        if project not in self._unlisted_projects:
            return False
        text = f"{lost}, but whether its permissions are retained is unknown: project {project} is unreadable"
        self._result.add("Unreadable", subject, text, skipped=True)
        return True

    # --- questions --------------------------------------------------------------------------------------------------
    def _ended(self, record: GrantRecord) -> str:
        until = None if record.command is None else record.command.request.until
        if until is None:
            return ""
        try:
            return f"access was asked for until {until}" if ends_at(until) <= self._now else ""
        except PermanentGrantError as error:
            self._result.add("Unreadable", f"{record.grant_id}#{record.asset_id}", str(error), skipped=True)
            return ""

    def _running(self, record: GrantRecord) -> bool:
        last = self._executions.state(record.execution) if record.execution else None
        return last is not None and last[0] == "RUNNING"

    def _lost(self, grant: ListedGrant, asset_id: str, subject: str) -> tuple[str, bool]:
        """What the grant refers to and is no longer there, and whether that ends the whole grant."""
        environment, target = grant.environment_id, grant.target_id
        try:
            if environment:
                if self._once(("environment", environment), lambda: self._domain.environment(environment)) is None:
                    return f"the environment {environment} is gone", True
                if self._once(("target", target), lambda: self._domain.target(environment, target)) is None:
                    return f"the subscription target {target} is gone", True
            if not self._once(("asset", asset_id), lambda: self._inventory.asset_exists(asset_id)):
                return f"the asset {asset_id} is gone", False
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", subject, f"environment, target or asset: {error}", skipped=True)
        return "", False

    def _ours(self, grant: ListedGrant, asset_id: str, status: str) -> bool:
        """Whether an unrecorded grant's asset is of a type of ours, as its listing says."""
        if status not in ("GRANTED", "GRANT_FAILED") and not status.endswith(("_PENDING", "_IN_PROGRESS")):
            return False
        try:
            type_name = self._type_of(grant, asset_id)
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", f"{grant.grant_id}#{asset_id}", f"the listing: {error}", skipped=True)
            return False
        if type_name and self._is_ours(type_name):
            return True
        self._result.foreign += 1
        return False

    def _type_of(self, grant: ListedGrant, asset_id: str) -> str:
        """The asset's type; empty if the listing no longer says."""
        if not grant.listing_id:
            return ""
        item = self._listing(grant.listing_id, grant.listing_revision or None)
        parts: list[Mapping[str, Any]] = [item]
        for part in (item.get("dataProductListing") or {}).get("items") or ():
            parts.append(self._listing(str(part.get("listingId")), part.get("listingRevision")))
        for entry in parts:
            asset = entry.get("assetListing") or {}
            if asset.get("assetId") == asset_id:
                return str(asset.get("assetType") or "")
        return ""

    def _listing(self, listing_id: str, revision: str | None) -> Mapping[str, Any]:
        if ("listing", listing_id, revision or "") not in self._seen:
            self._lookups += 1
            if self._lookups > MAX_LOOKUPS:
                raise PermanentGrantError(f"more than {MAX_LOOKUPS} listings would have to be read")
        found = self._once(("listing", listing_id, revision or ""), lambda: self._domain.listing(listing_id, revision))
        return dict((found or {}).get("item") or {})

    def _once(self, key: tuple[str, ...], read: Callable[[], Any]) -> Any:
        """Read a thing that several grants share once; being refused is remembered too."""
        if key not in self._seen:
            try:
                self._seen[key] = read()
            except (PermanentGrantError, RemoteError) as error:
                self._seen[key] = error
        value = self._seen[key]
        if isinstance(value, Exception):
            raise value
        return value

    def _apply_safety_threshold(self, granted: int, force: bool) -> None:
        """Hold back if suspiciously much is gone."""
        remediations = [remediation for remediation in self._result.remediations if remediation.kind == "Orphaned"]
        if force or len(remediations) <= max(SAFETY_THRESHOLD_MINIMUM, int(granted * SAFETY_THRESHOLD_SHARE)):
            return
        held = {remediation.subject for remediation in remediations}
        self._result.remediations = [
            remediation for remediation in self._result.remediations if remediation.kind != "Orphaned"
        ]
        reason = (
            f"held back: {len(remediations)} of {granted} granted assets seem to be gone; look, then run with force"
        )
        self._result.findings = [
            Finding(item.kind, item.subject, f"{reason}; {item.text}", "skipped")
            if item.kind == "Orphaned" and item.subject in held
            else item
            for item in self._result.findings
        ]


def _failure(record: GrantRecord | None) -> str:
    """What is known of a failed grant, and what to do."""
    cause = "no cause was recorded" if record is None or not record.cause else record.cause
    return f"the grant failed ({cause}) and is still approved: mend the cause, delete the grant and grant again"
