"""Lineage: OpenLineage run events, and how they are posted to DataZone.

A platform names its topics or streams as datasets (``PlatformRegistry.dataset``).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.shortened import shortened

if TYPE_CHECKING:
    from mypy_boto3_datazone import DataZoneClient

PRODUCER = "https://github.com/streamgov/streamgov-pulumi"
_RUN_EVENT_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_SCHEMA_FACET = "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
_JOB_TYPE_FACET = "https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
_ERROR_FACET = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet"
MAX_EVENT_BYTES = 300_000
"""PostLineageEvent takes events up to this size."""

EventType = Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]
Processing = Literal["BATCH", "STREAMING", "SERVICE"]


@dataclass(frozen=True)
class Dataset:
    """An input or output of a job.

    Args:
        namespace: OpenLineage namespace.
        name: OpenLineage name.
        fields: columns for the schema facet, as (name, type, description or None).
    """

    namespace: str
    name: str
    fields: Sequence[tuple[str, str, str | None]] = ()

    def body(self) -> dict[str, Any]:
        """The dataset in OpenLineage's form."""
        body: dict[str, Any] = {"namespace": self.namespace, "name": self.name}
        if self.fields:
            columns = []
            for name, type_, description in self.fields:
                column = {"name": name, "type": type_}
                if description:
                    column["description"] = description
                columns.append(column)
            body["facets"] = {"schema": _facet(_SCHEMA_FACET, fields=columns)}
        return body


@dataclass(frozen=True)
class Run:
    """One run of a job, which emits one event when it starts, some while it runs and one when it ends.

    Args:
        job_namespace: where the job lives, for example ``lambda://<account>/<region>``.
        job_name: the job.
        run_id: a UUID; every event of the run carries it.
        inputs: what the job reads.
        outputs: what the job writes.
        processing: batch or streaming.
        integration: what kind of program the job is (``LAMBDA``, ``FLINK``).
    """

    job_namespace: str
    job_name: str
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    inputs: Sequence[Dataset] = ()
    outputs: Sequence[Dataset] = ()
    processing: Processing = "STREAMING"
    integration: str = "LAMBDA"

    def event(self, kind: EventType, when: datetime, *, error: str | None = None) -> dict[str, Any]:
        """The OpenLineage RunEvent of this run at one moment.

        Args:
            kind: what happened to the run.
            when: the moment, with a time zone.
            error: for FAIL and ABORT, what went wrong.
        """
        run: dict[str, Any] = {"runId": self.run_id}
        if error:
            run["facets"] = {
                "errorMessage": _facet(_ERROR_FACET, message=shortened(error, 1000), programmingLanguage="python"),
            }
        return {
            "eventType": kind,
            "eventTime": when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "producer": PRODUCER,
            "schemaURL": _RUN_EVENT_SCHEMA,
            "run": run,
            "job": {
                "namespace": self.job_namespace,
                "name": self.job_name,
                "facets": {
                    "jobType": _facet(
                        _JOB_TYPE_FACET,
                        processingType=self.processing,
                        integration=self.integration,
                        jobType="JOB",
                    )
                },
            },
            "inputs": [item.body() for item in self.inputs],
            "outputs": [item.body() for item in self.outputs],
        }


class Emitter:
    """Posts run events to a domain.

    Args:
        client: a DataZone client.
        domain_id: the domain.
    """

    def __init__(self, client: DataZoneClient, domain_id: str) -> None:
        self._client = client
        self._domain_id = domain_id

    def emit(self, event: Mapping[str, Any]) -> str:
        """Post one event; repeating the same event has no further effect (API PostLineageEvent, clientToken).

        Returns:
            The id that DataZone gave to the event.

        Raises:
            ConfigError: the event is larger than DataZone takes, even without its schema facets.
        """
        body = _encode(event)
        if len(body) > MAX_EVENT_BYTES:
            body = _encode(_without_schemas(event))
        if len(body) > MAX_EVENT_BYTES:
            raise ConfigError(f"a lineage event of {len(body)} bytes passes DataZone's limit of {MAX_EVENT_BYTES}")
        token = hashlib.sha256(body).hexdigest()
        answer = self._client.post_lineage_event(domainIdentifier=self._domain_id, event=body, clientToken=token)
        return str(answer.get("id", ""))


def _facet(schema_url: str, **members: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": schema_url, **members}


def _encode(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _without_schemas(event: Mapping[str, Any]) -> dict[str, Any]:
    slim = dict(event)
    for side in ("inputs", "outputs"):
        slim[side] = [{"namespace": item["namespace"], "name": item["name"]} for item in event.get(side, ())]
    return slim
