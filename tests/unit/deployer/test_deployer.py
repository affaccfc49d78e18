"""The deploying role's policy: complete for what we deploy, true to AWS's own list of actions, and no wider."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data, get_actions_for_service

from streamgov_core.errors import ConfigError
from streamgov_core.naming import Names
from streamgov_pulumi import deployer, providers
from streamgov_pulumi.config import parse
from streamgov_pulumi.deployer import POLICY_LIMIT, SIDES, main, policies, statements
from streamgov_pulumi.deployer_actions import NEEDS, OPTIONAL, SANDBOX, Needs
from tests.unit.components.conftest import deployed, no_bundles, raw_config
from tools.docs.deploying_role import OUT, render

__all__ = ["no_bundles"]
ROOT = Path(__file__).resolve().parents[3]
NAMES = Names("streamgov", "eu-west-1")
ACCOUNT = "777788889999"
ALL = {**NEEDS, **SANDBOX, **OPTIONAL}
EVERY = [(type_, needs) for type_, first in ALL.items() for needs in (first, *first.also)]
# Why an action is allowed on everything though it knows a resource: streamgov_pulumi.deployer_actions.
LOOSE = {"kms:TagResource"}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/corp/edge"


def documented() -> set[str]:
    """The types of docs/aws-types.md."""
    text = (ROOT / "docs" / "aws-types.md").read_text()
    tokens = re.findall(r"^\| `(aws:[^`]+)` \|", text.split("## Invokes")[0], re.MULTILINE)
    assert len(tokens) > 30
    return set(tokens)


def test_every_type_that_the_program_may_use_is_covered() -> None:
    assert documented() <= set(ALL)
    dynamic = {f"pulumi-python:dynamic/streamgov:{name}" for name in providers.__all__ if name[0].isupper()}
    offered = {name for name in dynamic if not name.endswith("Provider")}
    assert offered <= set(ALL), offered - set(ALL)


@pytest.mark.parametrize(("type_", "needs"), EVERY, ids=[f"{type_}-{needs.service}" for type_, needs in EVERY])
def test_aws_knows_each_action_and_its_resources(type_: str, needs: Needs) -> None:
    """A misspelt action allows nothing; one that names no resource type, allowed on an ARN, allows nothing either."""
    known = {action.lower() for action in get_actions_for_service(needs.service)}
    for action in (*needs.read, *needs.write, *needs.read_any, *needs.write_any):
        assert f"{needs.service}:{action}".lower() in known, action
    for action in (*needs.read, *needs.write):
        assert any(row["resource_arn_format"] != "*" for row in _rows(needs.service, action)), action
    for action in (*needs.read_any, *needs.write_any):
        formats = {row["resource_arn_format"] for row in _rows(needs.service, action)}
        assert formats == {"*"} or f"{needs.service}:{action}" in LOOSE, f"{action} can be confined to {formats}"


def _rows(service: str, action: str) -> list[dict[str, Any]]:
    data = get_action_data(service, action)
    assert isinstance(data, dict)
    rows: list[dict[str, Any]] = data[service]
    return rows


@pytest.mark.parametrize(
    ("case", "side", "more"),
    [
        ("domain.example", "domain", {}),
        ("member.example", "member", {"trail": "create"}),
        ("member.example", "member", {"trail": "none"}),
    ],
)
def test_a_side_covers_what_its_stack_deploys(case: str, side: str, more: dict[str, Any], no_bundles: None) -> None:
    """The component graph decides, not what somebody remembers."""
    raw = raw_config(case)
    if more:
        raw["member"] = {**raw["member"], **more}
    types = {item.type for item in deployed(parse(raw)).resources}
    needed = {type_ for type_ in types if not type_.startswith(("pulumi:", "streamgov:"))}
    assert needed <= set(SIDES[side]), needed - set(SIDES[side])


def test_nothing_reaches_other_names() -> None:
    """Every write that can be confined is confined to our names; what AWS cannot confine is listed here."""
    loose = set()
    for side, types in SIDES.items():
        for statement in statements(types, NAMES, ACCOUNT):
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            confined = all("streamgov" in resource for resource in resources)
            if not confined:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                loose |= {
                    action for action in actions if not re.match(r"\w+:(Get|List|Describe|Search|Validate)", action)
                }
        assert side
    services = {action.split(":")[0] for action in loose}
    # Keys, aliases' keys and shares have ids of their own; DataZone's actions name no resource.
    assert services == {"datazone", "kms", "ram"}, loose


def test_a_role_for_reviews_writes_nothing() -> None:
    for types in SIDES.values():
        for statement in statements(types, NAMES, ACCOUNT, write=False):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            for action in actions:
                assert re.match(r"\w+:(Get|List|Describe|Search|Validate)", action), action
            assert "iam:PassRole" not in actions


def test_with_a_boundary_no_role_is_made_without_it() -> None:
    for statement in statements(SIDES["member"], NAMES, ACCOUNT, boundary_arn=BOUNDARY):
        actions = set(statement["Action"]) if isinstance(statement["Action"], list) else {statement["Action"]}
        assert "iam:DeleteRolePermissionsBoundary" not in actions
        if actions & {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}:
            assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}


def test_roles_are_passed_to_named_services_only() -> None:
    (passing,) = [s for s in statements(SIDES["domain"], NAMES, ACCOUNT) if s["Action"] == "iam:PassRole"]
    assert passing["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "events.amazonaws.com",
        "lambda.amazonaws.com",
        "states.amazonaws.com",
    ]
    assert all(":role/" in resource and "streamgov" in resource for resource in passing["Resource"])


@pytest.mark.parametrize("side", sorted(SIDES))
def test_each_document_fits_and_none_is_lost(side: str) -> None:
    found = statements(SIDES[side], NAMES, ACCOUNT, boundary_arn=BOUNDARY)
    documents = policies(found)
    assert all(len(json.dumps(document, separators=(",", ":"))) <= POLICY_LIMIT for document in documents)
    kept = [statement for document in documents for statement in document["Statement"]]
    assert sorted(map(json.dumps, kept)) == sorted(map(json.dumps, found))
    assert len(documents) <= 10, "a role takes ten managed policies"


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="aws:nobody/knows:It"):
        statements(["aws:nobody/knows:It"], NAMES, ACCOUNT)


def test_a_plan_tells_the_types_of_each_account() -> None:
    preview = json.loads((ROOT / "tests" / "unit" / "review" / "previews" / "first.json").read_text())
    found = deployer.types_by_account(preview)
    assert "aws:sfn/stateMachine:StateMachine" in found["111111111111"]
    assert "pulumi-python:dynamic/streamgov:SubscriptionTarget" in found["333333333333"]
    assert "aws:kms/key:Key" in found["111111111111"]


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--side", "member", "--account", ACCOUNT, "--region", "eu-west-1", "--namespace", "teama"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == [ACCOUNT] and "function:teama-*" in json.dumps(answer)
    assert main(["--region", "eu-west-1"]) == 2
    assert "--side and --account" in capsys.readouterr().err
    assert main(["--side", "member", "--account", "7", "--region", "eu-west-1"]) == 2
    assert "12 digits" in capsys.readouterr().err


def test_the_page_is_current() -> None:
    assert OUT.read_text() == render(), "run `python -m tools.docs.deploying_role`"
