"""What the owner's account says of a grant before anything is written in any account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ClaimRefusedError, PermanentGrantError, RetryableGrantError
from tests.unit.grants.fakes import CONSUMER, OWNER, ROLE, Clock, command
from tests.unit.member.test_apply import Member, untouched

BROKERS = {"bootstrapBrokersVpc": "b-1.vpc:14001"}


def asked() -> GrantCommand:
    """What the central machine asks the owner's account."""
    made = command()
    undecided = replace(made, consumer=replace(made.consumer, assuming=None))
    return undecided.for_side("prepare", "GRANT", 1, OWNER)


@pytest.fixture
def owner() -> Member:
    made = Member(OWNER)
    made.gateway.facts = BROKERS
    made.gateway.recorded(asked())
    return made


def test_the_owners_account_tells_how_to_connect_and_writes_nothing(owner: Member) -> None:
    owner.gateway.warnings = ["also admits SASL/SCRAM"]
    answer = owner.run(asked())
    assert answer["status"] == "APPLIED"
    assert answer["details"] == {"assuming": [], "warnings": ["also admits SASL/SCRAM"], "connection": BROKERS}
    assert untouched(owner)


def test_a_claim_that_nobody_recorded_is_refused_before_any_side_is_carried_out(owner: Member) -> None:
    (name,) = owner.gateway.records
    owner.gateway.records[name] = AssetRecord("another", str(asked().resource["arn"]), None, name, "h")
    answer = owner.run(asked())
    assert answer["status"] == "REJECTED" and "no data source" in answer["cause"]
    assert untouched(owner)


def test_a_resource_that_cannot_be_granted_is_refused_before_any_side_is_carried_out(owner: Member) -> None:
    owner.gateway.inspect_error = ClaimRefusedError("the cluster does not exist")
    assert owner.run(asked())["cause"] == "the cluster does not exist"
    owner.gateway.inspect_error = RetryableGrantError("no answer")
    with pytest.raises(RetryableGrantError):
        owner.run(asked())


def test_what_depends_on_the_way_is_asked_when_the_way_is_known(owner: Member, monkeypatch: Any) -> None:
    """A cluster that other accounts cannot reach is no reason against a grant by an access role of its own account."""
    seen: list[GrantCommand] = []

    def inspect(order: GrantCommand) -> dict[str, Any]:
        seen.append(order)
        if order.foreign_principals():
            raise PermanentGrantError("no multi-VPC connectivity")
        return {"warnings": []}

    monkeypatch.setattr(owner.gateway, "inspect", inspect)
    assert owner.run(asked())["status"] == "APPLIED"
    answer = owner.run({**asked().for_side("producer", "GRANT", 1, OWNER).to_message(), "prepared": []})
    assert answer["status"] == "REJECTED" and "connectivity" in answer["cause"]
    assert len(seen) == 2 and untouched(owner)


def test_brokers_that_cannot_be_told_are_a_warning(owner: Member, monkeypatch: Any) -> None:
    def refuse(order: GrantCommand) -> dict[str, str]:
        raise PermanentGrantError("kafka:GetBootstrapBrokers is not allowed")

    monkeypatch.setattr(owner.gateway, "connection_facts", refuse)
    answer = owner.run(asked())
    assert answer["status"] == "APPLIED" and "connection" not in answer["details"]
    assert "could not be told how to connect" in answer["details"]["warnings"][0]


@pytest.mark.parametrize("side", ["producer", "consumer"])
def test_what_was_told_before_reaches_both_sides(owner: Member, side: str, monkeypatch: Any) -> None:
    prepared = [{"side": "prepare", "outcome": owner.run(asked())}]
    account = OWNER if side == "producer" else CONSUMER
    member = owner if side == "producer" else Member(CONSUMER)
    member.gateway.iam.add(ROLE)
    monkeypatch.setattr(member.gateway, "connection_facts", None)  # Nobody is asked again.
    order = asked().for_side("producer" if side == "producer" else "consumer", "GRANT", 1, account)
    answer = member.run({**order.to_message(), "prepared": prepared})
    assert answer["status"] == "APPLIED"
    if side == "producer":
        assert answer["details"]["connection"] == BROKERS
    else:
        (text,) = member.gateway.parameter_store.values.values()
        assert "b-1.vpc:14001" in text


def test_whoever_writes_looks_at_the_claim_again(owner: Member) -> None:
    """What an account said passes through the domain's: the owner's account believes its own records only."""
    prepared = [{"side": "prepare", "outcome": owner.run(asked())}]
    owner.gateway.records.clear()
    order = asked().for_side("producer", "GRANT", 1, OWNER).to_message()
    assert owner.run({**order, "prepared": prepared})["status"] == "REJECTED"
    assert untouched(owner)


def test_the_claim_of_a_consumers_account_is_the_owners_to_look_at() -> None:
    member = Member(CONSUMER)
    member.gateway.iam.add(ROLE)
    member.clock = Clock()
    member.gateway.inspect_error = ClaimRefusedError("not asked")
    answer = member.run(asked().for_side("prepare", "GRANT", 1, CONSUMER))
    assert answer["status"] == "APPLIED" and "connection" not in answer["details"]
