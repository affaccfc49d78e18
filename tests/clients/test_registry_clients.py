"""Serialisers of the Glue Schema Registry, reading by UUID under the role that a grant leaves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from streamgov_core.documents.compiler import identity_statements
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import consumer_permissions
from streamgov_core.model.schema_reference import SchemaReference
from tests.clients.environment import ClientsError, run_python
from tests.sandbox import DOMAIN, Client
from tests.unit.grants.fakes.commands import command

pytestmark = pytest.mark.clients
Role = Callable[[list[dict[str, Any]]], tuple[str, dict[str, str]]]
SCHEMA = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}
WRITES = """
import boto3, sys
from aws_schema_registry import SchemaRegistryClient, DataAndSchema
from aws_schema_registry.adapter.kafka import KafkaSerializer
from aws_schema_registry.avro import AvroSchema

registry, schema = {registry!r}, {schema!r}
client = SchemaRegistryClient(boto3.client("glue"), registry_name=registry, wait_interval_seconds=0.1)
serializer = KafkaSerializer(client, schema_naming_strategy=lambda topic, is_key, schema: "orders")
sys.stdout.write(serializer.serialize("orders", DataAndSchema({{"id": "first"}}, AvroSchema(schema))).hex())
"""
READS = """
import boto3, json, sys
from aws_schema_registry import SchemaRegistryClient
from aws_schema_registry.adapter.kafka import KafkaDeserializer

client = SchemaRegistryClient(boto3.client("glue"), registry_name={registry!r})
found = KafkaDeserializer(client).deserialize("orders", bytes.fromhex({record!r}))
sys.stdout.write(json.dumps(found.data))
"""


@pytest.fixture
def registry(client: Client) -> str:
    name = f"clients-{uuid.uuid4().hex[:8]}"
    client("glue").create_registry(RegistryName=name)
    return name


@pytest.fixture
def record(registry: str, person: dict[str, str]) -> str:
    """A record in the registry's format, as the Python serialiser of the registry writes it."""
    return run_python(WRITES.format(registry=registry, schema=json.dumps(SCHEMA)), person)


def granted(registry: str) -> list[dict[str, Any]]:
    """The statements that a grant writes for a consumer's role in the registry's account."""
    base = f"arn:aws:glue:us-east-1:{DOMAIN}"
    schema = SchemaReference(f"{base}:registry/{registry}", f"{base}:schema/{registry}/orders", "orders")
    (principal,) = RoleArn.parse_all((f"arn:aws:iam::{DOMAIN}:role/reader",))
    permissions = consumer_permissions(Names("streamgov", "us-east-1"), command(schema=schema), principal)
    return [dict(each) for each in identity_statements("Streamgov", permissions)]


def test_python_reads_by_uuid_under_a_granted_role(registry: str, record: str, role: Role) -> None:
    _, environment = role(granted(registry))
    assert json.loads(run_python(READS.format(registry=registry, record=record), environment)) == {"id": "first"}


def test_python_is_refused_without_a_grant(registry: str, record: str, role: Role) -> None:
    _, environment = role([])
    with pytest.raises(ClientsError, match=r"AccessDeniedException.*GetSchemaVersion"):
        run_python(READS.format(registry=registry, record=record), environment)
