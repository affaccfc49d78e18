"""The cases of the core types: keys, logs, IAM, queues, tables, functions, machines, rules, alarms, buckets, trails."""

from __future__ import annotations

import json
from typing import Any

from .harness import DOMAIN, archive
from .needs import (
    Case,
    Change,
    Needs,
    allow,
    change,
    definition,
    document,
    key_policy,
    trail_statements,
    trust,
)

TAGS = {"tags": {"a": "b"}}
RETAG = change(tags={"a": "c", "d": "e"})
NO_TAGS = change(tags=None)
PEOPLE = "arn:aws:sns:us-east-1:111111111111:people"


def _set(value: dict[str, Any], *path: str) -> Any:
    for key in path:
        value = value[key]
    return value


# --- keys and logs ---
KEY = Case(
    "aws:kms/key:Key",
    lambda needs: {
        "description": "one", "enableKeyRotation": True, "deletionWindowInDays": 7, "policy": key_policy("one"),
        "keyUsage": "ENCRYPT_DECRYPT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "multiRegion": False,
        "isEnabled": True, **TAGS,
    },
    lambda needs: [
        change(description="two"), change(enableKeyRotation=False), change(deletionWindowInDays=8),
        change(policy=key_policy("two")), RETAG, NO_TAGS, change(isEnabled=False), change(isEnabled=True),
        change(replace=True, keyUsage="SIGN_VERIFY", customerMasterKeySpec="RSA_2048"),
        change(replace=True, multiRegion=True),
    ],
    remove=lambda client, made: client("kms").schedule_key_deletion(KeyId=made.id, PendingWindowInDays=7),
    drift=(
        "description",
        lambda client, made: client("kms").update_key_description(KeyId=made.id, Description="by hand"),
    ),
    unknown_to_import=("deletionWindowInDays",),
)  # fmt: skip
ALIAS = Case(
    "aws:kms/alias:Alias",
    lambda needs: {"name": "alias/case", "targetKeyId": needs.key()["keyId"]},
    lambda needs: [change(targetKeyId=needs.other_key()["keyId"]), change(replace=True, name="alias/other")],
    remove=lambda client, made: client("kms").delete_alias(AliasName=made.id),
)
LOG_GROUP = Case(
    "aws:cloudwatch/logGroup:LogGroup",
    lambda needs: {
        "name": "/case/logs", "retentionInDays": 14, "kmsKeyId": needs.key()["arn"], "skipDestroy": False, **TAGS,
    },
    lambda needs: [
        change(skipDestroy=True), change(skipDestroy=None),
        change(retentionInDays=30), change(retentionInDays=None), change(kmsKeyId=None),
        change(kmsKeyId=needs.other_key()["arn"]), RETAG, NO_TAGS, change(replace=True, name="/case/other"),
    ],
    remove=lambda client, made: client("logs").delete_log_group(logGroupName=made.id),
    drift=(
        "retentionInDays",
        lambda client, made: client("logs").put_retention_policy(logGroupName=made.id, retentionInDays=1),
    ),
    unknown_to_import=("skipDestroy",),
)  # fmt: skip

