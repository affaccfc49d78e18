"""One explicit AWS provider for each account of the deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import check_account
from streamgov_pulumi.arguments.inputs import is_late
from streamgov_pulumi.arguments.secret import as_input
from streamgov_pulumi.components._account import SESSION, SESSION_NAME
from streamgov_pulumi.components._settings import AccountArgs


class Accounts:
    """Makes each account's provider once. Never ambient: a missing account is an error, not somebody else's account.

    Args:
        name: prefix of the providers' logical names.
        region: the one region of the deployment.
        flags: further inputs of every provider, such as ``skip_metadata_api_check``.
        parent: the component that owns the providers.
    """

    def __init__(
        self,
        name: str,
        region: str,
        flags: Mapping[str, Any] | None = None,
        parent: pulumi.Resource | None = None,
    ) -> None:
        self._name = name
        self._region = region
        self._flags = dict(flags or {})
        self._parent = parent
        self._made: dict[str, tuple[AccountArgs, aws.Provider]] = {}

    def provider(self, access: AccountArgs) -> aws.Provider:
        """The provider of an account.

        Raises:
            ConfigError: the account id is malformed, or the account was described differently before.
        """
        account = check_account(access["account"])
        if account not in self._made:
            self._made[account] = (access, self._make(account, access))
        before, provider = self._made[account]
        check_same(before, access)
        return provider

    def options(
        self, access: AccountArgs, parent: pulumi.Resource | None = None, **more: Any
    ) -> pulumi.ResourceOptions:
        """Options for a component that is deployed into the account."""
        return pulumi.ResourceOptions(parent=parent, providers=[self.provider(access)], **more)

    def _make(self, account: str, access: AccountArgs) -> aws.Provider:
        roles = None
        if access.get("assume_role_arn"):
            # The class, not a dict: provider inputs become JSON, and only the class's keys are spelt as the plugin's.
            role = aws.ProviderAssumeRoleArgs(
                role_arn=access["assume_role_arn"],
                external_id=as_input(access.get("external_id")),
                session_name=SESSION_NAME,
            )
            roles = [role]
        return aws.Provider(
            f"{self._name}-{account}",
            region=self._region,
            # A credential of another account must fail, not deploy there.
            allowed_account_ids=[account],
            assume_roles=roles,
            profile=access.get("profile"),
            **self._flags,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )


def check_same(one: AccountArgs, other: AccountArgs) -> None:
    """Refuse two descriptions of one account that differ. Outputs cannot be compared: they count as the same.

    Raises:
        ConfigError: they differ.
    """
    first, second = (
        {key: None if is_late(value) else value for key, value in access.items()} for access in (one, other)
    )
    if first != second:
        raise ConfigError(f"account {one['account']} is described twice, with different ways to reach it")


def reached(args: Mapping[str, Any], account: str) -> AccountArgs:
    """How an account is reached. Where nothing is deployed, a bare account only names it: another place may say more.

    Args:
        args: of StreamGovernance.
        account: its 12 digits.

    Raises:
        ConfigError: two places say different ways.
    """
    told = [part for part in (args["domain"], *args["members"]) if part["access"]["account"] == account]
    saying: list[AccountArgs] = [
        part["access"] for part in told if part.get("deploy", True) or len(part["access"]) > 1
    ] or [part["access"] for part in told]
    for other in saying[1:]:
        check_same(saying[0], other)
    return saying[0]


def session_of(access: AccountArgs) -> dict[str, Any]:
    """How dynamic resources reach the account."""
    return {key: access[key] for key in SESSION if access.get(key)}  # type: ignore[literal-required]
