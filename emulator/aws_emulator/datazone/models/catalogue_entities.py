"""What a catalogue holds, as plain data: form and asset types, assets, data products, listings, glossaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_emulator.datazone.models.smithy import Model
from aws_emulator.datazone.models.stamp import Stamp


@dataclass
class FormType:
    """One revision of a form type. System types have no owning project."""

    name: str
    revision: str
    smithy: str
    model: Model
    status: str
    owning_project: str | None
    description: str | None
    created_by: str
    created_at: float


@dataclass
class FormSlot:
    """A form of an asset type: which type and revision, and whether an asset must have it."""

    type_name: str
    type_revision: str
    required: bool


@dataclass
class AssetType:
    """One revision of an asset type."""

    name: str
    revision: str
    forms: dict[str, FormSlot]
    owning_project: str
    description: str | None
    stamp: Stamp


@dataclass
class Form:
    """A filled-in form."""

    name: str
    type_name: str
    type_revision: str
    content: str


@dataclass
class AssetRevision:
    revision: str
    name: str
    description: str | None
    type_revision: str
    forms: list[Form]
    glossary_terms: list[str] | None
    created_by: str
    created_at: float


@dataclass
class Asset:
    id: str
    type_name: str
    owning_project: str
    external_identifier: str | None
    revisions: list[AssetRevision]

    @property
    def latest(self) -> AssetRevision:
        return self.revisions[-1]


@dataclass
class ProductRevision:
    revision: str
    name: str
    description: str | None
    forms: list[Form]
    glossary_terms: list[str] | None
    items: list[dict[str, Any]]
    created_by: str
    created_at: float


@dataclass
class DataProduct:
    id: str
    owning_project: str
    revisions: list[ProductRevision]

    @property
    def latest(self) -> ProductRevision:
        return self.revisions[-1]


@dataclass
class ListingRevision:
    """What the catalogue shows of an entity, as it was when published."""

    revision: str
    name: str
    description: str | None
    entity_revision: str
    entity_type: str
    forms: dict[str, Any]
    glossary_terms: list[str]
    items: list[dict[str, str]]
    created_at: float
    created_by: str


@dataclass
class Listing:
    id: str
    kind: str
    """``ASSET`` or ``DATA_PRODUCT``."""
    entity_id: str
    owning_project: str
    status: str
    revisions: list[ListingRevision]
    stamp: Stamp
    hidden: bool = False
    """Made only because a data product holds the asset: not found by SearchListings on its own."""
    busy: bool = False
    """A change set is under way."""

    @property
    def latest(self) -> ListingRevision:
        return self.revisions[-1]


@dataclass
class Glossary:
    id: str
    name: str
    owning_project: str
    status: str
    stamp: Stamp
    description: str | None
    usage_restrictions: list[str] | None


@dataclass
class GlossaryTerm:
    id: str
    glossary_id: str
    name: str
    status: str
    stamp: Stamp
    short_description: str | None
    long_description: str | None
    relations: dict[str, list[str]]
