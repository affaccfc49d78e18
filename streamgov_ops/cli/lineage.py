"""``streamgov lineage``: what feeds a topic or stream and who reads it, as text and as a picture."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.cli import domain as deciding
from streamgov_ops.cli.context import given
from streamgov_ops.cli.domain import DomainOption
from streamgov_ops.cli.output import JsonOption, complain, say_json, write_text
from streamgov_ops.lineage.graph import Node, picture, text, walk
from streamgov_ops.requests.asking import find_listing
from streamgov_ops.requests.pending import RequestReader
from streamgov_ops.session import NOT_FOUND, reporting

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_EXIT_CODES = "Exit codes: 0 shown; 1 DataZone refuses; 2 no such asset, or no lineage of it yet."


@app.command(epilog=_EXIT_CODES)
def lineage(
    context: typer.Context,
    asset: Annotated[
        str, typer.Argument(help="ARN of a topic or stream, or name or id of a published asset.", show_default=False)
    ],
    domain: DomainOption,
    svg: Annotated[str, typer.Option("--svg", metavar="FILE", help="Write a picture.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show what feeds a topic or stream and who reads it."""
    reader = deciding.reader(given(context), domain)
    node = _node(reader, domain, asset)
    try:
        with reporting("datazone:GetLineageNode"):
            graph = walk(reader.api, domain, node)
    except RemoteError as error:
        if error.code != NOT_FOUND:
            raise
        raise ConfigError(
            f"domain {domain} has no lineage of {node}: it appears with a job's first event, or with the first grant"
        ) from error
    if svg:
        write_text(svg, picture(graph))
        complain(f"{svg}: {len(graph)} nodes")
    if as_json:
        say_json([_json(item) for _, item in sorted(graph.items())])
    elif not svg:
        Console(soft_wrap=True, highlight=False).print(text(graph))


def _node(reader: RequestReader, domain: str, asset: str) -> str:
    """The node's source identifier."""
    if asset.startswith("arn:"):
        return PLATFORMS.source_identifier(asset)
    listing = find_listing(reader.api, domain, asset)
    with reporting("datazone:GetAsset"):
        found = reader.api.get_asset(domainIdentifier=domain, identifier=listing.asset)
    forms = {form["formName"]: json.loads(form["content"]) for form in found.get("formsOutput", ())}
    arn = next((arn for platform in PLATFORMS.values() if (arn := platform.claimed_arn(forms))), None)
    return PLATFORMS.source_identifier(arn) if arn else listing.asset


def _json(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "kind": node.kind,
        "columns": [{"name": name, "type": kind} for name, kind in node.columns],
        "runs": node.runs,
        "before": sorted(node.before),
        "after": sorted(node.after),
    }
