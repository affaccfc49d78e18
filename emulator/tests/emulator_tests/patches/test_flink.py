"""Managed Service for Apache Flink: applications, versions, states and who may do what. No Flink runs here."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.conftest import CONSUMER, Client

REGION = "us-east-1"


def code_of(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


class FlinkAccount:
    """A role that the service may assume, a JAR in a bucket, and a client."""

    def __init__(self, client: Client) -> None:
        self.flink = client("kinesisanalyticsv2", account=CONSUMER)
        self.iam, s3 = client("iam", account=CONSUMER), client("s3", account=CONSUMER)
        word = uuid.uuid4().hex[:8]
        self.bucket, self.name = f"code-{word}", f"job-{word}"
        s3.create_bucket(Bucket=self.bucket)
        s3.upload_fileobj(io.BytesIO(b"no jar"), self.bucket, "job.jar")
        self.role = self.make_role(f"flink-{word}")

    def make_role(self, name: str, service: str = "kinesisanalytics.amazonaws.com", reads: bool = True) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        arn: str = self.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        if reads:
            may = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{self.bucket}/*"}
            self.iam.put_role_policy(
                RoleName=name,
                PolicyName="code",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
            )
        return arn

    def code(self, key: str = "job.jar") -> dict[str, Any]:
        location = {"BucketARN": f"arn:aws:s3:::{self.bucket}", "FileKey": key}
        return {"CodeContentType": "ZIPFILE", "CodeContent": {"S3ContentLocation": location}}

    def create(self, **changes: Any) -> dict[str, Any]:
        configuration = {
            "ApplicationCodeConfiguration": self.code(),
            "EnvironmentProperties": {"PropertyGroups": [{"PropertyGroupId": "a", "PropertyMap": {"k": "1"}}]},
        }
        asked = {
            "ApplicationName": self.name,
            "RuntimeEnvironment": "FLINK-2_2",
            "ServiceExecutionRole": self.role,
            "ApplicationConfiguration": configuration,
        }
        made: dict[str, Any] = self.flink.create_application(**{**asked, **changes})["ApplicationDetail"]
        return made

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = self.flink.describe_application(ApplicationName=self.name)["ApplicationDetail"]
        return found


@pytest.fixture
def account(client: Client) -> FlinkAccount:
    return FlinkAccount(client)


def stream_arn(name: str) -> str:
    return f"arn:aws:logs:{REGION}:{CONSUMER}:log-group:/aws/kinesis-analytics/{name}:log-stream:{name}"


def test_a_new_application_is_ready_and_described_in_full(account: FlinkAccount) -> None:
    made = account.create(CloudWatchLoggingOptions=[{"LogStreamARN": stream_arn("one")}])
    assert made == account.describe()
    assert (made["ApplicationStatus"], made["ApplicationVersionId"]) == ("READY", 1)
    assert made["ApplicationARN"] == f"arn:aws:kinesisanalytics:{REGION}:{CONSUMER}:application/{account.name}"
    shown = made["ApplicationConfigurationDescription"]
    groups = shown["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    assert groups == [{"PropertyGroupId": "a", "PropertyMap": {"k": "1"}}]
    assert shown["ApplicationCodeConfigurationDescription"]["CodeContentDescription"] == {
        "CodeSize": 6,
        "S3ApplicationCodeLocationDescription": {"BucketARN": f"arn:aws:s3:::{account.bucket}", "FileKey": "job.jar"},
    }
    flink = shown["FlinkApplicationConfigurationDescription"]
    assert flink["CheckpointConfigurationDescription"] == {
        "ConfigurationType": "DEFAULT",
        "CheckpointingEnabled": True,
        "CheckpointInterval": 60_000,
        "MinPauseBetweenCheckpoints": 5_000,
    }
    assert flink["ParallelismConfigurationDescription"]["CurrentParallelism"] == 1
    assert [option["LogStreamARN"] for option in made["CloudWatchLoggingOptionDescriptions"]] == [stream_arn("one")]
    pages = account.flink.get_paginator("list_applications").paginate(PaginationConfig={"PageSize": 1})
    assert account.name in [item["ApplicationName"] for page in pages for item in page["ApplicationSummaries"]]


def test_a_role_may_name_the_application_that_it_trusts(account: FlinkAccount) -> None:
    """Developer Guide, "Cross-service confused deputy prevention"."""
    arn = f"arn:aws:kinesisanalytics:{REGION}:{CONSUMER}:application/{account.name}"

    def trust(source: str) -> None:
        document = {
            "Effect": "Allow",
            "Principal": {"Service": "kinesisanalytics.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": CONSUMER}, "ArnEquals": {"aws:SourceArn": source}},
        }
        account.iam.update_assume_role_policy(
            RoleName=account.role.rsplit("/", 1)[1],
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
        )

    trust(f"{arn}-other")
    assert code_of(account.create)[0] == "InvalidArgumentException"
    trust(arn)
    assert account.create()["ApplicationARN"] == arn


def test_defaults_win_over_values_unless_the_type_is_custom(account: FlinkAccount) -> None:
    flink = {
        "CheckpointConfiguration": {"ConfigurationType": "CUSTOM", "CheckpointInterval": 2000},
        "MonitoringConfiguration": {"ConfigurationType": "DEFAULT", "LogLevel": "DEBUG"},
    }
    configuration = {"ApplicationCodeConfiguration": account.code(), "FlinkApplicationConfiguration": flink}
    made = account.create(ApplicationConfiguration=configuration)
    shown = made["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    assert shown["CheckpointConfigurationDescription"]["CheckpointInterval"] == 2000
    assert shown["CheckpointConfigurationDescription"]["MinPauseBetweenCheckpoints"] == 5000
    assert shown["MonitoringConfigurationDescription"]["LogLevel"] == "INFO"


def test_what_is_refused_at_creation(account: FlinkAccount) -> None:
    account.create()
    assert code_of(account.create)[0] == "ResourceInUseException"
    other = {"ApplicationName": f"{account.name}-2"}
    assert code_of(lambda: account.create(**other, RuntimeEnvironment="SQL-1_0"))[0] == "UnsupportedOperationException"
    code, text = code_of(
        lambda: account.create(
            **other, ApplicationConfiguration={"ApplicationCodeConfiguration": account.code("no.jar")}
        )
    )
    assert code == "InvalidArgumentException"
    assert "unable to get the specified fileKey: no.jar" in text
    blind = account.make_role(f"{account.name}-blind", reads=False)
    assert "fileKey: job.jar" in code_of(lambda: account.create(**other, ServiceExecutionRole=blind))[1]
    code, text = code_of(
        lambda: account.create(**other, CloudWatchLoggingOptions=[{"LogStreamARN": "arn:aws:logs:us-east-1:1:x"}])
    )
    assert (code, "is not the ARN of a log stream" in text) == ("InvalidArgumentException", True)
    group = {"PropertyGroupId": "a", "PropertyMap": {"k": "1"}}
    twice = {"EnvironmentProperties": {"PropertyGroups": [group, group]}}
    assert "more than once" in code_of(lambda: account.create(**other, ApplicationConfiguration=twice))[1]


def test_an_update_needs_the_present_version_and_makes_a_new_one(account: FlinkAccount) -> None:
    first = account.create()
    groups = [{"PropertyGroupId": "b", "PropertyMap": {"k": "2"}}]
    update = {"EnvironmentPropertyUpdates": {"PropertyGroups": groups}}

    def change(**version: Any) -> dict[str, Any]:
        answer = account.flink.update_application(
            ApplicationName=account.name, ApplicationConfigurationUpdate=update, **version
        )
        found: dict[str, Any] = answer["ApplicationDetail"]
        return found

    assert code_of(change)[0] == "InvalidArgumentException"
    assert code_of(lambda: change(CurrentApplicationVersionId=2))[0] == "ConcurrentModificationException"
    second = change(CurrentApplicationVersionId=1)
    assert (second["ApplicationVersionId"], second["ApplicationVersionUpdatedFrom"]) == (2, 1)
    shown = second["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"]
    assert shown["PropertyGroupDescriptions"] == groups
    assert code_of(lambda: change(ConditionalToken=first["ConditionalToken"]))[0] == "ConcurrentModificationException"
    assert change(ConditionalToken=second["ConditionalToken"])["ApplicationVersionId"] == 3


def test_a_refused_update_changes_nothing(account: FlinkAccount) -> None:
    before = account.create()
    content = {"S3ContentLocationUpdate": {"FileKeyUpdate": "no.jar"}}
    code, _ = code_of(
        lambda: account.flink.update_application(
            ApplicationName=account.name,
            CurrentApplicationVersionId=1,
            ApplicationConfigurationUpdate={
                "EnvironmentPropertyUpdates": {"PropertyGroups": []},
                "ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": content},
            },
        )
    )
    assert code == "InvalidArgumentException"
    assert account.describe() == before


def test_logging_options_are_versions_too(account: FlinkAccount) -> None:
    account.create()
    option = {"LogStreamARN": stream_arn("one")}
    added = account.flink.add_application_cloud_watch_logging_option(
        ApplicationName=account.name, CurrentApplicationVersionId=1, CloudWatchLoggingOption=option
    )
    assert added["ApplicationVersionId"] == 2
    (found,) = added["CloudWatchLoggingOptionDescriptions"]
    code, _ = code_of(
        lambda: account.flink.add_application_cloud_watch_logging_option(
            ApplicationName=account.name, CurrentApplicationVersionId=2, CloudWatchLoggingOption=option
        )
    )
    assert code == "InvalidArgumentException"
    account.flink.update_application(
        ApplicationName=account.name,
        CurrentApplicationVersionId=2,
        CloudWatchLoggingOptionUpdates=[
            {
                "CloudWatchLoggingOptionId": found["CloudWatchLoggingOptionId"],
                "LogStreamARNUpdate": stream_arn("two"),
            }
        ],
    )
    assert account.describe()["CloudWatchLoggingOptionDescriptions"][0]["LogStreamARN"] == stream_arn("two")
    account.flink.delete_application_cloud_watch_logging_option(
        ApplicationName=account.name,
        CurrentApplicationVersionId=3,
        CloudWatchLoggingOptionId=found["CloudWatchLoggingOptionId"],
    )
    assert account.describe()["CloudWatchLoggingOptionDescriptions"] == []
    assert account.describe()["ApplicationVersionId"] == 4


def test_one_vpc_by_its_subnets_and_groups(account: FlinkAccount, client: Client) -> None:
    ec2 = client("ec2", account=CONSUMER)
    vpc, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2))
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    groups = [ec2.create_security_group(GroupName=one, Description="x", VpcId=one)["GroupId"] for one in (vpc, other)]
    good = {"SubnetIds": [subnet], "SecurityGroupIds": groups[:1]}
    configuration = {"ApplicationCodeConfiguration": account.code(), "VpcConfigurations": [good]}
    made = account.create(ApplicationConfiguration=configuration)
    (shown,) = made["ApplicationConfigurationDescription"]["VpcConfigurationDescriptions"]
    assert (shown["VpcId"], shown["SubnetIds"], shown["SecurityGroupIds"]) == (vpc, [subnet], groups[:1])

    def add(version: int, **changes: Any) -> dict[str, Any]:
        answer: dict[str, Any] = account.flink.add_application_vpc_configuration(
            ApplicationName=account.name, CurrentApplicationVersionId=version, VpcConfiguration={**good, **changes}
        )
        return answer

    assert "already" in code_of(lambda: add(1))[1]
    removed = account.flink.delete_application_vpc_configuration(
        ApplicationName=account.name, CurrentApplicationVersionId=1, VpcConfigurationId=shown["VpcConfigurationId"]
    )
    assert removed["ApplicationVersionId"] == 2
    assert "VpcConfigurationDescriptions" not in account.describe()["ApplicationConfigurationDescription"]
    assert "of one VPC" in code_of(lambda: add(2, SecurityGroupIds=groups))[1]
    assert "does not exist" in code_of(lambda: add(2, SubnetIds=["subnet-0123456789abcdef0"]))[1]
    again = add(2)
    assert (again["ApplicationVersionId"], again["VpcConfigurationDescription"]["VpcId"]) == (3, vpc)


def test_where_no_flink_runs_a_start_fails_and_says_why(account: FlinkAccount) -> None:
    account.create()
    operation = account.flink.start_application(ApplicationName=account.name)["OperationId"]
    deadline = time.monotonic() + 10
    while account.describe()["ApplicationStatus"] == "STARTING" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert account.describe()["ApplicationStatus"] == "READY"
    told = account.flink.describe_application_operation(ApplicationName=account.name, OperationId=operation)
    details = told["ApplicationOperationInfoDetails"]
    assert (details["Operation"], details["OperationStatus"]) == ("StartApplication", "FAILED")
    assert details["OperationFailureDetails"]["ErrorInfo"]["ErrorString"] == "EMULATOR_FLINK=off"
    listed = account.flink.list_application_operations(ApplicationName=account.name, OperationStatus="FAILED")
    assert [item["OperationId"] for item in listed["ApplicationOperationInfoList"]] == [operation]
    assert code_of(lambda: account.flink.stop_application(ApplicationName=account.name))[0] == "ResourceInUseException"


def test_an_application_without_code_does_not_start(account: FlinkAccount) -> None:
    account.create(ApplicationConfiguration={})
    code, _ = code_of(lambda: account.flink.start_application(ApplicationName=account.name))
    assert code == "InvalidApplicationConfigurationException"


def test_deletion_needs_the_time_of_creation(account: FlinkAccount) -> None:
    from datetime import UTC, datetime

    made = account.create()
    wrong = datetime(2020, 1, 1, tzinfo=UTC)
    code, _ = code_of(lambda: account.flink.delete_application(ApplicationName=account.name, CreateTimestamp=wrong))
    assert code == "InvalidArgumentException"
    account.flink.delete_application(ApplicationName=account.name, CreateTimestamp=made["CreateTimestamp"])
    assert code_of(account.describe)[0] == "ResourceNotFoundException"


def test_tags(account: FlinkAccount) -> None:
    arn = account.create(Tags=[{"Key": "a", "Value": "1"}])["ApplicationARN"]
    account.flink.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    account.flink.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert account.flink.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_a_role_must_trust_the_service_and_may_be_passed_only_by_who_may(account: FlinkAccount, client: Client) -> None:
    lambdas = account.make_role(f"{account.name}-lambda", service="lambda.amazonaws.com")
    deployer = f"{account.name}-deployer"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    account.iam.create_role(RoleName=deployer, AssumeRolePolicyDocument=document)

    def allow(*statements: dict[str, Any]) -> None:
        account.iam.put_role_policy(
            RoleName=deployer,
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
        )

    application = f"arn:aws:kinesisanalytics:{REGION}:{CONSUMER}:application/{account.name}"
    # The reference gives CreateApplication no resource.
    create = {"Effect": "Allow", "Action": "kinesisanalytics:CreateApplication", "Resource": "*"}
    allow(create)
    admin, account.flink = account.flink, client("kinesisanalyticsv2", account=CONSUMER, role=deployer)
    code, text = code_of(account.create)
    assert "iam:PassRole" in text, code
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": [account.role, lambdas]}
    allow(create, passing)
    assert "sufficient privileges to assume" in code_of(lambda: account.create(ServiceExecutionRole=lambdas))[1]
    account.create()
    allow({"Effect": "Allow", "Action": "kinesisanalytics:DescribeApplication", "Resource": application})
    assert account.describe()["ApplicationName"] == account.name
    code, text = code_of(lambda: account.flink.start_application(ApplicationName=account.name))
    assert "kinesisanalytics:StartApplication" in text, code
    assert admin.describe_application(ApplicationName=account.name)["ApplicationDetail"]["ApplicationStatus"] == "READY"
