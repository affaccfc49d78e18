"""One request, one trace: in the log lines of all functions and in the executions of all three accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.runtime.tracing import is_sampled, trace_id
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.stream import Stream
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER

PLACES = {(DOMAIN, "collect"), (PRODUCER, "apply"), (CONSUMER, "apply"), (DOMAIN, "report")}
"""Where a grant's functions run."""
DROP_GRANTS = {"source": ["aws.datazone"], "detail-type": ["Subscription Grant Requested"]}


def spoken(deployment: Deployment, grant: str) -> dict[str, set[tuple[str, str]]]:
    """Trace → where functions wrote a line about the grant in it."""
    found: dict[str, set[tuple[str, str]]] = {}
    for account, function in sorted({*PLACES, (DOMAIN, "reconcile")}):
        logs = deployment.client("logs", account)
        if not logs.describe_log_groups(logGroupNamePrefix=NAMES.log_group(function))["logGroups"]:
            continue
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=NAMES.log_group(function), filterPattern=f'"{grant}"'
        )
        for event in (event for page in pages for event in page["events"]):
            line = json.loads(event["message"])
            if line.get("grantId") == grant:
                found.setdefault(line["xray_trace_id"], set()).add((account, function))
    return found


def member_executions(deployment: Deployment, account: str) -> list[dict[str, Any]]:
    """Executions of an account's member machine."""
    states, machine = deployment.client("stepfunctions", account), NAMES.member_machine_arn(account)
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return [states.describe_execution(executionArn=i["executionArn"]) for p in pages for i in p["executions"]]


def carried_on(deployment: Deployment, grant: str) -> set[str]:
    """Traces that the member executions of a grant got."""
    found = set()
    for account in (PRODUCER, CONSUMER):
        mine = [item for item in member_executions(deployment, account) if grant in item["input"]]
        assert mine and all(is_sampled(item["traceHeader"]) for item in mine)
        found |= {trace_id(item["traceHeader"]) for item in mine}
    return found


@pytest.fixture
def stream(deployment: Deployment) -> Stream:
    return Stream(deployment)


def test_a_grant_has_one_trace_in_three_accounts_and_its_revoke_another(deployment: Deployment, stream: Stream) -> None:
    grant = stream.grant()
    (granted,) = spoken(deployment, grant).items()
    assert granted[1] == PLACES and carried_on(deployment, grant) == {granted[0]}
    stream.revoke(grant)
    traces = spoken(deployment, grant)
    assert len(traces) == 2 and set(map(frozenset, traces.values())) == {frozenset(PLACES)}
    assert carried_on(deployment, grant) == set(traces)


def test_what_the_settle_rule_starts_has_one_trace_of_its_own(deployment: Deployment, stream: Stream) -> None:
    slow = {"service": "dynamodb", "operation": "GetItem", "kind": "latency", "seconds": 4.0, "times": 2}
    deployment.emulator.admin("POST", "faults", {**slow, "caller": NAMES.role_arn(PRODUCER, "apply")})
    try:
        grant = deployment.grant(stream.listing, stream.target)
        running = eventually(
            lambda: [item["executionArn"] for item in deployment.executions_of(grant) if item["status"] == "RUNNING"],
            lambda found: len(found) == 1 and deployment.assets_of(grant)[0]["status"] == "GRANT_IN_PROGRESS",
        )
        deployment.client("stepfunctions").stop_execution(executionArn=running[0], cause="by hand")
        assert deployment.settled(grant, 240)["status"] == "GRANT_FAILED"
    finally:
        deployment.emulator.admin("DELETE", "faults")
    traces = spoken(deployment, grant)
    assert len(deployment.executions_of(grant)) == len(traces) == 2
    assert [places for places in traces.values() if (DOMAIN, "report") in places] == [PLACES]
    assert carried_on(deployment, grant) <= set(traces)


def test_what_the_reconciler_begins_goes_on_with_its_trace(deployment: Deployment, stream: Stream) -> None:
    deployment.emulator.admin("POST", "events", {"action": "drop", "pattern": DROP_GRANTS})
    grant = deployment.grant(stream.listing, stream.target)
    deployment.emulator.admin("DELETE", "events")
    result = deployment.reconcile(dryRun=False)
    assert [item["kind"] for item in result["findings"] if grant in item["subject"]] == ["MissedEvent"]
    assert deployment.settled(grant)["status"] == "GRANTED"
    ((trace, places),) = spoken(deployment, grant).items()
    assert places >= PLACES and carried_on(deployment, grant) == {trace}
    (execution,) = deployment.executions_of(grant)
    assert trace_id(execution["traceHeader"]) == trace, "the SDK passes the trace of the function that starts it"
    compared = [item for item in member_executions(deployment, PRODUCER) if item["name"].startswith("reconcile-")]
    assert compared and all(trace_id(item["traceHeader"]) for item in compared)
