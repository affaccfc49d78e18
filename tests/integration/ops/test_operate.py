"""`status`, `explain`, `request`, `approve`, `revoke`, `recertify`, `reconcile` against a running deployment."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.access.conftest import NAMES
from tests.integration.ops.conftest import Operated, Streamgov, as_json
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER


def test_status_finds_every_part_and_nothing_to_do(operated: Operated, streamgov: Streamgov) -> None:
    found = as_json(streamgov("status", "--json"))
    parts = {(part["account"], part["name"]) for part in found["parts"]}
    assert parts >= {
        (DOMAIN, "streamgov-collect"), (DOMAIN, "streamgov-central"), (DOMAIN, "streamgov-grant-events"),
        (PRODUCER, "streamgov-apply"), (CONSUMER, "streamgov-member"),
    }  # fmt: skip
    assert found["grants"]["GRANTED"] >= 2 and found["troubles"] == [] and found["notes"] == []
    documents = {item["document"]: item for item in found["fullest"]}
    cluster = operated.topic.replace(":topic/", ":cluster/").rpartition("/")[0]
    kafka = operated.deployment.client("kafka", PRODUCER)
    live = json.dumps(json.loads(kafka.get_cluster_policy(ClusterArn=cluster)["Policy"]), separators=(",", ":"))
    assert documents[f"cluster#{cluster}"]["percent"] == round(100 * len(live) / 20_480, 1)
    assert "nothing needs a person" in streamgov("status").out


def test_status_tells_what_needs_a_person(operated: Operated, streamgov: Streamgov) -> None:
    cloudwatch = operated.deployment.client("cloudwatch")
    events, rule = operated.deployment.client("events"), NAMES.regional("grant-events")
    name = NAMES.regional("reconcile-open")
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="Streamgov", MetricName="Open", Statistic="Sum", Period=300, EvaluationPeriods=1,
        Threshold=0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    events.disable_rule(Name=rule)
    try:
        result = streamgov("status")
        assert result.code == 1
        assert f"alarm {name} is on" in result.out and "`streamgov reconcile` lists each finding" in result.out
        assert f"rule {rule} is DISABLED" in result.out
    finally:
        events.enable_rule(Name=rule)
        cloudwatch.delete_alarms(AlarmNames=[name])


def test_the_life_of_a_grant(operated: Operated, streamgov: Streamgov) -> None:
    (told,) = as_json(streamgov("explain", operated.grant[:8], "--json"))
    what = [item["what"] for item in told["timeline"]]
    first = [next(index for index, text in enumerate(what) if text.startswith(start))
             for start in ("requested by", "accepted by", "execution", "Collect", "Apply", "Report")]  # fmt: skip
    assert first == sorted(first), what
    assert {item["account"] for item in told["timeline"]} == {DOMAIN, PRODUCER, CONSUMER}
    assert {item["document"].split("#")[0] for item in told["documents"]} == {"cluster", "role", "connection"}
    assert any("kafka-cluster:ReadData" in line for item in told["documents"] for line in item["gives"])
    assert told["notes"] == [] and told["advice"] is None
    calls = {change["call"] for change in told["policies"]}
    assert {"PutClusterPolicy", "PutRolePolicy"} <= calls
    (cluster,) = [change for change in told["policies"] if change["call"] == "PutClusterPolicy"][:1]
    assert cluster["account"] == PRODUCER and operated.topic in cluster["after"] and not cluster["error"]
    (trace,) = told["traces"]
    assert trace["sampled"] is True and trace["execution"].split(":")[4] == DOMAIN
    for account in (PRODUCER, CONSUMER):
        lines = operated.deployment.client("logs", account).filter_log_events(
            logGroupName=NAMES.log_group("apply"), filterPattern=f'"{operated.grant}"'
        )["events"]
        assert {json.loads(line["message"])["xray_trace_id"] for line in lines} == {trace["id"]}
    shown = streamgov("explain", operated.grant).out
    assert "GRANTED" in shown and "written into policies" in shown
    assert f"aws xray batch-get-traces --trace-ids {trace['id']}" in shown
    assert as_json(streamgov("explain", operated.grant, "--no-policies", "--json"))[0]["policies"] == []


def test_a_grant_that_failed_says_why_and_what_to_do(operated: Operated, streamgov: Streamgov) -> None:
    deployment = operated.deployment
    role = deployment.make_role(CONSUMER, bounded=False)
    _, listing = deployment.make_asset("unbounded")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANT_FAILED"
    result = streamgov("explain", grant)
    assert result.code == 1
    assert "boundary" in result.out and "REJECTED" in result.out
    assert f"aws datazone delete-subscription-grant --domain-identifier {deployment.domain} --identifier {grant}\n" in (
        told := result.out
    )
    assert f'--granted-entity \'{{"listing": {{"identifier": "{listing}"' in told
    # The cause goes through five steps, and is read once.
    assert told.count("to receive access") == 1 and "… (the cause, below)" in told
    status = streamgov("status")
    assert status.code == 1 and f"grant {grant}" in status.out and f"streamgov explain {grant}" in status.out
    deployment.revoke(grant)
    deployment.settled_as(grant, ("REVOKED",))


def test_from_a_request_to_a_revoke_in_the_terminal(operated: Operated, streamgov: Streamgov) -> None:
    deployment = operated.deployment
    domain, consumer = ("--domain", deployment.domain), deployment.projects[CONSUMER]
    _, listing = deployment.make_asset("terminal-topic")
    role = deployment.make_role(CONSUMER)
    target = deployment.make_target([role])
    asked = streamgov(
        "request", "terminal-topic", *domain, "--project", consumer, "--reason", "try it", "--until", "2099-01-31",
        "--json",
    )  # fmt: skip
    request = as_json(asked)["request"]
    assert as_json(asked)["listing"] == listing
    waiting = streamgov("requests", *domain, "--project", deployment.projects[PRODUCER])
    assert request in waiting.out and "until 2099-01-31" in waiting.out
    assert streamgov("approve", request, *domain, "--until", "2098-01-31").code == 0
    grant = deployment.grant(listing, target)
    deployment.settled(grant)
    confirmed = streamgov("recertify", "--confirm", grant, "--comment", "still needed")
    assert confirmed.code == 0, confirmed.err
    (told,) = as_json(streamgov("explain", grant, "--json"))
    assert told["audit"]["recertified"][0]["comment"] == "still needed"
    assert grant not in streamgov("recertify", "--days", "1").out
    assert grant in streamgov("recertify", "--days", "0").out
    ended = streamgov("revoke", grant, "--yes")
    assert (ended.code, "REVOKED" in ended.out) == (0, True), ended.err
    assert not deployment.may(role, "kafka-cluster:ReadData", operated.topic.rpartition("/")[0] + "/terminal-topic")
    (gone,) = as_json(streamgov("explain", grant, "--json"))
    assert gone["audit"]["recertified"], "a revoke keeps the decision"


def test_a_recertification_that_ends_a_grant(operated: Operated, streamgov: Streamgov) -> None:
    deployment = operated.deployment
    _, listing = deployment.make_asset("unneeded")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([deployment.make_role(CONSUMER)]))
    deployment.settled(grant)
    assert streamgov("recertify", "--end", grant).code == 0
    eventually(lambda: as_json(streamgov("explain", grant, "--json"))[0]["state"], lambda state: state == "REVOKED")


def test_a_dry_reconcile_finds_what_somebody_altered(operated: Operated, streamgov: Streamgov) -> None:
    iam, name = operated.deployment.client("iam", CONSUMER), operated.role.rsplit("/", 1)[1]
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    iam.delete_role_policy(RoleName=name, PolicyName=policy)
    dry = streamgov("reconcile")
    assert dry.code == 1 and "dry run: nothing was changed" in dry.out and "DriftRemoved" in dry.out
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    repaired = streamgov("reconcile", "--repair")
    assert repaired.code == 0, repaired.out
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == [policy]


def test_bad_input_is_one_sentence(operated: Operated, streamgov: Streamgov) -> None:
    domain = ("--domain", operated.deployment.domain)
    project = ("--project", operated.deployment.projects[CONSUMER])
    cases: list[tuple[tuple[Any, ...], str]] = [
        (("explain", "nope"), "knows no grant 'nope'"),
        (("explain", ""), "is ambiguous"),
        (("revoke", "nope", "--yes"), "knows no grant 'nope'"),
        (("request", "nope", *domain, *project, "--reason", "x"), "no published asset 'nope'"),
        (("request", "orders", *domain, "--project", "nope", "--reason", "x"), "shows no project nope"),
        (("request", "orders", *domain, *project, "--reason", "x", "--until", "2001-01-01"), "has passed"),
        (("request", "orders", *domain, *project, "--reason", "x", "--until", "soon"), "must look like 2027-01-31"),
        (("sync", "--account", "12"), "must be the 12 digits"),
        (("sync", "--source", "nope"), "no data source nope"),
        (("reconcile", "--namespace", "nope"), "there is no state machine"),
        (("status", "--region", "eu-west-1"), "holds no table"),
    ]
    for arguments, told in cases:
        result = streamgov(*arguments)
        assert (result.code, result.out) == (2, ""), arguments
        assert told in result.err and len(result.err.splitlines()) == 1, (arguments, result.err)
