"""YAML with places: values are made here of the parser's events (:mod:`.yaml_events`), so that nothing is ever constructed by a tag.

Plain scalars are read as YAML 1.2 and JSON mean them; what only YAML 1.1 takes for something else (``on``, ``0123``, ``1_000``, dates)
stays text. For each scalar the text as written is kept, because a parameter or an environment variable is a text whatever YAML says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ..model import UNKNOWN
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .places import SyntaxProblem
from .yaml_events import DEEPEST, STYLES, TOO_DEEP, Refused, end_of_block, event_kinds, parsing
from .yaml_places import Alias, YamlPlaces, YamlTree

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


_NO_TEXT: Final = frozenset(("", *"~-+.0123456789nNtTfF"))
"""The first character of each plain scalar that may be something else than a text."""


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
    reader = _Reader(content)
    try:
        with parsing(content) as events:
            reader.read(events)
    except Refused as refused:
        reader.problems.append(SyntaxProblem("invalid-yaml", refused.message, refused.span))
        reader.finish(whole=False)
    return reader.documents


@lru_cache(maxsize=4)
def documents_of(content: str) -> tuple[Yaml, ...]:
    """The same for one of the texts that a fix is made of and makes, each of which several checks look at: they are read once."""
    return tuple(parse_yaml(content))


# --- Values --------------------------------------------------------------------------------------------------------------------------

_ITEM: Final = object()
"""The key of what stands in a list."""
_NO_NAME: Final = object()
"""The key that comes next is read as a value because it is none, such as ``{a: b}: c``."""
_MERGE: Final = object()
"""The key ``<<``."""
_NO_ENTRY: Final = frozenset({_NO_NAME, _MERGE})
_IN_BLOCKS: Final = ("|", ">")


class _Rarities:
    """What few collections have."""

    __slots__ = ("anchor", "merges", "repeats", "tag", "unnamed")

    def __init__(self) -> None:
        self.tag: str | None = None
        self.anchor: str | None = None
        self.merges: list[tuple[int, Any]] = []
        """What stands behind each ``<<``: its index, and the value."""
        self.unnamed = False
        """Whether a member has no name, as in ``{{ .Values.x }}``."""
        self.repeats = False
        """Whether a name is given twice."""


class _Frame:
    """A collection that is being read."""

    __slots__ = ("flow", "index", "is_list", "key", "rare", "value")

    def __init__(self, index: int, is_list: bool, flow: bool) -> None:
        self.index = index
        self.value: Any = [] if is_list else {}
        self.is_list = is_list
        self.flow = flow
        self.key: Any = _ITEM if is_list else None
        """The name whose value comes next; None when a name comes next."""
        self.rare: _Rarities | None = None

    def rarities(self) -> _Rarities:
        """What it has and few have, to be changed."""
        if self.rare is None:
            self.rare = _Rarities()
        return self.rare

    @property
    def step(self) -> str | int:
        """Where the value that is being read stands."""
        if self.is_list:
            return len(self.value)
        return self.key if isinstance(self.key, str) else ""


class _Plain(dict[str, Any]):
    """What plain scalars of a text mean, each worked out once."""

    def __missing__(self, text: str) -> Any:
        value = self[text] = _plain(text)
        return value


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


class _Reader:
    """Makes the values of the documents out of events, and notes the places."""

    def __init__(self, content: str) -> None:
        self.documents: list[Yaml] = []
        self.problems: list[SyntaxProblem] = []
        """Those of the document that is being read."""
        self._tree = YamlTree(content)
        self._budget = _Budget(max(FEW_EXPANDED, int(EXPANDED_PER_CHARACTER * len(content))))
        self._plain = _Plain()
        self._begin_document()

    def _begin_document(self) -> None:
        self._first = len(self._tree.starts)
        self._open = [_Frame(-1, True, False)]
        """The collections around what comes next; outermost a list, of which the value of the document is the only item."""
        self._anchors: dict[str, tuple[int, Any] | None] = {}
        """What each anchor names; None while that is still being read."""

    def finish(self, *, whole: bool = True) -> None:
        """Keep what was read of a document. What is still open reaches to the end of the text."""
        while len(self._open) > 1:
            self._close(len(self._tree.content))
        problems = tuple(sorted(self.problems, key=lambda problem: problem.span)) if self.problems else ()
        (frame,) = self._open
        root, value = (self._first, frame.value[0]) if frame.value else (None, UNKNOWN)
        if root is not None:
            self._tree.roots.append(root)
        self.documents.append(Yaml(value, problems, YamlPlaces(self._tree, root), whole))
        self.problems = []
        self._begin_document()

    def read(self, events: Iterator[Any]) -> None:
        """Go through all events. Scalars, which most of them are, are read right here: to call a function takes as long as all of that."""
        tree, plain, kinds = self._tree, self._plain, event_kinds()
        scalar, begins, ends = kinds.scalar, kinds.begins, kinds.ends
        start_at, end_at, mark = tree.starts.append, tree.ends.append, tree.marks.append
        has_properties = "&" in tree.content or "!" in tree.content
        opened = self._open
        frame = opened[-1]
        end = 0
        for event in events:
            kind: Any = event.__class__
            if kind is scalar:
                text, style, key = event.value, event.style, frame.key
                end = event.end_mark.index
                start_at(event.start_mark.index)
                mark(text)
                if style and style in _IN_BLOCKS:
                    end = end_of_block(event, tree.content)
                end_at(end)
                if has_properties and (event.tag is not None or event.anchor is not None):
                    self._with_properties(event, frame)
                    continue
                if key is None:
                    frame.key = text
                    if text == "<<" and not style:
                        self._begin_merge(frame)
                    continue
                value = text if style or text[:1] not in _NO_TEXT else plain[text]
                if key is _ITEM:
                    frame.value.append(value)
                elif key in frame.value or key in _NO_ENTRY:
                    self._put(frame, len(tree.marks) - 1, value)
                else:
                    frame.value[key] = value
                    frame.key = None
            elif kind in begins:
                start, end = event.start_mark.index, event.end_mark.index
                if len(opened) > DEEPEST:
                    raise Refused(TOO_DEEP, Span(start, start + 1))
                frame = _Frame(len(tree.marks), begins[kind], event.flow_style)
                start_at(start)
                end_at(end)
                mark(0)
                opened.append(frame)
                if has_properties and (event.tag is not None or event.anchor is not None):
                    self._begin_with_properties(event, frame)
            elif kind in ends:
                end = self._close(event.end_mark.index if frame.flow else end)
                frame = opened[-1]
            elif kind is kinds.alias:
                end = self._alias(event)
            elif kind is kinds.document_end:
                self.finish()
                opened = self._open
                frame = opened[-1]

    def _with_properties(self, event: Any, frame: _Frame) -> None:
        """Go on with a scalar that has an anchor or a tag, which is noted already."""
        index, style = len(self._tree.marks) - 1, STYLES[event.style or ""]
        self._tree.properties[index] = style, event.tag
        value = _resolved(event.value, style, event.tag)
        if event.anchor is not None:
            self._anchors[event.anchor] = (index, value)
        if frame.key is None and event.value == "<<" and style == "plain" and event.tag is None:
            self._begin_merge(frame)
        else:
            self._add(index, value)

    def _begin_merge(self, frame: _Frame) -> None:
        """Take the scalar that was noted last for ``<<``."""
        frame.key = _MERGE
        self._tree.merge_names.add(len(self._tree.marks) - 1)

    def _alias(self, event: Any) -> int:
        tree, span = self._tree, Span(event.start_mark.index, event.end_mark.index)
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            message = "an alias refers to what contains it" if event.anchor in self._anchors else "an alias has no anchor before it"
            self.problems.append(SyntaxProblem("invalid-yaml", message, span))
        else:
            self._budget.spend(tree.size(anchored[0]), span)
        target, value = anchored or (None, UNKNOWN)
        self._add(tree.add(span, Alias(target)), value)
        return span.end

    def _begin_with_properties(self, event: Any, frame: _Frame) -> None:
        """Begin a collection that has an anchor or a tag."""
        frame.rarities().tag = event.tag
        if event.anchor is not None:
            frame.rarities().anchor = event.anchor
            self._anchors[event.anchor] = None

    def _close(self, end: int) -> int:
        """End the innermost collection, of which the last member ends at ``end``; gives where it does itself."""
        frame, tree = self._open.pop(), self._tree
        index = frame.index
        tree.marks[index] = -len(tree.marks) if frame.is_list else len(tree.marks)
        if end > tree.ends[index]:
            tree.ends[index] = end
        value = frame.value if frame.rare is None else self._unusual(frame, frame.rare)
        outer = self._open[-1]
        key = outer.key
        if key is _ITEM:
            outer.value.append(value)
        elif key is None or key in outer.value or key in _NO_ENTRY:
            self._add(index, value)
        else:
            outer.value[key] = value
            outer.key = None
        return tree.ends[index]

    def _unusual(self, frame: _Frame, rare: _Rarities) -> Any:
        """The value of a collection that has what few have."""
        if rare.repeats:
            self._report_repeats(frame.index)
        if rare.merges:
            self._merge(frame, rare.merges)
        value = UNKNOWN if rare.unnamed and not frame.value else frame.value
        if rare.tag is not None and rare.tag not in _RESOLVED_TAGS and rare.tag != "!":
            value = Tagged(rare.tag, value)
        if rare.anchor is not None:
            self._anchors[rare.anchor] = (frame.index, value)
        return value

    def _add(self, index: int, value: Any) -> None:
        """Give a node to the collection around it, of which it may be a name."""
        frame = self._open[-1]
        if frame.is_list:
            frame.value.append(value)
        elif frame.key is None:
            name = self._tree.name(index)
            frame.key = _NO_NAME if name is None else name
        else:
            self._put(frame, index, value)

    def _put(self, frame: _Frame, index: int, value: Any) -> None:
        """Give a mapping the value behind a name."""
        key, frame.key = frame.key, None
        if key is _NO_NAME:
            frame.rarities().unnamed = True
        elif key is _MERGE:
            frame.rarities().merges.append((index, value))
        else:
            if key in frame.value:
                frame.rarities().repeats = True
                del frame.value[key]  # of two the last counts, and stands where that does
            frame.value[key] = value

    def _report_repeats(self, index: int) -> None:
        """Report the names that a mapping gives again."""
        tree, above = self._tree, tuple(one.step for one in self._open[1:])
        known: dict[str, tuple[int, int]] = {}
        for name, key, value in tree.named_pairs(index):
            if name in known:
                message, repeated = "this name is given twice in one mapping", self._repeated(*known[name], value)
                self.problems.append(SyntaxProblem("yaml-duplicate-key", message, tree.span(key), (*above, name), False, False, repeated))
            known[name] = key, value

    def _repeated(self, key: int, before: int, value: int) -> Span | None:
        """Where a mapping has the same scalar under the same name already; None where it has another value, or an alias."""
        tree = self._tree
        if not isinstance(tree.marks[before], str) or tree.marks[before] != tree.marks[value]:
            return None
        one, other = self._value(before), self._value(value)
        same = type(one) is type(other) and one == other
        return Span(tree.starts[key], tree.ends[before]) if same else None

    def _value(self, index: int) -> Any:
        """The value of a scalar, as it was read."""
        text, tree = self._tree.marks[index], self._tree
        _, tag = tree.properties.get(index, ("plain", None))
        return _resolved(str(text), tree.style(index), tag)

    def _merge(self, frame: _Frame, merges: list[tuple[int, Any]]) -> None:
        """Add what ``<<`` brings, where the mapping itself does not say otherwise; of several the first counts."""
        tree = self._tree
        for index, value in merges:
            target = tree.resolved(index)
            given = zip(value, tree.items(target), strict=False) if isinstance(value, list) else [(value, target)]
            for mapping, holder in given:
                if isinstance(mapping, dict):
                    tree.merged.setdefault(frame.index, []).append(tree.resolved(holder))
                    frame.value.update({name: member for name, member in mapping.items() if name not in frame.value})
                elif mapping is not UNKNOWN:
                    message = 'what "<<" merges must be a mapping'
                    self.problems.append(SyntaxProblem("invalid-yaml", message, tree.span(index - 1)))
        tree.node(frame.index).note_members()  # while those of all that is merged are noted: later it would be a recursion


def _resolved(text: str, style: str, tag: str | None) -> Any:
    """What a scalar means."""
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
