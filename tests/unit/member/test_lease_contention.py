"""Lease and group commit, with the worst interleavings injected."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from streamgov_core.documents.resource_policy import ResourcePolicyDocument
from streamgov_core.member.engine import SERVICE_SECONDS, WAIT_SECONDS, ApplyOutcome, Engine
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import DocumentFullError, RetryableGrantError, WaitingGrantError
from tests.unit.grants.fakes import RealClock, command
from tests.unit.member.engine_account import (
    DOCUMENT,
    SID,
    EngineAccount,
    contribution_of,
    grant,
    revoke,
    role,
)


def finished(gateway: Any, method: str) -> threading.Event:
    """An event that is set when a call of this method has returned."""
    call, event = getattr(gateway, method), threading.Event()

    def wrapped(*arguments: Any) -> Any:
        answer = call(*arguments)
        event.set()
        return answer

    setattr(gateway, method, wrapped)
    return event


def test_fifty_grants_at_once_need_a_handful_of_writes(contended: EngineAccount) -> None:
    # The first holder begins to write only when the other 49 have counted their change: they are its group.
    waiting = threading.Semaphore(0)
    everybody = threading.Event()

    def on_count_change(document_id: str) -> None:
        waiting.release()

    def on_put(arn: str) -> None:
        if not everybody.is_set():
            for _ in range(49):
                assert waiting.acquire(timeout=20)
            everybody.set()

    contended.ledger.hooks["count_change"] = on_count_change
    contended.policies.hooks["put"] = on_put
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda n: contended.run(grant(n), seconds=600), range(50)))
    assert outcomes == ["APPLIED"] * 50
    assert all(contended.can_read(role(n), f"topic-{n}") for n in range(50))
    assert len(contended.policies.writes) == 2
    assert contended.ledger.documents[DOCUMENT].lease_record.owner == ""


def test_a_holder_serves_others_for_a_while_and_not_without_end(account: EngineAccount) -> None:
    """Grants keep arriving while it writes: it answers for its own, and whoever waits takes over."""
    arriving = iter(range(2, 1_000))

    def on_put(arn: str) -> None:
        account.clock.sleep(1)
        late = grant(next(arriving))
        account.ledger.store(
            DOCUMENT, ContributionRecord.of(late.key, late.generation, True, contribution_of(late), account.clock.now())
        )
        account.ledger.count_change(DOCUMENT)

    account.policies.hooks["put"] = on_put
    begun = account.clock.now()
    assert account.run(grant(1), seconds=60) == "APPLIED"
    assert SERVICE_SECONDS < account.clock.now() - begun < SERVICE_SECONDS + 3
    lease = account.ledger.documents[DOCUMENT].lease_record
    assert lease.owner == "" and lease.committed == lease.change_count - 1, (
        "the last one waits, and nobody holds the lease"
    )
    account.policies.hooks.clear()
    waiting = grant(next(arriving) - 1)
    assert account.run(waiting) == "APPLIED"
    assert account.can_read(role(1), "topic-1") and account.can_read(role(2), "topic-2")
    assert account.ledger.documents[DOCUMENT].lease_record.owner == ""


def test_who_waits_holds_its_function_for_seconds_only(account: EngineAccount) -> None:
    """Another command holds the lease for long: ours is recorded, says that it waits, and is written later."""
    account.ledger.acquire(DOCUMENT, "another", account.clock.now(), account.clock.now() + 90)
    begun = account.clock.now()
    with pytest.raises(WaitingGrantError, match="another command is writing"):
        account.run(grant(1), seconds=60)
    assert account.clock.now() - begun <= WAIT_SECONDS
    assert account.policies.writes == []
    account.clock.sleep(90)
    assert account.run(grant(1)) == "APPLIED"
    assert account.can_read(role(1), "topic-1")


def test_who_was_served_while_it_waited_learns_it_at_once(account: EngineAccount) -> None:
    account.run(grant(1))
    account.ledger.acquire(DOCUMENT, "another", account.clock.now(), account.clock.now() + 90)
    begun, writes = account.clock.now(), len(account.policies.writes)
    assert account.run(grant(1)) == "APPLIED"
    assert account.clock.now() == begun and len(account.policies.writes) == writes


def test_a_holder_that_was_overtaken_after_its_lease_does_not_claim_success(account: EngineAccount) -> None:
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


def test_nothing_is_written_close_to_the_end_of_the_function(account: EngineAccount) -> None:
    account.policies.hooks["get"] = lambda arn: account.clock.sleep(55)
    with pytest.raises(RetryableGrantError, match="too little time"):
        account.run(grant(1), seconds=60)
    assert account.policies.writes == []
    account.policies.hooks.clear()
    assert account.run(grant(1)) == "APPLIED"


def test_reads_from_before_the_lease_do_not_count(contended: EngineAccount) -> None:
    """Ledger and document are read beside the lease; meanwhile another holder grants, revokes and commits."""
    contended.run(grant(1))
    contended.run(grant(4))
    begun: list[str] = []

    def on_acquire(document_id: str, owner: str) -> None:
        if begun:
            return
        begun.append(owner)
        assert loaded.wait(5) and read.wait(5)
        contended.run(grant(2))
        contended.run(revoke(1))
        contended.run(revoke(4, generation=3))
        contended.run(grant(4, generation=5))

    loaded, read = finished(contended.ledger, "load"), finished(contended.policies, "get")
    contended.ledger.hooks["acquire"] = on_acquire
    assert contended.run(grant(3)) == "APPLIED"
    assert [contended.can_read(role(n), f"topic-{n}") for n in (1, 2, 3, 4)] == [False, True, True, True]


def test_already_there_does_not_rest_on_a_read_from_before_the_lease(contended: EngineAccount) -> None:
    contended.run(grant(1))
    begun: list[str] = []

    def on_acquire(document_id: str, owner: str) -> None:
        if not begun:
            begun.append(owner)
            assert read.wait(5)
            contended.policies.documents.clear()  # by hand, after it was read

    read = finished(contended.policies, "get")
    contended.ledger.hooks["acquire"] = on_acquire
    assert contended.run(grant(1)) == "APPLIED"
    assert contended.can_read(role(1), "topic-1")


def test_checks_that_fail_under_an_unclean_lease_leave_it_unclean(account: EngineAccount) -> None:
    account.run(grant(1))
    account.ledger.acquire(DOCUMENT, "crashed", account.clock.now(), account.clock.now() - 1)
    account.clock.sleep(1)
    contribution = contribution_of(grant(2))
    engine = Engine(account.ledger, account.clock.invocation_clock(), account.calls)

    def precondition() -> None:
        raise DocumentFullError("not this one")

    with pytest.raises(DocumentFullError):
        engine.apply(
            ResourcePolicyDocument(account.policies, contribution.arn, SID), contribution, "g#a", 1, True, precondition
        )
    lease = account.ledger.acquire(DOCUMENT, "next", account.clock.now(), account.clock.now() + 90)
    assert lease is not None and not lease.clean


def test_checks_that_fail_leave_no_record_and_no_lease(account: EngineAccount) -> None:
    contribution = contribution_of(grant(1))
    policy_document = ResourcePolicyDocument(account.policies, contribution.arn, SID)
    engine = Engine(account.ledger, account.clock.invocation_clock(), account.calls)

    def precondition() -> None:
        raise DocumentFullError("not this one")

    with pytest.raises(DocumentFullError, match="not this one"):
        engine.apply(policy_document, contribution, "g#a", 1, True, precondition)
    assert account.ledger.documents[DOCUMENT].records == {}
    assert account.ledger.documents[DOCUMENT].lease_record.owner == ""


@pytest.mark.parametrize("operation", ["acquire", "commit", "store", "count_change", "checkpoint"])
def test_a_call_whose_answer_was_lost_is_made_again(account: EngineAccount, operation: str) -> None:
    """The SDK repeats it; the effect of the first try is there already, and must not look like somebody else's."""
    account.run(grant(1))
    ledger, clock = account.ledger, account.clock
    # Another command holds the lease for a while: ours counts its change, waits, and takes the lease over.
    ledger.acquire(DOCUMENT, "another", clock.now(), clock.now() + 3)
    store, count_change = ledger.store, ledger.count_change
    method = getattr(ledger, operation)
    repeated: list[Any] = []

    def twice(*arguments: Any) -> Any:
        repeated.append(method(*arguments))
        return method(*arguments)

    def on_put(arn: str) -> None:
        # A third command arrives while we write: the holder records how far it is and writes again.
        account.policies.hooks.clear()
        late = grant(3)
        record = ContributionRecord.of(late.key, late.generation, True, contribution_of(late), clock.now())
        store(DOCUMENT, record)
        count_change(DOCUMENT)

    setattr(ledger, operation, twice)
    account.policies.hooks["put"] = on_put
    assert account.run(grant(2)) == "APPLIED"
    assert account.run(revoke(1)) == "APPLIED"
    assert repeated
    assert [account.can_read(role(n), f"topic-{n}") for n in (1, 2, 3)] == [False, True, True]
    assert ledger.documents[DOCUMENT].lease_record.owner == ""


