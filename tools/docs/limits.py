"""Write docs/limits.md: how large each deployed document is, in a small deployment and in a very large one.

Run ``python -m tools.docs.limits`` after changing a document; a test holds the page, and each size below its limit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import Any

from streamgov_core.deploy.account_key import account_key
from streamgov_core.deploy.claimable import GovernedSource
from streamgov_core.deploy.data_source_deployment import data_source
from streamgov_core.deploy.document_sizes import DocumentSize, document_sizes
from streamgov_core.deploy.domain_deployment import domain_account
from streamgov_core.deploy.member_deployment import manage_access_role, member_account
from streamgov_core.deploy.schema_trail import schema_trail
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import FunctionSpec
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names

OUT = Path(__file__).resolve().parent.parent.parent / "docs" / "limits.md"
NAMES = Names("sixteen-lettersx", "us-gov-west-1", "aws-us-gov")
"""The longest names that there are: each ARN in a document is as long as it can be."""
DOMAIN_ID = "dzd-4p9n6sw4qt9xgn"
PRINCIPALS = 20
"""Roles that a subscription target may name."""
MOST = 500
"""How far it is counted."""


@dataclass(frozen=True)
class Scale:
    """How much of everything a deployment has.

    Attributes:
        accounts: member accounts.
        projects: projects, and as many subscription targets and data sources, all of them in one account.
        organization_id: the organisation of the accounts.
    """

    accounts: int
    projects: int
    organization_id: str | None = None


SMALL = Scale(2, 2)
LARGE = Scale(1_000, 2_000, "o-a1b2c3d4e5")


def account_id(number: int) -> str:
    """The id of an account."""
    return f"{10**11 + number * 7_919:012}"


def role(account: str, number: int) -> str:
    """The ARN of a consumer's role, of a usual length."""
    return f"arn:{NAMES.partition}:iam::{account}:role/streaming/consumer-{number:05}"


def parts(scale: Scale) -> tuple[Any, ...]:
    """What is deployed at this scale: the domain's account, and a member's with a data source."""
    accounts = [account_id(number) for number in range(scale.accounts)]
    projects = [f"p{number:013}" for number in range(scale.projects)]
    account, key = accounts[0], f"arn:{NAMES.partition}:kms:{NAMES.region}:{accounts[0]}:key/{'0' * 36}"
    boundary = f"arn:{NAMES.partition}:iam::{account}:policy/corp/edge"
    scope = AccountScope(NAMES, account, boundary, key)
    cluster = f"arn:{NAMES.partition}:kafka:{NAMES.region}:{account}:cluster/main/{'0' * 38}"
    topics = [f"team-{number}.*" for number in range(scale.projects)]
    domain = domain_account(
        scope,
        domain_id=DOMAIN_ID,
        members=accounts,
        asset_types=["KinesisStreamAssetType", "MskTopicAssetType"],
        organization_id=scale.organization_id,
        principal_accounts={one: [account_id(number) for number in range(3)] for one in accounts},
        projects=projects,
    )
    member = member_account(
        scope,
        domain_id=DOMAIN_ID,
        domain_account=account_id(scale.accounts),
        consumer_roles=[role(account, number) for number in range(PRINCIPALS * scale.projects)],
        manual_assets={project: [f"{cluster}/{project}.*"] for project in projects},
        deliveries={role(account, number): "accessRole" for number in range(PRINCIPALS * scale.projects)},
        connection_roles=[role(account, number) for number in range(PRINCIPALS)],
        protected_roles=[f"arn:{NAMES.partition}:iam::{account}:role/teams/deployer"],
        sources=[GovernedSource("msk", f"registry-{topic}", cluster, (topic,)) for topic in topics],
    )
    source = data_source(
        scope,
        domain_id=DOMAIN_ID,
        project_id=projects[0],
        platform="msk",
        registry_name="registry",
        resource=cluster,
        topics=topics,
    )
    target = manage_access_role(scope, DOMAIN_ID, "target-sales")
    return domain, member, source, target, account_key(scope), schema_trail(scope)


