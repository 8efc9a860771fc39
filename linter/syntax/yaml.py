"""YAML with places: values are made here of the parser's events (:mod:`.yaml_events`), so that nothing is ever constructed by a tag.

Plain scalars are read as YAML 1.2 and JSON mean them; what only YAML 1.1 takes for something else (``on``, ``0123``, ``1_000``, dates)
stays text. For each scalar the text as written is kept, because a parameter or an environment variable is a text whatever YAML says.
"""

from __future__ import annotations

import re

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .places import SyntaxProblem
from .yaml_events import DEEPEST, STYLES, TOO_DEEP, Refused, events, scalar_span
from .yaml_places import Member, Style, YamlNode, YamlPlaces

FEW_EXPANDED: Final = 2_000
"""Values that the aliases of any file can stand for, those that its merge keys bring included."""
EXPANDED_PER_CHARACTER: Final = 1
"""In a longer file there can be so many for each character: a few lines of aliases can else stand for gigabytes."""

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
    """A value with a tag of some program's own, such as ``!Ref``: what it stands for is unknown here."""

    tag: str
    value: Any


class Yaml(NamedTuple):
    """One document of a stream. ``whole`` is False when it broke off, so that ``value`` holds only what stood before.

    The same shape as :class:`~linter.syntax.places.Json`.
    """

    value: Any
    problems: tuple[SyntaxProblem, ...]
    places: YamlPlaces
    whole: bool


def parse_yaml(content: str) -> list[Yaml]:
    """Read a text (without byte order mark): one result for each document of the stream; none for an empty stream. Never raises."""
    documents: list[Yaml] = []
    budget = _Budget(max(FEW_EXPANDED, int(EXPANDED_PER_CHARACTER * len(content))))
    builder = _Builder(content, budget)
    try:
        for event in events(content):
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                builder = _Builder(content, budget)
            elif kind == "DocumentEndEvent":
                documents.append(builder.finish())
                builder = _Builder(content, budget)
            elif kind not in ("StreamStartEvent", "StreamEndEvent"):
                builder.take(kind, event)
    except Refused as refused:
        builder.problems.append(SyntaxProblem("invalid-yaml", refused.message, refused.span))
        documents.append(builder.finish(whole=False))
    return documents


# --- Values --------------------------------------------------------------------------------------------------------------------------

_NO_NAME: Final = object()
"""The key that comes next is read as a value because it is none, such as ``{a: b}: c``."""


class _Frame:
    """A collection that is being read."""

    __slots__ = ("anchor", "flow", "is_mapping", "key", "key_span", "merges", "node", "tag", "unnamed", "value")

    def __init__(self, event: Any, *, is_mapping: bool) -> None:
        self.node = YamlNode(event.start_mark.index, event.end_mark.index, {})
        self.value: Any = {} if is_mapping else []
        self.is_mapping = is_mapping
        self.flow = bool(event.flow_style)
        self.tag: str | None = event.tag
        self.anchor: str | None = event.anchor
        self.key: Any = None
        """The name whose value comes next; None when a name comes next."""
        self.key_span: Span | None = None
        self.merges: list[tuple[YamlNode, Any, Span]] = []
        self.unnamed = False
        """Whether a member has no name, as in ``{{ .Values.x }}``."""

    @property
    def step(self) -> str | int:
        """Where the value that is being read stands."""
        if not self.is_mapping:
            return len(self.value)
        return self.key if isinstance(self.key, str) else ""


