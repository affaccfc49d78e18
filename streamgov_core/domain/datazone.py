"""What the access workflow asks of DataZone, in the domain account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.model.command import MAX_CAUSE
from streamgov_core.model.errors import StatusRefusedError
from streamgov_core.model.shortened import shortened
from streamgov_core.runtime.calls import calling, error_message
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_datazone import DataZoneClient
    from mypy_boto3_datazone.literals import SubscriptionGrantStatusType

_MISSING = ("ResourceNotFoundException",)


class DataZoneReader(Protocol):
    """One DataZone domain. A thing that is gone reads as None."""

    def grant(self, grant_id: str) -> Mapping[str, Any] | None:
        """A subscription grant."""

    def asset(self, asset_id: str) -> LiveAsset | None:
        """An asset as it is now, published or not."""

    def listing(self, listing_id: str, revision: str | None) -> Mapping[str, Any] | None:
        """A listing."""

    def environment(self, environment_id: str) -> Mapping[str, Any] | None:
        """An environment."""

    def target(self, environment_id: str, target_id: str) -> Mapping[str, Any] | None:
        """A subscription target."""

    def subscription(self, subscription_id: str) -> Mapping[str, Any] | None:
        """A subscription."""

    def request(self, request_id: str) -> Mapping[str, Any] | None:
        """A subscription request."""

    def user(self, user_id: str) -> Mapping[str, Any] | None:
        """A user profile."""

    def update_status(
        self, grant_id: str, asset_id: str, status: str, cause: str | None = None, target_name: str | None = None
    ) -> None:
        """Set the status of one asset of a grant; one that stands already is no error.

        Raises:
            StatusRefusedError: DataZone keeps another status.
        """


class DataZoneDomain:
    """A domain over boto3.

    Args:
        client: returns the DataZone client when it is first needed.
        domain_id: the domain.
    """

    def __init__(self, client: Callable[[], DataZoneClient], domain_id: str) -> None:
        self._client = client
        self._domain_id = domain_id
        self._users: dict[str, Mapping[str, Any] | None] = {}

    def grant(self, grant_id: str) -> Mapping[str, Any] | None:
        """API GetSubscriptionGrant."""
        return self._get("get_subscription_grant", "GetSubscriptionGrant", identifier=grant_id)

    def asset(self, asset_id: str) -> LiveAsset | None:
        """API GetAsset.

        UNVERIFIED[dz-reads-need-membership]: which membership reading an asset of another project takes.
        """
        found = self._get("get_asset", "GetAsset", identifier=asset_id)
        return None if found is None else LiveAsset.of_asset(found)

    def listing(self, listing_id: str, revision: str | None) -> Mapping[str, Any] | None:
        """API GetListing; the newest revision if the granted one is gone."""
        if revision is not None:
            found = self._get("get_listing", "GetListing", identifier=listing_id, listingRevision=revision)
            if found is not None:
                return found
        return self._get("get_listing", "GetListing", identifier=listing_id)

    def environment(self, environment_id: str) -> Mapping[str, Any] | None:
        """API GetEnvironment."""
        return self._get("get_environment", "GetEnvironment", identifier=environment_id)

    def target(self, environment_id: str, target_id: str) -> Mapping[str, Any] | None:
        """API GetSubscriptionTarget."""
        return self._get(
            "get_subscription_target",
            "GetSubscriptionTarget",
            identifier=target_id,
            environmentIdentifier=environment_id,
        )

    def subscription(self, subscription_id: str) -> Mapping[str, Any] | None:
        """API GetSubscription."""
        return self._get("get_subscription", "GetSubscription", identifier=subscription_id)

    def request(self, request_id: str) -> Mapping[str, Any] | None:
        """API GetSubscriptionRequestDetails."""
        return self._get("get_subscription_request_details", "GetSubscriptionRequestDetails", identifier=request_id)

    def user(self, user_id: str) -> Mapping[str, Any] | None:
        """API GetUserProfile, asked once for each user in a process."""
        if user_id not in self._users:
            client = self._client()
            with calling("datazone:GetUserProfile", user_id):
                try:
                    found = client.get_user_profile(domainIdentifier=self._domain_id, userIdentifier=user_id)
                except client.exceptions.ResourceNotFoundException:
                    found = None
            self._users[user_id] = found
        return self._users[user_id]

    def update_status(
        self, grant_id: str, asset_id: str, status: str, cause: str | None = None, target_name: str | None = None
    ) -> None:
        """API UpdateSubscriptionGrantStatus. The target's name is what the asset is called at the consumer's.

        Which transitions are legal is not documented (UNVERIFIED[dz-grant-transitions]). So after an error the grant is
        read: whoever finds the status it wanted is content.

        Raises:
            StatusRefusedError: DataZone keeps another status.
        """
        client = self._client()
        failure: dict[str, Any] = {} if cause is None else {"failureCause": {"message": shortened(cause, MAX_CAUSE)}}
        named: dict[str, Any] = {} if target_name is None else {"targetName": target_name}
        with calling("datazone:UpdateSubscriptionGrantStatus", f"asset {asset_id} of grant {grant_id}"):
            try:
                client.update_subscription_grant_status(
                    domainIdentifier=self._domain_id,
                    identifier=grant_id,
                    assetIdentifier=asset_id,
                    status=cast("SubscriptionGrantStatusType", status),
                    **failure,
                    **named,
                )
            except client.exceptions.ClientError as error:
                if error_code(error) not in ("ConflictException", "ValidationException", *_MISSING):
                    raise
                standing = self._status(grant_id, asset_id)
                if standing is None:
                    log("the grant is gone: no status to update", grantId=grant_id, assetId=asset_id, status=status)
                elif standing != status:
                    raise StatusRefusedError(
                        f"datazone:UpdateSubscriptionGrantStatus to {status} (it is {standing})",
                        error_code(error),
                        error_message(error),
                        standing,
                    ) from error

    def _status(self, grant_id: str, asset_id: str) -> str | None:
        grant = self.grant(grant_id)
        if grant is None:
            return None
        return next((item["status"] for item in grant.get("assets", ()) if item["assetId"] == asset_id), None)

    def _get(self, method: str, operation: str, **parameters: Any) -> Mapping[str, Any] | None:
        client = self._client()
        with calling(f"datazone:{operation}", str(parameters["identifier"])):
            try:
                answer: Mapping[str, Any] = getattr(client, method)(domainIdentifier=self._domain_id, **parameters)
            except client.exceptions.ResourceNotFoundException:
                return None
        return answer
