"""``streamgov deployer``: print the deploying role's least policy, or check a role against it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_ops.cli.context import Context, given
from streamgov_ops.cli.output import FOUND, WRONG_INPUT, complain, read_preview, say, say_json
from streamgov_ops.deployer.check import NOT_COVERED, Checked, CheckNotPossibleError, check_role, document
from streamgov_ops.deployer.further_actions import FEATURES
from streamgov_ops.deployer.needs import (
    AccountNeeds,
    boundary_policy_arn,
    needs_of_preview,
    needs_of_side,
    unchanged_resources,
)
from streamgov_ops.deployer.policy import own_statement, policies, statements
from streamgov_ops.deployer.resources import SIDES
from streamgov_ops.deployer.stack import file_needs

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = (
    "Exit codes: 0 printed, or nothing is lacking; 1 something is; 2 the input is wrong, or nobody could be asked."
)
SILENT_SECONDS = 2.0
"""A check that takes longer says how far it is, and again after as long."""
clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class _Input:
    """Where the types come from, and what is the same for every account."""

    preview: str | None
    config: Path | None
    side: str | None
    account: str | None
    partition: str | None
    boundary: str
    features: tuple[str, ...]


def one_of(known: Any, option: str) -> Callable[[Any], Any]:
    """A callback that takes the known values of an option only."""

    def check(value: Any) -> Any:
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is not None and item not in known:
                raise typer.BadParameter(f"{option} is one of {', '.join(sorted(known))}, not {item!r}")
        return value

    return check


@app.command(epilog=_EXIT_CODES)
def deployer(
    context: typer.Context,
    preview: Annotated[
        str | None, typer.Argument(help="JSON of the stack's first preview; - is standard input.", show_default=False)
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The stack's file instead, Pulumi.<stack>.yaml.")] = None,
    side: Annotated[
        str | None,
        typer.Option(
            help=f"Without a preview or file: the account's side, {' or '.join(sorted(SIDES))}.",
            callback=one_of(SIDES, "--side"),
            autocompletion=lambda: sorted(SIDES),
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="With --side: the account. Otherwise only this one of several.")
    ] = None,
    partition: Annotated[str | None, typer.Option(help="Default: the file's, or aws.")] = None,
    boundary: Annotated[
        str, typer.Option(help="Path and name of the boundary policy that every role must carry.")
    ] = "",
    preview_only: Annotated[bool, typer.Option("--preview-only", help="A role that reads, for reviews.")] = False,
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Also what this component takes, which the program itself does not deploy: "
            f"{' or '.join(sorted(FEATURES))}. May be repeated.",
            callback=one_of(FEATURES, "--with"),
            autocompletion=lambda: sorted(FEATURES),
        ),
    ] = None,
    role: Annotated[
        str, typer.Option(metavar="PATH/NAME", help="Let this role ask IAM about itself, as --check does.")
    ] = "",
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Compare with what the caller may do (iam:SimulatePrincipalPolicy), a sentence for each lack.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --check: the result as JSON. (Documents are JSON anyway.)")
    ] = False,
) -> None:
    """Print the least policy of the role that deploys a stack: JSON, account to documents.

    With --check, say what the caller lacks of it instead.
    """
    options = given(context)
    source = _Input(preview, config, side, account, partition, boundary, tuple(features or ()))
    names, needs = _needs(options, source)
    if check:
        raise typer.Exit(_check(names, needs, write=not preview_only, as_json=as_json))
    say_json({item.account: policies(_statements(item, names, not preview_only, role)) for item in needs})


def _needs(options: Context, source: _Input) -> tuple[Names, list[AccountNeeds]]:
    """The deployment's names and what each account takes."""
    if source.config is not None and (source.preview is not None or source.side):
        raise ConfigError("name a stack's file (--config), or a preview, or --side: one of them")
    if source.config is not None:
        names, found = file_needs(source.config)
        names = options.override(names, source.partition or "")
    elif source.preview is not None:
        names = options.names(source.partition or "aws")
        plan = read_preview(source.preview)
        found = needs_of_preview(plan, names)
        unchanged = unchanged_resources(plan)
        if unchanged:
            complain(
                f"{unchanged} resources of the stack stay as they are, and this preview does not name their types: the "
                "policy lacks what they take. A stack's first preview, or its file (--config), tells everything."
            )
    elif source.side and source.account:
        names = options.names(source.partition or "aws")
        found = [needs_of_side(source.side, source.account, names)]
    else:
        raise ConfigError("name a preview's file, a stack's (--config), or --side and --account")
    extra = {type_ for word in source.features for type_ in FEATURES[word]}
    return names, [
        replace(
            item,
            types=item.types | extra,
            session=options.session(replace(item.session, region=names.region)),
            boundary_arn=boundary_policy_arn(names, item.account, source.boundary) or item.boundary_arn,
        )
        for item in _only(source.account, found)
    ]


def _only(account: str | None, found: list[AccountNeeds]) -> list[AccountNeeds]:
    kept = [item for item in found if account in (None, item.account)]
    if not kept:
        known = ", ".join(item.account for item in found)
        raise ConfigError(f"nothing is deployed into account {account}; there are {known}")
    return kept


def _statements(item: AccountNeeds, names: Names, write: bool, role: str) -> list[dict[str, Any]]:
    made = statements(item.types, names, item.account, write=write, boundary_arn=item.boundary_arn)
    if role:
        made.append(own_statement(f"arn:{names.partition}:iam::{item.account}:role/{role.strip('/')}"))
    return made


def _check(names: Names, needs: list[AccountNeeds], *, write: bool, as_json: bool) -> int:
    """Check every account, also after one that could not be; the answer is the exit code."""
    code = 0
    found: dict[str, Any] = {}
    for item in needs:
        if item.unread:
            complain(item.unread)
        try:
            checked = check_role(item, names, write=write, progress=_progress(item.account))
        except CheckNotPossibleError as error:
            complain(f"not checked: {error}")
            found[item.account] = {"notChecked": str(error)}
            code = WRONG_INPUT
            continue
        found[item.account] = _result(checked)
        code = max(code, FOUND if checked.lacking else 0)
        if not as_json:
            for line in _lines(checked):
                say(line)
    if as_json:
        say_json(found)
    else:
        say(NOT_COVERED)
    return code


def _result(checked: Checked) -> dict[str, Any]:
    return {
        "principal": checked.principal,
        "decisions": checked.asked,
        "readsOnly": checked.reads_only,
        "lacking": [item.to_dict() for item in checked.lacking],
        "add": policies(document(checked.lacking)),
    }


def _lines(checked: Checked) -> Iterator[str]:
    if not checked.lacking:
        yield f"{checked.principal} has what this stack takes in account {checked.account} ({checked.asked} decisions)."
        return
    yield from map(str, checked.lacking)
    if checked.reads_only:
        yield f"{checked.principal} reads and changes nothing: a role for reviews (--preview-only checks it as one)."
    missing = document(checked.lacking)
    if missing:
        yield f"What to add for {checked.principal}, together:"
        for policy in policies(missing):
            yield json.dumps(policy, indent=2)


def _progress(account: str) -> Callable[[int, int], None]:
    last = clock()

    def report(done: int, of: int) -> None:
        nonlocal last
        if clock() - last >= SILENT_SECONDS and done < of:
            last = clock()
            complain(f"account {account}: {done} of {of} questions answered")

    return report