class _Budget:
    """How many values the aliases of a file can still stand for. A mapping is as large as what is merged into it makes it."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def spend(self, values: int, span: Span) -> None:
        """Take some of it; :class:`Refused` when there is not enough left."""
        self._left -= values
        if self._left < 0:
            message = f"the aliases up to here expand to more than {self._most:,} values: nothing more is read"
            raise Refused(message, span)


class _Builder:
    """Makes the value and the places of one document out of events."""

    def __init__(self, content: str, budget: _Budget) -> None:
        self.problems: list[SyntaxProblem] = []
        self._content = content
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[YamlNode, Any] | None] = {}
        """What each anchor names; None while that is still being read."""
        self._budget = budget
        self._root: YamlNode | None = None
        self._value: Any = UNKNOWN

    def finish(self, *, whole: bool = True) -> Yaml:
        """What was read. What is still open reaches to the end of the text."""
        while self._open:
            self._close(len(self._content))
        return Yaml(self._value, tuple(sorted(self.problems, key=lambda problem: problem.span)), YamlPlaces(self._root), whole)

    def take(self, kind: str, event: Any) -> None:
        """Go on with one event."""
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event, is_mapping=kind == "MappingStartEvent")
        else:
            frame = self._open[-1]
            self._close(event.end_mark.index if frame.flow else frame.node.end)

    def _scalar(self, event: Any) -> None:
        style = STYLES[event.style or ""]
        node = YamlNode(*scalar_span(event, self._content))
        node.raw, node.style = event.value, style
        value = _resolved(event, style)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, value)
        self._add(node, value, None, may_merge=style == "plain" and event.tag is None and event.value == "<<")

    def _alias(self, event: Any) -> None:
        span = Span(event.start_mark.index, event.end_mark.index)
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            message = "an alias refers to what contains it" if event.anchor in self._anchors else "an alias has no anchor before it"
            self.problems.append(SyntaxProblem("invalid-yaml", message, span))
            self._add(YamlNode(*span), UNKNOWN, span)
            return
        node, value = anchored
        self._budget.spend(node.size, span)
        self._add(node, value, span)

    def _begin(self, event: Any, *, is_mapping: bool) -> None:
        if len(self._open) == DEEPEST:
            raise Refused(TOO_DEEP, Span(event.start_mark.index, event.start_mark.index + 1))
        frame = _Frame(event, is_mapping=is_mapping)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = None
        self._open.append(frame)

    def _close(self, end: int) -> None:
        frame = self._open.pop()
        self._merge(frame)
        node = frame.node
        node.end = max(node.end, end)
        value: Any = UNKNOWN if frame.unnamed and not frame.value else frame.value
        if frame.tag is not None and frame.tag not in _RESOLVED_TAGS and frame.tag != "!":
            value = Tagged(frame.tag, value)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (node, value)
        self._add(node, value, None)

    def _add(self, node: YamlNode, value: Any, alias: Span | None, *, may_merge: bool = False) -> None:
        """Give a value that was read to the collection around it, of which it may be a name."""
        if not self._open:
            self._root, self._value = node, value
            return
        frame = self._open[-1]
        span = alias or Span(node.start, node.end)
        frame.node.end = max(frame.node.end, span.end)
        if not frame.is_mapping:
            _put(frame, node, value, alias)
        elif frame.key is None:
            frame.key = _MERGE if may_merge else node.raw if node.members is None else _NO_NAME
            frame.key_span = span
        else:
            self._put_member(frame, node, value, alias)
            frame.key = frame.key_span = None

    def _put_member(self, frame: _Frame, node: YamlNode, value: Any, alias: Span | None) -> None:
        if frame.key is _NO_NAME:
            frame.unnamed = True
            return
        if frame.key is _MERGE:
            assert frame.key_span is not None  # it was set with the key
            frame.merges.append((node, value, frame.key_span))
            return
        if frame.key in frame.value:
            path = tuple(one.step for one in self._open)
            message = "this name is given twice in one mapping"
            repeated = None if alias is not None else _repeated(frame, node, value)
            self.problems.append(SyntaxProblem("yaml-duplicate-key", message, frame.key_span or Span(0, 0), path, False, False, repeated))
        _put(frame, node, value, alias)

    def _merge(self, frame: _Frame) -> None:
        """Add what ``<<`` brings, where the mapping itself does not say otherwise; of several the first counts."""
        for node, value, span in frame.merges:
            given = zip(value, _items(node), strict=False) if isinstance(value, list) else [(value, node)]
            for mapping, holder in given:
                if isinstance(mapping, dict) and holder.members is not None:
                    for key, member in holder.members.items():
                        if key not in frame.value:
                            frame.value[key] = mapping[key]
                            _note(frame.node, key, member)
                elif mapping is not UNKNOWN:
                    self.problems.append(SyntaxProblem("invalid-yaml", 'what "<<" merges must be a mapping', span))


def _repeated(frame: _Frame, node: YamlNode, value: Any) -> Span | None:
    """Where a mapping has the same scalar under the same name already; None where it has another value, or an alias."""
    before = (frame.node.members or {}).get(frame.step)
    if before is None or before.key is None or before.alias is not None or node.members is not None or before.node.members is not None:
        return None
    same = (node.raw, type(value), value) == (before.node.raw, type(frame.value[frame.step]), frame.value[frame.step])
    return Span(before.key.start, before.node.end) if same else None


_MERGE: Final = object()
"""The key ``<<``."""


def _items(node: YamlNode) -> list[YamlNode]:
    return [member.node for member in (node.members or {}).values()]


def _put(frame: _Frame, node: YamlNode, value: Any, alias: Span | None) -> None:
    step = frame.step
    if frame.is_mapping:
        frame.value.pop(step, None)  # of two the last counts, and stands where that does
        frame.value[step] = value
    else:
        frame.value.append(value)
    _note(frame.node, step, Member(node, frame.key_span, alias))


def _note(holder: YamlNode, step: str | int, member: Member) -> None:
    assert holder.members is not None  # only collections get members
    holder.members.pop(step, None)
    holder.members[step] = member
    holder.size += member.node.size


def _resolved(event: Any, style: Style) -> Any:
    """The value of a scalar."""
    tag, text = event.tag, event.value
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
