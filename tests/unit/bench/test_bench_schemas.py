"""The schemas' benchmark: its large schemas are schemas, and it counts what becomes of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import schemas
from streamgov_core.schemas import columns_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("data_format", ["AVRO", "JSON", "PROTOBUF"])
def test_large_schemas_are_read_and_judged(data_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.9 * schemas.SIZE < len(schemas.large(data_format)) <= schemas.SIZE
    monkeypatch.setattr(schemas, "SIZE", 2_000)
    old, new = schemas.large(data_format), schemas.large(data_format, 1)
    assert len(columns_of(new, data_format)) == len(columns_of(old, data_format)) + 1
    assert [*schemas.outcome(data_format, old)] == ["read whole", "same as itself"]


def test_files_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.avsc").write_text('{"type": "record", "name": "R", "fields": []}')
    (tmp_path / "b.avsc").write_text("no schema")
    (tmp_path / "data.json").write_text('{"a": 1}')
    (tmp_path / "c.json").write_text('{"properties": {"a": {"not": {"properties": {"b": {}}}}}}')
    monkeypatch.setattr(schemas, "folders", lambda: [tmp_path])
    avro, json_schema, protobuf = schemas.public()
    assert avro == {"format": "AVRO", "files": 2, "read whole": 1, "same as itself": 1, "refused": 1}
    assert json_schema == {"format": "JSON", "files": 1, "with remarks": 1, "same as itself": 1}
    assert protobuf == {"format": "PROTOBUF"}


def test_named_folders_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMGOV_SCHEMAS", "/one:/two")
    assert schemas.folders()[:2] == [Path("/one"), Path("/two")]
