"""Domains, domain units, tags, policy grants, rules."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.datazone.models import access, domains, policies, rules
from aws_emulator.datazone.models.backend import Backend
from aws_emulator.datazone.models.base import Page, compact, moment
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.render import access as render
from aws_emulator.datazone.responses.common import listed


def create_domain(backend: Backend, call: ApiCall) -> dict[str, Any]:
    return render.domain(domains.create(backend, call))


def list_domains(backend: Backend, call: ApiCall) -> dict[str, Any]:
    status = call.params.get("status")
    found = [d for d in domains.visible(backend, call) if status in {None, d.status}]
    page, token = Page(call.operation, call.params).cut(found, lambda domain: domain.id)
    return {"items": [render.domain_summary(domain) for domain in page]} | compact(nextToken=token)


def get_domain(session: Session) -> dict[str, Any]:
    shown = render.domain(session.domain) | render.domain_times(session.domain)
    # UNVERIFIED[dz-v2-execution-role]: the model requires it in this answer, also of a domain without one; here it is
    # the service role then.
    shown.setdefault("domainExecutionRole", session.domain.service_role)
    return shown


def update_domain(session: Session) -> dict[str, Any]:
    found = domains.update(session)
    shown = render.domain(found)
    names = ["id", "rootDomainUnitId", "description", "singleSignOn", "domainExecutionRole", "serviceRole", "name"]
    return {name: shown[name] for name in names if name in shown} | {"lastUpdatedAt": moment(found.stamp.updated_at)}


def delete_domain(session: Session) -> dict[str, Any]:
    domains.delete(session)
    return {"status": "DELETED"}


def tag_resource(backend: Backend, call: ApiCall) -> dict[str, Any]:
    domains.tag(domains.tagged(backend, call), call.params["tags"])
    return {}


def untag_resource(backend: Backend, call: ApiCall) -> dict[str, Any]:
    found = domains.tagged(backend, call)
    for key in call.params["tagKeys"]:
        found.tags.pop(key, None)
    return {}


def list_tags_for_resource(backend: Backend, call: ApiCall) -> dict[str, Any]:
    return {"tags": dict(domains.tagged(backend, call).tags)}


def create_domain_unit(session: Session) -> dict[str, Any]:
    made = domains.create_unit(session)
    return render.unit(session.domain, made) | {"ancestorDomainUnitIds": domains.ancestors(session.domain, made.id)}


def get_domain_unit(session: Session) -> dict[str, Any]:
    found = domains.unit(session, session.params["identifier"])
    return render.unit(session.domain, found) | render.unit_updates(found)


def update_domain_unit(session: Session) -> dict[str, Any]:
    found = domains.update_unit(session)
    return render.unit(session.domain, found) | render.unit_updates(found)


def delete_domain_unit(session: Session) -> dict[str, Any]:
    domains.delete_unit(session)
    return {}


def list_domain_units_for_parent(session: Session) -> dict[str, Any]:
    found = domains.children(session, session.params["parentDomainUnitIdentifier"])
    return listed(session, found, lambda unit: {"id": unit.id, "name": unit.name})


def add_entity_owner(session: Session) -> dict[str, Any]:
    domains.change_owner(session, add=True)
    return {}


def remove_entity_owner(session: Session) -> dict[str, Any]:
    domains.change_owner(session, add=False)
    return {}


def list_entity_owners(session: Session) -> dict[str, Any]:
    found = domains.unit(session, session.params["entityIdentifier"])
    return listed(session, found.owners, lambda owner: {"user": {"userId": owner}}, "owners", str)


def add_policy_grant(session: Session) -> dict[str, Any]:
    return {"grantId": policies.add(session).id}


def remove_policy_grant(session: Session) -> dict[str, Any]:
    policies.remove(session)
    return {}


def list_policy_grants(session: Session) -> dict[str, Any]:
    access.require_user(session)
    params = session.params
    found = policies.of(session, params["entityType"], params["entityIdentifier"], params["policyType"])
    return listed(
        session,
        found,
        lambda grant: {
            "principal": grant.principal,
            "detail": grant.detail,
            "createdAt": moment(grant.created_at),
            "createdBy": grant.created_by,
            "grantId": grant.id,
        },
        "grantList",
    )


def create_rule(session: Session) -> dict[str, Any]:
    return render.rule_created(rules.create(session))


def get_rule(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return render.rule_updated(rules.rule(session, session.params["identifier"])) | {"targetType": "DOMAIN_UNIT"}


def list_rules(session: Session) -> dict[str, Any]:
    access.require_user(session)
    return listed(session, rules.listed(session), render.rule_summary)


def update_rule(session: Session) -> dict[str, Any]:
    return render.rule_updated(rules.update(session))


def delete_rule(session: Session) -> dict[str, Any]:
    rules.delete(session)
    return {}
