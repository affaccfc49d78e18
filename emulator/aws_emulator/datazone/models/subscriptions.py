"""Subscription requests and the subscriptions that approval makes of them."""

from __future__ import annotations

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, events, grants, listings, rules
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.subscription_entities import Subscription, SubscriptionRequest

REQUEST_ENTITY = "SubscriptionRequestEntityType"
ENTITY = "SubscriptionEntityType"


def create_request(session: Session) -> SubscriptionRequest:
    """Ask for a listing on behalf of a project (or of the calling user).

    UNVERIFIED[dz-second-request]: that a second request while one is pending or a subscription is active answers
    ConflictException.
    """
    params, domain = session.params, session.domain
    principal = _principal(session)
    listing = listings.listing(session, params["subscribedListings"][0]["identifier"])
    if listing.status != "ACTIVE":
        raise validation(f"Listing {listing.id} is not active")
    if params.get("assetPermissions") or params.get("assetScopes"):
        raise validation("assetPermissions and assetScopes are for S3, Glue and Redshift assets only")
    if principal[0] == "IAM":
        # Announced for Glue tables only (facts, section 1.5).
        raise validation("Subscriptions of IAM principals are supported for Glue table listings only")
    if any(
        r.listing_id == listing.id and r.principal == principal and r.status == "PENDING"
        for r in domain.requests.values()
    ):
        raise conflict(f"A request for listing {listing.id} by {principal[1]} is already pending")
    if any(
        s.listing_id == listing.id and s.principal == principal and s.status == "APPROVED"
        for s in domain.subscriptions.values()
    ):
        raise conflict(f"{principal[1]} is already subscribed to listing {listing.id}")
    filled = rules.enforce_request(session, listing, params.get("metadataForms") or [])
    made = SubscriptionRequest(
        session.ids.short(),
        listing.id,
        listing.latest.revision,
        principal,
        params["requestReason"],
        "PENDING",
        filled,
        session.stamp(),
    )
    domain.requests[made.id] = made
    _emit_request(session, "Subscription Request Created", made)
    return made


def request(session: Session, identifier: str) -> SubscriptionRequest:
    """An existing request."""
    found = session.domain.requests.get(identifier)
    if found is None:
        raise not_found("Subscription request", identifier)
    return found


def accept(session: Session) -> SubscriptionRequest:
    """Approve a request: makes the subscription, and grants for the project's matching targets."""
    found = _to_decide(session, "ACCEPTED")
    if found.status == "ACCEPTED":
        return found
    listing = listings.listing(session, found.listing_id)
    _decide(session, found, "ACCEPTED")
    who, now = session.user, session.now
    made = Subscription(
        session.ids.short(),
        found.id,
        listing.id,
        listing.latest.revision,
        found.principal,
        "APPROVED",
        Stamp(who, now, who, now),
    )
    session.domain.subscriptions[made.id] = made
    _emit_request(session, "Subscription Request Accepted", found, isManagedAsset=False)
    _emit(session, "Subscription Created", made)
    grants.create_for(session, made)
    return found


def reject(session: Session) -> SubscriptionRequest:
    """Decline a request."""
    found = _to_decide(session, "REJECTED")
    if found.status == "PENDING":
        _decide(session, found, "REJECTED")
        _emit_request(session, "Subscription Request Rejected", found)
    return found


def update_request(session: Session) -> SubscriptionRequest:
    """Change the reason of a pending request."""
    found = request(session, session.params["identifier"])
    _require_subscriber(session, found.principal)
    if found.status != "PENDING":
        raise conflict(f"Subscription request {found.id} is {found.status}")
    found.reason = session.params["requestReason"]
    found.stamp.touch(session.user, session.now)
    return found


def delete_request(session: Session) -> None:
    """Withdraw a pending request, or forget a rejected one. An accepted one belongs to its subscription."""
    found = request(session, session.params["identifier"])
    _require_subscriber(session, found.principal)
    if found.status == "ACCEPTED":
        raise conflict(f"Subscription request {found.id} is ACCEPTED")
    del session.domain.requests[found.id]
    _emit_request(session, "Subscription Request Deleted", found)


def subscription(session: Session, identifier: str) -> Subscription:
    """An existing subscription."""
    found = session.domain.subscriptions.get(identifier)
    if found is None:
        raise not_found("Subscription", identifier)
    return found


