"""The facade over its cases: all accounts from one program, a domain's own stack, a member's own stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from streamgov_core.deploy.data_source_permissions import ASSET_OPERATIONS
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.errors import ConfigError
from streamgov_pulumi import CentralAuthorizer, EnvironmentAuthorizer, StreamGovernance, StreamRequestForm
from streamgov_pulumi.components import data_source
from streamgov_pulumi.components._settings import ComponentAccountArgs
from streamgov_pulumi.components.association import V2_PERMISSION, DomainAssociation
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.lookups import TrailLookup
from tests.unit.components.graph import Graph, run

DOMAIN, MEMBER = "444455556666", "777788889999"
ROLE = f"arn:aws:iam::{MEMBER}:role/jobs/reader"


def member(**more: Any) -> MemberArgs:
    made: dict[str, Any] = {
        "access": {"account": MEMBER, "assume_role_arn": f"arn:aws:iam::{MEMBER}:role/deploy", "external_id": "x-1"},
        "data_sources": {
            "orders": {
                "platform": "msk",
                "registry_name": "orders",
                "resource": "orders-cluster",
                "topics": ["orders.*"],
                "project_id": "project1",
            }
        },
        "targets": {"lake": {"platform": "msk", "environment_id": "environment1", "principals": [ROLE]}},
        **more,
    }
    return made  # type: ignore[return-value]


def arguments(**more: Any) -> StreamGovernanceArgs:
    made: dict[str, Any] = {
        "region": "eu-west-1",
        "domain": {
            "access": {"account": DOMAIN},
            "domain_id": "dzd-4p9n6sw4qt9xgn",
            "types_project_id": "project0",
        },
        "members": [member()],
        "platforms": ["msk"],
        **more,
    }
    return made  # type: ignore[return-value]


def graph_of(args: StreamGovernanceArgs, read: Callable[[StreamGovernance], dict[str, Any]] | None = None) -> Graph:
    def program() -> dict[str, Any]:
        made = StreamGovernance("gov", args)
        return read(made) if read else {}

    return run(program)


@pytest.fixture(scope="module")
def everything(no_bundles: None) -> Graph:
    return graph_of(arguments())


def test_all_accounts_from_one_program(everything: Graph) -> None:
    assert {item.account for item in everything.aws()} == {DOMAIN, MEMBER}
    share = everything.one("aws:ram/resourceAssociation:ResourceAssociation", "gov-association-domain")
    assert share.inputs["resourceArn"] == f"arn:aws:datazone:eu-west-1:{DOMAIN}:domain/dzd-4p9n6sw4qt9xgn"
    accepter = everything.one(
        "aws:ram/resourceShareAccepter:ResourceShareAccepter", f"gov-{MEMBER}-association-accepter"
    )
    assert accepter.account == MEMBER
    assert everything.names("aws:kms/key:Key") == [f"gov-{MEMBER}-key", "gov-domain-key"]
    tables = {table.inputs["name"]: table.inputs for table in everything.all("aws:dynamodb/table:Table")}
    unprotected = [name for name, inputs in tables.items() if not inputs["deletionProtectionEnabled"]]
    assert all(name.endswith("-runs") and "-sync-" in name for name in unprotected), "what lies there lasts two days"


@pytest.mark.parametrize(("version", "permissions"), [("V1", []), ("V2", [V2_PERMISSION])])
def test_a_share_has_the_permission_for_the_domains_version(
    no_bundles: None, version: str, permissions: list[str]
) -> None:
    def program() -> None:
        DomainAssociation(
            "share",
            {
                "account": {"region": "eu-west-1", "account_id": DOMAIN},
                "domain_arn": f"arn:aws:datazone:eu-west-1:{DOMAIN}:domain/dzd-4p9n6sw4qt9xgn",
                "domain_version": version,
                "member_accounts": [MEMBER],
            },
        )

    share = run(program).one("aws:ram/resourceShare:ResourceShare", "share-share")
    wanted = [f"arn:aws:ram::aws:permission/{name}" for name in permissions]
    assert (share.inputs.get("permissionArns") or []) == wanted


def test_a_target_by_project_looks_its_tooling_up(no_bundles: None) -> None:
    target = {"platform": "msk", "project_id": "project2", "delivery": "accessRole"}
    graph = graph_of(arguments(members=[member(targets={"lake": target})]))
    name = f"gov-{MEMBER}-target-lake"
    looked = graph.one("pulumi-python:dynamic/streamgov:ProjectEnvironment", f"{name}-environment")
    assert looked.inputs["project_id"] == "project2"
    made = graph.one("pulumi-python:dynamic/streamgov:SubscriptionTarget", name)
    assert made.inputs["authorized_principals"] == ["role-of-project2"]
    assert made.inputs["environment_id"] == "environment-of-project2"
    pattern = f"arn:aws:iam::{MEMBER}:role/datazone_usr_role_project2_*"
    assert json.loads(graph.variables(f"gov-{MEMBER}-apply")["STREAMGOV_DELIVERIES"]) == {pattern: "accessRole"}


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ({}, "name either environment_id, with principals, or project_id"),
        ({"environment_id": "e", "project_id": "p"}, "name either environment_id"),
        ({"environment_id": "e"}, "principals must name the roles of environment_id"),
    ],
)
def test_a_target_names_an_environment_or_a_project(no_bundles: None, target: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        graph_of(arguments(members=[member(targets={"lake": {"platform": "msk", **target}})]))


def test_dynamic_resources_reach_the_right_account(everything: Graph) -> None:
    target = everything.one("pulumi-python:dynamic/streamgov:SubscriptionTarget", f"gov-{MEMBER}-target-lake")
    assert target.inputs["assume_role_arn"] == f"arn:aws:iam::{MEMBER}:role/deploy"
    assert target.inputs["external_id"] == "x-1"
    assert target.inputs["region"] == "eu-west-1"
    membership = everything.one("pulumi-python:dynamic/streamgov:ProjectMembership", f"gov-{MEMBER}-orders-membership")
    assert "assume_role_arn" not in membership.inputs
    assert membership.inputs["project_id"] == "project1"


def test_without_further_word_only_the_principals_may_be_given_access(everything: Graph) -> None:
    variables = everything.variables(f"gov-{MEMBER}-apply")
    assert variables["STREAMGOV_CONSUMER_ROLES"] == f'["{ROLE}"]'
    assert variables["STREAMGOV_REQUIRE_BOUNDARY"] == "true"


def test_the_domains_own_stack() -> None:
    domain = {"access": {"account": DOMAIN}, "domain_id": "dzd-4p9n6sw4qt9xgn", "types_project_id": "project0"}
    graph = graph_of(arguments(domain=domain, members=[{"access": {"account": MEMBER}, "deploy": False}]))
    assert {item.account for item in graph.aws()} == {DOMAIN}
    assert graph.names("aws:sfn/stateMachine:StateMachine") == ["gov-central-machine"]
    callback = graph.one("aws:iam/role:Role", "gov-central-callback")
    assert f"arn:aws:iam::{MEMBER}:root" in callback.inputs["assumeRolePolicy"]
    assert graph.one("aws:ram/principalAssociation:PrincipalAssociation", f"gov-association-account-{MEMBER}")
    assert not graph.all("aws:ram/resourceShareAccepter:ResourceShareAccepter")


def test_a_members_own_stack() -> None:
    domain = {"access": {"account": DOMAIN}, "domain_id": "dzd-4p9n6sw4qt9xgn", "deploy": False}
    share = f"arn:aws:ram:eu-west-1:{DOMAIN}:resource-share/11111111-2222-3333-4444-555555555555"
    graph = graph_of(arguments(domain=domain, members=[member(accept_share_arn=share)]))
    assert {item.account for item in graph.aws()} == {MEMBER}
    accepter = graph.one("aws:ram/resourceShareAccepter:ResourceShareAccepter", f"gov-{MEMBER}-association-accepter")
    assert accepter.inputs["shareArn"] == share
    # Only the domain's team can make members of projects.
    assert not graph.all("pulumi-python:dynamic/streamgov:ProjectMembership")
    assert not graph.all("pulumi-python:dynamic/streamgov:FormType")
    invoke = graph.one("aws:iam/role:Role", f"gov-{MEMBER}-member-invoke")
    assert f"arn:aws:iam::{DOMAIN}:root" in invoke.inputs["assumeRolePolicy"]


def test_a_domain_that_is_its_own_member_has_one_key_and_no_share() -> None:
    own = member()
    own["access"] = {"account": DOMAIN}
    own["targets"] = {}
    graph = graph_of(arguments(members=[own]))
    assert len(graph.all("aws:kms/key:Key")) == 1
    assert not graph.all("aws:ram/resourceShare:ResourceShare")
    assert len(graph.all("pulumi:providers:aws")) == 1


def test_two_deployments_in_one_account_share_no_physical_name() -> None:
    def physical(namespace: str) -> set[tuple[str, str, str]]:
        graph = graph_of(arguments(namespace=namespace))
        named = [item for item in graph.resources if isinstance(item.inputs.get("name"), str)]
        generic = {"aws:iam/rolePolicy:RolePolicy"}
        return {(i.type, i.account, i.inputs["name"]) for i in named if i.type not in generic}

    first, second = physical("team-a"), physical("team-b")
    assert first.isdisjoint(second), first & second


def test_logical_names_do_not_change_with_the_namespace(everything: Graph) -> None:
    other = graph_of(arguments(namespace="team-a"))
    assert other.lines() == everything.lines()


def test_within_an_organisation_nobody_accepts() -> None:
    args = arguments()
    args["domain"]["within_organization"] = True
    args["domain"]["organization_id"] = "o-abcdefghij"
    graph = graph_of(args)
    assert not graph.all("aws:ram/resourceShareAccepter:ResourceShareAccepter")
    share = graph.one("aws:ram/resourceShare:ResourceShare", "gov-association-share")
    assert share.inputs["allowExternalPrincipals"] is False
    callback = graph.one("aws:iam/role:Role", "gov-central-callback")
    assert "o-abcdefghij" in callback.inputs["assumeRolePolicy"]


def test_types_may_be_offered_to_a_domain_unit() -> None:
    args = arguments(members=[])
    args["domain"]["usable_in_domain_unit"] = "unit1"
    graph = graph_of(args)
    grant = graph.one("aws:datazone/policyGrant:PolicyGrant", "gov-msk-types-usable")
    assert grant.inputs["policyType"] == "USE_ASSET_TYPE"
    assert grant.inputs["entityIdentifier"] == "MskTopicAssetType"
    assert grant.inputs["detail"] == {"useAssetType": {"domainUnitId": "unit1"}}
    assert grant.inputs["principal"]["project"]["domainUnitFilter"]["domainUnit"] == "unit1"


def test_the_role_of_a_target_serves_one_domain_and_may_do_nothing(everything: Graph) -> None:
    role = everything.one("aws:iam/role:Role", f"gov-{MEMBER}-target-lake-manage-access")
    [statement] = role.document("assumeRolePolicy")["Statement"]
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:datazone:eu-west-1:*:domain/dzd-4p9n6sw4qt9xgn"}
    }
    assert role.inputs["path"] == "/"
    assert not [item for item in everything.all("aws:iam/rolePolicy:RolePolicy") if item.parent == role.parent]


def test_the_workflows_settings_reach_the_central_machine() -> None:
    args = arguments(on_destroy="cascade")
    args["domain"] |= {"reconcile_schedule": "rate(15 minutes)", "reconcile_repairs": False, "allow_breaking": True}
    args["domain"]["grants"] = {"longest": "90d", "default": "30d"}
    graph = graph_of(args)
    variables = graph.one("aws:lambda/function:Function", "gov-central-collect").inputs["environment"]
    assert {"STREAMGOV_LONGEST_DAYS": "90", "STREAMGOV_DEFAULT_DAYS": "30"}.items() <= variables["variables"].items()
    rule = graph.one("aws:cloudwatch/eventRule:EventRule", "gov-central-reconcile")
    assert rule.inputs["scheduleExpression"] == "rate(15 minutes)"
    aim = graph.one("aws:cloudwatch/eventTarget:EventTarget", "gov-central-reconcile-target")
    assert json.loads(aim.inputs["input"])["dryRun"] is True
    assert {item.inputs["allow_breaking"] for item in graph.all("pulumi-python:dynamic/streamgov:FormType")} == {True}
    args["domain"]["reconcile_schedule"] = ""
    never = graph_of(args).names("aws:cloudwatch/eventRule:EventRule")
    assert "gov-central-reconcile" not in never


def test_the_guard_knows_what_lives_in_each_account(everything: Graph) -> None:
    guard = everything.one("pulumi-python:dynamic/streamgov:DestroyGuard", "gov-destroy-guard")
    assert guard.inputs["on_destroy"] == "refuse"
    domain, account = guard.inputs["parts"]
    assert domain == {"account": DOMAIN, "sides": ["domain"], "asset_types": ["MskTopicAssetType"]}
    assert (account["account"], account["sides"]) == (MEMBER, ["member"])
    assert "trail" not in account
    assert account["assume_role_arn"] == f"arn:aws:iam::{MEMBER}:role/deploy"
    assert account["record_keys"] == ["dzd-4p9n6sw4qt9xgn#registry/orders"]
    assert [target["environment_id"] for target in account["targets"]] == ["environment1"]
    # An account that only runs the workflow holds a ledger.
    bare = graph_of(arguments(members=[member(targets={}, data_sources={})]))
    [_, ledger] = bare.one("pulumi-python:dynamic/streamgov:DestroyGuard", "gov-destroy-guard").inputs["parts"]
    assert ledger["sides"] == ["member"]
    assert "targets" not in ledger


def without_schema(**more: Any) -> MemberArgs:
    """The account's data source, which also covers topics without schema."""
    source: Any = {**member()["data_sources"]["orders"], "without_schema": True, **more}
    return member(data_sources={"orders": source})


