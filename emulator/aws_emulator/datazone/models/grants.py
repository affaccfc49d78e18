"""Subscription grants: one status per asset, its transitions, and the events that make others act.

UNVERIFIED[dz-grant-transitions]: the legal transitions of a grant's status. The stricter reading is taken: a fulfilment
moves forward only, the service alone starts a revoke, and a revoke may overtake a grant at any time.
"""

from __future__ import annotations

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, environments, events, targets
from aws_emulator.datazone.models.catalogue_entities import Listing
from aws_emulator.datazone.models.entities import Domain, Environment
from aws_emulator.datazone.models.session import SYSTEM, Session
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.subscription_entities import (
    GrantedAsset,
    Subscription,
    SubscriptionGrant,
    SubscriptionTarget,
)

ENTITY = "SubscriptionGrantEntityType"

_NEXT = {
    "GRANT_PENDING": {"GRANT_IN_PROGRESS", "GRANTED", "GRANT_FAILED"},
    "GRANT_IN_PROGRESS": {"GRANTED", "GRANT_FAILED"},
    "GRANTED": set(),
    "GRANT_FAILED": set(),
    "REVOKE_PENDING": {"REVOKE_IN_PROGRESS", "REVOKED", "REVOKE_FAILED"},
    "REVOKE_IN_PROGRESS": {"REVOKED", "REVOKE_FAILED"},
    "REVOKED": set(),
    "REVOKE_FAILED": set(),
}
_TOLD = {
    "GRANTED": "Subscription Grant Completed",
    "GRANT_FAILED": "Subscription Grant Failed",
    "REVOKED": "Subscription Grant Revoke Completed",
    "REVOKE_FAILED": "Subscription Grant Revoke Failed",
}


def create(session: Session) -> SubscriptionGrant:
    """Grant a subscribed listing to an environment's target, by hand."""
    params, domain = session.params, session.domain
    where = environments.environment(session, params["environmentIdentifier"])
    access.require(session, where.project_id, access.SUBSCRIBE)
    entity = params["grantedEntity"]["listing"]
    listing = domain.listings.get(entity["identifier"])
    if listing is None:
        raise not_found("Listing", entity["identifier"])
    if not any(revision.revision == entity["revision"] for revision in listing.revisions):
        raise not_found("Listing", f"{listing.id} revision {entity['revision']}")
    subscription = _subscription(session, listing, where)
    target = _target(session, where, listing, params.get("subscriptionTargetIdentifier"))
    names = {entry["assetId"]: entry["targetName"] for entry in params.get("assetTargetNames") or []}
    made = _make(session, subscription, listing, entity["revision"], target, session.user, names)
    unknown = set(names) - set(made.assets)
    if unknown:
        raise validation(f"Asset {sorted(unknown)[0]} of assetTargetNames is not part of the grant")
    _store(session, made)
    return made


def create_for(session: Session, subscription: Subscription) -> None:
    """At approval: grants for each matching target of the subscribing project, made by the service.

    A target whose mode is MANUAL is left alone, and one without a mode goes by ``Settings.default_grant_mode``. Nothing
    is retried for targets that are made later.
    """
    domain = session.domain
    if subscription.principal[0] != "PROJECT":
        return
    listing = domain.listings[subscription.listing_id]
    for target in sorted(domain.targets.values(), key=lambda t: (t.stamp.created_at, t.id)):
        where = domain.environments.get(target.environment_id)
        if where is None or where.project_id != subscription.principal[1] or where.status != "ACTIVE":
            continue
        mode = target.creation_mode or session.settings.default_grant_mode
        if mode != "AUTOMATIC" or not _members(session, listing, target) or _existing(domain, listing.id, target.id):
            continue
        _store(session, _make(session, subscription, listing, listing.latest.revision, target, SYSTEM, {}))


def grant(session: Session, identifier: str) -> SubscriptionGrant:
    """An existing grant; a wholly revoked one until its retention has passed."""
    found = session.domain.grants.get(identifier)
    if found is None or expired(session, found):
        raise not_found("Subscription grant", identifier)
    return found


