"""Parts of the reconciler on their own: pages and rates, executions, events, differences, one account's targets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from streamgov_core.deploy.domain_permissions import reconcile_policy
from streamgov_core.documents.comparison import Comparison, differences
from streamgov_core.documents.compiler import identity_statements, statements_of
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.domain.datazone import DataZoneDomain
from streamgov_core.domain.grant_documents import document_ids_of
from streamgov_core.domain.grant_ledger import DynamoGrantLedger
from streamgov_core.domain.reconcile.inventory import (
    CentralExecutions,
    DataZoneInventory,
    EventsPublisher,
    ListedGrant,
    rate_limited,
)
from streamgov_core.domain.reconcile.pace import RateLimiter
from streamgov_core.member.document_ledger import DynamoDocumentLedger
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import EventRefusedError, PermanentGrantError, RemoteError, RetryableGrantError
from streamgov_core.model.findings import Finding, Tally, events
from streamgov_core.model.permission import Permission
from streamgov_core.model.reconcile_command import Expected, ReconcileCommand
from tests.unit.grants.fakes import CLUSTER, CONSUMER, DOMAIN, NAMES, OWNER, ROLE, Clock, command, schema_of
from tests.unit.grants.reconcile_accounts import CENTRAL, HOUR, MemoryDeployment

PREFIX = NAMES.sid_prefix
MACHINE = NAMES.central_machine_arn("111111111111")


def client(service: Any) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def inventory(datazone: Any) -> DataZoneInventory:
    clock = Clock()
    return DataZoneInventory(lambda: datazone, "dzd-unittest", RateLimiter(clock.now, clock.sleep))


# --- DataZone, executions, events -------------------------------------------------------------------------------------
def listed(number: int) -> dict[str, Any]:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "id": f"grant{number}",
        "createdBy": "SYSTEM",
        "domainId": "dzd-unittest",
        "createdAt": moment,
        "updatedAt": moment,
        "environmentId": "env1",
        "subscriptionTargetId": "target1",
        "subscriptionId": "sub1",
        "grantedEntity": {"listing": {"id": "listing1", "revision": "2"}},
        "status": "COMPLETED",
        "assets": [{"assetId": "a", "assetRevision": "1", "status": "GRANTED"}],
    }


def test_every_page_of_grants_is_read() -> None:
    datazone = client("datazone")
    asked = {"domainIdentifier": "dzd-unittest", "owningProjectId": "project1", "maxResults": 50}
    with Stubber(datazone) as stub:
        stub.add_response("list_subscription_grants", {"items": [listed(1)], "nextToken": "more"}, asked)
        stub.add_response("list_subscription_grants", {"items": [listed(2)]}, {**asked, "nextToken": "more"})
        grants = inventory(datazone).grants_of("project1")
        stub.assert_no_pending_responses()
    assert [grant.grant_id for grant in grants] == ["grant1", "grant2"]
    assert grants[0] == ListedGrant(
        "grant1",
        "env1",
        "target1",
        "sub1",
        "listing1",
        "2",
        datetime(2026, 1, 1, tzinfo=UTC).timestamp(),
        {"a": "GRANTED"},
    )


def subscription(name: str, *, retained: bool) -> dict[str, Any]:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "id": name,
        "createdBy": "user",
        "domainId": "dzd-unittest",
        "status": "REVOKED",
        "createdAt": moment,
        "updatedAt": moment,
        "subscribedPrincipal": {"project": {"id": "project1"}},
        "subscribedListing": {
            "id": "l",
            "name": "l",
            "description": "",
            "item": {"assetListing": {}},
            "ownerProjectId": "p",
        },
        "retainPermissions": retained,
    }


def test_only_ended_subscriptions_can_be_retained() -> None:
    datazone = client("datazone")
    asked = {"domainIdentifier": "dzd-unittest", "owningProjectId": "project1", "maxResults": 50}
    items = [subscription("kept", retained=True), subscription("not", retained=False)]
    with Stubber(datazone) as stub:
        stub.add_response("list_subscriptions", {"items": items}, {**asked, "status": "REVOKED"})
        stub.add_response("list_subscriptions", {"items": []}, {**asked, "status": "CANCELLED"})
        assert inventory(datazone).retained_of("project1") == {"kept"}
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ResourceNotFoundException", False),
        ("AccessDeniedException", PermanentGrantError),
        ("ThrottlingException", RetryableGrantError),
    ],
)
def test_an_asset_is_gone_only_if_datazone_says_so(code: str, expected: Any) -> None:
    datazone = client("datazone")
    reader = DataZoneDomain(lambda: datazone, "dzd-unittest")
    with Stubber(datazone) as stub:
        stub.add_client_error("get_asset", code)
        if expected is False:
            assert reader.asset("asset1") is None
        else:
            with pytest.raises(expected):
                reader.asset("asset1")


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException", "ResourceNotFoundException"])
def test_datazone_may_refuse_to_end_a_grant(code: str) -> None:
    datazone = client("datazone")
    with Stubber(datazone) as stub:
        stub.add_client_error("delete_subscription_grant", code)
        assert inventory(datazone).end("grant1") is False
        stub.add_client_error("delete_subscription_grant", "AccessDeniedException")
        with pytest.raises(PermanentGrantError):
            inventory(datazone).end("grant1")


def test_calls_are_spread_below_the_documented_rate() -> None:
    clock = Clock(0.0)
    rate_limiter = RateLimiter(clock.now, clock.sleep)
    take = rate_limited(lambda: "client", rate_limiter)
    for _ in range(41):
        assert take() == "client"
    assert 40 / 8 < clock.value == pytest.approx(8.0)
    clock.value += 100  # A pause is not saved up for a burst.
    for _ in range(2):
        rate_limiter.wait()
    assert clock.value == pytest.approx(108.2)


def test_executions_are_started_once_under_a_name_and_forgotten_after_a_while() -> None:
    states = client("stepfunctions")
    executions = CentralExecutions(lambda: states, MACHINE)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with Stubber(states) as stub:
        asked = {"stateMachineArn": MACHINE, "name": "n", "input": '{"a": 1}'}
        stub.add_response("start_execution", {"executionArn": CENTRAL + "n", "startDate": moment}, asked)
        stub.add_client_error("start_execution", "ExecutionAlreadyExists")
        assert executions.start("n", {"a": 1}) is True and executions.start("n", {"a": 1}) is False
        known = {"executionArn": CENTRAL + "n", "stateMachineArn": MACHINE, "status": "FAILED", "startDate": moment}
        stub.add_response("describe_execution", {**known, "input": '{"action": "settle"}'})
        assert executions.state(CENTRAL + "n") == ("FAILED", {"action": "settle"})
        stub.add_response("describe_execution", {**known, "input": "not json"})
        assert executions.state(CENTRAL + "n") == ("FAILED", {})
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist")
        assert executions.state(CENTRAL + "gone") is None


def test_events_go_out_by_tens_and_a_refused_one_is_an_error() -> None:
    bus = client("events")
    entries = [{"Source": "streamgov", "DetailType": "t", "Detail": "{}"}] * 12
    with Stubber(bus) as stub:
        stub.add_response("put_events", {"Entries": [{"EventId": "e"}] * 10}, {"Entries": entries[:10]})
        stub.add_response(
            "put_events", {"Entries": [{"ErrorCode": "InternalFailure"}, {"EventId": "e"}]}, {"Entries": entries[10:]}
        )
        with pytest.raises(RemoteError):
            EventsPublisher(lambda: bus).put(entries)


def test_ledgers_are_read_to_their_last_page() -> None:
    dynamo = client("dynamodb")
    key = {"grantId": {"S": "g1"}, "assetId": {"S": "a"}}
    item = {
        "desired": {"S": "GRANT"},
        "state": {"S": "GRANTED"},
        "command": {"S": "null"},
        "audit": {"S": "{}"},
        "execution": {"S": ""},
        "updatedAt": {"N": "1.5"},
        "cause": {"S": ""},
        "generation": {"N": "1"},
        "assetId": {"S": "a"},
    }
    with Stubber(dynamo) as stub:
        stub.add_response("scan", {"Items": [{**item, "grantId": {"S": "g1"}}], "LastEvaluatedKey": key})
        stub.add_response(
            "scan",
            {"Items": [{**item, "grantId": {"S": "g2"}}]},
            {"TableName": "t", "ConsistentRead": True, "ExclusiveStartKey": key},
        )
        assert [record.grant_id for record in DynamoGrantLedger(lambda: dynamo, "t").everything()] == ["g1", "g2"]
        head = {"documentId": {"S": "role#r"}, "item": {"S": "#lease"}}
        record = {
            "documentId": {"S": "role#r"},
            "item": {"S": "grant#g#a"},
            "generation": {"N": "1"},
            "state": {"S": "REMOVED"},
            "at": {"N": "2"},
            "body": {"S": '{"permissions": [], "trust": []}'},
        }
        stub.add_response("scan", {"Items": [head, record]})
        found = DynamoDocumentLedger(lambda: dynamo, "t").load_all()
    assert [(name, [item.key for item in items]) for name, items in found.items()] == [("role#r", ["g#a"])]


# --- differences ------------------------------------------------------------------------------------------------------
WANTED = identity_statements(PREFIX, [Permission("s3", ("s3:Get",), "arn:x"), Permission("s3", ("s3:Put",), "arn:y")])


def differ(*statements: dict[str, Any], exclusive: bool = False) -> list[tuple[str, str]]:
    comparison = Comparison("policy", {"Statement": list(statements)}, WANTED, exclusive)
    return [(item.kind, item.outcome) for item in differences("role#r", comparison, PREFIX)]


def test_what_services_rewrite_is_no_difference() -> None:
    first, second = WANTED
    rewritten = {**first, "Action": [first["Action"]], "Resource": [first["Resource"]]}
    assert differ(second, rewritten) == []
    assert differences("role#r", Comparison("policy", None, []), PREFIX) == []


def test_each_difference_has_its_name() -> None:
    first, second = WANTED
    extra = {**first, "Sid": PREFIX + "zz", "Action": "s3:*"}
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Action": "s3:List", "Resource": "*"}
    assert differ(first) == [("DriftRemoved", "found")]
    assert differ(first, second, extra) == [("DriftAdded", "found")]
    assert differ(first, {**second, "Resource": "*"}) == [("DriftAltered", "found")]
    assert differ(first, second, {**first, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}) == [
        ("DriftAdded", "found")
    ]
    assert differ(first, second, theirs) == []
    assert differ(first, second, theirs, exclusive=True) == [("ForeignStatement", "skipped")]
    assert differ(theirs) == [("DriftRemoved", "found")], "one finding where nothing of ours is left"


def test_a_tally_survives_its_way_through_the_states_and_knows_only_known_kinds() -> None:
    tally = Tally(2)
    tally.extend(Finding("Orphaned", str(number), "x" * 1000) for number in range(5))
    tally.settle("Orphaned", "1", "repaired", "done")
    copy = Tally.parse(json.loads(json.dumps(tally.to_message())), 2)
    assert copy.counts == {"Orphaned": {"found": 5, "repaired": 1}} and copy.truncated == 3
    assert copy.findings[1].outcome == "repaired" and copy.findings[1].text.startswith("done; ")
    assert all(len(item["text"]) <= 300 for item in copy.to_message()["findings"])
    assert len(events(NAMES, copy, False, "e")) == 1
    with pytest.raises(ValueError, match="no kind"):
        tally.add(Finding("odd", "s", "t"))


# --- one account ------------------------------------------------------------------------------------------------------
def test_the_domain_knows_every_document_that_a_grant_writes() -> None:
    """The set is computed from the ledger alone; it must be what the accounts' functions really write."""
    deployment = MemoryDeployment()
    deployment.granted()
    assert {(OWNER, f"cluster#{CLUSTER}"), (CONSUMER, f"role#{ROLE}")} == set(
        document_ids_of(NAMES, deployment.command())
    )
    written = {(name, target) for name, account in deployment.accounts.items() for target in account.ledger.documents}
    told = {(name, target) for name, target in written if target.startswith("connection#")}
    # Connection details are the account's own affair: it compares them with its ledger.
    assert {name for name, _ in told} == {CONSUMER} and len(told) == 1
    written -= told
    assert written == set(document_ids_of(NAMES, deployment.command()))
    local = command(principals=(f"arn:aws:iam::{OWNER}:role/streaming/local",), schema=schema_of("orders"))
    assert {account for account, _ in document_ids_of(NAMES, local)} == {OWNER}
    across = {target.split("#")[0] for _, target in document_ids_of(NAMES, command(schema=schema_of("orders")))}
    assert across == {"cluster", "reader", "role"}


