"""Topics of one MSK cluster."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from streamgov_core.model.errors import CatalogError, ClaimRefusedError, NotGovernedError
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.msk.arns import is_internal, topic_arn
from streamgov_core.platforms.msk.form_types import PROVISIONED
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_kafka import KafkaClient
    from mypy_boto3_kafka.type_defs import ClusterTypeDef, DescribeTopicResponseTypeDef, TopicInfoTypeDef

PAGE = 100
"""The largest page of ListTopics and ListClustersV2."""
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
    """The topics of a cluster (ResourceSource).

    Args:
        client: a Kafka client of the cluster's account.
        cluster: the cluster's name or ARN.
        topics: patterns, with ``*`` and ``?``, of the names of the topics that the data source may speak for: a
            cluster has topics of many teams.

    Raises:
        CatalogError: the name is not legal, or there is no pattern.
    """

    def __init__(self, client: KafkaClient, cluster: str, topics: Sequence[str]) -> None:
        if not cluster.startswith("arn:") and not _CLUSTER_NAME.fullmatch(cluster):
            raise CatalogError(f"{cluster!r} is neither the ARN nor a legal name of an MSK cluster")
        if not topics:
            raise CatalogError(f"the data source over {cluster} names no topics that it may speak for")
        self._client = client
        self._cluster = cluster
        self._patterns = tuple(topics)
        self._facts: Mapping[str, Any] | None = None
        self._topics: Mapping[str, Mapping[str, Any]] | None = None
        self._described: dict[str, Mapping[str, Any]] = {}
        self._single = False

    def prepare(self, *, one: bool = False) -> None:
        """API ListClustersV2, DescribeClusterV2, GetBootstrapBrokers, ListTopics."""
        arn = self._cluster if self._cluster.startswith("arn:") else self._find()
        try:
            info = self._client.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
            brokers: Mapping[str, Any] = self._client.get_bootstrap_brokers(ClusterArn=arn)
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "NotFoundException":
                raise CatalogError(f"there is no MSK cluster {arn}") from error
            # UNVERIFIED[msk-brokers-while-creating]: the error of a cluster that is being created.
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
        self._single = one and info["ClusterType"] == PROVISIONED
        if not one and info["ClusterType"] == PROVISIONED:
            self._topics = self._list_topics(arn)

    def snapshot(self) -> Any:
        """The cluster's facts, and its topics with theirs."""
        topics = None
        if self._topics is not None:
            topics = {name: [facts[key] for key in _LISTED] for name, facts in self._topics.items()}
        return {"facts": self._facts, "topics": topics}

    def restore(self, snapshot: Any) -> None:
        self._facts, topics, self._single = snapshot["facts"], snapshot["topics"], False
        self._topics = None
        if topics is not None:
            self._topics = {name: dict(zip(_LISTED, values, strict=True)) for name, values in topics.items()}

    def prefetch(self, name: str) -> None:
        """Nothing is left to ask: topics were listed."""

    def resource(self, name: str) -> Resource:
        """A topic need not exist: with MSK it may come with its first record."""
        self._check_governed(name)
        if self._facts is None:
            self.prepare()
        assert self._facts is not None
        try:
            arn = topic_arn(self._facts["cluster_arn"], name)
        except ClaimRefusedError as error:
            raise NotGovernedError(str(error)) from error
        facts = dict(self._facts)
        if self._single:
            self._describe(name)
            if name in self._described:
                facts |= {key: self._described[name][key] for key in _LISTED}
        elif self._topics is not None:
            facts |= self._topics.get(name, dict.fromkeys(_LISTED))
        return Resource(name, arn, facts)

    def _check_governed(self, name: str) -> None:
        if is_internal(name):
            raise NotGovernedError(f"{name!r} is an internal topic of Kafka or MSK, to which no access is given")
        if not self._speaks_for(name):
            raise NotGovernedError(
                f"topic {name!r} is not one of those that this data source may speak for ({', '.join(self._patterns)})"
            )

    def _speaks_for(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._patterns)

    def described(self, resource: Resource) -> Resource:
        """With the retention (API DescribeTopic). Its change alone is seen when the asset is next written."""
        if not self._single and (self._topics is None or resource.name not in self._topics):
            return resource
        self._describe(resource.name)
        known = self._described.get(resource.name, {})
        return replace(resource, facts={**resource.facts, **known}) if known else resource

    def _describe(self, name: str) -> None:
        """Learn a topic's facts (API DescribeTopic), unless the service refuses."""
        if name in self._described or self._facts is None:
            return
        try:
            found = self._client.describe_topic(ClusterArn=self._facts["cluster_arn"], TopicName=name)
        except self._client.exceptions.ClientError as error:
            code = error_code(error)
            if code == "NotFoundException":
                self._described[name] = dict.fromkeys((*_LISTED, "retention_ms"))
            elif code in _NO_TOPICS:
                log("topic not described", level=logging.WARNING, topic=name, cause=str(error))
            else:
                raise
            return
        self._described[name] = {**_facts_of(found), "retention_ms": _retention(found.get("Configs", ""))}

    def resources(self) -> list[str]:
        if self._topics is None:
            raise CatalogError(
                f"the topics of {self._cluster} cannot be listed: MSK does so for provisioned clusters with Kafka 3.6 "
                "or newer, if the function may describe topics"
            )
        return sorted(name for name in self._topics if not is_internal(name) and self._speaks_for(name))

    def _list_topics(self, cluster_arn: str) -> Mapping[str, Mapping[str, Any]] | None:
        """The cluster's topics with their facts; None if they cannot be listed (older Kafka, no permission)."""
        pages = self._client.get_paginator("list_topics").paginate(
            ClusterArn=cluster_arn, PaginationConfig={"PageSize": PAGE}
        )
        try:
            return {topic["TopicName"]: _facts_of(topic) for page in pages for topic in page.get("Topics", ())}
        except self._client.exceptions.ClientError as error:
            if error_code(error) not in _NO_TOPICS:
                raise
            log("topics not listed", level=logging.WARNING, clusterArn=cluster_arn, cause=str(error))
            return None

    def _find(self) -> str:
        """ARN of the cluster of this very name: the API's filter is a prefix."""
        pages = self._client.get_paginator("list_clusters_v2").paginate(
            ClusterNameFilter=self._cluster, PaginationConfig={"PageSize": PAGE}
        )
        for page in pages:
            for cluster in page.get("ClusterInfoList", ()):
                if cluster["ClusterName"] == self._cluster and cluster.get("State") != "DELETING":
                    return str(cluster["ClusterArn"])
        raise CatalogError(f"there is no MSK cluster named {self._cluster!r} in this account and region")


def client_authentication(info: ClusterTypeDef) -> list[str]:
    """The ways in which clients may authenticate, ``IAM`` first; all others bypass what grants decide."""
    cluster: Mapping[str, Any] = info.get("Provisioned") or info.get("Serverless") or {}
    settings = cluster.get("ClientAuthentication") or {}
    sasl = settings.get("Sasl") or {}
    ways = {
        "IAM": sasl.get("Iam"),
        "SCRAM": sasl.get("Scram"),
        "TLS": settings.get("Tls"),
        "UNAUTHENTICATED": settings.get("Unauthenticated"),
    }
    return [name for name, way in ways.items() if way and way.get("Enabled")]


def _facts_of(topic: TopicInfoTypeDef | DescribeTopicResponseTypeDef) -> dict[str, Any]:
    """What ListTopics and DescribeTopic both say of a topic."""
    return dict(zip(_LISTED, (topic.get("PartitionCount"), topic.get("ReplicationFactor")), strict=True))


def _retention(configs: str) -> int | None:
    """``retention.ms`` of a topic's settings.

    UNVERIFIED[msk-topic-configs-text]: whether the text is JSON or properties; both work.
    """
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
