"""Paths of the rule language: ``database.ssl.ca``, ``externalAuthProviders.*.issuer``, ``**.password``, ``<secret>@type``, ``^.issuer``.

A plain step matches even if nothing is there, so that a rule can require a missing setting; ``*`` and steps after ``**`` only match
existing values. ``<tag>`` stands for every setting with that tag in the catalogue of the document's kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, product
from math import prod

from .. import settings
from ..model import Mark, child
from ..settings.kinds import catalogue_kind
from ..typed import Any, Final, NamedTuple
from .errors import RuleError, did_you_mean
from .node import FACTS_OF_A_DOCUMENT, FACTS_OF_A_FINDING, FACTS_OF_A_SETTING, Node

ANY: Final = Mark("*")
DEEP: Final = Mark("**")


class Tag(NamedTuple):
    """``<name>``: every setting of the catalogue with this tag."""

    name: str


Step = str | Mark | Tag
Branch = tuple[tuple[Step, ...], "str | None"]
"""The steps of a path without tags, and if they begin with ``*`` or ``**`` at the root, the top-level setting to follow them in."""


class Path(NamedTuple):
    """A parsed path. It starts at the ``root``, at the ``node`` at hand, or at that node's ``parent``."""

    start: str
    steps: tuple[Step, ...]
    fact: str | None

    def nodes(self, node: Node) -> Iterator[Node]:
        """Every place that the path leads to, seen from ``node``, in document order."""
        if self.is_single:
            yield self.single(node)
            return
        for branch in self.branches(node):
            yield from self.nodes_in(branch, node)

    def branches(self, node: Node) -> Iterator[Branch]:
        """The branches of a path with ``*``, ``**`` or tags, seen from ``node``."""
        value = self._origin(node).value
        for steps in expanded(self.steps, catalogue_kind(node.document.kind)):
            for name in value if self.start == "root" and isinstance(steps[0], Mark) else (None,):
                yield steps, name

    def nodes_in(self, branch: Branch, node: Node) -> Iterator[Node]:
        """The places that one of its :meth:`branches` leads to. The document is read when the first is needed."""
        origin, (steps, name) = self._origin(node), branch
        return _walk(origin if name is None else Node(origin.document, None, {name: origin.value[name]}), steps)

    def _origin(self, node: Node) -> Node:
        if self.start == "root":
            return Node(node.document, None, node.document.data)
        return node if self.start == "node" else Node.at(node.document, node.path[:-1])  # the root is its own parent

    def single(self, node: Node) -> Node:
        """The one place that a path without ``*``, ``**`` and tags leads to."""
        node = self._origin(node)
        for step in self.steps:
            node = node.child(_key(node.value, str(step)))
        return node

    def seen_from(self, at: Path | None) -> Path:
        """The path as one from the root, relative to the place of another one; unchanged if that is not known."""
        if self.start == "root" or at is None or at.start != "root":
            return self
        is_there = self.start == "node" or at.steps[-1:] == (DEEP,)  # the parent of a setting at any depth is at any depth too
        return Path("root", (*(at.steps if is_there else at.steps[:-1]), *self.steps), self.fact)

    def value(self, node: Node) -> Any:
        """The value that the path asks for at a place: the setting's, or a fact about it."""
        return node.value if self.fact is None else node.fact(self.fact)

    @property
    def is_single(self) -> bool:
        """Whether the path leads to exactly one place."""
        return {*map(type, self.steps)} <= {str}  # no generator, for speed: it is evaluated for each path of each rule on each document


def names_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """The names of steps as in the catalogue, with ``*`` for a list index."""
    return tuple("*" if step is ANY or str(step).isdecimal() else str(step) for step in steps)


@settings.derived
def expanded(steps: tuple[Step, ...], kind: str) -> tuple[tuple[Step, ...], ...]:
    """The steps of a path, once for each setting of the catalogue ``kind`` that has its tag, with the setting in place of the tag."""
    tagged = next((step for step in steps if isinstance(step, Tag)), None)
    if tagged is None:
        return (steps,)
    at = steps.index(tagged)
    paths = (tuple(ANY if name == "*" else str(name) for name in path) for path in settings.catalogue(kind).tagged(tagged.name))
    return tuple(one for path in paths for one in expanded((*steps[:at], *path, *steps[at + 1 :]), kind))


def _walk(node: Node, steps: tuple[Step, ...]) -> Iterator[Node]:
    """The places that ``steps`` lead to from a place, found lazily; after ``**`` only existing ones."""
    nodes: Iterator[Node] = iter((node,))
    is_behind = False
    for kind, some in groupby(steps, type):
        if kind is str:
            nodes = _named(nodes, tuple(map(str, some)), existing=is_behind)
            continue
        for step in some:
            is_behind = is_behind or step is DEEP
            if step is DEEP and steps[-1] is not DEEP:
                nodes = (one for above in nodes for one in chain((above,), _beneath(above)))
            else:
                nodes = chain.from_iterable(map(_beneath if step is DEEP else _members, nodes))
    yield from nodes


