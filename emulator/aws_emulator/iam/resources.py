"""The resource's side of a request: who owns the resource, and the policies that are attached to it.

Read from moto's backends at the moment of the question. A service that keeps its policies elsewhere registers a reader
(`ResourceSide.register`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from aws_emulator.iam.arns import Arn
from iam_evaluation.document import Document, parse, parse_mapping
from iam_evaluation.evaluate import Source

Reader = Callable[[Arn], list[tuple[str, str]]]
"""Answers (name for people, policy text) of each policy on a resource."""


def _regional(backends: Any, arn: Arn) -> Any:
    """The backend of the ARN's account and region; None rather than creating one for an unknown account."""
    if arn.account not in backends or not arn.region:
        return None
    return backends[arn.account][arn.region]


def cluster_arn(arn: Arn) -> str | None:
    """The MSK cluster that a cluster, topic, group or transactional-id ARN belongs to."""
    parts = arn.resource.split("/")
    if len(parts) < 3 or parts[0] not in ("cluster", "topic", "group", "transactional-id"):
        return None
    return arn.with_resource(f"cluster/{parts[1]}/{parts[2]}")


def _kafka(arn: Arn) -> list[tuple[str, str]]:
    from moto.kafka.models import kafka_backends

    backend, cluster = _regional(kafka_backends, arn), cluster_arn(arn)
    if backend is None or cluster is None or cluster not in backend.policies:
        return []
    return [(f"cluster policy of {cluster}", backend.policies[cluster]["policy"])]


def _kinesis(arn: Arn) -> list[tuple[str, str]]:
    from moto.kinesis.models import kinesis_backends

    backend = _regional(kinesis_backends, arn)
    text = backend.resource_policies.get(str(arn)) if backend else None
    return [(f"resource policy of {arn}", text)] if text else []


def _sqs(arn: Arn) -> list[tuple[str, str]]:
    from moto.sqs.models import sqs_backends

    backend = _regional(sqs_backends, arn)
    queue = backend.queues.get(arn.resource) if backend else None
    text = queue.policy if queue is not None else None
    return [(f"queue policy of {arn}", text if isinstance(text, str) else json.dumps(text))] if text else []


def _sns(arn: Arn) -> list[tuple[str, str]]:
    from moto.sns.models import sns_backends

    backend = _regional(sns_backends, arn)
    topic = backend.topics.get(str(arn)) if backend else None
    return [(f"topic policy of {arn}", topic.policy)] if topic is not None else []


def _secrets(arn: Arn) -> list[tuple[str, str]]:
    from moto.secretsmanager.models import secretsmanager_backends

    backend = _regional(secretsmanager_backends, arn)
    for secret in list(backend.secrets.values()) if backend else []:
        if secret.arn == str(arn) and secret.policy:
            return [(f"resource policy of {arn}", secret.policy)]
    return []


def _s3(arn: Arn) -> list[tuple[str, str]]:
    from moto.s3.models import s3_backends

    name = arn.resource.split("/", 1)[0]
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return []
    bucket = s3_backends[owner[1]][owner[0]].buckets.get(name)
    if bucket is None or not bucket.policy:
        return []
    return [(f"bucket policy of {name}", bucket.policy.decode())]


def _lambda(arn: Arn) -> list[tuple[str, str]]:
    from moto.awslambda.models import lambda_backends

    backend = _regional(lambda_backends, arn)
    parts = arn.resource.split(":")
    if backend is None or len(parts) < 2 or parts[0] != "function":
        return []
    try:
        function = backend.get_function(parts[1])
    except Exception as error:
        # moto raises one of several error classes for "no such function"; anything else is a fault.
        if type(error).__name__ not in ("UnknownFunctionException", "GenericResourcNotFound"):
            raise
        return []
    policy = function.policy
    if len(parts) > 2 and parts[2] != "$LATEST":
        # A version or alias has a policy of its own (compute.functions.versions).
        policy = function.__dict__.get("emulator_policies", {}).get(parts[2])
    if policy is None or not policy.statements:
        return []
    text = json.dumps({"Version": "2012-10-17", "Statement": policy.statements})
    return [(f"function policy of {arn}", text)]


def _events(arn: Arn) -> list[tuple[str, str]]:
    from moto.events.models import events_backends

    backend = _regional(events_backends, arn)
    kind, _, name = arn.resource.partition("/")
    bus = backend.event_buses.get(name) if backend and kind == "event-bus" else None
    return [(f"resource policy of {arn}", bus.policy)] if bus is not None and bus.policy else []


def _logs(arn: Arn) -> list[tuple[str, str]]:
    from moto.logs.models import logs_backends

    backend = _regional(logs_backends, arn)
    policies = backend.resource_policies.values() if backend else []
    return [(f"logs resource policy {policy.policy_name}", policy.policy_document) for policy in list(policies)]


def _glue(arn: Arn) -> list[tuple[str, str]]:
    """The Data Catalog's policy; registries and schemas have none."""
    from moto.glue.models import glue_backends

    backend = _regional(glue_backends, arn)
    if backend is None or arn.resource.split("/", 1)[0] not in (
        "catalog",
        "database",
        "table",
        "tableVersion",
        "connection",
        "userDefinedFunction",
    ):
        return []
    policies = list(backend.resource_policies.values())
    return [("Data Catalog resource policy", policy["PolicyInJson"]) for policy in policies if "PolicyInJson" in policy]


