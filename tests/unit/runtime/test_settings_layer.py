"""A function's settings in its layer: read once, and refused if they are not those of its variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.settings_document import DIGEST, SETTINGS_FILE, digest_of, read_document, write_document
from streamgov_core.runtime.settings_layer import function_variables, read_settings

LISTS = {"STREAMGOV_PROJECTS": '["p1","p2"]', "STREAMGOV_MANUAL_ASSETS": '{"p1":["arn:a"]}'}


def layer(folder: Path, text: str) -> str:
    """A layer's folder with this text; what identifies it."""
    folder.mkdir(exist_ok=True)
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return digest_of(text)


def test_variables_are_those_of_environment_and_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = layer(tmp_path, write_document(LISTS))
    monkeypatch.syspath_prepend(str(tmp_path))
    found = function_variables({DIGEST: digest, "STREAMGOV_REGION": "eu-west-1", "STREAMGOV_PROJECTS": '["by hand"]'})
    assert found == {DIGEST: digest, "STREAMGOV_REGION": "eu-west-1", **LISTS}
    (tmp_path / SETTINGS_FILE).unlink()
    assert function_variables({DIGEST: digest})["STREAMGOV_PROJECTS"] == '["p1","p2"]', "read once"


def test_an_environment_without_a_layer_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMGOV_REGION", "eu-west-1")
    monkeypatch.delenv(DIGEST, raising=False)
    assert function_variables({"a": "b"}) == {"a": "b"}
    assert function_variables()["STREAMGOV_REGION"] == "eu-west-1"


def test_the_first_folder_that_has_it_counts(tmp_path: Path) -> None:
    digest = layer(tmp_path / "first", write_document({"A": "[1]"}))
    layer(tmp_path / "second", write_document({"A": "[2]"}))
    folders = [str(tmp_path / name) for name in ("nothing", "first", "second")]
    assert read_settings(digest, folders) == {"A": "[1]"}


def test_a_layer_that_is_missing_or_another_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no layer with its settings"):
        read_settings("0", [str(tmp_path)])
    layer(tmp_path, write_document(LISTS))
    with pytest.raises(ConfigError, match=f"are not those that {DIGEST} names"):
        read_settings(digest_of(write_document({})), [str(tmp_path)])


@pytest.mark.parametrize(("text", "cause"), [("{", "no JSON"), ("[]", "must be an object")])
def test_a_text_that_is_none_is_refused(text: str, cause: str) -> None:
    with pytest.raises(ConfigError, match=cause):
        read_document(text)


def test_a_change_of_one_item_is_a_change_of_one_line() -> None:
    before, after = (write_document({"A": f'["a","{item}","c"]'}).splitlines() for item in "bx")
    assert len([line for line in before if line not in after]) == 1
