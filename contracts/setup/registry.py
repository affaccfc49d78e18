"""A Glue schema registry of a run."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import setup
from contracts.probe_run import ProbeRun


def avro(*fields: str, **defaults: Any) -> str:
    """An Avro record of string fields; those among `defaults` have one."""
    listed: list[dict[str, Any]] = [{"name": name, "type": "string"} for name in fields]
    listed += [{"name": name, "type": "string", "default": value} for name, value in defaults.items()]
    return json.dumps({"type": "record", "name": "Order", "fields": listed})


@setup("schema registry")
def registry(probe_run: ProbeRun) -> str:
    """A registry; its name."""
    name = probe_run.name("registry")
    probe_run.client("glue").create_registry(RegistryName=name, Tags=probe_run.tags)
    probe_run.later("glue", "delete_registry", RegistryId={"RegistryName": name})
    return name


def make_schema(probe_run: ProbeRun, **more: Any) -> dict[str, Any]:
    """A schema of the registry, with its first version."""
    more.setdefault("DataFormat", "AVRO")
    more.setdefault("Compatibility", "BACKWARD")
    more.setdefault("SchemaDefinition", avro("id"))
    given = {key: value for key, value in more.items() if value is not None}
    answer: dict[str, Any] = probe_run.client("glue").create_schema(
        RegistryId={"RegistryName": registry(probe_run)},
        SchemaName=probe_run.name("schema"),
        Tags=probe_run.tags,
        **given,
    )
    return answer


def register(probe_run: ProbeRun, schema_arn: str, definition: str) -> dict[str, Any]:
    """A further version, when the registry has decided about it."""
    glue = probe_run.client("glue")
    made = glue.register_schema_version(SchemaId={"SchemaArn": schema_arn}, SchemaDefinition=definition)

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])
        return None if found["Status"] == "PENDING" else found

    return probe_run.wait("the version to be decided", look, 120)
