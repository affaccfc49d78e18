"""aws:datazone/*: domain, project, environments, policy grants."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from emulator.pulumi_aws.model import Context, Function, PluginError, Prop, Registry, ResourceType, State
from emulator.pulumi_aws.types.common import (
    TAGS,
    changed,
    delete_quietly,
    own_tags,
    read_or_none,
    tag_changes,
    wait_for,
)


def _read(read: Any) -> State | None:
    """DataZone answers AccessDenied for some things that are gone; the real provider reads it as not found."""
    try:
        return read_or_none(read)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return None
        raise


# --- Domain ---
def _create_domain(context: Context, inputs: State) -> tuple[str, State]:
    datazone = context.client("datazone")
    arguments: dict[str, Any] = {"name": inputs["name"], "domainExecutionRole": inputs["domainExecutionRole"]}
    if inputs.get("description"):
        arguments["description"] = inputs["description"]
    tags = context.tags(inputs)
    if tags:
        arguments["tags"] = tags
    identifier = datazone.create_domain(**arguments)["id"]
    wait_for("the domain to be AVAILABLE", lambda: datazone.get_domain(identifier=identifier)["status"] == "AVAILABLE")
    return identifier, _live_domain(context, identifier, inputs)


def _live_domain(context: Context, identifier: str, last: State) -> State:
    found = context.client("datazone").get_domain(identifier=identifier)
    return {
        "name": found["name"],
        "description": found.get("description") or None,
        "domainExecutionRole": found["domainExecutionRole"],
        "arn": found["arn"],
        "portalUrl": found.get("portalUrl"),
        "rootDomainUnitId": found.get("rootDomainUnitId"),
        "skipDeletionCheck": last.get("skipDeletionCheck"),
        **own_tags(context, found.get("tags") or {}),
    }


def _update_domain(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    datazone = context.client("datazone")
    if changed(old, new, "name", "description", "domainExecutionRole"):
        datazone.update_domain(
            identifier=identifier,
            name=new["name"],
            description=new.get("description") or "",
            domainExecutionRole=new["domainExecutionRole"],
        )
    removed, added = tag_changes(context, old, new)
    if removed:
        datazone.untag_resource(resourceArn=last["arn"], tagKeys=removed)
    if added:
        datazone.tag_resource(resourceArn=last["arn"], tags=added)
    return _live_domain(context, identifier, new)


def _delete_domain(context: Context, identifier: str, state: State) -> None:
    skip = bool(state.get("skipDeletionCheck"))
    delete_quietly(lambda: context.client("datazone").delete_domain(identifier=identifier, skipDeletionCheck=skip))
    wait_for("the domain to be deleted", lambda: _read(lambda: _alive_domain(context, identifier)) is None)


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
    return identifier, _live_project(context, identifier, inputs)


def _live_project(context: Context, identifier: str, last: State) -> State:
    found = context.client("datazone").get_project(domainIdentifier=last["domainIdentifier"], identifier=identifier)
    return {
        "domainIdentifier": found["domainId"],
        "name": found["name"],
        "description": found.get("description") or None,
        "createdBy": found["createdBy"],
        "skipDeletionCheck": last.get("skipDeletionCheck"),
    }


def _update_project(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    context.client("datazone").update_project(
        domainIdentifier=new["domainIdentifier"],
        identifier=identifier,
        name=new["name"],
        description=new.get("description") or "",
    )
    return _live_project(context, identifier, new)


def _delete_project(context: Context, identifier: str, state: State) -> None:
    delete_quietly(
        lambda: context.client("datazone").delete_project(
            domainIdentifier=state["domainIdentifier"],
            identifier=identifier,
            skipDeletionCheck=bool(state.get("skipDeletionCheck")),
        )
    )


# --- EnvironmentBlueprintConfiguration ---
def _put_blueprint(context: Context, inputs: State) -> State:
    arguments: dict[str, Any] = {
        "domainIdentifier": inputs["domainId"],
        "environmentBlueprintIdentifier": inputs["environmentBlueprintId"],
        "enabledRegions": inputs["enabledRegions"],
    }
    if inputs.get("provisioningRoleArn"):
        arguments["provisioningRoleArn"] = inputs["provisioningRoleArn"]
    if inputs.get("manageAccessRoleArn"):
        arguments["manageAccessRoleArn"] = inputs["manageAccessRoleArn"]
    context.client("datazone").put_environment_blueprint_configuration(**arguments)
    return {key: value for key, value in inputs.items() if not key.startswith("__")}


def _live_blueprint(context: Context, identifier: str) -> State:
    domain, blueprint = identifier.split("/", 1)
    found = context.client("datazone").get_environment_blueprint_configuration(
        domainIdentifier=domain, environmentBlueprintIdentifier=blueprint
    )
    return {
        "domainId": domain,
        "environmentBlueprintId": blueprint,
        "enabledRegions": found.get("enabledRegions") or [],
        "provisioningRoleArn": found.get("provisioningRoleArn"),
        "manageAccessRoleArn": found.get("manageAccessRoleArn"),
    }


def _delete_blueprint(context: Context, identifier: str, state: State) -> None:
    domain, blueprint = identifier.split("/", 1)
    delete_quietly(
        lambda: context.client("datazone").delete_environment_blueprint_configuration(
            domainIdentifier=domain, environmentBlueprintIdentifier=blueprint
        )
    )


# --- EnvironmentProfile ---
def _create_profile(context: Context, inputs: State) -> tuple[str, State]:
    arguments = {
        "domainIdentifier": inputs["domainIdentifier"],
        "name": inputs["name"],
        "description": inputs.get("description") or "",
        "environmentBlueprintIdentifier": inputs["environmentBlueprintIdentifier"],
        "projectIdentifier": inputs["projectIdentifier"],
        "awsAccountRegion": inputs["awsAccountRegion"],
    }
    if inputs.get("awsAccountId"):
        arguments["awsAccountId"] = inputs["awsAccountId"]
    identifier = context.client("datazone").create_environment_profile(**arguments)["id"]
    return identifier, _live_profile(context, identifier, inputs)


def _live_profile(context: Context, identifier: str, last: State) -> State:
    found = context.client("datazone").get_environment_profile(
        domainIdentifier=last["domainIdentifier"], identifier=identifier
    )
    return {
        "domainIdentifier": found["domainId"],
        "name": found["name"],
        "description": found.get("description") or None,
        "awsAccountId": found.get("awsAccountId"),
        "awsAccountRegion": found.get("awsAccountRegion"),
        "environmentBlueprintIdentifier": found["environmentBlueprintId"],
        "projectIdentifier": found.get("projectId"),
    }


def _update_profile(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    arguments = {
        "domainIdentifier": new["domainIdentifier"],
        "identifier": identifier,
        "name": new["name"],
        "description": new.get("description") or "",
        "awsAccountRegion": new["awsAccountRegion"],
    }
    if new.get("awsAccountId"):
        arguments["awsAccountId"] = new["awsAccountId"]
    context.client("datazone").update_environment_profile(**arguments)
    return _live_profile(context, identifier, new)


def _delete_profile(context: Context, identifier: str, state: State) -> None:
    delete_quietly(
        lambda: context.client("datazone").delete_environment_profile(
            domainIdentifier=state["domainIdentifier"], identifier=identifier
        )
    )


# --- Environment ---
def _create_environment(context: Context, inputs: State) -> tuple[str, State]:
    datazone = context.client("datazone")
    domain = inputs["domainIdentifier"]
    arguments: dict[str, Any] = {
        "domainIdentifier": domain,
        "name": inputs["name"],
        "projectIdentifier": inputs["projectIdentifier"],
        "environmentProfileIdentifier": inputs["profileIdentifier"],
    }
    if inputs.get("description"):
        arguments["description"] = inputs["description"]
    if inputs.get("accountIdentifier"):
        arguments["environmentAccountIdentifier"] = inputs["accountIdentifier"]
    if inputs.get("accountRegion"):
        arguments["environmentAccountRegion"] = inputs["accountRegion"]
    identifier = datazone.create_environment(**arguments)["id"]
    wait_for(f"environment {identifier} to be ACTIVE", lambda: _environment_ready(context, domain, identifier))
    return identifier, _live_environment(context, identifier, inputs)


def _environment_ready(context: Context, domain: str, identifier: str) -> bool:
    status = context.client("datazone").get_environment(domainIdentifier=domain, identifier=identifier)["status"]
    if status in {"CREATE_FAILED", "VALIDATION_FAILED"}:
        raise PluginError(f"environment {identifier} is {status}")
    return bool(status == "ACTIVE")


def _live_environment(context: Context, identifier: str, last: State) -> State:
    found = context.client("datazone").get_environment(domainIdentifier=last["domainIdentifier"], identifier=identifier)
    return {
        "domainIdentifier": found["domainId"],
        "name": found["name"],
        "description": found.get("description") or None,
        "projectIdentifier": found["projectId"],
        "profileIdentifier": found.get("environmentProfileId"),
        "accountIdentifier": found.get("awsAccountId"),
        "accountRegion": found.get("awsAccountRegion"),
        "blueprintIdentifier": found.get("environmentBlueprintId"),
        "providerEnvironment": found.get("provider"),
    }


def _update_environment(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    context.client("datazone").update_environment(
        domainIdentifier=new["domainIdentifier"],
        identifier=identifier,
        name=new["name"],
        description=new.get("description") or "",
    )
    return _live_environment(context, identifier, new)


def _delete_environment(context: Context, identifier: str, state: State) -> None:
    domain = state["domainIdentifier"]
    delete_quietly(
        lambda: context.client("datazone").delete_environment(domainIdentifier=domain, identifier=identifier)
    )
    wait_for(
        f"environment {identifier} to be deleted",
        lambda: _read(lambda: _alive_environment(context, domain, identifier)) is None,
    )


def _alive_environment(context: Context, domain: str, identifier: str) -> State | None:
    found = context.client("datazone").get_environment(domainIdentifier=domain, identifier=identifier)
    if found["status"] == "DELETE_FAILED":
        raise PluginError(f"environment {identifier} could not be deleted")
    return None if found["status"] == "DELETED" else {"status": found["status"]}


# --- PolicyGrant ---
def _add_grant(context: Context, inputs: State) -> tuple[str, State]:
    answer = context.client("datazone").add_policy_grant(
        domainIdentifier=inputs["domainIdentifier"],
        entityType=inputs["entityType"],
        entityIdentifier=inputs["entityIdentifier"],
        policyType=inputs["policyType"],
        principal=_principal(inputs["principal"]),
        detail=_detail(inputs.get("detail") or {}),
    )
    parts = [inputs[key] for key in ("domainIdentifier", "entityType", "entityIdentifier", "policyType")]
    return ",".join([*parts, answer.get("grantId") or json.dumps(inputs["principal"], sort_keys=True)]), dict(inputs)


def _principal(given: dict[str, Any]) -> dict[str, Any]:
    project = dict(given["project"])
    out: dict[str, Any] = {"projectDesignation": project.get("projectDesignation", "OWNER")}
    if project.get("projectIdentifier"):
        out["projectIdentifier"] = project["projectIdentifier"]
    grant_filter = project.get("projectGrantFilter")
    if grant_filter:
        unit = dict(grant_filter["domainUnitFilter"])
        out["projectGrantFilter"] = {
            "domainUnitFilter": {
                "domainUnit": unit["domainUnit"],
                "includeChildDomainUnits": bool(unit.get("includeChildDomainUnits", False)),
            }
        }
    return {"project": out}


def _detail(given: dict[str, Any]) -> dict[str, Any]:
    use = given.get("useAssetType") or {}
    return {"useAssetType": {"domainUnitId": use["domainUnitId"]} if use.get("domainUnitId") else {}}


def _read_grant(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        pages = (
            context.client("datazone")
            .get_paginator("list_policy_grants")
            .paginate(
                domainIdentifier=state["domainIdentifier"],
                entityType=state["entityType"],
                entityIdentifier=state["entityIdentifier"],
                policyType=state["policyType"],
            )
        )
        wanted = _principal(state["principal"])
        if any(item["principal"] == wanted for page in pages for item in page["grantList"]):
            return dict(state)
        return None

    return _read(read)


def _remove_grant(context: Context, identifier: str, state: State) -> None:
    delete_quietly(
        lambda: context.client("datazone").remove_policy_grant(
            domainIdentifier=state["domainIdentifier"],
            entityType=state["entityType"],
            entityIdentifier=state["entityIdentifier"],
            policyType=state["policyType"],
            principal=_principal(state["principal"]),
        )
    )


# --- invoke ---
def _find_blueprint(context: Context, arguments: State) -> State:
    pages = (
        context.client("datazone")
        .get_paginator("list_environment_blueprints")
        .paginate(domainIdentifier=arguments["domainId"], managed=bool(arguments["managed"]))
    )
    for page in pages:
        for item in page["items"]:
            if item["name"] == arguments["name"]:
                return {
                    **arguments,
                    "id": item["id"],
                    "description": item.get("description") or "",
                    "blueprintProvider": item["provider"],
                }
    raise PluginError(f"the domain {arguments['domainId']} has no blueprint named {arguments['name']}")


def register(registry: Registry) -> None:
    """Add the types of this module."""
    fixed = Prop(required=True, replace=True)
    project_members = {
        "projectDesignation": Prop(),
        "projectIdentifier": Prop(),
        "projectGrantFilter": Prop(
            "object",
            members={
                "domainUnitFilter": Prop(
                    "object",
                    members={"domainUnit": Prop(required=True), "includeChildDomainUnits": Prop("bool", default=False)},
                )
            },
        ),
    }
    registry.add(
        ResourceType(
            "aws:datazone/domain:Domain",
            {
                "name": Prop(required=True),
                "description": Prop(),
                "domainExecutionRole": Prop(required=True),
                "skipDeletionCheck": Prop("bool"),
                **TAGS,
            },
            create=_create_domain,
            read=lambda context, identifier, state: _read(lambda: _live_domain(context, identifier, state)),
            update=_update_domain,
            delete=_delete_domain,
        ),
        ResourceType(
            "aws:datazone/project:Project",
            {
                "domainIdentifier": fixed,
                "name": Prop(required=True),
                "description": Prop(),
                "skipDeletionCheck": Prop("bool"),
            },
            create=_create_project,
            read=lambda context, identifier, state: _read(lambda: _live_project(context, identifier, state)),
            update=_update_project,
            delete=_delete_project,
        ),
        ResourceType(
            "aws:datazone/environmentBlueprintConfiguration:EnvironmentBlueprintConfiguration",
            {
                "domainId": fixed,
                "environmentBlueprintId": fixed,
                "enabledRegions": Prop("list", required=True, unordered=True),
                "provisioningRoleArn": Prop(),
                "manageAccessRoleArn": Prop(),
            },
            create=lambda context, inputs: (
                f"{inputs['domainId']}/{inputs['environmentBlueprintId']}",
                _put_blueprint(context, inputs),
            ),
            read=lambda context, identifier, state: _read(lambda: _live_blueprint(context, identifier)),
            update=lambda context, identifier, old, new, last: _put_blueprint(context, new),
            delete=_delete_blueprint,
        ),
        ResourceType(
            "aws:datazone/environmentProfile:EnvironmentProfile",
            {
                "domainIdentifier": fixed,
                "name": Prop(required=True),
                "description": Prop(),
                "awsAccountId": Prop(computed=True),
                "awsAccountRegion": Prop(required=True),
                "environmentBlueprintIdentifier": fixed,
                "projectIdentifier": fixed,
            },
            create=_create_profile,
            read=lambda context, identifier, state: _read(lambda: _live_profile(context, identifier, state)),
            update=_update_profile,
            delete=_delete_profile,
        ),
        ResourceType(
            "aws:datazone/environment:Environment",
            {
                "domainIdentifier": fixed,
                "name": Prop(required=True),
                "description": Prop(),
                "profileIdentifier": fixed,
                "projectIdentifier": fixed,
                "accountIdentifier": Prop(replace=True, computed=True),
                "accountRegion": Prop(replace=True, computed=True),
            },
            create=_create_environment,
            read=lambda context, identifier, state: _read(lambda: _live_environment(context, identifier, state)),
            update=_update_environment,
            delete=_delete_environment,
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
                    replace=True,
                    members={"useAssetType": Prop("object", members={"domainUnitId": Prop()})},
                ),
            },
            create=_add_grant,
            read=_read_grant,
            delete=_remove_grant,
        ),
    )
    registry.add_function(
        Function(
            "aws:datazone/getEnvironmentBlueprint:getEnvironmentBlueprint",
            {"domainId": Prop(required=True), "name": Prop(required=True), "managed": Prop("bool", required=True)},
            _find_blueprint,
        )
    )
