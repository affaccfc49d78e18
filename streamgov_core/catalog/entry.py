"""The data source's function: configuration from the environment, real gateways, and what an event asks for.

The sync of one schema is done at once; a full run is the state machine's, whose phases are events as well.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from streamgov_core.catalog.asset_gateway import DataZoneAssets
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.change_events import EventBusPublisher
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.full_run import FUNCTION, FullRun, count_assets, failures_first
from streamgov_core.catalog.glue import GlueRegistry
from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.catalog.run_journal import DynamoRunJournal, runs
from streamgov_core.catalog.run_plan import READERS
from streamgov_core.catalog.source_parts import SourceParts
from streamgov_core.catalog.sync import sync_one
from streamgov_core.catalog.sync_request import SyncRequest, parse_event
from streamgov_core.model.environment_variables import (
    compact_json,
    flag,
    list_from_json,
    names_from_environment,
    names_to_environment,
    required,
)
from streamgov_core.model.errors import CatalogError, ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics
from streamgov_core.runtime.run_store import DynamoRunStore
from streamgov_core.runtime.settings_layer import function_variables

# Variables that reviews read, too.
REGISTRY_NAME = "STREAMGOV_REGISTRY_NAME"
PUBLISH = "STREAMGOV_PUBLISH"
RESOURCE = "STREAMGOV_RESOURCE"
TOPICS = "STREAMGOV_TOPICS"
TOPIC_MAPPING = "STREAMGOV_TOPIC_MAPPING"
SOURCE = "STREAMGOV_SOURCE"
MACHINE = "STREAMGOV_MACHINE"

MARGIN_MS = 60_000
"""An invocation begins no schema when less time remains: calls in progress must end, retries included."""
MAX_ATTEMPTS = 15
"""DataZone takes some 20 assets a second: a first run over many schemas has to wait its turn."""


@dataclass(frozen=True)
class SyncConfig:
    """The configuration of a data source's function.

    Args:
        names: of the deployment.
        domain_id: the DataZone domain.
        registry_name: the Glue schema registry.
        platform: ``msk`` or ``kinesis``.
        resource: the MSK cluster's ARN or name; for Kinesis a pattern of stream ARNs, or empty.
        mapping: how a schema's name tells its topic or stream (``streamgov_core.catalog.mapping``).
        settings: how the assets are kept.
        topics: patterns of the names of the topics that it may speak for; MSK only.
        source: the data source's name, ``sync-msk`` for example: of its function, machine and table.
        machine_arn: the state machine of its full runs; empty where a release deployed the function that had none.
    """

    growing: ClassVar[tuple[str, ...]] = (TOPICS,)

    names: Names
    domain_id: str
    registry_name: str
    platform: str
    resource: str
    mapping: str
    settings: SyncSettings
    topics: tuple[str, ...] = ()
    source: str = "sync"
    machine_arn: str = ""

    @property
    def run_table(self) -> str:
        """The table of its runs."""
        return run_table(self.names, self.source)

    def to_environment(self) -> dict[str, str]:
        """The environment variables that ``from_environment`` reads."""
        settings = self.settings
        return {
            **names_to_environment(self.names),
            "STREAMGOV_DOMAIN_ID": self.domain_id,
            "STREAMGOV_PROJECT_ID": settings.project_id,
            "STREAMGOV_PLATFORM": self.platform,
            REGISTRY_NAME: self.registry_name,
            RESOURCE: self.resource,
            TOPICS: compact_json(self.topics),
            TOPIC_MAPPING: self.mapping,
            PUBLISH: flag(settings.publish),
            "STREAMGOV_CONCURRENCY": str(settings.concurrency),
            "STREAMGOV_MAX_RETIRE_SHARE": repr(settings.max_retire_share),
            "STREAMGOV_WITHOUT_SCHEMA": flag(settings.without_schema),
            SOURCE: self.source,
            MACHINE: self.machine_arn,
        }

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> SyncConfig:
        """Read what ``to_environment`` wrote.

        Raises:
            ConfigError: a variable is missing or is no number where it must be one.
        """
        try:
            concurrency = int(env.get("STREAMGOV_CONCURRENCY", "32"))
            share = float(env.get("STREAMGOV_MAX_RETIRE_SHARE", "0.25"))
        except ValueError as error:
            raise ConfigError(
                f"STREAMGOV_CONCURRENCY and STREAMGOV_MAX_RETIRE_SHARE must be numbers: {error}"
            ) from error
        return cls(
            names=names_from_environment(env),
            domain_id=required(env, "STREAMGOV_DOMAIN_ID"),
            registry_name=required(env, REGISTRY_NAME),
            platform=required(env, "STREAMGOV_PLATFORM"),
            resource=env.get(RESOURCE, ""),
            mapping=env.get(TOPIC_MAPPING, "same"),
            settings=SyncSettings(
                required(env, "STREAMGOV_PROJECT_ID"),
                env.get(PUBLISH) == "true",
                max(1, concurrency),
                share,
                env.get("STREAMGOV_WITHOUT_SCHEMA") == "true",
            ),
            topics=list_from_json(env.get(TOPICS, "[]")),
            source=env.get(SOURCE, "sync"),
            machine_arn=env.get(MACHINE, ""),
        )


def run_table(names: Names, source: str) -> str:
    """Name of the table of a data source's runs."""
    return names.regional(f"{source}-runs", 255)


