"""The parts that a deployment is made of: what components render, tests deploy and tools read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.deploy.iam_statements import Document
from streamgov_core.documents.compiler import many
from streamgov_core.model.environment_variables import FunctionSettings
from streamgov_core.model.settings_document import DIGEST, digest_of, write_document

INLINE_POLICY = "permissions"
"""Name of the one inline policy of each of our roles."""


@dataclass(frozen=True)
class AlarmSpec:
    """A CloudWatch alarm that goes off with the first event of a metric, or when a metric stays away.

    Args:
        key: its part of the logical name.
        name: physical name.
        description: what a person should understand and do.
        namespace: the metric's namespace.
        metric: the metric's name.
        dimensions: which resource.
        statistic: ``Sum`` for counters, ``Maximum`` for depths.
        period: seconds, a multiple of 60.
        periods: of which each must have, or for ``on_silence`` lack, an event.
        on_silence: goes off when there is no event in any of the periods.
    """

    key: str
    name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    period: int = 300
    periods: int = 1
    on_silence: bool = False


@dataclass(frozen=True)
class DashboardSpec:
    """A CloudWatch dashboard.

    Args:
        key: its part of the logical name.
        name: physical name, unique in the account in all regions.
        body: CloudWatch's dashboard body.
    """

    key: str
    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class RoleSpec:
    """An IAM role and its one inline policy.

    Args:
        key: its part of the logical name.
        name: physical name.
        path: IAM path.
        arn: ARN.
        description: what it is for.
        trust: who may assume it.
        policy: what it may do; None for nothing.
        boundary_arn: the permissions boundary that it carries.
    """

    key: str
    name: str
    path: str
    arn: str
    description: str
    trust: Document
    policy: Document | None = None
    boundary_arn: str | None = None


@dataclass(frozen=True)
class PolicySpec:
    """A customer-managed IAM policy.

    Args:
        key: its part of the logical name.
        name: physical name.
        path: IAM path.
        arn: ARN.
        description: what it is for.
        document: what it says.
    """

    key: str
    name: str
    path: str
    arn: str
    description: str
    document: Document


@dataclass(frozen=True)
class TableSpec:
    """A DynamoDB table with string keys.

    Args:
        key: its part of the logical name.
        name: physical name.
        hash_key: attribute of the partition key.
        range_key: attribute of the sort key.
        expiry: attribute with the time, in seconds since 1970, after which an item is deleted; empty if none is.
    """

    key: str
    name: str
    hash_key: str
    range_key: str
    expiry: str = ""


@dataclass(frozen=True)
class KeySpec:
    """A customer-managed KMS key.

    Args:
        alias: with ``alias/``.
        description: what it encrypts.
        policy: key policy.
    """

    alias: str
    description: str
    policy: Document


@dataclass(frozen=True)
class QueueSpec:
    """An SQS queue for events that could not be delivered or handled.

    Args:
        key: its part of the logical name.
        name: physical name.
        arn: ARN.
        policy: who may send.
        alarm: goes off while a message waits.
        retention: seconds that a message is kept.
    """

    key: str
    name: str
    arn: str
    policy: Document
    alarm: AlarmSpec
    retention: int = 14 * 86_400


@dataclass(frozen=True)
class FailureDestination:
    """Where the event of an asynchronous invocation goes when all its attempts have failed.

    Args:
        queue_arn: the queue.
        retries: further attempts after the first.
        max_age: seconds that an event may wait.
    """

    queue_arn: str
    retries: int = 2
    max_age: int = 3600


@dataclass(frozen=True)
class AliasSpec:
    """The alias by which a function's callers name it.

    Args:
        name: of the alias.
        arn: what callers name.
        snapshots: each change of the function is published as a version with SnapStart, and the alias names the
            newest; False lets it name the function as it is.
    """

    name: str
    arn: str
    snapshots: bool


@dataclass(frozen=True)
class FunctionSpec:
    """A Lambda function.

    Args:
        key: its part of the logical name.
        name: physical name.
        arn: ARN.
        entry_point: for example ``handlers.sync_catalog.handler``.
        description: what it does.
        settings: what it reads from its variables.
        role: the role that it runs as; None if that is a role of somebody else.
        log_group: name of its log group.
        timeout: seconds.
        memory: MB.
        dead_letter: what becomes of asynchronous invocations that failed.
        reserved_concurrency: how many run side by side at most, kept free for it; None for the account's common pool.
        alias: by which its callers name it; None if they name the function itself.
    """

    key: str
    name: str
    arn: str
    entry_point: str
    description: str
    settings: FunctionSettings
    role: RoleSpec | None
    log_group: str
    timeout: int = 60
    memory: int = 256
    dead_letter: FailureDestination | None = None
    reserved_concurrency: int | None = None
    alias: AliasSpec | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables, with what identifies the settings that stand in the layer."""
        variables = self.settings.to_environment()
        short = {name: value for name, value in variables.items() if name not in self.settings.growing}
        text = self.settings_text
        return short if text is None else {**short, DIGEST: digest_of(text)}

    @property
    def settings_text(self) -> str | None:
        """What the layer of settings holds at ``LAYER_PATH``; None for a function without such a layer."""
        variables, growing = self.settings.to_environment(), self.settings.growing
        return write_document({name: variables[name] for name in growing}) if growing else None

    @property
    def layer_name(self) -> str:
        """Name of the layer of settings (140 characters at most, API PublishLayerVersion)."""
        return f"{self.name}-settings"

    @property
    def datazone_operations(self) -> list[str]:
        """Operations of DataZone's API that it calls: what its role's policy allows."""
        policy = self.role.policy if self.role is not None else None
        statements = policy["Statement"] if policy is not None else []
        allowed = [action for statement in statements for action in many(statement["Action"])]
        prefix = "datazone:"
        return sorted({action.removeprefix(prefix) for action in allowed if action.startswith(prefix)})

    @property
    def alarm(self) -> AlarmSpec:
        """Goes off when an invocation fails."""
        return AlarmSpec(
            key="errors",
            name=f"{self.name}-errors",
            description=f"The function {self.name} failed; see log group {self.log_group}",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": self.name},
        )


