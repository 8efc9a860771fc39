"""YAML with places: values are built here from the parser's events (:mod:`.yaml_events`), so that no tag ever constructs anything.

Plain scalars are read as in YAML 1.2 and JSON; text that only YAML 1.1 reads as something else (``on``, ``0123``, ``1_000``, dates) stays
text. For each scalar the text as written is kept, because a parameter or an environment variable is a text whatever its YAML type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .places import SyntaxProblem
from .yaml_events import DEEPEST, STYLES, TOO_DEEP, Refused, end_of_block, events_of
from .yaml_places import Scalar, YamlNode, YamlPlaces

FEW_EXPANDED: Final = 2_000
"""The number of values that the aliases of any file may expand to, including merge keys."""
EXPANDED_PER_CHARACTER: Final = 1
"""A longer file may have this many per character: otherwise a few lines of aliases could expand to gigabytes."""

_CORE: Final = "tag:yaml.org,2002:"
_TEXT_TAGS: Final = frozenset({"!", f"{_CORE}str", f"{_CORE}timestamp"})
_RESOLVED_TAGS: Final = frozenset(_CORE + name for name in ("null", "bool", "int", "float", "map", "seq"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Tagged(NamedTuple):
    """A value with a custom tag, such as ``!Ref``, whose meaning is unknown here."""

    tag: str
    value: Any


class Yaml(NamedTuple):
    """One document of a stream. ``whole`` is False if it broke off, so that ``value`` has only the part before.

    The same shape as :class:`~linter.syntax.places.Json`.
    """

    value: Any
    problems: tuple[SyntaxProblem, ...]
    places: YamlPlaces
    whole: bool

    @property
    def intact(self) -> bool:
        """Whether no token can have been mistaken for another."""
        return self.whole


def parse_yaml(content: str) -> list[Yaml]:
    """Parse a text (without byte order mark): one result for each document of the stream; none for an empty stream. Never raises."""
    reader = _Reader(content)
    try:
        reader.read(events_of(content))
    except Refused as refused:
        reader.problems.append(SyntaxProblem("invalid-yaml", refused.message, refused.span))
        reader.finish(whole=False)
    return reader.documents


@lru_cache(maxsize=4)
def documents_of(content: str) -> tuple[Yaml, ...]:
    """The same, cached, for texts before and after a fix, which several checks need."""
    return tuple(parse_yaml(content))


def scalars(documents: Iterable[Yaml]) -> Iterator[Scalar]:
    """The scalars of a text in order, up to its first mistake; see :meth:`YamlPlaces.scalars`."""
    return (scalar for parsed in documents for scalar in parsed.places.scalars())


# --- Values --------------------------------------------------------------------------------------------------------------------------


class _Reader:
    """Builds nodes and values from events."""

    def __init__(self, content: str) -> None:
        self.documents: list[Yaml] = []
        self._content = content
        self._most = self._left = max(FEW_EXPANDED, int(EXPANDED_PER_CHARACTER * len(content)))
        """How many values the aliases of the file can still stand for."""
        self._begin_document()

    def _begin_document(self) -> None:
        self.problems: list[SyntaxProblem] = []
        self._open = [_collection(0, 0, is_list=True)]
        """The collections around the next event; the outermost is a list whose only item is the document's value."""
        self._anchors: dict[str, YamlNode] = {}

    def finish(self, *, whole: bool = True) -> None:
        """Complete a document. Nodes that are still open extend to the end of the text."""
        while len(self._open) > 1:
            self._close(len(self._content))
        root = next(iter(self._open[0].children or ()), None)
        problems = tuple(sorted(self.problems, key=lambda problem: problem.span))
        self.documents.append(Yaml(UNKNOWN if root is None else root.value, problems, YamlPlaces(root), whole))
        self._begin_document()

    def read(self, events: Iterator[Any]) -> None:
        """Go through all events."""
        end = 0
        for event in events:
            kind = type(event).__name__
            if kind == "ScalarEvent":
                end = self._add(event, self._scalar(event))
            elif kind in ("MappingStartEvent", "SequenceStartEvent"):
                start, end = event.start_mark.index, event.end_mark.index
                if len(self._open) > DEEPEST:
                    raise Refused(TOO_DEEP, Span(start, start + 1))
                node = _collection(start, end, is_list=kind == "SequenceStartEvent", is_flow=event.flow_style)
                self._add(event, node)
                self._open.append(node)
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                end = self._close(event.end_mark.index if self._open[-1].is_flow else end)
            elif kind == "AliasEvent":
                end = self._alias(event)
            elif kind == "DocumentEndEvent":
                self.finish()

    def _add(self, event: Any, node: YamlNode) -> int:
        """Give a node to the collection around it; returns where it ends."""
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        node.tag = event.tag
        return self._append(node)

    def _append(self, node: YamlNode) -> int:
        children = self._open[-1].children
        assert children is not None  # as of each collection
        children.append(node)
        return node.end

    def _scalar(self, event: Any) -> YamlNode:
        text, style = event.value, STYLES[event.style or ""]
        end = end_of_block(event, self._content) if style in ("literal", "folded") else event.end_mark.index
        node = YamlNode(event.start_mark.index, end, text, _resolved(text, style, event.tag), text, style)
        if text == "<<" and style == "plain" and event.tag is None:
            node.name, node.is_merge = None, True
        return node

    def _alias(self, event: Any) -> int:
        node = YamlNode(event.start_mark.index, event.end_mark.index, "", UNKNOWN)
        node.is_alias = True
        target = self._anchors.get(event.anchor)
        if target is None or target in self._open:
            message = "an alias has no anchor before it" if target is None else "an alias refers to what contains it"
            self.problems.append(SyntaxProblem("invalid-yaml", message, node.span))
        else:
            node.target, node.value, node.size = target, target.value, target.size
            node.name = target.raw if target.children is None else None
            self._left -= node.size
            if self._left < 0:
                message = f"the aliases up to here expand to more than {self._most:,} values: nothing more is read"
                raise Refused(message, node.span)
        return self._append(node)

    def _close(self, end: int) -> int:
        """End the innermost collection, whose last member ends at ``end``; returns where it ends itself."""
        node = self._open.pop()
        children = node.children or []
        node.end = max(end, node.end)
        node.size += sum([child.size for child in (children if node.is_list else children[1::2])])
        value = [child.value for child in children] if node.is_list else self._mapping(node)
        node.value = value if node.tag is None or node.tag == "!" or node.tag in _RESOLVED_TAGS else Tagged(node.tag, value)
        return node.end

    def _mapping(self, node: YamlNode) -> Any:
        """The value of a mapping; the last of two members of one name counts, in its own position."""
        value: dict[str, Any] = {}
        entries: dict[str, tuple[YamlNode, YamlNode]] = {}
        merges: list[tuple[YamlNode, YamlNode]] = []
        unnamed = False
        children = iter(node.children or ())
        for key, member in zip(children, children, strict=False):  # except for an incomplete name
            name = key.name
            if name is None:
                merges += [(key, member)] if key.is_merge else []
                unnamed = unnamed or not key.is_merge
                continue
            if name in entries:
                self._report_repeat(entries.pop(name), key, member)
                del value[name]
            entries[name] = key, member
            value[name] = member.value
        node.entries = entries
        for key, member in merges:
            self._merge(node, value, key, member.resolved)
        if merges:
            node.members  # noqa: B018 - found while those of all that is merged are known: later it would be a recursion
        return UNKNOWN if unnamed and not value else value

    def _report_repeat(self, before: tuple[YamlNode, YamlNode], key: YamlNode, member: YamlNode) -> None:
        """Report that a mapping repeats a name, and the earlier place if it has the same scalar."""
        old_key, old = before
        written, again = ((one.raw, type(one.value), one.value) for one in (old, member))
        is_same = old.is_scalar and member.is_scalar and written == again
        repeated = Span(old_key.start, old.end) if is_same else None
        path = (*(_step(one) for one in self._open[1:]), str(key.name))
        message = "this name is given twice in one mapping"
        self.problems.append(SyntaxProblem("yaml-duplicate-key", message, key.span, path, False, False, repeated))

    def _merge(self, node: YamlNode, value: dict[str, Any], key: YamlNode, given: YamlNode) -> None:
        """Add the members of ``<<``, except those that the mapping itself has; of several the first counts."""
        node.size -= 1
        for one in (given.children or ()) if isinstance(given.value, list) else (given,):
            if isinstance(one.value, dict):
                node.merged = (*node.merged, one.resolved)
                value.update({name: member for name, member in one.value.items() if name not in value})
            elif one.value is not UNKNOWN:
                self.problems.append(SyntaxProblem("invalid-yaml", 'what "<<" merges must be a mapping', key.span))


def _collection(start: int, end: int, *, is_list: bool, is_flow: bool = False) -> YamlNode:
    node = YamlNode(start, end, None)
    node.children, node.is_list, node.is_flow = [], is_list, is_flow
    return node


def _step(node: YamlNode) -> str | int:
    """The current member of an open collection."""
    children = node.children or []
    return len(children) - 1 if node.is_list else (children[-2].name or "") if len(children) % 2 == 0 else ""


def _resolved(text: str, style: str, tag: str | None) -> Any:
    """The value of a scalar."""
    if tag is None:
        return _plain(text) if style == "plain" else text
    if tag in _TEXT_TAGS:
        return text
    return _plain(text) if tag in _RESOLVED_TAGS else Tagged(tag, text)


def _plain(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 308 else float(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
