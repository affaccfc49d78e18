"""Schemas: create, get, update, list, delete."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.glue import definitions
from aws_emulator.patches.glue.store import Registry, Schema, Store, Version, invalid, pages, present


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation("glue", "CreateSchema")
    def create_schema(call: ApiCall) -> dict[str, Any]:
        params = call.params
        registry = store.registry(call, params.get("RegistryId"), create_default=True)
        definition = params.get("SchemaDefinition")
        if definition is not None:
            definitions.check(params["DataFormat"], definition)
        schema = _add(store, call, registry)
        first = None
        if definition is not None:
            first = Version(1, definition, "AVAILABLE", schema.created)
            schema.versions[1] = first
            schema.next_number = 2
        tags = params.get("Tags", {})
        if tags:
            store.tagger(call).tag_resource(schema.arn, tags)
        return {
            **_details(schema, registry),
            **present(
                Tags=tags or None,
                SchemaVersionId=first.id if first else None,
                SchemaVersionStatus=first.status if first else None,
            ),
        }

    @emulator.operation("glue", "GetSchema")
    def get_schema(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        registry = store.region(call).registries[schema.registry]
        return {**_details(schema, registry), "CreatedTime": schema.created, "UpdatedTime": schema.updated}

    @emulator.operation("glue", "ListSchemas")
    def list_schemas(call: ApiCall) -> dict[str, Any]:
        if call.params.get("RegistryId"):
            registries = [store.registry(call, call.params["RegistryId"])]
        else:
            registries = sorted(store.region(call).registries.values(), key=lambda registry: registry.name)
        schemas = [
            schema
            for registry in registries
            for schema in sorted(registry.schemas.values(), key=lambda item: item.name)
        ]
        found, token = pages(call, schemas)
        return {"Schemas": [_row(schema) for schema in found], **token}

    @emulator.operation("glue", "UpdateSchema")
    def update_schema(call: ApiCall) -> dict[str, Any]:
        params = call.params
        schema = store.schema(call, params["SchemaId"])
        number = params.get("SchemaVersionNumber")
        # "If the value for Compatibility is provided, the VersionNumber (a checkpoint) is also required."
        if "Compatibility" in params and not number:
            raise invalid("Schema version number is required to update the compatibility.")
        if not number and "Description" not in params:
            raise invalid("One of compatibility, checkpoint version or description has to be provided.")
        if number:
            schema.checkpoint = store.numbered(schema, number).number
        schema.compatibility = params.get("Compatibility", schema.compatibility)
        schema.description = params.get("Description", schema.description)
        schema.updated = store.now()
        return {"SchemaArn": schema.arn, "SchemaName": schema.name, "RegistryName": schema.registry}

    @emulator.operation("glue", "DeleteSchema")
    def delete_schema(call: ApiCall) -> dict[str, Any]:
        schema = store.schema(call, call.params["SchemaId"])
        with store.region(call).lock:
            store.region(call).registries[schema.registry].schemas.pop(schema.name, None)
        store.tagger(call).tagger.delete_all_tags_for_resource(schema.arn)
        return {"SchemaArn": schema.arn, "SchemaName": schema.name, "Status": "DELETING"}


def _add(store: Store, call: ApiCall, registry: Registry) -> Schema:
    params = call.params
    name = params["SchemaName"]
    now = store.now()
    with store.region(call).lock:
        if name in registry.schemas:
            raise ApiError(
                "AlreadyExistsException",
                f"Schema already exists. RegistryName: {registry.name}, SchemaName: {name}",
            )
        schema = Schema(
            name=name,
            arn=f"arn:aws:glue:{call.region}:{call.caller.account}:schema/{registry.name}/{name}",
            registry=registry.name,
            data_format=params["DataFormat"],
            # UNVERIFIED[glue-default-compatibility]: what AWS takes when the request names none; its consoles propose
            # BACKWARD.
            compatibility=params.get("Compatibility", "BACKWARD"),
            description=params.get("Description"),
            created=now,
            updated=now,
        )
        registry.schemas[name] = schema
    return schema


def _details(schema: Schema, registry: Registry) -> dict[str, Any]:
    latest = schema.latest
    return present(
        RegistryName=registry.name,
        RegistryArn=registry.arn,
        SchemaName=schema.name,
        SchemaArn=schema.arn,
        Description=schema.description,
        DataFormat=schema.data_format,
        Compatibility=schema.compatibility,
        SchemaCheckpoint=schema.checkpoint,
        LatestSchemaVersion=latest.number if latest else None,
        NextSchemaVersion=schema.next_number,
        SchemaStatus="AVAILABLE",
    )


def _row(schema: Schema) -> dict[str, Any]:
    return present(
        RegistryName=schema.registry,
        SchemaName=schema.name,
        SchemaArn=schema.arn,
        Description=schema.description,
        SchemaStatus="AVAILABLE",
        CreatedTime=schema.created,
        UpdatedTime=schema.updated,
    )
