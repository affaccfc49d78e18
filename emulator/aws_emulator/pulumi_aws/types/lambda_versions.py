"""Published versions of functions, and aws:lambda/alias:Alias."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import delete_quietly, read_or_none, split_id

LATEST = "$LATEST"
SNAP_START = Prop("object", members={"applyOn": Prop(required=True)})
PUBLISHED = ("version", "qualifiedArn", "qualifiedInvokeArn")
"""What another version of a function has anew."""


def snap_start(inputs: State) -> dict[str, Any]:
    """The member of the API's calls; taken out of a program it is turned off."""
    return {"ApplyOn": (inputs.get("snapStart") or {}).get("applyOn") or "None"}


def publishes(inputs: State) -> bool:
    """Whether a program asks for versions."""
    return str(inputs.get("publish")).lower() == "true"


def version_state(context: Context, configuration: dict[str, Any], inputs: State) -> State:
    """What a function's state says of its versions: of the newest one, if the program asks for versions."""
    client, name = context.client("lambda"), configuration["FunctionName"]
    version = LATEST
    if publishes(inputs):
        found = client.list_versions_by_function(FunctionName=name)["Versions"]
        version = max((item["Version"] for item in found if item["Version"] != LATEST), key=int, default=LATEST)
    applied = (configuration.get("SnapStart") or {}).get("ApplyOn", "None")
    qualified = f"{configuration['FunctionArn']}:{version}"
    gateway = f"arn:aws:apigateway:{context.region}:lambda:path/2015-03-31/functions"
    return {
        "publish": publishes(inputs),
        "snapStart": None if applied == "None" else {"applyOn": applied},
        "version": version,
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": f"{gateway}/{qualified}/invocations",
        "lastModified": configuration.get("LastModified"),
    }


# --- Alias ---
def _state(context: Context, found: dict[str, Any], function: str) -> State:
    gateway = f"arn:aws:apigateway:{context.region}:lambda:path/2015-03-31/functions"
    return {
        "name": found["Name"],
        "description": found.get("Description") or None,
        "functionName": function,
        "functionVersion": found["FunctionVersion"],
        "arn": found["AliasArn"],
        "invokeArn": f"{gateway}/{found['AliasArn']}/invocations",
    }


def _arguments(inputs: State) -> dict[str, Any]:
    return {
        "FunctionName": inputs["functionName"],
        "Name": inputs["name"],
        "FunctionVersion": inputs["functionVersion"],
        "Description": inputs.get("description") or "",
    }


def _create(context: Context, inputs: State) -> tuple[str, State]:
    made = context.client("lambda").create_alias(**_arguments(inputs))
    return made["AliasArn"], _state(context, made, inputs["functionName"])


def _read(context: Context, identifier: str, state: State) -> State | None:
    client, name = context.client("lambda"), identifier.rpartition(":")[2]
    return read_or_none(
        lambda: _state(context, client.get_alias(FunctionName=state["functionName"], Name=name), state["functionName"])
    )


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    return _state(context, context.client("lambda").update_alias(**_arguments(new)), new["functionName"])


def _delete(context: Context, identifier: str, state: State) -> None:
    client = context.client("lambda")
    delete_quietly(lambda: client.delete_alias(FunctionName=state["functionName"], Name=state["name"]))


def _imported(context: Context, identifier: str) -> tuple[str, State]:
    function, name = split_id(identifier, "/", "FUNCTION_NAME/ALIAS_NAME")
    found = context.client("lambda").get_alias(FunctionName=function, Name=name)
    return found["AliasArn"], {"functionName": function}


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:lambda/alias:Alias",
            {
                "name": Prop(replace=True),
                "description": Prop(),
                "functionName": Prop(required=True, replace=True),
                "functionVersion": Prop(required=True),
            },
            create=_create,
            read=_read,
            update=_update,
            delete=_delete,
            autoname=Autoname("name", 128),
            imported=_imported,
        ),
    )
