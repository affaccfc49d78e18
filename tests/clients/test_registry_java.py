"""Java's own serialisers of the Glue Schema Registry (software.amazon.glue), by UUID under the role a grant leaves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from aws_emulator.java import JarSet, JavaUnavailable, SourcesBroken, java
from tests.clients.environment import run_python
from tests.clients.test_registry_clients import READS, SCHEMA, Role, granted, record, registry
from tests.sandbox import EmulatorProcess

__all__ = ["record", "registry"]

pytestmark = pytest.mark.clients
JARS = JarSet(
    "registry-client",
    "the schema registry's serialisers",
    Path(__file__).parent / "java",
    "registry-client.jar",
    60,
    parent=Path("~/.cache/streamgov").expanduser(),
)


@pytest.fixture(scope="module")
def jars() -> Path:
    """Their jars, resolved once; a machine without Java or Maven says so in a line."""
    try:
        java("the serialisers")
        return JARS.build(print)
    except SourcesBroken:
        raise
    except JavaUnavailable as error:
        pytest.skip(f"not run: {error}")


def run_java(jars: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [java("the serialisers"), "-cp", f"{jars}/*", "clients.Registry", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_java_reads_by_uuid_under_a_granted_role(
    jars: Path, registry: str, record: str, role: Role, emulator: EmulatorProcess
) -> None:
    _, environment = role(granted(registry))
    done = run_java(jars, environment, "read", emulator.endpoint, registry, record)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {"id": "first"}


def test_java_is_refused_without_a_grant(
    jars: Path, registry: str, record: str, role: Role, emulator: EmulatorProcess
) -> None:
    _, environment = role([])
    done = run_java(jars, environment, "read", emulator.endpoint, registry, record)
    assert done.returncode != 0
    assert "glue:GetSchemaVersion" in done.stderr


def test_what_java_writes_python_reads(
    jars: Path, registry: str, person: dict[str, str], role: Role, emulator: EmulatorProcess
) -> None:
    done = run_java(jars, person, "write", emulator.endpoint, registry, json.dumps(SCHEMA))
    assert done.returncode == 0, done.stderr[-3000:]
    _, environment = role(granted(registry))
    code = READS.format(registry=registry, record=done.stdout.strip())
    assert json.loads(run_python(code, environment)) == {"id": "first"}
