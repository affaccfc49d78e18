"""What a person starts by hand: a failed grant, and inputs that can never succeed."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.test_workflow import ledger_item, policy_of, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN


def started(deployment: Deployment, workflow_input: dict[str, Any]) -> dict[str, Any]:
    """An execution of the central machine, once it has ended."""
    states = deployment.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=NAMES.central_machine_arn(DOMAIN), input=json.dumps(workflow_input))[
        "executionArn"
    ]
    ended = eventually(
        partial(states.describe_execution, executionArn=arn), lambda found: found["status"] != "RUNNING", 120
    )
    return dict(ended)


def followers(deployment: Deployment, arn: str) -> list[str]:
    """Inputs of executions that the end of this one started."""
    states, machine = deployment.client("stepfunctions"), NAMES.central_machine_arn(DOMAIN)
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine)
    inputs = [
        states.describe_execution(executionArn=item["executionArn"])["input"]
        for page in pages
        for item in page["executions"]
    ]
    return [text for text in inputs if arn in text]


def settles(deployment: Deployment) -> None:
    """Wait for what the settle rule does with an execution that failed later: events go out in their order."""
    states = deployment.client("stepfunctions")
    aborted = states.start_execution(
        stateMachineArn=NAMES.central_machine_arn(DOMAIN), input=json.dumps({"action": "reconcile"})
    )["executionArn"]
    states.stop_execution(executionArn=aborted)
    eventually(lambda: followers(deployment, aborted), bool, 60)


def test_a_failed_grant_is_mended_by_what_its_redrive_says(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER, bounded=False)
    _, listing = deployment.make_asset("mended", cluster=cluster)
    deployment.subscribe(listing)
    target = deployment.make_target([role])
    grant = deployment.grant(listing, target)
    failed = deployment.settled(grant)
    assert failed["status"] == "GRANT_FAILED" and "permissions boundary" in failed["failureCause"]["message"]
    before = ledger_item(deployment, grant)

    deployment.client("iam", CONSUMER).put_role_permissions_boundary(
        RoleName=role.rsplit("/", 1)[1], PermissionsBoundary=NAMES.policy_arn(CONSUMER, "consumer-boundary")
    )
    ended = started(deployment, {"action": "redrive", "grantId": grant, "requestType": "GRANT"})
    assert (ended["status"], ended["error"]) == ("FAILED", "NotCollected")
    for part in (
        f"delete-subscription-grant --domain-identifier {deployment.domain} --identifier {grant}",
        "create-subscription-grant",
        f"--environment-identifier {deployment.environments[CONSUMER]}",
        f"--subscription-target-identifier {target}",
        listing,
    ):
        assert part in ended["cause"], ended["cause"]
    assert "stackTrace" not in ended["cause"] and "Traceback" not in ended["cause"]
    assert ledger_item(deployment, grant) == before
    shown = deployment.assets_of(grant)[0]
    assert shown["status"] == "GRANT_FAILED" and shown["failureCause"] == failed["failureCause"]
    settles(deployment)
    assert followers(deployment, ended["executionArn"]) == []

    # The way that it names.
    deployment.revoke(grant)
    assert deployment.settled_as(grant, ("REVOKED",))["status"] == "REVOKED"
    again = deployment.grant(listing, target)
    assert deployment.settled(again)["status"] == "GRANTED"
    assert deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "mended", cluster))
    assert policy_of(deployment, cluster) is not None


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown grant": ({"action": "redrive", "grantId": "nope", "requestType": "GRANT"}, "knows no grant nope"),
    "no request": ({"action": "redrive", "grantId": "nope"}, "needs requestType GRANT or REVOKE"),
    "typo": ({"action": "redrvie", "grantId": "nope"}, "got 'redrvie'"),
    "nothing": ({}, "no grant event of DataZone"),
    "malformed event": (
        {"source": "aws.datazone", "detail-type": "Subscription Grant Requested"},
        "the event is malformed",
    ),
}


def test_an_input_that_can_never_succeed_ends_once_with_its_sentence(deployment: Deployment) -> None:
    ended = {name: started(deployment, mistake) for name, (mistake, _) in MISTAKES.items()}
    for name, (_, sentence) in MISTAKES.items():
        assert (ended[name]["status"], ended[name]["error"]) == ("FAILED", "NotCollected"), name
        assert sentence in ended[name]["cause"] and "Traceback" not in ended[name]["cause"], ended[name]["cause"]
    settles(deployment)
    assert {name: followers(deployment, item["executionArn"]) for name, item in ended.items()} == {
        name: [] for name in MISTAKES
    }


@pytest.mark.parametrize("function", ["collect", "report"])
def test_a_log_line_is_found_by_its_grant(deployment: Deployment, function: str) -> None:
    """What ``filter grantId = …`` of Logs Insights needs: a line that is one JSON object with the field at its top."""
    role = deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset(f"logged-{function}")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANTED"

    def lines() -> list[dict[str, Any]]:
        logs, group = deployment.client("logs"), NAMES.log_group(function)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        texts = [event["message"] for page in pages for event in page["events"]]
        # Logs Insights sees the fields of whole lines of JSON; Lambda's own START and REPORT lines are none.
        objects = [json.loads(text) for text in texts if text.startswith("{")]
        return [item for item in objects if item.get("grantId") == grant]

    (line,) = eventually(lines, bool)
    assert line["grantId"] == grant and line["requestType"] == "GRANT" and line["level"] == "INFO"
    assert line["message"] == {"collect": "grant collected", "report": "outcome reported"}[function]
    assert line["function_request_id"] and line["service"] == "streamgov"
