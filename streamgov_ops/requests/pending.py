"""The subscription requests that wait for a project's decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from streamgov_core.model.access_request import parse_request
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import ConfigError, PermanentGrantError, RemoteError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.session import DENIED, NOT_FOUND, reporting

DATA_PRODUCT = "data product"


@dataclass(frozen=True)
class PendingRequest:
    """A request that waits for a decision.

    Attributes:
        id: the request.
        status: DataZone's status of it.
        created_at: when it was made, ISO 8601.
        by: the user who made it.
        subscriber: the project, group or role that would receive access.
        asset: name of the asset.
        asset_type: its type, or DATA_PRODUCT.
        reason: why access is asked for.
        asked: how the stream is to be used; None if the form cannot be read.
        problem: why it cannot be read, or ''.
    """

    id: str
    status: str
    created_at: str
    by: str
    subscriber: str
    asset: str
    asset_type: str
    reason: str
    asked: AccessRequest | None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON: the attributes, those of ``asked`` beside the others."""
        known = {key: value for key, value in vars(self).items() if key not in ("asked", "problem")}
        asked = {} if self.asked is None else asdict(self.asked)
        return {**known, **asked, **({"problem": self.problem} if self.problem else {})}


class RequestReader:
    """Reads the requests of a domain.

    Args:
        api: a DataZone client.
        domain_id: the domain.
        names: of the deployment.
        now: seconds since the epoch.
    """

    def __init__(self, api: Any, domain_id: str, names: Names, now: float) -> None:
        self.api, self.domain_id, self.names, self.now = api, domain_id, names, now

    def project_name(self, project_id: str) -> str:
        """The name of a project, or '' if the caller may not look it up.

        Raises:
            ConfigError: the domain shows no such project.
            RemoteError: DataZone refuses for another reason.
        """
        try:
            with reporting("datazone:GetProject"):
                found = self.api.get_project(domainIdentifier=self.domain_id, identifier=project_id)
        except RemoteError as error:
            if error.code in DENIED:
                return ""
            if error.code != NOT_FOUND:
                raise
            raise ConfigError(
                f"domain {self.domain_id} shows no project {project_id}: check both ids (`aws datazone list-projects "
                f"--domain-identifier {self.domain_id}` lists the projects that you see)"
            ) from error
        return str(found["name"])

    def pending(self, project_id: str) -> list[PendingRequest]:
        """The requests that wait for this project's decision, oldest first.

        Raises:
            RemoteError: DataZone refuses.
        """
        with reporting("datazone:ListSubscriptionRequests"):
            pages = self.api.get_paginator("list_subscription_requests").paginate(
                domainIdentifier=self.domain_id,
                approverProjectId=project_id,
                status="PENDING",
                sortBy="CREATED_AT",
                sortOrder="ASCENDING",
            )
            found = [str(item["id"]) for page in pages for item in page["items"]]
        return [self.request(request_id) for request_id in found]

    def request(self, request_id: str) -> PendingRequest:
        """One request, whatever its status.

        Raises:
            ConfigError: the domain shows no such request.
            RemoteError: DataZone refuses.
        """
        try:
            with reporting("datazone:GetSubscriptionRequestDetails"):
                details = self.api.get_subscription_request_details(
                    domainIdentifier=self.domain_id, identifier=request_id
                )
        except RemoteError as error:
            if error.code != NOT_FOUND:
                raise
            raise ConfigError(f"domain {self.domain_id} has no subscription request {request_id}") from error
        return self._read(details)

    def granted_by_us(self, request: PendingRequest) -> bool:
        """Whether this deployment carries out grants on the asset, and so can end them."""
        return request.asset_type in {
            DATA_PRODUCT,
            *(platform.asset_type(self.names).name for platform in PLATFORMS.values()),
        }

    def _read(self, details: Mapping[str, Any]) -> PendingRequest:
        listing = details["subscribedListings"][0]
        asset = (listing.get("item") or {}).get("assetListing")
        asked, problem = None, ""
        try:
            asked = parse_request(self.names, details.get("metadataForms") or (), self.now)
        except PermanentGrantError as error:
            problem = str(error)
        return PendingRequest(
            id=str(details["id"]),
            status=str(details["status"]),
            created_at=details["createdAt"].isoformat(timespec="seconds"),
            by=str(details["createdBy"]),
            subscriber=_subscriber(details["subscribedPrincipals"][0]),
            asset=str(listing["name"]),
            asset_type=DATA_PRODUCT if asset is None else str(asset.get("entityType") or ""),
            reason=str(details["requestReason"]),
            asked=asked,
            problem=problem,
        )


def _subscriber(principal: Mapping[str, Any]) -> str:
    kind, found = next(iter(principal.items()))
    return f"{kind} {found.get('name') or found.get('id') or found.get('principalArn') or ''}"
