"""A redrive by hand: of what has failed, under both readings of which statuses DataZone takes, and with mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamgov_core.model.errors import EventRefusedError
from tests.unit.domain.test_collect_report import Central, done, sides
from tests.unit.grants.fakes import CONSUMER, OWNER, grant_event

REVOKE = "Subscription Grant Revoke Requested"


def redrive(request: str = "GRANT", grant: str = "grant1") -> dict[str, Any]:
    return {"action": "redrive", "grantId": grant, "requestType": request}


@pytest.fixture
def failed() -> Central:
    """A grant that has failed."""
    made = Central()
    made.domain.add_grant()
    (item,) = made.collect()
    made.report(item, failure={"Error": "States.Timeout"})
    assert made.status() == "GRANT_FAILED"
    return made


def test_a_grant_that_datazone_keeps_failed_is_refused_with_the_way_that_works(failed: Central) -> None:
    before, shown = failed.record(), json.dumps(failed.domain.grants)
    with pytest.raises(EventRefusedError) as refused:
        failed.collect(redrive(), "two")
    assert failed.record() == before and json.dumps(failed.domain.grants) == shown
    text = str(refused.value)
    assert "delete-subscription-grant" in text and "--identifier grant1" in text
    for part in (
        "--environment-identifier env1",
        "--subscription-target-identifier target1",
        '"identifier": "listing1"',
    ):
        assert part in text
    # What the machine makes of it: the sentence, and nothing else.
    cause = json.dumps({"errorType": "EventRefusedError", "errorMessage": text, "stackTrace": ["File …"]})
    event = {**redrive(), "failure": {"Error": "EventRefusedError", "Cause": cause}}
    answer = failed.reporter.run({"kind": "collect-failure", "event": event, "execution": "two"})
    assert answer["status"] == "REJECTED" and answer["cause"] == text and answer["assets"] == []
    assert failed.record() == before and json.dumps(failed.domain.grants) == shown


def test_nothing_is_begun_of_a_data_product_of_which_one_asset_stays_failed(failed: Central) -> None:
    assets = failed.domain.grants["grant1"]["assets"]
    assets.insert(0, {"assetId": "asset0", "assetRevision": "1", "status": "GRANT_PENDING"})
    with pytest.raises(EventRefusedError, match="takes no further status"):
        failed.collect(redrive(), "two")
    assert set(failed.grants.records) == {("grant1", "asset1")} and assets[0]["status"] == "GRANT_PENDING"


def test_a_grant_that_datazone_takes_up_again_is_carried_out(failed: Central) -> None:
    failed.domain.strict = False
    (again,) = failed.collect(redrive(), "two")
    assert sides(again) == [("producer", OWNER, "GRANT", 3), ("consumer", CONSUMER, "GRANT", 3)]
    assert failed.report(again, **done(again))["status"] == "GRANTED" and failed.status() == "GRANTED"


@pytest.mark.parametrize("strict", [True, False])
def test_a_revoke_that_has_failed_is_carried_out_whatever_datazone_shows(strict: bool) -> None:
    central = Central()
    central.domain.add_grant()
    (item,) = central.collect()
    central.report(item, **done(item))
    central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"
    (item,) = central.collect(grant_event(kind=REVOKE), "two")
    central.report(item, firstDone=[{"side": "consumer", "outcome": {"Error": "States.Timeout"}}], secondDone=[])
    assert central.status() == central.record().state == "REVOKE_FAILED"
    central.domain.strict = strict
    (again,) = central.collect(redrive("REVOKE"), "three")
    assert sides(again) == [("consumer", CONSUMER, "REVOKE", 5), ("producer", OWNER, "REVOKE", 5)]
    assert central.report(again, **done(again))["status"] == "REVOKED" and central.record().state == "REVOKED"
    assert central.status() == ("REVOKE_FAILED" if strict else "REVOKED")


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (redrive(grant="nope"), "DataZone knows no grant nope"),
        ({"action": "redrive", "grantId": "grant1"}, "needs requestType GRANT or REVOKE"),
        ({"action": "redrvie", "grantId": "grant1", "requestType": "GRANT"}, "redrvie"),
        ({"action": "redrive", "requestType": "GRANT"}, "grantId is missing"),
    ],
)
def test_an_input_that_can_never_succeed_ends_with_its_sentence(
    failed: Central, mistake: dict[str, Any], sentence: str
) -> None:
    before = failed.record()
    with pytest.raises(EventRefusedError, match=sentence) as refused:
        failed.collect(mistake, "two")
    cause = json.dumps({"errorType": type(refused.value).__name__, "errorMessage": str(refused.value)})
    event = {**mistake, "failure": {"Error": "EventRefusedError", "Cause": cause}}
    answer = failed.reporter.run({"kind": "collect-failure", "event": event, "execution": "two"})
    assert answer["cause"] == str(refused.value) and sentence in answer["cause"]
    assert failed.record() == before


def test_a_redrive_may_be_about_one_asset_of_a_data_product(failed: Central) -> None:
    assets = failed.domain.grants["grant1"]["assets"]
    assets.insert(0, {"assetId": "asset0", "assetRevision": "1", "status": "GRANT_PENDING"})
    failed.domain.strict = False
    (item,) = failed.collect({**redrive(), "assetId": "asset1"}, "two")
    assert item["assetId"] == "asset1" and assets[0]["status"] == "GRANT_PENDING"
    with pytest.raises(EventRefusedError, match="has no asset nope"):
        failed.collect({**redrive(), "assetId": "nope"}, "three")


def test_a_revoke_that_overtakes_a_grant_counts(failed: Central) -> None:
    """DataZone asks for the revoke between the collector's reading and its writing."""
    central = Central()
    central.domain.add_grant()

    def overtake(status: str) -> None:
        central.domain.hooks.clear()
        central.domain.grants["grant1"]["assets"][0]["status"] = "REVOKE_PENDING"

    central.domain.hooks["update_status"] = overtake
    assert central.collect() == []
    assert central.record().state == "GRANT_FAILED" and "overtaken" in central.record().cause
    (item,) = central.collect(grant_event(kind=REVOKE), "two")
    assert central.report(item, **done(item))["status"] == "REVOKED"
