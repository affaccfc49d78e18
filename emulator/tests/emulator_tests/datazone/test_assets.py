"""Assets, revisions, listings, data products, glossaries."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.datazone import Settings
from emulator_tests.datazone.conftest import COLUMNS, PreparedDomain, Service, role


def unpublish(prepared: PreparedDomain, entity: str, kind: str = "ASSET") -> dict[str, Any]:
    return prepared.call("CreateListingChangeSet", entityIdentifier=entity, entityType=kind, action="UNPUBLISH")


def test_an_asset_is_created_and_read(prepared: PreparedDomain) -> None:
    asset = prepared.asset(externalIdentifier="arn:topic", description="d")
    assert (asset["revision"], asset["typeRevision"], asset["externalIdentifier"]) == ("1", "1", "arn:topic")
    assert "listing" not in asset
    found = prepared.call("GetAsset", identifier=asset["id"])
    content = {form["formName"]: json.loads(form["content"]) for form in found["formsOutput"]}
    assert content["RelationalTableFormType"] == COLUMNS
    assert found["formsOutput"][0]["typeRevision"] == "1"
    (event,) = prepared.service.told("Asset Added To Inventory")
    assert event["data"]["assetId"] == asset["id"]


def test_the_external_identifier_is_unique_and_free_again_after_the_delete(prepared: PreparedDomain) -> None:
    asset = prepared.asset(externalIdentifier="arn:topic")
    assert asset["id"] in prepared.refused(
        "ConflictException",
        "CreateAsset",
        name="other",
        externalIdentifier="arn:topic",
        formsInput=prepared.forms(),
        typeIdentifier="MskTopicAssetType",
        owningProjectIdentifier=prepared.producer,
    )
    prepared.call("DeleteAsset", identifier=asset["id"])
    prepared.asset(externalIdentifier="arn:topic")


def test_a_client_token_makes_one_asset(prepared: PreparedDomain) -> None:
    first = prepared.asset(clientToken="token", externalIdentifier="x")
    assert prepared.asset(clientToken="token", externalIdentifier="x") == first
    assert prepared.call("Search", searchScope="ASSET")["totalMatchCount"] == 1
    prepared.refused(
        "ConflictException",
        "CreateAsset",
        name="another",
        clientToken="token",
        formsInput=prepared.forms(),
        typeIdentifier="MskTopicAssetType",
        owningProjectIdentifier=prepared.producer,
    )


def test_forms_are_checked(prepared: PreparedDomain) -> None:
    good = prepared.forms()
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
        message = prepared.refused(
            "ValidationException",
            "CreateAsset",
            name="a",
            formsInput=forms,
            typeIdentifier="MskTopicAssetType",
            owningProjectIdentifier=prepared.producer,
        )
        assert complaint in message
    attached = extra | {"typeIdentifier": "amazon.datazone.SubscriptionTermsFormType"}
    assert [f["formName"] for f in prepared.asset(formsInput=[*good, attached])["formsOutput"]][-1] == "Extra"


def test_unknown_types_terms_and_projects(prepared: PreparedDomain) -> None:
    base = {
        "name": "a",
        "formsInput": prepared.forms(),
        "typeIdentifier": "MskTopicAssetType",
        "owningProjectIdentifier": prepared.producer,
    }
    prepared.refused("ResourceNotFoundException", "CreateAsset", **base | {"typeIdentifier": "Nowhere"})
    prepared.refused("ResourceNotFoundException", "CreateAsset", **base | {"typeRevision": "5"})
    prepared.refused("ResourceNotFoundException", "CreateAsset", **base | {"owningProjectIdentifier": "nowhere"})
    prepared.refused("ValidationException", "CreateAsset", **base | {"glossaryTerms": ["nowhere"]})


def test_a_revision_replaces_all_forms(prepared: PreparedDomain) -> None:
    asset = prepared.asset(description="first", externalIdentifier="arn")
    assert "Required form" in prepared.refused(
        "ValidationException", "CreateAssetRevision", identifier=asset["id"], name="orders"
    )
    second = prepared.call(
        "CreateAssetRevision", identifier=asset["id"], name="renamed", formsInput=prepared.forms(partitions=9)
    )
    assert (second["revision"], second["name"], second["externalIdentifier"]) == ("2", "renamed", "arn")
    assert "description" not in second
    assert prepared.service.told("Asset Schema Changed") == []
    old = prepared.call("GetAsset", identifier=asset["id"], revision="1")
    assert (old["name"], old["description"]) == ("orders", "first")
    revisions = prepared.call("ListAssetRevisions", identifier=asset["id"])["items"]
    assert [item["revision"] for item in revisions] == ["2", "1"]
    forms = prepared.forms()
    forms[1]["content"] = json.dumps({"tableName": "orders", "columns": []})
    prepared.call("CreateAssetRevision", identifier=asset["id"], name="orders", formsInput=forms)
    assert len(prepared.service.told("Asset Schema Changed")) == 1
    prepared.refused("ResourceNotFoundException", "GetAsset", identifier=asset["id"], revision="9")


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


def test_a_listing_stays_active_while_it_is_published_anew(prepared: PreparedDomain) -> None:
    asset = prepared.asset()
    listing = prepared.publish(asset["id"])["listingId"]
    waiting: list[Any] = []
    prepared.service.emulator.parts["datazone"].settings.listing_delay = 1
    prepared.service.emulator.parts["datazone"].scheduler.after = lambda delay, work: waiting.append(work)
    prepared.call("CreateAssetRevision", identifier=asset["id"], name="renamed", formsInput=prepared.forms())
    change = prepared.publish(asset["id"])
    assert (change["status"], change["listingRevision"]) == ("CREATING", "1"), "the revision that is still shown"
    shown = prepared.call("GetListing", identifier=listing)
    assert (shown["status"], shown["listingRevision"], shown["name"]) == ("ACTIVE", "1", "orders")
    for action in ("PUBLISH", "UNPUBLISH"):
        prepared.refused(
            "ConflictException",
            "CreateListingChangeSet",
            entityIdentifier=asset["id"],
            entityType="ASSET",
            action=action,
        )
    waiting.pop()()
    shown = prepared.call("GetListing", identifier=listing)
    assert (shown["status"], shown["listingRevision"], shown["name"]) == ("ACTIVE", "2", "renamed")
    assert unpublish(prepared, asset["id"])["status"] == "ACTIVE"
    waiting.pop()()
    assert prepared.call("GetListing", identifier=listing)["status"] == "INACTIVE"


def test_a_listing_shows_the_published_revision(prepared: PreparedDomain) -> None:
    asset = prepared.asset()
    listing = prepared.publish(asset["id"])
    shown = prepared.call("GetListing", identifier=listing["listingId"])["item"]["assetListing"]
    forms = json.loads(shown["forms"])
    assert isinstance(shown["forms"], str)
    assert set(forms) == {"MskSourceReferenceFormType", "RelationalTableFormType"}
    assert (shown["assetId"], shown["assetType"], shown["assetRevision"]) == (asset["id"], "MskTopicAssetType", "1")
    prepared.call("CreateAssetRevision", identifier=asset["id"], name="orders", formsInput=prepared.forms(partitions=9))
    shown = prepared.call("GetListing", identifier=listing["listingId"])["item"]["assetListing"]
    assert json.loads(shown["forms"])["MskSourceReferenceFormType"]["partitions"] == 3
    prepared.refused(
        "ValidationException",
        "CreateListingChangeSet",
        entityIdentifier=asset["id"],
        entityType="ASSET",
        action="PUBLISH",
        entityRevision="1",
    )
    again = prepared.publish(asset["id"], entityRevision="2")
    assert (again["listingId"], again["listingRevision"]) == (listing["listingId"], "2")
    assert len(prepared.service.told("New Asset Version Available")) == 1
    old = prepared.call("GetListing", identifier=listing["listingId"], listingRevision="1")["item"]["assetListing"]
    assert old["assetRevision"] == "1"
    assert prepared.call("GetAsset", identifier=asset["id"])["listing"] == {
        "listingId": listing["listingId"],
        "listingStatus": "ACTIVE",
    }


def test_a_long_name_is_cut_in_the_listing_only(prepared: PreparedDomain) -> None:
    name = "n" * 249
    listing = prepared.publish(prepared.asset(name)["id"])
    assert prepared.call("GetListing", identifier=listing["listingId"])["name"] == name[:64]
    found = prepared.call("SearchListings", searchText=name)["items"]
    assert found[0]["assetListing"]["name"] == name


def test_unpublish_and_delete_in_order(prepared: PreparedDomain) -> None:
    asset, listing, _ = prepared.subscribed()
    (grant,) = prepared.grants()
    assert "active subscriptions" in prepared.refused("ConflictException", "DeleteAsset", identifier=asset["id"])
    prepared.call("RevokeSubscription", identifier=grant["subscriptionId"])
    assert "published" in prepared.refused("ConflictException", "DeleteAsset", identifier=asset["id"])
    unpublish(prepared, asset["id"])
    assert prepared.call("GetListing", identifier=listing["listingId"])["status"] == "INACTIVE"
    assert prepared.call("SearchListings")["items"] == []
    assert len(prepared.service.told("Asset Unpublished")) == 1
    prepared.refused(
        "ConflictException",
        "CreateListingChangeSet",
        entityIdentifier=asset["id"],
        entityType="ASSET",
        action="UNPUBLISH",
    )
    prepared.call("DeleteAsset", identifier=asset["id"])
    prepared.refused("ResourceNotFoundException", "GetAsset", identifier=asset["id"])
    assert prepared.call("GetSubscriptionGrant", identifier=grant["id"])["id"] == grant["id"]
    assert prepared.call("GetSubscription", identifier=grant["subscriptionId"])["status"] == "REVOKED"


def test_a_listing_is_deleted(prepared: PreparedDomain) -> None:
    asset, listing, _ = prepared.subscribed()
    prepared.refused("ConflictException", "DeleteListing", identifier=listing["listingId"])
    (grant,) = prepared.grants()
    prepared.call("CancelSubscription", identifier=grant["subscriptionId"])
    prepared.call("DeleteListing", identifier=listing["listingId"])
    prepared.refused("ResourceNotFoundException", "GetListing", identifier=listing["listingId"])
    assert "listing" not in prepared.call("GetAsset", identifier=asset["id"])
    assert len(prepared.service.told("Asset Listing Deleted")) == 1


def test_who_may_read_and_write_assets(prepared: PreparedDomain) -> None:
    asset = prepared.asset()
    viewer = prepared.member(prepared.producer, role("viewer"), "PROJECT_CATALOG_VIEWER")
    other = prepared.member(prepared.consumer, role("other"), "PROJECT_OWNER")
    assert prepared.call("GetAsset", viewer, identifier=asset["id"])["id"] == asset["id"]
    for operation, params in (
        ("CreateAssetRevision", {"name": "x", "formsInput": prepared.forms()}),
        ("DeleteAsset", {}),
    ):
        for caller in (viewer, other):
            prepared.refused("AccessDeniedException", operation, caller, identifier=asset["id"], **params)
    prepared.refused("AccessDeniedException", "GetAsset", other, identifier=asset["id"])
    assert prepared.call("Search", other, searchScope="ASSET")["items"] == []
    prepared.refused(
        "AccessDeniedException", "Search", other, searchScope="ASSET", owningProjectIdentifier=prepared.producer
    )
    listing = prepared.publish(asset["id"])["listingId"]
    assert prepared.call("GetListing", other, identifier=listing)["status"] == "ACTIVE"
    prepared.refused("AccessDeniedException", "GetListing", role("nobody"), identifier=listing)


def test_a_data_product_is_one_listing_and_one_grant_of_several_assets(prepared: PreparedDomain) -> None:
    first, second = prepared.asset("one"), prepared.asset("two")
    prepared.call("CreateAssetType", name="Foreign", formsInput={}, owningProjectIdentifier=prepared.producer)
    foreign = prepared.asset("three", typeIdentifier="Foreign", formsInput=[])
    items = [{"itemType": "ASSET", "identifier": asset["id"]} for asset in (first, second, foreign)]
    product = prepared.call("CreateDataProduct", name="bundle", owningProjectIdentifier=prepared.producer, items=items)
    assert (product["revision"], product["status"]) == ("1", "CREATED")
    assert product["id"] in prepared.refused("ConflictException", "DeleteAsset", identifier=first["id"])
    listing = prepared.publish(product["id"], "DATA_PRODUCT")["listingId"]
    shown = prepared.call("GetListing", identifier=listing)["item"]["dataProductListing"]
    assert len(shown["items"]) == 3
    found = prepared.call("SearchListings")["items"]
    assert [list(item) for item in found] == [["dataProductListing"]]
    request = prepared.request(listing)
    assert len(request["subscribedListings"][0]["item"]["productListing"]["assetListings"]) == 3
    prepared.call("AcceptSubscriptionRequest", identifier=request["id"])
    (grant,) = prepared.grants()
    assert {asset["assetId"] for asset in grant["assets"]} == {first["id"], second["id"]}
    events = prepared.service.told("Subscription Grant Requested")
    assert {event["data"]["asset"]["id"] for event in events} == {first["id"], second["id"]}
    assert {event["metadata"]["id"] for event in events} == {grant["id"]}
    for event in events:
        asset_listing = prepared.call("GetListing", identifier=event["data"]["asset"]["listingId"])
        assert asset_listing["item"]["assetListing"]["assetId"] == event["data"]["asset"]["id"]

    def mark(asset: str, status: str) -> str:
        return str(
            prepared.call(
                "UpdateSubscriptionGrantStatus", identifier=grant["id"], assetIdentifier=asset, status=status
            )["status"]
        )

    assert mark(first["id"], "GRANTED") == "IN_PROGRESS"
    assert mark(second["id"], "GRANT_FAILED") == "GRANT_FAILED"
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert mark(first["id"], "REVOKE_FAILED") == "IN_PROGRESS"
    assert mark(second["id"], "REVOKED") == "REVOKE_FAILED"


def test_data_products_are_checked_revised_and_deleted(prepared: PreparedDomain) -> None:
    asset = prepared.asset()
    base = {"name": "p", "owningProjectIdentifier": prepared.producer}
    prepared.refused(
        "ValidationException", "CreateDataProduct", **base, items=[{"itemType": "ASSET", "identifier": "nowhere"}]
    )
    prepared.refused(
        "ValidationException",
        "CreateDataProduct",
        name="p",
        owningProjectIdentifier=prepared.consumer,
        items=[{"itemType": "ASSET", "identifier": asset["id"]}],
    )
    product = prepared.call("CreateDataProduct", **base)["id"]
    second = prepared.call(
        "CreateDataProductRevision",
        identifier=product,
        name="q",
        items=[{"itemType": "ASSET", "identifier": asset["id"]}],
    )
    assert second["revision"] == "2"
    assert prepared.call("GetDataProduct", identifier=product, revision="1")["name"] == "p"
    assert [r["revision"] for r in prepared.call("ListDataProductRevisions", identifier=product)["items"]] == ["2", "1"]
    assert prepared.call("Search", searchScope="DATA_PRODUCT")["items"][0]["dataProductItem"]["name"] == "q"
    listing = prepared.publish(product, "DATA_PRODUCT")["listingId"]
    prepared.refused("ConflictException", "DeleteDataProduct", identifier=product)
    unpublish(prepared, product, "DATA_PRODUCT")
    prepared.call("DeleteDataProduct", identifier=product)
    prepared.refused("ResourceNotFoundException", "GetListing", identifier=listing)


def test_glossaries_and_terms(prepared: PreparedDomain) -> None:
    base = {"name": "g", "owningProjectIdentifier": prepared.producer, "status": "ENABLED"}
    glossary = prepared.call("CreateGlossary", **base)["id"]
    prepared.refused("ConflictException", "CreateGlossary", **base)
    term = prepared.call(
        "CreateGlossaryTerm", glossaryIdentifier=glossary, name="t", shortDescription="short", status="ENABLED"
    )["id"]
    prepared.refused("ConflictException", "CreateGlossaryTerm", glossaryIdentifier=glossary, name="t")
    related = prepared.call("CreateGlossaryTerm", glossaryIdentifier=glossary, name="u", termRelations={"isA": [term]})
    asset = prepared.asset(glossaryTerms=[term])
    listing = prepared.publish(asset["id"])["listingId"]
    shown = prepared.call("GetListing", identifier=listing)["item"]["assetListing"]["glossaryTerms"]
    assert shown == [{"name": "t", "shortDescription": "short"}]
    found = prepared.call(
        "Search", searchScope="ASSET", filters={"filter": {"attribute": "glossaryTerms", "value": term}}
    )
    assert found["totalMatchCount"] == 1
    message = prepared.refused("ConflictException", "DeleteGlossaryTerm", identifier=term)
    assert asset["id"] in message
    assert related["id"] in message
    prepared.call("UpdateGlossaryTerm", identifier=related["id"], termRelations={})
    prepared.call("CreateAssetRevision", identifier=asset["id"], name="orders", formsInput=prepared.forms())
    assert prepared.call("UpdateGlossaryTerm", identifier=term, name="new")["name"] == "new"
    prepared.call("DeleteGlossaryTerm", identifier=term)
    prepared.refused("ConflictException", "DeleteGlossary", identifier=glossary)
    prepared.call("UpdateGlossary", identifier=glossary, status="DISABLED")
    assert "terms" in prepared.refused("ConflictException", "DeleteGlossary", identifier=glossary)
    prepared.call("DeleteGlossaryTerm", identifier=related["id"])
    prepared.call("DeleteGlossary", identifier=glossary)
    prepared.refused("ResourceNotFoundException", "GetGlossary", identifier=glossary)
    assert prepared.call("Search", searchScope="GLOSSARY")["items"] == []
