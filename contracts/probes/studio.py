"""V2 domains: Amazon SageMaker Unified Studio."""

from __future__ import annotations

from typing import Any

from contracts.probe import by_hand, probe, setup
from contracts.probe_run import ProbeRun, answer_of
from contracts.setup.domain import Domain, datazone_role, domain
from contracts.setup.roles import service_role

_POOL = "ADD_TO_PROJECT_MEMBER_POOL"


@setup("V2 domain", minutes=2)
def studio(probe_run: ProbeRun) -> Domain:
    """A V2 domain that is deleted with all that it holds."""
    role = service_role(probe_run, "studio", "datazone.amazonaws.com", {"Action": "datazone:*", "Resource": "*"})
    client = probe_run.client("datazone")
    made = client.create_domain(
        name=probe_run.name("studio"),
        domainVersion="V2",
        domainExecutionRole=role,
        serviceRole=role,
        tags=probe_run.tags,
    )
    probe_run.later("datazone", "delete_domain", identifier=made["id"], skipDeletionCheck=True)
    probe_run.wait(
        "the V2 domain to be available",
        lambda: client.get_domain(identifier=made["id"])["status"] == "AVAILABLE",
        900,
    )
    return Domain(probe_run, client, made["id"])


def _root(here: Domain) -> str:
    return str(here.client.get_domain(identifier=here.id)["rootDomainUnitId"])


def _group(here: Domain, role: str) -> str:
    return str(here.call("create_group_profile", rolePrincipalArn=role)["id"])


def _join(here: Domain, project: str, group: str) -> str:
    return answer_of(
        here.caller("create_project_membership"),
        projectIdentifier=project,
        designation="PROJECT_CONTRIBUTOR",
        member={"groupIdentifier": group},
    )


@probe("dz-domain-version-shown", expects={"V1": "V1", "V2": "V2"}, uses=(domain, studio))
def domain_version_shown(probe_run: ProbeRun) -> Any:
    """Does GetDomain say the version of a domain?"""
    read = probe_run.client("datazone").get_domain
    return {
        name: read(identifier=here.id).get("domainVersion")
        for name, here in (("V1", domain(probe_run)), ("V2", studio(probe_run)))
    }


@probe("dz-v2-execution-role", expects={"made without": "accepted", "shown": "the service role"}, minutes=2)
def v2_execution_role(probe_run: ProbeRun) -> Any:
    """Is a V2 domain made without an execution role, and what does GetDomain show as such?"""
    client, made = probe_run.client("datazone"), []
    role = service_role(probe_run, "studio", "datazone.amazonaws.com", {"Action": "datazone:*", "Resource": "*"})

    def create() -> None:
        answer = client.create_domain(
            name=probe_run.name("bare"), domainVersion="V2", serviceRole=role, tags=probe_run.tags
        )
        probe_run.later("datazone", "delete_domain", identifier=answer["id"], skipDeletionCheck=True)
        made.append(answer["id"])

    refused = answer_of(create)
    if refused != "accepted":
        return {"made without": refused}
    shown = client.get_domain(identifier=made[0]).get("domainExecutionRole")
    return {"made without": refused, "shown": "the service role" if shown == role else "another" if shown else "none"}


@probe("dz-group-of-unused-role", expects="accepted", uses=(studio,))
def group_of_unused_role(probe_run: ProbeRun) -> Any:
    """Does CreateGroupProfile take a role that was never used in the domain?"""
    return answer_of(
        studio(probe_run).caller("create_group_profile"), rolePrincipalArn=datazone_role(probe_run, "never-used")
    )


@probe(
    "dz-pool-principal",
    expects={"no policy": "AccessDeniedException", "for who is added": "accepted"},
    uses=(studio,),
    minutes=1,
)
def pool_principal(probe_run: ProbeRun) -> Any:
    """Does the principal of a unit's member pool name who is added?"""
    here = studio(probe_run)
    root = _root(here)
    group = _group(here, datazone_role(probe_run, "pooled"))
    given = {"entityType": "DOMAIN_UNIT", "entityIdentifier": root, "policyType": _POOL}
    for grant in here.call("list_policy_grants", **given)["grantList"]:
        here.call("remove_policy_grant", **given, principal=grant["principal"])
    project = str(here.call("create_project", name=probe_run.name("pooled"))["id"])
    first = _join(here, project, group)
    here.call(
        "add_policy_grant",
        **given,
        principal={"group": {"groupIdentifier": group}},
        detail={"addToProjectMemberPool": {"includeChildDomainUnits": True}},
    )
    return {"no policy": first, "for who is added": _join(here, project, group)}


by_hand(
    "dz-designation-cedar",
    question="Which Cedar policies does CreateDesignation take?",
    expects={
        'permit(principal, action in [DataZone::Action::"GetAsset"], resource);': "accepted",
        "permit(principal, action, resource);": "accepted",
        "forbid(principal, action, resource);": "ValidationException",
    },
    how="As an administrator of a V2 domain, call CreateDesignation with each: no page names the IAM action.",
)
by_hand(
    "dz-v2-share-permission",
    question="What does a V2 domain answer to an account whose share has a permission for V1 domains?",
    expects="AccessDeniedException",
    how="Share a V2 domain with another account by the permission AWSRAMDefaultPermissionAmazonDataZoneDomain, and "
    "call GetDomain there.",
)
by_hand(
    "dz-studio-project-role",
    question="Which trust policy and tags has the role that Tooling makes for a project of a V2 domain?",
    expects={
        "trusts": "the service datazone.amazonaws.com and the domain's execution role",
        "tags": ["AmazonDataZoneDomain", "AmazonDataZoneEnvironment", "AmazonDataZoneProject"],
    },
    how="Make a project with a project profile that holds Tooling, and read its role with `aws iam get-role`.",
)
by_hand(
    "dz-studio-credentials",
    question="Which session name, source identity and tags have the credentials of GetEnvironmentCredentials?",
    expects={"source identity": "the caller's user id", "tags": ["datazone:userId"]},
    how="Call GetEnvironmentCredentials for a Tooling environment, then anything, and read its event in CloudTrail.",
)
by_hand(
    "dz-upgraded-members",
    question="What becomes of roles that are members as users when a V1 domain is upgraded to V2?",
    expects="they lose their membership",
    how="Upgrade a throwaway V1 domain in the console, and call ListProjectMemberships before and after.",
)
by_hand(
    "dz-portal-running-run",
    question="How does the portal show a run of the lineage whose last event is RUNNING for months?",
    expects="as running",
    how="Grant a subscription, open the asset's lineage in the portal, and look at the run of the access again later.",
)
