"""aws:datazone/*: blueprint configurations, environment profiles and environments."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Function, PluginError, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import after_creation, split_id, wait_for
from aws_emulator.pulumi_aws.types.datazone_common import delete_datazone, read_datazone, refuse_changes


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
    return _live_blueprint(context, f"{inputs['domainId']}/{inputs['environmentBlueprintId']}")


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
    delete_datazone(
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
    with after_creation(identifier, domainIdentifier=inputs["domainIdentifier"]):
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
    refuse_changes(old, new, "domainIdentifier", "projectIdentifier")
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
    delete_datazone(
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
    with after_creation(identifier, domainIdentifier=domain):
        wait_for(f"environment {identifier} to be ACTIVE", lambda: _environment_ready(context, domain, identifier))
        return identifier, _live_environment(context, identifier, inputs)


def _environment_ready(context: Context, domain: str, identifier: str) -> bool:
    found = context.client("datazone").get_environment(domainIdentifier=domain, identifier=identifier)
    status = found["status"]
    if status in {"CREATE_FAILED", "VALIDATION_FAILED"}:
        reason = (found.get("lastDeployment") or {}).get("failureReason") or {}
        raise PluginError(f"environment {identifier} is {status}: {reason.get('message', 'no reason given')}")
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
    refuse_changes(old, new, "domainIdentifier", "profileIdentifier")
    # An environment whose creation failed comes here with nothing to change: it still is not what was asked for.
    _environment_ready(context, new["domainIdentifier"], identifier)
    context.client("datazone").update_environment(
        domainIdentifier=new["domainIdentifier"],
        identifier=identifier,
        name=new["name"],
        description=new.get("description") or "",
    )
    return _live_environment(context, identifier, new)


def _delete_environment(context: Context, identifier: str, state: State) -> None:
    domain = state["domainIdentifier"]
    delete_datazone(
        lambda: context.client("datazone").delete_environment(domainIdentifier=domain, identifier=identifier)
    )
    wait_for(
        f"environment {identifier} to be deleted",
        lambda: read_datazone(lambda: _alive_environment(context, domain, identifier)) is None,
    )


def _alive_environment(context: Context, domain: str, identifier: str) -> State | None:
    found = context.client("datazone").get_environment(domainIdentifier=domain, identifier=identifier)
    if found["status"] == "DELETE_FAILED":
        raise PluginError(f"environment {identifier} could not be deleted")
    return None if found["status"] == "DELETED" else {"status": found["status"]}


# --- import ids, as the real provider documents them ---
def _imported_environment(context: Context, identifier: str) -> tuple[str, State]:
    domain, environment = split_id(identifier, ",", "DOMAIN,ENVIRONMENT")
    return environment, {"domainIdentifier": domain}


def _imported_profile(context: Context, identifier: str) -> tuple[str, State]:
    domain, profile, _, _ = split_id(identifier, ",", "DOMAIN,PROFILE,BLUEPRINT,PROJECT")
    return profile, {"domainIdentifier": domain}


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
    registry.add(
        ResourceType(
            "aws:datazone/environmentBlueprintConfiguration:EnvironmentBlueprintConfiguration",
            {
                "domainId": fixed,
                "environmentBlueprintId": fixed,
                "enabledRegions": Prop("list", required=True),
                "provisioningRoleArn": Prop(),
                "manageAccessRoleArn": Prop(),
            },
            create=lambda context, inputs: (
                f"{inputs['domainId']}/{inputs['environmentBlueprintId']}",
                _put_blueprint(context, inputs),
            ),
            read=lambda context, identifier, state: read_datazone(lambda: _live_blueprint(context, identifier)),
            update=lambda context, identifier, old, new, last: _put_blueprint(context, new),
            delete=_delete_blueprint,
        ),
        ResourceType(
            "aws:datazone/environmentProfile:EnvironmentProfile",
            {
                "domainIdentifier": Prop(required=True),
                "name": Prop(),
                "description": Prop(computed=True),
                "awsAccountId": Prop(computed=True),
                "awsAccountRegion": Prop(required=True),
                "environmentBlueprintIdentifier": fixed,
                "projectIdentifier": Prop(required=True),
            },
            create=_create_profile,
            read=lambda context, identifier, state: read_datazone(lambda: _live_profile(context, identifier, state)),
            update=_update_profile,
            delete=_delete_profile,
            autoname=Autoname("name", 64),
            named_twice=True,
            imported=_imported_profile,
        ),
        ResourceType(
            "aws:datazone/environment:Environment",
            {
                "domainIdentifier": Prop(required=True),
                "name": Prop(),
                "description": Prop(),
                "profileIdentifier": Prop(required=True),
                "projectIdentifier": fixed,
                "accountIdentifier": Prop(replace=True, computed=True),
                "accountRegion": Prop(replace=True, computed=True),
            },
            create=_create_environment,
            read=lambda context, identifier, state: read_datazone(
                lambda: _live_environment(context, identifier, state)
            ),
            update=_update_environment,
            delete=_delete_environment,
            autoname=Autoname("name", 64),
            named_twice=True,
            imported=_imported_environment,
        ),
    )
    registry.add_function(
        Function(
            "aws:datazone/getEnvironmentBlueprint:getEnvironmentBlueprint",
            {"domainId": Prop(required=True), "name": Prop(required=True), "managed": Prop("bool", required=True)},
            _find_blueprint,
        )
    )
