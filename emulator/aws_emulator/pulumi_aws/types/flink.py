"""aws:kinesisanalyticsv2/application.

Which change replaces an application, what the provider waits for, and that ``startApplication`` is what the program
said last, is the real provider's documented behaviour as far as it tells. UNVERIFIED[pulumi-flink-update]: that a new
runtime environment is an update in place (UpdateApplication takes one), and that a refresh sees no start or stop by
hand.
"""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, PluginError, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    changed,
    delete_quietly,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
    wait_for,
)

SECONDS = 300.0
"""How long a start, stop or update may take; the real provider waits ten minutes."""
_FLINK = {
    "checkpointConfiguration": ("checkpointInterval", "checkpointingEnabled", "minPauseBetweenCheckpoints"),
    "monitoringConfiguration": ("logLevel", "metricsLevel"),
    "parallelismConfiguration": ("autoScalingEnabled", "parallelism", "parallelismPerKpu"),
}
_KINDS = {"checkpointingEnabled": "bool", "autoScalingEnabled": "bool", "logLevel": "string", "metricsLevel": "string"}


def _api(name: str) -> str:
    """The API's name of a property: ``parallelismPerKpu`` -> ``ParallelismPerKPU``, ``bucketArn`` -> ``BucketARN``."""
    upper = name[0].upper() + name[1:]
    for wire, api in (("PerKpu", "PerKPU"), ("Arn", "ARN")):
        upper = upper.removesuffix(wire) + api if upper.endswith(wire) else upper
    return upper


def _shape(value: Any, suffix: str = "") -> Any:
    """An object of inputs as the API takes it; with ``Update`` after its members' names for UpdateApplication."""
    if not isinstance(value, dict):
        return value
    return {_api(key) + suffix: _shape(item, suffix) for key, item in value.items() if item is not None}


def _groups(configuration: State) -> list[dict[str, Any]]:
    groups = (configuration.get("environmentProperties") or {}).get("propertyGroups") or []
    return [{"PropertyGroupId": one["propertyGroupId"], "PropertyMap": one["propertyMap"]} for one in groups]


def _vpc(configuration: State) -> dict[str, Any] | None:
    found = configuration.get("vpcConfiguration")
    return {"SubnetIds": found["subnetIds"], "SecurityGroupIds": found["securityGroupIds"]} if found else None


def _typed(flink: State) -> State:
    """Numbers as numbers: the engine sends floats."""
    return {
        part: {
            key: int(value) if key not in _KINDS and key != "configurationType" else value
            for key, value in (flink.get(part) or {}).items()
            if value is not None
        }
        for part in _FLINK
        if flink.get(part)
    }


def _create(context: Context, inputs: State) -> tuple[str, State]:
    configuration = inputs.get("applicationConfiguration") or {}
    asked: dict[str, Any] = {
        "ApplicationCodeConfiguration": _shape(configuration.get("applicationCodeConfiguration") or {}),
        "EnvironmentProperties": {"PropertyGroups": _groups(configuration)},
        "FlinkApplicationConfiguration": _shape(_typed(configuration.get("flinkApplicationConfiguration") or {})),
        "ApplicationSnapshotConfiguration": _shape(configuration.get("applicationSnapshotConfiguration") or {}),
    }
    vpc = _vpc(configuration)
    if vpc:
        asked["VpcConfigurations"] = [vpc]
    arguments: dict[str, Any] = {
        "ApplicationName": inputs["name"],
        "RuntimeEnvironment": inputs["runtimeEnvironment"],
        "ServiceExecutionRole": inputs["serviceExecutionRole"],
        "ApplicationConfiguration": {key: value for key, value in asked.items() if value},
    }
    if context.tags(inputs):
        arguments["Tags"] = tag_list(context, inputs)
    if inputs.get("applicationMode"):
        arguments["ApplicationMode"] = inputs["applicationMode"]
    if inputs.get("description"):
        arguments["ApplicationDescription"] = inputs["description"]
    if inputs.get("cloudwatchLoggingOptions"):
        stream = inputs["cloudwatchLoggingOptions"]["logStreamArn"]
        arguments["CloudWatchLoggingOptions"] = [{"LogStreamARN": stream}]
    made = context.client("kinesisanalyticsv2").create_application(**arguments)["ApplicationDetail"]
    with after_creation(made["ApplicationARN"], startApplication=False):
        if inputs.get("startApplication"):
            _start(context, inputs["name"])
        return made["ApplicationARN"], _live(context, inputs["name"])


