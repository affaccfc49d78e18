"""What a component names is looked at in the check of its resource: said, or refused, and never kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pulumi.output import Unknown

from streamgov_pulumi import providers
from streamgov_pulumi.providers import engine_log, named_things
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import DataZoneProvider
from streamgov_pulumi.providers.reference_kinds import KINDS, Question
from tests.unit.providers.test_wording import FILE, configured
from tests.unit.references.test_live_look import THERE, Service, role_with
from tests.unit.references.test_wanted import MEMBER

UNKNOWN: Any = Unknown()  # type: ignore[no-untyped-call]
PROGRAM = {"streams:region": "eu-west-1"}
READER = f"arn:aws:iam::{MEMBER}:role/jobs/reader"
RESOURCES: Mapping[str, Mapping[str, Any]] = {
    "DestroyGuard": {"domain_id": "dzd-4p9n6sw4qt9xgn"},
    "SubscriptionTarget": {
        "domain_id": UNKNOWN, "environment_id": UNKNOWN, "name": "lake", "authorized_principals": [READER],
        "applicable_asset_types": ["MskTopicAssetType"], "manage_access_role": f"arn:aws:iam::{MEMBER}:role/manage",
    },
    "ProjectMembership": {"domain_id": UNKNOWN, "project_id": UNKNOWN, "user_identifier": READER},
}  # fmt: skip
"""Those that components let ask, with inputs in which nothing else is looked up."""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(engine_log, "_TOLD", set())
    yield


def named(mode: str = "warn", **more: Any) -> dict[str, Any]:
    items = [
        {"path": "members[0].data_sources.orders.registry_name", "kind": "registry", "value": "orders"},
        {
            "path": "members[0].targets.lake.principals[0]",
            "kind": "consumer",
            "value": READER,
            "boundary": f"arn:aws:iam::{MEMBER}:policy/b",
            "delivery": "auto",
        },
    ]
    return {"mode": mode, "accounts": [{"account": MEMBER, "region": "eu-west-1", "items": items, **more}]}


def check(
    monkeypatch: pytest.MonkeyPatch,
    asked: Any,
    answers: Mapping[str, Any],
    resource: str = "DestroyGuard",
    config: Mapping[str, str] = PROGRAM,
) -> tuple[dict[str, Any], list[str], list[Any]]:
    """The checked inputs, the failures, and the sessions that were used."""
    sessions: list[Any] = []

    def client(service: str, settings: Any) -> Service:
        sessions.append(settings)
        return Service(service, {**THERE, **answers})

    monkeypatch.setattr(aws, "client", client)
    provider: DataZoneProvider = configured(getattr(providers, f"{resource}Provider"), config)
    inputs = {"region": "eu-west-1", **RESOURCES[resource], "named": asked}
    result = provider.check({}, inputs)
    return result.inputs, [failure.reason for failure in result.failures], sessions


GONE = {"get_registry": "EntityNotFoundException", "get_role": role_with()}
PROBLEM = (
    f"members[0].data_sources.orders.registry_name (account {MEMBER}): there is no schema registry 'orders' "
    "(aws glue list-registries)"
)


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_is_not_there_is_a_warning_and_what_is_worth_knowing_a_line(
    resource: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs, failures, sessions = check(monkeypatch, named(assume_role_arn=READER), GONE, resource)
    assert failures == [] and "named" not in inputs
    note, problem, own = capsys.readouterr().out.splitlines()
    assert note.startswith(f"members[0].targets.lake.principals[0] (account {MEMBER}): role reader carries no perm")
    assert problem == f"warning: {PROBLEM}"
    assert own == named_things.OWN
    assert {(used.assume_role_arn, used.region, used.attempts) for used in sessions} == {(READER, "eu-west-1", 2)}


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_program_may_have_it_refused(resource: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, failures, _ = check(monkeypatch, named("refuse"), GONE, resource)
    assert failures == [f"{PROBLEM}\n{named_things.OWN}"] and "named" not in inputs
    assert check(monkeypatch, named("refuse"), {**GONE, "get_registry": {}}, resource)[1] == []


def test_remarks_are_problems_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"mode": "refuse", "remarks": ["this looks wrong"], "accounts": []}
    assert check(monkeypatch, asked, {})[1] == [f"this looks wrong\n{named_things.OWN}"]


def test_a_line_is_said_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The engine checks a resource twice that is replaced, and two components may name the same thing."""
    for _ in range(2):
        check(monkeypatch, named(), GONE)
    assert capsys.readouterr().out.count(PROBLEM) == 1


@pytest.mark.parametrize(
    ("asked", "config"),
    [(named(), FILE), (named(assume_role_arn=UNKNOWN), PROGRAM), (None, PROGRAM), (UNKNOWN, PROGRAM)],
    ids=["a stack's file says everything", "how to get there is not known yet", "an update", "nothing is known"],
)
def test_nothing_is_asked_if(
    asked: Any, config: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs, failures, sessions = check(monkeypatch, asked, GONE, config=config)
    assert (failures, sessions, capsys.readouterr().out) == ([], [], "")
    assert "named" not in inputs


def test_a_lacking_permission_is_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    denied = {"get_registry": "AccessDeniedException", "get_role": "AccessDenied"}
    assert check(monkeypatch, named("refuse"), denied)[1] == []
    assert capsys.readouterr().out == (
        f"Not all that the program names was looked up in account {MEMBER}: whoever previews is denied "
        "glue:GetRegistry, iam:GetRole (set check_references to 'never' to skip this)\n"
    )


def test_a_question_arrives_as_it_was_asked() -> None:
    for kind in KINDS.values():
        for carried in (None, "", "arn:b"):
            asked = Question(kind, "value", "dzd-1", "arn:boundary", "direct", carried, by_file=False)
            assert named_things._question(named_things.item_of("path", asked)) == asked
