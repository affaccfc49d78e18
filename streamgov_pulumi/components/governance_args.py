"""The typed description of a deployment, as the facade takes it, and the one list of a stack file's settings.

Key, type, rule and docstring of each argument make the reader of stack files, their JSON schema and
``docs/configuration.md`` (``streamgov_pulumi.config``): in YAML a key is the argument's name in camelCase.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict

import pulumi

from streamgov_pulumi.arguments import vocabulary as v
from streamgov_pulumi.arguments.rules import Inline, ProgramOnly, RequiredInFile, Size, Text, described
from streamgov_pulumi.components._settings import AccountArgs, ProviderFlags


@described
class DataSourceArgs(TypedDict):
    """A Glue schema registry of a member account whose schemas become assets."""

    platform: Annotated[str, v.PLATFORM]
    """``msk`` or ``kinesis``."""
    registry_name: Annotated[pulumi.Input[str], v.REGISTRY_NAME]
    """The Glue schema registry; each data source has one of its own."""
    resource: Annotated[pulumi.Input[str], v.RESOURCE]
    """MSK: the cluster's ARN or name. Kinesis: the stream's name, ARN or pattern, which also says for which streams it
    may speak."""
    topics: NotRequired[pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.TOPIC]]]]
    """Patterns of the names of the topics that the data source may speak for; needed for MSK. A schema that means
    another topic makes no asset, and no access is given to one. ``*`` if all of the cluster's are the project's."""
    project_id: Annotated[pulumi.Input[str], v.PROJECT_ID]
    """The project that owns the assets."""
    schedule: NotRequired[Annotated[str, v.SCHEDULE]]
    """EventBridge schedule of full runs. Plain. Default ``rate(1 hour)``."""
    publish: NotRequired[pulumi.Input[bool]]
    """Publish assets and their new revisions as soon as they are written. Default false."""
    topic_mapping: NotRequired[Annotated[pulumi.Input[str], v.TOPIC_MAPPING]]
    """How a schema's name tells its topic or stream: ``same``, ``suffix:<text>``, ``map:<JSON object>`` or
    ``metadata:<key>``. Default ``same``."""
    without_schema: NotRequired[pulumi.Input[bool]]
    """Make assets of topics and streams that have no schema, too. Default false."""


@described
class TargetArgs(TypedDict):
    """A subscription target of a member account: which roles of an environment receive access."""

    platform: Annotated[str, v.PLATFORM]
    """``msk`` or ``kinesis``."""
    environment_id: NotRequired[Annotated[pulumi.Input[str], v.ENVIRONMENT_ID]]
    """The consumer's environment. Needed unless ``project_id`` says whose it is."""
    project_id: NotRequired[Annotated[pulumi.Input[str], v.PROJECT_ID]]
    """The consumer's project, in a V2 domain (SageMaker Unified Studio): its tooling environment is looked up, and
    without ``principals`` its role."""
    principals: NotRequired[
        Annotated[
            pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.PRINCIPAL]]],
            Size(1, 20, "must hold 1 to 20 roles (DataZone's limit)"),
        ]
    ]
    """ARNs of the roles that receive access. Needed with ``environment_id``."""
    delivery: NotRequired[Annotated[str, v.DELIVERY]]
    """How access reaches the roles: ``direct`` by policies on them, ``accessRole`` by a role in the owner's account
    that they assume, ``auto`` by the first of the two that works. Default ``auto``."""
    target_name: NotRequired[Annotated[str, v.TARGET_NAME]]
    """The target's name; needed if an account has several targets for one platform. Default: the namespace and the
    platform."""
    grant_creation_mode: NotRequired[Annotated[pulumi.Input[str], v.GRANT_CREATION_MODE]]
    """``AUTOMATIC``: a grant is made at approval. ``MANUAL``: somebody makes it with CreateSubscriptionGrant. Default
    ``AUTOMATIC``."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over a target of this name that exists already. Default false."""


@described
class ContributorArgs(TypedDict):
    """A data source's role that becomes a member of a project."""

    project_id: Annotated[pulumi.Input[str], v.PROJECT_ID]
    """The project."""
    role_arn: Annotated[pulumi.Input[str], v.CONTRIBUTOR_ROLE]
    """ARN of the role; it must exist."""
    platform: NotRequired[Annotated[str, v.PLATFORM]]
    """What the data source's assets are of. In a V2 domain the role is then a member by the designation of that
    platform's data sources, which permits what they call and no more. Default: it is a contributor."""


@described
class RequestFormArgs(TypedDict):
    """The form with which people ask for a stream: access, consumption, until."""

    use: NotRequired[Annotated[str, v.REQUEST_FORM_USE]]
    """``optional``: a request may bring it. ``required``: a rule refuses requests for our assets without it. Default
    ``optional``."""
    domain_unit_id: NotRequired[Annotated[pulumi.Input[str], v.DOMAIN_UNIT_ID]]
    """Domain unit that the rule stands on; with ``required`` only. Default: the domain's root unit."""
    data_products: NotRequired[pulumi.Input[bool]]
    """Requests for data products need the form, too: for every one of the domain unit; with ``required`` only. Default
    false."""


