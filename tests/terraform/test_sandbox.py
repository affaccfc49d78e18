"""Every ``aws:*`` resource of the sandbox's stack, imported and planned by the real provider: nothing would change."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conversion import literal, module_of
from tests.terraform.terraform import Terraform
from tools.dev import emulator_process
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import PORT_VARIABLE, Workspace, ensure_cli, free_port

pytestmark = [pytest.mark.terraform, pytest.mark.engine]
REGION = "us-east-1"
UNREAD = {
    "aws_datazone_domain": {"skip_deletion_check": "said at the deletion only"},
    "aws_datazone_project": {"skip_deletion_check": "said at the deletion only"},
    "aws_iam_role": {"force_detach_policies": "said at the deletion only"},
    "aws_kms_key": {
        "bypass_policy_lockout_safety_check": "said when the policy is written",
        "deletion_window_in_days": "said at the deletion only",
    },
    "aws_lambda_function": {
        "filename": "the bundle's path here; Lambda answers no path",
        "publish": "said when the code is written",
    },
    "aws_s3_bucket": {"force_destroy": "said at the deletion only"},
    "aws_sqs_queue": {
        "max_message_size": "the provider's own default is that of 2024, 256 KiB; SQS's is 1 MiB since August 2025",
    },
}
"""What no read answers, so that an import cannot know it, and why."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The emulator's port, and the ``aws:*`` resources of the deployed stack."""
    patch = pytest.MonkeyPatch()
    patch.setenv(PORT_VARIABLE, str(free_port()))
    workspace, _ = emulator_process.start(Workspace(tmp_path_factory.mktemp("sandbox") / "state", 0), attached=True)
    try:
        pulumi = Pulumi(workspace, ensure_cli())
        pulumi.select_stack()
        pulumi.operation("up")
        exported = json.loads(pulumi.run("stack", "export", "--stack", pulumi.stack, "--show-secrets").stdout)
        resources = exported["deployment"]["resources"]
        yield workspace.port, [each for each in resources if each["type"].startswith("aws:")]
    finally:
        emulator_process.stop(workspace)
        patch.undo()


@pytest.fixture(scope="module")
def plan(
    stack: tuple[int, list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Terraform, dict[str, dict[str, Any]]]:
    port, resources = stack
    folder: Path = tmp_path_factory.mktemp("import")
    made = Terraform(folder, f"http://127.0.0.1:{port}", {})
    versions = {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}
    (folder / "main.tf.json").write_text(json.dumps(versions))
    made.init()
    (folder / "main.tf.json").write_text(json.dumps(literal(module_of(resources, made.schema(), REGION))))
    return made, made.changes()


@pytest.mark.timeout(1500)
def test_every_resource_is_imported(
    stack: tuple[int, list[dict[str, Any]]], plan: tuple[Terraform, dict[str, dict[str, Any]]]
) -> None:
    resources = stack[1]
    assert len(resources) > 150
    assert len(plan[0].imported()) == len(resources)


def test_nothing_would_change_but_what_no_read_answers(plan: tuple[Terraform, dict[str, dict[str, Any]]]) -> None:
    changes = plan[1]
    assert {name: each["actions"] for name, each in changes.items() if each["actions"] != ["update"]} == {}
    wrong = {}
    seen: dict[str, set[str]] = defaultdict(set)
    for address, each in changes.items():
        kind = address.partition(".")[0]
        seen[kind] |= set(each["differs"])
        if unknown := set(each["differs"]) - set(UNREAD.get(kind, ())):
            wrong[address] = sorted(unknown)
    assert wrong == {}
    # A reason that is no longer needed goes.
    assert seen == {kind: set(names) for kind, names in UNREAD.items()}
