"""What the grant engine asks of Amazon MSK: cluster policies, and what a cluster is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from streamgov_core.documents.resource_policy import ConflictError, RejectedError, ResourceGoneError
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError
from streamgov_core.runtime.calls import calling, error_message

if TYPE_CHECKING:
    from streamgov_core.model.command import GrantCommand


class ClusterPolicies:
    """PolicyGateway of cluster policies.

    Args:
        client: returns the ``kafka`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        """API GetClusterPolicy: NotFoundException where there is none, and where there is no cluster."""
        client = self._client()
        with calling("kafka:GetClusterPolicy", arn):
            try:
                answer = client.get_cluster_policy(ClusterArn=arn)
            except client.exceptions.NotFoundException:
                return None, None
        return json.loads(answer["Policy"]), answer["CurrentVersion"]

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        """API PutClusterPolicy.

        A stale version, a bad principal and a cluster that is gone are all BadRequestException, with texts that are not
        documented: a look at version and cluster afterwards tells them apart.
        """
        client = self._client()
        version = {} if token is None else {"CurrentVersion": token}
        with calling("kafka:PutClusterPolicy", arn):
            try:
                answer = client.put_cluster_policy(ClusterArn=arn, Policy=text, **version)
            except client.exceptions.BadRequestException as error:
                if self.get(arn)[1] != token:
                    raise ConflictError(f"the policy of {arn} has been changed meanwhile") from error
                if describe(client, arn) is None:
                    raise ResourceGoneError(f"{arn} does not exist") from error
                raise RejectedError(error_message(error)) from error
        return str(answer["CurrentVersion"])

    def delete(self, arn: str, token: str | None) -> None:
        """API DeleteClusterPolicy, which takes no version: looks once more right before."""
        client = self._client()
        if self.get(arn)[1] != token:
            raise ConflictError(f"the policy of {arn} has been changed meanwhile")
        with calling("kafka:DeleteClusterPolicy", arn):
            try:
                client.delete_cluster_policy(ClusterArn=arn)
            except client.exceptions.NotFoundException:
                return


def inspect_cluster(client: Any, command: GrantCommand) -> dict[str, Any]:
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
    kind = info.get("ClusterType", "PROVISIONED")
    if kind != command.resource["clusterType"]:
        raise ClaimRefusedError(f"{arn} is {kind}, but the asset's form says {command.resource['clusterType']}")
    provisioned: Mapping[str, Any] = info.get("Provisioned") or {}
    authentication = provisioned.get("ClientAuthentication") or {}
    if authentication and not _enabled(authentication, "Sasl", "Iam"):
        raise PermanentGrantError(f"{arn} has no IAM access control: a grant would have no effect. Enable it first")
    if (
        kind == "PROVISIONED"
        and command.foreign_principals()
        and command.options.get("managedVpc", True)
        and not _vpc_connectivity(provisioned)
    ):
        raise PermanentGrantError(_no_connectivity(arn, str(info.get("CurrentVersion", "<version>"))))
    return {"warnings": bypasses(authentication)}


def describe(client: Any, arn: str) -> Mapping[str, Any] | None:
    """A cluster (API DescribeClusterV2), or None if there is none of this ARN."""
    with calling("kafka:DescribeClusterV2", arn):
        try:
            info: Mapping[str, Any] = client.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
        except (client.exceptions.NotFoundException, client.exceptions.BadRequestException):
            return None
    return info


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
