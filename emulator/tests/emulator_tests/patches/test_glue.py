from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import Client


def avro(*fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": list(fields)})


ID = {"name": "id", "type": "string"}
NOTE = {"name": "note", "type": ["null", "string"], "default": None}
PRICE = {"name": "price", "type": "double"}


@pytest.fixture
def glue(client: Client) -> Any:
    return client("glue", account="222222222222")


@pytest.fixture
def registry(glue: Any) -> str:
    name = f"reg-{uuid.uuid4().hex[:8]}"
    glue.create_registry(RegistryName=name, Description="for tests", Tags={"team": "a"})
    return name


def _create(glue: Any, registry: str, name: str, **more: Any) -> dict[str, Any]:
    arguments = {"DataFormat": "AVRO", "Compatibility": "BACKWARD", "SchemaDefinition": avro(ID), **more}
    created: dict[str, Any] = glue.create_schema(RegistryId={"RegistryName": registry}, SchemaName=name, **arguments)
    return created


def register(glue: Any, schema_id: dict[str, str], definition: str) -> dict[str, Any]:
    """Register a version and wait until it is decided."""
    made = glue.register_schema_version(SchemaId=schema_id, SchemaDefinition=definition)
    for _ in range(100):
        found = glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])
        if found["Status"] != "PENDING":
            return {**made, "Status": found["Status"]}
        time.sleep(0.05)
    raise AssertionError("the version stays PENDING")


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_registry_has_its_fields_and_tags(glue: Any, registry: str) -> None:
    found = glue.get_registry(RegistryId={"RegistryName": registry})
    arn = f"arn:aws:glue:us-east-1:222222222222:registry/{registry}"
    assert (found["RegistryArn"], found["Description"], found["Status"]) == (arn, "for tests", "AVAILABLE")
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}
    assert glue.get_registry(RegistryId={"RegistryArn": arn})["RegistryName"] == registry
    with pytest.raises(ClientError) as error:
        glue.create_registry(RegistryName=registry)
    assert code(error) == "AlreadyExistsException"


def test_registries_of_accounts_are_apart(client: Client, registry: str) -> None:
    with pytest.raises(ClientError) as error:
        client("glue", account="333333333333").get_registry(RegistryId={"RegistryName": registry})
    assert code(error) == "EntityNotFoundException"


def test_lists_come_in_pages_of_25(glue: Any, registry: str) -> None:
    for index in range(30):
        _create(glue, registry, f"schema-{index:02}")
    first = glue.list_schemas(RegistryId={"RegistryName": registry})
    assert [schema["SchemaName"] for schema in first["Schemas"]] == [f"schema-{index:02}" for index in range(25)]
    second = glue.list_schemas(RegistryId={"RegistryName": registry}, NextToken=first["NextToken"])
    assert len(second["Schemas"]) == 5
    assert "NextToken" not in second
    with pytest.raises(ClientError) as error:
        glue.list_schemas(NextToken=first["NextToken"])
    assert code(error) == "InvalidInputException"
    with pytest.raises(ClientError) as error:
        glue.list_schemas(MaxResults=101)
    assert code(error) == "ValidationException"


