"""What our functions, and jobs of the owner, may do with MSK."""

from __future__ import annotations

from streamgov_core.model.naming import Names
from streamgov_core.platforms.protocol import Statement, allow


def member_statements(names: Names, account: str) -> list[Statement]:
    """Cluster policies of the account's own clusters in this region, and what a cluster is."""
    return [
        {
            "Sid": "MskClusterPolicies",
            "Effect": "Allow",
            "Action": [
                "kafka:DeleteClusterPolicy",
                "kafka:DescribeClusterV2",
                "kafka:GetClusterPolicy",
                "kafka:PutClusterPolicy",
            ],
            # Which clusters will be governed is not known when the function is deployed: those of this account.
            "Resource": names.arn("kafka", account, "cluster/*"),
        },
        # Consumers are told the brokers. GetBootstrapBrokers has no resource type: IAM knows it for "*" only.
        allow("MskBrokers", ["kafka:GetBootstrapBrokers"], ["*"]),
    ]


def sync_statements(names: Names, account: str, resource: str) -> list[Statement]:
    """Find a cluster, by its ARN or name, and describe its topics."""
    cluster = resource if resource.startswith("arn:") else names.arn("kafka", account, f"cluster/{resource}/*")
    return [
        # ListClustersV2 and GetBootstrapBrokers have no resource type: IAM knows them for "*" only.
        allow("FindCluster", ["kafka:GetBootstrapBrokers", "kafka:ListClustersV2"], ["*"]),
        allow("DescribeCluster", ["kafka:DescribeClusterV2", "kafka-cluster:Connect"], [cluster]),
        # The topic API of the service asks for the same actions as a Kafka client (ListTopics, DescribeTopic). It
        # lists those topics alone that may be described. UNVERIFIED[msk-list-topics-arn] which ARN ListTopics is held
        # against.
        allow(
            "DescribeTopics",
            [
                "kafka-cluster:DescribeTopic",
                "kafka-cluster:DescribeTopicDynamicConfiguration",
                "kafka:DescribeTopic",
                "kafka:ListTopics",
            ],
            [cluster, f"{cluster.replace(':cluster/', ':topic/')}/*"],
        ),
    ]


def write_statements(topic_arn: str) -> list[Statement]:
    """Connect to a topic's cluster, create the topic on first use, write to it."""
    cluster = topic_arn.replace(":topic/", ":cluster/", 1).rsplit("/", 1)[0]
    actions = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]
    return [allow("Connect", ["kafka-cluster:Connect"], [cluster]), allow("WriteTopic", actions, [topic_arn])]
