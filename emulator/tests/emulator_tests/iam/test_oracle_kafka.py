"""May this role read this topic? Both sides of an account border, boundaries, wildcards, orphans."""

from __future__ import annotations

import pytest

from aws_emulator.iam.oracle import Oracle
from emulator_tests.iam.conftest import CONSUMER, PRODUCER, Accounts, allow, deny, document, group, topic

READ = "kafka-cluster:ReadData"


@pytest.fixture()
def oracle() -> Oracle:
    return Oracle()


def both_sides(accounts: Accounts) -> tuple[str, str]:
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    role = accounts.role("reader", allow([READ, "kafka-cluster:DescribeTopic"], wanted))
    accounts.cluster(allow(READ, wanted, Principal={"AWS": role}))
    return role, wanted


def test_across_accounts_both_sides_are_needed(accounts: Accounts, oracle: Oracle) -> None:
    role, wanted = both_sides(accounts)
    decision = oracle.allowed(role, READ, wanted)
    assert decision.allowed
    assert decision.statements == (
        "inline policy inline of role reader/#1",
        f"cluster policy of {accounts.cluster()}/#1",
    )


def test_without_the_cluster_policy_the_owner_side_is_missing(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    role = accounts.role("reader", allow(READ, topic(cluster, "orders")))
    decision = oracle.allowed(role, READ, topic(cluster, "orders"))
    assert not decision.allowed
    assert "account 222222222222's and has no resource-based policy" in decision.reason
    assert decision.clause == f"because no resource-based policy allows the {READ} action"


def test_without_the_identity_policy_the_consumer_side_is_missing(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    role = accounts.role("reader")
    accounts.cluster(allow(READ, topic(cluster, "orders"), Principal={"AWS": role}))
    decision = oracle.allowed(role, READ, topic(cluster, "orders"))
    assert not decision.allowed
    assert "identity-based policies in account 333333333333 do not" in decision.reason


def test_in_one_account_the_identity_policy_suffices(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    role = accounts.role("reader", allow(READ, topic(cluster, "orders")), account=PRODUCER)
    assert oracle.allowed(role, READ, topic(cluster, "orders")).allowed
    assert not oracle.allowed(role, READ, topic(cluster, "orders2")).allowed


def test_an_account_principal_across_accounts_opens_to_roles_that_their_account_allows(
    accounts: Accounts, oracle: Oracle
) -> None:
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    allowed = accounts.role("allowed", allow(READ, wanted))
    other = accounts.role("other")
    accounts.cluster(allow(READ, wanted, Principal={"AWS": f"arn:aws:iam::{CONSUMER}:root"}))
    assert oracle.allowed(allowed, READ, wanted).allowed
    assert not oracle.allowed(other, READ, wanted).allowed


def test_an_account_principal_in_the_own_account_only_delegates(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    role = accounts.role("reader", account=PRODUCER)
    accounts.cluster(allow(READ, topic(cluster, "orders"), Principal={"AWS": PRODUCER}))
    assert not oracle.allowed(role, READ, topic(cluster, "orders")).allowed


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a*", "a", True),
        ("a*", "audit.secret", True),
        ("a", "audit", False),
        ("orders", "orders-eu", False),
        ("orders?", "orders1", True),
        ("orders?", "orders", False),
        ("*", "anything", True),
        ("or*rs", "orders", True),
        ("Orders", "orders", False),
    ],
)
def test_wildcards_in_topic_names(accounts: Accounts, oracle: Oracle, pattern: str, name: str, expected: bool) -> None:
    cluster = accounts.cluster()
    role = accounts.role("reader", allow(READ, topic(cluster, pattern)), account=PRODUCER)
    assert oracle.allowed(role, READ, topic(cluster, name)).allowed is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("333333333333.proj.app", True),
        ("333333333333.projx.app", False),
        ("333333333333.proj", False),
        ("3333333333330.proj.app", False),
        ("x333333333333.proj.app", False),
        ("333333333333xproj.app", False),
    ],
)
def test_a_group_prefix_is_no_regular_expression(accounts: Accounts, oracle: Oracle, name: str, expected: bool) -> None:
    cluster = accounts.cluster()
    action = "kafka-cluster:AlterGroup"
    role = accounts.role("reader", allow(action, group(cluster, f"{CONSUMER}.proj.*")), account=PRODUCER)
    assert oracle.allowed(role, action, group(cluster, name)).allowed is expected


