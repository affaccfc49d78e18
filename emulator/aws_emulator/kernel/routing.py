"""In whose account moto serves a call that names a resource of another account by its ARN.

moto looks everything up in the caller's account. Where AWS lets a resource policy, a grant or a key policy admit other
accounts, the call is served in the resource's account, after the authorizers have let it pass. An administrator of
another account is refused, since no policy is evaluated for administrators.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aws_emulator.api import ApiCall
from aws_emulator.kernel import errors

# The members that may hold the ARN of a resource of another account, by service.
ARN_MEMBERS = {
    "kinesis": ("StreamARN", "ConsumerARN", "ResourceARN"),
    "kms": ("KeyId",),
    "dynamodb": ("TableName", "ResourceArn"),
    "sns": ("TopicArn", "TargetArn"),
    "lambda": ("FunctionName",),
    "secretsmanager": ("SecretId",),
}


def serving_account(call: ApiCall, accounts: tuple[str, ...]) -> str:
    """The account whose moto backend serves the call.

    Raises:
        ApiError: an administrator of another account calls.
    """
    owner = _owner(call)
    if owner is None or owner == call.caller.account or owner not in accounts:
        return call.caller.account
    if call.caller.administrator:
        raise errors.access_denied(call.service, call.caller.arn, call.operation)
    return owner


def _owner(call: ApiCall) -> str | None:
    if call.service == "sqs":
        match = re.match(r"/(\d{12})/", urlsplit(str(call.params.get("QueueUrl", ""))).path)
        return match.group(1) if match else None
    for member in ARN_MEMBERS.get(call.service, ()):
        parts = str(call.params.get(member, "")).split(":", 5)
        if len(parts) == 6 and parts[0] == "arn" and re.fullmatch(r"\d{12}", parts[4]):
            return parts[4]
    return None
