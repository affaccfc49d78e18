"""The policy pack under the real engine: our own program passes, a careless one is stopped before anything is made.

Proves that the engine loads the pack, hands it its configuration, and stops. The rules themselves are judged in
tests/unit/policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamgov_ops.review import read_report
from tests.e2e.conftest import cli_dir
from tools.dev import emulator_process
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import PORT_VARIABLE, ROOT, Workspace, free_port

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
PACK = str(ROOT / "policy")
CARELESS = """
import json
import pulumi_aws as aws

aws.cloudwatch.LogGroup("careless", name="/careless")
aws.iam.Role("anybody", name="anybody", path="/", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}))
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    started, _ = emulator_process.start(Workspace(tmp_path_factory.mktemp("policy") / "state", 0), attached=True)
    started.prepare()
    try:
        yield started
    finally:
        emulator_process.stop(started)
        patch.undo()


def test_the_stack_dev_passes(workspace: Workspace) -> None:
    pulumi = Pulumi(workspace, cli_dir())
    pulumi.select_stack()
    result = pulumi.run("preview", "--policy-pack", PACK, "--stack", "dev", check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "streamgov@" in result.stdout and "[mandatory]" not in result.stdout
    # That the pack looked: the sandbox waives the protection of its ledgers, and is told so.
    assert "[advisory]  ledgers-kept" in result.stdout


def test_a_careless_program_is_stopped(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: careless\nruntime:\n  name: python\n  options:\n    virtualenv: {ROOT / '.venv'}\n"
    )
    (tmp_path / "__main__.py").write_text(CARELESS)
    config = tmp_path / "policy.json"
    rules = ("logs-retained", "no-wildcard-principals")
    config.write_text(json.dumps({rule: {"everything": True} for rule in rules}))
    pulumi = Pulumi(workspace, cli_dir(), tmp_path, "careless")
    pulumi.select_stack()
    result = pulumi.run(
        "preview", "--policy-pack", PACK, "--policy-pack-config", str(config), "--stack", "careless", check=False
    )
    assert result.returncode != 0
    for rule in rules:
        assert f"[mandatory]  {rule}" in result.stdout, result.stdout
    assert "[mandatory]  encrypted" not in result.stdout, "not asked to judge everything"


WIDE = """
import pulumi_aws as aws
from streamgov_pulumi import Account, EnvironmentAuthorizer

account = {"account_id": "111111111111", "region": "us-east-1", "namespace": "wide"}
flags = {"s3_use_path_style": True, "skip_metadata_api_check": True}
EnvironmentAuthorizer("wide", {
    "account": Account(account, provider=aws.Provider("wide-aws", region="us-east-1", **flags)),
    "domain_id": "dzd-4p9n6sw4qt9xgn",
    "domain_account": "444455556666",
    "consumer_roles": ["arn:aws:iam::111111111111:role/*"],
})
"""


def test_what_stands_in_a_layer_is_judged_and_reviewed(workspace: Workspace, tmp_path: Path) -> None:
    """The pack gets the layer's text as an asset, and a review finds it in the plan."""
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: wide\nruntime:\n  name: python\n  options:\n    virtualenv: {ROOT / '.venv'}\n"
    )
    (tmp_path / "__main__.py").write_text(WIDE)
    pulumi = Pulumi(workspace, cli_dir(), tmp_path, "wide")
    pulumi.select_stack()
    judged = pulumi.run("preview", "--policy-pack", PACK, "--stack", "wide", check=False)
    assert judged.returncode != 0 and "[mandatory]  no-account-wide-roles" in judged.stdout, judged.stdout
    said = " ".join(judged.stdout.split())
    assert "the function of the layer wide-apply-settings may grant access to every role of an account" in said
    shown = json.loads(pulumi.run("preview", "--json", "--stack", "wide").stdout)
    found = [item.who for item in read_report(shown).access if "may be given access to streams" in item.what]
    assert found == ["roles `arn:aws:iam::111111111111:role/*`"]
