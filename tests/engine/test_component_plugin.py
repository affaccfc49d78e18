"""The component plugin under the real engine: another program deploys our components without importing them.

The Python program stands for any language: it knows the schema's names only. Programs in YAML are in
`test_yaml_examples.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from streamgov_core.model.settings_document import DIGEST, LAYER_PATH, digest_of
from tests.e2e.conftest import cli_dir
from tools.dev import emulator_process
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import PORT_VARIABLE, ROOT, Workspace, free_port

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
PROJECT = f"""name: other
runtime:
  name: python
  options:
    virtualenv: {ROOT / ".venv"}
plugins:
  providers:
    - name: streamgov
      path: {ROOT / "plugin"}
"""
PROGRAM = """
import pulumi


class StreamGovernance(pulumi.ComponentResource):
    assetTypes: pulumi.Output[dict]

    def __init__(self, name, props):
        props = {**props, "assetTypes": None, "centralMachineArn": None}
        super().__init__("streamgov:index:StreamGovernance", name, props, None, remote=True)


access = {"account": "111111111111"}
made = StreamGovernance("streams", {
    "region": "us-east-1",
    "namespace": "elsewhere",
    "logRetentionDays": 7,
    "deletionProtection": False,
    "tags": {"team": "data"},
    "domain": {"access": access, "domainId": "dzd-4p9n6sw4qt9xgn", "deploy": False},
    "members": [{"access": access, "trail": "none", "consumerRoles": ["arn:aws:iam::111111111111:role/jobs/*"],
        "dataSources": {"orders": {
            "platform": "msk", "registryName": "orders", "resource": "orders", "projectId": "1p2r3o4d5u6c7e",
            "topics": ["*"],
        }}}],
})
pulumi.export("assetTypes", made.assetTypes)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    started, _ = emulator_process.start(Workspace(tmp_path_factory.mktemp("plugin") / "state", 0), attached=True)
    started.prepare()
    try:
        yield started
    finally:
        emulator_process.stop(started)
        patch.undo()


def test_another_program_deploys_a_component(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    for package in ("streamgov_core", "streamgov_pulumi"):
        # Dynamic resources run in the program's Python, where an installed package would be found.
        (tmp_path / package).symlink_to(ROOT / package)
    pulumi = Pulumi(workspace, cli_dir(), tmp_path, "other")
    pulumi.select_stack()
    pulumi.operation("up")
    assert pulumi.outputs() == {"assetTypes": {}}
    exported = pulumi.run("stack", "export", "--stack", "other").stdout
    assert "streamgov:index:StreamGovernance$streamgov:index:EnvironmentAuthorizer" in exported
    assert "arn:aws:states:us-east-1:111111111111:stateMachine:elsewhere-member" in exported
    assert '"retentionInDays": 7' in exported, "numbers arrive as floats"
    held, printed = pulumi.expect_no_changes("preview")
    assert held, printed
    pulumi.operation("destroy")
    assert pulumi.resource_count() == 0


OUTPUTS_PROGRAM = """
import json

import pulumi
import pulumi_aws as aws


class EnvironmentAuthorizer(pulumi.ComponentResource):
    def __init__(self, name, props, opts):
        token = "streamgov:index:EnvironmentAuthorizer"
        super().__init__(token, name, {**props, "machineArn": None}, opts, remote=True)


config = pulumi.Config()
region = "us-east-1"
provider = aws.Provider("own", region=region, skip_metadata_api_check=True)
own = pulumi.ResourceOptions(provider=provider)
role = aws.iam.Role("reader", name="outputs-reader", path="/jobs/",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}), opts=own)
made = EnvironmentAuthorizer("member", {
    "account": {
        "accountId": "111111111111",
        "region": pulumi.Output.secret(region) if config.get_bool("secretRegion") else region,
        "namespace": "outputs",
        "tags": {"role": role.name},
    },
    "domainId": "dzd-4p9n6sw4qt9xgn",
    "domainAccount": "111111111111",
    "consumerRoles": [role.arn],
    "deletionProtection": False,
}, pulumi.ResourceOptions(providers=[provider]))
pulumi.export("roleArn", role.arn)
"""


def test_outputs_reach_nested_arguments_through_the_plugin(workspace: Workspace, tmp_path: Path) -> None:
    """What another resource makes is right in lists and maps; where names hang on it, one sentence says so."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT.replace("name: other", "name: outputs", 1))
    (tmp_path / "__main__.py").write_text(OUTPUTS_PROGRAM)
    pulumi = Pulumi(workspace, cli_dir(), tmp_path, "outputs")
    pulumi.select_stack()
    pulumi.configure("outputs", {"secretRegion": True})
    printed = pulumi.run("preview", "--stack", "outputs", "--color", "never", check=False)
    said = " ".join((printed.stdout + printed.stderr).split())
    assert printed.returncode != 0
    assert "EnvironmentAuthorizer 'member': account.region must be known when the program runs, got an Output" in said
    assert "arguments/inputs.py" not in said, "the plugin's own stack explains nothing"
    pulumi.configure("outputs", {})
    pulumi.operation("up")
    state = json.loads(pulumi.run("stack", "export", "--stack", "outputs").stdout)["deployment"]["resources"]
    (layer,) = [item["outputs"] for item in state if item["type"] == "aws:lambda/layerVersion:LayerVersion"]
    text = layer["code"]["assets"][LAYER_PATH]["text"]
    assert json.loads(text)["STREAMGOV_CONSUMER_ROLES"] == [pulumi.outputs()["roleArn"]]
    lambda_ = boto3.client("lambda", region_name="us-east-1", endpoint_url=workspace.endpoint)
    made = lambda_.get_function_configuration(FunctionName="outputs-apply")
    assert made["Environment"]["Variables"][DIGEST] == digest_of(text)
    assert [item["Arn"] for item in made["Layers"]] == [layer["arn"]]
    pulumi.operation("destroy")
