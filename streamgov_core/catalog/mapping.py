"""Which topic or stream a schema belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streamgov_core.model.errors import ConfigError, NotGovernedError


@dataclass(frozen=True)
class TopicMapping:
    """Schema to topic or stream.

    Args:
        rule: schema name to the name of its topic or stream; NotGovernedError if it names none.
        key: the tag or metadata key whose value, where a schema has it, comes before the rule; empty for none.
    """

    rule: Callable[[str], str]
    key: str = ""

    def __call__(self, schema: str, tags: Mapping[str, str] | None = None) -> str:
        """The topic or stream of a schema.

        Args:
            schema: the schema's name.
            tags: its tags and metadata, if they were read.

        Raises:
            NotGovernedError: nothing names it.
        """
        named = (tags or {}).get(self.key, "").strip() if self.key else ""
        return named or self.rule(schema)


def topic_mapping(rule: str) -> TopicMapping:
    """The mapping that a configuration names.

    Args:
        rule: ``same``: the schema has its topic's name. ``suffix:<text>``: the schema has its topic's name and this
            suffix, ``-value`` for example, as Python serialisers do by default. ``map:<JSON object>``: schema name to
            topic name. ``metadata:<key>``: the schema's tag or the version's metadata of that key names the topic;
            ``metadata:<key>|<rule>``: where it does not, the rule decides. Schemas for which a rule names no topic
            are passed over.

    Raises:
        ConfigError: the rule is none of these.
    """
    kind, _, rest = rule.partition(":")
    if kind == "metadata":
        key, _, other = rest.partition("|")
        if key:
            return TopicMapping(topic_mapping(other).rule if other else lambda schema: _unnamed(key), key)
    return TopicMapping(_by_name(rule))


def _by_name(rule: str) -> Callable[[str], str]:
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
    raise ConfigError(
        "topic mapping must be 'same', 'suffix:<text>', 'map:<JSON object of strings>' or 'metadata:<key>[|<rule>]', "
        f"got {rule!r}"
    )


def _without(schema: str, suffix: str) -> str:
    if not schema.endswith(suffix) or schema == suffix:
        raise NotGovernedError(f"the schema's name does not end in {suffix!r}, so no topic is known for it")
    return schema.removesuffix(suffix)


def _looked_up(schema: str, table: dict[str, str]) -> str:
    if schema not in table:
        raise NotGovernedError("the topic mapping does not name this schema")
    return table[schema]


def _unnamed(key: str) -> str:
    raise NotGovernedError(f"the schema has neither a tag nor metadata {key!r}, so no topic is known for it")
