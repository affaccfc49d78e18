"""What a consumer needs to connect, and the snippets: each is parsed, and what can be run here is."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.model.schema_reference import SchemaReference
from streamgov_ops.accounts import Accounts
from streamgov_ops.connect.details import ConnectionDetails, details_of, parameter_of
from streamgov_ops.connect.filling import KINDS, kinds_of, snippet
from streamgov_ops.session import SessionSettings
from tests.unit.components.graph import run
from tests.unit.ops.entries import CONSUMER, PRODUCER, ROLE, record

NAMES = Names("streamgov", "eu-west-1")
STREAM = f"arn:aws:kinesis:eu-west-1:{PRODUCER}:stream/clicks"
FAN_OUT = {"consumerArn": f"{STREAM}/consumer/streamgov-abc:1767348060", "consumption": "FAN_OUT"}
SCHEMA = SchemaReference(
    f"arn:aws:glue:eu-west-1:{PRODUCER}:registry/streams",
    f"arn:aws:glue:eu-west-1:{PRODUCER}:schema/streams/orders",
    "orders",
)


def with_schema(found: GrantRecord) -> GrantRecord:
    assert found.command is not None
    return replace(found, command=replace(found.command, schema=SCHEMA))


def topic_details() -> ConnectionDetails:
    return details_of(with_schema(record()), NAMES)[0]


def stream_details(told: dict[str, str] | None = None, **options: Any) -> ConnectionDetails:
    request = AccessRequest("READ", "FAN_OUT" if told else "SHARED")
    return details_of(record(name="clicks", platform="kinesis", request=request, **options), NAMES, told)[0]


DETAILS = {
    "msk": topic_details(),
    "kinesis": stream_details(),
    "fan-out": stream_details(FAN_OUT),
    "own account": stream_details(role=f"arn:aws:iam::{PRODUCER}:role/streaming/job"),
}
MADE = [
    pytest.param(kind, details, id=f"{name} {kind}")
    for name, details in DETAILS.items()
    for kind in kinds_of(details.platform)
    if (kind, details.same_account, details.platform) != ("spark", False, "kinesis")
]


def test_the_details_say_as_whom_and_how() -> None:
    told = topic_details().to_dict()
    assert told["role"] == ROLE and told["connection"]["topic"] == "orders"
    assert told["connection"]["bootstrapBrokers"] == "b-1.vpce:14001", "across accounts the managed VPC connection's"
    assert told["connection"]["groupPrefix"] == f"{CONSUMER}.project-fraud."
    assert told["readerRoleArn"].startswith(f"arn:aws:iam::{PRODUCER}:role/streamgov/streamgov/readers/")
    own = details_of(with_schema(record(role=f"arn:aws:iam::{PRODUCER}:role/job")), NAMES)[0]
    assert own.reader_role == "" and own.same_account


def test_a_role_that_must_assume_another_is_told_so() -> None:
    granted = with_schema(record())
    assert granted.command is not None
    access_role = f"arn:aws:iam::{PRODUCER}:role/streamgov/streamgov/access/streamgov-eu-west-1-access-1a2b"
    assuming = AssumingRole(granted.command.consumer.principals[0], "AROAX", "project-fraud")
    by_role = replace(granted, command=granted.command.decided((assuming,)), outcome={"awsRoleArn": access_role})
    told = details_of(by_role, NAMES)[0].to_dict()
    assert (told["awsRoleArn"], told["readerRoleArn"]) == (access_role, "")
    assert told["connection"]["bootstrapBrokers"] == "b-1.vpce:14001", "the network is the consumer's still"
    assert details_of(granted, NAMES)[0].to_dict()["awsRoleArn"] == ""


class Ssm:
    """Holds one parameter, or fails."""

    def __init__(self, value: str | None, code: str = "ParameterNotFound") -> None:
        self.value, self.code = value, code

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": CONSUMER}

    def get_parameter(self, Name: str) -> Any:
        assert Name == "/streamgov/streamgov/connections/project-fraud/g1/asset-orders"
        if self.value is None:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "GetParameter")
        return {"Parameter": {"Value": self.value}}


@pytest.mark.parametrize(
    ("ssm", "known", "note"),
    [
        (Ssm('{"bootstrapBrokers": "b-9:9098", "grantId": "g1"}'), "b-9:9098", ""),
        (Ssm(None), "b-1.vpce:14001", "holds no parameter"),
        (Ssm(None, "AccessDeniedException"), "b-1.vpce:14001", "was not read"),
        (Ssm("not JSON"), "b-1.vpce:14001", "was not read"),
    ],
)
def test_what_the_consumers_account_was_told_counts(ssm: Ssm, known: str, note: str) -> None:
    accounts = Accounts(NAMES, SessionSettings("eu-west-1"), make=lambda service, where: ssm)
    told, remark = parameter_of(accounts, record())
    (details,) = details_of(record(), NAMES, told)
    assert details.values["bootstrapBrokers"] == known and "grantId" not in details.values
    assert note in remark and bool(note) is bool(remark)


@pytest.mark.parametrize(("kind", "details"), MADE)
def test_every_snippet_is_filled_and_parses(kind: str, details: ConnectionDetails) -> None:
    made = snippet(kind, details)
    assert not re.search(r"\$\{?\w", made.text), "nothing is left to fill in"
    assert (details.values.get("topic") or details.values["streamArn"]) in made.text or kind == "spark"
    if details.platform == "msk":
        assert details.values["groupPrefix"] in made.text, "only groups with this prefix are granted"
    if made.name.endswith(".py"):
        ast.parse(made.text)
    if made.name.endswith(".sql"):
        check_sql(made.text)
    if made.name.endswith(".java"):
        assert made.text.count("{") == made.text.count("}") and made.text.count("(") == made.text.count(")")


def check_sql(text: str) -> None:
    """One CREATE TABLE with distinct quoted options, and one SELECT of that table."""
    statements = [part.strip() for part in re.sub(r"--[^\n]*", "", text).split(";\n") if part.strip()]
    match = re.fullmatch(r"CREATE TABLE (\w+) \((.*?)\n\) WITH \(\n(.*)\n\)", statements[0], re.DOTALL)
    assert match is not None and statements[1:] == [f"SELECT * FROM {match[1]}"]
    options = [re.fullmatch(r"\s*'([^']+)' = '([^']*)'(,?)", line) for line in match[3].splitlines()]
    assert all(options), match[3]
    keys = [item[1] for item in options if item]
    assert len(set(keys)) == len(keys) and {"connector", "format"} <= set(keys)
    assert [bool(item[3]) for item in options if item] == [True] * (len(options) - 1) + [False]


@pytest.mark.parametrize(
    ("details", "source"),
    [
        (DETAILS["msk"], DETAILS["msk"].values["clusterArn"]),
        (DETAILS["kinesis"], STREAM),
        (DETAILS["fan-out"], FAN_OUT["consumerArn"]),
    ],
)
def test_the_event_source_mapping_runs_in_pulumi(details: ConnectionDetails, source: str) -> None:
    code = compile(snippet("lambda", details).text, "lambda_pulumi.py", "exec")
    # In an event loop of its own, which is closed at the end.
    (mapping,) = run(lambda: exec(code, {})).all("aws:lambda/eventSourceMapping:EventSourceMapping")
    assert mapping.inputs["eventSourceArn"] == source
    if details.platform == "msk":
        group = mapping.inputs["amazonManagedKafkaEventSourceConfig"]["consumerGroupId"]
        assert group.startswith(details.values["groupPrefix"])


def test_what_a_snippet_cannot_serve_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match="there is no kcl snippet for msk; there are: python, java, flink"):
        snippet("kcl", DETAILS["msk"])
    with pytest.raises(ConfigError, match="names streams by name, which finds none in another account"):
        snippet("spark", DETAILS["kinesis"])
    with pytest.raises(ConfigError, match="lets its role write only"):
        snippet("python", replace(DETAILS["msk"], access="WRITE"))
    with pytest.raises(ConfigError, match="its account's parameter holds its ARN"):
        snippet("kcl", stream_details({"consumption": "FAN_OUT"}))
    with pytest.raises(ConfigError, match="there is no python snippet for queues; there are: none"):
        snippet("python", replace(DETAILS["msk"], platform="queues"))
    with pytest.raises(ConfigError, match="never gave access: `streamgov explain g1`"):
        details_of(replace(record(), command=None), NAMES)
    assert set(KINDS) == {*kinds_of("msk"), *kinds_of("kinesis")}
