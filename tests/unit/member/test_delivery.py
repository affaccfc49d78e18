"""Which way a grant reaches a role, and what the access role's document says, judged by AWS's own policies."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import pytest

from iam_evaluation import Context, PolicySet, Principal, Request, Source, decide, parse_mapping
from streamgov_core.deploy.access_role_permissions import access_boundary
from streamgov_core.member.delivery import PrincipalPolicies
from streamgov_core.member.role_gateway import RoleInfo
from streamgov_core.model.assuming_role import PROJECT_TAG, AssumingRole
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms.msk.vpc_connections import OWNER_ACTIONS
from tests.unit.grants.fakes import CLUSTER, CONSUMER, NAMES, OWNER, PROJECT, ROLE, SERVERLESS, command, schema_of
from tests.unit.member.test_apply import Member, untouched

STUDIO = f"arn:aws:iam::{CONSUMER}:role/datazone_usr_role_{PROJECT}_env1"
ACCESS_ROLE = NAMES.access_role_arn(OWNER, CONSUMER, PROJECT)
TOPIC = CLUSTER.replace(":cluster/", ":topic/") + "/orders"
BOUNDARY = "arn:aws:iam::aws:policy/SageMakerStudioProjectUserRolePermissionsBoundary"


@cache
def aws_policy(name: str) -> dict[str, Any]:
    """A managed policy of AWS, as the emulator pins it."""
    text = resources.files("aws_emulator.managed_policies").joinpath(f"{name}.json").read_text()
    return dict(json.loads(text)["Document"])


def studio_role(**changes: Any) -> PrincipalPolicies:
    """A project's role as SageMaker Unified Studio makes it."""
    tags = changes.pop("tags", {PROJECT_TAG: PROJECT})
    made: dict[str, Any] = {
        "info": RoleInfo(STUDIO, BOUNDARY, role_id="AROASTUDIO", tags=tags),
        "identity": [("SageMakerStudioProjectUserRolePolicy", aws_policy("SageMakerStudioProjectUserRolePolicy"))],
        "boundary": aws_policy("SageMakerStudioProjectUserRolePermissionsBoundary"),
    }
    return PrincipalPolicies(**{**made, **changes})


def known(member: Member, policies: PrincipalPolicies) -> None:
    name = policies.info.arn.rsplit("/", 1)[1]
    member.gateway.iam.roles[name] = policies.info
    member.gateway.principals[name] = policies


def undecided(role: str = STUDIO, **how: Any) -> GrantCommand:
    made = command(principals=(role,), **how)
    return replace(made, consumer=replace(made.consumer, assuming=None))


def consumer_account(**settings: Any) -> Member:
    return Member(CONSUMER, boundary=NAMES.policy_arn(CONSUMER, "consumer-boundary"), **settings)


def told(member: Member, order: GrantCommand) -> dict[str, Any]:
    return member.run(order.for_side("prepare", "GRANT", 1, CONSUMER))


def test_a_studio_role_is_told_to_assume_an_access_role() -> None:
    member = consumer_account()
    known(member, studio_role())
    answer = told(member, undecided())
    assert answer["status"] == "APPLIED", answer
    assert answer["details"]["assuming"] == [
        {"role": STUDIO, "roleId": "AROASTUDIO", "project": PROJECT, "tagged": True}
    ]
    assert untouched(member)


def test_a_role_under_our_boundary_is_given_access_itself() -> None:
    member = consumer_account()
    known(member, PrincipalPolicies(RoleInfo(ROLE, NAMES.policy_arn(CONSUMER, "consumer-boundary"))))
    assert told(member, undecided(ROLE))["details"] == {"assuming": [], "warnings": []}


def test_a_role_with_long_sessions_is_told_that_chained_ones_end_after_an_hour() -> None:
    member = consumer_account()
    info = replace(studio_role().info, longest_session=43_200)
    known(member, studio_role(info=info))
    (warning,) = told(member, undecided())["details"]["warnings"]
    assert f"sessions of {STUDIO} may last 43200 s" in warning and "ends after 3600 s" in warning
    known(member, studio_role())
    assert told(member, undecided())["details"]["warnings"] == []


BYO = f"arn:aws:iam::{CONSUMER}:role/streaming/byo"


def byo(*statements: dict[str, Any], boundary: str = "") -> PrincipalPolicies:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return PrincipalPolicies(RoleInfo(BYO, boundary, role_id="AROABYO"), [("own", document)], document)


ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


