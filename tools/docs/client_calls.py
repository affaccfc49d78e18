"""What clients of topics and streams call by their own documentation: ``docs/clients.md`` shows it, tests ask it.

Each call is an IAM action and a word for the resource; ``tests/integration/access/test_clients.py`` knows what the word
stands for and asks the emulator's evaluation of the granted role's real policies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Where = Literal["both", "same", "other"]
"""Whether a client can be used within the owner's account, from another one, or in both cases."""

Call = tuple[str, str]
"""An IAM action and a word for its resource."""


@dataclass(frozen=True)
class StreamClient:
    """A client as people use it.

    Args:
        name: what people call it.
        platform: ``msk`` or ``kinesis``.
        access: what was asked for.
        consumption: likewise, for a stream.
        calls: what it calls, and the grant gives.
        within: what it calls besides within the owner's account, and the grant gives.
        across: what it calls besides across accounts, and the grant gives.
        refused: what it calls unless it is set as ``settings`` say, and the grant does not give.
        team: what its team's own policy must give (the boundary lets it through).
        settings: what to set, in Markdown.
        where: where it can be used.
        source: the documentation that names the calls.
    """

    name: str
    platform: str
    access: str
    calls: tuple[Call, ...]
    settings: str
    source: str
    consumption: str = "SHARED"
    within: tuple[Call, ...] = ()
    across: tuple[Call, ...] = ()
    refused: tuple[Call, ...] = ()
    team: tuple[Call, ...] = ()
    where: Where = "both"


_CONNECT: tuple[Call, ...] = (("kafka-cluster:Connect", "cluster"), ("kafka-cluster:DescribeTopic", "topic"))
_READ: tuple[Call, ...] = (*_CONNECT, ("kafka-cluster:ReadData", "topic"))
_GROUP: tuple[Call, ...] = (
    ("kafka-cluster:AlterGroup", "prefixed group"),
    ("kafka-cluster:DescribeGroup", "prefixed group"),
)
_WRITE: tuple[Call, ...] = (
    *_CONNECT,
    ("kafka-cluster:WriteData", "topic"),
    ("kafka-cluster:WriteDataIdempotently", "cluster"),
)
_TRANSACTION: tuple[Call, ...] = (
    ("kafka-cluster:AlterTransactionalId", "prefixed transactional id"),
    ("kafka-cluster:DescribeTransactionalId", "prefixed transactional id"),
)
_OWN_GROUP: tuple[Call, ...] = (("kafka-cluster:AlterGroup", "other group"),)
_CREATE: tuple[Call, ...] = (("kafka-cluster:CreateTopic", "internal topic"),)
_LOGS: tuple[Call, ...] = (
    ("logs:CreateLogGroup", "any"),
    ("logs:CreateLogStream", "any"),
    ("logs:PutLogEvents", "any"),
)
_NETWORK: tuple[Call, ...] = (
    ("ec2:CreateNetworkInterface", "any"),
    ("ec2:DeleteNetworkInterface", "any"),
    ("ec2:DescribeNetworkInterfaces", "any"),
    ("ec2:DescribeSecurityGroups", "any"),
    ("ec2:DescribeSubnets", "any"),
    ("ec2:DescribeVpcs", "any"),
)
_BUCKET: tuple[Call, ...] = (
    ("s3:AbortMultipartUpload", "bucket"),
    ("s3:GetBucketLocation", "bucket"),
    ("s3:GetObject", "bucket"),
    ("s3:ListBucket", "bucket"),
    ("s3:ListBucketMultipartUploads", "bucket"),
    ("s3:PutObject", "bucket"),
)
_POLL: tuple[Call, ...] = (
    ("kinesis:DescribeStream", "stream"),
    ("kinesis:DescribeStreamSummary", "stream"),
    ("kinesis:GetRecords", "stream"),
    ("kinesis:GetShardIterator", "stream"),
    ("kinesis:ListShards", "stream"),
    ("kms:Decrypt", "key"),
)
_FAN_OUT: tuple[Call, ...] = (
    ("kinesis:DescribeStreamSummary", "stream"),
    ("kinesis:ListShards", "stream"),
    ("kinesis:DescribeStreamConsumer", "consumer"),
    ("kinesis:SubscribeToShard", "consumer"),
    ("kms:Decrypt", "key"),
)
_REGISTER: tuple[Call, ...] = (
    ("kinesis:DeregisterStreamConsumer", "consumer"),
    ("kinesis:ListStreamConsumers", "stream"),
    ("kinesis:RegisterStreamConsumer", "stream"),
)
_LEASES: tuple[Call, ...] = (
    ("cloudwatch:PutMetricData", "any"),
    ("dynamodb:CreateTable", "lease table"),
    ("dynamodb:DeleteItem", "lease table"),
    ("dynamodb:DescribeTable", "lease table"),
    ("dynamodb:GetItem", "lease table"),
    ("dynamodb:PutItem", "lease table"),
    ("dynamodb:Query", "lease table's index"),
    ("dynamodb:Scan", "lease table"),
    ("dynamodb:UpdateItem", "lease table"),
    ("dynamodb:UpdateTable", "lease table"),
    *(
        (f"dynamodb:{action}", "metadata tables")
        for action in ("CreateTable", "DeleteItem", "DescribeTable", "GetItem", "PutItem", "Scan", "UpdateItem")
    ),
)
"""Tables that KCL makes itself; worker metrics and coordinator state are KCL 3's."""
_SCHEMA: tuple[Call, ...] = (("glue:GetSchemaVersion", "any"),)
_READER: tuple[Call, ...] = (("sts:AssumeRole", "schema reader role"),)
_FIND: tuple[Call, ...] = (
    ("kafka:DescribeCluster", "cluster"),
    ("kafka:DescribeClusterV2", "cluster"),
    ("kafka:GetBootstrapBrokers", "cluster"),
)

