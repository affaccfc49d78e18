"""The domain account's half of the access workflow."""

from collections.abc import Mapping
from functools import partial
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.domain_deployment import RECONCILE_SCHEDULE, DomainDeployment, domain_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FunctionSpec, RuleSpec
from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_pulumi.arguments.choices import REQUIRED
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._order import behind
from streamgov_pulumi.components._settings import (
    DeploymentArgs,
    SessionArgs,
    Settings,
    child,
    platforms_of,
    session_inputs,
)
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.components.dashboards import dashboard
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_table
from streamgov_pulumi.components.machine import StateMachineWithRole
from streamgov_pulumi.components.queue import DeadLetterQueue
from streamgov_pulumi.components.request_form import check_use
from streamgov_pulumi.components.role import role_with_policy
from streamgov_pulumi.components.rules import rule_with_target
from streamgov_pulumi.providers import ProjectMembership


class CentralAuthorizerArgs(TypedDict):
    """Arguments of CentralAuthorizer."""

    deployment: DeploymentArgs
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    member_accounts: list[str]
    """Accounts of producers and consumers."""
    platforms: NotRequired[list[str]]
    """Streaming platforms whose grants are handled. Default: all."""
    organization_id: NotRequired[str]
    """Let member accounts of this organisation call back, instead of naming each."""
    principal_accounts: NotRequired[Mapping[str, list[str]]]
    """Member account to further accounts whose roles its subscription targets may name."""
    managed_vpc: NotRequired[bool]
    """Grants across accounts include managed VPC connections to the cluster. Default true."""
    cross_account_serverless: NotRequired[bool]
    """Try grants on serverless clusters across accounts, which AWS does not document. Default false."""
    request_form: NotRequired[str]
    """``optional`` (default) or ``required``: a grant whose request cannot be read is refused, not guessed."""
    member_project_ids: NotRequired[list[pulumi.Input[str]]]
    """Projects whose grants the functions must read and mark: their roles become contributors of each."""
    member_project_keys: NotRequired[list[str]]
    """Stable keys for the logical names of those memberships, one for each project. Default ``project-<n>``."""
    session: NotRequired[SessionArgs]
    """How the domain's account is reached."""
    longest_grant: NotRequired[str]
    """Access ends so many days after the grant at the latest, such as ``90d``. Default: no limit."""
    default_grant: NotRequired[str]
    """Access ends so many days after the grant if nobody asked for an end. Default: no end."""
    reconcile_schedule: NotRequired[str]
    """When the reconciler runs (EventBridge schedule expression); empty for never. Default every hour."""
    reconcile_repairs: NotRequired[bool]
    """Scheduled runs repair what they find; false lets them only report. Default true."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the table, the dead letters and the logs."""
    deletion_protection: NotRequired[bool]
    """Protect the grant ledger from deletion. Default true."""