def test_records_of_topics_without_schema_are_guarded_too() -> None:
    graph = graph_of(arguments(members=[without_schema()]))
    guard = graph.one("pulumi-python:dynamic/streamgov:DestroyGuard", "gov-destroy-guard")
    domain = "dzd-4p9n6sw4qt9xgn"
    assert guard.inputs["parts"][1]["record_keys"] == [f"{domain}#registry/orders", f"{domain}#-"]


@pytest.mark.parametrize("known", [True, False])
def test_the_function_that_grants_knows_what_the_data_sources_may_speak_for(known: bool) -> None:
    cluster = f"arn:aws:kafka:eu-west-1:{MEMBER}:cluster/orders/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7"

    def program() -> dict[str, Any]:
        resource: Any = cluster if known else pulumi.Output.from_input(cluster)
        StreamGovernance("gov", arguments(members=[without_schema(resource=resource)]))
        return {}

    graph = run(program)
    apply = graph.variables(f"gov-{MEMBER}-apply")
    patterns = (f"{cluster.replace(':cluster/', ':topic/')}/orders.*",)
    assert ApplySettings.from_environment(apply).claimable == {"orders": patterns, "-": patterns}


@pytest.mark.parametrize(
    ("change", "cause"),
    [({"topics": []}, "must name in 'topics'"), ({"platform": "kinesis"}, "topics are for MSK")],
)
def test_a_program_must_say_what_a_data_source_may_speak_for(change: dict[str, Any], cause: str) -> None:
    with pytest.raises(ConfigError, match=cause):
        graph_of(arguments(members=[without_schema(**change)]))


