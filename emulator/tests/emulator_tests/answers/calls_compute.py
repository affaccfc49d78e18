"""What is read of functions, machines, rules, schedules, roles, shares, trails, alarms and log groups."""

from __future__ import annotations

import json

from emulator_tests.answers.recording import ACCOUNT, REGION, Recorder
from emulator_tests.made import archive, open_to_trails

SERVICES = ("lambda", "states", "kinesisanalytics", "scheduler", "events", "datazone")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow", "Principal": {"Service": [f"{each}.amazonaws.com" for each in SERVICES]},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)  # fmt: skip
ANYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
HANDLER = "def handler(event, context):\n    return 1\n"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Succeed"}}})


def role(to: Recorder) -> str:
    """A role that the services below may assume and that may do anything."""
    iam, name = to.of("iam"), to.name()
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=ANYTHING)
    return arn


def iam(to: Recorder) -> None:
    """A role with an inline and a managed policy."""
    iam, name = to.of("iam"), role(to).rpartition("/")[2]
    iam.get_role(RoleName=name)
    iam.list_roles()
    iam.get_role_policy(RoleName=name, PolicyName="all")
    iam.list_role_policies(RoleName=name)
    iam.list_role_tags(RoleName=name)
    iam.list_instance_profiles_for_role(RoleName=name)
    policy = iam.create_policy(PolicyName=to.name(), PolicyDocument=ANYTHING)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    iam.get_policy(PolicyArn=policy)
    iam.list_policies(Scope="Local")
    iam.get_policy_version(PolicyArn=policy, VersionId="v1")
    iam.list_policy_versions(PolicyArn=policy)
    iam.list_attached_role_policies(RoleName=name)
    iam.list_entities_for_policy(PolicyArn=policy)
    iam.list_policy_tags(PolicyArn=policy)
    iam.get_account_authorization_details(Filter=["Role"])
    iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", ActionNames=["kinesis:GetRecords"]
    )


