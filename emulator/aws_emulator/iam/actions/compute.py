"""Lambda, Step Functions, EventBridge, Scheduler and Pipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions.core import Check, Service, make_arn
from aws_emulator.iam.arns import split
from iam_evaluation.conditions import Value


def function_arn(call: ApiCall) -> list[str]:
    """The function of a call: a name, ``account:function:name``, an ARN, each perhaps with a qualifier.

    Invocations are authorised on the qualified ARN where a version or alias is called (Lambda Developer Guide,
    "Resources and conditions for Lambda actions"), all else on the function.
    """
    given = call.params.get("FunctionName")
    if not given:
        return []
    text = str(given)
    parsed = split(text)
    parts = (parsed.resource if parsed else text).split(":")
    account = parsed.account if parsed else call.caller.account
    region = parsed.region if parsed else call.region
    if parsed is None and len(parts) >= 3 and parts[1] == "function":
        account, parts = parts[0], parts[1:]
    if parts[0] == "function" and len(parts) > 1:
        parts = parts[1:]
    name, qualifier = parts[0], parts[1] if len(parts) > 1 else call.params.get("Qualifier")
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    qualified = call.operation.startswith("Invoke") and qualifier and qualifier != "$LATEST"
    return [f"{arn}:{qualifier}" if qualified else arn]


def _qualified(call: ApiCall) -> list[str]:
    qualifier = call.params.get("Qualifier")
    return [f"{arn}:{qualifier}" for arn in function_arn(call)] if qualifier else []


def _lambda_resource(marker: str) -> Callable[[ApiCall], list[str]]:
    def run(call: ApiCall) -> list[str]:
        arn = str(call.params.get("Resource") or call.params.get("ResourceArn") or "")
        return [arn] if f":{marker}:" in arn else []

    return run


def _layer(call: ApiCall) -> list[str]:
    """A layer, which calls name by its name or its ARN."""
    name = str(call.params.get("LayerName") or "")
    if name and not name.startswith("arn:"):
        name = f"arn:aws:lambda:{call.region}:{call.caller.account}:layer:{name}"
    return [name] if name else []


def _layer_version(call: ApiCall) -> list[str]:
    version = call.params.get("VersionNumber")
    return [f"{arn}:{version}" for arn in _layer(call) if version]


def _lambda_context(call: ApiCall) -> Mapping[str, Value]:
    context: dict[str, Value] = {}
    if call.operation in ("CreateEventSourceMapping", "UpdateEventSourceMapping") and call.params.get("FunctionName"):
        context["lambda:FunctionArn"] = function_arn(call)[0]
    if call.operation == "AddPermission":
        context["lambda:Principal"] = call.params.get("Principal")
    return context


def _invoke(call: ApiCall) -> list[Check]:
    return [Check("lambda:InvokeFunction", arn) for arn in function_arn(call)]


LAMBDA = Service(
    prefix="lambda",
    arns={
        "function": (function_arn, _lambda_resource("function")),
        "function alias": (_qualified,),
        "function version": (_qualified,),
        "eventSourceMapping": ("event-source-mapping:{UUID}", _lambda_resource("event-source-mapping")),
        "layer": (_layer,),
        "layerVersion": (_layer_version,),
        "code signing config": ("{CodeSigningConfigArn}",),
    },
    renamed={"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction", "InvokeAsync": "InvokeFunction"},
    context=_lambda_context,
    special={"Invoke": _invoke, "InvokeWithResponseStream": _invoke, "InvokeAsync": _invoke},
)


def _machine(call: ApiCall) -> list[str]:
    """A state machine's ARN without version or alias, which ``states:StateMachineQualifier`` tells instead."""
    for name in ("stateMachineArn", "stateMachineVersionArn", "stateMachineAliasArn"):
        arn = split(str(call.params.get(name) or ""))
        if arn is not None:
            return [arn.with_resource(":".join(arn.resource.split(":")[:2]))]
    return []


def _states_context(call: ApiCall) -> Mapping[str, Value]:
    for name in ("stateMachineArn", "stateMachineVersionArn", "stateMachineAliasArn"):
        parts = str(call.params.get(name) or "").split(":")
        if len(parts) > 7:
            return {"states:StateMachineQualifier": parts[7]}
    return {}


