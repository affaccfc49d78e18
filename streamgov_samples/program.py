"""The local stack: a domain with streams to govern, the governance, and sample jobs, in three accounts."""

from __future__ import annotations

import pulumi

from streamgov_pulumi.components._accounts import Accounts
from streamgov_pulumi.components._settings import AccountArgs, platforms_of
from streamgov_pulumi.components.governance import StreamGovernance
from streamgov_pulumi.components.governance_args import DataSourceArgs, MemberArgs, TargetArgs
from streamgov_pulumi.config import StackConfig
from streamgov_pulumi.program import Outputs
from streamgov_samples.components.samples import SampleJobs
from streamgov_samples.components.sandbox import Sandbox, SandboxArgs


def deploy_sandbox(config: StackConfig) -> Outputs:
    """Register the sandbox: a domain of its own, streams, the governance over them, and sample jobs."""
    access = config.accounts
    platforms = [platform.name for platform in platforms_of(config.common.get("platforms"))]
    accounts = Accounts("aws", config.region, config.common.get("provider_flags"))
    sandbox_args: SandboxArgs = {
        "region": config.region,
        "namespace": config.namespace,
        "domain": access["domain"],
        "producer": access["producer"],
        "consumer": access["consumer"],
    }
    if "tags" in config.common:
        sandbox_args["tags"] = config.common["tags"]
    if "log_retention_days" in config.common:
        sandbox_args["log_retention_days"] = config.common["log_retention_days"]
    sandbox = Sandbox("sandbox", sandbox_args, accounts=accounts)
    governance = _governed(config, sandbox, accounts, platforms)
    outputs: Outputs = {
        "domainId": sandbox.domain_id,
        "producerProjectId": sandbox.projects["producer"],
        "consumerProjectId": sandbox.projects["consumer"],
        "producerEnvironmentId": sandbox.environments["producer"],
        "consumerEnvironmentId": sandbox.environments["consumer"],
        "consumerRoleArn": sandbox.consumer_role_arn,
        "mskClusterArn": sandbox.cluster_arn,
        "kinesisStreamArn": sandbox.stream_arn,
        "centralStateMachineArn": governance.central_machine_arn,
    }
    for platform, registry in sandbox.registries.items():
        outputs[f"{platform}RegistryName"] = registry
    producer, consumer = access["producer"]["account"], access["consumer"]["account"]
    for platform in platforms:
        jobs = SampleJobs(
            f"samples-{platform}",
            {
                "domain": access["domain"],
                "producer": access["producer"],
                "consumer": access["consumer"],
                "platform": platform,
            },
            sandbox=sandbox,
            accounts=accounts,
        )
        outputs |= {
            f"{platform}AssetType": governance.asset_types[platform],
            f"{platform}SubscriptionTargetId": governance.targets[f"{consumer}/{platform}"].target_id,
            f"{platform}DataSourceFunctionArn": governance.data_sources[f"{producer}/{platform}"].function_arn,
            f"{platform}ProducerFunctionArn": jobs.producer_arn,
            f"{platform}ConsumerFunctionArn": jobs.consumer_arn,
        }
    return outputs


def _governed(config: StackConfig, sandbox: Sandbox, accounts: Accounts, platforms: list[str]) -> StreamGovernance:
    access = config.accounts
    # People bring streams and topics of their own: the data sources speak for all of the account and of the cluster.
    governed: dict[str, DataSourceArgs] = {
        "msk": {
            "platform": "msk",
            "registry_name": sandbox.registries["msk"],
            "resource": sandbox.cluster_arn,
            "topics": ["*"],
            "project_id": sandbox.projects["producer"],
        },
        "kinesis": {
            "platform": "kinesis",
            "registry_name": sandbox.registries["kinesis"],
            "resource": "*",
            "project_id": sandbox.projects["producer"],
        },
    }
    sources = {platform: governed[platform] for platform in platforms}
    targets: dict[str, TargetArgs] = {
        platform: {
            "platform": platform,
            "environment_id": sandbox.environments["consumer"],
            "principals": [sandbox.consumer_role_arn],
            # The walkthrough makes its grants itself, so that each step can be seen.
            "grant_creation_mode": "MANUAL",
        }
        for platform in platforms
    }
    producer: MemberArgs = {
        "access": access["producer"],
        "data_sources": sources,
        "trail_arn": sandbox.trail_arn,
    }
    consumer: MemberArgs = {
        "access": access["consumer"],
        "targets": targets,
        "consumer_roles": [sandbox.consumer_role_pattern],
        "boundary_arn": sandbox.boundary_arn,
    }
    domain_access: AccountArgs = access["domain"]
    return StreamGovernance(
        "streamgov",
        {
            "region": config.region,
            "namespace": config.namespace,
            "domain": {
                "access": domain_access,
                "domain_id": sandbox.domain_id,
                "types_project_id": sandbox.projects["producer"],
                # The sandbox has associated the accounts already: its environments need that.
                "share": False,
                "member_projects": {word: sandbox.projects[word] for word in ("producer", "consumer")},
            },
            "members": [producer, consumer],
            **{key: value for key, value in config.common.items() if key not in ("namespace", "provider_flags")},  # type: ignore[typeddict-item]
        },
        pulumi.ResourceOptions(depends_on=sandbox.accepters),
        accounts=accounts,
    )