def revoke(session: Session) -> Subscription:
    """End a subscription as the producer; its grants are revoked unless permissions are retained."""
    found = subscription(session, session.params["identifier"])
    access.require(session, owner_of(session, found.listing_id), access.CURATE)
    retain = bool(session.params.get("retainPermissions"))
    return _end(session, found, "REVOKED", retain)


def cancel(session: Session) -> Subscription:
    """End a subscription as the consumer."""
    found = subscription(session, session.params["identifier"])
    _require_subscriber(session, found.principal)
    return _end(session, found, "CANCELLED", False)


def owner_of(session: Session, listing_id: str) -> str:
    """The project that published a listing; empty when the listing is gone."""
    listing = session.domain.listings.get(listing_id)
    return listing.owning_project if listing is not None else ""


def sides(session: Session, listing_id: str, principal: tuple[str, str]) -> list[str]:
    """The projects that a request or subscription concerns: the publisher's and the subscriber's."""
    both = [owner_of(session, listing_id)]
    return [*both, principal[1]] if principal[0] == "PROJECT" else both


def _end(session: Session, found: Subscription, status: str, retain: bool) -> Subscription:
    if found.status == status:
        return found
    if found.status != "APPROVED":
        raise conflict(f"Subscription {found.id} is {found.status}")
    found.status = status
    found.retain_permissions = retain
    found.stamp.touch(session.user, session.now)
    _emit(session, "Subscription Revoked" if status == "REVOKED" else "Subscription Cancelled", found)
    if not retain:
        grants.revoke_for(session, found)
    return found


def _principal(session: Session) -> tuple[str, str]:
    entry = session.params["subscribedPrincipals"][0]
    kind = next(iter(entry))
    identifier = (entry[kind] or {}).get("identifier", "")
    if kind == "project":
        access.require(session, identifier, access.SUBSCRIBE)
        return "PROJECT", identifier
    if kind == "user":
        if identifier != session.user and not session.call.caller.administrator:
            raise access.refused(session, "a user subscribes only for oneself")
        if identifier not in session.domain.users:
            raise not_found("User", identifier)
        return "USER", identifier
    if kind == "iam":
        return "IAM", identifier
    raise validation("Group profiles need an identity centre, which this domain does not use")


def _to_decide(session: Session, decision: str) -> SubscriptionRequest:
    found = request(session, session.params["identifier"])
    access.require(session, owner_of(session, found.listing_id), access.CURATE)
    if session.params.get("assetPermissions") or session.params.get("assetScopes"):
        raise validation("assetPermissions and assetScopes are for S3, Glue and Redshift assets only")
    if found.status not in {"PENDING", decision}:
        raise conflict(f"Subscription request {found.id} is already {found.status}")
    return found


def _decide(session: Session, found: SubscriptionRequest, status: str) -> None:
    found.status = status
    found.reviewer = session.user
    found.comment = session.params.get("decisionComment")
    found.stamp.touch(session.user, session.now)


def _require_subscriber(session: Session, principal: tuple[str, str]) -> None:
    if principal[0] == "PROJECT":
        access.require(session, principal[1], access.SUBSCRIBE)
    elif principal[1] not in {session.user, session.principal} and not session.call.caller.administrator:
        raise access.refused(session, "it is another principal's subscription")


def _emit_request(session: Session, detail_type: str, found: SubscriptionRequest, **more: object) -> None:
    project = found.principal[1] if found.principal[0] == "PROJECT" else None
    data = events.request_data(session.domain, found) | more
    session.emit(detail_type, entity_type=REQUEST_ENTITY, entity_id=found.id, project=project, data=data)


def _emit(session: Session, detail_type: str, found: Subscription) -> None:
    project = found.principal[1] if found.principal[0] == "PROJECT" else None
    data = {
        "status": found.status,
        "subscribedListing": {
            "id": found.listing_id,
            "ownerProjectId": owner_of(session, found.listing_id),
            "version": found.listing_revision,
        },
        "subscribedPrincipal": {"id": found.principal[1], "type": found.principal[0]},
        "subscriptionRequestId": found.request_id,
    }
    session.emit(detail_type, entity_type=ENTITY, entity_id=found.id, project=project, data=data)
