"""The live look says what is not there, once; it is never noisy, late, or the reason for a failure."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.config import parse
from streamgov_pulumi.references import live_look
from streamgov_pulumi.references.live_look import LiveLook
from tests.unit.components.conftest import raw_config
from tests.unit.references.test_wanted import FULL, MEMBER


class Log:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def info(self, msg: str) -> None:
        self.told.append(("info", msg))

    def warn(self, msg: str) -> None:
        self.told.append(("warn", msg))


class Service:
    """A client whose every operation answers the same, or fails."""

    def __init__(self, name: str, answers: Mapping[str, Any]) -> None:
        self._name, self._answers = name, answers

    @property
    def meta(self) -> Any:
        class Model:
            service_name = self._name

        class Meta:
            service_model = Model

        return Meta

    def __getattr__(self, operation: str) -> Any:
        def call(**params: Any) -> Any:
            answer = self._answers.get(operation, self._answers.get("*"))
            if isinstance(answer, str):
                raise ClientError({"Error": {"Code": answer, "Message": "no"}}, operation)
            if isinstance(answer, Exception):
                raise answer
            return answer(params) if callable(answer) else answer

        return call


THERE: dict[str, Any] = {
    "get_role": lambda params: {"Role": {"Arn": f"arn:aws:iam::{MEMBER}:role/jobs/{params['RoleName']}"}},
    "list_clusters_v2": {"ClusterInfoList": [{"ClusterName": "cluster"}]},
    "list_streams": {"StreamNames": ["stream"], "HasMoreStreams": False},
    "get_trail_status": {"IsLogging": True},
    "*": {},
}


def look(answers: Mapping[str, Any], **more: Any) -> list[tuple[str, str]]:
    contributors = {"domain": {**FULL["domain"], "contributors": {}}}
    config = parse({**FULL, **contributors, **more})
    log = Log()
    LiveLook(config, lambda service, settings: Service(service, {**THERE, **answers})).start().conclude(log)
    return log.told


def test_nothing_is_said_if_everything_is_there() -> None:
    assert look({}) == []


def test_everything_that_is_not_there_is_one_warning_with_a_line_each() -> None:
    [(level, text)] = look({"get_registry": "EntityNotFoundException", "list_clusters_v2": {"ClusterInfoList": []}})
    assert level == "warn"
    assert text.splitlines() == [
        f"members[0].dataSources.a.registryName (account {MEMBER}): there is no schema registry 'reg' "
        "(aws glue list-registries)",
        f"members[0].dataSources.a.resource (account {MEMBER}): there is no MSK cluster 'cluster' "
        "(aws kafka list-clusters-v2)",
        f"members[0].dataSources.b.registryName (account {MEMBER}): there is no schema registry 'reg-b' "
        "(aws glue list-registries)",
    ]


def test_the_setting_refuses_or_never_looks() -> None:
    gone = {"get_registry": "EntityNotFoundException"}
    with pytest.raises(
        ConfigError,
        match=r"members\[0\].dataSources.a.registryName \(account 777788889999\): there is no schema registry 'reg'",
    ):
        look(gone, checkReferences="refuse")
    assert look(gone, checkReferences="never") == []
    with pytest.raises(ConfigError, match="checkReferences: must be one of warn, refuse, never, got 'always'"):
        parse({**FULL, "checkReferences": "always"})


def test_a_lacking_permission_is_said_once_and_the_rest_is_looked_at() -> None:
    told = look(
        {"get_registry": "AccessDeniedException", "get_role": "AccessDenied", "list_streams": {"StreamNames": []}}
    )
    assert told[0] == (
        "info",
        f"Not all that the configuration names was looked up in account {MEMBER}: whoever previews is denied "
        "glue:GetRegistry, iam:GetRole (set streamgov:checkReferences to never to skip this)",
    )
    assert told[1][0] == "warn"
    assert "there is no Kinesis stream 'str*'" in told[1][1]
    assert len(told) == 2


def test_an_account_that_cannot_be_reached_is_no_finding() -> None:
    """A wrong role, no credentials, no network: said as what it is, and nothing is blamed for it."""
    told = look({"get_caller_identity": "InvalidClientTokenId"}, checkReferences="refuse")
    assert {level for level, _ in told} == {"info"}
    assert all("sts:GetCallerIdentity failed with InvalidClientTokenId" in text for _, text in told)
    told = look({"get_registry": ValueError("a fault of ours")})
    assert ("info", True) in [(level, "ValueError: a fault of ours" in text) for level, text in told]


def test_a_preview_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, now = threading.Event(), iter(range(0, 1000, 100))
    config = parse(raw_config("member.example"))

    def slow(service: str, settings: Any) -> Any:
        gate.wait(30)
        return Service(service, THERE)

    monkeypatch.setattr(live_look, "PATIENCE_SECONDS", 0.0)
    log = Log()
    LiveLook(config, slow, lambda: float(next(now))).start().conclude(log)
    gate.set()
    assert log.told == [
        (
            "info",
            f"Not all that the configuration names was looked up in account {MEMBER}: it did not answer in time",
        )
    ]


def test_the_sandbox_is_not_looked_at() -> None:
    log = Log()

    def nobody(service: str, settings: Any) -> Any:
        raise AssertionError(service)

    LiveLook(parse(raw_config("dev")), nobody).start().conclude(log)
    assert log.told == []
