"""Registries of the modules of a package by name, such as formats: a run imports only those that it asks for.

A built file (see :mod:`linter._built`) says which module registers a name, so no list has to be maintained.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

from . import _built
from .typed import TypeVar

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry]):
    """The entries of a package by name, in alphabetical order. Asking for one imports its module."""

    def __init__(self, package: str, folder: str) -> None:
        self._package = package
        self._folder = folder
        self._entries: dict[str, Entry] = {}
        self._modules: dict[str, str] = {}

    def add(self, name: str, entry: Entry, module: str) -> None:
        """Register an entry that ``module`` defines; for the package's decorator."""
        if name in self._entries:
            raise ValueError(f'"{name}" is registered twice, in {self._modules[name]} and in {module}: rename one of them')
        self._entries[name] = entry
        self._modules[name] = module

    def __getitem__(self, name: str) -> Entry:
        if name not in self._entries:
            import_module(self._module_of[name])
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_of)

    def __len__(self) -> int:
        return len(self._module_of)

    def build(self) -> str:
        """The text of the built file, with one name per line."""
        return _built.text(json.dumps(self._search(), indent=0), self._made_of())

    @cached_property
    def _module_of(self) -> Mapping[str, str]:
        """The module of each name, from the built file; if that is stale or absent, from the modules themselves."""
        return _built.read(self._package.rpartition(".")[2], self._made_of, self._search)

    def _search(self) -> Mapping[str, str]:
        for path in self._made_of():
            name = os.path.basename(path).removesuffix(".py")
            if name != "__init__":
                import_module(f"{self._package}.{name}")
        return dict(sorted(self._modules.items()))

    def _made_of(self) -> list[str]:
        """The paths of everything that the built file depends on."""
        return sorted(os.path.join(self._folder, file) for file in os.listdir(self._folder) if file.endswith(".py"))