@pytest.mark.parametrize(
    ("policies", "settings", "sentence"),
    [
        (
            byo(),
            {},
            r"must carry the permissions boundary .*; and .*/byo cannot assume the access role .*identity-based",
        ),
        (byo(), {"consumer_roles": ()}, r"not among the consumer roles .*; and .* cannot assume the access role"),
        (byo(ASSUME), {"deliveries": {BYO: "direct"}}, r"must carry the permissions boundary [^;]*$"),
        (
            byo(),
            {"deliveries": {"*/byo": "accessRole"}},
            r"^arn:aws:iam::333333333333:role/streaming/byo cannot assume",
        ),
        (
            byo({**ASSUME, "Effect": "Deny"}, ASSUME),
            {"deliveries": {BYO: "accessRole"}},
            r"explicitly denied sts:AssumeRole",
        ),
        (
            studio_role(tags={PROJECT_TAG: "another"}),
            {},
            r"carries the tag AmazonDataZoneProject of project another; it cannot assume",
        ),
        (
            studio_role(boundary=None),
            {},
            r"cannot assume .*the role's permissions boundary does not allow it",
        ),
    ],
)
def test_a_role_that_can_do_neither_is_refused_with_the_reason(
    policies: PrincipalPolicies, settings: dict[str, Any], sentence: str
) -> None:
    member = consumer_account()
    member.settings = replace(member.settings, **settings)
    known(member, policies)
    answer = told(member, undecided(policies.info.arn))
    assert answer["status"] == "REJECTED"
    assert re.search(sentence, answer["cause"]), answer["cause"]
    assert untouched(member)


def test_a_role_that_is_not_named_may_still_assume() -> None:
    member = consumer_account()
    member.settings = replace(member.settings, consumer_roles=())
    known(member, byo(ASSUME))
    assert [item["role"] for item in told(member, undecided(BYO))["details"]["assuming"]] == [BYO]


def test_our_own_roles_are_refused_either_way() -> None:
    member = consumer_account()
    own = NAMES.role_arn(CONSUMER, "apply")
    assert "never receives access" in told(member, undecided(own))["cause"]


# --- the owner's account ----------------------------------------------------------------------------------------------
def prepared(*roles: AssumingRole) -> list[dict[str, Any]]:
    details = {"assuming": [role.to_message() for role in roles]}
    return [{"side": "prepare", "outcome": {"status": "APPLIED", "cause": None, "details": details}}]


ASSUMING = AssumingRole(RoleArn.parse(STUDIO), "AROASTUDIO", PROJECT, True)


def granted(member: Member, order: GrantCommand, *roles: AssumingRole) -> dict[str, Any]:
    member.gateway.recorded(order)
    return member.run({**order.to_message(), "prepared": prepared(*(roles or (ASSUMING,)))})


def may_assume(member: Member, role: AssumingRole, *, role_id: str | None = None, tag: str | None = None) -> bool:
    """AWS's evaluation of a studio role's policies and the access role's trust."""
    trust = member.gateway.iam.roles[ACCESS_ROLE.rsplit("/", 1)[1]].trust
    source = "SageMakerStudioProjectUserRole"
    arn = f"arn:aws:sts::{CONSUMER}:assumed-role/{role.role.name}/person"
    context = Context(
        {
            "aws:PrincipalArn": role.role.arn,
            "aws:userid": f"{role_id or role.role_id}:person",
            f"aws:ResourceTag/{PROJECT_TAG}": PROJECT,
            f"aws:PrincipalTag/{PROJECT_TAG}": tag or PROJECT,
        }
    )
    policies = PolicySet(
        identity=(Source("identity", "policy", parse_mapping(aws_policy(f"{source}Policy"))),),
        boundary=(Source("boundary", "boundary", parse_mapping(aws_policy(f"{source}PermissionsBoundary"))),),
        resource=(Source("resource", "trust", parse_mapping(trust)),),
        resource_account=OWNER,
        resource_must_allow=True,
    )
    principal = Principal(arn, CONSUMER, role.role.arn, role_id or role.role_id)
    return decide(Request("sts:AssumeRole", ACCESS_ROLE, principal, context), policies).allowed


