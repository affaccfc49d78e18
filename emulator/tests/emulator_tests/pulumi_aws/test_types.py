"""Every type against the emulator: create, steady state, each change, drift, import, deletion by hand and by us."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_emulator.pulumi_aws.types import registry

from .cases import CORE
from .cases_layers import LAYERS
from .cases_streams import STREAMS
from .harness import DOMAIN, PRODUCER, Aborted, Made, Plugin
from .needs import Case, Needs

CASES = CORE + LAYERS + STREAMS
pytestmark = pytest.mark.emulator


def _called(case: Case) -> str:
    return f"{case.token.split(':')[-1]}-{CASES.index(case)}"


@pytest.fixture(scope="module")
def needs(
    domain_account: Plugin,
    producer_account: Plugin,
    client: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Needs]:
    folder: Path = tmp_path_factory.mktemp("bundles")
    made = Needs(domain_account, producer_account, client, folder)
    yield made
    made.close()


def _hand(needs: Needs, case: Case) -> Callable[[str], Any]:
    account = DOMAIN if case.account == "domain" else PRODUCER
    return lambda service: needs.client(service, account=account)


def _merged(inputs: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**inputs, **change}.items() if value is not None}


def test_there_is_a_case_for_every_type() -> None:
    assert {case.token for case in CASES} == set(registry().types)


@pytest.mark.parametrize("case", CASES, ids=_called)
def test_the_case_sets_every_property_and_changes_it(case: Case, needs: Needs) -> None:
    inputs, changes = case.inputs(needs), case.changes(needs)
    if sum(other.token == case.token for other in CASES) == 1:
        props = set(registry().types[case.token].props)
        assert props <= set(inputs) | {name for change in changes for name in change.inputs}


@pytest.mark.parametrize("case", CASES, ids=_called)
def test_life_of_a_resource(case: Case, needs: Needs) -> None:
    with needs.having(case) as (plugin, made, inputs):
        _is_steady(plugin, made, inputs)
        for change in case.changes(needs):
            wanted = _merged(inputs, change.inputs)
            diff = plugin.diff(made, wanted)
            assert diff.names == change.expected, change
            assert bool(diff.replaces) == change.replace, change
            if not change.replace:
                inputs = wanted
                made = plugin.update(made, inputs)
                _is_steady(plugin, made, inputs)
        if case.remove is not None:
            case.remove(_hand(needs, case), made)
            assert plugin.refresh(made) is None


def _is_steady(plugin: Plugin, made: Made, inputs: dict[str, Any]) -> None:
    """The same program changes nothing, and a refresh sees nothing new."""
    assert plugin.diff(made, copy.deepcopy(inputs)).paths == {}
    seen = plugin.refresh(made)
    assert seen is not None
    assert _plain(seen.inputs) == _plain(made.inputs)
    assert _plain(seen.state) == _plain(made.state)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: getattr(value, "content_hash", value) for key, value in values.items()}


@pytest.mark.parametrize("case", [case for case in CASES if case.drift], ids=_called)
def test_drift_is_seen_and_repaired(case: Case, needs: Needs) -> None:
    assert case.drift is not None
    name, by_hand = case.drift
    with needs.having(case) as (plugin, made, inputs):
        by_hand(_hand(needs, case), made)
        seen = plugin.refresh(made)
        assert seen is not None
        assert seen.inputs.get(name) != made.inputs.get(name)
        diff = plugin.diff(seen, inputs)
        assert name in diff.names
        assert diff.replaces == []
        _is_steady(plugin, plugin.update(seen, inputs), inputs)


@pytest.mark.parametrize("case", [case for case in CASES if case.import_id], ids=_called)
def test_import_gives_the_inputs_that_made_it(case: Case, needs: Needs) -> None:
    assert case.import_id is not None
    with needs.having(case) as (plugin, made, inputs):
        found = plugin.imported(case.token, case.import_id(made))
        assert found is not None
        assert found.id == made.id
        # The engine then checks the program's inputs and compares; what no service knows is taken from the program.
        assert plugin.diff(found, inputs).names <= set(case.unknown_to_import)


@pytest.mark.parametrize("case", CASES, ids=_called)
def test_deleting_twice_is_fine(case: Case, needs: Needs) -> None:
    with needs.having(case) as (plugin, made, _):
        plugin.delete(made)
        assert plugin.refresh(made) is None


def test_a_log_group_may_outlive_its_resource(needs: Needs) -> None:
    made = needs.domain.create("aws:cloudwatch/logGroup:LogGroup", {"name": "/case/kept", "skipDestroy": True})
    needs.domain.delete(made)
    logs = needs.client("logs", account=DOMAIN)
    assert [group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix="/case/kept")["logGroups"]]
    logs.delete_log_group(logGroupName="/case/kept")


def test_a_stream_with_consumers_goes_only_if_that_is_enforced(needs: Needs) -> None:
    made = needs.producer.create("aws:kinesis/stream:Stream", {"name": "case-consumed", "shardCount": 1})
    kinesis = needs.client("kinesis", account=PRODUCER)
    kinesis.register_stream_consumer(StreamARN=made.id, ConsumerName="reader")
    with pytest.raises(Aborted, match="has consumers"):
        needs.producer.delete(made)
    wanted = {"name": "case-consumed", "shardCount": 1, "enforceConsumerDeletion": True}
    made = needs.producer.update(made, wanted)
    needs.producer.delete(made)
    assert needs.producer.refresh(made) is None
