"""What is made with tags has them: every operation that makes something and takes tags keeps them.

The operations are botocore's of the services below; each is either tried here, or refused as not served.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest

from emulator_tests.conftest import Client
from emulator_tests.made import archive, open_to_trails

pytestmark = pytest.mark.emulator
ACCOUNT = "222222222222"
REGION = "eu-west-2"
MAP = {"by": "test"}
PAIRS = [{"Key": "by", "Value": "test"}]
LOWER = [{"key": "by", "value": "test"}]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "Service": [f"{each}.amazonaws.com" for each in ("lambda", "states", "kinesisanalytics")]
                },
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Succeed"}}})
SERVICES = (
    "cloudtrail", "cloudwatch", "datazone", "dynamodb", "events", "glue", "iam", "kafka", "kinesis",
    "kinesisanalyticsv2", "kms", "lambda", "logs", "ram", "scheduler", "secretsmanager", "sns", "sqs", "ssm",
    "stepfunctions",
)  # fmt: skip


def bundle() -> bytes:
    return archive({"main.py": "def handler(event, context):\n    return 1\n"})


class Maker:
    """Makes one thing with tags by each operation, and answers the tags that are read back."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def of(self, service: str) -> Any:
        return self._client(service, ACCOUNT, region=REGION)

    def name(self) -> str:
        return f"tagged-{uuid.uuid4().hex[:12]}"

    def role(self) -> str:
        iam, name = self.of("iam"), self.name()
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=ANYTHING)
        return arn


Make = Callable[[Maker], Any]


def kinesis_create_stream(to: Maker) -> Any:
    kinesis, name = to.of("kinesis"), to.name()
    kinesis.create_stream(StreamName=name, ShardCount=1, Tags=MAP)
    return kinesis.list_tags_for_stream(StreamName=name)["Tags"]


def kinesis_register_stream_consumer(to: Maker) -> Any:
    kinesis, name = to.of("kinesis"), to.name()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    made = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name, Tags=MAP)["Consumer"]["ConsumerARN"]
    return kinesis.list_tags_for_resource(ResourceARN=made)["Tags"]


def sqs_create_queue(to: Maker) -> Any:
    sqs = to.of("sqs")
    return sqs.list_queue_tags(QueueUrl=sqs.create_queue(QueueName=to.name(), tags=MAP)["QueueUrl"])["Tags"]


def dynamodb_create_table(to: Maker) -> Any:
    made = to.of("dynamodb").create_table(
        TableName=to.name(),
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        Tags=PAIRS,
    )["TableDescription"]["TableArn"]
    return to.of("dynamodb").list_tags_of_resource(ResourceArn=made)["Tags"]


def kms_create_key(to: Maker) -> Any:
    kms = to.of("kms")
    made = kms.create_key(Tags=[{"TagKey": "by", "TagValue": "test"}])["KeyMetadata"]["KeyId"]
    return [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in kms.list_resource_tags(KeyId=made)["Tags"]]


def lambda_create_function(to: Maker) -> Any:
    functions = to.of("lambda")
    arn = _function(to, Tags=MAP)
    return functions.list_tags(Resource=arn)["Tags"]


def _function(to: Maker, **more: Any) -> str:
    made: str = to.of("lambda").create_function(
        FunctionName=to.name(), Runtime="python3.12", Role=to.role(), Handler="main.handler",
        Code={"ZipFile": bundle()}, **more,
    )["FunctionArn"]  # fmt: skip
    return made


def lambda_create_event_source_mapping(to: Maker) -> Any:
    sqs = to.of("sqs")
    url = sqs.create_queue(QueueName=to.name())["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = to.of("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=_function(to), Tags=MAP)
    return to.of("lambda").list_tags(Resource=made["EventSourceMappingArn"])["Tags"]


def stepfunctions_create_state_machine(to: Maker) -> Any:
    states = to.of("stepfunctions")
    made = states.create_state_machine(name=to.name(), definition=PASS, roleArn=to.role(), tags=LOWER)
    return states.list_tags_for_resource(resourceArn=made["stateMachineArn"])["tags"]


def stepfunctions_create_activity(to: Maker) -> Any:
    states = to.of("stepfunctions")
    return states.list_tags_for_resource(resourceArn=states.create_activity(name=to.name(), tags=LOWER)["activityArn"])[
        "tags"
    ]


def events_put_rule(to: Maker) -> Any:
    events = to.of("events")
    made = events.put_rule(Name=to.name(), ScheduleExpression="rate(1 day)", Tags=PAIRS)["RuleArn"]
    return events.list_tags_for_resource(ResourceARN=made)["Tags"]


def events_create_event_bus(to: Maker) -> Any:
    events = to.of("events")
    return events.list_tags_for_resource(
        ResourceARN=events.create_event_bus(Name=to.name(), Tags=PAIRS)["EventBusArn"]
    )["Tags"]


