"""Assets, data products and listings."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import probe
from contracts.probe_run import ProbeRun, answer_of
from contracts.setup.domain import (
    FORMS,
    asset_type,
    change_listing,
    consumer,
    domain,
    make_asset,
    producer,
    publish,
    wait_for_listing,
)
from contracts.setup.events import domain_event, domain_events, shape
from contracts.setup.grants import make_product

_ASSETS = (asset_type, producer)


@probe("dz-external-identifier", expects="ConflictException", uses=_ASSETS)
def external_identifier(probe_run: ProbeRun) -> Any:
    """What answers CreateAsset with an external identifier that another asset has?"""
    make_asset(probe_run, externalIdentifier="arn:contracts:same")
    return answer_of(lambda: make_asset(probe_run, externalIdentifier="arn:contracts:same"))


@probe("dz-asset-item-created-at", expects="the revision's", uses=_ASSETS)
def asset_item_created_at(probe_run: ProbeRun) -> Any:
    """Is AssetItem.createdAt of Search the time of the revision or of the first one?"""
    here = domain(probe_run)
    asset = make_asset(probe_run)
    probe_run.pace.sleep(max(2.0, probe_run.pace.interval))
    name = f"{asset['name']}-revised"
    here.call("create_asset_revision", identifier=asset["id"], name=name, formsInput=FORMS)

    def look() -> dict[str, Any] | None:
        pages = here.client.get_paginator("search").paginate(
            domainIdentifier=here.id, searchScope="ASSET", owningProjectIdentifier=producer(probe_run), searchText=name
        )
        items = [item["assetItem"] for page in pages for item in page["items"] if "assetItem" in item]
        return next((item for item in items if item["identifier"] == asset["id"] and item["name"] == name), None)

    item = probe_run.wait("the revision in the index", look, 180)
    first = item.get("additionalAttributes", {}).get("createdAt", asset["createdAt"])
    return "the first one's" if item["createdAt"] in (asset["createdAt"], first) else "the revision's"


@probe("dz-asset-event", expects={"assetId": "str", "name": "str", "revision": "str", "typeName": "str"},
       uses=(*_ASSETS, domain_events))  # fmt: skip
def asset_event(probe_run: ProbeRun) -> Any:
    """Which members has `data` of the event of a new asset?"""
    domain_events(probe_run)
    asset = make_asset(probe_run)["id"]
    return shape(domain_event(probe_run, "Asset Added To Inventory", asset)["detail"]["data"])


@probe("dz-delete-published", expects={"published": "ConflictException", "withdrawn": "accepted"}, uses=_ASSETS)
def delete_published(probe_run: ProbeRun) -> Any:
    """Is a published asset without subscriptions deleted?"""
    here = domain(probe_run)
    asset = make_asset(probe_run)["id"]
    listing = publish(probe_run, asset)
    refused = answer_of(here.caller("delete_asset"), identifier=asset)
    if refused == "accepted":
        return {"published": refused}
    change_listing(probe_run, asset, "UNPUBLISH")
    wait_for_listing(probe_run, listing, "INACTIVE")
    return {"published": refused, "withdrawn": answer_of(here.caller("delete_asset"), identifier=asset)}


@probe("dz-withdrawn-listing", expects="INACTIVE", uses=_ASSETS)
def withdrawn_listing(probe_run: ProbeRun) -> Any:
    """What does GetListing answer for a listing that was withdrawn?"""
    here = domain(probe_run)
    asset = make_asset(probe_run)["id"]
    listing = publish(probe_run, asset)
    change_listing(probe_run, asset, "UNPUBLISH")

    def look() -> str | None:
        refused = answer_of(here.caller("get_listing"), identifier=listing)
        if refused != "accepted":
            return refused
        status = str(here.call("get_listing", identifier=listing)["status"])
        return None if status == "ACTIVE" else status

    return probe_run.wait("the listing to be withdrawn", look, 180)


@probe("dz-change-set-busy", expects="ConflictException", uses=_ASSETS)
def change_set_busy(probe_run: ProbeRun) -> Any:
    """What answers a second listing change set while the first is under way?"""
    asset = make_asset(probe_run)["id"]
    change_listing(probe_run, asset)
    return answer_of(lambda: change_listing(probe_run, asset, "UNPUBLISH"))


@probe("dz-listing-name-length", expects={"name": 64}, uses=_ASSETS)
def listing_name_length(probe_run: ProbeRun) -> Any:
    """How long is the name of the listing of an asset whose name has 200 characters?"""
    listing = publish(probe_run, make_asset(probe_run, name="n" * 200)["id"])
    return {"name": len(domain(probe_run).call("get_listing", identifier=listing)["name"])}


@probe("dz-product-foreign-asset", expects="ValidationException", uses=(*_ASSETS, consumer))
def product_foreign_asset(probe_run: ProbeRun) -> Any:
    """May a data product hold an asset of another project?"""
    asset = make_asset(probe_run)["id"]
    return answer_of(
        domain(probe_run).caller("create_data_product"),
        name=probe_run.name("product"),
        owningProjectIdentifier=consumer(probe_run),
        items=[{"itemType": "ASSET", "identifier": asset}],
    )


@probe(
    "dz-product-publishes-assets",
    expects={"listed within the product": True, "found in the catalogue": False},
    uses=_ASSETS,
)
def product_publishes_assets(probe_run: ProbeRun) -> Any:
    """Does publishing a data product list its unpublished assets, and are they found in the catalogue?"""
    here = domain(probe_run)
    name = probe_run.name("hidden")
    asset = make_asset(probe_run, name=name)["id"]
    product = publish(probe_run, make_product(probe_run, asset), "DATA_PRODUCT")
    shown = here.call("get_listing", identifier=product)["item"]["dataProductListing"].get("items", [])
    probe_run.pace.sleep(3 * probe_run.pace.interval)
    pages = here.client.get_paginator("search_listings").paginate(domainIdentifier=here.id, searchText=name)
    items = [item for page in pages for item in page["items"] if "assetListing" in item]
    return {
        "listed within the product": bool(shown and shown[0].get("listingId")),
        "found in the catalogue": any(item["assetListing"]["name"] == name for item in items),
    }


@probe("dz-unknown-search-attribute", expects="ValidationException", uses=_ASSETS)
def unknown_search_attribute(probe_run: ProbeRun) -> Any:
    """What does Search answer for an attribute that it does not know?"""
    return answer_of(
        domain(probe_run).caller("search"),
        searchScope="ASSET",
        owningProjectIdentifier=producer(probe_run),
        filters={"filter": {"attribute": "contractsUnknown", "value": "x"}},
    )


@probe("dz-default-page", expects=25, uses=_ASSETS)
def default_page(probe_run: ProbeRun) -> Any:
    """How many items does a page hold without maxResults?"""
    here = domain(probe_run)
    for _ in range(30):
        here.call("create_project", name=probe_run.name("page"))
    return len(here.call("list_projects")["items"])


@probe("dz-client-token-reuse", expects={"same": "accepted", "another": "ConflictException"}, uses=_ASSETS)
def client_token_reuse(probe_run: ProbeRun) -> Any:
    """What answers a client token that is used again, with the same and with another request?"""
    here, name = domain(probe_run), probe_run.name("token")
    token = f"{probe_run.id}-{name}"
    kind, owner = asset_type(probe_run), producer(probe_run)
    given = {"typeIdentifier": kind, "owningProjectIdentifier": owner, "formsInput": FORMS, "clientToken": token}
    here.call("create_asset", name=name, **given)
    return {
        "same": answer_of(here.caller("create_asset"), name=name, **given),
        "another": answer_of(here.caller("create_asset"), name=f"{name}-other", **given),
    }


def _openlineage(probe_run: ProbeRun, source: str, job: str, run: str) -> bytes:
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00Z",
        "producer": "https://example.com/contracts",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run},
        "job": {"namespace": "contracts", "name": job},
        "inputs": [
            {
                "namespace": "contracts",
                "name": source,
                "facets": {
                    "schema": {
                        "_producer": "https://example.com/contracts",
                        "_schemaURL": "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json",
                        "fields": [{"name": "id", "type": "string"}],
                    },
                    "documentation": {
                        "_producer": "https://example.com/contracts",
                        "_schemaURL": "https://openlineage.io/spec/facets/1-0-0/DocumentationDatasetFacet.json",
                        "description": "orders",
                    },
                },
            }
        ],
        "outputs": [{"namespace": "contracts", "name": f"{source}-out"}],
    }
    return json.dumps(event).encode()


def _posted(probe_run: ProbeRun, stem: str) -> dict[str, Any]:
    here = domain(probe_run)
    run = "0197f0a0-0000-7000-8000-" + stem.encode().hex()[:12].ljust(12, "0")
    here.call("post_lineage_event", event=_openlineage(probe_run, stem, f"{stem}-job", run))

    def look() -> dict[str, Any] | None:
        if answer_of(here.caller("get_lineage_node"), identifier=f"contracts/{stem}") != "accepted":
            return None
        return here.call("get_lineage_node", identifier=f"contracts/{stem}")

    return probe_run.wait("the lineage", look, 180)


@probe("dz-lineage-edges", expects={"dataset leads to": "run", "job's identifier": "run"}, uses=(domain,), minutes=1)
def lineage_edges(probe_run: ProbeRun) -> Any:
    """Do edges of the lineage join datasets with job runs, and where does a job's identifier lead?"""
    here = domain(probe_run)
    node = _posted(probe_run, "edges")
    neighbours = [here.call("get_lineage_node", identifier=each["id"]) for each in node["downstreamNodes"]]
    job = "contracts.edges-job"
    refused = answer_of(here.caller("get_lineage_node"), identifier=job)
    led = _kind(here.call("get_lineage_node", identifier=job)["typeName"]) if refused == "accepted" else refused
    return {
        "dataset leads to": "".join(sorted({_kind(each["typeName"]) for each in neighbours})),
        "job's identifier": led,
    }


