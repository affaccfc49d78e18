"""A member account's half of the access workflow: it may be producer and consumer at once."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.claimable import GovernedSource
from streamgov_core.deploy.member_deployment import MemberDeployment, boundary_policy, member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._description import ACCOUNTS, FLAGS, LISTS, Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import Settings, child
from streamgov_pulumi.components.dashboards import dashboard
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_pair
from streamgov_pulumi.components.machine import StateMachineWithRole
from streamgov_pulumi.components.role import role_with_policy


class GovernedSourceArgs(TypedDict):
    """What a data source of the account may speak for, as its own arguments say."""

    platform: str
    """``msk`` or ``kinesis``."""
    registry_name: pulumi.Input[str]
    """The Glue schema registry."""
    resource: pulumi.Input[str]
    """MSK: the cluster's ARN or name. Kinesis: the stream's name, ARN or pattern."""
    topics: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """MSK: patterns of the names of the topics that it may speak for."""
    without_schema: NotRequired[pulumi.Input[bool]]
    """It makes assets of topics and streams that have no schema, too. Default false."""


class EnvironmentAuthorizerArgs(TypedDict):
    """Arguments of EnvironmentAuthorizer."""

    account: AccountInput
    """The member account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    domain_account: pulumi.Input[str]
    """The domain's account."""
    consumer_roles: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs, or patterns of ARNs, of the only roles of this account that may be given access."""
    require_boundary: NotRequired[pulumi.Input[bool]]
    """Only roles that carry the consumer boundary may be given access. Default true."""
    boundary_extra_actions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Further actions that the consumers' own jobs need."""
    deliveries: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """ARN, or pattern, of a role to how grants reach it: ``direct``, ``accessRole`` or ``auto``. Default ``auto``."""
    boundary_arn: NotRequired[pulumi.Input[str]]
    """ARN of the account's ConsumerBoundary if it is made elsewhere. Default: one is made here."""
    connection_roles: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of those consumer roles that also make network connections to clusters of other accounts. Default: none."""
    apply_concurrency: NotRequired[pulumi.Input[int]]
    """How many invocations of the function that writes policies run side by side at most, reserved for it in the
    account. Default: none are reserved."""
    resource_keys: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs, or aliases with patterns (``alias/streams-*``), of the only customer-managed keys that encrypt streams
    which are granted. Default: any key of the account."""
    protected_roles: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of roles that must never be written to, such as the deployer's."""
    manual_assets: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]]]
    """Owning project to ARN patterns of topics and streams which assets made by hand may name."""
    sources: NotRequired[Sequence[GovernedSourceArgs]]
    """The account's data sources: what they record may be granted as far as they may speak for it. Default: none."""
    snap_start: NotRequired[bool]
    """Publish the function that writes policies with Lambda SnapStart, and invoke it by an alias. False keeps the
    alias, without snapshots, for what still runs when they are given up. Plain. Default: neither."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the table and the logs."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Protect the document ledger from deletion. Default true."""


class ConsumerBoundaryArgs(TypedDict):
    """Arguments of ConsumerBoundary."""

    account: AccountInput
    """The consumer's account."""
    extra_actions: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Further actions that the consumers' own jobs need."""
    connection_roles: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """ARNs of roles that may also make network connections to clusters of other accounts."""


class ConsumerBoundary(AccountComponent):
    """The permissions boundary of roles that receive access to streams: a ceiling that grants nothing by itself."""

    policy_arn: pulumi.Output[str]
    """ARN of the policy."""
    policy_name: pulumi.Output[str]
    """Name of the policy."""

    def __init__(self, name: str, args: ConsumerBoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ConsumerBoundary", name, args, ConsumerBoundaryArgs, opts)
        settings = self._account.settings
        spec = Description(
            lambda **values: boundary_policy(AccountScope(settings.names, settings.account), **values),
            {"extra_actions": LISTS, "connection_roles": LISTS},
            extra_actions=args.get("extra_actions", []),
            connection_roles=args.get("connection_roles", []),
        )
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=spec.known(lambda found: found.name),
            path=spec.known(lambda found: found.path),
            description=spec.known(lambda found: found.description),
            policy=spec.value(lambda found: to_json(found.document)),
            tags=settings.tags,
            opts=child(self),
        )
        self.policy_arn, self.policy_name = policy.arn, policy.name
        self.register_outputs({"policy_arn": self.policy_arn, "policy_name": self.policy_name})


