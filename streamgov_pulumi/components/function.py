"""A Lambda function with the role, log group and alarm that belong to it."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import AliasSpec, FunctionSpec, RoleSpec
from streamgov_core.model.settings_document import LAYER_PATH
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._settings import Settings, child, lifted
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.components.role import role_with_policy
from streamgov_pulumi.packaging import RUNTIME, bundle_for
from streamgov_pulumi.providers import FunctionVersion

UNPUBLISHED = "$LATEST"
"""The version of a function as it is."""


class FunctionWithRole(pulumi.ComponentResource):
    """A function bundle, its role (least privilege, our path, boundary), its log group (retention), error alarm, the
    layer with the settings that variables have no room for, and the alias by which it is invoked, if it has one.

    Args:
        name: logical name.
        settings: the deployment.
        function: the function's description.
        role_arn: the existing role to run as, for a function whose description has no role.
        kms_key_arn: key of the log group. (The environment holds no secret; Lambda encrypts it with its own key.)
        session: how dynamic resources reach the account; needed for a function with snapshots.
    """

    function_arn: pulumi.Output[str]
    """ARN of the function."""
    function_name: pulumi.Output[str]
    """Name of the function."""
    role_arn: pulumi.Output[str]
    """ARN of its role."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        function: Description[FunctionSpec],
        opts: pulumi.ResourceOptions | None = None,
        *,
        role_arn: pulumi.Input[str] | None = None,
        kms_key_arn: pulumi.Input[str] | None = None,
        session: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("streamgov:index:FunctionWithRole", name, {}, opts)
        tags = settings.tags
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=function.known(lambda spec: spec.log_group),
            retention_in_days=settings.log_retention_days,
            kms_key_id=kms_key_arn,
            tags=tags,
            opts=child(self),
        )
        before: list[pulumi.Resource] = []
        if role_arn is None:
            role, before = role_with_policy(self, f"{name}-role", f"{name}-policy", settings, function.part(_role))
            role_arn = role.arn
        entry_point = function.known(lambda spec: spec.entry_point)
        alias = function.known(lambda spec: spec.alias)
        snapshots = alias is not None and alias.snapshots
        made = aws.lambda_.Function(
            name,
            name=function.known(lambda spec: spec.name),
            description=function.value(lambda spec: spec.description),
            role=role_arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=entry_point,
            code=pulumi.FileArchive(str(bundle_for(entry_point))),
            timeout=function.known(lambda spec: spec.timeout),
            memory_size=function.known(lambda spec: spec.memory),
            reserved_concurrent_executions=function.value(lambda spec: spec.reserved_concurrency),
            environment={"variables": function.value(lambda spec: spec.environment)},
            layers=self._layers(name, function),
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tracing_config={"mode": "PassThrough"},
            publish=True if snapshots else None,
            snap_start={"apply_on": "PublishedVersions"} if snapshots else None,
            tags=tags,
            # A function that runs before its permissions exist would fail for no reason.
            opts=child(self, depends_on=before),
        )
        if alias is not None:
            self._alias(name, made, alias, session or {})
        dead_letter = function.known(lambda spec: spec.dead_letter)
        if dead_letter is not None:
            aws.lambda_.FunctionEventInvokeConfig(
                f"{name}-invocations",
                function_name=made.name,
                maximum_retry_attempts=dead_letter.retries,
                maximum_event_age_in_seconds=dead_letter.max_age,
                destination_config={"on_failure": {"destination": dead_letter.queue_arn}},
                opts=child(self),
            )
        alarm(self, f"{name}-errors", settings, function.known(lambda spec: spec.alarm), after=[made])
        self.function_arn = made.arn
        self.function_name = made.name
        self.role_arn = pulumi.Output.from_input(role_arn)
        self.register_outputs(
            {"function_arn": self.function_arn, "function_name": self.function_name, "role_arn": self.role_arn}
        )

    def _alias(self, name: str, function: aws.lambda_.Function, alias: AliasSpec, session: Mapping[str, Any]) -> None:
        """The alias. Another version stands beside the old one until the alias names it; the old one goes last."""
        version: pulumi.Input[str] = UNPUBLISHED
        if alias.snapshots:
            published = {"function_name": function.name, "version": function.version, **session}
            version = FunctionVersion(f"{name}-version", published, child(self)).version
        aws.lambda_.Alias(
            f"{name}-alias",
            name=alias.name,
            description="The version that is invoked",
            function_name=function.name,
            function_version=version,
            opts=child(self),
        )

    def _layers(self, name: str, function: Description[FunctionSpec]) -> list[pulumi.Output[str]] | None:
        """The layer of settings. Another text is another version, which the function has before the old one goes."""
        if function.known(lambda spec: spec.settings_text is None):
            return None
        made = aws.lambda_.LayerVersion(
            f"{name}-settings",
            layer_name=function.known(lambda spec: spec.layer_name),
            description=function.known(lambda spec: f"Settings of the function {spec.name}"),
            code=lifted(_archive, function.value(lambda spec: spec.settings_text)),
            compatible_runtimes=[RUNTIME],
            opts=child(self),
        )
        return [made.arn]


def _archive(text: str | None) -> pulumi.Archive:
    return pulumi.AssetArchive({LAYER_PATH: pulumi.StringAsset(text or "")})


def _role(function: FunctionSpec) -> RoleSpec:
    if function.role is None:
        raise TypeError(f"{function.name} has no role of its own: role_arn must be given")
    return function.role
