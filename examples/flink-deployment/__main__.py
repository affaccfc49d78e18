"""Deploys the job of `examples/flink-consumer`: reads a granted topic, writes another one. README.md says how."""

from typing import Any

import pulumi

from streamgov_core.model.command import Consumer
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_pulumi import Account
from streamgov_samples import FlinkApplication
from streamgov_samples.functions.flink import JobTopic, property_groups

WORD = "order-totals-job"


def topic(config: pulumi.Config, key: str) -> JobTopic:
    """A topic of the configuration."""
    given = config.require_object(key)
    return JobTopic(given["arn"], given["brokers"], given["registry"], given.get("schema", ""))


def deploy() -> None:
    """The application, with all that belongs to it."""
    config = pulumi.Config()
    account, region = config.require("account"), config.require("region")
    names = Names(config.get("namespace") or "streamgov", region)
    domain_id, project_id = config.require("domainId"), config.require("projectId")
    reached: dict[str, Any] = {"account_id": account, "region": region, "namespace": names.namespace}
    if config.get("assumeRoleArn"):
        reached["assume_role_arn"] = config.require("assumeRoleArn")
    if config.get_object("provider"):
        reached["provider_flags"] = config.get_object("provider")
    groups = property_groups(
        names,
        Consumer(account, region, project_id, "", ()),
        source=topic(config, "source"),
        sink=topic(config, "sink"),
        domain_id=domain_id,
        application=names.regional(WORD),
        detached=config.get_bool("detachedLineage") or False,
    )
    code = config.require_object("code")
    args: dict[str, Any] = {
        "account": Account(reached, name=f"aws-{account}"),  # type: ignore[arg-type]
        "application": WORD,
        "description": "What each order is worth",
        "code": {"bucket_arn": code["bucketArn"], "key": code["key"]},
        "property_groups": [
            {"property_group_id": group["PropertyGroupId"], "property_map": group["PropertyMap"]} for group in groups
        ],
        "parallelism": config.get_int("parallelism") or 1,
        "checkpoint_interval_ms": config.get_int("checkpointIntervalMs") or 60_000,
        "min_pause_between_checkpoints_ms": config.get_int("minPauseBetweenCheckpointsMs") or 5_000,
        "start": config.get_bool("start") is not False,
        # With the ambient credentials, which must be an owner's of the project; `account` names a role to assume.
        "membership": {
            "domain_id": domain_id,
            "project_id": project_id,
            "account": {"account_id": config.get("domainAccount") or account, "region": region},
        },
    }
    if "objectVersion" in code:
        args["code"]["object_version"] = code["objectVersion"]
    vpc = config.get_object("vpc")
    if vpc:
        args["vpc"] = {"subnets": vpc["subnets"], "security_groups": vpc["securityGroups"]}
    if config.get("boundary"):
        args["boundary_arn"] = config.require("boundary")
    if config.get("logKeyArn"):
        args["kms_key_arn"] = config.require("logKeyArn")
    job = FlinkApplication(WORD, args)  # type: ignore[arg-type]
    pulumi.export("applicationArn", job.application_arn)
    pulumi.export("applicationName", job.application_name)
    pulumi.export("roleArn", job.role_arn)
    pulumi.export("logGroup", job.log_group_name)


try:
    deploy()
except ConfigError as error:
    # A person's mistake: the sentence says what to write, a traceback would only hide it.
    raise pulumi.RunError(str(error)) from None