def access_allows(member: Member, action: str, resource: str) -> bool:
    """AWS's evaluation of the access role's own policies under its boundary, as deployed."""
    documents = [*member.gateway.iam.statements(ACCESS_ROLE)]
    identity = parse_mapping({"Version": "2012-10-17", "Statement": documents})
    boundary = parse_mapping(access_boundary(NAMES, OWNER))
    arn = f"arn:aws:sts::{OWNER}:assumed-role/{ACCESS_ROLE.rsplit('/', 1)[1]}/person"
    policies = PolicySet(
        identity=(Source("identity", "policies", identity),),
        boundary=(Source("boundary", "boundary", boundary),),
        resource_account=OWNER,
    )
    request = Request(action, resource, Principal(arn, OWNER, ACCESS_ROLE), Context({"aws:ResourceAccount": OWNER}))
    return decide(request, policies).allowed


def test_an_access_role_is_made_trusted_and_taken_away_again() -> None:
    member = Member(OWNER)
    order = undecided(schema=schema_of("orders"))
    order = replace(order, resource={**order.resource, "bootstrapBrokersVpc": "b-1.example:14001"})
    answer = granted(member, order)
    assert answer["status"] == "APPLIED", answer
    # No reader role; the cluster's policy lets the consumer's account connect its network, and nobody read.
    assert sorted(answer["details"]["documents"]) == [f"access#{ACCESS_ROLE}", f"cluster#{CLUSTER}"]
    (statement,) = member.gateway.policies.statements(CLUSTER)
    assert statement["Principal"]["AWS"] in (f"arn:aws:iam::{CONSUMER}:root", [f"arn:aws:iam::{CONSUMER}:root"])
    assert set(statement["Action"]) == set(OWNER_ACTIONS)
    assert answer["details"]["awsRoleArn"] == ACCESS_ROLE
    assert may_assume(member, ASSUMING)
    assert not may_assume(member, ASSUMING, role_id="AROAANOTHER"), "a role that is made again is another"
    assert not may_assume(member, ASSUMING, tag="another")
    assert access_allows(member, "kafka-cluster:ReadData", TOPIC)
    assert access_allows(member, "glue:GetSchemaVersion", "*")
    assert not access_allows(member, "kafka-cluster:WriteData", TOPIC)
    assert member.gateway.iam.tags[ACCESS_ROLE.rsplit("/", 1)[1]] == {PROJECT_TAG: PROJECT}
    # Once recorded, the grant is revoked without asking anybody.
    revoke = order.decided((ASSUMING,)).for_side("producer", "REVOKE", 2, OWNER)
    assert member.run(revoke)["status"] == "APPLIED"
    assert member.gateway.iam.roles == {} and member.gateway.iam.inlines == {}
    assert member.gateway.policies.statements(CLUSTER) == []


def parameters(member: Member) -> dict[str, dict[str, Any]]:
    return {name: json.loads(value) for name, value in member.gateway.parameter_store.values.items()}


def as_consumer(member: Member, order: GrantCommand, generation: int = 1, request: Any = "GRANT") -> dict[str, Any]:
    return member.run(order.for_side("consumer", request, generation, CONSUMER))


def test_the_consumer_reads_in_its_account_which_role_to_assume() -> None:
    member = consumer_account()
    order = undecided(schema=schema_of("orders"))
    answer = as_consumer(member, order.decided((ASSUMING,)))
    assert answer["details"]["documents"] == []
    ((name, told),) = parameters(member).items()
    assert answer["details"]["parameter"] == name
    assert told["awsRoleArn"] == ACCESS_ROLE
    assert told["groupPrefix"] == f"{CONSUMER}.{PROJECT}."
    # The access role reads the schema by itself, and nobody reads without it.
    assert "schemaReaderRoleArn" not in told and "assumedBy" not in told
    assert as_consumer(member, order, 2, "REVOKE")["status"] == "APPLIED"
    assert parameters(member) == {}, "also where nobody says any more how it was granted"


def test_a_mixed_target_is_told_who_assumes() -> None:
    member = consumer_account()
    known(member, PrincipalPolicies(RoleInfo(ROLE, NAMES.policy_arn(CONSUMER, "consumer-boundary"))))
    order = undecided(schema=schema_of("orders"))
    order = replace(order, consumer=replace(order.consumer, principals=RoleArn.parse_all((STUDIO, ROLE))))
    order = order.decided((ASSUMING,))
    as_consumer(member, order)
    (told,) = parameters(member).values()
    assert (told["awsRoleArn"], told["assumedBy"]) == (ACCESS_ROLE, [STUDIO])
    assert told["schemaReaderRoleArn"].startswith(f"arn:aws:iam::{OWNER}:role/")
    as_consumer(member, order, 2, "REVOKE")
    assert parameters(member) == {}


