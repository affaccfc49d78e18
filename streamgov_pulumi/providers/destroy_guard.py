"""What people and data sources made of the stack's types, and what a ``destroy`` does about it.

The resource makes nothing. It depends on everything that a revoke needs, so a destroy comes to it first: while assets,
listings or grants live it either refuses before anything was destroyed, or removes them while the workflow still
works: revoke, wait until the permissions are gone, unpublish, delete the assets, delete the data sources' records.

Rules: an asset with subscriptions cannot be deleted (DeleteAsset), nor a listing with them (CreateListingChangeSet).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import RemoteError, ResourceInUseError
from streamgov_pulumi.arguments.choices import CASCADE, DESTROY_MODES, REFUSE
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import Checker, DataZoneProvider, contains_unknown, show, tell
from streamgov_pulumi.providers.session import SessionSettings

_PART_KEYS = {"assume_role_arn", "external_id", "asset_types", "targets", "record_paths"}
_ENDED = {"REVOKED", "GRANT_FAILED"}
_FAILED = {"REVOKE_FAILED", "GRANT_AND_REVOKE_FAILED"}
_OVER = ("REVOKED", "CANCELLED")
_PATH = re.compile(r"/[a-zA-Z0-9_./=-]+")


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
        ssm: client for the account's parameters.
        props: the resource's properties.
        part: the account's entry of ``parts``.
    """

    datazone: Any
    ssm: Any
    props: Mapping[str, Any]
    part: Mapping[str, Any]

    @property
    def domain(self) -> str:
        """The domain's id."""
        return str(self.props["domain_id"])

    # --- what there is --------------------------------------------------------------------------------------------
    def records(self) -> Iterator[tuple[str, str, str]]:
        """``(parameter, asset id, name)`` of each record of the account's data sources."""
        for path in self.part.get("record_paths") or []:
            token: str | None = None
            while True:
                page = aws.call(
                    self.ssm, "get_parameters_by_path", Path=path, Recursive=True, MaxResults=10, NextToken=token
                )
                for parameter in page["Parameters"]:
                    yield (str(parameter["Name"]), *_record(str(parameter["Value"]), str(parameter["Name"])))
                token = page.get("NextToken")
                if not token:
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
        grants = self.grants()
        for grant in grants:
            tell(f"revoking grant {grant['id']}")
            self._ended(grant)
        if grants:
            self._wait_for_grants(self.grants, "grants of this stack's targets")

    def remove_asset(self, asset: LiveAsset) -> None:
        """Revoke, unpublish, delete: each step waits until the one before has taken effect."""
        ending = list(asset.subscriptions)
        if asset.listing_id is not None:
            # An earlier attempt may have ended some whose grants are still there.
            ending += [id_ for status in _OVER for id_ in self._subscriptions(asset.listing_id, status)]
        for subscription in asset.subscriptions:
            tell(f"revoking subscription {subscription} of {asset.name}")
            aws.find(
                self.datazone,
                "revoke_subscription",
                domainIdentifier=self.domain,
                identifier=subscription,
                retainPermissions=False,
            )
        if ending:
            self._wait_for_grants(lambda: self._grants_of(ending), f"grants of {asset.name}")
        if asset.listed:
            tell(f"unpublishing {asset.name}")
            self._change("create_listing_change_set", entityIdentifier=asset.id, entityType="ASSET", action="UNPUBLISH")
            aws.wait_for(f"{asset.name} to be unpublished", lambda: self._unlisted(asset))
        tell(f"deleting asset {asset.name} ({asset.id})")
        self._change("delete_asset", identifier=asset.id)

    def delete_records(self) -> None:
        """Forget what the data sources recorded; the assets are gone by now."""
        for parameter, _, _ in list(self.records()):
            try:
                aws.call(self.ssm, "delete_parameter", Name=parameter)
            except RemoteError as error:
                if error.code != "ParameterNotFound":
                    raise

    def _grants_of(self, subscriptions: list[str]) -> list[dict[str, Any]]:
        """The grants that are not ended. A list by listing may leave out what is being revoked."""
        found: list[dict[str, Any]] = []
        for subscription in subscriptions:
            found += aws.pages(
                self.datazone,
                "list_subscription_grants",
                "items",
                domainIdentifier=self.domain,
                subscriptionId=subscription,
            )
        return [grant for grant in found if _alive(grant)]

    def _wait_for_grants(self, remaining: Any, what: str) -> None:
        def gone() -> bool:
            left = remaining()
            failed = [grant for grant in left if grant.get("status") in _FAILED]
            if failed:
                listed = ", ".join(f"{grant['id']} ({_cause(grant)})" for grant in failed)
                raise ResourceInUseError(f"{what} could not be revoked: {listed}. Nothing else was taken down.")
            return not left

        aws.wait_for(f"{what} to be revoked", gone)

    def _ended(self, grant: Mapping[str, Any]) -> None:
        try:
            aws.find(self.datazone, "delete_subscription_grant", domainIdentifier=self.domain, identifier=grant["id"])
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


