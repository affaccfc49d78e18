"""Create, describe, list, update, delete and tag applications."""

from __future__ import annotations

import copy
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page
from aws_emulator.patches.flink import vpc
from aws_emulator.patches.flink.logging_options import new_option, update_options
from aws_emulator.patches.flink.store import (
    MOST_APPLICATIONS,
    MOST_TAGS,
    Application,
    Store,
    detail,
    invalid,
    with_defaults,
)

SERVICE = "kinesisanalyticsv2"
LIST_LIMIT = 50
LARGEST_SIZE = 52_428_800
_UPDATES = {
    "EnvironmentPropertyUpdates": "EnvironmentProperties",
    "ApplicationSnapshotConfigurationUpdate": "ApplicationSnapshotConfiguration",
    "ApplicationSystemRollbackConfigurationUpdate": "ApplicationSystemRollbackConfiguration",
    "ApplicationEncryptionConfigurationUpdate": "ApplicationEncryptionConfiguration",
    "FlinkApplicationConfigurationUpdate": "FlinkApplicationConfiguration",
    "ApplicationCodeConfigurationUpdate": "ApplicationCodeConfiguration",
}


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation(SERVICE, "CreateApplication")
    def create_application(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            made = _create(store, call)
            store.applications[made.account, made.region, made.name] = made
            return {"ApplicationDetail": detail(made)}

    @emulator.operation(SERVICE, "DescribeApplication")
    def describe_application(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            return {"ApplicationDetail": detail(store.find(call))}

    @emulator.operation(SERVICE, "ListApplications")
    def list_applications(call: ApiCall) -> dict[str, Any]:
        shown, following = page(
            store.of(call.caller.account, call.region),
            call.params.get("NextToken"),
            call.params.get("Limit"),
            default=LIST_LIMIT,
            scope="ListApplications",
            error=lambda text: ApiError("InvalidRequestException", text),
        )
        answer: dict[str, Any] = {"ApplicationSummaries": [_summary(application) for application in shown]}
        return {**answer, "NextToken": following} if following else answer

    @emulator.operation(SERVICE, "UpdateApplication")
    def update_application(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            return _update(store, call)

    @emulator.operation(SERVICE, "DeleteApplication")
    def delete_application(call: ApiCall) -> dict[str, Any]:
        with store.lock:
            application = store.find(call)
            if int(call.params["CreateTimestamp"].timestamp()) != int(application.created):
                raise invalid("The CreateTimestamp is not that of the application.")
            # Guide: the service halts a running application and deletes it. UNVERIFIED[flink-delete-while-updating]:
            # also while it is updated.
            application.status = "DELETING"
            store.runner.discard(application)
            del store.applications[application.account, application.region, application.name]
            return {}

    _install_tags(emulator, store)


def _install_tags(emulator: Emulator, store: Store) -> None:
    @emulator.operation(SERVICE, "TagResource")
    def tag_resource(call: ApiCall) -> dict[str, Any]:
        application = store.by_arn(call.params["ResourceARN"])
        merged = {**application.tags, **_tags(call.params["Tags"])}
        _check_tags(merged)
        application.tags = merged
        return {}

    @emulator.operation(SERVICE, "UntagResource")
    def untag_resource(call: ApiCall) -> dict[str, Any]:
        application = store.by_arn(call.params["ResourceARN"])
        for key in call.params["TagKeys"]:
            application.tags.pop(key, None)
        return {}

    @emulator.operation(SERVICE, "ListTagsForResource")
    def list_tags_for_resource(call: ApiCall) -> dict[str, Any]:
        application = store.by_arn(call.params["ResourceARN"])
        tags = [{"Key": key, "Value": value} for key, value in sorted(application.tags.items())]
        # The model takes no empty list.
        return {"Tags": tags} if tags else {}


def _tags(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair.get("Value", "") for pair in pairs}


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise ApiError("TooManyTagsException", f"An application takes at most {MOST_TAGS} tags.")


def _summary(application: Application) -> dict[str, Any]:
    return {
        "ApplicationName": application.name,
        "ApplicationARN": application.arn,
        "ApplicationStatus": application.status,
        "ApplicationVersionId": application.version,
        "RuntimeEnvironment": application.runtime,
        "ApplicationMode": application.mode or "STREAMING",
    }


def _create(store: Store, call: ApiCall) -> Application:
    params, account = call.params, call.caller.account
    name = params["ApplicationName"]
    if (account, call.region, name) in store.applications:
        raise ApiError("ResourceInUseException", f"Application {name} already exists.")
    if len(store.of(account, call.region)) >= MOST_APPLICATIONS:
        raise ApiError("LimitExceededException", f"An account has at most {MOST_APPLICATIONS} applications.")
    if not params["RuntimeEnvironment"].startswith("FLINK-"):
        raise ApiError("UnsupportedOperationException", f"{params['RuntimeEnvironment']} is not served here.")
    now = store.now()
    made = Application(
        name,
        f"arn:aws:kinesisanalytics:{call.region}:{account}:application/{name}",
        account,
        call.region,
        params["RuntimeEnvironment"],
        params["ServiceExecutionRole"],
        created=now,
        description=params.get("ApplicationDescription"),
        mode=params.get("ApplicationMode"),
        configuration=with_defaults(params.get("ApplicationConfiguration") or {}),
        updated=now,
        tags=_tags(params.get("Tags") or []),
    )
    _check_tags(made.tags)
    _check_groups(made)
    for wanted in made.configuration.pop("VpcConfigurations", []):
        vpc.add(made, wanted)
    for option in params.get("CloudWatchLoggingOptions") or []:
        new_option(made, option)
    made.code = code_facts(store, made)
    return made


def _check_groups(application: Application) -> None:
    names = [group["PropertyGroupId"] for group in application.property_groups()]
    if len(set(names)) != len(names):
        raise invalid("A PropertyGroupId appears more than once.")


def code_facts(store: Store, application: Application) -> dict[str, Any]:
    """``CodeSize`` of the JAR, after a look at it in S3 as the application's role.

    The model takes no size above 50 MB, and for ``CodeMD5`` only texts of 128 characters, which no MD5 has: what does
    not fit is left out. UNVERIFIED[flink-code-facts]: what the service answers there.

    Raises:
        ApiError: the role may not read it, or it is not there.
    """
    code = application.configuration.get("ApplicationCodeConfiguration")
    if not code:
        return {}
    content = code.get("CodeContent") or {}
    if "ZipFileContent" in content:
        return {"CodeSize": len(content["ZipFileContent"])}
    location = content.get("S3ContentLocation")
    if location is None:
        raise invalid("ApplicationCodeConfiguration needs a CodeContent.")
    _assume(store, application)
    try:
        client = store.emulator.client("s3", role_arn=application.role, region=application.region)
        found = client.head_object(**s3_object(location))
    except (ClientError, ApiError) as error:
        # The words are the service's as users quote them. UNVERIFIED[flink-missing-code]: that they come at this call.
        raise invalid(
            "Please check the role provided or validity of S3 location you provided. We are unable to get the "
            f"specified fileKey: {location['FileKey']} in the specified bucket: {location['BucketARN']}"
        ) from error
    size = int(found["ContentLength"])
    return {"CodeSize": size} if size <= LARGEST_SIZE else {}


def _assume(store: Store, application: Application) -> None:
    """The service assumes the role on behalf of the application, which the role's trust may name.

    Raises:
        ApiError: the role does not let it.
    """
    context = {"aws:SourceArn": application.arn, "aws:SourceAccount": application.account}
    may = store.emulator.parts["iam.service_may"]
    if not may("kinesisanalytics.amazonaws.com", "sts:AssumeRole", application.role, context).allowed:
        raise invalid("Kinesis Analytics service doesn't have sufficient privileges to assume the role provided.")


def s3_object(location: dict[str, str]) -> dict[str, str]:
    """The arguments of GetObject for an S3ContentLocation."""
    found = {"Bucket": location["BucketARN"].rpartition(":")[2], "Key": location["FileKey"]}
    return {**found, "VersionId": location["ObjectVersion"]} if location.get("ObjectVersion") else found


def _update(store: Store, call: ApiCall) -> dict[str, Any]:
    application, params = store.find(call), call.params
    store.check_version(application, params, required=True)
    store.check_state(application, "READY", "RUNNING")
    changed = copy.deepcopy(application)
    for name, update in (params.get("ApplicationConfigurationUpdate") or {}).items():
        if name not in _UPDATES:
            raise ApiError("UnsupportedOperationException", f"{name} is not served here.")
        _merge(changed.configuration, _UPDATES[name], update)
    changed.role = params.get("ServiceExecutionRoleUpdate", changed.role)
    changed.runtime = params.get("RuntimeEnvironmentUpdate", changed.runtime)
    update_options(changed, params.get("CloudWatchLoggingOptionUpdates") or [])
    _check_groups(changed)
    changed.configuration = with_defaults(changed.configuration)
    changed.code = code_facts(store, changed)
    application.configuration, application.code = changed.configuration, changed.code
    application.role, application.runtime, application.logging = changed.role, changed.runtime, changed.logging
    if params.get("RunConfigurationUpdate"):
        application.run.update(params["RunConfigurationUpdate"])
    operation = application.begin("UpdateApplication", store.now())
    application.changed(store.now())
    operation.after = application.version
    if application.status == "RUNNING":
        application.status = "UPDATING"
        store.runner.restart(application, operation)
    else:
        operation.end(store.now())
    return {"ApplicationDetail": detail(application), "OperationId": operation.id}


def _merge(configuration: dict[str, Any], name: str, update: dict[str, Any]) -> None:
    """Put an update's members (``…Update``) into the configuration; property groups are replaced as a whole."""
    if name == "EnvironmentProperties":
        configuration[name] = {"PropertyGroups": update["PropertyGroups"]}
        return
    target = configuration.setdefault(name, {})
    for member, value in update.items():
        own = member.removesuffix("Update")
        if isinstance(value, dict):
            _merge(target, own, value)
        else:
            target[own] = value
