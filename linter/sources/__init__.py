"""Where configurations come from: one module per input format, found by its file name (those that start with ``_`` are shared parts).

A source has ``KINDS`` (the kinds of document that it makes), ``NAMES`` (globs of file names that can hold them), ``detect(file)`` (a
:class:`~linter.sources._source.Recognised` or None) and ``load(file, kind)`` (a list of :class:`~linter.sources._source.Loaded`).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every source, in the order of the names."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    return tuple(import_module(f".{name}", __package__) for name in names)


def kinds() -> frozenset[str]:
    """Every kind of document that some source makes, such as ``server/json``."""
    return frozenset(kind for module in modules() for kind in module.KINDS)


def source_of(kind: str) -> ModuleType:
    """The source that makes documents of a kind when nothing in the file says otherwise: the one called as the kind, else the first."""
    makers = [module for module in modules() if kind in module.KINDS]
    named = f"{__name__}.{kind.replace('/', '_')}"
    return next((module for module in makers if module.__name__ == named), makers[0])
