"""One side of one command: addresses, claims, principals, answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.documents.compiler import RESOURCE_POLICY_LIMIT, statements_of
from streamgov_core.member.apply import Apply
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.asset_record import NO_REGISTRY
from streamgov_core.model.command import GrantCommand, Party
from streamgov_core.model.errors import RetryableGrantError
from streamgov_core.model.schema_reference import SchemaReference
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.grants.fakes import (
    CLAIMABLE,
    CLUSTER,
    CONSUMER,
    DOMAIN,
    NAMES,
    OWNER,
    REGISTRY,
    ROLE,
    SERVERLESS,
    Clock,
    Ids,
    MemoryAccountGateway,
    MemoryDocumentLedger,
    MemoryIam,
    MemoryPolicies,
    command,
    schema_of,
)
from tests.unit.grants.oracle import allowed

ROLES = (f"arn:aws:iam::{CONSUMER}:role/streaming/*", f"arn:aws:iam::{OWNER}:role/streaming/*")


class Member:
    """A member account's function over fakes."""

    def __init__(self, account: str, **settings: Any) -> None:
        self.gateway = MemoryAccountGateway(MemoryPolicies(), MemoryIam())
        self.ledger = MemoryDocumentLedger()
        self.clock = Clock()
        self.metrics: list[dict[str, Any]] = []
        given: dict[str, Any] = {"consumer_roles": ROLES, "claimable": CLAIMABLE}
        self.settings = ApplySettings(NAMES, DOMAIN, account, **{**given, **settings})

    def run(self, order: GrantCommand | dict[str, Any]) -> dict[str, Any]:
        event = order if isinstance(order, dict) else order.to_message()
        apply = Apply(
            self.settings,
            self.gateway,
            self.ledger,
            now=self.clock.now,
            sleep=self.clock.sleep,
            new_id=Ids().next,
            metrics=FunctionMetrics(NAMES.namespace, "apply", lambda line: self.metrics.append(json.loads(line))),
        )
        return apply.run(json.loads(json.dumps(event)))


def untouched(member: Member) -> bool:
    return (
        not member.gateway.policies.writes
        and not member.gateway.iam.writes
        and all(not item.records and not item.lease_record.owner for item in member.ledger.documents.values())
    )


def test_the_producer_side_writes_the_cluster_policy_and_the_reader_role() -> None:
    member = Member(OWNER)
    order = command(schema=schema_of("orders"))
    member.gateway.recorded(order)
    member.gateway.warnings = ["also admits SASL/SCRAM"]
    answer = member.run(order)
    assert answer["status"] == "APPLIED" and answer["cause"] is None
    assert answer["details"]["warnings"] == ["also admits SASL/SCRAM"]
    assert allowed(
        member.gateway.policies.statements(CLUSTER), ROLE, "kafka-cluster:ReadData", str(order.resource["arn"])
    )
    assert len(member.gateway.iam.roles) == 1
    taken = member.run(command(schema=schema_of("orders"), request="REVOKE", generation=3))
    assert taken["status"] == "APPLIED"
    assert member.gateway.iam.roles == {} and member.gateway.policies.documents == {}


def test_the_consumer_side_writes_each_role_of_this_account_only() -> None:
    member = Member(CONSUMER)
    second, elsewhere = f"arn:aws:iam::{CONSUMER}:role/streaming/b", f"arn:aws:iam::{OWNER}:role/streaming/c"
    member.gateway.iam.add(ROLE)
    member.gateway.iam.add(second)
    order = command(principals=(ROLE, second, elsewhere), side="consumer", account=CONSUMER, schema=schema_of("orders"))
    assert member.run(order)["status"] == "APPLIED"
    topic = str(order.resource["arn"])
    for arn in (ROLE, second):
        statements = member.gateway.iam.statements(arn)
        assert allowed(statements, arn, "kafka-cluster:ReadData", topic)
        assert any(item["Action"] == "sts:AssumeRole" and "readers/" in item["Resource"] for item in statements)
    roles = {name for name in member.ledger.documents if not name.startswith("connection#")}
    assert roles == {f"role#{ROLE}", f"role#{second}"}


def test_within_one_account_there_is_no_cluster_policy_and_the_registry_is_read_directly() -> None:
    member = Member(OWNER)
    arn = f"arn:aws:iam::{OWNER}:role/streaming/local"
    member.gateway.iam.add(arn)
    order = command(principals=(arn,), side="both", schema=schema_of("orders"))
    member.gateway.recorded(order)
    assert member.run(order)["status"] == "APPLIED"
    assert member.gateway.policies.writes == []
    actions = {a for item in member.gateway.iam.statements(arn) for a in statements_actions(item)}
    by_id = [item for item in member.gateway.iam.statements(arn) if item["Action"] == "glue:GetSchemaVersion"]
    assert [item["Resource"] for item in by_id] == ["*"]  # A record carries the version's id only.
    assert {"glue:GetSchema", "glue:ListSchemaVersions"} < actions
    assert not {a for a in actions if a.startswith(("ec2:", "sts:")) or "VpcConnection" in a}


