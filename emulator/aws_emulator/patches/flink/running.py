"""Start and stop applications: READY → STARTING → RUNNING → STOPPING → READY."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.flink.applications import code_facts
from aws_emulator.patches.flink.store import Store

SERVICE = "kinesisanalyticsv2"


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation(SERVICE, "StartApplication")
    def start_application(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            application = store.find(call)
            store.check_state(application, "READY")
            if "ApplicationCodeConfiguration" not in application.configuration:
                raise ApiError("InvalidApplicationConfigurationException", "The application has no code.")
            restore = (call.params.get("RunConfiguration") or {}).get("ApplicationRestoreConfiguration") or {}
            if restore.get("ApplicationRestoreType") == "RESTORE_FROM_CUSTOM_SNAPSHOT":
                raise ApiError("UnsupportedOperationException", "Snapshots are not served here.")
            application.code = code_facts(store, application)
            application.run = dict(call.params.get("RunConfiguration") or {})
            application.status = "STARTING"
            operation = application.begin("StartApplication", store.now())
            store.runner.start(application, operation)
            return {"OperationId": operation.id}

    @emulator.operation(SERVICE, "StopApplication")
    def stop_application(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            application = store.find(call)
            force = bool(call.params.get("Force"))
            # API StopApplication: by force also while it starts, is updated, stops or scales.
            store.check_state(
                application, *(("STARTING", "UPDATING", "STOPPING", "RUNNING") if force else ("RUNNING",))
            )
            application.status = "FORCE_STOPPING" if force else "STOPPING"
            operation = application.begin("StopApplication", store.now())
            store.runner.stop(application, operation, force)
            return {"OperationId": operation.id}
