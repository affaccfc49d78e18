"""What the reconciler reads of DataZone and of executions, below the documented rates so that grants go first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from streamgov_core.domain.reconcile.pace import PAGE_SIZE, RateLimiter
from streamgov_core.model.errors import RemoteError
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.clients import error_code

if TYPE_CHECKING:
    from botocore.paginate import PageIterator
    from mypy_boto3_datazone import DataZoneClient
    from mypy_boto3_datazone.literals import SubscriptionStatusType
    from mypy_boto3_datazone.type_defs import PaginatorConfigTypeDef
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_stepfunctions import SFNClient

Client = TypeVar("Client")

PAGES: PaginatorConfigTypeDef = {"PageSize": PAGE_SIZE}


@dataclass(frozen=True)
class ListedGrant:
    """A grant as DataZone lists it.

    Args:
        assets: asset id -> status.
        updated_at: seconds since the epoch.
    """

    grant_id: str
    environment_id: str
    target_id: str
    subscription_id: str
    listing_id: str
    listing_revision: str
    updated_at: float
    assets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> ListedGrant:
        """Read an item of ListSubscriptionGrants, or an answer of GetSubscriptionGrant."""
        listing = (raw.get("grantedEntity") or {}).get("listing") or {}
        updated = raw.get("updatedAt")
        return cls(
            str(raw["id"]),
            str(raw.get("environmentId") or ""),
            str(raw.get("subscriptionTargetId") or ""),
            str(raw.get("subscriptionId") or ""),
            str(listing.get("id") or ""),
            str(listing.get("revision") or ""),
            updated.timestamp() if isinstance(updated, datetime) else float(updated or 0.0),
            {str(asset["assetId"]): str(asset["status"]) for asset in raw.get("assets") or ()},
        )


class Inventory(Protocol):
    """Lists of one DataZone domain, and the one thing that the reconciler asks of it."""

    def projects(self) -> list[str]:
        """Every project that the caller sees."""

    def grants_of(self, project_id: str) -> list[ListedGrant]:
        """The grants to a project."""

    def retained_of(self, project_id: str) -> set[str]:
        """Subscriptions of a project that have ended and whose permissions are retained."""

    def end(self, grant_id: str) -> bool:
        """Ask DataZone to revoke a grant; False if it does not do so."""


class DataZoneInventory:
    """Inventory over boto3.

    Args:
        client: returns the DataZone client when it is first needed.
        domain_id: the domain.
        rate_limiter: shared by every call.
    """

    def __init__(self, client: Callable[[], DataZoneClient], domain_id: str, rate_limiter: RateLimiter) -> None:
        self._client = client
        self._domain_id = domain_id
        self._rate_limiter = rate_limiter

    def projects(self) -> list[str]:
        """API ListProjects.

        UNVERIFIED[dz-list-projects-foreign]: whether it shows projects that the caller is no member of.
        """
        pages = (
            self._client()
            .get_paginator("list_projects")
            .paginate(domainIdentifier=self._domain_id, PaginationConfig=PAGES)
        )
        return [str(item["id"]) for item in self._pages(pages, "ListProjects", "the domain")]

    def grants_of(self, project_id: str) -> list[ListedGrant]:
        """API ListSubscriptionGrants, which has no filter by status."""
        pages = (
            self._client()
            .get_paginator("list_subscription_grants")
            .paginate(domainIdentifier=self._domain_id, owningProjectId=project_id, PaginationConfig=PAGES)
        )
        items = self._pages(pages, "ListSubscriptionGrants", f"project {project_id}")
        return [ListedGrant.of(item) for item in items]

    def retained_of(self, project_id: str) -> set[str]:
        """API ListSubscriptions, by status."""
        found: set[str] = set()
        statuses: tuple[SubscriptionStatusType, ...] = ("REVOKED", "CANCELLED")
        for status in statuses:
            pages = (
                self._client()
                .get_paginator("list_subscriptions")
                .paginate(
                    domainIdentifier=self._domain_id, owningProjectId=project_id, status=status, PaginationConfig=PAGES
                )
            )
            items = self._pages(pages, "ListSubscriptions", f"project {project_id}")
            found |= {str(item["id"]) for item in items if item.get("retainPermissions")}
        return found

    def end(self, grant_id: str) -> bool:
        """API DeleteSubscriptionGrant: the revoke then takes the ordinary way, by its event."""
        client = self._client()
        self._rate_limiter.wait()
        with calling("datazone:DeleteSubscriptionGrant", grant_id):
            try:
                client.delete_subscription_grant(domainIdentifier=self._domain_id, identifier=grant_id)
            except client.exceptions.ClientError as error:
                if error_code(error) in ("ConflictException", "ResourceNotFoundException", "ValidationException"):
                    return False
                raise
        return True

    def _pages(self, pages: PageIterator[Any], operation: str, what: str) -> Iterator[Any]:
        """The items of botocore's pages, each page below the rate; behind the last one there is nothing to wait for."""
        waiting, more = iter(pages), True
        while more:
            self._rate_limiter.wait()
            with calling(f"datazone:{operation}", what):
                page = next(waiting, None) or {}
            yield from page.get("items", ())
            more = bool(page.get("nextToken"))


