"""Events of a data source: what became of an asset, and what a new version means for its readers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from streamgov_core.catalog.entities import SchemaDetails, SchemaInfo, SchemaVersion
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.naming import Names

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

DETAIL_TYPE = "Streaming Asset Changed"
BATCH = 10
"""Entries of a PutEvents call; 256 KB together, which ten of ours never reach (fields named are limited)."""
ATTEMPTS = 4


def event_source(names: Names) -> str:
    """The source of our events: ``<namespace>.catalog``."""
    return f"{names.namespace}.catalog"


def change(
    kind: str,
    asset_id: str,
    resource_arn: str,
    info: SchemaInfo | None = None,
    version: SchemaVersion | None = None,
    details: SchemaDetails | None = None,
    revision: str | None = None,
    replaces: str | None = None,
    consumers: Sequence[str] = (),
) -> dict[str, Any]:
    """The detail of an event.

    Args:
        kind: ``CREATED``, ``REVISED``, ``REPLACED`` or ``RETIRED``.
        asset_id: the asset.
        resource_arn: its topic or stream.
        info: its schema.
        version: the version that it shows.
        details: what else is known of the schema; what changed for readers above all.
        revision: the asset's revision.
        replaces: the asset that was deleted in its favour, if it is ``REPLACED``.
        consumers: names of the projects that a breaking change hits.
    """
    schema = None
    if info is not None:
        schema = {
            "name": info.name,
            "arn": info.arn,
            "version": version.number if version else None,
            "dataFormat": info.data_format,
        }
    verdict = details.compatibility if details else None
    return {
        "version": 1,
        "change": kind,
        "assetId": asset_id,
        "assetRevision": revision,
        "resourceArn": resource_arn,
        "schema": schema,
        "compatibility": verdict.to_json() if verdict else None,
        **({"replaces": replaces} if replaces else {}),
        **({"consumers": list(consumers)} if consumers else {}),
    }


class ChangePublisher(Protocol):
    """Publishes changes of assets."""

    def publish(self, details: Sequence[Mapping[str, Any]]) -> None:
        """Publish some changes.

        Raises:
            CatalogError: at least one could not be published.
        """


class EventBusPublisher:
    """Publishes to the account's default event bus (ChangePublisher).

    Args:
        client: an EventBridge client.
        names: the deployment's names.
        domain_id: the DataZone domain.
        project_id: the project that owns the assets.
        sleep: waits a number of seconds.
    """

    def __init__(
        self, client: EventBridgeClient, names: Names, domain_id: str, project_id: str, sleep: Callable[[float], None]
    ) -> None:
        self._client = client
        self._source = event_source(names)
        self._fixed = {"domainId": domain_id, "projectId": project_id}
        self._sleep = sleep

    def publish(self, details: Sequence[Mapping[str, Any]]) -> None:
        """API PutEvents, which answers for each entry whether it failed."""
        left: list[PutEventsRequestEntryTypeDef] = [
            {"Source": self._source, "DetailType": DETAIL_TYPE, "Detail": json.dumps({**self._fixed, **detail})}
            for detail in details
        ]
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(0.2 * 2**attempt)
            failed = []
            for start in range(0, len(left), BATCH):
                batch = left[start : start + BATCH]
                answer = self._client.put_events(Entries=batch)
                results = answer.get("Entries", ())
                failed += [entry for entry, result in zip(batch, results, strict=True) if result.get("ErrorCode")]
            left = failed
            if not left:
                return
        raise CatalogError(f"{len(left)} change(s) could not be published to the event bus")
