"""Grants and revokes through rules, machines, functions and roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.stream import Stream
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER


def topic_of(deployment: Deployment, name: str, cluster: str | None = None) -> str:
    return (cluster or deployment.cluster).replace(":cluster/", ":topic/") + f"/{name}"


def policy_of(deployment: Deployment, cluster: str | None = None) -> dict[str, Any] | None:
    kafka = deployment.client("kafka", PRODUCER)
    try:
        return dict(json.loads(kafka.get_cluster_policy(ClusterArn=cluster or deployment.cluster)["Policy"]))
    except kafka.exceptions.NotFoundException:
        return None


def granted_calls(deployment: Deployment) -> dict[str, int]:
    """Calls of our functions since the log was cleared, by caller."""
    calls = deployment.emulator.admin("GET", "calls")["calls"]
    found: dict[str, int] = {}
    for call in calls:
        for what in ("collect", "report", "apply"):
            if f"-{what}" in call["caller"]:
                key = f"{what} {call['service']}:{call['operation']}"
                found[key] = found.get(key, 0) + call["count"]
    return found


def executions(deployment: Deployment) -> list[dict[str, Any]]:
    """Executions of the central machine, newest first."""
    answer = deployment.client("stepfunctions").list_executions(
        stateMachineArn=NAMES.central_machine_arn(DOMAIN), maxResults=100
    )
    return list(answer["executions"])


def test_grant_and_revoke_across_accounts(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER)
    target = deployment.make_target([role])
    _, listing = deployment.make_asset("orders", cluster=cluster)
    topic = topic_of(deployment, "orders", cluster)
    deployment.subscribe(listing)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic)
    deployment.emulator.admin("DELETE", "calls")
    grant = deployment.grant(listing, target)
    done = deployment.settled(grant)
    assert done["status"] == "GRANTED", done
    eventually(lambda: executions(deployment)[0]["status"], lambda status: status == "SUCCEEDED", 20)
    calls = granted_calls(deployment)
    # Three tell the consumer how to connect: the brokers are asked for, the details recorded and written. One looks at
    # the role before anything is written, two at the names of who asked and approved (once a process). Two tell
    # everybody: the lineage of the asset, and an event. Two look at the claim and at the cluster before anything is
    # written anywhere, beside those that look again where it is written; one keeps the names.
    assert sum(calls.values()) <= 37, calls
    assert deployment.may(role, "kafka-cluster:ReadData", topic)
    assert not deployment.may(role, "kafka-cluster:WriteData", topic)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic + "2")
    groups = cluster.replace(":cluster/", ":group/")
    assert deployment.may(role, "kafka-cluster:AlterGroup", f"{groups}/{CONSUMER}.{deployment.projects[CONSUMER]}.app")
    assert not deployment.may(role, "kafka-cluster:AlterGroup", f"{groups}/{CONSUMER}.other.app")
    deployment.emulator.admin("DELETE", "calls")
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    eventually(lambda: executions(deployment)[0]["status"], lambda status: status == "SUCCEEDED", 20)
    calls = granted_calls(deployment)
    # Two take back what the consumer was told: its record, and the parameter. Two tell everybody, as above.
    assert sum(calls.values()) <= 24, calls
    assert not deployment.may(role, "kafka-cluster:ReadData", topic)
    assert policy_of(deployment, cluster) is None
    iam = deployment.client("iam", CONSUMER)
    assert iam.list_role_policies(RoleName=role.rsplit("/", 1)[1])["PolicyNames"] == []


def test_within_one_account_only_the_role_changes(deployment: Deployment) -> None:
    cluster = deployment.make_cluster(connectivity=False)
    role = deployment.make_role(PRODUCER)
    target = deployment.make_target([role], PRODUCER)
    _, listing = deployment.make_asset("local", cluster=cluster, schema=True)
    deployment.subscribe(listing, account=PRODUCER)
    grant = deployment.grant(listing, target, PRODUCER)
    assert deployment.settled(grant)["status"] == "GRANTED"
    assert deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "local", cluster))
    assert policy_of(deployment, cluster) is None
    schema = f"arn:aws:glue:us-east-1:{PRODUCER}:schema/streams/local"
    assert deployment.may(role, "glue:GetSchemaVersion", "*"), "as it is asked for by the id in a record"
    assert deployment.may(role, "glue:GetSchema", schema)
    assert not deployment.may(role, "glue:GetSchema", schema + "2")
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "local", cluster))


@pytest.mark.parametrize("account", [PRODUCER, CONSUMER])
def test_a_serverless_cluster_is_granted_within_its_account_only(deployment: Deployment, account: str) -> None:
    kafka = deployment.client("kafka", PRODUCER)
    serverless = {"VpcConfigs": [{"SubnetIds": ["subnet-1", "subnet-2"]}]}
    authentication = {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}
    name = f"less-{account[:3]}"
    cluster = kafka.create_cluster_v2(ClusterName=name, Serverless={**serverless, **authentication})["ClusterArn"]
    eventually(lambda: kafka.describe_cluster_v2(ClusterArn=cluster)["ClusterInfo"]["State"], lambda s: s == "ACTIVE")
    role = deployment.make_role(account)
    _, listing = deployment.make_asset("less", cluster=cluster, cluster_type="SERVERLESS")
    deployment.subscribe(listing, account=account)
    done = deployment.settled(deployment.grant(listing, deployment.make_target([role], account), account))
    topic = topic_of(deployment, "less", cluster)
    if account == PRODUCER:
        assert done["status"] == "GRANTED", done
        assert deployment.may(role, "kafka-cluster:ReadData", topic)
        assert not deployment.may(role, "kafka:CreateVpcConnection", cluster)
    else:
        assert done["status"] == "GRANT_FAILED" and "crossAccountServerless" in done["failureCause"]["message"]
        assert not deployment.may(role, "kafka-cluster:ReadData", topic) and policy_of(deployment, cluster) is None


def test_a_data_product_of_both_platforms_for_several_roles(deployment: Deployment) -> None:
    """Each asset is granted, marked and compensated on its own: one of the three names a topic that nobody recorded."""
    datazone, domain = deployment.client("datazone"), deployment.domain
    cluster, stream = deployment.make_cluster(), Stream(deployment)
    topic, _ = deployment.make_asset("in-product", cluster=cluster)
    forged, _ = deployment.make_asset("not-recorded", cluster=cluster, recorded=False)
    streamed = datazone.get_listing(domainIdentifier=domain, identifier=stream.listing)["item"]["assetListing"]
    product = datazone.create_data_product(
        domainIdentifier=domain,
        name="clickstream",
        owningProjectIdentifier=deployment.projects[PRODUCER],
        items=[{"identifier": asset, "itemType": "ASSET"} for asset in (topic, forged, streamed["assetId"])],
    )["id"]
    listing = datazone.create_listing_change_set(
        domainIdentifier=domain, entityIdentifier=product, entityType="DATA_PRODUCT", action="PUBLISH"
    )["listingId"]
    eventually(
        lambda: datazone.get_listing(domainIdentifier=domain, identifier=listing)["status"], lambda s: s == "ACTIVE"
    )
    roles = [deployment.make_role(CONSUMER) for _ in range(2)]
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target(roles))

    def statuses() -> dict[str, str]:
        return {asset["assetId"]: asset["status"] for asset in deployment.assets_of(grant)}

    wanted = {topic: "GRANTED", streamed["assetId"]: "GRANTED", forged: "GRANT_FAILED"}
    eventually(statuses, lambda found: found == wanted, 120)
    for role in roles:
        assert deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "in-product", cluster))
        assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "not-recorded", cluster))
        assert deployment.may(role, "kinesis:GetRecords", stream.arn)
    deployment.revoke(grant)
    eventually(statuses, lambda found: found[topic] == found[streamed["assetId"]] == "REVOKED", 120)
    assert policy_of(deployment, cluster) is None
    assert not any(deployment.may(role, "kinesis:GetRecords", stream.arn) for role in roles)


def test_a_schema_across_accounts_is_read_through_a_reader_role(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("with-schema", cluster=cluster, schema=True)
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    registry = f"arn:aws:glue:us-east-1:{PRODUCER}:registry/streams"
    reader = NAMES.reader_role_arn(PRODUCER, registry, CONSUMER, deployment.projects[CONSUMER])
    assert deployment.may(role, "sts:AssumeRole", reader)
    assert not deployment.may(deployment.make_role(CONSUMER), "sts:AssumeRole", reader)
    schema = f"arn:aws:glue:us-east-1:{PRODUCER}:schema/streams/with-schema"
    assert deployment.may(reader, "glue:GetSchemaVersion", "*"), "as it is asked for by the id in a record"
    assert deployment.may(reader, "glue:GetSchema", schema)
    assert not deployment.may(reader, "glue:GetSchema", schema + "2")
    deployment.revoke(grant)
    assert deployment.settled(grant)["status"] == "REVOKED"
    iam = deployment.client("iam", PRODUCER)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=reader.rsplit("/", 1)[1])


def test_what_was_asked_for_is_what_is_given(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("written", cluster=cluster)
    deployment.subscribe(listing, form={"access": "WRITE"})
    grant = deployment.grant(listing, deployment.make_target([role]))
    assert deployment.settled(grant)["status"] == "GRANTED"
    topic = topic_of(deployment, "written", cluster)
    assert deployment.may(role, "kafka-cluster:WriteData", topic)
    assert deployment.may(role, "kafka-cluster:WriteDataIdempotently", cluster)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic)
    transactions = cluster.replace(":cluster/", ":transactional-id/")
    own = f"{transactions}/{CONSUMER}.{deployment.projects[CONSUMER]}.job"
    assert deployment.may(role, "kafka-cluster:AlterTransactionalId", own)


def consumers_side_fails(deployment: Deployment) -> None:
    """The consumer's account lets nothing be written on its roles, whatever was seen of them before."""
    fault = {"service": "iam", "operation": "PutRolePolicy", "kind": "access_denied", "times": 0}
    deployment.emulator.admin("POST", "faults", {**fault, "caller": NAMES.role_arn(CONSUMER, "apply")})


