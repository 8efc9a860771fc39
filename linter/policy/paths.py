"""Paths of the rule language: ``database.ssl.ca``, ``externalAuthProviders.*.issuer``, ``**.password``, ``<secret>@type``, ``^.issuer``.

A plain step leads on even where nothing stands, so that a rule can ask for what is missing; ``*`` and what follows ``**`` lead only
to what exists. ``<tag>`` stands for every setting so tagged in the catalogue of the document's kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product
from math import prod

from .. import settings
from ..model import Document, Mark, child
from ..settings.kinds import catalogue_kind
from ..typed import Any, Final, NamedTuple
from .errors import RuleError, did_you_mean
from .node import FACTS_OF_A_DOCUMENT, FACTS_OF_A_FINDING, FACTS_OF_A_SETTING, Link, Node

ANY: Final = Mark("*")
DEEP: Final = Mark("**")


class Tag(NamedTuple):
    """``<name>``: every setting of the catalogue with this tag."""

    name: str


Step = str | Mark | Tag


PathPart = tuple[str | None, tuple[Step, ...]]
"""Steps from the root, of which the first is the name of a setting, or stands for the name that is given."""


class Path(NamedTuple):
    """A parsed path. It starts at the ``root``, at the ``node`` at hand, or at that node's ``parent``."""

    start: str
    steps: tuple[Step, ...]
    fact: str | None

    def nodes(self, node: Node) -> Iterator[Node]:
        """Every place that the path leads to, seen from ``node``, in the document's order."""
        if self.is_single:
            return iter((self.single(node),))
        return self._places(node)

    def _places(self, node: Node) -> Iterator[Node]:
        if self.start == "root":
            for part in self.parts(node.document):
                yield from self.nodes_of(node.document, part)
            return
        origin = self._origin(node)
        for steps in expanded(self.steps, catalogue_kind(node.document.kind)):
            yield from _walk(origin.document, origin.link, origin.value, steps)

    def _origin(self, node: Node) -> Node:
        if self.start == "root":
            return Node(node.document, None, node.document.data)
        return node if self.start == "node" else node.parent()

    def parts(self, document: Document) -> Iterator[PathPart]:
        """A path from the root in parts, each of which leads to places at and beneath one setting at the top."""
        for steps in expanded(self.steps, catalogue_kind(document.kind)):
            if isinstance(steps[0], Mark):
                for name in document.data:
                    yield name, steps
            else:
                yield None, steps

    def nodes_of(self, document: Document, part: PathPart) -> Iterator[Node]:
        """The places that a part of the path leads to."""
        name, steps = part
        data = document.data if name is None else {name: document.data[name]}
        yield from _walk(document, None, data, steps)

    def single(self, node: Node) -> Node:
        """The one place that a path without ``*``, ``**`` and tags leads to."""
        origin = self._origin(node)
        return origin if not self.steps else _down(origin.document, origin.link, origin.value, self.steps)

    def seen_from(self, at: Path) -> Path:
        """The path as one from the root, where it starts at the place that another one leads to."""
        if self.start == "root":
            return self
        is_there = self.start == "node" or at.steps[-1:] == (DEEP,)  # what holds a setting at any depth is at any depth too
        return Path("root", (*(at.steps if is_there else at.steps[:-1]), *self.steps), self.fact)

    def value(self, node: Node) -> Any:
        """What the path asks of a place that it leads to: its value, or a fact of it."""
        return node.value if self.fact is None else node.fact(self.fact)

    @property
    def is_single(self) -> bool:
        """Whether the path leads to exactly one place."""
        return _are_names(self.steps)


def names_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """The names of steps as the catalogue has them, with ``*`` for a member of a list."""
    return tuple("*" if step is ANY or str(step).isdecimal() else str(step) for step in steps)