def statements_actions(statement: dict[str, Any]) -> list[str]:
    value = statement["Action"]
    return [value] if isinstance(value, str) else list(value)


def test_one_missing_role_of_three_is_an_error_and_a_revoke_cleans_the_others() -> None:
    member = Member(CONSUMER)
    roles = tuple(f"arn:aws:iam::{CONSUMER}:role/streaming/r{n}" for n in range(3))
    for arn in roles[:2]:
        member.gateway.iam.add(arn)
    with pytest.raises(RetryableGrantError, match="does not exist"):
        member.run(command(principals=roles, side="consumer", account=CONSUMER))
    undo = command(principals=roles, side="consumer", account=CONSUMER, request="REVOKE", generation=2)
    assert member.run(undo)["status"] == "APPLIED"
    assert all(member.gateway.iam.statements(arn) == [] for arn in roles)


def test_a_late_grant_is_superseded() -> None:
    member = Member(OWNER)
    order = command()
    member.gateway.recorded(order)
    member.run(command(request="REVOKE", generation=3))
    assert member.run(order)["status"] == "SUPERSEDED"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 9}, "version"),
        ({"action": "drop"}, "action"),
        ({"requestType": "STEAL"}, "requestType"),
        ({"resource": None}, "malformed"),
        ({"principals": None, "consumer": {}}, "malformed"),
        ({"domainId": "dzd-other"}, "domain"),
        ({"account": CONSUMER}, "for account"),
        ({"platform": "pigeon"}, "pigeon"),
    ],
)
def test_commands_that_are_not_meant_for_us_are_refused(change: dict[str, Any], reason: str) -> None:
    member = Member(OWNER)
    answer = member.run({**command().to_message(), **change})
    assert answer["status"] == "REJECTED" and reason in answer["cause"]
    assert untouched(member)


@pytest.mark.parametrize("what", ["nothing", "other asset", "other topic", "other schema"])
def test_a_forged_claim_is_refused_and_changes_nothing(what: str) -> None:
    member = Member(OWNER)
    order = command("salaries", schema=schema_of("salaries"))
    member.gateway.recorded(order)
    record = member.gateway.records["salaries"]
    if what == "nothing":
        member.gateway.records.clear()
    elif what == "other asset":
        member.gateway.records["salaries"] = replace(record, asset_id="someone-elses")
    elif what == "other topic":
        member.gateway.records["salaries"] = replace(record, resource_arn=record.resource_arn + "2")
    else:
        member.gateway.records["salaries"] = replace(record, schema_arn=schema_of("other").schema_arn)
    answer = member.run(order)
    assert answer["status"] == "REJECTED"
    assert "no data source" in answer["cause"]
    assert untouched(member)


def test_a_claim_on_another_accounts_cluster_is_refused() -> None:
    member = Member(CONSUMER)
    order = replace(command(), account=CONSUMER)
    member.gateway.recorded(order)
    answer = member.run(order)
    assert answer["status"] == "REJECTED" and f"not in account {CONSUMER}" in answer["cause"]


@pytest.mark.parametrize("told", [OWNER, CONSUMER])
def test_the_consumers_side_in_the_owners_account_grants_nothing(told: str) -> None:
    """There the role's policy is the whole access: whoever sends such a command would need no record of the owner."""
    member = Member(OWNER)
    local = f"arn:aws:iam::{OWNER}:role/streaming/local"
    member.gateway.iam.add(local)
    order = replace(command("payroll.secret", principals=(local,), side="consumer"), producer=Party(told, "us-east-1"))
    answer = member.run(order)
    assert answer["status"] == "REJECTED" and "needs the owner's side" in answer["cause"]
    assert untouched(member)
    undo = command("payroll.secret", principals=(local,), side="consumer", request="REVOKE", generation=3)
    assert member.run(undo)["status"] == "APPLIED"


