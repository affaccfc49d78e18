"""aws:msk/cluster."""

from __future__ import annotations

from typing import Any

from emulator.pulumi_aws.model import Context, Prop, Registry, ResourceType, State
from emulator.pulumi_aws.types.common import (
    TAGS,
    changed,
    delete_quietly,
    own_tags,
    read_or_none,
    tag_changes,
    wait_for,
)

_IAM = Prop(
    "object",
    members={"sasl": Prop("object", members={"iam": Prop("bool"), "scram": Prop("bool")}), "tls": Prop("bool")},
)
_BROKERS = Prop(
    "object",
    required=True,
    members={
        "instanceType": Prop(required=True),
        "clientSubnets": Prop("list", required=True, unordered=True),
        "securityGroups": Prop("list", required=True, unordered=True),
        "storageInfo": Prop("object", members={"ebsStorageInfo": Prop("object", members={"volumeSize": Prop("int")})}),
        "connectivityInfo": Prop(
            "object",
            members={"vpcConnectivity": Prop("object", members={"clientAuthentication": _IAM})},
        ),
    },
)
_AUTHENTICATION = Prop(
    "object",
    members={
        "unauthenticated": Prop("bool"),
        "sasl": Prop("object", members={"iam": Prop("bool"), "scram": Prop("bool")}),
        "tls": Prop("object", members={"certificateAuthorityArns": Prop("list", unordered=True)}),
    },
)
_ENCRYPTION = Prop(
    "object",
    computed=True,
    members={
        "encryptionAtRestKmsKeyArn": Prop(computed=True),
        "encryptionInTransit": Prop(
            "object",
            members={"clientBroker": Prop(default="TLS"), "inCluster": Prop("bool", default=True)},
        ),
    },
)


def _sasl(given: Any) -> dict[str, Any]:
    return {
        name.capitalize(): {"Enabled": bool(given[name])} for name in ("iam", "scram") if given.get(name) is not None
    }


def _connectivity(inputs: State) -> dict[str, Any]:
    given = (inputs["brokerNodeGroupInfo"].get("connectivityInfo") or {}).get("vpcConnectivity") or {}
    authentication = given.get("clientAuthentication") or {}
    if not authentication:
        return {}
    out: dict[str, Any] = {"Sasl": _sasl(authentication.get("sasl") or {})}
    if authentication.get("tls") is not None:
        out["Tls"] = {"Enabled": bool(authentication["tls"])}
    return {"VpcConnectivity": {"ClientAuthentication": out}}


def _create(context: Context, inputs: State) -> tuple[str, State]:
    group = inputs["brokerNodeGroupInfo"]
    brokers: dict[str, Any] = {
        "InstanceType": group["instanceType"],
        "ClientSubnets": group["clientSubnets"],
        "SecurityGroups": group["securityGroups"],
    }
    volume = ((group.get("storageInfo") or {}).get("ebsStorageInfo") or {}).get("volumeSize")
    if volume:
        brokers["StorageInfo"] = {"EbsStorageInfo": {"VolumeSize": int(volume)}}
    arguments: dict[str, Any] = {
        "ClusterName": inputs["clusterName"],
        "KafkaVersion": inputs["kafkaVersion"],
        "NumberOfBrokerNodes": int(inputs["numberOfBrokerNodes"]),
        "BrokerNodeGroupInfo": brokers,
    }
    authentication = inputs.get("clientAuthentication")
    if authentication:
        arguments["ClientAuthentication"] = _authentication(authentication)
    encryption = inputs.get("encryptionInfo")
    if encryption:
        arguments["EncryptionInfo"] = _encryption(encryption)
    tags = context.tags(inputs)
    if tags:
        arguments["Tags"] = tags
    kafka = context.client("kafka")
    arn = kafka.create_cluster(**arguments)["ClusterArn"]
    _wait(context, arn)
    connectivity = _connectivity(inputs)
    if connectivity:
        # Multi-VPC connectivity cannot be set when a cluster is created: the real provider updates it afterwards.
        _set_connectivity(context, arn, connectivity)
    return arn, _live(context, arn, inputs)


