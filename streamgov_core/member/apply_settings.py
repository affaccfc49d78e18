"""Settings of the member account's function."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamgov_core.model.naming import Names


@dataclass(frozen=True)
class ApplySettings:
    """What the stack of a member account configures.

    Args:
        names: of the deployment.
        domain_id: the one domain that is served.
        account: the account that the function runs in.
        consumer_roles: role ARNs or patterns that may get access.
        boundary: permissions boundary of reader roles, and of consumer roles if it is required; empty for none.
        require_boundary: whether consumer roles must carry it.
        manual_assets: owning project -> patterns of resources that its assets made by hand may name.
        function_timeout: the function's hard time-out in seconds.
        protected_roles: role ARNs that never get access.
    """

    names: Names
    domain_id: str
    account: str
    consumer_roles: tuple[str, ...] = ()
    boundary: str = ""
    require_boundary: bool = True
    manual_assets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    function_timeout: int = 60
    protected_roles: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ApplySettings:
        """Read what ``deploy.environment.apply_environment`` wrote."""
        return cls(
            names=Names(env["STREAMGOV_NAMESPACE"], env["STREAMGOV_REGION"], env["STREAMGOV_PARTITION"]),
            domain_id=env["STREAMGOV_DOMAIN_ID"],
            account=env["STREAMGOV_ACCOUNT"],
            consumer_roles=tuple(json.loads(env["STREAMGOV_CONSUMER_ROLES"])),
            boundary=env["STREAMGOV_BOUNDARY"],
            require_boundary=env["STREAMGOV_REQUIRE_BOUNDARY"] == "true",
            manual_assets=json.loads(env["STREAMGOV_MANUAL_ASSETS"]),
            function_timeout=int(env["STREAMGOV_FUNCTION_TIMEOUT"]),
            protected_roles=tuple(json.loads(env.get("STREAMGOV_PROTECTED_ROLES", "[]"))),
        )
