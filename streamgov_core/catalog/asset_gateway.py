"""The assets of one DataZone project as a data source reads and writes them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from streamgov_core.catalog.asset_errors import AssetBusyError, AssetExistsError, AssetHiddenError, refusals_told
from streamgov_core.catalog.entities import Asset, AssetSummary, AssetType, Form, Revision, WrittenRevision
from streamgov_core.model.errors import CatalogError
from streamgov_core.model.forms import MAX_FORM_CONTENT, FormContent
from streamgov_core.model.shortened import shortened
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_datazone import DataZoneClient
    from mypy_boto3_datazone.literals import ChangeActionType
    from mypy_boto3_datazone.type_defs import FormInputTypeDef, SearchInputPaginateTypeDef, SearchOutputTypeDef

PAGE = 50
MAX_DESCRIPTION = 2048
MAX_SEARCH_TEXT = 512

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _telling_refusals(method: _Method) -> _Method:
    """The method, which says of a refusal what to look at."""

    @wraps(method)
    def told(self: DataZoneAssets, *args: Any, **more: Any) -> Any:
        with refusals_told(self._project):
            return method(self, *args, **more)

    return cast("_Method", told)


class DataZoneAssets:
    """The assets of one project (AssetCatalog).

    Args:
        client: a DataZone client in the domain's region.
        domain_id: the domain.
        project_id: the project that owns the assets.
    """

    def __init__(self, client: DataZoneClient, domain_id: str, project_id: str) -> None:
        self._client = client
        self._domain = domain_id
        self._project = project_id
        self._seen: set[str] | None = None

    def search(self, text: str | None = None, *, forms: bool = False) -> Iterator[AssetSummary]:
        """API Search. No filter by type: which attribute that would take is nowhere documented."""
        request: SearchInputPaginateTypeDef = {
            "domainIdentifier": self._domain,
            "owningProjectIdentifier": self._project,
            "searchScope": "ASSET",
            "PaginationConfig": {"PageSize": PAGE},
        }
        if text:
            request["searchText"] = text[:MAX_SEARCH_TEXT]
        if forms:
            request["additionalAttributes"] = ["FORMS"]
        pages = iter(self._client.get_paginator("search").paginate(**request))
        while page := self._next(pages):
            for item in page.get("items", ()):
                asset = item.get("assetItem")
                if asset:
                    yield _summary(asset)

    @_telling_refusals
    def _next(self, pages: Iterator[SearchOutputTypeDef]) -> SearchOutputTypeDef | None:
        return next(pages, None)

    def asset_type(self, name: str) -> AssetType | None:
        """API GetAssetType. DataZone may answer AccessDenied for a type that is not there."""
        try:
            found = self._client.get_asset_type(domainIdentifier=self._domain, identifier=name)
        except self._client.exceptions.ClientError as error:
            if error_code(error) not in ("AccessDeniedException", "ResourceNotFoundException"):
                raise
            log(
                "asset type cannot be read, its revision is left to DataZone",
                level=logging.WARNING,
                assetType=name,
                cause=str(error),
            )
            return None
        forms = {form: entry["typeRevision"] for form, entry in found.get("formsOutput", {}).items()}
        return AssetType(found["revision"], forms)

    @_telling_refusals
    def get(self, asset_id: str, revision: str | None = None) -> Asset | None:
        """API GetAsset.

        DataZone may answer AccessDenied for what is not there. Then the project's assets decide whether that is
        credible; they are listed once a run. Where they are wrong, creating the asset again fails on its external
        identifier rather than making a second one.
        """
        which = {"revision": revision} if revision else {}
        try:
            found = self._client.get_asset(domainIdentifier=self._domain, identifier=asset_id, **which)
        except self._client.exceptions.ClientError as error:
            code = error_code(error)
            if code == "ResourceNotFoundException":
                return None
            if code != "AccessDeniedException":
                raise
            if self._seen is None:
                self._seen = {item.asset_id for item in self.search()}
            if asset_id in self._seen:
                raise
            raise AssetHiddenError(asset_id, sees_others=bool(self._seen)) from error
        return _asset(found)

    @_telling_refusals
    def create(self, external_id: str, type_name: str, first: Revision, token: str) -> Asset:
        """API CreateAsset.

        External identifiers must be unique, the reference says. UNVERIFIED[dz-external-identifier]: that a second one
        is a ConflictException.
        """
        request: dict[str, Any] = {
            "domainIdentifier": self._domain,
            "owningProjectIdentifier": self._project,
            "typeIdentifier": type_name,
            "externalIdentifier": external_id,
            **_revision_input(first),
            "clientToken": token,
        }
        try:
            return _asset(self._client.create_asset(**request))
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "ConflictException":
                raise AssetExistsError(f"DataZone refuses a second asset of {external_id}: {error}") from error
            raise

    @_telling_refusals
    def revise(self, asset_id: str, revision: Revision, token: str) -> WrittenRevision:
        """API CreateAssetRevision."""
        request: dict[str, Any] = {
            "domainIdentifier": self._domain,
            "identifier": asset_id,
            **_revision_input(revision),
            "clientToken": token,
        }
        try:
            made = self._client.create_asset_revision(**request)
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "ConflictException":
                raise AssetBusyError(f"DataZone takes no revision of asset {asset_id} now: {error}") from error
            raise
        return WrittenRevision(made["revision"], made.get("createdAt"))

    def publish(self, asset_id: str, revision: str) -> bool:
        """API CreateListingChangeSet, PUBLISH."""
        return self._change_listing(asset_id, "PUBLISH", entityRevision=revision)

    def unpublish(self, asset_id: str) -> bool:
        """API CreateListingChangeSet, UNPUBLISH."""
        return self._change_listing(asset_id, "UNPUBLISH")

    @_telling_refusals
    def _change_listing(self, asset_id: str, action: ChangeActionType, **more: str) -> bool:
        """False if an earlier change is in progress.

        UNVERIFIED[dz-change-set-busy]: that DataZone then answers ConflictException.
        """
        try:
            self._client.create_listing_change_set(
                domainIdentifier=self._domain, entityIdentifier=asset_id, entityType="ASSET", action=action, **more
            )
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "ConflictException":
                return False
            raise
        return True

    def subscriptions(self, listing_id: str) -> list[str]:
        """API ListSubscriptions, ListSubscriptionRequests, as the approving project."""
        return [*self._approved(listing_id), *self._pending(listing_id)]

    @_telling_refusals
    def end_subscriptions(self, listing_id: str) -> int:
        """API RevokeSubscription, RejectSubscriptionRequest. Grants are revoked by their own way."""
        subscriptions = self._approved(listing_id)
        for identifier in subscriptions:
            self._client.revoke_subscription(domainIdentifier=self._domain, identifier=identifier)
        requests = self._pending(listing_id)
        for identifier in requests:
            self._client.reject_subscription_request(
                domainIdentifier=self._domain, identifier=identifier, decisionComment="The topic or stream is gone."
            )
        return len(subscriptions) + len(requests)

    def consumers(self, listing_id: str) -> list[str]:
        """API ListSubscriptions, as the approving project."""
        return sorted({_subscriber(item) for item in self._approved_items(listing_id)})

    def _approved(self, listing_id: str) -> list[str]:
        return [item["id"] for item in self._approved_items(listing_id)]

    @_telling_refusals
    def _approved_items(self, listing_id: str) -> list[Mapping[str, Any]]:
        pages = self._client.get_paginator("list_subscriptions").paginate(
            domainIdentifier=self._domain,
            approverProjectId=self._project,
            subscribedListingId=listing_id,
            status="APPROVED",
            PaginationConfig={"PageSize": PAGE},
        )
        return [item for page in pages for item in page.get("items", ())]

    @_telling_refusals
    def _pending(self, listing_id: str) -> list[str]:
        pages = self._client.get_paginator("list_subscription_requests").paginate(
            domainIdentifier=self._domain,
            approverProjectId=self._project,
            subscribedListingId=listing_id,
            status="PENDING",
            PaginationConfig={"PageSize": PAGE},
        )
        return [item["id"] for page in pages for item in page.get("items", ())]

    @_telling_refusals
    def delete(self, asset_id: str) -> bool:
        """API DeleteAsset."""
        try:
            self._client.delete_asset(domainIdentifier=self._domain, identifier=asset_id)
        except self._client.exceptions.ClientError as error:
            code = error_code(error)
            if code == "ConflictException":
                return False
            if code != "ResourceNotFoundException":
                raise
        return True


def _revision_input(revision: Revision) -> dict[str, Any]:
    """What CreateAsset and CreateAssetRevision both take."""
    request: dict[str, Any] = {"name": revision.name, "formsInput": [_form_input(form) for form in revision.forms]}
    if revision.description:
        request["description"] = shortened(revision.description, MAX_DESCRIPTION)
    if revision.glossary_terms:
        request["glossaryTerms"] = list(revision.glossary_terms)
    if revision.type_revision:
        request["typeRevision"] = revision.type_revision
    return request


def _form_input(form: Form) -> FormInputTypeDef:
    content = FormContent(form.name, form.type_name, form.content).content()
    if len(content) > MAX_FORM_CONTENT:
        raise CatalogError(
            f"form {form.name} has {len(content)} characters of content, DataZone takes {MAX_FORM_CONTENT}"
        )
    entry: FormInputTypeDef = {"formName": form.name, "typeIdentifier": form.type_name, "content": content}
    if form.type_revision:
        entry["typeRevision"] = form.type_revision
    return entry


def _summary(item: Mapping[str, Any]) -> AssetSummary:
    forms = item.get("additionalAttributes", {}).get("formsOutput")
    return AssetSummary(
        item["identifier"],
        item.get("externalIdentifier"),
        item["typeIdentifier"],
        item.get("name", ""),
        item.get("typeRevision"),
        item.get("createdAt"),
        None if forms is None else {form["formName"]: json.loads(form.get("content") or "{}") for form in forms},
    )


def _asset(answer: Mapping[str, Any]) -> Asset:
    """An asset of GetAsset or CreateAsset.

    UNVERIFIED[dz-ownership-transfer]: that ``ownershipTransfer``, of service models newer than 1.44.5, is absent unless
    an asset is moving. An SDK that does not know the member leaves it out; then a ConflictException tells.
    """
    listing = answer.get("listing") or {}
    return Asset(
        asset_id=answer["id"],
        name=answer["name"],
        revision=answer["revision"],
        type_name=answer["typeIdentifier"],
        external_id=answer.get("externalIdentifier"),
        project_id=answer["owningProjectId"],
        description=answer.get("description"),
        glossary_terms=tuple(answer.get("glossaryTerms") or ()),
        forms=tuple(
            Form(form["formName"], form["typeName"], form.get("typeRevision"), json.loads(form.get("content") or "{}"))
            for form in answer.get("formsOutput", ())
        ),
        listing_id=listing.get("listingId"),
        listing_status=listing.get("listingStatus"),
        type_revision=answer.get("typeRevision"),
        changed=answer.get("createdAt"),
        moving=bool(answer.get("ownershipTransfer")),
    )


def _subscriber(subscription: Mapping[str, Any]) -> str:
    """The project's name; its id where DataZone does not show it."""
    principal: Mapping[str, Mapping[str, Any]] = subscription.get("subscribedPrincipal") or {}
    for found in principal.values():
        return str(found.get("name") or found.get("id") or "")
    return str(subscription["id"])
