"""Drafts: what the asset of a topic or stream should say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from streamgov_core.catalog.entities import Draft, FormDraft, SchemaDetails, SchemaInfo, SchemaVersion
from streamgov_core.model.forms import (
    ASSET_COMMON_DETAILS_FORM,
    ASSET_COMMON_DETAILS_FORM_TYPE,
    MAX_FORM_CONTENT,
    RELATIONAL_TABLE_FORM,
    RELATIONAL_TABLE_FORM_TYPE,
)
from streamgov_core.model.naming import Names
from streamgov_core.model.resource import Resource
from streamgov_core.model.shortened import shortened
from streamgov_core.platforms import Platform
from streamgov_core.platforms.asset_forms import SCHEMA_FIELDS, Forms
from streamgov_core.schemas import Columns, columns_or_remark

DRAFT_VERSION = 3
"""Raise it when drafts come to say something else for the same schema: every asset is then looked at again."""
MAX_DESCRIPTION = 2048
MAX_HISTORY = 30
"""Versions that the form lists."""
MAX_REMARKS = 6_000
"""Characters of remarks on a schema in the form."""
DESCRIPTION_KEY = "description"
OWNER_KEY = "owner"
"""Keys of tags and metadata that say what a schema is and whose."""


class AssetDrafts:
    """Makes the drafts of assets of one platform.

    Args:
        platform: the platform.
        names: the deployment's names.
    """

    def __init__(self, platform: Platform, names: Names) -> None:
        self._platform = platform
        self._names = names
        self._models = {model.name: model for model in platform.form_models(names)}
        self.type_name = platform.asset_type(names).name

    def resource_name(self, resource_arn: str) -> str:
        """Name of a topic or stream."""
        return self._platform.resource_name(resource_arn)

    def is_same_stream(self, one_arn: str, other_arn: str) -> bool:
        """Whether two ARNs name what people call the same topic or stream: a cluster that was made again keeps it."""
        dataset = self._platform.dataset(one_arn)
        return one_arn == other_arn or (dataset is not None and dataset == self._platform.dataset(other_arn))

    def claimed_arn(self, forms: Forms) -> str | None:
        """ARN of the topic or stream that an asset's forms speak of; None if they name none."""
        return self._platform.claimed_arn(forms)

    def build(
        self,
        resource: Resource,
        info: SchemaInfo | None = None,
        version: SchemaVersion | None = None,
        details: SchemaDetails | None = None,
    ) -> Draft:
        """The draft of the asset of one topic or stream.

        A schema that cannot be read makes an asset without columns, whose remarks say why: access hangs on no column.

        Args:
            resource: the topic or stream.
            info: the schema, if there is one.
            version: the version to show.
            details: what else is known of the schema.
        """
        layout = self._platform.layout(resource)
        known = {**resource.facts, **layout.schema_values}
        if info is None or version is None:
            columns = Columns(())
            known |= dict.fromkeys(member.name for member in SCHEMA_FIELDS)
            description = None
        else:
            details = details or SchemaDetails()
            columns = columns_or_remark(version.definition, version.data_format or info.data_format)
            known |= _schema_values(info, version, details, columns.remarks)
            description = details.tags.get(DESCRIPTION_KEY) or info.description or columns.description
        return Draft(
            name=resource.name,
            external_id=resource.arn,
            type_name=self.type_name,
            description=shortened(description, MAX_DESCRIPTION) if description else None,
            read_me=_read_me(layout.kind, resource, info, self._names.connection_path("<project id>")),
            forms={
                RELATIONAL_TABLE_FORM: FormDraft(
                    RELATIONAL_TABLE_FORM_TYPE, columns.table(resource.name), frozenset({"tableName", "columns"})
                ),
                ASSET_COMMON_DETAILS_FORM: FormDraft(
                    ASSET_COMMON_DETAILS_FORM_TYPE,
                    {"sourceIdentifier": self._source_identifier(resource.arn)},
                    frozenset({"sourceIdentifier"}),
                ),
                layout.source_form: self._filled(layout.source_form, resource.facts),
                layout.schema_form: self._filled(layout.schema_form, known),
            },
        )

    def _source_identifier(self, resource_arn: str) -> str | None:
        dataset = self._platform.dataset(resource_arn)
        return "/".join(dataset) if dataset else None

    def _filled(self, form: str, values: Mapping[str, Any]) -> FormDraft:
        """A form of ours with those members whose values are known; of the others the asset keeps its own."""
        model = self._models[self._names.type_name(form)]
        members = {item.name for item in model.fields} & set(values)
        return FormDraft(model.name, {key: values[key] for key in sorted(members)}, frozenset(members))


def _schema_values(
    info: SchemaInfo, version: SchemaVersion, details: SchemaDetails, remarks: tuple[str, ...]
) -> dict[str, Any]:
    history = [f"{entry.number} {entry.status} {entry.created}".rstrip() for entry in details.history]
    more = [f"and {len(history) - MAX_HISTORY} older"] if len(history) > MAX_HISTORY else []
    known: dict[str, Any] = {
        "schema_version": version.number,
        "schema_arn": info.arn,
        "registry_arn": info.registry_arn,
        "schema_name": info.name,
        "compatibility_mode": info.compatibility or None,
        "data_format": info.data_format or None,
        "owner": details.tags.get(OWNER_KEY),
        "version_history": "; ".join(history[:MAX_HISTORY] + more) or None,
        "schema_remarks": _remarks(remarks),
        "schema_hash": hashlib.sha256(version.definition.encode()).hexdigest(),
    }
    if details.compatibility is not None:
        known["compatibility_verdict"] = details.compatibility.answer.value
        known["schema_changes"] = details.compatibility.summary()
    known["schema_definition"] = fitting(version.definition, known)
    return known


def fitting(definition: str, others: Mapping[str, Any]) -> str:
    """As much of a definition as leaves the form's content, which is JSON, within the limit; what is cut is marked.

    Registered definitions have up to 170,000 characters and grow when they are written as a JSON string.
    """
    room = MAX_FORM_CONTENT - len(json.dumps(others, ensure_ascii=False)) - 1000
    if len(json.dumps(definition, ensure_ascii=False)) <= room:
        return definition
    low, high = 0, len(definition)
    while low < high:
        middle = (low + high + 1) // 2
        if len(json.dumps(definition[:middle], ensure_ascii=False)) <= room:
            low = middle
        else:
            high = middle - 1
    return definition[:low] + "…"


def _read_me(kind: str, resource: Resource, info: SchemaInfo | None, parameters: str) -> str:
    schema = "No schema is registered for it."
    if info is not None:
        registry = info.registry_arn.rpartition("/")[2]
        schema = f"Its schema is `{info.name}` in the registry `{registry}` ({info.data_format})."
    return (
        f"# {resource.name}\n\n{kind}. {schema}\n\n"
        "Subscribe to get access. What you may do then is written into your roles' policies, and how to connect into "
        f"Parameter Store of your account: `{parameters}/<grant id>/<asset id>`.\n"
    )


def _remarks(remarks: tuple[str, ...]) -> str | None:
    """What the columns do not show; remarks that do not fit are counted."""
    shown: list[str] = []
    room = MAX_REMARKS
    for remark in remarks:
        text = shortened(remark, MAX_REMARKS)
        room -= len(text)
        if room < 0:
            break
        shown.append(text)
    if len(shown) < len(remarks):
        shown.append(f"There are {len(remarks) - len(shown)} more remarks: the registry has the whole schema.")
    return " ".join(shown) or None
