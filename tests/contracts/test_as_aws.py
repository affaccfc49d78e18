"""The command as a person with an account runs it: profile, plan, report, result file, and a crash."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.probe import chosen
from contracts.probe_run import TAG
from tests.contracts.conftest import Asking, Bend

pytestmark = pytest.mark.emulator
FEW = ("--only", "glue-*", "--only", "kinesis-no-policy")
COUNT = len(chosen(("glue-*", "kinesis-no-policy")))


def bend_the_latest_version(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An AWS whose GetSchema does not count versions that failed."""
    if operation == "AWSGlue.GetSchema" and "LatestSchemaVersion" in answer:
        answer["LatestSchemaVersion"] = max(1, answer["LatestSchemaVersion"] - 1)
    return answer


def test_a_run_says_what_it_asked_and_keeps_the_answers(asking: Asking, endpoint: str, tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    done = asking.run(endpoint, "--yes", "--record", str(kept), *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "## Contracts against aws" in done.stdout
    assert f"{COUNT} as expected, 0 different, 0 failed, 0 not asked" in done.stdout
    assert "everything that this run made is removed" in done.stderr
    found = json.loads(kept.read_text())
    assert found["glue-version-by-id"]["answered"] == found["glue-version-by-id"]["expected"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["kinesis-no-policy"]["date"])


def test_an_aws_that_answers_otherwise_is_caught(asking: Asking, bent: Callable[[Bend], str], tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    done = asking.run(bent(bend_the_latest_version), "--yes", "--record", str(kept), *FEW)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{COUNT - 1} as expected, 1 different" in done.stdout
    assert "### glue-latest-failed-version" in done.stdout
    assert '- expected: `{"status": "FAILURE", "latest": 2}`' in done.stdout
    assert '- answered: `{"status": "FAILURE", "latest": 1}`' in done.stdout
    assert json.loads(kept.read_text())["glue-latest-failed-version"]["answered"]["latest"] == 1


def test_a_bent_status_of_a_grant_is_caught(asking: Asking, bent: Callable[[Bend], str]) -> None:
    def bend(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        if (
            "/subscription-grants/" in operation
            and operation.startswith("GET ")
            and answer.get("status") == "COMPLETED"
        ):
            answer["status"] = "GRANT_IN_PROGRESS"
        return answer

    done = asking.run(bent(bend), "--yes", "--only", "dz-revoked-grant-readable")
    assert done.returncode == 1
    assert "### dz-revoked-grant-readable" in done.stdout
    assert '"get": "GRANT_IN_PROGRESS"' in done.stdout


def test_costs_and_permissions_are_said_before_anything_is_made(asking: Asking, endpoint: str) -> None:
    refused = asking.run(endpoint, *FEW)
    assert refused.returncode == 2
    assert "Kinesis stream (0.05 USD at most" in refused.stdout
    assert '"kinesis:GetResourcePolicy"' in refused.stdout and TAG in refused.stdout
    assert '"kms:' not in refused.stdout
    assert "start again with --yes" in refused.stderr
    assert asking.run(endpoint, "--dry-run", *FEW).returncode == 0


def test_what_a_crash_left_is_removed_later(asking: Asking, endpoint: str, tmp_path: Path) -> None:
    process = asking.start(endpoint, "--yes", "--only", "dz-grant-transitions")
    journals = tmp_path / ".state" / "contracts"
    deadline = time.monotonic() + 60
    while not any("delete_domain" in path.read_text() for path in journals.glob("*.jsonl")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (journal,) = journals.glob("*.jsonl")
    run = journal.stem
    session = boto3.Session("test", "test", region_name="us-east-1")
    datazone = session.client("datazone", endpoint_url=endpoint)
    iam = session.client("iam", endpoint_url=endpoint)

    def left() -> list[str]:
        domains = [each["name"] for each in datazone.list_domains()["items"]]
        roles = [each["RoleName"] for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]]
        return [name for name in [*domains, *roles] if run in name]

    assert len(left()) > 1
    done = asking.run(endpoint, "--clean-up")
    assert done.returncode == 0, done.stderr
    assert left() == [] and not journal.exists()
    assert "nothing is left" in asking.run(endpoint, "--clean-up").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "nothing"), "there is no probe nothing"),
        (("--option", "subnets"), "--option is <name>=<value>"),
        (("--answer", "flink-restarts=yes"), "is no JSON"),
        (("--answer", 'nothing="yes"'), "there is no probe nothing"),
    ],
)
def test_bad_input_is_said(asking: Asking, endpoint: str, arguments: tuple[str, ...], told: str) -> None:
    done = asking.run(endpoint, *arguments)
    assert done.returncode == 2
    assert told in done.stderr


def test_an_answer_found_by_hand_counts(asking: Asking, endpoint: str) -> None:
    done = asking.run(
        endpoint, "--yes", "--only", "flink-delete-while-updating", "--answer", 'flink-delete-while-updating="refused"'
    )
    assert done.returncode == 1
    assert '- answered: `"refused"`' in done.stdout
