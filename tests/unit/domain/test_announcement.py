"""What others are told of an outcome: the completion event and who may read, whatever becomes of the telling."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.domain.announcement import OutcomeAnnouncer, access_run, completion, granted_command
from streamgov_core.model.command import AccessRequest, GrantCommand
from streamgov_core.model.naming import Names
from tests.unit.ops.entries import CONSUMER, NOW, ROLE, record, topic

NAMES = Names("streamgov", "eu-west-1")


def command(**options: Any) -> GrantCommand:
    found = record(**options).command
    assert found is not None
    return found


class Aws:
    """EventBridge and DataZone; each may refuse."""

    def __init__(self, refuses: tuple[str, ...] = (), rejected: bool = False) -> None:
        self.refuses, self.rejected = refuses, rejected
        self.events: list[dict[str, Any]] = []
        self.lineage: list[dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self._check("PutEvents")
        self.events += Entries
        return {"Entries": [{"ErrorCode": "Throttled"} if self.rejected else {"EventId": "1"}]}

    def post_lineage_event(self, domainIdentifier: str, event: bytes, clientToken: str) -> dict[str, str]:
        self._check("PostLineageEvent")
        self.lineage.append(json.loads(event))
        return {"id": "1"}

    def _check(self, operation: str) -> None:
        if operation in self.refuses:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def announcer(aws: Aws) -> OutcomeAnnouncer:
    return OutcomeAnnouncer(NAMES, lambda: aws, lambda: aws)


def test_a_grant_is_told_with_what_its_consumer_needs() -> None:
    aws = Aws()
    announcer(aws).tell(command(), "GRANTED", "", NOW)
    (entry,) = aws.events
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], entry["DetailType"]) == ("streamgov", "Streamgov Grant Completed")
    assert (detail["status"], detail["resourceArn"]) == ("GRANTED", topic("orders"))
    assert detail["consumer"] == {"account": CONSUMER, "projectId": "project-fraud", "principals": [ROLE]}
    assert detail["connection"]["bootstrapBrokers"] == "b-1.vpce:14001"
    assert detail["connectionParameter"] == "/streamgov/streamgov/connections/project-fraud/g1/asset-orders"


def test_a_failure_is_told_with_its_cause_and_opens_no_lineage() -> None:
    aws = Aws()
    announcer(aws).tell(command(), "GRANT_FAILED", "no boundary", NOW)
    assert json.loads(aws.events[0]["Detail"])["cause"] == "no boundary"
    assert "connection" not in json.loads(aws.events[0]["Detail"]) and aws.lineage == []


def test_lineage_has_one_run_from_the_grant_to_the_revoke() -> None:
    aws = Aws()
    announcer(aws).tell(command(), "GRANTED", "", NOW)
    announcer(aws).tell(command(), "REVOKED", "", NOW + 60)
    begun, ended = aws.lineage
    assert (begun["eventType"], ended["eventType"]) == ("RUNNING", "COMPLETE")
    assert begun["run"]["runId"] == ended["run"]["runId"]
    assert begun["job"]["name"] == "project project-fraud may read"
    assert [item["name"] for item in begun["inputs"]] == ["orders"] and begun["outputs"] == []


@pytest.mark.parametrize(
    ("access", "inputs", "outputs", "word"),
    [("READ", 1, 0, "may read"), ("WRITE", 0, 1, "may write"), ("READ_WRITE", 1, 1, "may read and write")],
)
def test_reading_is_an_input_and_writing_an_output(access: Any, inputs: int, outputs: int, word: str) -> None:
    run = access_run(command(request=AccessRequest(access)))
    assert (len(run.inputs), len(run.outputs)) == (inputs, outputs) and run.job_name.endswith(word)


def test_every_grant_of_every_asset_is_a_run_of_its_own() -> None:
    runs = {access_run(command(grant=grant, name=name)).run_id for grant in ("g1", "g2") for name in ("a", "b")}
    assert len(runs) == 4


@pytest.mark.parametrize("refused", ["PutEvents", "PostLineageEvent"])
def test_what_cannot_be_told_keeps_nothing_else_from_being_told(refused: str) -> None:
    aws = Aws((refused,))
    announcer(aws).tell(command(), "GRANTED", "", NOW)
    assert (len(aws.events), len(aws.lineage)) == ((0, 1) if refused == "PutEvents" else (1, 0))


def test_an_event_that_the_bus_does_not_accept_is_no_failure() -> None:
    aws = Aws(rejected=True)
    announcer(aws).tell(command(), "GRANTED", "", NOW)
    assert len(aws.lineage) == 1


def test_the_command_comes_from_the_plan() -> None:
    planned = {"command": command().to_message()}
    assert granted_command({"do": {"first": [], "second": [planned]}}) == command()
    assert granted_command({"do": {"first": [planned]}}) == command()
    assert granted_command({}) is granted_command({"do": None}) is None


def test_a_platform_without_details_has_none_to_tell() -> None:
    detail = completion(NAMES, replace(command(platform="kinesis", name="clicks")), "GRANTED", "")
    assert "" not in detail["connection"].values()
