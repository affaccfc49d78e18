"""A CloudTrail trail: Glue tells of schema changes only through it."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.schema_trail import schema_trail
from streamgov_core.deploy.scope import AccountScope
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import child


class SchemaTrailArgs(TypedDict):
    """Arguments of SchemaTrail."""

    account: AccountInput
    """The account whose schema changes are recorded."""
    force_destroy: NotRequired[pulumi.Input[bool]]
    """Delete the bucket on destroy though it holds logs. Default false."""


class SchemaTrail(AccountComponent):
    """A trail of management events of one region, and its private bucket."""

    trail_arn: pulumi.Output[str]
    """ARN of the trail."""
    bucket_name: pulumi.Output[str]
    """Name of its bucket."""

    def __init__(self, name: str, args: SchemaTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("SchemaTrail", name, args, SchemaTrailArgs, opts)
        settings = self._account.settings
        tags = settings.tags
        spec = schema_trail(AccountScope(settings.names, settings.account))
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=spec.bucket,
            force_destroy=args.get("force_destroy", False),
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
            policy=to_json(spec.bucket_policy),
            opts=child(self, depends_on=[block]),
        )
        trail = aws.cloudtrail.Trail(
            name,
            name=spec.name,
            s3_bucket_name=bucket.bucket,
            is_multi_region_trail=False,
            include_global_service_events=False,
            enable_log_file_validation=True,
            enable_logging=True,
            tags=tags,
            opts=child(self, depends_on=[policy]),
        )
        self.trail_arn, self.bucket_name = trail.arn, bucket.bucket
        self.register_outputs({"trail_arn": self.trail_arn, "bucket_name": self.bucket_name})
