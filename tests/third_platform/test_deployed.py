"""What is deployed knows the third platform, without a word about it anywhere but in its own folder."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from streamgov_core.deploy.data_source_permissions import sync_policy
from streamgov_core.deploy.member_permissions import apply_policy, consumer_boundary
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.registry import PlatformRegistry
from streamgov_ops.cli import app
from streamgov_pulumi.packaging import build_bundle

NAMES = Names()
OWNER = "222222222222"
QUEUE = f"arn:aws:sqs:us-east-1:{OWNER}:orders"
REGISTRY = f"arn:aws:glue:us-east-1:{OWNER}:registry/orders"
METADATA = "streamgov_installed_platforms-0.dist-info/entry_points.txt"


def test_it_is_a_platform_like_the_others(site: Path) -> None:
    assert sorted(PLATFORMS) == ["kinesis", "msk", "queues"]
    assert PLATFORMS.source_identifier(QUEUE) == f"sqs://us-east-1/{OWNER}/orders"
    assert PLATFORMS.manual_asset_pattern.fullmatch(QUEUE)
    # The configuration's choices are made when it is imported: as a user's next run does, with the platform installed.
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from streamgov_pulumi.config.schema import rendered"
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}; print(rendered())"], capture_output=True, text=True, check=True
    )
    assert '"queues"' in shown.stdout


def test_a_name_is_taken_once(site: Path) -> None:
    with pytest.raises(ConfigError, match="no other platform's"):
        sorted(PlatformRegistry(PLATFORMS["queues"]))


def test_the_roles_of_its_functions_and_the_boundary() -> None:
    role = apply_policy(NAMES, OWNER, "dzd-1", consumer_role_arns=[], boundary_arn=None, require_boundary=False)
    statements = {item["Sid"]: item for item in role["Statement"]}
    assert statements["QueuePolicies"]["Resource"] == [f"arn:aws:sqs:us-east-1:{OWNER}:*"]
    document = sync_policy(
        NAMES,
        OWNER,
        "dzd-1",
        platform="queues",
        registry_arn=REGISTRY,
        resource_arn="orders",
        function_name="sync-queues",
    )
    assert {"DescribeQueues", "ListQueues"} <= {item["Sid"] for item in document["Statement"]}
    boundary = consumer_boundary(NAMES, OWNER)["Statement"][0]["Action"]
    assert {"sqs:DeleteMessage", "sqs:ReceiveMessage", "kafka-cluster:*", "kinesis:Get*"} <= set(boundary)


@pytest.mark.parametrize("handler", ["apply_grant", "collect_grant", "reconcile_grants", "sync_catalog"])
def test_a_function_finds_it_in_its_bundle(handler: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(build_bundle(f"handlers.{handler}", out_dir=tmp_path)) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "code")
    assert {"streamgov_queues/__init__.py", "streamgov_queues/platform.py", "streamgov_queues/queues.py"} <= names
    assert any(name.startswith("botocore/data/sqs/") for name in names)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'code')!r})\n"
        "from streamgov_core.platforms import PLATFORMS\n"
        "from streamgov_core.runtime.clients import Clients\n"
        "PLATFORMS['queues'].source(Clients('eu-west-1'), 'orders')\n"
        "print(*sorted(PLATFORMS))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("kinesis msk queues\n", "")


def test_without_an_installed_platform_a_bundle_carries_no_entry_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Path
) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(site)])
    with zipfile.ZipFile(build_bundle("handlers.apply_grant", out_dir=tmp_path)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("streamgov_queues") or name == METADATA]


def test_a_review_shows_what_it_adds_to_the_function_that_writes_policies(tmp_path: Path) -> None:
    """Between two previews nothing differs but the platforms of an account."""

    def document(*platforms: str) -> str:
        arguments: dict[str, Any] = {"consumer_role_arns": [], "boundary_arn": None, "require_boundary": False}
        return json.dumps(apply_policy(NAMES, OWNER, "dzd-1", platforms=platforms, **arguments))

    urn = "urn:pulumi:dev::streamgov::streamgov:index:X$aws:iam/rolePolicy:RolePolicy::apply-policy"

    def state(policy: str) -> dict[str, object]:
        inputs = {"role": "streamgov-us-east-1-apply", "policy": policy}
        return {"urn": urn, "type": "aws:iam/rolePolicy:RolePolicy", "custom": True, "inputs": inputs}

    step = {
        "op": "update",
        "urn": urn,
        "oldState": state(document("msk")),
        "newState": state(document("msk", "queues")),
    }
    preview = {"steps": [step], "diagnostics": [], "duration": 1, "changeSummary": {"update": 1}}
    path = tmp_path / "preview.json"
    path.write_text(json.dumps(preview))
    shown = CliRunner().invoke(app, ["review", str(path)])
    assert shown.exit_code == 0, shown.output
    assert "sqs:SetQueueAttributes" in shown.output
    assert f"arn:aws:sqs:us-east-1:{OWNER}:*" in shown.output
