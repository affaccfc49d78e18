"""DynamoDB, S3, SQS, SNS and Systems Manager parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions.core import Check, Service, make_arn, tag_context
from aws_emulator.iam.arns import split
from iam_evaluation.conditions import Value


def table_arn(call: ApiCall, name: str) -> str:
    """The ARN of a table that is named by its name or its ARN."""
    return name if name.startswith("arn:") else make_arn(call, "dynamodb", f"table/{name}")


def _partition_key(arn: str) -> str | None:
    """The name of a table's partition key."""
    from moto.dynamodb.models import dynamodb_backends

    parsed = split(arn)
    if parsed is None or parsed.account not in dynamodb_backends:
        return None
    table = dynamodb_backends[parsed.account][parsed.region].tables.get(parsed.resource.split("/")[1])
    return str(table.hash_key_attr) if table is not None else None


def _leading(arn: str, items: list[Mapping[str, Any]]) -> dict[str, Value]:
    """``dynamodb:LeadingKeys`` and ``dynamodb:Attributes`` of items or keys in a request."""
    key = _partition_key(arn)
    values = []
    for item in items:
        typed = item.get(key) if key else None
        if isinstance(typed, Mapping) and typed:
            values.append(str(next(iter(typed.values()))))
    context: dict[str, Value] = {"dynamodb:Attributes": sorted({name for item in items for name in item})}
    if values:
        context["dynamodb:LeadingKeys"] = values
    return context


def _item(action: str) -> Callable[[ApiCall], list[Check]]:
    def run(call: ApiCall) -> list[Check]:
        arn = table_arn(call, str(call.params.get("TableName", "")))
        item = call.params.get("Key") or call.params.get("Item") or {}
        return [Check(f"dynamodb:{action}", arn, _leading(arn, [item]))]

    return run


def _query(call: ApiCall) -> list[Check]:
    """Query and Scan: the index where one is named, else the table."""
    arn = table_arn(call, str(call.params.get("TableName", "")))
    index = call.params.get("IndexName")
    context: dict[str, Value] = {"dynamodb:Select": call.params.get("Select")}
    leading = _key_condition(call, arn) if call.operation == "Query" and not index else None
    if leading is not None:
        context["dynamodb:LeadingKeys"] = [leading]
    return [Check(f"dynamodb:{call.operation}", f"{arn}/index/{index}" if index else arn, context)]


def _key_condition(call: ApiCall, arn: str) -> str | None:
    """The partition key's value of a Query, from ``KeyConditionExpression`` or ``KeyConditions``."""
    key = _partition_key(arn)
    if key is None:
        return None
    old = (call.params.get("KeyConditions") or {}).get(key)
    if isinstance(old, Mapping) and old.get("AttributeValueList"):
        return str(next(iter(old["AttributeValueList"][0].values())))
    names = {key} | {
        alias for alias, name in (call.params.get("ExpressionAttributeNames") or {}).items() if name == key
    }
    for clause in str(call.params.get("KeyConditionExpression") or "").replace("AND", "and").split("and"):
        left, equals, right = (part.strip(" ()") for part in clause.partition("="))
        if equals and left in names:
            typed = (call.params.get("ExpressionAttributeValues") or {}).get(right)
            return str(next(iter(typed.values()))) if typed else None
    return None


def _batch_get(call: ApiCall) -> list[Check]:
    checks = []
    for name, request in (call.params.get("RequestItems") or {}).items():
        arn = table_arn(call, str(name))
        checks.append(Check("dynamodb:BatchGetItem", arn, _leading(arn, list(request.get("Keys") or ()))))
    return checks


def _batch_write(call: ApiCall) -> list[Check]:
    checks = []
    for name, requests in (call.params.get("RequestItems") or {}).items():
        arn = table_arn(call, str(name))
        items = [
            request.get("PutRequest", {}).get("Item") or request.get("DeleteRequest", {}).get("Key") or {}
            for request in requests
        ]
        checks.append(Check("dynamodb:BatchWriteItem", arn, _leading(arn, items)))
    return checks


def _transaction(call: ApiCall) -> list[Check]:
    """Transactions: the permission of each item's own action (Developer Guide, "IAM and transactions")."""
    actions = {
        "Put": "PutItem",
        "Update": "UpdateItem",
        "Delete": "DeleteItem",
        "ConditionCheck": "ConditionCheckItem",
        "Get": "GetItem",
    }
    checks = []
    for entry in call.params.get("TransactItems") or ():
        for kind, request in entry.items():
            if kind in actions:
                arn = table_arn(call, str(request.get("TableName", "")))
                item = request.get("Key") or request.get("Item") or {}
                checks.append(Check(f"dynamodb:{actions[kind]}", arn, _leading(arn, [item])))
    return checks


