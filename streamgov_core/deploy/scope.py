"""The account that parts are deployed into, and what all parts of one account have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamgov_core.deploy.iam_statements import Document, document, function_trust, machine_trust
from streamgov_core.deploy.spec import (
    AlarmSpec,
    AliasSpec,
    FailureDestination,
    FunctionSpec,
    MachineSpec,
    QueueSpec,
    RoleSpec,
)
from streamgov_core.model.environment_variables import FunctionSettings
from streamgov_core.model.naming import LIVE_ALIAS, Names, check_account

GRANT_MEMORY = 1769
"""MB of a function that a grant waits for: one vCPU, so that a cold one is ready in the time that a warm one takes.

A grant is rare, and its functions are cold; a quarter of the memory costs the same for each second and takes four times
as many (``python -m bench cold``, docs/cold-start.md).
"""


@dataclass(frozen=True)
class AccountScope:
    """One account of a deployment. Its methods describe parts under the names that all parts of the system derive.

    Args:
        names: of the deployment.
        account: the 12 digits of the account id.
        permissions_boundary: ARN of the boundary that every role carries.
        kms_key_arn: the customer's key for tables, queues and logs.

    Raises:
        ConfigError: the account id is malformed.
    """

    names: Names
    account: str
    permissions_boundary: str | None = None
    kms_key_arn: str | None = None

    def __post_init__(self) -> None:
        check_account(self.account)

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of the account."""
        return self.names.arn(service, self.account, resource)

    def rule_arn(self, rule_name: str) -> str:
        """ARN of an EventBridge rule, by its physical name."""
        return self.arn("events", f"rule/{rule_name}")

    def role(self, role_name: str, *, key: str, description: str, trust: Document, policy: Document) -> RoleSpec:
        """A role under our path.

        Args:
            role_name: what ``Names.role_arn`` calls it.
            key: its part of the logical name.
            description: what it is for.
            trust: who may assume it.
            policy: what it may do.
        """
        return RoleSpec(
            key=key,
            name=self.names.iam_name(role_name),
            path=self.names.iam_path,
            arn=self.names.role_arn(self.account, role_name),
            description=description,
            trust=trust,
            policy=policy,
            boundary_arn=self.permissions_boundary,
        )

    def function(
        self,
        function_name: str,
        *,
        entry_point: str,
        description: str,
        settings: FunctionSettings,
        policy: Document | None,
        key: str | None = None,
        timeout: int = 60,
        memory: int = GRANT_MEMORY,
        dead_letter: FailureDestination | None = None,
        reserved_concurrency: int | None = None,
        snap_start: bool | None = None,
    ) -> FunctionSpec:
        """A function with a role and a log group of the same name.

        Args:
            function_name: what ``Names.function_name`` calls it.
            entry_point: for example ``handlers.sync_catalog.handler``.
            description: what it does.
            settings: what it reads from its environment variables.
            policy: what its role may do; None for a function that runs as somebody else's role.
            key: its part of the logical name. Default: ``function_name``.
            timeout: seconds.
            memory: MB.
            dead_letter: what becomes of asynchronous invocations that failed.
            reserved_concurrency: how many run side by side at most, kept free for it.
            snap_start: it has an alias, with snapshots or, if False, without; None for no alias.
        """
        role = None
        if policy is not None:
            role = self.role(function_name, key="role", description=description, trust=function_trust(), policy=policy)
        return FunctionSpec(
            key=key or function_name,
            name=self.names.function_name(function_name),
            arn=self.names.function_arn(self.account, function_name),
            entry_point=entry_point,
            description=description,
            settings=settings,
            role=role,
            log_group=self.names.log_group(function_name),
            timeout=timeout,
            memory=memory,
            dead_letter=dead_letter,
            reserved_concurrency=reserved_concurrency,
            alias=None if snap_start is None else AliasSpec(LIVE_ALIAS, self._alias_arn(function_name), snap_start),
        )

    def _alias_arn(self, function_name: str) -> str:
        return self.names.function_alias_arn(self.account, function_name)

    def machine(self, machine_name: str, *, definition: Mapping[str, Any], policy: Document) -> MachineSpec:
        """A state machine; its role and log group are called ``<machine_name>-machine``.

        Args:
            machine_name: ``central`` or ``member``.
            definition: Amazon States Language.
            policy: what its role may do.
        """
        name = self.names.regional(machine_name, 80)
        role_name = f"{machine_name}-machine"
        return MachineSpec(
            key="machine",
            name=name,
            arn=self.arn("states", f"stateMachine:{name}"),
            definition=definition,
            role=self.role(
                role_name,
                key="role",
                description=f"State machine {name}",
                trust=machine_trust(self.names, self.account, machine_name),
                policy=policy,
            ),
            log_group=self.names.log_group(role_name),
        )

    def dead_letters(self, queue_name: str, rule_names: Sequence[str]) -> QueueSpec:
        """The queue of the events that these rules could not deliver.

        Args:
            queue_name: what ``Names.regional`` calls it.
            rule_names: physical names of the rules.
        """
        name = self.names.regional(queue_name, 80)
        arn = self.arn("sqs", name)
        return QueueSpec(
            key="dead-letters",
            name=name,
            arn=arn,
            policy=_queue_policy(arn, [self.rule_arn(rule) for rule in rule_names]),
            alarm=AlarmSpec(
                key="depth",
                name=self.names.regional(f"{queue_name}-depth", 255),
                description=(
                    f"Events wait in {name}: read a message for its cause, then start its target again by hand"
                ),
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": name},
                statistic="Maximum",
            ),
        )


def _queue_policy(queue_arn: str, rule_arns: Sequence[str]) -> Document:
    """EventBridge may send for these rules; nobody may use the queue without TLS."""
    return document(
        {
            "Sid": "Rules",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": sorted(rule_arns)}},
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
