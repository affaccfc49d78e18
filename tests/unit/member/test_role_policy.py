"""The policies of consumer roles and reader roles, and which roles may have any."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.documents.comparison import differences
from streamgov_core.documents.compiler import statements_of
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.member.principal_check import check_principal
from streamgov_core.member.reader_role import ReaderRoleDocument
from streamgov_core.member.role_policy import RolePolicyDocument
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.model.errors import PermanentGrantError, PrincipalRefusedError
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import reader_arn, reader_contributions
from streamgov_core.platforms.msk.platform import Msk
from tests.unit.grants.fakes import CLUSTER, CONSUMER, NAMES, OWNER, ROLE, SERVERLESS, MemoryIam, command, schema_of
from tests.unit.grants.oracle import allowed

BOUNDARY = f"arn:aws:iam::{CONSUMER}:policy/streamgov/streamgov/boundary"
INLINE_NAME = NAMES.access_policy_prefix


def record(number: int, generation: int = 1) -> ContributionRecord:
    order = command(f"topic-{number:012d}", grant=f"grant{number:05d}", account=CONSUMER)
    contribution = PolicyContribution(f"role#{ROLE}", Msk().consumer_permissions(NAMES, order))
    return ContributionRecord.of(order.key, generation, True, contribution, float(number))


class Role:
    """One role, its recorded slots, and its policy document."""

    def __init__(self, arn: str = ROLE, boundary: str = "", required: str = "") -> None:
        self.iam = MemoryIam()
        self.iam.add(arn, boundary)
        self.required = required
        self.slots: dict[str, Slot] = {}

    def apply(self, *records: ContributionRecord, verify_all: bool = False) -> WriteResult:
        active = {item.key: item for item in records}
        desired = DesiredState(active, self.slots, frozenset(active), verify_all)
        written = RolePolicyDocument(self.iam, NAMES, ROLE, self.required).apply(desired, lambda: None)
        self.slots = dict(written.slots)
        return written

    def findings(self, *records: ContributionRecord) -> list[tuple[str, str]]:
        desired = DesiredState({item.key: item for item in records}, self.slots)
        compared = RolePolicyDocument(self.iam, NAMES, ROLE, self.required).compare(desired) or []
        found = [item for part in compared for item in differences(f"role#{ROLE}", part, NAMES.sid_prefix)]
        return [(item.kind, item.outcome) for item in found]

    def topics(self) -> set[str]:
        statements = [item for item in self.iam.statements(ROLE) if "Resource" in item]
        prefix = CLUSTER.replace(":cluster/", ":topic/") + "/"
        names = {f"topic-{number:012d}" for number in range(450)}
        listed = {r.removeprefix(prefix) for item in statements for r in resources(item) if r.startswith(prefix)}
        return {name for name in names & listed if allowed(statements, "any", "kafka-cluster:ReadData", prefix + name)}


def resources(statement: dict[str, Any]) -> list[str]:
    value = statement["Resource"]
    return [value] if isinstance(value, str) else value


def test_a_first_grant_is_one_inline_policy() -> None:
    role = Role()
    assert role.apply(record(1)).writes == 1
    assert role.iam.writes == ["put_inline"]
    statements = role.iam.statements(ROLE)
    groups = CLUSTER.replace(":cluster/", ":group/")
    own, other = f"{groups}/{CONSUMER}.consumerproj01.app", f"{groups}/{CONSUMER}.otherproject.app"
    assert allowed(statements, ROLE, "kafka-cluster:AlterGroup", own)
    assert not allowed(statements, ROLE, "kafka-cluster:AlterGroup", other)
    assert role.apply(record(1)).writes == 0


def test_a_role_holds_400_topics_of_one_cluster() -> None:
    role = Role()
    records = [record(number) for number in range(400)]
    written = role.apply(*records)
    assert written.rejected == {}
    assert len(role.topics()) == 400
    assert len(role.iam.attachments["consumer"]) <= 10
    # Grown one by one it is the same, and each step writes one document.
    grown = Role()
    for count in range(380, 401):
        before = len(grown.iam.writes)
        grown.apply(*records[:count])
        if count > 380:
            assert len(grown.iam.writes) - before <= 2
    assert grown.topics() == role.topics()


def test_beyond_its_capacity_a_role_refuses_with_what_to_do() -> None:
    role = Role()
    records = [record(number) for number in range(400)]
    role.iam.attach_quota = 3
    written = role.apply(*records)
    assert written.rejected and "second role" in next(iter(written.rejected.values())).cause
    assert len(role.topics()) == 400 - len(written.rejected)
    assert len(role.iam.policies) == 3, "a policy that could not be attached stays behind"


def test_a_revoke_touches_one_document_and_moves_nothing() -> None:
    role = Role()
    records = [record(number) for number in range(200)]
    role.apply(*records)
    role.iam.calls.clear()
    gone = records[150]
    slot = role.slots[gone.key].slot
    role.apply(*(item for item in records if item is not gone))
    assert role.iam.writes == ["put_inline" if slot == 0 else "put_managed"]
    assert len(role.topics()) == 199


def test_the_last_revoke_leaves_nothing() -> None:
    role = Role()
    role.apply(*(record(number) for number in range(120)))
    role.apply()
    assert role.iam.statements(ROLE) == []
    assert role.iam.policies == {} and role.iam.inlines == {}


def test_other_inline_policies_count() -> None:
    role = Role()
    role.iam.inlines[("consumer", "theirs")] = {"Statement": [{"Sid": "x" * 9_000}]}
    written = role.apply(*(record(number) for number in range(40)))
    assert written.rejected == {}
    assert len(role.topics()) == 40
    assert role.iam.attachments["consumer"]


def test_after_a_crash_every_document_is_read() -> None:
    role = Role()
    records = [record(number) for number in range(120)]
    role.apply(*records)
    slots = dict(role.slots)
    # The writes of a crashed holder: all of it gone from the documents, while the lease record says otherwise.
    role.iam.policies = {arn: {"Statement": []} for arn in role.iam.policies}
    role.slots = slots
    role.apply(*records, verify_all=True)
    assert len(role.topics()) == 120


def test_a_policy_that_was_removed_by_hand_comes_back_with_the_next_change() -> None:
    role = Role()
    role.apply(record(1))
    role.iam.inlines.clear()
    role.apply(record(1), record(2))
    assert len(role.topics()) == 2


def test_a_role_that_does_not_exist_may_be_tried_again() -> None:
    role = Role()
    role.iam.roles.clear()
    written = role.apply(record(1))
    rejection = written.rejected[record(1).key]
    assert rejection.retry and "does not exist" in rejection.cause
    assert role.iam.writes == []


def test_a_revoke_on_a_deleted_role_succeeds_and_cleans_up() -> None:
    role = Role()
    records = [record(number) for number in range(120)]
    role.apply(*records)
    role.iam.roles.clear()
    role.iam.attachments.clear()
    assert role.iam.policies, "some of the grants are in managed policies"
    revoked = role.apply(*records[1:])
    assert (revoked.rejected, dict(revoked.slots), role.iam.policies) == ({}, {}, {})
    # What is granted still has no role to stand on: the next command says so, and may be tried again.
    again = role.apply(*records[1:])
    assert set(again.rejected) == {item.key for item in records[1:]}
    assert all(item.retry and "does not exist" in item.cause for item in again.rejected.values())


@pytest.mark.parametrize("count", [1, 120])
def test_a_role_made_again_under_its_name_is_not_given_the_old_access(count: int) -> None:
    role = Role()
    role.iam.add(ROLE, role_id="AROAFIRST")
    records = [record(number) for number in range(count)]
    role.apply(*records)
    role.iam.inlines.clear()
    role.iam.attachments.clear()
    role.iam.add(ROLE, role_id="AROASECOND")
    # Neither a repair nor the next grant gives it back; the latter gets in alone.
    role.apply(*records, verify_all=True)
    assert role.topics() == set()
    new = record(300)
    role.apply(*records, new)
    assert role.topics() == {"topic-000000000300"}
    assert role.findings(*records, new) == [("DeletedRole", "skipped")]
    # A redrive has a generation of its own.
    again = record(0, generation=3)
    role.apply(*records[1:], again, new)
    assert role.topics() == {"topic-000000000000", "topic-000000000300"}
    role.apply()
    assert role.topics() == set() and role.slots == {}


def test_a_role_that_stays_itself_is_repaired() -> None:
    role = Role()
    role.iam.add(ROLE, role_id="AROAFIRST")
    role.apply(record(1))
    role.iam.inlines.clear()
    assert role.findings(record(1)) == [("DriftRemoved", "found")]
    role.apply(record(1), verify_all=True)
    assert role.topics() == {"topic-000000000001"} and role.findings(record(1)) == []


def test_a_path_that_names_another_role_is_refused() -> None:
    """IAM's calls take the name only: without a look, the grant would land on the wrong role."""
    role = Role(arn=f"arn:aws:iam::{CONSUMER}:role/admin/consumer")
    written = role.apply(record(1))
    assert "correct the path" in written.rejected[record(1).key].cause
    assert role.iam.writes == []


