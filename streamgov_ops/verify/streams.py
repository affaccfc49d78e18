"""Which topics and streams are looked at: those of the grant ledger and of the data sources' records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.errors import ConfigError, StreamgovError
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.access_question import LiveAccess
from streamgov_core.platforms.protocol import Platform
from streamgov_core.runtime.asset_records import all_records
from streamgov_ops.accounts import Accounts
from streamgov_ops.session import reporting


@dataclass(frozen=True)
class _AccountClients:
    """Clients of one account (ServiceClients)."""

    accounts: Accounts
    account: str

    def client(self, service: str) -> Any:
        """The account's client of a service."""
        return self.accounts.client(service, self.account)


def resources_of(
    accounts: Accounts, records: Iterable[GrantRecord], members: Iterable[str], note: Callable[[str], None]
) -> dict[str, str]:
    """ARN of each governed topic or stream, and the account that owns it.

    Args:
        accounts: of the deployment.
        records: of the grant ledger.
        members: accounts whose data sources' records are read.
        note: is told what could not be read.
    """
    found = {
        str(record.command.resource["arn"]): record.command.producer.account
        for record in records
        if record.command is not None and record.command.resource.get("arn")
    }
    for account in members:
        try:
            for arn in _recorded(accounts, account):
                found.setdefault(arn, account)
        except StreamgovError as error:
            note(f"the data sources' records of account {account} were not read: {error}")
    return dict(sorted(found.items()))


def _recorded(accounts: Accounts, account: str) -> list[str]:
    with reporting("dynamodb:Scan"):
        return [record.resource_arn for record in all_records(accounts.client("dynamodb", account), accounts.names)]


def platform_of(arn: str) -> Platform | None:
    """The platform of a topic or stream; None if none knows the ARN."""
    return next((platform for platform in PLATFORMS.values() if platform.dataset(arn) is not None), None)


def read_stream(accounts: Accounts, arn: str, owner: str) -> LiveAccess:
    """The live access of a topic or stream; where its account may not be read, only the note why.

    Raises:
        ConfigError: the ARN is of no platform.
    """
    platform = platform_of(arn)
    if platform is None:
        raise ConfigError(f"{arn!r} is not the ARN of a topic or stream")
    try:
        return platform.live_access(arn, _AccountClients(accounts, owner))
    except StreamgovError as error:
        return LiveAccess(arn, notes=[f"{arn} was not read: {error}"])
