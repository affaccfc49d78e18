"""Settings of the member account's function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import ClassVar

from streamgov_core.model.access_role import AUTO
from streamgov_core.model.environment_variables import (
    compact_json,
    flag,
    list_from_json,
    lists_from_json,
    names_from_environment,
    names_to_environment,
    required,
)
from streamgov_core.model.naming import Names

# Variables that reviews and policy packs read, too.
CONSUMER_ROLES = "STREAMGOV_CONSUMER_ROLES"
REQUIRE_BOUNDARY = "STREAMGOV_REQUIRE_BOUNDARY"
MANUAL_ASSETS = "STREAMGOV_MANUAL_ASSETS"
CONNECTION_ROLES = "STREAMGOV_CONNECTION_ROLES"
CLAIMABLE = "STREAMGOV_CLAIMABLE"
DELIVERIES = "STREAMGOV_DELIVERIES"
PROTECTED_ROLES = "STREAMGOV_PROTECTED_ROLES"


@dataclass(frozen=True)
class ApplySettings:
    """What the stack of a member account configures.

    Args:
        names: of the deployment.
        domain_id: the one domain that is served.
        account: the account that the function runs in.
        consumer_roles: role ARNs or patterns that may get access.
        boundary: permissions boundary of consumer roles, if it is required; empty for none.
        reader_boundary: permissions boundary of reader roles; empty for none.
        require_boundary: whether consumer roles must carry it.
        manual_assets: owning project -> patterns of resources that its assets made by hand may name.
        claimable: schema registry, or ``-`` for resources without schema -> patterns of the ARNs of the topics and
            streams that its records may claim; records of other registries claim nothing.
        function_timeout: the function's hard time-out in seconds.
        protected_roles: role ARNs that never get access.
        connection_roles: ARNs of the consumer roles that also get what making network connections takes.
        access_boundary: permissions boundary of access roles; empty for none.
        deliveries: role ARN or pattern -> how grants reach it, where it is not ``auto``.
    """

    growing: ClassVar[tuple[str, ...]] = (
        CONSUMER_ROLES,
        MANUAL_ASSETS,
        CLAIMABLE,
        PROTECTED_ROLES,
        CONNECTION_ROLES,
        DELIVERIES,
    )

    names: Names
    domain_id: str
    account: str
    consumer_roles: tuple[str, ...] = ()
    boundary: str = ""
    require_boundary: bool = True
    manual_assets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claimable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    function_timeout: int = 60
    protected_roles: tuple[str, ...] = ()
    connection_roles: tuple[str, ...] = ()
    reader_boundary: str = ""
    access_boundary: str = ""
    deliveries: Mapping[str, str] = field(default_factory=dict)

    def delivery_of(self, role_arn: str) -> str:
        """How grants reach a role: the entry of its ARN, or of the first pattern that fits."""
        exact = self.deliveries.get(role_arn)
        if exact is not None:
            return exact
        return next((way for pattern, way in sorted(self.deliveries.items()) if fnmatchcase(role_arn, pattern)), AUTO)

    def to_environment(self) -> dict[str, str]:
        """The environment variables that ``from_environment`` reads."""
        return {
            **names_to_environment(self.names),
            "STREAMGOV_DOMAIN_ID": self.domain_id,
            "STREAMGOV_ACCOUNT": self.account,
            CONSUMER_ROLES: compact_json(self.consumer_roles),
            "STREAMGOV_BOUNDARY": self.boundary,
            REQUIRE_BOUNDARY: flag(self.require_boundary),
            MANUAL_ASSETS: compact_json(self.manual_assets),
            CLAIMABLE: compact_json(self.claimable),
            PROTECTED_ROLES: compact_json(self.protected_roles),
            CONNECTION_ROLES: compact_json(self.connection_roles),
            DELIVERIES: compact_json(self.deliveries),
            "STREAMGOV_FUNCTION_TIMEOUT": str(self.function_timeout),
            **({"STREAMGOV_ACCESS_BOUNDARY": self.access_boundary} if self.access_boundary else {}),
            **({"STREAMGOV_READER_BOUNDARY": self.reader_boundary} if self.reader_boundary else {}),
        }

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> ApplySettings:
        """Read what ``to_environment`` wrote.

        Raises:
            ConfigError: a variable is missing or malformed.
        """
        return cls(
            names=names_from_environment(env),
            domain_id=required(env, "STREAMGOV_DOMAIN_ID"),
            account=required(env, "STREAMGOV_ACCOUNT"),
            consumer_roles=list_from_json(required(env, CONSUMER_ROLES)),
            boundary=env.get("STREAMGOV_BOUNDARY", ""),
            # A boundary that is not waived in so many words is required.
            require_boundary=env.get(REQUIRE_BOUNDARY) != "false",
            manual_assets=lists_from_json(env.get(MANUAL_ASSETS, "{}")),
            claimable=lists_from_json(env.get(CLAIMABLE, "{}")),
            function_timeout=int(required(env, "STREAMGOV_FUNCTION_TIMEOUT")),
            protected_roles=list_from_json(env.get(PROTECTED_ROLES, "[]")),
            reader_boundary=env.get("STREAMGOV_READER_BOUNDARY", ""),
            connection_roles=list_from_json(env.get(CONNECTION_ROLES, "[]")),
            access_boundary=env.get("STREAMGOV_ACCESS_BOUNDARY", ""),
            deliveries=json.loads(env.get(DELIVERIES, "{}")),
        )
