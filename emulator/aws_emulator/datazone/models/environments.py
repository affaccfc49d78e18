"""Blueprints and their configuration per account, environment profiles, environments and their role (V1 domains).

What a managed blueprint such as DefaultDataLake deploys by CloudFormation (databases, buckets, roles) is not made here:
such an environment becomes ACTIVE with no provisioned resources.
"""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.exceptions import access_denied, conflict, not_found, quota_exceeded, validation
from aws_emulator.datazone.models import access
from aws_emulator.datazone.models.domains import CUSTOM_BLUEPRINT
from aws_emulator.datazone.models.entities import Blueprint, BlueprintConfiguration, Environment, EnvironmentProfile
from aws_emulator.datazone.models.session import Session

MAX_ENVIRONMENTS = 1000
PROVIDER = "Amazon DataZone"
_CONFIGURED = [
    "provisioningRoleArn",
    "manageAccessRoleArn",
    "environmentRolePermissionBoundary",
    "enabledRegions",
    "regionalParameters",
]


def blueprint(session: Session, identifier: str) -> Blueprint:
    """An existing blueprint by id."""
    found = session.domain.blueprints.get(identifier)
    if found is None:
        raise not_found("Environment blueprint", identifier)
    return found


def configure(session: Session) -> BlueprintConfiguration:
    """Enable a blueprint in the caller's own account (configurations belong to an account)."""
    params, account = session.params, session.call.caller.account
    found = blueprint(session, params["environmentBlueprintIdentifier"])
    key = (account, found.id)
    known = session.domain.blueprint_configurations.get(key)
    values = {name: params[name] for name in _CONFIGURED if params.get(name) is not None}
    made = BlueprintConfiguration(found.id, account, values, known.created_at if known else session.now, session.now)
    session.domain.blueprint_configurations[key] = made
    return made


def configuration(session: Session, identifier: str) -> BlueprintConfiguration:
    """The caller's account's configuration of a blueprint."""
    found = session.domain.blueprint_configurations.get((session.call.caller.account, identifier))
    if found is None:
        raise not_found("Environment blueprint configuration", identifier)
    return found


def unconfigure(session: Session) -> None:
    """Disable a blueprint in the caller's account; nothing happens if it was not enabled."""
    key = (session.call.caller.account, session.params["environmentBlueprintIdentifier"])
    session.domain.blueprint_configurations.pop(key, None)


def create_profile(session: Session) -> EnvironmentProfile:
    """A template for environments of a blueprint in an account and region."""
    params, domain = session.params, session.domain
    access.require(session, params["projectIdentifier"], access.BUILD)
    found = blueprint(session, params["environmentBlueprintIdentifier"])
    if any(p.name == params["name"] and p.project_id == params["projectIdentifier"] for p in domain.profiles.values()):
        raise conflict(f"Environment profile {params['name']} already exists")
    account, region = params.get("awsAccountId"), params.get("awsAccountRegion")
    if account is not None:
        require_enabled(session, found, account, region or domain.region)
    made = EnvironmentProfile(
        session.ids.short(),
        params["name"],
        found.id,
        params["projectIdentifier"],
        session.stamp(),
        params.get("description"),
        account,
        region,
        list(params.get("userParameters") or []),
    )
    domain.profiles[made.id] = made
    return made


def profile(session: Session, identifier: str) -> EnvironmentProfile:
    """An existing environment profile."""
    found = session.domain.profiles.get(identifier)
    if found is None:
        raise not_found("Environment profile", identifier)
    return found


def update_profile(session: Session) -> EnvironmentProfile:
    """Change an environment profile."""
    params = session.params
    found = profile(session, params["identifier"])
    access.require(session, found.project_id, access.BUILD)
    found.name = params.get("name", found.name)
    found.description = params.get("description", found.description)
    found.account = params.get("awsAccountId", found.account)
    found.region = params.get("awsAccountRegion", found.region)
    found.user_parameters = list(params.get("userParameters") or found.user_parameters)
    found.stamp.touch(session.user, session.now)
    return found


