"""Subscription targets: where an environment receives grants, and for whom."""

from __future__ import annotations

from aws_emulator.datazone.exceptions import conflict, not_found
from aws_emulator.datazone.models import access, environments
from aws_emulator.datazone.models.entities import Environment
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.subscription_entities import SubscriptionTarget


def create(session: Session) -> SubscriptionTarget:
    """Make a target. The caller must be in the environment's account."""
    params = session.params
    where = _environment(session)
    name = params["name"]
    if any(t.environment_id == where.id and t.name == name for t in session.domain.targets.values()):
        # UNVERIFIED[dz-target-names]: that names of subscription targets are unique in an environment.
        raise conflict(f"Subscription target {name} already exists in environment {where.id}")
    made = SubscriptionTarget(
        id=session.ids.short(),
        environment_id=where.id,
        project_id=where.project_id,
        name=name,
        type=params["type"],
        principals=list(params["authorizedPrincipals"]),
        manage_access_role=params["manageAccessRole"],
        asset_types=list(params["applicableAssetTypes"]),
        config=list(params["subscriptionTargetConfig"]),
        provider=params.get("provider") or environments.PROVIDER,
        creation_mode=params.get("subscriptionGrantCreationMode"),
        stamp=session.stamp(),
    )
    session.domain.targets[made.id] = made
    return made


def target(session: Session, environment_id: str, identifier: str) -> SubscriptionTarget:
    """An existing target of an environment."""
    found = session.domain.targets.get(identifier)
    if found is None or found.environment_id != environment_id:
        raise not_found("Subscription target", identifier)
    return found


def update(session: Session) -> SubscriptionTarget:
    """Change a target; its type and environment stay. Grants that exist keep what they were given."""
    params = session.params
    where = _environment(session)
    found = target(session, where.id, params["identifier"])
    name = params.get("name", found.name)
    if any(t.environment_id == where.id and t.name == name and t is not found for t in session.domain.targets.values()):
        raise conflict(f"Subscription target {name} already exists in environment {where.id}")
    found.name = name
    found.principals = list(params.get("authorizedPrincipals") or found.principals)
    found.asset_types = list(params.get("applicableAssetTypes", found.asset_types))
    found.config = list(params.get("subscriptionTargetConfig", found.config))
    found.manage_access_role = params.get("manageAccessRole", found.manage_access_role)
    found.provider = params.get("provider", found.provider)
    found.creation_mode = params.get("subscriptionGrantCreationMode", found.creation_mode)
    found.stamp.touch(session.user, session.now)
    return found


def delete(session: Session) -> None:
    """Remove a target without grants."""
    where = _environment(session)
    found = target(session, where.id, session.params["identifier"])
    held = [g.id for g in session.domain.grants.values() if g.target_id == found.id and g.revoked_at is None]
    if held:
        raise conflict(f"Subscription target {found.id} has subscription grants: {', '.join(sorted(held))}")
    del session.domain.targets[found.id]


def _environment(session: Session) -> Environment:
    """The environment, for a caller of its own account who may build in its project."""
    where = environments.environment(session, session.params["environmentIdentifier"])
    access.require(session, where.project_id, access.BUILD)
    caller = session.call.caller
    if caller.account != where.account:
        raise access.refused(
            session, f"the caller's account {caller.account} is not the environment's account {where.account}"
        )
    return where
