"""Environment variables in YAML and JSON: as a mapping, as a list of ``NAME=value``, as a list of ``name`` and ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..formats.placeholders import fallback_of
from ..redaction.token_line import LineExcerpts, tokens_of_yaml
from ..redaction.values import Public, Visibility
from ..settings.env_names import PREFIX
from ..syntax.places import Json, JsonPath, Place
from ..syntax.yaml import Yaml
from ..syntax.yaml_events import scalars
from ..syntax.yaml_lookup import lookup_of
from ..syntax.yaml_places import Style
from ..text import Span
from ..typed import Any, Final, NamedTuple
from .lines import JsonLines, Lines, TokenLines
from .problems import encoding_problems, json_problems, yaml_problems
from .source import Problem, SourceFile
from .suppression_comments import SuppressionComments, read_suppression_comments, within
from .variables import Variable, unless_reference

Resolve = Callable[[str], str | None]
"""What becomes of a text before the server sees it; None where nobody knows."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_ADVICE: Final = {
    "plain": "put the value in double quotes, in which \\n is a line break, or in a block after |-",
    "single": "put the value in double quotes, in which \\n is a line break, or in a block after |-",
    "double": "write one backslash, not two",
    "literal": "break the lines in the block, without backslashes",
    "folded": "break the lines in a block after |-, without backslashes",
}
_QUOTE_ADVICE: Final = {
    "plain": "write the quotes without backslashes",
    "single": "write the quotes without backslashes, or put the value in double quotes",
    "double": "write one backslash, not three",
    "literal": "write the quotes without backslashes",
    "folded": "write the quotes without backslashes",
}


class YamlValue(NamedTuple):
    """What stands at a path in a document, YAML or JSON; nothing may stand there."""

    yaml: Yaml | Json
    path: JsonPath

    @property
    def value(self) -> Any:
        """What stands there; None where nothing does."""
        node = self.yaml.value
        for step in self.path:
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(step)
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                return None
        return node

    def at(self, *steps: str | int) -> YamlValue:
        """What stands beneath it, at these steps."""
        return YamlValue(self.yaml, (*self.path, *steps))

    def place(self) -> Place:
        """Where it stands; the start of the document where nothing does."""
        return self.yaml.places.find(self.path) or self.yaml.places.find(()) or Place(Span(0, 1), None)

    def head(self) -> Span:
        """The characters to point at for something that is missing in it: its name, else its first character."""
        place = self.place()
        return place.key if place.key is not None else Span(place.value.start, place.value.start + 1)


def variables_of(part: YamlValue, content: str, resolve: Resolve = unless_reference) -> list[Variable]:
    """The variables of a mapping, or of a list in either form. What is no name may be a secret that a slip has made a part of one."""
    return [variable for variable, _ in placed_variables(part, content, resolve)]


def has_prefixed(part: YamlValue) -> bool:
    """Whether :func:`variables_of` gives a variable that begins as those of a server do, of which nothing is looked for in the text."""
    value = part.value
    if isinstance(value, dict):
        return any(name.startswith(PREFIX) for name in value)
    items = value if isinstance(value, list) else ()
    names = (item.get("name") if isinstance(item, dict) else item for item in items)
    return any(isinstance(name, str) and name.startswith(PREFIX) for name in names)


def placed_variables(part: YamlValue, content: str, resolve: Resolve = unless_reference) -> list[tuple[Variable, Any]]:
    """The variables as :func:`variables_of` gives them, each with the value that YAML makes of its text; None where none stands here."""
    value = part.value
    pairs: list[tuple[Variable, Any]] = []
    if isinstance(value, dict):
        pairs = [(_member(part.at(name), name, resolve), member) for name, member in value.items()]
    elif isinstance(value, list):
        pairs = [pair for index in range(len(value)) for pair in _item(part.at(index), content, resolve)]
    return [pair for pair in pairs if _NAME.fullmatch(pair[0].name)]


