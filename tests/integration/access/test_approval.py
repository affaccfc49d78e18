"""The approver's commands: what waits, and an end of access that is earlier than the one asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.access.conftest import NAMES, REGION, Deployment
from tests.sandbox import CONSUMER, PRODUCER
from tests.unit.ops.command import Result, run


def day(distance: int) -> str:
    return (datetime.now(UTC) + timedelta(days=distance)).date().isoformat()


def streamgov(deployment: Deployment, *arguments: str) -> Result:
    """Run the command as the approver of the deployment's domain."""
    endpoint = deployment.emulator.endpoint
    return run(*arguments, "--domain", deployment.domain, "--region", REGION, "--endpoint-url", endpoint)


def test_an_approver_sees_what_is_asked_and_shortens_it(deployment: Deployment) -> None:
    _, listing = deployment.make_asset("approved", cluster=deployment.cluster)
    request = deployment.request(listing, form={"access": "READ", "until": day(30)})
    waiting = streamgov(deployment, "requests", "--project", deployment.projects[PRODUCER], "--json")
    assert waiting.code == 0
    (mine,) = (item for item in json.loads(waiting.out) if item["id"] == request)
    assert (mine["asset"], mine["access"], mine["consumption"], mine["until"]) == (
        "approved",
        "READ",
        "SHARED",
        day(30),
    )
    listed = streamgov(deployment, "requests", "--project", deployment.projects[PRODUCER])
    assert f"wants   READ, SHARED, until {day(30)}" in listed.out

    for until, reason in (
        (day(60), "an approval can shorten that, not lengthen it"),
        (day(-1), "has passed"),
        ("soon", "must look like 2027-01-31"),
    ):
        refused = streamgov(deployment, "approve", request, "--until", until)
        assert (refused.code, refused.out) == (2, "") and reason in refused.err
    approved = streamgov(deployment, "approve", request, "--until", day(10), "--comment", "For the audit")
    assert approved.code == 0
    assert approved.out.splitlines()[0] == f"request {request} is approved until {day(10)}"
    again = streamgov(deployment, "approve", request)
    assert again.code == 1 and "is ACCEPTED already: nothing was changed" in again.err

    grant = deployment.grant(listing, deployment.make_target([deployment.make_role(CONSUMER)]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    record = deployment.client("dynamodb").query(
        TableName=NAMES.grant_table,
        KeyConditionExpression="grantId = :g",
        ExpressionAttributeValues={":g": {"S": grant}},
    )["Items"][0]
    assert json.loads(record["command"]["S"])["request"]["until"] == day(10)
    assert "For the audit" in json.loads(record["audit"]["S"])["decisionComment"]


def test_an_approver_rejects(deployment: Deployment) -> None:
    _, listing = deployment.make_asset("rejected", cluster=deployment.cluster)
    request = deployment.request(listing, form={"access": "WRITE"})
    rejected = streamgov(deployment, "reject", request, "--comment", "Ask for READ", "--json")
    assert (rejected.code, json.loads(rejected.out)) == (
        0,
        {"request": request, "status": "REJECTED", "until": None, "comment": "Ask for READ"},
    )
    again = streamgov(deployment, "approve", request)
    assert again.code == 1 and "is REJECTED already: nothing was changed" in again.err


def test_a_project_where_nothing_waits_is_named(deployment: Deployment) -> None:
    project = deployment.projects[CONSUMER]
    nothing = streamgov(deployment, "requests", "--project", project)
    assert nothing.code == 0
    assert nothing.out.startswith("nothing waits for a decision of project ") and f"({project})" in nothing.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["requests", "--project", "no id!"], "--project is no id of DataZone"),
        (["requests", "--project", "nope"], "shows no project nope: check both ids"),
        (["approve", "nosuchrequest1"], "has no subscription request nosuchrequest1"),
        (["reject", "nosuchrequest1"], "has no subscription request nosuchrequest1"),
    ],
)
def test_wrong_input_is_one_sentence(deployment: Deployment, arguments: list[str], reason: str) -> None:
    result = streamgov(deployment, *arguments)
    assert (result.code, result.out) == (2, "")
    assert reason in result.err and result.err.count("\n") == 1