def test_a_consumer_side_that_fails_undoes_the_producers(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    _, listing = deployment.make_asset("undone", cluster=cluster)
    deployment.subscribe(listing)
    target = deployment.make_target([deployment.make_role(CONSUMER)])
    consumers_side_fails(deployment)
    try:
        grant = deployment.grant(listing, target)
        failed = deployment.settled(grant)
    finally:
        deployment.emulator.admin("DELETE", "faults")
    assert failed["status"] == "GRANT_FAILED"
    assert "PutRolePolicy" in failed["failureCause"]["message"]
    assert "Traceback" not in failed["failureCause"]["message"]
    assert policy_of(deployment, cluster) is None
    record = ledger_item(deployment, grant)
    assert record["state"]["S"] == "GRANT_FAILED" and "PutRolePolicy" in record["cause"]["S"]


def test_a_role_that_no_way_leads_to_is_refused_before_anything_is_written(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER, bounded=False)
    _, listing = deployment.make_asset("refused", cluster=cluster)
    deployment.subscribe(listing)
    deployment.emulator.admin("DELETE", "calls")
    grant = deployment.grant(listing, deployment.make_target([role]))
    failed = deployment.settled(grant)
    assert failed["status"] == "GRANT_FAILED"
    assert "permissions boundary" in failed["failureCause"]["message"]
    assert "Traceback" not in failed["failureCause"]["message"]
    assert not [call for call in granted_calls(deployment) if "PutClusterPolicy" in call or "PutRole" in call]
    record = ledger_item(deployment, grant)
    assert record["state"]["S"] == "GRANT_FAILED" and "boundary" in record["cause"]["S"]


def test_an_undo_that_fails_is_said_and_made_up_for_when_the_outage_is_over(deployment: Deployment) -> None:
    """The consumer's side fails; and taking the producer's side back fails as well, longer than its retries last."""
    cluster = deployment.make_cluster()
    _, listing = deployment.make_asset("left-behind", cluster=cluster)
    deployment.subscribe(listing)
    target = deployment.make_target([deployment.make_role(CONSUMER)])
    consumers_side_fails(deployment)
    outage = {"service": "kafka", "operation": "DeleteClusterPolicy", "kind": "access_denied", "times": 0}
    deployment.emulator.admin("POST", "faults", {**outage, "caller": NAMES.role_arn(PRODUCER, "apply")})
    try:
        grant = deployment.grant(listing, target)
        failed = deployment.settled(grant)
        assert failed["status"] == "GRANT_FAILED"
        cause = failed["failureCause"]["message"]
        assert "PutRolePolicy" in cause and f"Access may remain in account {PRODUCER}" in cause, cause
        assert "DeleteClusterPolicy" in cause and "reconciler" in cause
        assert policy_of(deployment, cluster) is not None, "the fault must have held"
        assert json.loads(ledger_item(deployment, grant)["outcome"]["S"])["undo"]
        eventually(lambda: ended_as(deployment, grant, "AccessMayRemain"), bool, 120)
    finally:
        deployment.emulator.admin("DELETE", "faults")
    # Nobody does anything: the settle rule does.
    eventually(lambda: policy_of(deployment, cluster), lambda policy: policy is None, 120)
    item = eventually(
        lambda: ledger_item(deployment, grant), lambda found: not json.loads(found["outcome"]["S"])["undo"], 60
    )
    assert item["state"]["S"] == "GRANT_FAILED"
    assert "PutRolePolicy" in item["cause"]["S"] and "may remain" not in item["cause"]["S"]
    # An execution that succeeded starts no further one: the chain ends with it.
    chain = eventually(
        lambda: [execution["status"] for execution in deployment.executions_of(grant)],
        lambda statuses: "RUNNING" not in statuses and statuses[-1] == "SUCCEEDED",
    )
    assert chain.count("SUCCEEDED") == 1, chain
    assert len(ended_as(deployment, grant, "AccessMayRemain")) == len(chain) - 1


def ledger_item(deployment: Deployment, grant: str) -> dict[str, Any]:
    found = deployment.client("dynamodb").query(
        TableName=NAMES.grant_table,
        KeyConditionExpression="grantId = :g",
        ExpressionAttributeValues={":g": {"S": grant}},
    )
    return dict(found["Items"][0])


def ended_as(deployment: Deployment, grant: str, error: str) -> list[str]:
    """Executions of the central machine that worked on the grant and ended with this error."""
    return [item["executionArn"] for item in deployment.executions_of(grant) if item.get("error") == error]


@pytest.mark.parametrize("what", ["not recorded", "no connectivity", "no such cluster", "not a named role"])
def test_what_must_not_be_granted_fails_with_its_reason(deployment: Deployment, what: str) -> None:
    cluster = deployment.make_cluster(connectivity=what != "no connectivity")
    claimed = cluster.replace("/c-", "/gone-") if what == "no such cluster" else cluster
    role = deployment.make_role(CONSUMER)
    if what == "not a named role":
        iam = deployment.client("iam", CONSUMER)
        role = iam.create_role(RoleName="outsider", AssumeRolePolicyDocument=json.dumps(ANY_TRUST))["Role"]["Arn"]
    _, listing = deployment.make_asset("refused", cluster=claimed, recorded=what != "not recorded")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    failed = deployment.settled(grant)
    assert failed["status"] == "GRANT_FAILED"
    reason = {
        "not recorded": "no data source",
        "no connectivity": "update-connectivity",
        "no such cluster": "does not exist",
        "not a named role": "not among the consumer roles",
    }[what]
    assert reason in failed["failureCause"]["message"]
    assert "may remain" not in failed["failureCause"]["message"], "nothing was given, so nothing is left"
    assert policy_of(deployment, cluster) is None


ANY_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_an_aborted_execution_is_undone_and_reported(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("aborted", cluster=cluster)
    target = deployment.make_target([role])
    deployment.subscribe(listing)
    slow = {"service": "dynamodb", "operation": "GetItem", "kind": "latency", "seconds": 4.0, "times": 2}
    deployment.emulator.admin("POST", "faults", {**slow, "caller": NAMES.role_arn(PRODUCER, "apply")})
    try:
        grant = deployment.grant(listing, target)
        running = eventually(
            lambda: [item["executionArn"] for item in deployment.executions_of(grant) if item["status"] == "RUNNING"],
            lambda found: len(found) == 1 and deployment.assets_of(grant)[0]["status"] == "GRANT_IN_PROGRESS",
        )
        deployment.client("stepfunctions").stop_execution(executionArn=running[0], cause="by hand")
        failed = deployment.settled(grant, 240)
    finally:
        deployment.emulator.admin("DELETE", "faults")
    assert failed["status"] == "GRANT_FAILED"
    assert "aborted" in failed["failureCause"]["message"]
    eventually(lambda: policy_of(deployment, cluster), lambda policy: policy is None)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "aborted", cluster))


def test_twenty_grants_at_once_on_one_cluster(deployment: Deployment) -> None:
    cluster = deployment.make_cluster()
    role = deployment.make_role(CONSUMER)
    target = deployment.make_target([role])
    listings = [deployment.make_asset(f"busy-{n:02d}", cluster=cluster)[1] for n in range(20)]
    for listing in listings:
        deployment.subscribe(listing)
    grants = [deployment.grant(listing, target) for listing in listings]
    statuses = [deployment.settled(grant, 240)["status"] for grant in grants]
    assert statuses == ["GRANTED"] * 20
    topics = [topic_of(deployment, f"busy-{n:02d}", cluster) for n in range(20)]
    assert all(deployment.may(role, "kafka-cluster:ReadData", topic) for topic in topics)
    for grant in grants:
        deployment.revoke(grant)
    assert [deployment.settled(grant, 240)["status"] for grant in grants] == ["REVOKED"] * 20
    assert policy_of(deployment, cluster) is None
