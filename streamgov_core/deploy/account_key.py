"""The one customer-managed key of an account: tables, queues, logs."""

from __future__ import annotations

from streamgov_core.deploy.iam_statements import account_root, document
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import KeySpec


def account_key(scope: AccountScope) -> KeySpec:
    """The key, for the account's own IAM policies, its CloudWatch Logs, and EventBridge for dead letters.

    Args:
        scope: the account.
    """
    names, account = scope.names, scope.account
    return KeySpec(
        alias=f"alias/{names.regional('key')}",
        description=f"Tables, queues, logs and functions of {names.namespace}",
        policy=document(
            {
                # The key's own account decides by IAM; without this statement nobody could administer the key.
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": account_root(names, account)},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{names.region}.amazonaws.com"},
                "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                "Resource": "*",
                "Condition": {
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": scope.arn("logs", f"log-group:{names.log_group('*')}")
                    }
                },
            },
            {
                "Sid": "DeadLetters",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            },
        ),
    )
