"""The data source's real gateways against the emulator."""

from __future__ import annotations

import json

from streamgov_samples.functions.records import definition
from tests.integration.catalog.conftest import PRODUCER, Place
from tests.integration.polling import eventually
from tests.sandbox import EmulatorProcess


def test_life_of_an_asset(place: Place, emulator: EmulatorProcess) -> None:
    place.register("orders", definition())
    assert place.run(publish=True)["created"] == ["orders"]
    (asset,) = place.assets()
    forms = {form["formName"]: json.loads(form["content"]) for form in asset["formsOutput"]}
    columns = {column["columnName"]: column["dataType"] for column in forms["RelationalTableFormType"]["columns"]}
    assert columns["customer.address.city"] == "string"
    assert columns["items.price"] == "decimal(10,2)"
    assert asset["externalIdentifier"].endswith("/orders")
    assert asset["listing"]["listingStatus"] in ("CREATING", "ACTIVE")

    emulator.admin("DELETE", "calls")
    assert place.run(publish=True)["unchanged"] == 1
    calls = {(call["service"], call["operation"]): call["count"] for call in emulator.admin("GET", "calls")["calls"]}
    assert not [key for key in calls if key[1].startswith(("Create", "Put", "Delete", "Register"))], calls

    client = place.client("glue", PRODUCER)
    client.register_schema_version(
        SchemaId={"RegistryName": place.registry, "SchemaName": "orders"}, SchemaDefinition=definition(evolved=True)
    )
    # The version is still PENDING: registration is asynchronous, and a single sync waits for it.
    assert place.setup().one("orders")["revised"] == ["orders"]
    client.delete_schema(SchemaId={"RegistryName": place.registry, "SchemaName": "orders"})
    assert place.run()["retired"] == ["orders"]
    assert place.assets() == []


def subscribe(place: Place) -> str:
    """A consumer's approved subscription to the project's one listing."""
    datazone = place.client("datazone")
    (asset,) = place.assets()
    listing = asset["listing"]["listingId"]
    eventually(
        lambda: datazone.get_asset(domainIdentifier=place.domain, identifier=asset["id"])["listing"]["listingStatus"],
        lambda status: status == "ACTIVE",
    )
    consumer = datazone.create_project(domainIdentifier=place.domain, name=f"consumer-{listing}")["id"]
    request = datazone.create_subscription_request(
        domainIdentifier=place.domain,
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": consumer}}],
        requestReason="To test",
    )["id"]
    datazone.accept_subscription_request(domainIdentifier=place.domain, identifier=request)
    found = datazone.list_subscriptions(
        domainIdentifier=place.domain, subscribedListingId=listing, approverProjectId=place.project
    )
    return str(found["items"][0]["id"])


def test_an_asset_with_a_subscription_is_kept_until_that_ends(place: Place) -> None:
    place.register("orders", definition())
    place.run(publish=True)
    subscription = subscribe(place)
    place.client("glue", PRODUCER).delete_schema(SchemaId={"RegistryName": place.registry, "SchemaName": "orders"})
    result = place.run()
    assert result["retired"] == []
    assert subscription in result["kept"][0]["cause"]
    place.client("datazone").revoke_subscription(domainIdentifier=place.domain, identifier=subscription)
    assert place.run()["retired"] == ["orders"]
    assert place.assets() == []


def test_every_list_is_read_to_its_end(place: Place, emulator: EmulatorProcess) -> None:
    """More schemas than a page of ListSchemas (100), or Search (50) holds."""
    names = [f"topic-{number:03}" for number in range(110)]
    for name in names:
        place.register(name, '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}')
    assert place.run()["counts"] == {"created": 110}
    emulator.admin("DELETE", "calls")
    result = place.run()
    assert (result["unchanged"], result["failed"]) == (110, [])
    calls = {call["operation"]: call["count"] for call in emulator.admin("GET", "calls")["calls"]}
    assert calls == {
        "GetSchema": 110,
        "ListSchemas": 2,
        "Query": 2,
        "Search": 3,
        "GetAssetType": 1,
        "ListTopics": 1,
        "ListClustersV2": 1,
        "DescribeClusterV2": 1,
        "GetBootstrapBrokers": 1,
    }
    assert sum(calls.values()) <= 1.05 * 110 + 10
    client = place.client("glue", PRODUCER)
    client.delete_schema(SchemaId={"RegistryName": place.registry, "SchemaName": names[-1]})
    assert place.run()["retired"] == [names[-1]]
