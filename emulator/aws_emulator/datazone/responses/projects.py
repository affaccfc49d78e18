"""Projects, memberships, user profiles, blueprints, environment profiles, environments."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.models import access, environments, projects, studio_environments
from aws_emulator.datazone.models.entities import Environment, EnvironmentProfile, Project
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.render import access as render
from aws_emulator.datazone.responses.common import by_time, listed, stamp_of


def create_project(session: Session) -> dict[str, Any]:
    return render.project(session.domain, projects.create(session))


def get_project(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.project(session.domain, access.project(session, session.params["identifier"]))


def list_projects(session: Session) -> dict[str, Any]:
    access.require_user(session)
    params = session.params
    user = session.find_user(params["userIdentifier"]) if params.get("userIdentifier") else None

    def wanted(project: Project) -> bool:
        member = "userIdentifier" not in params or (user is not None and user.id in project.members)
        return (
            member
            and ("groupIdentifier" not in params or params["groupIdentifier"] in project.members)
            and params.get("name") in {None, project.name}
            and params.get("projectCategory") in {None, project.category}
        )

    found = by_time(session, filter(wanted, session.domain.projects.values()), stamp_of)
    return listed(session, found, lambda project: render.project_summary(session.domain, project))


def update_project(session: Session) -> dict[str, Any]:
    return render.project(session.domain, projects.update(session))


def delete_project(session: Session) -> dict[str, Any]:
    projects.delete(session)
    return {}


def create_project_membership(session: Session) -> dict[str, Any]:
    projects.add_member(session)
    return {}


def delete_project_membership(session: Session) -> dict[str, Any]:
    projects.remove_member(session)
    return {}


def list_project_memberships(session: Session) -> dict[str, Any]:
    project = access.project(session, session.params["projectIdentifier"])
    access.require_read(session, [project.id])

    def name(member: tuple[str, str]) -> str:
        user = session.domain.users.get(member[0])
        return user.arn if user is not None else session.domain.groups[member[0]].role_arn

    members = sorted(project.members.items(), key=name, reverse=session.params.get("sortOrder") == "DESCENDING")
    return listed(
        session,
        members,
        lambda member: render.member(session.domain, *member),
        "members",
        lambda member: member[0],
    )


def create_user_profile(session: Session) -> dict[str, Any]:
    return render.user(session.domain, projects.create_profile(session))


def get_user_profile(session: Session) -> dict[str, Any]:
    access.require_user(session)
    identifier, name = session.params["userIdentifier"], session.params.get("sessionName")
    if name is not None:
        identifier = next(
            (
                user.arn
                for user in session.domain.users.values()
                if user.role_arn == identifier and user.arn.endswith(f"/{name}")
            ),
            identifier,
        )
    return render.user(session.domain, projects.profile(session, identifier))


def update_user_profile(session: Session) -> dict[str, Any]:
    return render.user(session.domain, projects.update_profile(session))


def search_user_profiles(session: Session) -> dict[str, Any]:
    access.require_user(session)
    kinds = {"DATAZONE_USER", "DATAZONE_IAM_USER"}
    text = (session.params.get("searchText") or "").lower()
    found = [
        user
        for user in sorted(session.domain.users.values(), key=lambda user: (user.arn, user.id))
        if session.params["userType"] in kinds and text in user.arn.lower() and user.status != "NOT_ASSIGNED"
    ]
    return listed(session, found, lambda user: render.user(session.domain, user))


def list_environment_blueprints(session: Session) -> dict[str, Any]:
    params = session.params
    # Every blueprint here is DataZone's own.
    found = [
        blueprint
        for blueprint in sorted(session.domain.blueprints.values(), key=lambda blueprint: blueprint.name)
        if params.get("managed") in {None, True} and params.get("name") in {None, blueprint.name}
    ]
    return listed(session, found, render.blueprint)


def get_environment_blueprint(session: Session) -> dict[str, Any]:
    return render.blueprint(environments.blueprint(session, session.params["identifier"]))


def put_environment_blueprint_configuration(session: Session) -> dict[str, Any]:
    return render.configuration(session.domain, environments.configure(session))


def get_environment_blueprint_configuration(session: Session) -> dict[str, Any]:
    found = environments.configuration(session, session.params["environmentBlueprintIdentifier"])
    return render.configuration(session.domain, found)


def list_environment_blueprint_configurations(session: Session) -> dict[str, Any]:
    account = session.call.caller.account
    found = [c for c in session.domain.blueprint_configurations.values() if c.account == account]
    return listed(session, found, lambda c: render.configuration(session.domain, c), key=lambda c: c.blueprint_id)


def delete_environment_blueprint_configuration(session: Session) -> dict[str, Any]:
    environments.unconfigure(session)
    return {}


def create_environment_profile(session: Session) -> dict[str, Any]:
    return render.profile(session.domain, environments.create_profile(session))


def get_environment_profile(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.profile(session.domain, environments.profile(session, session.params["identifier"]))


def list_environment_profiles(session: Session) -> dict[str, Any]:
    access.require_user(session)
    params = session.params

    def wanted(profile: EnvironmentProfile) -> bool:
        asked = {
            "awsAccountId": profile.account,
            "awsAccountRegion": profile.region,
            "name": profile.name,
            "environmentBlueprintIdentifier": profile.blueprint_id,
            "projectIdentifier": profile.project_id,
        }
        return all(params.get(name) in {None, value} for name, value in asked.items())

    found = by_time(session, filter(wanted, session.domain.profiles.values()), stamp_of)
    return listed(session, found, lambda profile: render.profile_summary(session.domain, profile))


def update_environment_profile(session: Session) -> dict[str, Any]:
    return render.profile(session.domain, environments.update_profile(session))


def delete_environment_profile(session: Session) -> dict[str, Any]:
    environments.delete_profile(session)
    return {}


def create_environment(session: Session) -> dict[str, Any]:
    params = session.params
    if session.domain.version == "V2" and not params.get("environmentProfileIdentifier"):
        return render.environment(session.domain, studio_environments.create(session))
    return render.environment(session.domain, environments.create(session))


def get_environment(session: Session) -> dict[str, Any]:
    found = environments.environment(session, session.params["identifier"])
    access.require_read(session, [found.project_id])
    return render.environment(session.domain, found)


def list_environments(session: Session) -> dict[str, Any]:
    params = session.params
    access.require_read(session, [access.project(session, params["projectIdentifier"]).id])

    def wanted(environment: Environment) -> bool:
        asked = {
            "awsAccountId": environment.account,
            "awsAccountRegion": environment.region,
            "name": environment.name,
            "status": environment.status,
            "environmentBlueprintIdentifier": environment.blueprint_id,
            "environmentProfileIdentifier": environment.profile_id,
            "projectIdentifier": environment.project_id,
            "provider": environments.PROVIDER,
        }
        return all(params.get(name) in {None, value} for name, value in asked.items())

    found = by_time(session, filter(wanted, session.domain.environments.values()), stamp_of)
    return listed(session, found, lambda environment: render.environment_summary(session.domain, environment))


def update_environment(session: Session) -> dict[str, Any]:
    return render.environment(session.domain, environments.update(session))


def delete_environment(session: Session) -> None:
    environments.delete(session)


def associate_environment_role(session: Session) -> dict[str, Any]:
    environments.associate_role(session)
    return {}


def disassociate_environment_role(session: Session) -> dict[str, Any]:
    environments.disassociate_role(session)
    return {}
