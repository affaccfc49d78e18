"""Subscriptions and grants of the throwaway domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.probe import setup
from contracts.probe_run import ProbeRun
from contracts.setup.domain import asset_type, consumer, domain, make_asset, producer, publish, target

STATUSES = (
    "GRANT_PENDING", "GRANT_IN_PROGRESS", "GRANTED", "GRANT_FAILED",
    "REVOKE_PENDING", "REVOKE_IN_PROGRESS", "REVOKED", "REVOKE_FAILED",
)  # fmt: skip


@dataclass(frozen=True)
class Granted:
    """An asset, its listing, the consumer's subscription, and the grant that approval made."""

    probe_run: ProbeRun
    asset: str
    listing: str
    request: str
    subscription: str
    grant: str

    def read(self) -> dict[str, Any]:
        """The grant as it is now."""
        return domain(self.probe_run).call("get_subscription_grant", identifier=self.grant)

    def report(self, status: str, asset: str = "", **more: Any) -> dict[str, Any]:
        """Report a status of an asset."""
        return domain(self.probe_run).call(
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
        return domain(self.probe_run).call("delete_subscription_grant", identifier=self.grant)

    def status(self) -> str:
        """The first asset's status."""
        return str(self.read()["assets"][0]["status"])


def ask_for(probe_run: ProbeRun, listing: str, **more: Any) -> dict[str, Any]:
    """The consumer asks for a listing."""
    return domain(probe_run).call(
        "create_subscription_request",
        subscribedPrincipals=[{"project": {"identifier": consumer(probe_run)}}],
        subscribedListings=[{"identifier": listing}],
        requestReason="contracts",
        **more,
    )


def approve(probe_run: ProbeRun, request: str) -> str:
    """Approve a request unless DataZone did so itself; the subscription's id."""
    here = domain(probe_run)
    if here.call("get_subscription_request_details", identifier=request)["status"] == "PENDING":
        here.call("accept_subscription_request", identifier=request)

    def look() -> str | None:
        found = here.call("list_subscriptions", subscriptionRequestIdentifier=request)["items"]
        return str(found[0]["id"]) if found else None

    return probe_run.wait("the subscription", look, 120)


def grants_of(probe_run: ProbeRun, subscription: str) -> list[dict[str, Any]]:
    """The grants of a subscription."""
    found: list[dict[str, Any]] = domain(probe_run).call("list_subscription_grants", subscriptionId=subscription)[
        "items"
    ]
    return found


def make_grant(probe_run: ProbeRun, entity: str = "", kind: str = "ASSET") -> Granted:
    """A new asset (or another entity), published, asked for and approved, with its grant."""
    target(probe_run)
    entity = entity or str(make_asset(probe_run)["id"])
    listing = publish(probe_run, entity, kind)
    request = str(ask_for(probe_run, listing)["id"])
    subscription = approve(probe_run, request)
    found = probe_run.wait("the grant", lambda: grants_of(probe_run, subscription), 120)[0]
    return Granted(probe_run, entity, listing, request, subscription, found["id"])


def make_product(probe_run: ProbeRun, *assets: str) -> str:
    """A data product of assets; its id."""
    made = domain(probe_run).call(
        "create_data_product",
        name=probe_run.name("product"),
        owningProjectIdentifier=producer(probe_run),
        items=[{"itemType": "ASSET", "identifier": asset} for asset in assets],
    )
    return str(made["id"])


granting = (target, asset_type, producer, consumer)
"""The setups that `make_grant` calls."""


@setup("a grant that is done", uses=granting)
def granted(probe_run: ProbeRun) -> Granted:
    """A grant with the status COMPLETED, which no probe changes."""
    made = make_grant(probe_run)
    made.report("GRANTED")
    return made