def expired(session: Session, found: SubscriptionGrant) -> bool:
    """Whether a revoked grant is no longer shown."""
    retention = session.settings.revoked_grant_retention
    return found.revoked_at is not None and retention is not None and session.now >= found.revoked_at + retention


def update_status(session: Session) -> SubscriptionGrant:
    """Report the progress of one asset of a grant. The same status again changes nothing."""
    params = session.params
    found = grant(session, params["identifier"])
    access.require_one(
        session, [(project, access.BUILD | access.CURATE | access.SUBSCRIBE) for project in sides(session, found)]
    )
    asset = found.assets.get(params["assetIdentifier"])
    if asset is None:
        raise not_found("Asset of the grant", params["assetIdentifier"])
    status = params["status"]
    cause = params.get("failureCause")
    if cause is not None and not status.endswith("_FAILED"):
        raise validation(f"failureCause does not go with status {status}")
    if status == asset.status:
        return found
    if status not in _NEXT[asset.status]:
        raise conflict(f"Asset {asset.asset_id} of grant {found.id} cannot go from {asset.status} to {status}")
    asset.status = status
    asset.target_name = params.get("targetName", asset.target_name)
    if status.endswith("_FAILED"):
        asset.failure, asset.failed_at = (cause or {}).get("message"), session.now
    else:
        asset.failure = None
    if status == "GRANTED":
        asset.granted_at = session.now
    _changed(session, found, session.user)
    if status in _TOLD:
        _emit(session, _TOLD[status], found, asset.asset_id, session.user)
    return found


def delete(session: Session) -> SubscriptionGrant:
    """Start the revoke of a grant.

    UNVERIFIED[dz-delete-grant-again]: DeleteSubscriptionGrant after REVOKE_FAILED asks again, with the event; while a
    revoke runs it does nothing; after GRANT_FAILED it asks for a revoke too, since a failed grant may have left
    something.
    """
    found = grant(session, session.params["identifier"])
    access.require_one(session, [(project, access.CURATE | access.SUBSCRIBE) for project in sides(session, found)])
    _revoke(session, found, session.user)
    return found


def revoke_for(session: Session, subscription: Subscription) -> None:
    """Start the revoke of all grants of a subscription that has ended."""
    for found in list(session.domain.grants.values()):
        if found.subscription_id == subscription.id and found.revoked_at is None:
            _revoke(session, found, SYSTEM)


def sides(session: Session, found: SubscriptionGrant) -> list[str]:
    """The projects that a grant concerns: the consumer's, and the publisher's while its listing is there."""
    listing = session.domain.listings.get(found.listing_id)
    return [found.project_id] if listing is None else [found.project_id, listing.owning_project]


def overall_status(domain: Domain, found: SubscriptionGrant) -> str:
    """The grant's status from those of its assets.

    UNVERIFIED[dz-mixed-grant-status]: how DataZone weighs a mixture of asset statuses in the grant's own.
    """
    if found.environment_id not in domain.environments:
        return "INACCESSIBLE"
    states = {asset.status for asset in found.assets.values()}
    if any(state.endswith("_IN_PROGRESS") for state in states):
        return "IN_PROGRESS"
    pending = {state for state in states if state.endswith("_PENDING")}
    if pending:
        return "PENDING" if pending == states else "IN_PROGRESS"
    if {"GRANT_FAILED", "REVOKE_FAILED"} <= states:
        return "GRANT_AND_REVOKE_FAILED"
    for failed in ("GRANT_FAILED", "REVOKE_FAILED"):
        if failed in states:
            return failed
    return "COMPLETED"


def _subscription(session: Session, listing: Listing, where: Environment) -> Subscription:
    for known in session.domain.subscriptions.values():
        if (known.listing_id, known.principal, known.status) == (listing.id, ("PROJECT", where.project_id), "APPROVED"):
            return known
    raise validation(f"Project {where.project_id} has no approved subscription to listing {listing.id}")


