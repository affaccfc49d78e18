"""Write docs/unverified.md: every assumption about AWS, gathered from the code's own marks, and what AWS has answered.

A mark is ``UNVERIFIED[probe-id]`` (or several ids, separated by commas) in a comment or docstring; its text ends with
its paragraph. The ids name probes of `contracts`, and `contracts/results.json` holds AWS's answers. Run
`python -m tools.docs.unverified` after changing any of them; a test holds the file against the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from contracts.probe import all_probes
from contracts.results import load, state

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "unverified.md"
PACKAGES = (
    "streamgov_core", "streamgov_pulumi", "streamgov_ops", "streamgov_samples", "handlers", "iam_evaluation",
    "emulator/aws_emulator",
)  # fmt: skip
_WORD = "UNVERIFIED"
_IDS = re.compile(rf"{_WORD}\[([a-z0-9, -]+)\]")
_COLUMNS = "| where | what | probe | state |\n| --- | --- | --- | --- |"
_HEAD = """# What nobody could verify

Assumptions about AWS that no documentation settles and that could not be tried: this project was built without an AWS
account. Each is marked `UNVERIFIED[probe]` where the code depends on it; this page is gathered from those marks and
from AWS's answers (`python -m tools.docs.unverified`). Where the product depends on one, it takes the safer reading and
has a fallback.

Each mark names a probe, a small script that asks AWS itself: `streamgov contracts --against aws --profile …`
([the command](command.md), [how probes work](../contracts/README.md)). Whoever has an account for it can turn marks
into facts.

"""


@dataclass(frozen=True)
class Mark:
    """A mark in a source file.

    Attributes:
        text: its sentences.
        probes: the ids that it names.
    """

    text: str
    probes: tuple[str, ...]


def marks(text: str) -> list[Mark]:
    """The paragraph around each mark in a source file: a block of comments, a docstring's paragraph, or one line."""
    lines = text.splitlines()
    found: list[Mark] = []
    for index, line in enumerate(lines):
        if _WORD not in line or f"`{_WORD}`" in line:
            continue
        paragraph = " ".join(_plain(lines[at]) for at in _block(lines, index))
        sentences = _sentences(paragraph)
        probes = tuple(name.strip() for ids in _IDS.findall(sentences) for name in ids.split(","))
        mark = Mark(_IDS.sub(_WORD, sentences).removeprefix(f"{_WORD}: "), probes)
        if mark not in found:
            found.append(mark)
    return found


def every_mark() -> dict[str, list[Mark]]:
    """The marks of every source file that has one, by the file's path in the checkout."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if listed := marks(path.read_text()):
                found[str(path.relative_to(ROOT))] = listed
    return found


def _block(lines: list[str], index: int) -> range:
    """The line numbers of the paragraph that a line belongs to."""

    def same(at: int) -> bool:
        if not 0 <= at < len(lines):
            return False
        return lines[at].strip().startswith("#") if comment else _is_prose(lines[at])

    comment = lines[index].strip().startswith("#")
    if not comment and "#" in lines[index]:
        return range(index, index + 1)
    first = last = index
    while same(first - 1) and not lines[first].strip().startswith('"""'):
        first -= 1
    while same(last + 1) and not lines[last].rstrip().endswith('"""'):
        last += 1
    return range(first, last + 1)


def _is_prose(line: str) -> bool:
    plain = line.strip()
    if not plain or plain.startswith(("#", "@", "def ", "class ", "return ", "if ", "from ", "import ", ")", "}", "]")):
        return False
    return not re.match(r"[\w.]+(: [\w\[\], |.]+)? = |[\w.]+\(.*\)$", plain)


def _plain(line: str) -> str:
    text = line.strip()
    if "#" in text and not text.startswith("#"):
        text = text.split("#", 1)[1]
    return re.sub(r"\s+", " ", text.strip('#" ').strip())


def _sentences(paragraph: str) -> str:
    """From the paragraph, the sentences that carry a mark and the one before, if the mark stands alone."""
    parts = re.split(r"(?<=[.!?]) (?=[A-Z(`])", paragraph)
    at = next(index for index, part in enumerate(parts) if _WORD in part)
    chosen = parts[at:] if len(_IDS.sub("", parts[at])) > 40 or at == 0 else parts[at - 1 :]
    return " ".join(chosen[:3]).strip()


def page() -> str:
    """The whole page."""
    known, results, found = all_probes(), load(), every_mark()
    states = {name: state(probe, results) for name, probe in known.items()}
    verified = sum(words.startswith("verified") for words in states.values())
    differing = sum(words.startswith("AWS differs") for words in states.values())
    parts = [_HEAD]
    parts.append(
        f"{sum(map(len, found.values()))} marks, {len(known)} probes; AWS has confirmed {verified} of them and differs "
        f"in {differing}.\n\n"
    )
    for package in PACKAGES:
        of_package = [(path, listed) for path, listed in found.items() if path.startswith(f"{package}/")]
        rows = [_row(path, mark, states) for path, listed in of_package for mark in listed]
        if rows:
            parts.append(f"## {package}\n\n{_COLUMNS}\n" + "\n".join(rows) + "\n\n")
    return "".join(parts).rstrip() + "\n"


def _row(path: str, mark: Mark, states: dict[str, str]) -> str:
    said = "; ".join(sorted({states.get(name, "no such probe") for name in mark.probes}))
    cells = (f"`{path}`", mark.text, ", ".join(f"`{name}`" for name in mark.probes), said)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    OUT.write_text(page())
