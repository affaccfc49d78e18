"""Any sequence of grants, revokes, expiries, crashes and replays: after each step everybody may do what the grants say.

Several roles, resources, platforms and accounts (``questions.py``). Processes are killed at any call, machines at any
state, events get lost, commands and events come again, and the reconciler runs in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from streamgov_core.model.access_request import ends_at
from tests.properties import examples
from tests.unit.grants.fakes import grant_event
from tests.unit.grants.policy_sets import PATIENCE, FaultyDeployment
from tests.unit.grants.questions import (
    ASSETS,
    ENVIRONMENTS,
    ROLES_OF,
    UNBOUNDED,
    Asset,
    Environment,
    Given,
    account_of,
)

DAY = 86_400.0
FINAL = {"active": "GRANTED", "revoked": "REVOKED", "failed": "GRANT_FAILED"}
OPEN = {"asked": "GRANT_PENDING", "ending": "REVOKE_PENDING"}
REVOKE = "Subscription Grant Revoke Requested"

kills = st.one_of(st.none(), st.integers(0, 45))
picks = st.integers(0, 999)
deaths = st.sampled_from(("collect", "owner", "others", "first", "second"))


@dataclass(frozen=True)
class Grant:
    """A grant as the model sees it.

    Args:
        state: ``asked`` and ``ending`` are those whose event got lost.
    """

    given: Given
    state: str


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Given, int | None]:
    """What somebody asks for, and for how many days."""
    asset: Asset = draw(st.sampled_from(ASSETS))
    environment: Environment = draw(st.sampled_from(ENVIRONMENTS))
    roles = draw(st.sets(st.sampled_from(ROLES_OF[environment.account]), min_size=1, max_size=2))
    access = draw(st.sampled_from(("READ", "READ", "WRITE", "READ_WRITE")))
    consumption = draw(st.sampled_from(("SHARED", "FAN_OUT")))
    days = draw(st.one_of(st.none(), st.integers(0, 2)))
    return Given(asset, environment, tuple(sorted(roles)), access, consumption), days


class AccessMachine(RuleBasedStateMachine):
    """The rules; the model is ``self.grants``."""

    def __init__(self) -> None:
        super().__init__()
        self.deployment = FaultyDeployment()
        self.grants: dict[str, Grant] = {}
        self.unshown: set[str] = set()

    # --- what the model says ------------------------------------------------------------------------------------------
    def request(self, wish: tuple[Given, int | None], state: str) -> str:
        given, days = wish
        if days is not None:
            until = datetime.fromtimestamp(self.deployment.clock.now(), UTC) + timedelta(days=days)
            given = replace(given, until=until.date().isoformat())
        grant = self.deployment.request_grant(given)
        self.grants[grant] = Grant(given, state)
        return grant

    def of(self, *states: str) -> list[str]:
        return sorted(name for name, grant in self.grants.items() if grant.state in states)

    def becomes(self, grant: str, state: str) -> None:
        self.grants[grant] = replace(self.grants[grant], state=state)

    def over(self, grant: str) -> bool:
        until = self.grants[grant].given.until
        return until is not None and ends_at(until) <= self.deployment.clock.now()

    # --- rules --------------------------------------------------------------------------------------------------------
    @rule(wish=wishes(), kill_after=kills, patience=st.sampled_from((10.0, PATIENCE)))
    def grant(self, wish: tuple[Given, int | None], kill_after: int | None, patience: float) -> None:
        grant = self.request(wish, "active")
        # A retry that comes before the dead process's lease has ended waits for it; the others come after it.
        self.deployment.patience, self.deployment.faults.calls_left = patience, kill_after
        self.deployment.run(grant_event(grant))
        self.deployment.patience, self.deployment.faults.calls_left = PATIENCE, None

    @precondition(lambda self: self.of("active"))
    @rule(pick=picks, kill_after=kills)
    def revoke(self, pick: int, kill_after: int | None) -> None:
        grant = self.one_of("active", pick)
        self.deployment.request_revoke(grant)
        self.deployment.faults.calls_left = kill_after
        self.deployment.run(grant_event(grant, REVOKE))
        self.deployment.faults.calls_left = None
        self.becomes(grant, "revoked")

    @rule(asset=st.sampled_from(ASSETS), kill_after=kills, alone=st.booleans())
    def grant_that_fails(self, asset: Asset, kill_after: int | None, alone: bool) -> None:
        """One of the roles may not receive anything: what the others and the producer's side got is taken back."""
        environment = next(item for item in ENVIRONMENTS if item.account == account_of(UNBOUNDED))
        roles = (UNBOUNDED,) if alone else (*ROLES_OF[environment.account], UNBOUNDED)
        grant = self.request((Given(asset, environment, roles, "READ_WRITE"), None), "failed")
        self.deployment.faults.calls_left = kill_after
        self.deployment.run(grant_event(grant))
        self.deployment.faults.calls_left = None
        assert "boundary" in self.deployment.grants.of_grant(grant)[asset.asset_id].cause

    @rule(wish=wishes())
    def grant_of_which_nobody_hears(self, wish: tuple[Given, int | None]) -> None:
        self.request(wish, "asked")

    @precondition(lambda self: self.of("active"))
    @rule(pick=picks)
    def revoke_of_which_nobody_hears(self, pick: int) -> None:
        grant = self.one_of("active", pick)
        self.deployment.request_revoke(grant)
        self.becomes(grant, "ending")

    @rule(wish=wishes(), dies=deaths, ends=st.sampled_from(("TIMED_OUT", "ABORTED")), settles=st.booleans())
    def grant_whose_machine_dies(self, wish: tuple[Given, int | None], dies: str, ends: str, settles: bool) -> None:
        grant = self.request(wish, "active" if ends == "TIMED_OUT" else "failed")
        lost = self.deployment.run(grant_event(grant), until=dies, ends=ends)
        if not settles:
            # By the time that the reconciler settles it, it may have expired: then it is undone.
            self.becomes(grant, "asked" if ends == "TIMED_OUT" else "failed")
        self.recover(lost, ends, settles)

    @precondition(lambda self: self.of("active"))
    @rule(pick=picks, dies=deaths, ends=st.sampled_from(("TIMED_OUT", "ABORTED")), settles=st.booleans())
    def revoke_whose_machine_dies(self, pick: int, dies: str, ends: str, settles: bool) -> None:
        grant = self.one_of("active", pick)
        self.deployment.request_revoke(grant)
        self.becomes(grant, "revoked")
        lost = self.deployment.run(grant_event(grant, REVOKE), until=dies, ends=ends)
        self.recover(lost, ends, settles)

    @rule(pick=picks)
    def command_comes_again(self, pick: int) -> None:
        self.deployment.replay(pick)

    @precondition(lambda self: self.grants)
    @rule(pick=picks, kind=st.sampled_from(("Subscription Grant Requested", REVOKE)))
    def event_comes_again(self, pick: int, kind: str) -> None:
        """A replay, or a forgery: DataZone says whether anything is asked for."""
        open_ = self.of(*OPEN)
        others = [name for name in sorted(self.grants) if name not in open_]
        if others:
            self.deployment.run(grant_event(others[pick % len(others)], kind))

    @rule(days=st.integers(1, 2))
    def days_pass(self, days: int) -> None:
        self.deployment.clock.value += days * DAY

    @rule(kill_after=st.one_of(st.none(), st.integers(0, 300)), heard=st.booleans(), refuses=st.booleans())
    def reconcile(self, kill_after: int | None, heard: bool, refuses: bool) -> None:
        """What nobody heard of is carried out, and what has expired ends: by DataZone, or by the ledger alone."""
        self.deployment.faults.calls_left = kill_after
        self.reconcile_all(heard=heard, refuses=refuses)

    # --- what rules share ---------------------------------------------------------------------------------------------
    def one_of(self, state: str, pick: int) -> str:
        waiting = self.of(state)
        return waiting[pick % len(waiting)]

    def recover(self, execution: str, ends: str, settles: bool) -> None:
        """The settle rule, or where its event is lost the reconciler."""
        if settles:
            workflow_input = {"version": 1, "action": "settle", "executionArn": execution, "status": ends}
            self.deployment.run(workflow_input)
        else:
            self.reconcile_all()

    def reconcile_all(self, *, heard: bool = True, refuses: bool = False) -> None:
        self.deployment.inventory.refuses_to_end = refuses
        ended = self.deployment.reconcile_and_drain()
        self.deployment.faults.calls_left = None
        for grant in self.of("active"):
            if self.over(grant):
                self.becomes(grant, "revoked" if heard or grant not in ended else "ending")
                if refuses:
                    self.unshown.add(grant)
        for grant in self.of("ending"):
            if grant not in ended:
                self.becomes(grant, "revoked")
        for grant in self.of("asked"):
            self.becomes(grant, "failed" if self.over(grant) else "active")
        if heard:
            for grant in ended:
                self.deployment.run(grant_event(grant, REVOKE))

    # --- what must always hold ----------------------------------------------------------------------------------------
    @invariant()
    def everybody_may_do_what_the_grants_say(self) -> None:
        given = [grant.given for grant in self.grants.values() if grant.state in ("active", "ending")]
        assert list(self.deployment.disagreements(given)) == []

    @invariant()
    def statuses_are_true(self) -> None:
        for name, grant in self.grants.items():
            # Where DataZone refuses to end a grant, its access ends all the same, and it goes on showing GRANTED.
            shown = "active" if name in self.unshown else grant.state
            assert self.deployment.status(name) == {**FINAL, **OPEN}[shown], name
            records = self.deployment.grants.of_grant(name).values()
            if grant.state in FINAL:
                assert [record.state for record in records] == [FINAL[grant.state]], name

    @invariant()
    def no_lease_is_held(self) -> None:
        for account in self.deployment.accounts.values():
            for name, document in account.ledger.documents.items():
                assert not document.lease_record.owner, name

    def teardown(self) -> None:
        """When the last grant is revoked, nothing of ours is left anywhere."""
        self.reconcile_all()
        for grant in self.of("active"):
            self.deployment.request_revoke(grant)
            self.deployment.run(grant_event(grant, REVOKE))
        assert list(self.deployment.documents()) == []
        assert self.deployment.consumers() == {}
        assert all(not account.gateway.parameter_store.values for account in self.deployment.accounts.values())


def run(sequences: int, steps: int) -> None:
    profile: Any = settings(
        max_examples=examples(sequences),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(AccessMachine, settings=profile)


def test_any_sequence_ends_at_the_model() -> None:
    run(60, 20)


@pytest.mark.full
@pytest.mark.timeout(2 * 3600)
def test_any_long_sequence_ends_at_the_model() -> None:
    run(600, 40)
