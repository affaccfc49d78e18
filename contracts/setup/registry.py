"""A Glue schema registry of a run."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import setup
from contracts.scene import Scene


def avro(*fields: str, **defaults: Any) -> str:
    """An Avro record of string fields; those among `defaults` have one."""
    listed: list[dict[str, Any]] = [{"name": name, "type": "string"} for name in fields]
    listed += [{"name": name, "type": "string", "default": value} for name, value in defaults.items()]
    return json.dumps({"type": "record", "name": "Order", "fields": listed})


@setup("schema registry")
def registry(scene: Scene) -> str:
    """A registry; its name."""
    name = scene.name("registry")
    scene.client("glue").create_registry(RegistryName=name, Tags=scene.tags)
    scene.later("glue", "delete_registry", RegistryId={"RegistryName": name})
    return name


def make_schema(scene: Scene, **more: Any) -> dict[str, Any]:
    """A schema of the registry, with its first version."""
    more.setdefault("DataFormat", "AVRO")
    more.setdefault("Compatibility", "BACKWARD")
    more.setdefault("SchemaDefinition", avro("id"))
    given = {key: value for key, value in more.items() if value is not None}
    answer: dict[str, Any] = scene.client("glue").create_schema(
        RegistryId={"RegistryName": registry(scene)}, SchemaName=scene.name("schema"), Tags=scene.tags, **given
    )
    return answer


def register(scene: Scene, schema_arn: str, definition: str) -> dict[str, Any]:
    """A further version, when the registry has decided about it."""
    glue = scene.client("glue")
    made = glue.register_schema_version(SchemaId={"SchemaArn": schema_arn}, SchemaDefinition=definition)

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])
        return None if found["Status"] == "PENDING" else found

    return scene.wait("the version to be decided", look, 120)
