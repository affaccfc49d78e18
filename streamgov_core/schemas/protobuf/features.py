"""Features of editions: what decides presence and wire form, from the file's options down to the field's.

The defaults of proto2, proto3 and the editions are those of the Protobuf guide, "Feature Settings for Editions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from streamgov_core.schemas.protobuf.schema_model import Features, FieldLabel, Options, Presence, ProtoField, ProtoFile

_DEFAULTS = {
    "proto2": Features(Presence.EXPLICIT, open_enums=False, packed=False, check_utf8=False),
    "proto3": Features(Presence.IMPLICIT),
}
_EDITION = Features()
_PRESENCE = {"EXPLICIT": Presence.EXPLICIT, "IMPLICIT": Presence.IMPLICIT, "LEGACY_REQUIRED": Presence.REQUIRED}
_SETTINGS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "field_presence": lambda word: {"presence": _PRESENCE[word]} if word in _PRESENCE else {},
    "enum_type": lambda word: {"open_enums": word != "CLOSED"},
    "repeated_field_encoding": lambda word: {"packed": word != "EXPANDED"},
    "message_encoding": lambda word: {"delimited": word == "DELIMITED"},
    "utf8_validation": lambda word: {"check_utf8": word != "NONE"},
}
_PAIR = re.compile(r"([a-z0-9_]+)\s*:\s*([A-Z0-9_]+)")


def resolve_features(file: ProtoFile) -> None:
    """Give each message, enum and field of a file its features."""
    file.features = _changed(_DEFAULTS.get(file.syntax, _EDITION), file.options)
    for message in file.messages.values():  # a message stands before those within it
        outer = file.messages[message.parent].features if message.parent else file.features
        message.features = _changed(outer, message.options)
        for field in message.fields:
            field.features = _of_field(field, message.features)
    for enum in file.enums.values():
        outer = file.messages[enum.parent].features if enum.parent else file.features
        enum.features = _changed(outer, enum.options)
    for field in file.extends:
        scope = file.messages.get(field.scope)
        features = _of_field(field, scope.features if scope else file.features)
        required = features.presence is Presence.REQUIRED
        field.features = features if required else replace(features, presence=Presence.EXPLICIT)


def _of_field(field: ProtoField, outer: Features) -> Features:
    features = _changed(outer, field.options)
    if field.label is FieldLabel.REQUIRED:
        features = replace(features, presence=Presence.REQUIRED)
    elif field.label is FieldLabel.OPTIONAL or field.oneof is not None:
        features = replace(features, presence=Presence.EXPLICIT)
    if isinstance(packed := field.options.get("packed"), bool):
        features = replace(features, packed=packed)
    return replace(features, delimited=True) if field.group else features


def _changed(outer: Features, options: Options) -> Features:
    changes: dict[str, Any] = {}
    for name, value in options.items():
        if name == "features" and isinstance(value, str):
            for key, word in _PAIR.findall(value):
                changes |= _SETTINGS[key](word) if key in _SETTINGS else {}
        elif name.startswith("features.") and name[9:] in _SETTINGS:
            changes |= _SETTINGS[name[9:]](str(value))
    return replace(outer, **changes) if changes else outer
