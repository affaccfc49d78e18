"""Reading and judging schemas: seconds at the size that the registry takes, and what becomes of public files.

The files are those that the development environment holds (``.proto`` of Google's packages, meta-schemas, Avro's own),
and those below the folders that ``STREAMGOV_SCHEMAS`` names (separated as in PATH): a checkout of SchemaStore, say.
"""

from __future__ import annotations

import json
import os
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.common import table
from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas import columns_of
from streamgov_core.schemas.answers import VerdictKind
from streamgov_core.schemas.compatibility import compare

SIZE = 170_000
"""Characters: the registry's limit of a schema definition."""
FORMATS = {".avsc": "AVRO", ".json": "JSON", ".proto": "PROTOBUF"}
ENDING = {name: ending for ending, name in FORMATS.items()}


def large(data_format: str, extra: int = 0) -> str:
    """A schema of about SIZE characters.

    Args:
        data_format: AVRO, JSON or PROTOBUF.
        extra: optional fields more.
    """
    one = {"AVRO": _avro_field, "JSON": _json_field, "PROTOBUF": _protobuf_field}[data_format]
    count = SIZE // (len(one(1000)) + 2)
    fields = [one(number) for number in range(count + extra)]
    if data_format == "AVRO":
        return f'{{"type": "record", "name": "R", "fields": [{", ".join(fields)}]}}'
    if data_format == "JSON":
        return f'{{"type": "object", "properties": {{{", ".join(fields)}}}}}'
    return 'syntax = "proto3";\nmessage R {\n' + "\n".join(fields) + "\n}\n"


def _avro_field(number: int) -> str:
    shape = {"name": f"field_{number}", "type": ["null", "string"], "default": None, "doc": "What it means"}
    return json.dumps(shape)


def _json_field(number: int) -> str:
    shape = {"type": ["string", "null"], "maxLength": 20, "description": "What it means"}
    return f'"field_{number}": {json.dumps(shape)}'


def _protobuf_field(number: int) -> str:
    # 19000 to 19999 are reserved for the implementation; fields beyond are far fewer than that here.
    return f"  optional string field_{number} = {number + 1}; // What it means"


def _seconds(act: Callable[[], Any]) -> float:
    began = time.process_time()
    act()
    return round(time.process_time() - began, 2)


def speed() -> list[dict[str, Any]]:
    """CPU seconds to read a schema of SIZE characters, and to judge a version with a field more."""
    found = []
    for data_format in ENDING:
        old, new = large(data_format), large(data_format, 1)
        found.append(
            {
                "format": data_format,
                "characters": len(old),
                "read": _seconds(lambda old=old, kind=data_format: columns_of(old, kind)),  # type: ignore[misc]
                "judged": _seconds(
                    lambda old=old, new=new, kind=data_format: compare(old, new, kind, "FULL", 1)  # type: ignore[misc]
                ),
            }
        )
    return found


def folders() -> list[Path]:
    """Where public files are looked for."""
    named = [Path(item) for item in os.environ.get("STREAMGOV_SCHEMAS", "").split(os.pathsep) if item]
    site = Path(sysconfig.get_paths()["purelib"])
    return [*named, *(site / name for name in ("avro", "grpc_tools", "google", "jsonschema_specifications"))]


def files() -> Iterator[tuple[str, str]]:
    """Format and text of each schema file."""
    for folder in folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix not in FORMATS or not path.is_file():
                continue
            text = path.read_text(errors="replace")
            if path.suffix == ".json" and not any(word in text for word in ('"$schema"', '"properties"', '"$ref"')):
                continue  # data, no schema
            yield FORMATS[path.suffix], text


def outcome(data_format: str, text: str) -> Iterator[str]:
    """What becomes of one file."""
    try:
        columns = columns_of(text, data_format)
    except SchemaError:
        yield "refused"
        return
    yield "with remarks" if columns.remarks else "read whole"
    verdict = compare(text, text, data_format, "BACKWARD", 1)
    answer = verdict.new_reads_old.answer
    yield {
        VerdictKind.COMPATIBLE: "same as itself",
        VerdictKind.BREAKING: "WRONG: breaks itself",
    }.get(answer, "not decided")


def public() -> list[dict[str, Any]]:
    """Public files by format: how many are refused, shown whole or with a remark, and how judged with itself."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in ENDING}
    for data_format, text in files():
        counted[data_format].update(["files", *outcome(data_format, text)])
    return [{"format": name, **found} for name, found in counted.items()]


def main(arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Print both tables. There are no arguments."""
    fast, read = speed(), public()
    print(table([*fast[0]], [[*row.values()] for row in fast]))
    head = ("files", "refused", "read whole", "with remarks", "same as itself", "not decided", "WRONG: breaks itself")
    print("\n" + table(("format", *head), [[row["format"], *(row.get(name, 0) for name in head)] for row in read]))
    return {"speed": fast, "files": read, "folders": [str(folder) for folder in folders()]}
