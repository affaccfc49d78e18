"""What a function prepares while Lambda loads it."""

from __future__ import annotations

import json

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.invocation import INITIALIZATION, initialize


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
