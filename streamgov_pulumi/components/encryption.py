"""The account's key for tables, queues, logs and function environments."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.account_key import account_key
from streamgov_core.deploy.scope import AccountScope
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import child


class EncryptionKeyArgs(TypedDict):
    """Arguments of EncryptionKey."""

    account: AccountInput
    """Where and how."""


class EncryptionKey(AccountComponent):
    """One customer-managed key for everything of this deployment in one account, rotated yearly."""

    key_arn: pulumi.Output[str]
    """ARN of the key."""
    alias_name: pulumi.Output[str]
    """Name of its alias."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("EncryptionKey", name, args, EncryptionKeyArgs, opts)
        settings = self._account.settings
        spec = account_key(AccountScope(settings.names, settings.account))
        key = aws.kms.Key(
            name,
            description=spec.description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=to_json(spec.policy),
            tags=settings.tags,
            opts=child(self),
        )
        alias = aws.kms.Alias(
            f"{name}-alias",
            name=spec.alias,
            target_key_id=key.key_id,
            opts=child(self),
        )
        self.key_arn, self.alias_name = key.arn, alias.name
        self.register_outputs({"key_arn": self.key_arn, "alias_name": self.alias_name})
