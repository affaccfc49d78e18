"""Functions as moto's Lambda backend keeps them, plus the settings that moto drops.

moto stores code and configuration and answers the API's management operations; it forgets ``LoggingConfig`` and
``DeadLetterConfig``, ignores ``Handler`` rules, and gives no ``RevisionId``. Its function class is extended in place.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    UnknownAliasException,
    UnknownFunctionException,
    UnknownLayerVersionException,
)
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction, lambda_backends

from aws_emulator.api import ApiError
from aws_emulator.compute.functions.versions import described_snapshots, install_versions
from aws_emulator.patches.common import digest

KEPT = ("LoggingConfig", "DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs", "SnapStart")
"""Configuration members that CreateFunction and UpdateFunctionConfiguration take and moto does not keep."""

OF_MAPPINGS: dict[str, Any] = {"MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}
"""What a mapping answers that was not told otherwise (API reference, CreateEventSourceMapping, the defaults)."""
OF_STREAM_MAPPINGS: dict[str, Any] = {
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "LastProcessingResult": "No records processed",
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}
"""The same of mappings from Kinesis and DynamoDB streams."""

Runner = Callable[[Any, bytes], tuple[str, bool, str]]
"""Runs a function of moto's: (function, payload) -> (response, whether it failed, log)."""

_runners: list[Runner] = []


