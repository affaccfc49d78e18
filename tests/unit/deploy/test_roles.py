"""Least privilege: what the documents must hold, and what they must never hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from streamgov_core.deploy.domain_permissions import (
    callback_policy,
    callback_trust,
    central_machine_policy,
    collect_policy,
    events_policy,
    events_trust,
    reconcile_policy,
    report_policy,
)
from streamgov_core.deploy.iam_statements import machine_trust
from streamgov_core.deploy.member_permissions import (
    apply_policy,
    consumer_boundary,
    member_invoke_policy,
    member_invoke_trust,
    member_machine_policy,
)
from streamgov_core.deploy.reader_permissions import reader_boundary
from streamgov_core.member.principal_check import check_principal
from streamgov_core.model.errors import ConfigError, PrincipalRefusedError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import SCHEMA_READ, VERSION_READ
from tests.unit.grants.fakes import CONSUMER, DOMAIN, NAMES, OWNER

ACCOUNT = "111111111111"
BOUNDARY = NAMES.policy_arn(CONSUMER, "consumer-boundary")
ROLES = [f"arn:aws:iam::{CONSUMER}:role/streaming/*"]
APPLY = apply_policy(
    NAMES, CONSUMER, DOMAIN, consumer_role_arns=ROLES, boundary_arn=BOUNDARY, require_boundary=True,
    protected_role_arns=[f"arn:aws:iam::{CONSUMER}:role/deployer"],
)  # fmt: skip
POLICIES = {
    "collect": collect_policy(NAMES, ACCOUNT),
    "reconcile": reconcile_policy(NAMES, ACCOUNT),
    "report": report_policy(NAMES, ACCOUNT),
    "central": central_machine_policy(NAMES, ACCOUNT, [OWNER, CONSUMER]),
    "member": member_machine_policy(NAMES, CONSUMER, ACCOUNT),
    "invoke": member_invoke_policy(NAMES, CONSUMER),
    "callback": callback_policy(NAMES, ACCOUNT),
    "events": events_policy(NAMES, ACCOUNT),
    "apply": APPLY,
}


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(document: dict[str, Any], effect: str = "Allow") -> Iterator[dict[str, Any]]:
    return (item for item in document["Statement"] if item["Effect"] == effect)


def by_action(document: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [item for item in statements(document) if action in many(item["Action"])]


@pytest.mark.parametrize("name", POLICIES)
def test_no_action_is_a_wildcard_and_inline_policies_fit(name: str) -> None:
    for item in statements(POLICIES[name]):
        assert all("*" not in action for action in many(item["Action"]))
    assert len(json.dumps(POLICIES[name], separators=(",", ":"))) < 10_240


def denied(sid: str) -> dict[str, Any]:
    (found,) = [item for item in statements(APPLY, "Deny") if item["Sid"] == sid]
    return found


STAR = {
    "apply": {"MskBrokers"},
    "collect": {"DataZone"},
    "reconcile": {"DataZone"},
    "report": {"DataZone"},
    "callback": {"AnswerTasks"},
}


@pytest.mark.parametrize("name", POLICIES)
def test_only_known_statements_have_a_bare_star(name: str) -> None:
    found = {item["Sid"] for item in statements(POLICIES[name]) if "*" in many(item["Resource"])}
    assert found <= STAR.get(name, set()) | {"LogDelivery", "Tracing"}


def test_role_policies_are_written_on_named_roles_with_the_boundary_only() -> None:
    for action in ("iam:PutRolePolicy", "iam:AttachRolePolicy"):
        for item in by_action(APPLY, action):
            if item["Sid"] == "WriteReaderRoles":
                assert all("/readers/" in arn for arn in many(item["Resource"]))
                assert item["Condition"] == {
                    "StringEquals": {"iam:PermissionsBoundary": NAMES.policy_arn(CONSUMER, "reader-boundary")}
                }
                continue
            if "AccessRoles" in item["Sid"]:
                assert all("/access/" in arn for arn in many(item["Resource"])) and item["Condition"]
                continue
            assert item["Resource"] == ROLES
            assert item["Condition"]["StringEquals"] == {"iam:PermissionsBoundary": BOUNDARY}


def test_policies_of_others_are_neither_attached_nor_detached_whoever_the_role_is() -> None:
    deny = denied("NeverOthersPolicies")
    assert set(deny["Action"]) == {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}
    assert deny["Resource"] == f"arn:aws:iam::{CONSUMER}:role/*"
    ours = f"arn:aws:iam::{CONSUMER}:policy{NAMES.iam_path}{NAMES.access_policy_prefix}-*"
    assert deny["Condition"] == {"ArnNotLike": {"iam:PolicyARN": ours}}


def role_names(count: int) -> list[str]:
    return [f"arn:aws:iam::{CONSUMER}:role/streaming/consumer-{number:05}" for number in range(count)]


def consumer_statements(roles: list[str], *, boundary: bool = True) -> dict[str, dict[str, Any]]:
    document = apply_policy(
        NAMES, CONSUMER, DOMAIN, consumer_role_arns=roles, boundary_arn=BOUNDARY, require_boundary=boundary
    )
    return {item["Sid"]: item for item in statements(document) if "Roles" in item["Sid"]}


def test_more_roles_than_the_policy_has_room_for_are_marked_by_their_boundary() -> None:
    """None is written on without it, and none that has lost it is touched: the document does not know the names."""
    few, many_ = consumer_statements(role_names(20)), consumer_statements(role_names(40_000))
    assert few["WriteConsumerRoles"]["Resource"] == few["TakeFromConsumerRoles"]["Resource"] == role_names(20)
    bounded = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    assert few["WriteConsumerRoles"]["Condition"] == bounded and "Condition" not in few["TakeFromConsumerRoles"]
    assert "TakeFromConsumerRoles" not in many_
    for sid in ("WriteConsumerRoles", "TakeFromFormerRoles"):
        assert many_[sid]["Resource"] == f"arn:aws:iam::{CONSUMER}:role/*" and many_[sid]["Condition"] == bounded
    assert many_ == consumer_statements(role_names(41)), "the same for any number"


def test_roles_that_nothing_marks_are_counted() -> None:
    named = consumer_statements(role_names(20), boundary=False)
    assert named["WriteConsumerRoles"]["Resource"] == role_names(20) and "Condition" not in named["WriteConsumerRoles"]
    with pytest.raises(ConfigError) as refused:
        consumer_statements(role_names(200), boundary=False)
    found = re.fullmatch(
        r"the policy of the function that grants would have ([\d,]+) of 10,240 characters with 200 consumer roles; "
        r"(\d+) fit: name a path in consumerRoles, .*requireBoundary.*",
        str(refused.value),
    )
    assert found
    fit = int(found[2])
    consumer_statements(role_names(fit), boundary=False)
    with pytest.raises(ConfigError, match=f"with {fit + 1} consumer roles; {fit} fit"):
        consumer_statements(role_names(fit + 1), boundary=False)


def test_a_role_that_is_no_longer_named_can_still_lose_but_never_gain() -> None:
    former = [item for item in statements(APPLY) if f"arn:aws:iam::{CONSUMER}:role/*" in many(item["Resource"])]
    changes = {action for item in former for action in many(item["Action"]) if not action[4:].startswith(("Get", "Li"))}
    assert changes == {"iam:DeleteRolePolicy", "iam:DetachRolePolicy"}
    for item in former:
        if changes & set(many(item["Action"])):
            assert item["Condition"]["StringEquals"] == {"iam:PermissionsBoundary": BOUNDARY}


def test_our_own_and_the_deployers_roles_are_denied() -> None:
    deny = denied("NeverOurOwnRoles")
    assert {NAMES.role_arn(CONSUMER, "*"), f"arn:aws:iam::{CONSUMER}:role/deployer"} <= set(deny["Resource"])
    assert {"iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"} <= set(deny["Action"])


OUR_ROLES = (
    "apply",
    "member-machine",
    "member-invoke",
    "collect",
    "report",
    "reconcile",
    "central-machine",
    "callback",
)


@pytest.mark.parametrize("role", [*OUR_ROLES, "events", "sync-orders"])
@pytest.mark.parametrize("names", [NAMES, Names("other", "eu-west-1")], ids=["this deployment", "another one"])
def test_roles_of_every_deployment_in_the_account_are_denied(names: Names, role: str) -> None:
    deny = denied("NeverOurOwnRoles")
    arn = names.role_arn(CONSUMER, role)
    assert any(fnmatchcase(arn, pattern) for pattern in deny["Resource"])
    with pytest.raises(PrincipalRefusedError, match="never receives access"):
        check_principal(NAMES, RoleArn.parse(arn), ["*"])


def test_the_deny_lets_readers_access_roles_and_consumers_be_written() -> None:
    deny = denied("NeverOurOwnRoles")
    readers = NAMES.reader_role_arn(CONSUMER, f"arn:aws:glue:us-east-1:{CONSUMER}:registry/r", CONSUMER, "p")
    access = NAMES.access_role_arn(CONSUMER, CONSUMER, "p")
    for arn in (readers, access, f"arn:aws:iam::{CONSUMER}:role/streaming/my-apply"):
        assert not any(fnmatchcase(arn, pattern) for pattern in deny["Resource"]), arn
    target = f"arn:aws:iam::{CONSUMER}:role/{NAMES.iam_name('target-sales')}"
    assert any(fnmatchcase(target, pattern) for pattern in deny["Resource"])
    with pytest.raises(PrincipalRefusedError, match="never receives access"):
        check_principal(NAMES, RoleArn.parse(target), ["*"])


@pytest.mark.parametrize("keys", [(), ("arn:aws:kms:us-east-1:333333333333:key/1",), ("alias/streams-*",)])
def test_grants_on_keys_are_for_streams_and_on_the_named_keys_only(keys: tuple[str, ...]) -> None:
    """An outage by a wrong prefix: whoever may revoke on every key may revoke the grants of volumes and databases."""
    document = apply_policy(
        NAMES,
        CONSUMER,
        DOMAIN,
        consumer_role_arns=[],
        boundary_arn=BOUNDARY,
        require_boundary=True,
        resource_keys=keys,
    )
    (create,), (revoke,) = by_action(document, "kms:CreateGrant"), by_action(document, "kms:RevokeGrant")
    every = f"arn:aws:kms:us-east-1:{CONSUMER}:key/*"
    arns = [key for key in keys if key.startswith("arn:")]
    assert many(create["Resource"]) == many(revoke["Resource"]) == (arns or [every])
    named = {"kms:ResourceAliases": ["alias/streams-*"]} if keys and not arns else None
    for item in (create, revoke):
        assert item.get("Condition", {}).get("ForAnyValue:StringLike") == named
    condition = create["Condition"]
    assert condition["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"] == ["aws:kinesis:arn"]
    streams = f"arn:aws:kinesis:us-east-1:{CONSUMER}:stream/*"
    assert condition["StringLikeIfExists"] == {"kms:EncryptionContext:aws:kinesis:arn": streams}


def test_a_reader_role_reads_schemas_whoever_makes_it() -> None:
    """Outside accounts assume it: with the consumers' ceiling it could be made to read the whole account."""
    for action in ("iam:CreateRole", "iam:UpdateAssumeRolePolicy"):
        items = [item for item in by_action(APPLY, action) if "/readers/" in str(item["Resource"])]
        assert items and all("iam:PermissionsBoundary" in item["Condition"]["StringEquals"] for item in items)
    ceiling = reader_boundary(NAMES, CONSUMER)
    allowed = {action for item in statements(ceiling) for action in many(item["Action"])}
    assert allowed == {*SCHEMA_READ, *VERSION_READ}
    assert all(action.startswith(("glue:Get", "glue:List")) for action in allowed)
    given = Permission("glue", SCHEMA_READ, f"arn:aws:glue:us-east-1:{CONSUMER}:schema/r/s")
    (within,) = [item for item in statements(ceiling) if set(given.actions) <= set(item["Action"])]
    assert any(fnmatchcase(given.resource, pattern) for pattern in within["Resource"])


