"""What an MSK cluster is, and which ways around IAM it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.platforms.msk.form_types import PROVISIONED
from streamgov_core.runtime.calls import calling

if TYPE_CHECKING:
    from mypy_boto3_kafka import KafkaClient
    from mypy_boto3_kafka.type_defs import ClusterTypeDef

_BROKER_STRINGS = {
    "bootstrapBrokers": "BootstrapBrokerStringSaslIam",
    "bootstrapBrokersVpc": "BootstrapBrokerStringVpcConnectivitySaslIam",
    "bootstrapBrokersPublic": "BootstrapBrokerStringPublicSaslIam",
}
"""Members of the claim's resource, and of the answer of GetBootstrapBrokers."""


def inspect_cluster(client: KafkaClient, command: GrantCommand) -> dict[str, Any]:
    """Look at the cluster before a grant (API DescribeClusterV2).

    Returns:
        ``warnings``: ways around IAM that the cluster leaves open.

    Raises:
        ClaimRefusedError: it does not exist, or is of another type than the asset says.
        PermanentGrantError: it cannot be reached with IAM, or not from another account.
    """
    arn = str(command.resource["clusterArn"])
    info = describe(client, arn)
    if info is None:
        raise ClaimRefusedError(f"the cluster {arn} that the asset names does not exist")
    kind = info.get("ClusterType", PROVISIONED)
    if kind != command.resource["clusterType"]:
        raise ClaimRefusedError(f"{arn} is {kind}, but the asset's form says {command.resource['clusterType']}")
    provisioned: Mapping[str, Any] = info.get("Provisioned") or {}
    authentication = provisioned.get("ClientAuthentication") or {}
    if authentication and not _enabled(authentication, "Sasl", "Iam"):
        raise PermanentGrantError(f"{arn} has no IAM access control: a grant would have no effect. Enable it first")
    if (
        kind == PROVISIONED
        and command.foreign_principals()
        and command.options.get("managedVpc", True)
        and not _vpc_connectivity(provisioned)
    ):
        raise PermanentGrantError(_no_connectivity(arn, str(info.get("CurrentVersion", "<version>"))))
    return {"warnings": bypasses(authentication)}


def describe(client: KafkaClient, arn: str) -> ClusterTypeDef | None:
    """A cluster (API DescribeClusterV2), or None if there is none of this ARN."""
    with calling("kafka:DescribeClusterV2", arn):
        try:
            return client.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
        except (client.exceptions.NotFoundException, client.exceptions.BadRequestException):
            return None


def brokers_of(client: KafkaClient, arn: str) -> dict[str, str]:
    """A cluster's brokers for clients with IAM authentication (API GetBootstrapBrokers), by the claim's own names."""
    with calling("kafka:GetBootstrapBrokers", arn):
        answer: Mapping[str, Any] = client.get_bootstrap_brokers(ClusterArn=arn)
    found = {name: str(answer.get(member) or "") for name, member in _BROKER_STRINGS.items()}
    return {name: brokers for name, brokers in found.items() if brokers}


def bypasses(authentication: Mapping[str, Any]) -> list[str]:
    """Ways of a cluster to let clients in that no IAM policy governs (developer guide, "IAM access control")."""
    found = []
    if _enabled(authentication, "Unauthenticated"):
        found.append("unauthenticated clients")
    if _enabled(authentication, "Tls"):
        found.append("TLS client certificates")
    if _enabled(authentication, "Sasl", "Scram"):
        found.append("SASL/SCRAM")
    return [f"the cluster also admits {way}, which no grant governs" for way in found]


def _vpc_connectivity(provisioned: Mapping[str, Any]) -> bool:
    network = provisioned.get("BrokerNodeGroupInfo") or {}
    connectivity = (network.get("ConnectivityInfo") or {}).get("VpcConnectivity") or {}
    return _enabled(connectivity.get("ClientAuthentication") or {}, "Sasl", "Iam")


def _enabled(authentication: Mapping[str, Any], *path: str) -> bool:
    node: Any = authentication
    for step in path:
        node = (node or {}).get(step)
    return bool((node or {}).get("Enabled"))


def _no_connectivity(arn: str, version: str) -> str:
    wanted = '{"VpcConnectivity":{"ClientAuthentication":{"Sasl":{"Iam":{"Enabled":true}}}}}'
    return (
        f"{arn} has no multi-VPC connectivity, so clients in other accounts cannot reach it. Turn it on with: "
        f"aws kafka update-connectivity --cluster-arn {arn} --current-version {version} "
        f"--connectivity-info '{wanted}' (or set the option managedVpc to false if the networks are joined otherwise)"
    )
