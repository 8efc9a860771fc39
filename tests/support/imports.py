"""Which module of the linter imports which, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .checkout import ROOT

LINTER = ROOT / "linter"
FILES = sorted(LINTER.rglob("*.py"))


def module_name(path: Path) -> str:
    """``policy.rule`` for ``linter/policy/rule.py``; a package has the name of its folder."""
    parts = path.relative_to(LINTER).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path) for path in FILES}


def absolute(path: Path, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The full names of the modules that a statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    folders = ["linter", *path.relative_to(LINTER).parent.parts]
    base = (
        ".".join([*folders[: len(folders) - node.level + 1], *([node.module] if node.module else [])]) if node.level else node.module or ""
    )
    for alias in node.names:
        inner = f"{base}.{alias.name}"
        yield inner if inner.removeprefix("linter.") in MODULES else base


@cache
def imports(path: Path) -> frozenset[str]:
    """Everything that a module imports, also within its functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return frozenset(name for node in nodes for name in absolute(path, node))


def ours(path: Path) -> set[str]:
    """What a module imports of ours."""
    return {name.removeprefix("linter.") for name in imports(path) if name.startswith("linter.")}


def part(name: str) -> str:
    """The part of the program that a module belongs to: a package, or a module beside the packages."""
    return name.partition(".")[0]
