"""Somebody who may write the document ledger, but no policies, asks it for more."""

from __future__ import annotations

import pytest

from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.test_workflow import topic_of
from tests.sandbox import CONSUMER


@pytest.mark.parametrize("action", ["s3:GetObject", "kafka-cluster:AlterCluster"])
def test_a_forged_record_becomes_no_policy(deployment: Deployment, action: str) -> None:
    cluster, role = deployment.make_cluster(), deployment.make_role(CONSUMER)
    name = f"forged-{action.split(':')[1].lower()}"
    target = deployment.make_target([role])
    table = deployment.client("dynamodb", CONSUMER)
    grants = []
    for topic in (f"{name}-1", f"{name}-2"):
        _, listing = deployment.make_asset(topic, cluster=cluster)
        deployment.subscribe(listing)
        grants.append(listing)
    first = deployment.grant(grants[0], target)
    assert deployment.settled(first)["status"] == "GRANTED"

    key = {"documentId": {"S": f"role#{role}"}, "item": {"S": "grant#forged#asset"}}
    (item,) = table.query(
        TableName=NAMES.document_table,
        KeyConditionExpression="documentId = :d AND begins_with(#i, :g)",
        ExpressionAttributeNames={"#i": "item"},
        ExpressionAttributeValues={":d": key["documentId"], ":g": {"S": "grant#"}},
    )["Items"]
    body = item["body"]["S"].replace("kafka-cluster:ReadData", action)
    table.put_item(TableName=NAMES.document_table, Item={**item, **key, "body": {"S": body}})

    second = deployment.grant(grants[1], target)
    failed = deployment.settled(second)
    assert failed["status"] == "GRANT_FAILED" and "no grant gives" in failed["failureCause"]["message"]
    assert not deployment.may(role, action, cluster)
    assert deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, f"{name}-1", cluster))
    assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, f"{name}-2", cluster))

    table.delete_item(TableName=NAMES.document_table, Key=key)
    deployment.revoke(first)
    assert deployment.settled(first)["status"] == "REVOKED"
