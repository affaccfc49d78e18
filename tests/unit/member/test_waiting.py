"""A command that must wait says so: the state machine waits, the function does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamgov_core.model.command import AccessRequest, GrantCommand
from streamgov_core.model.errors import RetryableGrantError
from tests.unit.grants.fakes import OWNER, command
from tests.unit.member.test_apply import Member

STREAM = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/orders"


def fan_out() -> GrantCommand:
    """A grant of a stream by a fan-out consumer of its own."""
    resource = {"arn": STREAM, "stream": "orders", "encryption": "NONE"}
    return replace(command(), platform="kinesis", resource=resource, request=AccessRequest("READ", "FAN_OUT"))


@pytest.fixture()
def member() -> Member:
    """The owner's account, where a registered consumer is not there at once."""
    found = Member(OWNER)
    found.gateway.recorded(fan_out())
    found.gateway.consumers.status = "CREATING"
    return found


def test_a_fan_out_consumer_in_the_making_is_waited_for_by_the_machine(member: Member) -> None:
    begun = member.clock.now()
    answer = member.run(fan_out())
    assert (answer["status"], answer["details"]) == ("WAITING", {})
    assert "CREATING" in answer["cause"] and member.clock.now() == begun
    consumers = member.gateway.consumers
    ((name, (arn, _)),) = consumers.found.items()
    consumers.found = {name: (arn, "ACTIVE")}
    assert member.run(fan_out())["status"] == "APPLIED"
    assert list(consumers.found.values()) == [(arn, "ACTIVE")]


def test_what_went_wrong_is_said_before_what_must_wait(member: Member) -> None:
    member.gateway.inspect_error = RetryableGrantError("throttled")
    with pytest.raises(RetryableGrantError, match="throttled"):
        member.run(fan_out())
