"""A cluster, a schema registry, a consumer's role, and their governance: one program, two accounts.

What is made beside the component is passed to it as it is: outputs of resources are right for every argument on which
no name hangs.
"""

import json

import pulumi
import pulumi_aws as aws

from streamgov_pulumi import Account, ConsumerBoundary, StreamGovernance

config = pulumi.Config()
region = config.require("region")
domain_account, streams_account = config.require("domainAccount"), config.require("streamsAccount")
deployer = config.require("streamsDeployer")

# One notion of an account: its provider for resources of your own, its names and sessions for our components.
streams = Account(
    {
        "account_id": streams_account,
        "region": region,
        "namespace": config.get("namespace") or "streamgov",
        "assume_role_arn": deployer,
    },
    name="streams",
)
own = pulumi.ResourceOptions(provider=streams.provider)

cluster = aws.msk.Cluster(
    "orders",
    cluster_name="orders",
    kafka_version="3.8.x",
    number_of_broker_nodes=len(config.require_object("subnetIds")),
    broker_node_group_info={
        "instance_type": "kafka.m7g.large",
        "client_subnets": config.require_object("subnetIds"),
        "security_groups": config.require_object("securityGroupIds"),
        "storage_info": {"ebs_storage_info": {"volume_size": 100}},
    },
    client_authentication={"unauthenticated": False, "sasl": {"iam": True}},
    encryption_info={"encryption_in_transit": {"client_broker": "TLS", "in_cluster": True}},
    opts=own,
)
registry = aws.glue.Registry("orders", registry_name="orders", opts=own)

# A consumer's role: the boundary is the ceiling of what grants can give it.
boundary = ConsumerBoundary("consumers", {"account": streams})
job = aws.iam.Role(
    "fraud-job",
    name="fraud-job",
    path="/streaming/",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
    permissions_boundary=boundary.policy_arn,
    # Grants put policies on it; what is left of them must not keep the role alive.
    force_detach_policies=True,
    opts=own,
)

governance = StreamGovernance(
    "streams",
    {
        "namespace": config.get("namespace") or "streamgov",
        "region": region,
        "deletion_protection": config.get_bool("deletionProtection") is not False,
        "on_destroy": config.get("onDestroy") or "refuse",
        "domain": {
            "access": {"account": domain_account},
            "domain_id": config.require("domainId"),
            "types_project_id": config.require("producerProjectId"),
            # False if the domain is shared with the account already.
            "share": config.get_bool("share") is not False,
            "member_projects": {
                "orders": config.require("producerProjectId"),
                "analytics": config.require("consumerProjectId"),
            },
        },
        "members": [
            {
                "access": {"account": streams_account, "assume_role_arn": deployer},
                "trail": "none",
                "boundary_arn": boundary.policy_arn,
                "data_sources": {
                    "orders": {
                        "platform": "msk",
                        "registry_name": registry.registry_name,
                        "resource": cluster.arn,
                        "topics": ["*"],
                        "project_id": config.require("producerProjectId"),
                        "publish": True,
                    }
                },
                "targets": {
                    "fraud": {
                        "platform": "msk",
                        "environment_id": config.require("consumerEnvironmentId"),
                        "principals": [job.arn],
                    }
                },
            }
        ],
        "platforms": ["msk"],
    },
)

pulumi.export("clusterArn", cluster.arn)
pulumi.export("registryName", registry.registry_name)
pulumi.export("roleArn", job.arn)
pulumi.export("dataSourceFunctionArns", governance.data_source_function_arns)
pulumi.export("centralMachineArn", governance.central_machine_arn)
