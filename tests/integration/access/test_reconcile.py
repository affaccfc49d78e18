"""The reconciler as it is deployed: its role, the branch of the central machine, the schedule, member accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.stream import Stream
from tests.integration.access.test_redrive import followers, settles, started
from tests.integration.access.test_workflow import policy_of, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER

SUBSCRIBE = "kinesis:SubscribeToShard"
READ = "kafka-cluster:ReadData"
DROP_GRANTS = {"source": ["aws.datazone"], "detail-type": ["Subscription Grant Requested"]}


@pytest.fixture(scope="module")
def reconciler(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment with the reconciler's schedule."""
    (rule,) = (rule for rule in deployment.described().rules if rule.key == "reconcile")
    deployment.deployer.rule(DOMAIN, rule)
    yield deployment
    deployment.deployer.remove_rule(DOMAIN, rule)


def by_schedule(deployment: Deployment) -> dict[str, Any]:
    states, machine = deployment.client("stepfunctions"), NAMES.central_machine_arn(DOMAIN)
    known = {item["executionArn"] for item in states.list_executions(stateMachineArn=machine)["executions"]}
    rule = f"arn:aws:events:us-east-1:{DOMAIN}:rule/{NAMES.regional('reconcile')}"
    deployment.emulator.admin("POST", "schedules", {"arn": rule})

    def started() -> str | None:
        for item in states.list_executions(stateMachineArn=machine)["executions"]:
            if item["executionArn"] not in known:
                workflow_input = json.loads(states.describe_execution(executionArn=item["executionArn"])["input"])
                if workflow_input.get("action") == "reconcile":
                    return str(item["executionArn"])
        return None

    return deployment.finished(eventually(started, bool))


@dataclass
class Story:
    """Grants to which something happens, each on a cluster and with a role of its own."""

    deployment: Deployment
    grants: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, str] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)
    listings: dict[str, str] = field(default_factory=dict)

    def ask(self, what: str, *, cluster: str | None = None) -> None:
        made = self.deployment
        self.clusters[what], self.roles[what] = cluster or made.make_cluster(), made.make_role(CONSUMER)
        target = made.make_target([self.roles[what]])
        self.assets[what], self.listings[what] = made.make_asset(what, cluster=self.clusters[what])
        made.subscribe(self.listings[what])
        self.grants[what] = made.grant(self.listings[what], target)

    def granted(self, *names: str, cluster: str | None = None) -> None:
        for what in names:
            self.ask(what, cluster=cluster)
        for what in names:
            done = self.deployment.settled(self.grants[what])
            assert done["status"] == "GRANTED", done

    def subject(self, what: str) -> str:
        return f"{self.grants[what]}#{self.assets[what]}"

    def status(self, what: str) -> str:
        return str(self.deployment.assets_of(self.grants[what])[0]["status"])

    def may(self, what: str, action: str = READ) -> bool:
        return self.deployment.may(self.roles[what], action, topic_of(self.deployment, what, self.clusters[what]))

    def policy(self, what: str) -> dict[str, Any]:
        return policy_of(self.deployment, self.clusters[what]) or {"Version": "2012-10-17", "Statement": []}

    def put_policy(self, what: str, document: dict[str, Any]) -> None:
        kafka = self.deployment.client("kafka", PRODUCER)
        version = kafka.get_cluster_policy(ClusterArn=self.clusters[what])["CurrentVersion"]
        kafka.put_cluster_policy(ClusterArn=self.clusters[what], CurrentVersion=version, Policy=json.dumps(document))

    def found(self, result: dict[str, Any]) -> set[tuple[str, str]]:
        """(what, kind) of the findings that concern these grants."""
        marks = [
            (what, mark) for what in self.grants for mark in (self.subject(what), self.clusters[what], self.roles[what])
        ]
        return {(what, item["kind"]) for item in result["findings"] for what, mark in marks if mark in item["subject"]}


def let_expire(deployment: Deployment, grant: str, asset: str) -> None:
    """As if it had been asked for until yesterday."""
    table, key = deployment.client("dynamodb"), {"grantId": {"S": grant}, "assetId": {"S": asset}}
    command = json.loads(table.get_item(TableName=NAMES.grant_table, Key=key)["Item"]["command"]["S"])
    command["request"]["until"] = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    table.update_item(
        TableName=NAMES.grant_table,
        Key=key,
        UpdateExpression="SET command = :command",
        ExpressionAttributeValues={":command": {"S": json.dumps(command)}},
    )