def lambda_(to: Recorder) -> None:
    """A function with a permission, and a mapping from a queue."""
    functions, sqs, name = to.of("lambda"), to.of("sqs"), to.name()
    functions.create_function(
        FunctionName=name, Runtime="python3.12", Role=role(to), Handler="main.handler",
        Code={"ZipFile": archive({"main.py": HANDLER})},
    )  # fmt: skip
    functions.get_function(FunctionName=name)
    functions.get_function_configuration(FunctionName=name)
    functions.get_function_concurrency(FunctionName=name)
    functions.get_function_code_signing_config(FunctionName=name)
    functions.get_runtime_management_config(FunctionName=name)
    functions.get_function_recursion_config(FunctionName=name)
    functions.list_functions()
    functions.list_versions_by_function(FunctionName=name)
    functions.add_permission(
        FunctionName=name, StatementId="a", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    functions.get_policy(FunctionName=name)
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    functions.get_function_event_invoke_config(FunctionName=name)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"]
    functions.get_event_source_mapping(UUID=mapping)
    kinesis = to.of("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    read = functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON"
    )["UUID"]
    functions.get_event_source_mapping(UUID=read)
    functions.list_event_source_mappings(FunctionName=name)
    functions.list_tags(Resource=functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"])


def stepfunctions(to: Recorder) -> None:
    """A machine with a version and an execution."""
    states = to.of("stepfunctions")
    arn = states.create_state_machine(name=to.name(), definition=PASS, roleArn=role(to))["stateMachineArn"]
    states.describe_state_machine(stateMachineArn=arn)
    states.list_state_machines()
    states.publish_state_machine_version(stateMachineArn=arn)
    states.list_state_machine_versions(stateMachineArn=arn)
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        pass
    states.describe_state_machine_for_execution(executionArn=execution)
    states.get_execution_history(executionArn=execution)
    states.list_executions(stateMachineArn=arn)
    states.list_tags_for_resource(resourceArn=arn)


def events(to: Recorder) -> None:
    """A bus, a rule, a target."""
    events, name = to.of("events"), to.name()
    events.put_rule(Name=name, EventPattern='{"source": ["a"]}')
    events.put_targets(Rule=name, Targets=[{"Id": "a", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:none"}])
    events.describe_rule(Name=name)
    events.list_rules(NamePrefix=name)
    events.list_targets_by_rule(Rule=name)
    events.list_rule_names_by_target(TargetArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:none")
    events.create_event_bus(Name=name)
    events.describe_event_bus(Name=name)
    events.list_event_buses()
    events.list_tags_for_resource(ResourceARN=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}")


def scheduler(to: Recorder) -> None:
    """A group and a schedule."""
    scheduler, name = to.of("scheduler"), to.name()
    scheduler.create_schedule_group(Name=name)
    scheduler.get_schedule_group(Name=name)
    scheduler.list_schedule_groups()
    scheduler.create_schedule(
        Name=name, GroupName=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:none", "RoleArn": role(to)}, State="DISABLED",
    )  # fmt: skip
    scheduler.get_schedule(Name=name, GroupName=name)
    scheduler.list_schedules(GroupName=name)


def ram(to: Recorder) -> None:
    """A share of a registry with one account."""
    ram, name = to.of("ram"), to.name()
    arn = to.of("glue").create_registry(RegistryName=name)["RegistryArn"].replace(":registry/", ":database/")
    other = "333333333333"
    share = ram.create_resource_share(name=name, principals=[other])["resourceShare"]["resourceShareArn"]
    assert arn
    ram.get_resource_shares(resourceOwner="SELF")
    ram.get_resource_share_associations(associationType="PRINCIPAL", resourceShareArns=[share])
    ram.list_principals(resourceOwner="SELF")
    ram.list_resource_share_permissions(resourceShareArn=share)
    ram.list_permissions()
    invited = to.of("ram", other)
    invited.get_resource_share_invitations(resourceShareArns=[share])


def cloudtrail(to: Recorder) -> None:
    """A trail."""
    s3, name, cloudtrail = to.of("s3"), to.name(), to.of("cloudtrail")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    open_to_trails(s3, name)
    arn = cloudtrail.create_trail(Name=name, S3BucketName=name)["TrailARN"]
    cloudtrail.get_trail(Name=name)
    cloudtrail.describe_trails(trailNameList=[name])
    cloudtrail.list_trails()
    cloudtrail.get_trail_status(Name=name)
    cloudtrail.get_event_selectors(TrailName=name)
    cloudtrail.list_tags(ResourceIdList=[arn])
    cloudtrail.delete_trail(Name=name)


def cloudwatch(to: Recorder) -> None:
    """An alarm and a dashboard."""
    cloudwatch, name = to.of("cloudwatch"), to.name()
    cloudwatch.put_metric_alarm(
        AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, MetricName="m", Namespace="n",
        Period=60, Statistic="Sum", Threshold=1,
    )  # fmt: skip
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
    cloudwatch.get_dashboard(DashboardName=name)
    cloudwatch.list_dashboards()


def logs(to: Recorder) -> None:
    """A log group with a filter and a line."""
    logs, name = to.of("logs"), to.name()
    logs.create_log_group(logGroupName=name)
    logs.describe_log_groups(logGroupNamePrefix=name)
    logs.create_log_stream(logGroupName=name, logStreamName="a")
    logs.describe_log_streams(logGroupName=name)
    logs.put_metric_filter(
        logGroupName=name, filterName="a", filterPattern="x",
        metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
    )  # fmt: skip
    logs.describe_metric_filters(logGroupName=name)
    logs.list_tags_for_resource(resourceArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}")


def sns(to: Recorder) -> None:
    """A topic with a subscription."""
    sns, name = to.of("sns"), to.name()
    arn = sns.create_topic(Name=name)["TopicArn"]
    sns.get_topic_attributes(TopicArn=arn)
    made = sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:none", ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    sns.get_subscription_attributes(SubscriptionArn=made)
    sns.list_subscriptions_by_topic(TopicArn=arn)
    sns.list_topics()


def kinesisanalyticsv2(to: Recorder) -> None:
    """A Flink application that does not run."""
    s3, name, flink = to.of("s3"), to.name(), to.of("kinesisanalyticsv2")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="code.jar", Body=b"PK")
    location = {"BucketARN": f"arn:aws:s3:::{name}", "FileKey": "code.jar"}
    code = {"CodeContentType": "ZIPFILE", "CodeContent": {"S3ContentLocation": location}}
    arn = flink.create_application(
        ApplicationName=name, RuntimeEnvironment="FLINK-1_20", ServiceExecutionRole=role(to),
        ApplicationConfiguration={"ApplicationCodeConfiguration": code},
    )["ApplicationDetail"]["ApplicationARN"]  # fmt: skip
    flink.describe_application(ApplicationName=name)
    flink.list_applications()

    flink.list_tags_for_resource(ResourceARN=arn)