def test_without_its_boundary_a_role_gets_nothing_new_but_can_lose() -> None:
    role = Role(boundary=BOUNDARY, required=BOUNDARY)
    role.apply(record(1), record(2))
    role.iam.add(ROLE, "")
    written = role.apply(record(2), record(3))
    assert "boundary" in written.rejected[record(3).key].cause
    assert role.topics() == {f"topic-{2:012d}"}


def test_a_role_that_may_not_be_written_to_any_more_loses_everything_and_gains_nothing() -> None:
    """The configuration no longer names it, so the function may take its policies away and write none."""

    def deny(name: str) -> None:
        raise PermanentGrantError("iam:PutRolePolicy is not allowed (AccessDenied)")

    role = Role()
    role.apply(record(1), record(2))
    role.iam.hooks["put_inline"] = deny
    with pytest.raises(PermanentGrantError):
        role.apply(record(1), record(2), record(3))
    assert len(role.topics()) == 2
    role.apply(record(2))
    assert role.topics() == set() and ("DriftRemoved", "found") in role.findings(record(2))
    role.iam.hooks.clear()
    role.apply(record(2), verify_all=True)
    assert len(role.topics()) == 1


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (f"arn:aws:iam::{CONSUMER}:user/bob", "not the ARN of an IAM role"),
        (f"arn:aws:iam::{CONSUMER}:root", "not the ARN of an IAM role"),
        (f"arn:aws:sts::{CONSUMER}:assumed-role/consumer/x", "not the ARN of an IAM role"),
        (f"arn:aws:iam::{CONSUMER}:role/*", "not the ARN of an IAM role"),
        (NAMES.role_arn(CONSUMER, "apply"), "role of the deployment itself"),
        (f"arn:aws:iam::{CONSUMER}:role/other/consumer", "not among the consumer roles"),
        (f"arn:aws:iam::{CONSUMER}:role/deployer", "role of the deployment itself"),
    ],
)
def test_principals_that_never_receive_access(arn: str, reason: str) -> None:
    allowed_roles = [f"arn:aws:iam::{CONSUMER}:role/streaming/*", f"arn:aws:iam::{CONSUMER}:role/streamgov/*"]
    with pytest.raises(PrincipalRefusedError, match=reason):
        check_principal(NAMES, RoleArn.parse(arn), allowed_roles, [f"arn:aws:iam::{CONSUMER}:role/deployer"])


