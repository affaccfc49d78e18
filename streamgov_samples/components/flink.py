"""A Flink job on governed streams: an application of Managed Service for Apache Flink, and what belongs to it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import AlarmSpec
from streamgov_pulumi.arguments.inputs import is_late
from streamgov_pulumi.components._account import AccountComponent, AccountInput, account_of
from streamgov_pulumi.components._documents import built, to_json
from streamgov_pulumi.components._settings import child, lifted
from streamgov_pulumi.components.alarms import alarm
from streamgov_pulumi.providers import ProjectMembership
from streamgov_samples.components import _flink_checks as checks
from streamgov_samples.functions.flink import RUNTIME, job_policy, job_trust

CONSUMER_PATH = "/consumers/"
LOG_STREAM = "flink"
MAX_KPUS = 64
"""The default quota of an application (Developer Guide, "Quota")."""


SCALE = (
    "parallelism", "parallelism_per_kpu", "max_kpus", "checkpoint_interval_ms", "min_pause_between_checkpoints_ms",
    "log_level", "metrics_level", "auto_scaling",
)  # fmt: skip
"""Arguments that make up Flink's part of the configuration."""


class FlinkCodeArgs(TypedDict):
    """The job's JAR in S3."""

    bucket_arn: pulumi.Input[str]
    """ARN of the bucket."""
    key: pulumi.Input[str]
    """The object's key."""
    object_version: NotRequired[pulumi.Input[str]]
    """Version of the object. Give it: without it a JAR that is replaced under its key is no change of the program."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """The customer's KMS key that encrypts the object, if one does."""


class FlinkVpcArgs(TypedDict):
    """Where the application's network interfaces are."""

    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    """1 to 16 subnets of one VPC, from which the brokers (or their managed VPC connection) are reached."""
    security_groups: pulumi.Input[Sequence[pulumi.Input[str]]]
    """1 to 5 security groups of that VPC."""


class FlinkPropertyGroupArgs(TypedDict):
    """A group of runtime properties."""

    property_group_id: pulumi.Input[str]
    """The group's name, once in an application."""
    property_map: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """The properties. They are no place for secrets: whoever may describe the application reads them."""


class FlinkMembershipArgs(TypedDict):
    """The DataZone project that the job works for."""

    domain_id: pulumi.Input[str]
    """The domain."""
    project_id: pulumi.Input[str]
    """The consumer's project."""
    account: NotRequired[AccountInput]
    """The domain's account, where the membership is made. Default: the consumer's account."""


class FlinkApplicationArgs(TypedDict):
    """Arguments of FlinkApplication."""

    account: AccountInput
    """The consumer's account."""
    application: str
    """The word from which the names of application, role and log group derive. Plain."""
    code: FlinkCodeArgs
    """The job's JAR."""
    property_groups: NotRequired[pulumi.Input[Sequence[FlinkPropertyGroupArgs]]]
    """Runtime properties; ``streamgov_samples.functions.flink.property_groups`` makes those of the sample job."""
    description: NotRequired[pulumi.Input[str]]
    """What the job does. Another one replaces the application."""
    runtime: NotRequired[pulumi.Input[str]]
    """Runtime environment. Default ``FLINK-2_2``."""
    start: NotRequired[pulumi.Input[bool]]
    """Run it: a change starts or stops it. Default true. An update restarts what runs, from a snapshot if enabled."""
    force_stop: NotRequired[pulumi.Input[bool]]
    """Stop without a snapshot. Default false."""
    parallelism: NotRequired[pulumi.Input[int]]
    """Tasks side by side. Default 1."""
    parallelism_per_kpu: NotRequired[pulumi.Input[int]]
    """Tasks on one Kinesis Processing Unit, 1 to 8. Default 1."""
    auto_scaling: NotRequired[pulumi.Input[bool]]
    """The service raises the parallelism with the load. Default false: it does not follow the lag of a topic."""
    max_kpus: NotRequired[pulumi.Input[int]]
    """Quota of KPUs that the parallelism must fit. Default 64, the service's own."""
    checkpoint_interval_ms: NotRequired[pulumi.Input[int]]
    """Milliseconds between checkpoints, with which offsets are committed. Default 60000."""
    min_pause_between_checkpoints_ms: NotRequired[pulumi.Input[int]]
    """Milliseconds from the end of a checkpoint to the next at least. Default 5000."""
    snapshots: NotRequired[pulumi.Input[bool]]
    """A stop or update keeps the job's state. Default true."""
    log_level: NotRequired[pulumi.Input[str]]
    """DEBUG, INFO, WARN or ERROR. Default INFO."""
    metrics_level: NotRequired[pulumi.Input[str]]
    """APPLICATION, TASK, OPERATOR or PARALLELISM. Default APPLICATION."""
    vpc: NotRequired[FlinkVpcArgs]
    """The VPC from which brokers are reached. Default: none, which reaches public endpoints only."""
    boundary_arn: NotRequired[pulumi.Input[str]]
    """ARN of the account's consumer boundary. Default: the one that EnvironmentAuthorizer makes there."""
    role_path: NotRequired[pulumi.Input[str]]
    """Path of the role, one that the account's ``consumerRoles`` cover. Default ``/consumers/``."""
    membership: NotRequired[FlinkMembershipArgs]
    """Makes the role a member of its project, as reporting lineage needs. Default: somebody else does."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key for the log group, whose policy admits CloudWatch Logs. Default: AWS's own."""


