"""Topics of one MSK cluster."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from streamgov_core.catalog.drafts import build_draft
from streamgov_core.catalog.model import Draft, SchemaDetails, SchemaInfo, SchemaVersion
from streamgov_core.model.errors import CatalogError, ClaimRefusedError
from streamgov_core.model.naming import Names
from streamgov_core.model.resource import Resource
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.msk.platform import PROVISIONED, SCHEMA_FORM, SOURCE_FORM, topic_arn
from streamgov_core.runtime.clients import error_code

_log = logging.getLogger(__name__)

_CLUSTER_NAME = re.compile(r"[a-zA-Z0-9-]{1,64}")
_BROKERS = {
    "bootstrap_brokers": "BootstrapBrokerStringSaslIam",
    "bootstrap_brokers_vpc_connectivity": "BootstrapBrokerStringVpcConnectivitySaslIam",
    "bootstrap_brokers_public": "BootstrapBrokerStringPublicSaslIam",
}
"""Members of the source form and of GetBootstrapBrokers: within the VPC, by managed VPC connections, public."""
_LISTED = ("partitions", "replication_factor")
_NO_TOPICS = frozenset({"AccessDeniedException", "BadRequestException", "ForbiddenException"})


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
        self._topics: Mapping[str, Mapping[str, Any]] | None = None
        self._described: dict[str, Mapping[str, Any]] = {}
        self._alone = False
        self.type_name = PLATFORMS["msk"].asset_type(names).name

    def prepare(self, *, one: bool = False) -> None:
        """See Source (API ListClustersV2, DescribeClusterV2, GetBootstrapBrokers, ListTopics)."""
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
        self._topics = None
        self._alone = one and info["ClusterType"] == PROVISIONED
        if not one and info["ClusterType"] == PROVISIONED:
            self._topics = self._list_topics(arn)

    def warm(self, name: str) -> None:
        """See Source: topics were listed, nothing is left to ask."""

    def resource(self, name: str) -> Resource:
        """See Source. A topic need not exist: with MSK it may come with its first record."""
        if self._facts is None:
            self.prepare()
        assert self._facts is not None
        arn = topic_arn(self._facts["cluster_arn"], name)
        facts = dict(self._facts)
        if self._alone:
            self._describe(name)
            if name in self._described:
                facts |= {key: self._described[name][key] for key in _LISTED}
        elif self._topics is not None:
            facts |= self._topics.get(name, dict.fromkeys(_LISTED))
        return Resource(name, arn, facts)

    def described(self, resource: Resource) -> Resource:
        """See Source (API DescribeTopic): the retention. Its change alone is seen when the asset is next written."""
        if not self._alone and (self._topics is None or resource.name not in self._topics):
            return resource
        self._describe(resource.name)
        known = self._described.get(resource.name, {})
        return replace(resource, facts={**resource.facts, **known}) if known else resource

    def _describe(self, name: str) -> None:
        """Learn a topic's facts (API DescribeTopic), unless the service will not tell them."""
        if name in self._described or self._facts is None:
            return
        try:
            found = self._client.describe_topic(ClusterArn=self._facts["cluster_arn"], TopicName=name)
        except self._client.exceptions.ClientError as error:
            code = error_code(error)
            if code == "NotFoundException":
                self._described[name] = dict.fromkeys((*_LISTED, "retention_ms"))
            elif code in _NO_TOPICS:
                _log.warning("topic %s cannot be described: %s", name, error)
            else:
                raise
            return
        self._described[name] = {**_facts_of(found), "retention_ms": _retention(found.get("Configs", ""))}

    def resources(self) -> list[str]:
        """See Source."""
        if self._topics is None:
            raise CatalogError(
                f"the topics of {self._cluster} cannot be listed: MSK does so for provisioned clusters with Kafka 3.6 "
                "or newer, if the function may describe topics"
            )
        # Kafka's own topics and MSK's begin with two underscores.
        return sorted(name for name in self._topics if not name.startswith("__"))

    def claimed(self, forms: Mapping[str, Mapping[str, Any]]) -> str | None:
        """See Source: cluster and topic, as other tools fill the same forms."""
        try:
            return topic_arn(
                str(forms.get(SOURCE_FORM, {}).get("cluster_arn", "")),
                str(forms.get(SCHEMA_FORM, {}).get("kafka_topic", "")),
            )
        except ClaimRefusedError:
            return None

    def draft(
        self,
        resource: Resource,
        info: SchemaInfo | None,
        version: SchemaVersion | None,
        details: SchemaDetails,
    ) -> Draft:
        """See Source."""
        return build_draft(
            PLATFORMS["msk"],
            self._names,
            resource,
            info,
            version,
            details,
            source_form=SOURCE_FORM,
            schema_form=SCHEMA_FORM,
            schema_values={"kafka_topic": resource.name},
            kind=f"Kafka topic of the MSK cluster {resource.facts['cluster_name']}",
        )

    def _list_topics(self, cluster_arn: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The cluster's topics with their facts; None if they cannot be listed (older Kafka, no permission)."""
        topics: dict[str, Mapping[str, Any]] = {}
        token: dict[str, str] = {}
        while True:
            try:
                page = self._client.list_topics(ClusterArn=cluster_arn, MaxResults=100, **token)
            except self._client.exceptions.ClientError as error:
                if error_code(error) not in _NO_TOPICS:
                    raise
                _log.warning("the topics of %s cannot be listed: %s", cluster_arn, error)
                return None
            for topic in page.get("Topics", ()):
                topics[topic["TopicName"]] = _facts_of(topic)
            if not page.get("NextToken"):
                return topics
            token = {"NextToken": page["NextToken"]}

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


def _facts_of(topic: Mapping[str, Any]) -> dict[str, Any]:
    """What ListTopics and DescribeTopic both tell of a topic."""
    return dict(zip(_LISTED, (topic.get("PartitionCount"), topic.get("ReplicationFactor")), strict=True))


def _retention(configs: str) -> int | None:
    """``retention.ms`` of a topic's settings. UNVERIFIED: whether the text is JSON or properties; both work."""
    try:
        text = base64.b64decode(configs, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    try:
        settings = json.loads(text)
    except ValueError:
        settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    value = settings.get("retention.ms") if isinstance(settings, dict) else None
    try:
        return int(value) if value is not None else None
    except (TypeError, ValueError):
        return None


def _sorted_brokers(brokers: str | None) -> str | None:
    """The service names brokers in any order; a stable one keeps assets unchanged."""
    return ",".join(sorted(brokers.split(","))) if brokers else None
