"""Groups of role sessions, designations, project profiles, account pools: V2 domains."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.models import access, designations, groups, project_profiles, studio_environments
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.render import studio as render
from aws_emulator.datazone.responses.common import listed


def create_group_profile(session: Session) -> dict[str, Any]:
    return render.group(session.domain, groups.create(session))


def get_group_profile(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.group(session.domain, groups.group(session, session.params["groupIdentifier"]))


def update_group_profile(session: Session) -> dict[str, Any]:
    return render.group(session.domain, groups.update(session))


def search_group_profiles(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return listed(session, groups.search(session), lambda found: render.group(session.domain, found))


def create_designation(session: Session) -> dict[str, Any]:
    return render.designation(session.domain, designations.create(session))


def get_designation(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.designation(session.domain, designations.designation(session, session.params["identifier"]))


def update_designation(session: Session) -> dict[str, Any]:
    return render.designation(session.domain, designations.update(session))


def delete_designation(session: Session) -> dict[str, Any]:
    designations.delete(session)
    return {}


def list_designations(session: Session) -> dict[str, Any]:
    access.require_user(session)
    found = sorted(session.domain.designations.values(), key=lambda known: (known.name, known.id))
    return listed(session, found, lambda known: render.designation_summary(session.domain, known))


def create_project_profile(session: Session) -> dict[str, Any]:
    return render.profile(session.domain, project_profiles.create(session))


def get_project_profile(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.profile(session.domain, project_profiles.profile(session, session.params["identifier"]))


def update_project_profile(session: Session) -> dict[str, Any]:
    return render.profile(session.domain, project_profiles.update(session))


def delete_project_profile(session: Session) -> dict[str, Any]:
    project_profiles.delete(session)
    return {}


def list_project_profiles(session: Session) -> dict[str, Any]:
    access.require_user(session)
    wanted = session.params.get("name")
    found = sorted(
        (known for known in session.domain.project_profiles.values() if wanted in {None, known.name}),
        key=lambda known: (known.name, known.id),
    )
    return listed(session, found, lambda known: render.profile_summary(session.domain, known))


def create_account_pool(session: Session) -> dict[str, Any]:
    return render.pool(session.domain, project_profiles.create_pool(session))


def get_account_pool(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.pool(session.domain, project_profiles.pool(session, session.params["identifier"]))


def delete_account_pool(session: Session) -> dict[str, Any]:
    project_profiles.delete_pool(session)
    return {}


def list_account_pools(session: Session) -> dict[str, Any]:
    access.require_user(session)
    found = sorted(session.domain.account_pools.values(), key=lambda known: (known.name, known.id))
    return listed(session, found, lambda known: render.pool_summary(session.domain, known))


def list_accounts_in_account_pool(session: Session) -> dict[str, Any]:
    access.require_user(session)
    found = project_profiles.pool(session, session.params["identifier"])
    accounts: list[dict[str, Any]] = found.source["accounts"]
    return listed(session, accounts, dict, key=lambda account: str(account["awsAccountId"]))


def get_environment_credentials(session: Session) -> dict[str, Any]:
    return studio_environments.credentials(session)
