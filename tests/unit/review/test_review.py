"""Golden reports of previews (recorded, engine 3.250, or derived from those), and how policies are read."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_ops.review import review
from streamgov_ops.review.comparison import compare
from streamgov_ops.review.plan import UNKNOWN
from streamgov_ops.review.statements import parse
from tests.unit.ops.command import run

HERE = Path(__file__).parent / "previews"
ROOT = Path(__file__).resolve().parents[3]
CASES = ("change", "replace", "failed", "nothing", "first", "wide", "dropped", "renamed")


def preview(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{case}.json").read_text())
    return found


def section(report: str, title: str) -> str:
    return report.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("case", CASES)
def test_report_is_as_recorded(case: str) -> None:
    """Rewrite with `python -m tests.unit.review.golden` and read the difference."""
    assert review(preview(case)) == (HERE / f"{case}.md").read_text()


def test_the_sample_in_the_docs_is_the_recorded_change() -> None:
    assert (ROOT / "docs" / "review-sample.md").read_text().endswith(review(preview("change")))


def test_who_gains_and_loses_access() -> None:
    rows = [
        row for row in section(review(preview("change")), "Who gains or loses access").splitlines() if "s** | " in row
    ]
    assert {row.split("|")[2].strip() for row in rows} == {
        "role `arn:aws:iam::333333333333:role/streaming/fraud-job`",
        "roles `arn:aws:iam::333333333333:role/streaming/*`",
        "consumer roles of account `333333333333`",
        "project `1p2r3o4d5u6c7e`",
        "everybody in the domain",
    }
    lost = [
        row
        for row in section(review(preview("change")), "Who gains or loses access").splitlines()
        if "| loses |" in row
    ]
    assert len(lost) == 2 and all("PROJECT_CONTRIBUTOR" in row for row in lost)


def test_every_changed_resource_is_named() -> None:
    """Nothing that changes is kept from the reviewer."""
    for case in ("change", "replace", "first", "wide", "dropped", "renamed"):
        report = review(preview(case))
        for step in preview(case)["steps"]:
            if step["op"] != "same":
                assert f"`{step['urn'].split('::')[-1]}`" in section(report, "All changes"), step["urn"]


def test_replacement_of_a_ledger_comes_first() -> None:
    assert "`streamgov-grants` is **replaced** because of `name`" in section(
        review(preview("replace")), "Look at these first"
    )


def test_the_place_of_an_archive_is_no_change_of_code() -> None:
    """Steps of an update whose bundle lies elsewhere but holds the same."""
    changed = preview("change")
    for step in changed["steps"]:
        if "aws:lambda/function:Function" in step["urn"]:
            step["newState"]["inputs"]["code"]["hash"] = step["oldState"]["inputs"]["code"]["hash"]
    assert "code changes" not in review(changed)


def test_order_of_steps_and_of_policy_values_does_not_change_what_is_said() -> None:
    changed = preview("change")
    shuffled = preview("change")
    random.Random(1).shuffle(shuffled["steps"])
    assert sorted(review(changed).splitlines()) == sorted(review(shuffled).splitlines())


def test_an_operation_that_nobody_knows_is_shown() -> None:
    strange = preview("nothing")
    strange["steps"].append({"op": "transmogrify", "urn": "urn:pulumi:dev::streamgov::aws:iam/role:Role::x"})
    report = review(strange)
    assert "transmogrify" in report and "Nothing changes" not in report


def test_a_resource_that_is_let_go_of_takes_no_access_away() -> None:
    kept = preview("change")
    for step in kept["steps"]:
        if step["op"] == "delete":
            step["oldState"]["retainOnDelete"] = True
    report = review(kept)
    assert "| loses |" not in report and "let go of, not deleted" in report


def test_text_of_others_cannot_break_the_table() -> None:
    nasty = preview("change")
    for step in nasty["steps"]:
        if "SubscriptionTarget" in step["urn"]:
            step["newState"]["inputs"]["authorized_principals"] = ["a`b | c\n## Approved"]
    report = review(nasty)
    assert "\n## Approved" not in report
    assert "`` a`b \\| c ## Approved ``" in report


def one_step(type_: str, operation: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    urn = f"urn:pulumi:s::p::streamgov:index:StreamGovernance${type_}::x"
    return {"steps": [{"op": operation, "urn": urn, "oldState": {"inputs": before}, "newState": {"inputs": after}}]}


def test_fields_of_a_form_that_come_and_go() -> None:
    before = "structure F {\n  @required\n  topic: String\n  old: String\n}"
    after = "structure F {\n  topic: Integer,\n  note: String\n}"
    type_ = "pulumi-python:dynamic/streamgov:FormType"
    report = review(one_step(type_, "update", {"name": "F", "model": before}, {"name": "F", "model": after}))
    said = section(report, "Code and behaviour")
    assert "gains `note: String`" in said and "loses `old: String`" in said
    assert "field `topic` `@required String` → `Integer`" in said


def test_what_a_rule_demands_and_no_longer_demands() -> None:
    type_ = "pulumi-python:dynamic/streamgov:Rule"
    inputs = {
        "action": "CREATE_SUBSCRIPTION_REQUEST",
        "asset_types": ["MskTopicAssetType"],
        "metadata_forms": [{"type_identifier": "StreamAccessRequestFormType", "type_revision": "1"}],
    }
    said = section(review(one_step(type_, "create", {}, inputs)), "Who gains or loses access")
    who = "whoever asks for assets of `MskTopicAssetType` in the domain's root unit"
    assert who in said and "must give form `StreamAccessRequestFormType`" in said
    revised = {**inputs, "metadata_forms": [{**inputs["metadata_forms"][0], "type_revision": UNKNOWN}]}  # type: ignore[dict-item]
    assert "Who gains or loses access" not in review(one_step(type_, "update", inputs, revised))
    gone = review(one_step(type_, "delete", {"name": "r", **inputs}, {}))
    assert "`r` is **deleted**: requests and publications pass" in section(gone, "Look at these first")
    terms = {"action": "CREATE_LISTING_CHANGE_SET", "projects": ["p1"], "glossary_terms": ["t1"], "domain_unit_id": "u"}
    said = section(review(one_step(type_, "create", {}, terms)), "Who gains or loses access")
    assert "whoever publishes any asset of projects `p1` in `u`" in said and "must give glossary term `t1`" in said


def test_what_holders_of_a_designation_may_make() -> None:
    type_ = "pulumi-python:dynamic/streamgov:TypeDesignation"
    inputs = {
        "name": "streamgov-sync-msk",
        "asset_type": "MskTopicAssetType",
        "owning_project_id": "types1",
        "operations": ["CreateAsset", "Search"],
    }
    closed = section(review(one_step(type_, "create", {}, inputs)), "Who gains or loses access")
    assert "holders of the designation `streamgov-sync-msk`" in closed
    assert "assets of `MskTopicAssetType` in project `types1`; it permits" in closed
    assert "`CreateAsset`" in closed and "`Search` alone" in closed
    opened = section(
        review(one_step(type_, "update", inputs, {**inputs, "domain_unit_id": "u1"})), "Who gains or loses access"
    )
    assert "in project `types1` and projects of domain unit `u1` and below" in opened


@pytest.mark.parametrize(("mode", "first"), [("cascade", True), ("refuse", False)])
def test_a_destroy_that_takes_everything_down_says_so_first(mode: str, first: bool) -> None:
    report = review(one_step("pulumi-python:dynamic/streamgov:DestroyGuard", "delete", {"on_destroy": mode}, {}))
    assert ("## Look at these first" in report and "grant is revoked" in report) is first


# --- policies ---------------------------------------------------------------------------------------------------------
def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


READ = {"Sid": "R", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::a"}


def lines(before: str | None, after: str | None) -> list[tuple[bool, str, str]]:
    return [
        (line.gain, line.text, line.alarm.reason if line.alarm else "") for line in compare(parse(before), parse(after))
    ]


def test_order_and_single_values_mean_nothing() -> None:
    other = {**READ, "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::a"]}
    deny = {"Sid": "D", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    assert lines(policy(READ, deny), policy(deny, other)) == []


def test_an_action_and_a_resource_more() -> None:
    more = {**READ, "Action": [*READ["Action"], "s3:PutObject"], "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}
    found = lines(policy(READ), policy(more))
    assert [gain for gain, _, _ in found] == [True, True]
    assert "`s3:PutObject` on `arn:aws:s3:::a`, `arn:aws:s3:::b`" in found[0][1]
    assert "on `arn:aws:s3:::b`" in found[1][1]
    assert [gain for gain, _, _ in lines(policy(more), policy(READ))] == [False, False]


@pytest.mark.parametrize(
    ("before", "after", "gain", "alarm"),
    [
        ({"Action": "s3:GetObject"}, {"Action": "*"}, True, "every action"),
        ({"Action": "s3:GetObject"}, {"Action": "s3:*"}, True, "every action of a service"),
        ({"Principal": {"AWS": "1"}}, {"Principal": "*"}, True, "anybody, without a condition"),
        ({"Principal": {"AWS": "1"}}, {"Principal": {"AWS": ["*"]}}, True, "anybody, without a condition"),
        ({"Action": "s3:GetObject"}, {"Action": None, "NotAction": "iam:*"}, True, "everything but"),
        ({"Effect": "Deny"}, None, True, "a refusal is taken away"),
        ({"Effect": "Deny", "Action": ["a:b", "a:c"]}, {"Effect": "Deny", "Action": ["a:b"]}, True, "covers less"),
        ({"Condition": {"Bool": {"x": "true"}}}, {}, True, "a condition is dropped"),
        ({}, {"Condition": {"Bool": {"x": "true"}}}, False, ""),
        ({"Effect": "Deny"}, {"Effect": "Deny", "Condition": {"Bool": {"x": "true"}}}, True, "covers less"),
    ],
)
def test_what_widens_is_said_and_shown_first(
    before: dict[str, Any], after: dict[str, Any] | None, gain: bool, alarm: str
) -> None:
    def made(change: dict[str, Any] | None) -> str | None:
        if change is None:
            return None
        return policy({key: value for key, value in {**READ, **change}.items() if value is not None})

    found = lines(made(before), made(after))
    assert any(is_gain is gain and alarm in why for is_gain, _, why in found), found


def test_an_own_administrator_is_no_news_but_another_is() -> None:
    def key(*accounts: str) -> str:
        roots = [f"arn:aws:iam::{account}:root" for account in accounts]
        return policy({"Effect": "Allow", "Principal": {"AWS": roots}, "Action": "kms:*", "Resource": "*"})

    assert not compare([], parse(key("111111111111"), "111111111111"))[0].alarm
    assert compare([], parse(key("222222222222"), "111111111111"))[0].alarm
    assert compare([], parse(key("111111111111", "222222222222"), "111111111111"))[0].alarm


def test_a_document_of_unknown_values_is_told_apart() -> None:
    changed = preview("change")
    for step in changed["steps"]:
        if "rolePolicy" in step["urn"]:
            step["newState"]["inputs"]["policy"] = UNKNOWN
    report = review(changed)
    assert "permissions of role `streamgov-us-east-1-apply`" in section(report, "Cannot be told before `up`")
    assert UNKNOWN not in report


# --- the command ------------------------------------------------------------------------------------------------------
def test_command_reads_a_file_and_standard_input() -> None:
    expected = (HERE / "nothing.md").read_text()
    for result in (
        run("review", str(HERE / "nothing.json")),
        run("review", "-", text=(HERE / "nothing.json").read_text()),
        run("review", text=(HERE / "nothing.json").read_text()),
    ):
        assert (result.code, result.out, result.err) == (0, expected, "")


def test_command_tells_a_failed_preview_apart() -> None:
    result = run("review", str(HERE / "failed.json"))
    assert result.code == 1
    assert "must be an AWS region" in result.out


@pytest.mark.parametrize("case", CASES)
def test_command_prints_the_report_as_json(case: str) -> None:
    result = run("review", "--json", str(HERE / f"{case}.json"))
    report = json.loads(result.out)
    steps = [step for step in preview(case).get("steps") or [] if step["op"] not in ("same", "read")]
    named = {(item["type"], item["name"]) for item in report["changes"]}
    assert named == {(s["urn"].split("::")[2].split("$")[-1], s["urn"].split("::", 3)[3]) for s in steps}
    assert sum(report["counts"].values()) == len(report["changes"])
    said = review(preview(case))
    assert all(item["text"] in said for item in report["first"])


@pytest.mark.parametrize("text", ["", "warning: no JSON", "[]", "{}", '"x"'])
def test_command_refuses_what_is_no_preview(text: str) -> None:
    result = run("review", "-", text=text)
    assert (result.code, result.out) == (2, "")
    assert "pulumi preview --json" in result.err


def test_a_list_is_no_preview() -> None:
    with pytest.raises(ConfigError):
        review([])
