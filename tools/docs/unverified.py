"""Write docs/unverified.md: every assumption about AWS that nobody could verify, gathered from the code's own marks.

A mark is a comment or docstring sentence that begins with UNVERIFIED; it ends with its paragraph. Run
`python -m tools.docs.unverified` after changing one; a test holds the file against the code.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "unverified.md"
PACKAGES = (
    "streamgov_core", "streamgov_pulumi", "streamgov_ops", "streamgov_samples", "handlers", "iam_evaluation",
    "emulator/aws_emulator",
)  # fmt: skip
_HEAD = """# What nobody could verify

Assumptions about AWS that no documentation settles and that could not be tried: this project was built without an AWS
account. Each is marked `UNVERIFIED` where the code depends on it; this page is gathered from those marks
(`python -m tools.docs.unverified`). Where the product depends on one, it takes the safer reading and has a fallback.

"""


def marks(text: str) -> list[str]:
    """The paragraph around each mark in a source file: a block of comments, a docstring's paragraph, or one line."""
    lines = text.splitlines()
    found: list[str] = []
    for index, line in enumerate(lines):
        if "UNVERIFIED" not in line or "`UNVERIFIED`" in line:
            continue
        sentence = _sentences(" ".join(_plain(lines[at]) for at in _block(lines, index)))
        if sentence not in found:
            found.append(sentence)
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
    at = next(index for index, part in enumerate(parts) if "UNVERIFIED" in part)
    chosen = parts[at:] if len(parts[at]) > 40 or at == 0 else parts[at - 1 :]
    return " ".join(chosen[:3]).strip()


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for package in PACKAGES:
        rows = []
        for path in sorted((ROOT / package).rglob("*.py")):
            for sentence in marks(path.read_text()):
                text = sentence.replace("|", "\\|")
                rows.append(f"| `{path.relative_to(ROOT)}` | {text} |")
        if rows:
            parts.append(f"## {package}\n\n| where | what |\n| --- | --- |\n" + "\n".join(rows) + "\n\n")
    return "".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    OUT.write_text(page())
