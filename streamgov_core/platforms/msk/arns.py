"""ARNs of Amazon MSK: clusters, and what belongs to one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from streamgov_core.model.errors import ClaimRefusedError, ConfigError
from streamgov_core.model.naming import ACCOUNT_PATTERN, PARTITION_PATTERN, REGION_PATTERN, Names

MANUAL_ASSET_PATTERN = f"arn:{PARTITION_PATTERN}:kafka:{REGION_PATTERN}:{ACCOUNT_PATTERN}:topic/[^/*]+/[^/*]+/.+"
"""Patterns of topics of one cluster, which they name in full."""

_CLUSTER = re.compile(
    rf"arn:(?P<partition>{PARTITION_PATTERN}):kafka:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):"
    r"cluster/(?P<name>[a-zA-Z0-9-]{1,64})/(?P<uuid>[a-zA-Z0-9-]{1,64})"
)
TOPIC_PATTERN = re.compile(r"[a-zA-Z0-9._*?-]{1,249}")
"""Patterns of topic names, with ``*`` and ``?``."""
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


@dataclass(frozen=True)
class ClusterArn:
    """A cluster's ARN taken apart; the uuid carries the suffix (``…-7``, ``…-s3``)."""

    arn: str
    partition: str
    region: str
    account: str
    name: str
    uuid: str

    @classmethod
    def parse(cls, arn: str) -> ClusterArn:
        """Read a cluster ARN.

        Raises:
            ClaimRefusedError: it is none.
        """
        match = _CLUSTER.fullmatch(arn)
        if match is None:
            raise ClaimRefusedError(f"cluster_arn is not the ARN of an MSK cluster: {arn!r}")
        return cls(arn, **match.groupdict())

    @classmethod
    def of_topic(cls, arn: str) -> ClusterArn:
        """The cluster of a topic, from the topic's ARN.

        Raises:
            ClaimRefusedError: it is not the ARN of one topic.
        """
        topic_of(arn)
        head, _, path = arn.partition(":topic/")
        return cls.parse(f"{head}:cluster/{path.rpartition('/')[0]}")

    def of(self, kind: str, name: str) -> str:
        """ARN of a topic, group or transactional id of this cluster; ``name`` may end in a wildcard."""
        return f"arn:{self.partition}:kafka:{self.region}:{self.account}:{kind}/{self.name}/{self.uuid}/{name}"


def governed_patterns(names: Names, account: str, resource: str, topics: Sequence[str]) -> tuple[str, ...]:
    """Patterns of the ARNs of those topics of a cluster whose names match patterns.

    Args:
        names: the deployment's names.
        account: the cluster's account.
        resource: the cluster's ARN or name.
        topics: patterns of names.

    Raises:
        ConfigError: there is no pattern, or one is not a pattern of topic names.
    """
    if not topics:
        raise ConfigError(
            f"the data source over {resource or 'a cluster'} must name in 'topics' those that it may speak for, such "
            "as 'orders.*', or '*' for a cluster whose topics all belong to its project"
        )
    for pattern in topics:
        if not TOPIC_PATTERN.fullmatch(pattern) or is_internal(pattern):
            raise ConfigError(f"{pattern!r} is not a pattern of topic names (a-z, A-Z, 0-9, '.', '_', '-', '*', '?')")
    cluster = resource if resource.startswith("arn:") else names.arn("kafka", account, f"cluster/{resource}/*")
    return tuple(f"{cluster.replace(':cluster/', ':topic/')}/{pattern}" for pattern in topics)


def is_internal(topic: str) -> bool:
    """Whether a topic is Kafka's or MSK's own: their names begin with two underscores."""
    return topic.startswith("__")


def topic_arn(cluster_arn: str, topic: str) -> str:
    """ARN of a topic.

    Raises:
        ClaimRefusedError: the cluster's ARN or the topic's name is not legal.
    """
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise ClaimRefusedError(f"{topic!r} is not a legal Kafka topic name (1 to 249 of a-z, A-Z, 0-9, '.', '_', '-')")
    return ClusterArn.parse(cluster_arn).of("topic", topic)


def topic_of(arn: str) -> str:
    """The topic's name in a topic ARN.

    Raises:
        ClaimRefusedError: it is none.
    """
    head, _, path = arn.partition(":topic/")
    pieces = path.split("/")
    if len(pieces) != 3 or topic_arn(f"{head}:cluster/{pieces[0]}/{pieces[1]}", pieces[2]) != arn:
        raise ClaimRefusedError(f"not the ARN of a Kafka topic: {arn!r}")
    return pieces[2]


def topic_dataset(resource_arn: str) -> tuple[str, str] | None:
    """OpenLineage namespace and name of a topic: the cluster's name stands for its brokers, which come and go."""
    parts = resource_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "kafka":
        return None
    pieces = parts[5].split("/")
    return (f"kafka://{pieces[1]}", pieces[3]) if pieces[0] == "topic" and len(pieces) == 4 else None
