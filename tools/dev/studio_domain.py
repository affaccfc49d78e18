"""What the administrators of a V2 domain (SageMaker Unified Studio) make before anything of the product is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

EXTENDED = "arn:aws:ram::aws:permission/AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess"
"""The permission with which a V2 domain is shared."""

Clients = Callable[[str, str], Any]
"""Makes the client of a service, as the administrator of an account."""


def make_shared_domain(clients: Clients, owner: str, members: Sequence[str]) -> str:
    """A V2 domain that accounts have accepted and whose member pool is open to everybody: its id.

    Args:
        clients: makes clients.
        owner: the domain's account.
        members: the other accounts.
    """
    datazone = clients("datazone", owner)
    made = datazone.create_domain(
        name="studio", domainVersion="V2", serviceRole=f"arn:aws:iam::{owner}:role/service-role/studio"
    )
    clients("ram", owner).create_resource_share(
        name="studio", resourceArns=[made["arn"]], principals=list(members), permissionArns=[EXTENDED]
    )
    for account in members:
        ram = clients("ram", account)
        for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
            if invitation["status"] == "PENDING":
                arn = invitation["resourceShareInvitationArn"]
                ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)
    datazone.add_policy_grant(
        domainIdentifier=made["id"],
        entityType="DOMAIN_UNIT",
        entityIdentifier=made["rootDomainUnitId"],
        policyType="ADD_TO_PROJECT_MEMBER_POOL",
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"addToProjectMemberPool": {"includeChildDomainUnits": True}},
    )
    return str(made["id"])


def make_tooling_project(
    clients: Clients, owner: str, domain: str, name: str, account: str, region: str
) -> tuple[str, str]:
    """A project whose tooling lies in an account that a pool offers: ids of the project and of its environment.

    Args:
        clients: makes clients.
        owner: the domain's account.
        domain: the domain's id.
        name: of the project.
        account: that the pool offers.
        region: of the tooling.
    """
    datazone = clients("datazone", owner)
    found = datazone.list_environment_blueprints(domainIdentifier=domain, managed=True, name="Tooling")
    blueprint = found["items"][0]["id"]
    clients("datazone", account).put_environment_blueprint_configuration(
        domainIdentifier=domain, environmentBlueprintIdentifier=blueprint, enabledRegions=[region]
    )
    pool = datazone.create_account_pool(
        domainIdentifier=domain,
        name=f"accounts of {name}",
        resolutionStrategy="MANUAL",
        accountSource={"accounts": [{"awsAccountId": account, "supportedRegions": [region]}]},
    )["id"]
    profile = datazone.create_project_profile(
        domainIdentifier=domain,
        name=f"All capabilities {name}",
        status="ENABLED",
        environmentConfigurations=[{"name": "Tooling", "environmentBlueprintId": blueprint, "accountPools": [pool]}],
    )["id"]
    resolved = {"awsAccountId": account, "regionName": region, "sourceAccountPoolId": pool}
    project = datazone.create_project(
        domainIdentifier=domain,
        name=name,
        projectProfileId=profile,
        userParameters=[{"environmentConfigurationName": "Tooling", "environmentResolvedAccount": resolved}],
    )["id"]
    listed = datazone.list_environments(domainIdentifier=domain, projectIdentifier=project)["items"]
    return str(project), str(listed[0]["id"])
