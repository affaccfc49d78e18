"""Every file, link and dotted name in the documents exists."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("README.md")),
    ROOT / "iam_evaluation" / "README.md",
    ROOT / "policy" / "README.md",
]
CORE = ROOT / "streamgov_core"
"""Pages about the core name its modules from here, as ``domain/plan.py``."""

LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")
PATH = re.compile(r"`([\w.-]+(?:/[\w.*<>-]+)+/?)`")

NAME = re.compile(r"`((?:streamgov_|iam_evaluation|handlers)[a-z]*(?:\.\w+)+)")


def tracked_folders() -> frozenset[str]:
    """First parts of what counts as a path of the repository: its folders, and the core's."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    parts = [Path(name).parts for name in listed]
    return frozenset(
        {found[0] for found in parts if len(found) > 1}
        | {found[1] for found in parts if found[0] == CORE.name and len(found) > 2}
    )


def missing_links(page: Path, text: str) -> list[str]:
    """Relative links that lead nowhere, and anchors without a heading."""
    found = []
    for target, anchor in LINK.findall(text):
        if "://" in target:
            continue
        file = page.parent / target if target else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file.read_text())):
            found.append(f"{target}#{anchor}" if anchor else target)
    return found


def anchors(text: str) -> frozenset[str]:
    """What links can name in a page: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings)


def missing_paths(page: Path, text: str, folders: frozenset[str]) -> list[str]:
    """Paths of the repository in backticks that do not exist."""
    found = []
    for path in PATH.findall(text):
        if path.split("/", 1)[0] not in folders or "<" in path:
            continue
        bases = (ROOT, CORE, page.parent)
        if not any(any(base.glob(path.rstrip("/"))) for base in bases):
            found.append(path)
    return found


def missing_names(text: str) -> list[str]:
    """Dotted names of modules, classes and functions in backticks that do not exist."""
    return [name for name in NAME.findall(text) if not exists(name)]


def exists(name: str) -> bool:
    """Whether a dotted name is a module or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    assert missing_links(page, text) == []
    assert missing_paths(page, text, tracked_folders()) == []
    assert missing_names(text) == []


def test_a_reference_to_nothing_is_found() -> None:
    page = ROOT / "docs" / "page.md"
    assert missing_links(page, "[a](README.md) [b](nowhere.md) [c](cost.md#no-such-heading)") == [
        "nowhere.md",
        "cost.md#no-such-heading",
    ]
    assert missing_paths(page, "`bench/cost.py` `bench/nothing.py` `domain/plan.py`", tracked_folders()) == [
        "bench/nothing.py"
    ]
    assert missing_names("`handlers.apply_grant.handler` `streamgov_core.model.command.Nothing`") == [
        "streamgov_core.model.command.Nothing"
    ]
