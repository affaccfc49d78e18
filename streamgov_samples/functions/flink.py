"""The sample Flink job (`examples/flink-consumer`): what it may do and how it is configured. Strings in, dicts out.

The component that deploys it and the local walkthrough use the same two functions; `docs/flink.md` is the contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.command import Consumer
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_samples.functions.job_permissions import allow

RUNTIME = "FLINK-2_2"
SERVICE = "kinesisanalytics.amazonaws.com"
SOURCE_GROUP, SINK_GROUP, LINEAGE_GROUP = "streamgov.source", "streamgov.sink", "streamgov.lineage"
SINK_SCHEMA_NAME = "order-totals"
"""The topic, and so the schema, that the sample job writes in the sandbox."""


@dataclass(frozen=True)
class JobTopic:
    """A topic that the job reads or writes.

    Args:
        arn: the topic's ARN.
        brokers: the cluster's addresses for IAM, as the job reaches them.
        registry_name: the Glue registry with its schema, in the topic's account.
        schema_name: the schema; by default it has the topic's name.
    """

    arn: str
    brokers: str
    registry_name: str
    schema_name: str = ""

    def __post_init__(self) -> None:
        if ":kafka:" not in self.arn:
            raise ConfigError(f"the sample Flink job reads and writes topics; {self.arn!r} is not the ARN of one")
        if not self.brokers:
            raise ConfigError(f"no bootstrap brokers are given for the topic {self.arn}")

    @property
    def account(self) -> str:
        """The account of the topic and of its registry."""
        return self.arn.split(":")[4]


def job_policy(
    account: str,
    region: str,
    *,
    code_arn: str,
    log_group: str,
    partition: str = "aws",
    code_kms_key_arn: str | None = None,
    subnets: Sequence[str] = (),
    security_groups: Sequence[str] = (),
) -> dict[str, Any]:
    """The job's own permissions, before any grant (Developer Guide, "IAM" of Managed Service for Apache Flink).

    Args:
        account: the application's account.
        region: the application's region.
        code_arn: the JAR's object in S3, ``arn:…:s3:::<bucket>/<key>``.
        log_group: the log group's name.
        partition: of the ARNs.
        code_kms_key_arn: the customer's key that encrypts the JAR, if one does.
        subnets: ids of the subnets that the application is attached to; none: it is in no VPC.
        security_groups: ids of its security groups there.
    """
    groups = f"arn:{partition}:logs:{region}:{account}:log-group"
    statements = [
        allow("Code", ["s3:GetObject", "s3:GetObjectVersion"], [code_arn]),
        # The service looks for its group among all of the account's before it writes.
        allow("FindLog", ["logs:DescribeLogGroups"], [f"{groups}:*"]),
        allow("Log", ["logs:DescribeLogStreams", "logs:PutLogEvents"], [f"{groups}:{log_group}:*"]),
        # PostLineageEvent names no resource type in IAM.
        allow("ReportLineage", ["datazone:PostLineageEvent"], ["*"]),
    ]
    if code_kms_key_arn:
        decrypt = allow("DecryptCode", ["kms:Decrypt"], [code_kms_key_arn])
        via = {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"}}
        statements.append({**decrypt, "Condition": via})
    if subnets:
        statements += _network(f"arn:{partition}:ec2:{region}:{account}", subnets, security_groups)
    return {"Version": "2012-10-17", "Statement": statements}


def _network(arn: str, subnets: Sequence[str], security_groups: Sequence[str]) -> list[dict[str, Any]]:
    """What the service does as the job's role for its network interfaces (Developer Guide, "VPC permissions")."""
    looks = [
        f"ec2:Describe{what}" for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    ]
    interfaces = f"{arn}:network-interface/*"
    places = [f"{arn}:subnet/{name}" for name in subnets] + [f"{arn}:security-group/{name}" for name in security_groups]
    return [
        # EC2's Describe actions name no resource type.
        allow("FindNetwork", looks, ["*"]),
        # An interface has no id before it is made; the subnets and groups say where it may be.
        allow("AttachInterface", ["ec2:CreateNetworkInterface"], [interfaces, *places]),
        allow("KeepInterface", ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"], [interfaces]),
    ]


def job_trust(account: str, region: str, application: str, partition: str = "aws") -> dict[str, Any]:
    """The trust policy of the job's role: the service, on behalf of this application.

    Source: Developer Guide, "Cross-service confused deputy prevention". The role exists before its application, which
    is named here by the ARN that it will have.
    """
    source = f"arn:{partition}:kinesisanalytics:{region}:{account}:application/{application}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": SERVICE},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": source}},
            }
        ],
    }


def property_groups(
    names: Names,
    consumer: Consumer,
    *,
    source: JobTopic,
    sink: JobTopic,
    domain_id: str,
    application: str,
    detached: bool = False,
) -> list[dict[str, Any]]:
    """``EnvironmentProperties.PropertyGroups`` of the application.

    Args:
        names: the deployment's names.
        consumer: whose job it is; its project's prefix begins the group's name, or no grant would allow the group.
        source: the topic that it reads.
        sink: the topic that it writes.
        domain_id: the DataZone domain that takes the lineage.
        application: the application's name, which is the job's name in the lineage.
        detached: report also how the run goes on and ends. UNVERIFIED[flink-job-manager-config] that the managed
            service lets a job's own configuration reach Flink's job manager, which is what this needs; START alone
            names all datasets.
    """
    read = {"group.id": f"{consumer.group_prefix}{application}"}
    lineage = {
        "domain.id": domain_id,
        "job.namespace": job_namespace(consumer.account, names.region),
        "job.name": application,
        "detached": "true" if detached else "false",
    }
    groups = {
        SOURCE_GROUP: {**_topic(names, consumer, source), **read},
        SINK_GROUP: _topic(names, consumer, sink),
        LINEAGE_GROUP: lineage,
    }
    return [{"PropertyGroupId": name, "PropertyMap": dict(sorted(found.items()))} for name, found in groups.items()]


def job_namespace(account: str, region: str) -> str:
    """OpenLineage namespace of the jobs of an account."""
    return f"flink://{account}/{region}"


def _topic(names: Names, consumer: Consumer, topic: JobTopic) -> dict[str, str]:
    namespace, name = PLATFORMS.dataset(topic.arn)
    schema = topic.schema_name or name
    registry = names.arn("glue", topic.account, f"registry/{topic.registry_name}")
    return {
        "bootstrap.servers": topic.brokers,
        "topic": name,
        "schema.arn": names.arn("glue", topic.account, f"schema/{topic.registry_name}/{schema}"),
        "reader.role.arn": names.reader_role_arn(topic.account, registry, consumer.account, consumer.project_id),
        "lineage.namespace": namespace,
    }
