"""A Step Functions state machine with its role, log group and alarms."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child
from streamgov_pulumi.components.alarms import alarm


class StateMachineWithRoleArgs(TypedDict):
    """Arguments of StateMachineWithRole."""

    deployment: DeploymentArgs
    """Where and how."""
    what: str
    """``central`` or ``member``; the role is called ``<what>-machine``."""
    definition: pulumi.Input[str]
    """Amazon States Language, as JSON."""
    trust: pulumi.Input[str]
    """Trust policy of the role, as JSON."""
    policy: pulumi.Input[str]
    """IAM policy of the role, as JSON."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the log group."""


class StateMachineWithRole(pulumi.ComponentResource):
    """A standard state machine that logs its errors and traces its executions, with alarms on those that fail."""

    machine_arn: pulumi.Output[str]
    """ARN of the state machine."""
    role_arn: pulumi.Output[str]
    """ARN of its role."""

    def __init__(self, name: str, args: StateMachineWithRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:StateMachineWithRole", name, {}, opts)
        settings = Settings.of(args["deployment"])
        names, tags = settings.names, dict(settings.tags) or None
        what = f"{args['what']}-machine"
        physical = names.regional(args["what"], 80)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.log_group(what),
            retention_in_days=settings.log_retention_days,
            kms_key_id=args.get("kms_key_arn"),
            tags=tags,
            opts=child(self),
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=names.iam_name(what),
            path=names.iam_path,
            description=f"State machine {physical}",
            assume_role_policy=args["trust"],
            permissions_boundary=settings.permissions_boundary,
            tags=tags,
            opts=child(self),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy", name="permissions", role=role.name, policy=args["policy"], opts=child(self)
        )
        machine = aws.sfn.StateMachine(
            name,
            name=physical,
            type="STANDARD",
            role_arn=role.arn,
            definition=args["definition"],
            logging_configuration={
                "level": "ERROR",
                # What grants are about is no secret, and a cause without its input helps nobody at night.
                "include_execution_data": True,
                "log_destination": logs.arn.apply(lambda arn: f"{arn}:*"),
            },
            tracing_configuration={"enabled": True},
            tags=tags,
            opts=child(self, depends_on=[policy]),
        )
        machine_arn = settings.arn("states", f"stateMachine:{physical}")
        for word, metric in (("failed", "ExecutionsFailed"), ("timed-out", "ExecutionsTimedOut")):
            alarm(
                self,
                f"{name}-{word}",
                settings,
                what=f"{args['what']}-executions-{word}",
                description=f"Executions of {physical} {word.replace('-', ' ')}: open the latest one for its cause",
                namespace="AWS/States",
                metric=metric,
                dimensions={"StateMachineArn": machine_arn},
            )
        self.machine_arn = machine.arn
        self.role_arn = role.arn
        self.register_outputs({"machine_arn": self.machine_arn, "role_arn": self.role_arn})
