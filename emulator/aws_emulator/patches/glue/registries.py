"""Registries: create, get, update, list, delete (Glue API, "Schema registry API")."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.patches.glue.store import Registry, Store, pages, present


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation("glue", "CreateRegistry")
    def create_registry(call: ApiCall) -> dict[str, Any]:
        tags = call.params.get("Tags", {})
        registry = store.add_registry(call, call.params["RegistryName"], call.params.get("Description"))
        if tags:
            store.tagger(call).tag_resource(registry.arn, tags)
        return present(
            RegistryArn=registry.arn, RegistryName=registry.name, Description=registry.description, Tags=tags or None
        )

    @emulator.operation("glue", "GetRegistry")
    def get_registry(call: ApiCall) -> dict[str, Any]:
        return _row(store.registry(call, call.params["RegistryId"]))

    @emulator.operation("glue", "UpdateRegistry")
    def update_registry(call: ApiCall) -> dict[str, Any]:
        registry = store.registry(call, call.params["RegistryId"])
        registry.description = call.params["Description"]
        registry.updated = store.now()
        return {"RegistryName": registry.name, "RegistryArn": registry.arn}

    @emulator.operation("glue", "ListRegistries")
    def list_registries(call: ApiCall) -> dict[str, Any]:
        registries = sorted(store.region(call).registries.values(), key=lambda registry: registry.name)
        found, token = pages(call, registries)
        return {"Registries": [_row(registry) for registry in found], **token}

    @emulator.operation("glue", "DeleteRegistry")
    def delete_registry(call: ApiCall) -> dict[str, Any]:
        # "Delete the entire registry including schema and all of its versions"; ours is gone at once.
        registry = store.registry(call, call.params["RegistryId"])
        with store.region(call).lock:
            store.region(call).registries.pop(registry.name, None)
        for arn in [registry.arn, *(schema.arn for schema in registry.schemas.values())]:
            store.tagger(call).tagger.delete_all_tags_for_resource(arn)
        return {"RegistryName": registry.name, "RegistryArn": registry.arn, "Status": "DELETING"}


def _row(registry: Registry) -> dict[str, Any]:
    return present(
        RegistryName=registry.name,
        RegistryArn=registry.arn,
        Description=registry.description,
        Status="AVAILABLE",
        CreatedTime=registry.created,
        UpdatedTime=registry.updated,
    )
