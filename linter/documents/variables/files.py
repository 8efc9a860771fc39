"""Files of environment variables, one per line, as Docker Compose, the npm package ``dotenv`` and a shell read them.

The common rules apply: ``export`` may precede a name; an unquoted value ends at a blank and a "#"; single quotes are literal, double quotes
have escapes; both may span lines.

They disagree about unclosed quotes. The package takes the quote as part of the value and reads the next line; Compose and a shell go on to
the next quote, which opens the value of a later line, and fail there or set everything between as one value. So the line whose quote is
missing is looked for: a value over several lines contains no line that sets a variable of the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ... import settings
from ...model import Change, Message, sentence
from ...redaction.tokens import ListedTokens, Token
from ...settings.env_names import setting_of
from ...syntax.edits import after_break, line_end
from ...syntax.quotes import closing_quote, is_nothing_but_references, replace_escapes
from ...text import Edits, Span, Text
from ..problems import encoding_problems
from ..source import Problem, SourceFile, once_per_file
from ..suppression_comments import read_suppression_comments, within
from .documents import PEM, Variable, VariableHolder, fallback_of, unless_reference

_CONSEQUENCE = "the program that reads the file reads it as part of the first name, and that variable is not set"
_LINE = re.compile(r"[^\S\r\n]*(?:export[^\S\r\n]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[^\S\r\n]*=[^\S\r\n]*")
_BLANK = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_COMMENT = re.compile(r"\s#")
_OURS = re.compile(r"[\r\n][^\S\r\n]*(?:export[^\S\r\n]+)?MEDPLUM_[A-Z0-9_]+[^\S\r\n]*=")
"""A line that sets a variable of the server."""
_ANY = re.compile(r"[\r\n][^\S\r\n]*(?:export[^\S\r\n]+)?[A-Z_][A-Z0-9_]*=(?:[^=\s]|\Z)")
"""A line that sets a variable, and is not the last line of base64."""
_END_OF_BASE64 = re.compile(r"[A-Za-z0-9+/]+={1,2}(?=[\r\n]|\Z)")
"""The last line of a key before its end, which looks like a variable without a value."""
_MEANING = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}
_ADVICE = "put the value in double quotes, in which \\n is a line break"
_PLAIN_ADVICE = "write the quotes without backslashes"


COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The names of a Compose project's own file, in the order in which it looks for them."""


def environment_holder(file: SourceFile, *, raw: bool = False) -> VariableHolder:
    """A file as a holder of variables, with what is wrong with its lines; ``raw``: a value is everything after its sign."""
    read = read_environment(file)
    variables = raw_variables(file.text) if raw else read.variables
    comments = read_suppression_comments(file.text, within(read.comments))
    first = variables[0].key if variables else Span(0, 0)

    def tokens() -> ListedTokens:
        return ListedTokens([token for variable in read.variables for token in _tokens(variable, file.text.content)])

    def edit(changes: Sequence[Change]) -> Edits:
        from ..editing.lines import Lines  # only for a finding that has a fix
        from ..editing.variables import variable_edits

        return variable_edits(file.text.content, lambda text: Lines(text, EnvironmentLines(Text(text)).variables), file.release, changes)

    return VariableHolder(
        file,
        type="file",
        start=Span(first.start, min(first.start + 1, first.end)),
        tokens=tokens,
        variables=tuple(variables),
        problems=(*encoding_problems(file, _CONSEQUENCE), *(() if raw else read.problems), *comments.problems),
        suppressions=comments.suppressions,
        editor=None if raw else edit,
    )


def raw_variables(text: Text) -> list[Variable]:
    """The variables of a file read literally, as with ``format: raw`` of Compose: quotes and other signs have no meaning."""
    variables: list[Variable] = []
    for line in _RAW.finditer(text.content):
        key, value = Span(*line.span("name")), Span(*line.span("value"))
        shown = value if value.start < value.end else Span(key.start, value.start)
        variables.append(Variable(line["name"], line["value"], key, shown))
    return variables


_RAW = re.compile(r"^[^\S\r\n]*(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)=(?P<value>[^\r\n]*)", re.MULTILINE)


def _tokens(variable: Variable, content: str) -> Iterator[Token]:
    yield Token(variable.key, "name", variable.name, variable.name)
    if variable.value.start >= variable.key.end:
        written = content[slice(*variable.value)]
        # After an unclosed quote there is more than the value, and after a "#" perhaps a comment.
        name = variable.name if variable.text is not None else ""
        yield Token(variable.value, "value", name, written if variable.text is None else variable.text)


@once_per_file
def read_environment(file: SourceFile) -> EnvironmentLines:
    """The content of a file, read once."""
    return EnvironmentLines(file.text)