def test_a_producer_without_consumer_roles_writes_no_role_but_our_own() -> None:
    document = apply_policy(NAMES, OWNER, DOMAIN, consumer_role_arns=[], boundary_arn=BOUNDARY, require_boundary=True)
    for item in by_action(document, "iam:PutRolePolicy"):
        assert all("/readers/" in arn or "/access/" in arn for arn in many(item["Resource"]))


def test_trust_asks_for_role_and_external_id() -> None:
    central = NAMES.central_machine_arn(ACCOUNT)
    (invoke,) = member_invoke_trust(NAMES, ACCOUNT)["Statement"]
    assert invoke["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": NAMES.role_arn(ACCOUNT, "central-machine")},
        "StringLike": {"sts:ExternalId": [central, f"{central}/*"]},
    }
    (callback,) = callback_trust(NAMES, ACCOUNT, [OWNER, CONSUMER])["Statement"]
    machine = "arn:aws:states:us-east-1:${aws:PrincipalAccount}:stateMachine:streamgov-member"
    assert callback["Condition"]["StringEquals"] == {"sts:ExternalId": machine}
    (within,) = callback_trust(NAMES, ACCOUNT, [], organization_id="o-1")["Statement"]
    assert within["Condition"]["StringEquals"] == {"sts:ExternalId": machine, "aws:PrincipalOrgID": "o-1"}
    assert callback["Condition"]["ArnLike"] == {"aws:PrincipalArn": NAMES.role_arn("*", "member-machine")}


