"""What a call implies besides its own action: uses of a customer's KMS key, for which the service asks KMS in the
caller's name, and of layers.

A key that AWS manages for a service asks nobody of its own account; nobody of another account can use it.
"""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions.core import Check
from aws_emulator.iam.actions.security import encryption_context, find_key
from aws_emulator.iam.actions.storage import queue_arn, table_arn
from aws_emulator.iam.actions.streams import KINESIS, resources_of
from aws_emulator.iam.arns import split
from iam_evaluation.conditions import Value

_READS = {"GetRecords": "kms:Decrypt", "PutRecord": "kms:GenerateDataKey", "PutRecords": "kms:GenerateDataKey"}
_READS["SubscribeToShard"] = "kms:Decrypt"


def _use(call: ApiCall, owner_arn: str, key_id: Any, actions: tuple[str, ...], context: dict[str, str]) -> list[Check]:
    """Checks on one key, whose id is read in the account and region of the resource that it protects."""
    parsed = split(owner_arn)
    if not key_id or parsed is None:
        return []
    name = str(key_id)
    if not name.startswith("arn:"):
        kind = name if name.startswith("alias/") else f"key/{name}"
        name = f"arn:aws:kms:{parsed.region or call.region}:{parsed.account or call.caller.account}:{kind}"
    key = find_key(call, name)
    aliases = list(key.aliases) if key is not None else [name.rsplit(":", 1)[-1]]
    aws_managed = any(alias.startswith("alias/aws/") for alias in aliases)
    if aws_managed and parsed.account in ("", call.caller.account):
        # Its policy admits the whole account; of another account it names nobody, which the oracle finds out.
        return []
    keys: dict[str, Value] = dict(encryption_context(context))
    keys["kms:ViaService"] = f"{parsed.service}.{parsed.region or call.region}.amazonaws.com"
    keys["kms:CallerAccount"] = call.caller.account
    keys["aws:ViaAWSService"] = "true"
    return [Check(action, str(key.arn) if key is not None else name, keys) for action in actions]


def _kinesis(call: ApiCall) -> list[Check]:
    from moto.kinesis.models import kinesis_backends

    action = _READS.get(call.operation)
    checks: list[Check] = []
    for arn in resources_of(call, KINESIS) if action else []:
        stream_arn = arn.split("/consumer/", 1)[0]
        parsed = split(stream_arn)
        if parsed is None or parsed.account not in kinesis_backends:
            continue
        stream = kinesis_backends[parsed.account][parsed.region].streams.get(parsed.resource.removeprefix("stream/"))
        if stream is not None and getattr(stream, "encryption_type", "NONE") == "KMS" and action:
            checks += _use(call, stream_arn, stream.key_id, (action,), {"aws:kinesis:arn": stream_arn})
    return checks


_ITEM_OPERATIONS = frozenset(
    ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem")
) | frozenset(("TransactGetItems", "TransactWriteItems"))


def _tables(call: ApiCall) -> list[str]:
    names = [call.params["TableName"]] if call.params.get("TableName") else list(call.params.get("RequestItems") or ())
    for entry in call.params.get("TransactItems") or ():
        names += [request.get("TableName") for request in entry.values()]
    return list(dict.fromkeys(table_arn(call, str(name)) for name in names if name))