def delete_profile(session: Session) -> None:
    """Remove an environment profile that no environment uses."""
    found = profile(session, session.params["identifier"])
    access.require(session, found.project_id, access.BUILD)
    if any(e.profile_id == found.id for e in session.domain.environments.values()):
        raise validation(f"Environment profile {found.id} is in use")
    del session.domain.profiles[found.id]


def create(session: Session) -> Environment:
    """Make an environment, from a profile or (V1 domains) directly from a blueprint with account and region."""
    params, domain = session.params, session.domain
    access.require(session, params["projectIdentifier"], access.BUILD)
    if params.get("environmentBlueprintIdentifier") and domain.version == "V2":
        raise validation("environmentBlueprintIdentifier is only valid for V1 domains")
    if len(domain.environments) >= MAX_ENVIRONMENTS:
        raise quota_exceeded(f"A domain has at most {MAX_ENVIRONMENTS} environments")
    source = (
        profile(session, params["environmentProfileIdentifier"]) if params.get("environmentProfileIdentifier") else None
    )
    if source is None and not params.get("environmentBlueprintIdentifier"):
        raise validation("An environment needs environmentProfileIdentifier or environmentBlueprintIdentifier")
    found = blueprint(session, source.blueprint_id if source else params["environmentBlueprintIdentifier"])
    account = params.get("environmentAccountIdentifier") or (source.account if source else None)
    region = params.get("environmentAccountRegion") or (source.region if source else None)
    if not account or not region:
        raise validation("An environment needs an account and a region")
    if source is not None and (source.account or account, source.region or region) != (account, region):
        raise validation(f"Environment profile {source.id} is for account {source.account} in {source.region}")
    require_enabled(session, found, account, region)
    name = params["name"]
    if any(e.name == name and e.project_id == params["projectIdentifier"] for e in domain.environments.values()):
        raise conflict(f"Environment {name} already exists in project {params['projectIdentifier']}")
    made = Environment(
        id=session.ids.short(),
        name=name,
        project_id=params["projectIdentifier"],
        account=account,
        region=region,
        stamp=session.stamp(),
        status="CREATING",
        blueprint_id=found.id,
        profile_id=source.id if source else None,
        description=params.get("description"),
        glossary_terms=params.get("glossaryTerms"),
        user_parameters=list(params.get("userParameters") or []),
        configuration_name=params.get("environmentConfigurationName"),
    )
    made.deployment = deployment(session, "CREATE", "IN_PROGRESS")
    domain.environments[made.id] = made
    announce(session, "Environment Deployment Started", made)

    def deployed() -> None:
        if domain.environments.get(made.id) is made:
            made.status = "ACTIVE"
            made.deployment.update(deploymentStatus="SUCCESSFUL", isDeploymentComplete=True)
            announce(session, "Environment Deployment Completed", made)

    session.later(session.settings.environment_delay, deployed)
    return made


def environment(session: Session, identifier: str) -> Environment:
    """An existing environment."""
    found = session.domain.environments.get(identifier)
    if found is None:
        raise not_found("Environment", identifier)
    return found


