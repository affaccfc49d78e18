"""Journal, results and permissions by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.journal import Journal, left_over
from contracts.permissions import policy
from contracts.probe import Probe, all_probes, chosen
from contracts.results import Result, load, merged, save, state
from contracts.runner import AS_EXPECTED, DIFFERENT, FAILED, Outcome


def a_probe(name: str = "a-b", expects: Any = 1) -> Probe:
    return Probe(name, "What?", expects, lambda probe_run: 1)


def test_a_journal_is_read_again_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    first = Journal(path)
    role, policy_ = first.add("iam", "delete_role", {"RoleName": "r"}), first.add("iam", "delete_policy", {"P": "p"})
    first.done(policy_)
    (again,) = left_over(tmp_path)
    assert again.pending() == [role] and again.count == 2
    third = again.add("sqs", "delete_queue", {})
    assert third.number == 3 and [each.number for each in Journal(path).pending()] == [3, 1]
    assert [each.number for each in again.pending(after=1)] == [3]


def test_a_journal_without_open_removals_goes_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.jsonl")
    made = journal.add("iam", "delete_role", {})
    assert not journal.close()
    journal.done(made)
    assert list(left_over(tmp_path)) == [] and not journal.path.exists()


def test_results_say_verified_different_or_old(tmp_path: Path) -> None:
    probe = a_probe()
    assert state(probe, {}) == "not asked yet"
    told = merged({}, [Outcome(probe, AS_EXPECTED, 1)], "2027-01-31", "eu-central-1")
    assert state(probe, told) == "verified on 2027-01-31"
    assert state(a_probe(expects=2), told) == "asked on 2027-01-31, expected otherwise since"
    other = merged(told, [Outcome(probe, DIFFERENT, [3])], "2027-02-01", "eu-central-1")
    assert state(probe, other) == "AWS differs (2027-02-01): [3]"
    assert merged(other, [Outcome(probe, FAILED)], "2027-03-01", "eu-central-1") == other
    save(other, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == other == {"a-b": Result("2027-02-01", "eu-central-1", 1, [3])}


def test_the_policy_holds_what_the_chosen_probes_call_and_no_more() -> None:
    few = policy(chosen(("kinesis-no-policy",)))["Statement"]
    assert "kinesis:GetResourcePolicy" in few[0]["Action"] and "datazone:CreateDomain" not in few[0]["Action"]
    every = policy(list(all_probes().values()))["Statement"]
    assert "datazone:CreateDomain" in every[0]["Action"]
    assert not any(action == "*" or action.startswith("iam:Put") for action in every[0]["Action"])
    assert all("/contracts" in arn for arn in every[1]["Resource"] + every[2]["Resource"])
