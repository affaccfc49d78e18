"""A secret of the configuration is kept or refused; it never becomes plain text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments import vocabulary as v
from streamgov_pulumi.arguments.secret import SecretText, as_input
from streamgov_pulumi.config import parse, stack
from streamgov_pulumi.config.file import load_file
from streamgov_pulumi.config.placeholders import PLACEHOLDERS
from streamgov_pulumi.config.reader import values_of
from streamgov_pulumi.config.secrets import secret_paths, secrets_of_file, secrets_refused
from streamgov_pulumi.config.stack import load
from streamgov_pulumi.config.stack_file import MODES
from tests.unit.components.conftest import raw_config, stack_file
from tests.unit.config.test_config import everything

SECRET = "hunter22"


def test_where_the_file_holds_secrets(tmp_path: Path) -> None:
    document = {
        "config": {
            "streamgov:member": {"externalId": {"secure": "x"}, "targets": {"a": {"principals": [{"secure": "y"}]}}},
            "streamgov:namespace": {"secure": "z"},
            "other:key": {"secure": "w"},
        }
    }
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump(document))
    assert sorted(secrets_of_file(path), key=str) == [
        ("member", "externalId"),
        ("member", "targets", "a", "principals", 0),
        ("namespace",),
    ]
    assert secrets_of_file(tmp_path / "nowhere") == []
    assert list(secret_paths({"secure": "x", "more": 1})) == []


def test_only_external_ids_may_be_secrets() -> None:
    paths = [("domain", "externalId"), ("members", 0, "externalId"), ("domain", "domainId"), ("namespace",)]
    refused = [str(mistake) for mistake in secrets_refused("all", {"domain", "members", "namespace"}, paths)]
    assert [line.partition(":")[0] for line in refused] == ["domain.domainId", "namespace"]
    assert "pulumi config set --plaintext --path 'streamgov:domain.domainId'" in refused[0]
    [unknown] = [str(mistake) for mistake in secrets_refused("all", {"tags"}, [])]
    assert unknown.startswith("tags: holds a secret, and the stack's file does not say where")


def test_a_secret_external_id_is_a_secret_argument() -> None:
    raw = everything()
    raw["members"][0]["externalId"] = raw["domain"]["externalId"] = SECRET
    governance = parse(raw, secrets=[("members", 0, "externalId")]).governance
    assert governance is not None
    kept = governance["members"][0]["access"]["external_id"]
    assert isinstance(kept, SecretText)
    assert kept == SECRET
    assert SECRET not in repr(governance["members"])
    assert not isinstance(governance["domain"]["access"]["external_id"], SecretText)


def test_a_secret_is_handed_to_resources_as_a_secret() -> None:
    async def ask() -> tuple[Any, bool]:
        output = as_input({"a": [SecretText(SECRET)]})["a"][0]
        return await output.future(), await output.is_secret()

    assert asyncio.run(ask()) == (SECRET, True)
    assert as_input({"a": ["plain"]}) == {"a": ["plain"]}
    assert SECRET not in repr([SecretText(SECRET)])


def test_no_message_shows_an_external_id() -> None:
    raw = everything()
    raw["domain"]["externalId"] = f"{SECRET} with spaces"
    with pytest.raises(ConfigError) as refused:
        parse(raw)
    assert SECRET not in str(refused.value)
    assert "domain.externalId: must be an external id" in str(refused.value)


def test_a_file_with_a_secret_external_id_can_be_read_without_it(tmp_path: Path) -> None:
    raw: dict[str, Any] = everything()
    raw["domain"]["externalId"] = {"secure": "v1:abc"}
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"streamgov:{key}": value for key, value in raw.items()}}))
    governance = load_file(path).governance
    assert governance is not None
    assert governance["domain"]["access"] == {"account": "444455556666"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """What the engine hands on, beside the stack's file."""
    path = tmp_path / "Pulumi.x.yaml"
    monkeypatch.setattr(stack, "_stack_file", lambda: path)

    def configure(raw: dict[str, Any], file: dict[str, Any], secret: list[str]) -> None:
        values = {
            f"streamgov:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in raw.items()
        }
        pulumi.runtime.set_all_config(values, [f"streamgov:{key}" for key in secret])
        path.write_text(yaml.safe_dump({"config": {f"streamgov:{key}": value for key, value in file.items()}}))

    yield configure
    pulumi.runtime.set_all_config({}, [])


def real_ids() -> dict[str, Any]:
    raw = everything()
    raw["domain"]["domainId"] = "dzd-1a2b3c"
    return raw


def test_load_keeps_what_may_be_secret_and_refuses_the_rest(engine: Any) -> None:
    raw = real_ids()
    raw["domain"]["externalId"] = SECRET
    engine(raw, {"domain": {"externalId": {"secure": "v1"}}}, ["domain"])
    governance = load().governance
    assert governance is not None
    assert isinstance(governance["domain"]["access"]["external_id"], SecretText)
    raw["domain"]["domainId"] = SECRET
    engine(raw, {"domain": {"domainId": {"secure": "v1"}}}, ["domain"])
    with pytest.raises(ConfigError, match=r"domain\.domainId: is a secret and could not stay one") as refused:
        load()
    assert SECRET not in str(refused.value)


def test_load_refuses_the_examples_ids(engine: Any) -> None:
    raw = everything()
    engine(raw, {}, [])
    with pytest.raises(ConfigError, match=r"domain.domainId: 'dzd-4p9n6sw4qt9xgn' is the example's: put in your own"):
        load()
    engine(real_ids(), {}, [])
    assert load().mode == "all"


def test_every_id_of_the_examples_is_a_placeholder() -> None:
    """What must be put in is known, and nothing else is called a placeholder."""
    kept: set[str] = set()
    for name in ("all", "domain", "member"):
        raw = raw_config(f"{name}.example")
        for found in values_of(MODES[name].shape, raw):
            ids = (v.PROJECT_ID, v.DOMAIN_ID, v.ENVIRONMENT_ID, v.DOMAIN_UNIT_ID, v.SHARE_ARN, v.MANUAL_ASSET)
            if found.rule in ids:
                left = [placeholder for placeholder in PLACEHOLDERS if placeholder in str(found.value)]
                assert left, found
                kept |= set(left)
    text = "".join(stack_file(f"{name}.example").read_text() for name in ("all", "domain", "member"))
    assert {placeholder for placeholder in PLACEHOLDERS if placeholder not in text} == set()
    assert kept <= set(PLACEHOLDERS)
