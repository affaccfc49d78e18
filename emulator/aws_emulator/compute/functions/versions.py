"""Published versions of functions, their snapshots, and what may be done while a snapshot is being made.

Source of the rules: Lambda API reference ("PublishVersion": nothing is published if nothing has changed since the last
version; numbers are not used again), developer guide, "Lambda SnapStart and function states" and "Manage Lambda
function versions". moto copies a version without what the copy should have of its own.

A snapshot takes two seconds here, and minutes on AWS. No process is kept: each execution environment of such a version
is initialised, told to be a restored one, and runs its hooks (``worker``). A version whose code cannot be loaded
becomes Active here, and ``Failed`` on AWS.
"""

from __future__ import annotations

import copy
import json
import time
import uuid
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaStorage
from moto.awslambda.policy import Policy

from aws_emulator.api import ApiError

SNAPSHOT_SECONDS = 2.0
"""How long a version with SnapStart is Pending."""
LATEST = "$LATEST"
_OWN = ("emulator_settings", "code", "environment_vars", "tags", "architectures", "layers")
"""What an update of the function changes in place, and what a version keeps."""


class ResourceConflictException(LambdaClientError):
    """The state of a function, or what names it, forbids an operation."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


def install_versions() -> None:
    """Make moto's versions what Lambda's are; aliases name only versions that can be invoked."""
    original_put, original_update = LambdaStorage.put_alias, LambdaStorage.update_alias
    original_delete = LambdaStorage.del_function

    def publish(self: Any, name_or_arn: str, description: str = "") -> Any:
        latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        versions = self._functions[latest.function_name]["versions"]
        content = _content(latest)
        if versions and versions[-1].emulator_content == content:
            return versions[-1]
        version = _version_of(latest, content, description)
        versions.append(version)
        self._arns[version.function_arn] = version
        return version

    def put_alias(self: Any, name: str, function_name: str, function_version: str, *rest: Any) -> Any:
        _check_state(self.get_function_by_name_or_arn_with_qualifier(function_name, function_version))
        return original_put(self, name, function_name, function_version, *rest)

    def update_alias(self: Any, name: str, function_name: str, function_version: str | None, *rest: Any) -> Any:
        # Whatever is not told stays.
        kept = function_version or self.get_alias(name, function_name).function_version
        _check_state(self.get_function_by_name_or_arn_with_qualifier(function_name, kept))
        updated = original_update(self, name, function_name, kept, *rest)
        updated.revision_id = str(uuid.uuid4())
        return updated

    def delete(self: Any, name_or_arn: str, qualifier: str | None = None) -> None:
        found = self.get_function_by_name_or_arn_with_qualifier(name_or_arn, qualifier)
        number = str(found.version)
        qualified = qualifier or ":" in name_or_arn.rpartition(":function:")[2]
        if qualified:
            if number == LATEST:
                raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
            aliases = self._get_function_aliases(found.function_name).values()
            naming = sorted(alias.name for alias in aliases if alias.function_version == number)
            if naming:
                raise ResourceConflictException(
                    f"Unable to delete version because the following aliases reference it: [{', '.join(naming)}]"
                )
            self._functions[found.function_name]["versions"].remove(found)
            self._arns.pop(found.function_arn, None)
            return
        original_delete(self, name_or_arn, qualifier)

    for name, replacement in {
        "publish_version": publish,
        "put_alias": put_alias,
        "update_alias": update_alias,
        "del_function": delete,
    }.items():
        setattr(LambdaStorage, name, replacement)


def policy_of(function: Any, qualifier: str) -> Policy:
    """The resource policy of a version or alias, which is another one than the function's.

    Args:
        function: the function as it is (``$LATEST``).
        qualifier: the version's number, or the alias's name.
    """
    policies: dict[str, Policy] = function.__dict__.setdefault("emulator_policies", {})
    return policies.setdefault(qualifier, Policy(function))


def has_snapshots(function: Any) -> bool:
    """Whether this is a published version with SnapStart."""
    applies = (function.emulator_settings.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions"
    return applies and str(function.version) != LATEST


def is_pending(function: Any) -> bool:
    """Whether the snapshot of a version is still being made."""
    return has_snapshots(function) and time.monotonic() < function.__dict__.get("emulator_ready", 0.0)


def described_snapshots(function: Any) -> dict[str, Any]:
    """The members of a function's configuration that say what of SnapStart applies to it."""
    applied = (function.emulator_settings.get("SnapStart") or {}).get("ApplyOn") or "None"
    pending = is_pending(function)
    status = "On" if has_snapshots(function) and not pending else "Off"
    described: dict[str, Any] = {"SnapStart": {"ApplyOn": applied, "OptimizationStatus": status}}
    if pending:
        reason = {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
        described |= {"State": "Pending", **reason}
    return described


def check_ready(function: Any) -> None:
    """Refuse an invocation of a version whose snapshot is not there yet.

    UNVERIFIED[lambda-snapshot-pending]: which errors a version has that was Pending from the beginning; this one is
    documented for a version that is Inactive and being initialised.

    Raises:
        ApiError: ``SnapStartNotReadyException``.
    """
    if is_pending(function):
        raise ApiError(
            "SnapStartNotReadyException",
            "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE.",
            409,
            {"Type": "User"},
        )


def _check_state(function: Any) -> None:
    if is_pending(function):
        raise ResourceConflictException(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )


def _version_of(latest: Any, content: str, description: str) -> Any:
    """The next version: a copy that later updates of the function do not reach."""
    number = latest.__dict__.get("emulator_published", 0) + 1
    latest.emulator_published = number
    version = copy.copy(latest)
    for name in _OWN:
        setattr(version, name, copy.copy(getattr(latest, name)))
    version.event_invoke_config = []
    version.set_version(number)
    version.emulator_content = content
    version.emulator_ready = time.monotonic() + SNAPSHOT_SECONDS
    if description:
        version.description = description
    return version


def _content(function: Any) -> str:
    """What two versions differ in."""
    configuration = function.get_configuration()
    unlike = ("LastModified", "RevisionId", "Version", "FunctionArn", "State", "LastUpdateStatus")
    return json.dumps({key: configuration[key] for key in configuration if key not in unlike}, sort_keys=True)
