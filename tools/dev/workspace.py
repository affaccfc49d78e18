"""Where local state lives, and the environment in which the emulator, Pulumi and a person's shell work together."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from streamgov_pulumi.packaging.bundle import BundleError, dependencies

ROOT = Path(__file__).resolve().parent.parent.parent
VENV_BIN = ROOT / ".venv" / "bin"
DEFAULT_PORT = 4566
PORT_VARIABLE = "STREAMGOV_EMULATOR_PORT"
EMULATOR_VARIABLES = {
    PORT_VARIABLE: "EMULATOR_PORT",
    "STREAMGOV_EMULATOR_ACCOUNTS": "EMULATOR_ACCOUNTS",
    "STREAMGOV_EMULATOR_SPEED": "EMULATOR_SPEED",
    "STREAMGOV_KAFKA": "EMULATOR_KAFKA",
    "STREAMGOV_KAFKA_CACHE_MS": "EMULATOR_KAFKA_CACHE_MS",
    "STREAMGOV_FLINK": "EMULATOR_FLINK",
    "STREAMGOV_CACHE_DIR": "EMULATOR_CACHE_DIR",
}
"""The sandbox's variables, and those that the emulator reads for them."""
PROJECT, STACK = "streamgov", "dev"
STAND_IN = ROOT / "emulator" / "aws_emulator" / "pulumi_aws" / "bin"
AWS_MAJOR = 7
"""The major version of pulumi-aws that the program is written for (pyproject.toml)."""
AWS_PLUGIN = "pulumi-resource-aws"
AWS_PLUGIN_VARIABLE = "STREAMGOV_AWS_PLUGIN"
_OURS = ".streamgov"
"""Marks the folder of a plugin that only leads to another one."""
_A_PERSONS_OWN = frozenset(
    {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE", "PULUMI_STACK", "PYTHONPATH", "VIRTUAL_ENV"}
)
"""What a command of the sandbox does not inherit."""


class LocalError(Exception):
    """Something on this machine is missing or in the way; the text says what to do."""


@dataclass(frozen=True)
class Workspace:
    """One local deployment: its emulator's port and the folder that holds its state.

    Args:
        state: the folder; removed and made anew when the emulator behind it is gone.
        port: the emulator's TCP port on 127.0.0.1.
    """

    state: Path
    port: int

    @property
    def endpoint(self) -> str:
        """The emulator's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def emulator_state(self) -> Path:
        """Pid file, log and data of the emulator."""
        return self.state / "emulator"

    @property
    def pulumi_home(self) -> Path:
        """What the engine keeps for this workspace: plugins, and which stack is selected."""
        return self.state / "pulumi-home"

    @property
    def pulumi_state(self) -> Path:
        """The file backend that holds the stack."""
        return self.state / "pulumi"

    def variables(self, cli_dir: Path | None) -> dict[str, str]:
        """What has to be in the environment, apart from what is inherited.

        No stack is named: in a person's shell that would hijack the commands of every other project.
        """
        path = [str(VENV_BIN)]
        if cli_dir is not None:
            path.append(str(cli_dir))
        if _foreign_plugin():
            # The engine prefers what is on PATH, and warns of it: only somebody else's has to be overtaken there.
            path.append(str(aws_plugin()))
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PULUMI_BACKEND_URL": f"file://{self.pulumi_state}",
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_CONFIG_PASSPHRASE": "streamgov-dev",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            PORT_VARIABLE: str(self.port),
            # The role by which `streamgov` reaches the members' accounts.
            "STREAMGOV_MEMBER_ROLE": "Admin",
            "PATH": os.pathsep.join([*path, os.environ.get("PATH", "")]),
        }

    def environment(self, cli_dir: Path | None) -> dict[str, str]:
        """The inherited environment with those variables, and without a person's own AWS profile."""
        inherited = {
            key: value
            for key, value in os.environ.items()
            if key not in _A_PERSONS_OWN and not key.startswith("AWS_ENDPOINT_URL_")
        }
        return inherited | emulator_variables(inherited) | self.variables(cli_dir)

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.state, self.emulator_state, self.pulumi_state, self.pulumi_home):
            folder.mkdir(parents=True, exist_ok=True)
        self.install_aws_plugin(version("pulumi-aws"))

    def install_aws_plugin(self, wanted: str) -> None:
        """Put the `aws` plugin where the engine looks for installed ones.

        Args:
            wanted: the version that a program's SDK asks for.
        """
        folder = self.pulumi_home / "plugins" / f"resource-aws-v{wanted}"
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / AWS_PLUGIN
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(aws_plugin() / AWS_PLUGIN))} "$@"\n')
        program.chmod(0o755)
        (folder / _OURS).touch()

    def other_stacks(self) -> list[str]:
        """`project/stack` of the stacks in the backend, apart from the sandbox's own."""
        found = (self.pulumi_state / ".pulumi" / "stacks").glob("*/*.json")
        named = {f"{path.parent.name}/{path.stem}" for path in found}
        return sorted(named - {f"{PROJECT}/{STACK}"})