@described
class GrantsArgs(TypedDict):
    """How long access lasts."""

    longest: NotRequired[Annotated[pulumi.Input[str], v.DAYS]]
    """Access ends so many days after the grant at the latest, whatever was asked for, such as ``90d``. Default: no
    limit."""
    default: NotRequired[Annotated[pulumi.Input[str], v.DAYS]]
    """Access ends so many days after the grant if nobody asked for an end. Default: no end."""


@described
class DomainArgs(TypedDict):
    """The DataZone domain."""

    access: Annotated[AccountArgs, Inline()]
    """The domain's account."""
    domain_id: Annotated[pulumi.Input[str], v.DOMAIN_ID]
    """The domain's id."""
    deploy: NotRequired[Annotated[bool, ProgramOnly("the mode says it")]]
    """Deploy into the domain's account; false in a member account's own stack. Default true."""
    domain_arn: NotRequired[Annotated[pulumi.Input[str], v.DOMAIN_ARN]]
    """The domain's ARN. Default: derived from the domain's id."""
    types_project_id: NotRequired[Annotated[pulumi.Input[str], v.PROJECT_ID, RequiredInFile()]]
    """The project that owns form and asset types. Needed if the domain's account is deployed."""
    usable_in_domain_unit: NotRequired[Annotated[pulumi.Input[str], v.DOMAIN_UNIT_ID]]
    """Domain unit whose projects may create assets of our types."""
    share: NotRequired[bool]
    """Share the domain with the members here; false if the accounts are associated already. Default true."""
    within_organization: NotRequired[bool]
    """The members are of the domain's organisation, and RAM shares within it: they need not accept. Default false."""
    organization_id: NotRequired[Annotated[pulumi.Input[str], v.ORGANIZATION_ID]]
    """The organisation that all members are of: policies name it, not each account, and any number of them fit."""
    member_projects: NotRequired[Annotated[Mapping[str, Annotated[pulumi.Input[str], v.PROJECT_ID]], v.WORD]]
    """Projects whose grants are handled, by a stable word: the workflow's functions become members of them."""
    contributors: NotRequired[Annotated[Mapping[str, ContributorArgs], v.WORD]]
    """Further project members, by a stable word: the data sources' roles of accounts that have stacks of their own."""
    own_designations: NotRequired[pulumi.Input[bool]]
    """In a V2 domain the workflow's functions and the data sources are members by designations of their own, which
    permit what they call and no more; false makes them contributors, as in a V1 domain. Default true."""
    request_form: NotRequired[RequestFormArgs]
    """How people ask for a stream: the form of a subscription request."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over form and asset types, a rule, and memberships of ``contributors``, that exist already; for one
    ``pulumi up``. Default false."""
    allow_breaking: NotRequired[pulumi.Input[bool]]
    """Accept changes of form types that assets written so far cannot follow; for one ``pulumi up``. Default false."""
    managed_vpc: NotRequired[pulumi.Input[bool]]
    """Grants across accounts include managed VPC connections to the cluster. Default true."""
    cross_account_serverless: NotRequired[pulumi.Input[bool]]
    """Try grants on serverless clusters across accounts, which AWS does not document. Default false."""
    principal_accounts: NotRequired[
        Annotated[
            pulumi.Input[Mapping[str, pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.ACCOUNT]]]]], v.ACCOUNT_KEY
        ]
    ]
    """Environment account to further accounts whose roles its subscription targets may name."""
    grants: NotRequired[GrantsArgs]
    """How long access lasts. Grants that exist keep their ends."""
    collect_concurrency: NotRequired[Annotated[pulumi.Input[int], v.CONCURRENCY]]
    """How many invocations of the function that reads grants run side by side at most, reserved for it in the account:
    the queue of a burst. Default: none are reserved."""
    reconcile_schedule: NotRequired[Annotated[str, v.RECONCILE_SCHEDULE]]
    """When the reconciler runs, which compares grants with what is deployed (EventBridge schedule). Empty, or in a
    stack file ``never``, turns it off. Default ``rate(1 hour)``."""
    reconcile_repairs: NotRequired[pulumi.Input[bool]]
    """Scheduled runs of the reconciler repair what they find; false lets them only report. Default true."""


