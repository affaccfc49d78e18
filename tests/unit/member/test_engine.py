"""Lease, group commit and generations, with the worst interleavings injected."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgov_core.documents.compiler import minified, resource_statements
from streamgov_core.documents.resource_policy import ResourcePolicyDocument
from streamgov_core.member.engine import SERVICE_SECONDS, ApplyOutcome, Engine
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import DocumentFullError, RetryableGrantError
from streamgov_core.platforms.msk.platform import Msk
from tests.unit.grants.fakes import (
    CLUSTER,
    CONSUMER,
    NAMES,
    Clock,
    Ids,
    MemoryDocumentLedger,
    MemoryPolicies,
    RealClock,
    command,
)
from tests.unit.grants.oracle import allowed

SID = NAMES.sid_prefix
TARGET = f"cluster#{CLUSTER}"


def role(number: int) -> str:
    return f"arn:aws:iam::{CONSUMER}:role/consumer-{number:03d}"


class Account:
    """One member account's engine over fakes."""

    def __init__(self, *, tokens: bool = True, limit: int = 20_480, clock: Clock | None = None) -> None:
        self.ledger = MemoryDocumentLedger()
        self.policies = MemoryPolicies(tokens=tokens, limit=limit)
        self.limit = limit
        self.early = tokens
        self.clock = clock or Clock()
        self.ids = Ids("lease")
        self.calls = ThreadPoolExecutor(64)

    def run(self, order: GrantCommand, *, seconds: float = 60.0) -> ApplyOutcome:
        contribution = contribution_of(order)
        policy_document = ResourcePolicyDocument(
            self.policies, contribution.arn, SID, self.limit, read_before_lease=self.early
        )
        engine = Engine(self.ledger, self.clock.invocation_clock(seconds, self.ids.next), self.calls)
        return engine.apply(policy_document, contribution, order.key, order.generation, order.grants)

    def can_read(self, principal: str, topic: str) -> bool:
        resource = CLUSTER.replace(":cluster/", ":topic/") + f"/{topic}"
        return allowed(self.policies.statements(CLUSTER), principal, "kafka-cluster:ReadData", resource)


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    yield made
    made.calls.shutdown()


@pytest.fixture
def busy() -> Iterator[Account]:
    """An account whose callers really wait for each other."""
    made = Account(clock=RealClock())
    yield made
    made.calls.shutdown()


def contribution_of(order: GrantCommand) -> PolicyContribution:
    return Msk().producer_contributions(NAMES, order)[0]


def grant(number: int, **more: Any) -> GrantCommand:
    return command(f"topic-{number}", principals=(role(number),), grant=f"grant{number}", **more)


def revoke(number: int, generation: int = 3) -> GrantCommand:
    return grant(number, request="REVOKE", generation=generation)


def test_a_grant_takes_four_rounds_and_one_write(account: Account) -> None:
    assert account.run(grant(1)) == "APPLIED"
    assert sorted(account.ledger.calls) == ["acquire", "commit", "load", "store"]
    assert account.policies.writes == [("put", CLUSTER)]
    assert account.can_read(role(1), "topic-1")


def test_what_is_there_already_is_not_written_again(account: Account) -> None:
    account.run(grant(1))
    assert account.run(grant(1)) == "APPLIED"
    assert len(account.policies.writes) == 1


def test_a_revoke_of_the_last_grant_deletes_the_document_and_keeps_a_mark(account: Account) -> None:
    account.run(grant(1))
    assert account.run(revoke(1)) == "APPLIED"
    assert CLUSTER not in account.policies.documents
    mark = account.ledger.documents[TARGET].records["grant1#asset1"]
    assert (mark.state, mark.generation, mark.permissions) == ("REMOVED", 3, ())


def test_a_revoke_of_what_was_never_granted_succeeds_without_a_write(account: Account) -> None:
    assert account.run(revoke(1)) == "APPLIED"
    assert account.policies.writes == []


def test_a_revoke_leaves_what_another_grant_needs(account: Account) -> None:
    account.run(command("orders", grant="a", principals=(role(1),)))
    account.run(command("orders", grant="b", principals=(role(1),)))
    account.run(command("orders", grant="a", principals=(role(1),), request="REVOKE", generation=3))
    assert account.can_read(role(1), "orders")
    account.run(command("orders", grant="b", principals=(role(1),), request="REVOKE", generation=3))
    assert not account.can_read(role(1), "orders")


