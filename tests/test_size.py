"""Small enough to be changed: the limits of functions, classes and packages in ``linter/``."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from support.imports import FILES, module_name, part

pytestmark = pytest.mark.slow

LONGEST_FUNCTION = 60
MOST_PARAMETERS = 8
MOST_METHODS = 20
MOST_ATTRIBUTES = 12
LARGEST_SHARE = 0.17


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax tree of each module."""
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def statements() -> Iterator[tuple[str, ast.stmt]]:
    """Every statement, with its module."""
    for name, tree in trees().items():
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.stmt):
                yield name, node
            for field in ("body", "orelse", "handlers", "finalbody", "cases"):
                waiting += inner if isinstance(inner := getattr(node, field, ()), list) else ()


def test_functions_are_short_and_take_few_parameters() -> None:
    functions = [(name, node) for name, node in statements() if isinstance(node, ast.FunctionDef)]
    too_long = [f"{name}.{node.name}" for name, node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION]
    assert too_long == []
    taken = [
        (name, node.name, [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]) for name, node in functions
    ]
    many = [f"{name}.{function}" for name, function, given in taken if len({*given} - {"self", "cls"}) > MOST_PARAMETERS]
    assert many == []


def test_classes_have_few_methods_and_attributes() -> None:
    """Attributes of what changes after it is made; a record may have the fields of what it describes."""
    large: list[str] = []
    for name, node in statements():
        if isinstance(node, ast.ClassDef):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
            stored = {name for method in methods for name in stored_in(method)}
            if len(methods) > MOST_METHODS or len(stored) > MOST_ATTRIBUTES:
                large.append(f"{name}.{node.name}: {len(methods)} methods, {len(stored)} attributes")
    assert large == []


def stored_in(method: ast.FunctionDef) -> Iterator[str]:
    """The attributes of ``self`` that a method gives a value."""
    for node in ast.walk(method):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name


def test_no_package_has_most_of_the_code() -> None:
    sizes = Counter(part(name) if "." in name else "" for name, tree in trees().items() for _ in ast.walk(tree))
    assert {name: size for name, size in sizes.items() if size > LARGEST_SHARE * sizes.total()} == {}