def test_a_revoke_of_a_direct_grant_tells_nothing_of_roles() -> None:
    member = consumer_account()
    assert as_consumer(member, undecided(), 2, "REVOKE")["status"] == "APPLIED"
    assert parameters(member) == {}


@pytest.mark.parametrize("how", [{}, {"options": {"managedVpc": False}}, {"cluster": SERVERLESS}])
def test_without_managed_connections_no_cluster_policy_is_written(how: dict[str, Any]) -> None:
    member = Member(OWNER)
    answer = granted(member, undecided(**how))
    assert answer["details"]["documents"] == [f"access#{ACCESS_ROLE}"], answer
    assert not member.gateway.policies.writes


def test_two_grants_share_the_role_and_each_takes_its_own() -> None:
    member = Member(OWNER)
    first, second = undecided(), undecided(topic="orders-2", grant="grant2", asset="asset2")
    second = replace(second, consumer=replace(second.consumer, principals=(RoleArn.parse(BYO),)))
    other = AssumingRole(RoleArn.parse(BYO), "AROABYO", PROJECT)
    granted(member, first)
    assert granted(member, second, other)["status"] == "APPLIED"
    assert access_allows(member, "kafka-cluster:ReadData", TOPIC) and access_allows(
        member, "kafka-cluster:ReadData", f"{TOPIC}-2"
    )
    assert may_assume(member, ASSUMING) and may_assume(member, other)
    member.run(first.decided((ASSUMING,)).for_side("producer", "REVOKE", 2, OWNER))
    assert not access_allows(member, "kafka-cluster:ReadData", TOPIC)
    assert access_allows(member, "kafka-cluster:ReadData", f"{TOPIC}-2")
    assert not may_assume(member, ASSUMING) and may_assume(member, other)


def test_a_mixed_target_uses_both_ways() -> None:
    member = Member(OWNER)
    order = undecided()
    order = replace(order, consumer=replace(order.consumer, principals=RoleArn.parse_all((STUDIO, ROLE))))
    answer = granted(member, order)
    assert sorted(answer["details"]["documents"]) == sorted([f"access#{ACCESS_ROLE}", f"cluster#{CLUSTER}"])
    (statement,) = (
        item for item in member.gateway.policies.statements(CLUSTER) if "kafka-cluster:ReadData" in item["Action"]
    )
    assert statement["Principal"]["AWS"] in (ROLE, [ROLE])


def test_an_undecided_revoke_takes_away_what_the_ledger_holds() -> None:
    member = Member(OWNER)
    order = undecided()
    granted(member, order)
    assert member.run(order.for_side("producer", "REVOKE", 2, OWNER))["status"] == "APPLIED"
    assert member.gateway.iam.roles == {}
    assert member.gateway.policies.statements(CLUSTER) == []


def test_the_trust_has_an_end() -> None:
    member = Member(OWNER)
    order = undecided()
    many = tuple(
        AssumingRole(
            RoleArn.parse(f"arn:aws:iam::{CONSUMER}:role/datazone_usr_role_{PROJECT}_env{n:03d}"), "AROAX", PROJECT
        )
        for n in range(40)
    )
    order = replace(order, consumer=replace(order.consumer, principals=tuple(item.role for item in many)))
    answer = granted(member, order, *many)
    assert answer["status"] == "REJECTED" and "has no room for another role" in answer["cause"]
    assert member.gateway.iam.roles == {}
    undo = order.for_side("producer", "REVOKE", 2, OWNER).to_message()
    assert member.run({**undo, "prepared": prepared(*many)})["status"] == "APPLIED"
    assert member.gateway.policies.statements(CLUSTER) == []


def test_a_role_that_somebody_deleted_is_made_again_with_all_its_grants() -> None:
    member = Member(OWNER)
    granted(member, undecided())
    member.gateway.iam.roles.clear()
    member.gateway.iam.inlines.clear()
    granted(member, undecided(topic="orders-2", grant="grant2", asset="asset2"))
    assert access_allows(member, "kafka-cluster:ReadData", TOPIC)
    assert access_allows(member, "kafka-cluster:ReadData", f"{TOPIC}-2")