def test_a_revoke_that_overtakes_its_grant_wins(account: Account) -> None:
    account.run(revoke(1, generation=3))
    assert account.run(grant(1, generation=1)) == "SUPERSEDED"
    assert not account.can_read(role(1), "topic-1")
    assert account.ledger.documents[TARGET].lease_record.owner == ""


def test_a_drifted_document_is_repaired_by_the_next_command(account: Account) -> None:
    account.run(grant(1))
    del account.policies.documents[CLUSTER]
    account.run(grant(2))
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")


def test_fifty_grants_at_once_need_a_handful_of_writes(busy: Account) -> None:
    # The first holder begins to write only when the other 49 have counted their change: they are its group.
    waiting = threading.Semaphore(0)
    everybody = threading.Event()

    def on_count_change(target: str) -> None:
        waiting.release()

    def on_put(arn: str) -> None:
        if not everybody.is_set():
            for _ in range(49):
                assert waiting.acquire(timeout=20)
            everybody.set()

    busy.ledger.hooks["count_change"] = on_count_change
    busy.policies.hooks["put"] = on_put
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda n: busy.run(grant(n), seconds=600), range(50)))
    assert outcomes == ["APPLIED"] * 50
    assert all(busy.can_read(role(n), f"topic-{n}") for n in range(50))
    assert len(busy.policies.writes) == 2
    assert busy.ledger.documents[TARGET].lease_record.owner == ""


def test_a_holder_serves_others_for_a_while_and_not_without_end(account: Account) -> None:
    """Grants keep arriving while it writes: it answers for its own, and whoever waits takes over."""
    arriving = iter(range(2, 1_000))

    def on_put(arn: str) -> None:
        account.clock.sleep(1)
        late = grant(next(arriving))
        account.ledger.store(
            TARGET, ContributionRecord.of(late.key, late.generation, True, contribution_of(late), account.clock.now())
        )
        account.ledger.count_change(TARGET)

    account.policies.hooks["put"] = on_put
    begun = account.clock.now()
    assert account.run(grant(1), seconds=60) == "APPLIED"
    assert SERVICE_SECONDS < account.clock.now() - begun < SERVICE_SECONDS + 3
    head = account.ledger.documents[TARGET].lease_record
    assert head.owner == "" and head.committed == head.change_count - 1, (
        "the last one waits, and nobody holds the lease"
    )
    account.policies.hooks.clear()
    waiting = grant(next(arriving) - 1)
    assert account.run(waiting) == "APPLIED"
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")
    assert account.ledger.documents[TARGET].lease_record.owner == ""


def test_a_holder_that_was_overtaken_after_its_lease_does_not_claim_success(account: Account) -> None:
    """It stalls inside its write for longer than its lease; another holder writes meanwhile; MSK's version stops it."""
    first = grant(1)
    state = {"stalled": False}

    def on_put(arn: str) -> None:
        if not state["stalled"]:
            state["stalled"] = True
            account.clock.sleep(1000)
            account.run(grant(2))

    account.policies.hooks["put"] = on_put
    with pytest.raises(RetryableGrantError):
        account.run(first)
    # The second holder has seen the first one's record, so nothing is lost; a retry says so without another write.
    writes = len(account.policies.writes)
    assert account.run(first) == "APPLIED"
    assert len(account.policies.writes) == writes
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")


def test_nothing_is_written_close_to_the_end_of_the_function(account: Account) -> None:
    account.policies.hooks["get"] = lambda arn: account.clock.sleep(55)
    with pytest.raises(RetryableGrantError, match="too little time"):
        account.run(grant(1), seconds=60)
    assert account.policies.writes == []
    account.policies.hooks.clear()
    assert account.run(grant(1)) == "APPLIED"


def test_a_foreign_writer_is_neither_lost_nor_fatal(account: Account) -> None:
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "5" * 12}, "Action": "kafka:*", "Resource": "*"}
    pending = [foreign]
    account.policies.hooks["put"] = lambda arn: account.policies.foreign_write(arn, pending.pop()) if pending else None
    assert account.run(grant(1)) == "APPLIED"
    assert foreign in account.policies.statements(CLUSTER)
    account.run(revoke(1))
    assert account.policies.statements(CLUSTER) == [foreign]


