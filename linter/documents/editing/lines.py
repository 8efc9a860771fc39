r"""Edits of ``NAME=value`` lines, as in ``.env`` files, that keep ``export``, blanks, quotes and comments as they are written.

Programs agree on a value without special characters, and on single quotes. In double quotes some of them recognise no escape but ``\n``, so
other escapes are written only as a last resort: if a single quote or a line break is in the value, or if it is nothing but a reference,
which some libraries (python-dotenv, dotenv-expand) replace in single quotes too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ...syntax.edits import index_in, line_end, line_start, newline_at, without_lines
from ...syntax.quotes import closing_quote, is_nothing_but_references
from ...text import Edit, Edits, Span
from ...typed import Final
from ..variables.documents import Variable
from .variables import Reading

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_UNQUOTED: Final = re.compile(r"[^\s#'\"\\$`]*")
"""Characters that only a shell interprets."""
_OTHER_NAME: Final = re.compile(r"[A-Z]_|\{\{")
"""A sign that a value without quotes is really the next line, whose start was lost, or a template."""
_NEVER: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ESCAPED: Final = frozenset('\\"$`')
"""Characters that need a backslash in double quotes, which dotenv and Node.js keep as a part of the value."""
_REST: Final = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_SPECIAL: Final = {"'": frozenset("'\r\n"), '"': frozenset("\\$`\r\n"), "": frozenset("\\$`#'\r\n\t ;&|<>()*?!~")}
"""Characters that programs disagree about within quotes, or without any: if a value has none of them, none are written there."""


class Lines:
    """See :class:`linter.documents.editing.variables.Variables`. Syntax that programs disagree about is left alone."""

    def __init__(self, content: str, given: Sequence[Variable]) -> None:
        self.given = given
        self._content = content

    def put(self, variable: Variable, new: Sequence[Reading], requote: bool = True) -> Edits:
        """Replace a variable by others; the comment after it stays after the first."""
        content, ((name, text), *others) = self._content, new
        value = [] if text is None or text == variable.text else (self._set if requote else self._set_as_it_is)(variable, text)
        lines = [self._line(variable, *other) for other in others]
        if _NAME.fullmatch(name) is None or value is None or None in lines:
            return None
        at = line_end(content, self._value(variable).end)
        newline = newline_at(content, at, at)
        head = [Edit(variable.key, name)] if name != variable.name else []
        return [*head, *value, *([Edit(Span(at, at), "".join(f"{newline}{line}" for line in lines))] if lines else [])]

    def _set(self, variable: Variable, text: str) -> Edits:
        span = self._value(variable)
        old = self._content[slice(*span)]
        new = _quoted(text, old) if self._is_sound(variable) else None
        return None if new is None else [Edit(span, new)] if new != old else []

    def _set_as_it_is(self, variable: Variable, text: str) -> Edits:
        """Give a variable another value in its present quotes, with its present escapes: none, or backslashes before quotes."""
        start, end = variable.value
        quote = _quote(self._content[start:end])
        inner = Span(start + len(quote), end - len(quote))
        old, written = variable.text or "", self._content[slice(*inner)]
        if not _SPECIAL[quote].isdisjoint(set(text) - set(old)):
            return None
        escapes: tuple[Callable[[str], str], ...] = (str, lambda value: value.replace("\\", "\\\\").replace('"', '\\"'))
        return next(([Edit(inner, escaped(text))] for escaped in escapes if escaped(old) == written), None)

    def add(self, name: str, text: str, order: Sequence[str] = ()) -> Edits:
        content, names = self._content, [variable.name for variable in self.given]
        index = index_in(order, names, name)
        sibling = self.given[max(index - 1, 0)] if self.given else None
        line = self._line(sibling, name, text)
        if line is None or name in names:
            return None
        end = len(content) if sibling is None else line_end(content, self._value(sibling).end)
        at = end if sibling is None or index else line_start(content, sibling.key.start)
        newline = newline_at(content, end, at)
        return [Edit(Span(at, at), line + newline if at == 0 or content[at - 1] in "\r\n" else newline + line)]

    def remove(self, variable: Variable) -> Edits:
        """Remove the lines of a variable, with the comment after it."""
        if not self._is_sound(variable):
            return None
        start = line_start(self._content, variable.key.start)
        return [without_lines(self._content, start, line_end(self._content, self._value(variable).end))]

    def _line(self, sibling: Variable | None, name: str, text: str | None) -> str | None:
        """A line that sets a variable in the style of another one."""
        if text is None or _NAME.fullmatch(name) is None or (sibling is not None and not self._is_sound(sibling)):
            return None
        content, (start, end) = self._content, (0, 0) if sibling is None else self._value(sibling)
        new = _quoted(text, _quote(content[start:end]))
        if new is None or sibling is None:
            return None if new is None else f"{name}={new}"
        return f"{content[line_start(content, sibling.key.start) : sibling.key.start]}{name}{content[sibling.key.end : start]}{new}"

    def _value(self, variable: Variable) -> Span:
        """The place of the value, quotes included, even if it is empty."""
        if variable.value.start >= variable.key.end:
            return variable.value
        at = self._content.index("=", variable.key.end) + 1
        return Span(at, at)

    def _is_sound(self, variable: Variable) -> bool:
        """Whether the value ends where it seems to: its quotes are closed, and only a comment follows."""
        content, (start, end) = self._content, self._value(variable)
        if start == end:
            return content[start : start + 1] != "#"
        quote = _quote(content[start:end])
        if quote and closing_quote(content, start, escapes=quote == '"') != end - 1:
            return False
        return _REST.match(content, end) is not None


def _quote(value: str) -> str:
    """The quote that a value begins with."""
    return value[:1] if value[:1] in ("'", '"') else ""


def _quoted(text: str, old: str) -> str | None:
    """A value, in the quotes of another one if all programs can read it in these; None if no quotes work."""
    if _NEVER.search(text) is not None:
        return None
    quote = _quote(old)
    plain = _PLAIN if _PLAIN.fullmatch(old) is not None else _UNQUOTED
    if not quote and plain.fullmatch(text) is not None and _OTHER_NAME.search(text) is None:
        return text
    # "${" within a value: Compose, dotenv, Node.js, systemd and a shell read it in single quotes as it stands. With "\${" in double quotes
    # dotenv and Node.js keep the backslash. "docker run --env-file" keeps any quotes, with whatever is in them.
    is_escaped, has_break = not _ESCAPED.isdisjoint(text), "\n" in text or "\r" in text
    fits_single = not ("'" in text or has_break or "{{" in text or is_nothing_but_references(text))
    fits_double = not (is_escaped or "{{" in text)
    if fits_double and not has_break and (quote == '"' or not fits_single):
        return f'"{text}"'
    if fits_single:
        return f"'{text}'"
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return f'"{line}"' if fits_double else None
