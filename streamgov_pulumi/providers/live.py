"""What lives of a stack's types in one account, and how it is taken down.

Rules: an asset with subscriptions cannot be deleted (DeleteAsset), nor a listing with them (CreateListingChangeSet).
A revoke answers before access is gone, and a list may leave out what is being revoked: the ids of the grants are kept
and each is asked for until it has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY, RECORD_VALUE
from streamgov_core.model.errors import RemoteError, ResourceInUseError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import tell

_ENDED = {"REVOKED", "GRANT_FAILED"}
_FAILED = {"REVOKE_FAILED", "GRANT_AND_REVOKE_FAILED"}
_OVER = ("REVOKED", "CANCELLED")


@dataclass
class LiveAsset:
    """An asset, with what keeps it from being deleted."""

    id: str
    name: str
    listing_id: str | None = None
    listed: bool = False
    subscriptions: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        more = [f"listing {self.listing_id}"] if self.listed else []
        more += [f"subscription {found}" for found in self.subscriptions]
        return f"{self.name} ({', '.join([self.id, *more])})"


@dataclass
class Part:
    """What one account holds, and the clients that reach it.

    Args:
        datazone: client for the domain.
        dynamodb: client for the account's tables.
        props: the resource's properties.
        part: the account's entry of ``parts``.
    """

    datazone: Any
    dynamodb: Any
    props: Mapping[str, Any]
    part: Mapping[str, Any]

    @property
    def domain(self) -> str:
        """The domain's id."""
        return str(self.props["domain_id"])

    @property
    def names(self) -> Names:
        """The deployment's names."""
        namespace, partition = self.props.get("namespace") or DEFAULT_NAMESPACE, self.props.get("partition") or "aws"
        return Names(str(namespace), str(self.props["region"]), str(partition))

    # --- what there is --------------------------------------------------------------------------------------------
    def records(self) -> Iterator[tuple[str, str, str]]:
        """``(key, asset id, schema name)`` of each record of the account's data sources."""
        table = self.names.record_table
        for key in self.part.get("record_keys") or []:
            start: Mapping[str, Any] | None = None
            while True:
                page = aws.find(
                    self.dynamodb,
                    "query",
                    TableName=table,
                    KeyConditionExpression="#key = :key",
                    ExpressionAttributeNames={"#key": RECORD_KEY},
                    ExpressionAttributeValues={":key": {"S": key}},
                    ConsistentRead=True,
                    ExclusiveStartKey=start,
                )
                if page is None:
                    return  # A table that is gone holds no records.
                for item in page["Items"]:
                    name = item[RECORD_ITEM]["S"]
                    where = f"item {name} of {key} in table {table}"
                    yield (str(key), *_record(item.get(RECORD_VALUE, {}).get("S", ""), where))
                start = page.get("LastEvaluatedKey")
                if not start:
                    break

    def assets(self) -> list[LiveAsset]:
        """Assets of the stack's types and of its data sources."""
        wanted: dict[str, str] = {}
        kinds = self.part.get("asset_types") or []
        if kinds:
            # No filter by type: which attribute that would take is nowhere documented, and one that matches nothing
            # would let everything go.
            found = aws.pages(self.datazone, "search", "items", domainIdentifier=self.domain, searchScope="ASSET")
            items = [item["assetItem"] for item in found if "assetItem" in item]
            wanted |= {item["identifier"]: item["name"] for item in items if item.get("typeIdentifier") in kinds}
        wanted |= {asset: name for _, asset, name in self.records()}
        made = [self._asset(asset, name) for asset, name in sorted(wanted.items(), key=lambda item: item[::-1])]
        return [asset for asset in made if asset is not None]

    def _asset(self, identifier: str, name: str) -> LiveAsset | None:
        try:
            live = aws.find(self.datazone, "get_asset", domainIdentifier=self.domain, identifier=identifier)
        except RemoteError as error:
            if error.code != "AccessDeniedException":
                raise
            # Whoever deploys may not see it; the record says that it is there.
            return LiveAsset(identifier, name)
        if live is None:
            return None
        listing = live.get("listing") or {}
        made = LiveAsset(identifier, name, listing.get("listingId"), listing.get("listingStatus") == "ACTIVE")
        if made.listing_id is not None:
            made.subscriptions = self._subscriptions(made.listing_id, "APPROVED")
        return made

    def _subscriptions(self, listing: str, status: str) -> list[str]:
        found = aws.pages(
            self.datazone,
            "list_subscriptions",
            "items",
            domainIdentifier=self.domain,
            subscribedListingId=listing,
            status=status,
        )
        return sorted(item["id"] for item in found)

    def grants(self) -> list[dict[str, Any]]:
        """Grants that go through the account's targets and are not ended."""
        found: list[dict[str, Any]] = []
        for target in self.part.get("targets") or []:
            try:
                found += aws.pages(
                    self.datazone,
                    "list_subscription_grants",
                    "items",
                    domainIdentifier=self.domain,
                    environmentId=target["environment_id"],
                    subscriptionTargetId=target["target_id"],
                )
            except RemoteError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                # The environment is gone, and its grants with it.
        return [grant for grant in found if _alive(grant)]

    # --- taking it down -------------------------------------------------------------------------------------------
    def revoke_grants(self) -> None:
        """Revoke each grant of the account's targets, and wait for it."""
        grants = [str(grant["id"]) for grant in self.grants()]
        for grant in grants:
            tell(f"revoking grant {grant}")
            self._end(grant)
        self._wait_for_grants(grants, "grants of this stack's targets")

    def remove_asset(self, asset: LiveAsset) -> None:
        """Revoke, unpublish, delete: each step waits until the one before has taken effect."""
        ending = list(asset.subscriptions)
        if asset.listing_id is not None:
            # An earlier attempt may have ended some whose grants are still there.
            ending += [id_ for status in _OVER for id_ in self._subscriptions(asset.listing_id, status)]
        # Before the revoke, as a list may leave them out afterwards; and again, as some may be under way.
        grants = self._grants_of(ending)
        for subscription in asset.subscriptions:
            tell(f"revoking subscription {subscription} of {asset.name}")
            aws.find(
                self.datazone,
                "revoke_subscription",
                domainIdentifier=self.domain,
                identifier=subscription,
                retainPermissions=False,
            )
        self._wait_for_grants([*grants, *self._grants_of(ending)], f"grants of {asset.name}")
        if asset.listed:
            tell(f"unpublishing {asset.name}")
            self._change("create_listing_change_set", entityIdentifier=asset.id, entityType="ASSET", action="UNPUBLISH")
            aws.wait_for(f"{asset.name} to be unpublished", lambda: self._unlisted(asset))
        tell(f"deleting asset {asset.name} ({asset.id})")
        self._change("delete_asset", identifier=asset.id)

    def delete_records(self) -> None:
        """Forget what the data sources recorded; the assets are gone by now."""
        for key, _, name in list(self.records()):
            item = {RECORD_KEY: {"S": key}, RECORD_ITEM: {"S": name}}
            aws.find(self.dynamodb, "delete_item", TableName=self.names.record_table, Key=item)

    def _grants_of(self, subscriptions: Iterable[str]) -> list[str]:
        """The ids of the subscriptions' grants."""
        found: list[dict[str, Any]] = []
        for subscription in subscriptions:
            found += aws.pages(
                self.datazone,
                "list_subscription_grants",
                "items",
                domainIdentifier=self.domain,
                subscriptionId=subscription,
            )
        return [str(grant["id"]) for grant in found]

    def _wait_for_grants(self, grants: Iterable[str], what: str) -> None:
        """Ask for each of these grants until it has ended or is gone."""
        waiting = dict.fromkeys(grants)

        def ended() -> bool:
            failed: list[str] = []
            for identifier in list(waiting):
                grant = aws.find(
                    self.datazone, "get_subscription_grant", domainIdentifier=self.domain, identifier=identifier
                )
                if grant is None or not _alive(grant):
                    del waiting[identifier]
                elif grant.get("status") in _FAILED:
                    failed.append(f"{identifier} ({_cause(grant)})")
            if failed:
                raise ResourceInUseError(
                    f"{what} could not be revoked: {', '.join(failed)}. Nothing else was taken down."
                )
            return not waiting

        if waiting:
            aws.wait_for(f"{what} to be revoked", ended)

    def _end(self, grant: str) -> None:
        try:
            aws.find(self.datazone, "delete_subscription_grant", domainIdentifier=self.domain, identifier=grant)
        except RemoteError as error:
            if error.code != "ConflictException":
                raise
            # Its revoke is under way already.

    def _change(self, operation: str, **params: Any) -> None:
        try:
            aws.find(self.datazone, operation, domainIdentifier=self.domain, **params)
        except RemoteError as error:
            if error.code != "ConflictException":
                raise
            raise ResourceInUseError(f"{params} cannot be taken down: {error}") from error

    def _unlisted(self, asset: LiveAsset) -> bool:
        live = aws.find(self.datazone, "get_asset", domainIdentifier=self.domain, identifier=asset.id)
        return live is None or (live.get("listing") or {}).get("listingStatus") != "ACTIVE"


def _record(value: str, where: str) -> tuple[str, str]:
    try:
        found = json.loads(value)
        return str(found["assetId"]), str(found["schemaName"])
    except (ValueError, KeyError, TypeError) as error:
        raise ResourceInUseError(f"{where} is no record of a data source; remove it by hand") from error


def _alive(grant: Mapping[str, Any]) -> bool:
    assets = grant.get("assets") or []
    return not assets or any(asset.get("status") not in _ENDED for asset in assets)


def _cause(grant: Mapping[str, Any]) -> str:
    causes = [(asset.get("failureCause") or {}).get("message") for asset in grant.get("assets") or []]
    return "; ".join(cause for cause in causes if cause) or str(grant.get("status"))
