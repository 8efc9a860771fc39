"""The linter with its work counted: so that a test can compare two sizes without a clock.

The package is loaded a second time from its own source, in which each call, loop and text that is made counts for what it costs: an item
of a loop for one, a slice or a joined text for its length, a search for the characters that it passes, a key that is a tuple for its
length. So a copy of the whole text for each finding is seen as well as a loop in a loop, and the count is the same on every machine.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.util
import re
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = "linter"
_SIZED: Final = (str, bytes, bytearray, tuple, list, dict, set, frozenset, array)
_FREE: Final = frozenset(
    "bool len isinstance issubclass type getattr hasattr setattr id iter next callable ord chr reversed enumerate zip map filter range "
    "cast append get setdefault items keys values add span start end bisect_left bisect_right".split()
)
_OF_THE_TEXT: Final = frozenset(
    "split rsplit splitlines replace lower upper casefold encode decode translate partition rpartition isascii isdecimal".split()
)
_FUNCTIONS: Final = (FunctionType, type)
_NOT_WRAPPED: Final = frozenset({"super", "locals", "globals"})


class Counter:
    """How much was done."""

    def __init__(self) -> None:
        self.work = 0

    # --- What the instrumented source calls ---

    def call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call something, for one and what it costs."""
        self.work += 1
        if _is_ours(function):
            return function(*arguments, **named)
        try:
            result = function(*arguments, **named)
        except JSONDecodeError as error:
            self.work += error.pos - (arguments[1] if len(arguments) > 1 else 0)
            raise
        except StopIteration as error:  # of the C scanner, which says where it found no value
            self.work += error.value - arguments[1] if isinstance(error.value, int) else 0
            raise
        self.work += _cost(function, arguments, result)
        return result

    def made(self, result: Any) -> Any:
        """A text or collection that was made."""
        self.work += 1 + _size(result)
        return result

    def item(self, holder: Any, key: Any) -> Any:
        """A member, or a part, of something."""
        found = holder[key]
        copied = isinstance(key, slice) or isinstance(holder, re.Match)
        self.work += 1 + (_size(found) if copied else len(key) if isinstance(key, tuple) else 0)
        return found

    def within(self, one: Any, holder: Any) -> bool:
        """Whether something is in something."""
        found = one in holder
        self.work += 1 + _passed(one, holder, found)
        return found

    def each(self, items: Any) -> Iterator[Any]:
        """The items of a loop."""
        for one in items:
            self.work += 1
            yield one


def _is_ours(function: Any) -> bool:
    """Whether a function counts its work itself, also behind a cache: a text knows its hash once it was worked out."""
    if isinstance(function, MethodType):
        function = function.__func__
    function = getattr(function, "__wrapped__", function)
    return isinstance(function, _FUNCTIONS) and function.__module__.startswith(PACKAGE)


def _size(value: Any) -> int:
    """How long something is, asked of the built-in type: a subclass of ours counts its own work."""
    kind = next((kind for kind in _SIZED if isinstance(value, kind)), None)
    return kind.__len__(value) if kind is not None else 0


def _passed(one: Any, holder: Any, found: bool) -> int:
    """What a look into a collection passes."""
    if isinstance(holder, str):
        return holder.find(one) + len(one) if found else len(holder)
    if isinstance(holder, list | tuple):
        return next((index for index, other in enumerate(holder) if other is one or other == one), len(holder))
    return len(one) if isinstance(one, tuple) else 0


def _cost(function: Any, arguments: tuple[Any, ...], result: Any) -> int:
    name = getattr(function, "__name__", type(function).__name__)
    owner = getattr(function, "__self__", None)
    if isinstance(owner, dict) and arguments and isinstance(arguments[0], tuple):
        return len(arguments[0])
    if name in _FREE:
        return 0
    if isinstance(owner, re.Pattern):
        return _cost_of_pattern(name, arguments, result)
    if getattr(function, "__module__", "") == "re":
        return 0 if name in ("compile", "escape") else _cost_of_pattern(name, arguments[1:3] if name == "sub" else arguments[1:2], result)
    if isinstance(owner, str | bytes):
        return _cost_on_text(name, owner, arguments, result)
    if name in ("scanstring", "Scanner"):
        return int(result[1]) - int(arguments[1])
    if name == "raw_decode":
        return int(result[1]) - int(arguments[1] if len(arguments) > 1 else 0)
    if name == "get_close_matches":
        return len(arguments[0]) * sum(map(len, arguments[1]))
    return sum(map(_size, arguments)) + (_size(result) if result is not owner else 0)


def _cost_of_pattern(name: str, arguments: tuple[Any, ...], result: Any) -> int:
    """Of a match what it passes; what one passes in vain cannot be seen from outside, and is looked at by a test of its own."""
    if name in ("sub", "subn"):
        return _size(arguments[1]) + _size(result)
    text = arguments[0]
    start, end = _bounds(text, arguments[1:])
    if isinstance(result, re.Match):
        return result.end() - start
    return 0 if name in ("match", "fullmatch") else max(end - start, 0)


