"""Layers: what a function finds in them, and which version it has."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.compute.conftest import Account, allow, unique
from emulator_tests.conftest import Client
from emulator_tests.made import archive

READER = """
    import sys
    from pathlib import Path

    def handler(event, context):
        found = [Path(entry) / event["name"] for entry in sys.path]
        return [path.read_text() for path in found if path.is_file()]
"""


def publish(domain: Account, name: str, files: dict[str, str]) -> str:
    made = domain.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": archive(files)})
    return str(made["LayerVersionArn"])


def read(domain: Account, function: str, name: str) -> Any:
    return domain.invoke(function, {"name": name})["Payload"]


def test_a_function_reads_what_its_layers_hold_below_python(domain: Account) -> None:
    one = publish(domain, unique("layer"), {"python/words.txt": "one", "words.txt": "elsewhere"})
    two = publish(
        domain, unique("layer"), {"python/words.txt": "two", "python/lib/python3.11/site-packages/deep.txt": "deep"}
    )
    function = domain.function(READER, Layers=[one, two])
    assert read(domain, function, "words.txt") == ["two", "one"]
    assert read(domain, function, "deep.txt") == ["deep"]


def test_another_version_starts_another_environment_and_a_deleted_one_stays(domain: Account) -> None:
    name = unique("layer")
    first, second = (publish(domain, name, {"python/words.txt": text}) for text in ("first", "second"))
    assert (first.rpartition(":")[2], second.rpartition(":")[2]) == ("1", "2")
    function, client = domain.function(READER, Layers=[first]), domain.client("lambda")
    assert read(domain, function, "words.txt") == ["first"]
    client.delete_layer_version(LayerName=name, VersionNumber=1)
    assert read(domain, function, "words.txt") == ["first"]
    client.update_function_configuration(FunctionName=function, Layers=[second])
    assert read(domain, function, "words.txt") == ["second"]
    client.update_function_configuration(FunctionName=function, Layers=[])
    assert read(domain, function, "words.txt") == []


def test_a_layer_that_does_not_exist_is_refused(domain: Account) -> None:
    with pytest.raises(ClientError) as refused:
        domain.function(READER, Layers=["arn:aws:lambda:us-east-1:111111111111:layer:nothing:1"])
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_whoever_gives_a_function_a_layer_may_read_it(domain: Account, client: Client) -> None:
    layer = publish(domain, unique("layer"), {"python/words.txt": "secret"})
    function = domain.function(READER)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{domain.id}:root"}, "Action": "sts:AssumeRole"}
    role = domain.role(None, [allow("lambda:UpdateFunctionConfiguration", function)], trust)
    lambda_ = client("lambda", domain.id, role)
    lambda_.update_function_configuration(FunctionName=function, Timeout=5)
    with pytest.raises(ClientError, match="lambda:GetLayerVersion") as refused:
        lambda_.update_function_configuration(FunctionName=function, Layers=[layer])
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("by_arn", [False, True])
def test_a_version_is_read_by_the_layers_name_or_arn(domain: Account, client: Client, by_arn: bool) -> None:
    name = unique("layer")
    version = publish(domain, name, {"python/words.txt": "one"})
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{domain.id}:root"}, "Action": "sts:AssumeRole"}
    role = domain.role(None, [allow("lambda:GetLayerVersion", version)], trust)
    asked = {"LayerName": version.rpartition(":")[0] if by_arn else name}
    found = client("lambda", domain.id, role).get_layer_version(**asked, VersionNumber=1)
    assert found["LayerVersionArn"] == version
    with pytest.raises(ClientError, match="lambda:GetLayerVersion"):
        client("lambda", domain.id, role).get_layer_version(**asked, VersionNumber=2)