def test_the_logs_of_a_trail_are_guarded_as_long_as_they_are_kept() -> None:
    def trail(protection: bool) -> Any:
        made = arguments(members=[member(trail="create")])
        guard = graph_of({**made, "deletion_protection": protection}).one(
            "pulumi-python:dynamic/streamgov:DestroyGuard", "gov-destroy-guard"
        )
        return guard.inputs["parts"][1].get("trail")

    assert trail(True) is True
    assert trail(False) is None


def test_the_guard_stands_behind_everything_else(everything: Graph) -> None:
    """Or a part of the stack would be gone before the guard refuses."""
    guard = everything.one("pulumi-python:dynamic/streamgov:DestroyGuard", "gov-destroy-guard")
    real = {
        item.name
        for item in everything.resources
        if not item.type.startswith(("pulumi:", "streamgov:")) and item is not guard
    }
    assert real - guard.dependencies == set()


def test_the_workflows_functions_are_members_by_what_they_call() -> None:
    args = arguments()
    args["domain"]["member_projects"] = {"lake": "project1"}
    made = graph_of(args).all("pulumi-python:dynamic/streamgov:ProjectMembership")
    named = {item.name: item.inputs for item in made if "-in-lake" in item.name}
    assert named["gov-central-report-in-lake"]["operations"] == [
        "GetSubscriptionGrant",
        "GetUserProfile",
        "PostLineageEvent",
        "UpdateSubscriptionGrantStatus",
    ]
    assert named["gov-central-report-in-lake"]["designation_name"] == f"streamgov-report {DOMAIN} eu-west-1"
    assert len({item["designation_name"] for item in named.values()}) == 3
    args["domain"]["own_designations"] = False
    for item in graph_of(args).all("pulumi-python:dynamic/streamgov:ProjectMembership"):
        assert (item.inputs["designation"], item.inputs.get("operations")) == ("PROJECT_CONTRIBUTOR", None)


