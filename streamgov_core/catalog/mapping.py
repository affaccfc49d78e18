"""How a schema's name tells the topic or stream that it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable

from streamgov_core.errors import CatalogError, ConfigError

TopicMapping = Callable[[str], str]


def topic_mapping(rule: str) -> TopicMapping:
    """The mapping that a configuration names.

    Args:
        rule: ``same``: the schema has its topic's name. ``suffix:<text>``: the schema has its topic's name and this
            suffix, ``-value`` for example, as Python serialisers do by default. ``map:<JSON object>``: schema name to
            topic name; schemas that it does not name are failures.

    Raises:
        ConfigError: the rule is none of these.
    """
    kind, _, rest = rule.partition(":")
    if rule == "same":
        return lambda schema: schema
    if kind == "suffix" and rest:
        return lambda schema: _without(schema, rest)
    if kind == "map":
        try:
            table = json.loads(rest)
        except ValueError as error:
            raise ConfigError(f"topic mapping {rule!r} is no JSON after 'map:': {error}") from error
        if isinstance(table, dict) and all(isinstance(value, str) for value in table.values()):
            return lambda schema: _looked_up(schema, table)
    raise ConfigError(f"topic mapping must be 'same', 'suffix:<text>' or 'map:<JSON object of strings>', got {rule!r}")


def _without(schema: str, suffix: str) -> str:
    if not schema.endswith(suffix) or schema == suffix:
        raise CatalogError(f"the schema's name does not end in {suffix!r}, so that it tells no topic")
    return schema.removesuffix(suffix)


def _looked_up(schema: str, table: dict[str, str]) -> str:
    if schema not in table:
        raise CatalogError("the topic mapping does not name this schema")
    return table[schema]
