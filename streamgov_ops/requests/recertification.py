"""Recertification: grants that nobody has decided about for long, and the decisions, kept in the grant ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.errors import ConfigError
from streamgov_core.runtime.dynamodb import to_item
from streamgov_ops.accounts import Accounts
from streamgov_ops.audit.entries import HOLDS, moment
from streamgov_ops.session import reporting

KEY = "recertified"
"""Member of a record's `audit`: the decisions, oldest first. A revoke keeps them; a grant made again begins anew."""
DAY = 86_400.0


class RecordChangedError(ConfigError):
    """The ledger's record changed between reading and deciding."""


@dataclass(frozen=True)
class Certificate:
    """A decision about a grant that is in force.

    Attributes:
        at: when, ISO 8601.
        by: ARN of who decided, as STS answers it.
        decision: CONFIRMED or ENDED.
        comment: in their own words.
    """

    at: str
    by: str
    decision: str
    comment: str


def decided_at(record: GrantRecord) -> float:
    """When somebody last decided about a grant: a recertification, or its beginning; seconds since the epoch."""
    decisions = record.audit.get(KEY) or []
    text = decisions[-1]["at"] if decisions else str(record.audit.get("begun") or "")
    return datetime.fromisoformat(text).timestamp() if text else record.updated_at


def due(records: Iterable[GrantRecord], days: float, now: float, owner_project: str = "") -> list[GrantRecord]:
    """Grants in force about which nobody has decided for so many days, the oldest first.

    Args:
        records: of the ledger.
        days: since the last decision.
        now: seconds since the epoch.
        owner_project: only assets of this project.
    """
    found = [
        record
        for record in records
        if record.state in HOLDS
        and record.command is not None
        and now - decided_at(record) >= days * DAY
        and owner_project in ("", record.command.owner_project)
    ]
    return sorted(found, key=lambda record: (decided_at(record), record.grant_id))


def record_decision(
    accounts: Accounts, record: GrantRecord, decision: str, comment: str, by: str, now: float
) -> Certificate:
    """Keep a decision in the grant ledger.

    Args:
        accounts: whose caller is in the domain's account.
        record: as it was read.
        decision: CONFIRMED or ENDED.
        comment: in the decider's words.
        by: who decided.
        now: seconds since the epoch.

    Raises:
        RecordChangedError: the record is not as it was read; nothing was written.
    """
    certificate = Certificate(moment(now), by, decision, comment)
    audit: Mapping[str, Any] = {**record.audit, KEY: [*(record.audit.get(KEY) or ()), asdict(certificate)]}
    client = accounts.client("dynamodb")
    try:
        with reporting("dynamodb:UpdateItem"):
            client.update_item(
                TableName=accounts.names.grant_table,
                Key=to_item({"grantId": record.grant_id, "assetId": record.asset_id}),
                UpdateExpression="SET audit = :audit",
                ConditionExpression="generation = :generation AND audit = :before",
                ExpressionAttributeValues=to_item({
                    ":audit": _text(audit), ":before": _text(record.audit), ":generation": record.generation,
                }),
            )  # fmt: skip
    except Exception as error:
        if getattr(error, "code", "") != "ConditionalCheckFailedException":
            raise
        raise RecordChangedError(
            f"grant {record.grant_id} has changed since it was listed: look at it again, nothing was decided"
        ) from error
    return certificate


def caller(accounts: Accounts) -> str:
    """ARN of whoever runs the command (API GetCallerIdentity)."""
    with reporting("sts:GetCallerIdentity"):
        return str(accounts.client("sts").get_caller_identity()["Arn"])


def _text(audit: Mapping[str, Any]) -> str:
    """As the ledger writes it."""
    return json.dumps(dict(audit), sort_keys=True, default=str)