# --- IAM ---
ROLE_CASE = Case(
    "aws:iam/role:Role",
    lambda needs: {
        "name": "case-role", "path": "/case/", "description": "one", "assumeRolePolicy": trust("lambda.amazonaws.com"),
        "permissionsBoundary": needs.boundary()["arn"], "forceDetachPolicies": True, "maxSessionDuration": 7200, **TAGS,
    },
    lambda needs: [
        change(description="two"), change(description=None), change(maxSessionDuration=None),
        change(assumeRolePolicy=trust("states.amazonaws.com")), change(permissionsBoundary=None),
        change(permissionsBoundary=needs.boundary()["arn"]), change(forceDetachPolicies=False), RETAG, NO_TAGS,
        change(replace=True, path="/other/"), change(replace=True, name="case-other"),
    ],
    remove=lambda client, made: client("iam").delete_role(RoleName=made.id),
    drift=(
        "assumeRolePolicy",
        lambda client, made: client("iam").update_assume_role_policy(
            RoleName=made.id, PolicyDocument=trust("events.amazonaws.com")
        ),
    ),
    unknown_to_import=("forceDetachPolicies",),
)  # fmt: skip
ROLE_POLICY = Case(
    "aws:iam/rolePolicy:RolePolicy",
    lambda needs: {
        "name": "case", "role": needs.role()["name"], "policy": document(allow(["sqs:SendMessage", "sqs:*"])),
    },
    lambda needs: [
        change(policy=document(allow("logs:*"))), change(replace=True, name="other"),
        change(replace=True, role=needs.role("other")["name"]),
    ],
    remove=lambda client, made: client("iam").delete_role_policy(RoleName=made["role"], PolicyName=made["name"]),
    drift=(
        "policy",
        lambda client, made: client("iam").put_role_policy(
            RoleName=made["role"], PolicyName=made["name"], PolicyDocument=document(allow("*"))
        ),
    ),
)  # fmt: skip
POLICY = Case(
    "aws:iam/policy:Policy",
    lambda needs: {
        "name": "case", "path": "/case/", "description": "one", "policy": document(allow("sqs:SendMessage")), **TAGS,
    },
    # Six versions: a policy keeps five.
    lambda needs: [
        *(change(policy=document(allow(f"sqs:{name}"))) for name in ("A", "B", "C", "D", "E", "F")), RETAG, NO_TAGS,
        change(replace=True, description="two"), change(replace=True, path="/x/"), change(replace=True, name="other"),
    ],
    remove=lambda client, made: _delete_policy(client("iam"), made.id),
    drift=(
        "policy",
        lambda client, made: client("iam").create_policy_version(
            PolicyArn=made.id, PolicyDocument=document(allow("*")), SetAsDefault=True
        ),
    ),
)  # fmt: skip


def _delete_policy(iam: Any, arn: str) -> None:
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


# --- queues and tables ---
QUEUE = Case(
    "aws:sqs/queue:Queue",
    lambda needs: {
        "name": "case", "messageRetentionSeconds": 86400, "kmsMasterKeyId": needs.key()["arn"],
        "kmsDataKeyReusePeriodSeconds": 600, "delaySeconds": 5, "visibilityTimeoutSeconds": 60,
        "receiveWaitTimeSeconds": 10, "maxMessageSize": 65536, "policy": document(allow("sqs:*", Principal="*")),
        "redrivePolicy": json.dumps({"deadLetterTargetArn": needs.queue()["arn"], "maxReceiveCount": 4}), **TAGS,
    },
    lambda needs: [
        change(messageRetentionSeconds=1209600), change(messageRetentionSeconds=None), change(delaySeconds=None),
        change(visibilityTimeoutSeconds=90), change(receiveWaitTimeSeconds=None), change(maxMessageSize=4096),
        change(policy=document(allow("sqs:SendMessage", Principal="*"))), change(redrivePolicy=None),
        change(kmsMasterKeyId=needs.other_key()["arn"]), change(kmsDataKeyReusePeriodSeconds=300), RETAG, NO_TAGS,
        change(kmsMasterKeyId=None, kmsDataKeyReusePeriodSeconds=None, shows=("kmsMasterKeyId",)),
        change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("sqs").delete_queue(QueueUrl=made.id),
    drift=(
        "messageRetentionSeconds",
        lambda client, made: client("sqs").set_queue_attributes(
            QueueUrl=made.id, Attributes={"MessageRetentionPeriod": "60"}
        ),
    ),
)  # fmt: skip
FIFO_QUEUE = Case(
    "aws:sqs/queue:Queue",
    lambda needs: {"name": "case.fifo", "fifoQueue": True, "contentBasedDeduplication": True},
    lambda needs: [
        change(contentBasedDeduplication=False),
        change(replace=True, fifoQueue=False, name="case-standard"),
    ],
)
PLAIN_QUEUE = Case(
    "aws:sqs/queue:Queue",
    lambda needs: {"name": "case-plain", "sqsManagedSseEnabled": True},
    lambda needs: [change(sqsManagedSseEnabled=False)],
)
QUEUE_POLICY = Case(
    "aws:sqs/queuePolicy:QueuePolicy",
    lambda needs: {"queueUrl": needs.queue().id, "policy": _queue_policy(needs, "one")},
    lambda needs: [
        change(policy=_queue_policy(needs, "two")), change(replace=True, queueUrl=needs.queue("other-queue").id),
    ],
    remove=lambda client, made: client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes={"Policy": ""}),
)  # fmt: skip


