"""The resource policies of versions and aliases, each its own beside the function's.

Source of the rule: Lambda developer guide, "Viewing resource-based IAM policies in Lambda" and "Manage Lambda function
versions": a permission that was added with a qualifier is for invocations by that qualifier, and one without is for the
function alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.awslambda.exceptions import GenericResourcNotFound, PreconditionFailedException, UnknownPolicyException
from moto.awslambda.policy import Policy

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.functions.store import find_function, split_name
from aws_emulator.compute.functions.versions import LATEST, policy_of

_STATEMENT = (
    "StatementId", "Action", "Principal", "SourceArn", "SourceAccount", "EventSourceToken", "RevisionId",
    "PrincipalOrgID", "FunctionUrlAuthType",
)  # fmt: skip
_MISSING = "The resource you requested does not exist."


def install_qualified_policies(emulator: Emulator) -> None:
    """Serve the operations on policies where a call names a version or an alias."""

    @emulator.wrap("lambda", "AddPermission", "GetPolicy", "RemovePermission")
    def permissions(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        account, region, name, qualifier = split_name(
            str(call.params["FunctionName"]), call.caller.account, call.region, call.params.get("Qualifier")
        )
        if qualifier in (None, LATEST):
            return proceed()
        find_function(account, region, name, qualifier)
        policy = policy_of(find_function(account, region, name, None), str(qualifier))
        try:
            return _served(call, policy, str(qualifier))
        except PreconditionFailedException as error:
            raise ApiError("PreconditionFailedException", str(error.message), 412, {"Type": "User"}) from error
        except (GenericResourcNotFound, UnknownPolicyException) as error:
            raise ApiError("ResourceNotFoundException", _MISSING, 404, {"Type": "User"}) from error


def _served(call: ApiCall, policy: Policy, qualifier: str) -> dict[str, Any]:
    if call.operation == "GetPolicy":
        found = policy.get_policy()
        return {"Policy": json.dumps(found["Policy"]), "RevisionId": found["RevisionId"]}
    if call.operation == "RemovePermission":
        policy.del_statement(call.params["StatementId"], call.params.get("RevisionId") or "")
        return {}
    asked = {name: call.params[name] for name in _STATEMENT if call.params.get(name)}
    statement, _ = policy.add_statement(json.dumps(asked), qualifier)
    return {"Statement": json.dumps(statement)}
