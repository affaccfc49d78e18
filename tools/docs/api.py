"""Write docs/api.md: the public surface of streamgov_pulumi and streamgov_samples, from their docstrings.

Run `python -m tools.docs.api` after changing one; a test holds the page against the code. Attribute docstrings are not
kept at run time, so they are read from the source.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import streamgov_pulumi
import streamgov_samples

OUT = Path(__file__).resolve().parent.parent.parent / "docs" / "api.md"
_HEAD = """# API reference of `streamgov_pulumi`

Generated from the docstrings (`python -m tools.docs.api`). Names are imported from `streamgov_pulumi`, those of the
samples from `streamgov_samples`; arguments are TypedDicts, so a plain dict with these keys does. `?` marks what may be
left out. A value of `Input[…]` may be an Output. Other languages see the same components in camelCase:
[`plugin/schema.json`](../plugin/schema.json).
"""
_ORDER = ("StreamGovernance",)


class _WithoutRules(ast.NodeTransformer):
    """Leaves of ``Annotated[type, rules …]`` the type."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Unwrap, at every depth."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "Annotated" and isinstance(node.slice, ast.Tuple):
            return node.slice.elts[0]
        return node


class _Source:
    """The classes of one module as written."""

    def __init__(self, module: str) -> None:
        tree = ast.parse(inspect.getsource(importlib.import_module(module)))
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def fields(self, name: str) -> Iterator[tuple[str, str, str]]:
        """Name, type and docstring of each annotated attribute."""
        body = self.classes[name].body
        for index, node in enumerate(body):
            if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
                continue
            following = body[index + 1] if index + 1 < len(body) else None
            text = ""
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                text = str(following.value.value)
            yield node.target.id, ast.unparse(_WithoutRules().visit(node.annotation)), " ".join(text.split())

    def args_type(self, name: str) -> str | None:
        """The type of the constructor's ``args``."""
        for node in self.classes[name].body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                for argument in node.args.args:
                    if argument.arg == "args" and argument.annotation is not None:
                        return ast.unparse(argument.annotation).removeprefix("pulumi.")
        return None


def render() -> str:
    """The page's text.

    Raises:
        ValueError: a public class or one of its fields has no docstring.
    """
    names = sorted(streamgov_pulumi.__all__, key=lambda name: (name not in _ORDER, name))
    classes: list[type] = [getattr(streamgov_pulumi, name) for name in names]
    groups = {
        "Components": [found for found in classes if "components" in found.__module__],
        "Dynamic resources": [found for found in classes if "providers" in found.__module__],
        "Samples": [getattr(streamgov_samples, name) for name in streamgov_samples.__all__],
    }
    parts: list[str] = []
    types: dict[str, str] = {}
    for title, group in groups.items():
        parts.append(f"## {title}\n")
        parts += [_class(found, types) for found in group]
    parts.append("## Argument types\n")
    done: set[str] = set()
    while left := sorted(types.keys() - done):
        for name in left:
            done.add(name)
            parts.append(_table_of(name, types[name], types))
    text = "\n".join(parts)
    return f"{_HEAD}{_counted(text, types.keys())}\n\n{text}"


def _counted(text: str, sections: Collection[str]) -> str:
    """How many of the components' arguments take an Output.

    Args:
        text: the page.
        sections: the argument types.
    """
    tables = re.findall(r"\| argument \| type \| \|\n.*?\n((?:\|.*\n?)*)", text)
    found = [type_ for table in tables for type_ in re.findall(r"^\| `\w+`\?? \| `(.*?)` \| ", table, re.MULTILINE)]
    late = [type_ for type_ in found if "Input[" in type_]
    nested = [type_ for type_ in found if type_ not in late and set(_words(type_)) & set(sections)]
    plain = len(found) - len(late) - len(nested)
    return (
        f"Of {len(found)} arguments {len(late)} take an Output, {len(nested)} are sections of arguments, and {plain} "
        "are plain, as names or the number of resources hang on them."
    )


def _class(found: type, types: dict[str, str]) -> str:
    name = found.__name__
    source = _Source(found.__module__)
    lines = [f"### {name}\n", _prose(found), ""]
    args = source.args_type(name)
    if args is not None and args.isidentifier():
        home = _module_of(args, found.__module__)
        if home is not None:
            lines += _fields(args, home, types)
    else:
        lines += [*_props(found), ""]
    outputs = [field for field in source.fields(name) if not field[0].startswith("_") and "Output" in field[1]]
    if outputs:
        lines += ["| output | type | |", "| --- | --- | --- |"]
        lines += [f"| `{field}` | `{_cell(type_)}` | {text} |" for field, type_, text in outputs]
        lines.append("")
    return "\n".join(lines)


def _prose(found: type) -> str:
    text = inspect.cleandoc(found.__doc__ or "")
    if not text:
        raise ValueError(f"{found.__name__} has no docstring")
    return text.split("\n\nArgs:")[0].split("\n\nRaises:")[0].replace("``", "`")


def _props(found: type) -> list[str]:
    """What the docstring of a class without a TypedDict says of its arguments."""
    _, _, section = inspect.cleandoc(found.__doc__ or "").partition("\n\nArgs:\n")
    items: list[str] = []
    for line in section.split("\n\n")[0].splitlines():
        if line.startswith("     "):
            items[-1] += " " + line.strip()
        else:
            items.append(line.strip())
    pairs = [item.partition(": ") for item in items if item]
    return [f"- `{name}`: {text.replace('``', '`')}" for name, _, text in pairs]


def _fields(name: str, module: str, types: dict[str, str]) -> list[str]:
    rows = ["| argument | type | |", "| --- | --- | --- |"]
    for field, annotation, text in _Source(module).fields(name):
        if not text:
            raise ValueError(f"{name}.{field} has no docstring")
        optional = annotation.startswith("NotRequired[")
        type_ = _plain(annotation.removeprefix("NotRequired[").removesuffix("]") if optional else annotation)
        for word in _words(type_):
            home = _module_of(word, module)
            if home is not None:
                # An alias stands for the type that other languages see.
                types.setdefault(getattr(importlib.import_module(module), word).__name__, home)
        rows.append(f"| `{field}`{'?' if optional else ''} | `{_cell(type_)}` | {text.replace('``', '`')} |")
    return [*rows, ""]


def _table_of(name: str, module: str, types: dict[str, str]) -> str:
    head = _prose(getattr(sys.modules[module], name))
    return "\n".join([f"### {name}\n", head, "", *_fields(name, module, types)])


def _words(type_: str) -> list[str]:
    return [word for word in "".join(c if c.isalnum() or c == "_" else " " for c in type_).split() if word[0].isupper()]


def _module_of(name: str, module: str) -> str | None:
    """Where a TypedDict that a module uses is written; None for anything else."""
    found = getattr(importlib.import_module(module), name, None)
    if isinstance(found, type) and hasattr(found, "__required_keys__"):
        return found.__module__
    return None


def _plain(annotation: str) -> str:
    return annotation.replace("pulumi.", "")


def _cell(annotation: str) -> str:
    return _plain(annotation).replace("|", "\\|")


if __name__ == "__main__":
    OUT.write_text(render(), encoding="utf-8")
