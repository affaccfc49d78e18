"""A deployment with every part, for documents that are generated from the deploy specs."""

from __future__ import annotations

from streamgov_core.deploy.data_source_deployment import DataSourceDeployment, data_source
from streamgov_core.deploy.domain_deployment import DomainDeployment, domain_account
from streamgov_core.deploy.member_deployment import MemberDeployment, member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.naming import Names

NAMES = Names("streamgov", "eu-west-1")
DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
DOMAIN_ID = "dzd-4p9n6sw4qt9xgn"
CLUSTER = f"arn:aws:kafka:eu-west-1:{PRODUCER}:cluster/prod/6d7d9f6c-0001-4a3b-9c65-000000000001-2"

Deployments = tuple[DomainDeployment, MemberDeployment, DataSourceDeployment, DataSourceDeployment]


def deployments() -> Deployments:
    """The domain's account, a member's, and a data source of each platform."""
    domain = domain_account(
        AccountScope(NAMES, DOMAIN),
        domain_id=DOMAIN_ID,
        members=[PRODUCER, CONSUMER],
        asset_types=["KinesisStreamAssetType", "MskTopicAssetType"],
        projects=["1p2r3o4d5u6c7e"],
    )
    member = member_account(
        AccountScope(NAMES, CONSUMER),
        domain_id=DOMAIN_ID,
        domain_account=DOMAIN,
        consumer_roles=[f"arn:aws:iam::{CONSUMER}:role/streaming/*"],
    )
    sources = [
        data_source(
            AccountScope(NAMES, PRODUCER),
            domain_id=DOMAIN_ID,
            project_id="1p2r3o4d5u6c7e",
            platform=platform,
            registry_name="streams",
            resource=resource,
        )
        for platform, resource in (("kinesis", ""), ("msk", CLUSTER))
    ]
    return domain, member, sources[0], sources[1]