def _kind(type_name: str) -> str:
    lowered = type_name.lower()
    return "run" if "run" in lowered else "job" if "job" in lowered else "dataset"


@probe("dz-lineage-facets", expects=["SchemaForm"], uses=(domain,), minutes=1)
def lineage_facets(probe_run: ProbeRun) -> Any:
    """Which facets of a dataset does DataZone keep, and in which forms?"""
    return sorted(form["formName"] for form in _posted(probe_run, "facets").get("formsOutput", []))


@probe("dz-revision-numbers", expects=["1", "2", "3"], uses=_ASSETS)
def revision_numbers(probe_run: ProbeRun) -> Any:
    """Are revisions of an asset numbered one by one?"""
    here, asset = domain(probe_run), make_asset(probe_run)
    found = [asset["revision"]]
    for _ in range(2):
        made = here.call("create_asset_revision", identifier=asset["id"], name=asset["name"], formsInput=FORMS)
        found.append(made["revision"])
    return found


@probe("dz-ownership-transfer", expects={"shown for an asset that is not moving": False}, uses=_ASSETS)
def ownership_transfer(probe_run: ProbeRun) -> Any:
    """Does GetAsset show `ownershipTransfer` for an asset that is not moving?"""
    here, asset = domain(probe_run), make_asset(probe_run)["id"]
    bodies: list[bytes] = []
    event = "after-call.datazone.GetAsset"

    def keep(http_response: Any, **_: Any) -> None:
        bodies.append(http_response.content)

    # The SDK drops members that its model does not know.
    here.client.meta.events.register(event, keep)
    try:
        here.call("get_asset", identifier=asset)
    finally:
        here.client.meta.events.unregister(event, keep)
    return {"shown for an asset that is not moving": "ownershipTransfer" in json.loads(bodies[0])}
