"""Topics of one MSK cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from streamgov_core.aws import error_code
from streamgov_core.catalog.drafts import build_draft
from streamgov_core.catalog.model import Draft, Resource, SchemaInfo, SchemaVersion
from streamgov_core.errors import CatalogError
from streamgov_core.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.msk import SCHEMA_FORM, SOURCE_FORM, topic_arn

_CLUSTER_NAME = re.compile(r"[a-zA-Z0-9-]{1,64}")
_BROKERS = {
    "bootstrap_brokers": "BootstrapBrokerStringSaslIam",
    "bootstrap_brokers_vpc_connectivity": "BootstrapBrokerStringVpcConnectivitySaslIam",
    "bootstrap_brokers_public": "BootstrapBrokerStringPublicSaslIam",
}
"""Members of the source form and of GetBootstrapBrokers: within the VPC, by managed VPC connections, public."""


class MskSource:
    """The topics of a cluster.

    Args:
        client: a Kafka client of the cluster's account.
        names: the deployment's names.
        cluster: the cluster's name or ARN.

    Raises:
        CatalogError: the name is not legal.
    """

    def __init__(self, client: Any, names: Names, cluster: str) -> None:
        if not cluster.startswith("arn:") and not _CLUSTER_NAME.fullmatch(cluster):
            raise CatalogError(f"{cluster!r} is neither the ARN nor a legal name of an MSK cluster")
        self._client = client
        self._names = names
        self._cluster = cluster
        self._facts: Mapping[str, Any] | None = None

    def prepare(self) -> None:
        """See Source (API ListClustersV2, DescribeClusterV2, GetBootstrapBrokers)."""
        arn = self._cluster if self._cluster.startswith("arn:") else self._find()
        try:
            info = self._client.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
            brokers = self._client.get_bootstrap_brokers(ClusterArn=arn)
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "NotFoundException":
                raise CatalogError(f"there is no MSK cluster {arn}") from error
            # UNVERIFIED: the error of a cluster that is being created.
            if error_code(error) == "ConflictException":
                raise CatalogError(f"MSK cluster {arn} has no brokers to connect to yet: {error}") from error
            raise
        self._facts = {
            "cluster_arn": arn,
            "cluster_name": info["ClusterName"],
            "cluster_type": info["ClusterType"],
            "client_authentication": ", ".join(client_authentication(info)),
            **{member: _sorted_brokers(brokers.get(key)) for member, key in _BROKERS.items()},
        }

    def resource(self, name: str) -> Resource:
        """See Source. A topic need not exist: with MSK it may come with its first record."""
        if self._facts is None:
            self.prepare()
        assert self._facts is not None
        return Resource(name, topic_arn(self._facts["cluster_arn"], name), self._facts)

    def draft(self, resource: Resource, info: SchemaInfo, version: SchemaVersion) -> Draft:
        """See Source."""
        return build_draft(
            PLATFORMS["msk"],
            self._names,
            resource,
            info,
            version,
            source_form=SOURCE_FORM,
            schema_form=SCHEMA_FORM,
            schema_values={"kafka_topic": resource.name},
            kind=f"Kafka topic of the MSK cluster {resource.facts['cluster_name']}",
        )

    def _find(self) -> str:
        """ARN of the cluster of this very name: the API's filter is a prefix."""
        token: dict[str, str] = {}
        while True:
            page = self._client.list_clusters_v2(ClusterNameFilter=self._cluster, MaxResults=100, **token)
            for cluster in page.get("ClusterInfoList", ()):
                if cluster["ClusterName"] == self._cluster and cluster.get("State") != "DELETING":
                    return str(cluster["ClusterArn"])
            if not page.get("NextToken"):
                raise CatalogError(f"there is no MSK cluster named {self._cluster!r} in this account and region")
            token = {"NextToken": page["NextToken"]}


def client_authentication(info: Mapping[str, Any]) -> list[str]:
    """The ways in which clients may authenticate, ``IAM`` first; all others bypass what grants decide."""
    settings = (info.get("Provisioned") or info.get("Serverless") or {}).get("ClientAuthentication") or {}
    sasl = settings.get("Sasl") or {}
    ways = {
        "IAM": sasl.get("Iam"),
        "SCRAM": sasl.get("Scram"),
        "TLS": settings.get("Tls"),
        "UNAUTHENTICATED": settings.get("Unauthenticated"),
    }
    return [name for name, way in ways.items() if way and way.get("Enabled")]


def _sorted_brokers(brokers: str | None) -> str | None:
    """The service names brokers in any order; a stable one keeps assets unchanged."""
    return ",".join(sorted(brokers.split(","))) if brokers else None
