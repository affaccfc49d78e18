"""The AWS CLI as a person uses it: creation, waiters, pages, queries, transfers, and the words of an error."""

from __future__ import annotations

import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environment import ClientsError, run_aws
from tests.sandbox import CONSUMER, DOMAIN, EmulatorProcess

pytestmark = pytest.mark.clients
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com", "datazone.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Shell:
    """``aws`` in a person's shell."""

    def __init__(self, environment: dict[str, str], endpoint: str) -> None:
        self._environment = environment
        self.endpoint = endpoint

    def text(self, line: str, *more: str) -> str:
        """What a command prints."""
        return run_aws([*line.split(), *more], self._environment)

    def json(self, line: str, *more: str) -> Any:
        """The same, as JSON."""
        return json.loads(self.text(line, *more))


@pytest.fixture
def shell(person: dict[str, str], emulator: EmulatorProcess) -> Shell:
    return Shell(person, emulator.endpoint)


@pytest.fixture
def name() -> str:
    return f"cli-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def role_arn(shell: Shell, name: str) -> str:
    made = shell.json("iam create-role --role-name", name, "--assume-role-policy-document", json.dumps(TRUST))
    shell.text("iam wait role-exists --role-name", name)
    return str(made["Role"]["Arn"])


def test_who_am_i_and_as_another_role(shell: Shell, person: dict[str, str]) -> None:
    assert shell.text("sts get-caller-identity --query Account --output text").strip() == DOMAIN
    config = Path(person["AWS_CONFIG_FILE"])
    endpoint = next(line for line in config.read_text().splitlines() if line.startswith("endpoint_url"))
    other = f"[profile other]\nrole_arn = arn:aws:iam::{CONSUMER}:role/Admin\nsource_profile = default\n{endpoint}\n"
    config.write_text(config.read_text() + other + "region = us-east-1\n")
    assert shell.json("sts get-caller-identity --profile other")["Account"] == CONSUMER


def test_datazone(shell: Shell, name: str, role_arn: str) -> None:
    made = shell.json("datazone create-domain --name", name, "--domain-execution-role", role_arn)
    domain = ("--domain-identifier", made["id"])
    for number in range(3):
        shell.text("datazone create-project --name", f"{name}-{number}", *domain)
    listed = shell.json("datazone list-projects --page-size 1 --query items[].name", *domain)
    assert sorted(listed) == [f"{name}-{number}" for number in range(3)]
    first = shell.json("datazone list-projects --page-size 1 --max-items 2", *domain)
    assert len(first["items"]) == 2 and first["NextToken"]
    with pytest.raises(ClientsError, match="ResourceNotFoundException"):
        shell.text("datazone get-project --identifier nothing1", *domain)
    shell.text("datazone delete-domain --skip-deletion-check --identifier", made["id"])


def test_kinesis_with_a_waiter(shell: Shell, name: str) -> None:
    shell.text("kinesis create-stream --shard-count 1 --tags by=cli --stream-name", name)
    shell.text("kinesis wait stream-exists --stream-name", name)
    put = shell.json("kinesis put-record --partition-key k --data hello --stream-name", name)
    iterator = shell.json(
        "kinesis get-shard-iterator --shard-iterator-type TRIM_HORIZON --shard-id",
        put["ShardId"],
        "--stream-name",
        name,
    )["ShardIterator"]
    found = shell.json("kinesis get-records --shard-iterator", iterator)["Records"]
    assert [record["SequenceNumber"] for record in found] == [put["SequenceNumber"]]
    assert shell.json("kinesis list-tags-for-stream --stream-name", name)["Tags"] == [{"Key": "by", "Value": "cli"}]
    shell.text("kinesis delete-stream --stream-name", name)
    shell.text("kinesis wait stream-not-exists --stream-name", name)


