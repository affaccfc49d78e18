"""What a reviewer is told first, and what is no news: sorting by harm, patterns that cover others, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_ops.review import review
from streamgov_ops.review.patterns import covers_account
from tests.unit.review.test_review import READ, lines, one_step, policy, preview, section


def first(case: str) -> list[str]:
    """What a report says to look at first."""
    return section(review(preview(case)), "Look at these first").strip().splitlines()


def test_the_worst_comes_first() -> None:
    assert [line.split(":")[0] for line in first("renamed")] == [
        "- `streamgov-grants` is **replaced** because of `name`",
        "- **a condition is dropped**",
        "- **a condition is replaced**",
        "- **a condition is replaced**",
    ]
    assert "**anybody who meets its condition**" in first("change")[0]
    assert "**the boundary of consumer roles is waived**" in first("change")[1]


def test_a_pattern_that_covers_an_account_comes_first_and_what_it_covers_is_not_lost() -> None:
    found = first("wide")
    assert all(line.startswith("- **every role of the account**: ") for line in found)
    assert "roles `arn:aws:iam::333333333333:role/*` may be given access to streams by grants" in found[0]
    assert any("may `iam:DeleteRolePolicy` on `arn:aws:iam::333333333333:role/*`" in line for line in found)
    assert "loses: " not in review(preview("wide")) and "| loses |" not in review(preview("wide"))
    narrower = preview("wide")
    for step in narrower["steps"]:
        step["oldState"], step["newState"] = step["newState"], step["oldState"]
    report = review(narrower)
    assert "Look at these first" not in report and "**gains**" not in report
    assert "| loses | roles `arn:aws:iam::333333333333:role/*` |" in report


def test_a_dropped_data_source_says_what_stays_and_which_entry_is_stale() -> None:
    (source,) = [line for line in first("dropped") if "data source" in line]
    assert "its assets, listings and subscriptions stay in DataZone and its grants stay in force" in source
    assert "Take role `streamgov-us-east-1-sync-msk` out of `contributors` of the domain's stack" in source
    # There the same stack made the membership and takes it back.
    (source,) = [line for line in first("replace") if "data source" in line]
    assert "contributors" not in source


def test_dead_letters_are_a_whole_sentence_and_refusals_that_go_with_a_queue_are_no_gain() -> None:
    report = review(preview("dropped"))
    assert "`streamgov-sync-msk-dead-letters` is **deleted**: the messages that wait in it are lost" in report
    assert "become dead letters" not in report
    assert "**gains**" not in report
    kept = preview("dropped")
    kept["steps"] = [step for step in kept["steps"] if "sqs/queue:Queue" not in step["urn"]]
    assert "**gains**: `anybody` is no longer refused `sqs:*`" in review(kept), "the queue stays, its refusal goes"


def test_which_parts_the_destroy_guard_looks_at_is_not_shown() -> None:
    for case in ("wide", "dropped"):
        (line,) = [line for line in review(preview(case)).splitlines() if "destroy-guard" in line]
        assert line == "- updated: `streamgov-destroy-guard` (pulumi-python:dynamic/streamgov:DestroyGuard)"


def test_a_later_destroy_that_takes_everything_down_is_said() -> None:
    type_ = "pulumi-python:dynamic/streamgov:DestroyGuard"
    report = review(one_step(type_, "update", {"on_destroy": "refuse"}, {"on_destroy": "cascade"}))
    assert "a later `pulumi destroy` revokes every grant and deletes every asset first" in report


def test_a_ledger_that_loses_its_protection_comes_first() -> None:
    table = "aws:dynamodb/table:Table"
    kept = {"name": "t", "deletionProtectionEnabled": True, "pointInTimeRecovery": {"enabled": True}}
    bare = {"name": "t", "deletionProtectionEnabled": False}
    said = section(review(one_step(table, "update", kept, bare)), "Look at these first")
    assert "`t` loses its **protection from deletion**" in said and "`t` loses its **point-in-time recovery**" in said
    assert "Look at these first" not in review(one_step(table, "update", bare, kept))


def test_a_role_that_lost_its_policy_of_refusals_is_a_gain_though_other_things_go() -> None:
    """Only a document that goes with its own holder says nothing."""
    role = "urn:pulumi:s::p::aws:iam/role:Role::r"
    queue = "urn:pulumi:s::p::aws:sqs/queue:Queue::q"
    document = policy({"Effect": "Deny", "Action": "iam:*", "Resource": "*"})
    gone = one_step("aws:iam/rolePolicy:RolePolicy", "delete", {"role": "writer", "policy": document}, {})
    del gone["steps"][0]["newState"]
    gone["steps"][0]["oldState"]["dependencies"] = [role, queue]
    gone["steps"].append({"op": "delete", "urn": queue, "oldState": {"inputs": {"name": "writer"}}})
    assert "**a refusal is taken away**" in review(gone)
    gone["steps"].append({"op": "delete", "urn": role, "oldState": {"inputs": {"name": "writer"}}})
    assert "a refusal is taken away" not in review(gone)


ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
SECURE = {"Bool": {"aws:SecureTransport": "true"}}


@pytest.mark.parametrize(
    ("before", "after", "gain", "alarm", "text"),
    [
        ({"ArnLike": {"k": "a:1"}}, {"ArnLike": {"k": "a:2"}}, True, "a condition is replaced",
         "the condition `k ArnLike a:1` is replaced by `k ArnLike a:2`"),
        ({"ArnLike": {"k": "a:1"}}, {"ArnLike": {"k": "a:*"}}, True, "a condition is loosened", "is loosened to"),
        ({"ArnLike": {"k": ["a:*"]}}, {"ArnLike": {"K": "a:1"}}, False, "", "is tightened to"),
        (ORG, SECURE, True, "a condition is replaced", "is replaced by `aws:SecureTransport Bool true`"),
        ({**ORG, **SECURE}, SECURE, True, "a condition is dropped", "no longer bound to the condition `aws:Principal"),
        (SECURE, {**SECURE, **ORG}, False, "", "is bound to the condition"),
    ],
)  # fmt: skip
def test_a_condition_that_is_dropped_replaced_loosened_or_tightened(
    before: dict[str, Any], after: dict[str, Any], gain: bool, alarm: str, text: str
) -> None:
    [(is_gain, said, why)] = lines(policy({**READ, "Condition": before}), policy({**READ, "Condition": after}))
    assert (is_gain, why) == (gain, alarm)
    assert text in said


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"Resource": "arn:aws:iam::1:role/*"}, {"Resource": "arn:aws:iam::1:role/streaming/*"}),
        ({"Resource": ["arn:aws:s3:::a", "arn:aws:s3:::a/*"]}, {"Resource": ["arn:aws:s3:::a", "arn:aws:s3:::a/b?"]}),
        ({"Action": "s3:get*"}, {"Action": ["s3:GetObject", "s3:GetBucketAcl"]}),
        ({"Principal": "*"}, {"Principal": {"AWS": "arn:aws:iam::1:root"}}),
    ],
)
def test_what_a_wider_value_covers_is_neither_gained_nor_lost(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    small, large = {**READ, **narrow}, {**READ, **wide}
    assert [gain for gain, _, _ in lines(policy(small), policy(large))] == [True]
    assert [gain for gain, _, _ in lines(policy(large), policy(small))] == [False]
    refused = lines(policy({**small, "Effect": "Deny"}), policy({**large, "Effect": "Deny"}))
    assert [gain for gain, _, _ in refused] == [False]


@pytest.mark.parametrize(
    ("pattern", "whole"),
    [
        ("*", True),
        ("arn:aws:iam::1:role/*", True),
        ("arn:aws:iam::1:role*", True),
        ("arn:aws:iam::1:*", True),
        ("arn:aws:iam::1:role/?*", True),
        ("arn:aws:iam::1:role/*/*", True),
        ("arn:aws:iam::1:role/streaming/*", False),
        ("arn:aws:iam::1:role/a*", False),
        ("arn:aws:iam::1:role/reader", False),
        ("arn:aws:kafka:r:1:topic/*/*/*", True),
        ("arn:aws:kafka:r:1:topic/orders/*/*", False),
        ("arn:aws:kinesis:r:1:stream/*", True),
    ],
)
def test_patterns_that_cover_an_account(pattern: str, whole: bool) -> None:
    assert covers_account(pattern) is whole


def test_a_data_source_that_is_let_go_of_is_not_dropped() -> None:
    kept = preview("dropped")
    for step in kept["steps"]:
        if step["op"] == "delete":
            step["oldState"]["retainOnDelete"] = True
    assert "is **dropped**" not in review(kept)
