"""A member's account is deployed, refreshed and destroyed by a role that holds the generated policy and nothing else.

The emulator enforces IAM on the role. What this does not prove: which further calls the real `aws` provider makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from streamgov_core.model.naming import Names
from streamgov_ops.deployer import SIDES, policies, statements
from tests.e2e.conftest import cli_dir
from tools.dev import emulator_process
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import PORT_VARIABLE, ROOT, LocalError, Workspace, free_port

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"
PROGRAM = f"""
from streamgov_pulumi import StreamGovernance

StreamGovernance("streams", {{
    "region": "us-east-1",
    "deletion_protection": False,
    "tags": {{"team": "data"}},
    "domain": {{"access": {{"account": "{ACCOUNT}"}}, "domain_id": "dzd-4p9n6sw4qt9xgn", "deploy": False}},
    "members": [{{
        "access": {{"account": "{ACCOUNT}", "assume_role_arn": "{ROLE}"}},
        "trail": "create",
        "consumer_roles": ["arn:aws:iam::{ACCOUNT}:role/jobs/*"],
        "data_sources": {{"orders": {{
            "platform": "msk", "registry_name": "orders", "resource": "orders", "project_id": "1p2r3o4d5u6c7e",
                "topics": ["*"],
        }}}},
    }}],
}})
"""
PROJECT = f"name: least\nruntime:\n  name: python\n  options:\n    virtualenv: {ROOT / '.venv'}\n"


@pytest.fixture
def pulumi(tmp_path: Path) -> Iterator[Pulumi]:
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    workspace, _ = emulator_process.start(Workspace(tmp_path / "state", 0), attached=True)
    workspace.prepare()
    program = tmp_path / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text(PROJECT)
    (program / "__main__.py").write_text(PROGRAM)
    for package in ("streamgov_core", "streamgov_pulumi", "streamgov_ops", "handlers"):
        (program / package).symlink_to(ROOT / package)
    try:
        yield Pulumi(workspace, cli_dir(), program, "least")
    finally:
        emulator_process.stop(workspace)
        patch.undo()


def test_the_generated_policy_is_enough_and_each_part_of_it_counts(pulumi: Pulumi) -> None:
    iam = boto3.client("iam", endpoint_url=pulumi.workspace.endpoint, region_name="us-east-1")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="deployer", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    found = statements(SIDES["member"], Names(region="us-east-1"), ACCOUNT)

    def attach(without: str = "") -> None:
        """The generated documents, but for one action."""
        kept = [
            {**s, "Action": [a for a in s["Action"] if a != without]} if isinstance(s["Action"], list) else s
            for s in found
        ]
        for number, document in enumerate(policies(kept)):
            text = json.dumps(document, separators=(",", ":"))
            iam.put_role_policy(RoleName="deployer", PolicyName=f"p{number}", PolicyDocument=text)

    attach(without="sqs:CreateQueue")
    pulumi.select_stack()
    with pytest.raises(LocalError, match=r"sqs:CreateQueue|CreateQueue"):
        pulumi.operation("up")
    attach()
    pulumi.operation("up")
    assert pulumi.resource_count() > 40
    for verb in ("preview", "refresh"):
        held, printed = pulumi.expect_no_changes(verb)
        assert held, printed
    pulumi.operation("destroy")
    assert pulumi.resource_count() == 0
