"""The pydantic models of the stack files, one for each mode and section, made from their shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from streamgov_pulumi.arguments.rules import Choice, Flag, Keys, Rule, Size
from streamgov_pulumi.config.shapes import Entries, Items, Leaf, Shape, Value
from streamgov_pulumi.config.stack_file import MODES

MISTAKE = "mistake"
"""The type of errors that carry their own sentence."""
NO_VALUE = "has no value: write one, or leave the key out"


class Section(BaseModel):
    """A section of a stack file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def model_of(shape: Shape) -> type[Section]:
    """The model of a section."""
    fields: dict[str, Any] = {
        setting.name: (
            type_of(setting.value),
            Field(... if setting.required else None, alias=setting.key, description=setting.text.replace("``", "`")),
        )
        for setting in shape.settings.values()
    }
    return create_model(shape.name, __base__=Section, __doc__=shape.text.replace("``", "`"), **fields)


@cache
def stack_model(mode: str) -> type[Section]:
    """The model of a whole stack file in a mode."""
    return model_of(MODES[mode].shape)


def type_of(value: Value) -> Any:
    """A value's type, as pydantic reads it."""
    if isinstance(value, Leaf):
        return Annotated[
            value.type, PlainValidator(_checked(value.rule.mistake)), WithJsonSchema(leaf_schema(value.rule))
        ]
    if isinstance(value, Items):
        size = value.size or Size(0, None, "")
        bounds = Field(min_length=size.least or None, max_length=size.most)
        return Annotated[list[type_of(value.item)], BeforeValidator(_checked(_list_mistake(value))), bounds]  # type: ignore[misc]
    if isinstance(value, Entries):
        key: Any = str
        if value.keys is not None:
            rule = value.keys.rule
            key = Annotated[str, PlainValidator(_checked(rule.mistake)), WithJsonSchema(leaf_schema(rule))]
        entries: Any = dict.__class_getitem__((key, type_of(value.item)))
        return Annotated[entries, BeforeValidator(_checked(_map_mistake(value.keys)))]
    return Annotated[model_of(value.shape), BeforeValidator(_checked(_map_mistake(None)))]


def leaf_schema(rule: Rule) -> dict[str, Any]:
    """The JSON schema of one value."""
    if isinstance(rule, Flag):
        return {"type": "boolean"}
    if isinstance(rule, Choice):
        kind = "string" if isinstance(rule.values[0], str) else "integer"
        return {"type": kind, "enum": list(rule.values)}
    made: dict[str, Any] = {"type": "string"}
    if rule.pattern:
        # JSON schema searches with ECMAScript's syntax; ours match the whole text.
        made["pattern"] = f"^(?:{rule.pattern})$"
    if rule.example:
        made["examples"] = [rule.example]
    return made


def expected_of(value: Value) -> str:
    """What a value must be, for a sentence that says that it is missing; empty if its name says it."""
    if isinstance(value, Leaf):
        return value.rule.expected
    if isinstance(value, Items):
        return value.size.expected if value.size else _list_expected(value)
    return ""


def _checked(mistake: Callable[[Any], str]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        text = NO_VALUE if value is None else mistake(value)
        if text:
            raise PydanticCustomError(MISTAKE, "{text}", {"text": text})
        return value

    return check


def _list_expected(value: Items) -> str:
    inner = expected_of(value.item)
    return f"must be a list; each item {inner}" if inner else "must be a list"


def _list_mistake(value: Items) -> Callable[[Any], str]:
    def mistake(found: Any) -> str:
        if found == "":  # what the engine makes of a top-level key without a value
            return NO_VALUE
        if not isinstance(found, list):
            return f"{expected_of(value) if value.size else _list_expected(value)}, got {found!r}"
        return value.size.mistake(found) if value.size else ""

    return mistake


def _map_mistake(keys: Keys | None) -> Callable[[Any], str]:
    expected = f"must be {keys.expected}" if keys else "must be a map"

    def mistake(found: Any) -> str:
        if found == "":  # what the engine makes of a top-level key without a value
            return NO_VALUE
        return "" if isinstance(found, Mapping) else f"{expected}, got {found!r}"

    return mistake


class StackSchema(GenerateJsonSchema):
    """JSON schemas without titles, and with the patterns of keys as ``propertyNames``."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: a title would repeat the key."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """The schema of a section."""
        made = super().model_schema(schema)
        made.pop("title", None)
        return made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema of a value that may be left out; what it is then its description says."""
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """The schema of a map with keys of the user's own."""
        made: dict[str, Any] = {"type": "object", "additionalProperties": self.generate_inner(schema["values_schema"])}
        keys = self.generate_inner(schema["keys_schema"])
        if "pattern" in keys:
            made["propertyNames"] = {"pattern": keys["pattern"]}
        return made
