"""What the forms of every platform's assets share: the schema's members, the asset type, reading a form's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.errors import ClaimRefusedError
from streamgov_core.model.forms import (
    RELATIONAL_TABLE_FORM,
    RELATIONAL_TABLE_FORM_TYPE,
    AssetTypeModel,
    FormField,
)
from streamgov_core.model.naming import Names
from streamgov_core.model.schema_reference import SchemaReference

_SCHEMA = re.compile(
    r"arn:[a-z-]+:glue:[a-z0-9-]+:\d{12}:schema/(?P<registry>[a-zA-Z0-9_$#.-]+)/(?P<name>[a-zA-Z0-9_$#.-]+)"
)
_REGISTRY = re.compile(r"arn:[a-z-]+:glue:[a-z0-9-]+:\d{12}:registry/[a-zA-Z0-9_$#.-]+")

Forms = Mapping[str, Mapping[str, Any]]
"""Form name -> the form's content, as in ``AssetListing.forms`` of the DataZone API (GetListing)."""

SCHEMA_FIELDS = (
    FormField("schema_version", "Integer", display_name="Schema version"),
    FormField("schema_arn", display_name="Schema ARN"),
    FormField("registry_arn", display_name="Registry ARN"),
    FormField("schema_name", display_name="Schema name", searchable=True),
    FormField("compatibility_mode", display_name="Compatibility"),
    FormField("data_format", display_name="Data format"),
    FormField("owner", display_name="Owner", searchable=True, documentation="From the schema's tags or metadata"),
    FormField(
        "compatibility_verdict",
        display_name="Verdict on the last change",
        documentation="compatible, breaking or not decided, under the registry's mode",
    ),
    FormField("schema_changes", display_name="Last change", documentation="What the version changed for readers"),
    FormField(
        "schema_remarks", display_name="Remarks", documentation="What the columns do not show, or why there are none"
    ),
    FormField("version_history", display_name="Versions", documentation="Newest first, with status and time"),
    FormField("schema_definition", display_name="Definition", documentation="Cut if it is very long"),
    FormField("schema_hash", display_name="Hash of the definition"),
)
"""What a platform's schema form says of a schema of the Glue Schema Registry."""


@dataclass(frozen=True)
class Claim:
    """What an asset's forms say about its resource. A claim only: the data source's record is the authority.

    Args:
        account: owner of the resource, from its ARN.
        region: region of the resource, from its ARN.
        resource: ``arn`` and the platform's own facts; travels in the grant command.
        schema: the registered schema, if there is one.
    """

    account: str
    region: str
    resource: Mapping[str, Any]
    schema: SchemaReference | None

    @property
    def arn(self) -> str:
        """ARN of the topic or stream."""
        return str(self.resource["arn"])


@dataclass(frozen=True)
class AssetLayout:
    """How a platform describes one topic or stream in an asset's forms.

    Args:
        source_form: name of the form that says where the resource lives; its members are the resource's facts.
        schema_form: name of the form that says what schema it has.
        schema_values: the platform's own members of the schema form.
        kind: what the resource is, in words that begin a sentence (``Kinesis data stream``).
    """

    source_form: str
    schema_form: str
    schema_values: Mapping[str, Any]
    kind: str


def stream_asset_type(names: Names, base: str, source_form: str, schema_form: str, description: str) -> AssetTypeModel:
    """An asset type with a form for the resource, one for its schema, and the columns.

    Args:
        names: the deployment's names.
        base: the asset type's name in the default namespace.
        source_form: the source form's name, which is its type's name in the default namespace.
        schema_form: the schema form's name, likewise.
        description: shown in the portal.
    """
    return AssetTypeModel(
        names.type_name(base),
        {
            RELATIONAL_TABLE_FORM: (RELATIONAL_TABLE_FORM_TYPE, True),
            source_form: (names.type_name(source_form), True),
            schema_form: (names.type_name(schema_form), True),
        },
        description,
    )


def form_of(forms: Forms, name: str) -> Mapping[str, Any]:
    """A form of an asset.

    Raises:
        ClaimRefusedError: the asset does not carry it.
    """
    form = forms.get(name)
    if not isinstance(form, Mapping):
        raise ClaimRefusedError(f"the asset has no form {name}")
    return form


def text(form: Mapping[str, Any], name: str, form_name: str, *, required: bool = True) -> str:
    """A string field of a form; empty if it is absent and not required.

    Raises:
        ClaimRefusedError: the field is missing or no string.
    """
    value = form.get(name)
    if value is None or value == "":
        if required:
            raise ClaimRefusedError(f"the asset's form {form_name} has no {name}")
        return ""
    if not isinstance(value, str):
        raise ClaimRefusedError(f"{name} of the asset's form {form_name} must be text, got {type(value).__name__}")
    return value


def schema_reference(form: Mapping[str, Any], form_name: str) -> SchemaReference | None:
    """The schema that a form names, or None without one.

    Raises:
        ClaimRefusedError: the ARNs are not those of a Glue registry and of a schema in it.
    """
    schema_arn = text(form, "schema_arn", form_name, required=False)
    registry_arn = text(form, "registry_arn", form_name, required=False)
    if not schema_arn and not registry_arn:
        return None
    match = _SCHEMA.fullmatch(schema_arn)
    if match is None or not _REGISTRY.fullmatch(registry_arn):
        raise ClaimRefusedError(
            f"schema_arn and registry_arn of the asset's form {form_name} must be ARNs of one Glue registry, got "
            f"{schema_arn!r} and {registry_arn!r}"
        )
    expected = schema_arn.rsplit("/", 1)[0].replace(":schema/", ":registry/")
    if expected != registry_arn:
        raise ClaimRefusedError(f"the schema {schema_arn} does not belong to the registry {registry_arn}")
    return SchemaReference(registry_arn, schema_arn, match["name"])