def install_patches(runner: Runner) -> None:
    """Make moto's functions remember what they were given, and really run where moto itself invokes them.

    Args:
        runner: runs a function for moto's own integrations (subscriptions, event source mappings).
    """
    _runners.append(runner)
    if len(_runners) > 1:
        return
    install_versions()
    _patch_invoke_configs()
    _patch_layers()
    _patch_mappings()
    original_init = LambdaFunction.__init__
    original_configuration = LambdaFunction.get_configuration
    original_update = LambdaFunction.update_configuration
    original_code = LambdaFunction.update_function_code

    def init(self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        original_init(self, account_id, spec, region, version)
        self.emulator_settings = {name: spec[name] for name in KEPT if spec.get(name)}
        self.emulator_layers = _layer_versions(self)
        self.emulator_revision = str(uuid.uuid4())

    def configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        config: dict[str, Any] = original_configuration(self, on_create)
        settings = self.emulator_settings
        logging = dict(settings.get("LoggingConfig") or {})
        logging.setdefault("LogFormat", "Text")
        logging.setdefault("LogGroup", f"/aws/lambda/{self.function_name}")
        if logging["LogFormat"] == "JSON":
            logging.setdefault("ApplicationLogLevel", "INFO")
            logging.setdefault("SystemLogLevel", "INFO")
        config["LoggingConfig"] = logging
        config["RevisionId"] = self.emulator_revision
        config |= described_snapshots(self)
        for name in ("DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs"):
            # An empty target takes the dead letters away again.
            if settings.get(name) and settings[name] != {"TargetArn": ""}:
                config[name] = settings[name]
            else:
                config.pop(name, None)  # Lambda leaves out what a function does not have; moto answers it empty
        if not config.get("Layers"):
            config.pop("Layers", None)
        if config.get("PackageType", "Zip") == "Zip":
            version = digest(f"{config.get('Runtime')}")
            config["RuntimeVersionConfig"] = {"RuntimeVersionArn": f"arn:aws:lambda:{self.region}::runtime:{version}"}
        return config

    def update(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        _remember(self, config_updates)
        self.emulator_revision = str(uuid.uuid4())
        original_update(self, config_updates)
        if "Layers" in config_updates:
            self.emulator_layers = _layer_versions(self)
        return configuration(self)

    def update_code(self: Any, updated_spec: dict[str, Any]) -> dict[str, Any]:
        if updated_spec.get("Architectures"):
            self.architectures = updated_spec["Architectures"]
        self.emulator_revision = str(uuid.uuid4())
        original_code(self, updated_spec)
        return configuration(self)

    def run(self: Any, event: Any = None) -> tuple[str, bool, str]:
        return _runners[-1](self, json.dumps({} if event is None else event).encode())

    replacements = {
        "_invoke_lambda": run,
        "__init__": init,
        "get_configuration": configuration,
        "update_configuration": update,
        "update_function_code": update_code,
    }
    for name, replacement in replacements.items():
        setattr(LambdaFunction, name, replacement)


def _patch_invoke_configs() -> None:
    """A second PutFunctionEventInvokeConfig replaces the first; moto appends it and goes on answering the first."""
    original = LambdaBackend.put_function_event_invoke_config

    def put_invoke_config(self: Any, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        self.get_function(function_name).event_invoke_config = []
        answer: dict[str, Any] = original(self, function_name, config)
        return answer

    setattr(LambdaBackend, "put_function_event_invoke_config", put_invoke_config)  # noqa: B010


def _patch_layers() -> None:
    """A layer version that does not exist is a wrong parameter of the function (API CreateFunction)."""
    original = LambdaFunction._get_layers_data

    def layers(self: Any, arns: list[str]) -> Any:
        try:
            return original(self, arns)
        except UnknownLayerVersionException as error:
            raise InvalidParameterValueException(f"Layer version {', '.join(arns)} does not exist.") from error

    setattr(LambdaFunction, "_get_layers_data", layers)  # noqa: B010


def _layer_versions(function: Any) -> list[Any]:
    """The layer versions that a function has, which it keeps when they are deleted (API DeleteLayerVersion).

    Versions of other accounts, which moto does not find, are refused there.
    """
    backend = lambda_backends[function.account_id][function.region]
    return [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]


def _patch_mappings() -> None:
    original = EventSourceMapping.get_configuration

    def configuration(self: Any) -> dict[str, Any]:
        of_stream = ":sqs:" not in self.event_source_arn
        return {**OF_MAPPINGS, **(OF_STREAM_MAPPINGS if of_stream else {}), **original(self)}

    setattr(EventSourceMapping, "get_configuration", configuration)  # noqa: B010


def _remember(function: Any, config_updates: dict[str, Any]) -> None:
    """Keep what UpdateFunctionConfiguration sets and moto ignores; an empty KMSKeyArn takes the key away."""
    for name in KEPT:
        if name in config_updates:
            function.emulator_settings[name] = config_updates[name]
    if "TracingConfig" in config_updates:
        function.tracing_config = config_updates["TracingConfig"]
    if "KMSKeyArn" in config_updates:
        function.kms_key_arn = config_updates["KMSKeyArn"] or None


def split_name(name: str, account: str, region: str, qualifier: str | None) -> tuple[str, str, str, str | None]:
    """Account, region, name and qualifier from Invoke's ``FunctionName``.

    Args:
        name: a name, a partial ARN (``123456789012:function:name``) or an ARN, each with a qualifier or without.
        account: the caller's account, for a bare name.
        region: the region of the call.
        qualifier: the parameter ``Qualifier``.

    Raises:
        ApiError: ``InvalidParameterValueException`` for an ARN of another shape, or qualifiers that contradict.
    """
    parts = name.split(":")
    if parts[0] == "arn":
        if len(parts) not in (7, 8) or parts[2] != "lambda" or parts[5] != "function":
            raise ApiError("InvalidParameterValueException", f"Invalid function ARN: {name}", 400)
        region, account, parts = parts[3], parts[4], parts[6:]
    elif len(parts) >= 3 and parts[1] == "function":
        account, parts = parts[0], parts[2:]
    if len(parts) > 2:
        raise ApiError("InvalidParameterValueException", f"Invalid function name: {name}", 400)
    if len(parts) == 2:
        if qualifier and qualifier != parts[1]:
            raise ApiError(
                "InvalidParameterValueException",
                "The derived qualifier from the function name does not match the specified qualifier.",
                400,
            )
        qualifier = parts[1]
    return account, region, parts[0], qualifier


def find_function(account: str, region: str, name: str, qualifier: str | None) -> Any:
    """The function as moto keeps it.

    Raises:
        ApiError: ``ResourceNotFoundException``.
    """
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    try:
        return lambda_backends[account][region].get_function(name, None if qualifier == "$LATEST" else qualifier)
    except (UnknownFunctionException, UnknownAliasException) as error:
        missing = f"{arn}:{qualifier}" if qualifier else arn
        raise ApiError("ResourceNotFoundException", f"Function not found: {missing}", 404, {"Type": "User"}) from error
