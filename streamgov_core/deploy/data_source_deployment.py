"""What is deployed for a data source: the sync function, the machine of full runs, and the rules that start both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig, run_table
from streamgov_core.catalog.sync_request import SyncRequest
from streamgov_core.deploy.data_source_permissions import (
    schedule_policy,
    schedule_trust,
    sync_machine_policy,
    sync_policy,
)
from streamgov_core.deploy.document_sizes import check_sizes
from streamgov_core.deploy.heartbeat import sync_heartbeat_alarms
from streamgov_core.deploy.schema_events import schema_event_patterns
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import (
    AlarmSpec,
    FailureDestination,
    FunctionSpec,
    MachineSpec,
    QueueSpec,
    RoleSpec,
    RuleSpec,
    TableSpec,
)
from streamgov_core.deploy.sync_machine import SYNC_TIMEOUT, sync_definition
from streamgov_core.runtime.run_store import EXPIRY, PART_KEY, RUN_KEY

SYNC_SCHEDULE = "rate(1 hour)"
"""When a full run starts, unless configured."""
SCHEDULE = "schedule"
"""Key of the rule that starts full runs."""
SYNC_MEMORY = 1769
"""MB that come with one vCPU: what a full run takes is mostly the client's own work on its calls."""


@dataclass(frozen=True)
class DataSourceDeployment:
    """The parts of a data source.

    Args:
        sync: the function. Its role must be a member of the project that owns the assets: a contributor, or in a V2
            domain by the designation of its platform's data sources (``Names.type_designation``).
        machine: the state machine of full runs.
        runs: the table of what their shards work on.
        schedule_role: the role with which the schedule starts the machine.
        dead_letters: queue of events that could not be delivered and of invocations that failed.
        rules: what starts the function and, first, the machine.
        heartbeats: the alarm on the silence of full runs; none if the schedule has them start less than twice a week.
    """

    sync: FunctionSpec
    machine: MachineSpec
    runs: TableSpec
    schedule_role: RoleSpec
    dead_letters: QueueSpec
    rules: tuple[RuleSpec, ...]
    heartbeats: tuple[AlarmSpec, ...]

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
    matchers: dict[str, Mapping[str, Any]] = {SCHEDULE: {"schedule": schedule}}
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
            function_name,
            scope.arn("states", f"stateMachine:{names.regional(function_name, 80)}"),
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
    machine = scope.machine(
        function_name,
        definition=sync_definition(sync.arn),
        policy=sync_machine_policy(names, scope.account, function_name),
    )
    schedule_role = scope.role(
        f"{function_name}-start",
        key="schedule-role",
        description=f"EventBridge starts full runs of {machine.name} with it",
        trust=schedule_trust(names, scope.account, rule_names[SCHEDULE]),
        policy=schedule_policy(names, scope.account, function_name),
    )
    rules = tuple(
        RuleSpec(
            key=rule,
            name=name,
            arn=scope.rule_arn(name),
            description="A full run" if rule == SCHEDULE else "A schema of the registry changed",
            target_id="sync",
            target_arn=machine.arn if rule == SCHEDULE else sync.arn,
            dead_letter_arn=dead_letters.arn,
            role=schedule_role if rule == SCHEDULE else None,
            input_text=json.dumps(SyncRequest().to_message()) if rule == SCHEDULE else None,
            **matchers[rule],
        )
        for rule, name in rule_names.items()
    )
    made = DataSourceDeployment(
        sync,
        machine,
        TableSpec("runs", run_table(names, function_name), hash_key=RUN_KEY, range_key=PART_KEY, expiry=EXPIRY),
        schedule_role,
        dead_letters,
        rules,
        sync_heartbeat_alarms(names, schedule, function_name),
    )
    check_sizes(made)
    return made
