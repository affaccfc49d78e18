"""Clients of the accounts of a deployment: the caller's own, and others through a role that is assumed in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_core.model.naming import Names
from streamgov_ops.session import DENIED, SessionSettings, client, reporting

MakeClient = Callable[[str, SessionSettings], Any]


class AccountNotReachableError(ConfigError):
    """Another account is to be read, and there is no role for it, or the role cannot be assumed."""


@dataclass
class Accounts:
    """Hands out clients by service and account.

    Args:
        names: the deployment's names.
        settings: the caller's session.
        member_role: name (with path) or ARN of the role to assume in an account that is not the caller's;
            ``{account}`` in an ARN stands for the account. Empty: only the caller's own account can be read.
        make: makes a client.
    """

    names: Names
    settings: SessionSettings
    member_role: str = ""
    make: MakeClient = client
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)
    _own: str = ""

    @property
    def own(self) -> str:
        """The caller's account (API GetCallerIdentity).

        Raises:
            CredentialsError: there are no credentials.
            RemoteError: the credentials are not accepted.
        """
        if not self._own:
            with reporting("sts:GetCallerIdentity"):
                self._own = str(self.make("sts", self.settings).get_caller_identity()["Account"])
        return self._own

    def client(self, service: str, account: str = "") -> Any:
        """A client of a service in an account; the caller's own without one.

        Raises:
            AccountNotReachableError: the account is another one, and its role is not named or cannot be assumed.
        """
        key = (service, account or self.own)
        if key not in self._made:
            self._made[key] = self._client(*key)
        return self._made[key]

    def _client(self, service: str, account: str) -> Any:
        if account == self.own:
            return self.make(service, self.settings)
        if not self.member_role:
            raise AccountNotReachableError(
                f"account {account} is not the caller's ({self.own}): name the role to assume there with --member-role"
            )
        role = self.role_arn(account)
        try:
            return self.make(service, replace(self.settings, assume_role_arn=role))
        except RemoteError as error:
            if error.code not in DENIED:
                raise
            raise AccountNotReachableError(
                f"{role} cannot be assumed: it must exist and trust the caller. --member-role names another one"
            ) from error

    def role_arn(self, account: str) -> str:
        """ARN of the role that is assumed in an account."""
        if self.member_role.startswith("arn:"):
            return self.member_role.replace("{account}", account)
        return f"arn:{self.names.partition}:iam::{account}:role/{self.member_role.strip('/')}"
