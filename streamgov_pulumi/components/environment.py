"""A member account's half of the access workflow: it may be producer and consumer at once."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.claimable import GovernedSource
from streamgov_core.deploy.member_deployment import MemberDeployment, boundary_policy, member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child
from streamgov_pulumi.components.dashboards import dashboard
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_table
from streamgov_pulumi.components.machine import StateMachineWithRole
from streamgov_pulumi.components.role import role_with_policy


class GovernedSourceArgs(TypedDict):
    """What a data source of the account may speak for, as its own arguments say."""

    platform: str
    """``msk`` or ``kinesis``."""
    registry_name: str
    """The Glue schema registry."""
    resource: pulumi.Input[str]
    """MSK: the cluster's ARN or name. Kinesis: the stream's name, ARN or pattern."""
    topics: NotRequired[list[str]]
    """MSK: patterns of the names of the topics that it may speak for."""
    without_schema: NotRequired[bool]
    """It makes assets of topics and streams that have no schema, too. Default false."""


class EnvironmentAuthorizerArgs(TypedDict):
    """Arguments of EnvironmentAuthorizer."""

    deployment: DeploymentArgs
    """The member account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    domain_account: str
    """The domain's account."""
    consumer_roles: NotRequired[list[str]]
    """ARNs, or patterns of ARNs, of the only roles of this account that may be given access."""
    require_boundary: NotRequired[bool]
    """Only roles that carry the consumer boundary may be given access. Default true."""
    boundary_extra_actions: NotRequired[list[str]]
    """Further actions that the consumers' own jobs need."""
    boundary_arn: NotRequired[pulumi.Input[str]]
    """ARN of the account's ConsumerBoundary if it is made elsewhere. Default: one is made here."""
    connection_roles: NotRequired[list[str]]
    """ARNs of those consumer roles that also make network connections to clusters of other accounts. Default: none."""
    apply_concurrency: NotRequired[int]
    """How many invocations of the function that writes policies run side by side at most, reserved for it in the
    account. Default: none are reserved."""
    resource_keys: NotRequired[list[str]]
    """ARNs, or aliases with patterns (``alias/streams-*``), of the only customer-managed keys that encrypt streams
    which are granted. Default: any key of the account."""
    protected_roles: NotRequired[list[str]]
    """ARNs of roles that must never be written to, such as the deployer's."""
    manual_assets: NotRequired[Mapping[str, list[str]]]
    """Owning project to ARN patterns of topics and streams which assets made by hand may name."""
    sources: NotRequired[list[GovernedSourceArgs]]
    """The account's data sources: what they record may be granted as far as they may speak for it. Default: none."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the table and the logs."""
    deletion_protection: NotRequired[bool]
    """Protect the document ledger from deletion. Default true."""


class ConsumerBoundaryArgs(TypedDict):
    """Arguments of ConsumerBoundary."""

    deployment: DeploymentArgs
    """The consumer's account."""
    extra_actions: NotRequired[list[str]]
    """Further actions that the consumers' own jobs need."""
    connection_roles: NotRequired[list[str]]
    """ARNs of roles that may also make network connections to clusters of other accounts."""


