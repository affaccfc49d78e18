"""What is deployed for a data source: the sync function, its dead letters, and the rules that start it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.deploy.data_source_permissions import sync_policy
from streamgov_core.deploy.document_sizes import check_sizes
from streamgov_core.deploy.schema_events import schema_event_patterns
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FailureDestination, FunctionSpec, QueueSpec, RuleSpec

SYNC_SCHEDULE = "rate(1 hour)"
"""When a full run starts, unless configured."""
SYNC_TIMEOUT = 600
"""Time-out of the sync function in seconds; a run that takes longer continues in a further invocation."""
SYNC_MEMORY = 1769
"""MB that come with one vCPU: what a full run takes is mostly the client's own work on its calls."""


@dataclass(frozen=True)
class DataSourceDeployment:
    """The parts of a data source.

    Args:
        sync: the function. Its role must be a member of the project that owns the assets: a contributor, or in a V2
            domain by the designation of its platform's data sources (``Names.type_designation``).
        dead_letters: queue of events that could not be delivered and of invocations that failed.
        rules: what starts the function.
    """

    sync: FunctionSpec
    dead_letters: QueueSpec
    rules: tuple[RuleSpec, ...]

    @property
    def functions(self) -> tuple[FunctionSpec, ...]:
        """All functions."""
        return (self.sync,)


def data_source(
    scope: AccountScope,
    *,
    domain_id: str,
    project_id: str,
    platform: str,
    registry_name: str,
    resource: str,
    topics: Sequence[str] = (),
    key: str | None = None,
    publish: bool = False,
    topic_mapping: str = "same",
    without_schema: bool = False,
    schedule: str = SYNC_SCHEDULE,
    schema_events: bool = True,
) -> DataSourceDeployment:
    """What is deployed for a data source into the producer's account.

    Args:
        scope: the producer's account.
        domain_id: the DataZone domain.
        project_id: the project that owns the assets.
        platform: ``msk`` or ``kinesis``.
        registry_name: the Glue schema registry, in the same account.
        resource: MSK: the cluster's ARN or name. Kinesis: the stream's name or ARN, or an ARN pattern, or empty.
        topics: MSK: patterns of the names of the topics that it may speak for; a run refuses to begin without one.
        key: tells several data sources of one account apart. Default: the platform.
        publish: publish assets and their new revisions automatically.
        topic_mapping: how a schema's name tells its topic or stream (``streamgov_core.catalog.mapping``).
        without_schema: make assets of topics and streams that have no schema, too. Of several data sources over one
            cluster only one should.
        schedule: EventBridge schedule expression of full runs.
        schema_events: a CloudTrail trail delivers schema changes as events.

    Raises:
        ConfigError: the platform is unknown, or AWS has no room for a document.
    """
    names = scope.names
    function_name = f"sync-{key or platform}"
    registry_arn = scope.arn("glue", f"registry/{registry_name}")
    matchers: dict[str, Mapping[str, Any]] = {"schedule": {"schedule": schedule}}
    if schema_events:
        patterns = schema_event_patterns(registry_name, registry_arn)
        for number, pattern in enumerate(patterns, 1):
            matchers["schema-events" if number == 1 else f"schema-events-{number}"] = {"event_pattern": pattern}
    rule_names = {rule: names.regional(f"{function_name}-{rule}") for rule in matchers}
    dead_letters = scope.dead_letters(f"{function_name}-dead-letters", list(rule_names.values()))
    sync = scope.function(
        function_name,
        key="sync",
        entry_point="handlers.sync_catalog.handler",
        description=f"Keeps DataZone assets in step with the schema registry {registry_name}",
        settings=SyncConfig(
            names,
            domain_id,
            registry_name,
            platform,
            resource,
            topic_mapping,
            SyncSettings(project_id, publish, without_schema=without_schema),
            tuple(topics),
        ),
        policy=sync_policy(
            names,
            scope.account,
            domain_id,
            function_name=function_name,
            platform=platform,
            registry_arn=registry_arn,
            resource_arn=resource,
            dead_letter_arn=dead_letters.arn,
            kms_key_arn=scope.kms_key_arn,
            without_schema=without_schema,
        ),
        timeout=SYNC_TIMEOUT,
        memory=SYNC_MEMORY,
        dead_letter=FailureDestination(dead_letters.arn),
    )
    rules = tuple(
        RuleSpec(
            key=rule,
            name=name,
            arn=scope.rule_arn(name),
            description="A full run" if rule == "schedule" else "A schema of the registry changed",
            target_id="sync",
            target_arn=sync.arn,
            dead_letter_arn=dead_letters.arn,
            **matchers[rule],
        )
        for rule, name in rule_names.items()
    )
    made = DataSourceDeployment(sync, dead_letters, rules)
    check_sizes(made)
    return made
