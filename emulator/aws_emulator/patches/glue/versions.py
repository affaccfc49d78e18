"""Versions of schemas: register, get, list, compare, delete."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.glue import definitions
from aws_emulator.patches.glue.store import MAX_VERSIONS, Schema, Store, Version, invalid, pages


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""
    _install_register(emulator, store)
    _install_reading(emulator, store)

    @emulator.operation("glue", "DeleteSchemaVersions")
    def delete_schema_versions(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        first, _, last = call.params["Versions"].partition("-")
        wanted = range(int(first), int(last or first) + 1)
        if not wanted:
            raise invalid(f"The range {call.params['Versions']} is empty.")
        errors = []
        with store.region(call).lock:
            for number in wanted:
                problem = _undeletable(schema, number)
                if problem:
                    details = {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
                    errors.append({"VersionNumber": number, "ErrorDetails": details})
                else:
                    del schema.versions[number]
        return {"SchemaVersionErrors": errors}


def _install_register(emulator: Emulator, store: Store) -> None:
    @emulator.operation("glue", "RegisterSchemaVersion")
    def register_schema_version(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        definition = call.params["SchemaDefinition"]
        definitions.check(schema.data_format, definition)
        with store.region(call).lock:
            # "If this is the same schema definition that is already stored in Schema Registry as a version, the
            # schema ID of the existing schema is returned to the caller."
            version = next((item for item in schema.versions.values() if _same(schema, item, definition)), None)
            if version is None:
                if schema.compatibility == "DISABLED" and schema.versions:
                    raise invalid(
                        "Compatibility DISABLED does not allow versioning. "
                        f"RegistryName: {schema.registry}, SchemaName: {schema.name}"
                    )
                if sum(len(s.versions) for r in store.region(call).registries.values() for s in r.schemas.values()) >= (
                    MAX_VERSIONS
                ):
                    raise ApiError("ResourceNumberLimitExceededException", "More schema versions cannot be created.")
                status = "AVAILABLE" if definitions.compatible(schema, definition) else "FAILURE"
                version = Version(schema.next_number, definition, status, store.now(), store.deadline())
                schema.versions[version.number] = version
                schema.next_number += 1
                schema.updated = version.created
        return {"SchemaVersionId": version.id, "VersionNumber": version.number, "Status": version.status}

    @emulator.operation("glue", "CheckSchemaVersionValidity")
    def check_schema_version_validity(call: ApiCall) -> dict[str, Any]:
        problem = definitions.problem_of(call.params["DataFormat"], call.params["SchemaDefinition"])
        return {"Valid": False, "Error": problem[:5000]} if problem else {"Valid": True}


def _install_reading(emulator: Emulator, store: Store) -> None:
    @emulator.operation("glue", "GetSchemaVersion")
    def get_schema_version(call: ApiCall) -> dict[str, Any]:
        schema, version = store.version(call, call.params)
        return {
            "SchemaVersionId": version.id,
            "SchemaDefinition": version.definition,
            "DataFormat": schema.data_format,
            "SchemaArn": schema.arn,
            "VersionNumber": version.number,
            "Status": version.status,
            "CreatedTime": version.created,
        }

    @emulator.operation("glue", "GetSchemaByDefinition")
    def get_schema_by_definition(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        definition = call.params["SchemaDefinition"]
        for version in list(schema.versions.values()):
            if _same(schema, version, definition):
                return {
                    "SchemaVersionId": version.id,
                    "SchemaArn": schema.arn,
                    "DataFormat": schema.data_format,
                    "Status": version.status,
                    "CreatedTime": version.created,
                }
        raise ApiError("EntityNotFoundException", "Schema version is not found by its definition.")

    @emulator.operation("glue", "ListSchemaVersions")
    def list_schema_versions(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        found, token = pages(call, [schema.versions[number] for number in sorted(schema.versions, reverse=True)])
        rows = [
            {
                "SchemaArn": schema.arn,
                "SchemaVersionId": version.id,
                "VersionNumber": version.number,
                "Status": version.status,
                "CreatedTime": version.created,
            }
            for version in found
        ]
        return {"Schemas": rows, **token}

    @emulator.operation("glue", "GetSchemaVersionsDiff")
    def get_schema_versions_diff(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        first = store.numbered(schema, call.params["FirstSchemaVersionNumber"])
        second = store.numbered(schema, call.params["SecondSchemaVersionNumber"])
        return {"Diff": definitions.difference(first.definition, second.definition)}


def _same(schema: Schema, version: Version, definition: str) -> bool:
    if version.outcome == "FAILURE":
        return False
    if schema.data_format == "PROTOBUF":
        return version.definition == definition
    return bool(json.loads(version.definition) == json.loads(definition))


def _undeletable(schema: Schema, number: int) -> tuple[str, str] | None:
    """DeleteSchemaVersions: neither the first version nor the one at the checkpoint can be deleted."""
    if number not in schema.versions:
        return "EntityNotFoundException", f"Schema version is not found. VersionNumber: {number}"
    if number == 1:
        return "InvalidInputException", "The first version of a schema can only be deleted with the schema."
    if number == schema.checkpoint:
        return "InvalidInputException", "The version at the checkpoint cannot be deleted."
    return None
