"""The domain account's half of the access workflow."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy import central_machine as workflow
from streamgov_core.deploy import domain_permissions as permissions
from streamgov_core.deploy import reconcile_permissions
from streamgov_core.deploy.reconcile_branch import RECONCILE_TIMEOUT
from streamgov_core.model.naming import check_account
from streamgov_pulumi.components._documents import built, to_json, variables
from streamgov_pulumi.components._settings import (
    DeploymentArgs,
    SessionArgs,
    Settings,
    child,
    platforms_of,
    session_inputs,
)
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_table
from streamgov_pulumi.components.machine import StateMachineWithRole
from streamgov_pulumi.components.queue import DeadLetterQueue
from streamgov_pulumi.components.request_form import REQUIRED, check_use
from streamgov_pulumi.providers import ProjectMembership

RETRY_POLICY = {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 24}
"""How long EventBridge tries to start a target before the event becomes a dead letter."""


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
    """Environment account to further accounts whose roles its subscription targets may name."""
    managed_vpc: NotRequired[bool]
    """Grants across accounts include managed VPC connections to the cluster. Default true."""
    cross_account_serverless: NotRequired[bool]
    """Try grants on serverless clusters across accounts, which AWS does not document. Default false."""
    request_form: NotRequired[str]
    """``optional`` (default) or ``required``: a grant whose request cannot be read is refused, not guessed."""
    member_project_ids: NotRequired[list[pulumi.Input[str]]]
    """Projects whose grants the functions must read and mark: their roles become contributors of each."""
    member_project_keys: NotRequired[list[str]]
    """Stable words for the logical names of those memberships, one for each project. Default ``project-<n>``."""
    session: NotRequired[SessionArgs]
    """How the domain's account is reached."""
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
        names, account = settings.names, settings.account
        members = sorted({check_account(member, "member account") for member in args["member_accounts"]})
        asset_types = [platform.asset_type(names).name for platform in platforms_of(args.get("platforms"))]
        key = args.get("kms_key_arn")

        table = ledger_table(
            self, f"{name}-grants", settings, names.grant_table, permissions.GRANT_TABLE_KEYS, key, args
        )
        collect, report = self._functions(name, args, settings, members, asset_types, table)
        reconcile = self._reconcile(name, args, settings, members, asset_types, table)
        self._members(name, args, settings, {"collect": collect, "report": report, "reconcile": reconcile})
        machine = StateMachineWithRole(
            f"{name}-machine",
            {
                "deployment": args["deployment"],
                "what": "central",
                "definition": to_json(workflow.central_definition(names, account)),
                "trust": to_json(permissions.machine_trust(names, account, "central")),
                "policy": to_json(permissions.central_machine_policy(names, account, members)),
                "kms_key_arn": key,
            },
            child(self, depends_on=[collect, reconcile, report]),
        )
        self._callback_role(name, args, settings, members)
        queue = self._rules(name, args, settings, asset_types, machine)

        self.machine_arn = machine.machine_arn
        self.table_name = table.name
        self.dead_letter_arn = queue.queue_arn
        self.collect_role_arn = collect.role_arn
        self.report_role_arn = report.role_arn
        self.reconcile_role_arn = reconcile.role_arn
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

    def _functions(
        self,
        name: str,
        args: CentralAuthorizerArgs,
        settings: Settings,
        members: Sequence[str],
        asset_types: Sequence[str],
        table: aws.dynamodb.Table,
    ) -> tuple[FunctionWithRole, FunctionWithRole]:
        names, account, key = settings.names, settings.account, args.get("kms_key_arn")
        domain_id = args["domain_id"]
        required = check_use(args.get("request_form")) == REQUIRED
        options = {
            "managedVpc": args.get("managed_vpc", True),
            "crossAccountServerless": args.get("cross_account_serverless", False),
        }
        collect = FunctionWithRole(
            f"{name}-collect",
            {
                "deployment": args["deployment"],
                "what": "collect",
                "entry": "handlers.collect_grant.handler",
                "description": "Collects what a subscription grant needs and records it",
                "policy": built(
                    lambda domain, key_arn: permissions.collect_policy(names, account, domain, key_arn),
                    domain=domain_id,
                    key_arn=key,
                ),
                "environment": variables(
                    lambda domain: permissions.collect_environment(
                        names,
                        domain,
                        account,
                        members,
                        asset_types,
                        principal_accounts=args.get("principal_accounts"),
                        options=options,
                        request_required=required,
                    ),
                    domain=domain_id,
                ),
                "kms_key_arn": key,
            },
            child(self, depends_on=[table]),
        )
        report = FunctionWithRole(
            f"{name}-report",
            {
                "deployment": args["deployment"],
                "what": "report",
                "entry": "handlers.report_grant.handler",
                "description": "Reports the outcome of a subscription grant",
                "policy": built(
                    lambda domain, key_arn: permissions.report_policy(names, account, domain, key_arn),
                    domain=domain_id,
                    key_arn=key,
                ),
                "environment": variables(
                    lambda domain: permissions.report_environment(names, domain, account, members, asset_types),
                    domain=domain_id,
                ),
                "kms_key_arn": key,
            },
            child(self, depends_on=[table]),
        )
        return collect, report

    def _reconcile(
        self,
        name: str,
        args: CentralAuthorizerArgs,
        settings: Settings,
        members: Sequence[str],
        asset_types: Sequence[str],
        table: aws.dynamodb.Table,
    ) -> FunctionWithRole:
        """The reconcile function, and the alarm on what it could not put right."""
        names, account, key = settings.names, settings.account, args.get("kms_key_arn")
        projects = pulumi.Output.all(*args.get("member_project_ids", []))
        reconcile = FunctionWithRole(
            f"{name}-reconcile",
            {
                "deployment": args["deployment"],
                "what": "reconcile",
                "entry": "handlers.reconcile_grants.handler",
                "description": "Finds and repairs grants that nothing has finished and policies that were altered",
                "timeout": RECONCILE_TIMEOUT,
                "memory": 512,
                "policy": built(
                    lambda domain, key_arn: reconcile_permissions.reconcile_policy(names, account, domain, key_arn),
                    domain=args["domain_id"],
                    key_arn=key,
                ),
                "environment": variables(
                    lambda domain, listed: reconcile_permissions.reconcile_environment(
                        names, domain, account, members, asset_types, projects=listed
                    ),
                    domain=args["domain_id"],
                    listed=projects,
                ),
                "kms_key_arn": key,
            },
            child(self, depends_on=[table]),
        )
        metric = reconcile_permissions.open_findings_metric(names, dry_run=not args.get("reconcile_repairs", True))
        alarm(
            self,
            f"{name}-reconcile-open",
            settings,
            what="reconcile-open",
            description=(
                "The reconciler found something that it could not or would not put right: its latest execution of "
                f"{names.central_machine} lists it, as does log group {names.log_group('reconcile')}"
            ),
            **metric,
        )
        return reconcile

    def _members(
        self, name: str, args: CentralAuthorizerArgs, settings: Settings, functions: Mapping[str, FunctionWithRole]
    ) -> None:
        projects = args.get("member_project_ids", [])
        keys = args.get("member_project_keys") or [f"project-{index + 1}" for index in range(len(projects))]
        for word, project in zip(keys, projects, strict=True):
            for what, function in functions.items():
                ProjectMembership(
                    f"{name}-{what}-in-{word}",
                    {
                        "domain_id": args["domain_id"],
                        "project_id": project,
                        "user_identifier": function.role_arn,
                        "designation": "PROJECT_CONTRIBUTOR",
                        **session_inputs(settings, args.get("session")),
                    },
                    child(self),
                )

    def _callback_role(
        self, name: str, args: CentralAuthorizerArgs, settings: Settings, members: Sequence[str]
    ) -> None:
        names, account = settings.names, settings.account
        role = aws.iam.Role(
            f"{name}-callback",
            name=names.iam_name("callback"),
            path=names.iam_path,
            description="Member machines answer the central machine's task tokens through it",
            assume_role_policy=to_json(
                permissions.callback_trust(names, account, members, organization_id=args.get("organization_id"))
            ),
            permissions_boundary=settings.permissions_boundary,
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        aws.iam.RolePolicy(
            f"{name}-callback-policy",
            name="permissions",
            role=role.name,
            policy=to_json(permissions.callback_policy(names, account)),
            opts=child(self),
        )

    def _rules(
        self,
        name: str,
        args: CentralAuthorizerArgs,
        settings: Settings,
        asset_types: Sequence[str],
        machine: StateMachineWithRole,
    ) -> DeadLetterQueue:
        names, account, tags = settings.names, settings.account, dict(settings.tags) or None
        rules = {"grant-events": names.regional("grant-events"), "settle": names.regional("settle")}
        schedule = args.get("reconcile_schedule", reconcile_permissions.SCHEDULE)
        if schedule:
            rules["reconcile"] = names.regional("reconcile")
        key = args.get("kms_key_arn")
        queue = DeadLetterQueue(
            f"{name}-dead-letters",
            {
                "deployment": args["deployment"],
                "what": "dead-letters",
                "rule_arns": [settings.arn("events", f"rule/{rule}") for rule in rules.values()],
                "kms_key_arn": key,
            },
            child(self),
        )
        role = aws.iam.Role(
            f"{name}-events",
            name=names.iam_name("events"),
            path=names.iam_path,
            description="EventBridge starts the central machine with it",
            assume_role_policy=to_json(permissions.events_trust(names, account)),
            permissions_boundary=settings.permissions_boundary,
            tags=tags,
            opts=child(self),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-events-policy",
            name="permissions",
            role=role.name,
            policy=to_json(permissions.events_policy(names, account)),
            opts=child(self),
        )
        descriptions = {
            "grant-events": "DataZone asks to grant or revoke access to a stream",
            "settle": "An execution of the central machine ended by itself: undo or complete it",
            "reconcile": "Look for grants that nothing has finished and policies that were altered",
        }
        matchers: dict[str, dict[str, Any]] = {
            "grant-events": {
                "event_pattern": built(
                    lambda domain: workflow.grant_event_pattern(names, domain, asset_types), domain=args["domain_id"]
                )
            },
            "settle": {"event_pattern": to_json(workflow.settle_event_pattern(names, account))},
            "reconcile": {"schedule_expression": schedule},
        }
        inputs: dict[str, dict[str, Any]] = {
            "settle": {"input_transformer": workflow.settle_input_transformer()},
            "reconcile": {
                "input": reconcile_permissions.schedule_input(dry_run=not args.get("reconcile_repairs", True))
            },
        }
        for what, physical in rules.items():
            rule = aws.cloudwatch.EventRule(
                f"{name}-{what}",
                name=physical,
                description=descriptions[what],
                tags=tags,
                **matchers[what],
                opts=child(self),
            )
            aws.cloudwatch.EventTarget(
                f"{name}-{what}-target",
                rule=rule.name,
                target_id="central",
                arn=machine.machine_arn,
                role_arn=role.arn,
                dead_letter_config={"arn": queue.queue_arn},
                retry_policy=RETRY_POLICY,
                **inputs.get(what, {}),
                opts=child(self, depends_on=[policy]),
            )
        return queue
