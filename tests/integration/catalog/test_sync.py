"""The data source's real gateways against the emulator."""

from __future__ import annotations

import json

from streamgov_core.samples.records import definition
from tests.emulator.conftest import EmulatorProcess
from tests.integration.catalog.conftest import PRODUCER, Place


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
    assert place.syncer().run_one("orders").revised == ["orders"]
    client.delete_schema(SchemaId={"RegistryName": place.registry, "SchemaName": "orders"})
    assert place.run()["retired"] == ["orders"]
    assert place.assets() == []
