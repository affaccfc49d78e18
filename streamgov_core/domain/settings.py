"""Settings of the functions of the domain account, and the clients that they share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_core.model.environment_variables import (
    compact_json,
    joined,
    list_from_json,
    lists_from_json,
    names_from_environment,
    names_to_environment,
    required,
    split,
)
from streamgov_core.model.errors import EventRefusedError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.clients import Clients

# Variables that reviews read, too.
MEMBER_ACCOUNTS = "STREAMGOV_MEMBER_ACCOUNTS"
PRINCIPAL_ACCOUNTS = "STREAMGOV_PRINCIPAL_ACCOUNTS"
PROJECTS = "STREAMGOV_PROJECTS"
ACCOUNT = "STREAMGOV_ACCOUNT"
LONGEST_DAYS = "STREAMGOV_LONGEST_DAYS"
DEFAULT_DAYS = "STREAMGOV_DEFAULT_DAYS"


@dataclass(frozen=True)
class DomainSettings:
    """What every function of the domain account knows of its deployment.

    Args:
        names: of the deployment.
        domain_id: the one domain that is served.
        members: accounts with a member stack.
        asset_types: the asset types that are served.
    """

    growing: ClassVar[tuple[str, ...]] = (MEMBER_ACCOUNTS,)

    names: Names
    domain_id: str
    members: tuple[str, ...]
    asset_types: tuple[str, ...]

    def to_environment(self) -> dict[str, str]:
        """The environment variables that ``from_environment`` of the same class reads."""
        return {
            **names_to_environment(self.names),
            "STREAMGOV_DOMAIN_ID": self.domain_id,
            MEMBER_ACCOUNTS: compact_json(self.members),
            "STREAMGOV_ASSET_TYPES": joined(self.asset_types),
        }

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read what ``to_environment`` wrote.

        Raises:
            ConfigError: a variable is missing.
        """
        return cls(
            names=names_from_environment(env),
            domain_id=required(env, "STREAMGOV_DOMAIN_ID"),
            members=list_from_json(env.get(MEMBER_ACCOUNTS, "[]")),
            asset_types=split(env.get("STREAMGOV_ASSET_TYPES", "")),
            **cls._further(env),
        )

    @classmethod
    def _further(cls, env: Mapping[str, str]) -> dict[str, Any]:
        """The fields of a subclass."""
        return {}

    def platform_of(self, asset_type: str) -> Platform | None:
        """The platform of an asset type that is served."""
        if asset_type not in self.asset_types:
            return None
        for platform in PLATFORMS.values():
            if platform.asset_type(self.names).name == asset_type:
                return platform
        return None


@dataclass(frozen=True)
class CollectSettings(DomainSettings):
    """Settings of the collect function.

    Args:
        principal_accounts: member account -> further accounts whose roles its subscription targets may name.
        options: choices that the platforms know: ``managedVpc`` (default True), ``crossAccountServerless`` (False).
        request_required: a grant whose request cannot be read is refused; otherwise the request form's defaults hold.
        ends: the end of access where none was asked for, and the latest one.
    """

    growing: ClassVar[tuple[str, ...]] = (*DomainSettings.growing, PRINCIPAL_ACCOUNTS)

    principal_accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    request_required: bool = False
    ends: GrantEnds = field(default_factory=GrantEnds)

    def to_environment(self) -> dict[str, str]:
        """The variables of every function of the domain, and those of the collect function."""
        return {
            **super().to_environment(),
            PRINCIPAL_ACCOUNTS: compact_json(self.principal_accounts),
            "STREAMGOV_OPTIONS": compact_json(self.options),
            **({"STREAMGOV_REQUEST_FORM": "required"} if self.request_required else {}),
            **{
                name: str(days)
                for name, days in ((LONGEST_DAYS, self.ends.longest_days), (DEFAULT_DAYS, self.ends.default_days))
                if days is not None
            },
        }

    @classmethod
    def _further(cls, env: Mapping[str, str]) -> dict[str, Any]:
        return {
            "principal_accounts": lists_from_json(env.get(PRINCIPAL_ACCOUNTS, "{}")),
            "options": json.loads(env.get("STREAMGOV_OPTIONS", "{}")),
            "request_required": env.get("STREAMGOV_REQUEST_FORM") == "required",
            "ends": GrantEnds(
                *(int(env[name]) if env.get(name) else None for name in (LONGEST_DAYS, DEFAULT_DAYS)),
            ),
        }


@dataclass(frozen=True)
class ReportSettings(DomainSettings):
    """Settings of the report function.

    Args:
        account: the domain's account.
    """

    account: str

    def to_environment(self) -> dict[str, str]:
        """The variables of every function of the domain, and those of the report function."""
        return {**super().to_environment(), ACCOUNT: self.account}

    @classmethod
    def _further(cls, env: Mapping[str, str]) -> dict[str, Any]:
        return {"account": required(env, ACCOUNT)}


@dataclass(frozen=True)
class ReconcileSettings(DomainSettings):
    """Settings of the reconcile function.

    Args:
        account: the domain's account.
        projects: projects whose grants are listed; without any, all that the function sees.
        grace: seconds that a grant may be open before an execution must work on it.
    """

    growing: ClassVar[tuple[str, ...]] = (*DomainSettings.growing, PROJECTS)

    account: str
    projects: tuple[str, ...] = ()
    grace: float = 900.0

    def to_environment(self) -> dict[str, str]:
        """The variables of every function of the domain, and those of the reconcile function."""
        return {
            **super().to_environment(),
            ACCOUNT: self.account,
            PROJECTS: compact_json(self.projects),
            "STREAMGOV_GRACE_SECONDS": repr(self.grace),
        }

    @classmethod
    def _further(cls, env: Mapping[str, str]) -> dict[str, Any]:
        return {
            "account": required(env, ACCOUNT),
            "projects": list_from_json(env.get(PROJECTS, "[]")),
            "grace": float(env.get("STREAMGOV_GRACE_SECONDS", "900")),
        }


_cached: dict[str, Clients] = {}


def shared_clients(region: str) -> Clients:
    """Clients that live as long as the function's process."""
    if region not in _cached:
        _cached[region] = Clients(region, max_pool=32)
    return _cached[region]


def execution_input(clients: Clients, arn: str) -> Mapping[str, Any]:
    """The input of an execution (API DescribeExecution)."""
    with calling("states:DescribeExecution", arn):
        raw = json.loads(clients.client("stepfunctions").describe_execution(executionArn=arn)["input"])
    if not isinstance(raw, dict):
        raise EventRefusedError(f"the input of {arn} is no object")
    return raw