@dataclass(frozen=True)
class MachineSpec:
    """A Step Functions state machine (standard workflow).

    Args:
        key: its part of the logical name.
        name: physical name.
        arn: ARN.
        definition: Amazon States Language.
        role: the role that it runs as.
        log_group: name of its log group.
    """

    key: str
    name: str
    arn: str
    definition: Mapping[str, Any]
    role: RoleSpec
    log_group: str

    @property
    def alarms(self) -> tuple[AlarmSpec, ...]:
        """Go off when an execution fails or times out."""
        return tuple(
            AlarmSpec(
                key=key,
                name=f"{self.name}-executions-{key}",
                description=f"Executions of {self.name} {key.replace('-', ' ')}: open the latest one for its cause",
                namespace="AWS/States",
                metric=metric,
                dimensions={"StateMachineArn": self.arn},
            )
            for key, metric in (("failed", "ExecutionsFailed"), ("timed-out", "ExecutionsTimedOut"))
        )


@dataclass(frozen=True)
class RuleSpec:
    """An EventBridge rule with one target. It has an event pattern or a schedule.

    Args:
        key: its part of the logical name.
        name: physical name.
        arn: ARN.
        description: what it tells of.
        target_id: id of the target in the rule.
        target_arn: what it starts.
        dead_letter_arn: queue of the events that could not be delivered.
        event_pattern: which events it matches.
        schedule: an EventBridge schedule expression.
        role: the role with which EventBridge starts the target; None where the target's own policy allows it.
        input_text: constant input of the target, instead of the event.
        input_paths: names to paths in the event, for ``input_template``.
        input_template: input of the target, with those names in angle brackets.
    """

    key: str
    name: str
    arn: str
    description: str
    target_id: str
    target_arn: str
    dead_letter_arn: str
    event_pattern: Mapping[str, Any] | None = None
    schedule: str | None = None
    role: RoleSpec | None = None
    input_text: str | None = None
    input_paths: Mapping[str, str] | None = None
    input_template: str | None = None


@dataclass(frozen=True)
class ScheduleGroupSpec:
    """An EventBridge Scheduler group, whose schedules a function makes at run time.

    Args:
        key: its part of the logical name.
        name: physical name.
        arn: ARN.
    """

    key: str
    name: str
    arn: str


@dataclass(frozen=True)
class RuleRetries:
    """How long EventBridge tries to start a target before the event becomes a dead letter.

    Args:
        max_age: seconds.
        attempts: further attempts after the first.
    """

    max_age: int = 3600
    attempts: int = 24


RULE_RETRIES = RuleRetries()
"""The retries of every rule of ours."""