@pytest.fixture(scope="module")
def story(reconciler: Deployment) -> Story:
    """What went wrong."""
    told = Story(reconciler)
    told.granted("added", "altered", "removed", "made-again")
    told.granted("retained", "expired", cluster=reconciler.cluster)
    let_expire(reconciler, told.grants["expired"], told.assets["expired"])

    reconciler.emulator.admin("POST", "events", {"action": "drop", "pattern": DROP_GRANTS})
    told.ask("missed", cluster=reconciler.cluster)
    told.ask("hanging", cluster=reconciler.cluster)
    reconciler.emulator.admin("DELETE", "events")
    workflow_input = {"action": "redrive", "grantId": told.grants["hanging"], "requestType": "GRANT"}
    lost = NAMES.arn("states", DOMAIN, f"execution:{NAMES.central_machine}:lost")
    answer = reconciler.client("lambda").invoke(
        FunctionName=NAMES.function_name("collect"),
        Payload=json.dumps({"event": workflow_input, "execution": lost, "startedAt": ""}).encode(),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()

    document = told.policy("added")
    more = {
        "Sid": f"{NAMES.sid_prefix}zz",
        "Effect": "Allow",
        "Principal": {"AWS": told.roles["added"]},
        "Action": "kafka-cluster:WriteData",
        "Resource": topic_of(reconciler, "added", told.clusters["added"]),
    }
    told.put_policy("added", {**document, "Statement": [*document["Statement"], more]})

    document = told.policy("altered")
    for statement in document["Statement"]:
        statement["Action"] = ["kafka-cluster:*"]
    theirs = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{CONSUMER}:root"},
        "Action": "kafka:GetBootstrapBrokers",
        "Resource": told.clusters["altered"],
    }
    told.put_policy("altered", {**document, "Statement": [*document["Statement"], theirs]})
    kafka, iam = reconciler.client("kafka", PRODUCER), reconciler.client("iam", CONSUMER)
    kafka.delete_cluster_policy(ClusterArn=told.clusters["removed"])

    name = told.roles["made-again"].rsplit("/", 1)[1]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    assert reconciler.make_role(CONSUMER, name) == told.roles["made-again"]
    assert "AROA" in json.dumps(told.policy("made-again"))

    datazone = reconciler.client("datazone")
    grant = datazone.get_subscription_grant(domainIdentifier=reconciler.domain, identifier=told.grants["retained"])
    datazone.revoke_subscription(
        domainIdentifier=reconciler.domain, identifier=grant["subscriptionId"], retainPermissions=True
    )
    return told


EXPECTED = {
    ("added", "DriftAdded"),
    ("altered", "DriftAltered"),
    ("removed", "DriftRemoved"),
    ("made-again", "DeletedRole"),
    ("retained", "Retained"),
    ("expired", "Expired"),
    ("missed", "MissedEvent"),
    ("hanging", "Stuck"),
}


def test_by_hand_it_only_reports(story: Story) -> None:
    policies = {what: story.policy(what) for what in story.clusters}
    statuses = {what: story.status(what) for what in story.grants}
    story.deployment.emulator.admin("DELETE", "events")
    result = story.deployment.reconcile()
    assert result["dryRun"] is True and result["published"] is True
    assert story.found(result) == EXPECTED, json.dumps(result, indent=1)
    assert {what: story.policy(what) for what in story.clusters} == policies
    assert {what: story.status(what) for what in story.grants} == statuses
    events = story.deployment.emulator.admin("GET", f"events?account={DOMAIN}")["events"]
    told = {item["event"]["detail"]["kind"] for item in events if item["source"] == "streamgov"}
    assert {kind for _, kind in EXPECTED} <= told


def test_the_schedule_repairs_what_is_ours(story: Story) -> None:
    result = by_schedule(story.deployment)
    assert result["dryRun"] is False and story.found(result) == EXPECTED, json.dumps(result, indent=1)
    for what in ("missed", "hanging"):
        assert story.deployment.settled(story.grants[what])["status"] == "GRANTED"
    eventually(lambda: story.status("expired"), lambda status: status == "REVOKED")
    for what in story.grants:
        # A role made again under its name is another role: what the first one was granted is not given to it.
        assert story.may(what) is (what not in ("expired", "made-again")), what
        assert not story.may(what, "kafka-cluster:WriteData"), what
    assert "Theirs" in [item["Sid"] for item in story.policy("altered")["Statement"]]
    assert "AROA" not in json.dumps(story.policy("made-again"))


def test_the_next_run_finds_nothing_and_changes_nothing(story: Story) -> None:
    policies = {what: story.policy(what) for what in story.clusters}
    assert story.found(story.deployment.reconcile(dryRun=False)) == {
        ("retained", "Retained"),
        ("made-again", "DeletedRole"),
    }
    assert {what: story.policy(what) for what in story.clusters} == policies


