"""The deploying role's policy: complete for what we deploy, true to AWS's own list of actions, and no wider."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from policy_sentry.querying.actions import get_action_data, get_actions_for_service

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_ops.cli import deployer as command
from streamgov_ops.deployer import POLICY_LIMIT, SIDES, policies, statements
from streamgov_ops.deployer.actions import NEEDS, Needs
from streamgov_ops.deployer.check import NOT_COVERED, check_role
from streamgov_ops.deployer.further_actions import FEATURES, OPTIONAL, SANDBOX
from streamgov_ops.deployer.needs import types_by_account
from streamgov_ops.review.plan import read_plan
from streamgov_pulumi import providers
from streamgov_pulumi.config import parse
from tests.unit.components.conftest import deployed, no_bundles, raw_config, stack_file
from tests.unit.deployer.simulator import ALLOWED, ROLE, Simulator
from tests.unit.ops.command import Result, run
from tools.docs.deploying_role import OUT, render

__all__ = ["no_bundles"]
ROOT = Path(__file__).resolve().parents[3]
NAMES = Names("streamgov", "eu-west-1")
ACCOUNT = "777788889999"
ALL = {**NEEDS, **SANDBOX, **OPTIONAL}
EVERY = [(type_, needs) for type_, first in ALL.items() for needs in (first, *first.also)]
# Why an action is allowed on everything though it knows a resource: streamgov_ops.deployer.actions.
LOOSE = {"kms:TagResource"}
# Operations that the packaged reference does not know yet; IAM names actions as the API names operations.
NEWER = {"CreateDesignation", "DeleteDesignation", "GetDesignation", "ListDesignations", "UpdateDesignation"}
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
        if action in NEWER:
            model = boto3.Session(region_name="eu-west-1").client(needs.service)  # type: ignore[call-overload]
            assert action in model.meta.service_model.operation_names
        assert (f"{needs.service}:{action}".lower() in known) != (action in NEWER), action
    for action in (*needs.read, *needs.write):
        assert any(row["resource_arn_format"] != "*" for row in _rows(needs.service, action)), action
    for action in {*needs.read_any, *needs.write_any} - NEWER:
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
                assert re.match(r"\w+:(Get|List|Describe|Query|Search|Validate)", action), action
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
    found = types_by_account(read_plan(preview))
    assert "aws:sfn/stateMachine:StateMachine" in found["111111111111"]
    assert "pulumi-python:dynamic/streamgov:SubscriptionTarget" in found["333333333333"]
    assert "aws:kms/key:Key" in found["111111111111"]


def printed(*arguments: str) -> Any:
    """The JSON that the command prints."""
    result = run("deployer", *arguments)
    assert (result.code, result.err) == (0, ""), result.err
    return json.loads(result.out)


SIDE = ("--side", "member", "--account", ACCOUNT, "--region", "eu-west-1")


def test_documents_of_a_side() -> None:
    answer = printed(*SIDE, "--namespace", "teama")
    assert list(answer) == [ACCOUNT] and "function:teama-*" in json.dumps(answer)
    assert printed(*SIDE, "--preview-only") != answer


def test_the_page_is_current() -> None:
    assert OUT.read_text() == render(), "run `python -m tools.docs.deploying_role`"


def test_features_are_printed_when_asked_for() -> None:
    """Each component that the program itself does not deploy: by its word, and by a plan that holds it."""
    assert "kafka:" not in json.dumps(printed(*SIDE))
    assert "kafka:CreateVpcConnection" in json.dumps(printed(*SIDE, "--with", "vpc-connection"))
    assert {type_ for types in FEATURES.values() for type_ in types} == set(OPTIONAL)
    assert statements(OPTIONAL, NAMES, ACCOUNT)


def test_a_role_may_ask_about_itself_and_nobody_else() -> None:
    documents = printed(*SIDE, "--role", "/teams/deployer")[ACCOUNT]
    [asking] = [s for d in documents for s in d["Statement"] if "iam:SimulatePrincipalPolicy" in s["Action"]]
    assert asking["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/teams/deployer"]


def test_a_stacks_file_tells_accounts_names_and_boundary(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    text = (ROOT / "examples" / "stacks" / "Pulumi.all.example.yaml").read_text()
    path.write_text(f"{text}\n  streamgov:permissionsBoundaryName: corp/edge\n  streamgov:namespace: teamb\n")
    answer = printed("--config", str(path))
    assert sorted(answer) == ["444455556666", ACCOUNT, "888899990000"]
    text = json.dumps(answer[ACCOUNT])
    assert f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:teamb-*" in text
    assert BOUNDARY in text
    # That member has no trail of its own, and no target.
    assert "s3:CreateBucket" not in text
    assert "CreateSubscriptionTarget" not in text
    assert list(printed("--config", str(path), "--account", "888899990000", "--preview-only")) == ["888899990000"]


def test_a_first_preview_tells_every_account() -> None:
    path = str(ROOT / "tests" / "unit" / "review" / "previews" / "first.json")
    assert sorted(printed(path, "--region", "us-east-1")) == ["111111111111", "333333333333"]


def later_preview() -> dict[str, Any]:
    """The preview of a change: most resources of the stack stay as they are."""
    text = (ROOT / "tests" / "unit" / "review" / "previews" / "change.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_later_preview_tells_a_part_and_says_so() -> None:
    preview = later_preview()
    preview["steps"] = [step for step in preview["steps"] if "Membership" not in step["urn"]]
    result = run("deployer", "-", "--region", "us-east-1", text=json.dumps(preview))
    assert result.code == 0 and json.loads(result.out)
    assert "154 resources of the stack stay as they are" in result.err


def test_a_resource_of_an_account_that_the_preview_does_not_tell_is_refused() -> None:
    """Without the ambient provider among the changes nobody knows whose credentials a dynamic resource uses."""
    result = run("deployer", "-", "--region", "us-east-1", text=json.dumps(later_preview()))
    assert (result.code, result.out) == (2, "")
    assert "does not tell the account of streamgov-central-collect-in-consumer" in result.err
    assert "--config Pulumi.dev.yaml" in result.err


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("nothing", "this preview creates nothing: only a stack's first preview tells what its deploying role needs. "
                    "Name the stack's file instead: --config Pulumi.dev.yaml"),
        ("failed", "this preview failed, so it does not tell what is deployed: error: the stack's configuration"),
    ],
)  # fmt: skip
def test_a_preview_that_deploys_nothing_is_no_source(case: str, told: str) -> None:
    text = (ROOT / "tests" / "unit" / "review" / "previews" / f"{case}.json").read_text()
    result = run("deployer", "-", "--region", "us-east-1", text=text)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml cannot be read as a stack's file"),
        (["--config", str(ROOT / "Pulumi.dev.yaml")], "is a sandbox's: its people are administrators"),
        (["--config", str(ROOT / "Pulumi.yaml")], "is no stack's file: it has no map 'config'"),
        (
            ["--config", str(ROOT / "examples" / "stacks" / "Pulumi.all.example.yaml"), "--account", "1"],
            "nothing is deployed into account 1; there",
        ),
        (["--config", "x", "--side", "member"], "one of them"),
        (["--side", "member", "--account", ACCOUNT], "name the deployment's --region"),
        (["--region", "eu-west-1"], "--side and --account"),
        (["--side", "member", "--account", "7", "--region", "eu-west-1"], "12 digits"),
        (["--side", "middle"], "--side is one of domain, member, not 'middle'"),
        ([*SIDE, "--with", "nothing-of-ours"], "--with is one of flink-application, vpc-connection"),
        (["nowhere.json", "--region", "eu-west-1"], "nowhere.json cannot be read"),
        ([str(ROOT / "README.md"), "--region", "eu-west-1"], "this is not JSON"),
    ],
)  # fmt: skip
def test_what_the_command_does_not_take(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    result = run("deployer", *arguments)
    assert (result.code, result.out) == (2, "")
    assert told in result.err and "Traceback" not in result.err


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Simulator:
    made = Simulator()
    monkeypatch.setattr(command, "check_role", functools.partial(check_role, client=made.client))
    return made


CHECK = ("--check", *SIDE)


def test_check_of_a_role_that_has_everything(simulator: Simulator) -> None:
    result = run("deployer", *CHECK)
    assert (result.code, result.err) == (0, "")
    assert f"{ROLE} has what this stack takes in account {ACCOUNT}" in result.out
    assert result.out.splitlines()[-1] == NOT_COVERED


def test_check_says_that_an_encrypted_external_id_cannot_be_read(simulator: Simulator, tmp_path: Path) -> None:
    text = stack_file("member.example").read_text()
    path = tmp_path / "Pulumi.member.yaml"

    def printed(external_id: Any) -> Result:
        raw = yaml.safe_load(text)
        section = raw["config"]["streamgov:member"]
        section |= {"assumeRoleArn": f"arn:aws:iam::{section['account']}:role/deployer", "externalId": external_id}
        path.write_text(yaml.safe_dump(raw))
        return run("deployer", "--check", "--config", str(path))

    encrypted = printed({"secure": "v1:abc"})
    assert f"member.externalId in {path} is encrypted and cannot be read outside of Pulumi" in encrypted.err
    assert encrypted.code == 0, "the role may be assumed without it nevertheless"
    assert "is encrypted" not in printed("x-1").err
    assert run("deployer", "--config", str(path)).err == "", "what a role needs does not depend on it"


def test_check_uses_the_given_profile_and_endpoint(simulator: Simulator) -> None:
    assert run("deployer", *CHECK, "--profile", "ann", "--endpoint-url", "http://localhost:1").code == 0
    assert {(item.profile, item.endpoint_url) for _, item in simulator.clients} == {("ann", "http://localhost:1")}


def test_check_says_what_is_lacking_and_what_to_add(simulator: Simulator) -> None:
    lacking = {"sqs:CreateQueue", "sqs:TagQueue", "kms:CreateKey"}
    denied = {"EvalResourceDecision": "implicitDeny"}
    simulator.decide = lambda action, resource, context: denied if action in lacking else ALLOWED
    result = run("deployer", *CHECK)
    assert result.code == 1
    sentences = [line for line in result.out.splitlines() if " may not " in line]
    assert [line.split(" may not ")[1].split(" on ")[0] for line in sentences] == sorted(lacking)
    added = json.loads(result.out[result.out.index("together:") + len("together:") : result.out.index(NOT_COVERED)])
    assert {action for s in added["Statement"] for action in s["Action"]} == lacking

    result = run("deployer", *CHECK, "--json")
    assert result.code == 1
    found = json.loads(result.out)[ACCOUNT]
    assert [item["action"] for item in found["lacking"]] == sorted(lacking)
    assert (found["principal"], found["add"]) == (ROLE, [added])


def test_check_that_cannot_be_made_is_no_success(simulator: Simulator) -> None:
    simulator.refused["SimulatePrincipalPolicy"] = "AccessDenied"
    result = run("deployer", *CHECK)
    assert result.code == 2 and "not checked: " in result.err
    result = run("deployer", *CHECK, "--json")
    assert result.code == 2 and "may not ask" in json.loads(result.out)[ACCOUNT]["notChecked"]


def test_a_slow_check_tells_how_far_it_is(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(number * 1.5 for number in range(1000))
    monkeypatch.setattr(command, "clock", lambda: next(times))
    result = run("deployer", *CHECK)
    assert result.code == 0
    told = result.err.splitlines()
    assert told[0].startswith(f"account {ACCOUNT}: 2 of ")
    assert len(told) > 5
