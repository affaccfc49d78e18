"""Metadata of schema versions: up to ten key-value pairs each (Glue quotas)."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.glue.store import Schema, Store, Version, pages, present

MAX_PAIRS = 10


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation("glue", "PutSchemaVersionMetadata")
    def put_schema_version_metadata(call: ApiCall) -> dict[str, Any]:
        schema, version = store.version(call, call.params)
        key, value = _pair(call)
        with store.region(call).lock:
            if any((key, value) == (known, text) for known, text, _ in version.metadata):
                raise ApiError(
                    "AlreadyExistsException",
                    f"Resource already exist for schema version id: {version.id}, metadata key: {key}, value: {value}",
                )
            if len(version.metadata) >= MAX_PAIRS:
                raise ApiError(
                    "ResourceNumberLimitExceededException",
                    "Your resource limits for Schema Version Metadata have been exceeded.",
                )
            version.metadata.append((key, value, store.now()))
        return _answer(call, schema, version)

    @emulator.operation("glue", "RemoveSchemaVersionMetadata")
    def remove_schema_version_metadata(call: ApiCall) -> dict[str, Any]:
        schema, version = store.version(call, call.params)
        key, value = _pair(call)
        with store.region(call).lock:
            kept = [pair for pair in version.metadata if pair[:2] != (key, value)]
            if len(kept) == len(version.metadata):
                raise ApiError("EntityNotFoundException", f"Metadata is not found. Key: {key}, value: {value}")
            version.metadata[:] = kept
        return _answer(call, schema, version)

    @emulator.operation("glue", "QuerySchemaVersionMetadata")
    def query_schema_version_metadata(call: ApiCall) -> dict[str, Any]:
        _, version = store.version(call, call.params)
        wanted = call.params.get("MetadataList", [])
        pairs = [pair for pair in version.metadata if not wanted or any(_asked(pair, item) for item in wanted)]
        grouped: dict[str, list[tuple[str, str]]] = {}
        for key, value, created in pairs:
            grouped.setdefault(key, []).append((value, created))
        found, token = pages(call, sorted(grouped), default=50)
        return {"MetadataInfoMap": {key: _info(grouped[key]) for key in found}, "SchemaVersionId": version.id, **token}


def _pair(call: ApiCall) -> tuple[str, str]:
    pair = call.params["MetadataKeyValue"]
    return pair.get("MetadataKey", ""), pair.get("MetadataValue", "")


def _asked(pair: tuple[str, str, str], item: dict[str, str]) -> bool:
    return item.get("MetadataKey", pair[0]) == pair[0] and item.get("MetadataValue", pair[1]) == pair[1]


def _info(values: list[tuple[str, str]]) -> dict[str, Any]:
    # The latest value stands first, the older ones of the same key beside it.
    (value, created), *others = reversed(values)
    info: dict[str, Any] = {"MetadataValue": value, "CreatedTime": created}
    if others:
        info["OtherMetadataValueList"] = [{"MetadataValue": text, "CreatedTime": time} for text, time in others]
    return info


def _answer(call: ApiCall, schema: Schema, version: Version) -> dict[str, Any]:
    key, value = _pair(call)
    return present(
        SchemaArn=schema.arn,
        SchemaName=schema.name,
        RegistryName=schema.registry,
        LatestVersion=version is schema.latest,
        VersionNumber=version.number,
        SchemaVersionId=version.id,
        MetadataKey=key,
        MetadataValue=value,
    )
