"""Environment variables in YAML and JSON: as a mapping, as a list of ``NAME=value``, as a list of ``name`` and ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from ...formats.placeholders import fallback_of
from ...model import Message, sentence
from ...redaction.tokens import ListedTokens, yaml_tokens
from ...settings.env_names import PREFIX
from ...syntax.edits import value_at
from ...syntax.places import Json, JsonPath, Place
from ...syntax.yaml import Yaml, scalars
from ...syntax.yaml_places import Style
from ...text import Span, Text
from ...typed import Any, Final, NamedTuple
from ..problems import encoding_problems, tree_problems
from ..source import Problem, SourceFile, once_per_file
from ..suppression_comments import SuppressionComments, read_suppression_comments, within
from .documents import Variable, unless_reference

Resolve = Callable[[str], str | None]
"""The result of a text before the server sees it; None if that is not known."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_BREAK: Final = "put the value in double quotes, in which \\n is a line break, or in a block after |-"
_QUOTES: Final = "write the quotes without backslashes"
_ADVICE: Final = {
    "plain": (_BREAK, _QUOTES),
    "single": (_BREAK, f"{_QUOTES}, or put the value in double quotes"),
    "double": ("write one backslash, not two", "write one backslash, not three"),
    "literal": ("break the lines in the block, without backslashes", _QUOTES),
    "folded": ("break the lines in a block after |-, without backslashes", _QUOTES),
}
"""How to write a value so that its line breaks or its quotes count, by how it is quoted."""


class Node(NamedTuple):
    """The value at a path in a document of a file, YAML or JSON; there may be none."""

    file: SourceFile
    tree: Yaml | Json
    path: JsonPath = ()

    @property
    def value(self) -> Any:
        """The value there; None if there is none."""
        try:
            return value_at(self.tree.value, self.path)
        except LookupError:
            return None

    @property
    def text(self) -> str | None:
        """The text there; None of anything else."""
        value = self.value
        return value if isinstance(value, str) else None

    def at(self, *steps: str | int) -> Node:
        """The node beneath it, at these steps."""
        return Node(self.file, self.tree, (*self.path, *steps))

    def above(self, levels: int) -> Node:
        """The node that contains it, so many levels up."""
        return Node(self.file, self.tree, self.path[:-levels])

    def first(self, *names: str) -> Node:
        """The first of some members that is given; itself if none is."""
        return next((part for name in names if (part := self.at(name)).value is not None), self)

    @property
    def items(self) -> list[Node]:
        """The items of a list; none of anything else."""
        value = self.value
        return [self.at(index) for index in range(len(value))] if isinstance(value, list) else []

    @property
    def members(self) -> list[Node]:
        """The members of a mapping; none of anything else."""
        value = self.value
        return [self.at(name) for name in value] if isinstance(value, dict) else []

    @property
    def mapping(self) -> dict[Any, Any]:
        """The mapping there; an empty one for anything else."""
        value = self.value
        return value if isinstance(value, dict) else {}

    def place(self) -> Place:
        """Its place; the start of the document if there is no value."""
        return self.tree.places.find(self.path) or self.tree.places.find(()) or Place(Span(0, 1), None)

    def head(self) -> Span:
        """The characters to point at if a member is missing: its name, else its first character."""
        place = self.place()
        return place.key if place.key is not None else Span(place.value.start, place.value.start + 1)


def written_as_is(node: Node) -> Span | None:
    """Where the characters of a text are unescaped, except for indentation; None if they are escaped, or if it is not a text."""
    content, (start, end) = node.file.text.content, node.place().value
    written = content[start:end]
    at = start + (len(written.partition("\n")[0]) if written[:1] in ("|", ">") else written[:1] in ("'", '"'))
    end -= written[:1] in ("'", '"')
    return Span(at, end) if node.text is not None and content[at:end].split() == node.text.split() else None


def file_within(node: Node) -> SourceFile | None:
    """A file that is the value of a node, at the same offsets; None if its characters are escaped there."""
    file, content, span = node.file, node.file.text.content, written_as_is(node)
    within: dict[int, SourceFile] = file.cached("files within", dict)
    start = node.place().value.start
    if span is None or (start not in within and len(within) == _MOST_WITHIN):
        return None
    at, end = span
    if start not in within:
        alone = _VISIBLE.sub(" ", content[:at]) + content[at:end] + _VISIBLE.sub(" ", content[end:])
        within[start] = SourceFile(file.uri, Text(alone), file.server, file.around, part=at)
    return within[start]


