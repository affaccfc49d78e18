"""A deployment with more roles and accounts than its documents could name: the same grants, and no further power."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from streamgov_core.deploy.domain_deployment import domain_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import INLINE_POLICY
from tests.integration.access.conftest import NAMES, ROLE_PATH, Deployment
from tests.integration.access.test_trust import APPLY, INVOKE, may
from tests.integration.access.test_workflow import topic_of
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER

ORGANIZATION = "o-a1b2c3d4e5"


@pytest.fixture
def many_roles(deployment: Deployment) -> Iterator[list[str]]:
    """Three hundred roles by name, of which the last few exist."""
    names = [f"{ROLE_PATH}large-{number:03}" for number in range(300)]
    deployment.name_roles(CONSUMER, *names)
    yield names
    deployment.name_roles(CONSUMER)


def test_one_of_many_named_roles_gets_access_and_no_other_role(deployment: Deployment, many_roles: list[str]) -> None:
    named = deployment.make_role(CONSUMER, "large-299")
    free = deployment.make_role(CONSUMER, "large-298", bounded=False)
    other = deployment.make_role(CONSUMER, "large-300")
    _, listing = deployment.make_asset("large")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([named]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    assert deployment.may(named, "kafka-cluster:ReadData", topic_of(deployment, "large"))
    for role, cause in ((free, "boundary"), (other, "large-300")):
        refused = deployment.settled(deployment.grant(listing, deployment.make_target([role])))
        assert refused["status"] == "GRANT_FAILED" and cause in json.dumps(refused, default=str)
        assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "large"))
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    assert not deployment.may(named, "kafka-cluster:ReadData", topic_of(deployment, "large"))


def test_the_boundary_marks_the_roles_that_the_function_may_write_on(
    deployment: Deployment, many_roles: list[str]
) -> None:
    bounded, free = deployment.make_role(CONSUMER), deployment.make_role(CONSUMER, bounded=False)
    with_it = {"iam__PermissionsBoundary": NAMES.policy_arn(CONSUMER, "consumer-boundary")}
    ours = f"arn:aws:iam::{CONSUMER}:policy{NAMES.iam_path}{NAMES.access_policy_prefix}-abc-1"
    for action in ("iam:PutRolePolicy", "iam:DeleteRolePolicy"):
        assert may(deployment, APPLY, action, bounded, **with_it), action
        assert not may(deployment, APPLY, action, free), action
    for action in ("iam:AttachRolePolicy", "iam:DetachRolePolicy"):
        assert may(deployment, APPLY, action, bounded, iam__PolicyARN=ours, **with_it), action
        assert not may(deployment, APPLY, action, free, iam__PolicyARN=ours), action
        administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
        assert not may(deployment, APPLY, action, bounded, iam__PolicyARN=administrator, **with_it), action
    for own in (NAMES.role_arn(CONSUMER, name) for name in ("apply", "member-machine", "member-invoke")):
        assert not may(deployment, APPLY, "iam:PutRolePolicy", own, **with_it), own


def test_the_central_machine_enters_accounts_of_its_organisation_only(deployment: Deployment) -> None:
    central, own = NAMES.role_arn(DOMAIN, "central-machine"), NAMES.central_machine_arn(DOMAIN)
    within = domain_account(
        AccountScope(NAMES, DOMAIN), domain_id="dzd-1", members=[], asset_types=[], organization_id=ORGANIZATION
    ).machine.role
    iam = deployment.client("iam")
    before = iam.get_role_policy(RoleName=within.name, PolicyName=INLINE_POLICY)["PolicyDocument"]
    iam.put_role_policy(RoleName=within.name, PolicyName=INLINE_POLICY, PolicyDocument=json.dumps(within.policy))
    try:
        asked = {"sts__ExternalId": own, "aws__ResourceOrgID": ORGANIZATION}
        assert may(deployment, central, "sts:AssumeRole", INVOKE, **asked)
        assert not may(deployment, central, "sts:AssumeRole", INVOKE, sts__ExternalId=own), "of no organisation"
        assert not may(deployment, central, "sts:AssumeRole", INVOKE, **{**asked, "aws__ResourceOrgID": "o-other00000"})
        admin = f"arn:aws:iam::{PRODUCER}:role/Admin"
        assert not may(deployment, central, "sts:AssumeRole", admin, **asked), "another role"
    finally:
        iam.put_role_policy(RoleName=within.name, PolicyName=INLINE_POLICY, PolicyDocument=json.dumps(before))
