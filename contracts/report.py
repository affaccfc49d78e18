"""The texts of a run: what it will do, and what AWS does differently."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import boto3

from contracts.permissions import policy
from contracts.probe import Probe
from contracts.probe_run import TAG
from contracts.runner import AS_EXPECTED, DIFFERENT, FAILED, NOT_ASKED, Outcome


def plan(probes: Sequence[Probe], options: Iterable[str] = ()) -> str:
    """What a run will ask, what that costs, how long it takes, and what it may do.

    Args:
        probes: of the run.
        options: the names of the options that were given; a setup that lacks its option is left out.
    """
    given = set(options)
    setups = {used for each in probes for used in each.setups()}
    left_out = {used for used in setups if any(part.option and part.option not in given for part in used.all())}
    made = sorted(setups - left_out, key=lambda used: used.name)
    asked = [each for each in probes if not each.by_hand and not each.setups() & left_out]
    usd = sum(used.usd for used in made) + sum(each.usd for each in asked)
    minutes = sum(used.minutes for used in made) + sum(each.minutes for each in asked)
    lines = [f"{len(asked)} of {len(probes)} probes are asked:"]
    lines += [f"  {each.id}: {each.question}" for each in asked]
    lines += [f"  not asked: {each.id}: {_why_not(each, given)}" for each in probes if each not in asked]
    lines += ["", "It makes, in this account and region, and removes again:"]
    lines += [f"  {used.name} ({used.usd:.2f} USD at most, {used.minutes:g} minutes)" for used in made]
    lines += [
        "  roles, queues, rules, functions and state machines whose names begin with contracts-",
        "",
        f"Everything carries the tag {TAG}. Together at most {usd:.2f} USD and about {minutes:.0f} minutes.",
        "It takes these permissions:",
        json.dumps(policy(asked), indent=2),
    ]
    return "\n".join(lines)


def _why_not(probe: Probe, given: set[str]) -> str:
    if probe.by_hand:
        return f"by hand: {probe.by_hand}"
    missing = sorted({used.option for used in probe.setups() if used.option and used.option not in given})
    return "needs " + ", ".join(f"--option {name}=…" for name in missing)


def report(outcomes: Sequence[Outcome], *, against: str, region: str, date: str, account: str = "") -> str:
    """What came of a run, as Markdown that can be pasted into an issue; the account's number is left out.

    Args:
        outcomes: of the run.
        against: what was asked.
        region: where.
        date: the day, as 2027-01-31.
        account: the number to leave out.
    """
    counts = ", ".join(
        f"{sum(each.status == status for each in outcomes)} {status}"
        for status in (AS_EXPECTED, DIFFERENT, FAILED, NOT_ASKED)
    )
    lines = [f"## Contracts against {against}", "", f"{date}, {region}, boto3 {boto3.__version__}: {counts}.", ""]
    for each in outcomes:
        if each.status == DIFFERENT:
            lines += [
                f"### {each.probe.id}",
                "",
                each.probe.question,
                "",
                f"- expected: `{_shown(each.probe.expects)}`",
                f"- answered: `{_shown(each.answered)}`",
                "",
            ]
    failed = [each for each in outcomes if each.status == FAILED]
    if failed:
        lines += ["### Could not be asked", ""]
        lines += [f"- {each.probe.id}: {each.reason}" for each in failed]
    text = "\n".join(lines).rstrip()
    return text.replace(account, "000000000000") if account else text


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