def _settled(context: Context, name: str, operation: str | None, what: str) -> None:
    """Wait for an operation's end.

    Raises:
        PluginError: it failed.
    """
    flink = context.client("kinesisanalyticsv2")

    def ended() -> Any:
        told = flink.describe_application_operation(ApplicationName=name, OperationId=operation)
        details = told["ApplicationOperationInfoDetails"]
        return details if details["OperationStatus"] != "IN_PROGRESS" else None

    details = wait_for(f"the application {name} to {what}", ended, SECONDS)
    if details["OperationStatus"] != "SUCCESSFUL":
        why = details.get("OperationFailureDetails", {}).get("ErrorInfo", {}).get("ErrorString", "no reason given")
        raise PluginError(f"the application {name} did not {what}: {why}")


def _start(context: Context, name: str) -> None:
    answer = context.client("kinesisanalyticsv2").start_application(ApplicationName=name, RunConfiguration={})
    _settled(context, name, answer["OperationId"], "start")


def _stop(context: Context, name: str, force: bool) -> None:
    answer = context.client("kinesisanalyticsv2").stop_application(ApplicationName=name, Force=force)
    _settled(context, name, answer["OperationId"], "stop")


def _detail(context: Context, name: str) -> dict[str, Any]:
    found: dict[str, Any] = context.client("kinesisanalyticsv2").describe_application(ApplicationName=name)
    detail: dict[str, Any] = found["ApplicationDetail"]
    return detail


def _live(context: Context, name: str) -> State:
    detail = _detail(context, name)
    arn = detail["ApplicationARN"]
    tags = context.client("kinesisanalyticsv2").list_tags_for_resource(ResourceARN=arn).get("Tags")
    options = detail.get("CloudWatchLoggingOptionDescriptions") or []
    return {
        "name": name,
        "arn": arn,
        "runtimeEnvironment": detail["RuntimeEnvironment"],
        "serviceExecutionRole": detail["ServiceExecutionRole"],
        "applicationMode": detail.get("ApplicationMode"),
        "description": detail.get("ApplicationDescription"),
        "applicationConfiguration": _configuration(detail["ApplicationConfigurationDescription"]),
        "cloudwatchLoggingOptions": {"logStreamArn": options[0]["LogStreamARN"]} if options else None,
        "status": detail["ApplicationStatus"],
        "versionId": detail["ApplicationVersionId"],
        "createTimestamp": detail["CreateTimestamp"].isoformat(),
        "lastUpdateTimestamp": detail["LastUpdateTimestamp"].isoformat(),
        **all_tags(pairs(tags)),
    }