def sizes(scale: Scale) -> Mapping[str, DocumentSize]:
    """The size of every document at a scale, by what it is called."""
    prefixes = f"{NAMES.namespace}-{NAMES.region}-", f"{NAMES.namespace}-"
    return {reduce(_without, prefixes, item.document): item for item in document_sizes(parts(scale))}


def _without(text: str, prefix: str) -> str:
    return text.replace(prefix, "")


def room() -> list[tuple[str, int, str]]:
    """What a document has room for only so many of: the list, how many, what to do beyond."""
    account = account_id(0)
    scope = AccountScope(NAMES, account)
    keys = [f"arn:{NAMES.partition}:kms:{NAMES.region}:{account}:key/{number:036}" for number in range(MOST)]
    roles = [role(account, number) for number in range(MOST)]
    member = partial(member_account, scope, domain_id=DOMAIN_ID, domain_account=account)
    domain = partial(domain_account, scope, domain_id=DOMAIN_ID, asset_types=[])
    return [
        (
            "member accounts, where the configuration names no `organizationId`",
            most(lambda count: domain(members=[account_id(number) for number in range(count)])),
            "name the organisation: their number does not matter then",
        ),
        (
            "`consumerRoles` whose names stand in the policy of the function that grants",
            most(lambda count: _named(member(consumer_roles=roles[:count]).apply)),
            "nothing. Beyond, the policy lets the function write on roles that carry the consumers' boundary, and "
            "their names stand in its settings only. A path (`role/streaming/*`) counts as one",
        ),
        (
            "`consumerRoles`, where `requireBoundary` is false",
            most(lambda count: member(consumer_roles=roles[:count], require_boundary=False)),
            "name a path, or let the roles carry the boundary",
        ),
        (
            "`connectionRoles`",
            most(lambda count: member(consumer_roles=roles, connection_roles=roles[:count])),
            "let one role make the connections of many jobs",
        ),
        (
            "keys by ARN in `resourceKeys`",
            most(lambda count: member(resource_keys=keys[:count])),
            "name them by a pattern of their aliases (`alias/streams-*`)",
        ),
    ]


def most(holds: Callable[[int], object]) -> int:
    """The largest count that a configuration is accepted with."""

    def refused(count: int) -> bool:
        try:
            return holds(count) is False
        except ConfigError:
            return True

    return bisect_left(range(1, MOST + 1), True, key=refused)


def _named(function: FunctionSpec) -> bool:
    assert function.role is not None and function.role.policy is not None
    return any(item["Sid"] == "TakeFromConsumerRoles" for item in function.role.policy["Statement"])


_HEAD = """# Limits of what is deployed

AWS limits the size of policies, variables and definitions. Lists of accounts, projects, roles, topics and streams
therefore stand in no document that a role or a function is deployed with: a pattern stands for them, or a setting of
the function, in a layer that has room for all of them ([decision 16](adr/0016-lists-in-a-layer.md)). What grants write
at run time has [limits of its own](capacities.md).

Generated from the deploy specs (`python -m tools.docs.limits`), with the longest names that a deployment can have.
%s
A cell holds the size in characters or bytes, as AWS counts.

"""


def _scales() -> str:
    roles = LARGE.projects * PRINCIPALS
    return (
        f"*Small*: {SMALL.accounts} accounts and {SMALL.projects} projects. *Large*: {LARGE.accounts:,} accounts of an "
        f"organisation and {LARGE.projects:,} projects;\none account has a subscription target and a data source for "
        f"each of them, with {PRINCIPALS} roles in each target, {roles:,} in all."
    )


_ROOM = """
## Where a number still counts

A preview that finds no room says how many fit and what to do; nothing is deployed then.

| list | how many fit, with the longest names | beyond |
| --- | --- | --- |
"""


def page() -> str:
    """The page as it should be."""
    small, large = sizes(SMALL), sizes(LARGE)
    rows = ["| document | limit | small | large |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {name} | {item.limit:,} | {item.size:,} | {large[name].size:,} |" for name, item in sorted(small.items())
    ]
    further = [f"| {noun} | {count:,} | {advice} |" for noun, count, advice in room()]
    return _HEAD % _scales() + "\n".join(rows) + "\n" + _ROOM + "\n".join(further) + "\n"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
