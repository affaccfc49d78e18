"""DynamoDB: what UpdateTable does to the key and the attributes, and moto leaves undone (its API reference)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from aws_emulator.api import ApiCall, Emulator


def install(emulator: Emulator) -> None:
    """Complete moto's UpdateTable."""

    @emulator.wrap("dynamodb", "UpdateTable")
    def update_table(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        name = call.params["TableName"].rsplit("/", 1)[-1]
        tables = dynamodb_backends[call.caller.account][call.region].tables
        stream = call.params.get("StreamSpecification") or {}
        if name in tables and stream.get("StreamEnabled") and not _streams(tables[name]):
            # A stream that was disabled may be enabled anew, with a label of its own; moto takes it for still enabled.
            tables[name].latest_stream_label = None
        result = proceed()
        table: Any = tables[name]
        wanted = call.params.get("SSESpecification")
        if wanted is not None:
            table.sse_specification = dict(wanted) if wanted.get("Enabled") else None
            if table.sse_specification is not None and "KMSMasterKeyId" not in table.sse_specification:
                key = table._get_default_encryption_key(table.account_id, table.region_name)
                table.sse_specification["KMSMasterKeyId"] = key
        if any("Delete" in item for item in call.params.get("GlobalSecondaryIndexUpdates") or []):
            # Attributes that no key names any more leave the table with their index.
            keys = [table.schema, *(index.schema for index in (*table.global_indexes, *table.indexes))]
            used = {item["AttributeName"] for schema in keys for item in schema}
            table.attr = [item for item in table.attr if item["AttributeName"] in used]
        result["TableDescription"] = table.describe(base_key="TableDescription")["TableDescription"]
        return result


def _streams(table: Any) -> bool:
    return bool((table.stream_specification or {}).get("StreamEnabled"))
