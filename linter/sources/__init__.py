"""Input formats: one module per format, found by its file name (those that start with ``_`` are shared).

:class:`~linter.documents.source.Source` is their interface; ``tests/test_source_contract.py`` checks it. A source can also have ``MARKS``:
texts, one of which is in each JSON file that it recognises; ``MEMBERS``: names, one of which is in the object of each such file, or in the
first object of its list; ``FLAT``: whether no member of that object is an object itself; and ``DEFAULT_FOR``: a kind that several sources
make, and that is its own unless a file shows otherwise.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from .. import _built
from ..typed import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from ..documents.source import Loaded, Recognised, Source, SourceFile


_HERE = os.path.dirname(__file__)


def _names() -> list[str]:
    return sorted(name[:-3] for name in os.listdir(_HERE) if name.endswith(".py") and not name.startswith("_"))


@cache
def _module(name: str) -> Source:
    return cast("Source", import_module(f".{name}", __package__))


@cache
def modules() -> tuple[Source, ...]:
    """Every source, sorted by name."""
    return tuple(map(_module, _names()))


def modules_for(file: SourceFile) -> tuple[Source, ...]:
    """The sources that may recognise a file; a run on JSON does not import the others, since each costs a millisecond."""
    content = file.text.content
    if content.lstrip()[:1] not in ("{", "[") or file.json.problems:
        return modules()
    members = members_of(file.json.value)
    is_flat = not any(isinstance(member, dict) for member in members.values())

    def can_read(one: Mapping[str, Any]) -> bool:
        has_member = not one["members"] or any(name in members for name in one["members"])
        has_mark = not one["marks"] or any(mark in content for mark in one["marks"])
        return one["json"] and has_member and has_mark and (is_flat or not one["flat"])

    return tuple(_module(name) for name, one in _index().items() if can_read(one))


def members_of(value: Any) -> Mapping[str, Any]:
    """The members of a JSON object, or of the first object in a JSON list."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, dict) else {}


def file_names() -> list[str]:
    """The globs of file names of all sources, in order."""
    return sorted({name for one in _index().values() for name in one["names"]})


@cache
def _index() -> Mapping[str, Any]:
    """The data that tells whether a source may recognise a file: the built index, so that a run need not import all sources."""
    return _built.read("sources", _made_of, _entries)


def _made_of() -> list[str]:
    """The paths of everything that the index depends on: the sources and what they share."""
    return [os.path.join(_HERE, name) for name in sorted(os.listdir(_HERE)) if name.endswith(".py")]


def _entries() -> dict[str, Any]:
    """For each source its ``NAMES``, ``MARKS``, ``MEMBERS`` and ``FLAT``, and whether a name can end in ``.json``."""
    return {
        name: {
            "flat": getattr(module, "FLAT", False),
            "json": any(pattern.endswith(".json") for pattern in module.NAMES),
            "marks": sorted(getattr(module, "MARKS", ())),
            "members": sorted(getattr(module, "MEMBERS", ())),
            "names": module.NAMES,
        }
        for name, module in zip(_names(), modules(), strict=True)
    }


def build_index() -> str:
    """The text of the built index."""
    lines = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in _entries().items())
    return _built.text("{\n" + ",\n".join(lines) + "\n}", _made_of())


def kinds() -> frozenset[str]:
    """Every kind of document that some source makes, such as ``server/json``."""
    return frozenset(kind for module in modules() for kind in module.KINDS)


def source_of(kind: str) -> Source:
    """The source that makes documents of a kind unless the file shows otherwise.

    It is the one named after the kind, or whose ``DEFAULT_FOR`` is the kind, else the first.
    """
    makers = [module for module in modules() if kind in module.KINDS]
    named = f"{__name__}.{kind.replace('/', '_')}"
    return next((module for module in makers if module.__name__ == named or getattr(module, "DEFAULT_FOR", "") == kind), makers[0])


def load_configuration(file: SourceFile) -> Loaded:
    """The document of a JSON file that a server reads as its configuration, loaded once in a run."""

    def load() -> Loaded:
        loaded = source_of("server/json").load(file, "server/json")[0]
        loaded.set_server(file.server)
        return loaded

    return file.around.cached(("configuration", file.uri, file.part, file.release), load)


def maker_of(file: SourceFile, kind: str) -> Source:
    """The source that makes documents of a kind from a file; see :func:`chosen_maker`."""
    return chosen_maker(answers_of(file), kind)


def answers_of(file: SourceFile) -> list[tuple[Source, Recognised]]:
    """The sources that recognise a file, each with its verdict."""
    return [(module, answer) for module in modules_for(file) if (answer := module.detect(file)) is not None]


def chosen_maker(answers: list[tuple[Source, Recognised]], kind: str) -> Source:
    """The source for documents of a kind, among those that recognise a file: the most certain for this kind, else one for its format.

    If there is none, it is :func:`source_of` the kind.
    """
    able = [(module, answer) for module, answer in answers if kind in module.KINDS]
    fitting = [(module, answer) for module, answer in able if answer.kind is not None] or able
    return max(fitting, key=lambda pair: pair[1].confidence)[0] if fitting else source_of(kind)