CLIENTS = (
    StreamClient(
        "Java client: consumer",
        "msk",
        "READ",
        (*_READ, *_GROUP),
        "`group.id` = `groupPrefix` + a name. Value deserialiser: Glue's; from another account its AWS client takes "
        "the credentials of `schemaReaderRoleArn` (a profile with `role_arn`, or a credentials provider)",
        "MSK guide, “IAM access control: common use cases”; Glue guide, “IAM examples for deserializers”",
        within=_SCHEMA,
        across=_READER,
        refused=_OWN_GROUP,
    ),
    StreamClient(
        "Java client: producer",
        "msk",
        "WRITE",
        (*_WRITE, *_TRANSACTION),
        "idempotence as it is by default. `transactional.id` = `transactionalIdPrefix` + a name. Schemas are "
        "registered by the owner: `schemaAutoRegistrationEnabled` = false",
        "MSK guide, “IAM access control: common use cases”",
        refused=(
            *_CREATE,
            ("kafka-cluster:AlterTransactionalId", "other transactional id"),
            ("glue:CreateSchema", "registry"),
        ),
    ),
    StreamClient(
        "Kafka Streams",
        "msk",
        "READ_WRITE",
        (*_READ, *_WRITE, *_GROUP, *_TRANSACTION),
        "`application.id` = `groupPrefix` + a name (it is group and transactional id). Without state only: a grant "
        "creates no topics, and changelog and repartition topics are made on the same cluster",
        "Kafka documentation, “Streams security”",
        refused=_CREATE,
    ),
    StreamClient(
        "Kafka Connect, MSK Connect (sink)",
        "msk",
        "READ",
        (*_READ, *_GROUP, ("kafka-cluster:DescribeTopicDynamicConfiguration", "topic")),
        "the worker lives on a cluster of your own, with its internal topics. For the connector "
        "`consumer.override.bootstrap.servers`, `consumer.override.group.id` = `groupPrefix` + a name, and "
        "`connector.client.config.override.policy=All` for the worker",
        "MSK guide, “Understand service execution role” (DescribeCluster there is for the worker's own cluster); Kafka "
        "documentation, “Connect: configuring connectors”",
        refused=(*_CREATE, *_OWN_GROUP, ("kafka-cluster:DescribeCluster", "cluster")),
    ),
    StreamClient(
        "Flink (KafkaSource, KafkaSink)",
        "msk",
        "READ_WRITE",
        (*_READ, *_WRITE, *_GROUP, *_TRANSACTION),
        "`setGroupId` with `groupPrefix`; exactly once: `setTransactionalIdPrefix` with `transactionalIdPrefix`. "
        "[A whole example](flink.md)",
        "Flink documentation, “Apache Kafka connector”",
        within=_SCHEMA,
        across=_READER,
    ),
    StreamClient(
        "Spark Structured Streaming",
        "msk",
        "READ",
        (*_READ, *_GROUP),
        "option `groupIdPrefix` = `groupPrefix`; without it Spark makes up `spark-kafka-source-…`",
        "Spark documentation, “Structured Streaming + Kafka integration”",
        refused=_OWN_GROUP,
    ),
    StreamClient(
        "Lambda event source (MSK)",
        "msk",
        "READ",
        (*_READ, *_GROUP, *_FIND, ("kafka-cluster:DescribeClusterDynamicConfiguration", "cluster")),
        "`AmazonManagedKafkaEventSourceConfig.ConsumerGroupId` = `groupPrefix` + a name (its default is the mapping's "
        "UUID). From another account: the ARN of a managed VPC connection as event source. Lambda reads schemas with "
        "the function's own role, so its registry setting serves one account only",
        "Lambda guide, “Configuring Lambda execution role permissions” (MSK); policy AWSLambdaMSKExecutionRole",
        within=(*_SCHEMA, ("glue:GetRegistry", "registry")),
        across=(("kafka:DescribeVpcConnection", "vpc connection"), ("kafka:ListVpcConnections", "any")),
        refused=_OWN_GROUP,
        team=(*_NETWORK, *_LOGS, ("sqs:SendMessage", "any"), ("sns:Publish", "any")),
    ),
    StreamClient(
        "kafka-ui",
        "msk",
        "READ",
        (
            *_READ,
            ("kafka-cluster:DescribeClusterDynamicConfiguration", "cluster"),
            ("kafka-cluster:DescribeTopicDynamicConfiguration", "topic"),
            ("kafka-cluster:DescribeGroup", "prefixed group"),
        ),
        "read-only. It shows the granted topics with their settings and the project's own groups, and no other",
        "kafka-ui documentation, “Required ACLs”",
        refused=(("kafka-cluster:AlterTopic", "topic"), ("kafka-cluster:DescribeCluster", "cluster")),
    ),
    StreamClient(
        "Firehose (from MSK)",
        "msk",
        "READ",
        (*_READ, *_FIND, ("kafka-cluster:DescribeTopicDynamicConfiguration", "topic")),
        "not served: Firehose names its consumer group itself, so no prefix fits",
        "Firehose guide, “Grant Firehose access to your private Amazon MSK clusters”",
        refused=(("kafka-cluster:DescribeGroup", "other group"),),
        team=(*_BUCKET, ("logs:PutLogEvents", "any")),
    ),
    StreamClient(
        "KCL 2 and 3, polling",
        "kinesis",
        "READ",
        _POLL,
        "`PollingConfig` with the stream's ARN. KCL 3 also has a worker metrics and a coordinator state table",
        "Kinesis guide, “IAM permissions required for KCL consumer applications”, the table of minimum permissions",
        team=_LEASES,
    ),
    StreamClient(
        "KCL 2 and 3, fan-out",
        "kinesis",
        "READ",
        (*_FAN_OUT, ("kinesis:DescribeStream", "stream")),
        "`FanOutConfig.consumerArn` = `consumerArn`: KCL then registers none of its own. The ARN changes when the last "
        "grant of the project on the stream was revoked and a new one is made",
        "Kinesis guide, “IAM permissions required for KCL consumer applications”, the table of minimum permissions",
        consumption="FAN_OUT",
        refused=_REGISTER,
        team=_LEASES,
    ),
    StreamClient(
        "Lambda event source (Kinesis), shared",
        "kinesis",
        "READ",
        _POLL,
        "the stream's ARN as event source. From another account it is named by its ARN, too",
        "Lambda guide, “Using Lambda with Kinesis”; policy AWSLambdaKinesisExecutionRole",
        team=_LOGS,
    ),
    StreamClient(
        "Lambda event source (Kinesis), fan-out",
        "kinesis",
        "READ",
        (*_FAN_OUT, ("kinesis:DescribeStream", "stream")),
        "`consumerArn` as event source",
        "Lambda guide, “Using Lambda with Kinesis”; policy AWSLambdaKinesisExecutionRole",
        consumption="FAN_OUT",
        team=_LOGS,
    ),
    StreamClient(
        "Flink (KinesisStreamsSource), fan-out",
        "kinesis",
        "READ",
        _FAN_OUT,
        "within the owner's account `source.reader.type` = EFO, `source.efo.lifecycle` = SELF_MANAGED and "
        "`source.efo.consumer.name` = `consumerName`: it looks the consumer up by name. From another account only the "
        "ARN can be looked up: the older `FlinkKinesisConsumer` with `flink.stream.efo.registration` = NONE and "
        "`flink.stream.efo.consumerarn.<stream>` = `consumerArn`",
        "Flink documentation, “Amazon Kinesis Data Streams Connector”; FLINK-31108 lists the calls of the older source",
        consumption="FAN_OUT",
        within=(("kinesis:DescribeStreamConsumer", "consumer by name"),),
        refused=_REGISTER,
    ),
    StreamClient(
        "Spark Structured Streaming (aws-kinesis; Databricks)",
        "kinesis",
        "READ",
        (
            ("kinesis:DescribeStreamSummary", "stream"),
            ("kinesis:GetRecords", "stream"),
            ("kinesis:GetShardIterator", "stream"),
            ("kinesis:ListShards", "stream"),
            ("kms:Decrypt", "key"),
        ),
        "`kinesis.consumerType` = `GetRecords`: with `SubscribeToShard` the connector registers a consumer of its own "
        "and takes it away when the query stops. It names the stream by its name: from another account it takes an "
        "access role (`kinesis.stsRoleArn`)",
        "README of awslabs/spark-sql-kinesis-connector (Amazon EMR ships it), “Configure Kinesis Source with "
        "GetRecords consumer type”; Databricks documentation, “Connect to Amazon Kinesis”",
        refused=_REGISTER,
        team=tuple(
            (f"dynamodb:{action}", "lease table")
            for action in ("CreateTable", "DeleteItem", "DescribeTable", "GetItem", "PutItem", "Scan")
        ),
        where="same",
    ),
    StreamClient(
        "Firehose (from Kinesis)",
        "kinesis",
        "READ",
        _POLL,
        "within the owner's account only: Firehose takes streams of its own account",
        "Firehose guide, “Grant Firehose access to an Amazon S3 destination”",
        team=(*_BUCKET, ("logs:PutLogEvents", "any")),
        where="same",
    ),
    StreamClient(
        "Kinesis producers (SDK, KPL)",
        "kinesis",
        "WRITE",
        (
            ("kinesis:DescribeStreamSummary", "stream"),
            ("kinesis:ListShards", "stream"),
            ("kinesis:PutRecord", "stream"),
            ("kinesis:PutRecords", "stream"),
            ("kms:GenerateDataKey", "key"),
        ),
        "the stream's ARN beside its name",
        "Kinesis guide, “Controlling access”",
        refused=(("kinesis:GetRecords", "stream"),),
        team=(("cloudwatch:PutMetricData", "any"),),
    ),
)