@settings.derived
def expanded(steps: tuple[Step, ...], kind: str) -> tuple[tuple[Step, ...], ...]:
    """The steps of a path, once for each setting of the catalogue ``kind`` that carries its tag, with this in the place of the tag."""
    if not any(isinstance(step, Tag) for step in steps):
        return (steps,)
    written_out: list[tuple[Step, ...]] = [()]
    for step in steps:
        tails: list[tuple[Step, ...]] = [(step,)]
        if isinstance(step, Tag):
            tails = [tuple(ANY if name == "*" else str(name) for name in path) for path in settings.catalogue(kind).tagged(step.name)]
        written_out = [head + tail for head in written_out for tail in tails]
    return tuple(written_out)


def _are_names(steps: tuple[Step, ...]) -> bool:
    for step in steps:  # noqa: SIM110  # no generator, for it is asked of each path of each rule on each document
        if type(step) is not str:
            return False
    return True


def _down(document: Document, link: Link, value: Any, names: tuple[Step, ...]) -> Node:
    """The one place that names lead to from another place."""
    for step in names:
        name = str(step)
        key = name if type(value) is dict else _key(value, name)
        value = child(value, key)
        link = (link, key)
    return Node(document, link, value)


def _walk(document: Document, link: Link, value: Any, steps: tuple[Step, ...], *, existing: bool = False) -> Iterator[Node]:
    """The places that ``steps`` lead to from a place; only those that exist, when asked so.

    What is beneath a value that has no members does not exist.
    """
    for position, step in enumerate(steps):
        if isinstance(step, str):
            key = step if type(value) is dict else _key(value, step)
            if existing and not _holds(value, key):
                return
            value = child(value, key)
            link = (link, key)
            continue
        rest = steps[position + 1 :]
        if step is DEEP:
            yield from _descend(document, link, value, rest)
        elif not rest:
            for key, member in _members(value):
                yield Node(document, (link, key), member)
        elif not existing and _are_names(rest):
            for key, member in _members(value):
                yield _down(document, (link, key), member, rest)
        else:
            for key, member in _members(value):
                yield from _walk(document, (link, key), member, rest, existing=existing)
        return
    yield Node(document, link, value)


def _key(value: Any, step: str) -> str | int:
    return int(step) if isinstance(value, list) and re.fullmatch(r"0|[1-9][0-9]*", step) else step


def _holds(value: Any, key: str | int) -> bool:
    if isinstance(value, dict):
        return key in value
    return isinstance(value, list) and isinstance(key, int) and key < len(value)


