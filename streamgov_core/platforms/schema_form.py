"""What every platform's schema form says of a schema of the Glue Schema Registry."""

from __future__ import annotations

from streamgov_core.model.forms import FormField

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
        documentation="compatible or breaking, under the registry's mode",
    ),
    FormField("schema_changes", display_name="Last change", documentation="What the version changed for readers"),
    FormField("version_history", display_name="Versions", documentation="Newest first, with status and time"),
    FormField("schema_definition", display_name="Definition", documentation="Cut if it is very long"),
    FormField("schema_hash", display_name="Hash of the definition"),
)