def _bounds(text: str | bytes, given: tuple[Any, ...]) -> tuple[int, int]:
    """The part of a text that a search is told to look at."""
    end = given[1] if len(given) > 1 and given[1] is not None else len(text)
    return (given[0] if given else 0, min(end, len(text)))


def _cost_on_text(name: str, owner: str | bytes, arguments: tuple[Any, ...], result: Any) -> int:
    if name in ("startswith", "endswith"):
        return _size(arguments[0])
    if name in ("find", "index", "rfind"):
        start, end = _bounds(owner, arguments[1:])
        return max(end - start if result < 0 else end - result if name == "rfind" else result - start, 0)
    if name == "count":
        start, end = _bounds(owner, arguments[1:])
        return max(end - start, 0)
    if name in _OF_THE_TEXT:
        return len(owner)
    if name in ("strip", "lstrip", "rstrip", "removeprefix", "removesuffix"):
        return 0 if result is owner else len(owner)
    return _size(result)


# --- The source --------------------------------------------------------------------------------------------------------------------


class _Instrument(ast.NodeTransformer):
    """Puts the counting into a module."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _NOT_WRAPPED:
            return node
        return self._call("call", [node.func, *node.args], node, node.keywords)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        key = node.slice
        if isinstance(key, ast.Slice):
            bounds: list[ast.expr] = [one or ast.Constant(None) for one in (key.lower, key.upper, key.step)]
            key = ast.Call(ast.Name("slice", ast.Load()), bounds, [])
        return self._call("item", [node.value, key], node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.In | ast.NotIn):
            return node
        found = self._call("within", [node.left, node.comparators[0]], node)
        return found if isinstance(node.ops[0], ast.In) else ast.copy_location(ast.UnaryOp(ast.Not(), found), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self._call("made", [node], node) if isinstance(node.op, ast.Add) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        return self._call("made", [node], node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)
        return node  # its format is a joined text too, and must stay one

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        return self._collection(node)

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._collection(node)

    def _collection(self, node: ast.Tuple | ast.List) -> ast.AST:
        self.generic_visit(node)
        starred = isinstance(node.ctx, ast.Load) and any(isinstance(one, ast.Starred) for one in node.elts)
        return self._call("made", [node], node) if starred else node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        return self._call("made", [node], node) if None in node.keys else node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._call("each", [node.iter], node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._call("each", [node.iter], node.iter)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        self.generic_visit(node)
        node.value = self._call("each", [node.value], node.value)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.copy_location(ast.Expr(self._call("made", [ast.Constant(None)], node)), node))
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [self.visit(one) for one in node.body]
        return node

    @staticmethod
    def _call(name: str, arguments: Sequence[ast.expr], at: ast.AST, keywords: Sequence[ast.keyword] = ()) -> ast.Call:
        function = ast.Attribute(ast.Name("__work__", ast.Load()), name, ast.Load())
        made = ast.copy_location(ast.Call(function, list(arguments), list(keywords)), at)
        return ast.fix_missing_locations(made)


class _Loader(importlib.abc.Loader):
    def __init__(self, path: Path, counter: Counter) -> None:
        self._path = path
        self._counter = counter

    def exec_module(self, module: ModuleType) -> None:
        tree = _Instrument().visit(ast.parse(self._path.read_text(encoding="utf-8")))
        module.__dict__["__work__"] = self._counter
        exec(compile(ast.fix_missing_locations(tree), str(self._path), "exec", dont_inherit=True), module.__dict__)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] != PACKAGE:
            return None
        base = ROOT.joinpath(*name.split("."))
        file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if not file.exists():
            return None
        folders = [str(base)] if base.is_dir() else None
        loader = _Loader(file, self._counter)
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)


class Counted:
    """The package with its work counted."""

    def __init__(self) -> None:
        self.counter = Counter()
        self._finder = _Finder(self.counter)
        self._modules: dict[str, ModuleType] = {}

    @contextmanager
    def loaded(self) -> Iterator[Callable[[str], Any]]:
        """While this lasts the package is the counted one; gives what imports its modules. The other one is put back afterwards."""
        others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == PACKAGE}
        for name in others:
            del sys.modules[name]
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self._finder)
        try:
            yield importlib.import_module
        finally:
            sys.meta_path.remove(self._finder)
            self._modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == PACKAGE}
            for name in self._modules:
                del sys.modules[name]
            sys.modules.update(others)

    def forget(self) -> None:
        """Empty the caches that have a limit, so that nothing depends on what was counted before; to be called while it is loaded."""
        for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == PACKAGE]:
            for one in vars(module).values():
                if hasattr(one, "cache_parameters") and one.cache_parameters()["maxsize"] is not None:
                    one.cache_clear()

    def of(self, function: Callable[[], object]) -> int:
        """How much a function does; to be called while the package is :meth:`loaded`."""
        before = self.counter.work
        function()
        return self.counter.work - before
