"""What a function imports: the modules of ours and the distributions of others that its bundle must hold.

Read from the source without running it. Imports inside functions count, since a handler may postpone them; those for
type checkers alone do not.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass
class ImportClosure:
    """Everything that one module reaches by imports.

    Args:
        modules: dotted name of each module of ours (packages included) -> its file.
        foreign: top-level names of other people's modules; the standard library is left out.
        services: AWS services for which a client is made by name, ``client("dynamodb")``.
    """

    modules: dict[str, Path] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)


def import_closure(begin: Mapping[str, Path], packages: Mapping[str, Path]) -> ImportClosure:
    """Follow the imports of some modules.

    Args:
        begin: dotted names of the modules to begin with -> their files.
        packages: names of our packages -> the folders in which they lie; modules of any other are foreign.

    Raises:
        LookupError: a package of ours is imported and is not there.
    """
    found = ImportClosure(dict(begin))
    waiting = list(begin.items())
    own = {module.partition(".")[0] for module in begin}
    while waiting:
        name, path = waiting.pop()
        tree = ast.parse(path.read_text(), str(path))
        found.services |= _services(tree)
        for imported in _imports(name, path.name == "__init__.py", tree):
            top = imported.partition(".")[0]
            if top in packages:
                found_parts = list(_ancestry(imported, packages[top]))
                if not found_parts:
                    raise LookupError(f"{name} imports {imported}, which is not in {packages[top]}")
                for part, file in found_parts:
                    if part not in found.modules:
                        found.modules[part] = file
                        waiting.append((part, file))
            elif top not in sys.stdlib_module_names and top not in own:
                found.foreign.add(top)
    return found


def required_distributions(site: Path, imported: set[str]) -> dict[str, Distribution]:
    """The installed distributions that provide the imported names, with what they require in turn.

    Args:
        site: folder with installed distributions.
        imported: top-level names of modules.

    Raises:
        LookupError: nothing installed there provides one of the names.
    """
    installed: Mapping[str, Distribution] = {
        _canonical(item.metadata["Name"]): item for item in map(PathDistribution, sorted(site.glob("*.dist-info")))
    }
    providers = {top: name for name, item in installed.items() for top in _top_levels(item)}
    missing = sorted(imported - set(providers))
    if missing:
        raise LookupError(f"no locked dependency provides {', '.join(missing)}")
    needed: dict[str, Distribution] = {}
    waiting = [providers[top] for top in sorted(imported)]
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed[name] = installed[name]
        waiting += [other for other in _requirements(installed[name]) if other in installed]
    return needed


def _imports(module: str, is_package: bool, tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports; ``from a import b`` yields both ``a`` and ``a.b``, which may be a module."""
    for node in _runtime_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parent = parts if is_package else parts[:-1]
                parent = parent[: len(parent) - node.level + 1]
                base = ".".join([*parent, base] if base else parent)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree without what stands below ``if TYPE_CHECKING``."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _services(tree: ast.AST) -> set[str]:
    return {
        str(node.args[0].value)
        for node in _runtime_nodes(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "client"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def _ancestry(module: str, root: Path) -> Iterator[tuple[str, Path]]:
    """A module and the packages above it, as far as they are files; a name that is no module yields its package."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:length])
        if (place / "__init__.py").is_file():
            yield ".".join(parts[:length]), place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield ".".join(parts[:length]), place.with_suffix(".py")


def _top_levels(item: Distribution) -> set[str]:
    tops = {Path(str(file)).parts[0] for file in item.files or () if not str(file).startswith("..")}
    return {top.partition(".")[0] for top in tops if not top.endswith((".dist-info", "__pycache__"))}


def _requirements(item: Distribution) -> Iterator[str]:
    """Names that a distribution requires without any of its extras; what a marker rules out is not installed anyway."""
    for line in item.requires or ():
        requirement, _, marker = line.partition(";")
        if "extra" not in marker and (match := _REQUIREMENT.match(requirement)):
            yield _canonical(match[1])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
