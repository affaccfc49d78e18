"""Applications as the service keeps them, and the rules that all operations share.

Source: API reference of Amazon Managed Service for Apache Flink (API_ApplicationDetail, API_UpdateApplication).
"""

from __future__ import annotations

import copy
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import utc

MOST_APPLICATIONS = 100
"""Applications in an account and region (Developer Guide, "Quota")."""
MOST_TAGS = 50


def not_found(name: str) -> ApiError:
    """The service's words for an application that is not there."""
    return ApiError("ResourceNotFoundException", f"Application {name} does not exist.")


def invalid(message: str) -> ApiError:
    """A value that the service does not take."""
    return ApiError("InvalidArgumentException", message)


@dataclass
class OperationRecord:
    """One asynchronous operation on an application (API ApplicationOperationInfoDetails)."""

    id: str
    name: str
    started: float
    status: str = "IN_PROGRESS"
    ended: float | None = None
    error: str | None = None
    before: int = 1
    after: int = 1

    def end(self, now: float, error: str | None = None) -> None:
        """It is over."""
        if self.status == "IN_PROGRESS":
            self.status, self.ended, self.error = ("FAILED" if error else "SUCCESSFUL"), now, error


@dataclass
class Application:
    """One application. ``configuration`` has the shape of CreateApplication's ApplicationConfiguration."""

    name: str
    arn: str
    account: str
    region: str
    runtime: str
    role: str
    created: float
    description: str | None = None
    mode: str | None = None
    configuration: dict[str, Any] = field(default_factory=dict)
    logging: list[dict[str, str]] = field(default_factory=list)
    code: dict[str, Any] = field(default_factory=dict)
    """What is told of the JAR: ``CodeSize``."""
    status: str = "READY"
    version: int = 1
    updated: float = 0.0
    updated_from: int | None = None
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    tags: dict[str, str] = field(default_factory=dict)
    operations: list[OperationRecord] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)
    next_option: int = 1

    def begin(self, name: str, now: float) -> OperationRecord:
        """A new operation."""
        made = OperationRecord(uuid.uuid4().hex, name, now, before=self.version, after=self.version)
        self.operations.insert(0, made)
        return made

    def changed(self, now: float) -> None:
        """It has a new version."""
        self.updated_from, self.version, self.updated = self.version, self.version + 1, now
        self.token = uuid.uuid4().hex

    def property_groups(self) -> list[dict[str, Any]]:
        """The runtime properties, as the service writes them to the application's file."""
        return list(self.configuration.get("EnvironmentProperties", {}).get("PropertyGroups", []))


class Runner(Protocol):
    """Runs applications."""

    def start(self, application: Application, operation: OperationRecord) -> None:
        """Begin to run it; the application's state follows how that goes."""

    def stop(self, application: Application, operation: OperationRecord | None, force: bool) -> None:
        """Begin to end it; the state becomes READY when it has ended."""

    def restart(self, application: Application, operation: OperationRecord) -> None:
        """End it and run it with its present configuration; the state becomes RUNNING again."""

    def discard(self, application: Application) -> None:
        """End it at once."""


class NoRunner:
    """Where nothing can run: an application that is started ends at once, with the reason."""

    def __init__(self, now: Any, reason: str) -> None:
        self._now, self.reason = now, reason

    def start(self, application: Application, operation: OperationRecord) -> None:
        application.status = "READY"
        operation.end(self._now(), self.reason)

    def stop(self, application: Application, operation: OperationRecord | None, force: bool) -> None:
        application.status = "READY"
        if operation is not None:
            operation.end(self._now())

    def restart(self, application: Application, operation: OperationRecord) -> None:
        self.start(application, operation)

    def discard(self, application: Application) -> None:
        return


class Store:
    """All applications, by account, region and name."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.lock = threading.RLock()
        self.applications: dict[tuple[str, str, str], Application] = {}

    @property
    def runner(self) -> Runner:
        """What runs applications, where something can."""
        found: Runner | None = self.emulator.parts.get("flink.runner")
        return found or NoRunner(self.now, "the emulator runs no Flink")

    def now(self) -> float:
        """The emulator's time."""
        return self.emulator.clock.now()

    def find(self, call: ApiCall) -> Application:
        """The application that a call names.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        name = call.params["ApplicationName"]
        found = self.applications.get((call.caller.account, call.region, name))
        if found is None:
            raise not_found(name)
        return found

    def of(self, account: str, region: str) -> list[Application]:
        """The applications of an account and region, by name."""
        return [self.applications[key] for key in sorted(self.applications) if key[:2] == (account, region)]

    def by_arn(self, arn: str) -> Application:
        """The application with an ARN.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        for application in self.applications.values():
            if application.arn == arn:
                return application
        raise ApiError("ResourceNotFoundException", f"{arn} does not exist.")

    def check_version(self, application: Application, params: dict[str, Any], *, required: bool) -> None:
        """``CurrentApplicationVersionId`` or ``ConditionalToken`` must be the present one.

        Raises:
            ApiError: ConcurrentModificationException; InvalidArgumentException if one is required and neither given.
        """
        version, token = params.get("CurrentApplicationVersionId"), params.get("ConditionalToken")
        if version is None and token is None and required:
            raise invalid("You must provide the CurrentApplicationVersionId or the ConditionalToken.")
        if (version is not None and version != application.version) or (
            token is not None and token != application.token
        ):
            raise ApiError(
                "ConcurrentModificationException",
                f"The application {application.name} is at version {application.version}; it was changed meanwhile.",
            )

    def check_state(self, application: Application, *allowed: str) -> None:
        """The application must be in one of these states.

        Raises:
            ApiError: ResourceInUseException.
        """
        if application.status not in allowed:
            raise ApiError(
                "ResourceInUseException",
                f"The application {application.name} is {application.status}; this needs {' or '.join(allowed)}.",
            )


