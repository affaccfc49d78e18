"""One entry for each role and asset: what the grant ledger says about its access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.access_role import ACCESS_ROLE, DIRECT
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms import PLATFORMS

HOLDS = frozenset({"GRANTED", "IN_PROGRESS", "REVOKE_FAILED"})
"""States in which a role has, or may have, access."""


@dataclass(frozen=True)
class AccessEntry:
    """The access of one role to one topic or stream.

    Attributes:
        grant: id of the grant.
        asset: id of the asset.
        state: of the grant of this asset.
        platform: ``msk``, ``kinesis`` …
        resource: ARN of the topic or stream.
        name: its name.
        access: READ, WRITE or READ_WRITE.
        consumption: SHARED or FAN_OUT.
        principal: ARN of the role.
        consumer_account: the consumer's account.
        consumer_project: the consumer's project.
        producer_account: the owner's account.
        owner_project: the project that published the asset.
        since: when the grant was carried out or begun, ISO 8601.
        until: when access ends, as it was asked for; '' for never.
        requested_by: who asked.
        reason: why.
        approved_by: who approved.
        comment: the decision's comment.
        last_used: when the role last used the service, whatever topic or stream; '' if that is not known.
        last_read: when this topic or stream was last read, as far as metrics tell; '' if they do not.
        last_read_by: whose reads `last_read` is about; '' where no metric tells of any.
        warnings: what a reviewer should know.
        delivery: ``direct`` by policies on the role, ``accessRole`` by a role that it assumes; '' while that is open.
        access_role: ARN of the role that it assumes; '' for none.
    """

    grant: str
    asset: str
    state: str
    platform: str
    resource: str
    name: str
    access: str
    consumption: str
    principal: str
    consumer_account: str
    consumer_project: str
    producer_account: str
    owner_project: str
    since: str = ""
    until: str = ""
    requested_by: str = ""
    reason: str = ""
    approved_by: str = ""
    comment: str = ""
    last_used: str = ""
    last_read: str = ""
    last_read_by: str = ""
    warnings: tuple[str, ...] = field(default=())
    delivery: str = ""
    access_role: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON, keys in camel case."""
        return {_camel(key): list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def entries_of(records: Iterable[GrantRecord], now: float, *, ended: bool = False) -> list[AccessEntry]:
    """Entries of the ledger's records, by resource and principal.

    Args:
        records: of the ledger.
        now: seconds since the epoch.
        ended: also grants that failed or were revoked.
    """
    found = [
        entry
        for record in records
        if record.command is not None and (ended or record.state in HOLDS)
        for entry in _entries(record, record.command, now)
    ]
    return sorted(found, key=lambda entry: (entry.resource, entry.principal, entry.grant))


def service_of(command: GrantCommand, names: Any) -> str:
    """The IAM service prefix of the data plane that a grant opens, such as ``kafka-cluster``."""
    platform = PLATFORMS.named(command.platform)
    for permission in platform.consumer_permissions(names, command):
        if permission.resource == command.resource.get("arn"):
            return permission.actions[0].split(":", 1)[0]
    return command.platform


def moment(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601; '' for 0."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


def _entries(record: GrantRecord, command: GrantCommand, now: float) -> Iterable[AccessEntry]:
    told: Mapping[str, Any] = record.audit
    resource = str(command.resource.get("arn", ""))
    for principal in command.consumer.principals:
        yield AccessEntry(
            grant=record.grant_id,
            asset=record.asset_id,
            state=record.state,
            platform=command.platform,
            resource=resource,
            name=_name(command.platform, resource),
            access=command.request.access,
            consumption=command.request.consumption,
            principal=principal.arn,
            consumer_account=command.consumer.account,
            consumer_project=command.consumer.project_id,
            producer_account=command.producer.account,
            owner_project=command.owner_project,
            since=str(told.get("begun") or moment(record.updated_at)),
            until=command.request.until or "",
            requested_by=str(
                told.get("requestedByName") or told.get("requestedBy") or told.get("grantCreatedBy") or ""
            ),
            reason=str(told.get("requestReason") or ""),
            approved_by=str(told.get("approvedByName") or told.get("approvedBy") or ""),
            comment=str(told.get("decisionComment") or ""),
            warnings=tuple(_warnings(record, command, now)),
            **_delivery(record, command, principal),
        )


def _delivery(record: GrantRecord, command: GrantCommand, principal: RoleArn) -> dict[str, str]:
    """Which way the members chose for a role."""
    if command.consumer.assuming is None:
        return {}
    if principal in command.consumer.direct:
        return {"delivery": DIRECT}
    return {"delivery": ACCESS_ROLE, "access_role": str(record.outcome.get("awsRoleArn") or "")}


def _name(platform: str, resource: str) -> str:
    """The name of a topic or stream; its ARN where the platform is not installed here."""
    found = PLATFORMS.get(platform)
    return found.resource_name(resource) if found is not None else resource


def _warnings(record: GrantRecord, command: GrantCommand, now: float) -> Iterable[str]:
    yield from map(str, _listed(record.outcome.get("warnings")))
    undo = _listed(record.outcome.get("undo"))
    if undo:
        yield f"access may remain: {'; '.join(map(str, undo))}"
    if record.state == "REVOKE_FAILED":
        yield f"the revoke failed, access remains: {record.cause}"
    if record.state in HOLDS and command.request.until and ends_at(command.request.until) <= now:
        yield f"its end {command.request.until} has passed, and it is {record.state} still"


def _listed(value: Any) -> Sequence[Any]:
    if not value:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.title() for word in rest)