def test_two_first_writers_both_get_in(contended: EngineAccount) -> None:
    both = threading.Barrier(2)

    def on_acquire(document_id: str, owner: str) -> None:
        if both.n_waiting < 2 and not both.broken:
            try:
                both.wait(5)
            except threading.BrokenBarrierError:
                return
            both.abort()

    contended.ledger.hooks["acquire"] = on_acquire
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda n: contended.run(grant(n), seconds=600), (1, 2)))
    assert outcomes == ["APPLIED", "APPLIED"]
    assert contended.can_read(role(1), "topic-1") and contended.can_read(role(2), "topic-2")


def test_a_grant_that_arrives_beside_the_last_revoke_is_not_lost(contended: EngineAccount) -> None:
    """DeleteClusterPolicy carries no version: only the lease keeps it from a put beside it."""
    contended.run(grant(1))
    started: list[Future[ApplyOutcome]] = []
    with ThreadPoolExecutor(1) as pool:

        def on_delete(arn: str) -> None:
            if not started:
                announced = threading.Event()
                contended.ledger.hooks["count_change"] = lambda document_id: announced.set()
                started.append(pool.submit(contended.run, grant(2), seconds=600))
                assert announced.wait(5)

        contended.policies.hooks["delete"] = on_delete
        assert contended.run(revoke(1), seconds=600) == "APPLIED"
        assert started[0].result(10) == "APPLIED"
    assert contended.can_read(role(2), "topic-2") and not contended.can_read(role(1), "topic-1")


def test_a_waiter_learns_that_it_did_not_fit() -> None:
    account = EngineAccount(limit=1_300, clock=RealClock())
    announced = threading.Event()
    account.ledger.hooks["count_change"] = lambda document_id: announced.set()
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
