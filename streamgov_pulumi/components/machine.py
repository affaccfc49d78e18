"""A Step Functions state machine with its role, log group and alarms."""

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import MachineSpec
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import Settings, child
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.components.role import role_with_policy


class StateMachineWithRole(pulumi.ComponentResource):
    """A standard state machine that logs its errors and traces its executions, with alarms on those that fail.

    Args:
        name: logical name.
        settings: the deployment.
        machine: the machine's description.
        kms_key_arn: key of the log group.
    """

    machine_arn: pulumi.Output[str]
    """ARN of the state machine."""
    role_arn: pulumi.Output[str]
    """ARN of its role."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        machine: Description[MachineSpec],
        opts: pulumi.ResourceOptions | None = None,
        *,
        kms_key_arn: pulumi.Input[str] | None = None,
    ) -> None:
        super().__init__("streamgov:index:StateMachineWithRole", name, {}, opts)
        tags = settings.tags
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=machine.known(lambda spec: spec.log_group),
            retention_in_days=settings.log_retention_days,
            kms_key_id=kms_key_arn,
            tags=tags,
            opts=child(self),
        )
        role, before = role_with_policy(
            self, f"{name}-role", f"{name}-policy", settings, machine.part(lambda spec: spec.role)
        )
        made = aws.sfn.StateMachine(
            name,
            name=machine.known(lambda spec: spec.name),
            type="STANDARD",
            role_arn=role.arn,
            definition=machine.value(lambda spec: to_json(spec.definition)),
            logging_configuration={
                "level": "ERROR",
                # What grants are about is no secret, and an error without its input cannot be explained.
                "include_execution_data": True,
                "log_destination": logs.arn.apply(lambda arn: f"{arn}:*"),
            },
            tracing_configuration={"enabled": True},
            tags=tags,
            opts=child(self, depends_on=before),
        )
        for spec in machine.known(lambda spec: spec.alarms):
            alarm(self, f"{name}-{spec.key}", settings, spec, after=[made])
        self.machine_arn = made.arn
        self.role_arn = role.arn
        self.register_outputs({"machine_arn": self.machine_arn, "role_arn": self.role_arn})
