"""``streamgov contracts``: ask AWS, or the emulator, what the code assumes about AWS."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import boto3
import typer

from contracts import emulator
from contracts.journal import Journal, left_over
from contracts.permissions import policy
from contracts.probe import Probe, UnknownProbeError, chosen
from contracts.probe_run import Pace, ProbeRun
from contracts.report import plan, report
from contracts.results import load, merged, save
from contracts.runner import AS_EXPECTED, NOT_ASKED, Outcome, run
from streamgov_core.model.errors import ConfigError
from streamgov_ops.cli.context import Context, given
from streamgov_ops.cli.output import FOUND, JsonOption, complain, say, say_json
from streamgov_ops.session import region_of, reporting

app = typer.Typer(add_completion=False, rich_markup_mode=None)
AGAINST = ("emulator", "aws")
JOURNALS = Path(".state/contracts")
today: Callable[[], str] = lambda: datetime.now(UTC).date().isoformat()  # noqa: E731
_EXIT_CODES = (
    "Exit codes: 0 every answer is as expected; 1 one is not, could not be had, or something was not removed; 2 the "
    "input is wrong, or there are no credentials."
)


def _known_target(value: str) -> str:
    if value not in AGAINST:
        raise typer.BadParameter(f"--against is one of {', '.join(AGAINST)}, not {value!r}")
    return value


@app.command(epilog=_EXIT_CODES)
def contracts(
    context: typer.Context,
    against: Annotated[
        str,
        typer.Option(
            help="Whom to ask: the emulator (a fresh one), or aws, with the global --profile and --region.",
            callback=_known_target,
            autocompletion=lambda: list(AGAINST),
        ),
    ] = "emulator",
    only: Annotated[
        list[str] | None, typer.Option(help="Only this probe, or those that begin with dz-grant*. May be repeated.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="What some probes need: subnets=subnet-a,subnet-b (two of a VPC, for MSK clusters)."),
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option(help="What a person found by hand: <probe>=<JSON>. May be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print questions, costs and permissions; ask nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before anything is made on AWS.")] = False,
    clean_up: Annotated[
        bool, typer.Option("--clean-up", help="Remove what earlier runs have left behind, and ask nothing.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="Keep AWS's answers in this file: contracts/results.json of a checkout.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask what the code assumes about AWS: one probe for each remark `UNVERIFIED`.

    Against AWS it works in a throwaway DataZone domain; everything is tagged, and removed at the end.
    """
    options = given(context)
    if clean_up:
        raise typer.Exit(_clean_up(options))
    probes = _chosen(only or [])
    named = _pairs(option or [], "--option")
    answers = {name: _json(name, text) for name, text in _pairs(answer or [], "--answer").items()}
    for name in answers:
        _chosen([name])
    if against == "emulator":
        named = {**emulator.OPTIONS, **named}
    if dry_run:
        say(plan(probes, named))
        return
    if against == "aws" and not yes:
        _confirm(probes, named)
    with _probe_run(options, against, probes, named, answers) as probe_run:
        outcomes = run(probes, probe_run, complain)
        account = probe_run.account
    if record is not None:
        if against != "aws":
            raise ConfigError("--record keeps answers of AWS; those of the emulator prove nothing")
        save(merged(load(record), outcomes, today(), probe_run.region), record)
    _print(outcomes, against, probe_run, account, as_json=as_json)
    well = all(each.status in (AS_EXPECTED, NOT_ASKED) for each in outcomes) and not probe_run.journal.pending()
    raise typer.Exit(0 if well else FOUND)


def _chosen(only: list[str]) -> list[Probe]:
    try:
        return chosen(tuple(only))
    except UnknownProbeError as error:
        raise ConfigError(str(error)) from error


def _pairs(items: list[str], option: str) -> dict[str, str]:
    found = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not (equals and name and value):
            raise ConfigError(f"{option} is <name>=<value>, not {item!r}")
        found[name] = value
    return found


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"--answer {name} is no JSON ({error}): write a text in quotes, as in '\"yes\"'") from error


def _confirm(probes: list[Probe], named: dict[str, str]) -> None:
    say(plan(probes, named))
    if not sys.stdin.isatty():
        raise ConfigError("nothing was asked: look at the plan above, and start again with --yes")
    typer.confirm("Ask AWS now?", abort=True)


@contextmanager
def _probe_run(
    options: Context, against: str, probes: list[Probe], named: dict[str, str], answers: dict[str, Any]
) -> Iterator[ProbeRun]:
    made = secrets.token_hex(3)
    journal = Journal(JOURNALS / f"{made}.jsonl")
    if against == "emulator":
        try:
            with emulator.running() as endpoint:
                keys = emulator.user_keys(endpoint, policy(probes))
                session = boto3.Session(*keys, region_name=emulator.REGION)
                pace = Pace(interval=0.1, settled=0)
                yield ProbeRun(session, made, journal, pace, endpoint, options=named, answers=answers)
        except emulator.EmulatorError as error:
            raise ConfigError(str(error)) from error
        return
    yield _aws_run(options, made, journal, named, answers)


def _aws_run(options: Context, made: str, journal: Journal, named: dict[str, str], answers: dict[str, Any]) -> ProbeRun:
    region = options.region or region_of(options.profile)
    if not region:
        raise ConfigError("no region: name --region, or set AWS_REGION")
    with reporting("sts:GetCallerIdentity"):
        session = boto3.Session(region_name=region, profile_name=options.profile or None)
        sts = session.client("sts", endpoint_url=options.endpoint_url or None)
        sts.get_caller_identity()
    # An endpoint on this machine is no AWS: nothing there takes time.
    near = urlsplit(sts.meta.endpoint_url).hostname in ("127.0.0.1", "localhost")
    pace = Pace(interval=0.1, settled=0) if near else Pace()
    return ProbeRun(session, made, journal, pace, options.endpoint_url or None, options=named, answers=answers)


def _clean_up(options: Context) -> int:
    code = 0
    for journal in left_over(JOURNALS):
        probe_run = _aws_run(options, journal.path.stem, journal, {}, {})
        complain(f"run {journal.path.stem}: {len(journal.pending())} things to remove")
        if probe_run.clean_up(everything=True, say=complain):
            code = FOUND
        journal.close()
    if not code:
        say("nothing is left of earlier runs")
    return code


def _print(outcomes: list[Outcome], against: str, probe_run: ProbeRun, account: str, *, as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {
                    "probe": each.probe.id,
                    "status": each.status,
                    "expected": each.probe.expects,
                    "answered": each.answered,
                    "reason": each.reason,
                }
                for each in outcomes
            ]
        )
        return
    say(report(outcomes, against=against, region=probe_run.region, date=today(), account=account))
