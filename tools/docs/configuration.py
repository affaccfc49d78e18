"""Write docs/configuration.md: every setting of a stack file, from the annotations of the arguments.

Run `python -m tools.docs.configuration` after changing one; a test holds the page against the code.
"""

from __future__ import annotations

from pathlib import Path

from streamgov_pulumi.arguments.rules import Choice, Flag, Text
from streamgov_pulumi.config.shapes import Entries, Items, Leaf, Nested, Setting, Shape, Value
from streamgov_pulumi.config.stack_file import DOMAIN, MEMBER, MODES, PROJECT, PlaceKeys, StackKeys

OUT = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
_HEAD = """# Configuration reference

Generated from the arguments (`python -m tools.docs.configuration`). A stack file (`Pulumi.<stack>.yaml`) holds the
settings below, each top-level key with the prefix `streamgov:`. In a program a setting is the argument of the same name
in snake_case; what differs stands in the second column. Start from a file of [`examples/stacks`](../examples/stacks).

- True and false, and numbers, stand without quotes; account ids stand in quotes, or YAML reads a number.
- A key without a value is a mistake: leave the key out.
- An `externalId` may be a secret (`pulumi config set --secret --path 'streamgov:member.externalId' …`) and stays one.
  Every other secret is refused: it would become part of names, policies or identifiers. Pulumi's own verbose log
  (`--logtostderr`, and with `-v` the file `pulumi.*.log.INFO.*` in the folder for temporary files) shows the secrets of
  every stack: keep none in a pipeline.
- Every mistake is told at once, at preview, before anything is asked of AWS.

"""
_ONLY_FILE = "(stack file only)"


def render() -> str:
    """The page's text."""
    parts = [_HEAD, "## Modes\n", "| `mode` | deploys | needs | may not have |", "| --- | --- | --- | --- |"]
    every = {key for mode in MODES.values() for key in mode.shape.settings}
    for name, mode in MODES.items():
        needs = [key for key, setting in mode.shape.settings.items() if setting.required and key != "mode"]
        foreign = sorted(every - set(mode.shape.settings))
        parts.append(f"| `{name}` | {mode.text} | {_codes(needs)} | {_codes(foreign)} |")
    parts.append(
        "\nIn mode `member` the section `domain` only refers to the domain: account, how it is reached, `domainId`.\n"
    )
    top: dict[str, Setting] = {}
    for mode in MODES.values():
        for key, setting in mode.shape.settings.items():
            top.setdefault(key, setting)
    inner: dict[str, Shape] = {DOMAIN.name: DOMAIN, MEMBER.name: MEMBER}
    parts += _section("Top level", "The keys of all modes.", list(top.values()), inner, prefix=f"{PROJECT}:")
    done: set[str] = set()
    while left := [name for name in inner if name not in done]:
        for name in left:
            done.add(name)
            parts += _section(name, inner[name].text, list(inner[name].settings.values()), inner)
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, text: str, settings: list[Setting], inner: dict[str, Shape], prefix: str = "") -> list[str]:
    rows = [f"## {title}\n", f"{_prose(text)}\n", "| key | in a program | type | default | meaning |"]
    rows.append("| --- | --- | --- | --- | --- |")
    for setting in settings:
        key = f"`{prefix}{setting.key}`" + ("" if setting.required else "?")
        default = setting.default or ("" if not setting.required else "required")
        meaning = f"{_prose(setting.meaning)}{_find(setting.value)}"
        type_ = _type(setting.value, inner)
        rows.append(f"| {key} | {_program(setting)} | {type_} | {_prose(default)} | {meaning} |")
    return [*rows, ""]


def _program(setting: Setting) -> str:
    if setting.owner is PlaceKeys or setting.owner is StackKeys or setting.owner.__name__.endswith("Keys"):
        return _ONLY_FILE
    return f"`{setting.inside}.{setting.name}`" if setting.inside else f"`{setting.name}`"


def _type(value: Value, inner: dict[str, Shape]) -> str:
    if isinstance(value, Nested):
        name = value.shape.name
        if name == "DomainReference":
            name = DOMAIN.name
        inner.setdefault(name, value.shape)
        return f"[{name}](#{name.lower()})"
    if isinstance(value, Items):
        return f"list of {_type(value.item, inner)}"
    if isinstance(value, Entries):
        return f"map to {_type(value.item, inner)}"
    if isinstance(value.rule, Flag):
        return "true or false"
    if isinstance(value.rule, Choice):
        return _codes(list(map(str, value.rule.values)))
    return f"text, `{value.rule.example}`" if value.rule.example else "text"


def _find(value: Value) -> str:
    """Which command lists the values to choose from."""
    while isinstance(value, Items | Entries):
        value = value.item
    if isinstance(value, Leaf) and isinstance(value.rule, Text) and value.rule.find:
        return f" Found with: `{value.rule.find}`"
    return ""


def _codes(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "none"


def _prose(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    OUT.write_text(render(), encoding="utf-8")
