"""What a stack's configuration deploys into each account, by type, before anything is registered.

A pure function of the configuration; a test holds it against the graph that the program really registers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamgov_core.deploy.account_key import account_key
from streamgov_core.deploy.data_source_deployment import data_source
from streamgov_core.deploy.domain_deployment import RECONCILE_SCHEDULE, domain_account
from streamgov_core.deploy.member_deployment import manage_access_role, member_account
from streamgov_core.deploy.schema_trail import schema_trail
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names, short_hash
from streamgov_ops.deployer.needs import AccountNeeds, boundary_policy_arn
from streamgov_ops.deployer.resources import (
    ACCEPTER,
    DASHBOARD,
    DESTROY_GUARD,
    LOOK_FOR_DOMAIN,
    LOOK_FOR_TRAIL,
    MARKER,
    MEMBERSHIP,
    POLICY_GRANT,
    PROJECT_ENVIRONMENT,
    RULE,
    SHARE,
    TARGET,
    TYPE_DESIGNATION,
    TYPES,
    Part,
    types_of,
)
from streamgov_ops.session import SessionSettings
from streamgov_pulumi.arguments.choices import CREATE_TRAIL, FIND_TRAIL, NO_TRAIL, REQUIRED
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.config import StackConfig
from streamgov_pulumi.config.file import load_file, unread_external_id


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
    names = stack_names(config)
    for where, types in _parts(args, names):
        found.setdefault(where["account"], set()).update(types)
        access.setdefault(where["account"], where)
    boundary = str(config.common.get("permissions_boundary_name") or "")
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
    return stack_names(config), [replace(item, unread=unread_external_id(config, path, item.account)) for item in found]


def _session(access: AccountArgs, region: str) -> SessionSettings:
    # A stack file holds no Outputs.
    told = {key: str(access.get(key, "")) for key in ("assume_role_arn", "external_id", "profile")}
    return SessionSettings(region, **told)


def _parts(args: StreamGovernanceArgs, names: Names) -> Iterator[tuple[AccountArgs, set[str]]]:
    domain = args["domain"]
    deployed = domain.get("deploy", True)
    members = [member for member in args["members"] if member.get("deploy", True)]
    if deployed:
        yield domain["access"], _domain(args, names)
    for member in members:
        yield member["access"], _member(args, member, names) | (set() if deployed else {LOOK_FOR_DOMAIN})
        if _accepts(args, member):
            yield member["access"], {ACCEPTER}
        # The data sources' roles become members in the domain's account, if the stack can act there.
        if member.get("data_sources") and (deployed or "assume_role_arn" in domain["access"]):
            yield domain["access"], {MEMBERSHIP}


def _domain(args: StreamGovernanceArgs, names: Names) -> set[str]:
    """The types of the domain's account: its specs', and what is made in DataZone and RAM."""
    domain: Mapping[str, Any] = args["domain"]
    scope = AccountScope(names, domain["access"]["account"])
    described = domain_account(
        scope,
        domain_id=domain["domain_id"],
        members=[member["access"]["account"] for member in args["members"]],
        asset_types=(),
        reconcile_schedule=domain.get("reconcile_schedule", RECONCILE_SCHEDULE),
    )
    optional = {
        POLICY_GRANT: "usable_in_domain_unit" in domain,
        TYPE_DESIGNATION: bool(domain.get("own_designations", True)),
        MEMBERSHIP: bool(domain.get("member_projects") or domain.get("contributors")),
        RULE: domain.get("request_form", {}).get("use") == REQUIRED,
        **dict.fromkeys(SHARE, _shares(args)),
    }
    used = {type_ for type_, used in optional.items() if used}
    absent = set() if args.get("dashboards", True) else {DASHBOARD}
    return (types_of(scope, account_key(scope), described) | {*TYPES, DESTROY_GUARD, MARKER} | used) - absent


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


def _member(args: StreamGovernanceArgs, member: MemberArgs, names: Names) -> set[str]:
    """The types of a member account: its specs', and its targets in DataZone."""
    scope = AccountScope(names, member["access"]["account"])
    sources, targets = member.get("data_sources", {}), member.get("targets", {})
    found = types_of(scope, account_key(scope), *_member_specs(args, member, scope))
    looks = sources and "trail_arn" not in member
    mode = member.get("trail", FIND_TRAIL)
    if looks and mode == CREATE_TRAIL:
        found |= types_of(scope, schema_trail(scope))
    if looks and mode == FIND_TRAIL:
        found.add(LOOK_FOR_TRAIL)
    if targets:
        found.add(TARGET)
    if any("project_id" in target for target in targets.values()):
        found.add(PROJECT_ENVIRONMENT)
    return found | {DESTROY_GUARD, MARKER}


def _member_specs(args: StreamGovernanceArgs, member: MemberArgs, scope: AccountScope) -> Iterator[Part]:
    domain: Mapping[str, Any] = args["domain"]
    described = member_account(
        scope, domain_id=domain["domain_id"], domain_account=domain["access"]["account"], consumer_roles=()
    )
    yield from (described.documents, described.records, described.apply, described.machine, described.invoke)
    yield from (described.access_boundary, described.reader_boundary)
    if args.get("dashboards", True):
        yield described.dashboard
    if "boundary_arn" not in member:  # otherwise another stack makes it
        yield described.boundary
    for word, source in member.get("data_sources", {}).items():
        yield data_source(
            scope,
            domain_id=domain["domain_id"],
            project_id=str(source["project_id"]),
            platform=source["platform"],
            registry_name=str(source["registry_name"]),
            resource=str(source["resource"]),
            key=word,
            schema_events=member.get("trail", FIND_TRAIL) != NO_TRAIL,
        )
    for word in member.get("targets", {}):
        yield manage_access_role(scope, domain["domain_id"], f"target-{short_hash(word)}")