def test_a_foreign_statement_that_comes_beside_the_delete_survives(account: Account) -> None:
    foreign = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "5" * 12}, "Action": "kafka:*", "Resource": "*"}
    account.run(grant(1))
    pending = [foreign]
    account.policies.hooks["delete"] = lambda arn: (
        account.policies.foreign_write(arn, pending.pop()) if pending else None
    )
    account.run(revoke(1))
    assert account.policies.statements(CLUSTER) == [foreign]


def test_reads_from_before_the_lease_do_not_count(busy: Account) -> None:
    """Ledger and document are read beside the lease; meanwhile another holder grants, revokes and commits."""
    busy.run(grant(1))
    busy.run(grant(4))
    read = {"load": threading.Event(), "get": threading.Event()}
    begun: list[str] = []

    def on_acquire(target: str, owner: str) -> None:
        if begun:
            return
        begun.append(owner)
        assert read["load"].wait(5) and read["get"].wait(5)
        threading.Event().wait(0.05)
        busy.run(grant(2))
        busy.run(revoke(1))
        busy.run(revoke(4, generation=3))
        busy.run(grant(4, generation=5))

    busy.ledger.hooks.update(acquire=on_acquire, load=lambda target: read["load"].set())
    busy.policies.hooks["get"] = lambda arn: read["get"].set()
    assert busy.run(grant(3)) == "APPLIED"
    assert [busy.can_read(role(n), f"topic-{n}") for n in (1, 2, 3, 4)] == [False, True, True, True]


def test_already_there_does_not_rest_on_a_read_from_before_the_lease(busy: Account) -> None:
    busy.run(grant(1))
    begun: list[str] = []
    seen = threading.Event()

    def on_acquire(target: str, owner: str) -> None:
        if not begun:
            begun.append(owner)
            assert seen.wait(5)
            threading.Event().wait(0.05)
            busy.policies.documents.clear()  # by hand, after it was read

    busy.ledger.hooks["acquire"] = on_acquire
    busy.policies.hooks["get"] = lambda arn: seen.set()
    assert busy.run(grant(1)) == "APPLIED"
    assert busy.can_read(role(1), "topic-1")


def test_checks_that_fail_under_an_unclean_lease_leave_it_unclean(account: Account) -> None:
    account.run(grant(1))
    account.ledger.acquire(TARGET, "crashed", account.clock.now(), account.clock.now() - 1)
    account.clock.sleep(1)
    contribution = contribution_of(grant(2))
    engine = Engine(account.ledger, account.clock.invocation_clock(), account.calls)

    def gate() -> None:
        raise DocumentFullError("not this one")

    with pytest.raises(DocumentFullError):
        engine.apply(
            ResourcePolicyDocument(account.policies, contribution.arn, SID), contribution, "g#a", 1, True, gate
        )
    lease = account.ledger.acquire(TARGET, "next", account.clock.now(), account.clock.now() + 90)
    assert lease is not None and not lease.clean


@pytest.mark.parametrize("operation", ["acquire", "commit", "store", "count_change", "checkpoint"])
def test_a_call_whose_answer_was_lost_is_made_again(account: Account, operation: str) -> None:
    """The SDK repeats it; the effect of the first try is there already, and must not look like somebody else's."""
    account.run(grant(1))
    method = getattr(account.ledger, operation)
    repeated: list[Any] = []

    def twice(*arguments: Any) -> Any:
        repeated.append(method(*arguments))
        return method(*arguments)

    setattr(account.ledger, operation, twice)
    assert account.run(grant(2)) == "APPLIED"
    assert account.run(revoke(1)) == "APPLIED"
    assert account.can_read(role(2), "topic-2") and not account.can_read(role(1), "topic-1")
    assert account.ledger.documents[TARGET].lease_record.owner == ""
    assert repeated or operation in ("count_change", "checkpoint")


def test_two_first_writers_both_get_in(busy: Account) -> None:
    gate = threading.Barrier(2)

    def on_acquire(target: str, owner: str) -> None:
        if gate.n_waiting < 2 and not gate.broken:
            try:
                gate.wait(5)
            except threading.BrokenBarrierError:
                return
            gate.abort()

    busy.ledger.hooks["acquire"] = on_acquire
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda n: busy.run(grant(n), seconds=600), (1, 2)))
    assert outcomes == ["APPLIED", "APPLIED"]
    assert busy.can_read(role(1), "topic-1") and busy.can_read(role(2), "topic-2")