WRITERS = "pulumi-python:dynamic/streamgov:TypeDesignation"
MEMBERSHIP = "pulumi-python:dynamic/streamgov:ProjectMembership"
WRITING = {
    "designation": "PROJECT_CONTRIBUTOR",
    "operations": list(ASSET_OPERATIONS),
    "designation_name": "streamgov-sync-msk",
    "asset_type": "MskTopicAssetType",
}


def test_data_sources_are_members_by_the_designation_of_their_asset_type() -> None:
    args = arguments(platforms=["kinesis", "msk"])
    args["domain"]["usable_in_domain_unit"] = "unit1"
    graph = graph_of(args)
    assert graph.names(WRITERS) == ["gov-kinesis-types-writers", "gov-msk-types-writers"]
    made = graph.one(WRITERS, "gov-msk-types-writers")
    assert made.inputs["name"] == WRITING["designation_name"]
    assert made.inputs["asset_type"] == WRITING["asset_type"]
    assert made.inputs["operations"] == WRITING["operations"]
    assert (made.inputs["owning_project_id"], made.inputs["domain_unit_id"]) == ("project0", "unit1")
    assert "gov-msk-types" in made.dependencies
    held = graph.one(MEMBERSHIP, f"gov-{MEMBER}-orders-membership")
    assert {key: held.inputs[key] for key in WRITING} == WRITING
    # It finds the designation by its name, so that is made first.
    assert "gov-msk-types-writers" in held.dependencies


