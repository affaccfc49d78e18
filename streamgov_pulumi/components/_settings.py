"""What every component is told about its deployment, and the options of its children."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names, check_account
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_pulumi.arguments import vocabulary as v
from streamgov_pulumi.arguments.rules import described
from streamgov_pulumi.arguments.secret import as_input
from streamgov_pulumi.arguments.vocabulary import RETENTIONS

DEFAULT_RETENTION = 90


class DeploymentArgs(TypedDict):
    """Where a component is deployed and how it is dressed."""

    region: str
    """The one region of the deployment."""
    account: str
    """The 12 digits of the account that this component is deployed into."""
    namespace: NotRequired[str]
    """Prefix of every physical name; two deployments in one account or domain differ in it. Default ``streamgov``."""
    partition: NotRequired[str]
    """The AWS partition. Default ``aws``."""
    log_retention_days: NotRequired[int]
    """How long logs are kept, in days. Default 90."""
    permissions_boundary: NotRequired[str]
    """ARN of the permissions boundary that every role made here carries."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource that can be tagged."""
    alarm_topics: NotRequired[list[str]]
    """ARNs of SNS topics that alarms notify."""
    dashboards: NotRequired[bool]
    """Make CloudWatch dashboards. Default true."""


class SessionArgs(TypedDict):
    """How the dynamic resources reach the account (provider options do not reach them)."""

    assume_role_arn: NotRequired[str]
    """Role to assume with the ambient credentials."""
    external_id: NotRequired[str]
    """External id for that role."""


@described
class AccountArgs(TypedDict):
    """An account, and how the deployment reaches it."""

    account: Annotated[str, v.ACCOUNT]
    """The 12 digits of the account id."""
    assume_role_arn: NotRequired[Annotated[str, v.DEPLOYER_ROLE]]
    """Role to assume with the ambient credentials. Default: those themselves."""
    external_id: NotRequired[Annotated[str, v.EXTERNAL_ID]]
    """External id for that role. It may be a secret of the stack."""
    profile: NotRequired[Annotated[str, v.PROFILE]]
    """Profile of the shared AWS configuration."""


@dataclass(frozen=True)
class Settings:
    """DeploymentArgs, checked.

    Raises:
        ConfigError: a value is wrong.
    """

    names: Names
    account: str
    log_retention_days: int = DEFAULT_RETENTION
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    alarm_topics: tuple[str, ...] = ()
    dashboards: bool = True

    @classmethod
    def of(cls, args: DeploymentArgs) -> "Settings":
        """Read and check what a component was told."""
        # A remote host passes numbers as floats.
        retention = int(args.get("log_retention_days", DEFAULT_RETENTION))
        if retention not in RETENTIONS:
            raise ConfigError(
                f"log_retention_days must be one of {', '.join(map(str, RETENTIONS))} (CloudWatch), got {retention}"
            )
        names = Names(args.get("namespace", DEFAULT_NAMESPACE), args["region"], args.get("partition", "aws"))
        return cls(
            names=names,
            account=check_account(args["account"]),
            log_retention_days=retention,
            permissions_boundary=args.get("permissions_boundary"),
            tags=dict(args.get("tags", {})),
            alarm_topics=tuple(args.get("alarm_topics", [])),
            dashboards=bool(args.get("dashboards", True)),
        )

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return self.names.arn(service, self.account, resource)


def session_inputs(settings: Settings, session: SessionArgs | None) -> dict[str, Any]:
    """The session inputs of a dynamic resource."""
    return {
        "region": settings.names.region,
        **{key: as_input(value) for key, value in (session or {}).items() if value},
    }


def platforms_of(names: list[str] | None) -> list[Platform]:
    """The platforms by name; all of them if None.

    Raises:
        ConfigError: there is no platform of that name.
    """
    for name in names or []:
        if name not in PLATFORMS:
            raise ConfigError(f"unknown streaming platform {name!r}; there are {', '.join(sorted(PLATFORMS))}")
    return [PLATFORMS[name] for name in (sorted(PLATFORMS) if names is None else names)]


def child(parent: pulumi.Resource, **options: Any) -> pulumi.ResourceOptions:
    """Options of a child resource."""
    return pulumi.ResourceOptions(parent=parent, **options)
