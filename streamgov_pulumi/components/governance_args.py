"""The typed description of a deployment, as the facade takes it."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from streamgov_pulumi.components._settings import AccountArgs


class DataSourceArgs(TypedDict):
    """A data source of a member account."""

    platform: str
    """``msk`` or ``kinesis``."""
    registry_name: str
    """The Glue schema registry."""
    resource: pulumi.Input[str]
    """MSK: the cluster's ARN or name. Kinesis: the stream's name, ARN or pattern."""
    project_id: pulumi.Input[str]
    """The project that owns the assets."""
    schedule: NotRequired[str]
    """EventBridge schedule of full runs."""
    publish: NotRequired[bool]
    """Publish assets without anybody's doing."""
    topic_mapping: NotRequired[str]
    """How a schema's name tells its topic or stream."""
    without_schema: NotRequired[bool]
    """Make assets of topics and streams that have no schema, too."""


class TargetArgs(TypedDict):
    """A subscription target of a member account."""

    platform: str
    """``msk`` or ``kinesis``."""
    environment_id: pulumi.Input[str]
    """The consumer's environment."""
    principals: list[pulumi.Input[str]]
    """ARNs of the roles that receive access."""
    target_name: NotRequired[str]
    """The target's name; needed if an account has several targets for one platform."""
    grant_creation_mode: NotRequired[str]
    """``AUTOMATIC`` or ``MANUAL``."""
    adopt_existing: NotRequired[bool]
    """Take over a target of this name that exists already."""


class ContributorArgs(TypedDict):
    """A role that becomes a contributor of a project."""

    project_id: pulumi.Input[str]
    """The project."""
    role_arn: pulumi.Input[str]
    """ARN of the role; it must exist."""


class RequestFormArgs(TypedDict):
    """The form with which people ask for a stream."""

    use: NotRequired[str]
    """``optional`` (default): a request may bring it. ``required``: a rule refuses requests for our assets without."""
    domain_unit_id: NotRequired[pulumi.Input[str]]
    """Domain unit that the rule stands on. Default: the domain's root."""
    data_products: NotRequired[bool]
    """Requests for data products need the form, too: for every one of the domain unit. Default false."""


class DomainArgs(TypedDict):
    """The DataZone domain."""

    access: AccountArgs
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The domain's id."""
    deploy: NotRequired[bool]
    """Deploy into the domain's account. Default true; false in a member account's own stack."""
    domain_arn: NotRequired[pulumi.Input[str]]
    """The domain's ARN. Default: derived from its id."""
    types_project_id: NotRequired[pulumi.Input[str]]
    """The project that owns form and asset types. Needed if the domain's account is deployed."""
    usable_in_domain_unit: NotRequired[pulumi.Input[str]]
    """Domain unit whose projects may create assets of our types."""
    share: NotRequired[bool]
    """Share the domain with the members here. Default true; false if the accounts are associated already."""
    within_organization: NotRequired[bool]
    """The members are of the domain's organisation: they need not accept."""
    organization_id: NotRequired[str]
    """Trust member accounts by organisation instead of by name."""
    member_projects: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Projects whose grants are handled, by a stable word: the collector and the reporter become members."""
    contributors: NotRequired[Mapping[str, ContributorArgs]]
    """Further project members, by a stable word: the data sources' roles of accounts that have stacks of their own."""
    request_form: NotRequired[RequestFormArgs]
    """How people ask for a stream: the form of a subscription request."""
    adopt_existing: NotRequired[bool]
    """Take over form and asset types, and a rule, that exist already."""
    allow_breaking: NotRequired[bool]
    """Accept changes of form types that assets written so far cannot follow. Default false."""
    managed_vpc: NotRequired[bool]
    """Grants across accounts include managed VPC connections to the cluster. Default true."""
    cross_account_serverless: NotRequired[bool]
    """Try grants on serverless clusters across accounts, which AWS does not document. Default false."""
    principal_accounts: NotRequired[Mapping[str, list[str]]]
    """Environment account to further accounts whose roles its subscription targets may name."""
    reconcile_schedule: NotRequired[str]
    """When the reconciler runs (EventBridge schedule expression); empty for never. Default every hour."""
    reconcile_repairs: NotRequired[bool]
    """Scheduled runs of the reconciler repair what they find; false lets them only report. Default true."""


class MemberArgs(TypedDict):
    """An account of producers, consumers or both."""

    access: AccountArgs
    """The account."""
    deploy: NotRequired[bool]
    """Deploy into it. Default true; false in the domain's own stack."""
    accept_share_arn: NotRequired[str]
    """The domain's resource share to accept, if this stack does not make the share itself."""
    data_sources: NotRequired[Mapping[str, DataSourceArgs]]
    """Data sources by a word that is unique in the account."""
    targets: NotRequired[Mapping[str, TargetArgs]]
    """Subscription targets by a stable word."""
    trail: NotRequired[str]
    """CloudTrail trail for schema events: ``find`` (default), ``create`` or ``none``."""
    trail_arn: NotRequired[pulumi.Input[str]]
    """ARN of the trail, if known."""
    consumer_roles: NotRequired[list[str]]
    """ARNs or patterns of the only roles that may be given access."""
    require_boundary: NotRequired[bool]
    """Only roles that carry the consumer boundary may be given access. Default true."""
    boundary_extra_actions: NotRequired[list[str]]
    """Further actions that the consumers' own jobs need."""
    boundary_arn: NotRequired[pulumi.Input[str]]
    """ARN of a ConsumerBoundary made elsewhere. Default: one is made."""
    manual_assets: NotRequired[Mapping[str, list[str]]]
    """Owning project to ARN patterns which assets made by hand may name."""


class StreamGovernanceArgs(TypedDict):
    """Arguments of StreamGovernance."""

    region: str
    """The one region of the deployment."""
    domain: DomainArgs
    """The domain."""
    members: list[MemberArgs]
    """The accounts of producers and consumers. One of them may be the domain's account."""
    namespace: NotRequired[str]
    """Prefix of every physical name. Default ``streamgov``."""
    partition: NotRequired[str]
    """``aws``, ``aws-cn`` or ``aws-us-gov``."""
    platforms: NotRequired[list[str]]
    """Streaming platforms. Default: all."""
    log_retention_days: NotRequired[int]
    """How long logs are kept."""
    permissions_boundary_name: NotRequired[str]
    """Name of the permissions boundary policy, in every account, that our own roles carry."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource."""
    alarm_topics: NotRequired[list[str]]
    """SNS topics that alarms notify."""
    deletion_protection: NotRequired[bool]
    """Protect the ledgers from deletion. Default true."""
    on_destroy: NotRequired[str]
    """What a destroy does while assets, listings or grants live: ``refuse`` (default) or ``cascade``."""
    provider_flags: NotRequired[Mapping[str, bool]]
    """Further inputs of the AWS providers."""
