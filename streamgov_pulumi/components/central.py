"""The domain account's half of the access workflow."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.domain_deployment import (
    RECONCILE_SCHEDULE,
    DomainDeployment,
    domain_account,
    members_that_fit,
)
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FunctionSpec, RuleSpec
from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.arguments.choices import OPTIONAL, REQUIRED
from streamgov_pulumi.arguments.inputs import holds_late
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._description import ACCOUNTS, FLAGS, Description
from streamgov_pulumi.components._members import member_as
from streamgov_pulumi.components._order import behind
from streamgov_pulumi.components._settings import Settings, child, platforms_of
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.components.dashboards import dashboard
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_pair
from streamgov_pulumi.components.machine import StateMachineWithRole
from streamgov_pulumi.components.queue import DeadLetterQueue
from streamgov_pulumi.components.request_form import check_use
from streamgov_pulumi.components.role import role_with_policy
from streamgov_pulumi.components.rules import rule_with_target
from streamgov_pulumi.providers import ProjectMembership

SOON = 0.8
"""Share of the member accounts that fit, from which on a preview says how many more do."""


class CentralAuthorizerArgs(TypedDict):
    """Arguments of CentralAuthorizer."""

    account: AccountInput
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    member_accounts: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Accounts of producers and consumers."""
    platforms: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Streaming platforms whose grants are handled. Default: all."""
    organization_id: NotRequired[pulumi.Input[str]]
    """The organisation that all members are of: policies name it, not each account, and any number of them fit."""
    principal_accounts: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[Sequence[pulumi.Input[str]]]]]]
    """Member account to further accounts whose roles its subscription targets may name."""
    managed_vpc: NotRequired[pulumi.Input[bool]]
    """Grants across accounts include managed VPC connections to the cluster. Default true."""
    cross_account_serverless: NotRequired[pulumi.Input[bool]]
    """Try grants on serverless clusters across accounts, which AWS does not document. Default false."""
    request_form: NotRequired[pulumi.Input[str]]
    """``optional`` (default) or ``required``: a grant whose request cannot be read is refused, not guessed."""
    member_projects: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Projects whose grants the functions must read and mark, by a stable word, which is plain: their roles become
    members of each."""
    own_designations: NotRequired[pulumi.Input[bool]]
    """In a V2 domain the functions' roles are members by designations of their own, which permit what they call and
    no more; false makes them contributors. Default true."""
    longest_grant: NotRequired[pulumi.Input[str]]
    """Access ends so many days after the grant at the latest, such as ``90d``. Default: no limit."""
    default_grant: NotRequired[pulumi.Input[str]]
    """Access ends so many days after the grant if nobody asked for an end. Default: no end."""
    reconcile_schedule: NotRequired[str]
    """When the reconciler runs (EventBridge schedule expression); empty for never. Plain. Default every hour."""
    reconcile_repairs: NotRequired[pulumi.Input[bool]]
    """Scheduled runs repair what they find; false lets them only report. Default true."""
    collect_concurrency: NotRequired[pulumi.Input[int]]
    """How many invocations of the function that reads grants run side by side at most, reserved for it in the account:
    the queue of a burst. Default: none are reserved."""
    snap_start: NotRequired[bool]
    """Publish the functions that a grant waits for with Lambda SnapStart, and invoke them by an alias. False keeps
    the alias, without snapshots, for what still runs when they are given up. Plain. Default: neither."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the table, the dead letters and the logs."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Protect the grant ledger from deletion. Default true."""


