"""A Lambda function with the role, log group and alarm that belong to it."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy import domain_permissions as permissions
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import DeploymentArgs, Settings, child
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.packaging import RUNTIME, build_bundle


class FunctionWithRoleArgs(TypedDict):
    """Arguments of FunctionWithRole."""

    deployment: DeploymentArgs
    """Where and how."""
    what: str
    """The word from which the function's, role's and log group's names derive."""
    entry: str
    """Entry point, for example ``handlers.sync_catalog.handler``."""
    description: str
    """What the function does."""
    policy: NotRequired[pulumi.Input[str]]
    """IAM policy of the role, as JSON. Needed unless ``role_arn`` is given."""
    role_arn: NotRequired[pulumi.Input[str]]
    """An existing role to run as, instead of one of the function's own."""
    environment: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """Environment variables."""
    timeout: NotRequired[int]
    """Seconds. Default 60."""
    memory: NotRequired[int]
    """MB. Default 256."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """Key for the log group. (The environment holds no secret; Lambda encrypts it with its own key.)"""


class FunctionWithRole(pulumi.ComponentResource):
    """A function bundle, its role (least privilege, our path, boundary), its log group (retention) and error alarm."""

    function_arn: pulumi.Output[str]
    """ARN of the function."""
    function_name: pulumi.Output[str]
    """Name of the function."""
    role_arn: pulumi.Output[str]
    """ARN of its role."""

    def __init__(self, name: str, args: FunctionWithRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("streamgov:index:FunctionWithRole", name, {}, opts)
        settings = Settings.of(args["deployment"])
        names, what, tags = settings.names, args["what"], dict(settings.tags) or None
        key = args.get("kms_key_arn")
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.log_group(what),
            retention_in_days=settings.log_retention_days,
            kms_key_id=key,
            tags=tags,
            opts=child(self),
        )
        role_arn, before = self._role(name, args, settings)
        function = aws.lambda_.Function(
            name,
            name=names.function_name(what),
            description=args["description"],
            role=role_arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=args["entry"],
            code=pulumi.FileArchive(str(build_bundle(args["entry"]))),
            timeout=int(args.get("timeout", 60)),
            memory_size=int(args.get("memory", 256)),
            environment={"variables": args["environment"]},
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tracing_config={"mode": "PassThrough"},
            tags=tags,
            # A function that runs before its permissions exist would fail for no reason.
            opts=child(self, depends_on=before),
        )
        alarm(
            self,
            f"{name}-errors",
            settings,
            what=f"{what}-errors",
            description=f"The function {names.function_name(what)} failed; see log group {names.log_group(what)}",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": names.function_name(what)},
        )
        self.function_arn = function.arn
        self.function_name = function.name
        self.role_arn = pulumi.Output.from_input(role_arn)
        self.register_outputs(
            {"function_arn": self.function_arn, "function_name": self.function_name, "role_arn": self.role_arn}
        )

    def _role(
        self, name: str, args: FunctionWithRoleArgs, settings: Settings
    ) -> tuple[pulumi.Input[str], list[pulumi.Resource]]:
        """The role's ARN, and what must exist before the function."""
        if "role_arn" in args:
            return args["role_arn"], []
        role = aws.iam.Role(
            f"{name}-role",
            name=settings.names.iam_name(args["what"]),
            path=settings.names.iam_path,
            description=args["description"],
            assume_role_policy=to_json(permissions.function_trust()),
            permissions_boundary=settings.permissions_boundary,
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy", name="permissions", role=role.name, policy=args["policy"], opts=child(self)
        )
        return role.arn, [policy]