def test_an_explicit_deny_wins_on_either_side(accounts: Accounts, oracle: Oracle) -> None:
    role, wanted = both_sides(accounts)
    accounts.cluster(
        allow(READ, wanted, Principal={"AWS": role}), deny("kafka-cluster:*", "*", Principal="*", Sid="Closed")
    )
    decision = oracle.allowed(role, READ, wanted)
    assert not decision.allowed
    assert decision.clause == "with an explicit deny in a resource-based policy"
    assert decision.statements[0].endswith("/Closed")

    role, wanted = recreate(accounts)
    accounts.iam[CONSUMER]["aws"].get_role("reader").put_policy("never", document(deny(READ)))
    assert oracle.allowed(role, READ, wanted).clause == "with an explicit deny in an identity-based policy"


def recreate(accounts: Accounts) -> tuple[str, str]:
    accounts.delete_role("reader")
    return both_sides(accounts)


def test_a_boundary_limits_both_kinds_of_grant(accounts: Accounts, oracle: Oracle) -> None:
    boundary = accounts.policy("boundary", allow("kinesis:*"))
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    role = accounts.role("reader", allow(READ, wanted), boundary=boundary)
    accounts.cluster(allow(READ, wanted, Principal={"AWS": role}))
    decision = oracle.allowed(role, READ, wanted)
    assert not decision.allowed
    assert decision.clause == f"because no permissions boundary allows the {READ} action"

    same = accounts.role(
        "same", account=PRODUCER, boundary=accounts.policy("boundary", allow("kinesis:*"), account=PRODUCER)
    )
    accounts.cluster(allow(READ, wanted, Principal={"AWS": same}))
    assert not oracle.allowed(same, READ, wanted).allowed


def test_a_session_policy_limits(accounts: Accounts, oracle: Oracle) -> None:
    role, wanted = both_sides(accounts)
    assert oracle.allowed(role, READ, wanted, session_policy=document(allow("kafka-cluster:*", wanted))).allowed
    decision = oracle.allowed(role, READ, wanted, session_policy=document(allow("kafka-cluster:Connect")))
    assert decision.clause == f"because no session policy allows the {READ} action"


def test_a_role_that_was_created_again_is_another_principal(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    role = accounts.role("reader", allow(READ, wanted))
    unique_id = accounts.iam[CONSUMER]["aws"].get_role("reader").id
    # The policy as AWS stores it: the role's unique id.
    accounts.cluster(allow(READ, wanted, Principal={"AWS": unique_id}))
    assert oracle.allowed(role, READ, wanted).allowed
    accounts.delete_role("reader")
    assert not oracle.allowed(role, READ, wanted).allowed
    accounts.role("reader", allow(READ, wanted))
    assert not oracle.allowed(role, READ, wanted).allowed


def test_a_condition_on_the_principal_arn_survives_recreation(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    role = accounts.role("reader", allow(READ, wanted))
    condition = {"ArnEquals": {"aws:PrincipalArn": role}}
    accounts.cluster(allow(READ, wanted, Principal={"AWS": f"arn:aws:iam::{CONSUMER}:root"}, Condition=condition))
    accounts.role("other", allow(READ, wanted))
    assert oracle.allowed(role, READ, wanted).allowed
    assert not oracle.allowed(role.replace("reader", "other"), READ, wanted).allowed
    accounts.delete_role("reader")
    accounts.role("reader", allow(READ, wanted))
    assert oracle.allowed(role, READ, wanted).allowed


def test_a_principal_with_a_path_is_named_with_its_path(accounts: Accounts, oracle: Oracle) -> None:
    cluster = accounts.cluster()
    wanted = topic(cluster, "orders")
    role = accounts.role("reader", allow(READ, wanted), path="/apps/")
    assert role.endswith(":role/apps/reader")
    accounts.cluster(allow(READ, wanted, Principal={"AWS": role.replace("/apps/", "/")}))
    assert not oracle.allowed(role, READ, wanted).allowed
    accounts.cluster(allow(READ, wanted, Principal={"AWS": role}))
    assert oracle.allowed(role, READ, wanted).allowed
    # The session's ARN carries no path.
    session = f"arn:aws:sts::{CONSUMER}:assumed-role/reader/app"
    assert oracle.allowed(session, READ, wanted).allowed


def test_an_unknown_principal_is_told_so(accounts: Accounts, oracle: Oracle) -> None:
    decision = oracle.allowed(f"arn:aws:iam::{CONSUMER}:role/nobody", READ, topic(accounts.cluster(), "t"))
    assert not decision.allowed
    assert "does not exist" in decision.reason


def test_another_clusters_policy_gives_nothing(accounts: Accounts, oracle: Oracle) -> None:
    first, second = accounts.cluster(name="one"), accounts.cluster(name="two")
    role = accounts.role("reader", allow(READ, "*"))
    accounts.cluster(allow(READ, "*", Principal={"AWS": role}), name="one")
    assert oracle.allowed(role, READ, topic(first, "t")).allowed
    assert not oracle.allowed(role, READ, topic(second, "t")).allowed
