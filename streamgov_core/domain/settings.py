"""What the stack of the domain account configures, and what its functions share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.errors import EventRefusedError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.clients import Clients


@dataclass(frozen=True)
class CollectSettings:
    """What the stack of the domain account configures.

    Args:
        names: of the deployment.
        domain_id: the one domain that is served.
        members: accounts with a member stack.
        asset_types: the asset types that are served.
        principal_accounts: environment account -> further accounts whose roles its targets may name.
        options: choices that the platforms know.
        request_required: what was asked for must be known; otherwise the defaults hold where it cannot be read.
    """

    names: Names
    domain_id: str
    members: tuple[str, ...]
    asset_types: tuple[str, ...]
    principal_accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    request_required: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> CollectSettings:
        """Read what ``permissions.collect_environment`` wrote."""
        return cls(
            names=Names(env["STREAMGOV_NAMESPACE"], env["STREAMGOV_REGION"], env["STREAMGOV_PARTITION"]),
            domain_id=env["STREAMGOV_DOMAIN_ID"],
            members=tuple(filter(None, env["STREAMGOV_MEMBER_ACCOUNTS"].split(","))),
            asset_types=tuple(filter(None, env["STREAMGOV_ASSET_TYPES"].split(","))),
            principal_accounts={
                key: tuple(value) for key, value in json.loads(env.get("STREAMGOV_PRINCIPAL_ACCOUNTS", "{}")).items()
            },
            options=json.loads(env.get("STREAMGOV_OPTIONS", "{}")),
            request_required=env.get("STREAMGOV_REQUEST_FORM") == "required",
        )

    def platform_of(self, asset_type: str) -> Platform | None:
        """The platform of an asset type that is served."""
        if asset_type not in self.asset_types:
            return None
        for platform in PLATFORMS.values():
            if platform.asset_type(self.names).name == asset_type:
                return platform
        return None


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
