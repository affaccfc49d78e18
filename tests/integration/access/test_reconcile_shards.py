"""A ledger of hundreds of records goes through the deployed machine's distributed map, shard by shard."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from streamgov_core.domain.grant_ledger import record_of, record_values
from streamgov_core.domain.reconcile.shards import PER_SHARD, PROJECTS, shard_of
from streamgov_core.runtime.dynamodb import from_item, to_item
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.test_reconcile import let_expire
from tests.integration.access.test_redrive import started
from tests.sandbox import CONSUMER, DOMAIN

LIVE, HISTORY = PER_SHARD[PROJECTS] + 50, 250
CROWD = [next(f"crowd{n}" for n in range(100) if shard_of(f"crowd{n}", 2) == shard) for shard in (0, 1)]
"""Projects that lie in two shards."""
INPUT = {"action": "reconcile", "dryRun": True}


@pytest.fixture(scope="module")
def crowded(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """A grant whose end has come, among hundreds of records of another project: its id, and its asset's."""
    role = deployment.make_role(CONSUMER)
    asset, listing = deployment.make_asset("crowded")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    table = deployment.client("dynamodb")
    key = to_item({"grantId": grant, "assetId": asset})
    record = from_item(table.get_item(TableName=NAMES.grant_table, Key=key)["Item"])
    let_expire(deployment, grant, asset)
    command = json.loads(record["command"])
    consumer, made = command["consumer"], []
    for number in range(LIVE + HISTORY):
        live = number < LIVE
        command["consumer"] = {**consumer, "projectId": CROWD[number % 2]}
        values = {
            **record,
            "grantId": f"crowd{number:04d}",
            "command": json.dumps({**command, "grantId": f"crowd{number:04d}"}),
            "state": "GRANTED" if live else "REVOKED",
            # Too young to be missed in DataZone, whatever the clock says.
            "updatedAt": time.time() + 3600,
        }
        made.append(to_item(record_values(record_of(values))))
    try:
        for begin in range(0, len(made), 25):
            batch = [{"PutRequest": {"Item": item}} for item in made[begin : begin + 25]]
            table.batch_write_item(RequestItems={NAMES.grant_table: batch})
        yield grant, asset
    finally:
        keys = [{name: item[name] for name in ("grantId", "assetId")} for item in made]
        for begin in range(0, len(keys), 25):
            batch = [{"DeleteRequest": {"Key": key}} for key in keys[begin : begin + 25]]
            table.batch_write_item(RequestItems={NAMES.grant_table: batch})


def map_runs(deployment: Deployment, execution: str) -> list[dict[str, Any]]:
    states = deployment.client("stepfunctions")
    listed = states.list_map_runs(executionArn=execution)["mapRuns"]
    return [states.describe_map_run(mapRunArn=item["mapRunArn"]) for item in listed]


def test_a_crowded_ledger_goes_through_in_shards(deployment: Deployment, crowded: tuple[str, str]) -> None:
    grant, _ = crowded
    ended = started(deployment, INPUT)
    assert ended["status"] == "SUCCEEDED", ended
    result = json.loads(ended["output"])
    runs = map_runs(deployment, ended["executionArn"])
    assert len(runs) == 3 and all(run["status"] == "SUCCEEDED" for run in runs)
    counts = [run["executionCounts"] for run in runs]
    assert sum(item["succeeded"] for item in counts) == result["shards"] == sum(item["total"] for item in counts)
    assert max(item["total"] for item in counts) >= 2, "the projects' shards"
    expired = [item["subject"] for item in result["findings"] if item["kind"] == "Expired"]
    assert any(subject.startswith(grant) for subject in expired), "ends are found first, and listed first"
    # What the accounts do not hold is found as far as one run goes; history is nobody's business.
    assert result["counts"]["MissingContribution"]["found"] >= 100
    numbers = {item["subject"][5:9] for item in result["findings"] if item["subject"].startswith("crowd")}
    assert numbers and all(int(number) < LIVE for number in numbers)


def test_what_the_shards_worked_on_is_kept_for_a_while_only(deployment: Deployment, crowded: tuple[str, str]) -> None:
    table = deployment.client("dynamodb")
    items = table.scan(TableName=NAMES.run_table)["Items"]
    assert all(int(item["purgeAt"]["N"]) < time.time() + 3 * 86_400 for item in items if "rows" in item)
    described = table.describe_time_to_live(TableName=NAMES.run_table)["TimeToLiveDescription"]
    assert described["AttributeName"] == "purgeAt"
    role = NAMES.role_arn(DOMAIN, "reconcile")
    arn = NAMES.arn("dynamodb", DOMAIN, f"table/{NAMES.run_table}")
    assert deployment.may(role, "dynamodb:PutItem", arn) and not deployment.may(role, "dynamodb:DeleteItem", arn)
