"""The data source: keeps a project's assets in step with one Glue schema registry."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.data_source_deployment import SCHEDULE, SYNC_SCHEDULE, DataSourceDeployment, data_source
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import RuleSpec
from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.choices import CREATE_TRAIL, FIND_TRAIL, NO_TRAIL, TRAIL_MODES
from streamgov_pulumi.arguments.inputs import holds_late
from streamgov_pulumi.components._account import AccountComponent, AccountInput, account_of
from streamgov_pulumi.components._description import FLAGS, Description
from streamgov_pulumi.components._looks import Kind, of_account
from streamgov_pulumi.components._members import writing_assets_as
from streamgov_pulumi.components._settings import Settings, child, platforms_of
from streamgov_pulumi.components._wanted import RESOURCES
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.ledger import ledger_table
from streamgov_pulumi.components.machine import StateMachineWithRole
from streamgov_pulumi.components.queue import DeadLetterQueue
from streamgov_pulumi.components.role import role_with_policy
from streamgov_pulumi.components.rules import rule_with_target
from streamgov_pulumi.components.trail import SchemaTrail
from streamgov_pulumi.lookups import TrailLookup, find_trail
from streamgov_pulumi.providers import ProjectMembership
from streamgov_pulumi.providers import reference_kinds as kinds
from streamgov_pulumi.providers.session import SessionSettings


class SchemaRegistryDataSourceArgs(TypedDict):
    """Arguments of SchemaRegistryDataSource."""

    account: AccountInput
    """The producer's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    project_id: pulumi.Input[str]
    """The project that owns the assets."""
    platform: str
    """``msk`` or ``kinesis``."""
    registry_name: pulumi.Input[str]
    """The Glue schema registry, in the same account. Each data source has a registry of its own."""
    resource: pulumi.Input[str]
    """MSK: the cluster's ARN or name. Kinesis: the stream's name or ARN, or an ARN pattern."""
    topics: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """MSK, where it is needed: patterns of the names of the topics that the data source may speak for."""
    key: NotRequired[str]
    """Tells several data sources of one account apart. Default: the platform."""
    schedule: NotRequired[str]
    """EventBridge schedule of full runs, which an alarm expects. Default ``rate(1 hour)``."""
    trail: NotRequired[str]
    """Schema events need a CloudTrail trail: ``find`` one (default), ``create`` one, or ``none``."""
    trail_arn: NotRequired[pulumi.Input[str]]
    """ARN of the trail to rely on, if it is known; nothing is looked for then."""
    publish: NotRequired[pulumi.Input[bool]]
    """Publish assets and their new revisions automatically. Default false."""
    topic_mapping: NotRequired[pulumi.Input[str]]
    """How a schema's name tells its topic or stream. Default ``same``."""
    without_schema: NotRequired[pulumi.Input[bool]]
    """Make assets of topics and streams that have no schema, too. Default false. Of several data sources over one
    cluster only one should."""
    membership_account: NotRequired[AccountInput]
    """The domain's account, where the membership is made. Default: the producer's account."""
    membership: NotRequired[bool]
    """Make the function's role a member of the project. Default true; false if the domain's team does it."""
    own_designations: NotRequired[pulumi.Input[bool]]
    """In a V2 domain the role is a member by the designation that the asset type's component makes, which permits what
    the function calls and no more; false makes it a contributor. In a program that has that component, let the data
    source depend on it. Default true."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the logs and dead letters."""


