"""The data source's function: configuration from the environment, real gateways, one run, its report."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from streamgov_core.catalog.asset_gateway import DataZoneAssets
from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.change_events import EventBusPublisher
from streamgov_core.catalog.drafts import AssetDrafts
from streamgov_core.catalog.glue import GlueRegistry
from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.catalog.sync import READERS, Syncer
from streamgov_core.catalog.sync_request import SyncRequest, parse_event
from streamgov_core.catalog.sync_result import SyncResult
from streamgov_core.model.environment_variables import (
    flag,
    joined,
    names_from_environment,
    names_to_environment,
    required,
    split,
)
from streamgov_core.model.errors import CatalogError, ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics

# Variables that reviews read, too.
REGISTRY_NAME = "STREAMGOV_REGISTRY_NAME"
PUBLISH = "STREAMGOV_PUBLISH"
RESOURCE = "STREAMGOV_RESOURCE"
TOPICS = "STREAMGOV_TOPICS"
TOPIC_MAPPING = "STREAMGOV_TOPIC_MAPPING"

FUNCTION = "sync"
"""The function's short name, a dimension of its metrics."""
MARGIN_MS = 60_000
"""An invocation begins no schema when less time remains: calls in progress must end, retries included."""
MAX_ERROR = 8_000
"""Characters of the error of a run: a function's error travels in headers and in dead letters, which have limits."""
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
    """

    names: Names
    domain_id: str
    registry_name: str
    platform: str
    resource: str
    mapping: str
    settings: SyncSettings
    topics: tuple[str, ...] = ()

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
            TOPICS: joined(self.topics),
            TOPIC_MAPPING: self.mapping,
            PUBLISH: flag(settings.publish),
            "STREAMGOV_CONCURRENCY": str(settings.concurrency),
            "STREAMGOV_MAX_RETIRE_SHARE": repr(settings.max_retire_share),
            "STREAMGOV_WITHOUT_SCHEMA": flag(settings.without_schema),
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
            topics=split(env.get(TOPICS, "")),
        )


def make_clients(config: SyncConfig) -> Clients:
    """Clients with connections for all threads of a data source; they slow down when a service throttles."""
    connections = 2 * config.settings.concurrency + READERS
    return Clients(config.names.region, retry_mode="adaptive", max_pool=connections, max_attempts=MAX_ATTEMPTS)


clients_of = cache(make_clients)
"""Clients for the life of the process."""


def prepare() -> None:
    """What can be made before the first event: the configuration is read, clients are there."""
    clients_of(SyncConfig.from_environment(os.environ)).prepare("datazone", "dynamodb", "glue")


def run(event: Any, context: Any, metrics: FunctionMetrics | None = None) -> dict[str, Any]:
    """Do what an event asks for and report it.

    Args:
        event: see ``streamgov_core.catalog.sync_request``.
        context: Lambda's context.
        metrics: of the function; None for those that go to its log group.

    Returns:
        What was created, revised, replaced, unchanged, retired, kept and skipped; ``continued`` if a further
        invocation goes on.

    Raises:
        CatalogError: at least one schema failed; the others are done. The message is the result, failures first, as
            JSON of at most 8,000 characters.
        ConfigError: the configuration is wrong.
    """
    config = SyncConfig.from_environment(os.environ)
    clients = clients_of(config)
    request = parse_event(event, config.registry_name)
    result = syncer_of(config, clients, _enough_time(context)).run(request)
    report = result.to_json()
    if result.after is not None:
        _continue(clients, context, request, result)
        log("catalogue sync continued", after=result.after, **report)
        return {"continued": True, **report}
    _count(metrics or FunctionMetrics(config.names.namespace, FUNCTION), result)
    if result.failures:
        log("catalogue synced", level=logging.ERROR, **report)
        brief = result.to_json(MAX_ERROR)
        first = {"counts": brief.pop("counts"), "failed": brief.pop("failed")}
        raise CatalogError(json.dumps({**first, **brief}))
    log("catalogue synced", **report)
    return report


def _count(metrics: FunctionMetrics, result: SyncResult) -> None:
    """Emit the metrics of a run that has ended; its counts are those of all its invocations."""
    counts = result.counts
    metrics.put(
        {
            "SyncRuns": 1,
            "AssetsCreated": counts["created"],
            "AssetsRevised": counts["revised"],
            "AssetsRetired": counts["retired"],
            "AssetsFailed": counts["failed"],
        }
    )
    # A metric costs by the month as soon as it has a value.
    if counts["replaced"]:
        metrics.put({"AssetsReplaced": counts["replaced"]})
    if counts["skipped"]:
        metrics.put({"SchemasSkipped": counts["skipped"]})


def syncer_of(config: SyncConfig, clients: Clients, enough_time: Callable[[], bool]) -> Syncer:
    """The data source that a configuration describes."""
    platform = PLATFORMS.named(config.platform)
    project, names, dynamodb = config.settings.project_id, config.names, clients.client("dynamodb")
    return Syncer(
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
        enough_time=enough_time,
    )


def _enough_time(context: Any) -> Callable[[], bool]:
    """Whether another schema may be begun; always, where no remaining time is known (a call outside Lambda)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return lambda: True
    margin = min(MARGIN_MS, remaining() // 3)
    return lambda: remaining() > margin


def _continue(clients: Clients, context: Any, request: SyncRequest, result: SyncResult) -> None:
    """Continue in another invocation of this function (API Invoke, asynchronous).

    Lambda stops a function that calls itself about 16 times in a chain; so many continuations are hours.
    """
    payload = {
        "action": "sync",
        "after": result.after,
        "allowMassRetirement": request.allow_mass_retirement,
        "force": request.force,
        "revokeSubscriptions": request.revoke,
        "tally": result.tally(),
    }
    clients.client("lambda").invoke(
        FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=json.dumps(payload).encode()
    )
