"""Project profiles and account pools of V2 domains."""

from __future__ import annotations

from typing import Any

from aws_emulator.datazone.exceptions import conflict, not_found, validation
from aws_emulator.datazone.models import access, domains
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.studio_entities import AccountPool, ProjectProfile

_EXTRAS = ("projectResourceTags", "allowCustomProjectResourceTags", "projectResourceTagsDescription")


def create(session: Session) -> ProjectProfile:
    """Make a project profile."""
    params, domain = session.params, session.domain
    _require_v2(session)
    unit = domains.unit(session, params.get("domainUnitIdentifier") or domain.root_unit)
    if any(known.name == params["name"] for known in domain.project_profiles.values()):
        raise conflict(f"Project profile {params['name']} already exists")
    made = ProjectProfile(
        session.ids.short(),
        params["name"],
        unit.id,
        session.stamp(),
        params.get("status", "DISABLED"),
        params.get("description"),
        _configurations(session, params.get("environmentConfigurations") or []),
        {name: params[name] for name in _EXTRAS if name in params},
    )
    domain.project_profiles[made.id] = made
    return made


def profile(session: Session, identifier: str) -> ProjectProfile:
    """An existing project profile."""
    found = session.domain.project_profiles.get(identifier)
    if found is None:
        raise not_found("Project profile", identifier)
    return found


def update(session: Session) -> ProjectProfile:
    """Change a project profile; projects that exist stay as they are."""
    params = session.params
    _require_v2(session)
    found = profile(session, params["identifier"])
    found.name, found.status = params.get("name", found.name), params.get("status", found.status)
    found.description = params.get("description", found.description)
    if "environmentConfigurations" in params:
        found.configurations = _configurations(session, params["environmentConfigurations"])
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> None:
    """Remove a project profile that no project uses."""
    _require_v2(session)
    found = profile(session, session.params["identifier"])
    if any(project.profile_id == found.id for project in session.domain.projects.values()):
        raise validation(f"Project profile {found.id} is in use")
    del session.domain.project_profiles[found.id]


def create_pool(session: Session) -> AccountPool:
    """Make an account pool with a list of accounts."""
    params, domain = session.params, session.domain
    _require_v2(session)
    if "accounts" not in params["accountSource"]:
        raise validation("The emulator knows account pools with a list of accounts only")
    if any(known.name == params["name"] for known in domain.account_pools.values()):
        raise conflict(f"Account pool {params['name']} already exists")
    made = AccountPool(
        session.ids.short(),
        params["name"],
        params["accountSource"],
        session.stamp(),
        domain.root_unit,
        params.get("description"),
        params["resolutionStrategy"],
    )
    domain.account_pools[made.id] = made
    return made


def pool(session: Session, identifier: str) -> AccountPool:
    """An existing account pool."""
    found = session.domain.account_pools.get(identifier)
    if found is None:
        raise not_found("Account pool", identifier)
    return found


def delete_pool(session: Session) -> None:
    """Remove an account pool that no profile names."""
    _require_v2(session)
    found = pool(session, session.params["identifier"])
    if any(
        found.id in (entry.get("accountPools") or ())
        for known in session.domain.project_profiles.values()
        for entry in known.configurations
    ):
        raise validation(f"Account pool {found.id} is in use")
    del session.domain.account_pools[found.id]


def _require_v2(session: Session) -> None:
    access.require_administrator(session)
    if session.domain.version != "V2":
        raise validation("Project profiles and account pools belong to V2 domains")


def _configurations(session: Session, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for entry in given:
        if entry["environmentBlueprintId"] not in session.domain.blueprints:
            raise not_found("Environment blueprint", entry["environmentBlueprintId"])
        for identifier in entry.get("accountPools") or ():
            pool(session, identifier)
        made.append({"deploymentMode": "ON_CREATE", **entry, "id": entry.get("id") or session.ids.short()})
    if len({entry["name"] for entry in made}) != len(made):
        raise validation("The names of environment configurations must differ")
    return made
