"""What is wrong with the grants of a domain: DataZone's list beside the grant ledger. Reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from streamgov_core.domain.environments import GONE, USABLE, status_of
from streamgov_core.domain.grant_ends import is_expired
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.plan import principal_accounts
from streamgov_core.domain.reconcile.changes import asset_change, principal_change
from streamgov_core.domain.reconcile.detection_result import Detection, Remediation, Verb
from streamgov_core.domain.reconcile.inventory import Executions, Inventory, ListedGrant
from streamgov_core.domain.reconcile.lookups import Lookups
from streamgov_core.domain.workflow_input import redrive_input
from streamgov_core.model.command import RequestType
from streamgov_core.model.errors import PermanentGrantError, RemoteError
from streamgov_core.model.findings import Finding
from streamgov_core.platforms import Platform

SAFETY_THRESHOLD_SHARE = 0.2
SAFETY_THRESHOLD_MINIMUM = 5
"""No more than this share of the granted assets (or this number) is revoked because things are gone, unless forced.

A role that lost its memberships could see nothing at all, which must not end everybody's access."""

RENEWAL_PAUSE = 86_400.0
"""Seconds until a grant is brought up to date again after that has failed."""

Records = Mapping[tuple[str, str], GrantRecord]


class Detector:
    """Compares DataZone with the ledger.

    Args:
        lookups: single things of DataZone.
        inventory: lists of DataZone.
        executions: of the central machine.
        platform_of: the platform of an asset type that is served; None for any other.
        members: accounts with a member stack.
        grace: seconds that a grant may be open before an execution must work on it.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        lookups: Lookups,
        inventory: Inventory,
        executions: Executions,
        platform_of: Callable[[str], Platform | None],
        members: Sequence[str],
        grace: float,
        now: float,
    ) -> None:
        self._lookups = lookups
        self._inventory = inventory
        self._executions = executions
        self._platform_of = platform_of
        self._members = frozenset(members)
        self._grace = grace
        self._now = now
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
        listed = self._list({*projects, *_projects_of(records)} - {""})
        for grant in listed.values():
            for asset_id, status in grant.assets.items():
                self._listed(grant, asset_id, status, records.get((grant.grant_id, asset_id)))
        for (grant_id, asset_id), record in records.items():
            if grant_id not in listed or asset_id not in listed[grant_id].assets:
                self._unlisted(grant_id, asset_id, record)
            self._beyond_members(record)
        self._result.grants = len(listed)
        self._apply_safety_threshold(sum(1 for record in records.values() if record.state == "GRANTED"), force)
        return self._result

    def _list(self, projects: set[str]) -> dict[str, ListedGrant]:
        """The grants of projects; one that may not be listed is reported."""
        listed: dict[str, ListedGrant] = {}
        for project in sorted(projects):
            try:
                self._retained |= self._inventory.retained_of(project)
                listed.update({grant.grant_id: grant for grant in self._inventory.grants_of(project)})
            except (PermanentGrantError, RemoteError) as error:
                self._unlisted_projects.add(project)
                self._result.add("Unreadable", f"project {project}", str(error), skipped=True)
        return listed

    # --- one asset of a grant ---------------------------------------------------------------------------------------
    def _listed(self, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord | None) -> None:
        subject = f"{grant.grant_id}#{asset_id}"
        if record is None and not self._ours(grant, asset_id, status):
            return
        if status.endswith(("_PENDING", "_IN_PROGRESS")):
            self._open(grant, asset_id, status, record)
        elif record is not None and self._is_over(record, grant.subscription_id):
            return
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
            if record.former:  # A renewal: the redrive goes on with it.
                self._result.add("Stuck", subject, text, self._redrive("Stuck", grant, asset_id, status, record))
            else:
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
        workflow_input = redrive_input(grant.grant_id, request)
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
        if record.state == "REVOKE_FAILED" and "revokeReason" in record.audit:
            self._revoke_failed(grant, asset_id, "GRANTED", record)
            return
        if record.state != "GRANTED":
            if "revokeReason" in record.audit:
                text = f"ended ({record.audit['revokeReason']}); DataZone shows GRANTED"
                self._result.add("EndNotShown", subject, text, skipped=True)
            elif self._now - record.updated_at >= self._grace:
                text = f"DataZone says GRANTED, the ledger says {record.state}: revoke it in DataZone"
                self._result.add("StatusMismatch", subject, text, skipped=True)
            return
        try:
            lost, whole = self._lost(grant, asset_id, subject)
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", subject, f"environment, target or asset: {error}", skipped=True)
            return
        if not lost:
            self._changes(grant, asset_id, record)
        elif not self._is_retention_unknown(record, subject, lost):
            # A data product's other assets are still there: DataZone could only end them all.
            verb: Verb = "end" if whole or len(grant.assets) == 1 else "revoke"
            remediation = Remediation("Orphaned", verb, grant.grant_id, asset_id, "GRANTED", record.generation)
            self._result.add("Orphaned", subject, lost, remediation)

    def _changes(self, grant: ListedGrant, asset_id: str, record: GrantRecord) -> None:
        """What asset and target say otherwise than when it was granted; a safe difference is mended by a redrive."""
        subject, granted = f"{grant.grant_id}#{asset_id}", record.command
        if granted is None:
            return
        try:
            target = self._lookups.target(grant.environment_id, grant.target_id) if grant.target_id else None
            asset = self._lookups.asset(asset_id)
            found = [
                None if target is None else principal_change(granted, target, record.audit.get("leftOut", ())),
                None if asset is None else asset_change(granted, asset, self._platform_of),
            ]
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", subject, f"target or asset: {error}", skipped=True)
            return
        for change in (item for item in found if item is not None):
            if record.cause and self._now - record.updated_at < RENEWAL_PAUSE:
                self._result.add(change.kind, subject, f"{record.cause}; {change.text}", skipped=True)
            elif change.safe:
                remediation = self._redrive(change.kind, grant, asset_id, "GRANTED", record)
                self._result.add(change.kind, subject, change.text, remediation)
            else:
                self._result.add(change.kind, subject, change.text, skipped=True)

    def _redrive(self, kind: str, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord) -> Remediation:
        workflow_input = redrive_input(grant.grant_id, "GRANT", asset_id)
        return Remediation(kind, "start", grant.grant_id, asset_id, status, record.generation, workflow_input)

    def _beyond_members(self, record: GrantRecord) -> None:
        """A grant that reaches an account without a member stack can be neither checked nor revoked there."""
        if record.command is None or record.state in ("REVOKED", "GRANT_FAILED"):
            return
        accounts = {record.command.producer.account, *principal_accounts(record.command)}
        for account in sorted(accounts - self._members):
            text = f"it reaches account {account}, which is no member: its access there stays, whatever becomes of it"
            self._result.add("NoMember", f"{record.grant_id}#{record.asset_id}", text, skipped=True)

    def _unlisted(self, grant_id: str, asset_id: str, record: GrantRecord) -> None:
        """A record that no list showed: is the grant gone, or only not shown?"""
        subject = f"{grant_id}#{asset_id}"
        if record.state not in ("GRANTED", "IN_PROGRESS") or record.command is None:
            return
        if self._now - record.updated_at < self._grace:
            return
        try:
            raw = self._lookups.grant(grant_id)
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", subject, f"the grant: {error}", skipped=True)
            return
        found = None if raw is None else ListedGrant.of(raw)
        if found is not None and asset_id in found.assets:
            self._listed(found, asset_id, found.assets[asset_id], record)
            return
        if self._is_over(record, str(record.audit.get("subscriptionId", ""))):
            return
        if str(record.audit.get("subscriptionId", "")) in self._retained:
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

    def _is_over(self, record: GrantRecord, subscription_id: str) -> bool:
        """Whether access has come to its end, which is looked after before and apart from all this."""
        return subscription_id not in self._retained and is_expired(record, self._now)

    # --- questions --------------------------------------------------------------------------------------------------
    def _running(self, record: GrantRecord) -> bool:
        last = self._executions.state(record.execution) if record.execution else None
        return last is not None and last[0] == "RUNNING"

    def _lost(self, grant: ListedGrant, asset_id: str, subject: str) -> tuple[str, bool]:
        """What the grant refers to and is no longer there, and whether that ends the whole grant."""
        environment, target = grant.environment_id, grant.target_id
        if environment:
            found = self._lookups.environment(environment)
            status = "gone" if found is None else status_of(found)
            if found is None or status in GONE:
                return f"the environment {environment} is {status}", True
            if status not in USABLE:
                text = f"the environment {environment} is {status}, and its roles still have access"
                self._result.add("UnusableEnvironment", subject, text, skipped=True)
            if self._lookups.target(environment, target) is None:
                return f"the subscription target {target} is gone", True
        if self._lookups.asset(asset_id) is None:
            return f"the asset {asset_id} is gone", False
        return "", False

    def _ours(self, grant: ListedGrant, asset_id: str, status: str) -> bool:
        """Whether an unrecorded grant's asset is of a type of ours, as its listing says."""
        if status not in ("GRANTED", "GRANT_FAILED") and not status.endswith(("_PENDING", "_IN_PROGRESS")):
            return False
        try:
            type_name = self._lookups.type_of(grant, asset_id)
        except (PermanentGrantError, RemoteError) as error:
            self._result.add("Unreadable", f"{grant.grant_id}#{asset_id}", f"the listing: {error}", skipped=True)
            return False
        if type_name and self._platform_of(type_name) is not None:
            return True
        self._result.foreign += 1
        return False

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


def _projects_of(records: Records) -> set[str]:
    """Consumers' projects that the ledger knows."""
    return {record.command.consumer.project_id for record in records.values() if record.command is not None}