def test_data_sources_may_be_contributors() -> None:
    args = arguments()
    args["domain"]["own_designations"] = False
    args["domain"]["contributors"] = {
        "other": {"project_id": "project1", "role_arn": f"arn:aws:iam::{DOMAIN}:role/sync", "platform": "msk"}
    }
    graph = graph_of(args)
    assert graph.all(WRITERS) == []
    for item in graph.all(MEMBERSHIP):
        assert (item.inputs["designation"], item.inputs.get("designation_name")) == ("PROJECT_CONTRIBUTOR", None)
        assert item.inputs.get("asset_type") is None


def test_a_data_source_of_another_stack_is_a_member_by_that_designation_too() -> None:
    args = arguments(members=[{"access": {"account": MEMBER}, "deploy": False}])
    role = f"arn:aws:iam::{MEMBER}:role/streamgov/streamgov/streamgov-eu-west-1-sync-orders"
    args["domain"]["contributors"] = {"orders": {"project_id": "project1", "role_arn": role, "platform": "msk"}}
    handed_over = graph_of(args).one(MEMBERSHIP, "gov-contributor-orders")
    assert {key: handed_over.inputs[key] for key in WRITING} == WRITING
    assert "gov-msk-types-writers" in handed_over.dependencies
    # A stack that may act in the domain's account makes its own member, and never the designation.
    access = {"account": DOMAIN, "assume_role_arn": f"arn:aws:iam::{DOMAIN}:role/members"}
    domain = {"access": access, "domain_id": "dzd-4p9n6sw4qt9xgn", "deploy": False}
    own = graph_of(arguments(domain=domain))
    assert own.all(WRITERS) == []
    [membership] = own.all(MEMBERSHIP)
    assert {key: membership.inputs[key] for key in WRITING} == WRITING


