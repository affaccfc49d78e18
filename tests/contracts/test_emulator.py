"""The emulator answers every probe as the code expects, for a user with the printed permissions and no others."""

from __future__ import annotations

import boto3
import pytest

from contracts import emulator as asked
from contracts.journal import Journal
from contracts.permissions import calls
from contracts.probe import chosen
from contracts.probe_run import Pace, ProbeRun
from contracts.runner import AS_EXPECTED, NOT_ASKED, Outcome, run

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def asked_all(
    endpoint: str, keys: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[ProbeRun, list[Outcome]]:
    session = boto3.Session(*keys, region_name=asked.REGION)
    journal = Journal(tmp_path_factory.mktemp("contracts") / "run.jsonl")
    probe_run = ProbeRun(session, "all", journal, Pace(interval=0.1, settled=0), endpoint, options=asked.OPTIONS)
    return probe_run, run(chosen(), probe_run)


def test_every_answer_is_as_expected(asked_all: tuple[ProbeRun, list[Outcome]]) -> None:
    _, outcomes = asked_all
    wrong = {
        each.probe.id: (each.status, each.reason or each.answered)
        for each in outcomes
        if each.status != (NOT_ASKED if each.probe.by_hand else AS_EXPECTED)
    }
    assert wrong == {}
    assert len(outcomes) == len(chosen())


def test_everything_is_removed(asked_all: tuple[ProbeRun, list[Outcome]]) -> None:
    probe_run, _ = asked_all
    assert probe_run.journal.pending() == [] and not probe_run.journal.path.exists()
    administrator = boto3.Session("test", "test", region_name=asked.REGION)
    domains = administrator.client("datazone", endpoint_url=probe_run.endpoint_url).list_domains()["items"]
    assert [each["name"] for each in domains if probe_run.id in each["name"]] == []
    roles = administrator.client("iam", endpoint_url=probe_run.endpoint_url).get_paginator("list_roles").paginate()
    assert [role["RoleName"] for page in roles for role in page["Roles"] if probe_run.id in role["RoleName"]] == []


def test_the_recorded_calls_are_those_of_a_run(asked_all: tuple[ProbeRun, list[Outcome]]) -> None:
    probe_run, _ = asked_all
    made = {name: sorted(found) for name, found in probe_run.calls.items()}
    assert made == calls(), "run python -m tools.docs.contract_calls"


def test_probes_declare_the_setups_that_they_call(asked_all: tuple[ProbeRun, list[Outcome]]) -> None:
    probe_run, outcomes = asked_all
    undeclared = {
        each.probe.id: sorted(probe_run.uses[each.probe.id] - {used.name for used in each.probe.setups()} - {"account"})
        for each in outcomes
        if each.probe.id in probe_run.uses
    }
    assert {name: found for name, found in undeclared.items() if found} == {}
