"""A member account's half of the access workflow: it may be producer and consumer at once."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy import central_machine as workflow
from streamgov_core.deploy import domain_permissions as permissions
from streamgov_core.model.naming import check_account
from streamgov_pulumi.components._documents import built, to_json, variables
from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_table
from streamgov_pulumi.components.machine import StateMachineWithRole

APPLY_SECONDS = 60
"""Hard time-out of the apply function; leases last longer (design: one lease per target)."""


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
    protected_roles: NotRequired[list[str]]
    """ARNs of roles that must never be written to, such as the deployer's."""
    manual_assets: NotRequired[Mapping[str, list[str]]]
    """Owning project to ARN patterns of topics and streams which assets made by hand may name."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the table and the logs."""
    deletion_protection: NotRequired[bool]
    """Protect the target ledger from deletion. Default true."""


class ConsumerBoundaryArgs(TypedDict):
    """Arguments of ConsumerBoundary."""

    deployment: DeploymentArgs
    """The consumer's account."""
    extra_actions: NotRequired[list[str]]
    """Further actions that the consumers' own jobs need."""


class ConsumerBoundary(pulumi.ComponentResource):
    """The permissions boundary of roles that receive access to streams: a ceiling that grants nothing by itself."""

    policy_arn: pulumi.Output[str]
    """ARN of the policy."""

    def __init__(self, name: str, args: ConsumerBoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:ConsumerBoundary", name, {}, opts)
        settings = Settings.of(args["deployment"])
        names, account = settings.names, settings.account
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=names.iam_name("consumer-boundary", 128),
            path=names.iam_path,
            description="The most that a role which receives access to streams can ever do; it grants nothing",
            policy=to_json(permissions.consumer_boundary(names, account, extra_actions=args.get("extra_actions", []))),
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        self.policy_arn = policy.arn
        self.register_outputs({"policy_arn": self.policy_arn})


class EnvironmentAuthorizer(pulumi.ComponentResource):
    """Target ledger, the function that writes policies, the member state machine, and the consumers' boundary."""

    machine_arn: pulumi.Output[str]
    """ARN of the member state machine."""
    boundary_arn: pulumi.Output[str]
    """ARN of the permissions boundary that consumer roles carry."""
    table_name: pulumi.Output[str]
    """Name of the target ledger."""

    def __init__(self, name: str, args: EnvironmentAuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:EnvironmentAuthorizer", name, {}, opts)
        settings = Settings.of(args["deployment"])
        names, account, tags = settings.names, settings.account, dict(settings.tags) or None
        domain_account = check_account(args["domain_account"], "domain account")
        key = args.get("kms_key_arn")

        boundary_arn: pulumi.Input[str]
        if "boundary_arn" in args:
            boundary_arn = args["boundary_arn"]
        else:
            boundary_arn = ConsumerBoundary(
                f"{name}-consumer-boundary",
                {"deployment": args["deployment"], "extra_actions": args.get("boundary_extra_actions", [])},
                child(self),
            ).policy_arn
        table = ledger_table(
            self, f"{name}-documents", settings, names.document_table, permissions.DOCUMENT_TABLE_KEYS, key, args
        )
        apply = self._apply(name, args, settings, table)
        machine = StateMachineWithRole(
            f"{name}-machine",
            {
                "deployment": args["deployment"],
                "what": "member",
                "definition": to_json(workflow.member_definition(names, account, domain_account)),
                "trust": to_json(permissions.machine_trust(names, account, "member")),
                "policy": to_json(permissions.member_machine_policy(names, account, domain_account)),
                "kms_key_arn": key,
            },
            child(self, depends_on=[apply]),
        )
        invoke = aws.iam.Role(
            f"{name}-member-invoke",
            name=names.iam_name("member-invoke"),
            path=names.iam_path,
            description="The central machine starts the member machine through it",
            assume_role_policy=to_json(permissions.member_invoke_trust(names, domain_account)),
            permissions_boundary=settings.permissions_boundary,
            tags=tags,
            opts=child(self),
        )
        aws.iam.RolePolicy(
            f"{name}-member-invoke-policy",
            name="permissions",
            role=invoke.name,
            policy=to_json(permissions.member_invoke_policy(names, account)),
            opts=child(self),
        )
        self.machine_arn = machine.machine_arn
        self.boundary_arn = pulumi.Output.from_input(boundary_arn)
        self.table_name = table.name
        self.register_outputs(
            {"machine_arn": self.machine_arn, "boundary_arn": self.boundary_arn, "table_name": self.table_name}
        )

    def _apply(
        self, name: str, args: EnvironmentAuthorizerArgs, settings: Settings, table: aws.dynamodb.Table
    ) -> FunctionWithRole:
        names, account, key = settings.names, settings.account, args.get("kms_key_arn")
        # By name, so that the documents are known at the first preview.
        boundary_arn = names.policy_arn(account, "consumer-boundary")
        roles = args.get("consumer_roles", [])
        require_boundary = args.get("require_boundary", True)
        return FunctionWithRole(
            f"{name}-apply",
            {
                "deployment": args["deployment"],
                "what": "apply",
                "entry": "handlers.apply_grant.handler",
                "description": "Writes the policies that grants on this account's resources and roles need",
                "timeout": APPLY_SECONDS,
                "policy": built(
                    lambda domain, key_arn: permissions.apply_policy(
                        names,
                        account,
                        domain,
                        consumer_role_arns=roles,
                        boundary_arn=boundary_arn,
                        require_boundary=require_boundary,
                        kms_key_arn=key_arn,
                        protected_role_arns=args.get("protected_roles", []),
                    ),
                    domain=args["domain_id"],
                    key_arn=key,
                ),
                "environment": variables(
                    lambda domain: permissions.apply_environment(
                        names,
                        domain,
                        account,
                        consumer_role_arns=roles,
                        boundary_arn=boundary_arn,
                        require_boundary=require_boundary,
                        manual_assets=args.get("manual_assets"),
                        function_timeout=APPLY_SECONDS,
                        protected_role_arns=args.get("protected_roles", []),
                    ),
                    domain=args["domain_id"],
                ),
                "kms_key_arn": key,
            },
            child(self, depends_on=[table]),
        )