def _configuration(shown: dict[str, Any]) -> State:
    code = shown["ApplicationCodeConfigurationDescription"]
    location = code["CodeContentDescription"].get("S3ApplicationCodeLocationDescription") or {}
    flink = shown.get("FlinkApplicationConfigurationDescription") or {}
    state: State = {
        "applicationCodeConfiguration": {
            "codeContentType": code["CodeContentType"],
            "codeContent": {
                "s3ContentLocation": {
                    "bucketArn": location.get("BucketARN"),
                    "fileKey": location.get("FileKey"),
                    "objectVersion": location.get("ObjectVersion"),
                }
            },
        },
        "flinkApplicationConfiguration": {
            part: {name: flink[f"{_api(part)}Description"].get(_api(name)) for name in ("configurationType", *names)}
            for part, names in _FLINK.items()
        },
        "applicationSnapshotConfiguration": {
            "snapshotsEnabled": shown["ApplicationSnapshotConfigurationDescription"]["SnapshotsEnabled"]
        },
    }
    groups = (shown.get("EnvironmentPropertyDescriptions") or {}).get("PropertyGroupDescriptions") or []
    if groups:
        state["environmentProperties"] = {
            "propertyGroups": [
                {"propertyGroupId": one["PropertyGroupId"], "propertyMap": one["PropertyMap"]} for one in groups
            ]
        }
    for one in shown.get("VpcConfigurationDescriptions") or []:
        state["vpcConfiguration"] = {"subnetIds": one["SubnetIds"], "securityGroupIds": one["SecurityGroupIds"]}
    return state


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    name = new["name"]
    before, after = old.get("applicationConfiguration") or {}, new.get("applicationConfiguration") or {}
    stops = old.get("startApplication") and not new.get("startApplication")
    starts = new.get("startApplication") and not old.get("startApplication")
    if stops and _detail(context, name)["ApplicationStatus"] == "RUNNING":
        _stop(context, name, bool(new.get("forceStop")))
    if changed(before, after, "vpcConfiguration"):
        _change_vpc(context, name, after)
    arguments = _changes(before, after)
    asked: dict[str, Any] = {"ApplicationConfigurationUpdate": arguments} if arguments else {}
    for prop, argument in (
        ("serviceExecutionRole", "ServiceExecutionRoleUpdate"),
        ("runtimeEnvironment", "RuntimeEnvironmentUpdate"),
    ):
        if changed(old, new, prop):
            asked[argument] = new[prop]
    flink = context.client("kinesisanalyticsv2")
    if asked:
        _settled(context, name, _change(context, name, "update_application", **asked), "be updated")
    if changed(old, new, "cloudwatchLoggingOptions"):
        _change_logging(context, name, new)
    removed, added = tag_changes(context, old, new)
    if removed:
        flink.untag_resource(ResourceARN=identifier, TagKeys=removed)
    if added:
        flink.tag_resource(ResourceARN=identifier, Tags=[{"Key": key, "Value": text} for key, text in added.items()])
    if starts and _detail(context, name)["ApplicationStatus"] == "READY":
        _start(context, name)
    return _live(context, name)


def _changes(before: State, after: State) -> dict[str, Any]:
    """``ApplicationConfigurationUpdate``, of what differs."""
    asked: dict[str, Any] = {}
    if changed(before, after, "applicationCodeConfiguration"):
        code = after["applicationCodeConfiguration"]
        location = code["codeContent"]["s3ContentLocation"]
        update = {"BucketARNUpdate": location["bucketArn"], "FileKeyUpdate": location["fileKey"]}
        if location.get("objectVersion"):
            update["ObjectVersionUpdate"] = location["objectVersion"]
        asked["ApplicationCodeConfigurationUpdate"] = {
            "CodeContentTypeUpdate": code["codeContentType"],
            "CodeContentUpdate": {"S3ContentLocationUpdate": update},
        }
    if changed(before, after, "environmentProperties"):
        asked["EnvironmentPropertyUpdates"] = {"PropertyGroups": _groups(after)}
    if changed(before, after, "applicationSnapshotConfiguration") and after.get("applicationSnapshotConfiguration"):
        enabled = after["applicationSnapshotConfiguration"]["snapshotsEnabled"]
        asked["ApplicationSnapshotConfigurationUpdate"] = {"SnapshotsEnabledUpdate": enabled}
    if changed(before, after, "flinkApplicationConfiguration") and after.get("flinkApplicationConfiguration"):
        typed = _typed(after["flinkApplicationConfiguration"])
        asked["FlinkApplicationConfigurationUpdate"] = _shape(typed, "Update")
    return asked


def _change(context: Context, name: str, method: str, **arguments: Any) -> str | None:
    """Change the application's current version; the operation to wait for, where the service tells one."""
    answer = getattr(context.client("kinesisanalyticsv2"), method)(
        ApplicationName=name, CurrentApplicationVersionId=_detail(context, name)["ApplicationVersionId"], **arguments
    )
    operation: str | None = answer.get("OperationId")
    return operation


