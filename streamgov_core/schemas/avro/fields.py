"""The fields of an Avro schema."""

from __future__ import annotations

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas.avro.reading import read_avro
from streamgov_core.schemas.avro.schema_model import Array, Enum, Fixed, Logical, Map, Record, Schema, Union, branches
from streamgov_core.schemas.columns import Columns
from streamgov_core.schemas.text import TypeText, choice, json_text, quoted
from streamgov_core.schemas.tree import Field, Tree, TreeFullError

_RECORD = TypeText.of("record")


def avro_columns(definition: str) -> Columns:
    """The columns of an Avro schema.

    A nested record is a column of its own, followed by its fields under its path; so are the records in arrays, maps
    and unions at any depth. A union with null is a nullable column. Several records of one field are told apart by
    their names in the path. A type that contains itself is shown once and then cut.

    Raises:
        SchemaError: the definition is no Avro schema; says what is wrong and at which field.
    """
    schema = read_avro(definition)
    reader = _Reader()
    try:
        reader.root(schema)
    except TreeFullError:
        pass
    except RecursionError as error:
        raise SchemaError("the Avro schema is nested too deeply to be read") from error
    name = schema.full_name if isinstance(schema, Record | Enum | Fixed) else None
    return reader.tree.columns(name=name, description=schema.doc)


class _Reader:
    def __init__(self) -> None:
        self.tree = Tree()

    def root(self, schema: Schema) -> None:
        """The whole schema."""
        found, nullable = branches(schema)
        records = [branch for branch in found if isinstance(branch, Record)]
        if isinstance(schema, Record):
            self._fields(schema, self.tree.root, (schema.full_name,))
        elif isinstance(schema, Union) and found and len(records) == len(found):
            for record, name in zip(records, _names(records), strict=True):
                shown = Field([_RECORD], nullable or len(records) > 1, record.doc)
                below = self.tree.add(self.tree.root, name, shown)
                self._fields(record, below, (record.full_name,))
        else:
            self._column(self.tree.root, "value", schema, (), Field(description=schema.doc))

    def _fields(self, record: Record, parent: Field, ancestors: tuple[str, ...]) -> None:
        for field in record.fields:
            default = json_text(field.default) if field.has_default and field.default is not None else None
            shown = Field(description=field.doc, default=default, aliases=field.aliases)
            self._column(parent, quoted(field.name), field.type, ancestors, shown)

    def _column(self, parent: Field, segment: str, schema: Schema, ancestors: tuple[str, ...], shown: Field) -> None:
        """The column of one field, and those below it."""
        found, shown.nullable = branches(schema)
        if shown.description is None and len(found) == 1:
            shown.description = found[0].doc
        records: dict[str, Record] = {}
        for branch in found:
            _collect_records(branch, records)
        names = dict(zip(records, _names(list(records.values())), strict=True))
        shown.types = [_label(branch, ancestors, names) for branch in found]
        own = self.tree.add(parent, segment, shown)
        for full_name, record in records.items():
            if full_name not in ancestors:
                below = own
                if len(records) > 1:
                    below = self.tree.add(own, names[full_name], Field(segment_only=True))
                self._fields(record, below, (*ancestors, full_name))


def _collect_records(schema: Schema, found: dict[str, Record]) -> None:
    """The records that a value holds, in arrays, maps and unions at any depth, by full name."""
    if isinstance(schema, Array):
        _collect_records(schema.items, found)
    elif isinstance(schema, Map):
        _collect_records(schema.values, found)
    elif isinstance(schema, Union):
        for branch in schema.branches:
            _collect_records(branch, found)
    elif isinstance(schema, Record):
        found.setdefault(schema.full_name, schema)


def _names(records: list[Record]) -> list[str]:
    """Short names of records, full ones where two are equal."""
    short = [record.name for record in records]
    return [record.full_name if short.count(record.name) > 1 else record.name for record in records]


def _label(schema: Schema, ancestors: tuple[str, ...], names: dict[str, str]) -> TypeText:
    """The type as people read it; records by ``names`` if there are several."""
    if isinstance(schema, Array):
        return _label(schema.items, ancestors, names).within("array<", ">")
    if isinstance(schema, Map):
        return _label(schema.values, ancestors, names).within("map<", ">")
    if isinstance(schema, Union):
        return choice([_label(branch, ancestors, names) for branch in schema.branches], "null")
    if isinstance(schema, Record):
        if schema.full_name in ancestors:
            return TypeText.of(f"record {schema.full_name} (recursive)")
        return _RECORD if len(names) == 1 else TypeText.of(f"record {names[schema.full_name]}")
    if isinstance(schema, Enum):
        return TypeText.enum(schema.symbols)
    if schema.logical is not None and schema.logical.standard:
        return TypeText.of(_logical(schema.logical))
    return TypeText.of(f"fixed({schema.size})" if isinstance(schema, Fixed) else schema.type)


def _logical(logical: Logical) -> str:
    return f"decimal({logical.precision},{logical.scale})" if logical.name == "decimal" else logical.name