def test_a_schema_of_the_account_does_not_come_along_with_a_foreign_topic() -> None:
    """Kind of the above: every ARN of the command counts, not only that of the topic."""
    member = Member(CONSUMER)
    member.gateway.iam.add(ROLE)
    arn = schema_of("pay").schema_arn.replace(OWNER, CONSUMER)
    stolen = SchemaReference(REGISTRY.replace(OWNER, CONSUMER), arn, "pay")
    answer = member.run(command(side="consumer", account=CONSUMER, schema=stolen))
    assert answer["status"] == "REJECTED" and arn in answer["cause"]
    assert untouched(member)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"clusterArn": SERVERLESS}, "not one of the cluster"),
        ({"arn": CLUSTER.replace(":cluster/", ":topic/") + "/*"}, "not a legal Kafka topic name"),
        ({"arn": CLUSTER.replace(":cluster/", ":topic/")}, "not the ARN of a Kafka topic"),
    ],
)
@pytest.mark.parametrize("side", ["producer", "consumer"])
def test_only_one_topic_of_its_own_cluster_is_granted(side: str, change: dict[str, str], reason: str) -> None:
    account = OWNER if side == "producer" else CONSUMER
    member = Member(account)
    member.gateway.iam.add(ROLE)
    order = command(side=side, account=account)
    order = replace(order, resource={**order.resource, **change})
    member.gateway.recorded(order)
    answer = member.run(order)
    assert answer["status"] == "REJECTED" and reason in answer["cause"]
    assert untouched(member)


@pytest.mark.parametrize("consumer", [{"projectId": "*"}, {"projectId": "a.b"}, {"account": "*"}])
def test_a_consumer_is_no_pattern_of_group_names(consumer: dict[str, str]) -> None:
    member = Member(CONSUMER)
    member.gateway.iam.add(ROLE)
    message = command(side="consumer", account=CONSUMER).to_message()
    answer = member.run({**message, "consumer": {**message["consumer"], **consumer}})
    assert answer["status"] == "REJECTED" and "literal ids" in answer["cause"]
    assert untouched(member)


def test_an_owner_who_is_told_to_be_another_account_refuses() -> None:
    """The account decides whose roles need a policy of the resource: it is the one whose record confirms the claim."""
    member = Member(OWNER)
    order = replace(command(), producer=Party(CONSUMER, "us-east-1"))
    member.gateway.recorded(order)
    answer = member.run(order)
    assert answer["status"] == "REJECTED" and "as the owner" in answer["cause"]
    assert untouched(member)


@pytest.mark.parametrize("schema", ["orders", None])
def test_a_record_claims_what_its_data_source_may_speak_for_and_nothing_else(schema: str | None) -> None:
    """Whoever may create a schema, or write a parameter, makes a record of any topic of the cluster."""
    topics = CLUSTER.replace(":cluster/", ":topic/")
    registry = "streams" if schema else NO_REGISTRY
    other = NO_REGISTRY if schema else "streams"
    member = Member(OWNER, claimable={registry: (f"{topics}/orders*",), other: (f"{topics}/*",)})
    for topic, status in (("orders.eu", "APPLIED"), ("payroll.secret", "REJECTED")):
        order = command(topic, schema=schema_of(topic) if schema else None)
        member.gateway.recorded(order)
        answer = member.run(order)
        assert answer["status"] == status
        if status == "REJECTED":
            assert f"may speak for {topics}/orders* only" in answer["cause"]
            assert untouched(member) is False, "the other grant's statement"
            assert "payroll" not in json.dumps(member.gateway.policies.statements(CLUSTER))
    # What was granted before the setting is taken back all the same.
    assert member.run(command("payroll.secret", request="REVOKE", generation=3))["status"] in ("APPLIED", "SUPERSEDED")


def test_a_record_of_a_registry_that_no_data_source_names_claims_nothing() -> None:
    member = Member(OWNER, claimable={"others": ("arn:aws:kafka:*:*:topic/*/*/*",)})
    order = command(schema=schema_of("orders"))
    member.gateway.recorded(order)
    answer = member.run(order)
    assert answer["status"] == "REJECTED" and "may speak for nothing only" in answer["cause"]
    assert untouched(member)


@pytest.mark.parametrize("topic", ["__consumer_offsets", "__amazon_msk_canary"])
def test_internal_topics_are_never_granted(topic: str) -> None:
    every = {"owner-project": ("arn:aws:kafka:*",), "": ("arn:aws:kafka:*",)}
    member = Member(OWNER, manual_assets=every)
    order = command(topic)
    member.gateway.recorded(order)
    answer = member.run(order)
    assert answer["status"] == "REJECTED" and "internal topic" in answer["cause"]
    assert untouched(member)
    assert member.run(command(topic, request="REVOKE", generation=3))["status"] == "APPLIED"


def test_an_asset_made_by_hand_needs_a_pattern_for_its_project() -> None:
    prefix = CLUSTER.replace(":cluster/", ":topic/")
    order = command("orders.v1")
    assert Member(OWNER, manual_assets={"other": [f"{prefix}/*"]}).run(order)["status"] == "REJECTED"
    assert Member(OWNER, manual_assets={"ownerproject01": [f"{prefix}/pay*"]}).run(order)["status"] == "REJECTED"
    named = {"ownerproject01": [f"{prefix}/orders.*"]}
    answer = Member(OWNER, manual_assets=named).run(order)
    assert answer["status"] == "APPLIED" and "by configuration" in answer["details"]["warnings"][0]
    # The pattern names topics: a schema of somebody else does not come along with it.
    with_schema = command("orders.v1", schema=schema_of("salaries"))
    assert Member(OWNER, manual_assets=named).run(with_schema)["status"] == "REJECTED"