def logs_create_log_group(to: Maker) -> Any:
    logs, name = to.of("logs"), to.name()
    logs.create_log_group(logGroupName=name, tags=MAP)
    return logs.list_tags_for_resource(resourceArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}")["tags"]


def iam_create_role(to: Maker) -> Any:
    iam, name = to.of("iam"), to.name()
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=PAIRS)
    return iam.list_role_tags(RoleName=name)["Tags"]


def iam_create_user(to: Maker) -> Any:
    iam, name = to.of("iam"), to.name()
    iam.create_user(UserName=name, Tags=PAIRS)
    return iam.list_user_tags(UserName=name)["Tags"]


def iam_create_policy(to: Maker) -> Any:
    iam = to.of("iam")
    made = iam.create_policy(PolicyName=to.name(), PolicyDocument=ANYTHING, Tags=PAIRS)["Policy"]["Arn"]
    return iam.list_policy_tags(PolicyArn=made)["Tags"]


def glue_create_registry(to: Maker) -> Any:
    glue = to.of("glue")
    return glue.get_tags(ResourceArn=glue.create_registry(RegistryName=to.name(), Tags=MAP)["RegistryArn"])["Tags"]


def glue_create_schema(to: Maker) -> Any:
    glue, name = to.of("glue"), to.name()
    glue.create_registry(RegistryName=name)
    made = glue.create_schema(
        RegistryId={"RegistryName": name}, SchemaName=name, DataFormat="AVRO", Compatibility="NONE",
        SchemaDefinition='{"type": "record", "name": "A", "fields": []}', Tags=MAP,
    )["SchemaArn"]  # fmt: skip
    return glue.get_tags(ResourceArn=made)["Tags"]


_NODES = {"InstanceType": "kafka.m7g.large", "ClientSubnets": ["subnet-1", "subnet-2"]}


def kafka_create_cluster(to: Maker) -> Any:
    kafka = to.of("kafka")
    made = kafka.create_cluster(
        ClusterName=to.name(), KafkaVersion="3.9.x", NumberOfBrokerNodes=2, BrokerNodeGroupInfo=_NODES, Tags=MAP
    )["ClusterArn"]
    return kafka.list_tags_for_resource(ResourceArn=made)["Tags"]


def kafka_create_cluster_v2(to: Maker) -> Any:
    kafka = to.of("kafka")
    iam = {"Sasl": {"Iam": {"Enabled": True}}}
    made = kafka.create_cluster_v2(
        ClusterName=to.name(),
        Serverless={"VpcConfigs": [{"SubnetIds": ["subnet-1", "subnet-2"]}], "ClientAuthentication": iam},
        Tags=MAP,
    )["ClusterArn"]
    return kafka.list_tags_for_resource(ResourceArn=made)["Tags"]


def kafka_create_vpc_connection(to: Maker) -> Any:
    kafka = to.of("kafka")
    iam = {"Sasl": {"Iam": {"Enabled": True}}}
    connectivity = {"VpcConnectivity": {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}}
    cluster = kafka.create_cluster(
        ClusterName=to.name(), KafkaVersion="3.9.x", NumberOfBrokerNodes=2, ClientAuthentication=iam,
        BrokerNodeGroupInfo=_NODES,
    )["ClusterArn"]  # fmt: skip
    version = kafka.describe_cluster(ClusterArn=cluster)["ClusterInfo"]["CurrentVersion"]
    kafka.update_connectivity(ClusterArn=cluster, CurrentVersion=version, ConnectivityInfo=connectivity)
    made = kafka.create_vpc_connection(
        TargetClusterArn=cluster, Authentication="SASL_IAM", VpcId="vpc-1", ClientSubnets=["subnet-1", "subnet-2"],
        SecurityGroups=["sg-1"], Tags=MAP,
    )["VpcConnectionArn"]  # fmt: skip
    return kafka.list_tags_for_resource(ResourceArn=made)["Tags"]


def ssm_put_parameter(to: Maker) -> Any:
    ssm, name = to.of("ssm"), to.name()
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=PAIRS)
    return ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]


def sns_create_topic(to: Maker) -> Any:
    sns = to.of("sns")
    return sns.list_tags_for_resource(ResourceArn=sns.create_topic(Name=to.name(), Tags=PAIRS)["TopicArn"])["Tags"]


def cloudtrail_create_trail(to: Maker) -> Any:
    s3, name = to.of("s3"), to.name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    open_to_trails(s3, name)
    cloudtrail = to.of("cloudtrail")
    arn = cloudtrail.create_trail(Name=name, S3BucketName=name, TagsList=PAIRS)["TrailARN"]
    tags = cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"]
    cloudtrail.delete_trail(Name=name)
    return tags


