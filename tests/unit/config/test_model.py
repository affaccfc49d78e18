"""One model: each setting is in the argument types, the stack files, their JSON schema and the reference page."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, is_typeddict

import pytest

from streamgov_pulumi.arguments.rules import annotations_of, camel_case
from streamgov_pulumi.components import governance_args
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.config.reader import arguments_of
from streamgov_pulumi.config.schema import schema
from streamgov_pulumi.config.shapes import Entries, Items, Leaf, Nested, Shape, Value
from streamgov_pulumi.config.stack_file import DOMAIN, MEMBER, MODES
from tools.docs.configuration import OUT, render

ROOT = Path(__file__).resolve().parents[3]
TYPES = sorted(
    (found for found in vars(governance_args).values() if is_typeddict(found)), key=lambda found: found.__name__
)
PROGRAM_ONLY = {"deploy"}
"""Arguments that a stack file says with its mode."""


def shapes() -> dict[str, Shape]:
    """Every section of every mode, by name."""
    found: dict[str, Shape] = {}

    def visit(value: Value) -> None:
        if isinstance(value, Nested):
            found[value.shape.name] = value.shape
            for setting in value.shape.settings.values():
                visit(setting.value)
        elif isinstance(value, Items | Entries):
            visit(value.item)

    for mode in MODES.values():
        visit(Nested(mode.shape))
    return found


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_every_argument_is_a_setting_or_says_why_not(cls: type) -> None:
    declared = annotations_of(cls)
    settings = {
        setting.name for shape in shapes().values() for setting in shape.settings.values() if setting.owner is cls
    }
    inline = {name for name, hint in declared.items() if "Inline" in repr(hint)}
    only = {name for name, hint in declared.items() if "ProgramOnly" in repr(hint)}
    assert settings == set(declared) - inline - only
    assert only <= PROGRAM_ONLY


def test_the_schema_and_the_page_hold_the_same_keys() -> None:
    made, page = schema(), render()
    for name, shape in shapes().items():
        if name.endswith("Stack"):
            continue
        assert set(made["$defs"][name]["properties"]) == set(shape.settings), name
        assert set(made["$defs"][name].get("required", [])) == {k for k, s in shape.settings.items() if s.required}
    top = {f"streamgov:{key}" for mode in MODES.values() for key in mode.shape.settings}
    assert set(made["properties"]["config"]["properties"]) == top
    keys = {key for shape in shapes().values() for key in shape.settings}
    assert not [key for key in keys if f"`{key}`" not in page and f"`streamgov:{key}`" not in page]


def test_a_key_is_the_arguments_name_in_camel_case() -> None:
    for shape in shapes().values():
        for key, setting in shape.settings.items():
            assert key == camel_case(setting.name)
            assert setting.text, key


def test_the_page_is_current() -> None:
    assert OUT.read_text(encoding="utf-8") == render(), "run `python -m tools.docs.configuration`"


def test_the_host_sees_plain_types() -> None:
    for cls in [*TYPES, AccountArgs]:
        assert "Annotated" not in repr(cls.__annotations__)


def test_settings_become_arguments_in_their_places() -> None:
    raw = {"account": "111122223333", "externalId": "ab", "domainId": "dzd-1", "region": "eu-west-1", "share": False}
    assert arguments_of(DOMAIN, raw) == {
        "access": {"account": "111122223333", "external_id": "ab"},
        "domain_id": "dzd-1",
        "share": False,
    }
    assert MEMBER.settings["account"].inside == "access"


def defaults() -> list[tuple[str, str]]:
    """(argument, default) of the literal ones that the texts name."""
    found = {
        (setting.name, setting.default.strip("`"))
        for shape in (DOMAIN, MEMBER, *shapes().values())
        for setting in shape.settings.values()
        if isinstance(setting.value, Leaf) and setting.default in ("true", "false")
    }
    return sorted(found)


@pytest.mark.parametrize(("name", "default"), defaults())
def test_a_default_is_what_the_components_take(name: str, default: str) -> None:
    taken: set[Any] = set()
    for path in (ROOT / "streamgov_pulumi" / "components").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get"
                and len(node.args) == 2
                and isinstance(node.args[0], ast.Constant)
                and node.args[0].value == name
                and isinstance(node.args[1], ast.Constant)
            ):
                taken.add(node.args[1].value)
    assert taken <= {default == "true"}, f"{name}: the text says {default}, the components take {taken}"
