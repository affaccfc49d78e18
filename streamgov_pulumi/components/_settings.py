"""What every component is told about its deployment, and the options of its children."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names, check_account
from streamgov_core.platforms import PLATFORMS, Platform
from streamgov_pulumi.arguments import vocabulary as v
from streamgov_pulumi.arguments.inputs import holds_late, is_late
from streamgov_pulumi.arguments.rules import described
from streamgov_pulumi.arguments.vocabulary import RETENTIONS

DEFAULT_RETENTION = 90


@described
class ProviderFlags(TypedDict):
    """Further inputs of the AWS providers, for an endpoint that is not AWS."""

    s3_use_path_style: NotRequired[pulumi.Input[bool]]
    """Name buckets in the path, not in the host. Default false."""
    skip_credentials_validation: NotRequired[pulumi.Input[bool]]
    """Do not ask STS whether the credentials are valid. Default false."""
    skip_metadata_api_check: NotRequired[pulumi.Input[bool]]
    """Look for no credentials in the metadata of EC2. Default false."""
    skip_region_validation: NotRequired[pulumi.Input[bool]]
    """Accept a region that the provider does not know. Default false."""
    skip_requesting_account_id: NotRequired[pulumi.Input[bool]]
    """Do not ask for the account of the credentials. Default false."""


class ComponentAccountArgs(TypedDict):
    """The account that a component is deployed into: how it is reached, and what everything in it has in common."""

    account_id: str
    """The 12 digits of the account id. Plain: names and ARNs are made of it."""
    region: str
    """The one region of the deployment. Plain: names and ARNs are made of it."""
    namespace: NotRequired[str]
    """Prefix of every physical name; two deployments in one account or domain differ in it. Plain. Default
    ``streamgov``."""
    partition: NotRequired[str]
    """The AWS partition. Plain. Default ``aws``."""
    assume_role_arn: NotRequired[pulumi.Input[str]]
    """Role to assume with the ambient credentials, by the provider and by the dynamic resources. Default: those
    themselves."""
    external_id: NotRequired[pulumi.Input[str]]
    """External id for that role."""
    profile: NotRequired[pulumi.Input[str]]
    """Profile of the shared AWS configuration, of the provider; dynamic resources read ``aws:profile``."""
    provider_flags: NotRequired[ProviderFlags]
    """Further inputs of the provider that is made for the account, if none is given."""
    log_retention_days: NotRequired[pulumi.Input[int]]
    """How long logs are kept, in days. Default 90."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary that every role made here carries."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Tags of every resource that can be tagged."""
    alarm_topics: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of SNS topics that alarms notify."""
    dashboards: NotRequired[bool]
    """Make CloudWatch dashboards. Plain. Default true."""
    check_references: NotRequired[str]
    """What a preview does about what a component names and is not there: ``warn``, ``refuse`` or ``never`` look. Plain.
    Default ``warn``."""


@described
class AccountArgs(TypedDict):
    """An account, and how the deployment reaches it."""

    account: Annotated[str, v.ACCOUNT]
    """The 12 digits of the account id."""
    assume_role_arn: NotRequired[Annotated[pulumi.Input[str], v.DEPLOYER_ROLE]]
    """Role to assume with the ambient credentials. Default: those themselves."""
    external_id: NotRequired[Annotated[pulumi.Input[str], v.EXTERNAL_ID]]
    """External id for that role. It may be a secret of the stack."""
    profile: NotRequired[Annotated[pulumi.Input[str], v.PROFILE]]
    """Profile of the shared AWS configuration."""


@dataclass(frozen=True)
class Settings:
    """What a component was told of its account, checked.

    Raises:
        ConfigError: a value is wrong.
    """

    names: Names
    account: str
    log_retention_days: pulumi.Input[int] = DEFAULT_RETENTION
    permissions_boundary: pulumi.Input[str] | None = None
    tags: Any = None
    """Tags of resources, or None."""
    alarm_topics: Any = None
    """ARNs of topics, or None."""
    dashboards: bool = True

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> "Settings":
        """Read and check ComponentAccountArgs."""
        retention = args.get("log_retention_days", DEFAULT_RETENTION)
        return cls(
            names=Names(args.get("namespace", DEFAULT_NAMESPACE), args["region"], args.get("partition", "aws")),
            account=check_account(args["account_id"], "account_id"),
            log_retention_days=lifted(check_retention, retention),
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags") or None,
            alarm_topics=args.get("alarm_topics") or None,
            dashboards=bool(args.get("dashboards", True)),
        )

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return self.names.arn(service, self.account, resource)


def check_retention(days: int) -> int:
    """A retention that CloudWatch Logs has.

    Raises:
        ConfigError: it is none of them.
    """
    # A remote host passes numbers as floats.
    if days not in RETENTIONS:
        raise ConfigError(
            f"log_retention_days must be one of {', '.join(map(str, RETENTIONS))} (CloudWatch), got {days}"
        )
    return int(days)


def lifted(change: Callable[[Any], Any], value: Any) -> Any:
    """``change`` of a value: at once if it is plain, else when it is known."""
    return pulumi.Output.from_input(value).apply(change) if holds_late(value) else change(value)


def lifted_list(change: Callable[[Any], Any], value: Any) -> Any:
    """``change`` of a list, which looks at no item: at once unless the list itself is an Output."""
    return pulumi.Output.from_input(value).apply(change) if is_late(value) else change(value)


def if_said(name: str, flag: pulumi.Input[bool]) -> dict[str, Any]:
    """An input that is false unless it is said, and left out then, so that saying nothing is no change of a state."""
    return {name: flag} if is_late(flag) or flag else {}


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
