from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from aws_emulator.kernel.validation import find_problems
from emulator_tests.conftest import Client


def shape(service: str, operation: str) -> Any:
    return get_service_model(service).operation_model(operation).input_shape


@pytest.mark.parametrize(
    ("service", "operation", "params", "problem"),
    [
        ("datazone", "CreateFormType", {"name": "has-hyphen"}, "pattern"),
        ("datazone", "Search", {"domainIdentifier": "dzd_1", "searchScope": "EVERYTHING"}, "enum"),
        ("datazone", "Search", {"domainIdentifier": "dzd_1", "searchScope": "ASSET", "maxResults": 51}, "less than"),
        ("datazone", "Search", {"searchScope": "ASSET"}, "Missing required parameter"),
        ("glue", "CreateRegistry", {"RegistryName": "a" * 256}, "length less than or equal to 255"),
        ("glue", "CreateRegistry", {"RegistryName": "a", "Description": "tab\tand 😀 text"}, None),
        ("glue", "CreateRegistry", {"RegistryName": "a", "Tags": {"k" * 129: "v"}}, "length less than or equal to 128"),
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Path": "x"}, "pattern"),
        ("iam", "CreateRole", {"RoleName": "ünicode", "AssumeRolePolicyDocument": "{}"}, "pattern"),
        ("sqs", "SendMessage", {"QueueUrl": 3, "MessageBody": "x"}, "Invalid type"),
        ("kinesis", "ListStreams", {"Unknown": 1}, "Unknown parameter"),
    ],
)
def test_problems(service: str, operation: str, params: dict[str, Any], problem: str | None) -> None:
    found = [text for text in find_problems(shape(service, operation), params) if problem and problem in text]
    if problem is None:
        assert find_problems(shape(service, operation), params) == []
    else:
        assert found, find_problems(shape(service, operation), params)


def test_nested_members_are_named() -> None:
    params = {
        "domainIdentifier": "dzd_abc",
        "name": "a",
        "typeIdentifier": "T",
        "owningProjectIdentifier": "p",
        "formsInput": [{"formName": "ok"}, {"formName": "not.ok"}],
    }
    (problem,) = find_problems(shape("datazone", "CreateAsset"), params)
    assert "formsInput.2.member.formName" in problem


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("glue", lambda c: c.create_registry(RegistryName="a b"), "ValidationException"),
        ("kafka", lambda c: c.list_clusters_v2(MaxResults=101), "BadRequestException"),
        ("iam", lambda c: c.get_role(RoleName="a b"), "ValidationError"),
        ("lambda", lambda c: c.get_function(FunctionName="a b"), "ValidationException"),
        ("stepfunctions", lambda c: c.list_executions(stateMachineArn="x", statusFilter="X"), "ValidationException"),
        ("ssm", lambda c: c.get_parameters_by_path(Path="/a", MaxResults=11), "ValidationException"),
    ],
)
def test_services_answer_their_own_code(client: Client, service: str, call: Any, code: str) -> None:
    with pytest.raises(ClientError) as error:
        call(client(service))
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