_MOST_WITHIN: Final = 20
"""The maximum number of files inside another one, each of which takes time linear in that."""
_VISIBLE: Final = re.compile(r"[^\r\n]")


def roots(file: SourceFile) -> list[Node]:
    """The documents of a file, in YAML or JSON."""
    return [Node(file, tree) for tree in file.documents]


def yaml_roots(file: SourceFile) -> list[Node]:
    """The documents of a file in YAML; none of another one."""
    return [Node(file, tree) for tree in file.yaml]


class Block(NamedTuple):
    """A mapping or list of variables: how to parse their texts, and how to write them if the block can be edited."""

    at: Node
    resolve: Resolve = unless_reference
    reader: Message | None = None
    """The reader for whom a value that YAML or JSON does not read as text is a mistake, and the consequence."""
    read: Callable[[Variable], Variable] = lambda variable: variable
    """The text that a server gets for a variable, if it differs."""
    write: Callable[[str], str] = str
    """How a value is written, such as ``$$`` for a dollar."""
    is_editable: bool = True
    key: str = "name"
    """The member of an item that names it."""
    numbers: bool = False
    booleans: bool = False
    """The reader turns these YAML booleans into text, so they need no quotes."""
    names: Mapping[str, str] | None = None
    """The variables made of members, by the members' names, if these differ. An empty text makes none."""

    def name_of(self, variable: str) -> str:
        """The name of the member that gives a variable; empty if none can."""
        return variable if self.names is None else next((name for name, setting in self.names.items() if setting == variable), "")

    @property
    def variables(self) -> list[Variable]:
        """Its variables. A key that is not a valid name may be a secret with a slip."""
        names, mapping = self.names, self.at.mapping
        members = [name for name, value in mapping.items() if names is None or (name in names and value is not None and value != "")]
        found = [*(self.member(name) for name in members), *(variable for item in self.at.items for variable in self._item(item))]
        return [variable for variable in found if _NAME.fullmatch(variable.name)]

    def member(self, name: str) -> Variable:
        """The variable of a member of a mapping, whether or not its name can be a variable's."""
        part = self.at.at(name)
        place = part.place()
        value = place.value if place.value.start < place.value.end else place.key or place.value
        variable = (self.names or {}).get(name, name)
        return self._checked(part, Variable(variable, None, place.key or place.value, value, at=part.path))

    def _item(self, part: Node) -> Iterator[Variable]:
        value = part.value
        if isinstance(value, dict) and isinstance(value.get(self.key), str):
            named, given = part.at(self.key).place().value, part.at("value")
            span = given.place().value if "value" in value else named
            yield self._checked(given, Variable(value[self.key], None, named, span, at=part.path))
        elif isinstance(value, str):
            yield self.read(_assignment(part, value, self.resolve))

    def _checked(self, part: Node, variable: Variable) -> Variable:
        """A variable with the text that a process gets for a scalar, and what is wrong with that."""
        value, (raw, style) = part.value, _written(part)
        is_text = raw is not None and isinstance(value, str | int | float | bool)
        text = self.resolve(str(value).lower() if isinstance(value, bool) else raw or "") if is_text else None
        what = "is true or false" if isinstance(value, bool) else "is a number" if isinstance(value, int | float) else ""
        mistake = None
        if self.reader is not None and what:
            mistake = "unquoted-value-in-manifest", self.reader.about(what).add("remedy", "put the value in quotes")
        return self.read(variable._replace(text=text, quoting=_advice(raw, style), fallback=fallback_of(raw or ""), mistake=mistake))


def variables_in(blocks: Iterable[Block]) -> list[Variable]:
    """The variables of some blocks, in order."""
    return [variable for block in blocks for variable in block.variables]


def has_prefixed(part: Node) -> bool:
    """Whether a mapping or a list has a variable with the server's prefix, without looking up any place in the text."""
    value = part.value
    items = value if isinstance(value, dict | list) else ()
    names = (item.get("name") if isinstance(item, dict) else item for item in items)
    return any(isinstance(name, str) and name.startswith(PREFIX) for name in names)