_RENAMED = {
    "FlinkApplicationConfiguration": "FlinkApplicationConfigurationDescription",
    "EnvironmentProperties": "EnvironmentPropertyDescriptions",
    "ApplicationSnapshotConfiguration": "ApplicationSnapshotConfigurationDescription",
    "ApplicationSystemRollbackConfiguration": "ApplicationSystemRollbackConfigurationDescription",
    "ApplicationEncryptionConfiguration": "ApplicationEncryptionConfigurationDescription",
    "PropertyGroups": "PropertyGroupDescriptions",
    "CheckpointConfiguration": "CheckpointConfigurationDescription",
    "MonitoringConfiguration": "MonitoringConfigurationDescription",
    "ParallelismConfiguration": "ParallelismConfigurationDescription",
}
_SKIPPED = frozenset({"ApplicationCodeConfiguration", "VpcConfigurations"})

CHECKPOINTS = {"CheckpointingEnabled": True, "CheckpointInterval": 60_000, "MinPauseBetweenCheckpoints": 5_000}
MONITORING = {"MetricsLevel": "APPLICATION", "LogLevel": "INFO"}
PARALLELISM = {"Parallelism": 1, "ParallelismPerKPU": 1, "AutoScalingEnabled": False}


def with_defaults(configuration: dict[str, Any]) -> dict[str, Any]:
    """Flink's part of a configuration complete, as the service describes it (API CheckpointConfiguration)."""
    made = copy.deepcopy(configuration)
    flink = made.setdefault("FlinkApplicationConfiguration", {})
    for name, defaults in (
        ("CheckpointConfiguration", CHECKPOINTS),
        ("MonitoringConfiguration", MONITORING),
        ("ParallelismConfiguration", PARALLELISM),
    ):
        given = flink.get(name) or {"ConfigurationType": "DEFAULT"}
        flink[name] = {**defaults, **given} if given["ConfigurationType"] == "CUSTOM" else {**given, **defaults}
    made.setdefault("ApplicationSnapshotConfiguration", {"SnapshotsEnabled": True})
    return made


def detail(application: Application) -> dict[str, Any]:
    """API ApplicationDetail."""
    shown: dict[str, Any] = {
        "ApplicationARN": application.arn,
        "ApplicationName": application.name,
        "RuntimeEnvironment": application.runtime,
        "ServiceExecutionRole": application.role,
        "ApplicationStatus": application.status,
        "ApplicationVersionId": application.version,
        "CreateTimestamp": utc(application.created),
        "LastUpdateTimestamp": utc(application.updated),
        "ApplicationVersionCreateTimestamp": utc(application.updated),
        "ConditionalToken": application.token,
        "ApplicationMode": application.mode or "STREAMING",
        "ApplicationConfigurationDescription": _described(application),
        "CloudWatchLoggingOptionDescriptions": [dict(option) for option in application.logging],
        "ApplicationMaintenanceConfigurationDescription": {
            "ApplicationMaintenanceWindowStartTime": "06:00",
            "ApplicationMaintenanceWindowEndTime": "14:00",
        },
    }
    if application.description is not None:
        shown["ApplicationDescription"] = application.description
    if application.updated_from is not None:
        shown["ApplicationVersionUpdatedFrom"] = application.updated_from
    return shown


def _described(application: Application) -> dict[str, Any]:
    shown = {
        _RENAMED.get(name, name): _rename(value)
        for name, value in application.configuration.items()
        if name not in _SKIPPED
    }
    parallelism = shown["FlinkApplicationConfigurationDescription"]["ParallelismConfigurationDescription"]
    parallelism["CurrentParallelism"] = parallelism["Parallelism"]
    code = application.configuration.get("ApplicationCodeConfiguration")
    if code:
        content: dict[str, Any] = dict(application.code)
        location = code.get("CodeContent", {}).get("S3ContentLocation")
        if location:
            content["S3ApplicationCodeLocationDescription"] = dict(location)
        elif "TextContent" in code.get("CodeContent", {}):
            content["TextContent"] = code["CodeContent"]["TextContent"]
        shown["ApplicationCodeConfigurationDescription"] = {
            "CodeContentType": code["CodeContentType"],
            "CodeContentDescription": content,
        }
    if application.configuration.get("VpcConfigurations"):
        shown["VpcConfigurationDescriptions"] = [dict(vpc) for vpc in application.configuration["VpcConfigurations"]]
    if application.run:
        shown["RunConfigurationDescription"] = {
            {
                "ApplicationRestoreConfiguration": "ApplicationRestoreConfigurationDescription",
                "FlinkRunConfiguration": "FlinkRunConfigurationDescription",
            }[name]: value
            for name, value in application.run.items()
            if name != "SqlRunConfigurations"
        }
    return shown


def _rename(value: Any) -> Any:
    if isinstance(value, dict):
        return {_RENAMED.get(name, name): _rename(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rename(inner) for inner in value]
    return value
