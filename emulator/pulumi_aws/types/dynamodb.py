"""aws:dynamodb/table."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from emulator.pulumi_aws.model import Context, PluginError, Prop, Registry, ResourceType, State
from emulator.pulumi_aws.types.common import (
    TAGS,
    changed,
    delete_quietly,
    own_tags,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
    wait_for,
)


def _create(context: Context, inputs: State) -> tuple[str, State]:
    name = inputs["name"]
    keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
    if inputs.get("rangeKey"):
        keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
    arguments: dict[str, Any] = {
        "TableName": name,
        "KeySchema": keys,
        "AttributeDefinitions": [
            {"AttributeName": a["name"], "AttributeType": a["type"]} for a in inputs["attributes"]
        ],
        "BillingMode": inputs["billingMode"],
        "DeletionProtectionEnabled": bool(inputs.get("deletionProtectionEnabled")),
        "Tags": tag_list(context, inputs),
    }
    if inputs.get("globalSecondaryIndexes"):
        arguments["GlobalSecondaryIndexes"] = [_index(item) for item in inputs["globalSecondaryIndexes"]]
    encryption = inputs.get("serverSideEncryption")
    if encryption:
        arguments["SSESpecification"] = {"Enabled": bool(encryption["enabled"]), "SSEType": "KMS"}
        if encryption.get("kmsKeyArn"):
            arguments["SSESpecification"]["KMSMasterKeyId"] = encryption["kmsKeyArn"]
    client = context.client("dynamodb")
    client.create_table(**arguments)
    wait_for(
        f"table {name} to be ACTIVE", lambda: client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    )
    _apply_recovery(context, name, inputs)
    _apply_ttl(context, name, inputs)
    return name, _live(context, name, inputs)


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


def _live(context: Context, name: str, last: State) -> State:
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
        **own_tags(context, pairs(client.list_tags_of_resource(ResourceArn=table["TableArn"]).get("Tags"))),
    }
    indexes = table.get("GlobalSecondaryIndexes") or []
    if indexes:
        state["globalSecondaryIndexes"] = [_index_state(item) for item in indexes]
    if last.get("pointInTimeRecovery") is not None:
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        state["pointInTimeRecovery"] = {"enabled": status == "ENABLED"}
    encryption = table.get("SSEDescription")
    if last.get("serverSideEncryption") is not None:
        state["serverSideEncryption"] = {
            "enabled": bool(encryption),
            "kmsKeyArn": (encryption or {}).get("KMSMasterKeyArn"),
        }
    if last.get("ttl") is not None:
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        state["ttl"] = {
            "attributeName": ttl.get("AttributeName"),
            "enabled": ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"},
        }
    return state


def _index_state(item: dict[str, Any]) -> dict[str, Any]:
    keys = {key["KeyType"]: key["AttributeName"] for key in item["KeySchema"]}
    out = {"name": item["IndexName"], "hashKey": keys["HASH"], "projectionType": item["Projection"]["ProjectionType"]}
    if keys.get("RANGE"):
        out["rangeKey"] = keys["RANGE"]
    return out


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    client = context.client("dynamodb")
    if changed(old, new, "globalSecondaryIndexes", "attributes"):
        raise PluginError("aws:dynamodb/table:Table: a change of indexes in place is not served by the stand-in")
    if changed(old, new, "deletionProtectionEnabled"):
        client.update_table(TableName=identifier, DeletionProtectionEnabled=bool(new.get("deletionProtectionEnabled")))
    if changed(old, new, "billingMode"):
        client.update_table(TableName=identifier, BillingMode=new["billingMode"])
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
    return _live(context, identifier, new)


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
            {
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
                "ttl": Prop(
                    "object", computed=True, members={"attributeName": Prop(), "enabled": Prop("bool", default=False)}
                ),
                "deletionProtectionEnabled": Prop("bool", default=False),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier, state)),
            update=_update,
            delete=_delete,
            autoname=("name", 255),
        ),
    )