class SchemaRegistryDataSource(AccountComponent):
    """The sync function, the state machine of full runs, their schedule, schema events, dead letters, alarms and
    membership.
    """

    function_arn: pulumi.Output[str]
    """ARN of the sync function; invoke it by hand for a schema at once, or to start a full run."""
    function_name: pulumi.Output[str]
    """Name of the sync function."""
    role_arn: pulumi.Output[str]
    """ARN of its role."""
    machine_arn: pulumi.Output[str]
    """ARN of the state machine of full runs."""
    schema_events: pulumi.Output[str]
    """What tells it of schema changes: a trail's ARN, or ``schedule only``."""
    dead_letter_arn: pulumi.Output[str]
    """ARN of the queue of what could not be delivered or handled."""

    def __init__(
        self, name: str, args: SchemaRegistryDataSourceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("SchemaRegistryDataSource", name, args, SchemaRegistryDataSourceArgs, opts)
        settings = self._account.settings
        self._domain = account_of(args.get("membership_account", self._account), f"{name}-membership", opts)
        kms_key = args.get("kms_key_arn")
        events = self._trail(name, args, settings)
        source = describe_data_source(settings, args, schema_events=events is not None)
        queue = DeadLetterQueue(
            f"{name}-dead-letters",
            settings,
            source.part(lambda spec: spec.dead_letters),
            child(self),
            kms_key_arn=kms_key,
        )
        table = ledger_table(
            self,
            f"{name}-runs",
            settings,
            source.known(lambda spec: spec.runs),
            kms_key_arn=kms_key,
            deletion_protection=False,  # what lies there is of use for two days
        )
        function = FunctionWithRole(
            f"{name}-sync",
            settings,
            source.part(lambda spec: spec.sync),
            child(self, depends_on=[queue, table]),
            kms_key_arn=kms_key,
        )
        # It looks for the designation that the asset type's component makes, and a component's own ``depends_on`` does
        # not reach its children.
        membership = self._membership(name, args, function, child(self, depends_on=opts.depends_on if opts else None))
        machine = StateMachineWithRole(
            f"{name}-machine",
            settings,
            source.part(lambda spec: spec.machine),
            child(self, depends_on=[function]),
            kms_key_arn=kms_key,
        )
        if source.known(lambda spec: bool(spec.heartbeats)):
            heartbeat = source.part(lambda spec: spec.heartbeats[0])
            alarm(self, f"{name}-heartbeat", settings, heartbeat, after=[machine])
        self._schedule(name, settings, source, machine, queue, membership)
        for rule_key in source.known(lambda spec: [rule.key for rule in spec.rules if rule.key != SCHEDULE]):
            self._rule(name, settings, source.part(partial(_rule, rule_key)), function, queue, membership)

        self.function_arn = function.function_arn
        self.function_name = function.function_name
        self.role_arn = function.role_arn
        self.machine_arn = machine.machine_arn
        self.schema_events = pulumi.Output.from_input(events).apply(lambda found: found or "schedule only")
        self.dead_letter_arn = queue.queue_arn
        self.register_outputs(
            {
                "dead_letter_arn": self.dead_letter_arn,
                "function_arn": self.function_arn,
                "function_name": self.function_name,
                "machine_arn": self.machine_arn,
                "role_arn": self.role_arn,
                "schema_events": self.schema_events,
            }
        )

    def _schedule(
        self,
        name: str,
        settings: Settings,
        source: Description[DataSourceDeployment],
        machine: StateMachineWithRole,
        queue: DeadLetterQueue,
        membership: list[pulumi.Resource],
    ) -> None:
        role, before = role_with_policy(
            self, f"{name}-start", f"{name}-start-policy", settings, source.part(lambda spec: spec.schedule_role)
        )
        rule_with_target(
            self,
            f"{name}-{SCHEDULE}",
            settings,
            source.part(partial(_rule, SCHEDULE)),
            target_arn=machine.machine_arn,
            dead_letter_arn=queue.queue_arn,
            role_arn=role.arn,
            after=[machine, *before, *membership],
        )

    def _rule(
        self,
        name: str,
        settings: Settings,
        rule: Description[RuleSpec],
        function: FunctionWithRole,
        queue: DeadLetterQueue,
        membership: list[pulumi.Resource],
    ) -> None:
        rule_key = rule.known(lambda spec: spec.key)
        permission = aws.lambda_.Permission(
            f"{name}-{rule_key}-permission",
            statement_id=f"rule-{rule_key}",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.known(lambda spec: spec.arn),
            opts=child(self),
        )
        rule_with_target(
            self,
            f"{name}-{rule_key}",
            settings,
            rule,
            target_arn=function.function_arn,
            dead_letter_arn=queue.queue_arn,
            after=[permission, *membership],
        )

    def _membership(
        self,
        name: str,
        args: SchemaRegistryDataSourceArgs,
        function: FunctionWithRole,
        opts: pulumi.ResourceOptions,
    ) -> list[pulumi.Resource]:
        if not args.get("membership", True):
            return []
        membership = ProjectMembership(
            f"{name}-membership",
            {
                "domain_id": args["domain_id"],
                "project_id": args["project_id"],
                "user_identifier": function.role_arn,
                **writing_assets_as(self._account.settings, platforms_of([args["platform"]])[0], args),
                **self._domain.session_inputs(),
                **of_account(self._account, name, _named(args)),
            },
            opts,
        )
        return [membership]

    def _trail(self, name: str, args: SchemaRegistryDataSourceArgs, settings: Settings) -> pulumi.Input[str | None]:
        """The trail that tells of schema changes, or None: then only the schedule does.

        A trail is looked for beside the registration; the rules for its events are made either way, and stay silent
        where none is found.
        """
        if "trail_arn" in args:
            return args["trail_arn"]
        mode = args.get("trail", FIND_TRAIL)
        if mode not in TRAIL_MODES:
            raise ConfigError(f"trail must be one of {', '.join(TRAIL_MODES)}; got {mode!r}")
        if mode == CREATE_TRAIL:
            return SchemaTrail(f"{name}-trail", {"account": self._account}, child(self)).trail_arn
        if mode == NO_TRAIL:
            return None
        return self._account.looked_up(self._found_trail)

    def _found_trail(self, session: SessionSettings) -> str | None:
        found: TrailLookup = find_trail(session)
        if found.trail_arn is None:
            pulumi.log.warn(
                f"{found.reason}. Schema changes are therefore seen by the schedule only; set trail to 'create' for "
                "a trail of our own, or to 'none' to silence this",
                self,
            )
        return found.trail_arn


def describe_data_source(
    settings: Settings, args: SchemaRegistryDataSourceArgs, *, schema_events: bool
) -> Description[DataSourceDeployment]:
    """What is deployed for the data source, from the component's arguments."""
    platform = platforms_of([args["platform"]])[0]
    topics: Any = args.get("topics", [])
    if not holds_late(topics):
        # Refuses what does not say what it may speak for; the resource itself may not be known yet.
        platform.governed_patterns(settings.names, settings.account, "", topics)

    def build(boundary: str | None, key_arn: str | None, **values: Any) -> DataSourceDeployment:
        return data_source(
            AccountScope(settings.names, settings.account, boundary, key_arn),
            platform=platform.name,
            key=args.get("key"),
            schema_events=schema_events,
            **values,
        )

    stand_ins = {
        "topics": (["stand-in"], ["other"]),
        "publish": FLAGS,
        "topic_mapping": ("same", "suffix:-value"),
        "without_schema": FLAGS,
    }
    return Description(
        build,
        stand_ins,
        boundary=settings.permissions_boundary,
        key_arn=args.get("kms_key_arn"),
        domain_id=args["domain_id"],
        project_id=args["project_id"],
        registry_name=args["registry_name"],
        resource=args["resource"],
        topics=topics,
        publish=args.get("publish", False),
        topic_mapping=args.get("topic_mapping", "same"),
        without_schema=args.get("without_schema", False),
        schedule=args.get("schedule", SYNC_SCHEDULE),
    )


def _named(args: SchemaRegistryDataSourceArgs) -> list[tuple[str, Kind, Any]]:
    """What should be in the producer's account; the project is looked up by the membership."""
    named: list[tuple[str, Kind, Any]] = [("registry_name", kinds.registry, args["registry_name"])]
    if args["platform"] in RESOURCES:
        named.append(("resource", RESOURCES[args["platform"]], args["resource"]))
    if args.get("trail", FIND_TRAIL) == FIND_TRAIL:
        named.append(("trail_arn", kinds.trail, args.get("trail_arn")))
    return named


def _rule(key: str, source: DataSourceDeployment) -> RuleSpec:
    return next(rule for rule in source.rules if rule.key == key)