class CentralAuthorizer(pulumi.ComponentResource):
    """Grant ledger, collector, reporter, reconciler, the central state machine, and the rules that start it."""

    machine_arn: pulumi.Output[str]
    """ARN of the central state machine."""
    table_name: pulumi.Output[str]
    """Name of the grant ledger."""
    dead_letter_arn: pulumi.Output[str]
    """ARN of the queue of events that could not start the machine."""
    collect_role_arn: pulumi.Output[str]
    """ARN of the collector's role."""
    report_role_arn: pulumi.Output[str]
    """ARN of the reporter's role."""
    reconcile_role_arn: pulumi.Output[str]
    """ARN of the reconciler's role."""

    def __init__(self, name: str, args: CentralAuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:CentralAuthorizer", name, {}, opts)
        settings = Settings.of(args["deployment"])
        key = args.get("kms_key_arn")
        domain = describe_domain(settings, args)

        table = ledger_table(
            self,
            f"{name}-grants",
            settings,
            domain.known(lambda spec: spec.grants),
            kms_key_arn=key,
            deletion_protection=bool(args.get("deletion_protection", True)),
        )
        functions = {
            function_key: FunctionWithRole(
                f"{name}-{function_key}",
                settings,
                domain.part(partial(_function, function_key)),
                child(self, depends_on=[table]),
                kms_key_arn=key,
            )
            for function_key in domain.known(lambda spec: [function.key for function in spec.functions])
        }
        self._members(name, args, settings, functions)
        alarm(self, f"{name}-reconcile-open", settings, domain.known(lambda spec: spec.open_findings), after=[table])
        dashboard(self, f"{name}-dashboard", settings, domain.known(lambda spec: spec.dashboard), after=[table])
        machine = StateMachineWithRole(
            f"{name}-machine",
            settings,
            domain.part(lambda spec: spec.machine),
            child(self, depends_on=list(functions.values())),
            kms_key_arn=key,
        )
        role_with_policy(
            self, f"{name}-callback", f"{name}-callback-policy", settings, domain.part(lambda spec: spec.callback)
        )
        queue = self._rules(name, settings, domain, machine, key, table)
        self._ends(name, settings, domain)

        self.machine_arn = machine.machine_arn
        self.table_name = table.name
        self.dead_letter_arn = queue.queue_arn
        self.collect_role_arn = functions["collect"].role_arn
        self.report_role_arn = functions["report"].role_arn
        self.reconcile_role_arn = functions["reconcile"].role_arn
        self.register_outputs(
            {
                "machine_arn": self.machine_arn,
                "table_name": self.table_name,
                "dead_letter_arn": self.dead_letter_arn,
                "collect_role_arn": self.collect_role_arn,
                "report_role_arn": self.report_role_arn,
                "reconcile_role_arn": self.reconcile_role_arn,
            }
        )

    def _ends(self, name: str, settings: Settings, domain: Description[DomainDeployment]) -> None:
        """Where the reporter schedules ends of access, and the role with which those schedules start the machine."""
        aws.scheduler.ScheduleGroup(
            f"{name}-ends",
            name=domain.known(lambda spec: spec.end_schedules.name),
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        role_with_policy(
            self, f"{name}-ends-role", f"{name}-ends-policy", settings, domain.part(lambda spec: spec.ends)
        )

    def _members(
        self, name: str, args: CentralAuthorizerArgs, settings: Settings, functions: Mapping[str, FunctionWithRole]
    ) -> None:
        """Make the functions' roles contributors of the projects."""
        projects = args.get("member_project_ids", [])
        keys = args.get("member_project_keys") or [f"project-{index + 1}" for index in range(len(projects))]
        for project_key, project in zip(keys, projects, strict=True):
            for function_key, function in functions.items():
                ProjectMembership(
                    f"{name}-{function_key}-in-{project_key}",
                    {
                        "domain_id": args["domain_id"],
                        "project_id": project,
                        "user_identifier": function.role_arn,
                        "designation": "PROJECT_CONTRIBUTOR",
                        **session_inputs(settings, args.get("session")),
                    },
                    child(self),
                )

    def _rules(
        self,
        name: str,
        settings: Settings,
        domain: Description[DomainDeployment],
        machine: StateMachineWithRole,
        key: pulumi.Input[str] | None,
        table: pulumi.Resource,
    ) -> DeadLetterQueue:
        """What starts the central machine, and the queue of what could not."""
        queue = DeadLetterQueue(
            f"{name}-dead-letters",
            settings,
            domain.part(lambda spec: spec.dead_letters),
            # A queue that exists and looks alike is taken over (CreateQueue), so it is never first.
            behind([table], child(self)),
            kms_key_arn=key,
        )
        role, before = role_with_policy(
            self, f"{name}-events", f"{name}-events-policy", settings, domain.part(lambda spec: spec.events)
        )
        for rule_key in domain.known(lambda spec: [rule.key for rule in spec.rules]):
            rule_with_target(
                self,
                f"{name}-{rule_key}",
                settings,
                domain.part(partial(_rule, rule_key)),
                target_arn=machine.machine_arn,
                dead_letter_arn=queue.queue_arn,
                role_arn=role.arn,
                after=before,
            )
        return queue


def describe_domain(settings: Settings, args: CentralAuthorizerArgs) -> Description[DomainDeployment]:
    """What is deployed into the domain account, from the component's arguments."""

    def build(domain_id: str, key_arn: str | None, projects: list[str]) -> DomainDeployment:
        return domain_account(
            AccountScope(settings.names, settings.account, settings.permissions_boundary, key_arn),
            domain_id=domain_id,
            members=args["member_accounts"],
            asset_types=[platform.asset_type(settings.names).name for platform in platforms_of(args.get("platforms"))],
            organization_id=args.get("organization_id"),
            principal_accounts=args.get("principal_accounts"),
            managed_vpc=args.get("managed_vpc", True),
            cross_account_serverless=args.get("cross_account_serverless", False),
            request_required=check_use(args.get("request_form")) == REQUIRED,
            ends=GrantEnds.of(args.get("longest_grant"), args.get("default_grant")),
            projects=projects,
            reconcile_schedule=args.get("reconcile_schedule", RECONCILE_SCHEDULE),
            reconcile_repairs=args.get("reconcile_repairs", True),
        )

    return Description(
        build,
        domain_id=args["domain_id"],
        key_arn=args.get("kms_key_arn"),
        projects=args.get("member_project_ids", []),
    )


def _function(key: str, domain: DomainDeployment) -> FunctionSpec:
    return next(function for function in domain.functions if function.key == key)


def _rule(key: str, domain: DomainDeployment) -> RuleSpec:
    return next(rule for rule in domain.rules if rule.key == key)
