"""What a stack's configuration deploys into each account, by type, before anything is registered.

A pure function of the configuration; a test holds it against the graph that the program really registers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_ops.deployer.needs import AccountNeeds, boundary_policy_arn
from streamgov_ops.deployer.policy import DYNAMIC, SIDES
from streamgov_ops.session import SessionSettings
from streamgov_pulumi.arguments.choices import CREATE_TRAIL, FIND_TRAIL, REQUIRED
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.config import StackConfig
from streamgov_pulumi.config.file import load_file

TRAIL = (
    "aws:cloudtrail/trail:Trail",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
)
SHARE = (
    "aws:ram/principalAssociation:PrincipalAssociation",
    "aws:ram/resourceAssociation:ResourceAssociation",
    "aws:ram/resourceShare:ResourceShare",
)
ACCEPTER = "aws:ram/resourceShareAccepter:ResourceShareAccepter"
SOURCE = (
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/permission:Permission",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
)
MEMBERSHIP = f"{DYNAMIC}ProjectMembership"
DESTROY_GUARD = f"{DYNAMIC}DestroyGuard"
TARGET = f"{DYNAMIC}SubscriptionTarget"


def stack_names(config: StackConfig) -> Names:
    """The names of the stack's deployment."""
    return Names(config.namespace, config.region, str(config.common.get("partition", "aws")))


def stack_needs(config: StackConfig) -> list[AccountNeeds]:
    """The types that the stack deploys into each account; none for the sandbox, whose people are administrators."""
    args = config.governance
    if args is None:
        return []
    found: dict[str, set[str]] = {}
    access: dict[str, AccountArgs] = {}
    for where, types in _parts(args):
        found.setdefault(where["account"], set()).update(types)
        access.setdefault(where["account"], where)
    names, boundary = stack_names(config), str(config.common.get("permissions_boundary_name") or "")
    return [
        AccountNeeds(
            account,
            frozenset(found[account]),
            _session(access[account], names.region),
            boundary_policy_arn(names, account, boundary),
            dict(config.common.get("tags", {})),
        )
        for account in sorted(found)
    ]


def file_needs(path: Path) -> tuple[Names, list[AccountNeeds]]:
    """The names of the deployment that a stack's file describes, and what it takes.

    Raises:
        ConfigError: it is no stack's file, has mistakes, or is a sandbox's.
    """
    config = load_file(path)
    found = stack_needs(config)
    if not found:
        raise ConfigError(f"{path} is a sandbox's: its people are administrators, there is nothing to print")
    return stack_names(config), found


def _session(access: AccountArgs, region: str) -> SessionSettings:
    return SessionSettings(
        region, access.get("assume_role_arn", ""), access.get("external_id", ""), access.get("profile", "")
    )


def _parts(args: StreamGovernanceArgs) -> Iterator[tuple[AccountArgs, set[str]]]:
    domain = args["domain"]
    deployed = domain.get("deploy", True)
    members = [member for member in args["members"] if member.get("deploy", True)]
    if deployed:
        yield domain["access"], _domain(args)
    for member in members:
        yield member["access"], _member(member) - ({"lookup:domain"} if deployed else set())
        if _accepts(args, member):
            yield member["access"], {ACCEPTER}
        # The data sources' roles become contributors in the domain's account, if the stack can act there.
        if member.get("data_sources") and (deployed or "assume_role_arn" in domain["access"]):
            yield domain["access"], {MEMBERSHIP}


def _domain(args: StreamGovernanceArgs) -> set[str]:
    domain: Mapping[str, Any] = args["domain"]
    form: Mapping[str, Any] = domain.get("request_form", {})
    optional = {
        "aws:datazone/policyGrant:PolicyGrant": "usable_in_domain_unit" in domain,
        MEMBERSHIP: bool(domain.get("member_projects") or domain.get("contributors")),
        f"{DYNAMIC}Rule": form.get("use") == REQUIRED,
        **dict.fromkeys(SHARE, _shares(args)),
    }
    unused = {type_ for type_, used in optional.items() if not used}
    return set(SIDES["domain"]) - unused - {"aws:lambda/permission:Permission"}


def _shares(args: StreamGovernanceArgs) -> bool:
    own = args["domain"]["access"]["account"]
    foreign = {member["access"]["account"] for member in args["members"]} - {own}
    return bool(foreign) and bool(args["domain"].get("share", True))


def _accepts(args: StreamGovernanceArgs, member: MemberArgs) -> bool:
    domain = args["domain"]
    if "accept_share_arn" in member:
        return True
    foreign = member["access"]["account"] != domain["access"]["account"]
    return domain.get("deploy", True) and _shares(args) and foreign and not domain.get("within_organization", False)


def _member(member: MemberArgs) -> set[str]:
    sources, targets = bool(member.get("data_sources")), bool(member.get("targets"))
    mode = member.get("trail", FIND_TRAIL)
    known = "trail_arn" in member
    optional = {
        ACCEPTER: False,
        DESTROY_GUARD: sources or targets,
        TARGET: targets,
        "lookup:trail": sources and mode == FIND_TRAIL and not known,
        **dict.fromkeys(SOURCE, sources),
        **dict.fromkeys(TRAIL, sources and mode == CREATE_TRAIL and not known),
    }
    return set(SIDES["member"]) - {type_ for type_, used in optional.items() if not used}
