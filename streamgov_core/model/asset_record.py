"""What a data source records of each schema, in Parameter Store: which asset it made for which topic or stream.

The record is the authority for a producer's claim: an asset is granted only if the record of its schema names the same
asset and the same resource. It also holds what makes an unchanged schema recognisable with a single call.

Parameter Store writes 3 parameters a second by default (higher throughput is a setting of the account) and holds 10,000
standard parameters in an account and region; ``Intelligent-Tiering`` makes the ones beyond that advanced parameters, of
which there may be 100,000. The parameters lie in PARTS directories, so that their pages, of ten, can be read side by
side.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names

RECORD_VERSION = 1
PARTS = 4
"""Directories over which the parameters of a registry are spread, by a digest of their names. Never change it."""
NO_REGISTRY = "-"
"""Stands for the registry in the path of a resource without schema."""


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
        """The parameter's value."""
        value = {key: getattr(self, attribute) for key, attribute in _KEYS.items()}
        return json.dumps({"version": RECORD_VERSION, **value}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, where: str) -> AssetRecord:
        """Read a parameter's value.

        Args:
            text: the value.
            where: the parameter's name, for the error.

        Raises:
            ConfigError: it is no record of a version that we know.
        """
        try:
            value: dict[str, Any] = json.loads(text)
            if value["version"] != RECORD_VERSION:
                raise ConfigError(f"parameter {where} holds a record of unknown version {value['version']!r}")
            return cls(**{attribute: value[key] for key, attribute in _KEYS.items() if key in value})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"parameter {where} does not hold a record of a data source: {error}") from error


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

    def load_part(self, part: int) -> Iterator[AssetRecord]:
        """The records of one of the PARTS directories, in no particular order; what is no record is passed over."""

    def save(self, record: AssetRecord) -> None:
        """Write a record over whatever there is."""

    def remove(self, schema_name: str) -> None:
        """Remove a record; nothing happens if there is none."""


def record_path(names: Names, domain_id: str, registry: str | None) -> str:
    """The path under which the records of one registry lie."""
    return f"{names.record_parameter_root(domain_id)}/{encode(registry) if registry else NO_REGISTRY}"


def parameter_name(names: Names, domain_id: str, registry: str | None, schema_name: str) -> str:
    """The parameter that holds the record of one schema."""
    return f"{record_path(names, domain_id, registry)}/{part_of(schema_name)}/{encode(schema_name)}"


def part_of(schema_name: str) -> int:
    """The directory in which the record of a schema lies."""
    return hashlib.sha256(schema_name.encode()).digest()[0] % PARTS


def encode(name: str) -> str:
    """A name in the characters that Parameter Store takes (``[a-zA-Z0-9_.-]``); different names stay different.

    ``_`` becomes ``__`` and any other foreign character ``_`` and the two hexadecimal digits of each of its bytes.
    """
    return re.sub(
        r"[^a-zA-Z0-9.-]",
        lambda match: "__" if match[0] == "_" else "".join(f"_{byte:02x}" for byte in match[0].encode()),
        name,
    )
