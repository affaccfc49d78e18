"""The CloudTrail trail through which Glue's schema changes become events, and its bucket."""

from __future__ import annotations

from dataclasses import dataclass

from streamgov_core.deploy.iam_statements import Document, document
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.naming import short_hash


@dataclass(frozen=True)
class TrailSpec:
    """A trail of management events of one region.

    Args:
        name: physical name.
        arn: ARN.
        bucket: name of the bucket that its logs go to.
        bucket_policy: policy of that bucket.
    """

    name: str
    arn: str
    bucket: str
    bucket_policy: Document


def schema_trail(scope: AccountScope) -> TrailSpec:
    """The trail of an account's schema changes.

    Args:
        scope: the account.
    """
    names, account = scope.names, scope.account
    name = names.regional("schema-events", 128)
    arn = scope.arn("cloudtrail", f"trail/{name}")
    # Bucket names are global: account and region make it ours, the digest keeps it below 63 characters.
    bucket = f"{names.namespace}-trail-{short_hash(account, names.region, names.partition, length=12)}"
    return TrailSpec(name, arn, bucket, _bucket_policy(f"arn:{names.partition}:s3:::{bucket}", arn, account))


def _bucket_policy(bucket_arn: str, trail_arn: str, account: str) -> Document:
    """CloudTrail may write this trail's logs (the policy that the CloudTrail user guide asks for); TLS only."""
    condition = {"StringEquals": {"aws:SourceArn": trail_arn}}
    return document(
        {
            "Sid": "TrailAcl",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:GetBucketAcl",
            "Resource": bucket_arn,
            "Condition": condition,
        },
        {
            "Sid": "TrailWrite",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/AWSLogs/{account}/*",
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn, "s3:x-amz-acl": "bucket-owner-full-control"}},
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
