"""Search, SearchListings: text, filter trees, sorting, aggregations, pages, lag."""

from __future__ import annotations

from typing import Any

import pytest

from emulator_tests.datazone.conftest import PreparedDomain, Service

SOURCE = "MskSourceReferenceFormType"


@pytest.fixture
def named(prepared: PreparedDomain) -> PreparedDomain:
    """Assets with names, partitions and clusters to search for."""
    for name, partitions, cluster in (
        ("salesOrdersV1", 3, "arn:aws:kafka:us-east-1:1:cluster/alpha/x"),
        ("payments", 12, "arn:aws:kafka:us-east-1:1:cluster/beta/x"),
        ("refunds", 24, "arn:aws:kafka:us-east-1:1:cluster/beta/x"),
    ):
        prepared.publish(
            prepared.asset(name, formsInput=prepared.forms(partitions=partitions, cluster_arn=cluster))["id"]
        )
    return prepared


def names(prepared: PreparedDomain, **params: Any) -> list[str]:
    return [item["assetItem"]["name"] for item in prepared.call("Search", searchScope="ASSET", **params)["items"]]


def leaf(attribute: str, value: str | int, operator: str | None = None) -> dict[str, Any]:
    kind = "intValue" if isinstance(value, int) else "value"
    return {"filter": {"attribute": attribute, kind: value} | ({"operator": operator} if operator else {})}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sales", ["salesOrdersV1"]),
        ("SALES orders", ["salesOrdersV1"]),
        ("orders v1", ["salesOrdersV1"]),
        ("pay", ["payments"]),
        ("beta", ["refunds", "payments"]),
        ("beta refunds", ["refunds"]),
        ("nothing", []),
    ],
)
def test_text(named: PreparedDomain, text: str, found: list[str]) -> None:
    assert names(named, searchText=text) == found


def test_text_within_an_attribute(named: PreparedDomain) -> None:
    assert names(named, searchText="beta", searchIn=[{"attribute": "name"}]) == []
    assert len(names(named, searchText="beta", searchIn=[{"attribute": f"{SOURCE}.cluster_arn"}])) == 2


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (leaf("name", "payments"), {"payments"}),
        (leaf("name", "pay"), set()),
        (leaf("typeIdentifier", "MskTopicAssetType"), {"salesOrdersV1", "payments", "refunds"}),
        (leaf("typeName", "Other"), set()),
        (leaf("name", "pay", "TEXT_SEARCH"), {"payments"}),
        (leaf(f"{SOURCE}.partitions", 12), {"payments"}),
        (leaf(f"{SOURCE}.partitions", 12, "GE"), {"payments", "refunds"}),
        (leaf(f"{SOURCE}.partitions", 12, "GT"), {"refunds"}),
        (leaf(f"{SOURCE}.partitions", 12, "LT"), {"salesOrdersV1"}),
        (leaf(f"{SOURCE}.partitions", 12, "LE"), {"salesOrdersV1", "payments"}),
        ({"and": [leaf("name", "payments"), leaf(f"{SOURCE}.partitions", 12)]}, {"payments"}),
        ({"and": [leaf("name", "payments"), leaf(f"{SOURCE}.partitions", 3)]}, set()),
        (
            {"or": [leaf("name", "payments"), {"and": [leaf("name", "refunds"), leaf("name", "refunds")]}]},
            {"payments", "refunds"},
        ),
    ],
)
def test_filter_trees(named: PreparedDomain, filters: dict[str, Any], found: set[str]) -> None:
    assert set(names(named, filters=filters)) == found


@pytest.mark.parametrize(
    "filters",
    [
        leaf("nmae", "x"),
        leaf("name", "x", "GT"),
        {"filter": {"attribute": "name"}},
        leaf("name", "v" * 129),
        {"and": []},
        {"or": [leaf("name", "x")] * 101},
        leaf(f"{SOURCE}.partitions", 1, "TEXT_SEARCH"),
    ],
)
def test_filters_that_are_refused(named: PreparedDomain, filters: dict[str, Any]) -> None:
    named.refused("ValidationException", "Search", searchScope="ASSET", filters=filters)


def test_sorting_and_pages(named: PreparedDomain) -> None:
    assert names(named) == ["refunds", "payments", "salesOrdersV1"]
    assert names(named, sort={"attribute": "name"}) == ["payments", "refunds", "salesOrdersV1"]
    order = {"attribute": f"{SOURCE}.partitions", "order": "DESCENDING"}
    assert names(named, sort=order) == ["refunds", "payments", "salesOrdersV1"]
    first = named.call("Search", searchScope="ASSET", sort=order, maxResults=2)
    assert (len(first["items"]), first["totalMatchCount"]) == (2, 3)
    # What is deleted between two pages neither repeats nor hides another item.
    gone = first["items"][0]["assetItem"]["identifier"]
    named.call("CreateListingChangeSet", entityIdentifier=gone, entityType="ASSET", action="UNPUBLISH")
    named.call("DeleteAsset", identifier=gone)
    assert names(named, sort=order, maxResults=2, nextToken=first["nextToken"]) == ["salesOrdersV1"]
    named.refused("ValidationException", "Search", searchScope="ASSET", nextToken=first["nextToken"])
    named.refused("ValidationException", "Search", searchScope="ASSET", maxResults=51)


def test_forms_and_external_identifiers_are_shown(prepared: PreparedDomain) -> None:
    prepared.asset(externalIdentifier="arn:" + "x" * 200)
    item = prepared.call("Search", searchScope="ASSET", additionalAttributes=["FORMS"])["items"][0]["assetItem"]
    assert len(item["externalIdentifier"]) == 204
    assert {form["formName"] for form in item["additionalAttributes"]["formsOutput"]} == {
        SOURCE,
        "RelationalTableFormType",
    }
    assert "additionalAttributes" not in prepared.call("Search", searchScope="ASSET")["items"][0]["assetItem"]


def test_listings_with_aggregations_and_forms(named: PreparedDomain) -> None:
    answer = named.call(
        "SearchListings",
        searchText="beta",
        additionalAttributes=["FORMS"],
        aggregations=[{"attribute": "entityType"}, {"attribute": f"{SOURCE}.cluster_arn", "displayValue": "cluster"}],
    )
    assert answer["totalMatchCount"] == 2
    assert all(SOURCE in item["assetListing"]["additionalAttributes"]["forms"] for item in answer["items"])
    types, clusters = answer["aggregates"]
    assert types["items"] == [{"value": "MskTopicAssetType", "count": 2}]
    assert (clusters["displayValue"], clusters["items"][0]["count"]) == ("cluster", 2)


def test_the_index_lags_when_told_to(service: Service, prepared: PreparedDomain) -> None:
    waiting: list[Any] = []
    service.emulator.parts["datazone"].scheduler.after = lambda delay, work: waiting.append(work)
    service.emulator.admin_routes["datazone"]("POST", {}, b'{"search_lag": 2}')
    asset = prepared.asset()
    assert names(prepared) == []
    assert prepared.call("GetAsset", identifier=asset["id"])["name"] == "orders"
    waiting.pop()()
    assert names(prepared) == ["orders"]
    prepared.call("DeleteAsset", identifier=asset["id"])
    assert names(prepared) == ["orders"]
    waiting.pop()()
    assert names(prepared) == []
