"""What an asset says of a Kinesis stream: form types, asset type, and what a grant reads out of them."""

from __future__ import annotations

from typing import Any

from streamgov_core.model.errors import ClaimRefusedError
from streamgov_core.model.forms import FormField, FormModel
from streamgov_core.model.naming import Names
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.asset_forms import (
    SCHEMA_FIELDS,
    AssetLayout,
    Claim,
    Forms,
    form_of,
    schema_reference,
    text,
)
from streamgov_core.platforms.kinesis.arns import KEY, STREAM, STREAM_PATTERN

ASSET_TYPE = "KinesisStreamAssetType"
SOURCE_FORM = "KinesisSourceReferenceFormType"
SCHEMA_FORM = "KinesisSchemaFormType"
KMS = "KMS"
"""The encryption type of a stream with a key; without one it is ``NONE``."""


def form_models(names: Names) -> tuple[FormModel, ...]:
    """``KinesisSourceReferenceFormType`` and ``KinesisSchemaFormType``."""
    source = FormModel(
        names.type_name(SOURCE_FORM),
        (
            FormField("stream_arn", required=True, display_name="Stream ARN", searchable=True),
            FormField(
                "stream_capacity_mode",
                required=True,
                display_name="Capacity mode",
                documentation="PROVISIONED or ON_DEMAND",
            ),
            FormField("stream_provisioned_shards", "Integer", display_name="Shards"),
            FormField("retention_hours", "Integer", display_name="Retention in hours"),
            FormField("encryption_type", display_name="Encryption", documentation="NONE or KMS"),
            FormField(
                "key_arn",
                display_name="Key ARN",
                documentation="The customer-managed key; empty for the AWS-managed one",
            ),
        ),
        "Where a Kinesis stream lives",
    )
    schema = FormModel(
        names.type_name(SCHEMA_FORM),
        (
            FormField("stream_name", required=True, display_name="Stream", searchable=True),
            *SCHEMA_FIELDS,
        ),
        "The stream and its schema in the Glue Schema Registry",
    )
    return source, schema


def layout(resource: Resource) -> AssetLayout:
    """How a stream is described in its asset."""
    return AssetLayout(SOURCE_FORM, SCHEMA_FORM, {"stream_name": resource.name}, "Kinesis data stream")


def claimed_arn(forms: Forms) -> str | None:
    """The stream that an asset names."""
    arn = str(forms.get(SOURCE_FORM, {}).get("stream_arn", ""))
    return arn if STREAM_PATTERN.fullmatch(arn) else None


def claim(forms: Forms) -> Claim:
    """Stream, key and schema.

    Raises:
        ClaimRefusedError: a required field is missing or not legal.
    """
    source, schema = form_of(forms, SOURCE_FORM), form_of(forms, SCHEMA_FORM)
    arn = text(source, "stream_arn", SOURCE_FORM)
    match = STREAM.fullmatch(arn)
    if match is None:
        raise ClaimRefusedError(f"stream_arn is not the ARN of a Kinesis stream: {arn!r}")
    if text(schema, "stream_name", SCHEMA_FORM) != match["name"]:
        raise ClaimRefusedError(f"stream_name {schema['stream_name']!r} is not the stream of {arn}")
    encryption = text(source, "encryption_type", SOURCE_FORM, required=False) or "NONE"
    key = text(source, "key_arn", SOURCE_FORM, required=False)
    if encryption not in ("NONE", KMS):
        raise ClaimRefusedError(f"encryption_type must be NONE or {KMS}, got {encryption!r}")
    if key and not KEY.fullmatch(key):
        raise ClaimRefusedError(f"key_arn is not the ARN of a KMS key: {key!r}")
    resource: dict[str, Any] = {"arn": arn, "stream": match["name"], "encryption": encryption}
    if encryption == KMS and key:
        resource["keyArn"] = key
    return Claim(match["account"], match["region"], resource, schema_reference(schema, SCHEMA_FORM))
