"""The sample producer: registers its schema, writes records, and reports its run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from streamgov_core.lineage.run_events import Emitter, Run
from streamgov_core.model.errors import SchemaError
from streamgov_core.runtime.clients import Clients, error_code
from streamgov_samples.functions.jobs import JobConfig, Now, dataset, job_of, reported, utc_now
from streamgov_samples.functions.records import SCHEMA_NAME, definition, encode, records
from streamgov_samples.functions.streams import unreached, writer_of

DEFAULT_COUNT = 20
POLLS = 20


def run(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Produce once, configured by the environment.

    Args:
        event: ``records``: how many to write; ``evolve``: write with the second version of the schema.
        context: Lambda's context.
    """
    config = JobConfig.from_environment(os.environ)
    return produce(config, Clients(config.region), event, job_of(context, "sample-producer"))


def produce(
    config: JobConfig,
    clients: Clients,
    event: Mapping[str, Any],
    job: tuple[str, str],
    *,
    now: Now = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Register the schema, write records where a writer exists for the platform, and report START, RUNNING, COMPLETE.

    Raises:
        SchemaError: the registry refuses the schema.
        RemoteError: the stream refuses records.
    """
    schema = definition(evolved=bool(event.get("evolve")))
    name = config.schema_name or SCHEMA_NAME
    run_ = Run(*job, outputs=[dataset(config.resource_arn, schema)])
    emitter = Emitter(clients.client("datazone"), config.domain_id)
    with reported(run_, emitter, now) as still_running:
        version_id = register(clients.client("glue"), config.registry_name, name, schema, sleep)
        writer = writer_of(clients, config, config.resource_arn)
        written = 0
        if writer is not None:
            count = int(event.get("records", DEFAULT_COUNT))
            written = writer.write((key, encode(value, schema, version_id)) for key, value in records(count))
        still_running()
    return {
        "schema": name,
        "schemaVersionId": version_id,
        "written": written,
        "runId": run_.run_id,
        "note": None if writer is not None else unreached(config, "written"),
    }


def register(client: Any, registry: str, name: str, schema: str, sleep: Callable[[float], None]) -> str:
    """Id of the version of a schema with this definition, registered now if need be (API RegisterSchemaVersion).

    Raises:
        SchemaError: the registry refuses the version.
    """
    schema_id = {"RegistryName": registry, "SchemaName": name}
    try:
        answer = client.create_schema(
            RegistryId={"RegistryName": registry},
            SchemaName=name,
            DataFormat="AVRO",
            Compatibility="BACKWARD",
            Description="Orders as they are placed (sample)",
            SchemaDefinition=schema,
        )
        number, status = answer["LatestSchemaVersion"], answer["SchemaVersionStatus"]
    except client.exceptions.ClientError as error:
        if error_code(error) != "AlreadyExistsException":
            raise
        answer = client.register_schema_version(SchemaId=schema_id, SchemaDefinition=schema)
        number, status = answer["VersionNumber"], answer["Status"]
    for attempt in range(POLLS):
        if status != "PENDING":
            break
        sleep(min(2.0, 0.1 * 2**attempt))
        # By its number, not by its id: IAM can name a schema as the resource, but not a version's id.
        status = client.get_schema_version(SchemaId=schema_id, SchemaVersionNumber={"VersionNumber": number})["Status"]
    if status != "AVAILABLE":
        raise SchemaError(
            f"the registry {registry} did not accept version {number} of the schema {name}: it is {status}"
        )
    return str(answer["SchemaVersionId"])
