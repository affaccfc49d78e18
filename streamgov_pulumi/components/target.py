"""A subscription target: which roles of an environment receive access to the streams of a platform."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from streamgov_core.deploy.member_deployment import manage_access_role
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import RoleSpec
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import short_hash
from streamgov_pulumi.arguments.choices import AUTOMATIC
from streamgov_pulumi.arguments.inputs import is_late
from streamgov_pulumi.components._account import Account, AccountComponent, AccountInput
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._looks import of_account
from streamgov_pulumi.components._settings import child, platforms_of
from streamgov_pulumi.components.role import role_with_policy
from streamgov_pulumi.providers import ProjectEnvironment, SubscriptionTarget
from streamgov_pulumi.providers import reference_kinds as kinds


class StreamSubscriptionTargetArgs(TypedDict):
    """Arguments of StreamSubscriptionTarget."""

    account: AccountInput
    """The environment's account: DataZone takes the call from there only."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    environment_id: NotRequired[pulumi.Input[str]]
    """The consumer's environment. Needed unless ``project_id`` says whose it is."""
    project_id: NotRequired[pulumi.Input[str]]
    """The consumer's project, in a V2 domain: its tooling environment and, without ``principals``, its role."""
    platform: str
    """``msk`` or ``kinesis``."""
    principals: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of the 1 to 20 IAM roles that receive access. Needed with ``environment_id``."""
    target_name: NotRequired[str]
    """The target's name. Plain: its role is named after it. Default: the namespace and the platform."""
    grant_creation_mode: NotRequired[pulumi.Input[str]]
    """``AUTOMATIC`` (a grant is made at approval) or ``MANUAL``. Default ``AUTOMATIC``."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over a target of this name that exists already."""


class StreamSubscriptionTarget(AccountComponent):
    """One target for one platform in one environment, and the role that the API demands beside it."""

    target_id: pulumi.Output[str]
    """Id of the subscription target."""
    environment_id: pulumi.Output[str]
    """The environment."""
    manage_access_role_arn: pulumi.Output[str]
    """ARN of the role that the API demands beside it."""

    def __init__(
        self, name: str, args: StreamSubscriptionTargetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("StreamSubscriptionTarget", name, args, StreamSubscriptionTargetArgs, opts)
        settings = self._account.settings
        platform = platforms_of([args["platform"]])[0]
        target_name = args.get("target_name", settings.names.regional(platform.name))
        # A target's name may hold what a role's may not.
        role_key = short_hash(target_name) if "target_name" in args else platform.name

        def build(domain_id: str, boundary: str | None) -> RoleSpec:
            scope = AccountScope(settings.names, settings.account, boundary)
            return manage_access_role(scope, domain_id, f"target-{role_key}")

        role, _ = role_with_policy(
            self,
            f"{name}-manage-access",
            f"{name}-manage-access-policy",
            settings,
            Description(build, domain_id=args["domain_id"], boundary=settings.permissions_boundary),
        )
        environment_id, principals = _consumer(name, args, self._account, self)
        target = SubscriptionTarget(
            name,
            {
                "domain_id": args["domain_id"],
                "environment_id": environment_id,
                "name": target_name,
                "authorized_principals": principals,
                "applicable_asset_types": [platform.asset_type(settings.names).name],
                "manage_access_role": role.arn,
                "subscription_grant_creation_mode": args.get("grant_creation_mode", AUTOMATIC),
                "adopt_existing": args.get("adopt_existing", False),
                **self._account.session_inputs(),
                **of_account(self._account, name, [("principals", kinds.role, args.get("principals"))]),
            },
            child(self),
        )
        self.target_id, self.manage_access_role_arn = target.target_id, role.arn
        self.environment_id = pulumi.Output.from_input(environment_id)
        self.register_outputs(
            {
                "target_id": self.target_id,
                "environment_id": self.environment_id,
                "manage_access_role_arn": self.manage_access_role_arn,
            }
        )


def _consumer(
    name: str, args: StreamSubscriptionTargetArgs, account: Account, parent: pulumi.Resource
) -> tuple[pulumi.Input[str], Any]:
    """Environment and roles: those that are named, or those of the project's tooling.

    Raises:
        ConfigError: neither an environment with its roles nor a project is named, or both are.
    """
    if ("environment_id" in args) == ("project_id" in args):
        raise ConfigError(f"{name}: name either environment_id, with principals, or project_id")
    principals: Any = args.get("principals")
    named = is_late(principals) or principals
    if "environment_id" in args:
        if not named:
            raise ConfigError(f"{name}: principals must name the roles of environment_id that receive access")
        return args["environment_id"], principals
    tooling = ProjectEnvironment(
        f"{name}-environment",
        {"domain_id": args["domain_id"], "project_id": args["project_id"], **account.session_inputs()},
        child(parent),
    )
    return tooling.environment_id, principals if named else [tooling.role_arn]
