"""At GRANTED and REVOKED: an event with what the consumer needs, and the graph that shows who may read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from streamgov_core.platforms import PLATFORMS
from tests.integration.access.conftest import REGION
from tests.integration.ops.conftest import Operated, Streamgov, as_json
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN


def test_an_owner_sees_who_may_read_without_any_code_in_a_job(
    operated: Operated, streamgov: Streamgov, tmp_path: Path
) -> None:
    domain = ("--domain", operated.deployment.domain)
    node = PLATFORMS.source_identifier(operated.topic)
    reader = f"project {operated.deployment.projects[CONSUMER]} may read"

    def graph() -> dict[str, Any]:
        found = streamgov("lineage", operated.topic, *domain, "--json")
        return {item["name"]: item for item in json.loads(found.out)} if found.code == 0 else {}

    found = eventually(graph, lambda nodes: any(reader in name for name in nodes))
    (job,) = [item for name, item in found.items() if reader in name]
    assert job["before"] == [node] and job["runs"] == ["RUNNING"]
    shown = streamgov("lineage", "orders", *domain)
    assert shown.code == 0 and reader in shown.out
    picture = tmp_path / "lineage.svg"
    assert streamgov("lineage", operated.topic, *domain, "--svg", str(picture)).code == 0
    assert reader in "".join(ElementTree.parse(picture).getroot().itertext())


def test_the_completion_event_says_how_to_connect_and_ends_with_the_grant(
    operated: Operated, streamgov: Streamgov
) -> None:
    deployment = operated.deployment
    events, sqs = deployment.client("events"), deployment.client("sqs")
    queue = sqs.create_queue(QueueName="completions")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{DOMAIN}:completions"
    rule = events.put_rule(
        Name="completions",
        EventPattern=json.dumps({"source": ["streamgov"], "detail-type": ["Streamgov Grant Completed"]}),
    )["RuleArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}  # fmt: skip
    sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    )
    events.put_targets(Rule="completions", Targets=[{"Id": "queue", "Arn": arn}])
    _, listing = deployment.make_asset("announced")
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([deployment.make_role(CONSUMER)]))
    deployment.settled(grant)
    told: dict[str, dict[str, Any]] = {}

    def received(status: str) -> dict[str, Any] | None:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ()):
            detail = json.loads(message["Body"])["detail"]
            told[detail["status"]] = detail
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return told.get(status)

    granted = eventually(lambda: received("GRANTED"), bool)
    assert granted["grantId"] == grant and granted["connection"]["topic"] == "announced"
    ssm = deployment.client("ssm", CONSUMER)
    parameter = json.loads(ssm.get_parameter(Name=granted["connectionParameter"])["Parameter"]["Value"])
    assert parameter["topic"] == "announced"
    deployment.revoke(grant)
    assert "connection" not in eventually(lambda: received("REVOKED"), bool)
    node = ("lineage", granted["resourceArn"], "--domain", deployment.domain, "--json")
    jobs = eventually(
        lambda: [item for item in as_json(streamgov(*node)) if item["kind"] == "job"],
        lambda found: bool(found) and found[0]["runs"][-1] == "COMPLETE",
    )
    assert len(jobs) == 1
