"""The sample consumer: reads records with the rights of its role, and reports its run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_core.lineage.run_events import Emitter, Run
from streamgov_core.runtime.clients import Clients
from streamgov_samples.functions.definitions import Definitions, registry_client
from streamgov_samples.functions.jobs import JobConfig, Now, dataset, job_of, reported, utc_now
from streamgov_samples.functions.records import decode, schema_version_id
from streamgov_samples.functions.streams import reader_of, unreached

DEFAULT_LIMIT = 100


def run(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Consume once, configured by the environment.

    Args:
        event: ``limit``: how many records to read at most; ``resourceArn``: another topic or stream than configured.
        context: Lambda's context.
    """
    config = JobConfig.from_environment(os.environ)
    return consume(config, Clients(config.region), event, job_of(context, "sample-consumer"))


def consume(
    config: JobConfig, clients: Clients, event: Mapping[str, Any], job: tuple[str, str], *, now: Now = utc_now
) -> dict[str, Any]:
    """Read where a reader exists for the platform, and report START, RUNNING, COMPLETE, or FAIL if that is denied."""
    arn = str(event.get("resourceArn") or config.resource_arn)
    run_ = Run(*job, inputs=[dataset(arn)])
    with reported(run_, Emitter(clients.client("datazone"), config.domain_id), now) as still_running:
        reader = reader_of(clients, config, arn)
        read = reader.read(int(event.get("limit", DEFAULT_LIMIT))) if reader is not None else ()
        values = decoded(clients, config, read)
        still_running()
    return {
        "resourceArn": arn,
        "read": len(read),
        "decoded": len(values),
        "first": json.dumps(values[0], default=str, sort_keys=True) if values else None,
        "runId": run_.run_id,
        "note": None if reader is not None else unreached(config, "read"),
    }


def decoded(clients: Clients, config: JobConfig, records: Sequence[bytes]) -> list[Any]:
    """The records' values, by the schemas that they were written with; none if no reader role is configured."""
    if not records or not config.reader_role_arn:
        return []
    definitions = Definitions(registry_client(clients, config), config.schema_arn)
    return [decode(data, definitions.of(schema_version_id(data))) for data in records]
