"""The walkthrough's Flink application: built, deployed as somebody with a console would, and undone.

On AWS a component deploys the same (docs/flink.md); both take permissions and runtime properties from
`streamgov_core.samples.flink`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from emulator.java import JarSet
from streamgov_core.access.messages import Consumer
from streamgov_core.naming import Names
from streamgov_core.samples import flink
from tools.dev.portal import REGION, People
from tools.dev.workspace import ROOT

EXAMPLE = ROOT / "examples" / "flink-consumer"
JAR = JarSet("flink-consumer", "the example's jar", EXAMPLE, "flink-consumer.jar", 150, with_dependencies=False)
NAME = "order-totals-job"
POLICY = "flink-application"
CHECKPOINT_MS = 2000


class Application:
    """One application in the consumer's account.

    Args:
        people: the sandbox's people.
        role_arn: the consumer's role, to which grants are given; the job runs as it.
        bucket: for the JAR; made and removed here.
    """

    def __init__(self, people: People, role_arn: str, bucket: str) -> None:
        self.role_arn, self.bucket = role_arn, bucket
        self.account = role_arn.split(":")[4]
        self.role_name = role_arn.rsplit("/", 1)[1]
        self.log_group, self.log_stream = f"/aws/kinesis-analytics/{NAME}", "flink"
        self.client = people.client("kinesisanalyticsv2", self.account)
        self._iam, self._s3, self._logs = (people.client(name, self.account) for name in ("iam", "s3", "logs"))
        self._trust: Any = None

    def deploy(
        self, jar: Path, names: Names, consumer: Consumer, source: flink.JobTopic, sink: flink.JobTopic, domain_id: str
    ) -> dict[str, Any]:
        """All that the application needs, and itself: not started."""
        self._s3.create_bucket(Bucket=self.bucket)
        self._s3.upload_file(str(jar), self.bucket, jar.name)
        self._logs.create_log_group(logGroupName=self.log_group)
        self._logs.create_log_stream(logGroupName=self.log_group, logStreamName=self.log_stream)
        self._let_the_service_in()
        code = f"arn:aws:s3:::{self.bucket}/{jar.name}"
        policy = flink.job_policy(self.account, REGION, code_arn=code, log_group=self.log_group)
        self._iam.put_role_policy(RoleName=self.role_name, PolicyName=POLICY, PolicyDocument=json.dumps(policy))
        groups = flink.property_groups(
            names, consumer, source=source, sink=sink, domain_id=domain_id, application=NAME, detached=True
        )
        group = f"arn:aws:logs:{REGION}:{self.account}:log-group:{self.log_group}"
        made: dict[str, Any] = self.client.create_application(
            ApplicationName=NAME,
            RuntimeEnvironment=flink.RUNTIME,
            ServiceExecutionRole=self.role_arn,
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {
                        "S3ContentLocation": {"BucketARN": f"arn:aws:s3:::{self.bucket}", "FileKey": jar.name}
                    },
                },
                "EnvironmentProperties": {"PropertyGroups": groups},
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "CheckpointingEnabled": True,
                        "CheckpointInterval": CHECKPOINT_MS,
                        "MinPauseBetweenCheckpoints": 500,
                    }
                },
            },
            CloudWatchLoggingOptions=[{"LogStreamARN": f"{group}:log-stream:{self.log_stream}"}],
        )["ApplicationDetail"]
        return made

    def _let_the_service_in(self) -> None:
        """The role of the sandbox trusts Lambda; for as long as this application lives, it trusts this service too."""
        self._trust = self._iam.get_role(RoleName=self.role_name)["Role"]["AssumeRolePolicyDocument"]
        both = {**self._trust, "Statement": [*self._trust["Statement"], *flink.job_trust(self.account)["Statement"]]}
        self._iam.update_assume_role_policy(RoleName=self.role_name, PolicyDocument=json.dumps(both))

    def status(self) -> str:
        """Its state."""
        return str(self.client.describe_application(ApplicationName=NAME)["ApplicationDetail"]["ApplicationStatus"])

    def start(self, seconds: float = 180) -> tuple[float, str | None]:
        """Start it and wait until it runs; the seconds, and why it does not if so."""
        begun = time.monotonic()
        operation = self.client.start_application(ApplicationName=NAME)["OperationId"]
        while self.status() == "STARTING" and time.monotonic() - begun < seconds:
            time.sleep(0.2)
        return time.monotonic() - begun, self._failure(operation)

    def stop(self, seconds: float = 30) -> str:
        """Stop it and wait; its state then."""
        begun = time.monotonic()
        self.client.stop_application(ApplicationName=NAME)
        while self.status() != "READY" and time.monotonic() - begun < seconds:
            time.sleep(0.2)
        return self.status()

    def _failure(self, operation: str) -> str | None:
        told = self.client.describe_application_operation(ApplicationName=NAME, OperationId=operation)
        failure = told["ApplicationOperationInfoDetails"].get("OperationFailureDetails", {})
        text = failure.get("ErrorInfo", {}).get("ErrorString")
        return str(text) if text else None

    def logged(self, *words: str, since: float = 0.0) -> str | None:
        """The first log line since then (seconds since the epoch) with one of these words."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.log_group, logStreamNames=[self.log_stream], startTime=int(since * 1000)
        )
        for page in pages:
            for event in page["events"]:
                for word in words:
                    at = event["message"].find(word)
                    if at >= 0:
                        return str(event["message"])[max(0, at - 60) : at + 160].replace("\\n", " ")
        return None

    def undo(self) -> None:
        """Remove all of it; fine where part of it is not there."""
        found = [item["ApplicationName"] for item in self.client.list_applications()["ApplicationSummaries"]]
        if NAME in found:
            created = self.client.describe_application(ApplicationName=NAME)["ApplicationDetail"]["CreateTimestamp"]
            self.client.delete_application(ApplicationName=NAME, CreateTimestamp=created)
        if self._trust is not None:
            self._iam.update_assume_role_policy(RoleName=self.role_name, PolicyDocument=json.dumps(self._trust))
            self._trust = None
        if POLICY in self._iam.list_role_policies(RoleName=self.role_name)["PolicyNames"]:
            self._iam.delete_role_policy(RoleName=self.role_name, PolicyName=POLICY)
        if self.bucket in [item["Name"] for item in self._s3.list_buckets()["Buckets"]]:
            for item in self._s3.list_objects_v2(Bucket=self.bucket).get("Contents", []):
                self._s3.delete_object(Bucket=self.bucket, Key=item["Key"])
            self._s3.delete_bucket(Bucket=self.bucket)
        groups = self._logs.describe_log_groups(logGroupNamePrefix=self.log_group)["logGroups"]
        if any(item["logGroupName"] == self.log_group for item in groups):
            self._logs.delete_log_group(logGroupName=self.log_group)
