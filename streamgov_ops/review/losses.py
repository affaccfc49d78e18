"""What a deletion or replacement destroys, and which protection an update takes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamgov_core.catalog.entry import REGISTRY_NAME, RESOURCE, TOPIC_MAPPING
from streamgov_ops.review.harm import Harm
from streamgov_ops.review.markup import code, listed
from streamgov_ops.review.plan import Change

GUARD = "pulumi-python:dynamic/streamgov:DestroyGuard"
"""The resource that looks at what lives before a destroy."""
DATA_SOURCE = "streamgov:index:SchemaRegistryDataSource"
_FUNCTION, _ROLE, _TABLE = "aws:lambda/function:Function", "aws:iam/role:Role", "aws:dynamodb/table:Table"
_MEMBERSHIP = "pulumi-python:dynamic/streamgov:ProjectMembership"


@dataclass(frozen=True)
class Loss:
    """Something that is destroyed.

    Attributes:
        text: what; Markdown.
        harm: how bad it is, or None if a reviewer need not look at it first.
    """

    text: str
    harm: Harm | None


# What is lost with the object, as a sentence after its name; {it} is the object that goes.
_LOSSES: Mapping[str, tuple[str, Harm | None]] = {
    _TABLE: (
        "every record in {it} is lost, and a ledger is what revokes, audits and repairs work from",
        Harm.RECORDS_LOST,
    ),
    "aws:kms/key:Key": (
        "what {it} encrypted (table, logs, dead letters) cannot be read any more once the waiting period is over",
        Harm.RECORDS_LOST,
    ),
    "aws:datazone/domain:Domain": (
        "the whole catalogue of {it} is lost: projects, assets, subscriptions",
        Harm.RECORDS_LOST,
    ),
    "aws:datazone/project:Project": ("the assets and subscriptions of {it} are lost", Harm.RECORDS_LOST),
    "aws:datazone/environment:Environment": ("the targets and grants of {it} are lost", Harm.RECORDS_LOST),
    "aws:msk/cluster:Cluster": ("every topic and record of {it} is lost", Harm.RECORDS_LOST),
    "aws:kinesis/stream:Stream": ("every record of {it} is lost", Harm.RECORDS_LOST),
    "aws:glue/registry:Registry": ("every schema of {it} is lost", Harm.RECORDS_LOST),
    "aws:s3/bucket:Bucket": ("the trail's log files in {it} are lost", Harm.RECORDS_LOST),
    "aws:sqs/queue:Queue": (
        "the messages that wait in {it} are lost; dead letters are events that nobody has handled yet",
        Harm.SERVICE_LOST,
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("the log events in {it} are lost", None),
    "aws:cloudtrail/trail:Trail": ("schema changes are no longer seen as they happen", Harm.SERVICE_LOST),
    _ROLE: ("trust and policies elsewhere that name {it} no longer reach it", None),
    "aws:ram/resourceShare:ResourceShare": ("member accounts lose the domain", Harm.SERVICE_LOST),
    "aws:ram/principalAssociation:PrincipalAssociation": ("the account loses the domain", Harm.SERVICE_LOST),
    "aws:sfn/stateMachine:StateMachine": ("executions in flight are stopped", Harm.SERVICE_LOST),
    _FUNCTION: ("whatever starts it finds no function", None),
    "pulumi-python:dynamic/streamgov:AssetType": (
        "DataZone refuses that while assets of {it} exist",
        Harm.SERVICE_LOST,
    ),
    "pulumi-python:dynamic/streamgov:FormType": (
        "DataZone refuses that while an asset type uses {it}",
        Harm.SERVICE_LOST,
    ),
    "pulumi-python:dynamic/streamgov:Rule": (
        "requests and publications pass that {it} would have refused",
        Harm.ACCESS_WIDENED,
    ),
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": (
        "no grant can be made through {it}, and grants on it must be revoked first",
        Harm.SERVICE_LOST,
    ),
}
_MEANWHILE = "events that come meanwhile are tried again or become dead letters"
_CASCADE = (
    "every live **grant is revoked**, and listings, assets and the data sources' records are **deleted** "
    "(`on_destroy` is `cascade`)"
)


def losses(change: Change, changes: Sequence[Change]) -> Iterator[Loss]:
    """What a change destroys.

    Args:
        change: the change.
        changes: all of the plan: a part of something that is dropped as a whole is one loss.
    """
    if change.type == GUARD:
        if change.kind == "delete" and not change.kept and change.before.get("on_destroy") == "cascade":
            yield Loss(_CASCADE, Harm.RECORDS_LOST)
    elif change.kind == "update":
        yield from _protections(change)
        yield from _replaced_assets(change)
    elif change.kind in ("delete", "replace") and not change.kept:
        if change.type == DATA_SOURCE and change.kind == "delete":
            yield Loss(_dropped_source(change, changes), Harm.SERVICE_LOST)
        elif change.type in _LOSSES and not _goes_with_its_source(change, changes):
            yield _loss(change)


def _goes_with_its_source(change: Change, changes: Sequence[Change]) -> bool:
    """Whether it is the function of a data source that is dropped: its rules and queue go too, nothing misses it."""
    return (
        change.type == _FUNCTION
        and change.kind == "delete"
        and any(other.type == DATA_SOURCE and other.kind == "delete" and _part_of(change, other) for other in changes)
    )


def _part_of(change: Change, component: Change) -> bool:
    """Whether a resource belongs to a component: its name begins with the component's."""
    return DATA_SOURCE in change.parents and change.name.startswith(f"{component.name}-")


