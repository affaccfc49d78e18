"""Event patterns of the rules that start a data source's function when a schema changes."""

from __future__ import annotations

from typing import Any

from streamgov_core.catalog.sync_request import CALLS_BY_SCHEMA_ID, CALLS_WITH_DEFINITION, DEFAULT_REGISTRY, TAG_CALLS


def schema_event_patterns(registry_name: str, registry_arn: str) -> list[dict[str, Any]]:
    """EventBridge patterns for every change of a schema of one registry, in the form in which CloudTrail tells it.

    CreateSchema carries ``registryId``; the others carry ``schemaId`` with the schema's ARN or with both names. Nothing
    looks at the response: RegisterSchemaVersion's has no registry name. Calls that failed are left out. Of a call with
    more than 100 KB of parameters, which a large definition makes, CloudTrail tells only that they are omitted. Tags
    and metadata of schemas count as changes, too. UNVERIFIED[cloudtrail-schema-metadata]: that CloudTrail tells of
    PutSchemaVersionMetadata.
    """
    schema_prefix = registry_arn.replace(":registry/", ":schema/") + "/"
    created: list[dict[str, Any]] = [
        {"registryId": {"registryName": [registry_name]}},
        {"registryId": {"registryArn": [registry_arn]}},
    ]
    if registry_name == DEFAULT_REGISTRY:
        absent = [{"exists": False}]
        created.append(
            {"registryId": {"registryName": absent, "registryArn": absent}, "schemaName": [{"exists": True}]}
        )
    changed: list[dict[str, Any]] = [
        {"schemaId": {"registryName": [registry_name]}},
        {"schemaId": {"schemaArn": [{"prefix": schema_prefix}]}},
    ]
    choices = [{"eventName": ["CreateSchema"], "requestParameters": parameters} for parameters in created]
    choices += [{"eventName": list(CALLS_BY_SCHEMA_ID), "requestParameters": parameters} for parameters in changed]
    choices.append({"eventName": list(TAG_CALLS), "requestParameters": {"resourceArn": [{"prefix": schema_prefix}]}})
    choices.append({"eventName": list(CALLS_WITH_DEFINITION), "requestParameters": {"omitted": [True]}})
    return [
        {
            "source": ["aws.glue"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {"eventSource": ["glue.amazonaws.com"], "errorCode": [{"exists": False}], "$or": choices},
        }
    ]