def checked_as_text(variable: Variable, value: Any, reader: str) -> Variable:
    """A variable with what is wrong where YAML or JSON makes no text of it; ``reader`` says to whom, and what comes of it."""
    what = "is true or false" if isinstance(value, bool) else "is a number" if isinstance(value, int | float) else ""
    return variable._replace(mistake=("unquoted-value-in-manifest", f"{what} {reader}; put the value in quotes")) if what else variable


def _member(part: YamlValue, name: str, resolve: Resolve) -> Variable:
    place = part.place()
    value = place.value if place.value.start < place.value.end else place.key or place.value
    return Variable(name, _text(part, resolve), place.key or place.value, value, _advice(part), _fallback(part), at=part.path)


def member_of(part: YamlValue, name: str, resolve: Resolve = unless_reference) -> tuple[Variable, Any] | None:
    """A member of a mapping by its name, whether that can be the name of a variable or not, as :func:`placed_variables` gives it."""
    value = part.value
    return (_member(part.at(name), name, resolve), value[name]) if isinstance(value, dict) and name in value else None


def _item(part: YamlValue, content: str, resolve: Resolve) -> Iterator[tuple[Variable, Any]]:
    value = part.value
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        named = part.at("name").place().value
        given = part.at("value")
        span = given.place().value if "value" in value else named
        text = _text(given, resolve) if "value" in value else None
        yield Variable(value["name"], text, named, span, _advice(given), _fallback(given), at=part.path), value.get("value")
    elif isinstance(value, str):
        yield _assignment(part, value, content, resolve), None


def _assignment(part: YamlValue, written: str, content: str, resolve: Resolve) -> Variable:
    """``NAME=value`` in one scalar. In a text with escapes or over several lines only the name has its exact place."""
    span = part.place().value
    name, sign, text = written.partition("=")
    start = content.find(name, span.start, span.end)
    key = Span(start, start + len(name)) if start >= 0 and name else span
    value = Span(key.end + 1, max(span.end, key.end + 2)) if sign and key != span else key
    quoted = content[span.start : span.start + 1] in ("'", '"') and content[span.end - 1 : span.end] in ("'", '"')
    if quoted and value.end - value.start > 1:
        value = Span(value.start, value.end - 1)
    mistake = _LITERAL_QUOTES if len(text) > 1 and text[0] in ('"', "'") and text[-1] == text[0] else None
    return Variable(name, resolve(text) if sign else None, key, value, _advice(part), fallback_of(text), mistake, part.path)


_LITERAL_QUOTES: Final = (
    "literal-quotes-in-value",
    "has its quotes as part of the value, because in a list of YAML they stand within a text; leave them out, or put them around all of it",
)


def _fallback(part: YamlValue) -> str:
    return fallback_of(_written(part)[0] or "")


def _text(part: YamlValue, resolve: Resolve) -> str | None:
    """The text that a process gets for a scalar; None where it is none, or is left out."""
    raw, _ = _written(part)
    value = part.value
    if raw is None or value is None or not isinstance(value, str | int | float | bool):
        return None
    return resolve(str(value).lower() if isinstance(value, bool) else raw)


def _advice(part: YamlValue) -> str:
    raw, style = _written(part)
    return "" if style is None else (_QUOTE_ADVICE if '\\"' in (raw or "") else _ADVICE)[style]


def _written(part: YamlValue) -> tuple[str | None, Style | None]:
    """The text of a scalar before it is taken for a number or the like, and its quotes; of JSON only that of a string."""
    if isinstance(part.yaml, Yaml):
        return part.yaml.places.raw(part.path), part.yaml.places.style(part.path)
    value = part.value
    return (value, "double") if isinstance(value, str) else (None, None)


class VariablePart(NamedTuple):
    """A mapping or list of variables whose text can be edited.

    ``write`` is what a value is written as, such as ``$$`` for a dollar. ``numbers`` and ``booleans``: what is one of these to YAML is text
    to the reader, and needs no quotes. ``members`` are the names in it by the variables that they make, where those are not the same.
    """

    at: YamlValue
    write: Callable[[str], str] = str
    numbers: bool = False
    booleans: bool = False
    members: Mapping[str, str] | None = None