def _dynamodb(call: ApiCall) -> list[Check]:
    from moto.dynamodb.models import dynamodb_backends

    checks: list[Check] = []
    for arn in _tables(call) if call.operation in _ITEM_OPERATIONS else []:
        parsed = split(arn)
        if parsed is None or parsed.account not in dynamodb_backends:
            continue
        name = parsed.resource.split("/")[1]
        table = dynamodb_backends[parsed.account][parsed.region].tables.get(name)
        sse = getattr(table, "sse_specification", None) or {}
        if sse.get("Enabled"):
            context = {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": parsed.account}
            checks += _use(call, arn, sse.get("KMSMasterKeyId"), ("kms:Decrypt",), context)
    return checks


_QUEUE_USES = {
    "SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "SendMessageBatch": ("kms:GenerateDataKey", "kms:Decrypt"),
    "ReceiveMessage": ("kms:Decrypt",),
}


def _sqs(call: ApiCall) -> list[Check]:
    from moto.sqs.models import sqs_backends

    actions = _QUEUE_USES.get(call.operation, ())
    arns = queue_arn(call) if actions else []
    parsed = split(arns[0]) if arns else None
    if parsed is None or parsed.account not in sqs_backends:
        return []
    queue = sqs_backends[parsed.account][parsed.region].queues.get(parsed.resource)
    key = getattr(queue, "kms_master_key_id", None)
    return _use(call, arns[0], key, actions, {"aws:sqs:arn": arns[0]})


def _ssm(call: ApiCall) -> list[Check]:
    """SecureString parameters: the key that a PutParameter names, or that a stored parameter was encrypted with."""
    from moto.ssm.models import ssm_backends

    account, region = call.caller.account, call.region
    if call.operation == "PutParameter" and call.params.get("Type") == "SecureString":
        arn = f"arn:aws:ssm:{region}:{account}:parameter/{str(call.params.get('Name', '')).lstrip('/')}"
        key = call.params.get("KeyId") or "alias/aws/ssm"
        return _use(call, arn, key, ("kms:Encrypt",), {"PARAMETER_ARN": arn})
    if not call.params.get("WithDecryption") or account not in ssm_backends:
        return []
    names = call.params.get("Names") or [call.params.get("Name")]
    backend = ssm_backends[account][region]
    checks: list[Check] = []
    for name in names:
        stored = backend._parameters.get(str(name)) if name else None
        if stored and stored[-1].parameter_type == "SecureString":
            arn = f"arn:aws:ssm:{region}:{account}:parameter/{str(name).lstrip('/')}"
            checks += _use(call, arn, stored[-1].keyid, ("kms:Decrypt",), {"PARAMETER_ARN": arn})
    return checks


def _s3(call: ApiCall) -> list[Check]:
    from moto.s3.models import s3_backends

    if call.operation == "PutObject" and call.params.get("ServerSideEncryption") == "aws:kms":
        arn = f"arn:aws:s3:::{call.params.get('Bucket')}"
        key = call.params.get("SSEKMSKeyId") or "alias/aws/s3"
        return _use(call, arn, key, ("kms:GenerateDataKey",), {"aws:s3:arn": f"{arn}/{call.params.get('Key')}"})
    if call.operation != "GetObject":
        return []
    owner = s3_backends.bucket_accounts.get(str(call.params.get("Bucket")))
    bucket = s3_backends[owner[1]][owner[0]].buckets.get(str(call.params.get("Bucket"))) if owner else None
    stored = bucket.keys.get(str(call.params.get("Key"))) if bucket is not None else None
    key = getattr(stored, "kms_key_id", None)
    arn = f"arn:aws:s3:::{call.params.get('Bucket')}"
    return _use(call, arn, key, ("kms:Decrypt",), {"aws:s3:arn": f"{arn}/{call.params.get('Key')}"})


def _lambda(call: ApiCall) -> list[Check]:
    """Whoever gives a function layers needs permission to read them (developer guide, "Managing Lambda dependencies
    with layers").
    """
    if call.operation not in ("CreateFunction", "UpdateFunctionConfiguration"):
        return []
    layers = [str(arn) for arn in call.params.get("Layers") or ()]
    return [Check("lambda:GetLayerVersion", arn) for arn in layers if arn.startswith("arn:")]


_SERVICES = {"lambda": _lambda, "kinesis": _kinesis, "dynamodb": _dynamodb, "sqs": _sqs, "ssm": _ssm, "s3": _s3}


def implied_checks(call: ApiCall) -> list[Check]:
    """The actions that a call implies on customer managed keys and on layers."""
    find = _SERVICES.get(call.service)
    return find(call) if find else []
