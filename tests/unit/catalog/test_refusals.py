"""What a run says when DataZone refuses the data source something."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from streamgov_core.catalog.asset_errors import AssetRefusedError
from streamgov_core.catalog.asset_gateway import DataZoneAssets
from streamgov_core.catalog.entities import Revision
from streamgov_core.catalog.workers import is_lasting
from streamgov_core.runtime.clients import Clients

REVISION = Revision("orders", None, (), ())
CALLS: dict[str, Any] = {
    "search": lambda assets: list(assets.search()),
    "create_asset": lambda assets: assets.create("x", "Topic", REVISION, "token"),
    "create_asset_revision": lambda assets: assets.revise("asset1", REVISION, "token"),
    "create_listing_change_set": lambda assets: assets.publish("asset1", "1"),
    "list_subscriptions": lambda assets: assets.subscriptions("listing1"),
    "delete_asset": lambda assets: assets.delete("asset1"),
}


@pytest.fixture
def datazone(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Clients("eu-west-1").client("datazone")


@pytest.mark.parametrize("method", sorted(CALLS))
def test_a_refusal_says_what_to_look_at_and_fails_the_run(datazone: Any, method: str) -> None:
    operation = datazone.meta.method_to_api_mapping[method]
    assets = DataZoneAssets(datazone, "dzd-4p9n6sw4qt9xgn", "project1")
    with Stubber(datazone) as stub:
        stub.add_client_error(method, "AccessDeniedException", "User x is not permitted")
        with pytest.raises(AssetRefusedError) as caught:
            CALLS[method](assets)
    said = str(caught.value)
    assert (
        f"DataZone refuses {operation} (AccessDeniedException): see that the role is a member of project project1"
        in said
    )
    assert f"in a V2 domain, that its designation permits {operation}" in said
    assert ("USE_ASSET_TYPE" in said) is (operation == "CreateAsset")
    assert said.endswith("User x is not permitted")
    # Nothing about one schema: no run passes over it.
    assert not is_lasting(caught.value)


def test_other_errors_are_told_as_they_are(datazone: Any) -> None:
    with Stubber(datazone) as stub:
        stub.add_client_error("create_asset", "ThrottlingException")
        with pytest.raises(ClientError, match="ThrottlingException"):
            CALLS["create_asset"](DataZoneAssets(datazone, "dzd-4p9n6sw4qt9xgn", "project1"))
