"""What is deployed into a member account: document ledger, ``apply`` function, member machine, roles, boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from streamgov_core.deploy.access_role_permissions import access_boundary
from streamgov_core.deploy.claimable import GovernedSource, claimable_resources
from streamgov_core.deploy.dashboards import member_dashboard
from streamgov_core.deploy.document_sizes import check_sizes, fitted
from streamgov_core.deploy.iam_statements import document, service_trust
from streamgov_core.deploy.member_machine import member_definition
from streamgov_core.deploy.member_permissions import (
    ACCESS_BOUNDARY,
    apply_policy,
    consumer_boundary,
    member_invoke_policy,
    member_invoke_trust,
    member_machine_policy,
)
from streamgov_core.deploy.reader_permissions import READER_BOUNDARY, reader_boundary
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.snap_start import MEMBER_FUNCTIONS, through_aliases
from streamgov_core.deploy.spec import DashboardSpec, FunctionSpec, MachineSpec, PolicySpec, RoleSpec, TableSpec
from streamgov_core.documents.compiler import MANAGED_LIMIT
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.document_ledger import DOCUMENT_KEY, EXPIRY_ATTRIBUTE, ITEM_KEY
from streamgov_core.model.access_role import AUTO
from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import check_account

APPLY_TIMEOUT = 60
"""Hard time-out of the apply function in seconds; a lease on a document lasts longer."""
BOUNDARY = "consumer-boundary"
"""What ``Names.policy_arn`` calls the boundary of consumer roles."""


@dataclass(frozen=True)
class MemberDeployment:
    """The parts of a member account.

    Args:
        documents: the document ledger.
        records: what the account's data sources recorded.
        apply: the function that writes policies.
        machine: the member machine.
        invoke: role through which the central machine starts the member machine.
        boundary: permissions boundary of roles that receive access; another stack may have made it.
        access_boundary: permissions boundary of access roles, which consumers' roles assume.
        dashboard: what a person looks at.
        reader_boundary: permissions boundary of reader roles, which roles of other accounts assume to read schemas.
    """

    documents: TableSpec
    records: TableSpec
    apply: FunctionSpec
    machine: MachineSpec
    invoke: RoleSpec
    boundary: PolicySpec
    access_boundary: PolicySpec
    dashboard: DashboardSpec
    reader_boundary: PolicySpec

    @property
    def functions(self) -> tuple[FunctionSpec, ...]:
        """All functions."""
        return (self.apply,)


def member_account(
    scope: AccountScope,
    *,
    domain_id: str,
    domain_account: str,
    consumer_roles: Sequence[str] = (),
    require_boundary: bool = True,
    boundary_extra_actions: Sequence[str] = (),
    manual_assets: Mapping[str, Sequence[str]] | None = None,
    protected_roles: Sequence[str] = (),
    connection_roles: Sequence[str] = (),
    apply_concurrency: int | None = None,
    deliveries: Mapping[str, str] | None = None,
    boundary_arn: str | None = None,
    resource_keys: Sequence[str] = (),
    sources: Sequence[GovernedSource] = (),
    snap_start: bool | None = None,
) -> MemberDeployment:
    """What is deployed into a member account, which may be producer and consumer at once.

    Args:
        scope: the member account.
        domain_id: the DataZone domain.
        domain_account: the domain's account.
        consumer_roles: ARNs, or patterns of ARNs, of the only roles of the account that may be given access.
        require_boundary: only roles that carry the consumer boundary may be given access.
        boundary_extra_actions: further actions that the consumers' own jobs need.
        manual_assets: owning project to ARN patterns of topics and streams which assets made by hand may name.
        protected_roles: ARNs of roles that must never be written to, such as the deployer's.
        connection_roles: ARNs of those consumer roles that also make network connections to clusters of other accounts.
        apply_concurrency: how many invocations of the function run side by side at most; these are reserved for it.
            None: the account's common pool.
        deliveries: role ARN or pattern to how grants reach it: ``direct``, ``accessRole`` or ``auto``, the default.
        boundary_arn: ARN of the boundary that consumer roles carry, if it has another name than the one that would be
            made here.
        resource_keys: ARNs, or aliases with patterns (``alias/streams-*``), of the only customer-managed keys of the
            account that encrypt streams which are granted. None: any key, and then the function may revoke any grant
            on any key of the account.
        sources: the account's data sources: their records may claim what they may speak for, and nothing else.
        snap_start: the function has an alias, with snapshots (True) or without (False, for the executions that still
            name the alias when snapshots are given up). None: no alias. The domain's account need not know.

    Raises:
        ConfigError: an account id is malformed, a connection role is not among the consumer roles, a data source
            does not say what it may speak for, or AWS has no room for a document.
    """
    names, account = scope.names, scope.account
    check_account(domain_account, "domain account")
    _check_connection_roles(connection_roles, consumer_roles)
    boundary = boundary_policy(scope, extra_actions=boundary_extra_actions, connection_roles=connection_roles)
    apply = scope.function(
        "apply",
        entry_point="handlers.apply_grant.handler",
        description="Writes the policies that grants on this account's resources and roles need",
        settings=ApplySettings(
            names,
            domain_id,
            account,
            consumer_roles=tuple(sorted({*consumer_roles})),
            # By name: the documents are known at the first preview.
            boundary=boundary_arn or boundary.arn,
            require_boundary=require_boundary,
            manual_assets={key: tuple(sorted(value)) for key, value in (manual_assets or {}).items()},
            claimable=claimable_resources(names, account, sources),
            function_timeout=APPLY_TIMEOUT,
            protected_roles=tuple(sorted({*protected_roles})),
            connection_roles=tuple(sorted({*connection_roles})),
            access_boundary=names.policy_arn(account, ACCESS_BOUNDARY),
            deliveries={role: way for role, way in (deliveries or {}).items() if way != AUTO},
            reader_boundary=names.policy_arn(account, READER_BOUNDARY),
        ),
        policy=apply_policy(
            names,
            account,
            domain_id,
            consumer_role_arns=consumer_roles,
            boundary_arn=boundary_arn or boundary.arn,
            require_boundary=require_boundary,
            resource_keys=resource_keys,
            kms_key_arn=scope.kms_key_arn,
            protected_role_arns=protected_roles,
        ),
        timeout=APPLY_TIMEOUT,
        reserved_concurrency=apply_concurrency,
        snap_start=snap_start,
    )
    aliased = () if snap_start is None else MEMBER_FUNCTIONS
    machine = scope.machine(
        "member",
        definition=through_aliases(member_definition(names, account, domain_account), {apply.arn: apply}),
        policy=member_machine_policy(names, account, domain_account, aliased=aliased),
    )
    made = MemberDeployment(
        documents=TableSpec(
            "documents", names.document_table, hash_key=DOCUMENT_KEY, range_key=ITEM_KEY, expiry=EXPIRY_ATTRIBUTE
        ),
        records=TableSpec("records", names.record_table, hash_key=RECORD_KEY, range_key=RECORD_ITEM),
        apply=apply,
        machine=machine,
        invoke=scope.role(
            "member-invoke",
            key="member-invoke",
            description="The central machine starts the member machine through it",
            trust=member_invoke_trust(names, domain_account),
            policy=member_invoke_policy(names, account),
        ),
        boundary=boundary,
        access_boundary=PolicySpec(
            key="access-boundary",
            name=names.iam_name(ACCESS_BOUNDARY, 128),
            path=names.iam_path,
            arn=names.policy_arn(account, ACCESS_BOUNDARY),
            description="The most that a role which consumers assume to reach streams can ever do; it grants nothing",
            document=access_boundary(names, account),
        ),
        dashboard=member_dashboard(names, machine.arn),
        reader_boundary=PolicySpec(
            key="reader-boundary",
            name=names.iam_name(READER_BOUNDARY, 128),
            path=names.iam_path,
            arn=names.policy_arn(account, READER_BOUNDARY),
            description="The most that a role which outside accounts assume to read schemas can do; it grants nothing",
            document=reader_boundary(names, account),
        ),
    )
    check_sizes(made)
    return made


def _check_connection_roles(connection_roles: Sequence[str], consumer_roles: Sequence[str]) -> None:
    """A connection role gets what it needs with a grant, so it must be one that may receive access.

    Raises:
        ConfigError: one is a pattern, or no consumer role.
    """
    for arn in connection_roles:
        if "*" in arn or not any(fnmatchcase(arn, pattern) for pattern in consumer_roles):
            raise ConfigError(
                f"connection role {arn!r} must be the ARN of one role that consumer_roles covers: it receives what "
                "making a connection takes with its first grant of a topic of another account"
            )


def boundary_policy(
    scope: AccountScope, *, extra_actions: Sequence[str] = (), connection_roles: Sequence[str] = ()
) -> PolicySpec:
    """The permissions boundary of roles that receive access to streams.

    Args:
        scope: the consumer's account.
        extra_actions: further actions that the consumers' own jobs need.
        connection_roles: ARNs of roles that may also make network connections.

    Raises:
        ConfigError: there is no room for so many actions or roles.
    """
    names, of = scope.names, "the permissions boundary of consumer roles"
    build = partial(consumer_boundary, names, scope.account)
    fitted(
        lambda actions: build(extra_actions=actions),
        extra_actions,
        MANAGED_LIMIT,
        document=of,
        noun="further actions",
        advice="use wildcards in boundaryExtraActions",
    )
    made = fitted(
        lambda roles: build(extra_actions=extra_actions, connection_roles=roles),
        connection_roles,
        MANAGED_LIMIT,
        document=of,
        noun="connection roles",
        advice="name fewer: one role may make the connections of many jobs",
    )
    return PolicySpec(
        key="policy",
        name=names.iam_name(BOUNDARY, 128),
        path=names.iam_path,
        arn=names.policy_arn(scope.account, BOUNDARY),
        description="The most that a role which receives access to streams can ever do; it grants nothing",
        document=made,
    )


def manage_access_role(scope: AccountScope, domain_id: str, role_name: str) -> RoleSpec:
    """The role that a DataZone subscription target must name; it has no permissions.

    DataZone may assume it on behalf of this domain only. UNVERIFIED[dz-manage-access-role] whether the service ever
    assumes it for custom assets.

    Args:
        scope: the environment's account.
        domain_id: the DataZone domain.
        role_name: what ``Names.iam_name`` calls it.
    """
    names = scope.names
    name = names.iam_name(role_name)
    # The domain's account is not this one, and its ARN names it: any account, this one domain.
    source = f"arn:{names.partition}:datazone:{names.region}:*:domain/{domain_id}"
    return RoleSpec(
        key="manage-access",
        name=name,
        # DataZone accepts no path but '/' and '/service-role/' here (API shape IamRoleArn).
        path="/",
        arn=f"arn:{names.partition}:iam::{scope.account}:role/{name}",
        description="Named in a DataZone subscription target; it has no permissions, grants are made by us",
        trust=document(service_trust("datazone.amazonaws.com", {"ArnLike": {"aws:SourceArn": source}})),
        boundary_arn=scope.permissions_boundary,
    )
