"""The Python in which the engine runs the dynamic resources of a component, for programs in other languages.

A component of this package runs in its plugin's Python. The dynamic resources inside it do not: for them the engine
starts ``pulumi-resource-pulumi-python``, which takes the program's virtual environment or, in a program that is not
Python, the first ``python3`` on PATH. There this package may be missing, which would show itself as a traceback in the
middle of a preview. So the plugin looks first.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from streamgov_core.model.errors import ConfigError

Run = Callable[..., subprocess.CompletedProcess[str]]
PROBE = "import dill, pulumi.dynamic, streamgov_pulumi.providers"
"""What the process of the dynamic providers imports: the SDK, and our classes that the state names."""
SECONDS = 120
ENVIRONMENT_VARIABLE = "PULUMI_RUNTIME_VIRTUALENV"
"""Set by the engine for a Python program whose ``runtime.options`` name a virtual environment."""
TOOLCHAIN_VARIABLE = "PULUMI_RUNTIME_TOOLCHAIN"


def engine_environment(environment: Mapping[str, str], plugin: Path) -> dict[str, str]:
    """The engine's environment, without what the language host has added for the plugin alone.

    Args:
        environment: the plugin's own.
        plugin: the plugin's folder; a virtual environment ``venv`` in it is activated for the plugin only.
    """
    given = dict(environment)
    active = given.get("VIRTUAL_ENV")
    if active is None or Path(active).resolve() != (plugin / "venv").resolve():
        return given
    del given["VIRTUAL_ENV"]
    first, _, rest = given.get("PATH", "").partition(os.pathsep)
    if Path(first) == Path(active) / "bin":
        given["PATH"] = rest
    return given


def dynamic_python(environment: Mapping[str, str], folder: Path) -> str | None:
    """The command that ``pulumi-resource-pulumi-python`` (of the SDK) runs, or None where poetry has to be asked.

    Args:
        environment: the engine's.
        folder: the program's, where the engine starts its plugins.
    """
    virtual = environment.get(ENVIRONMENT_VARIABLE, "")
    toolchain = environment.get(TOOLCHAIN_VARIABLE, "")
    if not virtual and toolchain == "poetry":
        return None
    if not virtual and toolchain == "uv":
        virtual = ".venv"
    if virtual:
        return str(folder / virtual / "bin" / "python")
    return environment.get("PULUMI_PYTHON_CMD") or "python3"


def check(environment: Mapping[str, str], folder: Path, source: str, run: Run = subprocess.run) -> None:
    """Make sure that dynamic resources will find this package.

    Args:
        environment: the engine's.
        folder: the program's.
        source: what to give to ``pip install`` for this package.
        run: starts a process, as ``subprocess.run`` does.

    Raises:
        ConfigError: the Python cannot be started or does not import the package; says what to install, and where.
    """
    python = dynamic_python(environment, folder)
    if python is None:
        return
    try:
        result = run(
            [python, "-c", PROBE],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(_message(python, str(error), source)) from error
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        raise ConfigError(_message(python, lines[-1] if lines else f"exit code {result.returncode}", source))


def _message(python: str, cause: str, source: str) -> str:
    place = f"the {python} that is first on PATH" if os.sep not in python else python
    return (
        "form types, asset types, subscription targets and memberships are dynamic resources, which the engine runs "
        f"with {place}, and that cannot import streamgov_pulumi and what it needs ({cause}). Install it there: "
        f"{python} -m pip install {source}; or put a Python that has it first on PATH, or into PULUMI_PYTHON_CMD."
    )
