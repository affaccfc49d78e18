"""What became of asynchronous operations (API DescribeApplicationOperation, ListApplicationOperations)."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, utc
from aws_emulator.patches.flink.store import OperationRecord, Store, invalid

SERVICE = "kinesisanalyticsv2"
LIST_LIMIT = 50


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation(SERVICE, "DescribeApplicationOperation")
    def describe_application_operation(call: ApiCall) -> dict[str, Any]:
        for record in store.find(call).operations:
            if record.id == call.params["OperationId"]:
                return {"ApplicationOperationInfoDetails": _details(store, record)}
        raise ApiError("ResourceNotFoundException", f"Operation {call.params['OperationId']} does not exist.")

    @emulator.operation(SERVICE, "ListApplicationOperations")
    def list_application_operations(call: ApiCall) -> dict[str, Any]:
        params = call.params
        found = [
            record
            for record in store.find(call).operations
            if params.get("Operation", record.name) == record.name
            and params.get("OperationStatus", record.status) == record.status
        ]
        scope = [params["ApplicationName"], params.get("Operation"), params.get("OperationStatus")]
        shown, following = page(
            found, params.get("NextToken"), params.get("Limit"), default=LIST_LIMIT, scope=scope, error=invalid
        )
        answer: dict[str, Any] = {"ApplicationOperationInfoList": [_info(record) for record in shown]}
        return {**answer, "NextToken": following} if following else answer


def _info(record: OperationRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Operation": record.name,
        "OperationId": record.id,
        "StartTime": utc(record.started),
        "OperationStatus": record.status,
    }
    return {**shown, "EndTime": utc(record.ended)} if record.ended is not None else shown


def _details(store: Store, record: OperationRecord) -> dict[str, Any]:
    shown = {
        "Operation": record.name,
        "StartTime": utc(record.started),
        # Required by the model, also of an operation that goes on.
        "EndTime": utc(record.ended if record.ended is not None else store.now()),
        "OperationStatus": record.status,
        "ApplicationVersionChangeDetails": {
            "ApplicationVersionUpdatedFrom": record.before,
            "ApplicationVersionUpdatedTo": record.after,
        },
    }
    if record.error:
        shown["OperationFailureDetails"] = {"ErrorInfo": {"ErrorString": record.error}}
    return shown