def test_schema_by_arn_and_by_name(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders", Description="d", Tags={"a": "b"})
    assert created["SchemaVersionStatus"] == "AVAILABLE"
    assert created["SchemaArn"] == f"arn:aws:glue:us-east-1:222222222222:schema/{registry}/orders"
    by_arn = glue.get_schema(SchemaId={"SchemaArn": created["SchemaArn"]})
    by_name = glue.get_schema(SchemaId={"RegistryName": registry, "SchemaName": "orders"})
    for found in (by_arn, by_name):
        assert found["LatestSchemaVersion"] == 1
        assert found["NextSchemaVersion"] == 2
        assert found["SchemaCheckpoint"] == 1
        assert found["RegistryName"] == registry
    with pytest.raises(ClientError) as error:
        glue.get_schema(SchemaId={"SchemaName": "orders"})
    assert code(error) == "InvalidInputException"


def test_registering_the_same_definition_answers_the_existing_version(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders")
    schema_id = {"SchemaArn": created["SchemaArn"]}
    again = glue.register_schema_version(
        SchemaId=schema_id, SchemaDefinition=json.dumps(json.loads(avro(ID)), indent=2)
    )
    assert again["SchemaVersionId"] == created["SchemaVersionId"]
    new = glue.register_schema_version(SchemaId=schema_id, SchemaDefinition=avro(ID, NOTE))
    assert set(new) - {"ResponseMetadata"} == {"SchemaVersionId", "VersionNumber", "Status"}
    assert (new["VersionNumber"], new["Status"]) == (2, "PENDING")
    assert register(glue, schema_id, avro(ID, NOTE))["Status"] == "AVAILABLE"
    latest = glue.get_schema_version(SchemaId=schema_id, SchemaVersionNumber={"LatestVersion": True})
    assert (latest["VersionNumber"], latest["SchemaDefinition"]) == (2, avro(ID, NOTE))
    by_id = glue.get_schema_version(SchemaVersionId=created["SchemaVersionId"])
    assert by_id["VersionNumber"] == 1
    versions = glue.list_schema_versions(SchemaId=schema_id)["Schemas"]
    assert [version["VersionNumber"] for version in versions] == [2, 1]


def test_incompatible_version_fails(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders")
    schema_id = {"SchemaArn": created["SchemaArn"]}
    failed = register(glue, schema_id, avro(ID, PRICE))
    assert failed["Status"] == "FAILURE"
    glue.update_schema(SchemaId=schema_id, Compatibility="FORWARD", SchemaVersionNumber={"VersionNumber": 1})
    passed = register(glue, schema_id, avro(ID, PRICE))
    assert (passed["Status"], passed["VersionNumber"]) == ("AVAILABLE", 3)


def json_schema(required: list[str], closed: bool = False, **types: str) -> str:
    properties = {name: {"type": kind} for name, kind in types.items()}
    schema = {"type": "object", "properties": properties, "required": required}
    return json.dumps({**schema, "additionalProperties": False} if closed else schema)


def proto(*fields: str) -> str:
    return (
        'syntax = "proto2"; // a comment\nmessage Order { '
        + " ".join(fields)
        + " message In { optional int32 x = 1; } }"
    )


@pytest.mark.parametrize(
    ("data_format", "mode", "first", "second", "status"),
    [
        ("JSON", "BACKWARD", json_schema(["a"], a="string"), json_schema(["a"], a="string", b="string"), "AVAILABLE"),
        ("JSON", "BACKWARD", json_schema([], a="string"), json_schema(["a"], a="string"), "FAILURE"),
        ("JSON", "FORWARD", json_schema([], a="string"), json_schema(["a"], a="string"), "AVAILABLE"),
        (
            "JSON",
            "FORWARD",
            json_schema([], True, a="string"),
            json_schema([], True, a="string", b="string"),
            "FAILURE",
        ),
        ("JSON", "BACKWARD", json_schema([], a="integer"), json_schema([], a="number"), "AVAILABLE"),
        ("JSON", "FULL", json_schema([], a="integer"), json_schema([], a="number"), "FAILURE"),
        ("JSON", "NONE", json_schema([], a="integer"), json_schema([], a="string"), "AVAILABLE"),
        ("PROTOBUF", "FULL", proto("optional string a = 1;"), proto("optional int32 b = 2;"), "AVAILABLE"),
        ("PROTOBUF", "BACKWARD", proto("optional int32 a = 1;"), proto("optional int64 a = 1;"), "AVAILABLE"),
        ("PROTOBUF", "BACKWARD", proto("optional int32 a = 1;"), proto("optional string a = 1;"), "FAILURE"),
        ("PROTOBUF", "BACKWARD", proto("optional int32 a = 1;"), proto("required int32 b = 2;"), "FAILURE"),
        ("PROTOBUF", "FORWARD", proto("optional int32 a = 1;"), proto("required int32 b = 2;"), "AVAILABLE"),
    ],
)
def test_compatibility_of_json_and_protobuf(
    glue: Any, registry: str, data_format: str, mode: str, first: str, second: str, status: str
) -> None:
    created = _create(glue, registry, "s", DataFormat=data_format, Compatibility=mode, SchemaDefinition=first)
    assert register(glue, {"SchemaArn": created["SchemaArn"]}, second)["Status"] == status


@pytest.mark.parametrize(
    ("mode", "definitions", "status"),
    [
        ("BACKWARD", [avro(ID, NOTE), avro(NOTE)], "AVAILABLE"),
        ("BACKWARD_ALL", [avro(ID, NOTE), avro(NOTE)], "AVAILABLE"),
        ("FORWARD", [avro(ID, NOTE), avro(NOTE)], "FAILURE"),
        ("FULL", [avro(ID, NOTE), avro(ID)], "AVAILABLE"),
        ("FULL", [avro(ID, PRICE)], "FAILURE"),
        ("FULL_ALL", [avro(ID, NOTE), avro(NOTE)], "FAILURE"),
    ],
)
def test_modes(glue: Any, registry: str, mode: str, definitions: list[str], status: str) -> None:
    created = _create(glue, registry, "orders", Compatibility=mode)
    answers = [register(glue, {"SchemaArn": created["SchemaArn"]}, text)["Status"] for text in definitions]
    assert answers == ["AVAILABLE"] * (len(definitions) - 1) + [status]


def test_compatibility_needs_a_checkpoint(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders")
    with pytest.raises(ClientError) as error:
        glue.update_schema(SchemaId={"SchemaArn": created["SchemaArn"]}, Compatibility="NONE")
    assert code(error) == "InvalidInputException"


def test_disabled_compatibility_allows_no_second_version(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders", Compatibility="DISABLED")
    with pytest.raises(ClientError) as error:
        glue.register_schema_version(SchemaId={"SchemaArn": created["SchemaArn"]}, SchemaDefinition=avro(ID, NOTE))
    assert code(error) == "InvalidInputException"


@pytest.mark.parametrize("definition", ["{", '{"type": "record"}', '{"type": "Nothing"}'])
def test_definition_must_be_avro(glue: Any, registry: str, definition: str) -> None:
    with pytest.raises(ClientError) as error:
        _create(glue, registry, "orders", SchemaDefinition=definition)
    assert code(error) == "InvalidInputException"
    assert glue.check_schema_version_validity(DataFormat="AVRO", SchemaDefinition=definition)["Valid"] is False


def test_protobuf_definition_may_span_lines(glue: Any, registry: str) -> None:
    text = 'syntax = "proto3";\nmessage Order {\n  string id = 1;\n}\n'
    created = _create(glue, registry, "orders", DataFormat="PROTOBUF", SchemaDefinition=text)
    assert glue.get_schema_version(SchemaVersionId=created["SchemaVersionId"])["SchemaDefinition"] == text


def test_versions_are_deleted_except_first_and_checkpoint(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders", Compatibility="NONE")
    schema_id = {"SchemaArn": created["SchemaArn"]}
    for fields in ([ID, NOTE], [ID, PRICE], [PRICE]):
        glue.register_schema_version(SchemaId=schema_id, SchemaDefinition=avro(*fields))
    glue.update_schema(SchemaId=schema_id, SchemaVersionNumber={"VersionNumber": 3})
    errors = glue.delete_schema_versions(SchemaId=schema_id, Versions="1-4")["SchemaVersionErrors"]
    assert [error["VersionNumber"] for error in errors] == [1, 3]
    assert [v["VersionNumber"] for v in glue.list_schema_versions(SchemaId=schema_id)["Schemas"]] == [3, 1]


def test_version_metadata(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders")
    version_id = created["SchemaVersionId"]
    for value in ("one", "two"):
        glue.put_schema_version_metadata(
            SchemaVersionId=version_id, MetadataKeyValue={"MetadataKey": "owner", "MetadataValue": value}
        )
    with pytest.raises(ClientError) as error:
        glue.put_schema_version_metadata(
            SchemaVersionId=version_id, MetadataKeyValue={"MetadataKey": "owner", "MetadataValue": "one"}
        )
    assert code(error) == "AlreadyExistsException"
    info = glue.query_schema_version_metadata(SchemaVersionId=version_id)["MetadataInfoMap"]["owner"]
    assert info["MetadataValue"] == "two"
    assert [other["MetadataValue"] for other in info["OtherMetadataValueList"]] == ["one"]
    glue.remove_schema_version_metadata(
        SchemaVersionId=version_id, MetadataKeyValue={"MetadataKey": "owner", "MetadataValue": "two"}
    )
    info = glue.query_schema_version_metadata(SchemaVersionId=version_id)["MetadataInfoMap"]["owner"]
    assert (info["MetadataValue"], "OtherMetadataValueList" in info) == ("one", False)


def test_deleting(glue: Any, registry: str) -> None:
    created = _create(glue, registry, "orders")
    assert glue.delete_schema(SchemaId={"SchemaArn": created["SchemaArn"]})["Status"] == "DELETING"
    assert glue.list_schemas(RegistryId={"RegistryName": registry})["Schemas"] == []
    _create(glue, registry, "again")
    assert glue.delete_registry(RegistryId={"RegistryName": registry})["Status"] == "DELETING"
    with pytest.raises(ClientError) as error:
        glue.list_schemas(RegistryId={"RegistryName": registry})
    assert code(error) == "EntityNotFoundException"
