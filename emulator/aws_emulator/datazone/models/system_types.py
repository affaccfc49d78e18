"""Form types that every domain has from the start, under the prefix ``amazon.datazone.``.

DataZone's own models are not public. Names and members are those that public samples and the API reference show.

UNVERIFIED[dz-system-form-types]: which members of the system form types are required, and their revisions (but for
AssetCommonDetailsForm).
"""

from __future__ import annotations

from aws_emulator.datazone.models.catalogue_entities import FormType
from aws_emulator.datazone.models.smithy import parse

PREFIX = "amazon.datazone."
COMMON_DETAILS_FORM = "AssetCommonDetailsForm"
COMMON_DETAILS_TYPE = f"{PREFIX}AssetCommonDetailsFormType"
COMMON_DETAILS_REVISION = "6"

_MODELS: dict[str, tuple[str, str]] = {
    "AssetCommonDetailsFormType": (
        COMMON_DETAILS_REVISION,
        """
structure AssetCommonDetailsFormType {
    sourceIdentifier: String
    @amazon.datazone#searchable
    summary: String
    @amazon.datazone#searchable
    readMe: String
}
""",
    ),
    "RelationalTableFormType": (
        "1",
        """
structure RelationalTableFormType {
    @required
    @amazon.datazone#searchable
    tableName: String
    columns: RelationalColumns
}

list RelationalColumns {
    member: RelationalColumn
}

structure RelationalColumn {
    @required
    @amazon.datazone#searchable
    columnName: String
    @required
    dataType: String
    @amazon.datazone#searchable
    columnDescription: String
}
""",
    ),
    "ColumnBusinessMetadataFormType": (
        "1",
        """
structure ColumnBusinessMetadataFormType {
    columnsBusinessMetadata: ColumnBusinessMetadataList
}

list ColumnBusinessMetadataList {
    member: ColumnBusinessMetadata
}

structure ColumnBusinessMetadata {
    @required
    columnIdentifier: String
    @amazon.datazone#searchable
    name: String
    @amazon.datazone#searchable
    description: String
    glossaryTerms: GlossaryTermIds
}

list GlossaryTermIds {
    member: String
}
""",
    ),
    "SubscriptionTermsFormType": (
        "1",
        """
structure SubscriptionTermsFormType {
    approvalRequired: Boolean
}
""",
    ),
    "DataSourceReferenceFormType": (
        "1",
        """
structure DataSourceReferenceFormType {
    filterableDataSourceId: String
    dataSourceIdentifier: DataSourceIdentifier
}

structure DataSourceIdentifier {
    id: String
    type: String
}
""",
    ),
}


def system_form_types(now: float) -> dict[str, list[FormType]]:
    """The system form types of a new domain, by name."""
    types: dict[str, list[FormType]] = {}
    for name, (revision, smithy) in _MODELS.items():
        full = f"{PREFIX}{name}"
        types[full] = [
            FormType(full, revision, smithy.strip() + "\n", parse(smithy), "ENABLED", None, None, "SYSTEM", now)
        ]
    return types