def test_a_named_role_with_a_path_is_taken_apart() -> None:
    role = RoleArn.parse(ROLE)
    check_principal(NAMES, role, [f"arn:aws:iam::{CONSUMER}:role/streaming/*"])
    assert (role.path, role.name, role.account) == ("/streaming/", "consumer", CONSUMER)


# --- reader roles -----------------------------------------------------------------------------------------------------
def reader(number: int) -> tuple[str, ContributionRecord]:
    order = command(f"topic-{number}", grant=f"grant{number}", schema=schema_of(f"topic-{number}"))
    contribution = reader_contributions(NAMES, order)[0]
    return contribution.arn, ContributionRecord.of(order.key, 1, True, contribution, float(number))


def apply_reader(iam: MemoryIam, slots: dict[str, Slot], *records: ContributionRecord) -> WriteResult:
    arn, _ = reader(1)
    desired = DesiredState({item.key: item for item in records}, slots)
    return ReaderRoleDocument(iam, NAMES, arn, BOUNDARY).apply(desired, lambda: None)


def test_a_reader_role_exists_while_somebody_may_use_it() -> None:
    iam = MemoryIam()
    (arn, one), (_, two) = reader(1), reader(2)
    name = arn.rsplit("/", 1)[1]
    written = apply_reader(iam, {}, one)
    assert iam.roles[name].boundary == BOUNDARY
    trust = statements_of(iam.roles[name].trust)[0]
    assert trust["Principal"] == {"AWS": [f"arn:aws:iam::{CONSUMER}:root"]}
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [ROLE]}}
    written = apply_reader(iam, dict(written.slots), one, two)
    listed = [r for item in statements_of(iam.inlines[(name, "schemas")]) for r in resources(item)]
    assert {schema_of("topic-1").schema_arn, schema_of("topic-2").schema_arn} < set(listed)
    anywhere = [item["Action"] for item in statements_of(iam.inlines[(name, "schemas")]) if item["Resource"] == "*"]
    assert anywhere == ["glue:GetSchemaVersion"]  # A record carries the version's id only.
    assert apply_reader(iam, dict(written.slots), one, two).writes == 0
    apply_reader(iam, dict(written.slots), two)
    listed = [r for item in statements_of(iam.inlines[(name, "schemas")]) for r in resources(item)]
    assert schema_of("topic-1").schema_arn not in listed
    apply_reader(iam, {})
    assert iam.roles == {} and iam.inlines == {}


