"""Record a release for the upgrade tests: its program with the packages, and the messages that its machines exchange.

    python -m tests.upgrade.record <version> [<git reference>]

Run it once for each release; only the last one's case must be kept.
"""

from __future__ import annotations

import argparse
import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTS = ("__main__.py", "streamgov_core", "streamgov_pulumi", "handlers")
ARCHIVE = "program.tar.xz"
MESSAGES = "messages.json"

SPEAK = """
import json, sys
from streamgov_core.access import messages, plan
from streamgov_core.naming import Names
from streamgov_core.platforms.base import SchemaRef

arn = "arn:aws:kafka:eu-west-1:222222222222:{}/orders/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7{}"
schema = SchemaRef.parse({
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
                               ("arn:aws:iam::333333333333:role/streaming/reader",)),
    options={"managedVpc": True, "crossAccountServerless": False}, owner_project="project1", account="222222222222",
)
item = plan.item(Names("streamgov", "eu-west-1"), command, grant_id="grant1", asset_id="asset1",
                 domain_id="dzd-4p9n6sw4qt9xgn", request="GRANT", generation=3, facts={})
answers = [messages.Answer("APPLIED", None, {"targets": [], "warnings": []}), messages.Answer("REFUSED", "no room")]
json.dump({"command": command.to_message(), "item": item, "answers": [a.to_message() for a in answers]}, sys.stdout)
"""
"""What a release says, said by its own code."""

LISTEN = """
import json, sys
from streamgov_core.access import messages
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("reference", nargs="?", default="HEAD")
    chosen = parser.parse_args()
    record(chosen.version, chosen.reference)
