"""The `streamgov` command as a person or a script meets it: options, exit codes, errors, pipes, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from streamgov_ops.cli.app import COMMANDS
from streamgov_ops.cli.context import Context, hoisted
from tests.unit.ops.command import run

ROOT = Path(__file__).resolve().parents[3]
PREVIEWS = ROOT / "tests" / "unit" / "review" / "previews"
NOBODY = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}


def process(*arguments: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without credentials, as in a script: no terminal anywhere."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "streamgov_ops", *arguments],
        cwd=ROOT, env={**environment, **NOBODY, **variables}, input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_what_its_exit_codes_mean(name: str) -> None:
    result = run(name, "--help")
    assert result.code == 0
    assert f"Usage: streamgov {name}" in result.out.replace("root", "streamgov")
    assert "Exit codes: 0 " in " ".join(result.out.split())
    assert import_module(f"streamgov_ops.cli.{name}").__doc__.startswith(f"``streamgov {name}``")  # type: ignore[union-attr]


def test_the_page_names_every_command() -> None:
    page = (ROOT / "docs" / "command.md").read_text()
    assert all(f"| `streamgov {name}" in page for name in COMMANDS)


def test_the_list_of_commands() -> None:
    listed = run("--help")
    assert listed.code == 0 and all(f"\n  {name} " in listed.out for name in COMMANDS)
    nothing = run()
    assert nothing.code == 2 and "Usage:" in nothing.out + nothing.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nope"], "No such command 'nope'"),
        (["review", "--nope"], "No such option"),
        (["approve"], "Missing"),
        (["review", "nowhere.json"], "nowhere.json cannot be read"),
        (["--region", "moon", "deployer", "--side", "member", "--account", "777788889999"], "region must look like"),
        (["deployer", "--side", "member", "--account", "777788889999", "--region", "eu-west-1", "--namespace", "N!"],
         "namespace must be 2 to 16 characters"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_2(arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert told in result.err and "Traceback" not in result.err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["review", "x", "--region", "r"], ["--region", "r", "review", "x"]),
        (["deployer", "--namespace=n", "-", "--profile", "p"], ["--namespace=n", "--profile", "p", "deployer", "-"]),
        (["--region", "a", "review", "--region", "b"], ["--region", "a", "--region", "b", "review"]),
        (["review", "--", "--region", "r"], ["review", "--", "--region", "r"]),
        (["review", "--region"], ["--region", "review"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(given: list[str], expected: list[str]) -> None:
    assert hoisted(given) == expected


def test_the_region_comes_from_the_option_the_environment_or_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    file.write_text("[profile ann]\nregion = eu-west-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert Context(profile="ann").names().region == "eu-west-2"
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert Context().names().region == "eu-west-3"
    assert Context(region="eu-west-1", profile="ann").names().region == "eu-west-1"


REQUESTS = ("requests", "--domain", "dzd-4p9n6sw4qt9xgn", "--project", "1p2r3o4d5u6c7e")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "variables", "code", "told"),
    [
        (REQUESTS, {}, 2, "no region: name the deployment's --region, or set AWS_REGION"),
        ((*REQUESTS, "--region", "eu-west-1"), {}, 2, "found no usable credentials"),
        (
            (*REQUESTS, "--region", "eu-west-1", "--profile", "nope"),
            {},
            2,
            "The config profile (nope) could not be",
        ),
        (
            (*REQUESTS, "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"),
            {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1"},
            1,
            "Could not connect to the endpoint URL",
        ),
        (("requests", "--domain", "orders", "--project", "p"), {}, 2, "--domain is no id of a DataZone domain"),
    ],
)
def test_an_expected_error_is_one_sentence(
    arguments: tuple[str, ...], variables: Mapping[str, str], code: int, told: str
) -> None:
    result = process(*arguments, **variables)
    assert (result.returncode, result.stdout) == (code, "")
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr


@pytest.mark.slow
def test_what_needs_no_aws_works_without_credentials_in_a_pipe_and_without_colour() -> None:
    """The colour that a terminal would get is not asked for, and long lines are not wrapped."""
    report = process("review", "-", text=(PREVIEWS / "change.json").read_text(), TERM="dumb")
    assert (report.returncode, report.stdout, report.stderr) == (0, (PREVIEWS / "change.md").read_text(), "")
    policy = process("deployer", "--side", "member", "--account", "777788889999", "--region", "eu-west-1")
    assert policy.returncode == 0 and "\x1b" not in policy.stdout
    failed = process("review", str(PREVIEWS / "failed.json"))
    assert failed.returncode == 1 and failed.stderr == ""


def test_a_reader_that_goes_away_early_is_no_crash() -> None:
    command = f"{sys.executable} -m streamgov_ops review {PREVIEWS / 'change.json'} | head -1"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout == "# Review of stack `dev`\n"
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "offered"),
    [("streamgov rev", {"review", "revoke"}), ("streamgov deployer --side ", {"domain", "member"})],
)
def test_the_shell_completes_commands_and_values(typed: str, offered: set[str]) -> None:
    variables: dict[str, Any] = {
        "_STREAMGOV_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split(" ")) - 1),
    }
    result = process(**variables)
    assert set(result.stdout.split()) == offered, result.stderr
