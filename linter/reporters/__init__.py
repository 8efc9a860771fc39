"""How results are written: one module per output format, called as its file (those that start with ``_`` are shared parts).

A reporter has ``report(result, stream, style)`` and imports nothing of ours but :mod:`linter.text`, :mod:`linter.model` and
:mod:`linter.redaction.mask`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType


def names() -> list[str]:
    """The output formats, in the order of their names."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def reporter(name: str) -> ModuleType:
    """The module of a format; only it is imported."""
    return import_module(f".{name}", __package__)
