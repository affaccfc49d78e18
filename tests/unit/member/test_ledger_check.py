"""The document ledger is believed as far as grants go: every grant's record passes, and none that no grant makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from streamgov_core.member.apply import Apply
from streamgov_core.member.ledger_check import record_check
from streamgov_core.model.access_role import as_access_role
from streamgov_core.model.command import AccessRequest, GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import PermanentGrantError
from streamgov_core.model.permission import Permission
from streamgov_core.platforms import PLATFORMS
from tests.unit.grants.fakes import CLUSTER, CONSUMER, NAMES, OWNER, ROLE, command, schema_of
from tests.unit.member.test_apply import Member

STREAM = f"arn:aws:kinesis:us-east-1:{OWNER}:stream/orders"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/12345678-1234-1234-1234-123456789012"
LOCAL = f"arn:aws:iam::{OWNER}:role/streaming/local"
CHECK = record_check(NAMES)


def commands() -> Iterator[GrantCommand]:
    """Grants of every kind, as the accounts of both sides carry them out."""
    for access, schema, role in product(("READ", "WRITE", "READ_WRITE"), (None, schema_of("orders")), (ROLE, LOCAL)):
        account = role.split(":")[4]
        topic = command(access=access, schema=schema, principals=(role,))
        resource = {"arn": STREAM, "stream": "orders", "encryption": "KMS", "keyArn": KEY}
        sides = (("both", OWNER),) if account == OWNER else (("producer", OWNER), ("consumer", CONSUMER))
        for side, at in sides:
            yield replace(topic, side=side, account=at)  # type: ignore[arg-type]
            for consumption in ("SHARED", "FAN_OUT"):
                asked = AccessRequest(access, consumption)  # type: ignore[arg-type]
                yield replace(
                    topic,
                    platform="kinesis",
                    resource=resource,
                    request=asked,
                    side=side,  # type: ignore[arg-type]
                    account=at,
                )


def contributions(order: GrantCommand) -> list[PolicyContribution]:
    """What the function makes of a command."""
    member = Member(str(order.account), connection_roles=(ROLE,))
    apply = Apply(member.settings, member.gateway, member.ledger)
    return apply._contributions(order)


def test_whatever_a_grant_asks_for_passes() -> None:
    checked = set()
    for order in commands():
        for contribution in contributions(order):
            CHECK(contribution.document_id, ContributionRecord.of(order.key, 1, True, contribution, 1.0))
            checked.add(contribution.kind)
    assert checked == {"cluster", "role", "reader", "stream", "fan-out", "key"}


def test_what_an_access_role_is_given_passes() -> None:
    for order in commands():
        within = as_access_role(NAMES, order)
        permissions = PLATFORMS[order.platform].consumer_permissions(NAMES, within)
        record = ContributionRecord("g#a", 1, "ACTIVE", permissions)
        CHECK(f"access#{NAMES.access_role_arn(OWNER, CONSUMER, 'p')}", record)


CLUSTER_2 = CLUSTER.replace("streaming-prod", "other")


@pytest.mark.parametrize(
    ("document", "actions", "resource"),
    [
        (f"role#{ROLE}", ("iam:PassRole",), "*"),
        (f"role#{ROLE}", ("s3:GetObject",), "*"),
        (f"role#{ROLE}", ("kafka-cluster:*",), CLUSTER),
        (f"role#{ROLE}", ("kafka-cluster:ReadData",), "*"),
        (f"role#{ROLE}", ("kinesis:GetRecords",), "*"),
        (f"role#{ROLE}", ("kms:Decrypt",), KEY),
        (f"role#{ROLE}", ("iam:PutRolePolicy",), "arn:aws:iam::333333333333:role/admin"),
        (f"role#{ROLE}", ("ec2:CreateTags",), "*"),
        (f"role#{ROLE}", ("ssm:GetParameter",), "arn:aws:ssm:us-east-1:333333333333:parameter/secret"),
        (f"role#{ROLE}", ("sts:AssumeRole",), "arn:aws:iam::222222222222:role/admin"),
        (f"role#{ROLE}", ("glue:GetSchema",), "*"),
        (f"cluster#{CLUSTER}", ("kafka:DeleteCluster",), CLUSTER),
        (f"cluster#{CLUSTER}", ("kafka-cluster:Connect",), CLUSTER_2),
        (f"cluster#{CLUSTER}", ("kafka-cluster:ReadData",), f"{CLUSTER_2.replace(':cluster/', ':topic/')}/orders"),
        (f"stream#{STREAM}", ("kinesis:PutResourcePolicy",), STREAM),
        (f"stream#{STREAM}", ("kinesis:GetRecords",), f"{STREAM}2"),
        (f"key#{KEY}", ("kms:Decrypt",), KEY),
        (f"reader#{NAMES.reader_role_arn(OWNER, 'r', CONSUMER, 'p')}", ("kinesis:GetRecords",), STREAM),
    ],
)
def test_what_no_grant_asks_for_is_refused(document: str, actions: tuple[str, ...], resource: str) -> None:
    record = ContributionRecord("g#a", 1, "ACTIVE", (Permission("any", actions, resource),))
    with pytest.raises(PermanentGrantError, match="which no grant gives"):
        CHECK(document, record)
    CHECK(document, replace(record, permissions=(), state="REMOVED"))