def test_a_malformed_input_is_rejected_and_started_once(reconciler: Deployment) -> None:
    ended = started(reconciler, {"action": "reconcile", "dryRun": "perhaps"})
    assert (ended["status"], ended["error"]) == ("FAILED", "ReconcileFailed")
    assert "both are optional" in ended["cause"]
    settles(reconciler)
    assert followers(reconciler, ended["executionArn"]) == []


def test_its_role_can_do_no_more_than_it_needs(reconciler: Deployment) -> None:
    role = NAMES.role_arn(DOMAIN, "reconcile")
    table = NAMES.arn("dynamodb", DOMAIN, f"table/{NAMES.grant_table}")
    assert reconciler.may(role, "dynamodb:Scan", table) and not reconciler.may(role, "dynamodb:DeleteItem", table)
    for action, resource in (
        ("iam:PutRolePolicy", f"arn:aws:iam::{CONSUMER}:role/streaming/anyone"),
        ("sts:AssumeRole", NAMES.role_arn(PRODUCER, "member-invoke")),
        ("states:StartExecution", NAMES.member_machine_arn(PRODUCER)),
    ):
        assert not reconciler.may(role, action, resource), action


def test_drift_of_key_grants_and_fan_out_consumers_is_exact_and_repaired(reconciler: Deployment) -> None:
    """A key's grant widened by hand, another lost; a consumer deregistered, and one registered again."""
    kms, kinesis = reconciler.client("kms", PRODUCER), reconciler.client("kinesis", PRODUCER)
    keyed, lost = Stream(reconciler, encrypted=True), Stream(reconciler, encrypted=True)
    gone, again = (Stream(reconciler, form={"consumption": "FAN_OUT"}) for _ in range(2))
    keyed.kinesis.put_record(StreamARN=keyed.arn, Data=b"one", PartitionKey="k")
    for stream in (keyed, lost, gone, again):
        stream.grant()

    (ours,) = kms.list_grants(KeyId=keyed.key)["Grants"]
    kms.revoke_grant(KeyId=keyed.key, GrantId=ours["GrantId"])
    kms.create_grant(
        KeyId=keyed.key,
        Name=ours["Name"],
        GranteePrincipal=keyed.role,
        Operations=["Decrypt", "Encrypt", "CreateGrant"],
    )
    kms.create_grant(KeyId=keyed.key, Name="Theirs", GranteePrincipal=keyed.role, Operations=["DescribeKey"])
    kms.revoke_grant(KeyId=lost.key, GrantId=kms.list_grants(KeyId=lost.key)["Grants"][0]["GrantId"])

    def consumers(stream: Stream) -> list[dict[str, Any]]:
        return list(kinesis.list_stream_consumers(StreamARN=stream.arn)["Consumers"])

    name = consumers(gone)[0]["ConsumerName"]
    for stream in (gone, again):
        kinesis.deregister_stream_consumer(StreamARN=stream.arn, ConsumerName=name)
        eventually(partial(consumers, stream), lambda found: not found)
    kinesis.register_stream_consumer(StreamARN=again.arn, ConsumerName=name)
    eventually(partial(consumers, again), lambda found: found[0]["ConsumerStatus"] == "ACTIVE")
    assert not reconciler.may(again.role, SUBSCRIBE, consumers(again)[0]["ConsumerARN"])

    places = {keyed.key: "keyed", lost.key: "lost", gone.arn: "gone", again.arn: "again"}

    def found(result: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {
            (what, item["kind"], item["outcome"])
            for item in result["findings"]
            for mark, what in places.items()
            if mark in item["subject"]
        }

    expected = {
        ("keyed", "DriftAltered"),
        ("lost", "DriftRemoved"),
        ("gone", "DriftRemoved"),
        ("again", "DriftRemoved"),
    }
    assert found(reconciler.reconcile()) == {(*item, "found") for item in expected}
    # A consumer that is just being registered cannot have its policy yet: that run says so, the next one finishes.
    first = reconciler.reconcile(dryRun=False)
    assert {(*item, "repaired") for item in expected if item[0] != "gone"} <= found(first)
    eventually(partial(consumers, gone), lambda there: there[0]["ConsumerStatus"] == "ACTIVE")
    reconciler.reconcile(dryRun=False)
    assert found(reconciler.reconcile()) == set()

    held = {grant["Name"]: grant for grant in kms.list_grants(KeyId=keyed.key)["Grants"]}
    assert set(held) == {ours["Name"], "Theirs"} and held[ours["Name"]]["Operations"] == ["Decrypt"]
    assert held[ours["Name"]]["Constraints"] == ours["Constraints"]
    assert keyed.read() == [b"one"]
    for stream in (gone, again):
        assert reconciler.may(stream.role, SUBSCRIBE, consumers(stream)[0]["ConsumerARN"])
