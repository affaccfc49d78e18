"""Data of the catalogue: schemas, assets, and drafts of assets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from streamgov_core.model.forms import ASSET_COMMON_DETAILS_FORM
from streamgov_core.schemas.compatibility import Verdict as Compatibility

READ_ME = "readMe"
"""Member of the common details that holds an asset's read-me."""


@dataclass(frozen=True)
class SchemaInfo:
    """A schema as GetSchema describes it.

    Args:
        name: its name in the registry.
        arn: its ARN.
        registry_arn: the registry's ARN.
        data_format: ``AVRO``, ``JSON`` or ``PROTOBUF``.
        compatibility: the compatibility mode.
        latest: number of the newest version, whatever its status.
        created: when the schema was created; a schema that was deleted and made again differs in it.
        description: the registry's description.
        deleting: the registry is deleting it.
    """

    name: str
    arn: str
    registry_arn: str
    data_format: str
    compatibility: str
    latest: int
    created: str
    description: str | None = None
    deleting: bool = False


@dataclass(frozen=True)
class SchemaVersion:
    """One version of a schema (GetSchemaVersion)."""

    number: int
    status: str
    definition: str
    data_format: str


@dataclass(frozen=True)
class HistoryEntry:
    """One version as ListSchemaVersions lists it."""

    number: int
    status: str
    created: str


@dataclass(frozen=True)
class SchemaDetails:
    """What is asked of a schema only when its asset is written.

    Args:
        tags: the schema's tags and the version's metadata, which wins where both have a key.
        history: the versions, newest first.
        compatibility: what changed since the version that the asset showed; None if it shows this one already, or none.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    history: tuple[HistoryEntry, ...] = ()
    compatibility: Compatibility | None = None


@dataclass(frozen=True)
class Form:
    """One form of an asset as DataZone holds it."""

    name: str
    type_name: str
    type_revision: str | None
    content: Mapping[str, Any]


@dataclass(frozen=True)
class AssetSummary:
    """An asset as Search shows it.

    Args:
        asset_id: its id.
        external_id: its external identifier.
        type_name: its asset type.
        name: its name.
        type_revision: the asset type's revision that it has.
        changed: when its revision in the index was made. UNVERIFIED[dz-asset-item-created-at]: that AssetItem.createdAt
            is the revision's, as the member firstRevisionCreatedAt beside it suggests; if it is not, a person's edit is
            seen at the next change.
        forms: its forms, if they were asked for.
    """

    asset_id: str
    external_id: str | None
    type_name: str
    name: str = ""
    type_revision: str | None = None
    changed: datetime | None = None
    forms: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class AssetType:
    """The newest revision of an asset type (GetAssetType): its number, and the form types' revisions by form name."""

    revision: str
    forms: Mapping[str, str]


@dataclass(frozen=True)
class Asset:
    """An asset as GetAsset shows it.

    Args:
        asset_id: its id.
        name: its name.
        revision: the revision that this is.
        type_name: its asset type.
        external_id: its external identifier.
        project_id: the project that owns it.
        description: its description.
        glossary_terms: its glossary terms.
        forms: its forms.
        listing_id: its listing, if it was ever published.
        listing_status: the listing's status.
        type_revision: the asset type's revision that it has.
        changed: when this revision was made.
        moving: it is being handed to another project; nothing about it can be changed meanwhile.
    """

    asset_id: str
    name: str
    revision: str
    type_name: str
    external_id: str | None
    project_id: str
    description: str | None
    glossary_terms: tuple[str, ...]
    forms: tuple[Form, ...]
    listing_id: str | None = None
    listing_status: str | None = None
    type_revision: str | None = None
    changed: datetime | None = None
    moving: bool = False


@dataclass(frozen=True)
class FormDraft:
    """One form that the data source fills.

    Args:
        type_name: the form type.
        values: its members; those without a value are None.
        managed: the members that the data source owns: others in the live form are somebody else's and stay.
    """

    type_name: str
    values: Mapping[str, Any]
    managed: frozenset[str]


@dataclass(frozen=True)
class Draft:
    """What an asset should say, as far as the data source decides it.

    Args:
        name: the topic or stream.
        external_id: its ARN.
        type_name: the asset type.
        description: the schema's own description, if it has one.
        forms: by form name.
        read_me: text for people, given once when the asset is made.
    """

    name: str
    external_id: str
    type_name: str
    description: str | None
    forms: Mapping[str, FormDraft]
    read_me: str | None = None

    def initial_forms(self) -> tuple[Form, ...]:
        """The forms of a new asset, the read-me among the common details."""
        forms = []
        for name, form in self.forms.items():
            values = {key: value for key, value in form.values.items() if value is not None}
            if name == ASSET_COMMON_DETAILS_FORM and self.read_me:
                values[READ_ME] = self.read_me
            forms.append(Form(name, form.type_name, None, values))
        return tuple(forms)

    def first_revision(self, asset_type: AssetType | None) -> Revision:
        """The first revision of a new asset."""
        type_revision = asset_type.revision if asset_type else None
        return Revision(self.name, self.description, (), self.initial_forms(), type_revision)

    def content_hash(self) -> str:
        """A digest of everything that the data source writes at every sync."""
        forms = {name: [form.type_name, form.values] for name, form in self.forms.items()}
        return digest([self.name, self.external_id, self.type_name, self.description, forms])

    def description_hash(self) -> str:
        """A digest of the description, by which a record distinguishes it from a person's."""
        return description_hash(self.description)


@dataclass(frozen=True)
class Revision:
    """A revision of an asset, the first or a new one, everything included (forms are replaced as a whole)."""

    name: str
    description: str | None
    glossary_terms: tuple[str, ...]
    forms: tuple[Form, ...]
    type_revision: str | None = None


@dataclass(frozen=True)
class WrittenRevision:
    """A revision as DataZone made it."""

    revision: str
    changed: datetime | None


def description_hash(description: str | None) -> str:
    """A digest of a description."""
    return digest(description or "")


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