def ordered(*targets: Expected, account: str = OWNER, dry_run: bool = False, **changes: Any) -> dict[str, Any]:
    made = ReconcileCommand(account, DOMAIN, dry_run, "", "", 50, targets)
    return replace(made, **changes).to_message()


def test_a_command_for_somebody_else_or_of_another_release_is_refused() -> None:
    deployment = MemoryDeployment()
    for event in (
        ordered(account=CONSUMER),
        ordered(domain_id="dzd-other"),
        {**ordered(), "version": 99},
        {"version": 1, "action": "reconcile"},
    ):
        answer = deployment.owner.reconcile.run(event)
        assert answer["status"] == "REJECTED" and answer["cause"], event
    with pytest.raises(EventRefusedError, match="malformed"):
        ReconcileCommand.parse({**ordered(), "documents": [["a"]]})


def test_a_reader_role_is_compared_and_repaired() -> None:
    deployment = MemoryDeployment()
    order = command(schema=schema_of("orders"))
    deployment.owner.gateway.recorded(order)
    assert deployment.owner.run(order.to_message())["status"] == "APPLIED"
    expected = [
        Expected(target, "msk", {order.key: 1}) for account, target in document_ids_of(NAMES, order) if account == OWNER
    ]
    assert deployment.owner.run(ordered(*expected))["details"]["tally"]["counts"] == {}
    iam = deployment.owner.gateway.iam
    (name,) = iam.roles
    trust = dict(iam.roles[name].trust)
    trust["Statement"] = [{**statements_of(trust)[0], "Condition": {}}]
    iam.roles[name] = replace(iam.roles[name], trust=trust)
    result = deployment.owner.run(ordered(*expected))["details"]["tally"]
    assert result["counts"] == {"DriftAltered": {"found": 1, "repaired": 1}}, result
    assert statements_of(iam.roles[name].trust)[0]["Condition"]
    iam.inlines.clear()
    del iam.roles[name]
    again = deployment.owner.run(ordered(*expected))["details"]["tally"]
    assert again["counts"]["DriftRemoved"] == {"found": 2, "repaired": 2} and name in iam.roles