def test_a_grant_that_arrives_beside_the_last_revoke_is_not_lost(busy: Account) -> None:
    """DeleteClusterPolicy carries no version: only the lease keeps it from a put beside it."""
    busy.run(grant(1))
    started: list[Future[ApplyOutcome]] = []
    with ThreadPoolExecutor(1) as pool:

        def on_delete(arn: str) -> None:
            if not started:
                announced = threading.Event()
                busy.ledger.hooks["count_change"] = lambda target: announced.set()
                started.append(pool.submit(busy.run, grant(2), seconds=600))
                assert announced.wait(5)

        busy.policies.hooks["delete"] = on_delete
        assert busy.run(revoke(1), seconds=600) == "APPLIED"
        assert started[0].result(10) == "APPLIED"
    assert busy.can_read(role(2), "topic-2") and not busy.can_read(role(1), "topic-1")


def test_a_crash_after_the_write_is_finished_by_the_next_command(account: Account) -> None:
    class Killed(BaseException):
        pass

    def die(target: str, owner: str) -> None:
        raise Killed

    account.ledger.hooks["commit"] = die
    account.ledger.hooks["abandon"] = die
    with pytest.raises(Killed):
        account.run(grant(1))
    account.ledger.hooks.clear()
    account.clock.sleep(1000)
    assert account.run(grant(2)) == "APPLIED"
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")
    assert set(account.ledger.documents[TARGET].lease_record.slots) == {"grant1#asset1", "grant2#asset1"}


def test_a_full_document_refuses_the_new_grant_only() -> None:
    account = Account(limit=2_000)
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


def test_a_waiter_learns_that_it_did_not_fit() -> None:
    account = Account(limit=1_300, clock=RealClock())
    announced = threading.Event()
    account.ledger.hooks["count_change"] = lambda target: announced.set()
    started: list[Future[ApplyOutcome]] = []
    with ThreadPoolExecutor(1) as pool:

        def on_put(arn: str) -> None:
            if not started:
                big = command("topic-9", principals=tuple(role(n) for n in range(9)), grant="big")
                started.append(pool.submit(account.run, big, seconds=600))
                assert announced.wait(5)

        account.policies.hooks["put"] = on_put
        assert account.run(grant(1), seconds=600) == "APPLIED"
        with pytest.raises(DocumentFullError, match="no room"):
            started[0].result(10)
    assert account.can_read(role(1), "topic-1")


def test_a_role_that_does_not_exist_stops_only_its_own_grant(account: Account) -> None:
    account.run(grant(1))
    account.policies.missing_roles.add(role(2))
    with pytest.raises(RetryableGrantError, match="does the role exist"):
        account.run(grant(2))
    assert account.run(grant(3)) == "APPLIED"
    assert account.can_read(role(3), "topic-3") and account.can_read(role(1), "topic-1")
    account.policies.missing_roles.clear()
    assert account.run(grant(2)) == "APPLIED"
    assert account.can_read(role(2), "topic-2")


def test_a_role_that_was_deleted_does_not_block_the_others(account: Account) -> None:
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


def test_a_cluster_that_is_gone_refuses_grants_and_lets_revokes_pass(account: Account) -> None:
    account.run(grant(1))
    account.policies.gone.add(CLUSTER)
    with pytest.raises(DocumentFullError, match="does not exist"):
        account.run(grant(2))
    assert account.run(revoke(1)) == "APPLIED"


def test_checks_that_fail_leave_no_record_and_no_lease(account: Account) -> None:
    contribution = contribution_of(grant(1))
    policy_document = ResourcePolicyDocument(account.policies, contribution.arn, SID)
    engine = Engine(account.ledger, account.clock.invocation_clock(), account.calls)

    def gate() -> None:
        raise DocumentFullError("not this one")

    with pytest.raises(DocumentFullError, match="not this one"):
        engine.apply(policy_document, contribution, "g#a", 1, True, gate)
    assert account.ledger.documents[TARGET].records == {}
    assert account.ledger.documents[TARGET].lease_record.owner == ""


steps = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from(("none", "before commit", "after write"))), max_size=14
)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_any_sequence_with_crashes_ends_at_what_the_ledger_says(sequence: list[tuple[int, bool, str]]) -> None:
    class Killed(BaseException):
        pass

    account = Account()
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
