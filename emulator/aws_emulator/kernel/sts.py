"""The operations of STS that need our own credentials: AssumeRole, GetCallerIdentity, GetAccessKeyInfo.

Trust policies are evaluated by the IAM part, as an authorizer, before these run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.kernel.identity import Identities, Session, role_of

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
    chained = _Chained.of(identities.session(call.caller.access_key), params)
    session = identities.issue(
        role_arn,
        params["RoleSessionName"],
        duration=duration,
        session_policy=params.get("Policy"),
        tags=chained.tags,
        transitive=chained.transitive,
        source_identity=chained.source_identity,
    )
    source_identity = {"SourceIdentity": chained.source_identity} if chained.source_identity else {}
    return {
        **source_identity,
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


@dataclass(frozen=True)
class _Chained:
    """What a new session takes from the request, and from the session that begins it.

    Source: IAM user guide, "Chaining roles with session tags" and "Monitor and control actions taken with assumed
    roles": a source identity that is set stays, and a transitive tag cannot be overridden.
    """

    tags: dict[str, str]
    transitive: frozenset[str]
    source_identity: str | None

    @classmethod
    def of(cls, caller: Session | None, params: dict[str, Any]) -> _Chained:
        given = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
        asked = frozenset(params.get("TransitiveTagKeys", []))
        if not asked <= set(given):
            raise ApiError("ValidationError", "The specified transitive tag key must be included in the tags.", 400)
        inherited = {key: caller.tags[key] for key in caller.transitive if key in caller.tags} if caller else {}
        clash = sorted({key.lower() for key in given} & {key.lower() for key in inherited})
        if clash:
            message = f"One of the specified transitive tag keys can't be set because it conflicts with a {clash[0]}"
            raise ApiError("InvalidParameterValue", message, 400)
        identity = (caller.source_identity if caller else None) or params.get("SourceIdentity")
        return cls({**given, **inherited}, asked | frozenset(inherited), identity)


def _longest_session(account: str, role_arn: str) -> int:
    from moto.iam.models import iam_backends

    return int(iam_backends[account]["aws"].get_role_by_arn(role_arn).max_session_duration or 3600)