class Executions(Protocol):
    """Executions of the central machine."""

    def state(self, arn: str) -> tuple[str, Mapping[str, Any]] | None:
        """Status and input; None if it is no longer known."""

    def start(self, name: str, workflow_input: Mapping[str, Any]) -> bool:
        """Start one; False if one of that name was started before."""


class CentralExecutions:
    """Executions over boto3.

    Args:
        client: returns the ``stepfunctions`` client when it is first needed.
        machine_arn: the central machine.
    """

    def __init__(self, client: Callable[[], SFNClient], machine_arn: str) -> None:
        self._client = client
        self._machine_arn = machine_arn

    def state(self, arn: str) -> tuple[str, Mapping[str, Any]] | None:
        """API DescribeExecution; Step Functions forgets executions after 90 days."""
        client = self._client()
        with calling("states:DescribeExecution", arn):
            try:
                answer = client.describe_execution(executionArn=arn)
            except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
                return None
        try:
            workflow_input = json.loads(answer.get("input") or "{}")
        except ValueError:
            workflow_input = {}
        return str(answer["status"]), workflow_input if isinstance(workflow_input, dict) else {}

    def start(self, name: str, workflow_input: Mapping[str, Any]) -> bool:
        """API StartExecution: a name is used once in 90 days, which keeps two reconcilers from doing a thing twice."""
        client = self._client()
        with calling("states:StartExecution", name):
            try:
                client.start_execution(
                    stateMachineArn=self._machine_arn, name=name, input=json.dumps(workflow_input, sort_keys=True)
                )
            except client.exceptions.ExecutionAlreadyExists:
                return False
        return True


class Publisher(Protocol):
    """Where findings are published."""

    def put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Put events on the default bus."""


class EventsPublisher:
    """EventBridge.

    Args:
        client: returns the ``events`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], EventBridgeClient]) -> None:
        self._client = client

    def put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """API PutEvents, ten entries a call.

        Raises:
            RemoteError: an entry was not accepted.
        """
        for start in range(0, len(entries), 10):
            with calling("events:PutEvents", "the default bus"):
                batch = cast("list[PutEventsRequestEntryTypeDef]", entries[start : start + 10])
                answer = self._client().put_events(Entries=batch)
            bad = [item for item in answer.get("Entries", ()) if item.get("ErrorCode")]
            if bad:
                raise RemoteError("events:PutEvents", str(bad[0]["ErrorCode"]), str(bad[0].get("ErrorMessage", "")))


def rate_limited(client: Callable[[], Client], rate_limiter: RateLimiter) -> Callable[[], Client]:
    """A client factory under a rate limit, for callers that ask it for the client before every call."""

    def limited() -> Client:
        rate_limiter.wait()
        return client()

    return limited
