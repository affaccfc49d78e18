"""The domain account's own stack: asset types, the workflow, and who may take part. Members have their own."""

import pulumi

from streamgov_pulumi import StreamGovernance

config = pulumi.Config()
members = config.require_object("memberAccounts")

governance = StreamGovernance(
    "streams",
    {
        "namespace": config.get("namespace") or "streamgov",
        "region": config.require("region"),
        "deletion_protection": config.get_bool("deletionProtection") is not False,
        "domain": {
            "access": {"account": config.require("account")},
            "domain_id": config.require("domainId"),
            "types_project_id": config.require("typesProjectId"),
            # Projects whose grants are handled, by a word of your own.
            "member_projects": config.require_object("projects"),
            # The data sources' roles of the members' stacks, once they exist: their output `contributors`.
            "contributors": {
                word: {"project_id": found["projectId"], "role_arn": found["roleArn"], "platform": found["platform"]}
                for word, found in (config.get_object("contributors") or {}).items()
            },
        },
        # Their own teams deploy their side.
        "members": [{"access": {"account": account}, "deploy": False} for account in members],
    },
)

# What a member's stack needs: the share to accept.
pulumi.export("shareArn", governance.share_arn)
pulumi.export("assetTypes", governance.asset_types)
pulumi.export("centralMachineArn", governance.central_machine_arn)
