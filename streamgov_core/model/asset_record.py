"""What a data source records of each schema, in DynamoDB: which asset it made for which topic or stream.

The record is the authority for a producer's claim: an asset is granted only if the record of its schema names the same
asset and the same resource. It also holds what makes an unchanged schema recognisable with a single call.

The records of one registry are one item collection, whose key IAM can name (``dynamodb:LeadingKeys``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from streamgov_core.model.errors import ConfigError

RECORD_VERSION = 1
NO_REGISTRY = "-"
"""Stands for the registry in the key of a resource without schema."""
RECORD_KEY, RECORD_ITEM = "registryKey", "schemaName"
"""Attributes of the partition key and the sort key."""
RECORD_VALUE = "record"
"""Attribute of the record's JSON."""


@dataclass(frozen=True)
class AssetRecord:
    """What a data source recorded of one schema.

    Attributes:
        asset_id: the DataZone asset.
        resource_arn: ARN of the topic or stream.
        schema_arn: ARN of the schema, or None.
        schema_name: name of the schema (or of the resource, where there is no schema).
        content_hash: of everything that the data source writes into the asset.
        fingerprint: of everything that decides the content, as far as one GetSchema call shows it; empty if the
            schema's newest version was not settled yet.
        description_hash: of the description that we wrote, to distinguish it from a person's.
        seen: time of the asset's newest revision when it last was as it should be, ISO 8601; a later one is somebody's.
    """

    asset_id: str
    resource_arn: str
    schema_arn: str | None
    schema_name: str
    content_hash: str
    fingerprint: str = ""
    description_hash: str = ""
    seen: str = ""

    def to_json(self) -> str:
        """The value of RECORD_VALUE."""
        value = {key: getattr(self, attribute) for key, attribute in _KEYS.items()}
        return json.dumps({"version": RECORD_VERSION, **value}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, where: str) -> AssetRecord:
        """Read what RECORD_VALUE holds.

        Args:
            text: the value.
            where: where it stands, for the error.

        Raises:
            ConfigError: it is no record of a version that we know.
        """
        try:
            value: dict[str, Any] = json.loads(text)
            if value["version"] != RECORD_VERSION:
                raise ConfigError(f"{where} holds a record of unknown version {value['version']!r}")
            return cls(**{attribute: value[key] for key, attribute in _KEYS.items() if key in value})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{where} does not hold a record of a data source: {error}") from error


_KEYS = {
    "assetId": "asset_id",
    "resourceArn": "resource_arn",
    "schemaArn": "schema_arn",
    "schemaName": "schema_name",
    "contentHash": "content_hash",
    "fingerprint": "fingerprint",
    "descriptionHash": "description_hash",
    "seen": "seen",
}
"""Keys of the stored JSON and the attributes that they fill."""


class AssetRecordStore(Protocol):
    """Where records are kept."""

    def load(self, schema_name: str) -> AssetRecord | None:
        """The record of one schema, or None."""

    def load_all(self) -> Iterator[AssetRecord]:
        """All records, in no particular order; what is no record is passed over."""

    def load_between(self, first: str, last: str) -> Iterator[AssetRecord]:
        """The records of the schemas from one name to another, both included; what is no record is passed over."""

    def save(self, record: AssetRecord) -> None:
        """Write a record over whatever there is."""

    def remove(self, schema_name: str) -> None:
        """Remove a record; nothing happens if there is none."""


def record_key(domain_id: str, registry: str | None) -> str:
    """The partition key of the records of one registry of the account, or of what has no schema.

    ``#`` divides what cannot hold it: a domain's id. What follows it is a registry's name after ``registry/``, so that
    none can be mistaken for NO_REGISTRY.
    """
    return f"{domain_id}#{NO_REGISTRY}" if registry is None else f"{domain_id}#registry/{registry}"
