"""The declarations against docs/aws-types.md, against pulumi_aws, and against the program of this folder."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi import _types

from aws_emulator.pulumi_aws import config
from aws_emulator.pulumi_aws.model import Prop, ResourceType
from aws_emulator.pulumi_aws.types import registry

ROOT = Path(__file__).resolve().parents[4]
DOCUMENT = (ROOT / "docs" / "aws-types.md").read_text()
PROGRAM = (Path(__file__).parent / "program" / "__main__.py").read_text()
REGISTRY = registry()
ROWS = {
    cells[0].strip().strip("`"): cells
    for cells in (line.strip("|").split("|") for line in DOCUMENT.splitlines() if line.startswith("| `aws:"))
}
INDEX = {token for token in REGISTRY.functions if token.startswith("aws:index/")}
"""Invokes that pulumi_aws makes by itself or that any program may make; the document lists the others."""


def documented(cell: str, explained: bool = True) -> dict[str, Any]:
    """``a`?, `b` {`c`, `d` {`e`}}`` as nested dictionaries of names; what is in parentheses explains, in the tables."""
    text = re.sub(r"\([^)]*\)", "", cell) if explained else cell
    tokens = re.findall(r"`([^`]+)`|([{}])", text)
    root: dict[str, Any] = {}
    stack, last = [root], root
    for name, brace in tokens:
        if brace == "{":
            stack.append(last)
        elif brace == "}":
            stack.pop()
        else:
            last = stack[-1].setdefault(name.split(":")[0], {})
    return root


def declared(props: Any) -> dict[str, Any]:
    """The declared properties in the same form."""
    out: dict[str, Any] = {}
    for name, prop in props.items():
        inner = prop.element if prop.kind == "list" and prop.element is not None else prop
        out[name] = declared(inner.members) if inner.members else {}
    return out


def test_the_document_lists_something() -> None:
    assert len(ROWS) > 35


def test_the_types_are_those_of_the_document() -> None:
    assert set(ROWS) == set(REGISTRY.types) | (set(REGISTRY.functions) - INDEX)


@pytest.mark.parametrize("token", sorted(set(REGISTRY.types) & set(ROWS)))
def test_the_properties_are_those_of_the_document(token: str) -> None:
    names = documented(ROWS[token][2])
    ours = declared(REGISTRY.types[token].props)
    if token == "aws:ec2/securityGroup:SecurityGroup":  # its row says "same" for the second list of rules
        names["egress"] = names["ingress"]
    if token == "aws:datazone/policyGrant:PolicyGrant":  # its row refers to a paragraph of the document
        paragraph = documented(DOCUMENT.split("## Policy grant", 1)[1].split("##", 1)[0])
        names |= {name: paragraph[name] for name in ("principal", "detail")}
    assert ours == names


@pytest.mark.parametrize("token", sorted(set(REGISTRY.functions) - INDEX))
def test_the_arguments_are_those_of_the_document(token: str) -> None:
    assert set(documented(ROWS[token][2])) == set(REGISTRY.functions[token].arguments)


def test_the_providers_properties_are_those_of_the_document() -> None:
    section = DOCUMENT.split("## Provider", 1)[1].split("## Resources", 1)[0].split("\n", 1)[1].split("The endpoint")[0]
    assert documented(section, explained=False) == declared(config.INPUTS)


# --- pulumi_aws ---
def arguments_class(token: str) -> type:
    """The class of a resource's arguments: ``aws:iam/role:Role`` -> ``pulumi_aws.iam.RoleArgs``."""
    _, path, name = token.split(":")
    module = {"lambda": "lambda_"}.get(path.split("/")[0], path.split("/")[0])
    found: type = getattr(importlib.import_module(f"pulumi_aws.{module}"), f"{name}Args")
    return found


def wrong(prefix: str, cls: type, props: Any) -> Iterator[str]:
    """Declared properties that the class does not have, or not of that kind."""
    names = {wire: python for python, wire in _types.input_type_py_to_pulumi_names(cls).items()}
    types = _types.input_type_types(cls)
    required = {
        name for name, item in inspect.signature(cls).parameters.items() if item.default is inspect.Parameter.empty
    }
    for name, prop in props.items():
        path = f"{prefix}{name}"
        if name not in names:
            yield f"{path}: unknown"
            continue
        python, kind = names[name], types[name]
        if prop.required and python not in required and path not in NEEDED:
            yield f"{path}: not required there"
        inner, element = _inner(kind)
        if prop.kind == "list" and not element:
            yield f"{path}: no list there"
        target = prop.element if prop.kind == "list" and prop.element is not None else prop
        if target.members:
            yield from wrong(f"{path}.", inner, target.members)
    for python in required:
        wire = _types.input_type_py_to_pulumi_names(cls).get(python)
        if wire is not None and (wire not in props or not props[wire].required):
            yield f"{prefix}{wire}: required there"


NEEDED = {
    # pulumi_aws has these optional, for alarms, layers, tables and rules of kinds that the stand-in does not serve.
    "attributes", "code", "hashKey", "comparisonOperator", "evaluationPeriods", "globalSecondaryIndexes.hashKey",
    "metricName", "namespace", "period", "rules", "statistic", "threshold",
}  # fmt: skip


def _inner(kind: Any) -> tuple[Any, bool]:
    """The class of an argument's value without Optional, Input and Sequence, and whether it was a list."""
    element = False
    while True:
        arguments = [item for item in getattr(kind, "__args__", ()) if item is not type(None)]
        origin = getattr(kind, "__origin__", None)
        if origin is not None and getattr(origin, "__name__", "") == "Sequence":
            element, kind = True, arguments[0]
        elif len(arguments) >= 1 and origin is not dict and "Mapping" not in str(origin):
            named = [item for item in arguments if "Awaitable" not in str(item) and "Output" not in str(item)]
            if not named:
                return kind, element
            kind = named[0]
        else:
            return kind, element


@pytest.mark.parametrize("token", sorted(REGISTRY.types))
def test_pulumi_aws_has_each_declared_property(token: str) -> None:
    assert list(wrong("", arguments_class(token), REGISTRY.types[token].props)) == []


def test_the_check_would_notice() -> None:
    props = {"name": Prop("list"), "nonsense": Prop()}
    found = list(wrong("", arguments_class("aws:iam/role:Role"), props))
    assert found == ["name: no list there", "nonsense: unknown", "assumeRolePolicy: required there"]


@pytest.mark.parametrize("token", sorted(REGISTRY.types))
def test_what_pulumi_aws_names_by_itself_has_an_automatic_name(token: str) -> None:
    resource: ResourceType = REGISTRY.types[token]
    if "name" in resource.props:
        assert resource.autoname is not None
        assert resource.autoname.prop == "name"
    if resource.autoname is not None:
        assert not resource.props[resource.autoname.prop].required


@pytest.mark.parametrize("token", sorted(REGISTRY.types))
def test_a_replacing_property_is_consistent(token: str) -> None:
    resource = REGISTRY.types[token]
    if resource.update is None:
        assert all(prop.replace for prop in resource.props.values())
    else:
        assert not all(prop.replace for prop in resource.props.values())


# --- the program of this folder ---
@pytest.mark.parametrize("token", sorted(REGISTRY.types))
def test_the_program_has_a_resource_of_the_type_with_all_properties(token: str) -> None:
    _, path, name = token.split(":")
    module = {"lambda": "lambda_"}.get(path.split("/")[0], path.split("/")[0])
    uses = re.findall(rf"aws\.{module}\.{name},(.*?)^\)", PROGRAM, re.S | re.M)
    assert uses, f"no {token}"
    names = _types.input_type_py_to_pulumi_names(arguments_class(token))
    for python, wire in names.items():
        if wire in REGISTRY.types[token].props:
            assert any(re.search(rf"\b{python}=", use) for use in uses), f"{token}: {wire} is never set"


def test_declarations_are_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        REGISTRY.types["aws:iam/role:Role"].props["name"].required = True  # type: ignore[misc]