def _target(session: Session, where: Environment, listing: Listing, identifier: str | None) -> SubscriptionTarget:
    if identifier is not None:
        found = targets.target(session, where.id, identifier)
        if not _members(session, listing, found):
            raise validation(f"Subscription target {found.id} does not take assets of listing {listing.id}")
        return found
    own = [t for t in session.domain.targets.values() if t.environment_id == where.id]
    fitting = [t for t in own if _members(session, listing, t)]
    if not fitting:
        raise validation(f"Environment {where.id} has no subscription target for listing {listing.id}")
    return min(fitting, key=lambda t: (t.stamp.created_at, t.id))


def _members(session: Session, listing: Listing, target: SubscriptionTarget) -> list[Listing]:
    """The asset listings of a listing that a target takes.

    UNVERIFIED[dz-product-grant-assets]: that a data product's grant holds those of its assets whose type the target
    lists, and no others.
    """
    domain = session.domain
    if listing.kind == "ASSET":
        parts = [listing]
    else:
        parts = [domain.listings[i["listingId"]] for i in listing.latest.items if i["listingId"] in domain.listings]
    return [part for part in parts if part.latest.entity_type in target.asset_types]


def _existing(domain: Domain, listing_id: str, target_id: str) -> SubscriptionGrant | None:
    for known in domain.grants.values():
        if (known.listing_id, known.target_id, known.revoked_at) == (listing_id, target_id, None):
            return known
    return None


def _make(
    session: Session,
    subscription: Subscription,
    listing: Listing,
    revision: str,
    target: SubscriptionTarget,
    user: str,
    names: dict[str, str],
) -> SubscriptionGrant:
    known = _existing(session.domain, listing.id, target.id)
    if known is not None:
        raise conflict(f"Grant {known.id} of listing {listing.id} to target {target.id} already exists")
    assets = {}
    for part in _members(session, listing, target):
        shown = next((r for r in part.revisions if part is listing and r.revision == revision), part.latest)
        assets[part.entity_id] = GrantedAsset(
            asset_id=part.entity_id,
            asset_revision=shown.entity_revision,
            type_name=shown.entity_type,
            listing_id=part.id,
            listing_revision=shown.revision,
            status="GRANT_PENDING",
            target_name=names.get(part.entity_id),
        )
    now = session.now
    return SubscriptionGrant(
        id=session.ids.short(),
        environment_id=target.environment_id,
        target_id=target.id,
        target_type=target.type,
        project_id=target.project_id,
        listing_id=listing.id,
        listing_revision=revision,
        subscription_id=subscription.id,
        assets=assets,
        stamp=Stamp(user, now, user, now),
    )


def _store(session: Session, made: SubscriptionGrant) -> None:
    session.domain.grants[made.id] = made
    for asset_id in made.assets:
        _emit(session, "Subscription Grant Requested", made, asset_id, made.stamp.created_by)


def _revoke(session: Session, found: SubscriptionGrant, user: str) -> None:
    begun = []
    for asset in found.assets.values():
        if asset.status in {"REVOKE_PENDING", "REVOKE_IN_PROGRESS", "REVOKED"}:
            continue
        asset.status, asset.failure = "REVOKE_PENDING", None
        begun.append(asset.asset_id)
    if not begun:
        return
    _changed(session, found, user)
    for asset_id in begun:
        _emit(session, "Subscription Grant Revoke Requested", found, asset_id, user)


def _changed(session: Session, found: SubscriptionGrant, user: str) -> None:
    found.version += 1
    found.stamp.touch(user, session.now)
    done = all(asset.status == "REVOKED" for asset in found.assets.values())
    found.revoked_at = session.now if done else None


def _emit(session: Session, detail_type: str, found: SubscriptionGrant, asset_id: str, user: str) -> None:
    session.emit(
        detail_type,
        entity_type=ENTITY,
        entity_id=found.id,
        project=found.project_id,
        version=str(found.version),
        data=events.grant_data(found, asset_id),
        user=user,
    )
