"""What is read of streams, clusters, schemas, keys, queues, tables: each made with as little as its service takes."""

from __future__ import annotations

import json

from emulator_tests.answers.recording import ACCOUNT, REGION, Recorder

AVRO = '{"type": "record", "name": "A", "fields": []}'
NODES = {"InstanceType": "kafka.m7g.large", "ClientSubnets": ["subnet-1", "subnet-2"]}
IAM = {"Sasl": {"Iam": {"Enabled": True}}}


def kinesis(to: Recorder) -> None:
    """A stream, a consumer, a resource policy, a record."""
    kinesis, name = to.of("kinesis"), to.name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 0})
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.describe_stream(StreamName=name)
    kinesis.describe_limits()
    kinesis.list_streams()
    shard = kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    kinesis.list_tags_for_stream(StreamName=name)
    kinesis.list_tags_for_resource(ResourceARN=arn)
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
    kinesis.describe_stream_consumer(ConsumerARN=consumer)
    kinesis.list_stream_consumers(StreamARN=arn)
    statement = {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kinesis:GetRecords",
        "Resource": arn,
    }  # fmt: skip
    kinesis.put_resource_policy(ResourceARN=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    kinesis.get_resource_policy(ResourceARN=arn)
    kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")
    iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    kinesis.get_records(ShardIterator=iterator["ShardIterator"])


def kafka(to: Recorder) -> None:
    """A provisioned and a serverless cluster, a policy, a topic, a configuration, a connection."""
    kafka = to.of("kafka")
    serverless = kafka.create_cluster_v2(
        ClusterName=to.name(),
        Serverless={"VpcConfigs": [{"SubnetIds": ["subnet-1", "subnet-2"]}], "ClientAuthentication": IAM},
    )["ClusterArn"]
    made = kafka.create_cluster(
        ClusterName=to.name(), KafkaVersion="3.9.x", NumberOfBrokerNodes=2, ClientAuthentication=IAM,
        BrokerNodeGroupInfo=NODES,
    )["ClusterArn"]  # fmt: skip
    version = kafka.describe_cluster(ClusterArn=made)["ClusterInfo"]["CurrentVersion"]
    connectivity = {"VpcConnectivity": {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}}
    change = kafka.update_connectivity(ClusterArn=made, CurrentVersion=version, ConnectivityInfo=connectivity)
    kafka.describe_cluster_operation(ClusterOperationArn=change["ClusterOperationArn"])
    kafka.describe_cluster_operation_v2(ClusterOperationArn=change["ClusterOperationArn"])
    kafka.list_cluster_operations(ClusterArn=made)
    kafka.list_cluster_operations_v2(ClusterArn=made)
    for arn in (made, serverless):
        while kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] != "ACTIVE":
            pass
        kafka.get_bootstrap_brokers(ClusterArn=arn)
        kafka.list_tags_for_resource(ResourceArn=arn)
    kafka.list_clusters()
    kafka.list_clusters_v2()
    kafka.list_nodes(ClusterArn=made)
    kafka.list_scram_secrets(ClusterArn=made)
    kafka.list_kafka_versions()
    kafka.get_compatible_kafka_versions(ClusterArn=made)
    _policy_and_topic(to, made)
    configuration = kafka.create_configuration(Name=to.name(), ServerProperties=b"a=b")["Arn"]
    kafka.describe_configuration(Arn=configuration)
    kafka.describe_configuration_revision(Arn=configuration, Revision=1)
    kafka.list_configurations()

    connection = kafka.create_vpc_connection(
        TargetClusterArn=made, Authentication="SASL_IAM", VpcId="vpc-1", ClientSubnets=["subnet-1", "subnet-2"],
        SecurityGroups=["sg-1"],
    )["VpcConnectionArn"]  # fmt: skip
    kafka.describe_vpc_connection(Arn=connection)
    kafka.list_vpc_connections()
    kafka.list_client_vpc_connections(ClusterArn=made)


