"""Reading nested configuration: every mistake is collected, with its path and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from streamgov_core.model.errors import ConfigError

ACCOUNT = re.compile(r"\d{12}")
ROLE_ARN = re.compile(r"arn:aws(|-cn|-us-gov):iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
DOMAIN_ID = re.compile(r"dzd[-_][a-zA-Z0-9_-]{1,36}")
OBJECT_ID = re.compile(r"[a-zA-Z0-9_-]{1,36}")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
SCHEDULE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)|cron\([^)]+\)")
SCHEDULE_TEXT = "must be an EventBridge schedule such as 'rate(1 hour)'"
WORD = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, text: str) -> None:
        """Record a mistake at a path such as ``members[0].access.account``."""
        self.found.append(f"{path}: {text}")

    def check(self) -> None:
        """Raise if there is any.

        Raises:
            ConfigError: all mistakes, one a line.
        """
        if self.found:
            lines = "\n  ".join(self.found)
            raise ConfigError(f"the stack's configuration (streamgov:…) has {len(self.found)} mistake(s):\n  {lines}")


class Section:
    """One map of the configuration.

    Args:
        values: the map.
        path: where it is, for messages; empty for the top.
        problems: where mistakes go.
        keys: the keys that may occur.
    """

    def __init__(self, values: Any, path: str, problems: Problems, keys: Iterable[str]) -> None:
        self.path = path
        self.problems = problems
        self.values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}
        if not isinstance(values, Mapping):
            problems.add(path, f"must be a map, got {values!r}")
        allowed = sorted(keys)
        for key in sorted(set(self.values) - set(allowed)):
            close = difflib.get_close_matches(key, allowed, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(allowed)}"
            problems.add(self.at(key), f"is unknown; {hint}")

    def at(self, key: str) -> str:
        """The path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self.values.get(key) is not None

    def wrong(self, key: str, expected: str) -> None:
        """Record that a key's value is not what it must be."""
        self.problems.add(self.at(key), f"{expected}, got {self.values.get(key)!r}")

    def text(self, key: str, pattern: re.Pattern[str] | None, expected: str, *, required: bool = False) -> str | None:
        """A string that matches the whole pattern; None if it is absent or wrong."""
        if not self.has(key):
            if required:
                self.problems.add(self.at(key), f"is required: {expected}")
            return None
        value = self.values[key]
        if isinstance(value, int) and not isinstance(value, bool) and pattern is ACCOUNT:
            # YAML reads an unquoted account id as a number, and drops leading zeros.
            self.problems.add(self.at(key), f"{expected}; put it in quotes, got {value!r}")
            return None
        if not isinstance(value, str) or (pattern is not None and not pattern.fullmatch(value)):
            self.wrong(key, expected)
            return None
        return value

    def flag(self, key: str) -> bool | None:
        """True or false; None if it is absent or wrong."""
        if not self.has(key):
            return None
        value = self.values[key]
        if not isinstance(value, bool):
            self.wrong(key, "must be true or false")
            return None
        return value

    def number(self, key: str, choices: Iterable[int]) -> int | None:
        """One of the numbers; None if it is absent or wrong."""
        if not self.has(key):
            return None
        value, allowed = self.values[key], list(choices)
        if isinstance(value, bool) or value not in allowed:
            self.wrong(key, f"must be one of {', '.join(map(str, allowed))}")
            return None
        return int(value)

    def choice(self, key: str, choices: Iterable[str]) -> str | None:
        """One of the words; None if it is absent or wrong."""
        allowed = sorted(choices)
        return self.text(key, re.compile("|".join(map(re.escape, allowed))), f"must be one of {', '.join(allowed)}")

    def texts(self, key: str, pattern: re.Pattern[str], expected: str, *, required: bool = False) -> list[str]:
        """A list of strings that each match the pattern."""
        if not self.has(key):
            if required:
                self.problems.add(self.at(key), f"is required: {expected}")
            return []
        value = self.values[key]
        if not isinstance(value, list):
            self.wrong(key, f"must be a list; each item {expected}")
            return []
        for index, item in enumerate(value):
            if not isinstance(item, str) or not pattern.fullmatch(item):
                self.problems.add(f"{self.at(key)}[{index}]", f"{expected}, got {item!r}")
        return [str(item) for item in value]

    def text_map(self, key: str) -> dict[str, str]:
        """A map of strings."""
        if not self.has(key):
            return {}
        value = self.values[key]
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
            self.wrong(key, "must be a map of strings")
            return {}
        return dict(value)

    def section(self, key: str, keys: Iterable[str], *, required: bool = False) -> Section | None:
        """A map inside this one."""
        if not self.has(key):
            if required:
                self.problems.add(self.at(key), "is required")
            return None
        return Section(self.values[key], self.at(key), self.problems, keys)

    def each(self, key: str, read: Callable[[Any, str], Any]) -> dict[str, Any]:
        """A map of words to maps, each read by ``read(value, path)``."""
        value = self.values.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(key, "must be a map from a word of yours to its settings")
            return {}
        made = {}
        for word, item in value.items():
            if not isinstance(word, str) or not WORD.fullmatch(word):
                self.problems.add(
                    f"{self.at(key)}.{word}", "the word must be a-z, 0-9 and '-', beginning with a letter"
                )
            made[str(word)] = read(item, f"{self.at(key)}.{word}")
        return made
