"""One resource of each type of docs/aws-types.md, with every property of it, over the sandbox's accounts.

``VARIANT`` in the environment holds JSON ``{resource: {argument: value}}`` that changes arguments (None takes one
away), so that a test can ask what a change does. ``LEFT_OUT`` holds a JSON list of resources to leave out.
"""

import json
import os
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws

REGION = "us-east-1"
DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
VARIANT: dict[str, dict[str, Any]] = json.loads(os.environ.get("VARIANT", "{}"))
LEFT_OUT: list[str] = json.loads(os.environ.get("LEFT_OUT", "[]"))


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(*services: str) -> str:
    return document({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"})


def provider(name: str, account: str | None = None, **arguments: Any) -> aws.Provider:
    if account is not None:
        arguments |= {
            "allowed_account_ids": [account],
            "assume_roles": [{"role_arn": f"arn:aws:iam::{account}:role/Admin", "session_name": "pulumi"}],
        }
    return aws.Provider(name, **{"region": REGION, **arguments, **VARIANT.get(name, {})})


domain_account = provider("domain-account", allowed_account_ids=[DOMAIN], default_tags={"tags": {"team": "streams"}})
producer_account = provider("producer-account", PRODUCER)
consumer_account = provider("consumer-account", CONSUMER)


def make(kind: Any, called: str, owner: aws.Provider = domain_account, /, after: Any = (), **arguments: Any) -> Any:
    if called in LEFT_OUT:
        return None
    arguments |= VARIANT.get(called, {})
    given = {key: value for key, value in arguments.items() if value is not None}
    return kind(called, **given, opts=pulumi.ResourceOptions(provider=owner, depends_on=list(after)))


# --- keys, logs, roles, queues -------------------------------------------------------------------------------------
key = make(
    aws.kms.Key, "key", description="streams", enable_key_rotation=True, deletion_window_in_days=7, tags={"a": "b"},
    key_usage="ENCRYPT_DECRYPT", customer_master_key_spec="SYMMETRIC_DEFAULT", multi_region=False, is_enabled=True,
    policy=document(
        {
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DOMAIN}:root"}, "Action": "kms:*", "Resource": "*",
        }
    ),
)  # fmt: skip
alias = make(aws.kms.Alias, "alias", name="alias/every-type", target_key_id=key.key_id)
log_group = make(
    aws.cloudwatch.LogGroup,
    "log-group",
    name="/every/type",
    retention_in_days=14,
    kms_key_id=key.arn,
    tags={"a": "b"},
    skip_destroy=False,
)
boundary = make(
    aws.iam.Policy, "boundary", name="every-type-boundary", path="/every/", description="what roles may do at most",
    policy=document(allow(["sqs:*", "logs:*", "lambda:InvokeFunction", "states:StartExecution"])), tags={"a": "b"},
)  # fmt: skip
role = make(
    aws.iam.Role, "role", name="every-type", path="/every/", description="does all", permissions_boundary=boundary.arn,
    assume_role_policy=trust("lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com"),
    force_detach_policies=True, max_session_duration=7200, tags={"a": "b"},
)  # fmt: skip
role_policy = make(
    aws.iam.RolePolicy, "role-policy", name="work", role=role.name,
    policy=document(allow(["sqs:SendMessage", "lambda:InvokeFunction", "logs:*"])),
)  # fmt: skip
queue = make(
    aws.sqs.Queue, "queue", name="every-type", message_retention_seconds=1209600, kms_master_key_id=key.arn,
    kms_data_key_reuse_period_seconds=300, delay_seconds=1, visibility_timeout_seconds=60,
    receive_wait_time_seconds=5, max_message_size=65536, tags={"a": "b"},
)  # fmt: skip
plain_queue = make(
    aws.sqs.Queue, "plain-queue", name="every-type-plain", message_retention_seconds=86400,
    sqs_managed_sse_enabled=True,
)  # fmt: skip
ordered_queue = make(
    aws.sqs.Queue, "ordered-queue", name="every-type.fifo", fifo_queue=True, content_based_deduplication=True,
    policy=document(allow("sqs:SendMessage", Principal={"Service": "events.amazonaws.com"})),
)  # fmt: skip
failing_queue = make(
    aws.sqs.Queue, "failing-queue", name="every-type-failing",
    redrive_policy=plain_queue.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})),
)  # fmt: skip
queue_policy = make(
    aws.sqs.QueuePolicy, "queue-policy", queue_url=queue.url,
    policy=queue.arn.apply(
        lambda arn: document(allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"}))
    ),
)  # fmt: skip
table = make(
    aws.dynamodb.Table, "table", name="every-type", billing_mode="PAY_PER_REQUEST", hash_key="pk", range_key="sk",
    attributes=[{"name": name, "type": "S"} for name in ("sk", "pk", "account")],
    global_secondary_indexes=[
        {"name": "by-account", "hash_key": "account", "range_key": "sk", "projection_type": "ALL"}
    ],
    point_in_time_recovery={"enabled": True}, server_side_encryption={"enabled": True, "kms_key_arn": key.arn},
    ttl={"attribute_name": "expires", "enabled": True}, deletion_protection_enabled=False, tags={"a": "b"},
)  # fmt: skip
provisioned_table = make(
    aws.dynamodb.Table, "provisioned-table", name="every-type-provisioned", billing_mode="PROVISIONED", hash_key="pk",
    attributes=[{"name": "pk", "type": "S"}], read_capacity=2, write_capacity=3, stream_enabled=True,
    stream_view_type="KEYS_ONLY",
)  # fmt: skip

# --- functions and machines ----------------------------------------------------------------------------------------
layer = make(
    aws.lambda_.LayerVersion, "layer", layer_name="every-type", description="texts",
    code=pulumi.AssetArchive({"python/words.json": pulumi.StringAsset('{"a": 1}')}),
    compatible_runtimes=["python3.12"], compatible_architectures=["arm64"], skip_destroy=False,
)  # fmt: skip
function = make(
    aws.lambda_.Function, "function", name="every-type", description="answers one", role=role.arn,
    runtime="python3.12", handler="handler.handle", timeout=10, memory_size=256, architectures=["arm64"],
    code=pulumi.FileArchive(os.environ.get("BUNDLE", "bundle.zip")),
    environment={"variables": {"FIRST": "1", "SECOND": "2"}},
    logging_config={"log_format": "JSON", "log_group": log_group.name},
    tracing_config={"mode": "Active"}, dead_letter_config={"target_arn": queue.arn}, kms_key_arn=key.arn,
    reserved_concurrent_executions=3, layers=[layer.arn], tags={"a": "b"}, after=[role_policy], publish=True,
    snap_start={"apply_on": "PublishedVersions"},
)  # fmt: skip
alias = make(
    aws.lambda_.Alias, "function-alias", name="live", description="the version in use", function_name=function.name,
    function_version="$LATEST",
)  # fmt: skip
invoke_config = make(
    aws.lambda_.FunctionEventInvokeConfig, "invoke-config", function_name=function.name, maximum_retry_attempts=1,
    maximum_event_age_in_seconds=3600, destination_config={"on_failure": {"destination": queue.arn}},
)  # fmt: skip
machine = make(
    aws.sfn.StateMachine, "machine", name="every-type", type="STANDARD", role_arn=role.arn,
    definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
    logging_configuration={
        "level": "ALL", "include_execution_data": True, "log_destination": log_group.arn.apply(lambda arn: f"{arn}:*"),
    },
    tracing_configuration={"enabled": True}, publish=True, tags={"a": "b"}, after=[role_policy],
)  # fmt: skip
rule = make(
    aws.cloudwatch.EventRule, "rule", name="every-type", description="grants", state="ENABLED", tags={"a": "b"},
    event_pattern=json.dumps({"source": ["aws.datazone"], "detail-type": ["A", "B"]}),
)  # fmt: skip
schedule = make(aws.cloudwatch.EventRule, "schedule", name="every-type-hourly", schedule_expression="rate(1 hour)")
ends = make(
    aws.scheduler.ScheduleGroup, "ends", name="every-type", tags={"a": "b"},
)  # fmt: skip
target = make(
    aws.cloudwatch.EventTarget, "target", rule=rule.name, target_id="machine", arn=machine.arn, role_arn=role.arn,
    input_transformer={"input_paths": {"id": "$.id"}, "input_template": '{"action": "settle", "id": <id>}'},
    dead_letter_config={"arn": queue.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 5},
)  # fmt: skip
schedule_target = make(
    aws.cloudwatch.EventTarget, "schedule-target", rule=schedule.name, target_id="function", arn=function.arn,
    input=json.dumps({"action": "reconcile"}), dead_letter_config={"arn": queue.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 0},
)  # fmt: skip
detail_target = make(
    aws.cloudwatch.EventTarget, "detail-target", rule=rule.name, target_id="ordered", arn=ordered_queue.arn,
    input_path="$.detail", sqs_target={"message_group_id": "one"},
)  # fmt: skip
permission = make(
    aws.lambda_.Permission, "permission", statement_id="schedule", action="lambda:InvokeFunction",
    function=function.name, principal="events.amazonaws.com", source_arn=schedule.arn, source_account=DOMAIN,
)  # fmt: skip
alarm = make(
    aws.cloudwatch.MetricAlarm, "alarm", name="every-type", alarm_description="letters", namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible", dimensions={"QueueName": queue.name}, statistic="Maximum",
    period=60, evaluation_periods=1, threshold=0, comparison_operator="GreaterThanThreshold",
    treat_missing_data="notBreaching", alarm_actions=["arn:aws:sns:us-east-1:111111111111:people"],
    ok_actions=["arn:aws:sns:us-east-1:111111111111:people"], tags={"a": "b"}, actions_enabled=False,
    insufficient_data_actions=["arn:aws:sns:us-east-1:111111111111:people"], datapoints_to_alarm=1, unit="Count",
)  # fmt: skip
dashboard = make(
    aws.cloudwatch.Dashboard, "dashboard", dashboard_name="every-type", dashboard_body='{"widgets":[]}',
)  # fmt: skip

# --- trail -----------------------------------------------------------------------------------------------------------
bucket = make(aws.s3.Bucket, "bucket", bucket="every-type-trail", force_destroy=True, tags={"a": "b"})
bucket_policy = make(
    aws.s3.BucketPolicy, "bucket-policy", bucket=bucket.id,
    policy=document(
        *(
            allow(action, f"arn:aws:s3:::every-type-trail{path}", Principal={"Service": "cloudtrail.amazonaws.com"})
            for action, path in (("s3:GetBucketAcl", ""), ("s3:PutObject", "/AWSLogs/*"))
        )
    ),
)  # fmt: skip


def stored_bundle(bucket: str) -> str:
    """Put a bundle into a bucket of the domain account; its version is the answer."""
    import boto3

    if pulumi.runtime.is_dry_run():
        return "null"
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    with open(os.environ.get("BUNDLE", "bundle.zip"), "rb") as bundle:  # noqa: PTH123
        return str(s3.put_object(Bucket=bucket, Key="bundle.zip", Body=bundle.read()).get("VersionId", "null"))


stored_function = make(
    aws.lambda_.Function, "stored-function", name="every-type-stored", role=role.arn, runtime="python3.12",
    handler="handler.handle", s3_bucket=bucket.bucket, s3_key="bundle.zip",
    s3_object_version=bucket.bucket.apply(stored_bundle), after=[role_policy],
)  # fmt: skip
public_access = make(
    aws.s3.BucketPublicAccessBlock, "public-access", bucket=bucket.id, block_public_acls=True,
    block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True,
)  # fmt: skip
lifecycle = make(
    aws.s3.BucketLifecycleConfiguration, "lifecycle", bucket=bucket.id,
    rules=[{"id": "old", "status": "Enabled", "filter": {"prefix": "AWSLogs/"}, "expiration": {"days": 30}}],
)  # fmt: skip
trail = make(
    aws.cloudtrail.Trail, "trail", name="every-type", s3_bucket_name=bucket.id, is_multi_region_trail=False,
    include_global_service_events=True, enable_log_file_validation=True, enable_logging=True, tags={"a": "b"},
    after=[bucket_policy],
)  # fmt: skip

# --- the governance domain, shared with the producer's account ------------------------------------------------------
domain_role = make(
    aws.iam.Role, "domain-role", name="every-type-domain",
    assume_role_policy=document(
        {
            "Effect": "Allow", "Principal": {"Service": "datazone.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ),
)  # fmt: skip
domain = make(
    aws.datazone.Domain, "domain", name="every-type", description="streams", domain_execution_role=domain_role.arn,
    skip_deletion_check=True, domain_version="V1", kms_key_identifier=key.arn, service_role=domain_role.arn,
    single_sign_on={"type": "DISABLED"}, tags={"a": "b"},
)  # fmt: skip
project = make(
    aws.datazone.Project, "project", domain_identifier=domain.id, name="PRODUCER", description="owns topics",
    skip_deletion_check=True,
)  # fmt: skip
share = make(
    aws.ram.ResourceShare, "share", name="every-type", allow_external_principals=True, tags={"a": "b"},
    permission_arns=["arn:aws:ram::aws:permission/AWSRAMPermissionAmazonDataZoneDomainFullAccessWithPortalAccess"],
)  # fmt: skip
shared_domain = make(
    aws.ram.ResourceAssociation, "shared-domain", resource_arn=domain.arn, resource_share_arn=share.arn
)
shared_account = make(
    aws.ram.PrincipalAssociation, "shared-account", principal=PRODUCER, resource_share_arn=share.arn,
    after=[shared_domain],
)  # fmt: skip
accepter = make(
    aws.ram.ResourceShareAccepter, "accepter", producer_account, share_arn=share.arn, after=[shared_account]
)

environment_role = make(
    aws.iam.Role, "environment-role", producer_account, name="every-type-environment",
    assume_role_policy=trust("datazone.amazonaws.com"),
)  # fmt: skip
blueprint = aws.datazone.get_environment_blueprint_output(
    domain_id=domain.id, name="DefaultDataLake", managed=True, opts=pulumi.InvokeOutputOptions(provider=domain_account)
)
blueprint_configuration = make(
    aws.datazone.EnvironmentBlueprintConfiguration, "blueprint-configuration", producer_account, domain_id=domain.id,
    environment_blueprint_id=blueprint.id, enabled_regions=[REGION], provisioning_role_arn=environment_role.arn,
    manage_access_role_arn=environment_role.arn, after=[accepter],
)  # fmt: skip
profile = make(
    aws.datazone.EnvironmentProfile, "profile", domain_identifier=domain.id, name="data-lake",
    description="the project's data lake", aws_account_id=PRODUCER, aws_account_region=REGION,
    environment_blueprint_identifier=blueprint.id, project_identifier=project.id, after=[blueprint_configuration],
)  # fmt: skip
environment = make(
    aws.datazone.Environment, "environment", domain_identifier=domain.id, name="data-lake",
    description="the project's data lake", profile_identifier=profile.id, project_identifier=project.id,
    account_identifier=PRODUCER, account_region=REGION,
)  # fmt: skip

# --- streams of the producer -----------------------------------------------------------------------------------------
vpc = make(
    aws.ec2.Vpc, "vpc", producer_account, cidr_block="10.0.0.0/16", enable_dns_hostnames=True, enable_dns_support=True,
    tags={"Name": "every-type"},
)  # fmt: skip
subnets = [
    make(
        aws.ec2.Subnet, f"subnet-{zone}", producer_account, vpc_id=vpc.id, cidr_block=f"10.0.{number}.0/24",
        availability_zone=f"{REGION}{zone}", tags={"Name": f"every-type-{zone}"},
    )
    for number, zone in enumerate("abc")
]  # fmt: skip
security_group = make(
    aws.ec2.SecurityGroup, "security-group", producer_account, name="every-type", description="brokers", vpc_id=vpc.id,
    ingress=[
        {
            "description": f"port {port}", "protocol": "tcp", "from_port": port, "to_port": port,
            "cidr_blocks": ["10.0.0.0/16", "10.1.0.0/16"],
        }
        for port in (9098, 14001)
    ],
    egress=[{"description": "all", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    tags={"a": "b"},
)  # fmt: skip
producer_key = make(
    aws.kms.Key, "producer-key", producer_account, description="stream", enable_key_rotation=True,
    deletion_window_in_days=7,
)  # fmt: skip
cluster = make(
    aws.msk.Cluster, "cluster", producer_account, cluster_name="every-type", kafka_version="3.8.x",
    number_of_broker_nodes=3,
    broker_node_group_info={
        "instance_type": "kafka.m7g.large", "client_subnets": [subnet.id for subnet in subnets],
        "security_groups": [security_group.id], "storage_info": {"ebs_storage_info": {"volume_size": 10}},
        "connectivity_info": {"vpc_connectivity": {"client_authentication": {"sasl": {"iam": True}}}},
    },
    client_authentication={"unauthenticated": False, "sasl": {"iam": True}},
    encryption_info={
        "encryption_at_rest_kms_key_arn": producer_key.arn,
        "encryption_in_transit": {"client_broker": "TLS", "in_cluster": True},
    },
    tags={"a": "b"},
)  # fmt: skip
connection = make(
    aws.msk.VpcConnection, "connection", producer_account, target_cluster_arn=cluster.arn, authentication="SASL_IAM",
    vpc_id=vpc.id, client_subnets=[subnet.id for subnet in subnets], security_groups=[security_group.id],
    tags={"a": "b"},
)  # fmt: skip
code = make(aws.s3.Bucket, "code", producer_account, bucket="every-type-code", force_destroy=True)


def jar(bucket: str) -> str:
    """The application's code, which a build uploads."""
    if not pulumi.runtime.is_dry_run():
        keys = boto3.client("sts", region_name=REGION).assume_role(
            RoleArn=f"arn:aws:iam::{PRODUCER}:role/Admin", RoleSessionName="build"
        )["Credentials"]
        boto3.client(
            "s3", region_name=REGION, aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
        ).put_object(Bucket=bucket, Key="job.jar", Body=b"no jar")  # fmt: skip
    return "job.jar"


job_logs = make(aws.cloudwatch.LogGroup, "job-logs", producer_account, name="/every/job", retention_in_days=14)
job_log = make(aws.cloudwatch.LogStream, "job-log", producer_account, name="flink", log_group_name=job_logs.name)
job_role = make(
    aws.iam.Role, "job-role", producer_account, name="every-type-job",
    assume_role_policy=trust("kinesisanalytics.amazonaws.com"),
)  # fmt: skip
job_policy = make(
    aws.iam.RolePolicy, "job-policy", producer_account, name="code", role=job_role.name,
    policy=document(allow("s3:GetObject", "arn:aws:s3:::every-type-code/*")),
)  # fmt: skip
application = make(
    aws.kinesisanalyticsv2.Application, "application", producer_account, name="every-type", description="totals",
    application_mode="STREAMING", runtime_environment="FLINK-2_2", service_execution_role=job_role.arn,
    application_configuration={
        "application_code_configuration": {
            "code_content_type": "ZIPFILE",
            "code_content": {"s3_content_location": {"bucket_arn": code.arn, "file_key": code.bucket.apply(jar)}},
        },
        "application_snapshot_configuration": {"snapshots_enabled": True},
        "environment_properties": {"property_groups": [{"property_group_id": "a", "property_map": {"k": "v"}}]},
        "flink_application_configuration": {
            "checkpoint_configuration": {"configuration_type": "CUSTOM", "checkpoint_interval": 10000},
            "monitoring_configuration": {"configuration_type": "CUSTOM", "log_level": "WARN"},
            "parallelism_configuration": {"configuration_type": "CUSTOM", "parallelism": 2},
        },
        "vpc_configuration": {
            "subnet_ids": [subnet.id for subnet in subnets], "security_group_ids": [security_group.id],
        },
    },
    cloudwatch_logging_options={"log_stream_arn": job_log.arn}, start_application=False, force_stop=False,
    tags={"a": "b"}, after=[job_policy],
)  # fmt: skip
stream = make(
    aws.kinesis.Stream, "stream", producer_account, name="every-type", stream_mode_details={"stream_mode": "ON_DEMAND"},
    retention_period=48, encryption_type="KMS", kms_key_id=producer_key.arn, tags={"a": "b"},
)  # fmt: skip
provisioned_stream = make(
    aws.kinesis.Stream, "provisioned-stream", producer_account, name="every-type-provisioned", shard_count=2,
    shard_level_metrics=["IncomingBytes"], enforce_consumer_deletion=True,
)  # fmt: skip
registry = make(
    aws.glue.Registry, "registry", producer_account, registry_name="every-type", description="schemas", tags={"a": "b"}
)


def asset_type(ids: list[str]) -> str:
    """Something to grant the use of: the aws provider's own asset types are not served."""
    domain_id, project_id = ids
    name = "EveryTypeAssetType"
    if not pulumi.runtime.is_dry_run():
        client = boto3.client("datazone", region_name=REGION)
        try:
            client.get_asset_type(domainIdentifier=domain_id, identifier=name)
        except client.exceptions.ResourceNotFoundException:
            client.create_asset_type(
                domainIdentifier=domain_id, owningProjectIdentifier=project_id, name=name, formsInput={}
            )
    return name


grant = make(
    aws.datazone.PolicyGrant, "asset-type-grant", domain_identifier=domain.id, entity_type="ASSET_TYPE",
    entity_identifier=pulumi.Output.all(domain.id, project.id).apply(asset_type), policy_type="USE_ASSET_TYPE",
    principal={
        "project": {
            "project_designation": "CONTRIBUTOR",
            "domain_unit_filter": {"domain_unit": domain.root_domain_unit_id, "include_child_domain_units": True},
        }
    },
    detail={"use_asset_type": {"domain_unit_id": domain.root_domain_unit_id}},
)  # fmt: skip

if cluster is not None:
    pulumi.export("bootstrap", cluster.bootstrap_brokers_sasl_iam)
pulumi.export("portal", domain.portal_url)
pulumi.export("shareStatus", accepter and accepter.status)
pulumi.export(
    "account", aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=producer_account)).account_id
)
