"""Record a release for the upgrade tests: its program with the packages, the messages that its machines exchange, and
the state of stacks that it deployed.

    python -m tests.upgrade.record <version> [<git reference>]
    python -m tests.upgrade.record --state <version>

Run both once for each release; only the last one's case must be kept. The state needs the Pulumi CLI and some minutes.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tools.dev.pulumi import Pulumi

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTS = (
    "__main__.py", "streamgov_core", "streamgov_pulumi", "streamgov_ops", "streamgov_samples", "iam_evaluation",
    "handlers",
)  # fmt: skip
ARCHIVE = "program.tar.xz"
MESSAGES = "messages.json"
STATE = "state.json.xz"
LAST = max((path.parent.name for path in HERE.glob(f"*/{ARCHIVE}")), default="")
"""The last release that was recorded."""
BUNDLES = "/bundles/"
"""Where bundles lie in a recorded state: their content counts by its hash, their place on a disk for nothing."""

SPEAK = """
import json, sys
from streamgov_core.domain import plan
from streamgov_core.model import command as messages
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.schema_reference import SchemaReference

arn = "arn:aws:kafka:eu-west-1:222222222222:{}/orders/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7{}"
schema = SchemaReference.parse({
    "registryArn": "arn:aws:glue:eu-west-1:222222222222:registry/orders",
    "schemaArn": "arn:aws:glue:eu-west-1:222222222222:schema/orders/orders",
    "schemaName": "orders",
})
command = messages.GrantCommand(
    side="producer", request_type="GRANT", grant_id="grant1", asset_id="asset1", generation=3,
    domain_id="dzd-4p9n6sw4qt9xgn", platform="msk",
    resource={"arn": arn.format("topic", "/orders"), "clusterArn": arn.format("cluster", ""), "topic": "orders"},
    schema=schema, producer=messages.Party("222222222222", "eu-west-1"),
    consumer=messages.Consumer("333333333333", "eu-west-1", "project2", "environment2",
                               (RoleArn.parse("arn:aws:iam::333333333333:role/streaming/reader"),)),
    options={"managedVpc": True, "crossAccountServerless": False}, owner_project="project1", account="222222222222",
)
item = plan.item(Names("streamgov", "eu-west-1"), command, grant_id="grant1", asset_id="asset1",
                 domain_id="dzd-4p9n6sw4qt9xgn", request="GRANT", generation=3, facts={})
answers = [messages.Answer("APPLIED", None, {"documents": [], "warnings": []}), messages.Answer("REJECTED", "no room")]
json.dump({"command": command.to_message(), "item": item, "answers": [a.to_message() for a in answers]}, sys.stdout)
"""
"""What a release says, said by its own code."""

LISTEN = """
import json, sys
from streamgov_core.model import command as messages
spoken = json.load(sys.stdin)
steps = [step for way in ("do", "undo") for stage in spoken["item"][way].values() for step in stage]
for raw in [spoken["command"], *(step["command"] for step in steps)]:
    assert messages.GrantCommand.parse(raw).grant_id == "grant1"
print(len(steps))
"""
"""A release's code reads what another one says."""


def run(code: str, packages: Path, spoken: str = "") -> str:
    """Run code with one release's packages, and nothing else of ours, on the path."""
    result = subprocess.run(
        [sys.executable, "-c", code], input=spoken, capture_output=True, text=True, cwd=packages, check=False
    )
    if result.returncode != 0:
        raise AssertionError(f"{packages.name}: {result.stderr}")
    return result.stdout


def unpack(version: str, folder: Path) -> Path:
    """A recorded release's program."""
    with tarfile.open(HERE / version / ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def record(version: str, reference: str) -> None:
    """Write the case of a release."""
    case = HERE / version
    case.mkdir(exist_ok=True)
    archive = subprocess.run(
        ["git", "archive", "--format=tar", reference, *PARTS], cwd=ROOT, check=True, capture_output=True
    ).stdout
    (case / ARCHIVE).write_bytes(lzma.compress(archive, preset=9))
    with tempfile.TemporaryDirectory() as folder:
        spoken = json.loads(run(SPEAK, unpack(version, Path(folder))))
    (case / MESSAGES).write_text(json.dumps(spoken, indent=1, sort_keys=True) + "\n")


def record_state(version: str) -> None:
    """Deploy a recorded release and write the state of its stacks with their configuration."""
    from tests.upgrade.deployment import deployed

    with tempfile.TemporaryDirectory() as folder, deployed(Path(folder), version) as made:
        stacks = {
            word: {"config": stack.config, "state": exported(stack.pulumi)}
            for word, stack in sorted(made.stacks.items())
        }
        text = json.dumps(stacks, sort_keys=True, separators=(",", ":"))
        text = re.sub(r'"(/[^"]+/)([^"/]+\.zip)"', rf'"{BUNDLES}\2"', text)
        for place in (str(Path.home()), str(ROOT), folder):
            if (at := text.find(f"{place}/")) >= 0:
                raise SystemExit(f"the state holds a place of this disk: {text[max(0, at - 60) : at + 60]}")
    (HERE / version / STATE).write_bytes(lzma.compress(text.encode(), preset=9))


def exported(pulumi: Pulumi) -> dict[str, Any]:
    """A stack's state as Pulumi exports it, without where in a program each resource was made.

    Secrets stay encrypted under the tests' passphrase.
    """
    state: dict[str, Any] = json.loads(pulumi.run("stack", "export", "--stack", pulumi.stack).stdout)
    for resource in state["deployment"]["resources"]:
        for place in ("sourcePosition", "stackTrace"):
            resource.pop(place, None)
    return state


def recorded_state(version: str) -> dict[str, Any]:
    """By stack ``config`` and ``state`` of a recorded release."""
    found: dict[str, Any] = json.loads(lzma.decompress((HERE / version / STATE).read_bytes()))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", action="store_true", help="record the state of its stacks")
    parser.add_argument("version")
    parser.add_argument("reference", nargs="?", default="HEAD")
    chosen = parser.parse_args()
    if chosen.state:
        record_state(chosen.version)
    else:
        record(chosen.version, chosen.reference)
