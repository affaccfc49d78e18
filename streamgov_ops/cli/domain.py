"""What the subcommands that decide about requests share: the domain, ids, and how a reader is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import typer

from streamgov_core.model.errors import ConfigError
from streamgov_ops.cli.context import Context
from streamgov_ops.requests.pending import RequestReader
from streamgov_ops.session import client
from streamgov_pulumi.providers.base import DOMAIN_ID, OBJECT_ID

clock: Callable[[], float] = time.time
DomainOption = Annotated[str, typer.Option(help="Id of the DataZone domain (dzd…).")]
CommentOption = Annotated[str, typer.Option(help="Words for the decision; the requester sees them.")]


def reader(options: Context, domain: str, **ids: str) -> RequestReader:
    """A reader of the domain's requests.

    Args:
        options: the global options.
        domain: the domain's id.
        ids: further ids of DataZone, by the option that they were given with.

    Raises:
        ConfigError: an id is malformed, or nothing names a region.
    """
    if not DOMAIN_ID.fullmatch(domain):
        raise ConfigError(f"--domain is no id of a DataZone domain (dzd…): {domain!r}")
    for option, value in ids.items():
        if not OBJECT_ID.fullmatch(value):
            raise ConfigError(f"{option} is no id of DataZone: {value!r}")
    return RequestReader(client("datazone", options.session()), domain, options.names(), clock())
