"""The Glue Schema Registry, and what CloudTrail tells of it."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import probe, setup
from contracts.probe_run import ProbeRun, answer_of, policy
from contracts.setup.events import EventLog, make_log
from contracts.setup.registry import avro, make_schema, register, registry
from contracts.setup.roles import change_policy, make_role, settle


def _resources(probe_run: ProbeRun) -> list[str]:
    base = f"arn:aws:glue:{probe_run.region}:{probe_run.account}"
    return [f"{base}:registry/{registry(probe_run)}", f"{base}:schema/{registry(probe_run)}/*"]


@probe(
    "glue-version-by-id",
    expects={"on the ARNs of registry and schema": "AccessDeniedException", "on *": "accepted"},
    uses=(registry,),
    minutes=1,
)
def version_by_id(probe_run: ProbeRun) -> Any:
    """On which resource is GetSchemaVersion by version id alone authorised?"""
    version = make_schema(probe_run)["SchemaVersionId"]
    reading = {"Action": "glue:GetSchemaVersion"}
    role = make_role(probe_run, "reader", policy({**reading, "Resource": _resources(probe_run)}))
    settle(probe_run)
    narrow = answer_of(probe_run.as_role(role, "glue").get_schema_version, SchemaVersionId=version)
    change_policy(probe_run, role, policy({**reading, "Resource": "*"}))
    wide = answer_of(probe_run.as_role(role, "glue").get_schema_version, SchemaVersionId=version)
    return {"on the ARNs of registry and schema": narrow, "on *": wide}


@probe(
    "glue-list-schemas-resource",
    expects={"on the registry": "accepted", "on its schemas": "AccessDeniedException"},
    uses=(registry,),
    minutes=1,
)
def list_schemas_resource(probe_run: ProbeRun) -> Any:
    """On which resource is ListSchemas of a registry authorised?"""
    answer = {}
    words = dict(zip(("on the registry", "on its schemas"), _resources(probe_run), strict=True))
    for name, resource in words.items():
        role = make_role(probe_run, "lister", policy({"Action": "glue:ListSchemas", "Resource": resource}))
        settle(probe_run)
        asked = probe_run.as_role(role, "glue").list_schemas
        answer[name] = answer_of(asked, RegistryId={"RegistryName": registry(probe_run)})
    return answer


@probe(
    "glue-get-tags-resource",
    expects={"on the schema": "accepted", "on *": "accepted"},
    uses=(registry,),
    minutes=1,
)
def get_tags_resource(probe_run: ProbeRun) -> Any:
    """Does IAM know schemas as resources of glue:GetTags?"""
    arn = make_schema(probe_run)["SchemaArn"]
    answer = {}
    for words, resource in (("on the schema", arn), ("on *", "*")):
        role = make_role(probe_run, "tags", policy({"Action": "glue:GetTags", "Resource": resource}))
        settle(probe_run)
        answer[words] = answer_of(probe_run.as_role(role, "glue").get_tags, ResourceArn=arn)
    return answer


@probe("glue-latest-failed-version", expects={"status": "FAILURE", "latest": 2}, uses=(registry,))
def latest_failed_version(probe_run: ProbeRun) -> Any:
    """Does GetSchema's LatestSchemaVersion count a version that failed the compatibility check?"""
    arn = make_schema(probe_run, Compatibility="BACKWARD")["SchemaArn"]
    failed = register(probe_run, arn, avro("id", "required"))
    found = probe_run.client("glue").get_schema(SchemaId={"SchemaArn": arn})
    return {"status": failed["Status"], "latest": found["LatestSchemaVersion"]}


@probe("glue-default-compatibility", expects="BACKWARD", uses=(registry,))
def default_compatibility(probe_run: ProbeRun) -> Any:
    """Which compatibility has a schema that was made without one?"""
    refused = answer_of(lambda: make_schema(probe_run, Compatibility=None))
    if refused != "accepted":
        return refused
    arn = make_schema(probe_run, Compatibility=None)["SchemaArn"]
    return probe_run.client("glue").get_schema(SchemaId={"SchemaArn": arn})["Compatibility"]


@probe("glue-version-pending", expects={"at once": "PENDING", "then": "AVAILABLE"}, uses=(registry,))
def version_pending(probe_run: ProbeRun) -> Any:
    """Which status does RegisterSchemaVersion answer, before the registry has decided?"""
    arn = make_schema(probe_run)["SchemaArn"]
    glue = probe_run.client("glue")
    made = glue.register_schema_version(SchemaId={"SchemaArn": arn}, SchemaDefinition=avro("id", more=""))
    decided = probe_run.wait(
        "the version to be decided",
        lambda: (
            found
            if (found := glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])["Status"]) != "PENDING"
            else None
        ),
        120,
    )
    return {"at once": made["Status"], "then": decided}


