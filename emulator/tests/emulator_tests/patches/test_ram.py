from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, DOMAIN, PRODUCER, Client

EXTENDED = "arn:aws:ram::aws:permission/AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def owner(client: Client) -> Any:
    return client("ram", account=DOMAIN)


@pytest.fixture
def domain() -> str:
    return f"arn:aws:datazone:us-east-1:{DOMAIN}:domain/dzd-{uuid.uuid4().hex[:14]}"


@pytest.fixture
def share(owner: Any, domain: str) -> str:
    created = owner.create_resource_share(
        name="domain", resourceArns=[domain], permissionArns=[EXTENDED], tags=[{"key": "a", "value": "b"}]
    )["resourceShare"]
    assert (created["status"], created["allowExternalPrincipals"]) == ("ACTIVE", True)
    arn: str = created["resourceShareArn"]
    return arn


def invitations(ram: Any, share: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ram.get_resource_share_invitations(resourceShareArns=[share])[
        "resourceShareInvitations"
    ]
    return found


def test_share_with_another_account_needs_acceptance(owner: Any, client: Client, share: str, domain: str) -> None:
    consumer = client("ram", account=CONSUMER)
    row = owner.associate_resource_share(resourceShareArn=share, principals=[CONSUMER])["resourceShareAssociations"][0]
    assert (row["status"], row["external"]) == ("ASSOCIATING", True)
    assert invitations(client("ram", account=PRODUCER), share) == []
    with pytest.raises(ClientError) as error:
        consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[share])
    assert code(error) == "UnknownResourceException"

    (invitation,) = invitations(consumer, share)
    assert (invitation["status"], invitation["senderAccountId"]) == ("PENDING", DOMAIN)
    accepted = consumer.accept_resource_share_invitation(
        resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
    )["resourceShareInvitation"]
    assert accepted["status"] == "ACCEPTED"
    with pytest.raises(ClientError) as error:
        consumer.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    assert code(error) == "ResourceShareInvitationAlreadyAcceptedException"

    (seen,) = consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[share])["resourceShares"]
    assert seen["owningAccountId"] == DOMAIN
    resources = consumer.list_resources(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[share])["resources"]
    assert [(row["arn"], row["type"]) for row in resources] == [(domain, "datazone:Domain")]
    (principal,) = owner.get_resource_share_associations(associationType="PRINCIPAL", resourceShareArns=[share])[
        "resourceShareAssociations"
    ]
    assert (principal["associatedEntity"], principal["status"]) == (CONSUMER, "ASSOCIATED")
    (permission,) = owner.list_resource_share_permissions(resourceShareArn=share)["permissions"]
    assert permission["arn"] == EXTENDED


def test_consumer_may_leave_and_do_nothing_else(owner: Any, client: Client, share: str, domain: str) -> None:
    consumer = client("ram", account=CONSUMER)
    owner.associate_resource_share(resourceShareArn=share, principals=[CONSUMER])
    (invitation,) = invitations(consumer, share)
    consumer.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    with pytest.raises(ClientError) as error:
        consumer.disassociate_resource_share(resourceShareArn=share, resourceArns=[domain])
    assert code(error) == "OperationNotPermittedException"
    consumer.disassociate_resource_share(resourceShareArn=share, principals=[CONSUMER])
    left = consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]
    assert share not in [found["resourceShareArn"] for found in left]


def test_share_without_external_principals_refuses_them(owner: Any) -> None:
    arn = owner.create_resource_share(name="inside", allowExternalPrincipals=False)["resourceShare"]["resourceShareArn"]
    with pytest.raises(ClientError) as error:
        owner.associate_resource_share(resourceShareArn=arn, principals=[PRODUCER])
    assert code(error) == "OperationNotPermittedException"


@pytest.mark.parametrize("principal", ["12345", "999999999999", "arn:aws:iam::*:role/x"])
def test_principals_that_are_none(owner: Any, share: str, principal: str) -> None:
    with pytest.raises(ClientError) as error:
        owner.associate_resource_share(resourceShareArn=share, principals=[principal])
    assert code(error) == "InvalidParameterException"


def test_resource_of_another_account_cannot_be_shared(client: Client, domain: str) -> None:
    with pytest.raises(ClientError) as error:
        client("ram", account=PRODUCER).create_resource_share(name="stolen", resourceArns=[domain])
    assert code(error) == "OperationNotPermittedException"


def test_client_token_makes_a_call_once(owner: Any) -> None:
    token = uuid.uuid4().hex
    first = owner.create_resource_share(name="once", clientToken=token)["resourceShare"]
    assert owner.create_resource_share(name="once", clientToken=token)["resourceShare"] == first
    with pytest.raises(ClientError) as error:
        owner.create_resource_share(name="other", clientToken=token)
    assert code(error) == "IdempotentParameterMismatchException"


def test_update_tags_delete(owner: Any, share: str, domain: str) -> None:
    owner.update_resource_share(resourceShareArn=share, name="renamed")
    owner.tag_resource(resourceShareArn=share, tags=[{"key": "c", "value": "d"}])
    owner.untag_resource(resourceShareArn=share, tagKeys=["a"])
    (found,) = owner.get_resource_shares(resourceOwner="SELF", resourceShareArns=[share])["resourceShares"]
    assert (found["name"], found["tags"]) == ("renamed", [{"key": "c", "value": "d"}])
    owner.delete_resource_share(resourceShareArn=share)
    (found,) = owner.get_resource_shares(resourceOwner="SELF", resourceShareArns=[share])["resourceShares"]
    assert found["status"] == "DELETED"
    with pytest.raises(ClientError) as error:
        owner.associate_resource_share(resourceShareArn=share, principals=[PRODUCER])
    assert code(error) == "InvalidStateTransitionException"


def test_sharing_with_an_organisation_is_for_its_management_account(client: Client) -> None:
    with pytest.raises(ClientError) as error:
        client("ram", account=PRODUCER).enable_sharing_with_aws_organization()
    assert code(error) == "OperationNotPermittedException"
