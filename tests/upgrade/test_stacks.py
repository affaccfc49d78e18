"""The last release's stacks, upgraded one at a time to this release, with grants before, between and during it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox import PRODUCER
from tests.upgrade.deployment import Deployment, deployed, eventually, harmless
from tests.upgrade.record import LAST

pytestmark = [pytest.mark.engine, pytest.mark.emulator]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("upgrade"), LAST) as made:
        yield made


def test_stacks_are_upgraded_one_at_a_time_while_grants_go_on(deployment: Deployment) -> None:
    place = deployment
    first = place.ask("before")
    place.outcome(first, "GRANTED")

    # This release's producer beside the last one's central machine and consumer.
    place.upgrade("producer")
    between = place.ask("between")
    place.outcome(between, "GRANTED")

    # An execution of the last central machine is under way when that machine becomes this release's.
    assert harmless(place.review("domain")) == {}
    emulator = place.cloud.emulator
    # No write is answered while the upgrade takes its time: a client waits ten seconds and tries again.
    slow: dict[str, Any] = {"service": "kafka", "operation": "PutClusterPolicy", "kind": "latency", "account": PRODUCER}
    slow |= {"seconds": 120, "times": 0}
    emulator.admin("POST", "faults", slow)
    flight = place.ask("flight")
    eventually("the slow call", lambda: [f for f in emulator.admin("GET", "faults")["faults"] if f["hits"]])
    place.stacks["domain"].pulumi.operation("up")
    assert place.status(flight) == "GRANT_IN_PROGRESS"  # or nothing was in flight
    emulator.admin("DELETE", "faults")
    place.outcome(flight, "GRANTED")

    # This release's central machine beside the last one's consumer: it revokes what the last one granted.
    datazone = place.cloud.client("datazone")
    datazone.delete_subscription_grant(**place.where, identifier=first)
    place.outcome(first, "REVOKED")
    place.outcome(place.ask("after"), "GRANTED")

    place.upgrade("consumer")
    for stack in place.stacks.values():
        stack.silent()
    datazone.delete_subscription_grant(**place.where, identifier=between)
    place.outcome(between, "REVOKED")


def test_what_the_last_release_made_is_destroyed_by_this_one(deployment: Deployment) -> None:
    for word in ("consumer", "domain", "producer"):
        stack = deployment.stacks[word]
        assert stack.pulumi.program == deployment.new
        stack.pulumi.operation("destroy")
        assert stack.pulumi.resource_count() == 0
