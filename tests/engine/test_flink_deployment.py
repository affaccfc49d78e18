"""The program that deploys a Flink job, with its example file: up, silence, an update in place, guard rails, destroy.

No Flink runs here (tests/flink has one): the application is made, and its start fails with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from streamgov_core.deploy.member_permissions import consumer_boundary
from streamgov_core.model.naming import Names
from tests.engine.stacks import REGION, ROOT, As, Cloud, Stack, project
from tests.sandbox import run_emulator
from tools.dev.workspace import LocalError, Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
DOMAIN, CONSUMER = "444455556666", "888899990000"
EXAMPLE = ROOT / "examples" / "flink-deployment"
PROJECT = "flink-deployment"
WORD, APPLICATION = "order-totals-job", "streamgov-order-totals-job"
NAMES = Names(region=REGION)


@dataclass
class Place:
    """The consumer's account, and the example as its stack."""

    cloud: Cloud
    stack: Stack
    versions: list[str]

    def detail(self) -> dict[str, Any]:
        flink = self.cloud.client("kinesisanalyticsv2", CONSUMER)
        found: dict[str, Any] = flink.describe_application(ApplicationName=APPLICATION)["ApplicationDetail"]
        return found


def jar(cloud: Cloud, content: bytes) -> str:
    """A version of the JAR in the example's bucket."""
    s3 = cloud.client("s3", CONSUMER)
    return str(s3.put_object(Bucket="analytics-jobs", Key="flink-consumer.jar", Body=content)["VersionId"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("flink")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=f"{DOMAIN},{CONSUMER}", EMULATOR_FLINK="off")
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"analytics": CONSUMER})
        s3, ec2 = cloud.client("s3", CONSUMER), cloud.client("ec2", CONSUMER)
        s3.create_bucket(Bucket="analytics-jobs", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="analytics-jobs", VersioningConfiguration={"Status": "Enabled"})
        cloud.client("iam", CONSUMER).create_policy(
            PolicyName=NAMES.iam_name("consumer-boundary", 128), Path=NAMES.iam_path,
            PolicyDocument=json.dumps(consumer_boundary(NAMES, CONSUMER)),
        )  # fmt: skip
        network = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]][:2]
        group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
        versions = [jar(cloud, b"one"), jar(cloud, b"two")]
        text = (EXAMPLE / "Pulumi.job.example.yaml").read_text()
        config = {key.removeprefix(f"{PROJECT}:"): value for key, value in yaml.safe_load(text)["config"].items()}
        config |= {
            "assumeRoleArn": f"arn:aws:iam::{CONSUMER}:role/Admin", "domainId": portal.domain,
            "projectId": portal.projects["analytics"], "start": False,
            "logKeyArn": cloud.client("kms", CONSUMER).create_key()["KeyMetadata"]["Arn"],
            "code": {**config["code"], "objectVersion": versions[0]},
            "vpc": {"subnets": network, "securityGroups": [group["SecurityGroups"][0]["GroupId"]]},
        }  # fmt: skip
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        program = project(folder / "program", "flink-deployment", (EXAMPLE / "__main__.py").read_text())
        pulumi = As(workspace, program, "job", cloud.credentials(DOMAIN))
        stack = Stack(pulumi, config, PROJECT).create()
        yield Place(cloud, stack, versions)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def deployed(place: Place) -> Place:
    """The stack, once up; the guard rails have nothing against it."""
    result = place.stack.pulumi.run("preview", "--policy-pack", str(ROOT / "policy"), "--stack", "job", check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "streamgov@" in result.stdout and "[mandatory]" not in result.stdout
    place.stack.pulumi.operation("up")
    return place


def test_a_mistake_is_a_sentence_at_preview(place: Place) -> None:
    """The other mistakes: tests/unit/components/test_flink.py."""
    vpc = place.stack.config["vpc"]
    printed = " ".join(place.stack.write(vpc={**vpc, "subnets": []}).refused().split())
    place.stack.write(vpc=vpc)
    assert f"{WORD}: vpc.subnets must name 1 to 16 subnets, got 0" in printed
    assert "Traceback" not in printed


def test_what_is_deployed_and_nothing_changes_when_nothing_changed(deployed: Place) -> None:
    deployed.stack.silent("preview", "refresh")
    detail = deployed.detail()
    assert (detail["ApplicationStatus"], detail["RuntimeEnvironment"]) == ("READY", "FLINK-2_2")
    role = deployed.cloud.client("iam", CONSUMER).get_role(RoleName=NAMES.iam_name(WORD))["Role"]
    assert (detail["ServiceExecutionRole"], role["Path"]) == (role["Arn"], "/consumers/")
    assert deployed.stack.pulumi.outputs()["roleArn"] == role["Arn"]
    boundary = NAMES.policy_arn(CONSUMER, "consumer-boundary")
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    shown = detail["ApplicationConfigurationDescription"]
    assert len(shown["VpcConfigurationDescriptions"][0]["SubnetIds"]) == 2
    logs = deployed.cloud.client("logs", CONSUMER)
    (stream,) = logs.describe_log_streams(logGroupName=f"/aws/kinesis-analytics/{APPLICATION}")["logStreams"]
    assert detail["CloudWatchLoggingOptionDescriptions"][0]["LogStreamARN"] == stream["arn"]


def test_code_parallelism_and_properties_are_updated_in_place(deployed: Place) -> None:
    before = deployed.detail()
    config = deployed.stack.config
    source = {**config["source"], "brokers": "b-3.orders:9098"}
    code = {**config["code"], "objectVersion": deployed.versions[1]}
    deployed.stack.write(parallelism=2, source=source, code=code)
    assert deployed.stack.preview() == {WORD: "update"}
    deployed.stack.pulumi.operation("up")
    deployed.stack.silent("preview", "refresh")
    after = deployed.detail()
    assert after["CreateTimestamp"] == before["CreateTimestamp"]
    assert after["ApplicationVersionId"] == before["ApplicationVersionId"] + 1
    shown = after["ApplicationConfigurationDescription"]
    assert shown["FlinkApplicationConfigurationDescription"]["ParallelismConfigurationDescription"]["Parallelism"] == 2
    location = shown["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    assert location["S3ApplicationCodeLocationDescription"]["ObjectVersion"] == deployed.versions[1]
    groups = shown["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    (found,) = [group["PropertyMap"] for group in groups if group["PropertyGroupId"] == "streamgov.source"]
    assert found["bootstrap.servers"] == "b-3.orders:9098"


def test_a_start_that_fails_says_why_and_destroy_leaves_nothing(deployed: Place) -> None:
    deployed.stack.write(start=True)
    with pytest.raises(LocalError, match=r"did not start: .*EMULATOR_FLINK=off"):
        deployed.stack.pulumi.operation("up")
    assert deployed.detail()["ApplicationStatus"] == "READY"
    deployed.stack.write(start=False)
    deployed.stack.pulumi.operation("up")
    deployed.stack.silent("preview")
    deployed.stack.pulumi.operation("destroy")
    assert deployed.cloud.client("kinesisanalyticsv2", CONSUMER).list_applications()["ApplicationSummaries"] == []
    groups = deployed.cloud.client("logs", CONSUMER).describe_log_groups()["logGroups"]
    assert [item["logGroupName"] for item in groups if "kinesis-analytics" in item["logGroupName"]] == []
    roles = deployed.cloud.client("iam", CONSUMER).list_roles(PathPrefix="/consumers/")["Roles"]
    assert roles == []
