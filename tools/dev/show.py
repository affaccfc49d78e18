"""What the walkthrough prints: steps, facts, tables, checks. Designed for a terminal, readable in a log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(-\w+)?")


def as_list(value: Any) -> list[Any]:
    """A policy element that may be one value or several, as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def short_arn(arn: str) -> str:
    """``service account resource`` without partition, region and UUIDs, for reading; other texts as they are."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return arn
    return " ".join(part for part in (parts[2], parts[4], _UUID.sub("…", parts[5])) if part)


@dataclass
class Check:
    """One statement that was tested in front of the reader."""

    step: str
    statement: str
    held: bool
    found: str


def _clipped(text: str, longest: int) -> str:
    """Long values in a table, cut with a word about how long they are."""
    text = text.strip()
    return text if len(text) <= longest else f"{text[:longest].rstrip()} … ({len(text):,} characters)"


@dataclass
class Show:
    """A printer that remembers every check.

    Args:
        console: where to print; a quiet one in tests.
    """

    console: Console = field(default_factory=lambda: Console(width=118, highlight=False, soft_wrap=False))
    checks: list[Check] = field(default_factory=list)
    _step: str = ""
    _number: int = 0
    _started: float = field(default_factory=time.monotonic)

    def step(self, title: str, who: str) -> None:
        """Begin a step of the story: what happens, and who does it."""
        self._number += 1
        self._step = title
        self.console.print()
        label = Text(f" {self._number}  {title} ", style="bold")
        label.append(f" {who} ", style="dim")
        self.console.print(Rule(label, align="left", style="cyan"))

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print()
        self.console.print(Rule(Text(f" {title} ", style="bold cyan"), characters="═", style="cyan"))

    def say(self, text: str) -> None:
        """A sentence."""
        self.console.print(Padding(Text(text), (0, 0, 0, 4)))

    def fact(self, name: str, value: object) -> None:
        """One named value."""
        line = Text(f"{name:<23} ", style="dim")
        line.append(str(value), style="")
        self.console.print(Padding(line, (0, 0, 0, 4)))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], longest: int = 180) -> None:
        """A small table; cells of more than ``longest`` characters are cut."""
        table = Table(
            title=title, title_justify="left", title_style="dim", show_edge=False, pad_edge=False, expand=False
        )
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*[_clipped(str(cell), longest) for cell in row])
        self.console.print(Padding(table, (0, 0, 0, 4)))

    def policy(self, title: str, document: object) -> None:
        """A policy document, a row a statement, or the word that stands in its place."""
        if not isinstance(document, dict):
            self.fact(title, document)
            return
        table = Table(show_edge=False, pad_edge=False, expand=False, show_lines=True, border_style="dim")
        statements = [item for item in as_list(document.get("Statement")) if isinstance(item, dict)]
        columns = ["statement", "who", "may", "on"]
        if not any("Principal" in item for item in statements):
            columns.remove("who")
        for column in columns:
            table.add_column(column, overflow="fold")
        for item in statements:
            principal = item.get("Principal", {})
            who = (
                as_list(principal.get("AWS") or principal.get("Service"))
                if isinstance(principal, dict)
                else [principal]
            )
            cells = {
                "statement": f"{item.get('Sid', '')}\n{item['Effect']}",
                "who": "\n".join(short_arn(str(part)) for part in who),
                "may": "\n".join(str(part) for part in as_list(item.get("Action"))),
                "on": "\n".join(short_arn(str(part)) for part in as_list(item.get("Resource"))),
            }
            if item.get("Condition"):
                cells["on"] += f"\nif {json.dumps(item['Condition'])}"
            table.add_row(*[cells[column] for column in columns])
        size = len(json.dumps(document, separators=(",", ":")))
        label = Text(title, style="bold")
        label.append(f"  {len(statements)} statement(s), {size} characters", style="dim")
        self.console.print(Padding(label, (1, 0, 0, 4)))
        self.console.print(Padding(table, (0, 0, 0, 4)))

    def tree(self, tree: Tree) -> None:
        """A lineage graph."""
        self.console.print(Padding(tree, (0, 0, 0, 4)))

    def check(self, statement: str, held: bool, found: str = "") -> bool:
        """Print and remember whether a statement holds; ``found`` says what was seen."""
        self.checks.append(Check(self._step, statement, held, found))
        line = Text("✔ " if held else "✘ ", style="bold green" if held else "bold red")
        line.append(statement, style="bold")
        if found:
            line.append(f"  ({found})", style="dim")
        self.console.print(Padding(line, (0, 0, 0, 4)))
        return held

    def summary(self) -> bool:
        """The end: what held, what did not. Answers whether all did."""
        failed = [item for item in self.checks if not item.held]
        self.console.print()
        self.console.print(Rule(style="cyan"))
        seconds = time.monotonic() - self._started
        if not failed:
            text = f"All {len(self.checks)} statements held, in {seconds:.0f} s."
            self.console.print(Padding(Text(text, style="bold green"), (0, 0, 0, 4)))
            return True
        text = f"{len(failed)} of {len(self.checks)} statements did NOT hold:"
        self.console.print(Padding(Text(text, style="bold red"), (0, 0, 0, 4)))
        for item in failed:
            self.console.print(Padding(Text(f"✘ {item.step}: {item.statement} ({item.found})"), (0, 0, 0, 6)))
        return False