class ConsumerBoundary(pulumi.ComponentResource):
    """The permissions boundary of roles that receive access to streams: a ceiling that grants nothing by itself."""

    policy_arn: pulumi.Output[str]
    """ARN of the policy."""

    def __init__(self, name: str, args: ConsumerBoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:ConsumerBoundary", name, {}, opts)
        settings = Settings.of(args["deployment"])
        spec = boundary_policy(
            AccountScope(settings.names, settings.account),
            extra_actions=args.get("extra_actions", []),
            connection_roles=args.get("connection_roles", []),
        )
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=spec.name,
            path=spec.path,
            description=spec.description,
            policy=to_json(spec.document),
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        self.policy_arn = policy.arn
        self.register_outputs({"policy_arn": self.policy_arn})


class EnvironmentAuthorizer(pulumi.ComponentResource):
    """Document ledger, the function that writes policies, the member state machine, and the consumers' boundary."""

    machine_arn: pulumi.Output[str]
    """ARN of the member state machine."""
    boundary_arn: pulumi.Output[str]
    """ARN of the permissions boundary that consumer roles carry."""
    table_name: pulumi.Output[str]
    """Name of the document ledger."""

    def __init__(self, name: str, args: EnvironmentAuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:EnvironmentAuthorizer", name, {}, opts)
        settings = Settings.of(args["deployment"])
        key = args.get("kms_key_arn")
        member = describe_member(settings, args)

        boundary_arn: pulumi.Input[str]
        if "boundary_arn" in args:
            boundary_arn = args["boundary_arn"]
        else:
            boundary_arn = ConsumerBoundary(
                f"{name}-consumer-boundary",
                {
                    "deployment": args["deployment"],
                    "extra_actions": args.get("boundary_extra_actions", []),
                    "connection_roles": args.get("connection_roles", []),
                },
                child(self),
            ).policy_arn
        reader_boundary = member.known(lambda spec: spec.reader_boundary)
        ceiling = aws.iam.Policy(
            f"{name}-reader-boundary",
            name=reader_boundary.name,
            path=reader_boundary.path,
            description=reader_boundary.description,
            policy=to_json(reader_boundary.document),
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        table = ledger_table(
            self,
            f"{name}-documents",
            settings,
            member.known(lambda spec: spec.documents),
            kms_key_arn=key,
            deletion_protection=bool(args.get("deletion_protection", True)),
        )
        apply = FunctionWithRole(
            f"{name}-apply",
            settings,
            member.part(lambda spec: spec.apply),
            child(self, depends_on=[table, ceiling]),
            kms_key_arn=key,
        )
        machine = StateMachineWithRole(
            f"{name}-machine",
            settings,
            member.part(lambda spec: spec.machine),
            child(self, depends_on=[apply]),
            kms_key_arn=key,
        )
        role_with_policy(
            self,
            f"{name}-member-invoke",
            f"{name}-member-invoke-policy",
            settings,
            member.part(lambda spec: spec.invoke),
        )
        dashboard(self, f"{name}-dashboard", settings, member.known(lambda spec: spec.dashboard), after=[table])
        self.machine_arn = machine.machine_arn
        self.boundary_arn = pulumi.Output.from_input(boundary_arn)
        self.table_name = table.name
        self.register_outputs(
            {"machine_arn": self.machine_arn, "boundary_arn": self.boundary_arn, "table_name": self.table_name}
        )


def describe_member(settings: Settings, args: EnvironmentAuthorizerArgs) -> Description[MemberDeployment]:
    """What is deployed into the member account, from the component's arguments."""
    sources = args.get("sources", [])

    def build(domain_id: str, resources: list[str], key_arn: str | None, boundary_arn: str | None) -> MemberDeployment:
        return member_account(
            AccountScope(settings.names, settings.account, settings.permissions_boundary, key_arn),
            domain_id=domain_id,
            domain_account=args["domain_account"],
            consumer_roles=args.get("consumer_roles", []),
            require_boundary=args.get("require_boundary", True),
            boundary_extra_actions=args.get("boundary_extra_actions", []),
            manual_assets=args.get("manual_assets"),
            protected_roles=args.get("protected_roles", []),
            connection_roles=args.get("connection_roles", []),
            apply_concurrency=args.get("apply_concurrency"),
            boundary_arn=boundary_arn,
            resource_keys=args.get("resource_keys", []),
            sources=[
                GovernedSource(
                    source["platform"],
                    source["registry_name"],
                    resource,
                    tuple(source.get("topics", [])),
                    source.get("without_schema", False),
                )
                for source, resource in zip(sources, resources, strict=True)
            ],
        )

    return Description(
        build,
        domain_id=args["domain_id"],
        resources=[source["resource"] for source in sources],
        key_arn=args.get("kms_key_arn"),
        boundary_arn=args.get("boundary_arn"),
    )
