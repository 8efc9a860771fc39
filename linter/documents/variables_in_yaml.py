"""Environment variables in YAML: as a mapping, as a list of ``NAME=value``, as a list of ``name`` and ``value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from ..redaction.token_line import LineExcerpts, yaml_tokens
from ..syntax.places import JsonPath, Place
from ..syntax.yaml import Yaml
from ..syntax.yaml_events import Scalar, scalars
from ..text import Span
from .problems import encoding_problems, yaml_problems
from .source import Problem, SourceFile
from .suppression_comments import SuppressionComments, read_suppression_comments, within
from .variables import Variable, fallback_of, unless_reference

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
    """What stands at a path in a YAML document; nothing may stand there."""

    yaml: Yaml
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


def placed_variables(part: YamlValue, content: str, resolve: Resolve = unless_reference) -> list[tuple[Variable, Any]]:
    """The variables as :func:`variables_of` gives them, each with the value that YAML makes of its text; None where none stands here."""
    value = part.value
    pairs: list[tuple[Variable, Any]] = []
    if isinstance(value, dict):
        pairs = [(_member(part.at(name), name, resolve), member) for name, member in value.items()]
    elif isinstance(value, list):
        pairs = [pair for index in range(len(value)) for pair in _item(part.at(index), content, resolve)]
    return [pair for pair in pairs if _NAME.fullmatch(pair[0].name)]


def _member(part: YamlValue, name: str, resolve: Resolve) -> Variable:
    place = part.place()
    value = place.value if place.value.start < place.value.end else place.key or place.value
    return Variable(name, _text(part, resolve), place.key or place.value, value, _advice(part), _fallback(part))


def _item(part: YamlValue, content: str, resolve: Resolve) -> Iterator[tuple[Variable, Any]]:
    value = part.value
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        named = part.at("name").place().value
        given = part.at("value")
        span = given.place().value if "value" in value else named
        text = _text(given, resolve) if "value" in value else None
        yield Variable(value["name"], text, named, span, _advice(given), _fallback(given)), value.get("value")
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
    return Variable(name, resolve(text) if sign else None, key, value, _advice(part), fallback_of(text))


def _fallback(part: YamlValue) -> str:
    return fallback_of(part.yaml.places.raw(part.path) or "")


def _text(part: YamlValue, resolve: Resolve) -> str | None:
    """The text that a process gets for a scalar; None where it is none, or is left out."""
    raw = part.yaml.places.raw(part.path)
    value = part.value
    if raw is None or value is None or not isinstance(value, str | int | float | bool):
        return None
    return resolve(str(value).lower() if isinstance(value, bool) else raw)


def _advice(part: YamlValue) -> str:
    style = part.yaml.places.style(part.path)
    raw = part.yaml.places.raw(part.path) or ""
    return "" if style is None else (_QUOTE_ADVICE if '\\"' in raw else _ADVICE)[style]


def suppression_comments_of(file: SourceFile) -> SuppressionComments:
    """The suppression comments of a YAML file."""
    content = file.text.content
    if "medplum-lint" not in content:
        return SuppressionComments((), ())
    is_text = within(scalar.span for scalar in scalars_of(file))
    return read_suppression_comments(file.text, lambda at: not is_text(at))


def text_problems(file: SourceFile) -> Iterator[Problem]:
    """Mistakes in the text of a YAML file."""
    yield from encoding_problems(file, "some programs do not read YAML that begins with one")
    for yaml in file.yaml:
        yield from yaml_problems(yaml, "what follows can be neither read nor checked, and the program that the file is for fails")


def scalars_of(file: SourceFile) -> list[Scalar]:
    """The scalars of a file, read once."""
    every: list[Scalar] = file.cached("scalars", lambda: list(scalars(file.text.content)))
    return every


def lines_of(file: SourceFile) -> Callable[[], LineExcerpts]:
    """A function that gives what shows lines of a file: one for all of its documents, which reads the tokens when it is first called."""

    def lines() -> LineExcerpts:
        made: LineExcerpts = file.cached("lines", lambda: _line_excerpts(file))
        return made

    return lines


def _line_excerpts(file: SourceFile) -> LineExcerpts:
    return LineExcerpts(file.text, yaml_tokens(file.text.content, assignments=True, given=scalars_of(file)))


def is_sound(file: SourceFile) -> bool:
    """Whether nothing is wrong with the text, such as a name that stands twice."""
    sound: bool = file.cached("sound", lambda: not any(yaml.problems for yaml in file.yaml))
    return sound


def mentions_medplum(file: SourceFile) -> bool:
    """Whether a file can have to do with Medplum at all: no other YAML is read for it."""
    return re.search("medplum", file.text.content, re.IGNORECASE) is not None


def is_server_image(image: Any) -> bool:
    """Whether a container's image is, or is called as, Medplum's server: ``medplum/medplum-server:latest``, with whatever registry."""
    return isinstance(image, str) and re.search(r"(?:\A|[/\-{])medplum-server(?=[:@}]|\Z)", image) is not None


def is_app_image(image: Any) -> bool:
    """The same for Medplum's app, which has variables that a server has too."""
    return isinstance(image, str) and re.search(r"(?:\A|[/\-{])medplum-app(?=[:@}]|\Z)", image) is not None
