"""Sessions that begin sessions: source identity and tags in the evaluation and in the call log."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import Client, EmulatorProcess

OWNER, CONSUMER = "222222222222", "333333333333"
SESSION = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def _sts(emulator: EmulatorProcess, keys: dict[str, Any], service: str = "sts") -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=emulator.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def _role(client: Client, account: str, name: str, principal: str, actions: list[str], **condition: Any) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions}
    if condition:
        statement["Condition"] = condition
    iam = client("iam", account=account, role="Admin")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    return arn


def test_a_chain_keeps_who_began_it(client: Client, emulator: EmulatorProcess) -> None:
    first = _role(client, CONSUMER, "chain-first", f"arn:aws:iam::{CONSUMER}:root", SESSION)
    trusted = {"StringEquals": {"aws:SourceIdentity": "person", "aws:PrincipalTag/team": "blue"}}
    second = _role(client, OWNER, "chain-second", first, SESSION, **trusted)
    plain = _role(client, OWNER, "chain-plain", first, ["sts:AssumeRole"])
    admin = client("sts", account=CONSUMER, role="Admin")
    tags = [{"Key": "team", "Value": "blue"}]
    unnamed = admin.assume_role(RoleArn=first, RoleSessionName="session", Tags=tags)["Credentials"]
    with pytest.raises(ClientError):
        _sts(emulator, unnamed).assume_role(RoleArn=second, RoleSessionName="session")
    begun = admin.assume_role(
        RoleArn=first, RoleSessionName="session", SourceIdentity="person", Tags=tags, TransitiveTagKeys=["team"]
    )
    assert begun["SourceIdentity"] == "person"
    sts = _sts(emulator, begun["Credentials"])
    chained = sts.assume_role(RoleArn=second, RoleSessionName="session")
    assert chained["SourceIdentity"] == "person"
    with pytest.raises(ClientError, match="sts:SetSourceIdentity"):  # The trust lets nobody hand an identity on.
        sts.assume_role(RoleArn=plain, RoleSessionName="session")
    with pytest.raises(ClientError, match="sts:SetSourceIdentity"):
        sts.assume_role(RoleArn=second, RoleSessionName="session", SourceIdentity="somebody else")
    with pytest.raises(ClientError, match="transitive"):
        sts.assume_role(RoleArn=second, RoleSessionName="session", Tags=tags)
    with pytest.raises(ClientError, match="1 hour"):
        sts.assume_role(RoleArn=second, RoleSessionName="session", DurationSeconds=7200)
    _sts(emulator, chained["Credentials"]).get_caller_identity()
    with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/calls?detail=1") as answer:
        calls = json.load(answer)["calls"]
    last = [call for call in calls if call["caller"] == second][-1]
    assert (last["source_identity"], last["session_tags"]) == ("person", {"team": "blue"})
