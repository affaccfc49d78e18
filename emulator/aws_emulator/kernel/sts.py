"""The operations of STS that need our own credentials: AssumeRole, GetCallerIdentity, GetAccessKeyInfo.

Trust policies are evaluated by the IAM part, as an authorizer, before these run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.kernel.identity import Identities, role_of

CHAINED_LIMIT = 3600


def install(emulator: Emulator, identities: Identities) -> None:
    """Register the operations."""

    @emulator.operation("sts", "GetCallerIdentity")
    def get_caller_identity(call: ApiCall) -> dict[str, Any]:
        session = identities.session(call.caller.access_key)
        user_id = session.session_id if session else call.caller.arn.rsplit("/", 1)[-1]
        return {"UserId": user_id, "Account": call.caller.account, "Arn": call.caller.arn}

    @emulator.operation("sts", "GetAccessKeyInfo")
    def get_access_key_info(call: ApiCall) -> dict[str, Any]:
        key = call.params["AccessKeyId"]
        session = identities.session(key)
        if session is None:
            raise ApiError("ValidationError", f"The access key {key} is unknown.", 400)
        return {"Account": session.caller.account}

    @emulator.operation("sts", "AssumeRole")
    def assume_role(call: ApiCall) -> dict[str, Any]:
        return _assume_role(call, identities)


def _assume_role(call: ApiCall, identities: Identities) -> dict[str, Any]:
    params = call.params
    role_arn = params["RoleArn"]
    duration = params.get("DurationSeconds", 3600)
    try:
        account, _, role_id = role_of(role_arn)
    except ApiError:
        # AWS does not tell a role that does not exist from one that may not be assumed.
        message = f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        raise ApiError("AccessDenied", message, 403) from None
    longest = _longest_session(account, role_arn)
    if call.caller.role_arn is not None and not call.caller.administrator and duration > CHAINED_LIMIT:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            400,
        )
    if duration > longest:
        raise ApiError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400
        )
    session = identities.issue(
        role_arn,
        params["RoleSessionName"],
        duration=duration,
        session_policy=params.get("Policy"),
        tags={tag["Key"]: tag["Value"] for tag in params.get("Tags", [])},
    )
    return {
        "Credentials": {
            "AccessKeyId": session.caller.access_key,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": datetime.fromtimestamp(session.expires, UTC),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role_id}:{params['RoleSessionName']}",
            "Arn": session.caller.arn,
        },
    }


def _longest_session(account: str, role_arn: str) -> int:
    from moto.iam.models import iam_backends

    return int(iam_backends[account]["aws"].get_role_by_arn(role_arn).max_session_duration or 3600)