def _loss(change: Change) -> Loss:
    text, harm = _LOSSES[change.type]
    name = code(change.before.get("name") or change.before.get("bucket") or change.name)
    if change.type == "aws:kms/key:Key" and change.before.get("deletionWindowInDays"):
        text += f" ({change.before['deletionWindowInDays']} days)"
    if change.kind == "delete":
        return Loss(f"{name} is **deleted**: {text.format(it='it')}", harm)
    why = f" because of {listed(change.reasons)}" if change.reasons else ""
    if change.type == _FUNCTION:
        text = _MEANWHILE
    return Loss(f"{name} is **replaced**{why}: {text.format(it='the old one')}", harm)


def _protections(change: Change) -> Iterator[Loss]:
    """What protects a ledger, where an update switches it off."""
    if change.type != _TABLE:
        return
    name = code(change.now.get("name") or change.name)
    if change.before.get("deletionProtectionEnabled") and not change.after.get("deletionProtectionEnabled"):
        text = f"{name} loses its **protection from deletion**: a destroy then deletes its records"
        yield Loss(text, Harm.LIMIT_DROPPED)
    before, after = (inputs.get("pointInTimeRecovery") or {} for inputs in (change.before, change.after))
    if before.get("enabled") and not after.get("enabled"):
        text = f"{name} loses its **point-in-time recovery**: a damaged ledger cannot be restored"
        yield Loss(text, Harm.LIMIT_DROPPED)


def _replaced_assets(change: Change) -> Iterator[Loss]:
    """Assets that a data source makes anew, where its schemas come to mean other topics or streams."""
    if change.type != _FUNCTION:
        return
    old, new = ((inputs.get("environment") or {}).get("variables") for inputs in (change.before, change.after))
    if not isinstance(old, Mapping) or not isinstance(new, Mapping) or REGISTRY_NAME not in old:
        return
    changed = [
        f"{word} {code(old.get(key, ''))} → {code(new.get(key, ''))}"
        for word, key in (("topic mapping", TOPIC_MAPPING), ("resource", RESOURCE))
        if old.get(key) != new.get(key)
    ]
    if changed:
        yield Loss(
            f"data source of registry {code(old[REGISTRY_NAME])}: {', '.join(changed)}. Schemas that mean another "
            "topic or stream from then on get **new assets** at the next full run: what people wrote and its listing "
            "are carried over, the former assets are deleted. One with subscriptions stays as it is. If more than a "
            "quarter of all would end, none does, and the run fails until one is started with `allowMassRetirement`",
            Harm.SERVICE_LOST,
        )


def _dropped_source(change: Change, changes: Sequence[Change]) -> str:
    """What becomes of a data source's assets, and of its role's membership."""
    text = (
        f"data source {code(change.name)} is **dropped** with its function and rules: its assets, listings and "
        "subscriptions stay in DataZone and its grants stay in force, but nothing follows the registry any more (no "
        "new schema, no new version, no retirement). Revoke, unpublish and delete by hand what is no longer wanted"
    )
    roles = [
        str(other.before.get("name"))
        for other in changes
        if other.type == _ROLE and other.kind == "delete" and _part_of(other, change)
    ]
    members = [
        str(other.before.get("user_identifier"))
        for other in changes
        if other.type == _MEMBERSHIP and other.kind == "delete"
    ]
    stale = [role for role in roles if not any(member.endswith(f"/{role}") for member in members)]
    if stale:
        text += f". Take role {listed(stale)} out of `contributors` of the domain's stack: that entry is stale now"
    return text