def cloudwatch_put_metric_alarm(to: Maker) -> Any:
    cloudwatch, name = to.of("cloudwatch"), to.name()
    cloudwatch.put_metric_alarm(
        AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, MetricName="m", Namespace="n",
        Period=60, Statistic="Sum", Threshold=1, Tags=PAIRS,
    )  # fmt: skip
    arn = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    return cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]


def ram_create_resource_share(to: Maker) -> Any:
    ram, name = to.of("ram"), to.name()
    ram.create_resource_share(name=name, tags=LOWER)
    return ram.get_resource_shares(resourceOwner="SELF", name=name)["resourceShares"][0]["tags"]


def kinesisanalyticsv2_create_application(to: Maker) -> Any:
    s3, name, flink = to.of("s3"), to.name(), to.of("kinesisanalyticsv2")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="code.jar", Body=b"PK")
    location = {"BucketARN": f"arn:aws:s3:::{name}", "FileKey": "code.jar"}
    code = {"CodeContentType": "ZIPFILE", "CodeContent": {"S3ContentLocation": location}}
    made = flink.create_application(
        ApplicationName=name, RuntimeEnvironment="FLINK-1_20", ServiceExecutionRole=to.role(),
        ApplicationConfiguration={"ApplicationCodeConfiguration": code}, Tags=PAIRS,
    )["ApplicationDetail"]["ApplicationARN"]  # fmt: skip
    return flink.list_tags_for_resource(ResourceARN=made)["Tags"]


def datazone_create_domain(to: Maker) -> Any:
    datazone = to.of("datazone")
    made = datazone.create_domain(name=to.name(), domainExecutionRole=to.role(), tags=MAP)
    tags = datazone.list_tags_for_resource(resourceArn=made["arn"])["tags"]
    datazone.delete_domain(identifier=made["id"])
    return tags


def secretsmanager_create_secret(to: Maker) -> Any:
    secrets, name = to.of("secretsmanager"), to.name()
    secrets.create_secret(Name=name, SecretString="s", Tags=PAIRS)
    return secrets.describe_secret(SecretId=name)["Tags"]


def scheduler_create_schedule_group(to: Maker) -> Any:
    scheduler = to.of("scheduler")
    made = scheduler.create_schedule_group(Name=to.name(), Tags=PAIRS)["ScheduleGroupArn"]
    return scheduler.list_tags_for_resource(ResourceArn=made)["Tags"]


MAKERS: dict[str, Make] = {
    name: value for name, value in list(globals().items()) if name.partition("_")[0] in SERVICES and callable(value)
}


def operations_with_tags() -> set[str]:
    """``service_operation`` of every operation that makes something and takes tags."""
    session = botocore.session.get_session()
    found = set()
    for service in SERVICES:
        model = session.get_service_model(service)
        for operation in model.operation_names:
            shape = model.operation_model(operation).input_shape
            takes = shape is not None and {name.lower() for name in shape.members} & {"tags", "tagslist", "taglist"}
            if takes and operation.startswith(("Create", "Put", "Register")):
                found.add(f"{service}_{botocore.xform_name(operation)}")
    return found


@pytest.mark.parametrize("operation", sorted(MAKERS))
def test_what_is_made_with_tags_has_them(client: Client, operation: str) -> None:
    tags = MAKERS[operation](Maker(client))
    assert tags in (MAP, PAIRS, LOWER), tags


NOT_NEEDED = {
    "cloudtrail": "channel dashboard event_data_store",
    "cloudwatch": "alarm_mute_rule composite_alarm dashboard insight_rule log_alarm metric_data_query_definition "
    "metric_stream",
    "glue": "blueprint catalog column_statistics_task_settings connection connection_type crawler custom_entity_type "
    "data_quality_evaluation_config data_quality_ruleset database dev_endpoint integration "
    "integration_resource_property job ml_transform session trigger usage_profile workflow",
    "iam": "instance_profile open_id_connect_provider saml_provider virtual_mfa_device",
    "kafka": "channel replicator",
    "kinesis": "channel queue",
    "kinesisanalyticsv2": "snapshot",
    "lambda": "capacity_provider code_signing_config",
    "logs": "delivery delivery_destination delivery_source destination log_anomaly_detector lookup_table "
    "scheduled_query",
    "ram": "permission",
    "ssm": "activation association cloud_connector document maintenance_window ops_item ops_metadata patch_baseline",
}
"""Things that nothing of what the emulator is for makes: they are moto's own, or not served."""


def test_every_operation_that_takes_tags_is_tried_or_named() -> None:
    named = {
        operation
        for operation in operations_with_tags()
        if operation.split("_", 2)[2] in NOT_NEEDED.get(operation.split("_", 1)[0], "").split()
    }
    assert operations_with_tags() - named == set(MAKERS)
