"""The grant ledger as the commands read it, and the errors of a deployment that is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streamgov_core.domain.grant_ledger import DynamoGrantLedger, GrantRecord
from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_ops.accounts import Accounts
from streamgov_ops.session import NOT_FOUND, reporting


class NoDeploymentError(ConfigError):
    """The caller's account has no domain side of this namespace in this region."""


def read_ledger(accounts: Accounts) -> list[GrantRecord]:
    """Every record of the grant ledger, by grant and asset.

    Raises:
        NoDeploymentError: the caller's account and region hold no grant ledger of this namespace.
        RemoteError: DynamoDB refuses.
    """
    ledger = _ledger(accounts)
    records = _reading(accounts, ledger.everything)
    return sorted(records, key=lambda record: (record.grant_id, record.asset_id))


def find_grant(accounts: Accounts, grant_id: str) -> list[GrantRecord]:
    """The records of one grant, by asset.

    Args:
        accounts: whose caller is in the domain account.
        grant_id: the grant; a beginning that only one grant has is enough.

    Raises:
        ConfigError: no grant, or several, begin with it.
    """
    ledger = _ledger(accounts)
    # DynamoDB takes no empty key.
    found = _reading(accounts, lambda: ledger.of_grant(grant_id).values()) if grant_id else []
    if found:
        return sorted(found, key=lambda record: record.asset_id)
    matching = [record for record in read_ledger(accounts) if record.grant_id.startswith(grant_id)]
    known = sorted({record.grant_id for record in matching})
    if len(known) > 1:
        raise ConfigError(f"{grant_id!r} is ambiguous: {', '.join(known[:5])}{' …' if len(known) > 5 else ''}")
    if not known:
        raise ConfigError(
            f"the grant ledger {accounts.names.grant_table} of account {accounts.own} knows no grant {grant_id!r}: "
            "`streamgov audit --all` lists those it knows"
        )
    return matching


def _ledger(accounts: Accounts) -> DynamoGrantLedger:
    return DynamoGrantLedger(lambda: accounts.client("dynamodb"), accounts.names.grant_table)


def _reading(accounts: Accounts, read: Callable[[], Iterable[GrantRecord]]) -> list[GrantRecord]:
    try:
        with reporting("dynamodb:Scan"):
            return list(read())
    except RemoteError as error:
        if error.code != NOT_FOUND:
            raise
        names = accounts.names
        raise NoDeploymentError(
            f"account {accounts.own} holds no table {names.grant_table} in {names.region}: nothing of namespace "
            f"{names.namespace!r} has its domain side there. Check --namespace, --region and the credentials, which "
            "must be of the domain's account"
        ) from error
