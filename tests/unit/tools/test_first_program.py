"""docs/first-program.md shows the example that is deployed by a test, whole and in its order."""

from __future__ import annotations

import re

from tools.dev.workspace import ROOT


def test_the_page_is_the_program() -> None:
    page = (ROOT / "docs" / "first-program.md").read_text()
    program = (ROOT / "examples" / "python" / "one-program" / "__main__.py").read_text()
    shown = re.findall(r"```python\n(.*?)\n```", page, re.S)
    body = program.split('"""\n', 1)[1]
    assert len(shown) == 6
    assert "\n".join(shown).split() == body.split()


def test_examples_import_no_internals() -> None:
    """A program that was copied goes on working when the inside changes."""
    allowed = {"json", "typing", "pulumi", "pulumi_aws", "streamgov_pulumi"}
    for path in (ROOT / "examples" / "python").rglob("*.py"):
        assert set(re.findall(r"^(?:from|import) ([\w.]+)", path.read_text(), re.M)) <= allowed, path
