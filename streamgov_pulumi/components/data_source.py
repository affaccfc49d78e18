"""The data source: keeps a project's assets in step with one Glue schema registry."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy import data_source_permissions as permissions
from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.components._documents import built, to_json, variables
from streamgov_pulumi.components._settings import (
    DeploymentArgs,
    SessionArgs,
    Settings,
    child,
    platforms_of,
    session_inputs,
)
from streamgov_pulumi.components.central import RETRY_POLICY
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.components.queue import DeadLetterQueue
from streamgov_pulumi.components.trail import SchemaTrail
from streamgov_pulumi.lookups import TrailLookup, find_trail
from streamgov_pulumi.providers import ProjectMembership
from streamgov_pulumi.providers.session import SessionSettings

DEFAULT_SCHEDULE = "rate(1 hour)"
TRAIL_MODES = ("find", "create", "none")


class SchemaRegistryDataSourceArgs(TypedDict):
    """Arguments of SchemaRegistryDataSource."""

    deployment: DeploymentArgs
    """The producer's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    project_id: pulumi.Input[str]
    """The project that owns the assets."""
    platform: str
    """``msk`` or ``kinesis``."""
    registry_name: str
    """The Glue schema registry, in the same account. Each data source has a registry of its own."""
    resource: pulumi.Input[str]
    """MSK: the cluster's ARN or name. Kinesis: the stream's name or ARN, or an ARN pattern."""
    key: NotRequired[str]
    """The data source's own word, for several of one platform in one account. Default: the platform."""
    schedule: NotRequired[str]
    """EventBridge schedule of full runs. Default ``rate(1 hour)``."""
    trail: NotRequired[str]
    """Schema events need a CloudTrail trail: ``find`` one (default), ``create`` one, or ``none``."""
    trail_arn: NotRequired[pulumi.Input[str]]
    """ARN of the trail to rely on, if it is known; nothing is looked for then."""
    publish: NotRequired[bool]
    """Publish assets and their new revisions without anybody's doing. Default false."""
    topic_mapping: NotRequired[str]
    """How a schema's name tells its topic or stream. Default ``same``."""
    without_schema: NotRequired[bool]
    """Make assets of topics and streams that have no schema, too. Default false. Of several data sources over one
    cluster one alone should."""
    session: NotRequired[SessionArgs]
    """How the producer's account is reached."""
    domain_session: NotRequired[SessionArgs]
    """How the domain's account is reached: the membership is made there. Default: as the producer's account."""
    membership: NotRequired[bool]
    """Make the function's role a contributor of the project. Default true; false if the domain's team does it."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the logs and dead letters."""


