"""Between protobuf structs and Python values: secrets unwrapped, archives recognised, unknowns kept."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2

from aws_emulator.pulumi_aws.model import UNKNOWN, Archive, Autoname, PluginError

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The struct as plain Python; whole numbers become int."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _from_object({key: _from_value(item) for key, item in value.struct_value.fields.items()})
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return value.string_value
    return value.bool_value if kind == "bool_value" else None


def _from_object(item: dict[str, Any]) -> Any:
    signature = item.get(_SIGNATURE)
    if signature is None:
        return item
    if signature in {_SECRET, _OUTPUT}:
        # An output without a value is one that is not known yet.
        return item.get("value", UNKNOWN)
    if signature == _REFERENCE:
        return item.get("id") or item.get("urn")
    if signature == _ARCHIVE:
        return Archive(str(item.get("path") or ""), str(item.get("hash") or ""), _texts(item.get("assets") or {}))
    if signature == _ASSET:
        # No type that is served takes one by itself; without a path or a name, the check refuses it.
        return Archive("", str(item.get("hash") or ""), {"": item["text"]} if "text" in item else {})
    raise PluginError(f"a value with the unknown signature {signature} was passed")


def _texts(assets: dict[str, Any]) -> dict[str, str]:
    """The texts of an archive of texts (StringAsset); nothing if it holds anything else, which the check refuses."""
    found = {name: item.texts.get("") for name, item in assets.items() if isinstance(item, Archive)}
    texts = {name: text for name, text in found.items() if text is not None}
    return texts if len(texts) == len(assets) else {}


def secret_names(*structs: struct_pb2.Struct) -> frozenset[str]:
    """The properties that are secret, or hold a secret anywhere."""
    return frozenset(key for struct in structs for key, value in struct.fields.items() if _has_secret(value))


def _has_secret(value: struct_pb2.Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return any(_has_secret(item) for item in value.list_value.values)
    if kind != "struct_value":
        return False
    fields = value.struct_value.fields
    if _SIGNATURE in fields:
        signature = fields[_SIGNATURE].string_value
        if signature == _SECRET or (signature == _OUTPUT and fields["secret"].bool_value):
            return True
    return any(_has_secret(item) for item in fields.values())


def to_struct(values: dict[str, Any], secrets: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """Plain Python as a struct; None is left out, archives keep their signature.

    Args:
        values: what to say.
        secrets: the names whose values are secrets.
    """
    struct = struct_pb2.Struct()
    for key, value in values.items():
        if value is None:
            continue
        said = _to_value(value)
        if key in secrets:
            wrapped = struct_pb2.Struct(fields={_SIGNATURE: struct_pb2.Value(string_value=_SECRET), "value": said})
            said = struct_pb2.Value(struct_value=wrapped)
        struct.fields[key].CopyFrom(said)
    return struct


def _to_value(value: Any) -> struct_pb2.Value:
    if isinstance(value, Archive):
        value = _archive_value(value)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, dict):
        return struct_pb2.Value(struct_value=to_struct(value))
    if isinstance(value, list | tuple):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(item) for item in value]))
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    return struct_pb2.Value(string_value=str(value))


def _archive_value(archive: Archive) -> dict[str, Any]:
    said: dict[str, Any] = {_SIGNATURE: _ARCHIVE, "hash": archive.content_hash}
    if not archive.texts:
        return {**said, "path": archive.path}
    assets = {
        name: {_SIGNATURE: _ASSET, "hash": hashlib.sha256(text.encode()).hexdigest(), "text": text}
        for name, text in archive.texts.items()
    }
    return {**said, "assets": assets}


def archive_bytes(archive: Archive) -> bytes:
    """The archive as a zip file: the file itself, a folder packed, or texts packed.

    Raises:
        PluginError: there is nothing at its path.
    """
    if archive.texts:
        return _packed({name: text.encode() for name, text in archive.texts.items()})
    path = Path(archive.path)
    if path.is_file():
        return path.read_bytes()
    if path.is_dir():
        files = [item for item in path.rglob("*") if item.is_file()]
        return _packed({item.relative_to(path).as_posix(): item.read_bytes() for item in files})
    raise PluginError(f"there is no archive at {archive.path!r}")


def _packed(members: dict[str, bytes]) -> bytes:
    """A zip file that is the same for the same members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content in sorted(members.items()):
            target.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def autoname(rule: Autoname, logical_name: str, seed: bytes) -> str:
    """``<logical name>-<7 hex>`` as Pulumi's autonaming, the same for the same seed."""
    suffix = hashlib.sha256(seed + logical_name.encode()).hexdigest()[:7]
    room = rule.longest - len(rule.prefix) - len(suffix) - 1
    name = f"{rule.prefix}{logical_name[:room]}-{suffix}"
    return name.lower() if rule.lower else name
