"""What an audit adds to the ledger: whether roles live and carry a boundary, their last use, names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.people import name_of
from streamgov_core.model.errors import StreamgovError
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.accounts import Accounts
from streamgov_ops.audit.entries import AccessEntry, moment, service_of
from streamgov_ops.audit.usage import UsageReader
from streamgov_ops.session import NOT_FOUND, reporting

NO_ROLE = "NoSuchEntity"
JOB_POLLS = 20
"""How often an access advisor's job is looked at; one takes some seconds."""


@dataclass(frozen=True)
class RoleFacts:
    """What the role's account says of it.

    Attributes:
        warnings: for the audit.
        last_used: IAM service prefix to the time of the last use, ISO 8601; '' for never within the tracking period.
    """

    warnings: tuple[str, ...] = ()
    last_used: Mapping[str, str] = field(default_factory=dict)


class AuditReader:
    """Completes entries from the accounts.

    Args:
        accounts: of the deployment.
        sleep: waits between two looks at a job, seconds.
        tell: is told how far it is: a sentence, done, of how many.
    """

    def __init__(
        self, accounts: Accounts, sleep: Callable[[float], None], tell: Callable[[str, int, int], None] | None = None
    ) -> None:
        self._accounts, self._sleep = accounts, sleep
        self._tell = tell or (lambda what, done, total: None)
        self._usage = UsageReader(accounts)
        self._projects: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self.notes: list[str] = []
        """What could not be read, and why, each once."""

    def complete(
        self, entries: Sequence[AccessEntry], records: Iterable[GrantRecord], *, last_used: bool = True
    ) -> list[AccessEntry]:
        """The entries with names, last use and warnings of their roles.

        Args:
            entries: of the ledger.
            records: the ledger's records they came from.
            last_used: ask IAM's access advisor and CloudWatch's metrics, a few seconds for each role.
        """
        known = {(record.grant_id, record.asset_id): record for record in records}
        roles = sorted({entry.principal for entry in entries})
        facts: dict[str, RoleFacts] = {}
        for number, role in enumerate(roles):
            self._tell("reading roles", number, len(roles))
            facts[role] = self._role(role, last_used)
        found = [self._completed(entry, known[entry.grant, entry.asset], facts[entry.principal]) for entry in entries]
        return [self._read(entry, known[entry.grant, entry.asset].command) for entry in found] if last_used else found

    def _read(self, entry: AccessEntry, command: Any) -> AccessEntry:
        platform = PLATFORMS.get(command.platform)
        metric = platform.usage(self._accounts.names, command) if platform is not None else None
        if metric is None:
            return entry
        try:
            last = self._usage.last_read(entry.producer_account, metric)
        except StreamgovError as error:
            self._note(f"when topics and streams of account {entry.producer_account} were read is not known: {error}")
            return entry
        return replace(entry, last_read=last, last_read_by=metric.reader)

    def _completed(self, entry: AccessEntry, record: GrantRecord, facts: RoleFacts) -> AccessEntry:
        command: Any = record.command
        used = facts.last_used.get(service_of(command, self._accounts.names))
        gone = self._retained(command.domain_id, entry)
        return replace(
            entry,
            consumer_project=self._project(command.domain_id, entry.consumer_project),
            owner_project=self._project(command.domain_id, entry.owner_project),
            requested_by=self._person(command.domain_id, record, "requestedBy", entry.requested_by),
            approved_by=self._person(command.domain_id, record, "approvedBy", entry.approved_by),
            last_used="" if used is None else used or "never in the tracking period",
            warnings=(*entry.warnings, *facts.warnings, *gone),
        )

    # --- roles ----------------------------------------------------------------------------------------------------
    def _role(self, arn: str, last_used: bool) -> RoleFacts:
        role = RoleArn.parse(arn)
        try:
            iam = self._accounts.client("iam", role.account)
            with reporting("iam:GetRole"):
                found = iam.get_role(RoleName=role.name)["Role"]
        except StreamgovError as error:
            if getattr(error, "code", "") == NO_ROLE:
                return RoleFacts(("the role does not exist",))
            self._note(f"roles of account {role.account} were not read: {error}")
            return RoleFacts()
        warnings = [] if found.get("PermissionsBoundary") else ["the role has no permissions boundary"]
        return RoleFacts(tuple(warnings), self._last_used(iam, arn, role.account) if last_used else {})

    def _last_used(self, iam: Any, arn: str, account: str) -> dict[str, str]:
        """IAM's access advisor: by service, not by topic (API GetServiceLastAccessedDetails)."""
        try:
            with reporting("iam:GenerateServiceLastAccessedDetails"):
                job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
            for _ in range(JOB_POLLS):
                with reporting("iam:GetServiceLastAccessedDetails"):
                    answer = iam.get_service_last_accessed_details(JobId=job, MaxItems=1000)
                if answer["JobStatus"] != "IN_PROGRESS":
                    break
                self._sleep(1.0)
        except StreamgovError as error:
            self._note(f"when roles of account {account} last used their access is not known: {error}")
            return {}
        return {
            item["ServiceNamespace"]: moment(item["LastAuthenticated"].timestamp())
            if "LastAuthenticated" in item
            else ""
            for item in answer.get("ServicesLastAccessed", ())
        }

    # --- DataZone -------------------------------------------------------------------------------------------------
    def _project(self, domain: str, project: str) -> str:
        return self._named(
            self._projects, project, "datazone:GetProject",
            lambda api: api.get_project(domainIdentifier=domain, identifier=project)["name"],
        )  # fmt: skip

    def _person(self, domain: str, record: GrantRecord, fact: str, told: str) -> str:
        """The name that the ledger has kept; else that of the profile, if there is one still."""
        return str(record.audit.get(f"{fact}Name") or "") or self.person(domain, told)

    def person(self, domain: str, user: str) -> str:
        """The name of a user of a domain; the id where it is not shown."""

        def read(api: Any) -> str:
            return name_of(api.get_user_profile(domainIdentifier=domain, userIdentifier=user)) or user

        return self._named(self._people, user, "datazone:GetUserProfile", read)

    def _named(self, known: dict[str, str], key: str, operation: str, read: Callable[[Any], Any]) -> str:
        """A name, or the id where the caller does not see what it belongs to."""
        if key and key not in known:
            known[key] = key
            try:
                with reporting(operation):
                    known[key] = str(read(self._accounts.client("datazone")))
            except StreamgovError as error:
                self._note(f"some names were not read, ids stand for them: {error}")
        return known.get(key, "")

    def _retained(self, domain: str, entry: AccessEntry) -> tuple[str, ...]:
        """Access that DataZone does not list any more, because its subscription ended with `retainPermissions`."""
        try:
            with reporting("datazone:GetSubscriptionGrant"):
                self._accounts.client("datazone").get_subscription_grant(
                    domainIdentifier=domain, identifier=entry.grant
                )
        except StreamgovError as error:
            if getattr(error, "code", "") == NOT_FOUND:
                return (
                    "DataZone shows this grant no more: its permissions were retained, or the reconciler will end them",
                )
            self._note(f"DataZone's view of some grants was not read: {error}")
        return ()

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
