"""The environment of clients that nobody here wrote: its own Python, from requirements/clients.txt."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "clients.txt"
_SECONDS = 540


class ClientsError(AssertionError):
    """A command of the environment failed; the text is what it printed."""


def ensure() -> Path:
    """The folder of the environment's commands; made on first use and kept for this lock file."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = Path("~/.cache/streamgov").expanduser() / f"clients-{version}-{digest}"
    done = place / "complete"
    if not done.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(place)], dict(os.environ))
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
        _run([str(place / "bin" / "python"), *install], dict(os.environ))
        done.touch()
    return place / "bin"


def variables(folder: Path, endpoint: str, keys: dict[str, str]) -> dict[str, str]:
    """What a person's shell has: a profile with region, endpoint and keys, and nothing of this process'.

    Args:
        folder: where the profile's files go.
        endpoint: the emulator's address.
        keys: ``aws_access_key_id``, ``aws_secret_access_key`` and, of a role, ``aws_session_token``.
    """
    (folder / "config").write_text(
        f"[default]\nregion = us-east-1\noutput = json\nendpoint_url = {endpoint}\ns3 =\n  addressing_style = path\n"
    )
    (folder / "credentials").write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return {
        **kept,
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "HOME": str(folder),
    }


def run_python(code: str, environment: dict[str, str]) -> str:
    """Run a program with the environment's Python; what it printed."""
    return _run([str(ensure() / "python"), "-c", code], environment)


def run_aws(arguments: list[str], environment: dict[str, str]) -> str:
    """Run ``aws``; what it printed."""
    return _run([str(ensure() / "aws"), *arguments], environment)


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode != 0:
        raise ClientsError(f"{' '.join(command[:4])} …\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout
