"""Records in DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY, RECORD_VALUE, AssetRecord, record_key
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore, all_records

RECORD = AssetRecord("asset1", "arn:topic", "arn:schema", "sales$x", "hash", "mark", "words")
REGISTRIES = st.one_of(st.none(), st.from_regex(r"[a-zA-Z0-9_$#.-]{1,255}", fullmatch=True))
DOMAINS = st.from_regex(r"dzd[-_][a-zA-Z0-9_-]{1,36}", fullmatch=True)
KEY = {"S": "dzd-1#registry/orders"}
TABLE = Names().record_table
ITEM_KEY = {RECORD_KEY: KEY, RECORD_ITEM: {"S": "sales$x"}}
ITEM = {**ITEM_KEY, RECORD_VALUE: {"S": RECORD.to_json()}}


@given(DOMAINS, REGISTRIES, DOMAINS, REGISTRIES)
def test_keys_of_registries_stay_apart(domain: str, registry: str | None, other: str, another: str | None) -> None:
    same = (domain, registry) == (other, another)
    assert (record_key(domain, registry) == record_key(other, another)) == same


def test_a_record_survives_its_item() -> None:
    assert AssetRecord.from_json(RECORD.to_json(), "p") == RECORD
    assert json.loads(RECORD.to_json())["assetId"] == "asset1"
    assert AssetRecord.from_json(json.dumps({**json.loads(RECORD.to_json()), "later": 1}), "p") == RECORD


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"version": 2}', '{"version": 1}', "5", "null"])
def test_what_is_no_record_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="item q of p"):
        AssetRecord.from_json(text, "item q of p")


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    yield boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def store_of(client: Any) -> DynamoAssetRecordStore:
    return DynamoAssetRecordStore(client, Names(), "dzd-1", "orders")


def test_the_store(dynamodb: Any) -> None:
    with Stubber(dynamodb) as stub:
        store = store_of(dynamodb)
        read = {"TableName": TABLE, "Key": ITEM_KEY, "ConsistentRead": True}
        stub.add_response("get_item", {}, read)
        assert store.load("sales$x") is None
        stub.add_response("put_item", {}, {"TableName": TABLE, "Item": ITEM})
        store.save(RECORD)
        stub.add_response("get_item", {"Item": ITEM}, read)
        assert store.load("sales$x") == RECORD
        stub.add_response("delete_item", {}, {"TableName": TABLE, "Key": ITEM_KEY})
        store.remove("sales$x")
        stub.assert_no_pending_responses()


def test_all_pages_are_read_and_what_is_no_record_is_passed_over(dynamodb: Any) -> None:
    def item(name: str, value: dict[str, str]) -> dict[str, Any]:
        return {RECORD_KEY: KEY, RECORD_ITEM: {"S": name}, RECORD_VALUE: value}

    records = [AssetRecord(f"a{number}", "arn", None, f"schema{number}", "h") for number in range(3)]
    items = [item(record.schema_name, {"S": record.to_json()}) for record in records]
    strange = [item("s", {"S": "not ours"}), item("t", {"N": "1"}), {RECORD_KEY: KEY, RECORD_ITEM: {"S": "u"}}]
    asked = {
        "TableName": TABLE,
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": RECORD_KEY},
        "ExpressionAttributeValues": {":key": KEY},
        "ConsistentRead": True,
    }
    last = {RECORD_KEY: KEY, RECORD_ITEM: {"S": "schema1"}}
    with Stubber(dynamodb) as stub:
        stub.add_response("query", {"Items": items[:2], "LastEvaluatedKey": last}, asked)
        stub.add_response("query", {"Items": [*strange, items[2]]}, {**asked, "ExclusiveStartKey": last})
        assert list(store_of(dynamodb).load_all()) == records
        stub.add_response("scan", {"Items": items[:2], "LastEvaluatedKey": last}, {"TableName": TABLE})
        stub.add_response("scan", {"Items": [*strange, items[2]]}, {"TableName": TABLE, "ExclusiveStartKey": last})
        assert list(all_records(dynamodb, Names())) == records


def test_a_table_that_is_missing_is_named(dynamodb: Any) -> None:
    store = store_of(dynamodb)
    calls: dict[str, Callable[[], object]] = {
        "get_item": lambda: store.load("sales"),
        "put_item": lambda: store.save(RECORD),
        "delete_item": lambda: store.remove("sales"),
        "query": lambda: list(store.load_all()),
        "scan": lambda: list(all_records(dynamodb, Names())),
    }
    for operation, call in calls.items():
        with Stubber(dynamodb) as stub:
            stub.add_client_error(operation, "ResourceNotFoundException")
            with pytest.raises(ConfigError, match=f"there is no table {TABLE}, .*; deploy the EnvironmentAuthorizer"):
                call()
        with Stubber(dynamodb) as stub:
            stub.add_client_error(operation, "AccessDeniedException")
            with pytest.raises(dynamodb.exceptions.ClientError):
                call()
