"""What the walkthrough prints: steps, facts, tables, checks. Designed for a terminal, readable in a log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.json import JSON
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree


@dataclass
class Check:
    """One statement that was tested in front of the reader."""

    step: str
    statement: str
    held: bool
    found: str


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

    def say(self, text: str) -> None:
        """A sentence."""
        self.console.print(Padding(Text(text), (0, 0, 0, 4)))

    def fact(self, name: str, value: object) -> None:
        """One named value."""
        line = Text(f"{name:<24}", style="dim")
        line.append(str(value), style="")
        self.console.print(Padding(line, (0, 0, 0, 4)))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A small table."""
        table = Table(
            title=title, title_justify="left", title_style="dim", show_edge=False, pad_edge=False, expand=False
        )
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*[str(cell) for cell in row])
        self.console.print(Padding(table, (0, 0, 0, 4)))

    def document(self, title: str, document: object) -> None:
        """A policy document, or what stands in its place."""
        body: Text | JSON
        body = (
            Text(str(document), style="dim")
            if not isinstance(document, dict | list)
            else JSON(json.dumps(document), indent=1)
        )
        panel = Panel(body, title=title, title_align="left", border_style="dim", expand=False)
        self.console.print(Padding(panel, (0, 0, 0, 4)))

    def tree(self, tree: Tree) -> None:
        """A lineage graph."""
        self.console.print(Padding(tree, (0, 0, 0, 4)))

    def check(self, statement: str, held: bool, found: str = "") -> bool:
        """Print and remember whether a statement holds; ``found`` says what was seen."""
        self.checks.append(Check(self._step, statement, held, found))
        line = Text("✔ " if held else "✘ ", style="bold green" if held else "bold red")
        line.append(statement)
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
