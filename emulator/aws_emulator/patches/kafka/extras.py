"""Lists that programs read beside a cluster: versions, brokers, secrets, configurations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, utc
from aws_emulator.patches.kafka.store import Store, bad_request

DEFAULT_PAGE = 10
"""As for clusters: MSK documents no default, and a small one makes missing pagination fail."""
VERSIONS = ("2.8.1", "3.4.0", "3.5.1", "3.6.0", "3.7.x", "3.8.x", "3.9.x", "4.0.x.kraft", "4.1.x.kraft")
"""UNVERIFIED[msk-kafka-versions]: the versions that MSK offers change every few months."""


@dataclass
class Configuration:
    """A cluster configuration with its revisions, numbered from 1."""

    arn: str
    name: str
    description: str
    versions: list[str]
    created: float
    revisions: list[tuple[float, str, bytes]] = field(default_factory=list)

    def revision(self, number: int) -> dict[str, Any]:
        """A revision as the API shows it in lists."""
        created, description, _ = self.revisions[number - 1]
        return {"CreationTime": utc(created), "Description": description, "Revision": number}

    def describe(self) -> dict[str, Any]:
        """The configuration as the API shows it."""
        return {
            "Arn": self.arn,
            "Name": self.name,
            "Description": self.description,
            "KafkaVersions": self.versions,
            "CreationTime": utc(self.created),
            "LatestRevision": self.revision(len(self.revisions)),
            "State": "ACTIVE",
        }


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""
    _install_configurations(emulator, store)

    @emulator.operation("kafka", "ListKafkaVersions")
    def list_kafka_versions(call: ApiCall) -> dict[str, Any]:
        rows = [{"Version": version, "Status": "ACTIVE"} for version in VERSIONS]
        return _page(call, rows, "KafkaVersions")

    @emulator.operation("kafka", "GetCompatibleKafkaVersions")
    def get_compatible_kafka_versions(call: ApiCall) -> dict[str, Any]:
        versions = list(VERSIONS)
        if call.params.get("ClusterArn"):
            cluster = store.find(call, call.params["ClusterArn"])
            own = cluster.settings.get("KafkaVersion")
            newer = versions[versions.index(own) + 1 :] if own in versions else versions
            return {"CompatibleKafkaVersions": [{"SourceVersion": own, "TargetVersions": newer}]}
        rows = [{"SourceVersion": v, "TargetVersions": versions[i + 1 :]} for i, v in enumerate(versions)]
        return {"CompatibleKafkaVersions": rows}

    @emulator.operation("kafka", "ListNodes")
    def list_nodes(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"])
        if not cluster.provisioned:
            raise bad_request("This operation cannot be performed on serverless clusters.", "clusterArn")
        group = cluster.settings["BrokerNodeGroupInfo"]
        subnets = group["ClientSubnets"]
        rows = [
            {
                "NodeARN": f"{cluster.arn.replace(':cluster/', ':broker/', 1)}/{number}",
                "NodeType": "BROKER",
                "InstanceType": group["InstanceType"].removeprefix("kafka."),
                "BrokerNodeInfo": {
                    "BrokerId": float(number),
                    "ClientSubnet": subnets[(number - 1) % len(subnets)],
                    "CurrentBrokerSoftwareInfo": {"KafkaVersion": cluster.settings["KafkaVersion"]},
                },
            }
            for number in range(1, cluster.settings["NumberOfBrokerNodes"] + 1)
        ]
        return _page(call, rows, "NodeInfoList")

    @emulator.operation("kafka", "ListScramSecrets")
    def list_scram_secrets(call: ApiCall) -> dict[str, Any]:
        store.find(call, call.params["ClusterArn"])
        return {"SecretArnList": []}


def _install_configurations(emulator: Emulator, store: Store) -> None:
    kept: dict[tuple[str, str], dict[str, Configuration]] = {}

    def own(call: ApiCall) -> dict[str, Configuration]:
        return kept.setdefault((call.caller.account, call.region), {})

    def find(call: ApiCall) -> Configuration:
        configuration = own(call).get(call.params["Arn"])
        if configuration is None:
            # Not NotFoundException: clients wait for this one after a deletion.
            raise bad_request("Configuration ARN does not exist.", "arn")
        return configuration

    @emulator.operation("kafka", "CreateConfiguration")
    def create_configuration(call: ApiCall) -> dict[str, Any]:
        name = call.params["Name"]
        if any(configuration.name == name for configuration in own(call).values()):
            raise ApiError("ConflictException", f"A resource with the name {name} already exists.", 409)
        now = store.now()
        unique = f"{uuid.uuid4()}-1"
        arn = f"arn:aws:kafka:{call.region}:{call.caller.account}:configuration/{name}/{unique}"
        description = call.params.get("Description", "")
        configuration = Configuration(arn, name, description, call.params.get("KafkaVersions", []), now)
        configuration.revisions.append((now, description, call.params["ServerProperties"]))
        own(call)[arn] = configuration
        described = configuration.describe()
        return {key: described[key] for key in ("Arn", "CreationTime", "LatestRevision", "Name", "State")}

    @emulator.operation("kafka", "UpdateConfiguration")
    def update_configuration(call: ApiCall) -> dict[str, Any]:
        configuration = find(call)
        revision = (store.now(), call.params.get("Description", ""), call.params["ServerProperties"])
        configuration.revisions.append(revision)
        return {"Arn": configuration.arn, "LatestRevision": configuration.revision(len(configuration.revisions))}

    @emulator.operation("kafka", "DescribeConfiguration")
    def describe_configuration(call: ApiCall) -> dict[str, Any]:
        return find(call).describe()

    @emulator.operation("kafka", "DescribeConfigurationRevision")
    def describe_configuration_revision(call: ApiCall) -> dict[str, Any]:
        configuration = find(call)
        number = call.params["Revision"]
        if not 1 <= number <= len(configuration.revisions):
            raise ApiError("NotFoundException", "The revision does not exist.", 404)
        properties = configuration.revisions[number - 1][2]
        return {"Arn": configuration.arn, "ServerProperties": properties, **configuration.revision(number)}

    @emulator.operation("kafka", "ListConfigurations")
    def list_configurations(call: ApiCall) -> dict[str, Any]:
        return _page(call, [configuration.describe() for configuration in own(call).values()], "Configurations")

    @emulator.operation("kafka", "DeleteConfiguration")
    def delete_configuration(call: ApiCall) -> dict[str, Any]:
        configuration = find(call)
        in_use = [
            cluster
            for cluster in store.clusters(call.caller.account, call.region)
            if cluster.settings.get("ConfigurationInfo", {}).get("Arn") == configuration.arn
        ]
        if in_use:
            raise bad_request(f"The configuration is used by the cluster {in_use[0].cluster_name}.", "arn")
        del own(call)[configuration.arn]
        return {"Arn": configuration.arn, "State": "DELETING"}


def _page(call: ApiCall, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found, token = page(
        rows,
        call.params.get("NextToken"),
        call.params.get("MaxResults"),
        default=DEFAULT_PAGE,
        scope=(call.operation, call.params.get("ClusterArn"), call.caller.account),
        error=lambda message: bad_request(message, "nextToken"),
    )
    return {name: found, **({"NextToken": token} if token else {})}
