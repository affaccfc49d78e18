"""The facade: governance of streams over all accounts of a deployment, from one typed description."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi

from streamgov_core.deploy.destruction import DOMAIN, MEMBER
from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.choices import CREATE_TRAIL, FIND_TRAIL, NEVER, REFUSE
from streamgov_pulumi.arguments.inputs import check_arguments
from streamgov_pulumi.arguments.refusal import refusing
from streamgov_pulumi.components._account import Account
from streamgov_pulumi.components._accounts import Accounts, reached, session_of
from streamgov_pulumi.components._consumers import check_consumer_roles, consumer_roles
from streamgov_pulumi.components._guarded import guarded_parts
from streamgov_pulumi.components._looks import of_deployment
from streamgov_pulumi.components._members import contributors
from streamgov_pulumi.components._order import behind, marker
from streamgov_pulumi.components._principals import deliveries
from streamgov_pulumi.components._settings import AccountArgs, child, platforms_of
from streamgov_pulumi.components.asset_type import StreamAssetType, StreamAssetTypeArgs
from streamgov_pulumi.components.association import DomainAssociation, DomainAssociationAccepter
from streamgov_pulumi.components.central import CentralAuthorizer, CentralAuthorizerArgs
from streamgov_pulumi.components.data_source import SchemaRegistryDataSource, SchemaRegistryDataSourceArgs
from streamgov_pulumi.components.encryption import EncryptionKey
from streamgov_pulumi.components.environment import EnvironmentAuthorizer, EnvironmentAuthorizerArgs, GovernedSourceArgs
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.components.request_form import StreamRequestForm, StreamRequestFormArgs
from streamgov_pulumi.components.target import StreamSubscriptionTarget
from streamgov_pulumi.components.trail import SchemaTrail
from streamgov_pulumi.providers import DestroyGuard

PASSED_ON = (
    "managed_vpc", "cross_account_serverless", "principal_accounts", "reconcile_schedule", "reconcile_repairs",
    "collect_concurrency", "own_designations", "organization_id",
)  # fmt: skip
"""Keys of DomainArgs that mean the same to CentralAuthorizer."""


ALIKE = ("namespace", "partition", "log_retention_days", "tags", "alarm_topics", "dashboards")
"""Arguments that every component of every account is told."""
PUBLISHED = (
    "central_machine_arn", "asset_types", "request_form_name", "share_arn", "grant_table_name",
    "domain_function_role_arns", "member_machine_arns", "boundary_arns", "document_table_names", "target_ids",
    "data_source_function_arns", "data_source_role_arns", "schema_events", "key_arns",
)  # fmt: skip
"""Outputs of StreamGovernance."""


class StreamGovernance(pulumi.ComponentResource):
    """Asset types, data sources, targets and the access workflow, wired over the accounts."""

    central_machine_arn: pulumi.Output[str] | None
    """ARN of the central state machine, if the domain's account is deployed here."""
    asset_types: dict[str, pulumi.Output[str]]
    """Platform to asset type name."""
    request_form_name: pulumi.Output[str] | None
    """Name of the form type with which people ask for a stream, if the domain's account is deployed here."""
    share_arn: pulumi.Output[str] | None
    """ARN of the domain's resource share, which a member's own stack accepts, if it is made here."""
    grant_table_name: pulumi.Output[str] | None
    """Name of the grant ledger, if the domain's account is deployed here."""
    domain_function_role_arns: pulumi.Output[Mapping[str, str]] | None
    """ARNs of the roles of the domain account's functions, if it is deployed here: members of the projects."""
    member_machine_arns: dict[str, pulumi.Output[str]]
    """Account -> ARN of its state machine."""
    boundary_arns: dict[str, pulumi.Output[str]]
    """Account -> ARN of the boundary that consumer roles carry."""
    document_table_names: dict[str, pulumi.Output[str]]
    """Account -> name of its document ledger."""
    target_ids: dict[str, pulumi.Output[str]]
    """``<account>/<word>`` -> id of the subscription target."""
    data_source_function_arns: dict[str, pulumi.Output[str]]
    """``<account>/<word>`` -> ARN of the data source's function."""
    data_source_role_arns: dict[str, pulumi.Output[str]]
    """``<account>/<word>`` -> ARN of that function's role: one of ``contributors`` in the domain's own stack."""
    schema_events: dict[str, pulumi.Output[str]]
    """``<account>/<word>`` -> what tells the data source of schema changes."""
    key_arns: dict[str, pulumi.Output[str]]
    """Account -> ARN of the key of this deployment."""

    @refusing
    def __init__(
        self,
        name: str,
        args: StreamGovernanceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        accounts: Accounts | None = None,
    ) -> None:
        check_arguments("StreamGovernance", args, StreamGovernanceArgs)
        self._markers: list[pulumi.Resource] = []
        super().__init__("streamgov:index:StreamGovernance", name, {}, behind(self._markers, opts))
        self._name, self._args = name, args
        self._accounts = accounts or Accounts(f"{name}-aws", args["region"], args.get("provider_flags"), self)
        self._keys: dict[str, pulumi.Output[str]] = {}
        self._told: dict[str, Account] = {}
        self._made: list[pulumi.Resource] = []
        self.asset_types = {}
        self.data_sources: dict[str, SchemaRegistryDataSource] = {}
        self.targets: dict[str, StreamSubscriptionTarget] = {}
        self.environments: dict[str, EnvironmentAuthorizer] = {}
        self.trails: dict[str, SchemaTrail] = {}
        self.central_machine_arn = None
        self.request_form_name = None
        self._central_authorizer: CentralAuthorizer | None = None
        self.share_arn, self.grant_table_name, self.domain_function_role_arns = None, None, None

        check_consumer_roles(args)
        self._mark()
        domain = args["domain"]
        share: DomainAssociation | None = None
        types: list[pulumi.Resource] = []
        if domain.get("deploy", True):
            share = self._share()
            self.share_arn = None if share is None else share.share_arn
            types = self._asset_types()
            self._request_form()
            self._central_authorizer = self._central()
            self.central_machine_arn = self._central_authorizer.machine_arn
            self.grant_table_name = self._central_authorizer.table_name
            self.domain_function_role_arns = self._central_authorizer.function_role_arns
            access = self._account(domain["access"])
            self._made += contributors(name, access, domain, child(self, depends_on=types))
        for member in args["members"]:
            if member.get("deploy", True):
                self._member(member, share, types)
        self._destroy_guard(types)
        self._publish()

    def _publish(self) -> None:
        """What other stacks and programs need, in every language."""
        members, sources = self.environments.items(), self.data_sources.items()
        self.member_machine_arns = {account: item.machine_arn for account, item in members}
        self.boundary_arns = {account: item.boundary_arn for account, item in members}
        self.document_table_names = {account: item.table_name for account, item in members}
        self.target_ids = {key: item.target_id for key, item in self.targets.items()}
        self.data_source_function_arns = {key: item.function_arn for key, item in sources}
        self.data_source_role_arns = {key: item.role_arn for key, item in sources}
        self.schema_events = {key: item.schema_events for key, item in sources}
        self.key_arns = dict(self._keys)
        self.register_outputs({key: getattr(self, key) for key in PUBLISHED})

    def _account(self, access: AccountArgs) -> Account:
        """What components of one account are told."""
        account, args = access["account"], self._args
        access = reached(args, account)
        if account not in self._told:
            alike = {key: value for key, value in args.items() if key in ALIKE}
            # What the program names is looked up for all accounts together, by the guard.
            alike["check_references"] = NEVER
            made: Any = {"account_id": account, "region": args["region"], **alike, **session_of(access)}
            if "permissions_boundary_name" in args:
                policy = f"iam::{account}:policy/{args['permissions_boundary_name']}"
                made["permissions_boundary"] = f"arn:{args.get('partition', 'aws')}:{policy}"
            self._told[account] = Account(made, provider=partial(self._accounts.provider, access))
        return self._told[account]

    def _mark(self) -> None:
        """The namespace's markers, before anything that could take over what another stack made."""
        domain = self._args["domain"]
        places = [(MEMBER, member["access"]) for member in self._args["members"] if member.get("deploy", True)]
        if domain.get("deploy", True):
            places.insert(0, (DOMAIN, domain["access"]))
        name = self._name
        made = [marker(f"{name}-{at['account']}-{side}-marker", side, self._account(at), self) for side, at in places]
        self._markers += made

    def _key(self, access: AccountArgs, word: str) -> pulumi.Output[str]:
        """The account's one key."""
        account = access["account"]
        if account not in self._keys:
            key = EncryptionKey(f"{self._name}-{word}-key", {"account": self._account(access)}, child(self))
            self._keys[account] = key.key_arn
            self._made.append(key)
        return self._keys[account]

    # --- the domain's account -------------------------------------------------------------------------------------
    def _share(self) -> DomainAssociation | None:
        domain, access = self._args["domain"], self._args["domain"]["access"]
        foreign = sorted({m["access"]["account"] for m in self._args["members"]} - {access["account"]})
        if not foreign or not domain.get("share", True):
            return None
        region, partition = self._args["region"], self._args.get("partition", "aws")
        arn = domain.get("domain_arn") or pulumi.Output.from_input(domain["domain_id"]).apply(
            lambda known: f"arn:{partition}:datazone:{region}:{access['account']}:domain/{known}"
        )
        made = DomainAssociation(
            f"{self._name}-association",
            {
                "account": self._account(access),
                "domain_arn": arn,
                "member_accounts": foreign,
                "within_organization": domain.get("within_organization", False),
            },
            child(self),
        )
        self._made.append(made)
        return made

    def _asset_types(self) -> list[pulumi.Resource]:
        domain, access = self._args["domain"], self._args["domain"]["access"]
        if "types_project_id" not in domain:
            raise ConfigError("domain.types_project_id is needed: the project that owns the form and asset types")
        made: list[pulumi.Resource] = []
        for platform in platforms_of(self._args.get("platforms")):
            made_args: StreamAssetTypeArgs = {
                "account": self._account(access),
                "platform": platform.name,
                "domain_id": domain["domain_id"],
                "owning_project_id": domain["types_project_id"],
                "adopt_existing": domain.get("adopt_existing", False),
                "allow_breaking": domain.get("allow_breaking", False),
                "own_designations": domain.get("own_designations", True),
            }
            if "usable_in_domain_unit" in domain:
                made_args["usable_in_domain_unit"] = domain["usable_in_domain_unit"]
            asset_type = StreamAssetType(f"{self._name}-{platform.name}-types", made_args, child(self))
            self.asset_types[platform.name] = asset_type.asset_type_name
            made.append(asset_type)
        return made

    def _request_form(self) -> None:
        domain = self._args["domain"]
        made: StreamRequestFormArgs = {
            **domain.get("request_form", {}),
            "account": self._account(domain["access"]),
            "domain_id": domain["domain_id"],
            "owning_project_id": domain["types_project_id"],
            "asset_types": [self.asset_types[platform] for platform in sorted(self.asset_types)],
            "adopt_existing": domain.get("adopt_existing", False),
            "allow_breaking": domain.get("allow_breaking", False),
        }
        form = StreamRequestForm(f"{self._name}-request-form", made, child(self))
        self.request_form_name = form.form_type_name
        self._made.append(form)

    def _central(self) -> CentralAuthorizer:
        args, domain = self._args, self._args["domain"]
        access = domain["access"]
        made: CentralAuthorizerArgs = {
            "account": self._account(access),
            "domain_id": domain["domain_id"],
            "member_accounts": [member["access"]["account"] for member in args["members"]],
            "member_projects": domain.get("member_projects", {}),
            "kms_key_arn": self._key(access, "domain"),
            "deletion_protection": args.get("deletion_protection", True),
        }
        for key in ("platforms", "snap_start"):
            if key in args:
                made[key] = args[key]
        for key in PASSED_ON:
            if key in domain:
                made[key] = domain[key]  # type: ignore[literal-required]
        if "use" in domain.get("request_form", {}):
            made["request_form"] = domain["request_form"]["use"]
        for key, length in domain.get("grants", {}).items():
            made[f"{key}_grant"] = length  # type: ignore[literal-required]
        return CentralAuthorizer(f"{self._name}-central", made, child(self))

    # --- member accounts ------------------------------------------------------------------------------------------
    def _member(self, member: MemberArgs, share: DomainAssociation | None, types: list[pulumi.Resource]) -> None:
        access = member["access"]
        account = access["account"]
        before: list[pulumi.Resource] = []
        share_arn: pulumi.Input[str] | None = member.get("accept_share_arn")
        foreign = account != self._args["domain"]["access"]["account"]
        if share is not None and foreign and not self._args["domain"].get("within_organization", False):
            share_arn = share.share_arn
        if share_arn is not None:
            before.append(
                DomainAssociationAccepter(
                    f"{self._name}-{account}-association",
                    {"account": self._account(access), "share_arn": share_arn},
                    child(self),
                )
            )
            self._made.append(before[0])
        elif share is not None:
            before.append(share)
        key = self._key(access, account)
        made: EnvironmentAuthorizerArgs = {
            "account": self._account(access),
            "domain_id": self._args["domain"]["domain_id"],
            "domain_account": self._args["domain"]["access"]["account"],
            "consumer_roles": consumer_roles(member),
            "require_boundary": member.get("require_boundary", True),
            "boundary_extra_actions": member.get("boundary_extra_actions", []),
            "connection_roles": member.get("connection_roles", []),
            "resource_keys": member.get("resource_keys", []),
            "manual_assets": member.get("manual_assets", {}),
            "deliveries": deliveries(member, self._args.get("partition", "aws")),
            "protected_roles": [access["assume_role_arn"]] if "assume_role_arn" in access else [],
            "sources": _governed_sources(member),
            "kms_key_arn": key,
            "deletion_protection": self._args.get("deletion_protection", True),
        }
        if "apply_concurrency" in member:
            made["apply_concurrency"] = member["apply_concurrency"]
        if "boundary_arn" in member:
            made["boundary_arn"] = member["boundary_arn"]
        if "snap_start" in self._args:
            made["snap_start"] = self._args["snap_start"]
        self.environments[account] = EnvironmentAuthorizer(f"{self._name}-{account}", made, child(self))
        self._data_sources(member, key, [*before, *types])
        self._targets(member, [*before, *types])

    def _data_sources(self, member: MemberArgs, key: pulumi.Output[str], before: list[pulumi.Resource]) -> None:
        access, sources = member["access"], member.get("data_sources", {})
        trail_arn: pulumi.Input[str] | None = member.get("trail_arn")
        mode = member.get("trail", FIND_TRAIL)
        if trail_arn is None and mode == CREATE_TRAIL and sources:
            trail = SchemaTrail(
                f"{self._name}-{access['account']}-trail",
                {
                    "account": self._account(access),
                    "force_destroy": not self._args.get("deletion_protection", True),
                },
                child(self),
            )
            self.trails[access["account"]] = trail
            trail_arn = trail.trail_arn
        for word, source in sorted(sources.items()):
            made: SchemaRegistryDataSourceArgs = {
                **source,  # type: ignore[typeddict-item]
                "key": word,
                "account": self._account(access),
                "domain_id": self._args["domain"]["domain_id"],
                "membership_account": self._account(self._args["domain"]["access"]),
                # A member's own stack can make members only if it may act in the domain's account; otherwise the
                # domain's team does it (contributors).
                "membership": self._args["domain"].get("deploy", True)
                or "assume_role_arn" in self._args["domain"]["access"],
                "own_designations": self._args["domain"].get("own_designations", True),
                "trail": mode,
                "kms_key_arn": key,
            }
            if trail_arn is not None:
                made["trail_arn"] = trail_arn
            self.data_sources[f"{access['account']}/{word}"] = SchemaRegistryDataSource(
                f"{self._name}-{access['account']}-{word}", made, child(self, depends_on=before)
            )

    def _targets(self, member: MemberArgs, before: list[pulumi.Resource]) -> None:
        access = member["access"]
        for word, target in sorted(member.get("targets", {}).items()):
            self.targets[f"{access['account']}/{word}"] = StreamSubscriptionTarget(
                f"{self._name}-{access['account']}-target-{word}",
                {
                    **{key: value for key, value in target.items() if key != "delivery"},  # type: ignore[typeddict-item]
                    "account": self._account(access),
                    "domain_id": self._args["domain"]["domain_id"],
                },
                child(self, depends_on=before),
            )

    # --- what people make of it -----------------------------------------------------------------------------------
    def _destroy_guard(self, types: list[pulumi.Resource]) -> None:
        """The guard that a destroy meets first, while everything else is still there."""
        parts = guarded_parts(self._args, self.asset_types, self.targets, set(self.trails))
        if not parts:
            return
        further: list[pulumi.Resource | None] = [self._central_authorizer, *self.environments.values()]
        further += [*self.trails.values(), *self.data_sources.values(), *self.targets.values()]
        made = {
            "region": self._args["region"],
            "domain_id": self._args["domain"]["domain_id"],
            "on_destroy": self._args.get("on_destroy", REFUSE),
            "parts": parts,
            **of_deployment(self._args),
        }
        for key in ("namespace", "partition"):
            if key in self._args:
                made[key] = self._args[key]
        # Whatever it does not stand behind could be gone before it refuses.
        before = [*self._made, *types, *(item for item in further if item is not None)]
        DestroyGuard(f"{self._name}-destroy-guard", made, child(self, depends_on=before))


def _governed_sources(member: MemberArgs) -> list[GovernedSourceArgs]:
    """What the account's data sources may speak for."""
    return [
        {
            "platform": source["platform"],
            "registry_name": source["registry_name"],
            "resource": source["resource"],
            "topics": source.get("topics", []),
            "without_schema": source.get("without_schema", False),
        }
        for _, source in sorted(member.get("data_sources", {}).items())
    ]
