"""A type that may not be read: gone, hidden, or nobody can tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import AssetTypeProvider, FormTypeProvider
from streamgov_pulumi.providers.base import DataZoneProvider

PROPS = {"region": "eu-west-1", "domain_id": "dzd-4p9n6sw4qt9xgn", "name": "Mine", "owning_project_id": "p1"}
MAKERS = [FormTypeProvider, AssetTypeProvider]


class Domain:
    """A domain that refuses each type and lists those that are seen."""

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="datazone"))

    def __init__(self, *seen: str) -> None:
        self.seen = seen

    def _refuse(self, **asked: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "x")

    get_form_type = get_asset_type = _refuse

    def search_types(self, *, searchScope: str, **more: Any) -> dict[str, Any]:
        item = "formTypeItem" if searchScope == "FORM_TYPE" else "assetTypeItem"
        return {"items": [{item: {"name": name}} for name in self.seen]}


def read(monkeypatch: pytest.MonkeyPatch, maker: type[DataZoneProvider], *seen: str) -> str:
    provider = maker()
    monkeypatch.setattr(provider, "api", lambda props, service="datazone": Domain(*seen))
    return str(provider.read("id", dict(PROPS)).id)


@pytest.mark.parametrize("maker", MAKERS)
def test_who_sees_other_types_and_not_this_one_believes_it_gone(
    monkeypatch: pytest.MonkeyPatch, maker: type[DataZoneProvider]
) -> None:
    assert read(monkeypatch, maker, "Another") == ""


@pytest.mark.parametrize("maker", MAKERS)
def test_one_that_is_listed_is_there(monkeypatch: pytest.MonkeyPatch, maker: type[DataZoneProvider]) -> None:
    with pytest.raises(RemoteError, match="AccessDeniedException: no"):
        read(monkeypatch, maker, "Mine")


@pytest.mark.parametrize("maker", MAKERS)
def test_who_sees_no_type_at_all_forgets_none(monkeypatch: pytest.MonkeyPatch, maker: type[DataZoneProvider]) -> None:
    """A deployer that lost its membership must not empty the state at a refresh."""
    with pytest.raises(RemoteError, match="no custom type of domain dzd-4p9n6sw4qt9xgn is seen from here"):
        read(monkeypatch, maker)