class EnvironmentLines:
    """The variables of a text, what is wrong with its lines, and its comments; a line that is not an assignment is skipped."""

    def __init__(self, text: Text) -> None:
        self.variables: list[Variable] = []
        self.problems: list[Problem] = []
        self.comments: list[Span] = []
        self._content = content = text.content
        at, is_broken = 0, False
        while at < len(content):
            start, was_broken = at, is_broken
            at, is_broken = self._line(at, is_behind_broken=was_broken)
            end = line_end(content, at)
            comment = content.find("#", at, end) if not is_broken else -1
            if comment >= 0:
                self.comments.append(Span(comment, end))
            is_broken = is_broken or (was_broken and not content[start:end].strip())
            at = after_break(content, end)

    def _line(self, at: int, *, is_behind_broken: bool) -> tuple[int, bool]:
        """Where the reading of a line ends, and whether it is not an assignment, or its value continues on the next line.

        Of consecutive lines that are not assignments, as in an unquoted key, one is reported.
        """
        content = self._content
        if _BLANK.match(content, at) is not None:
            return at, False
        line, end = _LINE.match(content, at), line_end(content, at)
        if line is None or (is_behind_broken and _END_OF_BASE64.match(content, at)):
            start = end - len(content[at:end].lstrip())
            remedy = "write NAME=value, and a value of several lines in double quotes"
            if not is_behind_broken:
                self._add_problem(sentence("this line sets no variable", remedy=remedy, then=": "), start)
            return end, True
        name, key, at = line["name"], Span(*line.span("name")), line.end()
        if content[at : at + 1] in ("'", '"'):
            return self._quoted(name, key, at)
        comment = _COMMENT.search(content, at, end)
        written = content[at : comment.start() if comment is not None else end].rstrip()
        if written.startswith("#"):  # after a blank a comment; else programs do not agree
            text, written = ("" if content[at - 1] != "=" else None), ""
        else:
            # Programs disagree about a "#" in it; another name in it belongs to a line whose start was lost.
            text = unless_reference(written) if "#" not in written and "MEDPLUM_" not in written else None
        span = Span(at, at + len(written)) if written else Span(key.start, at)
        self.variables.append(Variable(name, text, key, span, _advice(written), fallback_of(written)))
        return span.end, False

    def _quoted(self, name: str, key: Span, start: int) -> tuple[int, bool]:
        """The same for an assignment whose value begins with a quote at ``start``."""
        content, own_end = self._content, line_end(self._content, start)
        named = name if name.startswith("MEDPLUM_") else "this variable"  # another name may be a line of a key
        end = closing_quote(content, start, escapes=content[start] == '"')
        if end < 0 or (end >= own_end and _is_of_another(content, name, Span(start, end))):
            what = f"the quote before the value of {named} is never closed, or only by the quote of a later line"
            why = "the program that reads the file fails, or reads the lines in between as part of the value"
            self._add_problem(sentence(what, why, "close it on this line"), start)
            self.variables.append(Variable(name, None, key, Span(start, own_end)))
            return own_end, True  # the rest of a value of several lines is not another mistake
        inner, at = content[start + 1 : end], end + 1
        text: str | None = inner
        if _BLANK.fullmatch(content, at, line_end(content, at)) is None:
            what = f"something follows the closing quote of {named}"
            self._add_problem(sentence(what, "programs do not agree on the value", "put all of it into one pair of quotes"), at)
            text = None
        elif content[start] == '"':
            text = replace_escapes(inner, _unescaped) if unless_reference(replace_escapes(inner, _hidden)) is not None else None
        elif "{{" in inner or ("${" in inner and _is_template(name, inner)):
            text = None
        quoting = "" if content[start] == '"' or text is None else _advice(text)
        self.variables.append(Variable(name, text, key, Span(start, at), quoting, fallback_of(inner)))
        return at, False

    def _add_problem(self, message: Message, at: int) -> None:
        self.problems.append(Problem("invalid-environment-line", message, Span(at, at + 1)))


def _is_template(name: str, inner: str) -> bool:
    """Whether a text in single quotes with ``${`` is to be filled in by a program that ignores the quotes.

    In a password these are ordinary characters, and single quotes are the way to write them.
    """
    path = setting_of(name)
    setting = settings.catalogue().get(path) if path else None
    return is_nothing_but_references(inner) or (bool(path) and (setting is None or not setting.secret or setting.is_container))


def _is_of_another(content: str, name: str, value: Span) -> bool:
    """Whether the quote that ends a value of several lines belongs to a later variable, so that its own is missing."""
    if _OURS.search(content, value.start, value.end) is not None:
        return True
    closes = _BLANK.fullmatch(content, value.end + 1, line_end(content, value.end + 1)) is not None
    if (name.startswith("MEDPLUM_") or not closes) and _ANY.search(content, value.start, value.end) is not None:
        return True
    return not closes and content.find(PEM, *value) < 0


def _unescaped(match: re.Match[str]) -> str:
    return _MEANING.get(match[0][1], match[0])


def _hidden(match: re.Match[str]) -> str:
    """An escape for the search for references: an escaped dollar does not begin one."""
    return "_" if match[0][1] in "\\$" else match[0]


def _advice(text: str) -> str:
    return _PLAIN_ADVICE if '\\"' in text else _ADVICE
