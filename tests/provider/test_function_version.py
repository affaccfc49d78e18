"""A published version of a function: waited for, and deleted when nothing names it any more."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from typing import Any

import pytest

from streamgov_pulumi.providers import FunctionVersionProvider
from tests.provider.conftest import PRODUCER, UNKNOWN, Driver, Failed, session
from tests.sandbox import Client

pytestmark = pytest.mark.emulator
_numbers = itertools.count()


@pytest.fixture(scope="module")
def version(stub: Any) -> Driver:
    return Driver(stub, FunctionVersionProvider())


@pytest.fixture(scope="module")
def function(version: Driver, client: Client) -> str:
    """A function with snapshots, another one for each way in which the provider is reached; its name."""
    name = f"versioned-{next(_numbers)}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = client("iam", PRODUCER).create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return 1\n")
    client("lambda", PRODUCER).create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": bundle.getvalue()},
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    return name


def wanted(function: str, number: str) -> dict[str, Any]:
    return {"function_name": function, "version": number, **session(PRODUCER)}


def versions(client: Client, function: str) -> set[str]:
    found = client("lambda", PRODUCER).list_versions_by_function(FunctionName=function)["Versions"]
    return {item["Version"] for item in found} - {"$LATEST"}


def test_life(version: Driver, client: Client, function: str) -> None:
    lambda_ = client("lambda", PRODUCER)
    assert lambda_.publish_version(FunctionName=function)["State"] == "Pending"
    first = version.inputs(wanted(function, "1"))
    id_, state = version.create(first)
    assert lambda_.get_function_configuration(FunctionName=function, Qualifier="1")["State"] == "Active"
    version.settled(id_, state, first)
    lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    # Another version stands beside the one that an alias names, which goes last.
    lambda_.update_function_configuration(FunctionName=function, Timeout=9)
    lambda_.publish_version(FunctionName=function)
    second = version.inputs(wanted(function, "2"))
    assert version.diff(id_, state, second) == ("DIFF_SOME", ["version"], False)
    # Forced: the same version is made anew, and nothing is taken away from under the alias.
    again, _ = version.create(first)
    version.delete(id_, state)
    assert (again, versions(client, function)) == (id_, {"1", "2"})
    later, newer = version.create(second)
    lambda_.update_alias(FunctionName=function, Name="live", FunctionVersion="2")
    version.delete(id_, state)
    version.delete(id_, state)
    assert versions(client, function) == {"2"}
    assert version.read(id_, state)[0] == ""
    lambda_.delete_alias(FunctionName=function, Name="live")
    # What this process has made is another resource's for one deletion; a destroy is a process that made nothing.
    version.delete(later, newer)
    assert versions(client, function) == {"2"}
    version.delete(later, newer)
    assert versions(client, function) == set()


def test_an_update_is_planned_before_its_version_is_known(version: Driver, function: str) -> None:
    news, failures = version.check(wanted(function, UNKNOWN))
    assert failures == []
    state = wanted(function, "1")
    assert version.diff(f"{function}|1", state, news)[1] == ["version"]


def test_wrong_inputs_are_told(version: Driver) -> None:
    told = version.check({**session(PRODUCER), "function_name": "a b", "version": "$LATEST"})[1]
    assert told == [
        'function_name must be the name of a Lambda function, got "a b"',
        'version must be the number of a published version, got "$LATEST"',
    ]


def test_a_version_that_is_not_there_is_refused(version: Driver, function: str) -> None:
    with pytest.raises(Failed, match="not found"):
        version.create(version.inputs(wanted(function, "99")))
