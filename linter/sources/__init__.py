"""Where configurations come from: one module per input format, found by its file name (those that start with ``_`` are shared parts).

:class:`~linter.documents.source.Source` says what each of them has; ``tests/test_source_contract.py`` sees to it. A source can also have
``MARKS``: texts, of which one stands in each JSON file that it recognises; ``MEMBERS``: names, of which one is that of a member of the
object that each such file is; and ``DEFAULT_FOR``: a kind that several make, and that is its own where nothing in a file says otherwise.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

from .. import _built
from ..typed import TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    from ..documents.source import Recognised, Source, SourceFile


_HERE = os.path.dirname(__file__)


def _names() -> list[str]:
    return sorted(name[:-3] for name in os.listdir(_HERE) if name.endswith(".py") and not name.startswith("_"))


@cache
def _module(name: str) -> Source:
    return cast("Source", import_module(f".{name}", __package__))


@cache
def modules() -> tuple[Source, ...]:
    """Every source, in the order of the names."""
    return tuple(map(_module, _names()))


def modules_for(file: SourceFile) -> tuple[Source, ...]:
    """The sources that can make something of a file; of the others a run on JSON imports none, for each costs a millisecond."""
    content = file.text.content
    if content.lstrip()[:1] not in ("{", "[") or file.json.problems:
        return modules()
    readers = _readers_of_json()
    if readers is None:
        return modules()
    value = file.json.value
    return tuple(_module(one.name) for one in readers if _has_member(one.members, value) and _may_read(one.marks, content))


def file_names() -> list[str]:
    """The globs of file names of all sources, in their order."""
    index = _index()
    every = [module.NAMES for module in modules()] if index is None else [one["names"] for one in index.values()]
    return sorted({name for names in every for name in names})


class _Reader(NamedTuple):
    """A source that reads JSON, with its ``MARKS`` and ``MEMBERS``."""

    name: str
    marks: Sequence[str]
    members: Sequence[str]


@cache
def _readers_of_json() -> tuple[_Reader, ...] | None:
    """The sources that read files which can be called ``*.json``; None where nobody has worked that out."""
    index = _index()
    return None if index is None else tuple(_Reader(name, one["marks"], one["members"]) for name, one in index.items() if one["json"])


def _has_member(members: Sequence[str], value: object) -> bool:
    """Whether a source with these members can make something of a value."""
    return not members or (isinstance(value, dict) and any(name in value for name in members))


_MANY: Final = 5
"""Marks from which on to look for all of them can take long."""
_LONGEST_SEARCH: Final = 10_000_000
"""Characters to look through for many marks at most: where there are more, it takes less to import the source and ask it."""


def _may_read(marks: Sequence[str], content: str) -> bool:
    """Whether a source with these marks can make something of a text."""
    if not marks or (len(marks) >= _MANY and len(marks) * len(content) > _LONGEST_SEARCH):
        return True
    return any(mark in content for mark in marks)


@cache
def _index() -> Mapping[str, Any] | None:
    """What the built index says (see :func:`build_index`), so that a run need not import all sources to choose; None where it is stale."""
    index: Mapping[str, Any] | None = _built.read("sources", _made_of)
    return index


def _made_of() -> list[str]:
    """The paths of all that the index depends on: the sources and what they share."""
    return [os.path.join(_HERE, name) for name in sorted(os.listdir(_HERE)) if name.endswith(".py")]


def build_index() -> str:
    """The text of the built index: for each source its ``NAMES``, ``MARKS`` and ``MEMBERS``, and whether a name can end in ``.json``."""
    lines = []
    for name, module in zip(_names(), modules(), strict=True):
        entry = {
            "json": any(pattern.endswith(".json") for pattern in module.NAMES),
            "marks": sorted(getattr(module, "MARKS", ())),
            "members": sorted(getattr(module, "MEMBERS", ())),
            "names": module.NAMES,
        }
        lines.append(f"{json.dumps(name)}: {json.dumps(entry)}")
    return _built.text("{\n" + ",\n".join(lines) + "\n}", _made_of())


def kinds() -> frozenset[str]:
    """Every kind of document that some source makes, such as ``server/json``."""
    return frozenset(kind for module in modules() for kind in module.KINDS)


def source_of(kind: str) -> Source:
    """The source that makes documents of a kind when nothing in the file says otherwise.

    That is the one called as the kind, or whose ``DEFAULT_FOR`` is the kind, else the first.
    """
    makers = [module for module in modules() if kind in module.KINDS]
    named = f"{__name__}.{kind.replace('/', '_')}"
    return next((module for module in makers if module.__name__ == named or getattr(module, "DEFAULT_FOR", "") == kind), makers[0])


def maker_of(file: SourceFile, kind: str) -> Source:
    """The source that makes documents of a kind out of a file; see :func:`chosen_maker`."""
    answers = [(module, answer) for module in modules_for(file) if (answer := module.detect(file)) is not None]
    return chosen_maker(answers, kind)


def chosen_maker(answers: list[tuple[Source, Recognised]], kind: str) -> Source:
    """The source that makes documents of a kind, of those that know a file: the surest that takes it for one, else that knows its format.

    Where none of them does, it is :func:`source_of` the kind.
    """
    able = [(module, answer) for module, answer in answers if kind in module.KINDS]
    fitting = [(module, answer) for module, answer in able if answer.kind is not None] or able
    return max(fitting, key=lambda pair: pair[1].confidence)[0] if fitting else source_of(kind)
