"""The contract of the sample Flink job: property groups, permissions, and that the job's code reads just these."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.deploy.member_permissions import consumer_boundary
from streamgov_core.model.command import Consumer
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_samples.functions import flink
from streamgov_samples.functions.records import definition

NAMES = Names(region="eu-west-1")
CONSUMER = Consumer(
    "333333333333", "eu-west-1", "prj1", "env1", (RoleArn.parse("arn:aws:iam::333333333333:role/consumers/job"),)
)
TOPICS = "arn:aws:kafka:eu-west-1:222222222222:topic/orders-cluster/0-1"
EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "flink-consumer" / "src" / "main"


def groups(detached: bool = False) -> dict[str, dict[str, str]]:
    source = flink.JobTopic(f"{TOPICS}/orders", "b-1:9098,b-2:9098", "sales")
    sink = flink.JobTopic(f"{TOPICS}/totals", "b-1:9098,b-2:9098", "sales", "totals-value")
    made = flink.property_groups(
        NAMES, CONSUMER, source=source, sink=sink, domain_id="dzd_1", application="enricher", detached=detached
    )
    return {group["PropertyGroupId"]: group["PropertyMap"] for group in made}


def test_the_property_groups_name_what_grants_allow() -> None:
    made = groups()
    source = made["streamgov.source"]
    assert source["group.id"] == "333333333333.prj1.enricher"
    assert source["topic"] == "orders"
    assert source["schema.arn"] == "arn:aws:glue:eu-west-1:222222222222:schema/sales/orders"
    registry = "arn:aws:glue:eu-west-1:222222222222:registry/sales"
    assert source["reader.role.arn"] == NAMES.reader_role_arn("222222222222", registry, "333333333333", "prj1")
    assert source["lineage.namespace"] == "kafka://orders-cluster"
    assert made["streamgov.sink"]["schema.arn"].endswith("schema/sales/totals-value")
    assert "group.id" not in made["streamgov.sink"]
    assert made["streamgov.lineage"]["job.namespace"] == "flink://333333333333/eu-west-1"
    assert (made["streamgov.lineage"]["detached"], groups(True)["streamgov.lineage"]["detached"]) == ("false", "true")


def test_the_job_reads_the_keys_that_it_is_given() -> None:
    """The Java code and the Python that configures it name the same keys."""
    code = "".join(path.read_text() for path in (EXAMPLE / "java").rglob("*.java"))
    named = set(re.findall(r'(?:required|optional)\((?:group|GROUP|"[a-z.]+"), "([a-z.]+)"\)', code))
    given = {key for group in groups().values() for key in group}
    assert named == given
    assert set(re.findall(r'topic\("(streamgov\.[a-z]+)"\)', code)) == {flink.SOURCE_GROUP, flink.SINK_GROUP}
    assert f'GROUP = "{flink.LINEAGE_GROUP}"' in code


def test_a_property_fits_the_services_limit() -> None:
    for group in groups().values():
        for key, value in group.items():
            assert 1 <= len(key) <= 2048
            assert 1 <= len(value) <= 2048


@pytest.mark.parametrize(
    ("arn", "brokers", "said"),
    [
        ("arn:aws:kinesis:eu-west-1:222222222222:stream/orders", "b:1", "reads and writes topics"),
        (f"{TOPICS}/orders", "", "no bootstrap brokers"),
    ],
)
def test_a_topic_that_is_none(arn: str, brokers: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        flink.JobTopic(arn, brokers, "sales")


def test_the_jobs_own_permissions_lie_within_the_consumer_boundary() -> None:
    from fnmatch import fnmatchcase

    policy = flink.job_policy(
        "333333333333",
        "eu-west-1",
        code_arn="arn:aws:s3:::b/job.jar",
        log_group="/aws/x",
        code_kms_key_arn="arn:aws:kms:eu-west-1:333333333333:key/k",
        subnets=["subnet-1"],
        security_groups=["sg-1"],
    )
    ceiling = [
        action
        for statement in consumer_boundary(NAMES, "333333333333")["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    for statement in policy["Statement"]:
        for action in statement["Action"]:
            assert any(fnmatchcase(action, allowed) for allowed in ceiling), action
    everything = [statement["Sid"] for statement in policy["Statement"] if statement["Resource"] == ["*"]]
    assert everything == ["ReportLineage", "FindNetwork"]
    (attach,) = [statement for statement in policy["Statement"] if statement["Sid"] == "AttachInterface"]
    here = "arn:aws:ec2:eu-west-1:333333333333"
    assert attach["Resource"] == [
        f"{here}:{name}" for name in ("network-interface/*", "subnet/subnet-1", "security-group/sg-1")
    ]


def test_the_job_can_read_every_version_of_the_sample_schema() -> None:
    """By Avro's own rules of resolution, with the schema that is packed into the JAR."""
    import avro.compatibility
    import avro.schema

    wanted = avro.schema.parse((EXAMPLE / "resources" / "schemas" / "order.avsc").read_text())
    for evolved in (False, True):
        written = avro.schema.parse(definition(evolved=evolved))
        make: Any = avro.compatibility.ReaderWriterCompatibilityChecker
        checker = make()
        found = checker.get_compatibility(wanted, written)
        assert found.compatibility is avro.compatibility.SchemaCompatibilityType.compatible, found.messages


def test_the_trust_is_bound_to_the_application() -> None:
    (statement,) = flink.job_trust("333333333333", "eu-west-1", "enricher")["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "333333333333"},
        "ArnEquals": {"aws:SourceArn": "arn:aws:kinesisanalytics:eu-west-1:333333333333:application/enricher"},
    }
    assert json.dumps(statement["Principal"]) == '{"Service": "kinesisanalytics.amazonaws.com"}'
