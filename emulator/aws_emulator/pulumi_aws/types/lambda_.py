"""aws:lambda/*."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.pulumi_aws.model import (
    Archive,
    Autoname,
    Context,
    PluginError,
    Prop,
    Registry,
    ResourceType,
    State,
    canonical,
)
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    gone,
    read_or_none,
    retry_propagation,
    split_id,
    tag_changes,
    wait_for,
)
from aws_emulator.pulumi_aws.types.lambda_versions import (
    PUBLISHED,
    SNAP_START,
    publishes,
    snap_start,
    version_state,
)
from aws_emulator.pulumi_aws.values import archive_bytes

_ENVIRONMENT = Prop("object", members={"variables": Prop("map")})
_LOGGING = Prop("object", computed=True, members={"logFormat": Prop(required=True), "logGroup": Prop(computed=True)})
_TRACING = Prop("object", computed=True, members={"mode": Prop(required=True)})

_PROPS = {
    "name": Prop(replace=True),
    "description": Prop(),
    "role": Prop(required=True),
    "runtime": Prop(),
    "handler": Prop(),
    "code": Prop("archive"),
    "timeout": Prop("int", default=3),
    "memorySize": Prop("int", default=128),
    "architectures": Prop("list", computed=True),
    "environment": _ENVIRONMENT,
    "loggingConfig": _LOGGING,
    "tracingConfig": _TRACING,
    "deadLetterConfig": Prop("object", members={"targetArn": Prop(required=True)}),
    "kmsKeyArn": Prop(),
    "layers": Prop("list"),
    "publish": Prop("bool", default=False, local=True),
    "reservedConcurrentExecutions": Prop("int", default=-1),
    "snapStart": SNAP_START,
    "s3Bucket": Prop(),
    "s3Key": Prop(),
    "s3ObjectVersion": Prop(),
    **TAGS,
}
_PLACES = ("s3Bucket", "s3Key", "s3ObjectVersion")
_CODE = {"code", "architectures", *_PLACES}
_CONFIGURATION = (
    "description", "role", "runtime", "handler", "timeout", "memorySize", "environment", "loggingConfig",
    "tracingConfig", "deadLetterConfig", "kmsKeyArn", "layers", "snapStart",
)  # fmt: skip


def _configuration(inputs: State) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "Role": inputs["role"],
        "Description": inputs.get("description") or "",
        "Timeout": int(inputs["timeout"]),
        "MemorySize": int(inputs["memorySize"]),
        "Environment": {"Variables": (inputs.get("environment") or {}).get("variables") or {}},
        "Layers": list(inputs.get("layers") or []),
        "SnapStart": snap_start(inputs),
    }
    arguments["DeadLetterConfig"] = {"TargetArn": (inputs.get("deadLetterConfig") or {}).get("targetArn") or ""}
    arguments["KMSKeyArn"] = inputs.get("kmsKeyArn") or ""
    if inputs.get("runtime"):
        arguments["Runtime"] = inputs["runtime"]
    if inputs.get("handler"):
        arguments["Handler"] = inputs["handler"]
    if inputs.get("tracingConfig"):
        arguments["TracingConfig"] = {"Mode": inputs["tracingConfig"]["mode"]}
    logging = inputs.get("loggingConfig")
    if logging:
        arguments["LoggingConfig"] = {key[0].upper() + key[1:]: value for key, value in logging.items() if value}
    return arguments


def _code(inputs: State) -> dict[str, Any]:
    """The bundle, or the place where it lies."""
    code = inputs.get("code")
    if isinstance(code, Archive):
        return {"ZipFile": archive_bytes(code)}
    if not inputs.get("s3Bucket") or not inputs.get("s3Key"):
        raise PluginError("aws:lambda/function:Function needs `code`, or `s3Bucket` and `s3Key`")
    return {f"S3{name.removeprefix('s3')}": inputs[name] for name in _PLACES if inputs.get(name)}


def _reserve(context: Context, inputs: State) -> None:
    client, reserved = context.client("lambda"), int(inputs["reservedConcurrentExecutions"])
    if reserved < 0:
        client.delete_function_concurrency(FunctionName=inputs["name"])
    else:
        client.put_function_concurrency(FunctionName=inputs["name"], ReservedConcurrentExecutions=reserved)


def _create(context: Context, inputs: State) -> tuple[str, State]:
    client = context.client("lambda")
    arguments = {
        "FunctionName": inputs["name"],
        "Code": _code(inputs),
        "Publish": publishes(inputs),
        "Tags": context.tags(inputs),
        **_configuration(inputs),
    }
    if inputs.get("architectures"):
        arguments["Architectures"] = inputs["architectures"]
    retry_propagation(lambda: client.create_function(**arguments))
    with after_creation(inputs["name"]):
        wait_for(f"function {inputs['name']} to be Active", lambda: _active(context, inputs["name"]))
        if int(inputs["reservedConcurrentExecutions"]) >= 0:
            _reserve(context, inputs)
        return inputs["name"], _live(context, inputs["name"], _given(inputs))


def _given(inputs: State) -> State:
    """Where the code came from, and whether versions are published, which the service does not tell."""
    return {name: inputs.get(name) for name in ("code", "publish", *_PLACES)}


def _active(context: Context, name: str, version: str | None = None) -> bool:
    qualifier = {} if version is None else {"Qualifier": version}
    found = context.client("lambda").get_function_configuration(FunctionName=name, **qualifier)
    failed = [key for key in ("State", "LastUpdateStatus") if found.get(key) == "Failed"]
    if failed:
        raise PluginError(
            f"function {name}: {failed[0]} is Failed: {found.get(failed[0] + 'Reason', 'no reason given')}"
        )
    settled = found.get("LastUpdateStatus", "Successful") != "InProgress"
    return bool(found.get("State", "Active") == "Active" and settled)


def _live(context: Context, name: str, last: State) -> State:
    client = context.client("lambda")
    found = client.get_function(FunctionName=name)
    configuration = found["Configuration"]
    arn = configuration["FunctionArn"]
    state: State = {
        "name": configuration["FunctionName"],
        "description": configuration.get("Description") or None,
        "role": configuration["Role"],
        "runtime": configuration.get("Runtime"),
        "handler": configuration.get("Handler"),
        "timeout": configuration["Timeout"],
        "memorySize": configuration["MemorySize"],
        "architectures": configuration.get("Architectures"),
        "arn": arn,
        "invokeArn": f"arn:aws:apigateway:{context.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        "sourceCodeSize": configuration.get("CodeSize"),
        "codeSha256": configuration.get("CodeSha256"),
        **version_state(context, configuration, last),
        **all_tags(found.get("Tags") or {}),
    }
    variables = (configuration.get("Environment") or {}).get("Variables")
    tracing = configuration.get("TracingConfig")
    logging = configuration.get("LoggingConfig")
    state["layers"] = [layer["Arn"] for layer in configuration.get("Layers") or []] or None
    state["environment"] = {"variables": variables} if variables else None
    state["tracingConfig"] = {"mode": tracing["Mode"]} if tracing else None
    state["loggingConfig"] = (
        {"logFormat": logging["LogFormat"], "logGroup": logging.get("LogGroup")} if logging else None
    )
    state["deadLetterConfig"] = (
        {"targetArn": configuration["DeadLetterConfig"]["TargetArn"]}
        if (configuration.get("DeadLetterConfig") or {}).get("TargetArn")
        else None
    )
    state["kmsKeyArn"] = configuration.get("KMSKeyArn") or None
    reserved = client.get_function_concurrency(FunctionName=name)
    state["reservedConcurrentExecutions"] = reserved.get("ReservedConcurrentExecutions", -1)
    state |= {place: last.get(place) for place in _PLACES}
    code = last.get("code")
    if isinstance(code, Archive):
        # Code changed by hand shows as another hash, so that a refresh sees it. The real provider sees it in
        # `sourceCodeHash` only, if a program sets that.
        same = last.get("codeSha256") in (None, configuration.get("CodeSha256"))
        state["code"] = code if same else Archive(code.path, f"changed-{configuration.get('CodeSha256')}")
    return state


def _differing(old: State, new: State) -> set[str]:
    return {name for name in _PROPS if canonical(_PROPS[name], old.get(name)) != canonical(_PROPS[name], new.get(name))}


def _anew(old: State, new: State) -> tuple[str, ...]:
    """Another version follows a change of code or configuration; taking versions away is one, too."""
    changed = _differing(old, new) & {*_CONFIGURATION, *_CODE, "publish"}
    return PUBLISHED if changed and (publishes(old) or publishes(new)) else ()


def _publish(context: Context, identifier: str) -> None:
    """As the real provider: after an update it waits for the version, after a creation it does not."""
    version = context.client("lambda").publish_version(FunctionName=identifier)["Version"]
    wait_for(f"version {version} of {identifier}", lambda: _active(context, identifier, version))


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    client = context.client("lambda")
    differing = _differing(old, new)
    if differing & set(_CONFIGURATION):
        retry_propagation(lambda: client.update_function_configuration(FunctionName=identifier, **_configuration(new)))
        wait_for(f"function {identifier} to be updated", lambda: _active(context, identifier))
    if "reservedConcurrentExecutions" in differing:
        _reserve(context, new)
    if differing & _CODE:
        arguments: dict[str, Any] = {"FunctionName": identifier, **_code(new)}
        if new.get("architectures"):
            arguments["Architectures"] = new["architectures"]
        client.update_function_code(**arguments)
        wait_for(f"function {identifier} to be updated", lambda: _active(context, identifier))
    if publishes(new) and _anew(old, new):
        _publish(context, identifier)
    removed, added = tag_changes(context, old, new)
    if removed:
        client.untag_resource(Resource=last["arn"], TagKeys=removed)
    if added:
        client.tag_resource(Resource=last["arn"], Tags=added)
    return _live(context, identifier, _given(new))


# --- Permission ---
_PERMISSION = ("statementId", "action", "function", "principal", "sourceArn", "sourceAccount")


def _add_permission(context: Context, inputs: State) -> tuple[str, State]:
    arguments = {
        "FunctionName": inputs["function"],
        "StatementId": inputs["statementId"],
        "Action": inputs["action"],
        "Principal": inputs["principal"],
    }
    if inputs.get("sourceArn"):
        arguments["SourceArn"] = inputs["sourceArn"]
    if inputs.get("sourceAccount"):
        arguments["SourceAccount"] = inputs["sourceAccount"]
    context.client("lambda").add_permission(**arguments)
    return inputs["statementId"], {key: inputs.get(key) for key in _PERMISSION}


def _read_permission(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        policy = json.loads(context.client("lambda").get_policy(FunctionName=state["function"])["Policy"])
        for statement in policy["Statement"]:
            if statement["Sid"] == identifier:
                return _permission_state(statement, state)
        return None

    return read_or_none(read)


def _permission_state(statement: dict[str, Any], state: State) -> State:
    condition = statement.get("Condition") or {}
    principal = statement["Principal"]
    values = {key: value for operator in condition.values() for key, value in operator.items()}
    return {
        "statementId": statement["Sid"],
        "action": statement["Action"],
        "function": state["function"],
        "principal": principal if isinstance(principal, str) else next(iter(principal.values())),
        "sourceArn": values.get("AWS:SourceArn") or values.get("aws:SourceArn"),
        "sourceAccount": values.get("AWS:SourceAccount") or values.get("aws:SourceAccount"),
    }


def _imported_permission(context: Context, identifier: str) -> tuple[str, State]:
    function, statement = split_id(identifier, "/", "FUNCTION_NAME/STATEMENT_ID")
    return statement, {"function": function}


def _remove_permission(context: Context, identifier: str, state: State) -> None:
    delete_quietly(
        lambda: context.client("lambda").remove_permission(FunctionName=state["function"], StatementId=identifier)
    )


# --- FunctionEventInvokeConfig ---
def _put_invoke_config(context: Context, inputs: State) -> State:
    arguments: dict[str, Any] = {"FunctionName": inputs["functionName"]}
    if inputs.get("maximumRetryAttempts") is not None:
        arguments["MaximumRetryAttempts"] = int(inputs["maximumRetryAttempts"])
    if inputs.get("maximumEventAgeInSeconds"):
        arguments["MaximumEventAgeInSeconds"] = int(inputs["maximumEventAgeInSeconds"])
    on_failure = ((inputs.get("destinationConfig") or {}).get("onFailure") or {}).get("destination")
    if on_failure:
        arguments["DestinationConfig"] = {"OnFailure": {"Destination": on_failure}}
    context.client("lambda").put_function_event_invoke_config(**arguments)
    return _read_invoke_config(context, inputs["functionName"], {}) or {}


def _read_invoke_config(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        try:
            found = context.client("lambda").get_function_event_invoke_config(FunctionName=identifier)
        except ClientError as error:
            if gone(error):
                return None
            raise
        destination = (found.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
        return {
            "functionName": identifier,
            "maximumRetryAttempts": found.get("MaximumRetryAttempts", 2),
            "maximumEventAgeInSeconds": found.get("MaximumEventAgeInSeconds"),
            "destinationConfig": {"onFailure": {"destination": destination}} if destination else None,
        }

    return read_or_none(read)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:lambda/function:Function",
            _PROPS,
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier, state)),
            update=_update,
            anew=_anew,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("lambda").delete_function(FunctionName=identifier)
            ),
            autoname=Autoname("name", 64),
        ),
        ResourceType(
            "aws:lambda/permission:Permission",
            {
                "statementId": Prop(replace=True),
                "action": Prop(required=True, replace=True),
                "function": Prop(required=True, replace=True),
                "principal": Prop(required=True, replace=True),
                "sourceArn": Prop(replace=True),
                "sourceAccount": Prop(replace=True),
            },
            create=_add_permission,
            read=_read_permission,
            delete=_remove_permission,
            imported=_imported_permission,
            autoname=Autoname("statementId", 100),
        ),
        ResourceType(
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            {
                "functionName": Prop(required=True, replace=True),
                "maximumRetryAttempts": Prop("int", default=2),
                "maximumEventAgeInSeconds": Prop("int"),
                "destinationConfig": Prop(
                    "object",
                    members={"onFailure": Prop("object", members={"destination": Prop(required=True)})},
                ),
            },
            create=lambda context, inputs: (inputs["functionName"], _put_invoke_config(context, inputs)),
            read=_read_invoke_config,
            update=lambda context, identifier, old, new, last: _put_invoke_config(context, new),
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("lambda").delete_function_event_invoke_config(FunctionName=identifier)
            ),
        ),
    )