def _named(nodes: Iterator[Node], names: tuple[str, ...], *, existing: bool) -> Iterator[Node]:
    """The place that names lead to from each of several; only existing ones, if asked to. A value without members has none."""
    for node in nodes:
        link, value = node.link, node.value
        for name in names:
            key = _key(value, name) if isinstance(value, list) else name
            if existing and key not in (value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()):
                break
            link, value = (link, key), child(value, key)
        else:
            yield Node(node.document, link, value)


def _key(value: Any, step: str) -> str | int:
    return int(step) if isinstance(value, list) and re.fullmatch(r"0|[1-9][0-9]*", step) else step


def _members(node: Node) -> Iterator[Node]:
    value = node.value
    members = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    return (Node(node.document, (node.link, step), member) for step, member in members)


def _beneath(node: Node) -> Iterator[Node]:
    """All places beneath one, in document order. A loop, not a recursion: a document can be 100,000 levels deep.

    It keeps only the path to the current place.
    """
    above = [_members(node)]
    while above:
        for one in above[-1]:
            yield one
            if one.value and isinstance(one.value, dict | list):
                above.append(_members(one))
                break
        else:
            above.pop()


_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|<(?P<tag>[^<>]*)>|(?P<deep>\*\*)|(?P<any>\*)|(?P<name>[^.@"<>*\s^${},]+)')
_MOST_PATHS: Final = 100
_BRACES = re.compile(r"\{([^{}]*)\}")


def each_path(text: str) -> list[str]:
    """The paths of a key of ``must`` or ``when``: ``{redis,cacheRedis}.host`` stands for two.

    Raises :class:`RuleError` for braces with fewer than two names, and for more than a hundred paths.
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
    """Parse a path; raises :class:`RuleError` if it is invalid."""
    if not isinstance(text, str):
        raise RuleError(f"a path must be text, not {text!r}")
    if not text:
        raise RuleError('a path must not be empty: "." is the setting at hand, "$" the root')
    return _parsed(text)


@settings.derived
def _parsed(text: str) -> Path:
    """The parsed path, cached, because a few paths are in nearly every rule."""
    fact = re.search(r"@([A-Za-z_]+)$", text)
    body = text[: fact.start()] if fact else text
    start = _STARTS.get(body, "parent" if body.startswith("^.") else "root")
    if body in _STARTS or start == "parent":
        body = body[2:]
    elif body[0] in "^$.":
        raise RuleError(f'"{text}" is not a path: write "^.name" for a sibling, "$" for the root, "." for the setting, or quote the key')
    path = Path(start, tuple(_steps(text, body)), fact[1] if fact else None)
    if sum(step is DEEP for step in path.steps) > 1:
        raise RuleError(f'"{text}": a path can hold "**" once')
    _check_fact(text, path)
    return path


_STARTS: Final = {"$": "root", "": "node", ".": "node", "^": "parent"}


def _steps(text: str, body: str) -> Iterator[Step]:
    at = 0
    while at < len(body):
        match = _TOKEN.match(body, at)
        if match is None:
            raise RuleError(
                f'"{text}" is not a path: it cannot be read from "{body[at:]}" on (quote a key with dots or signs: "\\"a.b\\"")'
            )
        kind, token = str(match.lastgroup), match[str(match.lastgroup)]
        yield _tag(token) if kind == "tag" else {"deep": DEEP, "any": ANY}.get(kind, token)
        at = match.end()
        if at < len(body) and (body[at] != "." or at + 1 == len(body)):
            raise RuleError(f'"{text}" is not a path: steps are separated by one dot each')
        at += 1


@settings.derived
def _tag(name: str) -> Tag:
    known = frozenset().union(*(settings.catalogue(kind).tags() for kind in settings.KINDS))
    if name not in known:
        raise RuleError(f'no setting is tagged "{name}"{did_you_mean(name, known)}')
    return Tag(name)


def _check_fact(text: str, path: Path) -> None:
    root = path.start == "root" and not path.steps
    known: tuple[str, ...] = FACTS_OF_A_DOCUMENT if root else FACTS_OF_A_SETTING
    if path.start == "node" and not path.steps:
        known += FACTS_OF_A_FINDING
    if len(path.steps) == 1:
        known += FACTS_OF_A_DOCUMENT  # of a member of a deployment
    if path.fact not in (None, *known):
        hint = did_you_mean(str(path.fact), known)
        raise RuleError(f'"{text}": there is no fact "{path.fact}" of {"a document" if root else "a setting"}{hint}')