def _members(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return enumerate(value if isinstance(value, list) else ())


def _descend(document: Document, link: Link, value: Any, steps: tuple[Step, ...]) -> Iterator[Node]:
    """All that ``steps`` lead to at or beneath a place, or all beneath it where there are none."""
    if not steps:
        for holder, key, member in _beneath(link, value):
            yield Node(document, (holder, key), member)
        return
    yield from _walk(document, link, value, steps, existing=True)
    name = steps[0] if isinstance(steps[0], str) else None
    for holder, key, member in _beneath(link, value):
        if isinstance(member, dict | list) and (name is None or _holds(member, _key(member, name))):
            yield from _walk(document, (holder, key), member, steps, existing=True)


def _beneath(link: Link, value: Any) -> Iterator[tuple[Link, str | int, Any]]:
    """All that is beneath a value, in the order of the document: each with the place of what holds it, and its step from there.

    A loop, not a recursion: a document can be 100,000 levels deep. Nothing is kept but the way down to where it is.
    """
    above: list[tuple[Link, Iterator[tuple[str | int, Any]]]] = []
    members = _members(value)
    while True:
        for key, member in members:
            yield link, key, member
            if member and isinstance(member, dict | list):
                above.append((link, members))
                link, members = (link, key), _members(member)
                break
        else:
            if not above:
                return
            link, members = above.pop()


_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|<(?P<tag>[^<>]*)>|(?P<deep>\*\*)|(?P<any>\*)|(?P<name>[^.@"<>*\s^${},]+)')
_MOST_PATHS: Final = 100
_BRACES = re.compile(r"\{([^{}]*)\}")


def each_path(text: str) -> list[str]:
    """The paths that a key of ``must`` or ``when`` stands for: ``{redis,cacheRedis}.host`` for two.

    Raises :class:`RuleError` for braces that do not hold at least two names, and for more than a hundred paths.
    """
    if not isinstance(text, str) or "{" not in text or '"' in text:
        return [text]
    pieces = _BRACES.split(text)
    names = [[name.strip() for name in piece.split(",")] for piece in pieces[1::2]]
    if not names or any(len(some) < 2 or "" in some for some in names):
        raise RuleError(f'"{text}" is not a path: braces hold the names for which it stands, as in "{{redis,cacheRedis}}.host"')
    if prod(map(len, names)) > _MOST_PATHS:
        raise RuleError(f"a key stands for at most {_MOST_PATHS} paths")
    return ["".join(map(str.__add__, pieces[::2], (*chosen, ""))) for chosen in product(*names)]


def parse_path(text: str) -> Path:
    """The path that a rule's text stands for; raises :class:`RuleError` where it is none."""
    if not isinstance(text, str):
        raise RuleError(f"a path must be text, not {text!r}")
    if not text:
        raise RuleError('a path must not be empty: "." is the setting at hand, "$" the root')
    return _parsed(text)


@settings.derived
def _parsed(text: str) -> Path:
    """The path of a text, read once: a few paths stand in nearly every rule."""
    body, fact = _split_fact(text)
    start, body = _split_start(text, body)
    path = Path(start, tuple(_steps(text, body)), fact)
    if sum(step is DEEP for step in path.steps) > 1:
        raise RuleError(f'"{text}": a path can hold "**" once')
    _check_fact(text, path)
    return path


def _split_fact(text: str) -> tuple[str, str | None]:
    match = re.search(r"@([A-Za-z_]+)$", text)
    return (text[: match.start()], match[1]) if match else (text, None)


def _split_start(text: str, body: str) -> tuple[str, str]:
    if body == "$":
        return "root", ""
    if body in (".", ""):
        return "node", ""
    if body == "^":
        return "parent", ""
    if body.startswith("^."):
        return "parent", body[2:]
    if body[0] in "^$.":
        raise RuleError(f'"{text}" is not a path: write "^.name" for a sibling, "$" for the root, "." for the setting, or quote the key')
    return "root", body


def _steps(text: str, body: str) -> Iterator[Step]:
    at = 0
    while at < len(body):
        match = _TOKEN.match(body, at)
        if match is None:
            raise RuleError(
                f'"{text}" is not a path: it cannot be read from "{body[at:]}" on (quote a key with dots or signs: "\\"a.b\\"")'
            )
        kind = match.lastgroup
        if kind == "deep":
            yield DEEP
        elif kind == "any":
            yield ANY
        elif kind == "tag":
            yield _tag(match["tag"])
        else:
            yield match["quoted"] if kind == "quoted" else match["name"]
        at = match.end()
        if at == len(body):
            return
        if body[at] != "." or at + 1 == len(body):
            raise RuleError(f'"{text}" is not a path: steps are separated by one dot each')
        at += 1


def _tag(name: str) -> Tag:
    known = _all_tags()
    if name not in known:
        raise RuleError(f'no setting is tagged "{name}"{did_you_mean(name, known)}')
    return Tag(name)


@settings.derived
def _all_tags() -> frozenset[str]:
    return frozenset().union(*(settings.catalogue(kind).tags() for kind in settings.KINDS))


def _check_fact(text: str, path: Path) -> None:
    if path.fact is None:
        return
    root = path.start == "root" and not path.steps
    known: tuple[str, ...] = FACTS_OF_A_DOCUMENT if root else FACTS_OF_A_SETTING
    if path.start == "node" and not path.steps:
        known += FACTS_OF_A_FINDING
    if len(path.steps) == 1:
        known += FACTS_OF_A_DOCUMENT  # of a member of a deployment
    if path.fact not in known:
        raise RuleError(
            f'"{text}": there is no fact "{path.fact}" of {"a document" if root else "a setting"}{did_you_mean(path.fact, known)}'
        )