def test_memberships_across_stacks() -> None:
    role = f"arn:aws:iam::{MEMBER}:role/streamgov/streamgov/streamgov-eu-west-1-sync-orders"
    args = arguments(members=[{"access": {"account": MEMBER}, "deploy": False}])
    args["domain"]["contributors"] = {"orders": {"project_id": "project1", "role_arn": role}}
    made = graph_of(args).one("pulumi-python:dynamic/streamgov:ProjectMembership", "gov-contributor-orders")
    assert (made.inputs["project_id"], made.inputs["user_identifier"]) == ("project1", role)
    # Handed over by a release that told no platform: as it was.
    assert "designation_name" not in made.inputs and made.inputs["designation"] == "PROJECT_CONTRIBUTOR"
    # What a refusal names as the way must be one; saying nothing is no change of what is deployed.
    assert "adopt_existing" not in made.inputs
    args["domain"]["adopt_existing"] = True
    adopting = graph_of(args).one("pulumi-python:dynamic/streamgov:ProjectMembership", "gov-contributor-orders")
    assert adopting.inputs["adopt_existing"] is True

    domain_role = f"arn:aws:iam::{DOMAIN}:role/members"
    access = {"account": DOMAIN, "assume_role_arn": domain_role}
    domain = {"access": access, "domain_id": "dzd-4p9n6sw4qt9xgn", "deploy": False}
    own = graph_of(arguments(domain=domain, members=[member(targets={})]))
    [membership] = own.all("pulumi-python:dynamic/streamgov:ProjectMembership")
    assert membership.inputs["assume_role_arn"] == domain_role


def events(graph: Graph) -> list[str]:
    return [
        item.name for item in graph.all("aws:cloudwatch/eventRule:EventRule") if "-orders-schema-events" in item.name
    ]


def schema_events(governance: StreamGovernance) -> dict[str, Any]:
    return {"events": governance.data_sources[f"{MEMBER}/orders"].schema_events}


def test_without_a_trail_the_rules_stay_silent_and_somebody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, resource=None: told.append(text))
    graph = graph_of(arguments(), schema_events)
    assert events(graph) == [f"gov-{MEMBER}-orders-schema-events"]
    assert graph.outputs == {"events": "schedule only"}
    assert told == [
        "No trail here. Schema changes are therefore seen by the schedule only; set trail to 'create' for a trail of "
        "our own, or to 'none' to silence this"
    ]


def test_a_trail_that_is_found_is_relied_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def find(settings: Any) -> TrailLookup:
        asked.append(settings)
        return TrailLookup("arn:aws:cloudtrail:eu-west-1:777788889999:trail/org")

    monkeypatch.setattr(data_source, "find_trail", find)
    graph = graph_of(arguments(), schema_events)
    assert len(events(graph)) == 1
    assert graph.outputs == {"events": "arn:aws:cloudtrail:eu-west-1:777788889999:trail/org"}
    assert (asked[0].assume_role_arn, asked[0].external_id) == (f"arn:aws:iam::{MEMBER}:role/deploy", "x-1")


