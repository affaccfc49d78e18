"""Requests and decisions, against a DataZone that answers as the API does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_core.model.naming import Names
from streamgov_ops.cli import domain
from streamgov_ops.requests.decisions import DecisionRefusedError, approve, reject
from streamgov_ops.requests.pending import DATA_PRODUCT, RequestReader
from tests.unit.ops.command import run

DOMAIN = "dzd-4p9n6sw4qt9xgn"
NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class DataZone:
    """Holds requests by id.

    Args:
        requests: the requests, as GetSubscriptionRequestDetails shows them.
        refused: operation to the error code that it answers with.
    """

    def __init__(self, *requests: dict[str, Any], refused: dict[str, str] | None = None) -> None:
        self.requests = {item["id"]: item for item in requests}
        self.refused = refused or {}
        self.answer: dict[str, Any] = {}
        self.decided: list[tuple[str, dict[str, Any]]] = []

    def _check(self, operation: str) -> None:
        if operation in self.refused:
            raise ClientError({"Error": {"Code": self.refused[operation], "Message": "refused by the test"}}, operation)

    def get_project(self, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        self._check("GetProject")
        return {"name": "Or\x1bders"}

    def get_paginator(self, operation: str) -> DataZone:
        assert operation == "list_subscription_requests"
        return self

    def paginate(self, **params: Any) -> Iterator[dict[str, Any]]:
        assert (params["status"], params["sortOrder"]) == ("PENDING", "ASCENDING")
        self._check("ListSubscriptionRequests")
        for request in self.requests.values():
            yield {"items": [{"id": request["id"]}]}

    def get_subscription_request_details(self, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        if identifier not in self.requests:
            self.refused["Get"] = "ResourceNotFoundException"
            self._check("Get")
        return self.requests[identifier]

    def accept_subscription_request(self, **params: Any) -> dict[str, Any]:
        return self._decide("ACCEPTED", params)

    def reject_subscription_request(self, **params: Any) -> dict[str, Any]:
        return self._decide("REJECTED", params)

    def _decide(self, status: str, params: dict[str, Any]) -> dict[str, Any]:
        self.decided.append((status, params))
        return {"status": status, "decisionComment": params.get("decisionComment"), **self.answer}


def request(id_: str = "req1", status: str = "PENDING", asset_type: str | None = "MskTopicAssetType") -> dict[str, Any]:
    item = {"assetListing": {"entityType": asset_type}} if asset_type else {"productListing": {}}
    return {
        "id": id_,
        "status": status,
        "createdAt": datetime(2025, 12, 31, tzinfo=UTC),
        "createdBy": "ann",
        "requestReason": "for\x1b[2J science",
        "subscribedListings": [{"name": "orders", "item": item}],
        "subscribedPrincipals": [{"project": {"name": "fraud"}}],
    }


def reader(api: DataZone) -> RequestReader:
    return RequestReader(api, DOMAIN, Names("streamgov", "eu-west-1"), NOW)


def test_an_approval_without_an_end_keeps_what_was_asked_for() -> None:
    api = DataZone(request())
    decision = approve(reader(api), "req1")
    assert (decision.status, decision.until, decision.comment) == ("ACCEPTED", None, "")
    assert api.decided == [("ACCEPTED", {"domainIdentifier": DOMAIN, "identifier": "req1"})]


def test_an_end_travels_in_the_comment() -> None:
    api = DataZone(request())
    assert approve(reader(api), "req1", "2027-01-31", "For the audit").until == "2027-01-31"
    assert api.decided[0][1]["decisionComment"] == "For the audit\nAccess until: 2027-01-31"


def test_an_end_of_what_nobody_here_grants_is_refused() -> None:
    with pytest.raises(ConfigError, match="is of type GlueTableAssetType, whose access this deployment neither grants"):
        approve(reader(DataZone(request(asset_type="GlueTableAssetType"))), "req1", "2027-01-31")
    for ours in ("KinesisStreamAssetType", None):
        assert approve(reader(DataZone(request(asset_type=ours))), "req1", "2027-01-31").until == "2027-01-31"
    assert reader(DataZone(request(asset_type=None))).request("req1").asset_type == DATA_PRODUCT


def test_a_second_end_in_the_comment_is_refused() -> None:
    with pytest.raises(ConfigError, match="has a line 'Access until:' of its own"):
        approve(reader(DataZone(request())), "req1", "2027-01-31", "Access until: 2027-02-01")


@pytest.mark.parametrize("decide", [approve, reject])
def test_what_is_decided_stays_decided(decide: Any) -> None:
    api = DataZone(request(status="ACCEPTED"))
    with pytest.raises(DecisionRefusedError, match="req1 is ACCEPTED already: nothing was changed"):
        decide(reader(api), "req1")
    assert api.decided == []


def test_somebody_who_was_faster_is_named() -> None:
    api = DataZone(request())
    api.answer = {"status": "REJECTED", "decisionComment": "no"}
    with pytest.raises(DecisionRefusedError, match="in the same moment: it is REJECTED with the comment 'no'"):
        approve(reader(api), "req1")


def test_a_request_that_cannot_be_read_is_shown_and_not_approved() -> None:
    broken = {
        **request(),
        "metadataForms": [
            {"formName": "f", "typeName": "StreamAccessRequestFormType", "content": '{"access": "EVERYTHING"}'}
        ],
    }
    (found,) = reader(DataZone(broken)).pending("p")
    assert found.asked is None and "EVERYTHING" in found.problem and found.to_dict()["problem"] == found.problem
    with pytest.raises(DecisionRefusedError, match=r"cannot be granted: .* Reject it, and let them ask again"):
        approve(reader(DataZone(broken)), "req1")
    assert reject(reader(DataZone(broken)), "req1").status == "REJECTED"


# --- the commands -----------------------------------------------------------------------------------------------------
@pytest.fixture
def datazone(monkeypatch: pytest.MonkeyPatch) -> DataZone:
    made = DataZone()
    monkeypatch.setattr(domain, "client", lambda service, settings: made)
    monkeypatch.setattr(domain, "clock", lambda: NOW)
    return made


WHERE = ("--domain", DOMAIN, "--region", "eu-west-1")


def test_other_peoples_text_cannot_steer_a_terminal(datazone: DataZone) -> None:
    datazone.requests = {"req1": request()}
    result = run("requests", *WHERE, "--project", "p")
    assert result.code == 0 and "\x1b" not in result.out
    assert result.out.splitlines() == [
        "req1  orders (MskTopicAssetType)",
        "    asked   2025-12-31T00:00:00+00:00 by ann for project fraud: for [2J science",
        "    wants   READ, SHARED, without end",
    ]


def test_a_project_that_is_not_there_is_no_empty_list(datazone: DataZone) -> None:
    datazone.refused = {"GetProject": "ResourceNotFoundException"}
    result = run("requests", *WHERE, "--project", "nope")
    assert (result.code, result.out) == (2, "")
    assert f"domain {DOMAIN} shows no project nope" in result.err


def test_whoever_may_not_look_up_projects_still_sees_the_requests(datazone: DataZone) -> None:
    datazone.refused = {"GetProject": "AccessDeniedException"}
    result = run("requests", *WHERE, "--project", "p1")
    assert result.code == 0
    assert result.out == "nothing waits for a decision of project p1, if it exists (you may not see it)\n"
    datazone.refused = {}
    assert run("requests", *WHERE, "--project", "p1").out == "nothing waits for a decision of project Or ders (p1)\n"
    assert run("requests", *WHERE, "--project", "p1", "--json").out == "[]\n"


def test_a_refusal_of_datazone_is_exit_code_1(datazone: DataZone) -> None:
    datazone.refused = {"ListSubscriptionRequests": "AccessDeniedException"}
    result = run("requests", *WHERE, "--project", "p1")
    assert (result.code, result.out) == (1, "")
    assert result.err == "datazone:ListSubscriptionRequests failed with AccessDeniedException: refused by the test\n"
    with pytest.raises(RemoteError):
        reader(datazone).pending("p1")


def test_an_approver_is_told_what_happens_next(datazone: DataZone) -> None:
    datazone.requests = {"req1": request()}
    result = run("approve", "req1", *WHERE, "--until", "2027-01-31")
    assert result.code == 0
    assert result.out.splitlines()[0] == "request req1 is approved until 2027-01-31"
    assert "grantCreationMode AUTOMATIC" in result.out
    assert run("reject", "req1", *WHERE).out == "request req1 is rejected\n"
