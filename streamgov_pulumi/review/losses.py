"""What a deletion or replacement destroys."""

from __future__ import annotations

from collections.abc import Mapping

from streamgov_pulumi.review.plan import Change
from streamgov_pulumi.review.words import code, listed

# What is lost with the object, for good; the weight says whether a reviewer should look at it first.
_LOSSES: Mapping[str, tuple[str, bool]] = {
    "aws:dynamodb/table:Table": (
        "every record in it: a ledger is what revokes, audits and repairs work from",
        True,
    ),
    "aws:kms/key:Key": (
        "what it encrypted (table, logs, dead letters) cannot be read any more once the waiting period is over",
        True,
    ),
    "aws:sqs/queue:Queue": ("the messages that wait in it", True),
    "aws:cloudwatch/logGroup:LogGroup": ("its log events", False),
    "aws:s3/bucket:Bucket": ("the trail's log files", True),
    "aws:cloudtrail/trail:Trail": ("schema changes are no longer seen as they happen", True),
    "aws:datazone/domain:Domain": ("the whole catalogue: projects, assets, subscriptions", True),
    "aws:datazone/project:Project": ("the project with its assets and subscriptions", True),
    "aws:datazone/environment:Environment": ("the environment with its targets and grants", True),
    "aws:msk/cluster:Cluster": ("every topic and record of the cluster", True),
    "aws:kinesis/stream:Stream": ("every record of the stream", True),
    "aws:glue/registry:Registry": ("every schema of the registry", True),
    "aws:iam/role:Role": ("the role: trust and policies elsewhere that name it no longer reach it", False),
    "aws:ram/resourceShare:ResourceShare": ("member accounts lose the domain", True),
    "aws:ram/principalAssociation:PrincipalAssociation": ("the account loses the domain", True),
    "aws:sfn/stateMachine:StateMachine": ("executions in flight are stopped", True),
    "aws:lambda/function:Function": (
        "the function; events that come meanwhile are tried again or become dead letters",
        False,
    ),
    "pulumi-python:dynamic/streamgov:AssetType": (
        "the asset type: refused while assets of it exist",
        True,
    ),
    "pulumi-python:dynamic/streamgov:FormType": ("the form type: refused while an asset type uses it", True),
    "pulumi-python:dynamic/streamgov:Rule": (
        "what it required: without it requests and publications pass that it would have refused",
        True,
    ),
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": (
        "the target: no grant can be made through it, and grants on it must be revoked first",
        True,
    ),
}

_GUARD = "pulumi-python:dynamic/streamgov:DestroyGuard"
_TAKEN_DOWN = (
    "every live **grant is revoked**, and listings, assets and the data sources' records are **deleted** "
    "(`on_destroy` is `cascade`)"
)


def loss(change: Change) -> tuple[str, bool] | None:
    """What is destroyed, in words, and whether to look at it first; None if nothing that matters."""
    if change.kind not in ("delete", "replace") or change.kept:
        return None
    if change.type == _GUARD:
        taken = change.kind == "delete" and change.before.get("on_destroy") == "cascade"
        return (_TAKEN_DOWN, True) if taken else None
    found = _LOSSES.get(change.type)
    if found is None:
        return None
    text, heavy = found
    name = change.before.get("name") or change.before.get("bucket") or change.name
    if change.type == "aws:kms/key:Key" and change.before.get("deletionWindowInDays"):
        text += f" ({change.before['deletionWindowInDays']} days)"
    if change.kind == "replace":
        why = f" because of {listed(change.reasons)}" if change.reasons else ""
        return f"{code(name)} is **replaced**{why}. The old one goes: {text}", heavy
    return f"{code(name)} is **deleted**: {text}", heavy