def test_a_trail_of_our_own_is_one_for_the_account() -> None:
    sources = member()["data_sources"]
    two = {**sources, "payments": {**sources["orders"], "registry_name": "payments"}}
    graph = graph_of(arguments(members=[member(trail="create", data_sources=two)]))
    assert graph.names("aws:cloudtrail/trail:Trail") == [f"gov-{MEMBER}-trail"]
    bucket = graph.one("aws:s3/bucket:Bucket", f"gov-{MEMBER}-trail-bucket")
    assert len(bucket.inputs["bucket"]) <= 63
    assert bucket.inputs["forceDestroy"] is False
    functions = [i.inputs["name"] for i in graph.all("aws:lambda/function:Function") if "-sync" in i.name]
    assert sorted(functions) == ["streamgov-sync-orders", "streamgov-sync-payments"]


def test_mistakes_in_arguments_are_clear() -> None:
    args = arguments(members=[])
    del args["domain"]["types_project_id"]
    with pytest.raises(ConfigError, match=r"domain\.types_project_id is needed"):
        graph_of(args)
    with pytest.raises(ConfigError, match="unknown streaming platform 'pulsar'; there are"):
        graph_of(arguments(platforms=["pulsar"]))
    with pytest.raises(ConfigError, match="must be the 12 digits of an AWS account id, got '77778888999'"):
        graph_of(arguments(members=[{"access": {"account": "77778888999"}}]))
    with pytest.raises(ConfigError, match="described twice"):
        graph_of(arguments(members=[{"access": {"account": DOMAIN, "profile": "other"}}]))
    with pytest.raises(ConfigError, match="log_retention_days must be one of"):
        graph_of(arguments(log_retention_days=8))


@pytest.mark.parametrize("pattern", [f"arn:aws:iam::{MEMBER}:role/*", f"arn:aws:iam::{MEMBER}:role/**/*"])
def test_every_role_of_an_account_is_a_consumer_only_if_the_program_says_so(pattern: str) -> None:
    roles = [ROLE, pattern]
    with pytest.raises(ConfigError, match=rf"consumer_roles of account {MEMBER}: covers every role.*allow_any_role"):
        graph_of(arguments(members=[member(consumer_roles=roles)]))
    graph = graph_of(arguments(members=[member(consumer_roles=roles, allow_any_role=True)]))
    assert json.loads(graph.variables(f"gov-{MEMBER}-apply")["STREAMGOV_CONSUMER_ROLES"]) == sorted(roles)


def test_grants_are_made_at_approval_unless_the_target_says_otherwise(everything: Graph) -> None:
    type_, key = "pulumi-python:dynamic/streamgov:SubscriptionTarget", "subscription_grant_creation_mode"
    assert everything.one(type_, f"gov-{MEMBER}-target-lake").inputs[key] == "AUTOMATIC"
    by_hand = member()
    by_hand["targets"]["lake"]["grant_creation_mode"] = "MANUAL"
    graph = graph_of(arguments(members=[by_hand]))
    assert graph.one(type_, f"gov-{MEMBER}-target-lake").inputs[key] == "MANUAL"


FORM, RULE = "pulumi-python:dynamic/streamgov:FormType", "pulumi-python:dynamic/streamgov:Rule"


def test_people_can_ask_with_a_form_and_need_not(everything: Graph) -> None:
    form = everything.one(FORM, "gov-request-form")
    assert form.inputs["name"] == "StreamAccessRequestFormType"
    assert form.inputs["owning_project_id"] == "project0"
    assert "until: String" in form.inputs["model"]
    assert not everything.all(RULE)


