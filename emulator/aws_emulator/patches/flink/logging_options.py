"""The log stream that an application writes to."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.patches.flink.store import Application, Store, invalid

SERVICE = "kinesisanalyticsv2"
MOST_OPTIONS = 1
"""UNVERIFIED[flink-log-streams]: that an application has one log stream at most; the guide never shows more."""


def new_option(application: Application, option: dict[str, str]) -> None:
    """Add a log stream.

    Raises:
        ApiError: it has one already, or the ARN is not a log stream's.
    """
    if len(application.logging) >= MOST_OPTIONS:
        raise invalid(f"The application {application.name} has a CloudWatch logging option already.")
    _check(option["LogStreamARN"])
    application.logging.append(
        {"CloudWatchLoggingOptionId": f"{application.next_option}.1", "LogStreamARN": option["LogStreamARN"]}
    )
    application.next_option += 1


def update_options(application: Application, updates: list[dict[str, str]]) -> None:
    """Point options to other log streams.

    Raises:
        ApiError: there is no such option.
    """
    for update in updates:
        option = _find(application, update["CloudWatchLoggingOptionId"])
        if "LogStreamARNUpdate" in update:
            _check(update["LogStreamARNUpdate"])
            option["LogStreamARN"] = update["LogStreamARNUpdate"]


def _check(arn: str) -> None:
    if ":log-group:" not in arn or ":log-stream:" not in arn:
        raise invalid(f"{arn} is not the ARN of a log stream.")


def _find(application: Application, identifier: str) -> dict[str, str]:
    for option in application.logging:
        if option["CloudWatchLoggingOptionId"] == identifier:
            return option
    raise invalid(f"The application {application.name} has no CloudWatch logging option {identifier}.")


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations. Both make a new version of the application (API reference)."""

    @emulator.operation(SERVICE, "AddApplicationCloudWatchLoggingOption")
    def add_option(call: ApiCall) -> dict[str, Any]:
        return _change(store, call, lambda application: new_option(application, call.params["CloudWatchLoggingOption"]))

    @emulator.operation(SERVICE, "DeleteApplicationCloudWatchLoggingOption")
    def delete_option(call: ApiCall) -> dict[str, Any]:
        return _change(
            store,
            call,
            lambda application: application.logging.remove(
                _find(application, call.params["CloudWatchLoggingOptionId"])
            ),
        )


def _change(store: Store, call: ApiCall, change: Any) -> dict[str, Any]:
    with store.lock:
        application = store.find(call)
        store.check_version(application, call.params, required=True)
        store.check_state(application, "READY", "RUNNING")
        change(application)
        operation = application.begin(call.operation, store.now())
        application.changed(store.now())
        operation.after = application.version
        operation.end(store.now())
        return {
            "ApplicationARN": application.arn,
            "ApplicationVersionId": application.version,
            "CloudWatchLoggingOptionDescriptions": [dict(option) for option in application.logging],
            "OperationId": operation.id,
        }
