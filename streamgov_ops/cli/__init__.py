"""The ``streamgov`` command: one module for each subcommand, put together in :mod:`streamgov_ops.cli.app`."""

from streamgov_ops.cli.app import app, main

__all__ = ["app", "main"]