def make_clients(config: SyncConfig) -> Clients:
    """Clients with connections for all threads of a data source; they slow down when a service throttles."""
    connections = 2 * config.settings.concurrency + READERS
    return Clients(config.names.region, retry_mode="adaptive", max_pool=connections, max_attempts=MAX_ATTEMPTS)


clients_of = cache(make_clients)
"""Clients for the life of the process."""


def prepare() -> None:
    """What can be made before the first event: the configuration is read, clients are there."""
    clients_of(SyncConfig.from_environment(function_variables())).prepare("datazone", "dynamodb", "glue")


def run(event: Any, context: Any, metrics: FunctionMetrics | None = None) -> dict[str, Any]:
    """Do what an event asks for and report it.

    Args:
        event: see ``streamgov_core.catalog.sync_request``; or a phase of a full run, as the state machine sends it.
        context: Lambda's context.
        metrics: of the function; None for those that go to its log group.

    Returns:
        What was created, revised, replaced, unchanged, retired, kept and skipped; ``started`` with the ARN of the
        execution if the event asks for a full run.

    Raises:
        CatalogError: the schema failed. The message is the result, failures first, as JSON of at most 8,000 characters.
        ConfigError: the configuration is wrong.
    """
    config = SyncConfig.from_environment(function_variables())
    clients = clients_of(config)
    metrics = metrics or FunctionMetrics(config.names.namespace, FUNCTION)
    if isinstance(event, Mapping) and "phase" in event:
        return full_run_of(config, clients, metrics, _enough_time(context)).phase(event)
    request = parse_event(event, config.registry_name)
    if request.schema is None:
        return _start(config, clients, request)
    result = sync_one(parts_of(config, clients), request.schema, request)
    count_assets(metrics, result)
    report = result.to_json()
    if result.failures:
        log("catalogue synced", level=logging.ERROR, **report)
        raise CatalogError(failures_first(result))
    log("catalogue synced", **report)
    return report


def _start(config: SyncConfig, clients: Clients, request: SyncRequest) -> dict[str, Any]:
    """Start a full run (API StartExecution); the execution itself ends if another one is under way."""
    if not config.machine_arn:
        raise ConfigError(
            f"{MACHINE} names no state machine, which full runs need: update the stack of this data source"
        )
    if request.is_continuation:
        log("the message goes on with a run of an earlier release: a full run does as well", level=logging.WARNING)
    started = clients.client("stepfunctions").start_execution(
        stateMachineArn=config.machine_arn, input=json.dumps(request.to_message())
    )["executionArn"]
    log("full run started", execution=started)
    return {"started": started}


def parts_of(config: SyncConfig, clients: Clients) -> SourceParts:
    """The data source that a configuration describes."""
    platform = PLATFORMS.named(config.platform)
    project, names, dynamodb = config.settings.project_id, config.names, clients.client("dynamodb")
    return SourceParts(
        config.settings,
        registry=GlueRegistry(clients.client("glue"), config.registry_name),
        assets=DataZoneAssets(clients.client("datazone"), config.domain_id, project),
        records=DynamoAssetRecordStore(dynamodb, names, config.domain_id, config.registry_name),
        plain_records=DynamoAssetRecordStore(dynamodb, names, config.domain_id, None),
        source=platform.source(clients, config.resource, config.topics),
        drafts=AssetDrafts(platform, names),
        mapping=topic_mapping(config.mapping),
        publisher=EventBusPublisher(clients.client("events"), names, config.domain_id, project, time.sleep),
        sleep=time.sleep,
    )


def full_run_of(
    config: SyncConfig, clients: Clients, metrics: FunctionMetrics, enough_time: Callable[[], bool]
) -> FullRun:
    """The full run of the data source that a configuration describes."""
    dynamodb = clients.client("dynamodb")
    return FullRun(
        parts_of(config, clients),
        DynamoRunStore(lambda: dynamodb, config.run_table, time.time),
        DynamoRunJournal(dynamodb, config.run_table, lambda arn: runs(clients.client("stepfunctions"), arn)),
        config.source,
        metrics,
        enough_time,
        time.time,
    )


def _enough_time(context: Any) -> Callable[[], bool]:
    """Whether another schema may be begun; always, where no remaining time is known (a call outside Lambda)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return lambda: True
    margin = min(MARGIN_MS, remaining() // 3)
    return lambda: remaining() > margin
