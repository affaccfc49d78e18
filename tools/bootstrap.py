"""Make the Python environment of this checkout: `.venv` with exactly the locked packages. Standard library only.

Called by every make target; a second call is a matter of milliseconds. A killed run leaves an environment without its
stamp, which the next run completes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements" / "dev.txt"
STAMP = VENV / ".streamgov-lock"
OLDEST = (3, 11)
IMPORTED_FROM = (ROOT, ROOT / "emulator")
"""What every program of the environment can import from the checkout."""


def say(text: str) -> None:
    """One line of progress on stderr."""
    print(f"  {text}", file=sys.stderr, flush=True)


def suitable_python() -> str:
    """An interpreter that is new enough: this one, or the newest on PATH.

    Raises:
        SystemExit: there is none; the sentence says what to install.
    """
    if sys.version_info >= OLDEST:
        return sys.executable
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and _works(found):
            return found
    raise SystemExit(
        f"streamgov needs Python 3.11 or newer; python3 here is {sys.version.split()[0]}. Install one and run again."
    )


def _works(python: str) -> bool:
    code = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def lock_hash() -> str:
    """What the stamp must hold for the environment to be complete."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def complete() -> bool:
    """Whether `.venv` holds what the lock file says."""
    return STAMP.is_file() and STAMP.read_text().strip() == lock_hash() and (VENV / "bin" / "python").exists()


def link_checkout() -> None:
    """Let the environment's programs import the checkout's packages, whatever folder they run in."""
    text = "".join(f"{folder}\n" for folder in IMPORTED_FROM)
    for packages in VENV.glob("lib/python3*/site-packages"):
        path = packages / "streamgov-checkout.pth"
        if not path.is_file() or path.read_text() != text:
            # Another process may read it at this moment: it appears complete.
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_text(text)
            draft.replace(path)


def main() -> int:
    """Create or complete the environment."""
    if complete():
        link_checkout()
        write_command()
        return 0
    python = suitable_python()
    if python != sys.executable:
        os.execv(python, [python, __file__])
    with (ROOT / ".venv.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not complete():
            _install()
    link_checkout()
    write_command()
    return 0


def write_command() -> None:
    """Write `.venv/bin/streamgov`: the console command of this checkout, as an installed wheel has it."""
    text = f'''#!/bin/sh
exec "{VENV / "bin" / "python"}" -m streamgov_ops "$@"
'''
    path = VENV / "bin" / "streamgov"
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
        path.chmod(0o755)


def _install() -> None:
    say("Python environment .venv: installing the locked packages (once; about 250 MB, one to three minutes)")
    if VENV.exists() and not (VENV / "bin" / "python").exists():
        shutil.rmtree(VENV)
    try:
        if not VENV.exists():
            venv.create(VENV, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"Python cannot make a virtual environment here ({error}). On Debian: apt-get install python3-venv"
        ) from error
    STAMP.unlink(missing_ok=True)
    command = [
        str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "--no-deps", "-r", str(LOCK),
    ]  # fmt: skip
    done, start = threading.Event(), time.monotonic()
    ticker = threading.Thread(target=_tick, args=(done,), daemon=True)
    ticker.start()
    try:
        result = subprocess.run(command, check=False)
    finally:
        done.set()
        ticker.join()
    if result.returncode != 0:
        raise SystemExit(
            "pip could not install the locked packages (its message is above); run the same command again once it can."
        )
    STAMP.write_text(lock_hash() + "\n")
    say(f"the environment is complete, after {time.monotonic() - start:.0f} s")


def _tick(done: threading.Event) -> None:
    start = time.monotonic()
    while not done.wait(15):
        packages = len(list(VENV.glob("lib/python3*/site-packages/*.dist-info")))
        say(f"… {packages} packages, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