def emulator_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What the emulator reads, for those of the sandbox's variables that are set."""
    return {theirs: environment[ours] for ours, theirs in EMULATOR_VARIABLES.items() if ours in environment}


def aws_plugin(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the `aws` plugin that the sandbox uses: the stand-in, unless the installed one is asked for.

    Raises:
        LocalError: STREAMGOV_AWS_PLUGIN has another value, or asks for a plugin that is not installed.
    """
    wanted = environment.get(AWS_PLUGIN_VARIABLE) or "stand-in"
    if wanted == "stand-in":
        return STAND_IN
    if wanted != "installed":
        raise LocalError(f"{AWS_PLUGIN_VARIABLE} must be stand-in or installed, got {wanted!r}")
    found = real_aws_plugin(environment)
    if found is None:
        raise LocalError(
            f"{AWS_PLUGIN_VARIABLE}=installed, and no aws plugin of version {AWS_MAJOR} is installed; "
            "`pulumi plugin install resource aws` installs one"
        )
    return found


def describe_aws_plugin(environment: Mapping[str, str] = os.environ) -> str:
    """Which `aws` plugin the sandbox uses, for people.

    Raises:
        LocalError: see `aws_plugin`.
    """
    found = aws_plugin(environment)
    if found == STAND_IN:
        return f"the emulator's stand-in ({AWS_PLUGIN_VARIABLE}=installed takes the real one)"
    return f"the installed one in {found} ({AWS_PLUGIN_VARIABLE}=installed)"


def real_aws_plugin(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the newest installed `aws` plugin of the SDK's major version.

    Looked for on PATH, then where `pulumi plugin install resource aws` puts it.
    """
    found = _foreign_plugin(environment)
    if found is not None:
        return found
    # In the sandbox's own shell the engine's home is the sandbox's, which leads to another plugin.
    homes = [Path(environment.get("HOME", "~")).expanduser() / ".pulumi"]
    if environment.get("PULUMI_HOME"):
        homes.insert(0, Path(environment["PULUMI_HOME"]))
    there = [path for home in homes for path in home.glob(f"plugins/resource-aws-v{AWS_MAJOR}.*")]
    installed = [path for path in there if (path / AWS_PLUGIN).is_file() and not (path / _OURS).exists()]
    return max(installed, key=lambda folder: [int(part) for part in re.findall(r"\d+", folder.name)], default=None)


def _foreign_plugin(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of an `aws` plugin on PATH that is not the stand-in."""
    found = shutil.which(AWS_PLUGIN, path=environment.get("PATH", ""))
    return Path(found).parent if found is not None and Path(found).parent != STAND_IN else None


@cache
def ensure_dependencies() -> Path:
    """Where the packages that functions carry are: the programs that deploy them download nothing.

    Raises:
        LocalError: they cannot be had.
    """
    try:
        return dependencies()
    except BundleError as error:
        raise LocalError(str(error)) from error


def ensure_cli() -> Path:
    """The folder with a working `pulumi` and its Python language host; built on first use.

    Raises:
        LocalError: neither Pulumi nor Go is on PATH, or the build failed (its message is on stderr already).
    """
    return _ensured("Pulumi CLI")


def ensure_yaml_host() -> Path:
    """The folder with the YAML language host, which must be on PATH beside the CLI; built on first use.

    Raises:
        LocalError: neither a Pulumi with that host nor Go is on PATH, or the build failed.
    """
    return _ensured("YAML language host", "--yaml")


def ensure_nodejs_host() -> Path:
    """The folder with the Node.js language host, which must be on PATH beside the CLI; built on first use.

    Raises:
        LocalError: Node.js, or both a Pulumi with that host and Go, are not on PATH, or the build failed.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise LocalError(f"{program} is not on PATH: programs in TypeScript need Node.js 20 or newer")
    return _ensured("Node.js language host", "--nodejs")


def _ensured(what: str, *arguments: str) -> Path:
    command = [sys.executable, str(ROOT / "tools" / "pulumi" / "ensure.py"), *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not lines:
        raise LocalError(f"there is no {what} to work with (see above)")
    return Path(lines[-1])


def port_is_free(port: int) -> bool:
    """Whether nobody listens on that port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that the operating system says is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_port() -> tuple[int, str | None]:
    """The configured port, or another one with a note for the person if a different program has it.

    Raises:
        LocalError: the person asked for a port by name and it is taken, or what they wrote is no port.
    """
    wanted = os.environ.get(PORT_VARIABLE)
    if wanted is not None:
        if not wanted.isdigit() or not 0 < int(wanted) < 65536:
            raise LocalError(f"{PORT_VARIABLE} must be a TCP port, got {wanted!r}")
        if not port_is_free(int(wanted)):
            raise LocalError(f"port {wanted} ({PORT_VARIABLE}) is taken by another program; choose a different one")
        return int(wanted), None
    if port_is_free(DEFAULT_PORT):
        return DEFAULT_PORT, None
    port = free_port()
    return port, f"port {DEFAULT_PORT} is taken by another program, so the emulator uses {port}"