def test_the_reader_role_is_one_for_each_registry_and_project() -> None:
    one = command(schema=schema_of("a"))
    same = command(schema=schema_of("b"))
    other = command(schema=schema_of("a"), project="otherproject")
    assert reader_arn(NAMES, one, schema_of("a")) == reader_arn(NAMES, same, schema_of("b"))
    assert reader_arn(NAMES, one, schema_of("a")) != reader_arn(NAMES, other, schema_of("a"))
    assert (
        reader_contributions(NAMES, command(schema=schema_of("a"), principals=(f"arn:aws:iam::{OWNER}:role/x",))) == ()
    )


def test_a_platform_that_cannot_be_granted_says_so_before_anything_is_read() -> None:
    with pytest.raises(PermanentGrantError, match="crossAccountServerless"):
        Msk().review(command(cluster=SERVERLESS))
    Msk().review(command(cluster=SERVERLESS, options={"crossAccountServerless": True}))
    Msk().review(command(cluster=SERVERLESS, principals=(f"arn:aws:iam::{OWNER}:role/x",)))
    Msk().review(command(cluster=SERVERLESS, request="REVOKE"))


def test_a_reader_role_under_another_ceiling_is_made_again() -> None:
    """Of an earlier release, with the boundary of consumers: what outside accounts assume may read schemas only."""
    iam = MemoryIam()
    arn, one = reader(1)
    name = arn.rsplit("/", 1)[1]
    slots = dict(apply_reader(iam, {}, one).slots)
    iam.roles[name] = replace(iam.roles[name], boundary="arn:aws:iam::333333333333:policy/wide")
    _, two = reader(2)
    apply_reader(iam, slots, one, two)
    assert iam.roles[name].boundary == BOUNDARY
    assert statements_of(iam.inlines[(name, "schemas")])
