"""The wheel, built and installed into an environment of its own outside the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel.

    Args:
        wheel: the file.
        python: the environment's interpreter.
        site: the environment's site-packages.
    """

    wheel: Path
    python: Path
    site: Path

    @property
    def plugin(self) -> Path:
        """The folder that a program of another language names as its plugin."""
        return self.site / "streamgov_pulumi" / "plugin_files"


def install(folder: Path) -> Installed:
    """Build the wheel and install it below a folder.

    Third-party packages are borrowed from this environment (a .pth file), so that nothing is downloaded. What that does
    not prove: that the versions which pip would choose for the ranges in pyproject.toml work together.
    """
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index",
         "--disable-pip-version-check", str(wheel)],
        check=True, capture_output=True,
    )  # fmt: skip
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return Installed(wheel, python, site)
