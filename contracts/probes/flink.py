"""Managed Service for Apache Flink, and what only a person can look at."""

from __future__ import annotations

from typing import Any

from contracts.probe import by_hand, probe, setup
from contracts.probe_run import ProbeRun, answer_of, message_of
from contracts.setup.roles import service_role

_SERVICE = "kinesisanalytics.amazonaws.com"


@setup("bucket")
def bucket(probe_run: ProbeRun) -> str:
    """A bucket with one object, ``code.jar``; its name."""
    s3, name = probe_run.client("s3"), f"{probe_run.name('code')}-{probe_run.account}"
    place = (
        {}
        if probe_run.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": probe_run.region}}
    )
    probe_run.later("s3", "delete_bucket", Bucket=name)
    probe_run.later("s3", "empty", Bucket=name)
    s3.create_bucket(Bucket=name, **place)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": probe_run.tag_list})
    s3.put_object(Bucket=name, Key="code.jar", Body=b"PK\x05\x06" + bytes(18))
    return name


@setup("role of Flink applications", uses=(bucket,))
def flink_role(probe_run: ProbeRun) -> str:
    """A role that may read the bucket."""
    arn = f"arn:aws:s3:::{bucket(probe_run)}"
    return service_role(
        probe_run, "flink", _SERVICE, {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [arn, f"{arn}/*"]}
    )


def _create(probe_run: ProbeRun, key: str = "code.jar") -> dict[str, Any]:
    client, name = probe_run.client("kinesisanalyticsv2"), probe_run.name("flink")
    location = {"BucketARN": f"arn:aws:s3:::{bucket(probe_run)}", "FileKey": key}
    made: dict[str, Any] = client.create_application(
        ApplicationName=name,
        RuntimeEnvironment="FLINK-1_20",
        ServiceExecutionRole=flink_role(probe_run),
        ApplicationConfiguration={
            "ApplicationCodeConfiguration": {
                "CodeContentType": "ZIPFILE",
                "CodeContent": {"S3ContentLocation": location},
            }
        },
        Tags=probe_run.tag_list,
    )["ApplicationDetail"]
    probe_run.later(
        "kinesisanalyticsv2", "delete_application", ApplicationName=name, CreateTimestamp=made["CreateTimestamp"]
    )
    return made


@probe("flink-code-facts", expects={"CodeMD5": False, "CodeSize": True}, uses=(flink_role,))
def code_facts(probe_run: ProbeRun) -> Any:
    """Does the description of an application's code hold CodeMD5 and CodeSize?"""
    found = _create(probe_run)["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
    shown = found.get("CodeContentDescription", {})
    return {name: name in shown for name in ("CodeMD5", "CodeSize")}


@probe(
    "flink-missing-code",
    expects={"code": "InvalidArgumentException", "words": "Please check the role provided or validity of S3 location"},
    uses=(flink_role,),
)
def missing_code(probe_run: ProbeRun) -> Any:
    """Does CreateApplication refuse code that is not in the bucket, and in which words?"""
    words = "Please check the role provided or validity of S3 location"
    message = message_of(lambda: _create(probe_run, "missing.jar"))
    return {
        "code": answer_of(lambda: _create(probe_run, "missing.jar")),
        "words": words if words in message else message.partition(".")[0],
    }


@probe("flink-log-streams", expects={"first": "accepted", "second": "InvalidArgumentException"}, uses=(flink_role,))
def log_streams(probe_run: ProbeRun) -> Any:
    """How many log streams may an application have?"""
    logs, group = probe_run.client("logs"), probe_run.name("flink-logs")
    logs.create_log_group(logGroupName=group, tags=probe_run.tags)
    probe_run.later("logs", "delete_log_group", logGroupName=group)
    made = _create(probe_run)
    client, version = probe_run.client("kinesisanalyticsv2"), made["ApplicationVersionId"]
    answer = {}
    for words in ("first", "second"):
        logs.create_log_stream(logGroupName=group, logStreamName=words)
        arn = f"arn:aws:logs:{probe_run.region}:{probe_run.account}:log-group:{group}:log-stream:{words}"
        answer[words] = answer_of(
            client.add_application_cloud_watch_logging_option,
            ApplicationName=made["ApplicationName"],
            CurrentApplicationVersionId=version,
            CloudWatchLoggingOption={"LogStreamARN": arn},
        )
        version += 1
    return answer


_JOB = "Deploy the Flink application of docs/flink.md"

by_hand(
    "flink-restarts",
    question="How does the managed service restart a job that failed?",
    expects="for ever, with growing pauses",
    how=f"{_JOB}, stop its source topic's grant so that the job fails, and read the job manager's log for an hour.",
)
by_hand(
    "flink-job-manager-config",
    question="Does the managed service let a job's own configuration reach Flink's job manager?",
    expects="yes",
    how=f"{_JOB} with detached lineage, stop the application, and look for the event COMPLETE or ABORT of its run.",
)
by_hand(
    "flink-delete-while-updating",
    question="Is an application deleted that is being updated?",
    expects="deleted",
    how=f"{_JOB}, call UpdateApplication on the running application, and DeleteApplication right after.",
)
by_hand(
    "pulumi-flink-update",
    question="Does pulumi-aws change the runtime of a Flink application in place, and see a start or stop by hand?",
    expects={"runtime": "in place", "start or stop by hand": "not seen"},
    how=f"{_JOB}, change its runtime and run `pulumi preview`; stop it in the console and run `pulumi refresh`.",
)
by_hand(
    "pulumi-defaults",
    question="Does pulumi-aws plan as the stand-in says: replacements, defaults, ids, deletions that are refused?",
    expects={
        "security groups of a cluster": "replace",
        "authentication of a cluster": "in place",
        "retry policy of an event target without one": {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185},
        "AccessDenied at a deletion in DataZone": "gone already",
    },
    how="Deploy the example stack with the real plugin, change each property, and run `pulumi preview`.",
)
by_hand(
    "deployer-actions",
    question="Does the policy that `streamgov deployer` prints let the real provider deploy and refresh a stack?",
    expects="yes",
    how="Deploy the example stack as a role with nothing but the printed policies, refresh it, and destroy it.",
)
by_hand(
    "kafka-connect-denied",
    question="How does a broker of MSK refuse a client that lacks kafka-cluster:Connect?",
    expects="at sign-in: Access denied",
    how="From the cluster's network, sign in with a token of a role without permissions (docs/kafka.md).",
)
by_hand(
    "kafka-token-ahead",
    question="How far ahead of MSK's clock may a token be dated, in seconds?",
    expects=300,
    how="From the cluster's network, sign in with tokens that are dated ever further ahead.",
)
