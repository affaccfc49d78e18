"""``python -m streamgov_ops.deployer``: print the deploying role's least policy, or check a role against it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names, check_account
from streamgov_ops.deployer.actions import FEATURES
from streamgov_ops.deployer.check import (
    NOT_COVERED,
    Checked,
    CheckNotPossibleError,
    check_role,
    document,
)
from streamgov_ops.deployer.policy import SIDES, own_statement, policies, statements, types_by_account
from streamgov_ops.deployer.stack import boundary_arn, stack_names, stack_needs
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.config.file import load_file

SILENT_SECONDS = 2.0
"""A check that takes longer says how far it is, and again after as long."""
HELP = "Exit code: 0 printed, or nothing is lacking; 1 something is; 2 the input is wrong, or nobody could be asked."


@dataclass(frozen=True)
class _Wanted:
    """What one account's role needs."""

    access: AccountArgs
    types: frozenset[str]
    boundary: str | None
    tags: Mapping[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None, clock: Callable[[], float] = time.monotonic) -> int:
    """Print the documents as JSON (account to list of policies), or with ``--check`` a sentence for each lack."""
    chosen = _parser().parse_args(arguments)
    try:
        names, wanted = _wanted(chosen)
        if chosen.check:
            return _check(chosen, names, wanted, clock)
        answer = {item.access["account"]: policies(_statements(chosen, names, item)) for item in wanted}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    except (ConfigError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streamgov_ops.deployer", description=__doc__, epilog=HELP)
    parser.add_argument("preview", nargs="?", help="a first preview's JSON; - is standard input")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the stack's file instead, Pulumi.<stack>.yaml")
    parser.add_argument("--side", choices=sorted(SIDES), help="without a preview or file: the account's side")
    parser.add_argument("--account", help="with --side: the account; otherwise only this one of several")
    parser.add_argument("--region", help="the deployment's region; needed without --config")
    parser.add_argument("--namespace", help=f"default {DEFAULT_NAMESPACE}, or the file's")
    parser.add_argument("--partition", help="default aws, or the file's")
    parser.add_argument("--boundary", help="path and name of the boundary policy that every role must carry")
    parser.add_argument("--preview-only", action="store_true", help="a role that reads, for reviews")
    parser.add_argument(
        "--with",
        dest="features",
        action="append",
        default=[],
        choices=sorted(FEATURES),
        help="also what this component takes, which the program itself does not deploy; may be repeated",
    )
    parser.add_argument("--role", metavar="PATH/NAME", help="let this role ask IAM about itself, as --check does")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare with what the caller may do (iam:SimulatePrincipalPolicy), a sentence for each lack",
    )
    return parser


def _wanted(chosen: argparse.Namespace) -> tuple[Names, list[_Wanted]]:
    extra = {type_ for word in chosen.features for type_ in FEATURES[word]}
    if chosen.config is not None:
        if chosen.preview is not None or chosen.side:
            raise ConfigError("name a stack's file (--config), or a preview, or --side: one of them")
        config = load_file(chosen.config)
        names = stack_names(config)
        names = Names(
            chosen.namespace or names.namespace, chosen.region or names.region, chosen.partition or names.partition
        )
        tags = dict(config.common.get("tags", {}))
        found = [
            _Wanted(
                needs.access,
                needs.types | extra,
                _boundary(chosen, names, needs.access["account"]) or boundary_arn(config, needs.access["account"]),
                tags,
            )
            for needs in stack_needs(config)
        ]
        if not found:
            raise ConfigError(
                f"{chosen.config} is a sandbox's: its people are administrators, there is nothing to print"
            )
        return names, _only(chosen, found)
    if not chosen.region:
        raise ConfigError("name the deployment's --region (a stack's file, --config, tells it)")
    names = Names(chosen.namespace or DEFAULT_NAMESPACE, chosen.region, chosen.partition or "aws")
    if chosen.preview is not None:
        text = sys.stdin.read() if chosen.preview == "-" else Path(chosen.preview).read_text(encoding="utf-8")
        by_account = types_by_account(json.loads(text))
    elif chosen.side and chosen.account:
        by_account = {check_account(chosen.account): set(SIDES[chosen.side])}
    else:
        raise ConfigError("name a preview's file, a stack's (--config), or --side and --account")
    found = [
        _Wanted({"account": account}, frozenset(types | extra), _boundary(chosen, names, account))
        for account, types in sorted(by_account.items())
    ]
    return names, _only(chosen, found)


def _only(chosen: argparse.Namespace, found: list[_Wanted]) -> list[_Wanted]:
    kept = [item for item in found if chosen.account in (None, item.access["account"])]
    if not kept:
        known = ", ".join(item.access["account"] for item in found)
        raise ConfigError(f"nothing is deployed into account {chosen.account}; there are {known}")
    return kept


def _boundary(chosen: argparse.Namespace, names: Names, account: str) -> str | None:
    return f"arn:{names.partition}:iam::{account}:policy/{chosen.boundary}" if chosen.boundary else None


def _statements(chosen: argparse.Namespace, names: Names, item: _Wanted) -> list[dict[str, Any]]:
    made = statements(
        item.types, names, item.access["account"], write=not chosen.preview_only, boundary_arn=item.boundary
    )
    if chosen.role:
        made.append(own_statement(f"arn:{names.partition}:iam::{item.access['account']}:role/{chosen.role.strip('/')}"))
    return made


def _check(chosen: argparse.Namespace, names: Names, wanted: list[_Wanted], clock: Callable[[], float]) -> int:
    """Every account is checked, also after one that could not be."""
    worst = 0
    for item in wanted:
        account = item.access["account"]
        try:
            checked = check_role(
                item.access,
                item.types,
                names,
                boundary_arn=item.boundary,
                tags=item.tags,
                write=not chosen.preview_only,
                progress=_progress(account, clock),
            )
        except CheckNotPossibleError as error:
            sys.stderr.write(f"not checked: {error}\n")
            worst = 2
            continue
        for line in _told(checked):
            sys.stdout.write(f"{line}\n")
        worst = max(worst, 1 if checked.lacking else 0)
    sys.stdout.write(f"{NOT_COVERED}\n")
    return worst


def _told(checked: Checked) -> Iterator[str]:
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


def _progress(account: str, clock: Callable[[], float]) -> Callable[[int, int], None]:
    last = clock()

    def tell(done: int, of: int) -> None:
        nonlocal last
        if clock() - last >= SILENT_SECONDS and done < of:
            last = clock()
            sys.stderr.write(f"account {account}: {done} of {of} questions answered\n")

    return tell
