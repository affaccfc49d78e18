"""What is deployed into the domain account: grant ledger, three functions, central machine, its roles and rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from streamgov_core.deploy.central_events import (
    SETTLE_INPUT_PATHS,
    SETTLE_INPUT_TEMPLATE,
    EventPattern,
    grant_event_pattern,
    reconcile_input,
    settle_event_pattern,
)
from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.dashboards import domain_dashboard
from streamgov_core.deploy.document_sizes import check_sizes, fitted, how_many_fit
from streamgov_core.deploy.domain_permissions import (
    callback_policy,
    callback_trust,
    central_machine_policy,
    collect_policy,
    ends_trust,
    events_policy,
    events_trust,
    reconcile_policy,
    report_policy,
)
from streamgov_core.deploy.heartbeat import heartbeat_alarms
from streamgov_core.deploy.iam_statements import Document
from streamgov_core.deploy.reconcile_branch import RECONCILE_TIMEOUT
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.snap_start import DOMAIN_FUNCTIONS, through_aliases
from streamgov_core.deploy.spec import (
    AlarmSpec,
    DashboardSpec,
    FunctionSpec,
    MachineSpec,
    QueueSpec,
    RoleSpec,
    RuleSpec,
    ScheduleGroupSpec,
    TableSpec,
)
from streamgov_core.documents.compiler import INLINE_LIMIT, TRUST_LIMIT
from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_core.domain.settings import CollectSettings, ReconcileSettings, ReportSettings
from streamgov_core.model.findings import RECONCILER, mode_of
from streamgov_core.model.naming import Names, check_account
from streamgov_core.runtime.metrics import METRIC_NAMESPACE
from streamgov_core.runtime.run_store import EXPIRY, PART_KEY, RUN_KEY

RECONCILE_SCHEDULE = "rate(1 hour)"
"""When the reconciler runs, unless configured."""
GRACE_SECONDS = 900.0
"""How long a grant may be open before an execution must work on it, in seconds."""


@dataclass(frozen=True)
class DomainDeployment:
    """The parts of the domain account.

    Args:
        grants: the grant ledger.
        runs: what the shards of a reconcile run work on.
        collect: the function that collects what a grant needs.
        report: the function that reports a grant's outcome.
        reconcile: the function that finds and repairs what no execution has finished.
        machine: the central machine.
        callback: role through which member machines answer the central machine.
        events: role with which EventBridge starts the central machine.
        dead_letters: queue of events that could not start the central machine.
        rules: what starts the central machine.
        end_schedules: group of the schedules of ends of access.
        ends: role with which those schedules start the central machine.
        open_findings: alarm on findings that the reconciler did not repair.
        heartbeats: alarm on a reconciler that does not run or does not end; none without a schedule.
        dashboard: what a person looks at.
    """

    grants: TableSpec
    runs: TableSpec
    collect: FunctionSpec
    report: FunctionSpec
    reconcile: FunctionSpec
    machine: MachineSpec
    callback: RoleSpec
    events: RoleSpec
    dead_letters: QueueSpec
    rules: tuple[RuleSpec, ...]
    end_schedules: ScheduleGroupSpec
    ends: RoleSpec
    open_findings: AlarmSpec
    heartbeats: tuple[AlarmSpec, ...]
    dashboard: DashboardSpec

    @property
    def functions(self) -> tuple[FunctionSpec, ...]:
        """All functions. Their roles must be contributors of every project whose grants they handle."""
        return self.collect, self.report, self.reconcile


def domain_account(
    scope: AccountScope,
    *,
    domain_id: str,
    members: Sequence[str],
    asset_types: Sequence[str],
    organization_id: str | None = None,
    principal_accounts: Mapping[str, Sequence[str]] | None = None,
    managed_vpc: bool = True,
    cross_account_serverless: bool = False,
    request_required: bool = False,
    ends: GrantEnds | None = None,
    projects: Sequence[str] = (),
    reconcile_schedule: str = RECONCILE_SCHEDULE,
    reconcile_repairs: bool = True,
    grace: float = GRACE_SECONDS,
    collect_concurrency: int | None = None,
    snap_start: bool | None = None,
) -> DomainDeployment:
    """What is deployed into the domain account.

    Args:
        scope: the domain account.
        domain_id: the DataZone domain.
        members: accounts of producers and consumers.
        asset_types: names of the asset types whose grants are handled.
        organization_id: the organisation that all members are of. Documents name it instead of each account, so that
            there may be any number of them.
        principal_accounts: member account to further accounts whose roles its subscription targets may name.
        managed_vpc: grants across accounts include managed VPC connections to the cluster.
        cross_account_serverless: try grants on serverless clusters across accounts, which AWS does not document.
        request_required: refuse a grant whose request cannot be read.
        ends: the end of access where none was asked for, and the latest one.
        projects: consumers' projects whose grants are reconciled; without any, all that the reconciler sees.
        reconcile_schedule: EventBridge schedule expression; empty for never.
        reconcile_repairs: scheduled runs repair what they find, instead of only reporting it.
        grace: seconds that a grant may be open before an execution must work on it.
        collect_concurrency: how many invocations of the function that reads grants run side by side at most, reserved
            for it: the queue of a burst. None: the account's common pool.
        snap_start: the functions that a grant waits for have aliases, with snapshots (True) or without (False, for the
            executions that still name an alias when snapshots are given up). None: no aliases.

    Raises:
        ConfigError: an account id is malformed, or a document has no room for so many accounts.
    """
    names, account, key_arn = scope.names, scope.account, scope.kms_key_arn
    member_accounts = tuple(sorted({check_account(member, "member account") for member in members}))
    types = tuple(sorted({*asset_types}))
    aliased = () if snap_start is None else DOMAIN_FUNCTIONS
    collect = scope.function(
        "collect",
        entry_point="handlers.collect_grant.handler",
        description="Collects what a subscription grant needs and records it",
        settings=CollectSettings(
            names,
            domain_id,
            member_accounts,
            types,
            principal_accounts={key: tuple(sorted(value)) for key, value in (principal_accounts or {}).items()},
            options={"managedVpc": managed_vpc, "crossAccountServerless": cross_account_serverless},
            request_required=request_required,
            ends=ends or GrantEnds(),
        ),
        policy=collect_policy(names, account, key_arn),
        reserved_concurrency=collect_concurrency,
        snap_start=snap_start,
    )
    report = scope.function(
        "report",
        entry_point="handlers.report_grant.handler",
        description="Reports the outcome of a subscription grant",
        settings=ReportSettings(names, domain_id, member_accounts, types, account),
        policy=report_policy(names, account, key_arn),
        snap_start=snap_start,
    )
    machine = scope.machine(
        "central",
        definition=through_aliases(
            central_definition(names, account), {function.arn: function for function in (collect, report)}
        ),
        policy=_for_members(
            partial(central_machine_policy, names, account, organization_id=organization_id, aliased=aliased),
            member_accounts,
            INLINE_LIMIT,
            "the policy of the central machine's role",
        ),
    )
    events = scope.role(
        "events",
        key="events",
        description="EventBridge starts the central machine with it",
        trust=events_trust(names, account),
        policy=events_policy(names, account),
    )
    rule_keys = ["grant-events", "settle", *(["reconcile"] if reconcile_schedule else [])]
    dead_letters = scope.dead_letters("dead-letters", [names.regional(key) for key in rule_keys])
    rules = _rules(
        scope, machine, events, dead_letters, domain_id, types, reconcile_schedule, dry_run=not reconcile_repairs
    )
    made = DomainDeployment(
        grants=TableSpec("grants", names.grant_table, hash_key="grantId", range_key="assetId", expiry="purgeAt"),
        runs=TableSpec("runs", names.run_table, hash_key=RUN_KEY, range_key=PART_KEY, expiry=EXPIRY),
        collect=collect,
        report=report,
        reconcile=scope.function(
            "reconcile",
            entry_point="handlers.reconcile_grants.handler",
            description="Finds and repairs grants that nothing has finished and policies that were altered",
            settings=ReconcileSettings(
                names, domain_id, member_accounts, types, account, tuple(sorted({*projects})), grace
            ),
            policy=reconcile_policy(names, account, key_arn),
            timeout=RECONCILE_TIMEOUT,
            memory=512,
        ),
        machine=machine,
        callback=scope.role(
            "callback",
            key="callback",
            description="Member machines answer the central machine's task tokens through it",
            trust=_for_members(
                partial(callback_trust, names, account, organization_id=organization_id),
                member_accounts,
                TRUST_LIMIT,
                "the trust policy of the callback role",
            ),
            policy=callback_policy(names, account),
        ),
        events=events,
        dead_letters=dead_letters,
        rules=tuple(rule for rule in rules if rule.key in rule_keys),
        end_schedules=ScheduleGroupSpec(
            "ends", names.end_schedules, scope.arn("scheduler", f"schedule-group/{names.end_schedules}")
        ),
        ends=scope.role(
            "ends",
            key="ends",
            description="The schedule of an end of access starts the central machine with it",
            trust=ends_trust(names, account),
            policy=events_policy(names, account),
        ),
        open_findings=_open_findings(names, dry_run=not reconcile_repairs),
        heartbeats=heartbeat_alarms(names, reconcile_schedule, dry_run=not reconcile_repairs),
        dashboard=domain_dashboard(names, machine.arn, dry_run=not reconcile_repairs),
    )
    check_sizes(made)
    return made


def _for_members(
    build: Callable[[Sequence[str]], Document], members: Sequence[str], limit: int, document: str
) -> Document:
    return fitted(
        build,
        members,
        limit,
        document=document,
        noun="member accounts",
        advice="name their organisation (organizationId), and their number does not matter any more",
    )


def members_that_fit(names: Names, account: str, *, snap_start: bool | None = None) -> int:
    """How many member accounts a deployment may have that names no organisation.

    Args:
        names: the deployment's names.
        account: the domain's account.
        snap_start: as ``domain_account`` takes it.
    """
    aliased = () if snap_start is None else DOMAIN_FUNCTIONS
    some = [f"{number:012}" for number in range(1_000)]
    return min(
        how_many_fit(partial(callback_trust, names, account), some, TRUST_LIMIT),
        how_many_fit(partial(central_machine_policy, names, account, aliased=aliased), some, INLINE_LIMIT),
    )


def _rules(
    scope: AccountScope,
    machine: MachineSpec,
    role: RoleSpec,
    dead_letters: QueueSpec,
    domain_id: str,
    asset_types: Sequence[str],
    schedule: str,
    *,
    dry_run: bool,
) -> tuple[RuleSpec, ...]:
    names = scope.names

    def rule(
        key: str,
        description: str,
        *,
        event_pattern: EventPattern | None = None,
        schedule: str | None = None,
        input_text: str | None = None,
        input_paths: Mapping[str, str] | None = None,
        input_template: str | None = None,
    ) -> RuleSpec:
        name = names.regional(key)
        return RuleSpec(
            key=key,
            name=name,
            arn=scope.rule_arn(name),
            description=description,
            target_id="central",
            target_arn=machine.arn,
            dead_letter_arn=dead_letters.arn,
            event_pattern=event_pattern,
            schedule=schedule,
            role=role,
            input_text=input_text,
            input_paths=input_paths,
            input_template=input_template,
        )

    return (
        rule(
            "grant-events",
            "DataZone asks to grant or revoke access to a stream",
            event_pattern=grant_event_pattern(names, domain_id, asset_types),
        ),
        rule(
            "settle",
            "An execution of the central machine ended by itself: undo or complete it",
            event_pattern=settle_event_pattern(names, scope.account),
            input_paths=SETTLE_INPUT_PATHS,
            input_template=SETTLE_INPUT_TEMPLATE,
        ),
        rule(
            "reconcile",
            "Look for grants that nothing has finished and policies that were altered",
            schedule=schedule,
            input_text=reconcile_input(dry_run=dry_run),
        ),
    )


def _open_findings(names: Names, *, dry_run: bool) -> AlarmSpec:
    return AlarmSpec(
        key="reconcile-open",
        name=names.regional("reconcile-open", 255),
        description=(
            "The reconciler found something that it could not or would not put right: its latest execution of "
            f"{names.central_machine} lists it, as does log group {names.log_group('reconcile')}"
        ),
        namespace=METRIC_NAMESPACE,
        metric="Open",
        dimensions={
            "Deployment": names.namespace,
            "Function": RECONCILER,
            "Mode": mode_of(dry_run),
        },
    )
