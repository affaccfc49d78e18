"""``python -m streamgov_ops``: the ``streamgov`` command where it is not installed."""

from streamgov_ops.cli import main

main()
