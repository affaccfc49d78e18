"""After GRANTED, as a client really does it: schema versions by their id, and what the consumer was told."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.access.conftest import NAMES, REGION, Deployment
from tests.sandbox import CONSUMER, PRODUCER

pytestmark = pytest.mark.usefixtures("grants_end_with_the_module")

DEFINITION = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}


def as_role(deployment: Deployment, role: str, service: str, by: Any = None) -> Any:
    """A client with the credentials of a role, taken by somebody; by its account's administrator without one."""
    sts = by or deployment.client("sts", role.split(":")[4])
    keys = sts.assume_role(RoleArn=role, RoleSessionName="client")["Credentials"]
    session: Any = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)
    return session.client(service, endpoint_url=deployment.emulator.endpoint)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


class Registered:
    """A topic with a registered schema, and a grant of it to a role of an account."""

    def __init__(self, deployment: Deployment, account: str) -> None:
        self.deployment, self.account = deployment, account
        name = f"orders-{uuid.uuid4().hex[:6]}"
        made = deployment.client("glue", PRODUCER).create_schema(
            RegistryId={"RegistryName": "streams"},
            SchemaName=name,
            DataFormat="AVRO",
            Compatibility="BACKWARD",
            SchemaDefinition=json.dumps(DEFINITION),
        )
        self.version = made["SchemaVersionId"]
        self.cluster = deployment.make_cluster()
        self.role = deployment.make_role(account)
        self.asset, listing = deployment.make_asset(name, cluster=self.cluster, schema=True)
        deployment.subscribe(listing, account=account)
        self.target = deployment.make_target([self.role], account)
        self.listing = listing

    def grant(self) -> str:
        grant = self.deployment.grant(self.listing, self.target, self.account)
        assert self.deployment.settled(grant)["status"] == "GRANTED"
        return grant

    def read(self, by: str) -> dict[str, Any]:
        """What every deserialiser does with the id that stands in a record's header."""
        sts = None if by == self.role else as_role(self.deployment, self.role, "sts")
        glue = as_role(self.deployment, by, "glue", sts)
        return dict(json.loads(glue.get_schema_version(SchemaVersionId=self.version)["SchemaDefinition"]))


def test_within_one_account_a_role_reads_schema_versions_by_id(deployment: Deployment) -> None:
    topic = Registered(deployment, PRODUCER)
    with pytest.raises(ClientError) as error:
        topic.read(topic.role)
    assert code(error) == "AccessDeniedException"
    grant = topic.grant()
    assert topic.read(topic.role) == DEFINITION
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    with pytest.raises(ClientError) as error:
        topic.read(topic.role)
    assert code(error) == "AccessDeniedException"


def test_across_accounts_a_role_reads_them_by_the_reader_role_that_it_was_told(deployment: Deployment) -> None:
    topic = Registered(deployment, CONSUMER)
    grant = topic.grant()
    name = f"{NAMES.connection_path(deployment.projects[CONSUMER])}/{grant}/{topic.asset}"
    ssm = as_role(deployment, topic.role, "ssm")
    told = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    assert topic.read(told["schemaReaderRoleArn"]) == DEFINITION
    with pytest.raises(ClientError) as error:
        topic.read(topic.role)
    assert code(error) in ("AccessDeniedException", "EntityNotFoundException")
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    with pytest.raises(ClientError) as error:
        topic.read(told["schemaReaderRoleArn"])
    assert code(error) == "AccessDenied"
    with pytest.raises(ClientError) as error:
        ssm.get_parameter(Name=name)
    assert code(error) in ("AccessDeniedException", "ParameterNotFound")


@pytest.mark.parametrize("account", [PRODUCER, CONSUMER], ids=["same account", "other account"])
def test_the_brokers_are_those_of_the_cluster_for_the_account_and_not_the_forms(
    deployment: Deployment, account: str
) -> None:
    """An editor of the asset's form could lead clients with their signed tokens to a host of his."""
    topic = Registered(deployment, account)
    grant = topic.grant()
    name = f"{NAMES.connection_path(deployment.projects[account])}/{grant}/{topic.asset}"
    assert deployment.assets_of(grant)[0]["targetName"] == name, "the grant itself says where it is"
    told = json.loads(deployment.client("ssm", account).get_parameter(Name=name)["Parameter"]["Value"])
    live = deployment.client("kafka", PRODUCER).get_bootstrap_brokers(ClusterArn=topic.cluster)
    member = "BootstrapBrokerStringSaslIam" if account == PRODUCER else "BootstrapBrokerStringVpcConnectivitySaslIam"
    assert told["bootstrapBrokers"] == live[member] != ""
    assert told["groupPrefix"] == f"{account}.{deployment.projects[account]}."
    assert ("schemaReaderRoleArn" in told) is (account == CONSUMER)