def update(session: Session) -> Environment:
    """Change an environment's name, description or terms."""
    params = session.params
    found = environment(session, params["identifier"])
    access.require(session, found.project_id, access.BUILD)
    found.name = params.get("name", found.name)
    found.description = params.get("description", found.description)
    found.glossary_terms = params.get("glossaryTerms", found.glossary_terms)
    if params.get("userParameters") is not None:
        found.user_parameters = list(params["userParameters"])
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> None:
    """Remove an environment and its targets. Grants that are not revoked keep it.

    UNVERIFIED[dz-delete-environment-with-grant]: the error for an environment with grants; DeleteEnvironment models no
    ConflictException, so that it is ValidationException.
    """
    domain = session.domain
    found = environment(session, session.params["identifier"])
    access.require(session, found.project_id, access.BUILD)
    held = [g.id for g in domain.grants.values() if g.environment_id == found.id and g.revoked_at is None]
    if held:
        raise validation(f"Environment {found.id} still has subscription grants: {', '.join(sorted(held))}")
    found.status = "DELETING"
    found.deployment = deployment(session, "DELETE", "IN_PROGRESS")
    announce(session, "Environment Deletion Started", found)

    def gone() -> None:
        if domain.environments.pop(found.id, None) is not None:
            _remove_role(session, found)
            domain.targets = {k: t for k, t in domain.targets.items() if t.environment_id != found.id}
            found.status = "DELETED"
            announce(session, "Environment Deletion Completed", found)

    session.later(session.settings.environment_delay, gone)


def associate_role(session: Session) -> None:
    """Give a custom AWS service environment its role, of the environment's own account."""
    found = _for_role(session)
    role = session.params["environmentRoleArn"]
    if f":iam::{found.account}:role/" not in role:
        raise validation(f"Role {role} is not of the environment's account {found.account}")
    if found.role_arn is not None and found.role_arn != role:
        raise conflict(f"Environment {found.id} already has role {found.role_arn}")
    found.role_arn = role
    # UNVERIFIED[dz-environment-role-resource]: name and type under which an associated role appears in
    # provisionedResources.
    found.resources = [{"provider": PROVIDER, "name": "userRoleArn", "value": role, "type": "iamRole"}]
    found.stamp.touch(session.user, session.now)


def disassociate_role(session: Session) -> None:
    """Take an environment's role away again."""
    found = _for_role(session)
    if found.role_arn != session.params["environmentRoleArn"]:
        raise not_found("Environment role", session.params["environmentRoleArn"])
    found.role_arn, found.resources = None, []
    found.stamp.touch(session.user, session.now)


def _for_role(session: Session) -> Environment:
    found = environment(session, session.params["environmentIdentifier"])
    access.require(session, found.project_id, access.BUILD)
    kind = session.domain.blueprints.get(found.blueprint_id or "")
    if kind is None or kind.name != CUSTOM_BLUEPRINT:
        raise validation("Only custom AWS service environments take a role")
    return found


def _remove_role(session: Session, found: Environment) -> None:
    """Take the project's role away with the tooling that made it."""
    remove = session.backend.emulator.parts.get("iam.remove_role")
    name = (found.role_arn or "").rsplit("/", 1)[-1]
    if remove is not None and name.startswith("datazone_usr_role_"):
        remove(found.account, name)


def require_enabled(session: Session, found: Blueprint, account: str, region: str) -> None:
    domain = session.domain
    if account != domain.account and not session.backend.associated(domain, account):
        raise access_denied(f"Account {account} is not associated with domain {domain.id}")
    known = domain.blueprint_configurations.get((account, found.id))
    if known is None or region not in known.values.get("enabledRegions", []):
        raise validation(
            f"Blueprint {found.name} is not enabled in account {account}, region {region} "
            "(PutEnvironmentBlueprintConfiguration)"
        )


def deployment(session: Session, kind: str, status: str) -> dict[str, Any]:
    return {
        "deploymentId": session.ids.short(),
        "deploymentType": kind,
        "deploymentStatus": status,
        "isDeploymentComplete": status != "IN_PROGRESS",
    }


def announce(session: Session, detail_type: str, found: Environment) -> None:
    """Environment events.

    UNVERIFIED[dz-environment-event]: the fields of ``data`` in environment events; use metadata.id and GetEnvironment.
    """
    session.emit(
        detail_type,
        entity_type="EnvironmentEntityType",
        entity_id=found.id,
        project=found.project_id,
        data={"environmentId": found.id, "projectId": found.project_id, "status": found.status},
    )
