"""The environments that a V2 project gets from its profile, and the project's role that *Tooling* makes.

UNVERIFIED[dz-studio-project-role]: the trust policy of the project's role, and its tags beyond those that AWS's own
policies speak of.
"""

from __future__ import annotations

import json
from typing import Any

from aws_emulator import managed_policies
from aws_emulator.datazone.exceptions import access_denied, conflict, validation
from aws_emulator.datazone.models import access, environments, project_profiles
from aws_emulator.datazone.models.base import moment
from aws_emulator.datazone.models.entities import Environment, Project
from aws_emulator.datazone.models.session import Session

TOOLING = ("Tooling", "ToolingLite")
_ASSUMED_BY = ("datazone", "sagemaker", "glue", "lambda", "emr-serverless", "athena", "redshift", "bedrock")


def deploy_profile(session: Session, made: Project) -> None:
    """Make the environments that the project's profile deploys at once."""
    profile = project_profiles.profile(session, str(made.profile_id))
    if profile.status != "ENABLED":
        raise validation(f"Project profile {profile.id} is not enabled")
    on_create = [entry for entry in profile.configurations if entry["deploymentMode"] == "ON_CREATE"]
    for entry in sorted(on_create, key=lambda entry: entry.get("deploymentOrder", 0)):
        deploy(session, made, entry, entry["name"])


def create(session: Session) -> Environment:
    """Make an environment of the project's profile."""
    params = session.params
    project = access.require(session, params["projectIdentifier"], access.BUILD)
    if params.get("environmentBlueprintIdentifier"):
        raise validation("environmentBlueprintIdentifier is only valid for V1 domains")
    return deploy(session, project, configured(session, project), params["name"])


def configured(session: Session, project: Project) -> dict[str, Any]:
    """The configuration that CreateEnvironment names, of the project's profile."""
    params = session.params
    if project.profile_id is None:
        raise validation(f"Project {project.id} has no project profile")
    profile = project_profiles.profile(session, project.profile_id)
    for entry in profile.configurations:
        if entry["id"] == params.get("environmentConfigurationId") or (
            entry["name"] == params.get("environmentConfigurationName")
        ):
            return entry
    raise validation("environmentConfigurationId or environmentConfigurationName must name one of the project profile")


def deploy(session: Session, project: Project, entry: dict[str, Any], name: str) -> Environment:
    """Make one environment of a configuration, with its role if it is the project's tooling."""
    domain = session.domain
    account, region = _place(session, project, entry)
    blueprint = environments.blueprint(session, entry["environmentBlueprintId"])
    environments.require_enabled(session, blueprint, account, region)
    if any(known.name == name and known.project_id == project.id for known in domain.environments.values()):
        raise conflict(f"Environment {name} already exists in project {project.id}")
    made = Environment(
        id=session.ids.short(),
        name=name,
        project_id=project.id,
        account=account,
        region=region,
        stamp=session.stamp(),
        status="ACTIVE",
        blueprint_id=blueprint.id,
        profile_id=None,
        configuration_name=entry["name"],
        configuration_id=entry["id"],
    )
    made.deployment = environments.deployment(session, "CREATE", "SUCCESSFUL")
    domain.environments[made.id] = made
    if blueprint.name in TOOLING:
        made.role_arn = project.execution_role or _project_role(session, project, made)
        made.resources = [
            {"provider": environments.PROVIDER, "name": "userRoleArn", "value": made.role_arn, "type": "iamRole"}
        ]
    environments.announce(session, "Environment Deployment Completed", made)
    return made


def credentials(session: Session) -> dict[str, Any]:
    """Session credentials of the environment's role for the calling user, who stands in them as source identity.

    UNVERIFIED[dz-studio-credentials]: the session's name and tags; AWS's policies ask for the principal tag
    ``datazone:userId``.
    """
    found = environments.environment(session, session.params["environmentIdentifier"])
    access.require(session, found.project_id, access.BUILD)
    identities = session.backend.emulator.parts.get("identities")
    if found.role_arn is None or identities is None:
        raise validation(f"Environment {found.id} has no role")
    user = session.user
    tags = {"datazone:userId": user}
    issued = identities.issue(found.role_arn, user, tags=tags, source_identity=user)
    return {
        "accessKeyId": issued.caller.access_key,
        "secretAccessKey": issued.secret,
        "sessionToken": issued.token,
        "expiration": moment(issued.expires),
    }


def _place(session: Session, project: Project, entry: dict[str, Any]) -> tuple[str, str]:
    """Account and region: the configuration's own, or what the request resolved from one of its account pools."""
    fixed = (entry.get("awsAccount") or {}).get("awsAccountId")
    region = (entry.get("awsRegion") or {}).get("regionName") or session.domain.region
    pools = entry.get("accountPools") or []
    if fixed is not None or not pools:
        return fixed or session.domain.account, region
    chosen = next(
        (
            item["environmentResolvedAccount"]
            for item in project.user_parameters
            if item.get("environmentConfigurationName") == entry["name"] and "environmentResolvedAccount" in item
        ),
        None,
    )
    if chosen is None:
        raise validation(f"Environment configuration {entry['name']}: environmentResolvedAccount must name an account")
    for identifier in pools:
        for account in project_profiles.pool(session, identifier).source["accounts"]:
            if (
                account["awsAccountId"] == chosen["awsAccountId"]
                and chosen["regionName"] in account["supportedRegions"]
            ):
                return chosen["awsAccountId"], chosen["regionName"]
    raise access_denied(f"Account {chosen['awsAccountId']} is in no account pool of configuration {entry['name']}")


def _project_role(session: Session, project: Project, made: Environment) -> str:
    """The role ``datazone_usr_role_<project>_<environment>``, under AWS's own policy and boundary."""
    make = session.backend.emulator.parts.get("iam.make_role")
    name = f"datazone_usr_role_{project.id}_{made.id}"
    if make is None:
        return f"arn:aws:iam::{made.account}:role/{name}"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": [f"{service}.amazonaws.com" for service in _ASSUMED_BY]},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    }
    arn: str = make(
        made.account,
        name,
        trust=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        policies=[managed_policies.arn(managed_policies.PROJECT_POLICY)],
        boundary=managed_policies.arn(managed_policies.PROJECT_BOUNDARY),
        tags={
            "AmazonDataZoneProject": project.id,
            "AmazonDataZoneDomain": session.domain.id,
            "AmazonDataZoneEnvironment": made.id,
        },
    )
    return arn