def _queue_policy(needs: Needs, sid: str) -> str:
    principal = {"Service": "events.amazonaws.com"}
    return document(allow("sqs:SendMessage", needs.queue()["arn"], Principal=principal, Sid=sid))


def _attributes(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "S"} for name in names]


def _index(name: str, key: str) -> dict[str, str]:
    return {"name": name, "hashKey": key, "rangeKey": "sk", "projectionType": "ALL"}


PROVISIONED_TABLE = Case(
    "aws:dynamodb/table:Table",
    lambda needs: {
        "name": "case-provisioned", "billingMode": "PROVISIONED", "hashKey": "pk", "attributes": _attributes("pk"),
        "readCapacity": 2, "writeCapacity": 3, "streamEnabled": True, "streamViewType": "KEYS_ONLY",
    },
    lambda needs: [
        change(readCapacity=4), change(writeCapacity=5), change(streamViewType="NEW_IMAGE"),
        change(streamEnabled=None, streamViewType=None, shows=("streamEnabled",)),
    ],
)  # fmt: skip
TABLE = Case(
    "aws:dynamodb/table:Table",
    lambda needs: {
        "name": "case", "billingMode": "PAY_PER_REQUEST", "hashKey": "pk", "rangeKey": "sk",
        "attributes": _attributes("sk", "pk", "account"), "globalSecondaryIndexes": [_index("one", "account")],
        "pointInTimeRecovery": {"enabled": True}, "ttl": {"attributeName": "expires", "enabled": True},
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": needs.key()["arn"]}, "deletionProtectionEnabled": False,
        **TAGS,
    },
    lambda needs: [
        change(pointInTimeRecovery={"enabled": False}),
        change(serverSideEncryption={"enabled": True, "kmsKeyArn": needs.other_key()["arn"]}),
        change(ttl={"attributeName": "expires", "enabled": False}),
        change(globalSecondaryIndexes=[_index("one", "account"), _index("two", "state")],
               attributes=_attributes("pk", "sk", "account", "state")),
        change(globalSecondaryIndexes=None, attributes=_attributes("pk", "sk")),
        RETAG, NO_TAGS, change(deletionProtectionEnabled=True), change(deletionProtectionEnabled=False),
        change(replace=True, hashKey="id", attributes=_attributes("id", "sk"), shows=("hashKey", "attributes")),
        change(replace=True, rangeKey=None), change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("dynamodb").delete_table(TableName=made.id),
    drift=(
        "pointInTimeRecovery",
        lambda client, made: client("dynamodb").update_continuous_backups(
            TableName=made.id,
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": not _set(made.state, "pointInTimeRecovery", "enabled")
            },
        ),
    ),
)  # fmt: skip

