"""A published version of a Lambda function: known when its snapshot is there, deleted when nothing names it any more.

pulumi-aws publishes versions with a function and keeps each until the function goes. A snapshot of a Python function is
charged until its version is deleted (Lambda developer guide, "Activating and managing Lambda SnapStart", "Deleting
snapshots"; SnapStart's pricing), so every update would add to the bill. Here a version is a resource of its own: an
update replaces it, the alias follows, and then the engine deletes the former one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import ResourceInUseError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import Checker, DataZoneProvider


class FunctionVersionProvider(DataZoneProvider):
    """Waits for one version of a function, and deletes it."""

    keys = ("function_name", "version")
    replace_keys = (*keys, "region")
    identity = replace_keys

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """A function's name and the number of a version."""
        checker = Checker(news, self.keys)
        checker.text("function_name", re.compile(r"[a-zA-Z0-9-_]{1,64}"), "must be the name of a Lambda function")
        checker.text("version", re.compile(r"[1-9][0-9]*"), "must be the number of a published version")
        return checker.result()

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait until the version can be invoked: an alias is to name one that works, and a snapshot takes minutes.

        Raises:
            RemoteError: there is no such version.
            ResourceInUseError: it could not be initialised, or not in time.
        """
        api, identifier = self.api(props, "lambda"), f"{props['function_name']}|{props['version']}"
        aws.wait_for(f"version {props['version']} of {props['function_name']}", lambda: _is_active(api, props))
        # A forced replacement makes the same version anew, and then deletes the former resource of it.
        self.taken_over(identifier)
        return CreateResult(identifier, dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The version, if it is there."""
        if aws.find(self.api(props, "lambda"), "get_function_configuration", **_named(props)) is None:
            return ReadResult("", {})
        return ReadResult(id_, dict(props), self.inputs_of(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Only how the account is reached has changed."""
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the version, with its snapshot."""
        if not self.keeps(_id):
            aws.find(self.api(_props, "lambda"), "delete_function", **_named(_props))


def _named(props: Mapping[str, Any]) -> dict[str, str]:
    return {"FunctionName": str(props["function_name"]), "Qualifier": str(props["version"])}


def _is_active(api: Any, props: Mapping[str, Any]) -> bool:
    found = aws.call(api, "get_function_configuration", **_named(props))
    if found.get("State") == "Failed":
        raise ResourceInUseError(
            f"version {props['version']} of {props['function_name']} could not be initialised: "
            f"{found.get('StateReason') or 'Lambda gives no reason'}; the alias names the former version still"
        )
    return bool(found.get("State", "Active") == "Active")


class FunctionVersion(Resource, module="streamgov", name="FunctionVersion"):
    """A published version of a Lambda function, which can be invoked.

    Args:
        resource_name: the logical name.
        props: ``function_name``, ``version``, and the session.
        opts: resource options.
    """

    version: pulumi.Output[str]
    """The version's number, known when it can be invoked."""

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(FunctionVersionProvider(), resource_name, dict(props), opts)