def suppression_comments_of(file: SourceFile) -> SuppressionComments:
    """The suppression comments of a file; JSON has none."""
    content = file.text.content
    if "medplum-lint" not in content or not file.looks_like_yaml:
        return SuppressionComments((), ())
    lookup = lookup_of(file.yaml)
    is_text = lookup.has if lookup is not None else within(scalar.span for scalar in scalars(content))
    return read_suppression_comments(file.text, lambda at: not is_text(at))


def text_problems(
    file: SourceFile,
    of_mark: str = "some programs do not read YAML that begins with one",
    consequence: str = "what follows can be neither read nor checked, and the program that the file is for fails",
) -> Iterator[Problem]:
    """Mistakes in the text of a file. ``of_mark`` is what comes of a byte order mark, ``consequence`` of any other mistake."""
    yield from encoding_problems(file, of_mark)
    content = file.text.content if file.encoding_error is None else None
    for parsed in file.documents:
        yield from json_problems(parsed, consequence) if isinstance(parsed, Json) else yaml_problems(parsed, consequence, content)


def lines_of(file: SourceFile) -> Callable[[Callable[[], Visibility]], Lines]:
    """A function that gives what shows lines of a file, of what may be shown of them; their tokens are read once, when one is shown."""

    def excerpts() -> LineExcerpts:
        made: LineExcerpts = file.cached("lines", lambda: _line_excerpts(file))
        return made

    def lines(ask: Callable[[], Visibility]) -> Lines:
        def visibility() -> Visibility:
            return _with_named_values(file, ask())

        return TokenLines(excerpts, visibility) if file.looks_like_yaml else JsonLines(file.text, visibility)

    return lines


def _with_named_values(file: SourceFile, visibility: Visibility) -> Visibility:
    """What may be shown of a file where a ``value`` is that of the ``name`` beside it."""

    def placed(offset: int) -> Public | None:
        name = _named_values(file).get(offset)
        return visibility.public(name) if name is not None and visibility.closed(offset) is None else None

    return visibility._replace(placed=placed)


def _named_values(file: SourceFile) -> Mapping[int, str]:
    """The names of the variables of servers whose values stand in a ``value`` beside a ``name``, by where the values start."""
    names: Mapping[int, str] = file.cached("named values", lambda: dict(_found_named_values(file)))
    return names


def _found_named_values(file: SourceFile) -> Iterator[tuple[int, str]]:
    seen: set[int] = set()  # what several aliases stand for is one object
    for parsed in file.documents:
        waiting = [YamlValue(parsed, ())]
        while waiting:
            part = waiting.pop()
            value = part.value
            if not isinstance(value, dict | list) or id(value) in seen:
                continue
            seen.add(id(value))
            waiting += [part.at(step) for step in (value if isinstance(value, dict) else range(len(value)))]
            if isinstance(value, dict) and "value" in value and isinstance(value.get("name"), str) and value["name"].startswith(PREFIX):
                holder, place = part.place().value, part.at("value").place().value
                if holder.start <= place.start < holder.end:  # an alias stands for what is elsewhere
                    yield place.start, value["name"]


def _line_excerpts(file: SourceFile) -> LineExcerpts:
    return LineExcerpts(file.text, tokens_of_yaml(file.text.content, file.yaml, assignments=True))


def is_sound(file: SourceFile) -> bool:
    """Whether nothing is wrong with the text by which a name could be taken for a value.

    In YAML a name that stands twice is enough, unless it has the same value on a line of its own.
    """
    sound: bool = file.cached("sound", lambda: all(_is_sound(file, one) for one in file.documents))
    return sound


def _is_sound(file: SourceFile, parsed: Json | Yaml) -> bool:
    if isinstance(parsed, Json):
        return parsed.intact
    return all(problem.repair is not None for problem in yaml_problems(parsed, "", file.text.content))


def mentions_medplum(file: SourceFile) -> bool:
    """Whether a file can have to do with Medplum at all: no other YAML is read for it."""
    content = file.text.content
    return "medplum" in content or "MEDPLUM" in content or "medplum" in content.lower()
