"""The compiler's laws and its capacities."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streamgov_core.documents.compiler import (
    INLINE_LIMIT,
    RESOURCE_POLICY_LIMIT,
    identity_statements,
    is_ours,
    merge,
    minified,
    resource_statements,
    same_statements,
    size,
    statements_of,
    with_ours,
)
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.permission import Permission
from streamgov_core.platforms.msk.platform import Msk
from tests.properties import examples
from tests.unit.grants.fakes import CLUSTER, CONSUMER, NAMES, THIRD, command
from tests.unit.grants.oracle import KIND_OF_ACTION, allowed, many

SID = NAMES.sid_prefix
MSK = Msk()


def cluster_permissions(*commands: GrantCommand) -> list[Permission]:
    return [
        p
        for item in commands
        for contribution in MSK.producer_contributions(NAMES, item)
        for p in contribution.permissions
    ]


def cluster_policy(*commands: GrantCommand) -> dict[str, Any]:
    document = with_ours(None, resource_statements(SID, cluster_permissions(*commands)), SID)
    return document or {"Version": "2012-10-17", "Statement": []}


roles = st.integers(0, 4).map(lambda n: f"arn:aws:iam::{CONSUMER if n < 3 else THIRD}:role/consumer-{n}")
commands = st.builds(
    lambda topic, principals, access, project: command(
        f"topic-{topic}", principals=tuple(sorted(principals)), access=access, project=f"project{project}"
    ),
    st.integers(0, 4),
    st.sets(roles, min_size=1, max_size=3),
    st.sampled_from(("READ", "WRITE", "READ_WRITE")),
    st.integers(0, 1),
)


TOPICS = {CLUSTER.replace(":cluster/", ":topic/") + f"/topic-{n}" for n in range(6)}


def model(commands_: Iterable[GrantCommand]) -> set[tuple[str, str, str]]:
    """(principal, action, resource) of what was granted, said from the grants and not from permissions."""
    found: set[tuple[str, str, str]] = set()
    for item in commands_:
        for principal in item.consumer.principals:
            kinds = {"cluster": ["kafka-cluster:Connect", *(a for a in KIND_OF_ACTION if a.startswith("kafka:"))]}
            kinds["cluster"].append("kafka-cluster:DescribeClusterDynamicConfiguration")
            kinds["topic"] = ["kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"]
            if item.request.reads:
                kinds["topic"].append("kafka-cluster:ReadData")
                kinds["group"] = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
            if item.request.writes:
                kinds["topic"].append("kafka-cluster:WriteData")
                kinds["cluster"].append("kafka-cluster:WriteDataIdempotently")
                kinds["transactional-id"] = [
                    "kafka-cluster:AlterTransactionalId",
                    "kafka-cluster:DescribeTransactionalId",
                ]
            names = {
                "cluster": CLUSTER,
                "topic": str(item.resource["arn"]),
                "group": CLUSTER.replace(":cluster/", ":group/") + f"/{item.consumer.account}.x",
                "transactional-id": CLUSTER.replace(":cluster/", ":transactional-id/") + f"/{item.consumer.account}.x",
            }
            found |= {(principal.arn, action, names[kind]) for kind, actions in kinds.items() for action in actions}
    return found


@given(st.lists(commands, max_size=8))
@settings(max_examples=examples(150), deadline=None)
def test_a_cluster_policy_allows_exactly_what_was_granted(given_: list[GrantCommand]) -> None:
    granted = model(given_)
    statements = statements_of(cluster_policy(*given_))
    principals = {f"arn:aws:iam::{a}:role/consumer-{n}" for a, n in product((CONSUMER, THIRD), range(5))}
    resources = {CLUSTER} | TOPICS
    for kind in ("group", "transactional-id"):
        resources |= {CLUSTER.replace(":cluster/", f":{kind}/") + f"/{a}.x" for a in (CONSUMER, THIRD, "9")}
    for principal, action, resource in product(principals, KIND_OF_ACTION, resources):
        wanted = (principal, action, resource) in granted
        assert allowed(statements, principal, action, resource) == wanted, (principal, action, resource)


@given(st.lists(commands, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_the_order_of_grants_does_not_matter(given_: list[GrantCommand], source: random.Random) -> None:
    shuffled = list(given_)
    source.shuffle(shuffled)
    assert minified(cluster_policy(*given_)) == minified(cluster_policy(*shuffled))


@given(st.lists(commands, max_size=8))
@settings(max_examples=examples(60), deadline=None)
def test_an_identity_policy_allows_exactly_its_permissions(given_: list[GrantCommand]) -> None:
    permissions = [p for item in given_ for p in MSK.consumer_permissions(NAMES, item)]
    pairs = {(action, p.resource, p.condition) for p in merge(permissions) for action in p.actions}
    written = {
        (action, resource, minified(item["Condition"]) if "Condition" in item else "")
        for item in identity_statements(SID, permissions)
        for action in many(item["Action"])
        for resource in many(item["Resource"])
    }
    assert written == pairs


@given(st.lists(commands, max_size=8))
@settings(max_examples=examples(60), deadline=None)
def test_sids_are_unique_and_ours(given_: list[GrantCommand]) -> None:
    sids = [item["Sid"] for item in statements_of(cluster_policy(*given_))]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() and sid.startswith(SID) for sid in sids)


FOREIGN: dict[str, Any] = {
    "Sid": "PlatformTeam",
    "Effect": "Allow",
    "Principal": {"AWS": "555555555555"},
    "Action": ["kafka:DescribeCluster"],
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
}


def test_foreign_statements_and_members_stay_as_they_are() -> None:
    without_sid = {key: value for key, value in FOREIGN.items() if key != "Sid"}
    live = {"Version": "2008-10-17", "Id": "theirs", "Statement": [FOREIGN, without_sid]}
    ours = resource_statements(SID, cluster_permissions(command()))
    document = with_ours(live, ours, SID)
    assert document is not None
    assert document["Id"] == "theirs" and document["Version"] == "2008-10-17"
    assert document["Statement"][:2] == [FOREIGN, without_sid]
    assert document["Statement"][2:] == ours
    assert with_ours(document, [], SID) == live
    assert with_ours({"Statement": ours}, [], SID) is None


def test_a_single_statement_without_a_list_is_read() -> None:
    assert with_ours({"Version": "2012-10-17", "Statement": FOREIGN}, [], SID) == {
        "Version": "2012-10-17",
        "Statement": [FOREIGN],
    }


def test_a_document_that_the_service_rewrote_is_recognised() -> None:
    ours = resource_statements(SID, cluster_permissions(command("a"), command("b", access="WRITE")))
    rewritten: list[dict[str, Any]] = []
    for item in reversed(ours):
        changed = {**item, "Sid": item["Sid"] + "z", "Action": list(reversed(many(item["Action"])))}
        changed["Principal"] = {"AWS": many(item["Principal"]["AWS"])}
        rewritten.append(changed)
    assert same_statements({"Statement": rewritten}, ours, SID)
    rewritten[0]["Principal"] = {"AWS": "AROAEXAMPLE"}
    assert not same_statements({"Statement": rewritten}, ours, SID)


def test_a_statement_is_ours_by_its_sid_only() -> None:
    assert is_ours({"Sid": SID + "abc"}, SID)
    assert not is_ours({"Sid": "SgOther1"}, SID)
    assert not is_ours({}, SID)


def role_of_51(number: int) -> str:
    arn = f"arn:aws:iam::{CONSUMER}:role/consumer-rol-{number:07d}"
    assert len(arn) == 51
    return arn


def topic_of_18(number: int) -> str:
    return f"topic-{number:012d}"


def test_a_cluster_policy_holds_55_roles_on_a_topic_each() -> None:
    given_ = [command(topic_of_18(n), principals=(role_of_51(n),)) for n in range(55)]
    assert size(cluster_policy(*given_)) <= RESOURCE_POLICY_LIMIT


def test_a_cluster_policy_holds_200_roles_on_one_topic() -> None:
    given_ = [command(topic_of_18(1), principals=(role_of_51(n),)) for n in range(200)]
    assert size(cluster_policy(*given_)) <= RESOURCE_POLICY_LIMIT


def test_an_inline_policy_holds_over_70_topics() -> None:
    given_ = [command(topic_of_18(n)) for n in range(73)]
    permissions = [p for item in given_ for p in MSK.consumer_permissions(NAMES, item)]
    document = {"Version": "2012-10-17", "Statement": identity_statements(SID, permissions)}
    assert size(document) <= INLINE_LIMIT


def test_the_shorter_cover_is_taken() -> None:
    both = [role_of_51(1), role_of_51(2)]
    shared: Sequence[GrantCommand] = [command(topic_of_18(n), principals=tuple(both)) for n in range(20)]
    alone = command(topic_of_18(99), principals=(both[0],))
    document = cluster_policy(*shared, alone)
    # By role each of the 20 topics would be listed twice.
    assert minified(document).count(topic_of_18(7)) == 1
