"""The approver's command: what waits, and an end of access that is earlier than the one asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from streamgov_ops import requests as access
from streamgov_pulumi.providers import session
from tests.integration.access.conftest import NAMES, REGION, Deployment
from tests.sandbox import CONSUMER, PRODUCER


@pytest.fixture(autouse=True)
def endpoint(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployment.emulator.endpoint)
    monkeypatch.setattr(session, "_CLIENTS", {})


def day(distance: int) -> str:
    return (datetime.now(UTC) + timedelta(days=distance)).date().isoformat()


def run(deployment: Deployment, *arguments: str) -> int:
    return access.main(["--domain", deployment.domain, "--region", REGION, *arguments])


def test_an_approver_sees_what_is_asked_and_shortens_it(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, listing = deployment.make_asset("approved", cluster=deployment.cluster)
    request = deployment.request(listing, form={"access": "READ", "until": day(30)})
    assert run(deployment, "requests", "--project", deployment.projects[PRODUCER], "--json") == 0
    (mine,) = (item for item in json.loads(capsys.readouterr().out) if item["id"] == request)
    assert (mine["asset"], mine["access"], mine["consumption"], mine["until"]) == (
        "approved",
        "READ",
        "SHARED",
        day(30),
    )
    assert run(deployment, "requests", "--project", deployment.projects[PRODUCER]) == 0
    assert f"wants   READ, SHARED, until {day(30)}" in capsys.readouterr().out

    for until, reason in (
        (day(60), "an approval can shorten that, not lengthen it"),
        (day(-1), "has passed"),
        ("soon", "must look like 2027-01-31"),
    ):
        assert run(deployment, "approve", request, "--until", until) == 2
        assert reason in capsys.readouterr().err
    assert run(deployment, "approve", request, "--until", day(10), "--comment", "For the audit") == 0
    assert capsys.readouterr().out == f"request {request} is approved until {day(10)}\n"
    assert run(deployment, "approve", request) == 2
    assert "is ACCEPTED already: nothing was changed" in capsys.readouterr().err

    grant = deployment.grant(listing, deployment.make_target([deployment.make_role(CONSUMER)]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    record = deployment.client("dynamodb").query(
        TableName=NAMES.grant_table,
        KeyConditionExpression="grantId = :g",
        ExpressionAttributeValues={":g": {"S": grant}},
    )["Items"][0]
    assert json.loads(record["command"]["S"])["request"]["until"] == day(10)
    assert "For the audit" in json.loads(record["facts"]["S"])["decisionComment"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["requests", "--project", "no id!"], "--project is no id of DataZone"),
        (["approve", "nosuchrequest1"], "has no subscription request nosuchrequest1"),
    ],
)
def test_wrong_input_is_one_sentence(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    assert run(deployment, *arguments) == 2
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1