@probe(
    "glue-definition-checks",
    expects={
        "Avro, no JSON": "InvalidInputException",
        "JSON Schema, unknown keyword": "accepted",
        "JSON Schema, no JSON": "InvalidInputException",
        "Protobuf, unknown type": "accepted",
    },
    uses=(registry,),
)
def definition_checks(probe_run: ProbeRun) -> Any:
    """Which definitions does CreateSchema refuse?"""
    cases = {
        "Avro, no JSON": ("AVRO", "record Order"),
        "JSON Schema, unknown keyword": ("JSON", json.dumps({"$schema": _DRAFT, "type": "object", "contracts": 1})),
        "JSON Schema, no JSON": ("JSON", "{"),
        "Protobuf, unknown type": ("PROTOBUF", 'syntax = "proto3";\nmessage Order {\n  Unknown one = 1;\n}\n'),
    }
    return {
        name: answer_of(make_schema, probe_run=probe_run, DataFormat=kind, SchemaDefinition=text)
        for name, (kind, text) in cases.items()
    }


_DRAFT = "http://json-schema.org/draft-07/schema#"


@probe("glue-versions-diff", expects={"has lines that begin with + or -": True}, uses=(registry,))
def versions_diff(probe_run: ProbeRun) -> Any:
    """Of which form is the text of GetSchemaVersionsDiff?"""
    arn = make_schema(probe_run)["SchemaArn"]
    register(probe_run, arn, avro("id", more=""))
    found = probe_run.client("glue").get_schema_versions_diff(
        SchemaId={"SchemaArn": arn},
        FirstSchemaVersionNumber={"VersionNumber": 1},
        SecondSchemaVersionNumber={"VersionNumber": 2},
        SchemaDiffType="SYNTAX_DIFF",
    )["Diff"]
    return {"has lines that begin with + or -": any(line.lstrip()[:1] in ("+", "-") for line in found.splitlines())}


@setup("trail that logs", usd=0.05, minutes=1)
def trail(probe_run: ProbeRun) -> EventLog:
    """A CloudTrail trail, and the registry's calls that it tells EventBridge."""
    s3, name = probe_run.client("s3"), probe_run.name("trail")
    bucket = f"{name}-{probe_run.account}"
    place = (
        {}
        if probe_run.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": probe_run.region}}
    )
    probe_run.later("s3", "delete_bucket", Bucket=bucket)
    probe_run.later("s3", "empty", Bucket=bucket)
    s3.create_bucket(Bucket=bucket, **place)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": probe_run.tag_list})
    service = {"Service": "cloudtrail.amazonaws.com"}
    arn = f"arn:aws:s3:::{bucket}"
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=policy(
            {"Principal": service, "Action": "s3:GetBucketAcl", "Resource": arn},
            {"Principal": service, "Action": "s3:PutObject", "Resource": f"{arn}/AWSLogs/{probe_run.account}/*"},
        ),
    )
    cloudtrail = probe_run.client("cloudtrail")
    cloudtrail.create_trail(Name=name, S3BucketName=bucket, TagsList=probe_run.tag_list)
    probe_run.later("cloudtrail", "delete_trail", Name=name)
    cloudtrail.start_logging(Name=name)
    return make_log(probe_run, {"source": ["aws.glue"], "detail-type": ["AWS API Call via CloudTrail"]})


def _told(log: EventLog, name: str) -> dict[str, Any]:
    found: dict[str, Any] = log.find(lambda event: event["detail"]["eventName"] == name, f"the call {name}", 900)
    return found


@probe("cloudtrail-schema-metadata", expects="told", uses=(registry, trail), minutes=10)
def schema_metadata(probe_run: ProbeRun) -> Any:
    """Does EventBridge tell of PutSchemaVersionMetadata?"""
    log, made = trail(probe_run), make_schema(probe_run)
    probe_run.client("glue").put_schema_version_metadata(
        SchemaVersionId=made["SchemaVersionId"], MetadataKeyValue={"MetadataKey": "by", "MetadataValue": "contracts"}
    )
    try:
        _told(log, "PutSchemaVersionMetadata")
    except TimeoutError:
        return "not told"
    return "told"


@probe("cloudtrail-schema-definitions", expects="in full", uses=(registry, trail), minutes=10)
def schema_definitions(probe_run: ProbeRun) -> Any:
    """Does CloudTrail show a schema's definition?"""
    log, definition = trail(probe_run), avro("id", "shown")
    arn = make_schema(probe_run, SchemaDefinition=definition)["SchemaArn"]

    def fits(event: dict[str, Any]) -> bool:
        answer = event["detail"].get("responseElements") or {}
        return bool(event["detail"]["eventName"] == "CreateSchema" and answer.get("schemaArn") == arn)

    found = log.find(fits, "the call CreateSchema", 900)["detail"]["requestParameters"].get("schemaDefinition")
    return "in full" if found == definition else "not at all" if found is None else "changed"