def test_the_callback_trust_does_not_grow_with_an_organisation() -> None:
    thousand = [str(10**11 + n) for n in range(1_000)]
    few = callback_trust(NAMES, ACCOUNT, [OWNER], organization_id="o-1")
    assert few == callback_trust(NAMES, ACCOUNT, thousand, organization_id="o-1")
    assert len(json.dumps(callback_trust(NAMES, ACCOUNT, [str(10**11 + n) for n in range(30)]))) < 2_048


def test_the_central_machine_enters_accounts_of_its_organisation_whatever_their_number() -> None:
    thousand = [str(10**11 + n) for n in range(1_000)]
    document = central_machine_policy(NAMES, ACCOUNT, thousand, organization_id="o-1")
    (enter,) = by_action(document, "sts:AssumeRole")
    assert enter["Resource"] == NAMES.role_arn("*", "member-invoke")
    assert enter["Condition"] == {"StringEquals": {"aws:ResourceOrgID": "o-1"}}
    assert document == central_machine_policy(NAMES, ACCOUNT, [OWNER], organization_id="o-1")
    (named,) = by_action(central_machine_policy(NAMES, ACCOUNT, [OWNER]), "sts:AssumeRole")
    assert named["Resource"] == [NAMES.role_arn(OWNER, "member-invoke")] and "Condition" not in named