def test_msk(shell: Shell, name: str) -> None:
    nodes = json.dumps({"InstanceType": "kafka.m7g.large", "ClientSubnets": ["subnet-1", "subnet-2"]})
    made = shell.json(
        "kafka create-cluster --kafka-version 3.9.x --number-of-broker-nodes 2 --broker-node-group-info", nodes,
        "--client-authentication", "Sasl={Iam={Enabled=true}}", "--cluster-name", name,
    )  # fmt: skip
    arn = made["ClusterArn"]
    listed = shell.json("kafka list-clusters-v2 --query ClusterInfoList[].ClusterArn --cluster-name-filter", name)
    assert listed == [arn]
    state = ""
    for _ in range(20):  # a call takes about a second
        state = shell.json("kafka describe-cluster-v2 --query ClusterInfo.State --cluster-arn", arn)
        if state == "ACTIVE":
            break
    assert state == "ACTIVE"
    shell.text("kafka create-topic --topic-name orders --partition-count 1 --replication-factor 2 --cluster-arn", arn)
    assert shell.json("kafka list-topics --query Topics[].TopicName --cluster-arn", arn) == ["orders"]
    with pytest.raises(ClientsError, match=r"NotFoundException.*GetClusterPolicy"):
        shell.text("kafka get-cluster-policy --cluster-arn", arn)


def test_schema_registry(shell: Shell, name: str) -> None:
    shell.text("glue create-registry --registry-name", name)
    definition = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]})
    made = shell.json(
        "glue create-schema --data-format AVRO --compatibility BACKWARD --schema-name orders --schema-definition",
        definition, "--registry-id", f"RegistryName={name}",
    )  # fmt: skip
    found = shell.json("glue get-schema-version --schema-version-id", made["SchemaVersionId"])
    assert json.loads(found["SchemaDefinition"]) == json.loads(definition)
    listed = shell.json("glue list-schemas --query Schemas[].SchemaName --registry-id", f"RegistryName={name}")
    assert listed == ["orders"]


def test_function_and_machine(shell: Shell, name: str, role_arn: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as bundle:
        bundle.writestr("main.py", "def handler(event, context):\n    return {'got': event}\n")
    shell.text(
        "lambda create-function --runtime python3.12 --handler main.handler --zip-file", f"fileb://{tmp_path}/code.zip",
        "--function-name", name, "--role", role_arn,
    )  # fmt: skip
    shell.text("lambda wait function-active-v2 --function-name", name)
    answer = tmp_path / "answer.json"
    shell.text(
        "lambda invoke --payload",
        '{"a": 1}',
        "--function-name",
        name,
        str(answer),
    )
    assert json.loads(answer.read_text()) == {"got": {"a": 1}}
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    machine = shell.json(
        "stepfunctions create-state-machine --name", name, "--role-arn", role_arn, "--definition", definition
    )
    run = shell.json("stepfunctions start-execution --state-machine-arn", machine["stateMachineArn"])["executionArn"]
    assert shell.json("stepfunctions describe-execution --execution-arn", run)["executionArn"] == run


def test_tables_queues_and_files(shell: Shell, name: str, tmp_path: Path) -> None:
    shell.text(
        "dynamodb create-table --billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=k,AttributeType=S "
        "--key-schema AttributeName=k,KeyType=HASH --table-name", name,
    )  # fmt: skip
    shell.text("dynamodb wait table-exists --table-name", name)
    # Version 1 of the CLI does not look into the profile for the endpoint of this service.
    here = ("--endpoint-url", shell.endpoint)
    url = shell.json("sqs create-queue --queue-name", name, *here)["QueueUrl"]
    shell.text("sqs send-message --message-body hello --queue-url", url, *here)
    assert shell.json("sqs receive-message --queue-url", url, *here)["Messages"][0]["Body"] == "hello"
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(str(number))
    shell.text("s3 mb", f"s3://{name}")
    shell.text("s3 sync --exclude * --include *.txt", str(tmp_path), f"s3://{name}/files")
    assert shell.text("s3 cp", f"s3://{name}/files/2.txt", "-") == "2"
    shell.text("s3 rb --force", f"s3://{name}")
    shell.text("s3api wait bucket-not-exists --bucket", name)
