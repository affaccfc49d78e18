"""Subscriptions and grants of the throwaway domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.probe import setup
from contracts.scene import Scene
from contracts.setup.domain import asset_type, consumer, domain, make_asset, producer, publish, target

STATUSES = (
    "GRANT_PENDING", "GRANT_IN_PROGRESS", "GRANTED", "GRANT_FAILED",
    "REVOKE_PENDING", "REVOKE_IN_PROGRESS", "REVOKED", "REVOKE_FAILED",
)  # fmt: skip


@dataclass(frozen=True)
class Granted:
    """An asset, its listing, the consumer's subscription, and the grant that approval made."""

    scene: Scene
    asset: str
    listing: str
    request: str
    subscription: str
    grant: str

    def read(self) -> dict[str, Any]:
        """The grant as it is now."""
        return domain(self.scene).call("get_subscription_grant", identifier=self.grant)

    def report(self, status: str, asset: str = "", **more: Any) -> dict[str, Any]:
        """Report a status of an asset."""
        return domain(self.scene).call(
            "update_subscription_grant_status",
            identifier=self.grant,
            assetIdentifier=asset or self.asset,
            status=status,
            **more,
        )

    def reporter(self, status: str, asset: str = "") -> Any:
        """The same as a call without arguments."""
        return lambda: self.report(status, asset)

    def delete(self) -> dict[str, Any]:
        """Ask for the revoke."""
        return domain(self.scene).call("delete_subscription_grant", identifier=self.grant)

    def status(self) -> str:
        """The first asset's status."""
        return str(self.read()["assets"][0]["status"])


def ask_for(scene: Scene, listing: str, **more: Any) -> dict[str, Any]:
    """The consumer asks for a listing."""
    return domain(scene).call(
        "create_subscription_request",
        subscribedPrincipals=[{"project": {"identifier": consumer(scene)}}],
        subscribedListings=[{"identifier": listing}],
        requestReason="contracts",
        **more,
    )


def approve(scene: Scene, request: str) -> str:
    """Approve a request unless DataZone did so itself; the subscription's id."""
    here = domain(scene)
    if here.call("get_subscription_request_details", identifier=request)["status"] == "PENDING":
        here.call("accept_subscription_request", identifier=request)

    def look() -> str | None:
        found = here.call("list_subscriptions", subscriptionRequestIdentifier=request)["items"]
        return str(found[0]["id"]) if found else None

    return scene.wait("the subscription", look, 120)


def grants_of(scene: Scene, subscription: str) -> list[dict[str, Any]]:
    """The grants of a subscription."""
    found: list[dict[str, Any]] = domain(scene).call("list_subscription_grants", subscriptionId=subscription)["items"]
    return found


def make_grant(scene: Scene, entity: str = "", kind: str = "ASSET") -> Granted:
    """A new asset (or another entity), published, asked for and approved, with its grant."""
    target(scene)
    entity = entity or str(make_asset(scene)["id"])
    listing = publish(scene, entity, kind)
    request = str(ask_for(scene, listing)["id"])
    subscription = approve(scene, request)
    found = scene.wait("the grant", lambda: grants_of(scene, subscription), 120)[0]
    return Granted(scene, entity, listing, request, subscription, found["id"])


def make_product(scene: Scene, *assets: str) -> str:
    """A data product of assets; its id."""
    made = domain(scene).call(
        "create_data_product",
        name=scene.name("product"),
        owningProjectIdentifier=producer(scene),
        items=[{"itemType": "ASSET", "identifier": asset} for asset in assets],
    )
    return str(made["id"])


granting = (target, asset_type, producer, consumer)
"""The setups that `make_grant` calls."""


@setup("a grant that is done", uses=granting)
def granted(scene: Scene) -> Granted:
    """A grant with the status COMPLETED, which no probe changes."""
    made = make_grant(scene)
    made.report("GRANTED")
    return made
