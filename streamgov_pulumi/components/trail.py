"""A CloudTrail trail: Glue tells of schema changes only through it."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.model.naming import short_hash
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child


class SchemaTrailArgs(TypedDict):
    """Arguments of SchemaTrail."""

    deployment: DeploymentArgs
    """The account whose schema changes are recorded."""
    force_destroy: NotRequired[bool]
    """Delete the bucket on destroy though it holds logs. Default false."""


def bucket_policy(bucket_arn: str, trail_arn: str, account: str) -> dict[str, Any]:
    """CloudTrail may write this trail's logs (the policy that the CloudTrail user guide asks for); TLS only."""
    condition = {"StringEquals": {"aws:SourceArn": trail_arn}}
    return {
        "Version": "2012-10-17",
        "Statement": [
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
                "Condition": {
                    "StringEquals": {"aws:SourceArn": trail_arn, "s3:x-amz-acl": "bucket-owner-full-control"}
                },
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket_arn, f"{bucket_arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


class SchemaTrail(pulumi.ComponentResource):
    """A trail of management events of one region, and its private bucket."""

    trail_arn: pulumi.Output[str]
    """ARN of the trail."""

    def __init__(self, name: str, args: SchemaTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:SchemaTrail", name, {}, opts)
        settings = Settings.of(args["deployment"])
        names, account, tags = settings.names, settings.account, dict(settings.tags) or None
        trail_name = names.regional("schema-events", 128)
        trail_arn = settings.arn("cloudtrail", f"trail/{trail_name}")
        # Bucket names are global: account and region make it ours, the digest keeps it below 63 characters.
        bucket_name = f"{names.namespace}-trail-{short_hash(account, names.region, names.partition, length=12)}"
        bucket_arn = f"arn:{names.partition}:s3:::{bucket_name}"
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=bucket_name,
            force_destroy=bool(args.get("force_destroy", False)),
            tags=tags,
            opts=child(self),
        )
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-block",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child(self),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": settings.log_retention_days},
                }
            ],
            opts=child(self),
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=to_json(bucket_policy(bucket_arn, trail_arn, account)),
            opts=child(self, depends_on=[block]),
        )
        trail = aws.cloudtrail.Trail(
            name,
            name=trail_name,
            s3_bucket_name=bucket.bucket,
            is_multi_region_trail=False,
            include_global_service_events=False,
            enable_log_file_validation=True,
            enable_logging=True,
            tags=tags,
            opts=child(self, depends_on=[policy]),
        )
        self.trail_arn = trail.arn
        self.register_outputs({"trail_arn": self.trail_arn})
