"""The account's key for tables, queues, logs and function environments."""

from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child


class EncryptionKeyArgs(TypedDict):
    """Arguments of EncryptionKey."""

    deployment: DeploymentArgs
    """Where and how."""


def key_policy(settings: Settings) -> dict[str, Any]:
    """Who may use the key: the account's own IAM policies, its CloudWatch Logs, and EventBridge for dead letters."""
    names, account = settings.names, settings.account
    logs = names.arn("logs", account, f"log-group:/streamgov/{names.namespace}/*")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                # The key's own account decides by IAM; without this statement nobody could administer the key.
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{names.partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{names.region}.amazonaws.com"},
                "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
            },
            {
                "Sid": "DeadLetters",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            },
        ],
    }


class EncryptionKey(pulumi.ComponentResource):
    """One customer-managed key for everything of this deployment in one account, rotated yearly."""

    key_arn: pulumi.Output[str]
    """ARN of the key."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:EncryptionKey", name, {}, opts)
        settings = Settings.of(args["deployment"])
        key = aws.kms.Key(
            name,
            description=f"Tables, queues, logs and functions of {settings.names.namespace}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=to_json(key_policy(settings)),
            tags=settings.tags or None,
            opts=child(self),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{settings.names.regional('key')}",
            target_key_id=key.key_id,
            opts=child(self),
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})