def _assignment(part: Node, written: str, resolve: Resolve) -> Variable:
    """``NAME=value`` in one scalar. In a text with escapes or over several lines only the name has its exact place."""
    content, span = part.file.text.content, part.place().value
    name, sign, text = written.partition("=")
    start = content.find(name, span.start, span.end)
    key = Span(start, start + len(name)) if start >= 0 and name else span
    value = Span(key.end + 1, max(span.end, key.end + 2)) if sign and key != span else key
    quoted = content[span.start : span.start + 1] in ("'", '"') and content[span.end - 1 : span.end] in ("'", '"')
    if quoted and value.end - value.start > 1:
        value = Span(value.start, value.end - 1)
    mistake = _LITERAL_QUOTES if len(text) > 1 and text[0] in ('"', "'") and text[-1] == text[0] else None
    return Variable(name, resolve(text) if sign else None, key, value, _advice(*_written(part)), fallback_of(text), mistake, part.path)


_LITERAL_QUOTES: Final = (
    "literal-quotes-in-value",
    sentence(
        "has its quotes as part of the value",
        "it is not the one that was meant",
        "leave them out, or put them around all of it",
        by=", so ",
    ),
)


def _advice(raw: str | None, style: Style | None) -> str:
    return "" if style is None else _ADVICE[style]['\\"' in (raw or "")]


def _written(part: Node) -> tuple[str | None, Style | None]:
    """The text of a scalar before it is parsed as a number or the like, and its quotes; for JSON only of a string."""
    if isinstance(part.tree, Yaml):
        scalar = part.tree.places.scalar(part.path)
        return (scalar.raw, scalar.style) if scalar is not None else (None, None)
    value = part.value
    return (value, "double") if isinstance(value, str) else (None, None)


@once_per_file
def suppression_comments_of(file: SourceFile) -> SuppressionComments:
    """The suppression comments of a file; JSON has none."""
    if "medplum-lint" not in file.text.content or not file.looks_like_yaml:
        return SuppressionComments((), ())
    is_text = within(scalar.span for scalar in scalars(file.yaml))
    return read_suppression_comments(file.text, lambda at: not is_text(at))


def text_problems(file: SourceFile, consequence: str = "") -> tuple[Problem, ...]:
    """Mistakes in the text of a file, including its comments. ``consequence`` is their effect, if known."""

    def found() -> Iterator[Problem]:
        content = file.text.content if file.encoding_error is None and file.looks_like_yaml else None  # in JSON nothing is fixed
        effect = consequence or "what follows can be neither read nor checked, and the program that the file is for fails"
        yield from encoding_problems(file, effect)
        for parsed in file.documents:
            yield from tree_problems(parsed, effect, content)
        yield from suppression_comments_of(file).problems

    return file.cached(f"text problems {consequence}", lambda: tuple(found()))


@once_per_file
def tokens_of(file: SourceFile) -> Callable[[], ListedTokens] | None:
    """A function that finds the names and values of a file in YAML, once; JSON needs none."""
    return cache(lambda: yaml_tokens(file.text.content, file.yaml, assignments=True)) if file.looks_like_yaml else None


@once_per_file
def named_values(file: SourceFile) -> Mapping[int, str]:
    """The offsets of values of server variables in a ``value`` beside a ``name``, with those names."""
    found: dict[int, str] = {}
    seen: set[int] = set()  # several aliases can stand for one object
    waiting = roots(file)
    while waiting:
        part = waiting.pop()
        value = part.value
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        waiting += [*part.members, *part.items]
        key = "key" if isinstance(value, dict) and "key" in value else "name"
        if isinstance(value, dict) and "value" in value and isinstance(value.get(key), str) and value[key].startswith(PREFIX):
            holder = part.place().value
            for step, name in ((key, "name"), ("value", value[key])):
                place = part.at(step).place().value
                if holder.start <= place.start < holder.end:  # an alias stands for a value elsewhere
                    found[place.start] = name
    return found


@once_per_file
def is_sound(file: SourceFile) -> bool:
    """Whether the text has no mistake that could turn a value into a name.

    In YAML even a duplicate name is one, unless it has the same value on a line of its own.
    """

    def is_so(tree: Yaml | Json) -> bool:
        if isinstance(tree, Json):
            return tree.intact
        return all(problem.repair is not None for problem in tree_problems(tree, "", file.text.content))

    return all(map(is_so, file.documents))


def mentions_medplum(file: SourceFile) -> bool:
    """Whether a file can have to do with Medplum at all: other YAML is not parsed."""
    return "medplum" in file.text.content.lower()
