"""Conditions on the state of a function or alias: whoever changes what somebody else has changed meanwhile is refused.

Source of the rule: Lambda API reference, ``RevisionId`` of UpdateFunctionCode, UpdateFunctionConfiguration,
PublishVersion and UpdateAlias ("PreconditionFailedException"), and ``CodeSha256`` of PublishVersion. moto ignores both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.exceptions import UnknownAliasException
from moto.awslambda.models import lambda_backends

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.functions.store import find_function, split_name


def install_conditions(emulator: Emulator) -> None:
    """Check the conditions before the operations that take them; UpdateFunctionCode is looked at with its upload."""

    @emulator.wrap("lambda", "UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias")
    def conditional(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        check_conditions(call)
        return proceed()


def check_conditions(call: ApiCall) -> None:
    """Compare what a call was made for with what there is.

    Raises:
        ApiError: ``PreconditionFailedException``, ``InvalidParameterValueException``.
    """
    revision, digest = call.params.get("RevisionId"), call.params.get("CodeSha256")
    if not revision and not digest:
        return
    account, region, name, _ = split_name(str(call.params["FunctionName"]), call.caller.account, call.region, None)
    current = find_function(account, region, name, None).get_configuration()
    known = current["RevisionId"]
    if call.operation == "UpdateAlias":
        known = _alias_revision(account, region, name, str(call.params["Name"]))
    if revision and revision != known:
        raise ApiError(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id",
            412,
            {"Type": "User"},
        )
    if digest and digest != current["CodeSha256"]:
        raise ApiError(
            "InvalidParameterValueException",
            f"CodeSHA256 ({digest}) is different from current CodeSHA256 in $LATEST ({current['CodeSha256']}). Please "
            "try again with the CodeSHA256 in $LATEST.",
            400,
            {"Type": "User"},
        )


def _alias_revision(account: str, region: str, function: str, alias: str) -> str | None:
    """The alias's revision; None if there is none, which the operation says itself."""
    try:
        return str(lambda_backends[account][region].get_alias(alias, function).revision_id)
    except UnknownAliasException:
        return None
