"""What a rule reads of a document: by its data, before anything of it is compiled.

A rule that finds nothing in a document finds nothing in another one either that is the same in all that it reads, and what it finds is the
same where all is the same that its message and its fixes read too. This says how much that is. It may say too much, so that a rule is run
for nothing, but never too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..settings import catalogue
from ..typed import Any, Final, NamedTuple
from .errors import RuleError
from .node import FACTS_OF_A_DOCUMENT, FACTS_OF_A_REPAIR
from .paths import Path, Tag, parse_path
from .rule import fixes_of, references_of, written_out

_UNTRACED: Final = frozenset({"environment", "name", *FACTS_OF_A_REPAIR})
"""The facts that are not among what documents are compared by, since they differ in each environment, as the name of a parameter does."""


class Reads(NamedTuple):
    """The settings that decide what a rule finds, by the first names of their paths.

    ``shared`` decide about every place that it looks at: its condition asks for them, or its operands name them. At each of ``places`` it
    finds something or not whatever the others are; ``anywhere``: at all others too.
    """

    shared: frozenset[str]
    places: frozenset[str]
    anywhere: bool


class Told(NamedTuple):
    """What decides, beside the setting that a finding is about, what it says and how it is fixed: ``shared``, by their first names.

    ``in_order``: the findings in a document are in the order of its names at the top. ``apart``: none loses its fix for another one's.
    ``of_names``: which setting was meant by a name decides too, and so all other names in the document.
    """

    shared: frozenset[str]
    in_order: bool
    apart: bool
    of_names: bool


class _Untraced(Exception):
    """A rule reads what cannot be told by the names of settings."""


def reads_of(data: Mapping[str, Any], kind: str) -> Reads | None:
    """What a rule reads of a document whose settings are those of the catalogue ``kind``, by its data; None where that can be anything."""
    try:
        shared = frozenset(_shared(data, kind))
        places = [_places(parse_path(path), kind) for path in data.get("must", {})]
    except (_Untraced, RuleError):  # a pattern can hold what looks like a reference
        return None
    known = [names for names in places if names is not None]
    return Reads(shared, frozenset().union(*known), len(known) < len(places))


def _shared(data: Mapping[str, Any], kind: str) -> Iterator[str]:
    given = data.get("when", [])
    for clauses in given if isinstance(given, list) else [given]:
        for key, assertion in clauses.items():
            text, asked = written_out(key, assertion)
            yield from _named(_known_to_shape(parse_path(text), asked), kind)
            yield from _references(asked, kind)
    for path, assertion in data.get("must", {}).items():
        parsed = _known_to_shape(parse_path(path), assertion)
        if parsed.start != "root" or not (parsed.steps or parsed.fact in FACTS_OF_A_DOCUMENT):
            raise _Untraced
        if parsed.fact in _UNTRACED:
            raise _Untraced
        yield from _references(assertion, kind)


def told_of(data: Mapping[str, Any], kind: str) -> Told | None:
    """What the message and the fixes of a rule read, as :func:`reads_of`; None where that can be anything."""
    try:
        shared = frozenset(_told(data, kind))
        paths = [parse_path(path) for path in data.get("must", {})]
    except (_Untraced, RuleError):
        return None
    in_order = len(paths) == 1 and not any(isinstance(step, Tag) for step in paths[0].steps[:1])
    fixes = [fix for _, fix in fixes_of(data)]
    apart = not any(way in fix for fix in fixes for way in ("remove", "rename", "split"))
    return Told(shared, in_order, apart, any(_MEANT_NAME in fix.get("rename", {}).values() for fix in fixes))


_MEANT_NAME: Final = "${@meant_name}"
"""The name that a fix gives to what is misspelt."""


def _told(data: Mapping[str, Any], kind: str) -> Iterator[str]:
    yield from _of_others(references_of(data.get("message", "")), kind)
    for _, fix in fixes_of(data):
        given = fix.get("when", [])
        for clauses in given if isinstance(given, list) else [given]:
            for key, assertion in clauses.items():
                text, asked = written_out(key, assertion)
                yield from _of_others([parse_path(text), *references_of(asked)], kind)
        values, moved = fix.get("set", {}), [*fix.get("rename", {}).items(), *fix.get("split", {}).items()]
        targets = [target for _, target in moved if target != _MEANT_NAME]
        if any("${" in target for target in targets):
            raise _Untraced
        yield from _of_others(map(parse_path, (*values, *fix.get("remove", ()), *(path for path, _ in moved), *targets)), kind)
        yield from _of_others(references_of(list(values.values())), kind)


_OF_OTHERS: Final = _UNTRACED - {"meant"}
"""Those of them that the setting at hand does not decide by itself."""


def _of_others(paths: Iterable[Path], kind: str) -> Iterator[str]:
    """The first names of paths, but for what is in the setting at hand, and what was meant by that."""
    for path in paths:
        if path.start == "node" and (path.fact not in _UNTRACED or (path.fact not in _OF_OTHERS and not path.steps)):
            continue
        yield from _named(path, kind)


def _known_to_shape(path: Path, assertion: Any) -> Path:
    """A path to be asked for by an assertion: whether there is an entry is the same in all documents that are compared, its name is not."""
    return path._replace(fact=None) if path.fact == "name" and assertion in ("absent", "present") else path


def _references(assertion: Any, kind: str) -> Iterator[str]:
    """The first names of what the operands of an assertion name, but for what is in the setting at hand."""
    for path in references_of(assertion):
        if path.start == "node" and path.fact not in _UNTRACED:
            continue
        yield from _named(path, kind)


def _named(path: Path, kind: str) -> Iterable[str]:
    """The first names of a path that decides about all places. From a ``parent`` too: that of a setting at the top is the root."""
    if path.fact in _UNTRACED:
        raise _Untraced
    if not path.steps:
        if path.start == "root" and path.fact in FACTS_OF_A_DOCUMENT:
            return ()
        raise _Untraced
    names = _places(path, kind)
    if names is None:
        raise _Untraced
    return names


def _places(path: Path, kind: str) -> frozenset[str] | None:
    """The first names of what a path leads to; None where it can be any."""
    if not path.steps:
        return frozenset()
    first = path.steps[0]
    if isinstance(first, Tag):
        tagged = {path[0] for path in catalogue(kind).tagged(first.name)}
        return None if "*" in tagged else frozenset(map(str, tagged))
    return frozenset([first]) if isinstance(first, str) else None
