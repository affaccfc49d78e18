"""Assets, revisions, listings, data products, glossaries."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.datazone import Settings
from emulator_tests.datazone.conftest import COLUMNS, Service, World, role


def unpublish(world: World, entity: str, kind: str = "ASSET") -> dict[str, Any]:
    return world.call("CreateListingChangeSet", entityIdentifier=entity, entityType=kind, action="UNPUBLISH")


def test_an_asset_is_created_and_read(world: World) -> None:
    asset = world.asset(externalIdentifier="arn:topic", description="d")
    assert (asset["revision"], asset["typeRevision"], asset["externalIdentifier"]) == ("1", "1", "arn:topic")
    assert "listing" not in asset
    found = world.call("GetAsset", identifier=asset["id"])
    content = {form["formName"]: json.loads(form["content"]) for form in found["formsOutput"]}
    assert content["RelationalTableFormType"] == COLUMNS
    assert found["formsOutput"][0]["typeRevision"] == "1"
    (event,) = world.service.told("Asset Added To Inventory")
    assert event["data"]["assetId"] == asset["id"]


def test_the_external_identifier_is_unique_and_free_again_after_the_delete(world: World) -> None:
    asset = world.asset(externalIdentifier="arn:topic")
    assert asset["id"] in world.refused(
        "ConflictException",
        "CreateAsset",
        name="other",
        externalIdentifier="arn:topic",
        formsInput=world.forms(),
        typeIdentifier="MskTopicAssetType",
        owningProjectIdentifier=world.producer,
    )
    world.call("DeleteAsset", identifier=asset["id"])
    world.asset(externalIdentifier="arn:topic")


def test_a_client_token_makes_one_asset(world: World) -> None:
    first = world.asset(clientToken="token", externalIdentifier="x")
    assert world.asset(clientToken="token", externalIdentifier="x") == first
    assert world.call("Search", searchScope="ASSET")["totalMatchCount"] == 1
    world.refused(
        "ConflictException",
        "CreateAsset",
        name="another",
        clientToken="token",
        formsInput=world.forms(),
        typeIdentifier="MskTopicAssetType",
        owningProjectIdentifier=world.producer,
    )


def test_forms_are_checked(world: World) -> None:
    good = world.forms()
    extra = {"formName": "Extra", "content": "{}"}
    wrong: list[tuple[list[dict[str, Any]], str]] = [
        (good[:1], "Required form RelationalTableFormType"),
        ([*good, good[0]], "given twice"),
        ([*good, extra], "names no typeIdentifier"),
        ([*good, extra | {"typeIdentifier": "Nowhere"}], "with version latest not found"),
        ([good[0] | {"typeIdentifier": "amazon.datazone.RelationalTableFormType"}, good[1]], "is of type"),
        ([good[0] | {"typeRevision": "2"}, good[1]], "pinned to revision 1"),
        ([good[0] | {"content": '{"partitions": 3}'}, good[1]], "cluster_arn is missing"),
        ([good[0] | {"content": "no json"}, good[1]], "not valid JSON"),
        ([good[0], good[1] | {"content": json.dumps(COLUMNS | {"schemaDefinition": "x"})}], "schemaDefinition"),
        (
            [
                good[0],
                good[1]
                | {
                    "content": json.dumps(
                        {"tableName": "t", "columns": [{"columnName": "a", "dataType": ["null", "string"]}]}
                    )
                },
            ],
            r"columns[0].dataType must be of type String",
        ),
        ([good[0] | {"content": json.dumps({"cluster_arn": "x" * 300_000})}, good[1]], "300000"),
    ]
    for forms, complaint in wrong:
        message = world.refused(
            "ValidationException",
            "CreateAsset",
            name="a",
            formsInput=forms,
            typeIdentifier="MskTopicAssetType",
            owningProjectIdentifier=world.producer,
        )
        assert complaint in message
    attached = extra | {"typeIdentifier": "amazon.datazone.SubscriptionTermsFormType"}
    assert [f["formName"] for f in world.asset(formsInput=[*good, attached])["formsOutput"]][-1] == "Extra"


def test_unknown_types_terms_and_projects(world: World) -> None:
    base = {
        "name": "a",
        "formsInput": world.forms(),
        "typeIdentifier": "MskTopicAssetType",
        "owningProjectIdentifier": world.producer,
    }
    world.refused("ResourceNotFoundException", "CreateAsset", **base | {"typeIdentifier": "Nowhere"})
    world.refused("ResourceNotFoundException", "CreateAsset", **base | {"typeRevision": "5"})
    world.refused("ResourceNotFoundException", "CreateAsset", **base | {"owningProjectIdentifier": "nowhere"})
    world.refused("ValidationException", "CreateAsset", **base | {"glossaryTerms": ["nowhere"]})


def test_a_revision_replaces_all_forms(world: World) -> None:
    asset = world.asset(description="first", externalIdentifier="arn")
    assert "Required form" in world.refused(
        "ValidationException", "CreateAssetRevision", identifier=asset["id"], name="orders"
    )
    second = world.call(
        "CreateAssetRevision", identifier=asset["id"], name="renamed", formsInput=world.forms(partitions=9)
    )
    assert (second["revision"], second["name"], second["externalIdentifier"]) == ("2", "renamed", "arn")
    assert "description" not in second
    assert world.service.told("Asset Schema Changed") == []
    old = world.call("GetAsset", identifier=asset["id"], revision="1")
    assert (old["name"], old["description"]) == ("orders", "first")
    revisions = world.call("ListAssetRevisions", identifier=asset["id"])["items"]
    assert [item["revision"] for item in revisions] == ["2", "1"]
    forms = world.forms()
    forms[1]["content"] = json.dumps({"tableName": "orders", "columns": []})
    world.call("CreateAssetRevision", identifier=asset["id"], name="orders", formsInput=forms)
    assert len(world.service.told("Asset Schema Changed")) == 1
    world.refused("ResourceNotFoundException", "GetAsset", identifier=asset["id"], revision="9")


def test_publishing_takes_a_moment() -> None:
    service = Service(Settings(listing_delay=5))
    waiting = []
    service.emulator.parts["datazone"].scheduler.after = lambda delay, work: waiting.append((delay, work))
    domain = service.call("CreateDomain", name="d", domainExecutionRole="arn:aws:iam::111111111111:role/d")["id"]
    project = service.call("CreateProject", domainIdentifier=domain, name="p")["id"]
    service.call("CreateAssetType", domainIdentifier=domain, name="T", formsInput={}, owningProjectIdentifier=project)
    asset = service.call(
        "CreateAsset", domainIdentifier=domain, name="a", typeIdentifier="T", owningProjectIdentifier=project
    )["id"]
    change = {"domainIdentifier": domain, "entityIdentifier": asset, "entityType": "ASSET", "action": "PUBLISH"}
    listing = service.call("CreateListingChangeSet", **change)
    assert listing["status"] == "CREATING"
    shown = service.call("GetListing", domainIdentifier=domain, identifier=listing["listingId"])
    assert shown["status"] == "CREATING"
    assert service.call("SearchListings", domainIdentifier=domain)["items"] == []
    service.refused("ConflictException", "CreateListingChangeSet", **change)
    ((delay, work),) = waiting
    assert delay == 5
    work()
    shown = service.call("GetListing", domainIdentifier=domain, identifier=listing["listingId"])
    assert shown["status"] == "ACTIVE"
    assert len(service.told("Asset Added To Catalog")) == 1
    assert service.call("SearchListings", domainIdentifier=domain)["totalMatchCount"] == 1


def test_a_listing_stays_active_while_it_is_published_anew(world: World) -> None:
    asset = world.asset()
    listing = world.publish(asset["id"])["listingId"]
    waiting: list[Any] = []
    world.service.emulator.parts["datazone"].settings.listing_delay = 1
    world.service.emulator.parts["datazone"].scheduler.after = lambda delay, work: waiting.append(work)
    world.call("CreateAssetRevision", identifier=asset["id"], name="renamed", formsInput=world.forms())
    change = world.publish(asset["id"])
    assert (change["status"], change["listingRevision"]) == ("CREATING", "1"), "the revision that is still shown"
    shown = world.call("GetListing", identifier=listing)
    assert (shown["status"], shown["listingRevision"], shown["name"]) == ("ACTIVE", "1", "orders")
    for action in ("PUBLISH", "UNPUBLISH"):
        world.refused(
            "ConflictException",
            "CreateListingChangeSet",
            entityIdentifier=asset["id"],
            entityType="ASSET",
            action=action,
        )
    waiting.pop()()
    shown = world.call("GetListing", identifier=listing)
    assert (shown["status"], shown["listingRevision"], shown["name"]) == ("ACTIVE", "2", "renamed")
    assert unpublish(world, asset["id"])["status"] == "ACTIVE"
    waiting.pop()()
    assert world.call("GetListing", identifier=listing)["status"] == "INACTIVE"


def test_a_listing_shows_the_published_revision(world: World) -> None:
    asset = world.asset()
    listing = world.publish(asset["id"])
    shown = world.call("GetListing", identifier=listing["listingId"])["item"]["assetListing"]
    forms = json.loads(shown["forms"])
    assert isinstance(shown["forms"], str)
    assert set(forms) == {"MskSourceReferenceFormType", "RelationalTableFormType"}
    assert (shown["assetId"], shown["assetType"], shown["assetRevision"]) == (asset["id"], "MskTopicAssetType", "1")
    world.call("CreateAssetRevision", identifier=asset["id"], name="orders", formsInput=world.forms(partitions=9))
    shown = world.call("GetListing", identifier=listing["listingId"])["item"]["assetListing"]
    assert json.loads(shown["forms"])["MskSourceReferenceFormType"]["partitions"] == 3
    world.refused(
        "ValidationException",
        "CreateListingChangeSet",
        entityIdentifier=asset["id"],
        entityType="ASSET",
        action="PUBLISH",
        entityRevision="1",
    )
    again = world.publish(asset["id"], entityRevision="2")
    assert (again["listingId"], again["listingRevision"]) == (listing["listingId"], "2")
    assert len(world.service.told("New Asset Version Available")) == 1
    old = world.call("GetListing", identifier=listing["listingId"], listingRevision="1")["item"]["assetListing"]
    assert old["assetRevision"] == "1"
    assert world.call("GetAsset", identifier=asset["id"])["listing"] == {
        "listingId": listing["listingId"],
        "listingStatus": "ACTIVE",
    }


def test_a_long_name_is_cut_in_the_listing_only(world: World) -> None:
    name = "n" * 249
    listing = world.publish(world.asset(name)["id"])
    assert world.call("GetListing", identifier=listing["listingId"])["name"] == name[:64]
    found = world.call("SearchListings", searchText=name)["items"]
    assert found[0]["assetListing"]["name"] == name


def test_unpublish_and_delete_in_order(world: World) -> None:
    asset, listing, _ = world.subscribed()
    (grant,) = world.grants()
    assert "active subscriptions" in world.refused("ConflictException", "DeleteAsset", identifier=asset["id"])
    world.call("RevokeSubscription", identifier=grant["subscriptionId"])
    assert "published" in world.refused("ConflictException", "DeleteAsset", identifier=asset["id"])
    unpublish(world, asset["id"])
    assert world.call("GetListing", identifier=listing["listingId"])["status"] == "INACTIVE"
    assert world.call("SearchListings")["items"] == []
    assert len(world.service.told("Asset Unpublished")) == 1
    world.refused(
        "ConflictException",
        "CreateListingChangeSet",
        entityIdentifier=asset["id"],
        entityType="ASSET",
        action="UNPUBLISH",
    )
    world.call("DeleteAsset", identifier=asset["id"])
    world.refused("ResourceNotFoundException", "GetAsset", identifier=asset["id"])
    assert world.call("GetSubscriptionGrant", identifier=grant["id"])["id"] == grant["id"]
    assert world.call("GetSubscription", identifier=grant["subscriptionId"])["status"] == "REVOKED"


def test_a_listing_is_deleted(world: World) -> None:
    asset, listing, _ = world.subscribed()
    world.refused("ConflictException", "DeleteListing", identifier=listing["listingId"])
    (grant,) = world.grants()
    world.call("CancelSubscription", identifier=grant["subscriptionId"])
    world.call("DeleteListing", identifier=listing["listingId"])
    world.refused("ResourceNotFoundException", "GetListing", identifier=listing["listingId"])
    assert "listing" not in world.call("GetAsset", identifier=asset["id"])
    assert len(world.service.told("Asset Listing Deleted")) == 1


def test_who_may_read_and_write_assets(world: World) -> None:
    asset = world.asset()
    viewer = world.member(world.producer, role("viewer"), "PROJECT_CATALOG_VIEWER")
    other = world.member(world.consumer, role("other"), "PROJECT_OWNER")
    assert world.call("GetAsset", viewer, identifier=asset["id"])["id"] == asset["id"]
    for operation, params in (
        ("CreateAssetRevision", {"name": "x", "formsInput": world.forms()}),
        ("DeleteAsset", {}),
    ):
        for caller in (viewer, other):
            world.refused("AccessDeniedException", operation, caller, identifier=asset["id"], **params)
    world.refused("AccessDeniedException", "GetAsset", other, identifier=asset["id"])
    assert world.call("Search", other, searchScope="ASSET")["items"] == []
    world.refused("AccessDeniedException", "Search", other, searchScope="ASSET", owningProjectIdentifier=world.producer)
    listing = world.publish(asset["id"])["listingId"]
    assert world.call("GetListing", other, identifier=listing)["status"] == "ACTIVE"
    world.refused("AccessDeniedException", "GetListing", role("nobody"), identifier=listing)


def test_a_data_product_is_one_listing_and_one_grant_of_several_assets(world: World) -> None:
    first, second = world.asset("one"), world.asset("two")
    world.call("CreateAssetType", name="Foreign", formsInput={}, owningProjectIdentifier=world.producer)
    foreign = world.asset("three", typeIdentifier="Foreign", formsInput=[])
    items = [{"itemType": "ASSET", "identifier": asset["id"]} for asset in (first, second, foreign)]
    product = world.call("CreateDataProduct", name="bundle", owningProjectIdentifier=world.producer, items=items)
    assert (product["revision"], product["status"]) == ("1", "CREATED")
    assert product["id"] in world.refused("ConflictException", "DeleteAsset", identifier=first["id"])
    listing = world.publish(product["id"], "DATA_PRODUCT")["listingId"]
    shown = world.call("GetListing", identifier=listing)["item"]["dataProductListing"]
    assert len(shown["items"]) == 3
    found = world.call("SearchListings")["items"]
    assert [list(item) for item in found] == [["dataProductListing"]]
    request = world.request(listing)
    assert len(request["subscribedListings"][0]["item"]["productListing"]["assetListings"]) == 3
    world.call("AcceptSubscriptionRequest", identifier=request["id"])
    (grant,) = world.grants()
    assert {asset["assetId"] for asset in grant["assets"]} == {first["id"], second["id"]}
    events = world.service.told("Subscription Grant Requested")
    assert {event["data"]["asset"]["id"] for event in events} == {first["id"], second["id"]}
    assert {event["metadata"]["id"] for event in events} == {grant["id"]}
    for event in events:
        asset_listing = world.call("GetListing", identifier=event["data"]["asset"]["listingId"])
        assert asset_listing["item"]["assetListing"]["assetId"] == event["data"]["asset"]["id"]

    def mark(asset: str, status: str) -> str:
        return str(
            world.call("UpdateSubscriptionGrantStatus", identifier=grant["id"], assetIdentifier=asset, status=status)[
                "status"
            ]
        )

    assert mark(first["id"], "GRANTED") == "IN_PROGRESS"
    assert mark(second["id"], "GRANT_FAILED") == "GRANT_FAILED"
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert mark(first["id"], "REVOKE_FAILED") == "IN_PROGRESS"
    assert mark(second["id"], "REVOKED") == "REVOKE_FAILED"


def test_data_products_are_checked_revised_and_deleted(world: World) -> None:
    asset = world.asset()
    base = {"name": "p", "owningProjectIdentifier": world.producer}
    world.refused(
        "ValidationException", "CreateDataProduct", **base, items=[{"itemType": "ASSET", "identifier": "nowhere"}]
    )
    world.refused(
        "ValidationException",
        "CreateDataProduct",
        name="p",
        owningProjectIdentifier=world.consumer,
        items=[{"itemType": "ASSET", "identifier": asset["id"]}],
    )
    product = world.call("CreateDataProduct", **base)["id"]
    second = world.call(
        "CreateDataProductRevision",
        identifier=product,
        name="q",
        items=[{"itemType": "ASSET", "identifier": asset["id"]}],
    )
    assert second["revision"] == "2"
    assert world.call("GetDataProduct", identifier=product, revision="1")["name"] == "p"
    assert [r["revision"] for r in world.call("ListDataProductRevisions", identifier=product)["items"]] == ["2", "1"]
    assert world.call("Search", searchScope="DATA_PRODUCT")["items"][0]["dataProductItem"]["name"] == "q"
    listing = world.publish(product, "DATA_PRODUCT")["listingId"]
    world.refused("ConflictException", "DeleteDataProduct", identifier=product)
    unpublish(world, product, "DATA_PRODUCT")
    world.call("DeleteDataProduct", identifier=product)
    world.refused("ResourceNotFoundException", "GetListing", identifier=listing)


def test_glossaries_and_terms(world: World) -> None:
    base = {"name": "g", "owningProjectIdentifier": world.producer, "status": "ENABLED"}
    glossary = world.call("CreateGlossary", **base)["id"]
    world.refused("ConflictException", "CreateGlossary", **base)
    term = world.call(
        "CreateGlossaryTerm", glossaryIdentifier=glossary, name="t", shortDescription="short", status="ENABLED"
    )["id"]
    world.refused("ConflictException", "CreateGlossaryTerm", glossaryIdentifier=glossary, name="t")
    related = world.call("CreateGlossaryTerm", glossaryIdentifier=glossary, name="u", termRelations={"isA": [term]})
    asset = world.asset(glossaryTerms=[term])
    listing = world.publish(asset["id"])["listingId"]
    shown = world.call("GetListing", identifier=listing)["item"]["assetListing"]["glossaryTerms"]
    assert shown == [{"name": "t", "shortDescription": "short"}]
    found = world.call("Search", searchScope="ASSET", filters={"filter": {"attribute": "glossaryTerms", "value": term}})
    assert found["totalMatchCount"] == 1
    message = world.refused("ConflictException", "DeleteGlossaryTerm", identifier=term)
    assert asset["id"] in message
    assert related["id"] in message
    world.call("UpdateGlossaryTerm", identifier=related["id"], termRelations={})
    world.call("CreateAssetRevision", identifier=asset["id"], name="orders", formsInput=world.forms())
    assert world.call("UpdateGlossaryTerm", identifier=term, name="new")["name"] == "new"
    world.call("DeleteGlossaryTerm", identifier=term)
    world.refused("ConflictException", "DeleteGlossary", identifier=glossary)
    world.call("UpdateGlossary", identifier=glossary, status="DISABLED")
    assert "terms" in world.refused("ConflictException", "DeleteGlossary", identifier=glossary)
    world.call("DeleteGlossaryTerm", identifier=related["id"])
    world.call("DeleteGlossary", identifier=glossary)
    world.refused("ResourceNotFoundException", "GetGlossary", identifier=glossary)
    assert world.call("Search", searchScope="GLOSSARY")["items"] == []