class CentralAuthorizer(AccountComponent):
    """Grant ledger, collector, reporter, reconciler, the central state machine, and the rules that start it."""

    machine_arn: pulumi.Output[str]
    """ARN of the central state machine."""
    table_name: pulumi.Output[str]
    """Name of the grant ledger."""
    dead_letter_arn: pulumi.Output[str]
    """ARN of the queue of events that could not start the machine."""
    function_arns: pulumi.Output[Mapping[str, str]]
    """ARNs of the functions ``collect``, ``report`` and ``reconcile``."""
    function_names: pulumi.Output[Mapping[str, str]]
    """Names of these functions."""
    function_role_arns: pulumi.Output[Mapping[str, str]]
    """ARNs of the roles of these functions, which must be members of the projects."""
    machine_role_arn: pulumi.Output[str]
    """ARN of the central state machine's role."""
    callback_role_arn: pulumi.Output[str]
    """ARN of the role with which member accounts answer."""
    grant_table_arn: pulumi.Output[str]
    """ARN of the grant ledger."""
    dashboard_name: pulumi.Output[str]
    """Name of the dashboard; empty without one."""

    def __init__(self, name: str, args: CentralAuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("CentralAuthorizer", name, args, CentralAuthorizerArgs, opts)
        settings = self._account.settings
        key = args.get("kms_key_arn")
        domain = describe_domain(settings, args)
        self._say_room(settings, args)

        tables = (domain.known(lambda spec: spec.grants), domain.known(lambda spec: spec.runs))
        table, runs = ledger_pair(self, name, settings, tables, args)
        functions = {
            function_key: FunctionWithRole(
                f"{name}-{function_key}",
                settings,
                domain.part(partial(_function, function_key)),
                child(self, depends_on=[table, runs]),
                kms_key_arn=key,
                session=self._account.session_inputs(),
            )
            for function_key in domain.known(lambda spec: [function.key for function in spec.functions])
        }
        self._members(name, args, domain, functions)
        alarm(self, f"{name}-reconcile-open", settings, domain.part(lambda spec: spec.open_findings), after=[table])
        if domain.known(lambda spec: bool(spec.heartbeats)):
            heartbeat = domain.part(lambda spec: spec.heartbeats[0])
            alarm(self, f"{name}-reconcile-heartbeat", settings, heartbeat, after=[table])
        described = domain.part(lambda spec: spec.dashboard)
        self.dashboard_name = dashboard(self, f"{name}-dashboard", settings, described, after=[table])
        machine = StateMachineWithRole(
            f"{name}-machine",
            settings,
            domain.part(lambda spec: spec.machine),
            child(self, depends_on=list(functions.values())),
            kms_key_arn=key,
        )
        callback, _ = role_with_policy(
            self, f"{name}-callback", f"{name}-callback-policy", settings, domain.part(lambda spec: spec.callback)
        )
        queue = self._rules(name, settings, domain, machine, key, table)
        self._ends(name, settings, domain)

        self.machine_arn = machine.machine_arn
        self.table_name = table.name
        self.dead_letter_arn = queue.queue_arn
        self.function_arns = pulumi.Output.all(**{key: made.function_arn for key, made in functions.items()})
        self.function_names = pulumi.Output.all(**{key: made.function_name for key, made in functions.items()})
        self.function_role_arns = pulumi.Output.all(**{key: made.role_arn for key, made in functions.items()})
        self.machine_role_arn = machine.role_arn
        self.callback_role_arn = callback.arn
        self.grant_table_arn = table.arn
        self.register_outputs(
            {
                "machine_arn": self.machine_arn,
                "table_name": self.table_name,
                "dead_letter_arn": self.dead_letter_arn,
                "function_arns": self.function_arns,
                "function_names": self.function_names,
                "function_role_arns": self.function_role_arns,
                "machine_role_arn": self.machine_role_arn,
                "callback_role_arn": self.callback_role_arn,
                "grant_table_arn": self.grant_table_arn,
                "dashboard_name": self.dashboard_name,
            }
        )

    def _say_room(self, settings: Settings, args: CentralAuthorizerArgs) -> None:
        """Say how many more accounts fit, in good time, where policies name each."""
        members: Any = args["member_accounts"]
        if holds_late(members) or "organization_id" in args:
            return
        fit = members_that_fit(settings.names, settings.account, snap_start=args.get("snap_start"))
        count = len({*members})
        if count > SOON * fit:
            pulumi.log.warn(
                f"policies have room for {fit} member accounts, and there are {count}: {fit - count} more fit. Name "
                "their organisation (organization_id), and their number does not matter any more",
                self,
            )

    def _ends(self, name: str, settings: Settings, domain: Description[DomainDeployment]) -> None:
        """Where the reporter schedules ends of access, and the role with which those schedules start the machine."""
        aws.scheduler.ScheduleGroup(
            f"{name}-ends",
            name=domain.known(lambda spec: spec.end_schedules.name),
            tags=settings.tags,
            opts=child(self),
        )
        role_with_policy(
            self, f"{name}-ends-role", f"{name}-ends-policy", settings, domain.part(lambda spec: spec.ends)
        )

    def _members(
        self,
        name: str,
        args: CentralAuthorizerArgs,
        domain: Description[DomainDeployment],
        functions: Mapping[str, FunctionWithRole],
    ) -> None:
        """Make the functions' roles members of the projects."""
        for project_key, project in sorted(args.get("member_projects", {}).items()):
            for function_key, function in functions.items():
                operations = domain.known(partial(_operations, function_key))
                ProjectMembership(
                    f"{name}-{function_key}-in-{project_key}",
                    {
                        "domain_id": args["domain_id"],
                        "project_id": project,
                        "user_identifier": function.role_arn,
                        **member_as(self._account.settings, function_key, operations, args),
                        **self._account.session_inputs(),
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

    def build(
        members: list[str], platforms: list[str] | None, request_form: str | None, boundary: str | None,
        key_arn: str | None, longest: str | None, default: str | None, **values: Any,
    ) -> DomainDeployment:  # fmt: skip
        return domain_account(
            AccountScope(settings.names, settings.account, boundary, key_arn),
            members=members,
            asset_types=[platform.asset_type(settings.names).name for platform in platforms_of(platforms)],
            request_required=check_use(request_form) == REQUIRED,
            ends=GrantEnds.of(longest, default),
            reconcile_schedule=args.get("reconcile_schedule", RECONCILE_SCHEDULE),
            snap_start=args.get("snap_start"),
            **values,
        )

    projects = args.get("member_projects", {})
    stand_ins = {
        "members": ([ACCOUNTS[0]], [ACCOUNTS[1]]),
        "platforms": ([sorted(PLATFORMS)[0]], [sorted(PLATFORMS)[-1]]),
        "request_form": (OPTIONAL, REQUIRED),
        "principal_accounts": ({ACCOUNTS[0]: [ACCOUNTS[0]]}, {ACCOUNTS[0]: [ACCOUNTS[1]]}),
        "longest": ("90d", "91d"),
        "default": ("1d", "2d"),
        "managed_vpc": FLAGS,
        "cross_account_serverless": FLAGS,
        "reconcile_repairs": FLAGS,
        "collect_concurrency": (1, 2),
    }
    return Description(
        build,
        stand_ins,
        domain_id=args["domain_id"],
        members=args["member_accounts"],
        platforms=args.get("platforms"),
        request_form=args.get("request_form"),
        boundary=settings.permissions_boundary,
        key_arn=args.get("kms_key_arn"),
        longest=args.get("longest_grant"),
        default=args.get("default_grant"),
        organization_id=args.get("organization_id"),
        principal_accounts=args.get("principal_accounts"),
        managed_vpc=args.get("managed_vpc", True),
        cross_account_serverless=args.get("cross_account_serverless", False),
        reconcile_repairs=args.get("reconcile_repairs", True),
        collect_concurrency=args.get("collect_concurrency"),
        projects=[projects[key] for key in sorted(projects)],
    )


def _function(key: str, domain: DomainDeployment) -> FunctionSpec:
    return next(function for function in domain.functions if function.key == key)


def _operations(key: str, domain: DomainDeployment) -> list[str]:
    return _function(key, domain).datazone_operations


def _rule(key: str, domain: DomainDeployment) -> RuleSpec:
    return next(rule for rule in domain.rules if rule.key == key)
