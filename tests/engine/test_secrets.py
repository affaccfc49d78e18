"""A secret of the configuration is in plain text nowhere, on the real engine: state, previews, review, output.

Only external ids may be secrets (tests/unit/config/test_secrets.py holds that for every key); any other is refused, and
the refusal shows no value either.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stacks import ADMINISTRATOR, REGION, ROOT, As, Cloud, Stack, project
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
DOMAIN, MEMBER = "444455556666", "777788889999"
_ENGINES = re.compile(
    r'\{"time":"[^"]*","level":"INFO","msg":"(?:Unm|M)arshaling property for RPC|.*"msg":"Planner decided'
)
SECRETS = {"domain.externalId": "hunter22-domain", "members[0].externalId": "hunter22-member"}


@dataclass
class Place:
    cloud: Cloud
    stack: Stack
    folder: Path

    def secret(self, path: str, value: str) -> None:
        """As a person sets one."""
        where = ("--path", f"streamgov:{path}", value, "--stack", self.stack.pulumi.stack)
        self.stack.pulumi.run("config", "set", "--secret", *where)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Everything that people and pipelines read of the stack."""
        run, name = self.stack.pulumi.run, self.stack.pulumi.stack
        up = run("up", "--yes", "--skip-preview", "--diff", "--stack", name)
        yield "up", up.stdout + up.stderr
        # A change of all that knows the external ids, so that a preview shows them.
        self.stack.pulumi.run("config", "set", "streamgov:namespace", "other", "--stack", name)
        preview = run("preview", "--json", "--stack", name)
        yield "preview --json", preview.stdout + preview.stderr
        diff = run("preview", "--diff", "--stack", name)
        yield "preview --diff", diff.stdout + diff.stderr
        review = subprocess.run(
            [sys.executable, "-m", "streamgov_ops", "review", "-"],
            input=preview.stdout, capture_output=True, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
        assert review.returncode == 0, review.stderr
        assert "replaced" in review.stdout
        yield "review", review.stdout + review.stderr
        self.stack.pulumi.run("config", "rm", "streamgov:namespace", "--stack", name)
        exported = run("stack", "export", "--stack", name)
        yield "stack export", exported.stdout + exported.stderr
        refresh = run("refresh", "--yes", "--skip-preview", "--diff", "--stack", name)
        yield "refresh", refresh.stdout + refresh.stderr
        verbose = run("up", "--yes", "--skip-preview", "--logtostderr", "-v=9", "--stack", name)
        yield "up --logtostderr -v=9", without_the_engines_own(verbose.stdout + verbose.stderr)
        for file in sorted(self.stack.pulumi.workspace.pulumi_state.rglob("*.json*")):
            yield f"state file {file.name}", file.read_text(errors="replace")
        destroy = run("destroy", "--yes", "--skip-preview", "--diff", "--stack", name)
        yield "destroy", destroy.stdout + destroy.stderr


def without_the_engines_own(log: str) -> str:
    """Pulumi's verbose log without the lines in which the engine itself shows every property that it passes on.

    Those show every secret of every stack, whatever the program does (docs/configuration.md says so); what the program
    and its providers print, and the engine relays, is in the others.
    """
    lines = log.splitlines()
    kept = [line for line in lines if not _ENGINES.match(line)]
    assert any("eventSink" in line for line in kept), "the log tells what is shown to people"
    assert len(kept) < len(lines)
    return "\n".join(kept)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("secrets")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=",".join((DOMAIN, MEMBER)))
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"orders": MEMBER})
        project_id = portal.projects["orders"]
        roles = {account: cloud.role(account, "deployer", policy=ADMINISTRATOR) for account in (DOMAIN, MEMBER)}
        for account, secret in zip((DOMAIN, MEMBER), SECRETS.values(), strict=True):
            statement = {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{DOMAIN}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": secret}},
            }
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            cloud.client("iam", account).update_assume_role_policy(RoleName="deployer", PolicyDocument=document)
            cloud.client("datazone").create_project_membership(
                domainIdentifier=portal.domain, projectIdentifier=project_id,
                member={"userIdentifier": roles[account]}, designation="PROJECT_OWNER",
            )  # fmt: skip
        consumer = cloud.role(MEMBER, "fraud-job", path="/streaming/")
        source = {
            "platform": "msk",
            "registryName": "orders",
            "resource": "orders",
            "projectId": project_id,
            "topics": ["*"],
        }
        target = {"platform": "msk", "environmentId": portal.environments["orders"], "principals": [consumer]}
        config: dict[str, Any] = {
            "mode": "all",
            "region": REGION,
            "deletionProtection": False,
            "domain": {
                "account": DOMAIN,
                "assumeRoleArn": roles[DOMAIN],
                "domainId": portal.domain,
                "typesProjectId": project_id,
                "memberProjects": {"orders": project_id},
            },
            "members": [
                {
                    "account": MEMBER,
                    "assumeRoleArn": roles[MEMBER],
                    "trail": "find",
                    "dataSources": {"orders": source},
                    "targets": {"orders": target},
                }
            ],
        }
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        stack = Stack(As(workspace, project(folder / "program"), "secrets", cloud.credentials(DOMAIN)), config).create()
        yield Place(cloud, stack, folder)
    finally:
        process.terminate()
        process.wait(30)


def test_an_external_id_is_in_plain_text_nowhere(place: Place) -> None:
    for path, value in SECRETS.items():
        place.secret(path, value)
    looked: list[str] = []
    for where, text in place.texts():
        looked.append(where)
        for value in SECRETS.values():
            assert value not in text, where
    assert {"up", "preview --json", "preview --diff", "review", "stack export", "destroy"} <= set(looked)
    assert place.stack.pulumi.resource_count() == 0


def test_any_other_secret_is_refused_without_showing_it(place: Place) -> None:
    place.secret("domain.typesProjectId", "hunter22-project")
    for verb in ("preview", "up"):
        printed = place.stack.refused(verb)
        assert "domain.typesProjectId: is a secret and could not stay one" in printed
        assert "hunter22" not in printed
        assert "Traceback" not in printed
