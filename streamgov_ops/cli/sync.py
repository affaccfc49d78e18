"""``streamgov sync``: bring a registry's schemas into the catalogue now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import check_account
from streamgov_ops.accounts import Accounts
from streamgov_ops.cli.context import given
from streamgov_ops.cli.output import FOUND, JsonOption, complain, progress, say, say_json
from streamgov_ops.ledger import read_ledger
from streamgov_ops.runs import DataSource, Drift, RunFailedError, data_sources, drift_of, run_data_source
from streamgov_ops.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None)
clock: Callable[[], float] = time.time
sleep: Callable[[float], None] = time.sleep
SHOWN_NAMES = 10
_EXIT_CODES = "Exit codes: 0 done, or told; 1 a run failed, or AWS refuses; 2 no such data source or deployment."


@app.command(epilog=_EXIT_CODES)
def sync(
    context: typer.Context,
    account: Annotated[
        list[str] | None, typer.Option(help="A producer's account. Default: those that grants name, and the caller's.")
    ] = None,
    source: Annotated[str, typer.Option(help="Only this data source: sync-msk, or msk.")] = "",
    schema: Annotated[str, typer.Option(help="Only this schema.")] = "",
    run: Annotated[bool, typer.Option("--run", help="Run; otherwise only say what is new and what is gone.")] = False,
    force: Annotated[bool, typer.Option("--force", help="With --run: take every schema as changed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the schemas of a registry into the catalogue now, and wait. Without --run nothing is changed."""
    accounts = given(context).accounts()
    found = list(_wanted(accounts, [check_account(item, "--account") for item in account or ()], source))
    if not found:
        raise ConfigError(
            f"no data source{f' {source}' if source else ''} of namespace {accounts.names.namespace} in the accounts "
            "that were looked at: name its account with --account"
        )
    if not run:
        drifts = [drift_of(accounts, item) for item in found]
        say_json([item.to_dict() for item in drifts]) if as_json else _tell(drifts)
        return
    results: list[dict[str, Any]] = []
    failed = False
    with progress() as tell:
        for number, item in enumerate(found):
            tell(f"running {item.name}", number, len(found))
            request: dict[str, Any] = {"force": force, **({"schema": schema} if schema else {})}
            try:
                result = run_data_source(accounts, item, request, clock, sleep, tell)
                results.append({"account": item.account, "source": item.name, "result": result})
            except RunFailedError as error:
                failed = True
                complain(str(error))
    if as_json:
        say_json(results)
    else:
        for told in results:
            for line in told_result(told["result"]):
                say(f"{told['account']} {told['source']}: {line}")
    raise typer.Exit(FOUND if failed else 0)


def told_result(result: dict[str, Any]) -> Iterator[str]:
    """A run's answer for people: how many of each, then what stayed as it is, with its cause."""
    counts: dict[str, int] = result.get("counts") or {}
    yield ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "the registry holds no schema"
    for verdict in ("kept", "skipped", "failed"):
        for item in result.get(verdict) or ():
            yield f"{verdict} {item['schema']}: {printable(item['cause'])}"


def _wanted(accounts: Accounts, named: list[str], source: str) -> Iterator[DataSource]:
    known = set(named)
    if not known:
        producers = {record.command.producer.account for record in read_ledger(accounts) if record.command}
        known = {accounts.own, *producers}
    for account in sorted(known):
        for item in data_sources(accounts, account):
            if source in ("", item.name, item.name.removeprefix("sync-")):
                yield item


def _tell(drifts: list[Drift]) -> None:
    for item in drifts:
        say(f"{item.account} {item.source}, registry {item.registry}", style="bold")
        for word, names in (("new", item.new), ("gone", item.gone)):
            more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
            say(f"  {len(names)} {word}{': ' + ', '.join(names[:SHOWN_NAMES]) + more if names else ''}")
        say(f"  {item.known} known; a run compares what they say")
    say("nothing was changed: --run brings it into the catalogue")