def test_machines_and_rules_are_trusted_for_themselves_only() -> None:
    (machine,) = machine_trust(NAMES, CONSUMER, "member")["Statement"]
    member = NAMES.member_machine_arn(CONSUMER)
    assert machine["Condition"]["ArnLike"]["aws:SourceArn"] == [member, f"{member}/*"]
    (events,) = events_trust(NAMES, ACCOUNT)["Statement"]
    assert events["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_the_boundary_is_a_managed_policy_that_never_reaches_iam() -> None:
    document = consumer_boundary(NAMES, CONSUMER, extra_actions=["sns:Publish"])
    assert len(json.dumps(document, separators=(",", ":"))) <= 6_144
    actions = {action for item in statements(document) for action in many(item["Action"])}
    assert "sns:Publish" in actions
    assert not {a for a in actions if a.startswith(("iam:", "organizations:")) or a == "*"}
    (deny,) = statements(document, "Deny")
    tables = {
        NAMES.arn("dynamodb", CONSUMER, f"table/{table}") for table in (*NAMES.domain_tables, *NAMES.member_tables)
    }
    assert {*deny["Resource"]} == {arn + part for arn in tables for part in ("", "/*")}
    (assume,) = by_action(document, "sts:AssumeRole")
    assert "/readers/" in assume["Resource"]
