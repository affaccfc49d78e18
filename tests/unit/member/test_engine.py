"""What the engine writes: grants, revokes, crashes, and documents that are full, gone or changed by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgov_core.documents.comparison import Comparison, differences
from streamgov_core.documents.compiler import minified, resource_statements
from streamgov_core.model.errors import DocumentFullError, RetryableGrantError
from tests.properties import examples
from tests.unit.grants.fakes import CLUSTER, command
from tests.unit.grants.oracle import allowed
from tests.unit.member.engine_account import (
    DOCUMENT,
    SID,
    EngineAccount,
    contribution_of,
    grant,
    revoke,
    role,
)


def test_a_grant_takes_four_rounds_and_one_write(account: EngineAccount) -> None:
    assert account.run(grant(1)) == "APPLIED"
    assert sorted(account.ledger.calls) == ["acquire", "commit", "load", "store"]
    assert account.policies.writes == [("put", CLUSTER)]
    assert account.can_read(role(1), "topic-1")


def test_what_is_there_already_is_not_written_again(account: EngineAccount) -> None:
    account.run(grant(1))
    assert account.run(grant(1)) == "APPLIED"
    assert len(account.policies.writes) == 1


def test_a_revoke_of_the_last_grant_deletes_the_document_and_keeps_a_tombstone(account: EngineAccount) -> None:
    account.run(grant(1))
    assert account.run(revoke(1)) == "APPLIED"
    assert CLUSTER not in account.policies.documents
    tombstone = account.ledger.documents[DOCUMENT].records["grant1#asset1"]
    assert (tombstone.state, tombstone.generation, tombstone.permissions) == ("REMOVED", 3, ())


def test_a_revoke_of_what_was_never_granted_succeeds_without_a_write(account: EngineAccount) -> None:
    assert account.run(revoke(1)) == "APPLIED"
    assert account.policies.writes == []


def test_a_revoke_leaves_what_another_grant_needs(account: EngineAccount) -> None:
    account.run(command("orders", grant="a", principals=(role(1),)))
    account.run(command("orders", grant="b", principals=(role(1),)))
    account.run(command("orders", grant="a", principals=(role(1),), request="REVOKE", generation=3))
    assert account.can_read(role(1), "orders")
    account.run(command("orders", grant="b", principals=(role(1),), request="REVOKE", generation=3))
    assert not account.can_read(role(1), "orders")


def test_a_revoke_that_overtakes_its_grant_wins(account: EngineAccount) -> None:
    account.run(revoke(1, generation=3))
    assert account.run(grant(1, generation=1)) == "SUPERSEDED"
    assert not account.can_read(role(1), "topic-1")
    assert account.ledger.documents[DOCUMENT].lease_record.owner == ""


def test_a_drifted_document_is_repaired_by_the_next_command(account: EngineAccount) -> None:
    account.run(grant(1))
    del account.policies.documents[CLUSTER]
    account.run(grant(2))
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")


def test_a_foreign_writer_is_neither_lost_nor_fatal(account: EngineAccount) -> None:
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "5" * 12}, "Action": "kafka:*", "Resource": "*"}
    pending = [foreign]
    account.policies.hooks["put"] = lambda arn: account.policies.foreign_write(arn, pending.pop()) if pending else None
    assert account.run(grant(1)) == "APPLIED"
    assert foreign in account.policies.statements(CLUSTER)
    account.run(revoke(1))
    assert account.policies.statements(CLUSTER) == [foreign]


def test_a_foreign_statement_that_comes_beside_the_delete_survives(account: EngineAccount) -> None:
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "5" * 12}, "Action": "kafka:*", "Resource": "*"}
    account.run(grant(1))
    pending = [foreign]
    account.policies.hooks["delete"] = lambda arn: (
        account.policies.foreign_write(arn, pending.pop()) if pending else None
    )
    account.run(revoke(1))
    assert account.policies.statements(CLUSTER) == [foreign]


def test_a_crash_after_the_write_is_finished_by_the_next_command(account: EngineAccount) -> None:
    class Killed(BaseException):
        pass

    def die(document_id: str, owner: str) -> None:
        raise Killed

    account.ledger.hooks["commit"] = die
    account.ledger.hooks["abandon"] = die
    with pytest.raises(Killed):
        account.run(grant(1))
    account.ledger.hooks.clear()
    account.clock.sleep(1000)
    assert account.run(grant(2)) == "APPLIED"
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")
    assert set(account.ledger.documents[DOCUMENT].lease_record.slots) == {"grant1#asset1", "grant2#asset1"}


def test_a_full_document_refuses_the_new_grant_only() -> None:
    account = EngineAccount(limit=2_000)
    done = 0
    with pytest.raises(DocumentFullError, match="no room"):
        for number in range(20):
            account.run(grant(number))
            done += 1
    assert done > 2
    assert all(account.can_read(role(n), f"topic-{n}") for n in range(done))
    assert not account.can_read(role(done), f"topic-{done}")
    account.run(revoke(0))
    assert account.run(grant(done, generation=3)) == "APPLIED"


def test_a_role_that_does_not_exist_stops_only_its_own_grant(account: EngineAccount) -> None:
    account.run(grant(1))
    account.policies.missing_roles.add(role(2))
    with pytest.raises(RetryableGrantError, match="does the role exist"):
        account.run(grant(2))
    assert account.run(grant(3)) == "APPLIED"
    assert account.can_read(role(3), "topic-3") and account.can_read(role(1), "topic-1")
    account.policies.missing_roles.clear()
    assert account.run(grant(2)) == "APPLIED"
    assert account.can_read(role(2), "topic-2")


def test_a_role_that_was_deleted_does_not_block_the_others(account: EngineAccount) -> None:
    account.run(grant(1))
    account.run(grant(2))
    # The service now shows the deleted role by its id, and refuses its ARN and the id alike.
    document, token = account.policies.documents[CLUSTER]
    text = minified(document).replace(role(1), "AROAEXAMPLEROLEID")
    account.policies.documents[CLUSTER] = (json.loads(text), token)
    account.policies.missing_roles.add(role(1))
    assert account.run(grant(3)) == "APPLIED"
    assert account.can_read(role(2), "topic-2") and account.can_read(role(3), "topic-3")
    # Made again, it is repaired with the next write.
    account.policies.missing_roles.clear()
    account.run(grant(4))
    assert account.can_read(role(1), "topic-1")


def orphaned(*principals: str, **more: Any) -> dict[str, Any]:
    listed = {"AWS": principals[0] if len(principals) == 1 else list(principals)}
    return {"Sid": "Theirs", "Effect": "Allow", "Principal": listed, "Action": "kafka:*", "Resource": "*", **more}


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("ids", [("AROAEXAMPLEROLEID",), ("AIDAEXAMPLEUSERID", "AROAEXAMPLEROLEID")])
def test_a_foreign_statement_of_deleted_principals_blocks_no_revoke(tokens: bool, ids: tuple[str, ...]) -> None:
    account = EngineAccount(tokens=tokens)
    account.run(grant(1))
    account.run(grant(2))
    kept = {"Sid": "Kept", "Effect": "Allow", "Principal": {"AWS": "5" * 12}, "Action": "kafka:*", "Resource": "*"}
    account.policies.foreign_write(CLUSTER, kept)
    account.policies.foreign_write(CLUSTER, orphaned(*ids))
    assert account.run(revoke(1)) == "APPLIED"
    assert not account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")
    assert [item["Sid"] for item in account.policies.statements(CLUSTER) if item["Sid"] in ("Kept", "Theirs")] == [
        "Kept"
    ]
    assert account.run(revoke(2)) == "APPLIED"
    assert account.policies.statements(CLUSTER) == [kept]


@pytest.mark.parametrize(
    "foreign",
    [
        orphaned("AROAEXAMPLEROLEID", "5" * 12),
        orphaned("AROAEXAMPLEROLEID", Principal={"AWS": "AROAEXAMPLEROLEID", "Service": "firehose.amazonaws.com"}),
    ],
)
def test_a_foreign_statement_that_still_allows_somebody_is_never_left_out(
    account: EngineAccount, foreign: dict[str, Any]
) -> None:
    account.run(grant(1))
    account.run(grant(2))
    account.policies.foreign_write(CLUSTER, foreign)
    with pytest.raises(RetryableGrantError, match="cannot be written again"):
        account.run(revoke(1))
    assert foreign in account.policies.statements(CLUSTER)


def test_a_foreign_statement_of_deleted_principals_is_reported() -> None:
    live = {"Statement": [orphaned("AROAEXAMPLEROLEID")]}
    (found,) = differences(DOCUMENT, Comparison("policy", live, ()), SID)
    assert (found.kind, found.outcome) == ("ForeignOrphan", "skipped") and "AROAEXAMPLEROLEID" in found.text


def test_a_cluster_that_is_gone_refuses_grants_and_lets_revokes_pass(account: EngineAccount) -> None:
    account.run(grant(1))
    account.policies.gone.add(CLUSTER)
    with pytest.raises(DocumentFullError, match="does not exist"):
        account.run(grant(2))
    assert account.run(revoke(1)) == "APPLIED"


steps = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from(("none", "before commit", "after write"))), max_size=14
)


@given(steps)
@settings(max_examples=examples(60), deadline=None)
def test_any_sequence_with_crashes_ends_at_what_the_ledger_says(sequence: list[tuple[int, bool, str]]) -> None:
    class Killed(BaseException):
        pass

    account = EngineAccount()
    generations: dict[int, int] = {}
    active: set[int] = set()

    def die(*arguments: Any) -> None:
        raise Killed

    for number, grants, crash in sequence:
        generations[number] = generations.get(number, -1) + 2
        order = grant(number, request="GRANT" if grants else "REVOKE", generation=generations[number])
        if crash == "before commit":
            account.ledger.hooks.update(commit=die, abandon=die)
        elif crash == "after write":
            account.ledger.hooks.update(checkpoint=die, commit=die)
        before = {n for n in range(6) if account.can_read(role(n), f"topic-{n}")}
        written = len(account.policies.history)
        try:
            account.run(order)
        except Killed:
            account.ledger.hooks.clear()
            account.clock.sleep(1000)
            account.run(order)
        account.ledger.hooks.clear()
        active = active | {number} if grants else active - {number}
        for document in account.policies.history[written:]:
            # No write in between lost anybody who had access before and after.
            for kept in before & active:
                statements = [] if document is None else document["Statement"]
                resource = CLUSTER.replace(":cluster/", ":topic/") + f"/topic-{kept}"
                assert allowed(statements, role(kept), "kafka-cluster:ReadData", resource)
        assert {n for n in range(6) if account.can_read(role(n), f"topic-{n}")} == active
    permissions = [p for n in active for p in contribution_of(grant(n)).permissions]
    assert account.policies.statements(CLUSTER) == resource_statements(SID, permissions)
    account.calls.shutdown()
