"""A DataZone domain in memory, and its events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.model.errors import PermanentGrantError, StatusRefusedError
from tests.unit.grants.fakes.commands import CLUSTER, CONSUMER, DOMAIN, PROJECT, ROLE

NEXT = {
    "GRANT_PENDING": ("GRANT_IN_PROGRESS", "GRANTED", "GRANT_FAILED"),
    "GRANT_IN_PROGRESS": ("GRANTED", "GRANT_FAILED"),
    "REVOKE_PENDING": ("REVOKE_IN_PROGRESS", "REVOKED", "REVOKE_FAILED"),
    "REVOKE_IN_PROGRESS": ("REVOKED", "REVOKE_FAILED"),
}
"""The strict reading of which statuses may follow one another; those that are over stay."""


class MemoryDomain:
    """Domain in memory.

    Attributes:
        strict: take only the statuses of NEXT; otherwise any, which is the other reading of what is not documented.
    """

    def __init__(self) -> None:
        self.strict = True
        self.grants: dict[str, dict[str, Any]] = {}
        self.listings: dict[str, dict[str, Any]] = {}
        self.environments: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.requests: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, Exception] = {}
        self.status_updates: list[tuple[str, str, str, str | None]] = []
        self.hooks: dict[str, Callable[..., None]] = {}
        self.assets: dict[str, dict[str, Any]] = {}
        self.gone_assets: set[str] = set()
        self.denied: set[str] = set()
        self._lock = threading.Lock()

    def _get(self, what: str, found: dict[str, dict[str, Any]], identifier: str) -> dict[str, Any] | None:
        if "get" in self.hooks:
            self.hooks["get"](what)
        if what in self.errors:
            raise self.errors[what]
        return found.get(identifier)

    def grant(self, grant_id: str) -> dict[str, Any] | None:
        return self._get("grant", self.grants, grant_id)

    def asset(self, asset_id: str) -> LiveAsset | None:
        """As its listing says, changed by what ``assets`` says of it: form values by form, and ``owner``."""
        if asset_id in self.denied:
            raise PermanentGrantError(f"GetAsset on {asset_id} is not allowed")
        for listing in self.listings.values():
            found = listing["item"].get("assetListing") or {}
            if found.get("assetId") == asset_id and asset_id not in self.gone_assets:
                changed = dict(self.assets.get(asset_id, {}))
                owner = str(changed.pop("owner", found.get("owningProjectId") or ""))
                forms = json.loads(found.get("forms") or "{}")
                forms = {name: {**form, **changed.get(name, {})} for name, form in forms.items()}
                return LiveAsset(asset_id, str(found["assetType"]), owner, forms)
        return None

    def listing(self, listing_id: str, revision: str | None) -> dict[str, Any] | None:
        return self._get("listing", self.listings, listing_id)

    def environment(self, environment_id: str) -> dict[str, Any] | None:
        return self._get("environment", self.environments, environment_id)

    def target(self, environment_id: str, target_id: str) -> dict[str, Any] | None:
        return self._get("target", self.targets, target_id)

    def subscription(self, subscription_id: str) -> dict[str, Any] | None:
        return self._get("subscription", self.subscriptions, subscription_id)

    def request(self, request_id: str) -> dict[str, Any] | None:
        return self._get("request", self.requests, request_id)

    def user(self, user_id: str) -> dict[str, Any] | None:
        return self._get("user", self.users, user_id)

    def update_status(
        self, grant_id: str, asset_id: str, status: str, cause: str | None = None, target_name: str | None = None
    ) -> None:
        if "update_status" in self.hooks:
            self.hooks["update_status"](status)
        if "update_status" in self.errors:
            raise self.errors["update_status"]
        with self._lock:
            for asset in self.grants[grant_id]["assets"]:
                if asset["assetId"] == asset_id:
                    standing = str(asset["status"])
                    if self.strict and status != standing and status not in NEXT.get(standing, ()):
                        raise StatusRefusedError(f"to {status}", "ConflictException", f"it is {standing}", standing)
                    asset["status"] = status
                    if target_name is not None:
                        asset["targetName"] = target_name
            self.status_updates.append((grant_id, asset_id, status, cause))

    def add_grant(
        self,
        *,
        grant_id: str = "grant1",
        assets: Mapping[str, str] | None = None,
        forms: Mapping[str, Any] | None = None,
        principals: tuple[str, ...] = (ROLE,),
        asset_type: str = "MskTopicAssetType",
        status: str = "GRANT_PENDING",
        metadata_forms: list[dict[str, str]] | None = None,
    ) -> None:
        """One grant of one listed asset (asset id -> status for more than one)."""
        states = dict(assets or {"asset1": status})
        self.grants[grant_id] = {
            "id": grant_id,
            "domainId": DOMAIN,
            "createdBy": "SYSTEM",
            "environmentId": "env1",
            "subscriptionTargetId": "target1",
            "subscriptionId": "subscription1",
            "grantedEntity": {"listing": {"id": "listing1", "revision": "1"}},
            "assets": [{"assetId": key, "assetRevision": "1", "status": value} for key, value in states.items()],
        }
        content = forms or {
            "MskSourceReferenceFormType": {"cluster_arn": CLUSTER, "cluster_type": "PROVISIONED"},
            "KafkaSchemaFormType": {"kafka_topic": "orders"},
        }
        self.listings["listing1"] = {
            "id": "listing1",
            "item": {
                "assetListing": {
                    "assetId": "asset1",
                    "assetType": asset_type,
                    "forms": json.dumps(content),
                    "owningProjectId": "ownerproject01",
                }
            },
        }
        self.environments["env1"] = {
            "id": "env1",
            "projectId": PROJECT,
            "awsAccountId": CONSUMER,
            "awsAccountRegion": "us-east-1",
        }
        self.targets["target1"] = {"id": "target1", "authorizedPrincipals": list(principals), "projectId": PROJECT}
        self.subscriptions["subscription1"] = {"id": "subscription1", "subscriptionRequestId": "request1"}
        self.requests["request1"] = {
            "id": "request1",
            "createdBy": "user-asking",
            "reviewerId": "user-approving",
            "requestReason": "for the report",
            "metadataForms": metadata_forms or [],
        }


def grant_event(
    grant_id: str = "grant1", kind: str = "Subscription Grant Requested", domain: str = DOMAIN
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "event-1",
        "detail-type": kind,
        "source": "aws.datazone",
        "account": "111111111111",
        "region": "us-east-1",
        "detail": {
            "version": "655",
            "metadata": {"domain": domain, "id": grant_id, "typeName": "SubscriptionGrantEntityType"},
            "data": {"asset": {"typeName": "MskTopicAssetType", "listingId": "listing1"}, "status": "GRANT_PENDING"},
        },
    }