class SchemaRegistryDataSource(pulumi.ComponentResource):
    """The sync function with its schedule, schema events, dead letters, alarms and membership."""

    function_arn: pulumi.Output[str]
    """ARN of the sync function; invoke it by hand for a run at once."""
    function_name: pulumi.Output[str]
    """Name of the sync function."""
    role_arn: pulumi.Output[str]
    """ARN of its role."""
    schema_events: pulumi.Output[str]
    """What tells it of schema changes: a trail's ARN, or ``schedule only``."""

    def __init__(
        self, name: str, args: SchemaRegistryDataSourceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("streamgov:index:SchemaRegistryDataSource", name, {}, opts)
        settings = Settings.of(args["deployment"])
        names, account = settings.names, settings.account
        platform = platforms_of([args["platform"]])[0]
        source = args.get("key", platform.name)
        what = permissions.function_what(source)
        registry_arn = settings.arn("glue", f"registry/{args['registry_name']}")
        kms_key = args.get("kms_key_arn")

        patterns = permissions.schema_event_patterns(args["registry_name"], registry_arn)
        events = self._trail(name, args, settings)
        words = ["schema-events" if n == 1 else f"schema-events-{n}" for n in range(1, len(patterns) + 1)]
        matchers = {"schedule": {"schedule_expression": args.get("schedule", DEFAULT_SCHEDULE)}}
        if events is not None:
            matchers |= {word: {"event_pattern": to_json(p)} for word, p in zip(words, patterns, strict=True)}
        rules = {rule: names.regional(f"{what}-{rule}") for rule in matchers}
        queue = DeadLetterQueue(
            f"{name}-dead-letters",
            {
                "deployment": args["deployment"],
                "what": f"{what}-dead-letters",
                "rule_arns": [settings.arn("events", f"rule/{rule}") for rule in rules.values()],
                "kms_key_arn": kms_key,
            },
            child(self),
        )
        function = FunctionWithRole(
            f"{name}-sync",
            {
                "deployment": args["deployment"],
                "what": what,
                "entry": "handlers.sync_catalog.handler",
                "description": f"Keeps DataZone assets in step with the schema registry {args['registry_name']}",
                "timeout": 600,
                # One vCPU: what a full run takes is mostly the client's own work on its calls.
                "memory": 1769,
                "policy": built(
                    lambda domain, resource, queue_arn, key_arn: permissions.sync_policy(
                        names,
                        account,
                        domain,
                        platform=platform.name,
                        registry_arn=registry_arn,
                        resource_arn=resource,
                        data_source=source,
                        dead_letter_arn=queue_arn,
                        kms_key_arn=key_arn,
                        without_schema=args.get("without_schema", False),
                    ),
                    domain=args["domain_id"],
                    resource=args["resource"],
                    queue_arn=queue.queue_arn,
                    key_arn=kms_key,
                ),
                "environment": variables(
                    lambda domain, project, resource: permissions.sync_environment(
                        names,
                        domain_id=domain,
                        project_id=project,
                        platform=platform.name,
                        registry_name=args["registry_name"],
                        resource_arn=resource,
                        data_source=source,
                        publish=args.get("publish", False),
                        topic_mapping=args.get("topic_mapping", "same"),
                        without_schema=args.get("without_schema", False),
                    ),
                    domain=args["domain_id"],
                    project=args["project_id"],
                    resource=args["resource"],
                ),
                "kms_key_arn": kms_key,
            },
            child(self),
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-invocations",
            function_name=function.function_name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=3600,
            destination_config={"on_failure": {"destination": queue.queue_arn}},
            opts=child(self),
        )
        membership = self._membership(name, args, settings, function)
        for rule_word, matcher in matchers.items():
            self._rule(name, settings, rule_word, rules[rule_word], matcher, function, queue, membership)

        self.function_arn = function.function_arn
        self.function_name = function.function_name
        self.role_arn = function.role_arn
        self.schema_events = pulumi.Output.from_input(events if events is not None else "schedule only")
        self.register_outputs(
            {
                "function_arn": self.function_arn,
                "function_name": self.function_name,
                "role_arn": self.role_arn,
                "schema_events": self.schema_events,
            }
        )

    def _rule(
        self,
        name: str,
        settings: Settings,
        word: str,
        physical: str,
        matcher: dict[str, Any],
        function: FunctionWithRole,
        queue: DeadLetterQueue,
        membership: list[pulumi.Resource],
    ) -> None:
        description = "A full run" if word == "schedule" else "A schema of the registry changed"
        permission = aws.lambda_.Permission(
            f"{name}-{word}-permission",
            statement_id=f"rule-{word}",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="events.amazonaws.com",
            source_arn=settings.arn("events", f"rule/{physical}"),
            opts=child(self),
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-{word}",
            name=physical,
            description=description,
            tags=dict(settings.tags) or None,
            **matcher,
            opts=child(self),
        )
        aws.cloudwatch.EventTarget(
            f"{name}-{word}-target",
            rule=rule.name,
            target_id="sync",
            arn=function.function_arn,
            dead_letter_config={"arn": queue.queue_arn},
            retry_policy=RETRY_POLICY,
            opts=child(self, depends_on=[permission, *membership]),
        )

    def _membership(
        self, name: str, args: SchemaRegistryDataSourceArgs, settings: Settings, function: FunctionWithRole
    ) -> list[pulumi.Resource]:
        if not args.get("membership", True):
            return []
        membership = ProjectMembership(
            f"{name}-membership",
            {
                "domain_id": args["domain_id"],
                "project_id": args["project_id"],
                "user_identifier": function.role_arn,
                "designation": "PROJECT_CONTRIBUTOR",
                **session_inputs(settings, args.get("domain_session", args.get("session"))),
            },
            child(self),
        )
        return [membership]

    def _trail(self, name: str, args: SchemaRegistryDataSourceArgs, settings: Settings) -> pulumi.Input[str] | None:
        """The trail that tells of schema changes, or None: then only the schedule does."""
        if "trail_arn" in args:
            return args["trail_arn"]
        mode = args.get("trail", "find")
        if mode not in TRAIL_MODES:
            raise ConfigError(f"trail must be one of {', '.join(TRAIL_MODES)}; got {mode!r}")
        if mode == "create":
            return SchemaTrail(f"{name}-trail", {"deployment": args["deployment"]}, child(self)).trail_arn
        if mode == "none":
            return None
        session = args.get("session") or {}
        found: TrailLookup = find_trail(
            SessionSettings(settings.names.region, session.get("assume_role_arn", ""), session.get("external_id", ""))
        )
        if found.trail_arn is None:
            pulumi.log.warn(
                f"{found.reason}. Schema changes are therefore seen by the schedule only; set trail to 'create' for "
                "a trail of our own, or to 'none' to silence this",
                self,
            )
        return found.trail_arn
