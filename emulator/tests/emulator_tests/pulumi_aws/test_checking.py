"""What Check refuses and fills in, for resources and for the provider itself. No emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi import _types

from aws_emulator.pulumi_aws import checking, config
from aws_emulator.pulumi_aws.model import UNKNOWN, Archive, PluginError
from aws_emulator.pulumi_aws.types import registry

from .test_declared import arguments_class

TYPES = registry().types
ROLE, QUEUE, FUNCTION = "aws:iam/role:Role", "aws:sqs/queue:Queue", "aws:lambda/function:Function"
CLUSTER, GROUP, RULE = (
    "aws:msk/cluster:Cluster",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:cloudwatch/eventRule:EventRule",
)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def reasons(token: str, **inputs: Any) -> dict[str, str]:
    return dict(checking.check(TYPES[token], inputs))


def test_good_inputs_pass() -> None:
    assert reasons(ROLE, name="r", assumeRolePolicy=TRUST, forceDetachPolicies=True, tags={"a": "b"}) == {}


def test_a_property_that_is_not_declared_is_named() -> None:
    found = reasons(QUEUE, name="q", deduplicationScope="queue")
    assert found == {
        "deduplicationScope": 'aws:sqs/queue:Queue: property "deduplicationScope" is not served by the stand-in for '
        "the aws plugin: leave it out in the sandbox (by a configuration value of the stack), or put the folder of the "
        "real pulumi-resource-aws first on the PATH"
    }


@pytest.mark.parametrize("path", sorted(checking.ADVICE))
def test_what_has_another_way_is_told_it(path: str) -> None:
    """Every piece of advice is about properties that the real provider has and the stand-in does not serve."""
    owners = [token for token in TYPES if path in known_to_pulumi_aws(token) and path not in TYPES[token].props]
    assert owners
    reason = reasons(owners[0], **{path: "x"})[path]
    assert reason.endswith(f"is not served by the stand-in for the aws plugin: {checking.ADVICE[path]}")


def known_to_pulumi_aws(token: str) -> set[str]:
    return set(_types.input_type_py_to_pulumi_names(arguments_class(token)).values())


def test_a_member_that_is_not_declared_is_named_with_its_path() -> None:
    found = reasons(GROUP, ingress=[{"protocol": "tcp", "fromPort": 1, "toPort": 2, "ipv6CidrBlocks": ["::/0"]}])
    assert list(found) == ["ingress[0].ipv6CidrBlocks"]


def test_what_is_missing_is_named_also_within() -> None:
    assert list(reasons(ROLE, name="r")) == ["assumeRolePolicy"]
    found = reasons(CLUSTER, kafkaVersion="3.8.x", numberOfBrokerNodes=3, brokerNodeGroupInfo={"instanceType": "x"})
    assert set(found) == {"brokerNodeGroupInfo.clientSubnets", "brokerNodeGroupInfo.securityGroups"}


@pytest.mark.parametrize(
    ("token", "name", "value", "says"),
    [
        (FUNCTION, "timeout", "soon", "a whole number"),
        (FUNCTION, "timeout", 1.5, "a whole number"),
        (FUNCTION, "timeout", True, "a whole number"),
        (ROLE, "tags", ["a"], "a map"),
        (ROLE, "name", ["a"], "a string"),
        (ROLE, "forceDetachPolicies", "maybe", "true or false"),
        (FUNCTION, "code", "x.zip", "an archive"),
        (FUNCTION, "code", Archive("", "h"), "an archive of a file or a folder"),
        (FUNCTION, "code", Archive("", "h", {"": "a text by itself"}), "an archive of a file"),
        (FUNCTION, "architectures", "arm64", "a list"),
        (FUNCTION, "environment", ["A=1"], "an object"),
    ],
)
def test_a_wrong_type_is_told(token: str, name: str, value: Any, says: str) -> None:
    assert f"expected {says}" in reasons(token, **{name: value})[name]


def test_a_wrong_type_deep_within_is_told_with_its_path() -> None:
    brokers = {"instanceType": "x", "clientSubnets": ["a", {"b": "c"}], "securityGroups": []}
    found = reasons(CLUSTER, kafkaVersion="x", numberOfBrokerNodes=3, brokerNodeGroupInfo=brokers)
    assert list(found) == ["brokerNodeGroupInfo.clientSubnets[1]"]


def test_numbers_and_booleans_may_be_spelt_as_text() -> None:
    assert (
        reasons(FUNCTION, role="r", timeout="30") | reasons(ROLE, assumeRolePolicy=TRUST, forceDetachPolicies="true")
        == {}
    )


@pytest.mark.parametrize("text", ["{", "[]", "no"])
def test_a_policy_that_is_no_document_is_refused(text: str) -> None:
    assert "invalid JSON policy" in reasons(ROLE, assumeRolePolicy=text)["assumeRolePolicy"]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (ROLE, {"assumeRolePolicy": UNKNOWN, "tags": UNKNOWN, "forceDetachPolicies": UNKNOWN}),
        (FUNCTION, {"role": UNKNOWN, "code": UNKNOWN, "environment": {"variables": {"A": UNKNOWN}}}),
        (
            CLUSTER,
            {
                "kafkaVersion": UNKNOWN, "numberOfBrokerNodes": UNKNOWN, "encryptionInfo": UNKNOWN,
                "brokerNodeGroupInfo": {"instanceType": "x", "clientSubnets": [UNKNOWN], "securityGroups": UNKNOWN},
            },
        ),
    ],
)  # fmt: skip
def test_what_is_not_known_yet_passes(token: str, inputs: dict[str, Any]) -> None:
    assert reasons(token, **inputs) == {}


def test_a_null_is_nothing() -> None:
    assert reasons(RULE, name="r", whatever=None) == {}


def completed(token: str, default_tags: Any = None, **inputs: Any) -> dict[str, Any]:
    checking.complete(TYPES[token], inputs, default_tags)
    return inputs


def test_defaults_are_filled_in_and_listed() -> None:
    found = completed(ROLE, assumeRolePolicy=TRUST, path="/mine/", description="x")
    assert (found["path"], found["forceDetachPolicies"]) == ("/mine/", False)
    assert found["__defaults"] == ["forceDetachPolicies", "maxSessionDuration"]


def test_tags_are_merged_over_the_default_tags() -> None:
    assert completed(ROLE, {"team": "a", "cost": "1"}, tags={"cost": "2"})["tagsAll"] == {"team": "a", "cost": "2"}
    assert "tagsAll" not in completed(ROLE)
    assert completed(ROLE, {"team": "a"}, tags=UNKNOWN)["tagsAll"] == UNKNOWN
    assert "tagsAll" not in completed("aws:kms/alias:Alias", {"team": "a"})


# --- the provider ---
def test_a_configuration_as_python_sends_it() -> None:
    sent = {
        "region": "us-east-1", "allowedAccountIds": '["111111111111"]', "version": "7.51.1",
        "assumeRoles": '[{"role_arn": "arn:aws:iam::1:role/A", "external_id": "x"}]',
        "defaultTags": '{"tags": {"cost_center": "1"}}', "skipMetadataApiCheck": "true",
    }  # fmt: skip
    assert config.check(sent) == []
    assert config.typed(sent) == {
        "region": "us-east-1",
        "allowedAccountIds": ["111111111111"],
        "assumeRoles": [{"roleArn": "arn:aws:iam::1:role/A", "externalId": "x"}],
        "defaultTags": {"tags": {"cost_center": "1"}},
        "skipMetadataApiCheck": True,
    }


@pytest.mark.parametrize(
    ("sent", "name", "says"),
    [
        ({"endpoints": '[{"iam": "https://iam.amazonaws.com"}]'}, "endpoints", "not served"),
        ({"accessKey": "AKIA"}, "accessKey", "not served"),
        ({"assumeRoles": '[{"sessionName": "x"}]'}, "assumeRoles[0].roleArn", "missing"),
        ({"assumeRoles": '[{"roleArn": "x", "policy": "{}"}]'}, "assumeRoles[0].policy", "not served"),
        ({"allowedAccountIds": '"111111111111"'}, "allowedAccountIds", "expected a list"),
        ({"defaultTags": "{"}, "", "not JSON"),
    ],
)
def test_a_wrong_configuration_is_refused(sent: dict[str, Any], name: str, says: str) -> None:
    ((at, reason),) = config.check(sent)
    assert at == name
    assert says in reason


def test_a_configuration_that_is_not_known_yet_passes() -> None:
    assert config.check({"region": UNKNOWN, "assumeRoles": UNKNOWN, "defaultTags": UNKNOWN}) == []


def test_differences_of_configurations_are_of_meaning() -> None:
    old = {"region": "us-east-1", "allowedAccountIds": '["1", "2"]', "version": "7.51.0"}
    assert config.changed(old, {"region": "us-east-1", "allowedAccountIds": '["2","1"]', "version": "7.51.1"}) == []
    assert config.changed(old, {"region": "eu-west-1", "allowedAccountIds": '["1"]'}) == ["allowedAccountIds", "region"]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:4566"])
def test_the_emulator_is_on_this_machine(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert config.loopback_endpoint() == endpoint


@pytest.mark.parametrize(
    "endpoint",
    ["", "https://iam.amazonaws.com", "http://127.0.0.1.example.com", "http://10.0.0.1:4566", "127.0.0.1:4566", "http://[::1"],
)  # fmt: skip
def test_any_other_endpoint_is_refused(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(PluginError, match="emulator only"):
        config.loopback_endpoint()
