"""Subscription targets, requests, subscriptions, grants."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.exceptions import validation
from aws_emulator.datazone.models import access, environments, grants, subscriptions, targets
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.subscription_entities import Subscription, SubscriptionGrant, SubscriptionRequest
from aws_emulator.datazone.render import access as render
from aws_emulator.datazone.responses.common import by_time, listed, stamp_of

_FILTERS = (
    "approverProjectId",
    "owningGroupId",
    "owningIamPrincipalArn",
    "owningProjectId",
    "owningUserId",
    "subscribedListingId",
)
"""What names a request or subscription in both lists."""


def create_subscription_target(session: Session) -> dict[str, Any]:
    return render.target(session.domain, targets.create(session))


def get_subscription_target(session: Session) -> dict[str, Any]:
    where = environments.environment(session, session.params["environmentIdentifier"])
    access.require_read(session, [where.project_id])
    return render.target(session.domain, targets.target(session, where.id, session.params["identifier"]))


def list_subscription_targets(session: Session) -> dict[str, Any]:
    where = environments.environment(session, session.params["environmentIdentifier"])
    access.require_read(session, [where.project_id])
    own = [target for target in session.domain.targets.values() if target.environment_id == where.id]
    return listed(session, by_time(session, own, stamp_of), lambda target: render.target(session.domain, target))


def update_subscription_target(session: Session) -> dict[str, Any]:
    return render.target(session.domain, targets.update(session))


def delete_subscription_target(session: Session) -> None:
    targets.delete(session)


def create_subscription_request(session: Session) -> dict[str, Any]:
    return render.request(session.domain, subscriptions.create_request(session))


def get_subscription_request_details(session: Session) -> dict[str, Any]:
    found = subscriptions.request(session, session.params["identifier"])
    access.require_read(session, subscriptions.sides(session, found.listing_id, found.principal))
    return render.request(session.domain, found)


def list_subscription_requests(session: Session) -> dict[str, Any]:
    params = session.params
    _require_filter(params, _FILTERS)

    def wanted(request: SubscriptionRequest) -> bool:
        return params.get("status") in {None, request.status} and _concerns(
            session, request.listing_id, request.principal
        )

    found = by_time(session, filter(wanted, session.domain.requests.values()), stamp_of)
    return listed(session, found, lambda request: render.request_summary(session.domain, request))


def accept_subscription_request(session: Session) -> dict[str, Any]:
    return render.request(session.domain, subscriptions.accept(session))


def reject_subscription_request(session: Session) -> dict[str, Any]:
    return render.request(session.domain, subscriptions.reject(session))


def update_subscription_request(session: Session) -> dict[str, Any]:
    return render.request(session.domain, subscriptions.update_request(session))


def delete_subscription_request(session: Session) -> dict[str, Any]:
    subscriptions.delete_request(session)
    return {}


def get_subscription(session: Session) -> dict[str, Any]:
    found = subscriptions.subscription(session, session.params["identifier"])
    access.require_read(session, subscriptions.sides(session, found.listing_id, found.principal))
    return render.subscription(session.domain, found)


def list_subscriptions(session: Session) -> dict[str, Any]:
    params = session.params
    _require_filter(params, (*_FILTERS, "subscriptionRequestIdentifier"))

    def wanted(subscription: Subscription) -> bool:
        if _hidden(session, subscription.status != "APPROVED") and params.get("status") is None:
            return False
        return (
            params.get("status") in {None, subscription.status}
            and params.get("subscriptionRequestIdentifier") in {None, subscription.request_id}
            and _concerns(session, subscription.listing_id, subscription.principal)
        )

    found = by_time(session, filter(wanted, session.domain.subscriptions.values()), stamp_of)
    return listed(session, found, lambda subscription: render.subscription(session.domain, subscription))


def revoke_subscription(session: Session) -> dict[str, Any]:
    return render.subscription(session.domain, subscriptions.revoke(session))


def cancel_subscription(session: Session) -> dict[str, Any]:
    return render.subscription(session.domain, subscriptions.cancel(session))


def create_subscription_grant(session: Session) -> dict[str, Any]:
    return render.grant(session.domain, grants.create(session))


def get_subscription_grant(session: Session) -> dict[str, Any]:
    found = grants.grant(session, session.params["identifier"])
    access.require_read(session, grants.sides(session, found))
    return render.grant(session.domain, found)


def list_subscription_grants(session: Session) -> dict[str, Any]:
    params = session.params

    def wanted(grant: SubscriptionGrant) -> bool:
        asked = {
            "environmentId": grant.environment_id,
            "subscriptionTargetId": grant.target_id,
            "subscribedListingId": grant.listing_id,
            "subscriptionId": grant.subscription_id,
            "owningProjectId": grant.project_id,
            # Grants here always belong to a project.
            "owningIamPrincipalArn": "",
            "owningUserId": "",
            "owningGroupId": "",
        }
        return (
            all(params.get(name) in {None, value} for name, value in asked.items())
            and not grants.expired(session, grant)
            and not _hidden(session, any(asset.status.startswith("REVOKE") for asset in grant.assets.values()))
            and access.readable(session, grants.sides(session, grant))
        )

    found = by_time(session, filter(wanted, session.domain.grants.values()), stamp_of)
    return listed(session, found, lambda grant: render.grant(session.domain, grant))


def update_subscription_grant_status(session: Session) -> dict[str, Any]:
    return render.grant(session.domain, grants.update_status(session))


def delete_subscription_grant(session: Session) -> dict[str, Any]:
    return render.grant(session.domain, grants.delete(session))


def _hidden(session: Session, ending: bool) -> bool:
    """Whether a list that is filtered by listing leaves something out because it is ending."""
    return ending and session.settings.hidden_revokes and bool(session.params.get("subscribedListingId"))


def _require_filter(params: dict[str, Any], filters: tuple[str, ...]) -> None:
    """Refuse a list of everything.

    UNVERIFIED[dz-list-filters]: which members count as a filter; a status alone does not, here.
    """
    if not any(params.get(name) for name in filters):
        raise validation(f"Missing required filters: one of {', '.join(filters)}")


def _concerns(session: Session, listing_id: str, principal: tuple[str, str]) -> bool:
    """Whether a request or subscription is asked for by the list's filters, and the caller may see it."""
    params = session.params
    kind, identifier = principal
    asked = {
        "subscribedListingId": listing_id,
        "approverProjectId": subscriptions.owner_of(session, listing_id),
        "owningProjectId": identifier if kind == "PROJECT" else "",
        "owningUserId": identifier if kind == "USER" else "",
        "owningIamPrincipalArn": identifier if kind == "IAM" else "",
        "owningGroupId": "",
    }
    return all(params.get(name) in {None, value} for name, value in asked.items()) and access.readable(
        session, subscriptions.sides(session, listing_id, principal)
    )
