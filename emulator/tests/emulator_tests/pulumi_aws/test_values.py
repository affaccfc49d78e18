"""Between the engine's wire format and Python. No emulator."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from google.protobuf import struct_pb2

from aws_emulator.pulumi_aws import values
from aws_emulator.pulumi_aws.model import UNKNOWN, Archive, Autoname, PluginError, has_unknown

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET = "c44067f5952c0a294b673a41bacd8c17"


def wire(value: object) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update({"v": value})
    return struct


@pytest.mark.parametrize("value", ["x", 3, 2.5, True, ["a", {"b": 1}], {"a": {"b": ["c"]}}, "", 0, False, [], {}])
def test_plain_values_travel_both_ways(value: object) -> None:
    back = values.from_struct(values.to_struct({"v": value}))["v"]
    assert back == value
    assert type(back) is type(value)


def test_nothing_is_left_out_at_the_top() -> None:
    assert values.from_struct(values.to_struct({"a": None, "b": 1})) == {"b": 1}


def test_secrets_and_outputs_are_taken_out_of_their_wrapping_at_any_depth() -> None:
    secret = {SIGNATURE: SECRET, "value": "hush"}
    assert values.from_struct(wire({"list": [secret], "plain": secret}))["v"] == {"list": ["hush"], "plain": "hush"}
    assert values.from_struct(wire({SIGNATURE: OUTPUT, "value": secret}))["v"] == "hush"


def test_secrets_are_found_at_any_depth_and_said_at_the_top() -> None:
    secret = {SIGNATURE: SECRET, "value": "hush"}
    struct = wire({"list": [{"a": secret}]})
    struct.update(
        {"plain": "x", "output": {SIGNATURE: OUTPUT, "secret": True, "value": "y"}, "open": {SIGNATURE: OUTPUT}}
    )
    assert values.secret_names(struct) == {"v", "output"}
    said = values.to_struct({"v": {"a": 1}, "w": "x"}, frozenset({"v"}))
    assert values.secret_names(said) == {"v"}
    assert values.from_struct(said) == {"v": {"a": 1}, "w": "x"}


def test_an_output_without_a_value_is_unknown() -> None:
    found = values.from_struct(wire({"a": [{SIGNATURE: OUTPUT, "secret": True}]}))["v"]
    assert found == {"a": [UNKNOWN]}
    assert has_unknown(found)


def test_a_resource_reference_is_its_id() -> None:
    reference = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:x", "id": "i-1"}
    assert values.from_struct(wire(reference))["v"] == "i-1"


def test_an_archive_keeps_its_path_and_hash() -> None:
    back = values.from_struct(values.to_struct({"code": Archive("/a.zip", "h")}))["code"]
    assert (back.path, back.content_hash) == ("/a.zip", "h")


def test_an_asset_and_an_archive_of_assets_have_no_path() -> None:
    text = {SIGNATURE: ASSET, "text": "x", "hash": "h"}
    assembled = {SIGNATURE: "0def7320c3a5731c473e5ecbe6d01bc7", "assets": {"a": text}, "hash": "g"}
    for value in (text, assembled):
        assert values.from_struct(wire(value))["v"].path == ""


def test_an_archive_of_texts_keeps_them_and_is_packed_with_them() -> None:
    archive = Archive("", "h", {"python/b.json": "{}", "a.txt": "ü"})
    back = values.from_struct(values.to_struct({"code": archive}))["code"]
    assert (back.texts, back.content_hash) == (archive.texts, "h")
    packed = zipfile.ZipFile(io.BytesIO(values.archive_bytes(back)))
    assert {name: packed.read(name).decode() for name in packed.namelist()} == archive.texts


def test_an_archive_of_other_things_than_texts_has_none() -> None:
    inner = {SIGNATURE: "0def7320c3a5731c473e5ecbe6d01bc7", "path": "/a.zip", "hash": "h"}
    mixed = {"a": {SIGNATURE: ASSET, "text": "x", "hash": "h"}, "b": inner}
    assert values.from_struct(wire({**inner, "path": "", "assets": mixed}))["v"].texts == {}


def test_an_unknown_signature_is_refused() -> None:
    with pytest.raises(PluginError, match="signature feed"):
        values.from_struct(wire({SIGNATURE: "feed"}))


def test_a_folder_is_packed_the_same_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.py").write_text("b")
    (folder / "deep" / "a.py").write_text("a")
    packed = values.archive_bytes(Archive(str(folder), "h"))
    (folder / "b.py").touch()
    assert values.archive_bytes(Archive(str(folder), "h")) == packed
    target = tmp_path / "code.zip"
    target.write_bytes(packed)
    assert zipfile.ZipFile(target).namelist() == ["b.py", "deep/a.py"]
    assert values.archive_bytes(Archive(str(target), "h")) == packed


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"no archive at .*gone\.zip"):
        values.archive_bytes(Archive(str(tmp_path / "gone.zip"), "h"))


def test_automatic_names() -> None:
    rule = Autoname("name", 20)
    name = values.autoname(rule, "a-rather-long-logical-name", b"seed")
    assert len(name) == 20
    assert name.startswith("a-rather-lon-")
    assert name == values.autoname(rule, "a-rather-long-logical-name", b"seed")
    assert name != values.autoname(rule, "a-rather-long-logical-name", b"other")
    assert values.autoname(Autoname("name", 250, prefix="alias/"), "k", b"s").startswith("alias/k-")
    assert values.autoname(Autoname("bucket", 63, lower=True), "MyBucket", b"s").startswith("mybucket-")