def test_a_managed_policy_that_was_detached_is_attached_again() -> None:
    deployment = MemoryDeployment()
    for number in range(60):
        deployment.granted(f"grant{number:02d}", f"a-topic-with-a-long-name-to-fill-the-inline-policy-{number:02d}")
    iam = deployment.consumer.gateway.iam
    name = ROLE.rsplit("/", 1)[1]
    assert iam.attachments[name], "the grants must spill into managed policies"
    attached = set(iam.attachments[name])
    iam.attachments[name] = set()
    deployment.clock.value += HOUR
    result = deployment.reconcile()
    assert result["counts"] == {"DriftRemoved": {"found": len(attached), "repaired": len(attached)}}
    assert iam.attachments[name] == attached


def test_a_function_whose_time_is_up_says_what_it_left() -> None:
    deployment = MemoryDeployment()
    deployment.granted()

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 15_000

    command_ = ordered(Expected(f"cluster#{CLUSTER}", "msk", {deployment.command().key: 1}))
    answer = deployment.owner.reconcile.run(command_, Context())
    assert answer["details"]["checked"] == 0
    assert answer["details"]["tally"]["counts"] == {"Unchecked": {"found": 1}}


def test_a_surface_that_cannot_show_its_documents_is_judged_by_what_it_would_write() -> None:
    deployment = MemoryDeployment()
    deployment.granted()

    class Opaque:
        """A policy document of which nothing is known but that it writes."""

        read_before_lease = False
        wrong = True

        def reads(self) -> list[Any]:
            return []

        def forget(self) -> None:
            return

        def apply(self, view: DesiredState, check_lease: Any) -> WriteResult:
            if self.wrong:
                check_lease()
                Opaque.wrong = False
            return WriteResult({key: view.slots[key] for key in view.active})

    kept = deployment.owner.gateway.policy_document

    def policy_document(platform: str, contribution: PolicyContribution) -> Any:
        return Opaque() if contribution.kind == "cluster" else kept(platform, contribution)

    deployment.owner.gateway.policy_document = policy_document  # type: ignore[method-assign]
    deployment.clock.value += HOUR
    assert deployment.reconcile(dry_run=True)["counts"] == {"DriftAltered": {"found": 1}} and Opaque.wrong
    assert deployment.reconcile("r2")["counts"] == {"DriftAltered": {"found": 1, "repaired": 1}}
    assert deployment.reconcile("r3")["counts"] == {}


