"""``python -m aws_emulator``: see ``aws_emulator.cli``."""

from aws_emulator.cli import main

raise SystemExit(main())