def _change_vpc(context: Context, name: str, after: State) -> None:
    shown = _detail(context, name)["ApplicationConfigurationDescription"]
    for one in shown.get("VpcConfigurationDescriptions") or []:
        identifier = one["VpcConfigurationId"]
        left = _change(context, name, "delete_application_vpc_configuration", VpcConfigurationId=identifier)
        _settled(context, name, left, "leave its VPC")
    vpc = _vpc(after)
    if vpc:
        entered = _change(context, name, "add_application_vpc_configuration", VpcConfiguration=vpc)
        _settled(context, name, entered, "enter its VPC")


def _change_logging(context: Context, name: str, new: State) -> None:
    for one in _detail(context, name).get("CloudWatchLoggingOptionDescriptions") or []:
        _change(
            context,
            name,
            "delete_application_cloud_watch_logging_option",
            CloudWatchLoggingOptionId=one["CloudWatchLoggingOptionId"],
        )
    if new.get("cloudwatchLoggingOptions"):
        option = {"LogStreamARN": new["cloudwatchLoggingOptions"]["logStreamArn"]}
        _change(context, name, "add_application_cloud_watch_logging_option", CloudWatchLoggingOption=option)


def _name(identifier: str) -> str:
    return identifier.rsplit("/", 1)[1]


def _read(context: Context, identifier: str, state: State) -> State | None:
    return read_or_none(lambda: _live(context, _name(identifier)))


def _delete(context: Context, identifier: str, state: State) -> None:
    def delete() -> None:
        created = _detail(context, _name(identifier))["CreateTimestamp"]
        context.client("kinesisanalyticsv2").delete_application(
            ApplicationName=_name(identifier), CreateTimestamp=created
        )

    delete_quietly(delete)
    wait_for(f"the application {identifier} to be gone", lambda: _read(context, identifier, state) is None)


def _part(names: tuple[str, ...]) -> Prop:
    members = {name: Prop(_KINDS.get(name, "int"), computed=True) for name in names}  # type: ignore[arg-type]
    return Prop("object", computed=True, members={"configurationType": Prop(required=True), **members})


def _listed() -> Prop:
    return Prop("list", required=True, element=Prop(), unordered=True)


_GROUP = Prop(
    "object",
    members={"propertyGroupId": Prop(required=True), "propertyMap": Prop("map", required=True, element=Prop())},
)
_LOCATION = Prop(
    "object", members={"bucketArn": Prop(required=True), "fileKey": Prop(required=True), "objectVersion": Prop()}
)
_CODE = {
    "codeContentType": Prop(required=True),
    "codeContent": Prop("object", members={"s3ContentLocation": _LOCATION}),
}
_CONFIGURATION = {
    "applicationCodeConfiguration": Prop("object", required=True, members=_CODE),
    "applicationSnapshotConfiguration": Prop(
        "object", computed=True, members={"snapshotsEnabled": Prop("bool", required=True)}
    ),
    "environmentProperties": Prop(
        "object", members={"propertyGroups": Prop("list", required=True, element=_GROUP, unordered=True)}
    ),
    "flinkApplicationConfiguration": Prop(
        "object", computed=True, members={part: _part(names) for part, names in _FLINK.items()}
    ),
    "vpcConfiguration": Prop("object", members={"subnetIds": _listed(), "securityGroupIds": _listed()}),
}


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:kinesisanalyticsv2/application:Application",
            {
                "name": Prop(replace=True),
                "description": Prop(replace=True),
                "applicationMode": Prop(replace=True, computed=True),
                "runtimeEnvironment": Prop(required=True),
                "serviceExecutionRole": Prop(required=True),
                "applicationConfiguration": Prop("object", computed=True, members=_CONFIGURATION),
                "cloudwatchLoggingOptions": Prop("object", members={"logStreamArn": Prop(required=True)}),
                "startApplication": Prop("bool", default=False, local=True),
                "forceStop": Prop("bool", default=False, local=True),
                **TAGS,
            },
            create=_create,
            read=_read,
            update=_update,
            delete=_delete,
            autoname=Autoname("name", 128),
        ),
    )
