"""The fields of a Protobuf schema."""

from __future__ import annotations

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.columns import Columns
from streamgov_core.schemas.protobuf.parser import read_protobuf
from streamgov_core.schemas.protobuf.schema_model import Message, Presence, ProtoEnum, ProtoField
from streamgov_core.schemas.protobuf.types import Foreign, Type, Types
from streamgov_core.schemas.text import TypeText, json_text
from streamgov_core.schemas.tree import Field, Tree, TreeFullError

_SHOWN = {
    "Timestamp": ("timestamp", False),
    "Duration": ("duration", False),
    "Struct": ("struct", False),
    "Value": ("any", False),
    "ListValue": ("array<any>", False),
    "Any": ("any", False),
    "Empty": ("empty", False),
    "FieldMask": ("field mask", False),
    **{
        f"{kind}Value": (kind.lower(), True)
        for kind in ("Double", "Float", "Int64", "Int32", "UInt64", "UInt32", "Bool", "String", "Bytes")
    },
}
"""Messages of the package google.protobuf: how they are shown, and whether they only make a scalar nullable."""
_PACKAGE = "google.protobuf."


def protobuf_columns(definition: str) -> Columns:
    """The columns of a Protobuf schema.

    Records are taken for the file's first message, as registries do by default, so that a message that is added changes
    nothing; messages that the first one does not hold are named in remarks. A message is a column of its own, followed
    by its fields under its path; so is the message in a repeated field or map. Members of a oneof, single messages and
    fields whose presence is explicit are nullable. Types of other files are shown by name and remarked on. A message
    that contains itself is shown once and then cut.

    Raises:
        SchemaError: the definition is no Protobuf schema; says what is wrong and where.
    """
    file = read_protobuf(definition)
    types = Types(file)
    root = types.root
    if root is None and not (file.enums or file.extends or file.imports or file.services):
        raise SchemaError("the Protobuf schema has no message")
    reader = _Reader(types)
    try:
        if root is not None:
            reader.below(root, reader.tree.root, "", (root.full_name,))
    except TreeFullError:
        pass
    except RecursionError as error:
        raise SchemaError("the Protobuf schema is nested too deeply to be read") from error
    reader.remarks(root)
    name = root.full_name if root else None
    return reader.tree.columns(name=name, description=(root.comment if root else None) or file.comment)


class _Reader:
    def __init__(self, types: Types) -> None:
        self.tree = Tree()
        self._types = types

    def below(self, message: Message, parent: Field, prefix: str, ancestors: tuple[str, ...]) -> None:
        """The fields of a message, under a column."""
        for item in self._types.fields(message):
            segment = item.name
            if segment in parent.children:  # an extension may be called like a field: its full name tells it apart
                segment = f"({item.scope}.{item.name})" if item.scope else f"({item.name})"
            path = prefix + segment
            type_ = self._types.of(item)
            label, nullable = self._label(type_, path, ancestors)
            single = not item.repeated
            is_message = isinstance(type_, Message | Foreign)
            explicit = item.features.presence is Presence.EXPLICIT or (
                is_message and item.features.presence is Presence.IMPLICIT
            )
            if item.key_type is not None:
                label = label.within(f"map<{item.key_type}, ", ">")
            elif item.repeated:
                label = label.within("array<", ">")
            inner = type_ if isinstance(type_, Message) and not _is_shown(type_) else None
            words = _words(item) or (inner.comment if inner else None)
            default = item.options.get("default")
            shown = Field(
                [label],
                single and (explicit or nullable),
                words,
                None if default is None else json_text(default),
                _aliases(item),
            )
            own = self.tree.add(parent, segment, shown)
            if inner is not None and inner.full_name not in ancestors:
                self.below(inner, own, f"{path}.", (*ancestors, inner.full_name))

    def _label(self, type_: Type, path: str, ancestors: tuple[str, ...]) -> tuple[TypeText, bool]:
        """The type as people read it, and whether it is a nullable scalar."""
        if isinstance(type_, str):
            return TypeText.of(type_), False
        if isinstance(type_, ProtoEnum):
            return TypeText.enum(name for name, _ in type_.values), False
        if isinstance(type_, Message):
            if _is_shown(type_):
                text, wraps = _SHOWN[type_.name]
                return TypeText.of(text), wraps
            cut = type_.full_name in ancestors
            return TypeText.of(f"message {type_.full_name} (recursive)" if cut else "message"), False
        if not self._types.file.imports:
            raise SchemaError(
                f"the Protobuf schema does not parse, at field {path}: there is no type {type_.full_name!r}"
            )
        self.tree.remark(f"The type {type_.full_name} of {path} is declared in another file; its fields are not shown.")
        return TypeText.of(f"{type_.full_name} (imported)"), False

    def remarks(self, root: Message | None) -> None:
        """Name what no column shows."""
        for message in self._types.others():
            names = ", ".join(item.name for item in self._types.fields(message)) or "no fields"
            first = root.full_name if root else ""
            self.tree.remark(
                f"The message {message.full_name} ({names}) is not shown: records are taken for {first}, the first "
                "message of the file."
            )
        for item in self._types.foreign_extensions:
            self.tree.remark(
                f"The extension {item.name} of {(item.extension or '').lstrip('.')} is not shown: another file "
                "declares that message."
            )
        if root is None:
            declared = [*self._types.file.enums, *self._types.file.services, *self._types.file.imports]
            self.tree.remark(f"The file declares no message; it has {', '.join(declared) or 'extensions only'}.")


def _is_shown(message: Message) -> bool:
    """Whether it is a message of google.protobuf that has a type's name of its own."""
    return message.full_name.startswith(_PACKAGE) and message.full_name[len(_PACKAGE) :] in _SHOWN


def _words(item: ProtoField) -> str | None:
    words = item.comment
    if item.oneof:
        words = f"{words} One of {item.oneof}." if words else f"One of {item.oneof}."
    if item.options.get("deprecated") is True:
        words = f"Deprecated. {words}" if words else "Deprecated."
    return words


def _aliases(item: ProtoField) -> tuple[str, ...]:
    json_name = item.options.get("json_name")
    return (json_name,) if isinstance(json_name, str) and json_name != item.name else ()
