"""Run benchmarks: all of them, or those that are named; what follows a single name is for that benchmark."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import takewhile

from bench.common import BENCHES, run


def main(arguments: Sequence[str]) -> int:
    """Parse the command line and run.

    Args:
        arguments: without the program's name.
    """
    known = "\n".join(f"  {name}: {text}" for name, (_, text) in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"{__doc__}\n\n{known}",
        epilog="python -m bench scale --help says what that benchmark takes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="benchmarks (all of them, if none is named)")
    first = list(takewhile(lambda word: not word.startswith("-"), arguments))
    own = arguments[1:] if len(first) >= 1 and len(arguments) > len(first) else []
    if own and len(first) == 1 and first[0] in BENCHES:
        run(first[0], own)
        return 0
    names = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are {', '.join(BENCHES)}")
    for name in names or BENCHES:
        run(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
