"""aws:datazone/*: domain, project, policy grants."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Function, PluginError, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    changed,
    split_id,
    tag_changes,
    wait_for,
)
from aws_emulator.pulumi_aws.types.datazone_common import delete_datazone, read_datazone, refuse_changes

_AT_CREATION = ("domainVersion", "kmsKeyIdentifier", "serviceRole", "singleSignOn")
"""What a domain may be given besides its name; only the last two can be changed."""


# --- Domain ---
def _find_domain(context: Context, arguments: State) -> State:
    datazone = context.client("datazone")
    found = datazone.get_domain(identifier=arguments["id"])
    return {
        "id": found["id"],
        "arn": found["arn"],
        "name": found["name"],
        "description": found.get("description", ""),
        "domainVersion": found["domainVersion"],
        "portalUrl": found.get("portalUrl", ""),
        "rootDomainUnitId": found.get("rootDomainUnitId", ""),
        "status": found["status"],
        "region": context.region,
    }


def _create_domain(context: Context, inputs: State) -> tuple[str, State]:
    datazone = context.client("datazone")
    arguments: dict[str, Any] = {"name": inputs["name"], "domainExecutionRole": inputs["domainExecutionRole"]}
    if inputs.get("description"):
        arguments["description"] = inputs["description"]
    arguments |= {name: inputs[name] for name in _AT_CREATION if inputs.get(name)}
    tags = context.tags(inputs)
    if tags:
        arguments["tags"] = tags
    identifier = datazone.create_domain(**arguments)["id"]
    with after_creation(identifier):
        wait_for("the domain to be AVAILABLE", lambda: _domain_ready(context, identifier))
        return identifier, _live_domain(context, identifier)


def _domain_ready(context: Context, identifier: str) -> bool:
    status = context.client("datazone").get_domain(identifier=identifier)["status"]
    if status == "CREATION_FAILED":
        raise PluginError(f"domain {identifier} is {status}")
    return bool(status == "AVAILABLE")


def _live_domain(context: Context, identifier: str) -> State:
    found = context.client("datazone").get_domain(identifier=identifier)
    return {
        "name": found["name"],
        "description": found.get("description") or None,
        "domainExecutionRole": found["domainExecutionRole"],
        **{name: found.get(name) for name in _AT_CREATION},
        "arn": found["arn"],
        "portalUrl": found.get("portalUrl"),
        "rootDomainUnitId": found.get("rootDomainUnitId"),
        **all_tags(found.get("tags") or {}),
    }


def _read_domain(context: Context, identifier: str, state: State) -> State | None:
    return read_datazone(lambda: _live_domain(context, identifier)) if _alive(context, identifier) else None


def _alive(context: Context, identifier: str) -> bool:
    """Whether the domain is there and not about to go."""
    found = read_datazone(lambda: _alive_domain(context, identifier))
    return found is not None and found["status"] != "DELETING"


def _update_domain(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    datazone = context.client("datazone")
    if changed(old, new, "name", "description", "domainExecutionRole", "serviceRole", "singleSignOn"):
        more = {name: new[name] for name in ("serviceRole", "singleSignOn") if new.get(name)}
        datazone.update_domain(
            identifier=identifier,
            name=new["name"],
            description=new.get("description") or "",
            domainExecutionRole=new["domainExecutionRole"],
            **more,
        )
    removed, added = tag_changes(context, old, new)
    if removed:
        datazone.untag_resource(resourceArn=last["arn"], tagKeys=removed)
    if added:
        datazone.tag_resource(resourceArn=last["arn"], tags=added)
    return _live_domain(context, identifier)


def _delete_domain(context: Context, identifier: str, state: State) -> None:
    skip = bool(state.get("skipDeletionCheck"))
    delete_datazone(lambda: context.client("datazone").delete_domain(identifier=identifier, skipDeletionCheck=skip))
    wait_for("the domain to be deleted", lambda: read_datazone(lambda: _alive_domain(context, identifier)) is None)


def _alive_domain(context: Context, identifier: str) -> State | None:
    found = context.client("datazone").get_domain(identifier=identifier)
    return None if found["status"] == "DELETED" else {"status": found["status"]}


# --- Project ---
def _create_project(context: Context, inputs: State) -> tuple[str, State]:
    arguments = {"domainIdentifier": inputs["domainIdentifier"], "name": inputs["name"]}
    if inputs.get("description"):
        arguments["description"] = inputs["description"]
    identifier = context.client("datazone").create_project(**arguments)["id"]
    # The real provider's resource id is the project's id alone; its import id carries the domain.
    with after_creation(identifier, domainIdentifier=inputs["domainIdentifier"]):
        return identifier, _live_project(context, identifier, inputs)


def _live_project(context: Context, identifier: str, last: State) -> State:
    found = context.client("datazone").get_project(domainIdentifier=last["domainIdentifier"], identifier=identifier)
    return {
        "domainIdentifier": found["domainId"],
        "name": found["name"],
        "description": found.get("description") or None,
        "createdBy": found["createdBy"],
    }


def _update_project(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    refuse_changes(old, new, "domainIdentifier")
    context.client("datazone").update_project(
        domainIdentifier=new["domainIdentifier"],
        identifier=identifier,
        name=new["name"],
        description=new.get("description") or "",
    )
    return _live_project(context, identifier, new)


def _delete_project(context: Context, identifier: str, state: State) -> None:
    delete_datazone(
        lambda: context.client("datazone").delete_project(
            domainIdentifier=state["domainIdentifier"],
            identifier=identifier,
            skipDeletionCheck=bool(state.get("skipDeletionCheck")),
        )
    )


# --- PolicyGrant ---
_GRANT = ("domainIdentifier", "entityType", "entityIdentifier", "policyType")


def _add_grant(context: Context, inputs: State) -> tuple[str, State]:
    answer = context.client("datazone").add_policy_grant(
        **{name: inputs[name] for name in _GRANT},
        principal=_principal(inputs["principal"]),
        detail=_detail(inputs["detail"]),
    )
    identifier = ",".join([*(inputs[name] for name in _GRANT), answer["grantId"]])
    with after_creation(identifier):
        return identifier, _read_grant(context, identifier, {}) or {}


def _principal(given: dict[str, Any]) -> dict[str, Any]:
    project = dict(given["project"])
    out: dict[str, Any] = {"projectDesignation": project["projectDesignation"]}
    unit = project.get("domainUnitFilter")
    if unit:
        out["projectGrantFilter"] = {
            "domainUnitFilter": {
                "domainUnit": unit["domainUnit"],
                "includeChildDomainUnits": bool(unit.get("includeChildDomainUnits", False)),
            }
        }
    return {"project": out}


def _principal_state(found: dict[str, Any]) -> State:
    project = dict(found.get("project") or {})
    unit = (project.pop("projectGrantFilter", None) or {}).get("domainUnitFilter")
    return {"project": {**project, "domainUnitFilter": unit} if unit else project}


def _detail(given: dict[str, Any]) -> dict[str, Any]:
    use = given.get("useAssetType") or {}
    return {"useAssetType": {"domainUnitId": use["domainUnitId"]} if use.get("domainUnitId") else {}}


def _read_grant(context: Context, identifier: str, state: State) -> State | None:
    *names, grant_id = split_id(identifier, ",", "DOMAIN,ENTITY_TYPE,ENTITY,POLICY_TYPE,GRANT_ID")
    arguments = dict(zip(_GRANT, names, strict=True))

    def read() -> State | None:
        pages = context.client("datazone").get_paginator("list_policy_grants").paginate(**arguments)
        for item in (item for page in pages for item in page["grantList"]):
            if item.get("grantId") == grant_id:
                principal, detail = _principal_state(item["principal"]), dict(item.get("detail") or {})
                return {**arguments, "grantId": grant_id, "principal": principal, "detail": detail}
        return None

    return read_datazone(read)


def _remove_grant(context: Context, identifier: str, state: State) -> None:
    *names, grant_id = identifier.split(",")
    delete_datazone(
        lambda: context.client("datazone").remove_policy_grant(
            **dict(zip(_GRANT, names, strict=True)),
            grantIdentifier=grant_id,
            principal=_principal(state["principal"]),
        )
    )


# --- import ids, as the real provider documents them ---
def _imported_project(context: Context, identifier: str) -> tuple[str, State]:
    domain, project = split_id(identifier, ":", "DOMAIN:PROJECT")
    return project, {"domainIdentifier": domain}


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add_function(
        Function("aws:datazone/getDomain:getDomain", {"id": Prop(required=True), "region": Prop()}, _find_domain)
    )
    fixed = Prop(required=True, replace=True)
    project_members = {
        "projectDesignation": Prop(required=True),
        "domainUnitFilter": Prop(
            "object",
            members={"domainUnit": Prop(required=True), "includeChildDomainUnits": Prop("bool", default=False)},
        ),
    }
    registry.add(
        ResourceType(
            "aws:datazone/domain:Domain",
            {
                "name": Prop(),
                "description": Prop(),
                "domainExecutionRole": Prop(required=True),
                "skipDeletionCheck": Prop("bool", local=True),
                "domainVersion": Prop(computed=True, replace=True),
                "kmsKeyIdentifier": Prop(replace=True),
                "serviceRole": Prop(computed=True),
                "singleSignOn": Prop("object", computed=True, members={"type": Prop(), "userAssignment": Prop()}),
                **TAGS,
            },
            create=_create_domain,
            read=_read_domain,
            update=_update_domain,
            delete=_delete_domain,
            autoname=Autoname("name", 64),
            named_twice=True,
        ),
        ResourceType(
            "aws:datazone/project:Project",
            {
                "domainIdentifier": Prop(required=True),
                "name": Prop(),
                "description": Prop(),
                "skipDeletionCheck": Prop("bool", local=True),
            },
            create=_create_project,
            read=lambda context, identifier, state: read_datazone(lambda: _live_project(context, identifier, state)),
            update=_update_project,
            delete=_delete_project,
            autoname=Autoname("name", 64),
            named_twice=True,
            imported=_imported_project,
        ),
        ResourceType(
            "aws:datazone/policyGrant:PolicyGrant",
            {
                "domainIdentifier": fixed,
                "entityType": fixed,
                "entityIdentifier": fixed,
                "policyType": fixed,
                "principal": Prop(
                    "object", required=True, replace=True, members={"project": Prop("object", members=project_members)}
                ),
                "detail": Prop(
                    "object",
                    required=True,
                    replace=True,
                    members={"useAssetType": Prop("object", members={"domainUnitId": Prop()})},
                ),
            },
            create=_add_grant,
            read=_read_grant,
            delete=_remove_grant,
        ),
    )