class FlinkApplication(AccountComponent):
    """The application, the role that it runs as, its log, and an alarm on its downtime (``docs/flink.md``).

    The role is the principal of grants: put ``role_arn`` into the principals of the environment's subscription target.
    It carries the consumer boundary and may by itself only read its code, write its log, keep its network interfaces
    and report lineage; topics, streams and schemas come from grants. A job that nothing is granted to yet starts, is
    refused, and goes on when it is granted.
    """

    application_arn: pulumi.Output[str]
    """ARN of the application."""
    application_name: pulumi.Output[str]
    """Name of the application, which is the job's name in the lineage."""
    role_arn: pulumi.Output[str]
    """ARN of the job's role: the principal of grants."""
    log_group_name: pulumi.Output[str]
    """Name of the log group."""

    def __init__(self, name: str, args: FlinkApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("FlinkApplication", name, args, FlinkApplicationArgs, opts)
        settings = self._account.settings
        names, what = settings.names, args["application"]
        # Longer names than IAM takes are told below, with what to shorten.
        self._application, role_name = names.regional(what, 1000), names.iam_name(what, 1000)
        checks.check_names(name, self._application, role_name, names.namespace)
        self._name, self._args, self._settings = name, args, settings
        self._tags = settings.tags
        flink = self._flink()
        runtime = lifted(partial(checks.check_runtime, name), args.get("runtime", RUNTIME))
        location = self._location()
        vpc = self._vpc()

        logs, stream = self._log()
        role, before = self._role(role_name, logs, location)
        configuration: dict[str, Any] = {
            "application_code_configuration": {
                "code_content_type": "ZIPFILE",
                "code_content": {"s3_content_location": location},
            },
            "application_snapshot_configuration": {"snapshots_enabled": args.get("snapshots", True)},
            "flink_application_configuration": flink,
        }
        if "property_groups" in args:
            groups = pulumi.Output.from_input(args["property_groups"])
            checked = groups.apply(lambda found: checks.check_groups(name, found))
            configuration["environment_properties"] = {"property_groups": checked}
        if vpc:
            configuration["vpc_configuration"] = {
                "subnet_ids": vpc["subnets"],
                "security_group_ids": vpc["security_groups"],
            }
        made = aws.kinesisanalyticsv2.Application(
            name,
            name=self._application,
            description=args.get("description"),
            runtime_environment=runtime,
            application_mode="STREAMING",
            service_execution_role=role.arn,
            application_configuration=configuration,
            cloudwatch_logging_options={"log_stream_arn": stream.arn},
            start_application=args.get("start", True),
            force_stop=args.get("force_stop"),
            tags=self._tags,
            # The service reads the JAR as this role when the application is made.
            opts=child(self, depends_on=before),
        )
        alarm(
            self,
            f"{name}-downtime",
            settings,
            AlarmSpec(
                key="downtime",
                name=settings.names.regional(f"{what}-downtime", 255),
                description=f"The Flink job {self._application} is down or restarting; see log group {self._log_group}",
                namespace="AWS/KinesisAnalytics",
                metric="downtime",
                dimensions={"Application": self._application},
                statistic="Maximum",
            ),
            after=[made],
        )
        self.application_arn, self.application_name = made.arn, made.name
        self.role_arn, self.log_group_name = role.arn, logs.name
        self.register_outputs(
            {
                "application_arn": self.application_arn,
                "application_name": self.application_name,
                "role_arn": self.role_arn,
                "log_group_name": self.log_group_name,
            }
        )

    @property
    def _log_group(self) -> str:
        return f"/aws/kinesis-analytics/{self._application}"

    def _flink(self) -> Any:
        """Flink's part of the configuration, as soon as what is checked together is known."""
        told = {key: self._args[key] for key in SCALE if key in self._args}  # type: ignore[literal-required]
        return lifted(partial(_flink_configuration, self._name), told)

    def _location(self) -> dict[str, Any]:
        code, name = self._args["code"], self._name
        made: dict[str, Any] = {
            "bucket_arn": _checked(code["bucket_arn"], lambda arn: checks.check_bucket(name, arn)),
            "file_key": _checked(code["key"], lambda key: checks.check_object_key(name, key)),
        }
        return {**made, "object_version": code["object_version"]} if "object_version" in code else made

    def _vpc(self) -> FlinkVpcArgs | None:
        vpc = self._args.get("vpc")
        if vpc is not None:
            subnets: Any = vpc["subnets"]
            groups: Any = vpc["security_groups"]
            if not is_late(subnets) and not is_late(groups):
                checks.check_vpc(self._name, subnets, groups)
        return vpc

    def _key(self, what: str, arn: pulumi.Input[str] | None) -> Any:
        region = self._settings.names.region
        return _checked(arn, lambda found: checks.check_key_arn(self._name, what, region, found))

    def _log(self) -> tuple[aws.cloudwatch.LogGroup, aws.cloudwatch.LogStream]:
        """The service writes to a stream that exists, and makes none."""
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=self._log_group,
            retention_in_days=self._settings.log_retention_days,
            kms_key_id=self._key("kms_key_arn", self._args.get("kms_key_arn")),
            tags=self._tags,
            opts=child(self),
        )
        stream = aws.cloudwatch.LogStream(
            f"{self._name}-log", name=LOG_STREAM, log_group_name=group.name, opts=child(self)
        )
        return group, stream

    def _role(
        self, role_name: str, logs: aws.cloudwatch.LogGroup, location: dict[str, Any]
    ) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """The role, and what must exist before something runs as it."""
        settings, name, args = self._settings, self._name, self._args
        names, account = settings.names, settings.account
        boundary = args.get("boundary_arn", names.policy_arn(account, "consumer-boundary"))
        role = aws.iam.Role(
            f"{name}-role",
            name=role_name,
            path=lifted(partial(checks.check_path, name), args.get("role_path", CONSUMER_PATH)),
            description=f"The Flink job {self._application}: it may read and write what grants allow",
            assume_role_policy=to_json(job_trust(account, names.region, self._application, names.partition)),
            permissions_boundary=_checked(boundary, lambda arn: checks.check_boundary(name, account, arn)),
            # Grants put policies on it; what is left of them must not keep the role alive.
            force_detach_policies=True,
            tags=self._tags,
            opts=child(self),
        )
        vpc = args.get("vpc")
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="application",
            role=role.name,
            policy=built(
                lambda bucket, key, log_group, kms_key, subnets, security_groups: job_policy(
                    account,
                    names.region,
                    code_arn=f"{bucket}/{key}",
                    log_group=log_group,
                    partition=names.partition,
                    code_kms_key_arn=kms_key,
                    subnets=subnets,
                    security_groups=security_groups,
                ),
                bucket=location["bucket_arn"],
                key=location["file_key"],
                log_group=logs.name,
                kms_key=self._key("code.kms_key_arn", args["code"].get("kms_key_arn")),
                subnets=vpc["subnets"] if vpc else [],
                security_groups=vpc["security_groups"] if vpc else [],
            ),
            opts=child(self),
        )
        before: list[pulumi.Resource] = [policy]
        if "membership" in args:
            membership = args["membership"]
            domain = account_of(membership.get("account", self._account), f"{name}-membership", None)
            before.append(
                ProjectMembership(
                    f"{name}-membership",
                    {
                        "domain_id": membership["domain_id"],
                        "project_id": membership["project_id"],
                        "user_identifier": role.arn,
                        "designation": "PROJECT_CONTRIBUTOR",
                        # In a V2 domain it may report lineage and nothing else, as its policy says.
                        "operations": ["PostLineageEvent"],
                        "designation_name": names.regional("lineage"),
                        **domain.session_inputs(),
                    },
                    child(self),
                )
            )
        return role, before


