"""The third platform, installed for the tests of this folder as pip installs a distribution."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

from streamgov_core.platforms import PLATFORMS

DISTRIBUTION = Path(__file__).with_name("distribution")


@pytest.fixture(scope="package", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that the platform is installed in, which is on the path as long as these tests run."""
    folder = tmp_path_factory.mktemp("site")
    options = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation")
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(DISTRIBUTION)]
    subprocess.run(command, check=True)
    sys.path.insert(0, str(folder))
    invalidate_caches()
    PLATFORMS.reload()
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "streamgov_queues"]:
        del sys.modules[name]
    PLATFORMS.reload()