DYNAMODB = Service(
    prefix="dynamodb",
    arns={
        "table": ("table/{TableName}", "table/{ResourceArn}", "table/{TableArn}", "table/{SourceTableName}"),
        "index": ("table/{TableName}/index/{IndexName}",),
        "backup": ("{BackupArn}",),
        "stream": ("{StreamArn}",),
        "export": ("{ExportArn}",),
        "import": ("{ImportArn}",),
    },
    own_types={
        name: ("table",) for name in ("PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy", "CreateTable")
    },
    special={
        **{name: _item(name) for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
        "Query": _query,
        "Scan": _query,
        "BatchGetItem": _batch_get,
        "BatchWriteItem": _batch_write,
        "TransactWriteItems": _transaction,
        "TransactGetItems": _transaction,
    },
)

# Operation -> (action, what it is authorised on) where S3's API and IAM differ (Amazon S3 User Guide, "Required
# permissions for Amazon S3 API operations").
_S3_OBJECTS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "PutObject": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
    "DeleteObject": "DeleteObject",
    "GetObjectTagging": "GetObjectTagging",
    "PutObjectTagging": "PutObjectTagging",
    "DeleteObjectTagging": "DeleteObjectTagging",
    "GetObjectAcl": "GetObjectAcl",
    "PutObjectAcl": "PutObjectAcl",
}
_S3_BUCKETS = {
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "GetBucketPolicy": "GetBucketPolicy",
    "PutBucketPolicy": "PutBucketPolicy",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketVersioning": "GetBucketVersioning",
    "PutBucketVersioning": "PutBucketVersioning",
    "GetBucketTagging": "GetBucketTagging",
    "PutBucketTagging": "PutBucketTagging",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketAcl": "GetBucketAcl",
    "PutBucketAcl": "PutBucketAcl",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "GetBucketLogging": "GetBucketLogging",
    "PutBucketLogging": "PutBucketLogging",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
}


def _object(action: str) -> Callable[[ApiCall], list[Check]]:
    def run(call: ApiCall) -> list[Check]:
        arn = f"arn:aws:s3:::{call.params.get('Bucket', '')}/{call.params.get('Key', '')}"
        versioned = call.params.get("VersionId") and action in ("GetObject", "DeleteObject")
        checks = [Check(f"s3:{action}Version" if versioned else f"s3:{action}", arn)]
        source = call.params.get("CopySource")
        if source:
            path = f"{source['Bucket']}/{source['Key']}" if isinstance(source, Mapping) else str(source).lstrip("/")
            checks.append(Check("s3:GetObject", f"arn:aws:s3:::{path.split('?', 1)[0]}"))
        return checks

    return run


def _bucket(action: str) -> Callable[[ApiCall], list[Check]]:
    def run(call: ApiCall) -> list[Check]:
        context: dict[str, Value] = {}
        if action.startswith("ListBucket"):
            context = {"s3:prefix": call.params.get("Prefix", ""), "s3:delimiter": call.params.get("Delimiter")}
        return [Check(f"s3:{action}", f"arn:aws:s3:::{call.params.get('Bucket', '')}", context)]

    return run


def _delete_objects(call: ApiCall) -> list[Check]:
    objects = (call.params.get("Delete") or {}).get("Objects") or ()
    bucket = call.params.get("Bucket", "")
    return [Check("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{item.get('Key', '')}") for item in objects]


S3 = Service(
    prefix="s3",
    special={
        **{operation: _object(action) for operation, action in _S3_OBJECTS.items()},
        **{operation: _bucket(action) for operation, action in _S3_BUCKETS.items()},
        "DeleteObjects": _delete_objects,
        "ListBuckets": lambda call: [Check("s3:ListAllMyBuckets", "*")],
    },
)


def queue_arn(call: ApiCall) -> list[str]:
    """The queue of a call: its URL ends with account and name."""
    url = str(call.params.get("QueueUrl") or "")
    if url:
        path, _, name = url.rstrip("/").rpartition("/")
        owner = path.rsplit("/", 1)[-1]
        owner = owner if owner.isdigit() and len(owner) == 12 else call.caller.account
    else:
        name = str(call.params.get("QueueName") or "")
        owner = str(call.params.get("QueueOwnerAWSAccountId") or call.caller.account)
    return [f"arn:aws:sqs:{call.region}:{owner}:{name}"] if name else []


SQS = Service(
    prefix="sqs",
    arns={"queue": (queue_arn, "{SourceArn}")},
    renamed={
        "SendMessageBatch": "SendMessage",
        "DeleteMessageBatch": "DeleteMessage",
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    },
)

SNS = Service(
    prefix="sns",
    arns={"topic": ("{TopicArn}", "{ResourceArn}", "{TargetArn}", "{Name}", "{SubscriptionArn}")},
    renamed={"PublishBatch": "Publish"},
)


def _parameter(name: str, call: ApiCall) -> str:
    """A parameter's ARN: without the leading slash of its name, without version or label."""
    if name.startswith("arn:"):
        return name
    return make_arn(call, "ssm", "parameter/" + name.split(":", 1)[0].lstrip("/"))


def _parameters(call: ApiCall) -> list[str]:
    """GetParametersByPath is authorised on the path as given, not on what lies below it."""
    if call.params.get("ResourceType") == "Parameter" and call.params.get("ResourceId"):
        return [_parameter(str(call.params["ResourceId"]), call)]
    names = call.params.get("Names") or [call.params.get("Name") or call.params.get("Path")]
    return [_parameter(str(name), call) for name in names if name]


def _tagging(call: ApiCall) -> list[Check]:
    return [Check(f"ssm:{call.operation}", arn, tag_context(call.params)) for arn in _parameters(call)]


def _ssm_context(call: ApiCall) -> Mapping[str, Value]:
    if call.operation == "GetParametersByPath":
        return {"ssm:Recursive": "true" if call.params.get("Recursive") else "false"}
    if call.operation == "PutParameter":
        return {"ssm:Overwrite": "true" if call.params.get("Overwrite") else "false"}
    return {}


SSM = Service(
    prefix="ssm",
    arns={"parameter": (_parameters,)},
    special={
        "AddTagsToResource": _tagging,
        "RemoveTagsFromResource": _tagging,
        "ListTagsForResource": _tagging,
    },
    context=_ssm_context,
)
