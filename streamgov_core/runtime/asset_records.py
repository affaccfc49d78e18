"""Asset records in DynamoDB."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY, RECORD_VALUE, AssetRecord, record_key
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def all_records(client: DynamoDBClient, names: Names) -> Iterator[AssetRecord]:
    """What all data sources of an account recorded, for whoever looks at all of them (API Scan)."""
    with _existing(client, names.record_table):
        pages = client.get_paginator("scan").paginate(TableName=names.record_table)
        items = [item for page in pages for item in page["Items"]]
    yield from _readable(items, names.record_table)


class DynamoAssetRecordStore:
    """Records in the account's table (AssetRecordStore).

    A table that is missing is a ConfigError: the account's ``EnvironmentAuthorizer`` deploys it.

    Args:
        client: a DynamoDB client of the producer's account.
        names: the deployment's names.
        domain_id: the DataZone domain.
        registry: the Glue registry, or None for resources without schemas.
    """

    def __init__(self, client: DynamoDBClient, names: Names, domain_id: str, registry: str | None) -> None:
        self._client = client
        self._table = names.record_table
        self._key = record_key(domain_id, registry)

    def _item(self, schema_name: str) -> dict[str, AttributeValueTypeDef]:
        return {RECORD_KEY: {"S": self._key}, RECORD_ITEM: {"S": schema_name}}

    def load(self, schema_name: str) -> AssetRecord | None:
        """API GetItem, a consistent read: the record decides who may claim a topic."""
        with _existing(self._client, self._table):
            found = self._client.get_item(TableName=self._table, Key=self._item(schema_name), ConsistentRead=True)
        item = found.get("Item")
        return None if item is None else AssetRecord.from_json(_value(item), _where(item, self._table))

    def load_all(self) -> Iterator[AssetRecord]:
        """API Query, a megabyte a page, consistent."""
        return self._query("", {})

    def load_between(self, first: str, last: str) -> Iterator[AssetRecord]:
        """API Query, as above, of a part of the collection."""
        return self._query(" AND #item BETWEEN :first AND :last", {":first": {"S": first}, ":last": {"S": last}})

    def _query(self, condition: str, values: Mapping[str, AttributeValueTypeDef]) -> Iterator[AssetRecord]:
        names = {"#key": RECORD_KEY, **({"#item": RECORD_ITEM} if values else {})}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"#key = :key{condition}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":key": {"S": self._key}, **values},
            ConsistentRead=True,
        )
        with _existing(self._client, self._table):
            items = [item for page in pages for item in page["Items"]]
        yield from _readable(items, self._table)

    def save(self, record: AssetRecord) -> None:
        """API PutItem."""
        with _existing(self._client, self._table):
            self._client.put_item(
                TableName=self._table,
                Item={**self._item(record.schema_name), RECORD_VALUE: {"S": record.to_json()}},
            )

    def remove(self, schema_name: str) -> None:
        """API DeleteItem."""
        with _existing(self._client, self._table):
            self._client.delete_item(TableName=self._table, Key=self._item(schema_name))


@contextmanager
def _existing(client: DynamoDBClient, table: str) -> Iterator[None]:
    try:
        yield
    except client.exceptions.ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise ConfigError(
            f"there is no table {table}, which holds what data sources recorded; deploy the "
            "EnvironmentAuthorizer of this account and region, which makes it, and run again"
        ) from error


def _readable(items: Iterable[Mapping[str, AttributeValueTypeDef]], table: str) -> Iterator[AssetRecord]:
    for item in items:
        try:
            yield AssetRecord.from_json(_value(item), _where(item, table))
        except ConfigError as error:
            # The schema is then one without a record: its asset is found again by search, the record replaced.
            log("record not readable", level=logging.WARNING, cause=str(error))


def _where(item: Mapping[str, AttributeValueTypeDef], table: str) -> str:
    return f"item {item[RECORD_ITEM]['S']} of {item[RECORD_KEY]['S']} in table {table}"


def _value(item: Mapping[str, AttributeValueTypeDef]) -> str:
    """The record's JSON; empty, and so no record, where the attribute is missing or of another type."""
    return item.get(RECORD_VALUE, {}).get("S", "")
