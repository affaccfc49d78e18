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


CONSUMERS = f"arn:aws:iam::{MEMBER}:policy/corp/consumers"


def role_with(**more: Any) -> Any:
    return lambda params: {"Role": {"Arn": f"arn:aws:iam::{MEMBER}:role/jobs/{params['RoleName']}", **more}}


def bounded(arn: str) -> Any:
    return role_with(PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn})


THERE: dict[str, Any] = {
    "get_role": bounded(CONSUMERS),
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


def with_delivery(delivery: str, **more: Any) -> dict[str, Any]:
    member = FULL["members"][0]
    lake = {**member["targets"]["lake"], "delivery": delivery}
    return {"members": [{**member, "targets": {"lake": lake}, **more}]}


PATH = f"members[0].targets.lake.principals[0] (account {MEMBER})"
PUT = f"(aws iam put-role-permissions-boundary --role-name reader --permissions-boundary {CONSUMERS})"


def test_a_consumer_without_boundary_is_a_warning_if_grants_must_be_written_on_it() -> None:
    bare = {"get_role": role_with()}
    told = (
        f"{PATH}: role reader carries no permissions boundary, and with delivery direct each grant to it is refused: "
        f"give it the boundary {CONSUMERS} {PUT}, or say delivery auto"
    )
    assert look(bare, **with_delivery("direct")) == [("warn", told)]
    with pytest.raises(ConfigError, match="with delivery direct each grant to it is refused"):
        look(bare, **with_delivery("direct"), checkReferences="refuse")
    other = {"get_role": bounded(f"{CONSUMERS}-of-others")}
    [(level, text)] = look(other, **with_delivery("direct"))
    assert (level, "role reader carries the permissions boundary" in text) == ("warn", True)
    assert f"{CONSUMERS}-of-others, and" in text


def test_a_consumer_without_boundary_is_told_how_grants_reach_it_otherwise() -> None:
    told = (
        f"{PATH}: role reader carries no permissions boundary: grants reach it by an access role that it assumes. For "
        f"policies on itself give it the boundary {CONSUMERS} {PUT}"
    )
    for way in ({}, with_delivery("auto"), {"checkReferences": "refuse"}):
        assert look({"get_role": role_with()}, **way) == [("info", told)]


@pytest.mark.parametrize(
    "config",
    [with_delivery("accessRole"), with_delivery("direct", requireBoundary=False)],
    ids=["by access role", "no boundary is asked for"],
)
def test_a_boundary_that_no_grant_asks_for_is_not_looked_at(config: dict[str, Any]) -> None:
    assert look({"get_role": role_with()}, **config) == []


def test_the_boundary_is_the_namespaces_own_unless_it_is_named() -> None:
    member = {key: value for key, value in with_delivery("direct")["members"][0].items() if key != "boundaryArn"}
    ours = f"arn:aws:iam::{MEMBER}:policy/streamgov/mine/mine-eu-west-1-consumer-boundary"
    assert look({"get_role": bounded(ours)}, members=[member], namespace="mine") == []
    [(_, text)] = look({}, members=[member], namespace="mine")
    assert f"give it the boundary {ours} (aws iam" in text


def test_a_role_that_is_not_there_has_no_boundary_to_speak_of() -> None:
    [(level, text)] = look({"get_role": "NoSuchEntity"}, **with_delivery("direct"))
    assert (level, text) == ("warn", f"{PATH}: there is no role jobs/reader (aws iam get-role --role-name reader)")


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