def _authentication(given: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if given.get("sasl"):
        out["Sasl"] = _sasl(given["sasl"])
    if given.get("unauthenticated") is not None:
        out["Unauthenticated"] = {"Enabled": bool(given["unauthenticated"])}
    if given.get("tls"):
        out["Tls"] = {
            "CertificateAuthorityArnList": given["tls"].get("certificateAuthorityArns") or [],
            "Enabled": True,
        }
    return out


def _encryption(given: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if given.get("encryptionAtRestKmsKeyArn"):
        out["EncryptionAtRest"] = {"DataVolumeKMSKeyId": given["encryptionAtRestKmsKeyArn"]}
    transit = given.get("encryptionInTransit")
    if transit:
        out["EncryptionInTransit"] = {
            "ClientBroker": transit.get("clientBroker", "TLS"),
            "InCluster": bool(transit.get("inCluster", True)),
        }
    return out


def _wait(context: Context, arn: str) -> None:
    kafka = context.client("kafka")
    wait_for(
        f"cluster {arn} to be ACTIVE",
        lambda: kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE",
    )


def _set_connectivity(context: Context, arn: str, connectivity: dict[str, Any]) -> None:
    kafka = context.client("kafka")
    version = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    kafka.update_connectivity(ClusterArn=arn, CurrentVersion=version, ConnectivityInfo=connectivity)
    _wait(context, arn)


def _live(context: Context, arn: str, last: State) -> State:
    kafka = context.client("kafka")
    found = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]
    group = found["BrokerNodeGroupInfo"]
    brokers: State = {
        "instanceType": group["InstanceType"],
        "clientSubnets": group["ClientSubnets"],
        "securityGroups": group.get("SecurityGroups") or [],
    }
    volume = group.get("StorageInfo", {}).get("EbsStorageInfo", {}).get("VolumeSize")
    if volume:
        brokers["storageInfo"] = {"ebsStorageInfo": {"volumeSize": volume}}
    authentication = group.get("ConnectivityInfo", {}).get("VpcConnectivity", {}).get("ClientAuthentication")
    if authentication and (last.get("brokerNodeGroupInfo") or {}).get("connectivityInfo"):
        sasl = {name.lower(): value.get("Enabled", False) for name, value in (authentication.get("Sasl") or {}).items()}
        given = (
            last["brokerNodeGroupInfo"]["connectivityInfo"]["vpcConnectivity"]["clientAuthentication"].get("sasl") or {}
        )
        brokers["connectivityInfo"] = {
            "vpcConnectivity": {"clientAuthentication": {"sasl": {k: v for k, v in sasl.items() if v or k in given}}}
        }
    bootstrap = kafka.get_bootstrap_brokers(ClusterArn=arn)
    state: State = {
        "clusterName": found["ClusterName"],
        "kafkaVersion": found["CurrentBrokerSoftwareInfo"]["KafkaVersion"],
        "numberOfBrokerNodes": found["NumberOfBrokerNodes"],
        "brokerNodeGroupInfo": brokers,
        "arn": arn,
        "clusterUuid": arn.rsplit("/", 1)[1],
        "currentVersion": found["CurrentVersion"],
        "bootstrapBrokersSaslIam": bootstrap.get("BootstrapBrokerStringSaslIam", ""),
        "bootstrapBrokersVpcConnectivitySaslIam": bootstrap.get("BootstrapBrokerStringVpcConnectivitySaslIam", ""),
        **own_tags(context, found.get("Tags") or {}),
    }
    if found.get("ClientAuthentication") and last.get("clientAuthentication"):
        state["clientAuthentication"] = _authentication_state(
            found["ClientAuthentication"], last["clientAuthentication"]
        )
    if found.get("EncryptionInfo") and last.get("encryptionInfo"):
        state["encryptionInfo"] = _encryption_state(found["EncryptionInfo"], last["encryptionInfo"])
    return state


def _authentication_state(found: dict[str, Any], last: dict[str, Any]) -> State:
    out: State = {}
    sasl = {name.lower(): value.get("Enabled", False) for name, value in (found.get("Sasl") or {}).items()}
    given = last.get("sasl") or {}
    sasl = {name: value for name, value in sasl.items() if value or name in given}
    if sasl:
        out["sasl"] = sasl
    if found.get("Unauthenticated") is not None and (
        found["Unauthenticated"].get("Enabled") or "unauthenticated" in last
    ):
        out["unauthenticated"] = found["Unauthenticated"].get("Enabled", False)
    if (found.get("Tls") or {}).get("CertificateAuthorityArnList"):
        out["tls"] = {"certificateAuthorityArns": found["Tls"]["CertificateAuthorityArnList"]}
    return out


def _encryption_state(found: dict[str, Any], last: dict[str, Any]) -> State:
    out: State = {}
    at_rest = (found.get("EncryptionAtRest") or {}).get("DataVolumeKMSKeyId")
    if at_rest and last.get("encryptionAtRestKmsKeyArn"):
        out["encryptionAtRestKmsKeyArn"] = at_rest
    transit = found.get("EncryptionInTransit")
    if transit and last.get("encryptionInTransit"):
        out["encryptionInTransit"] = {
            "clientBroker": transit.get("ClientBroker", "TLS"),
            "inCluster": transit.get("InCluster", True),
        }
    return out


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    kafka = context.client("kafka")
    if changed(old, new, "brokerNodeGroupInfo"):
        _set_connectivity(context, identifier, _connectivity(new) or {"VpcConnectivity": {"ClientAuthentication": {}}})
    removed, added = tag_changes(context, old, new)
    if removed:
        kafka.untag_resource(ResourceArn=identifier, TagKeys=removed)
    if added:
        kafka.tag_resource(ResourceArn=identifier, Tags=added)
    return _live(context, identifier, new)


def _delete(context: Context, identifier: str, state: State) -> None:
    delete_quietly(lambda: context.client("kafka").delete_cluster(ClusterArn=identifier))
    wait_for(
        f"cluster {identifier} to be gone", lambda: read_or_none(lambda: _live(context, identifier, state)) is None
    )


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:msk/cluster:Cluster",
            {
                "clusterName": Prop(replace=True),
                # A downgrade replaces and an upgrade is made in place by the real provider; the stand-in replaces.
                "kafkaVersion": Prop(required=True, replace=True),
                "numberOfBrokerNodes": Prop("int", required=True, replace=True),
                "brokerNodeGroupInfo": _BROKERS,
                "clientAuthentication": Prop("object", members=_AUTHENTICATION.members, replace=True),
                "encryptionInfo": Prop("object", members=_ENCRYPTION.members, computed=True, replace=True),
                **TAGS,
            },
            create=_create,
            read=lambda context, identifier, state: read_or_none(lambda: _live(context, identifier, state)),
            update=_update,
            delete=_delete,
            autoname=("clusterName", 64),
        ),
    )