STATES = Service(
    prefix="states",
    arns={
        "statemachine": (_machine, "{resourceArn}", "stateMachine:{name}"),
        "execution": ("{executionArn}",),
        "activity": ("{activityArn}", "activity:{name}"),
        "maprun": ("{mapRunArn}",),
    },
    own_types={
        "DescribeExecution": ("execution",),
        "ListExecutions": ("statemachine",),
        "GetExecutionHistory": ("execution",),
        "ListStateMachineVersions": ("statemachine",),
        "ListStateMachineAliases": ("statemachine",),
        "DeleteStateMachineVersion": ("statemachine",),
        "TagResource": ("statemachine",),
        "UntagResource": ("statemachine",),
        "ListTagsForResource": ("statemachine",),
    },
    context=_states_context,
)


def _rule(call: ApiCall) -> list[str]:
    """A rule's ARN: ``rule/<name>`` on the default bus, ``rule/<bus>/<name>`` on others."""
    name = call.params.get("Rule") or call.params.get("Name")
    if not name:
        arn = str(call.params.get("ResourceARN", ""))
        return [arn] if ":rule/" in arn else []
    bus = split(str(call.params.get("EventBusName") or "default"))
    bus_name = bus.resource.split("/")[-1] if bus else str(call.params.get("EventBusName") or "default")
    resource = f"rule/{name}" if bus_name == "default" else f"rule/{bus_name}/{name}"
    return [bus.with_resource(resource) if bus else make_arn(call, "events", resource)]


def _bus(call: ApiCall) -> list[str]:
    name = call.params.get("EventBusName") or call.params.get("Name")
    if not name:
        arn = str(call.params.get("ResourceARN", ""))
        if arn:
            return [arn] if ":event-bus/" in arn else []
        name = "default"
    return [str(name) if str(name).startswith("arn:") else make_arn(call, "events", f"event-bus/{name}")]


def _put_events(call: ApiCall) -> list[Check]:
    """PutEvents: one question for each bus and source of the entries."""
    checks = []
    for entry in call.params.get("Entries") or ():
        name = str(entry.get("EventBusName") or "default")
        arn = name if name.startswith("arn:") else make_arn(call, "events", f"event-bus/{name}")
        context: dict[str, Value] = {
            "events:source": entry.get("Source"),
            "events:detail-type": entry.get("DetailType"),
        }
        checks.append(Check("events:PutEvents", arn, context))
    return checks or [Check("events:PutEvents", make_arn(call, "events", "event-bus/default"))]


def _events_context(call: ApiCall) -> Mapping[str, Value]:
    if call.operation == "PutTargets":
        return {"events:TargetArn": [str(target.get("Arn", "")) for target in call.params.get("Targets") or ()]}
    return {}


_RULE_ON_DEFAULT = "rule-on-default-event-bus"
_RULE_OPERATIONS = (
    *("PutRule", "DeleteRule", "DescribeRule", "EnableRule", "DisableRule"),
    *("PutTargets", "RemoveTargets", "ListTargetsByRule"),
)
EVENTS = Service(
    prefix="events",
    arns={
        _RULE_ON_DEFAULT: (_rule,),
        "event-bus": (_bus,),
        "archive": ("archive/{ArchiveName}",),
        "connection": ("connection/{Name}",),
        "api-destination": ("api-destination/{Name}",),
    },
    own_types={
        "CreateArchive": ("archive", "event-bus"),
        **{name: (_RULE_ON_DEFAULT,) for name in _RULE_OPERATIONS},
        **{name: (_RULE_ON_DEFAULT, "event-bus") for name in ("TagResource", "UntagResource", "ListTagsForResource")},
    },
    special={"PutEvents": _put_events},
    context=_events_context,
)

SCHEDULER = Service(
    prefix="scheduler",
    arns={
        "schedule": ("schedule/{GroupName|default}/{Name}",),
        "schedule-group": ("{ResourceArn}", "schedule-group/{Name}"),
    },
)

PIPES = Service(prefix="pipes", arns={"pipe": ("{resourceArn}", "pipe/{Name}")})
