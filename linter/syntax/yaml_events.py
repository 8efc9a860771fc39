"""The events of PyYAML's C parser, and its error messages in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..text import Span
from ..typed import Any, Final
from .yaml_places import Style

DEEPEST: Final = 900
"""The maximum depth of nesting: libyaml itself gives up at 1,000, and PyYAML's own parser takes more time per level the more there are."""
TOO_DEEP: Final = f"YAML is nested deeper than {DEEPEST} levels here"

STYLES: Final[dict[str, Style]] = {"": "plain", "'": "single", '"': "double", "|": "literal", ">": "folded"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class Refused(Exception):
    """The rest is not parsed: ``message`` says why, ``span`` is where, in characters of the text."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


def events_of(content: str) -> Iterator[Any]:
    """The events of the parser for a text without byte order mark. Raises :exc:`Refused` if it can read no further."""
    import yaml  # 15 ms: only for YAML

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(_SURROGATE.sub("\ufffd", content), Loader=loader)
    except yaml.YAMLError as error:
        raise _refusal(error, content, in_bytes=loader is not yaml.SafeLoader) from None


def _refusal(error: Any, content: str, *, in_bytes: bool) -> Refused:
    position = getattr(error, "position", None)
    if position is not None:  # a reader error
        at = len(content.encode("utf-8", "surrogatepass")[:position].decode("utf-8", "ignore")) if in_bytes else position
        return Refused("YAML cannot contain control characters (write them as escapes in double quotes)", _one(at, content))
    problem, mark = str(error.problem), error.problem_mark or error.context_mark
    at = mark.index if mark is not None else 0
    begun = error.context_mark
    if begun is not None and ("expected ':'" in problem or "document" in problem or at >= len(content.rstrip())):
        at = begun.index  # the unfinished construct, not where that is noticed
    if content[at : at + 1] == "\t":
        problem = "tab"
    sentence = next((sentence for sign, sentence in _SENTENCES if sign in problem), "this cannot be read as YAML")
    return Refused(sentence, _one(at, content))


def _one(at: int, content: str) -> Span:
    """One character; the last one if the place is the end of the text."""
    at = min(at, max(len(content) - 1, 0))
    return Span(at, min(at + 1, len(content)))


_SENTENCES = (
    ("tab", "a tab is where YAML expects spaces (indent with spaces only)"),
    ("maximum nesting depth", TOO_DEEP),
    ("cannot start any token", "this character cannot begin a value in YAML (a text that begins with it needs quotes)"),
    ("mapping values are not allowed", 'a name with ": " cannot be here (the indentation is wrong, or a text with ": " needs quotes)'),
    ("block sequence entries are not allowed", 'a list item "- " cannot be here (it begins on a line of its own)'),
    ("mapping keys are not allowed", 'a "? " cannot be here (a text that begins with it needs quotes)'),
    ("expected ':'", 'a name lacks its ": ", or the indentation is wrong'),
    ("expected key", "a name is expected here (the indentation is wrong, or a quote before this is missing or superfluous)"),
    ("<block end>", "a name or list item is expected here (the indentation is wrong, or a quote before this is missing or superfluous)"),
    ("expected '-' indicator", 'a list item "- " is expected here (the indentation is wrong)'),
    ("',' or ']'", 'a comma or "]" is expected here'),
    ("',' or '}'", 'a comma or "}" is expected here'),
    ("end of stream", "a quote is not closed"),
    ("unexpected document", "a quote is not closed before the next document begins"),
    ("escape character", "a text in double quotes contains an invalid escape (use single quotes, or write the backslash twice)"),
    ("hex", "a text in double quotes contains an incomplete escape"),
    ("escape code", "a text in double quotes contains an escape for a character that does not exist"),
    ("alphabetic or numeric", 'a name is expected after "&" or "*" (a text that begins with one of these needs quotes)'),
    ("whitespace or line break", "a space or the end of the line is expected here"),
    ("comment or line break", 'the end of the line is expected here (the text of a "|" or ">" begins on the next line)'),
    ("chomping", 'the end of the line is expected here (the text of a "|" or ">" begins on the next line)'),
    ("tag handle", 'a tag uses a prefix that is not declared (a text that begins with "!" needs quotes)'),
    ("node content", "a value is expected here"),
    ("<document start>", "something follows the end of the document"),
    ("incompatible", "this version of YAML is unknown"),
)
"""The errors of the parsers (libyaml's and PyYAML's own), in words for people; the original ones can quote the text, and so a secret."""


def end_of_block(event: Any, content: str) -> int:
    """Where a block scalar ends. The parser includes the blank lines after it."""
    start, end = event.start_mark.index, event.end_mark.index
    return int(start + 1 + len(content[start + 1 : end].rstrip(" \t\r\n")))
