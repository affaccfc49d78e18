"""Which resources a deployment's specs become: their types in Pulumi, and their ARNs.

Names and ARNs come from ``streamgov_core.deploy``; here stands only which types render a part. What no spec describes
(objects in DataZone, shares) has no name of ours and stands in the tuples below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

from streamgov_core.deploy.account_key import account_key
from streamgov_core.deploy.data_source_deployment import DataSourceDeployment, data_source
from streamgov_core.deploy.domain_deployment import DomainDeployment, domain_account
from streamgov_core.deploy.iam_statements import document
from streamgov_core.deploy.member_deployment import MemberDeployment, manage_access_role, member_account
from streamgov_core.deploy.schema_trail import TrailSpec, schema_trail
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import (
    AlarmSpec,
    DashboardSpec,
    FailureDestination,
    FunctionSpec,
    KeySpec,
    MachineSpec,
    PolicySpec,
    QueueSpec,
    RoleSpec,
    RuleSpec,
    ScheduleGroupSpec,
    TableSpec,
)
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.review.patterns import covers
from streamgov_ops.review.settings import LAYER

DYNAMIC = "pulumi-python:dynamic/streamgov:"
MEMBERSHIP = f"{DYNAMIC}ProjectMembership"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
DESTROY_GUARD = f"{DYNAMIC}DestroyGuard"
MARKER = f"{DYNAMIC}DeploymentMarker"
PROJECT_ENVIRONMENT = f"{DYNAMIC}ProjectEnvironment"
TARGET = f"{DYNAMIC}SubscriptionTarget"
TYPE_DESIGNATION = f"{DYNAMIC}TypeDesignation"
RULE = f"{DYNAMIC}Rule"
POLICY_GRANT = "aws:datazone/policyGrant:PolicyGrant"
ACCEPTER = "aws:ram/resourceShareAccepter:ResourceShareAccepter"
SHARE = (
    "aws:ram/principalAssociation:PrincipalAssociation",
    "aws:ram/resourceAssociation:ResourceAssociation",
    "aws:ram/resourceShare:ResourceShare",
)
TYPES = (f"{DYNAMIC}AssetType", f"{DYNAMIC}FormType")
LOOK_FOR_DOMAIN, LOOK_FOR_TRAIL = "lookup:domain", "lookup:trail"

Part = (
    AlarmSpec
    | DashboardSpec
    | DataSourceDeployment
    | DomainDeployment
    | FunctionSpec
    | KeySpec
    | MachineSpec
    | MemberDeployment
    | PolicySpec
    | QueueSpec
    | RoleSpec
    | RuleSpec
    | ScheduleGroupSpec
    | TableSpec
    | TrailSpec
)


@dataclass(frozen=True)
class Resource:
    """A resource of a deployment.

    Attributes:
        type: its type in Pulumi.
        arn: its ARN; empty if AWS makes it up.
    """

    type: str
    arn: str


def resources_of(scope: AccountScope, part: Part) -> Iterator[Resource]:
    """The resources that a part of a deployment is rendered as.

    Args:
        scope: the account that it is deployed into.
        part: a spec, or a whole deployment.
    """
    yield from _own(scope, part)
    for inner in _inner(part):
        yield from resources_of(scope, inner)


def _inner(part: Part) -> tuple[Part, ...]:
    """The parts of a part."""
    match part:
        case DomainDeployment() | MemberDeployment() | DataSourceDeployment():
            values = [getattr(part, field.name) for field in fields(part)]
            return tuple(item for value in values for item in (value if isinstance(value, tuple) else (value,)))
        case FunctionSpec():
            return (part.alarm,) if part.role is None else (part.alarm, part.role)
        case MachineSpec():
            return part.role, *part.alarms
        case QueueSpec():
            return (part.alarm,)
    return ()


def _own(scope: AccountScope, part: Part) -> Iterator[Resource]:
    """The resources of a part without those of its parts."""
    match part:
        case FunctionSpec():
            yield from _function(scope, part)
        case MachineSpec():
            yield Resource("aws:sfn/stateMachine:StateMachine", part.arn)
            yield _log_group(scope, part.log_group)
        case RoleSpec():
            yield Resource("aws:iam/role:Role", part.arn)
            if part.policy is not None:
                yield Resource("aws:iam/rolePolicy:RolePolicy", part.arn)
        case PolicySpec():
            yield Resource("aws:iam/policy:Policy", part.arn)
        case RuleSpec():
            yield Resource("aws:cloudwatch/eventRule:EventRule", part.arn)
            yield Resource("aws:cloudwatch/eventTarget:EventTarget", part.arn)
            if part.role is None:  # the function's own policy lets EventBridge start it
                yield Resource("aws:lambda/permission:Permission", part.target_arn)
        case ScheduleGroupSpec():
            yield Resource("aws:scheduler/scheduleGroup:ScheduleGroup", part.arn)
        case QueueSpec():
            yield Resource("aws:sqs/queue:Queue", part.arn)
            yield Resource("aws:sqs/queuePolicy:QueuePolicy", part.arn)
        case KeySpec():
            yield Resource("aws:kms/key:Key", "")
            yield Resource("aws:kms/alias:Alias", scope.arn("kms", part.alias))
        case TableSpec():
            yield Resource("aws:dynamodb/table:Table", scope.arn("dynamodb", f"table/{part.name}"))
        case AlarmSpec() | DashboardSpec():
            yield _watched(scope, part)
        case TrailSpec():
            yield from _trail(scope, part)


def _function(scope: AccountScope, part: FunctionSpec) -> Iterator[Resource]:
    yield Resource("aws:lambda/function:Function", part.arn)
    yield _log_group(scope, part.log_group)
    if part.alias is not None:
        yield Resource("aws:lambda/alias:Alias", part.arn)
        yield Resource(f"{DYNAMIC}FunctionVersion", part.arn)
    if part.settings_text is not None:
        layer = scope.arn("lambda", f"layer:{part.layer_name}")
        yield Resource(LAYER, layer)
        yield Resource(LAYER, f"{layer}:*")
    if part.dead_letter is not None:
        yield Resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", part.arn)


def _watched(scope: AccountScope, part: AlarmSpec | DashboardSpec) -> Resource:
    if isinstance(part, AlarmSpec):
        return Resource("aws:cloudwatch/metricAlarm:MetricAlarm", scope.arn("cloudwatch", f"alarm:{part.name}"))
    return Resource(DASHBOARD, f"arn:{scope.names.partition}:cloudwatch::{scope.account}:dashboard/{part.name}")


def _trail(scope: AccountScope, trail: TrailSpec) -> Iterator[Resource]:
    yield Resource("aws:cloudtrail/trail:Trail", trail.arn)
    bucket = f"arn:{scope.names.partition}:s3:::{trail.bucket}"
    yield Resource("aws:s3/bucket:Bucket", bucket)
    yield Resource("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", bucket)
    yield Resource("aws:s3/bucketPolicy:BucketPolicy", bucket)
    yield Resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket)


def types_of(scope: AccountScope, *parts: Part) -> set[str]:
    """The types of the resources that parts of a deployment are rendered as."""
    return {found.type for part in parts for found in resources_of(scope, part)}


@cache
def arn_patterns(names: Names, account: str) -> Mapping[str, Sequence[str]]:
    """Type to the ARN patterns of its resources, whatever is deployed under these names into the account."""
    scope = AccountScope(names, account)
    found: dict[str, set[str]] = {}
    for part in _parts_of_any_name(scope):
        for resource in resources_of(scope, part):
            found.setdefault(resource.type, set()).update({resource.arn} - {""})
    return {
        type_: sorted(arn for arn in arns if not any(covers(other, arn) for other in arns - {arn}))
        for type_, arns in found.items()
    }


def _log_group(scope: AccountScope, name: str) -> Resource:
    return Resource("aws:cloudwatch/logGroup:LogGroup", scope.arn("logs", f"log-group:{name}"))


def _parts_of_any_name(scope: AccountScope) -> Iterator[Part]:
    """A part of each kind, with ``*`` where a name of ours has its own word."""
    names = scope.names
    nothing = document()
    settings = ApplySettings(names, "*", scope.account)
    # Any function may come to have a queue for what failed, and an alias: one statement for all that is a function's.
    queue = scope.dead_letters("*", [])
    function = scope.function(
        "*",
        entry_point="",
        description="",
        settings=settings,
        policy=nothing,
        dead_letter=FailureDestination(queue.arn),
        snap_start=True,
    )
    name = names.regional("*")
    yield function
    yield from _domain_side(scope)
    yield from _member_side(scope)
    yield scope.machine("*", definition={}, policy=nothing)
    yield queue
    yield RuleSpec("*", name, scope.rule_arn(name), "", "", function.arn, "")
    yield TableSpec("*", name, "", "", "")
    yield AlarmSpec("*", name, "", "", "", {})
    yield PolicySpec("*", "*", names.iam_path, names.policy_arn(scope.account, "*"), "", nothing)
    yield manage_access_role(scope, "*", "target-*")


def _domain_side(scope: AccountScope) -> Iterator[Part]:
    yield account_key(scope)
    yield domain_account(scope, domain_id="*", members=[scope.account], asset_types=[], snap_start=True)


def _member_side(scope: AccountScope) -> Iterator[Part]:
    yield account_key(scope)
    yield member_account(scope, domain_id="*", domain_account=scope.account, snap_start=True)
    yield schema_trail(scope)
    yield manage_access_role(scope, "*", "target-*")
    for platform in PLATFORMS:
        yield data_source(
            scope, domain_id="*", project_id="*", platform=platform, registry_name="*", resource="*", key="*"
        )


_ANYWHERE = AccountScope(Names(), "000000000000")
SIDES: Mapping[str, tuple[str, ...]] = {
    "domain": tuple(
        sorted(
            {
                *types_of(_ANYWHERE, *_domain_side(_ANYWHERE)),
                *TYPES,
                *SHARE,
                POLICY_GRANT,
                RULE,
                MEMBERSHIP,
                TYPE_DESIGNATION,
                DESTROY_GUARD,
                MARKER,
            }
        )
    ),
    "member": tuple(
        sorted(
            {
                *types_of(_ANYWHERE, *_member_side(_ANYWHERE)),
                TARGET,
                ACCEPTER,
                DESTROY_GUARD,
                MARKER,
                LOOK_FOR_DOMAIN,
                LOOK_FOR_TRAIL,
            }
        )
    ),
}
"""Types that each side of a deployment may hold, whatever is configured."""
