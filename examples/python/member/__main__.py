"""A member account's own stack: its schema registry becomes assets, its roles receive what is granted."""

from typing import Any

import pulumi

from streamgov_pulumi import StreamGovernance

config = pulumi.Config()
account, project = config.require("account"), config.require("projectId")
access: dict[str, Any] = {"account": account}
# Without it your credentials must be of the account.
if config.get("deployer"):
    access["assume_role_arn"] = config.require("deployer")
member: Any = {
    "access": access,
    "trail": "find",
    "data_sources": {
        "orders": {
            "platform": "msk",
            "registry_name": config.require("registry"),
            "resource": config.require("cluster"),
            # The topics that this project may speak for.
            "topics": config.get_object("topics") or ["*"],
            "project_id": project,
        }
    },
    "targets": {
        "fraud": {
            "platform": "msk",
            "environment_id": config.require("environmentId"),
            "principals": config.require_object("consumerRoles"),
        }
    },
}
# The output `shareArn` of the domain's stack. In a program of your own it may come from a StackReference.
if config.get("shareArn"):
    member["accept_share_arn"] = config.require("shareArn")

governance = StreamGovernance(
    "streams",
    {
        "namespace": config.get("namespace") or "streamgov",
        "region": config.require("region"),
        "deletion_protection": config.get_bool("deletionProtection") is not False,
        "domain": {
            "access": {"account": config.require("domainAccount")},
            "domain_id": config.require("domainId"),
            # The domain's own team deploys its side.
            "deploy": False,
        },
        "members": [member],
    },
)

# What the domain's stack needs, to paste into its configuration.
pulumi.export(
    "contributors",
    {
        key.split("/")[1]: {"projectId": project, "roleArn": role, "platform": "msk"}
        for key, role in governance.data_source_role_arns.items()
    },
)
pulumi.export("boundaryArns", governance.boundary_arns)
pulumi.export("targetIds", governance.target_ids)
