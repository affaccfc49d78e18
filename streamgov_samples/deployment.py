"""What is deployed of the sample jobs: a producer function and a consumer function for each platform."""

from __future__ import annotations

from dataclasses import dataclass

from streamgov_core.deploy.iam_statements import Document
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FunctionSpec
from streamgov_core.model.command import Consumer
from streamgov_core.platforms import PLATFORMS
from streamgov_samples.functions.job_permissions import consumer_policy, producer_policy
from streamgov_samples.functions.jobs import JobConfig
from streamgov_samples.functions.records import SCHEMA_NAME


@dataclass(frozen=True)
class SampleConsumer:
    """The sample consumer.

    Args:
        function: runs as the consumer's role.
        policy: what that role needs besides grants.
    """

    function: FunctionSpec
    policy: Document


def sample_producer(
    scope: AccountScope,
    *,
    domain_id: str,
    platform: str,
    resource_arn: str,
    registry_name: str,
    brokers: str = "",
    stream_key_arn: str | None = None,
    function_name: str | None = None,
) -> FunctionSpec:
    """The function that writes sample records and reports its run as lineage.

    Args:
        scope: the producer's account.
        domain_id: the DataZone domain.
        platform: ``msk`` or ``kinesis``.
        resource_arn: the topic's or stream's ARN; for a cluster's ARN, its topic of the schema's name.
        registry_name: the registry that it registers its schema in.
        brokers: the cluster's addresses for IAM.
        stream_key_arn: the customer's key that encrypts the stream.
        function_name: what ``Names.function_name`` calls it. Default: ``sample-producer-<platform>``.
    """
    function_name = function_name or f"sample-producer-{platform}"
    return scope.function(
        function_name,
        key="producer",
        entry_point="handlers.sample_producer.handler",
        description=f"Sandbox: writes sample records ({platform}) and reports its run as lineage",
        settings=_config(scope, platform, domain_id, resource_arn, registry_name, brokers),
        policy=producer_policy(
            scope.names,
            scope.account,
            platform=platform,
            registry_arn=scope.arn("glue", f"registry/{registry_name}"),
            resource_arn=resource_arn,
            function_name=function_name,
            kms_key_arn=stream_key_arn,
        ),
    )


def sample_consumer(
    scope: AccountScope,
    consumer: Consumer,
    *,
    domain_id: str,
    platform: str,
    resource_arn: str,
    registry_name: str,
    brokers: str = "",
) -> SampleConsumer:
    """The function that reads records with what grants allow and reports its run as lineage.

    Args:
        scope: the consumer's account.
        consumer: who consumes; its project's prefix begins the group's name, or no grant would allow the group.
        domain_id: the DataZone domain.
        platform: ``msk`` or ``kinesis``.
        resource_arn: the topic's, cluster's or stream's ARN.
        registry_name: the registry, in the account of the stream.
        brokers: the cluster's addresses for IAM.
    """
    function_name = f"sample-consumer-{platform}"
    owner = resource_arn.split(":")[4]
    registry_arn = scope.names.arn("glue", owner, f"registry/{registry_name}")
    return SampleConsumer(
        scope.function(
            function_name,
            key="consumer",
            entry_point="handlers.sample_consumer.handler",
            description=f"Sandbox: reads records ({platform}) as the consumer and reports its run as lineage",
            settings=_config(
                scope,
                platform,
                domain_id,
                resource_arn,
                registry_name,
                brokers,
                group=f"{consumer.group_prefix}sample-consumer",
                reader_role_arn=scope.names.reader_role_arn(owner, registry_arn, consumer.account, consumer.project_id),
            ),
            policy=None,
        ),
        consumer_policy(scope.names, scope.account, function_name=function_name),
    )


def _config(
    scope: AccountScope,
    platform: str,
    domain_id: str,
    resource_arn: str,
    registry_name: str,
    brokers: str,
    *,
    group: str = "",
    reader_role_arn: str = "",
) -> JobConfig:
    arn = PLATFORMS.named(platform).resource_arn(resource_arn, SCHEMA_NAME)
    return JobConfig(
        domain_id,
        scope.names.region,
        arn,
        registry_name,
        SCHEMA_NAME,
        brokers if arn != resource_arn else "",
        group,
        reader_role_arn,
    )
