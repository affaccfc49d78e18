"""What would stop a destroy half-way, beside what lives: protection from deletion, and rights that are lacking.

Rules: DeleteTable refuses a table with deletion protection, DeleteBucket a bucket with objects. Rights are asked of
IAM's policy simulator (SimulatePrincipalPolicy). Whoever may not ask is not refused for that, nor whom a condition may
allow that the simulator cannot judge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from streamgov_core.deploy.destruction import Destruction, destruction
from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import tell
from streamgov_pulumi.providers.live import Part

Clients = Callable[[str], Any]
_SESSION = re.compile(r"arn:[\w-]+:sts::\d{12}:assumed-role/([^/]+)/.+")
_CASCADE = ("datazone:DeleteAsset", "datazone:DeleteSubscriptionGrant", "datazone:RevokeSubscription")


@dataclass(frozen=True)
class Obstacles:
    """What is in the way in one account, a sentence each.

    Args:
        protected: what cannot be deleted as it is.
        lacking: what the caller may not do.
    """

    protected: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.protected or self.lacking)


def obstacles(part: Part, client: Clients, *, cascade: bool) -> Obstacles:
    """Look at one account before anything of it is destroyed.

    Args:
        part: what the stack has there.
        client: makes a client of an AWS service for the account.
        cascade: what lives is taken down, too.
    """
    entry = part.part
    account = str(entry.get("account") or "")
    sides = [destruction(part.names, account, str(side)) for side in entry.get("sides") or []]
    # An account that is both sides has one bucket.
    protected = dict.fromkeys(
        line for side in sides for line in _protected(side, account, client, bool(entry.get("trail")))
    )
    return Obstacles(tuple(protected), tuple(_lacking(part, sides, account, client, cascade=cascade)))


def _protected(side: Destruction, account: str, client: Clients, keeps_logs: bool) -> Iterator[str]:
    for table in side.tables:
        try:
            found = aws.find(client("dynamodb"), "describe_table", TableName=table)
            if found is not None and found["Table"].get("DeletionProtectionEnabled"):
                yield f"table {table} in account {account}: its deletion protection is on"
        except RemoteError as error:
            tell(f"whether table {table} is protected could not be asked: {error}")
    if not keeps_logs:
        return
    try:
        if aws.call(client("s3"), "list_object_versions", Bucket=side.bucket, MaxKeys=1).get("Versions"):
            yield f"bucket {side.bucket} in account {account}: it holds the trail's logs"
    except RemoteError as error:
        if error.code != "NoSuchBucket":
            tell(f"whether bucket {side.bucket} is empty could not be asked: {error}")


def _lacking(part: Part, sides: list[Destruction], account: str, client: Clients, *, cascade: bool) -> Iterator[str]:
    wanted: dict[str, list[str]] = {}
    for side in sides:
        for resource, actions in side.deletions.items():
            wanted.setdefault(resource, []).extend(actions)
    if part.part.get("asset_types"):
        wanted.setdefault("*", []).extend(("datazone:DeleteAssetType", "datazone:DeleteFormType"))
    if part.part.get("targets"):
        wanted.setdefault("*", []).append("datazone:DeleteSubscriptionTarget")
    if cascade and (part.part.get("asset_types") or part.part.get("targets")):
        wanted.setdefault("*", []).extend(_CASCADE)
    try:
        principal = _caller(client)
        for resource, needed in wanted.items() if principal else ():
            for action in _denied(client("iam"), principal, resource, sorted(needed), str(part.props["region"])):
                add = json.dumps({"Effect": "Allow", "Action": action, "Resource": resource})
                yield f"{principal} may not {action} on {resource} in account {account}; add {add}"
    except RemoteError as error:
        tell(f"account {account}: whether a right is lacking could not be asked: {error}")


def _caller(client: Clients) -> str:
    """The ARN of the role or user that asks; empty if the simulator knows no such principal."""
    arn = str(aws.call(client("sts"), "get_caller_identity")["Arn"])
    session = _SESSION.fullmatch(arn)
    if session is not None:
        return str(aws.call(client("iam"), "get_role", RoleName=session.group(1))["Role"]["Arn"])
    return arn if ":user/" in arn else ""


def _denied(iam: Any, principal: str, resource: str, actions: list[str], region: str) -> Iterator[str]:
    answer = aws.call(
        iam,
        "simulate_principal_policy",
        PolicySourceArn=principal,
        ActionNames=actions,
        ResourceArns=[resource],
        ContextEntries=[
            {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": [region], "ContextKeyType": "string"}
        ],
    )
    for result in answer["EvaluationResults"]:
        action = str(result["EvalActionName"])
        # A condition on what the simulator was not told (a tag of the resource) may decide otherwise.
        services = ("aws", action.partition(":")[0])
        open_ = [key for key in result.get("MissingContextValues") or [] if key.partition(":")[0] in services]
        if result["EvalDecision"] != "allowed" and not open_:
            yield action