class EnvironmentAuthorizer(AccountComponent):
    """Document ledger, the function that writes policies, the member state machine, and the consumers' boundary."""

    machine_arn: pulumi.Output[str]
    """ARN of the member state machine."""
    boundary_arn: pulumi.Output[str]
    """ARN of the permissions boundary that consumer roles carry."""
    table_name: pulumi.Output[str]
    """Name of the document ledger."""
    table_arn: pulumi.Output[str]
    """ARN of the document ledger."""
    function_arn: pulumi.Output[str]
    """ARN of the function that writes policies."""
    function_name: pulumi.Output[str]
    """Name of that function."""
    function_role_arn: pulumi.Output[str]
    """ARN of that function's role."""
    machine_role_arn: pulumi.Output[str]
    """ARN of the member state machine's role."""
    invoke_role_arn: pulumi.Output[str]
    """ARN of the role with which the domain's account starts the member state machine."""
    dashboard_name: pulumi.Output[str]
    """Name of the dashboard; empty without one."""

    def __init__(self, name: str, args: EnvironmentAuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("EnvironmentAuthorizer", name, args, EnvironmentAuthorizerArgs, opts)
        settings = self._account.settings
        key = args.get("kms_key_arn")
        member = describe_member(settings, args)

        boundary_arn: pulumi.Input[str]
        if "boundary_arn" in args:
            boundary_arn = args["boundary_arn"]
        else:
            boundary_arn = ConsumerBoundary(
                f"{name}-consumer-boundary",
                {
                    "account": self._account,
                    "extra_actions": args.get("boundary_extra_actions", []),
                    "connection_roles": args.get("connection_roles", []),
                },
                child(self),
            ).policy_arn
        limits = [
            aws.iam.Policy(
                f"{name}-{limit.key}",
                name=limit.name,
                path=limit.path,
                description=limit.description,
                policy=to_json(limit.document),
                tags=settings.tags,
                opts=child(self),
            )
            for limit in (
                member.known(lambda spec: spec.reader_boundary),
                member.known(lambda spec: spec.access_boundary),
            )
        ]
        tables = (member.known(lambda spec: spec.documents), member.known(lambda spec: spec.records))
        table, records = ledger_pair(self, name, settings, tables, args)
        apply = FunctionWithRole(
            f"{name}-apply",
            settings,
            member.part(lambda spec: spec.apply),
            child(self, depends_on=[table, records, *limits]),
            kms_key_arn=key,
            session=self._account.session_inputs(),
        )
        machine = StateMachineWithRole(
            f"{name}-machine",
            settings,
            member.part(lambda spec: spec.machine),
            child(self, depends_on=[apply]),
            kms_key_arn=key,
        )
        invoke, _ = role_with_policy(
            self,
            f"{name}-member-invoke",
            f"{name}-member-invoke-policy",
            settings,
            member.part(lambda spec: spec.invoke),
        )
        described = member.part(lambda spec: spec.dashboard)
        self.dashboard_name = dashboard(self, f"{name}-dashboard", settings, described, after=[table])
        self.machine_arn = machine.machine_arn
        self.boundary_arn = pulumi.Output.from_input(boundary_arn)
        self.table_name = table.name
        self.table_arn, self.invoke_role_arn = table.arn, invoke.arn
        self.function_arn, self.function_name = apply.function_arn, apply.function_name
        self.function_role_arn, self.machine_role_arn = apply.role_arn, machine.role_arn
        self.register_outputs(
            {
                "machine_arn": self.machine_arn,
                "boundary_arn": self.boundary_arn,
                "table_name": self.table_name,
                "table_arn": self.table_arn,
                "function_arn": self.function_arn,
                "function_name": self.function_name,
                "function_role_arn": self.function_role_arn,
                "machine_role_arn": self.machine_role_arn,
                "invoke_role_arn": self.invoke_role_arn,
                "dashboard_name": self.dashboard_name,
            }
        )


def describe_member(settings: Settings, args: EnvironmentAuthorizerArgs) -> Description[MemberDeployment]:
    """What is deployed into the member account, from the component's arguments."""
    sources = args.get("sources", [])

    def build(
        sources: Sequence[Mapping[str, Any]],
        roles: Mapping[str, Sequence[str]],
        boundary: str | None,
        key_arn: str | None,
        **values: Any,
    ) -> MemberDeployment:
        return member_account(
            AccountScope(settings.names, settings.account, boundary, key_arn),
            consumer_roles=roles["consumer_roles"],
            connection_roles=roles["connection_roles"],
            sources=[
                GovernedSource(
                    source["platform"],
                    source["registry_name"],
                    source["resource"],
                    tuple(source.get("topics", [])),
                    source.get("without_schema", False),
                )
                for source in sources
            ],
            snap_start=args.get("snap_start"),
            **values,
        )

    stand_ins = {
        "sources": (_stand_in_sources(sources, "value"), _stand_in_sources(sources, "other")),
        "domain_account": ACCOUNTS,
        "roles": (_stand_in_roles(settings.account, "value"), _stand_in_roles(settings.account, "other")),
        "require_boundary": FLAGS,
        "boundary_extra_actions": LISTS,
        "manual_assets": ({"project": LISTS[0]}, {"project": LISTS[1]}),
        "resource_keys": (["alias/stand-in"], ["alias/other"]),
        "protected_roles": LISTS,
        "apply_concurrency": (1, 2),
        "deliveries": ({"arn:known:when:deployed": "direct"}, {"arn:known:when:deployed": "accessRole"}),
    }
    return Description(
        build,
        stand_ins,
        sources=sources,
        boundary=settings.permissions_boundary,
        key_arn=args.get("kms_key_arn"),
        boundary_arn=args.get("boundary_arn"),
        resource_keys=args.get("resource_keys", []),
        domain_id=args["domain_id"],
        domain_account=args["domain_account"],
        # One value: which of them hold for connections is judged by which of them there are.
        roles={
            "consumer_roles": args.get("consumer_roles", []),
            "connection_roles": args.get("connection_roles", []),
        },
        require_boundary=args.get("require_boundary", True),
        boundary_extra_actions=args.get("boundary_extra_actions", []),
        manual_assets=args.get("manual_assets"),
        protected_roles=args.get("protected_roles", []),
        apply_concurrency=args.get("apply_concurrency"),
        deliveries=args.get("deliveries"),
    )


def _stand_in_roles(account: str, word: str) -> dict[str, list[str]]:
    """Roles of which one may make connections."""
    role = f"arn:aws:iam::{account}:role/known:when:deployed/{word}"
    return {"consumer_roles": [role], "connection_roles": [role]}


def _stand_in_sources(sources: Sequence[Mapping[str, Any]], word: str) -> list[dict[str, Any]]:
    """Sources of the same platforms of which nothing else is known."""
    return [
        {
            "platform": source["platform"],
            "registry_name": word,
            "resource": f"arn:known:when:deployed:{word}:resource/resource",
            "topics": [word] if source.get("topics") else [],
            "without_schema": word == "other",
        }
        for source in sources
    ]