# --- functions and machines ---
FUNCTION = Case(
    "aws:lambda/function:Function",
    lambda needs: {
        "name": "case", "description": "one", "role": needs.working_role()["arn"], "runtime": "python3.12",
        "handler": "handler.handle", "code": archive(needs.folder), "timeout": 10, "memorySize": 256,
        "architectures": ["arm64"], "environment": {"variables": {"FIRST": "1", "SECOND": "2"}},
        "loggingConfig": {"logFormat": "JSON", "logGroup": needs.log_group().id},
        "tracingConfig": {"mode": "Active"}, "deadLetterConfig": {"targetArn": needs.queue()["arn"]},
        "kmsKeyArn": needs.key()["arn"], "reservedConcurrentExecutions": 2, "layers": [needs.layer().id], **TAGS,
    },
    lambda needs: [
        change(reservedConcurrentExecutions=0), change(reservedConcurrentExecutions=None),
        change(deadLetterConfig=None), change(kmsKeyArn=None),
        change(layers=[needs.layer("two").id, needs.layer().id]), change(layers=None),
        change(description="two"), change(timeout=20), change(memorySize=512), change(handler="handler.other"),
        change(runtime="python3.13"), change(environment={"variables": {"FIRST": "3"}}), change(environment=None),
        change(code=archive(needs.folder, "other.zip", "def other(event, context):\n    return 2\n")),
        change(architectures=["x86_64"]), change(tracingConfig={"mode": "PassThrough"}),
        change(loggingConfig={"logFormat": "Text", "logGroup": needs.log_group("other-logs").id}),
        change(role=needs.role()["arn"]), RETAG, NO_TAGS, change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("lambda").delete_function(FunctionName=made.id),
    drift=(
        "timeout",
        lambda client, made: client("lambda").update_function_configuration(FunctionName=made.id, Timeout=99),
    ),
    unknown_to_import=("code",),
)  # fmt: skip
STORED_FUNCTION = Case(
    "aws:lambda/function:Function",
    lambda needs: {
        "name": "case-stored", "role": needs.working_role()["arn"], "runtime": "python3.12",
        "handler": "handler.handle", "s3Bucket": needs.bundles(), "s3Key": "one.zip",
    },
    lambda needs: [change(s3Key="two.zip"), change(s3ObjectVersion="null")],
    remove=lambda client, made: client("lambda").delete_function(FunctionName=made.id),
    unknown_to_import=("s3Bucket", "s3Key", "s3ObjectVersion"),
)  # fmt: skip
INVOKE_CONFIG = Case(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    lambda needs: {
        "functionName": needs.function().id, "maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 3600,
        "destinationConfig": {"onFailure": {"destination": needs.queue()["arn"]}},
    },
    lambda needs: [
        change(maximumRetryAttempts=0), change(maximumEventAgeInSeconds=60),
        change(destinationConfig={"onFailure": {"destination": needs.queue("other-queue")["arn"]}}),
        change(replace=True, functionName="other"),
    ],
    remove=lambda client, made: client("lambda").delete_function_event_invoke_config(FunctionName=made.id),
)  # fmt: skip
PERMISSION = Case(
    "aws:lambda/permission:Permission",
    lambda needs: {
        "statementId": "case", "action": "lambda:InvokeFunction", "function": needs.function().id,
        "principal": "events.amazonaws.com", "sourceArn": needs.rule()["arn"], "sourceAccount": DOMAIN,
    },
    lambda needs: [
        Change({name: value}, replace=True)
        for name, value in {
            "statementId": "other", "action": "lambda:GetFunction", "function": "other",
            "principal": "sns.amazonaws.com", "sourceArn": "arn:aws:events:us-east-1:111111111111:rule/x",
            "sourceAccount": "222222222222",
        }.items()
    ],
    remove=lambda client, made: client("lambda").remove_permission(FunctionName=made["function"], StatementId=made.id),
    import_id=lambda made: f"{made['function']}/{made['statementId']}",
)  # fmt: skip
MACHINE = Case(
    "aws:sfn/stateMachine:StateMachine",
    lambda needs: {
        "name": "case", "type": "STANDARD", "roleArn": needs.working_role()["arn"], "definition": definition("A"),
        "loggingConfiguration": {
            "level": "ALL", "includeExecutionData": True, "logDestination": f"{needs.log_group()['arn']}:*",
        },
        "tracingConfiguration": {"enabled": True}, "publish": True, **TAGS,
    },
    lambda needs: [
        change(definition=definition("B")), change(publish=None), change(tracingConfiguration={"enabled": False}),
        change(loggingConfiguration={"level": "OFF"}), RETAG, NO_TAGS,
        change(replace=True, type="EXPRESS"), change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("stepfunctions").delete_state_machine(stateMachineArn=made.id),
    drift=(
        "definition",
        lambda client, made: client("stepfunctions").update_state_machine(
            stateMachineArn=made.id, definition=definition("Z")
        ),
    ),
    unknown_to_import=("publish",),
)  # fmt: skip

# --- rules and alarms ---
RULE = Case(
    "aws:cloudwatch/eventRule:EventRule",
    lambda needs: {
        "name": "case", "description": "one", "eventPattern": json.dumps({"source": ["a"]}), "state": "ENABLED", **TAGS,
    },
    lambda needs: [
        change(description="two"), change(eventPattern=json.dumps({"source": ["b"]})), change(state="DISABLED"),
        RETAG, NO_TAGS, change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("events").delete_rule(Name=made.id),
    drift=(
        "eventPattern",
        lambda client, made: client("events").put_rule(Name=made.id, EventPattern=json.dumps({"source": ["z"]})),
    ),
)  # fmt: skip
SCHEDULE = Case(
    "aws:cloudwatch/eventRule:EventRule",
    lambda needs: {"name": "case-schedule", "scheduleExpression": "rate(1 day)"},
    lambda needs: [change(scheduleExpression="rate(2 days)"), change(description="two")],
)
SCHEDULE_GROUP = Case(
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    lambda needs: {"name": "case-group", **TAGS},
    lambda needs: [RETAG, NO_TAGS, change(replace=True, name="other-group")],
    remove=lambda client, made: client("scheduler").delete_schedule_group(Name=made.id),
)
TARGET = Case(
    "aws:cloudwatch/eventTarget:EventTarget",
    lambda needs: {
        "rule": needs.rule().id, "targetId": "case", "arn": needs.function()["arn"], "input": json.dumps({"a": ["b"]}),
        "roleArn": needs.working_role()["arn"], "deadLetterConfig": {"arn": needs.queue()["arn"]},
        "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 5},
    },
    lambda needs: [
        change(input=json.dumps({"a": "b"})), change(arn=needs.queue()["arn"]),
        change(retryPolicy={"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0}), change(deadLetterConfig=None),
        change(roleArn=None), change(sqsTarget={"messageGroupId": "a"}), change(sqsTarget=None),
        change(input=None, inputPath="$.detail"),
        change(inputPath=None, inputTransformer={"inputPaths": {"id": "$.id"}, "inputTemplate": '{"id": <id>}'}),
        change(inputTransformer={"inputPaths": {"id": "$.x"}, "inputTemplate": '{"y": <id>}'}),
        change(replace=True, targetId="other"), change(replace=True, rule="other"),
    ],
    remove=lambda client, made: client("events").remove_targets(Rule=made["rule"], Ids=[made["targetId"]]),
    drift=(
        "arn",
        lambda client, made: client("events").put_targets(
            Rule=made["rule"], Targets=[{"Id": made["targetId"], "Arn": f"{made['arn']}-by-hand"}]
        ),
    ),
    import_id=lambda made: f"{made['rule']}/{made['targetId']}",
)  # fmt: skip
ALARM = Case(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    lambda needs: {
        "name": "case", "alarmDescription": "one", "namespace": "AWS/SQS", "metricName": "Letters",
        "dimensions": {"QueueName": "q"}, "statistic": "Maximum", "period": 60, "evaluationPeriods": 1, "threshold": 0,
        "comparisonOperator": "GreaterThanThreshold", "treatMissingData": "notBreaching", "alarmActions": [PEOPLE],
        "okActions": [PEOPLE], "insufficientDataActions": [PEOPLE], "actionsEnabled": False, "datapointsToAlarm": 1,
        "unit": "Count", **TAGS,
    },
    lambda needs: [
        *(
            Change({name: value})
            for name, value in {
                "alarmDescription": "two", "namespace": "AWS/States", "metricName": "Failed", "statistic": "Sum",
                "dimensions": {"QueueName": "r"}, "period": 120, "evaluationPeriods": 2, "threshold": 1.5,
                "comparisonOperator": "LessThanThreshold", "treatMissingData": None, "alarmActions": None,
                "okActions": [f"{PEOPLE}-2"], "insufficientDataActions": None, "actionsEnabled": None,
                "datapointsToAlarm": 2, "unit": None,
            }.items()
        ),
        RETAG, NO_TAGS, change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("cloudwatch").delete_alarms(AlarmNames=[made.id]),
)  # fmt: skip
DASHBOARD = Case(
    "aws:cloudwatch/dashboard:Dashboard",
    lambda needs: {"dashboardName": "case", "dashboardBody": '{"widgets":[]}'},
    lambda needs: [
        change(dashboardBody='{"start":"-P1D","widgets":[]}'), change(replace=True, dashboardName="other"),
    ],
    remove=lambda client, made: client("cloudwatch").delete_dashboards(DashboardNames=[made.id]),
    drift=(
        "dashboardBody",
        lambda client, made: client("cloudwatch").put_dashboard(
            DashboardName=made.id, DashboardBody='{"widgets":[{"type":"text"}]}'
        ),
    ),
)  # fmt: skip

# --- buckets and trails ---
BUCKET = Case(
    "aws:s3/bucket:Bucket",
    lambda needs: {"bucket": "case-bucket", "forceDestroy": False, **TAGS},
    lambda needs: [change(forceDestroy=True), RETAG, NO_TAGS, change(replace=True, bucket="case-other")],
    remove=lambda client, made: client("s3").delete_bucket(Bucket=made.id),
    unknown_to_import=("forceDestroy",),
)
BUCKET_POLICY = Case(
    "aws:s3/bucketPolicy:BucketPolicy",
    lambda needs: {"bucket": needs.bucket().id, "policy": document(trail_statements("needs-bucket")[0])},
    lambda needs: [
        change(policy=document(*trail_statements("needs-bucket"))),
        change(replace=True, bucket=needs.bucket("needs-other").id),
    ],
    remove=lambda client, made: client("s3").delete_bucket_policy(Bucket=made.id),
)
PUBLIC_ACCESS = Case(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    lambda needs: {
        "bucket": needs.bucket().id, "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    lambda needs: [
        change(blockPublicAcls=False), change(blockPublicPolicy=False), change(ignorePublicAcls=None),
        change(restrictPublicBuckets=False), change(replace=True, bucket="other"),
    ],
    remove=lambda client, made: client("s3").delete_public_access_block(Bucket=made.id),
)  # fmt: skip
LIFECYCLE = Case(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    lambda needs: {"bucket": needs.bucket().id, "rules": [_expiry(30)]},
    lambda needs: [change(rules=[_expiry(60), {**_expiry(1), "id": "two"}]), change(replace=True, bucket="other")],
    remove=lambda client, made: client("s3").delete_bucket_lifecycle(Bucket=made.id),
)


def _expiry(days: int) -> dict[str, Any]:
    return {"id": "one", "status": "Enabled", "filter": {"prefix": "AWSLogs/"}, "expiration": {"days": days}}


TRAIL = Case(
    "aws:cloudtrail/trail:Trail",
    lambda needs: {
        "name": "case", "s3BucketName": needs.trail_bucket().id, "isMultiRegionTrail": False, "enableLogging": True,
        "includeGlobalServiceEvents": True, "enableLogFileValidation": True, **TAGS,
    },
    lambda needs: [
        change(enableLogFileValidation=False), change(enableLogging=False), change(isMultiRegionTrail=True),
        change(isMultiRegionTrail=False), change(includeGlobalServiceEvents=False), RETAG, NO_TAGS,
        change(replace=True, name="other"),
    ],
    remove=lambda client, made: client("cloudtrail").delete_trail(Name=made.id),
    drift=("enableLogging", lambda client, made: _toggle_logging(client, made)),
)  # fmt: skip


def _toggle_logging(client: Any, made: Any) -> None:
    cloudtrail = client("cloudtrail")
    (cloudtrail.stop_logging if made["enableLogging"] else cloudtrail.start_logging)(Name=made.id)


CORE: list[Case] = [
    KEY, ALIAS, LOG_GROUP, ROLE_CASE, ROLE_POLICY, POLICY, QUEUE, PLAIN_QUEUE, FIFO_QUEUE, QUEUE_POLICY, TABLE,
    PROVISIONED_TABLE, FUNCTION, STORED_FUNCTION, INVOKE_CONFIG, PERMISSION, MACHINE, RULE, SCHEDULE,
    SCHEDULE_GROUP, TARGET, ALARM,
    DASHBOARD, BUCKET, BUCKET_POLICY, PUBLIC_ACCESS, LIFECYCLE, TRAIL,
]  # fmt: skip
__all__ = ["CORE", "Change"]
