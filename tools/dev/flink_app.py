"""The walkthrough's Flink application: built, uploaded, and deployed by the program that a consumer's team would use.

The program is `examples/flink-deployment`, on the same engine and backend as the other stacks.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aws_emulator.java import JarSet
from streamgov_core.model.naming import Names
from streamgov_pulumi.packaging.bundle import cache_dir
from streamgov_samples.functions import flink
from tools.dev.portal import REGION, People
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import ROOT, Workspace

EXAMPLE = ROOT / "examples" / "flink-consumer"
PROGRAM = ROOT / "examples" / "flink-deployment"
PROJECT = "flink-deployment"
JAR = JarSet(
    "flink-consumer",
    "the example's jar",
    EXAMPLE,
    "flink-consumer.jar",
    150,
    with_dependencies=False,
    parent=cache_dir(),
)
NAME = Names(region=REGION).regional("order-totals-job")
CHECKPOINT_MS = 2000
LINE = 220
"""Characters of a log line that are shown."""


@dataclass(frozen=True)
class _Importing(Workspace):
    """The program's folder is not the checkout's, whose packages it imports."""

    def variables(self, cli_dir: Path | None) -> dict[str, str]:
        return {**super().variables(cli_dir), "PYTHONPATH": str(ROOT)}


class Application:
    """One application in the consumer's account.

    Args:
        people: the sandbox's people.
        workspace: the running sandbox; the program is copied into its state, where its stack's file belongs.
        cli_dir: the folder of the Pulumi CLI.
        account: the consumer's account.
    """

    def __init__(self, people: People, workspace: Workspace, cli_dir: Path, account: str) -> None:
        self.account = account
        self.bucket = f"streamgov-sandbox-flink-{account}"
        self.client = people.client("kinesisanalyticsv2", account)
        self._s3, self._logs = people.client("s3", account), people.client("logs", account)
        self._folder = workspace.state / PROJECT
        self.pulumi = Pulumi(_Importing(workspace.state, workspace.port), cli_dir, self._folder)
        self.log_group = f"/aws/kinesis-analytics/{NAME}"
        self._config: dict[str, Any] = {}

    def upload(self, jar: Path) -> dict[str, str]:
        """Put the JAR into a bucket that keeps versions, as a build does; the program's ``code``."""
        self._s3.create_bucket(Bucket=self.bucket)
        self._s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self._s3.upload_file(str(jar), self.bucket, jar.name)
        version = self._s3.head_object(Bucket=self.bucket, Key=jar.name)["VersionId"]
        return {"bucketArn": f"arn:aws:s3:::{self.bucket}", "key": jar.name, "objectVersion": version}

    def configure(
        self, code: dict[str, str], domain_id: str, project_id: str, source: flink.JobTopic, sink: flink.JobTopic
    ) -> None:
        """Write the stack's file."""
        self._config = {
            "account": self.account,
            "region": REGION,
            "assumeRoleArn": f"arn:aws:iam::{self.account}:role/Admin",
            "provider": {"s3_use_path_style": True, "skip_metadata_api_check": True},
            "domainId": domain_id,
            "projectId": project_id,
            "code": code,
            "source": {"arn": source.arn, "brokers": source.brokers, "registry": source.registry_name},
            "sink": {"arn": sink.arn, "brokers": sink.brokers, "registry": sink.registry_name},
            "checkpointIntervalMs": CHECKPOINT_MS,
            "minPauseBetweenCheckpointsMs": 500,
            "detachedLineage": True,
        }

    def up(self, **changes: Any) -> dict[str, int]:
        """``pulumi up`` of the program with the changed configuration: the resources by what was done.

        Raises:
            LocalError: it failed; the text is what Pulumi printed.
        """
        if not self._folder.exists():
            shutil.copytree(
                PROGRAM, self._folder, ignore=shutil.ignore_patterns(".venv", "__pycache__", "Pulumi.*.yaml")
            )
            project = yaml.safe_load((PROGRAM / "Pulumi.yaml").read_text())
            project["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
            (self._folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
            self.pulumi.select_stack()
        self._config |= changes
        self.pulumi.configure(PROJECT, self._config)
        return dict(self.pulumi.operation("up"))

    def detail(self) -> dict[str, Any]:
        """What the service says of it."""
        found: dict[str, Any] = self.client.describe_application(ApplicationName=NAME)["ApplicationDetail"]
        return found

    def status(self) -> str:
        """Its state."""
        return str(self.detail()["ApplicationStatus"])

    def start_seconds(self) -> float:
        """How long its last start took, by the service's own record."""
        found = self.client.list_application_operations(ApplicationName=NAME, Operation="StartApplication")
        last = found["ApplicationOperationInfoList"][0]
        return float((last["EndTime"] - last["StartTime"]).total_seconds())

    def stop(self, seconds: float = 30) -> str:
        """Stop it and wait; its state then."""
        begun = time.monotonic()
        self.client.stop_application(ApplicationName=NAME)
        while self.status() != "READY" and time.monotonic() - begun < seconds:
            time.sleep(0.2)
        return self.status()

    def logged(self, *words: str, since: float = 0.0) -> str | None:
        """The first log line since then (seconds since the epoch) with one of these words."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.log_group, startTime=int(since * 1000)
        )
        for page in pages:
            for event in page["events"]:
                said = sentence(event["message"], *words)
                if said is not None:
                    return said
        return None

    def undo(self) -> None:
        """Remove all of it; fine where part of it is not there."""
        if self._folder.exists():
            self.pulumi.operation("destroy")
            shutil.rmtree(self._folder)
        if self.bucket in [item["Name"] for item in self._s3.list_buckets()["Buckets"]]:
            found = self._s3.list_object_versions(Bucket=self.bucket)
            for item in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
                self._s3.delete_object(Bucket=self.bucket, Key=item["Key"], VersionId=item["VersionId"])
            self._s3.delete_bucket(Bucket=self.bucket)


def sentence(event: str, *words: str) -> str | None:
    """The line of a log event that has one of the words: of its message, or of its stack trace; None if none has.

    Args:
        event: one line of the job's log, JSON with ``message`` and ``throwableInformation``.
        words: what to look for.
    """
    try:
        parsed = json.loads(event)
    except ValueError:
        parsed = event
    texts = [str(value) for value in parsed.values()] if isinstance(parsed, dict) else [event]
    for line in (line.strip() for text in texts for line in text.splitlines()):
        if any(word in line for word in words):
            return line if len(line) <= LINE else f"{line[:LINE].rstrip()}…"
    return None