def _flink_configuration(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    # A remote host passes numbers as floats.
    parallelism, per_kpu = int(told.get("parallelism", 1)), int(told.get("parallelism_per_kpu", 1))
    checks.check_scale(name, parallelism, per_kpu, int(told.get("max_kpus", MAX_KPUS)))
    interval = int(told.get("checkpoint_interval_ms", 60_000))
    pause = int(told.get("min_pause_between_checkpoints_ms", 5_000))
    checks.check_checkpoints(name, interval, pause)
    log_level, metrics_level = told.get("log_level", "INFO"), told.get("metrics_level", "APPLICATION")
    return {
        "checkpoint_configuration": {
            "configuration_type": "CUSTOM",
            "checkpointing_enabled": True,
            "checkpoint_interval": interval,
            "min_pause_between_checkpoints": pause,
        },
        "monitoring_configuration": {
            "configuration_type": "CUSTOM",
            "log_level": checks.check_one_of(name, "log_level", log_level, checks.LOG_LEVELS),
            "metrics_level": checks.check_one_of(name, "metrics_level", metrics_level, checks.METRICS_LEVELS),
        },
        "parallelism_configuration": {
            "configuration_type": "CUSTOM",
            "parallelism": parallelism,
            "parallelism_per_kpu": per_kpu,
            "auto_scaling_enabled": told.get("auto_scaling", False),
        },
    }


def _checked(value: Any, check: Any) -> Any:
    """The value after its check: at once if it is known, else as soon as it is."""
    return value.apply(check) if isinstance(value, pulumi.Output) else check(value)