class DestroyGuardProvider(DataZoneProvider):
    """Nothing is made; deletion is the guard."""

    keys = ("domain_id", "on_destroy", "parts")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """The mode, and the shape of the parts."""
        checker = Checker(news, self.keys)
        checker.domain()
        checker.choice("on_destroy", DESTROY_MODES, default=REFUSE)
        parts = checker.inputs.setdefault("parts", [])
        if isinstance(parts, list | tuple):
            for part in parts:
                if not contains_unknown(part) and not (isinstance(part, Mapping) and set(part) <= _PART_KEYS):
                    checker.fail("parts", f"must hold maps with the keys {sorted(_PART_KEYS)}, got {show(part)}")
                elif isinstance(part, Mapping):
                    self._check_paths(checker, part)
        elif not contains_unknown(parts):
            checker.fail("parts", "must be a list of maps, one an account")
        return checker.result()

    @staticmethod
    def _check_paths(checker: Checker, part: Mapping[str, Any]) -> None:
        for path in part.get("record_paths") or []:
            if not contains_unknown(path) and not (isinstance(path, str) and _PATH.fullmatch(path)):
                checker.fail("parts", f"has the record path {show(path)}; it must be a path of Parameter Store")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Only remember."""
        return CreateResult(f"{props['domain_id']}|destroy-guard", dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """There is nothing to look at: what lives is looked up when it matters."""
        return ReadResult(id_, dict(props), self.inputs_of(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Only remember."""
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Refuse, or remove, whatever lives.

        Raises:
            ResourceInUseError: something lives and is not to be, or cannot be, taken down; the text lists it.
        """
        parts = [self._part(_props, part) for part in _props.get("parts") or []]
        if _props.get("on_destroy") != CASCADE:
            # A later account's records name the same assets as the domain's search, which sees more of them.
            assets: dict[str, LiveAsset] = {}
            for part in parts:
                for asset in part.assets():
                    assets.setdefault(asset.id, asset)
            grants = [grant for part in parts for grant in part.grants()]
            if assets or grants:
                raise ResourceInUseError(_refusal(str(_props["domain_id"]), list(assets.values()), grants))
        else:
            for part in parts:
                part.revoke_grants()
            done: set[str] = set()
            for part in parts:
                for asset in part.assets():
                    if asset.id not in done:
                        part.remove_asset(asset)
                    done.add(asset.id)
        for part in parts:
            part.delete_records()

    def _part(self, props: Mapping[str, Any], part: Mapping[str, Any]) -> Part:
        settings = SessionSettings(
            region=str(props["region"]),
            assume_role_arn=str(part.get("assume_role_arn") or ""),
            external_id=str(part.get("external_id") or ""),
            profile=str(getattr(self, "_profile", "")),
        )
        return Part(aws.client("datazone", settings), aws.client("ssm", settings), props, part)


def _record(value: str, where: str) -> tuple[str, str]:
    try:
        found = json.loads(value)
        return str(found["assetId"]), str(found["schemaName"])
    except (ValueError, KeyError, TypeError) as error:
        raise ResourceInUseError(f"parameter {where} is no record of a data source; remove it by hand") from error


def _alive(grant: Mapping[str, Any]) -> bool:
    assets = grant.get("assets") or []
    return not assets or any(asset.get("status") not in _ENDED for asset in assets)


def _cause(grant: Mapping[str, Any]) -> str:
    causes = [(asset.get("failureCause") or {}).get("message") for asset in grant.get("assets") or []]
    return "; ".join(cause for cause in causes if cause) or str(grant.get("status"))


def _refusal(domain: str, assets: list[LiveAsset], grants: list[dict[str, Any]]) -> str:
    listed = [f"asset {asset}" for asset in assets] + [f"grant {grant['id']} ({grant['status']})" for grant in grants]
    shown = "; ".join(listed[:10]) + (f"; and {len(listed) - 10} more" if len(listed) > 10 else "")
    where = f"--domain-identifier {domain}"
    return (
        f"nothing was destroyed: {len(assets)} asset(s), {sum(asset.listed for asset in assets)} listing(s) and "
        f"{len(grants) + sum(len(asset.subscriptions) for asset in assets)} subscription(s) or grant(s) live: {shown}. "
        f"Remove them (aws datazone revoke-subscription {where} --identifier <subscription>; create-listing-change-set "
        f"{where} --entity-type ASSET --action UNPUBLISH --entity-identifier <asset>; delete-asset {where} "
        "--identifier <asset>), or let the stack do all of that: pulumi config set streamgov:onDestroy cascade && "
        "pulumi up && pulumi destroy"
    )


class DestroyGuard(Resource, module="streamgov", name="DestroyGuard"):
    """The guard of a stack's live assets, listings and grants.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``region``, ``on_destroy`` (``refuse`` or ``cascade``), and ``parts``: for each account
            its session and what the stack has there (``asset_types``, ``targets``, ``record_paths``).
        opts: resource options; it must depend on everything that a revoke needs.
    """

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(DestroyGuardProvider(), resource_name, dict(props), opts)
