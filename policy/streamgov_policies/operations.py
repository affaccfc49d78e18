"""Rules on keeping, encrypting and noticing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .values import UNKNOWN, given, is_true, text

Props = Mapping[str, Any]
Config = Mapping[str, Any]


def logs_retained(type_: str, props: Props, config: Config) -> Iterator[str]:
    """A log group without retention keeps everything for ever."""
    if type_ == "aws:cloudwatch/logGroup:LogGroup" and not given(props, "retentionInDays"):
        yield "the log group has no retention: set retentionInDays"


def encrypted(type_: str, props: Props, config: Config) -> Iterator[str]:
    """What we keep is encrypted, with a key whose use can be seen and withdrawn where the service offers that."""
    if type_ == "aws:dynamodb/table:Table":
        if not is_true(props, "serverSideEncryption", "enabled"):
            yield "the table has no encryption of its own: set serverSideEncryption.enabled"
        elif not given(props, "serverSideEncryption", "kmsKeyArn"):
            yield "the table is encrypted with AWS's own key, whose use nobody can withdraw: set kmsKeyArn"
    elif type_ == "aws:sqs/queue:Queue":
        if not given(props, "kmsMasterKeyId") and not is_true(props, "sqsManagedSseEnabled"):
            yield "the queue is not encrypted: set kmsMasterKeyId or sqsManagedSseEnabled"
    elif type_ == "aws:cloudwatch/logGroup:LogGroup":
        if not given(props, "kmsKeyId"):
            yield "the log group has no key of its own: set kmsKeyId"
    elif type_ == "aws:kms/key:Key":
        if not is_true(props, "enableKeyRotation"):
            yield "the key is never rotated: set enableKeyRotation"
    elif type_ == "aws:kinesis/stream:Stream":
        if props.get("encryptionType") not in ("KMS", UNKNOWN):
            yield "the stream is not encrypted: set encryptionType to KMS"
    elif type_ == "aws:msk/cluster:Cluster":
        yield from _cluster(props)


def _cluster(props: Props) -> Iterator[str]:
    client = (props.get("encryptionInfo") or {}) if props.get("encryptionInfo") is not UNKNOWN else {}
    transit = client.get("encryptionInTransit") or {} if isinstance(client, Mapping) else {}
    if isinstance(transit, Mapping) and transit.get("clientBroker", "TLS") not in ("TLS", UNKNOWN):
        yield "the cluster takes clients without TLS: set encryptionInTransit.clientBroker to TLS"
    if is_true(props, "clientAuthentication", "unauthenticated"):
        yield "the cluster takes clients without authentication, so grants mean nothing: set unauthenticated to false"


RUN_KEY = "run"
"""The key of tables in which the parts of one run leave things for each other: nothing works from them afterwards, and
what needs a run goes with them. The pack runs without our distribution: a test compares it with the tables' key."""


def ledgers_kept(type_: str, props: Props, config: Config) -> Iterator[str]:
    """A ledger is what revoke, audit and repair work from: it can be restored and is not deleted by mistake."""
    if type_ != "aws:dynamodb/table:Table":
        return
    if not is_true(props, "pointInTimeRecovery", "enabled"):
        yield "the table cannot be restored to a point in time: set pointInTimeRecovery.enabled"
    if props.get("hashKey") != RUN_KEY and not is_true(props, "deletionProtectionEnabled"):
        yield "the table can be deleted by mistake: set deletionProtectionEnabled"


def buckets_closed(type_: str, props: Props, config: Config) -> Iterator[str]:
    """A trail's bucket is never public."""
    if type_ == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
            if not is_true(props, key):
                yield f"{key} is off"


def applications_log(type_: str, props: Props, config: Config) -> Iterator[str]:
    """A Flink job that writes no log fails without anybody knowing why; without snapshots an update loses its state."""
    if type_ != "aws:kinesisanalyticsv2/application:Application":
        return
    if not given(props, "cloudwatchLoggingOptions", "logStreamArn"):
        yield "the application writes no log: set cloudwatchLoggingOptions.logStreamArn"
    snapshots = ("applicationConfiguration", "applicationSnapshotConfiguration", "snapshotsEnabled")
    if not is_true(props, *snapshots):
        yield "an update of the application loses its state: set applicationSnapshotConfiguration.snapshotsEnabled"


def targets_have_dead_letters(type_: str, props: Props, config: Config) -> Iterator[str]:
    """An event that no target took is kept."""
    if type_ == "aws:cloudwatch/eventTarget:EventTarget" and not given(props, "deadLetterConfig", "arn"):
        yield "an event that the target does not take is lost: set deadLetterConfig.arn"


def reserved_names(type_: str, props: Props, config: Config) -> Iterator[str]:
    """Names under which grants write, and AWS's own: for resources that are not of our components."""
    path, name = text(props, "path"), text(props, "name")
    if type_ in ("aws:iam/role:Role", "aws:iam/policy:Policy"):
        if path.startswith("/streamgov/"):
            yield f"the path {path} is reserved for stream governance, which writes and denies by it: use another"
        if path.startswith("/aws-service-role/"):
            yield f"the path {path} is AWS's own"
    if type_ == "aws:iam/rolePolicy:RolePolicy" and "-access" in name and _looks_ours(name):
        yield f"inline policies named {name!r} are written and removed by grants: use another name"
    if type_ in ("aws:cloudwatch/logGroup:LogGroup", "aws:ssm/parameter:Parameter") and name.startswith("/streamgov/"):
        yield f"names below /streamgov/ are reserved for stream governance: {name!r}"
    if type_ == "aws:kms/alias:Alias" and name.startswith("alias/streamgov-"):
        yield f"the alias {name!r} is reserved for stream governance"


def _looks_ours(name: str) -> bool:
    """``<namespace>-<region>-access…``, the names of what a grant puts on a role."""
    head = name.split("-access", 1)[0]
    parts = head.split("-")
    return len(parts) >= 4 and parts[-1].isdigit()