def test_a_rule_makes_them_use_it() -> None:
    args = arguments(platforms=["kinesis", "msk"], namespace="team-a")
    args["domain"] |= {"request_form": {"use": "required", "data_products": True}, "adopt_existing": True}
    graph = graph_of(args, lambda made: {"form": made.request_form_name})
    rule = graph.one(RULE, "gov-request-form-rule")
    name = graph.one(FORM, "gov-request-form").inputs["name"]
    assert rule.inputs["metadata_forms"] == [{"type_identifier": name, "type_revision": "1"}]
    assert graph.outputs["form"] == name
    types = [item.inputs["name"] for item in graph.all("pulumi-python:dynamic/streamgov:AssetType")]
    assert rule.inputs["asset_types"] == sorted(types)
    assert (rule.inputs["action"], rule.inputs["data_products"]) == ("CREATE_SUBSCRIPTION_REQUEST", True)
    assert rule.inputs["adopt_existing"] is True
    assert rule.inputs["name"] == "team-a-request-form"
    # Without a unit the provider finds the root.
    assert "domain_unit_id" not in rule.inputs
    assert {"gov-request-form", "gov-msk-types", "gov-kinesis-types"} <= rule.dependencies


def test_the_request_forms_mistakes_are_told_at_preview() -> None:
    args = arguments()
    args["domain"]["request_form"] = {"use": "always"}
    with pytest.raises(ConfigError, match="use of the request form must be one of optional, required, got 'always'"):
        graph_of(args)

    def nothing_to_ask_for() -> dict[str, Any]:
        StreamRequestForm(
            "form",
            {
                "account": {"region": "eu-west-1", "account_id": DOMAIN},
                "domain_id": "dzd-1",
                "owning_project_id": "project0",
                "use": "required",
            },
        )
        return {}

    with pytest.raises(ConfigError, match="asset_types of the request form is needed if the form is required"):
        run(nothing_to_ask_for)


TAKEN_OVER = (
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:sfn/stateMachine:StateMachine",
    "aws:iam/rolePolicy:RolePolicy",
)
"""What a second maker of the same name takes over, at once or if it looks alike."""
MADE_ONCE = (
    "aws:iam/role:Role",
    "aws:dynamodb/table:Table",
    "aws:lambda/function:Function",
    "aws:lambda/permission:Permission",
)
"""What a second maker of the same name is refused."""


def before(graph: Graph, name: str) -> set[str]:
    """Everything that a resource stands behind."""
    known = {item.name: item for item in graph.resources}
    found: set[str] = set()
    left = [name]
    while left:
        for earlier in known[left.pop()].dependencies & set(known) - found:
            found.add(earlier)
            left.append(earlier)
    return found


def test_everything_stands_behind_the_namespaces_markers(everything: Graph) -> None:
    markers = {
        item.name for item in everything.resources if item.type == "pulumi-python:dynamic/streamgov:DeploymentMarker"
    }
    assert markers == {f"gov-{DOMAIN}-domain-marker", f"gov-{MEMBER}-member-marker"}
    marker = everything.one("pulumi-python:dynamic/streamgov:DeploymentMarker", f"gov-{MEMBER}-member-marker")
    assert marker.inputs["owner"] == "organization/streamgov/test"
    assert (marker.inputs["namespace"], marker.inputs["account"]) == ("streamgov", MEMBER)
    assert marker.inputs["assume_role_arn"] == f"arn:aws:iam::{MEMBER}:role/deploy"
    for item in everything.resources:
        if item.name not in markers and not item.type.startswith(("pulumi:", "streamgov:")):
            assert markers <= item.dependencies, item.name


def test_a_component_alone_takes_nothing_over_first() -> None:
    """Without the facade there is no marker: what is refused comes before what is taken over."""

    def program() -> dict[str, Any]:
        account: ComponentAccountArgs = {"account_id": DOMAIN, "region": "eu-west-1"}
        CentralAuthorizer(
            "central", {"account": account, "domain_id": "dzd-4p9n6sw4qt9xgn", "member_accounts": [MEMBER]}
        )
        EnvironmentAuthorizer(
            "member", {"account": account, "domain_id": "dzd-4p9n6sw4qt9xgn", "domain_account": DOMAIN}
        )
        return {}

    graph = run(program)
    once = {item.name for item in graph.resources if item.type in MADE_ONCE}
    taken = [item for item in graph.resources if item.type in TAKEN_OVER]
    assert {item.type for item in taken} == set(TAKEN_OVER)
    for item in taken:
        assert before(graph, item.name) & once, item.name
