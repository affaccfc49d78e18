"""What stops a destroy is found although Search takes no filter that is documented for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from streamgov_pulumi.providers.asset_type import AssetTypeProvider
from streamgov_pulumi.providers.live import Part

ASSETS = [("asset1", "sales", "Ours"), ("asset2", "orders", "AlsoOurs"), ("asset3", "lake", "Others")]


class Domain:
    """A DataZone client that knows no attribute of a filter: a search with one matches nothing."""

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="datazone"))

    def __init__(self) -> None:
        self.searches = 0

    def search(self, **request: Any) -> dict[str, Any]:
        self.searches += 1
        if "filters" in request:
            return {"items": []}
        start = int(request.get("nextToken") or 0)
        identifier, name, kind = ASSETS[start]
        page: dict[str, Any] = {
            "items": [{"assetItem": {"identifier": identifier, "name": name, "typeIdentifier": kind}}]
        }
        return page if start + 1 == len(ASSETS) else {**page, "nextToken": str(start + 1)}

    def get_asset(self, *, identifier: str, **_: Any) -> dict[str, Any]:
        return {"id": identifier, "name": dict(item[:2] for item in ASSETS)[identifier]}


def test_the_guard_sees_the_assets_that_people_made_by_hand() -> None:
    domain = Domain()
    part = Part(domain, None, {"domain_id": "dzd-1"}, {"asset_types": ["Ours", "AlsoOurs"]})
    assert [asset.id for asset in part.assets()] == ["asset2", "asset1"]
    assert domain.searches == 3, "every page once, whatever the number of types"


def test_an_account_without_types_searches_nothing() -> None:
    domain = Domain()
    assert Part(domain, None, {"domain_id": "dzd-1"}, {}).assets() == []
    assert domain.searches == 0


def test_an_asset_type_names_the_assets_that_use_it() -> None:
    assert AssetTypeProvider._assets(Domain(), {"domain_id": "dzd-1", "name": "Ours"}) == ["sales (asset1)"]
