"""The whole workflow over fakes, as the machines would run it: any sequence of grants, revokes, replays and crashes.

After each step the second opinion on every document equals the model, and no document alone allows more than was
granted on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamgov_core.access.collect import Collect
from streamgov_core.access.messages import GrantCommand
from streamgov_core.access.report import Report
from streamgov_core.errors import RetryableGrantError, StreamgovError
from tests.unit.access.fakes import CLUSTER, CONSUMER, OWNER, grant_event
from tests.unit.access.oracle import allowed
from tests.unit.access.test_apply import Member
from tests.unit.access.test_collect_report import CENTRAL, Central

ROLES = tuple(f"arn:aws:iam::{CONSUMER}:role/streaming/r{n}" for n in range(3))
TOPICS = tuple(f"topic-{n}" for n in range(3))
ACTIONS = {"READ": "kafka-cluster:ReadData", "WRITE": "kafka-cluster:WriteData"}
LEDGER_CALLS = ("acquire", "announce", "store", "load", "commit", "progress", "abandon", "release")


class Killed(BaseException):
    """A function's process ends."""


class Fuse:
    """Kills the process at the n-th call from now on; once."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self, *arguments: Any) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed


class World:
    """A domain account and two member accounts."""

    def __init__(self) -> None:
        self.central = Central()
        self.members = {account: Member(account) for account in (OWNER, CONSUMER)}
        self.fuse = Fuse()
        self.executions = 0
        self.sent: list[dict[str, Any]] = []
        for member in self.members.values():
            member.clock = self.central.clock
            for name in LEDGER_CALLS:
                member.ledger.hooks[name] = self.fuse.burn
            for name in ("get", "put", "delete"):
                member.site.policies.hooks[name] = self.fuse.burn
            for name in ("put_inline", "delete_inline", "inline"):
                member.site.iam.hooks[name] = self.fuse.burn
        self.central.grants.hooks["begin"] = self.fuse.burn
        for arn in ROLES:
            self.members[CONSUMER].site.iam.add(arn)
        parts = (
            self.central.settings,
            self.central.domain,
            self.central.grants,
            self.central.inputs.__getitem__,
            self.central.clock.now,
        )
        self.collector, self.reporter = Collect(*parts), Report(*parts)

    def again(self, call: Callable[[], Any]) -> Any:
        """What the machine's retries do: the process that died, or could not go on, is tried again later."""
        for _ in range(6):
            try:
                return call()
            except (Killed, RetryableGrantError):
                self.central.clock.sleep(1_000)
        raise AssertionError("retries did not help")

    def ask(self, grant_id: str, topic: str, roles: tuple[str, ...], access: str) -> None:
        forms = {
            "MskSourceReferenceFormType": {"cluster_arn": CLUSTER, "cluster_type": "PROVISIONED"},
            "KafkaSchemaFormType": {"kafka_topic": topic},
        }
        asked = {"typeName": "StreamAccessRequestFormType", "content": json.dumps({"access": access})}
        self.central.domain.add_grant(
            grant_id=grant_id, forms=forms, principals=roles, metadata_forms=[{"formName": "f", **asked}]
        )

    def run(self, order: dict[str, Any]) -> None:
        self.executions += 1
        event = {"event": order, "execution": f"{CENTRAL}{self.executions}"}
        self.central.inputs[f"{CENTRAL}{self.executions}"] = order
        plan = json.loads(json.dumps(self.again(lambda: self.collector.run(event))))
        for item in plan["items"]:
            self.carry_out(item)

    def carry_out(self, item: dict[str, Any]) -> None:
        done: dict[str, Any] = {}
        for stage in ("first", "second"):
            done[f"{stage}Done"] = [self.step(step) for step in item["do"][stage]]
            bad = [s for s in done[f"{stage}Done"] if s["outcome"].get("status") != "APPLIED" and s["strict"]]
            if bad:
                done["failure"] = {"Error": "StepFailed", "Cause": json.dumps(bad[0]["outcome"])}
                for undo in ("first", "second"):
                    done[f"undo{undo.title()}Done"] = [self.step(step) for step in item["undo"][undo]]
                break
        self.again(lambda: self.reporter.run({"kind": "outcome", "item": {**item, **done}}))

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        order = step["command"]
        member = self.members[order["account"]]
        if order["requestType"] == "GRANT":
            member.site.recorded(GrantCommand.parse(order))
        self.sent.append(order)
        try:
            outcome = self.again(lambda: member.run(order))
        except StreamgovError as error:
            outcome = {"Error": type(error).__name__, "Cause": str(error)}
        return {"side": order["side"], "outcome": outcome, "strict": step["strict"]}

    def status(self, grant_id: str) -> str:
        return str(self.central.domain.grants[grant_id]["assets"][0]["status"])

    def check(self, active: set[tuple[str, str, str]]) -> None:
        """Both documents, and each alone."""
        owner = self.members[OWNER].site.policies.statements(CLUSTER)
        for role, topic, access in product(ROLES, TOPICS, ACTIONS):
            resource = CLUSTER.replace(":cluster/", ":topic/") + f"/{topic}"
            wanted = (role, topic, access) in active
            identity = self.members[CONSUMER].site.iam.statements(role)
            assert allowed(owner, role, ACTIONS[access], resource) == wanted, ("cluster", role, topic, access)
            assert allowed(identity, role, ACTIONS[access], resource) == wanted, ("role", role, topic, access)
        for member in self.members.values():
            assert all(target.head.owner == "" for target in member.ledger.targets.values())


grants = st.tuples(
    st.just("grant"),
    st.sampled_from(TOPICS),
    st.sets(st.sampled_from(ROLES), min_size=1, max_size=2),
    st.sampled_from(("READ", "WRITE")),
    st.one_of(st.none(), st.integers(0, 25)),
)
revokes = st.tuples(
    st.just("revoke"), st.integers(0, 9), st.none(), st.none(), st.one_of(st.none(), st.integers(0, 25))
)
replays = st.tuples(st.just("replay"), st.integers(0, 99), st.none(), st.none(), st.none())


@given(st.lists(st.one_of(grants, revokes, replays), max_size=10))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sequence_ends_at_the_model(sequence: list[tuple[str, Any, Any, Any, int | None]]) -> None:
    world = World()
    active: dict[str, set[tuple[str, str, str]]] = {}
    for number, (what, first, roles, access, fuse) in enumerate(sequence):
        if what == "grant":
            grant_id = f"grant{number}"
            world.ask(grant_id, first, tuple(sorted(roles)), access)
            world.fuse.left = fuse
            world.run(grant_event(grant_id))
            world.fuse.left = None
            assert world.status(grant_id) == "GRANTED"
            active[grant_id] = {(role, first, access) for role in roles}
        elif what == "revoke" and active:
            grant_id = sorted(active)[first % len(active)]
            world.central.domain.grants[grant_id]["assets"][0]["status"] = "REVOKE_PENDING"
            world.fuse.left = fuse
            world.run(grant_event(grant_id, kind="Subscription Grant Revoke Requested"))
            world.fuse.left = None
            assert world.status(grant_id) == "REVOKED"
            del active[grant_id]
        elif what == "replay" and world.sent:
            # A command that was sent once comes again, late: by then a newer one may have been carried out.
            order = world.sent[first % len(world.sent)]
            world.members[order["account"]].run(order)
        world.check(set().union(*active.values()))
