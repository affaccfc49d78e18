"""A deploying role that lacks a permission is told at preview, on the real engine, before anything is made.

The emulator's simulator answers; what it does not prove is how the real one judges (`docs/unverified.md`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from streamgov_core.model.naming import Names
from streamgov_ops.deployer import own_statement, policies, statements
from streamgov_ops.deployer.stack import stack_needs
from streamgov_pulumi.config import parse
from tests.engine.stacks import REGION, ROOT, As, Cloud, Stack, one_line, project
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
ACCOUNT = "777788889999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/deployer"
CONFIG: dict[str, Any] = {
    "mode": "member",
    "region": REGION,
    "domain": {"account": "444455556666", "domainId": "dzd-1a2b3c4d5e6f7g"},
    "tags": {"team": "data"},
    "member": {
        "account": ACCOUNT,
        "assumeRoleArn": ROLE,
        "trail": "none",
        "consumerRoles": [f"arn:aws:iam::{ACCOUNT}:role/jobs/*"],
        "dataSources": {
            "orders": {
                "platform": "msk",
                "registryName": "orders",
                "resource": "orders",
                "topics": ["*"],
                "projectId": "9z8y7x6w5v4u3t",
            }
        },
    },
}
SENTENCE = (
    f"{ROLE} may not sqs:CreateQueue on arn:aws:sqs:{REGION}:{ACCOUNT}:streamgov-* in account {ACCOUNT}, which "
    "aws:sqs/queue:Queue of this stack needs: no policy of it allows that; add "
    f'{{"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": "arn:aws:sqs:{REGION}:{ACCOUNT}:streamgov-*"}}'
)


@dataclass
class Place:
    cloud: Cloud
    stack: Stack

    def hold(self, *, without: str = "", asking: bool = True) -> None:
        """Give the role what the stack's configuration takes, but for one action."""
        [needs] = stack_needs(parse(CONFIG))
        found = statements(needs.types, Names(region=REGION), ACCOUNT)
        kept = [
            {**s, "Action": [a for a in s["Action"] if a != without]} if isinstance(s["Action"], list) else s
            for s in found
        ]
        iam = self.cloud.client("iam", ACCOUNT)
        for number, document in enumerate(policies([*kept, *([own_statement(ROLE)] if asking else [])])):
            text = json.dumps(document, separators=(",", ":"))
            iam.put_role_policy(RoleName="deployer", PolicyName=f"p{number}", PolicyDocument=text)

    def preview(self) -> str:
        """What a green preview prints, as one line."""
        pulumi = self.stack.pulumi
        result = pulumi.run("preview", "--stack", pulumi.stack, "--color", "never")
        return one_line(result.stdout + result.stderr)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("permissions")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=ACCOUNT)
    try:
        cloud = Cloud(emulator, ACCOUNT)
        cloud.role(ACCOUNT, "deployer", path="/teams/")
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        pulumi = As(workspace, project(folder / "program"), "member", cloud.credentials(ACCOUNT))
        yield Place(cloud, Stack(pulumi, dict(CONFIG)).create())
    finally:
        process.terminate()
        process.wait(30)


def test_a_lacking_permission_is_told_at_preview_and_refused_if_the_stack_says_so(place: Place) -> None:
    place.hold(without="sqs:CreateQueue")
    printed = place.preview()
    assert SENTENCE in printed, printed
    place.stack.write(checkPermissions="refuse")
    assert SENTENCE in one_line(place.stack.refused())
    place.stack.write(checkPermissions="never")
    assert "may not" not in place.preview()
    place.stack.write(checkPermissions=None)


def test_with_it_the_preview_is_green_and_says_nothing(place: Place) -> None:
    place.hold()
    place.stack.write(checkPermissions="refuse")
    printed = place.preview()
    assert "may not" not in printed
    assert "Permissions were not checked" not in printed


def test_whoever_may_not_ask_previews_all_the_same_and_is_told(place: Place) -> None:
    place.hold(asking=False)
    printed = place.preview()
    assert f"Permissions were not checked: account {ACCOUNT}: {ROLE} may not ask what it may do" in printed


def test_the_command_tells_the_same(place: Place) -> None:
    pulumi = place.stack.pulumi

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "streamgov_ops", "deployer", "--check", "--config"]
        environment = {**os.environ, **pulumi.workspace.variables(None)}
        path = str(pulumi.program / f"Pulumi.{pulumi.stack}.yaml")
        return subprocess.run([*command, path], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=120)

    place.hold(without="sqs:CreateQueue")
    lacking = check()
    assert (lacking.returncode, lacking.stdout.splitlines()[0]) == (1, SENTENCE), lacking.stderr
    place.hold()
    assert check().returncode == 0
    place.hold(asking=False)
    assert check().returncode == 2
