"""DataZone form types as data: the fields of a form, its Smithy model, and the content of a form of an asset.

Source of the grammar: CreateFormType and CreateAsset of the DataZone API reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from streamgov_core.model.errors import ConfigError

MAX_FORM_CONTENT = 300_000
"""Characters of one form's content (CreateAsset, FormInput.content)."""

FieldType = Literal["String", "Integer", "Long", "Boolean", "Double", "Timestamp"]
_NAME = re.compile(r"(?![0-9_])\w+")
_MEMBER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

RELATIONAL_TABLE_FORM_TYPE = "amazon.datazone.RelationalTableFormType"
RELATIONAL_TABLE_FORM = "RelationalTableFormType"
ASSET_COMMON_DETAILS_FORM_TYPE = "amazon.datazone.AssetCommonDetailsFormType"
ASSET_COMMON_DETAILS_FORM = "AssetCommonDetailsForm"


@dataclass(frozen=True)
class FormField:
    """One member of a form's Smithy structure.

    Args:
        name: the member's name.
        type: a Smithy simple type.
        required: emits ``@required``.
        documentation: what the field means, shown in the portal.
        display_name: the label in the portal.
        searchable: emits ``@amazon.datazone#searchable``.
    """

    name: str
    type: FieldType = "String"
    required: bool = False
    documentation: str | None = None
    display_name: str | None = None
    searchable: bool = False


@dataclass(frozen=True)
class FormModel:
    """A custom form type: its name (which is also the Smithy structure's) and its fields.

    Raises:
        ConfigError: a name is not legal, or a field occurs twice.
    """

    name: str
    fields: tuple[FormField, ...]
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"form type name must be letters, digits and '_', got {self.name!r}")
        seen: set[str] = set()
        for item in self.fields:
            if not _MEMBER.fullmatch(item.name):
                raise ConfigError(f"field name {item.name!r} of form type {self.name} is no Smithy member name")
            if item.name in seen:
                raise ConfigError(f"field {item.name!r} occurs twice in form type {self.name}")
            seen.add(item.name)

    def smithy(self) -> str:
        """The Smithy structure for CreateFormType's ``model.smithy``."""
        lines = [f"structure {self.name} {{"]
        for item in self.fields:
            if item.documentation:
                lines.append(f"    @documentation({json.dumps(item.documentation)})")
            if item.display_name:
                lines.append(f"    @amazon.datazone#displayname(defaultName: {json.dumps(item.display_name)})")
            if item.searchable:
                lines.append("    @amazon.datazone#searchable")
            if item.required:
                lines.append("    @required")
            lines.append(f"    {item.name}: {item.type}")
        lines.append("}")
        return "\n".join(lines)

    def renamed(self, name: str) -> FormModel:
        """The same form under another name (namespaces)."""
        return FormModel(name=name, fields=self.fields, description=self.description)


@dataclass(frozen=True)
class AssetTypeModel:
    r"""A custom asset type: the forms that its assets carry.

    Args:
        name: the type's name, ``\w+`` (anything else could be created but never be referred to).
        forms: form name -> (form type name, required). A custom form's name is its base type name without namespace,
            so that readers find it under the same key in every deployment.
        description: shown in the portal.
    """

    name: str
    forms: Mapping[str, tuple[str, bool]]
    description: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"(?!_)\w{1,256}", self.name):
            raise ConfigError(f"asset type name must be letters, digits and '_', got {self.name!r}")


@dataclass(frozen=True)
class FormContent:
    """One form of an asset: what goes into CreateAsset's ``formsInput``."""

    form_name: str
    type_name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def content(self) -> str:
        """The JSON text, keys sorted, members without a value left out."""
        return json.dumps(
            {key: value for key, value in self.values.items() if value is not None},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
