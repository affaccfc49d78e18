"""`python -m tools.dev <command>`: what the make targets call."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tools.dev import checks, sandbox
from tools.dev.portal import without_aws_profile
from tools.dev.workspace import LocalError

COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
    "demo": ("the whole walkthrough, from nothing to GRANTED and back", sandbox.demo),
    "up": ("start the emulator and deploy the stack dev, left running", sandbox.up),
    "down": ("destroy the stack dev and stop the emulator", sandbox.down),
    "env": ("print the variables that a shell needs", sandbox.env),
    "test": ("lint, types, tests", checks.test),
    "lint": ("ruff and mypy", checks.lint),
    "lock": ("write the lock files anew", checks.lock),
    "bench": ("the benchmarks", checks.bench),
}


def main() -> int:
    """Parse the command line, run one command, turn what is wrong on this machine into a sentence."""
    parser = argparse.ArgumentParser(prog="python -m tools.dev", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (text, _) in COMMANDS.items():
        sub = commands.add_parser(name, help=text)
        if name == "test":
            sub.add_argument("--unit", action="store_true", help="only the unit tests and the rules of the house")
            sub.add_argument("--full", action="store_true", help="also the long matrices")
            sub.add_argument("--kafka", action="store_true", help="only the tests that run a real Kafka broker")
            sub.add_argument("--flink", action="store_true", help="only the tests that run a Flink job")
            sub.add_argument("--clients", action="store_true", help="only those that run standard clients of AWS")
            sub.add_argument("--terraform", action="store_true", help="only those that run Terraform's AWS provider")
            sub.add_argument("--typescript", action="store_true", help="only those that deploy programs in TypeScript")
            sub.add_argument("--pages", action="store_true", help="only those that run the commands of the pages")
            sub.add_argument("--emulator", action="store_true", help="only the emulator's lint, types and tests")
            sub.add_argument("--quick", action="store_true", help="without the tests that run the Pulumi engine")
        if name == "demo":
            sub.add_argument("--domain", choices=("V1", "V2"), default="V1", help="version of the DataZone domain")
            sub.add_argument("--keep", action="store_true", help="do not destroy at the end")
            sub.add_argument("--flink", action="store_true", help="with a Flink job (needs Java 17 and Maven)")
    arguments = parser.parse_args()
    without_aws_profile()
    try:
        return COMMANDS[arguments.command][1](arguments)
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again, it begins afresh", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
