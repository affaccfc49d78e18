"""What a function prepares while Lambda loads it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.invocation import FROM_SNAPSHOT, INITIALIZATION, RESTORE_HOOKS, initialize


def test_outside_lambda_nothing_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INITIALIZATION, raising=False)
    initialize(lambda: pytest.fail("a test that imports a handler makes no client"))


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency", "snap-start"])
def test_every_kind_of_start_prepares(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INITIALIZATION, kind)
    called: list[str] = []
    initialize(lambda: called.append(kind))
    assert called == [kind]


def test_a_mistake_is_logged_and_left_to_the_first_event(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function that fails while it is loaded answers nothing, and is started again and again."""
    monkeypatch.setenv(INITIALIZATION, "on-demand")

    def prepare() -> None:
        raise ConfigError("STREAMGOV_DOMAIN_ID is missing")

    initialize(prepare)
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["level"] == "ERROR"
    assert "STREAMGOV_DOMAIN_ID is missing" in line["exception"]


def test_prepared_clients_are_those_that_are_used() -> None:
    clients = Clients(Names().region)
    clients.prepare("dynamodb", "ssm")
    assert clients.client("dynamodb") is clients.client("dynamodb")
    with pytest.raises(ConfigError, match="'nobody'"):
        clients.prepare("nobody")


def test_what_is_restored_from_one_snapshot_draws_different_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else functions that began together would also wait equally long between their attempts."""
    hooks: list[Any] = []
    monkeypatch.setitem(sys.modules, RESTORE_HOOKS, SimpleNamespace(register_after_restore=hooks.append))
    monkeypatch.setenv(INITIALIZATION, "on-demand")
    initialize(lambda: None)
    assert hooks == []
    monkeypatch.setenv(INITIALIZATION, FROM_SNAPSHOT)
    initialize(lambda: None)
    snapshot = random.getstate()

    def restored() -> float:
        random.setstate(snapshot)
        for hook in hooks:
            hook()
        return random.random()

    try:
        assert len({restored() for _ in range(3)}) == 3
    finally:
        random.setstate(snapshot)


def test_a_runtime_without_hooks_prepares_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, RESTORE_HOOKS, None)
    monkeypatch.setenv(INITIALIZATION, FROM_SNAPSHOT)
    called: list[str] = []
    initialize(lambda: called.append("prepared"))
    assert called == ["prepared"]


def test_nothing_random_but_the_systems_is_drawn_while_a_function_is_loaded() -> None:
    """A snapshot would hand it to every environment: an identity of a lease, for example, must be one of a kind."""
    for handler in ("collect_grant", "apply_grant", "report_grant"):
        script = (
            "import os, random, sys, uuid\n"
            "drawn = []\n"
            "uuid.uuid4 = lambda: drawn.append('uuid4')\n"
            "before = random.getstate()\n"
            f"import handlers.{handler}\n"
            "assert random.getstate() == before, 'random numbers were drawn'\n"
            "assert not drawn, drawn\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])
