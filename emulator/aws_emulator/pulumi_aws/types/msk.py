"""aws:msk/cluster."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.differing import differs
from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    changed,
    delete_quietly,
    read_or_none,
    tag_changes,
    wait_for,
)

_SASL = Prop("object", members={"iam": Prop("bool")})
_SASL_COMPUTED = Prop("object", computed=True, members={"iam": Prop("bool")})
_BROKERS = Prop(
    "object",
    required=True,
    members={
        "instanceType": Prop(required=True),
        "clientSubnets": Prop("list", required=True, replace=True, unordered=True),
        "securityGroups": Prop("list", required=True, replace=True, unordered=True),
        "storageInfo": Prop(
            "object",
            computed=True,
            members={"ebsStorageInfo": Prop("object", computed=True, members={"volumeSize": Prop("int")})},
        ),
        "connectivityInfo": Prop(
            "object",
            computed=True,
            members={
                "vpcConnectivity": Prop(
                    "object",
                    computed=True,
                    members={
                        "clientAuthentication": Prop("object", computed=True, members={"sasl": _SASL_COMPUTED}),
                    },
                )
            },
        ),
    },
)
_AUTHENTICATION = Prop("object", members={"unauthenticated": Prop("bool", default=False), "sasl": _SASL})
_ENCRYPTION = Prop(
    "object",
    computed=True,
    members={
        "encryptionAtRestKmsKeyArn": Prop(computed=True, replace=True),
        "encryptionInTransit": Prop(
            "object",
            computed=True,
            members={"clientBroker": Prop(default="TLS"), "inCluster": Prop("bool", default=True, replace=True)},
        ),
    },
)


# --- what the service wants ---
def _connectivity(brokers: State) -> dict[str, Any]:
    vpc = (brokers.get("connectivityInfo") or {}).get("vpcConnectivity") or {}
    sasl = (vpc.get("clientAuthentication") or {}).get("sasl") or {}
    return {"VpcConnectivity": {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": bool(sasl.get("iam"))}}}}}


def _volume(brokers: State) -> int | None:
    size = ((brokers.get("storageInfo") or {}).get("ebsStorageInfo") or {}).get("volumeSize")
    return int(size) if size else None


def _authentication(given: State) -> dict[str, Any]:
    return {
        "Unauthenticated": {"Enabled": bool(given.get("unauthenticated"))},
        "Sasl": {"Iam": {"Enabled": bool((given.get("sasl") or {}).get("iam"))}},
    }


def _in_transit(given: State) -> dict[str, Any]:
    transit = given.get("encryptionInTransit") or {}
    return {"ClientBroker": transit.get("clientBroker") or "TLS", "InCluster": bool(transit.get("inCluster", True))}


def _create(context: Context, inputs: State) -> tuple[str, State]:
    group = inputs["brokerNodeGroupInfo"]
    brokers: dict[str, Any] = {
        "InstanceType": group["instanceType"],
        "ClientSubnets": group["clientSubnets"],
        "SecurityGroups": group["securityGroups"],
    }
    if _volume(group):
        brokers["StorageInfo"] = {"EbsStorageInfo": {"VolumeSize": _volume(group)}}
    arguments: dict[str, Any] = {
        "ClusterName": inputs["clusterName"],
        "KafkaVersion": inputs["kafkaVersion"],
        "NumberOfBrokerNodes": int(inputs["numberOfBrokerNodes"]),
        "BrokerNodeGroupInfo": brokers,
    }
    if inputs.get("clientAuthentication"):
        arguments["ClientAuthentication"] = _authentication(inputs["clientAuthentication"])
    encryption = inputs.get("encryptionInfo")
    if encryption:
        arguments["EncryptionInfo"] = {"EncryptionInTransit": _in_transit(encryption)}
        if encryption.get("encryptionAtRestKmsKeyArn"):
            key = encryption["encryptionAtRestKmsKeyArn"]
            arguments["EncryptionInfo"]["EncryptionAtRest"] = {"DataVolumeKMSKeyId": key}
    if context.tags(inputs):
        arguments["Tags"] = context.tags(inputs)
    arn = context.client("kafka").create_cluster(**arguments)["ClusterArn"]
    with after_creation(arn):
        _wait(context, arn)
        if group.get("connectivityInfo"):
            # Private connectivity cannot be turned on while a cluster is created: the real provider updates it after.
            _call(context, arn, "update_connectivity", ConnectivityInfo=_connectivity(group))
        return arn, _live(context, arn)


def _wait(context: Context, arn: str) -> None:
    kafka = context.client("kafka")
    wait_for(
        f"cluster {arn} to be ACTIVE",
        lambda: kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE",
    )


def _call(context: Context, arn: str, operation: str, **arguments: Any) -> None:
    """One update of the cluster as it is now, and the wait for its end."""
    kafka = context.client("kafka")
    version = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    getattr(kafka, operation)(ClusterArn=arn, CurrentVersion=version, **arguments)
    _wait(context, arn)


# --- what the service answers ---
def _live(context: Context, arn: str) -> State:
    kafka = context.client("kafka")
    found = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]
    bootstrap = kafka.get_bootstrap_brokers(ClusterArn=arn)
    return {
        "clusterName": found["ClusterName"],
        "kafkaVersion": found["CurrentBrokerSoftwareInfo"]["KafkaVersion"],
        "numberOfBrokerNodes": found["NumberOfBrokerNodes"],
        "brokerNodeGroupInfo": _brokers_state(found["BrokerNodeGroupInfo"]),
        "clientAuthentication": _authentication_state(found.get("ClientAuthentication")),
        "encryptionInfo": _encryption_state(found["EncryptionInfo"]),
        "arn": arn,
        "clusterUuid": arn.rsplit("/", 1)[1],
        "currentVersion": found["CurrentVersion"],
        "bootstrapBrokersSaslIam": bootstrap.get("BootstrapBrokerStringSaslIam", ""),
        "bootstrapBrokersVpcConnectivitySaslIam": bootstrap.get("BootstrapBrokerStringVpcConnectivitySaslIam", ""),
        **all_tags(found.get("Tags") or {}),
    }


def _brokers_state(group: dict[str, Any]) -> State:
    volume = group.get("StorageInfo", {}).get("EbsStorageInfo", {}).get("VolumeSize")
    vpc = group.get("ConnectivityInfo", {}).get("VpcConnectivity", {}).get("ClientAuthentication", {})
    iam = vpc.get("Sasl", {}).get("Iam", {}).get("Enabled", False)
    return {
        "instanceType": group["InstanceType"],
        "clientSubnets": group["ClientSubnets"],
        "securityGroups": group.get("SecurityGroups") or [],
        "storageInfo": {"ebsStorageInfo": {"volumeSize": volume}} if volume else None,
        "connectivityInfo": {"vpcConnectivity": {"clientAuthentication": {"sasl": {"iam": iam}}}},
    }


def _authentication_state(found: dict[str, Any] | None) -> State | None:
    if not found:
        return None
    return {
        "unauthenticated": (found.get("Unauthenticated") or {}).get("Enabled", False),
        "sasl": {"iam": ((found.get("Sasl") or {}).get("Iam") or {}).get("Enabled", False)},
    }


def _encryption_state(found: dict[str, Any]) -> State:
    transit = found["EncryptionInTransit"]
    return {
        "encryptionAtRestKmsKeyArn": found["EncryptionAtRest"]["DataVolumeKMSKeyId"],
        "encryptionInTransit": {"clientBroker": transit["ClientBroker"], "inCluster": transit["InCluster"]},
    }


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    _update_brokers(context, identifier, old["brokerNodeGroupInfo"], new["brokerNodeGroupInfo"])
    if changed(old, new, "numberOfBrokerNodes"):
        count = int(new["numberOfBrokerNodes"])
        _call(context, identifier, "update_broker_count", TargetNumberOfBrokerNodes=count)
    if changed(old, new, "kafkaVersion"):
        _call(context, identifier, "update_cluster_kafka_version", TargetKafkaVersion=new["kafkaVersion"])
    security: dict[str, Any] = {}
    if differs(_AUTHENTICATION, old.get("clientAuthentication"), new.get("clientAuthentication")):
        security["ClientAuthentication"] = _authentication(new.get("clientAuthentication") or {})
    if new.get("encryptionInfo") and differs(_ENCRYPTION, old.get("encryptionInfo"), new["encryptionInfo"]):
        security["EncryptionInfo"] = {"EncryptionInTransit": _in_transit(new["encryptionInfo"])}
    if security:
        _call(context, identifier, "update_security", **security)
    retag(context, identifier, old, new)
    return _live(context, identifier)


def retag(context: Context, arn: str, old: State, new: State) -> None:
    """Bring the tags of a resource of MSK from one set of inputs to another."""
    removed, added = tag_changes(context, old, new)
    kafka = context.client("kafka")
    if removed:
        kafka.untag_resource(ResourceArn=arn, TagKeys=removed)
    if added:
        kafka.tag_resource(ResourceArn=arn, Tags=added)


def _update_brokers(context: Context, arn: str, before: State, after: State) -> None:
    if after.get("storageInfo") and _volume(before) != _volume(after):
        volumes = [{"KafkaBrokerNodeId": "All", "VolumeSizeGB": _volume(after)}]
        _call(context, arn, "update_broker_storage", TargetBrokerEBSVolumeInfo=volumes)
    if before["instanceType"] != after["instanceType"]:
        _call(context, arn, "update_broker_type", TargetInstanceType=after["instanceType"])
    if after.get("connectivityInfo") and _connectivity(before) != _connectivity(after):
        _call(context, arn, "update_connectivity", ConnectivityInfo=_connectivity(after))


def _delete(context: Context, identifier: str, state: State) -> None:
    delete_quietly(lambda: context.client("kafka").delete_cluster(ClusterArn=identifier))
    wait_for(f"cluster {identifier} to be gone", lambda: _read(context, identifier, state) is None)


def _read(context: Context, identifier: str, state: State) -> State | None:
    return read_or_none(lambda: _live(context, identifier))


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:msk/cluster:Cluster",
            {
                "clusterName": Prop(replace=True),
                "kafkaVersion": Prop(required=True, replace_if=lambda old, new: str(new) < str(old)),
                "numberOfBrokerNodes": Prop("int", required=True),
                "brokerNodeGroupInfo": _BROKERS,
                "clientAuthentication": _AUTHENTICATION,
                "encryptionInfo": _ENCRYPTION,
                **TAGS,
            },
            create=_create,
            read=_read,
            update=_update,
            delete=_delete,
            autoname=Autoname("clusterName", 64),
        ),
    )
