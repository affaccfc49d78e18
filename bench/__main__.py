"""Run benchmarks: all of them, or those that are named."""

from __future__ import annotations

import argparse
import sys

from bench.common import BENCHES, run


def main() -> int:
    """Parse the command line and run."""
    known = "\n".join(f"  {name}: {text}" for name, (_, text) in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"{__doc__}\n\n{known}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="benchmarks (all of them, if none is named)")
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"unknown benchmark {unknown[0]!r}; there are {', '.join(BENCHES)}")
    for name in names or BENCHES:
        run(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
