"""Ends of access in the emulator: each has a schedule of its own, and none needs DataZone's leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streamgov_core.domain.end_schedules import schedule_name
from streamgov_core.model.access_request import ends_at
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.test_reconcile import let_expire
from tests.integration.access.test_workflow import ledger_item, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN

READ = "kafka-cluster:ReadData"


def granted_until(deployment: Deployment, topic: str, until: str) -> tuple[str, str, str]:
    """A grant with an end: its id, its asset, and the role that may read."""
    role = deployment.make_role(CONSUMER)
    asset, listing = deployment.make_asset(topic)
    deployment.subscribe(listing, form={"until": until})
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    assert deployment.may(role, READ, topic_of(deployment, topic))
    return grant, asset, role


def test_the_schedule_of_an_end_has_its_grant_revoked_and_no_other(deployment: Deployment) -> None:
    until = (datetime.now(UTC) + timedelta(days=400)).replace(microsecond=0).isoformat()
    grant, asset, role = granted_until(deployment, "ends", until)
    other, other_asset, other_role = granted_until(deployment, "ends-as-well", until)
    scheduler = deployment.client("scheduler")

    def schedule() -> dict[str, Any]:
        return dict(scheduler.get_schedule(GroupName=NAMES.end_schedules, Name=schedule_name(grant)))

    made = schedule()
    moment = datetime.strptime(made["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    assert moment.timestamp() == ends_at(until) + 1 and made["ActionAfterCompletion"] == "DELETE"
    # Its moment comes: the ledger's end is moved into the past, since nobody can wait for the other.
    for name, of in ((grant, asset), (other, other_asset)):
        let_expire(deployment, name, of)
    deployment.emulator.admin("POST", "schedules", {"arn": made["Arn"]})
    eventually(lambda: deployment.assets_of(grant)[0]["status"], lambda status: status == "REVOKED", 60)
    assert not deployment.may(role, READ, topic_of(deployment, "ends"))
    # The other's schedule has not come; the sweep is its net.
    assert deployment.may(other_role, READ, topic_of(deployment, "ends-as-well"))
    deployment.reconcile(dryRun=False)
    eventually(lambda: deployment.assets_of(other)[0]["status"], lambda status: status == "REVOKED", 60)


def test_an_end_holds_though_datazone_refuses_to_end_the_grant(deployment: Deployment) -> None:
    until = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    grant, asset, role = granted_until(deployment, "refused-end", until)
    let_expire(deployment, grant, asset)
    denied = {"service": "datazone", "operation": "DeleteSubscriptionGrant", "kind": "access_denied", "times": 0}
    deployment.emulator.admin("POST", "faults", {**denied, "caller": NAMES.role_arn(DOMAIN, "reconcile")})
    try:
        result = deployment.reconcile(dryRun=False)
    finally:
        deployment.emulator.admin("DELETE", "faults")
    found = {item["kind"]: item["outcome"] for item in result["findings"] if grant in item["subject"]}
    assert found == {"Expired": "repaired"}
    assert ledger_item(deployment, grant)["state"]["S"] == "REVOKED"
    assert not deployment.may(role, READ, topic_of(deployment, "refused-end"))
    again = {item["kind"] for item in deployment.reconcile()["findings"] if grant in item["subject"]}
    assert again == {"EndNotShown"}
    # A person who may deletes it there.
    deployment.revoke(grant)
    eventually(lambda: deployment.assets_of(grant)[0]["status"], lambda status: status == "REVOKED", 60)
    assert {item["kind"] for item in deployment.reconcile()["findings"] if grant in item["subject"]} == set()
