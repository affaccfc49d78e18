"""How a function's settings are written to its environment variables and read from them.

A settings dataclass writes itself (``to_environment``) and reads itself (``from_environment``): nothing else knows the
variables' names. Those that grow with a deployment are deployed in a layer (``model/settings_document.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names


class FunctionSettings(Protocol):
    """The settings of one function.

    Attributes:
        growing: names of the variables that hold lists, as JSON, of what a deployment may have any number of.
    """

    growing: ClassVar[tuple[str, ...]]

    def to_environment(self) -> dict[str, str]:
        """The variables that ``from_environment`` of the same class reads."""


def required(env: Mapping[str, str], variable: str) -> str:
    """The value of a variable that must not be empty.

    Raises:
        ConfigError: it is missing or empty.
    """
    value = env.get(variable, "")
    if not value:
        raise ConfigError(f"the function has no environment variable {variable}")
    return value


def names_to_environment(names: Names) -> dict[str, str]:
    """The variables that ``names_from_environment`` reads."""
    return {
        "STREAMGOV_NAMESPACE": names.namespace,
        "STREAMGOV_REGION": names.region,
        "STREAMGOV_PARTITION": names.partition,
    }


def names_from_environment(env: Mapping[str, str]) -> Names:
    """The names of the deployment that a function belongs to.

    Raises:
        ConfigError: a variable is missing or malformed.
    """
    return Names(
        required(env, "STREAMGOV_NAMESPACE"),
        required(env, "STREAMGOV_REGION"),
        required(env, "STREAMGOV_PARTITION"),
    )


def flag(value: bool) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def joined(items: Iterable[str]) -> str:
    """Items that hold no comma, as one variable."""
    return ",".join(items)


def split(value: str) -> tuple[str, ...]:
    """The items of ``joined``."""
    return tuple(filter(None, value.split(",")))


def compact_json(value: Any) -> str:
    """JSON without white space, in a stable order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def list_from_json(text: str) -> tuple[str, ...]:
    """A list of texts, as ``compact_json`` wrote it."""
    return tuple(json.loads(text))


def lists_from_json(text: str) -> dict[str, tuple[str, ...]]:
    """An object of lists, as ``compact_json`` wrote it."""
    return {key: tuple(value) for key, value in json.loads(text).items()}