def _policy_and_topic(to: Recorder, cluster: str) -> None:
    kafka = to.of("kafka")
    statement = {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kafka-cluster:Connect",
        "Resource": cluster,
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kafka.put_cluster_policy(ClusterArn=cluster, Policy=policy)
    kafka.get_cluster_policy(ClusterArn=cluster)
    kafka.create_topic(ClusterArn=cluster, TopicName="orders", PartitionCount=1, ReplicationFactor=2)
    kafka.describe_topic(ClusterArn=cluster, TopicName="orders")
    kafka.describe_topic_partitions(ClusterArn=cluster, TopicName="orders")
    kafka.list_topics(ClusterArn=cluster)


def glue(to: Recorder) -> None:
    """A registry and a schema with one version."""
    glue, name = to.of("glue"), to.name()
    glue.create_registry(RegistryName=name)
    glue.get_registry(RegistryId={"RegistryName": name})
    glue.list_registries()
    made = glue.create_schema(
        RegistryId={"RegistryName": name}, SchemaName=name, DataFormat="AVRO", Compatibility="NONE",
        SchemaDefinition=AVRO,
    )  # fmt: skip
    schema = {"SchemaArn": made["SchemaArn"]}
    glue.get_schema(SchemaId=schema)
    glue.list_schemas(RegistryId={"RegistryName": name})
    glue.list_schema_versions(SchemaId=schema)
    glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])
    glue.get_schema_by_definition(SchemaId=schema, SchemaDefinition=AVRO)
    glue.put_schema_version_metadata(
        SchemaVersionId=made["SchemaVersionId"], MetadataKeyValue={"MetadataKey": "k", "MetadataValue": "v"}
    )
    glue.query_schema_version_metadata(SchemaVersionId=made["SchemaVersionId"])
    glue.get_tags(ResourceArn=made["SchemaArn"])


def kms(to: Recorder) -> None:
    """A key, an alias, a grant."""
    kms = to.of("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.describe_key(KeyId=key)
    kms.create_alias(AliasName=f"alias/{to.name()}", TargetKeyId=key)
    kms.list_aliases(KeyId=key)
    kms.list_keys()
    kms.get_key_policy(KeyId=key, PolicyName="default")
    kms.list_key_policies(KeyId=key)
    kms.get_key_rotation_status(KeyId=key)
    kms.list_resource_tags(KeyId=key)
    kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"])
    kms.list_grants(KeyId=key)


def sqs(to: Recorder) -> None:
    """A queue."""
    sqs, name = to.of("sqs"), to.name()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.get_queue_url(QueueName=name)
    sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    sqs.list_queues()
    sqs.list_queue_tags(QueueUrl=url)
    sqs.list_dead_letter_source_queues(QueueUrl=url)


def dynamodb(to: Recorder) -> None:
    """A table."""
    dynamodb, name = to.of("dynamodb"), to.name()
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )  # fmt: skip
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.describe_continuous_backups(TableName=name)
    dynamodb.describe_time_to_live(TableName=name)
    dynamodb.list_tables()
    dynamodb.list_tags_of_resource(ResourceArn=arn)


def s3(to: Recorder) -> None:
    """A bucket with an object."""
    s3, name = to.of("s3"), to.name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    s3.list_objects_v2(Bucket=name)
    s3.get_bucket_location(Bucket=name)
    s3.get_bucket_versioning(Bucket=name)
    s3.get_bucket_encryption(Bucket=name)
    s3.get_bucket_acl(Bucket=name)
    s3.get_bucket_request_payment(Bucket=name)
    s3.list_buckets()


def ssm(to: Recorder) -> None:
    """A parameter."""
    ssm, name = to.of("ssm"), f"/{to.name()}/a"
    ssm.put_parameter(Name=name, Value="v", Type="String")
    ssm.get_parameter(Name=name)
    ssm.get_parameters(Names=[name])
    ssm.get_parameters_by_path(Path=name.rpartition("/")[0])
    ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])
    ssm.get_parameter_history(Name=name)
    ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
