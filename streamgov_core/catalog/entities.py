"""Data of the catalogue: schemas, assets, drafts of assets, and the outcome of a run."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from streamgov_core.model.forms import ASSET_COMMON_DETAILS_FORM
from streamgov_core.schemas.compatibility import Verdict as Compatibility


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
    """An asset as GetAsset shows it."""

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
                values["readMe"] = self.read_me
            forms.append(Form(name, form.type_name, None, values))
        return tuple(forms)

    def content_hash(self) -> str:
        """A digest of everything that the data source writes at every sync."""
        forms = {name: [form.type_name, form.values] for name, form in self.forms.items()}
        return digest([self.name, self.external_id, self.type_name, self.description, forms])

    def description_hash(self) -> str:
        """A digest of the description, by which a record distinguishes it from a person's."""
        return description_hash(self.description)


@dataclass(frozen=True)
class Revision:
    """A new revision of an asset, everything included (CreateAssetRevision replaces forms as a whole)."""

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


SyncVerdict = Literal["created", "revised", "unchanged", "retired", "kept"]


@dataclass(frozen=True)
class SyncOutcome:
    """The outcome for one schema.

    Args:
        verdict: what was done.
        cause: why an asset whose schema is gone was kept.
        event: what is published of it.
    """

    verdict: SyncVerdict
    cause: str | None = None
    event: Mapping[str, Any] | None = None


@dataclass
class SyncResult:
    """What a run did.

    Attributes:
        created: schemas whose asset was made.
        revised: schemas whose asset has a new revision.
        retired: schemas that are gone and whose asset was deleted.
        kept: schemas that are gone but whose asset stays, with the cause.
        failed: schemas that could not be brought into the catalogue, with the cause.
        counts: how many there are of each, also of those that the lists have no room for, and of the unchanged.
        after: the last schema of an unfinished run; None when it has ended.
    """

    created: list[str] = field(default_factory=list)
    revised: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    kept: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    after: str | None = None

    MAX_LISTED: ClassVar[int] = 500
    """Entries of a list."""
    MAX_HANDED_ON: ClassVar[int] = 100
    """Entries of a list in ``tally``: it has to fit into the payload of an asynchronous invocation (256 KB)."""
    MAX_CAUSE: ClassVar[int] = 400

    @property
    def unchanged(self) -> int:
        """Number of schemas for which nothing was written."""
        return self.counts["unchanged"]

    @property
    def failures(self) -> int:
        """Number of schemas that failed."""
        return self.counts["failed"]

    def add(self, schema: str, outcome: SyncOutcome) -> None:
        """Count one schema."""
        entry: Any = schema
        if outcome.verdict == "kept":
            entry = {"schema": schema, "cause": (outcome.cause or "")[: self.MAX_CAUSE]}
        self._count(outcome.verdict, entry)

    def fail(self, schema: str, cause: str) -> None:
        """Count a schema that failed."""
        self._count("failed", {"schema": schema, "cause": cause[: self.MAX_CAUSE]})

    def _count(self, verdict: str, entry: Any) -> None:
        self.counts[verdict] += 1
        if verdict != "unchanged" and len(listed := getattr(self, verdict)) < self.MAX_LISTED:
            listed.append(entry)

    @classmethod
    def from_json(cls, tally: Mapping[str, Any]) -> SyncResult:
        """The result that an earlier invocation of the run handed over."""
        result = cls(counts=Counter(dict(tally.get("counts") or {})))
        for name in ("created", "revised", "retired", "kept", "failed"):
            setattr(result, name, list(tally.get(name, ())))
        return result

    def tally(self) -> dict[str, Any]:
        """What an unfinished run hands to its continuation: all counts, and as many names as there is room for."""
        return {
            name: value[: self.MAX_HANDED_ON] if isinstance(value, list) else value
            for name, value in self.to_json().items()
        }

    def to_json(self) -> dict[str, Any]:
        """The result as a plain dictionary."""
        return {
            "created": sorted(self.created),
            "revised": sorted(self.revised),
            "unchanged": self.unchanged,
            "retired": sorted(self.retired),
            "kept": self.kept,
            "failed": self.failed,
            "counts": {verdict: count for verdict, count in sorted(self.counts.items()) if count},
        }


def description_hash(description: str | None) -> str:
    """A digest of a description."""
    return digest(description or "")


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