@described
class MemberArgs(TypedDict):
    """An account of producers, consumers or both."""

    access: Annotated[AccountArgs, Inline()]
    """The account."""
    deploy: NotRequired[Annotated[bool, ProgramOnly("the mode says it")]]
    """Deploy into it; false in the domain's own stack. Default true."""
    accept_share_arn: NotRequired[Annotated[pulumi.Input[str], v.SHARE_ARN]]
    """The domain's resource share to accept, if this stack does not make the share itself."""
    data_sources: NotRequired[Annotated[Mapping[str, DataSourceArgs], v.WORD]]
    """Data sources by a word that is unique in the account."""
    targets: NotRequired[Annotated[Mapping[str, TargetArgs], v.WORD]]
    """Subscription targets by a stable word."""
    trail: NotRequired[Annotated[str, v.TRAIL_MODE]]
    """CloudTrail trail for schema events: ``find`` one, ``create`` one, or ``none`` (then only the schedule runs).
    Default ``find``."""
    trail_arn: NotRequired[Annotated[pulumi.Input[str], v.TRAIL_ARN]]
    """ARN of the trail, if known."""
    consumer_roles: NotRequired[pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.CONSUMER_ROLE]]]]
    """ARNs or patterns of the only roles that may be given access. Default: the principals of the account's targets."""
    allow_any_role: NotRequired[bool]
    """Let ``consumer_roles`` hold a pattern that covers every role of the account. The function that writes policies
    may then change the inline policies of each of them. Default false."""
    require_boundary: NotRequired[pulumi.Input[bool]]
    """Only roles that carry the consumer boundary may be given access. Default true."""
    connection_roles: NotRequired[pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.CONNECTION_ROLE]]]]
    """ARNs of those consumer roles that also make network connections to clusters of other accounts."""
    apply_concurrency: NotRequired[Annotated[pulumi.Input[int], v.CONCURRENCY]]
    """How many invocations of the function that writes policies run side by side at most, reserved for it in the
    account. Default: none are reserved."""
    resource_keys: NotRequired[pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.RESOURCE_KEY]]]]
    """ARNs, or aliases with patterns (``alias/streams-*``), of the only customer-managed keys that encrypt streams
    which are granted. Default: any key of the account; the function may then revoke any grant on any of them."""
    boundary_extra_actions: NotRequired[pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.IAM_ACTION]]]]
    """Further actions that the consumers' own jobs need."""
    boundary_arn: NotRequired[Annotated[pulumi.Input[str], v.BOUNDARY_ARN]]
    """ARN of a ConsumerBoundary made elsewhere. Default: a boundary made here."""
    manual_assets: NotRequired[
        Annotated[
            pulumi.Input[Mapping[str, pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.MANUAL_ASSET]]]]],
            v.PROJECT_KEY,
        ]
    ]
    """Owning project to ARN patterns which assets made by hand may name."""


@described
class StreamGovernanceArgs(TypedDict):
    """Arguments of StreamGovernance."""

    region: Annotated[str, v.REGION]
    """The one region of the deployment."""
    domain: DomainArgs
    """The domain."""
    members: Annotated[list[MemberArgs], Size(1, None, "must be a list of at least one account")]
    """The accounts of producers and consumers. One of them may be the domain's account."""
    namespace: NotRequired[Annotated[str, v.NAMESPACE]]
    """Prefix of every physical name, and part of the asset types' names: two deployments in one account or domain
    differ in it. Default ``streamgov``."""
    partition: NotRequired[Annotated[str, v.PARTITION]]
    """The AWS partition. Default: aws; in a stack file the region's."""
    platforms: NotRequired[
        Annotated[list[Annotated[str, v.PLATFORM]], Size(1, None, "must be a list of at least one platform")]
    ]
    """Streaming platforms. Default: all."""
    log_retention_days: NotRequired[Annotated[pulumi.Input[int], v.RETENTION]]
    """How long logs are kept, in days. Default 90."""
    permissions_boundary_name: NotRequired[Annotated[str, v.BOUNDARY_NAME]]
    """Path and name of the permissions boundary policy, in every account, that our own roles carry."""
    tags: NotRequired[pulumi.Input[Mapping[str, Annotated[pulumi.Input[str], Text()]]]]
    """Tags of every resource."""
    alarm_topics: NotRequired[pulumi.Input[Sequence[Annotated[pulumi.Input[str], v.TOPIC_ARN]]]]
    """SNS topics, in the deployment's region, that alarms notify."""
    dashboards: NotRequired[bool]
    """Make a CloudWatch dashboard in the domain's account and in each member account. Default true."""
    snap_start: NotRequired[bool]
    """Publish the functions that a grant waits for with Lambda SnapStart, which costs money all the time. False keeps
    their aliases, without snapshots, for what still runs when snapshots are given up. Default: neither."""
    deletion_protection: NotRequired[bool]
    """Protect the ledgers from deletion. Default true."""
    on_destroy: NotRequired[Annotated[str, v.DESTROY_MODE]]
    """What a destroy does while assets, listings or grants live: ``refuse``, or ``cascade`` to end them first.
    Default ``refuse``."""
    check_references: NotRequired[Annotated[str, v.CHECK]]
    """What a preview does about roles, clusters, projects and whatever else is named and that is not there: ``warn``,
    ``refuse`` the preview, or ``never`` look. Default ``warn``."""
    provider_flags: NotRequired[ProviderFlags]
    """Further inputs of the AWS providers."""