def ram_reader(is_shared: Callable[[str, str], bool], accounts: Callable[[], Sequence[str]]) -> Reader:
    """What Resource Access Manager grants on a resource: every action of its service, to the accounts that share it.

    UNVERIFIED[ram-permission-actions]: the managed permission of a share
    (``AWSRAMDefaultPermissionAmazonDataZoneDomain`` …) lists single actions that are published nowhere in full; all
    actions of the resource's service count as shared.

    Args:
        is_shared: is this resource shared with this account, and the share accepted?
        accounts: the accounts to ask about.
    """

    def read(arn: Arn) -> list[tuple[str, str]]:
        found = [account for account in accounts() if account != arn.account and is_shared(str(arn), account)]
        if not found:
            return []
        statement = {"Effect": "Allow", "Principal": {"AWS": found}, "Action": f"{arn.service}:*", "Resource": "*"}
        return [(f"resource share of {arn}", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))]

    return read


def share_reader(receiver: Callable[[str], str | None], participants: Callable[[str], list[str]]) -> Reader:
    """A share and its invitations bear the inviting account in their ARN, but others may answer, and leave.

    Args:
        receiver: the account that an invitation is for, or None.
        participants: the accounts that a share is with.
    """

    def leave(arn: Arn) -> list[tuple[str, str]]:
        accounts = participants(str(arn))
        if not accounts:
            return []
        # What else than themselves they take out is for the operation to refuse (RAM user guide, "Leaving a share").
        action = "ram:DisassociateResourceShare"
        statement = {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": action, "Resource": str(arn)}
        return [(f"resource share {arn}", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))]

    def read(arn: Arn) -> list[tuple[str, str]]:
        if arn.resource.startswith("resource-share/"):
            return leave(arn)
        account = receiver(str(arn))
        if account is None:
            return []
        actions = [
            "ram:AcceptResourceShareInvitation",
            "ram:ListPendingInvitationResources",
            "ram:RejectResourceShareInvitation",
        ]
        statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions, "Resource": str(arn)}
        return [(f"invitation {arn}", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))]

    return read


def _key(arn: Arn) -> Any:
    from moto.kms.models import kms_backends

    backend = _regional(kms_backends, arn)
    if backend is None:
        return None
    kind, _, name = arn.resource.partition("/")
    if kind == "alias":
        return next((key for key in list(backend.keys.values()) if f"alias/{name}" in key.aliases), None)
    return backend.keys.get(name)


# Cryptographic operations on symmetric keys, to which the encryption context constraints of a grant apply (KMS
# Developer Guide, "Using grant constraints"); other operations of the grant are allowed without regard to them.
_WITH_CONTEXT = frozenset(
    [
        "Encrypt",
        "Decrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "CreateGrant",
        "RetireGrant",
    ]
)


def grant_document(grant: Any) -> Document:
    """Write a KMS grant as a policy document: its grantee, its operations, its encryption context."""
    grantee = grant.grantee_principal
    principal = {"Service": grantee} if grantee.endswith(".amazonaws.com") else {"AWS": grantee}
    constraints = grant.constraints or {}
    equal = constraints.get("EncryptionContextEquals") or {}
    subset = constraints.get("EncryptionContextSubset") or {}
    wanted = {f"kms:EncryptionContext:{key}": value for key, value in {**subset, **equal}.items()}
    condition: dict[str, dict[str, Any]] = {}
    if wanted:
        condition["StringEquals"] = wanted
    if equal:
        condition["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": sorted(equal)}
    constrained = [name for name in grant.operations if name in _WITH_CONTEXT and condition]
    free = [name for name in grant.operations if name not in constrained]
    statements = []
    for operations, conditions in ((constrained, condition), (free, {})):
        if operations:
            actions = [f"kms:{name}" for name in operations]
            statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
            statements.append({**statement, "Condition": conditions} if conditions else statement)
    return parse_mapping({"Version": "2012-10-17", "Statement": statements})


def _kms_sources(arn: Arn) -> tuple[Source, ...]:
    key = _key(arn)
    if key is None:
        return ()
    grants = tuple(
        Source("grant", f"grant {grant.id} of {key.arn}", grant_document(grant)) for grant in list(key.grants.values())
    )
    return (Source("resource", f"key policy of {key.arn}", parse(key.policy)), *grants)


class ResourceSide:
    """Answers owner and policies of a resource."""

    def __init__(self) -> None:
        self._readers: dict[str, list[Reader]] = {
            "kafka": [_kafka],
            "kinesis": [_kinesis],
            "sqs": [_sqs],
            "sns": [_sns],
            "secretsmanager": [_secrets],
            "s3": [_s3],
            "lambda": [_lambda],
            "events": [_events],
            "logs": [_logs],
            "glue": [_glue],
        }

    def register(self, service: str, reader: Reader) -> None:
        """Add a reader for the resources of a service (the third part of their ARNs)."""
        self._readers.setdefault(service, []).append(reader)

    def owner(self, arn: Arn) -> str | None:
        """The account that owns a resource; None where the ARN does not say and nobody knows."""
        if arn.account == "aws":
            return None  # AWS's own (managed policies and permissions), which everybody may read
        if arn.account:
            return arn.account
        if arn.service == "s3":
            from moto.s3.models import s3_backends

            owner = s3_backends.bucket_accounts.get(arn.resource.split("/", 1)[0])
            return owner[1] if owner else None
        return None

    def policies(self, arn: Arn) -> tuple[Source, ...]:
        """The resource-based policies and grants on a resource.

        Raises:
            PolicySyntaxError: a stored text is no policy.
        """
        if arn.service == "kms":
            return _kms_sources(arn)
        readers = self._readers.get(arn.service, ())
        return tuple(Source("resource", name, parse(text)) for reader in readers for name, text in reader(arn))
