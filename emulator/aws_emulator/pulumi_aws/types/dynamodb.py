"""aws:dynamodb/table."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State, canonical
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

_PROPS = {
    "name": Prop(replace=True),
    "billingMode": Prop(default="PROVISIONED"),
    "hashKey": Prop(required=True, replace=True),
    "rangeKey": Prop(replace=True),
    "attributes": Prop(
        "list",
        required=True,
        unordered=True,
        element=Prop("object", members={"name": Prop(required=True), "type": Prop(required=True)}),
    ),
    "globalSecondaryIndexes": Prop(
        "list",
        unordered=True,
        element=Prop(
            "object",
            members={
                "name": Prop(required=True),
                "hashKey": Prop(required=True),
                "rangeKey": Prop(),
                "projectionType": Prop(required=True),
            },
        ),
    ),
    "pointInTimeRecovery": Prop("object", computed=True, members={"enabled": Prop("bool", required=True)}),
    "serverSideEncryption": Prop(
        "object", computed=True, members={"enabled": Prop("bool", required=True), "kmsKeyArn": Prop()}
    ),
    "ttl": Prop("object", computed=True, members={"attributeName": Prop(), "enabled": Prop("bool", default=False)}),
    "deletionProtectionEnabled": Prop("bool", default=False),
    "readCapacity": Prop("int", computed=True),
    "writeCapacity": Prop("int", computed=True),
    "streamEnabled": Prop("bool"),
    "streamViewType": Prop(computed=True),
    **TAGS,
}


def _throughput(inputs: State) -> dict[str, int]:
    return {
        "ReadCapacityUnits": int(inputs.get("readCapacity") or 1),
        "WriteCapacityUnits": int(inputs.get("writeCapacity") or 1),
    }


def _stream(inputs: State) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs.get("streamViewType") or "NEW_AND_OLD_IMAGES"}


def _create(context: Context, inputs: State) -> tuple[str, State]:
    name = inputs["name"]
    keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
    if inputs.get("rangeKey"):
        keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
    arguments: dict[str, Any] = {
        "TableName": name,
        "KeySchema": keys,
        "AttributeDefinitions": _attributes(inputs),
        "BillingMode": inputs["billingMode"],
        "DeletionProtectionEnabled": bool(inputs.get("deletionProtectionEnabled")),
        "Tags": tag_list(context, inputs),
    }
    if inputs["billingMode"] == "PROVISIONED":
        arguments["ProvisionedThroughput"] = _throughput(inputs)
    if inputs.get("streamEnabled"):
        arguments["StreamSpecification"] = _stream(inputs)
    if inputs.get("globalSecondaryIndexes"):
        arguments["GlobalSecondaryIndexes"] = [_index(item) for item in inputs["globalSecondaryIndexes"]]
    encryption = inputs.get("serverSideEncryption")
    if encryption:
        arguments["SSESpecification"] = {"Enabled": bool(encryption["enabled"]), "SSEType": "KMS"}
        if encryption.get("kmsKeyArn"):
            arguments["SSESpecification"]["KMSMasterKeyId"] = encryption["kmsKeyArn"]
    client = context.client("dynamodb")
    client.create_table(**arguments)
    with after_creation(name):
        _wait(context, name)
        _apply_recovery(context, name, inputs)
        _apply_ttl(context, name, inputs)
        return name, _live(context, name)


def _wait(context: Context, name: str) -> None:
    client = context.client("dynamodb")

    def active() -> bool:
        table = client.describe_table(TableName=name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes") or []
        return all(item == "ACTIVE" for item in (table["TableStatus"], *(index["IndexStatus"] for index in indexes)))

    wait_for(f"table {name} to be ACTIVE", active)


def _index(item: dict[str, Any]) -> dict[str, Any]:
    keys = [{"AttributeName": item["hashKey"], "KeyType": "HASH"}]
    if item.get("rangeKey"):
        keys.append({"AttributeName": item["rangeKey"], "KeyType": "RANGE"})
    return {"IndexName": item["name"], "KeySchema": keys, "Projection": {"ProjectionType": item["projectionType"]}}


def _apply_recovery(context: Context, name: str, inputs: State) -> None:
    wanted = inputs.get("pointInTimeRecovery")
    if wanted is not None:
        context.client("dynamodb").update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": bool(wanted["enabled"])}
        )


def _apply_ttl(context: Context, name: str, inputs: State) -> None:
    ttl = inputs.get("ttl")
    if ttl is not None:
        context.client("dynamodb").update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={
                "Enabled": bool(ttl.get("enabled")),
                "AttributeName": ttl.get("attributeName") or "",
            },
        )


def _live(context: Context, name: str) -> State:
    client = context.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    keys = {item["KeyType"]: item["AttributeName"] for item in table["KeySchema"]}
    state: State = {
        "name": name,
        "arn": table["TableArn"],
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "hashKey": keys["HASH"],
        "rangeKey": keys.get("RANGE"),
        "attributes": [{"name": a["AttributeName"], "type": a["AttributeType"]} for a in table["AttributeDefinitions"]],
        "deletionProtectionEnabled": bool(table.get("DeletionProtectionEnabled", False)),
        **all_tags(pairs(client.list_tags_of_resource(ResourceArn=table["TableArn"]).get("Tags"))),
    }
    provisioned = state["billingMode"] == "PROVISIONED"
    throughput = table.get("ProvisionedThroughput") or {}
    state["readCapacity"] = throughput.get("ReadCapacityUnits") if provisioned else None
    state["writeCapacity"] = throughput.get("WriteCapacityUnits") if provisioned else None
    stream = table.get("StreamSpecification") or {}
    state["streamEnabled"] = True if stream.get("StreamEnabled") else None
    state["streamViewType"] = stream.get("StreamViewType") if stream.get("StreamEnabled") else None
    state["streamArn"] = table.get("LatestStreamArn") if stream.get("StreamEnabled") else None
    indexes = table.get("GlobalSecondaryIndexes") or []
    state["globalSecondaryIndexes"] = [_index_state(item) for item in indexes] or None
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    state["pointInTimeRecovery"] = {"enabled": status == "ENABLED"}
    encryption = table.get("SSEDescription")
    state["serverSideEncryption"] = {
        "enabled": bool(encryption),
        "kmsKeyArn": (encryption or {}).get("KMSMasterKeyArn"),
    }
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    state["ttl"] = {
        "attributeName": ttl.get("AttributeName"),
        "enabled": ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"},
    }
    return state


def _update_indexes(context: Context, name: str, old: State, new: State) -> None:
    """Indexes are deleted and created one call at a time; one whose keys changed is both."""
    client = context.client("dynamodb")
    before = {item["name"]: item for item in old.get("globalSecondaryIndexes") or []}
    after = {item["name"]: item for item in new.get("globalSecondaryIndexes") or []}
    element = _PROPS["globalSecondaryIndexes"].element or Prop()
    differing = [key for key in after if canonical(element, before.get(key)) != canonical(element, after[key])]
    for key in [key for key in before if key not in after or key in differing]:
        client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": key}}])
        _wait(context, name)
    for key in differing:
        client.update_table(
            TableName=name,
            AttributeDefinitions=_attributes(new),
            GlobalSecondaryIndexUpdates=[{"Create": _index(after[key])}],
        )
        _wait(context, name)


def _attributes(inputs: State) -> list[dict[str, str]]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _index_state(item: dict[str, Any]) -> dict[str, Any]:
    keys = {key["KeyType"]: key["AttributeName"] for key in item["KeySchema"]}
    out = {"name": item["IndexName"], "hashKey": keys["HASH"], "projectionType": item["Projection"]["ProjectionType"]}
    if keys.get("RANGE"):
        out["rangeKey"] = keys["RANGE"]
    return out


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    client = context.client("dynamodb")
    _update_indexes(context, identifier, old, new)
    if changed(old, new, "deletionProtectionEnabled"):
        client.update_table(TableName=identifier, DeletionProtectionEnabled=bool(new.get("deletionProtectionEnabled")))
    provisioned = new["billingMode"] == "PROVISIONED"
    if changed(old, new, "billingMode") or (provisioned and changed(old, new, "readCapacity", "writeCapacity")):
        throughput = {"ProvisionedThroughput": _throughput(new)} if provisioned else {}
        client.update_table(TableName=identifier, BillingMode=new["billingMode"], **throughput)
    if changed(old, new, "streamEnabled", "streamViewType"):
        if old.get("streamEnabled"):
            client.update_table(TableName=identifier, StreamSpecification={"StreamEnabled": False})
        if new.get("streamEnabled"):
            client.update_table(TableName=identifier, StreamSpecification=_stream(new))
    if changed(old, new, "serverSideEncryption"):
        encryption = new.get("serverSideEncryption") or {"enabled": False}
        specification: dict[str, Any] = {"Enabled": bool(encryption["enabled"])}
        if encryption.get("kmsKeyArn"):
            specification |= {"SSEType": "KMS", "KMSMasterKeyId": encryption["kmsKeyArn"]}
        client.update_table(TableName=identifier, SSESpecification=specification)
    if changed(old, new, "pointInTimeRecovery"):
        _apply_recovery(
            context, identifier, new if new.get("pointInTimeRecovery") else {"pointInTimeRecovery": {"enabled": False}}
        )
    if changed(old, new, "ttl"):
        _apply_ttl(context, identifier, new)
    removed, added = tag_changes(context, old, new)
    if removed:
        client.untag_resource(ResourceArn=last["arn"], TagKeys=removed)
    if added:
        client.tag_resource(ResourceArn=last["arn"], Tags=[{"Key": k, "Value": v} for k, v in added.items()])
    return _live(context, identifier)


def _delete(context: Context, identifier: str, state: State) -> None:
    client = context.client("dynamodb")
    delete_quietly(lambda: client.delete_table(TableName=identifier))

    def is_gone() -> bool:
        try:
            client.describe_table(TableName=identifier)
        except ClientError:
            return True
        return False

    wait_for(f"table {identifier} to be gone", is_gone)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:dynamodb/table:Table",
            _PROPS,
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier)),
            update=_update,
            delete=_delete,
            autoname=Autoname("name", 255),
        ),
    )
