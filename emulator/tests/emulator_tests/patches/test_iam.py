from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import PRODUCER, Client


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def iam(client: Client) -> Any:
    return client("iam", account=PRODUCER)


def trust(principal: Any = f"arn:aws:iam::{PRODUCER}:root", **more: Any) -> str:
    element = principal if isinstance(principal, dict) else {"AWS": principal}
    statement = {"Effect": "Allow", "Principal": element, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create(iam: Any, document: str | None = None, **more: Any) -> str:
    name = f"role-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document or trust(), **more)
    return name


def allow(length: int) -> str:
    """A policy of exactly so many characters, white space not counted."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ""}]}
    bare = len(json.dumps(document).replace(" ", ""))
    document["Statement"][0]["Resource"] = "arn:aws:s3:::" + "a" * (length - bare - len("arn:aws:s3:::"))  # type: ignore[index]
    text = json.dumps(document, indent=4)
    assert len("".join(text.split())) == length
    return text


def test_inline_policies_of_a_role_share_10240_characters(iam: Any) -> None:
    name = create(iam)
    iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=allow(6000))
    iam.put_role_policy(RoleName=name, PolicyName="two", PolicyDocument=allow(4240))
    with pytest.raises(ClientError) as error:
        iam.put_role_policy(RoleName=name, PolicyName="three", PolicyDocument=allow(200))
    assert code(error) == "LimitExceeded"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    iam.put_role_policy(RoleName=name, PolicyName="two", PolicyDocument=allow(200))
    iam.put_role_policy(RoleName=name, PolicyName="three", PolicyDocument=allow(4040))


def test_quota_holds_under_concurrency(iam: Any, client: Client) -> None:
    name = create(iam)
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=allow(4000))
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["LimitExceeded"] * 4 + ["ok"] * 2


def test_managed_policy_sizes_versions_and_attachments(iam: Any) -> None:
    with pytest.raises(ClientError) as error:
        iam.create_policy(PolicyName=f"big-{uuid.uuid4().hex[:6]}", PolicyDocument=allow(6145))
    assert code(error) == "LimitExceeded"
    name = create(iam)
    arns = [
        iam.create_policy(PolicyName=f"p-{uuid.uuid4().hex[:6]}", PolicyDocument=allow(6144))["Policy"]["Arn"]
        for _ in range(11)
    ]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=arns[0])
    with pytest.raises(ClientError) as error:
        iam.attach_role_policy(RoleName=name, PolicyArn=arns[10])
    assert code(error) == "LimitExceeded"
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=arns[0])
    assert code(error) == "DeleteConflict"
    with pytest.raises(ClientError) as error:
        iam.delete_role(RoleName=name)
    assert code(error) == "DeleteConflict"
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arns[10], PolicyDocument=allow(300), SetAsDefault=True)
    with pytest.raises(ClientError) as error:
        iam.create_policy_version(PolicyArn=arns[10], PolicyDocument=allow(300))
    assert code(error) == "LimitExceeded"
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=arns[10])
    assert code(error) == "DeleteConflict"
    for version in iam.list_policy_versions(PolicyArn=arns[10])["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arns[10], VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arns[10])


@pytest.mark.parametrize(
    "document",
    [
        trust(f"arn:aws:iam::{PRODUCER}:role/Nobody"),
        trust("arn:aws:iam::999999999999:root"),
        trust(f"arn:aws:iam::{PRODUCER}:role/*"),
        trust({"Service": "nothing"}),
        trust(Resource="*"),
        trust(Effect="Perhaps"),
        trust(Condition={"StringNearly": {"a": "b"}}),
        "{}",
        "no json",
    ],
)
def test_trust_policies_that_are_refused(iam: Any, document: str) -> None:
    with pytest.raises(ClientError) as error:
        create(iam, document)
    assert code(error) == "MalformedPolicyDocument"


def test_trust_policy_is_at_most_2048_characters(iam: Any) -> None:
    with pytest.raises(ClientError) as error:
        create(iam, trust(Condition={"StringEquals": {"sts:ExternalId": "x" * 2000}}))
    assert code(error) == "LimitExceeded"


def test_trusted_role_that_is_deleted_shows_as_its_id(iam: Any) -> None:
    trusted = create(iam)
    arn = f"arn:aws:iam::{PRODUCER}:role/{trusted}"
    name = create(iam, trust([arn, PRODUCER]))
    shown = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert shown == {"AWS": [arn, f"arn:aws:iam::{PRODUCER}:root"]}
    iam.delete_role(RoleName=trusted)
    iam.create_role(RoleName=trusted, AssumeRolePolicyDocument=trust())
    listed = {role["RoleName"]: role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]}
    for role in (iam.get_role(RoleName=name)["Role"], listed[name]):
        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"][0].startswith("AROA")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(arn))
    shown = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert shown == {"AWS": arn}


def test_names_paths_and_boundaries(iam: Any) -> None:
    name = create(iam, Path="/team/a/")
    assert iam.get_role(RoleName=name)["Role"]["Arn"] == f"arn:aws:iam::{PRODUCER}:role/team/a/{name}"
    with pytest.raises(ClientError) as error:
        iam.create_role(RoleName=name.upper(), AssumeRolePolicyDocument=trust())
    assert code(error) == "EntityAlreadyExists"
    with pytest.raises(ClientError) as error:
        iam.create_role(RoleName="a" * 65, AssumeRolePolicyDocument=trust())
    assert code(error) == "ValidationError"
    with pytest.raises(ClientError) as error:
        iam.create_role(RoleName="x", Path="no/slash", AssumeRolePolicyDocument=trust())
    assert code(error) == "ValidationError"
    with pytest.raises(ClientError) as error:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=f"arn:aws:iam::{PRODUCER}:policy/none")
    assert code(error) == "NoSuchEntity"
    boundary = iam.create_policy(PolicyName=f"b-{uuid.uuid4().hex[:6]}", PolicyDocument=allow(200))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=boundary)
    assert code(error) == "DeleteConflict"
    iam.delete_role_permissions_boundary(RoleName=name)
    iam.delete_policy(PolicyArn=boundary)


def test_identity_policy_has_no_principal(iam: Any) -> None:
    name = create(iam)
    with pytest.raises(ClientError) as error:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=trust(Resource="*"))
    assert code(error) == "MalformedPolicyDocument"


def test_aws_managed_policies_exist(iam: Any) -> None:
    name = create(iam, trust({"Service": "lambda.amazonaws.com"}))
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    (attached,) = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached["PolicyName"] == "AWSLambdaBasicExecutionRole"


def test_an_update_of_a_role_leaves_what_it_does_not_name(client: Client) -> None:
    iam, name = client("iam"), f"kept-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Description="first", MaxSessionDuration=7200)
    iam.update_role(RoleName=name, Description="second")
    assert iam.get_role(RoleName=name)["Role"]["MaxSessionDuration"] == 7200
    iam.update_role(RoleName=name, MaxSessionDuration=3600)
    found = iam.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("second", 3600)
    iam.update_role(RoleName=name, Description="")
    assert iam.get_role(RoleName=name)["Role"].get("Description", "") == ""