@pytest.mark.parametrize("arn", [NAMES.role_arn(CONSUMER, "apply"), f"arn:aws:iam::{CONSUMER}:role/admin/root-like"])
def test_roles_that_are_not_named_get_nothing_but_can_lose(arn: str) -> None:
    member = Member(CONSUMER)
    member.gateway.iam.add(arn)
    answer = member.run(command(principals=(arn,), side="consumer", account=CONSUMER))
    assert answer["status"] == "REJECTED"
    assert untouched(member)
    revoke = command(principals=(arn,), side="consumer", account=CONSUMER, request="REVOKE", generation=3)
    # IAM does not let the function touch such a role: undoing a refused grant must not try to.
    member.gateway.iam.hooks["role"] = lambda name: pytest.fail(f"{name} must not even be looked at")
    assert member.run(revoke)["status"] == "APPLIED"
    assert untouched(member)


def test_a_protected_role_gets_nothing_although_a_pattern_names_it() -> None:
    member = Member(CONSUMER, protected_roles=(ROLE,))
    member.gateway.iam.add(ROLE)
    answer = member.run(command(side="consumer", account=CONSUMER))
    assert answer["status"] == "REJECTED"
    assert answer["cause"] == f"{ROLE} is a role of the deployment itself and never receives access"
    assert untouched(member)


def test_a_role_that_is_no_longer_named_can_still_lose() -> None:
    member = Member(CONSUMER)
    member.gateway.iam.add(ROLE)
    order = command(side="consumer", account=CONSUMER)
    assert member.run(order)["status"] == "APPLIED" and member.gateway.iam.statements(ROLE)
    member.settings = replace(member.settings, consumer_roles=())
    again = command(side="consumer", account=CONSUMER, request="REVOKE", generation=3)
    assert member.run(again)["status"] == "APPLIED" and member.gateway.iam.statements(ROLE) == []


def test_a_revoke_asks_nobody_for_a_claim() -> None:
    member = Member(OWNER)
    order = command()
    member.gateway.recorded(order)
    member.run(order)
    member.gateway.records.clear()
    member.gateway.inspect_error = AssertionError("must not be asked")
    assert member.run(command(request="REVOKE", generation=3))["status"] == "APPLIED"
    assert member.gateway.policies.documents == {}


def test_a_cluster_that_cannot_be_looked_at_now_is_tried_again() -> None:
    member = Member(OWNER)
    order = command()
    member.gateway.recorded(order)
    member.gateway.inspect_error = RetryableGrantError("throttled")
    with pytest.raises(RetryableGrantError):
        member.run(order)
    assert untouched(member)


def test_documents_never_hold_an_id_of_datazone() -> None:
    """Grant and asset ids may be odd or long; they stay out of Sids."""
    member = Member(OWNER)
    order = command(grant="-_" * 18, asset="x" * 36)
    member.gateway.recorded(order)
    member.run(order)
    assert all(item["Sid"].isalnum() for item in statements_of(member.gateway.policies.documents[CLUSTER][0]))


def fills(member: Member) -> dict[str, float]:
    """The last percentage of each kind of document."""
    return {line["DocumentKind"]: line["DocumentFill"][0] for line in member.metrics}


def test_how_full_a_document_is_grows_and_shrinks_with_its_grants() -> None:
    member = Member(OWNER)
    order = command()
    member.gateway.recorded(order)
    member.run(order)
    (line,) = member.metrics
    written = json.dumps(member.gateway.policies.documents[CLUSTER][0], separators=(",", ":"))
    assert line["DocumentFill"] == [round(100 * len(written) / RESOURCE_POLICY_LIMIT, 1)]
    assert (line["DocumentKind"], line["Function"], line["Deployment"]) == ("cluster", "apply", "streamgov")
    described = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert [(metric["Name"], metric["Unit"]) for metric in described] == [("DocumentFill", "Percent")]
    member.run(order)
    assert len(member.metrics) == 1, "nothing was written"
    member.run(command(request="REVOKE", generation=3))
    assert fills(member) == {"cluster": 0.0}


def test_the_consumers_role_is_told_as_a_kind_of_its_own() -> None:
    member = Member(CONSUMER)
    member.gateway.iam.add(ROLE)
    member.run(command(side="consumer", account=CONSUMER))
    assert list(fills(member)) == ["role"] and 0 < fills(member)["role"] < 5
