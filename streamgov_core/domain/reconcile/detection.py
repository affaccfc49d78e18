"""What is wrong with the grants of a domain: DataZone's list beside the grant ledger. Reads, and changes nothing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence

from streamgov_core.domain.environments import GONE, USABLE, status_of
from streamgov_core.domain.grant_ends import is_expired
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.plan import principal_accounts
from streamgov_core.domain.reconcile.changes import asset_change, principal_change
from streamgov_core.domain.reconcile.detection_result import Detection, Remediation, Verb
from streamgov_core.domain.reconcile.inventory import Executions, Inventory, ListedGrant
from streamgov_core.domain.reconcile.lookups import Lookups
from streamgov_core.domain.reconcile.pace import Rotation
from streamgov_core.domain.workflow_input import redrive_input
from streamgov_core.model.command import RequestType
from streamgov_core.model.errors import PermanentGrantError, RemoteError
from streamgov_core.platforms import Platform

RENEWAL_PAUSE = 86_400.0
"""Seconds until a grant is brought up to date again after that has failed."""

_OVER = ("REVOKED",)
"""What DataZone shows of an asset that is over for it."""

Records = Mapping[tuple[str, str], GrantRecord]


class Detector:
    """Compares DataZone with the ledger, one consumer's project after another.

    Args:
        lookups: single things of DataZone.
        inventory: lists of DataZone.
        executions: of the central machine.
        read_again: the records of a grant as they are now, by asset.
        platform_of: the platform of an asset type that is served; None for any other.
        members: accounts with a member stack.
        grace: seconds that a grant may be open before an execution must work on it.
        now: clock.
        rotation: what is looked at in this run.
        deadline: seconds since the epoch after which nothing is looked at that may wait for a later run.
    """

    def __init__(
        self,
        lookups: Lookups,
        inventory: Inventory,
        executions: Executions,
        read_again: Callable[[str], Mapping[str, GrantRecord]],
        platform_of: Callable[[str], Platform | None],
        members: Sequence[str],
        grace: float,
        now: Callable[[], float],
        rotation: Rotation | None = None,
        deadline: float = math.inf,
    ) -> None:
        self._lookups = lookups
        self._inventory = inventory
        self._executions = executions
        self._read_again = read_again
        self._platform_of = platform_of
        self._members = frozenset(members)
        self._grace = grace
        self._clock = now
        self._now = now()
        self._rotation = rotation or Rotation()
        self._deadline = deadline
        self._project = ""
        self._retained: set[str] | None = None
        self._is_unlisted = False
        self._result = Detection()

    def detect(self, project: str, records: Records) -> Detection:
        """Look at every listed grant of a project, and at every record of it that no list showed.

        Args:
            project: a consumer's.
            records: of the grant ledger, by grant and asset: those of the project that have not ended. They may be an
                hour old; before anything is concluded from one, it is read again.
        """
        self._project, self._retained, self._is_unlisted, self._result = project, None, False, Detection()
        self._now = self._clock()
        listed = self._list()
        # What is left out when time is up is other grants in each run.
        for grant_id in sorted(listed, key=lambda name: zlib.crc32(f"{name}{self._rotation.turn}".encode())):
            grant = listed[grant_id]
            for asset_id, status in grant.assets.items():
                self._look(grant, asset_id, status, records.get((grant_id, asset_id)))
        for (grant_id, asset_id), record in records.items():
            if grant_id not in listed or asset_id not in listed[grant_id].assets:
                self._checked_again(record, self._unlisted)
            self._checked_again(record, self._beyond_members)
        self._result.grants = len(listed)
        return self._result

    def _list(self) -> dict[str, ListedGrant]:
        """The project's grants; that they may not be listed is reported."""
        try:
            return {grant.grant_id: grant for grant in self._inventory.grants_of(self._project)}
        except (PermanentGrantError, RemoteError) as error:
            self._unreadable_project(error)
            return {}

    def _unreadable_project(self, error: Exception) -> None:
        if not self._is_unlisted:
            self._result.add("Unreadable", f"project {self._project}", str(error), skipped=True)
        self._is_unlisted = True

    def _is_retained(self, subscription_id: str) -> bool:
        """Whether a subscription has ended and its permissions are retained; the list is read when it first matters."""
        if self._retained is None:
            self._retained = set()
            try:
                self._retained = self._inventory.retained_of(self._project)
            except (PermanentGrantError, RemoteError) as error:
                self._unreadable_project(error)
        return subscription_id in self._retained

    def _look(self, grant: ListedGrant, asset_id: str, status: str, record: GrantRecord | None) -> None:
        if record is None and status not in _OVER:
            # It ended before the run began, or began after that: the ledger knows.
            record = self._read_again(grant.grant_id).get(asset_id)
            self._listed(grant, asset_id, status, record)
        elif record is not None:
            self._checked_again(record, lambda now: self._listed(grant, asset_id, status, now))

    def _checked_again(self, record: GrantRecord, look: Callable[[GrantRecord], None]) -> None:
        """Look at a record; if there is anything to say of it, then of what it says now."""
        findings, remediations = len(self._result.findings), len(self._result.remediations)
        look(record)
        if len(self._result.findings) == findings:
            return
        current = self._read_again(record.grant_id).get(record.asset_id)
        if current is not None and _version(current) != _version(record):
            del self._result.findings[findings:], self._result.remediations[remediations:]
            look(current)

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
        elif status == "GRANTED" and self._is_looked_at() and self._is_retained(grant.subscription_id):
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
        elif self._is_retained(grant.subscription_id):
            self._result.add("Retained", subject, f"subscription {grant.subscription_id} has ended", skipped=True)
        elif not self._is_retention_unknown(subject, lost):
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
            looks = grant.target_id and self._is_looked_at()
            target = self._lookups.target(grant.environment_id, grant.target_id) if looks else None
            asset = self._lookups.asset(asset_id) if self._is_asset_looked_at(asset_id) else None
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

    def _unlisted(self, record: GrantRecord) -> None:
        """A record that no list showed: is the grant gone, or only not shown?"""
        grant_id, asset_id = record.grant_id, record.asset_id
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
        if self._is_retained(str(record.audit.get("subscriptionId", ""))):
            self._result.add(
                "Retained", subject, "the grant is no longer there, its permissions are retained", skipped=True
            )
            return
        if record.state == "IN_PROGRESS" and self._running(record):
            return
        if self._is_retention_unknown(subject, "DataZone knows no such grant any more"):
            return
        remediation = Remediation("Orphaned", "revoke", grant_id, asset_id, "", record.generation)
        self._result.add("Orphaned", subject, "DataZone knows no such grant any more", remediation)

    def _is_retention_unknown(self, subject: str, lost: str) -> bool:
        """Whether permissions may be retained: the project's ended subscriptions could not be listed. Reported."""
        if not self._is_unlisted:
            return False
        text = f"{lost}, but whether its permissions are retained is unknown: project {self._project} is unreadable"
        self._result.add("Unreadable", subject, text, skipped=True)
        return True

    def _is_over(self, record: GrantRecord, subscription_id: str) -> bool:
        """Whether access has come to its end, which is looked after before and apart from all this."""
        return is_expired(record, self._now) and not self._is_retained(subscription_id)

    # --- questions --------------------------------------------------------------------------------------------------
    def _is_looked_at(self) -> bool:
        """Whether it is the project's turn, and time is left."""
        return self._rotation.is_projects_turn(self._project) and self._clock() < self._deadline

    def _is_asset_looked_at(self, asset_id: str) -> bool:
        return self._rotation.is_assets_turn(asset_id) and self._clock() < self._deadline

    def _running(self, record: GrantRecord) -> bool:
        last = self._executions.state(record.execution) if record.execution else None
        return last is not None and last[0] == "RUNNING"

    def _lost(self, grant: ListedGrant, asset_id: str, subject: str) -> tuple[str, bool]:
        """What the grant refers to and is no longer there, and whether that ends the whole grant."""
        environment, target = grant.environment_id, grant.target_id
        if environment and self._is_looked_at():
            found = self._lookups.environment(environment)
            status = "gone" if found is None else status_of(found)
            if found is None or status in GONE:
                return f"the environment {environment} is {status}", True
            if status not in USABLE:
                text = f"the environment {environment} is {status}, and its roles still have access"
                self._result.add("UnusableEnvironment", subject, text, skipped=True)
            if self._lookups.target(environment, target) is None:
                return f"the subscription target {target} is gone", True
        if self._is_asset_looked_at(asset_id) and self._lookups.asset(asset_id) is None:
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


def _failure(record: GrantRecord | None) -> str:
    """What is known of a failed grant, and what to do."""
    cause = "no cause was recorded" if record is None or not record.cause else record.cause
    return f"the grant failed ({cause}) and is still approved: mend the cause, delete the grant and grant again"


def _version(record: GrantRecord) -> tuple[int, str, float]:
    """What differs once a record has changed."""
    return record.generation, record.state, record.updated_at