def test_a_target_that_no_platform_knows_is_a_finding_and_not_the_end() -> None:
    deployment = MemoryDeployment()
    deployment.granted()

    def unknown(platform: str, contribution: PolicyContribution) -> Any:
        raise EventRefusedError(f"platform {platform} has no documents of kind {contribution.kind}")

    deployment.owner.gateway.policy_document = unknown  # type: ignore[method-assign]
    deployment.clock.value += HOUR
    result = deployment.reconcile()
    assert result["counts"] == {"Unreadable": {"found": 1, "failed": 1}} and result["checked"] == 2


# --- documents --------------------------------------------------------------------------------------------------------
def test_the_role_says_no_more_than_the_code_calls() -> None:
    policy = reconcile_policy(NAMES, "111111111111", "arn:aws:kms:us-east-1:111111111111:key/k")
    statements = {item["Sid"]: item for item in statements_of(policy)}
    assert [sid for sid, item in statements.items() if item["Resource"] == "*"] == ["DataZone"]
    assert statements["StartExecutions"]["Resource"] == MACHINE
    assert statements["PublishFindings"]["Condition"] == {"StringEquals": {"events:source": "streamgov"}}
    assert "TableKey" in statements and len(json.dumps(policy)) < 10_240
    assert not any("iam:" in json.dumps(item) or "sts:" in json.dumps(item) for item in statements.values())
